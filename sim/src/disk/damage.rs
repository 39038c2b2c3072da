//! What a device damages of its log, and what a node finds of that when it starts (trap D3).
//!
//! Each record of the log has a checksum and its number. So a record that rotted is known by its
//! checksum, one that lies in another's place by its number, and the place of a write that never
//! happened by the number that stands there instead, or nothing. A copy of the records' headers
//! lies elsewhere on the device (design D3): so the host knows how far the log went even if its
//! last records are damaged. While the node runs it notices nothing: it reads its log only when it
//! starts.
//!
//! Term and vote are written over in place and kept twice; where neither copy can be read, the node
//! must not start under its id (`World::refuse_start`). What is written anew is good again.
//!
//! A snapshot carries a hash. Who starts looks at it before it loads anything. Where it is not right
//! the snapshot is as good as lost, and with it all that it alone has: what the log has dropped. What
//! is left of the log hangs in the air, a tail without a beginning, so it goes too, and the node is
//! suspect from the first entry on, up to the last that it may have acknowledged: it has all of its
//! history to get back, by the rules of any other rot. It keeps term and vote, so it still votes
//! at most once in a term, when it votes again. Where the log still reaches back to its beginning,
//! nothing is lost but time. A node that runs has its state in memory: it finds the rot only when
//! it is to send the snapshot, does not, and takes another one (`node::snapshots`).

use super::Device;
use crate::shared::Shared;
use raftwerk_core::{Index, Suspicion, Term};
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
    /// Term and vote cannot be read.
    pub hard_state: bool,
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

    /// What the log held from here to there may be lost, found in this term; what was lost before
    /// still is.
    fn suspect(&mut self, from: u64, to: u64, since: Term) {
        let (mut from, mut to) = (Index(from), Index(to));
        if let Some(before) = self.suspicion {
            from = from.min(before.from);
            to = to.max(before.to.unwrap_or_default());
        }
        self.suspicion = Some(Suspicion {
            from,
            to: Some(to),
            since,
        });
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
    /// The host looks at its snapshots: none that has rotted stays. False: one had.
    pub(super) fn drop_rotten_snapshots(&mut self, damage: &mut Damage) -> bool {
        let before = self.staged.len();
        self.staged.retain(|staged| staged.is_whole());
        let whole = self.staged.len() == before;
        if self.snapshot.as_ref().is_none_or(|one| one.is_whole()) {
            return whole;
        }
        let (covered, end) = (self.covered(), self.end().0 - 1);
        if self.base > 0 || end < covered {
            damage.held.push(Arc::new(self.clone()));
            damage.suspect(1, end.max(covered), self.hard_state.term);
            damage.bad.clear();
            (self.entries, self.base) = (Shared::default(), 0);
        }
        self.snapshot = None;
        false
    }

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
        damage.suspect(first, self.end().0 - 1, self.hard_state.term);
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
