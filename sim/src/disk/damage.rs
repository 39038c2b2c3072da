//! What a device damages of its log, and what a node finds of that when it starts (trap D3).
//!
//! Each record of the log has a checksum and its number. So a record that rotted is known by its
//! checksum, one that lies in another's place by its number, and the place of a write that never
//! happened by the number that stands there instead, or nothing. A copy of the records' headers
//! lies elsewhere on the device (design D3): so the host knows how far the log went even if its
//! last records are damaged. While the node runs it notices nothing: it reads its log only when it
//! starts.
//!
//! Term and vote are kept twice, and a snapshot carries a hash; neither is damaged here.

use super::Device;
use raftwerk_core::{Index, Suspicion};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is to happen to the next write that appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NextWrite {
    /// Its last entry lands so many places before the one it belongs to.
    Misdirected(u64),
    /// Its last entry is never written.
    Lost,
}

/// The damage of a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Damage {
    /// Positions of the log that cannot be read.
    pub bad: BTreeSet<u64>,
    /// What is to happen next.
    pub next: Option<NextWrite>,
    /// Noted where a crash cannot take it, until the core trusts the log again.
    pub suspicion: Option<Suspicion>,
    /// What the device held when damage was found, for the checks: nobody may undo what the node
    /// has promised with that.
    pub held: Vec<Arc<Device>>,
}

impl Damage {
    /// Whether anything is damaged, will be, or is not back yet.
    pub fn is_any(&self) -> bool {
        !self.bad.is_empty() || self.next.is_some() || self.suspicion.is_some()
    }

    /// A write has appended up to here to a log that begins after `base`. True if that went wrong.
    pub fn appended(&mut self, base: u64, last: u64) -> bool {
        match self.next.take() {
            None => return false,
            Some(NextWrite::Lost) => {}
            Some(NextWrite::Misdirected(before)) => {
                self.bad
                    .extend(last.checked_sub(before + 1).filter(|at| *at > base));
            }
        }
        self.bad.insert(last)
    }

    /// Positions that do not exist any more, or were written anew, are not damaged.
    pub fn keep(&mut self, good: impl Fn(u64) -> bool) {
        if !self.bad.is_empty() {
            self.bad.retain(|at| good(*at));
        }
    }
}

impl Device {
    /// The host reads the log: what is behind a damaged record goes, and a suspicion stays.
    pub(super) fn recover(&mut self, damage: &mut Damage) {
        let covered = self.covered();
        if damage.bad.first().is_some_and(|first| *first <= covered) {
            // The snapshot has it.
            let to = covered.min(self.end().0 - 1);
            self.drop_up_to(to);
            damage.keep(|at| at > covered);
        }
        let Some(first) = damage.bad.first().copied() else {
            return;
        };
        damage.held.push(Arc::new(self.clone()));
        let end = Index(self.end().0 - 1);
        let before = damage.suspicion;
        damage.suspicion = Some(Suspicion {
            from: before.map_or(Index(first), |before| before.from.min(Index(first))),
            to: Some(
                before
                    .and_then(|before| before.to)
                    .map_or(end, |to| to.max(end)),
            ),
            since: self.hard_state.term,
        });
        self.entries.truncate((first - 1 - self.base) as usize);
        damage.bad.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::{Entry, EntryBody, LogId};

    fn device(to: u64) -> Device {
        let mut device = Device::default();
        for index in 1..=to {
            device.entries.push(Entry {
                id: LogId::new(1, index),
                body: EntryBody::Noop,
            });
        }
        device
    }

    #[test]
    fn what_is_behind_damage_goes_and_a_suspicion_stays() {
        let (mut device, mut damage) = (device(9), Damage::default());
        device.recover(&mut damage);
        assert!(!damage.is_any());
        damage.bad.extend([4, 7]);
        device.recover(&mut damage);
        let found = damage.suspicion.expect("it is noted");
        assert_eq!((found.from, found.to), (Index(4), Some(Index(9))));
        assert_eq!(device.end(), Index(4));
        assert!(
            damage.held[0].holds(9, Some(1)),
            "what it has promised with"
        );
        damage.bad.insert(2);
        device.recover(&mut damage);
        let found = damage.suspicion.expect("it is still noted");
        assert_eq!(
            (found.from, found.to),
            (Index(2), Some(Index(9))),
            "only wider"
        );
    }

    #[test]
    fn a_misdirected_write_damages_two_places_and_a_lost_one_its_own() {
        let mut damage = Damage {
            next: Some(NextWrite::Misdirected(2)),
            ..Damage::default()
        };
        assert!(damage.appended(0, 9));
        assert_eq!(damage.bad, BTreeSet::from([6, 9]));
        damage.keep(|at| at < 9);
        damage.next = Some(NextWrite::Lost);
        assert!(damage.appended(0, 9) && !damage.appended(0, 10));
        assert_eq!(damage.bad, BTreeSet::from([6, 9]));
    }
}
