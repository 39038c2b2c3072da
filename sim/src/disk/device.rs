//! What is on a device: term and vote, the snapshot in force, the log after it, and snapshots
//! received and not (yet) in force.

use crate::shared::Shared;
use crate::snapshot::Snapshot;
use raftwerk_core::{
    Durable, Entry, EntryBody, HardState, Index, LogId, Members, SnapshotMeta, Write,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a device holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    pub hard_state: HardState,
    pub snapshot: Option<Arc<Snapshot>>,
    /// Complete, verified, beside the log.
    pub staged: Vec<Arc<Snapshot>>,
    /// The position before the first entry.
    pub base: u64,
    pub entries: Shared<Entry>,
}

impl Device {
    /// Does all that a write asks, in the order of `raftwerk_core::Write`.
    pub fn perform(&mut self, write: Write) {
        if let Some(hard_state) = write.hard_state {
            self.hard_state = hard_state;
        }
        if let Some(meta) = &write.install {
            self.install(meta);
        }
        if let Some(cut) = write.cut_from {
            let kept = cut.prev().0.saturating_sub(self.base);
            self.entries.truncate(kept as usize);
        }
        if self.entries.len() == 0 {
            self.base = self.base.max(self.covered());
        }
        for entry in write.append.iter() {
            assert_eq!(
                entry.id.index.0,
                self.base + self.entries.len() as u64 + 1,
                "the core writes a log without holes"
            );
            self.entries.push(entry.clone());
        }
        if let Some(to) = write.trim_to {
            self.trim(to.0);
        }
    }

    /// Bytes of the log that a write removes.
    pub fn freed_by(&self, write: &Write) -> u64 {
        let goes = |index: u64| {
            write.install.is_some()
                || write.cut_from.is_some_and(|cut| index >= cut.0)
                || write.trim_to.is_some_and(|to| index <= to.0)
        };
        let gone = self.entries.iter().filter(|entry| goes(entry.id.index.0));
        gone.map(Entry::size).sum()
    }

    fn install(&mut self, meta: &SnapshotMeta) {
        let place = self.staged.iter().position(|staged| staged.meta == *meta);
        let place = place.expect("the core installs only what was staged");
        self.snapshot = Some(self.staged.swap_remove(place));
        self.entries = Shared::default();
        self.base = meta.last.index.0;
    }

    fn trim(&mut self, to: u64) {
        assert!(
            to <= self.covered(),
            "what a snapshot covers may go, no more"
        );
        self.drop_up_to(to);
    }

    /// Drops the beginning of the log.
    pub(super) fn drop_up_to(&mut self, to: u64) {
        if to > self.base {
            self.entries.drop_front((to - self.base) as usize);
            self.base = to;
        }
    }

    /// A snapshot of the node itself is complete: in force, unless a newer one is, or the same.
    pub fn keep(&mut self, snapshot: Arc<Snapshot>) {
        let last = snapshot.meta.last.index.0;
        let rotten = self.snapshot.as_ref().is_some_and(|one| !one.is_whole());
        if last > self.covered() || (rotten && last == self.covered()) {
            self.snapshot = Some(snapshot);
        }
    }

    /// A staged snapshot is not needed.
    pub fn discard(&mut self, meta: &SnapshotMeta) {
        self.staged.retain(|staged| staged.meta != *meta);
    }

    /// Last position inside the snapshot in force.
    pub fn covered(&self) -> u64 {
        let snapshot = self.snapshot.as_ref();
        snapshot.map_or(0, |snapshot| snapshot.meta.last.index.0)
    }

    /// The entry at a position, or the last one inside the snapshot.
    pub fn id_at(&self, index: u64) -> Option<LogId> {
        let at = index.checked_sub(self.base + 1);
        let entry = at.and_then(|at| self.entries.get(usize::try_from(at).ok()?));
        let last = self.snapshot.as_ref().map(|snapshot| snapshot.meta.last);
        let last = last.filter(|last| last.index.0 == index);
        entry.map(|entry| entry.id).or(last)
    }

    /// Last entry, or the last one inside the snapshot.
    pub fn last(&self) -> LogId {
        let last = self.entries.last().map(|entry| entry.id);
        last.or_else(|| self.id_at(self.covered()))
            .unwrap_or_default()
    }

    /// Whether an entry of this term is here, or inside the snapshot: only what is committed
    /// gets into one, and only one entry is ever committed at a position.
    pub fn holds(&self, index: u64, term: Option<u64>) -> bool {
        let found = self.id_at(index).map(|id| id.term.0);
        index <= self.covered() || (found.is_some() && found == term)
    }

    /// What a node finds when it starts, all but what checksums say.
    pub fn read(&self) -> Durable {
        Durable {
            hard_state: self.hard_state,
            snapshot: self.snapshot.as_ref().map(|snapshot| snapshot.meta.clone()),
            entries: self.entries.iter().cloned().collect(),
            ..Durable::default()
        }
    }

    /// The members that the log names last, or the snapshot.
    pub fn members(&self) -> Option<Members> {
        let named = self.entries.iter().filter_map(|entry| match &entry.body {
            EntryBody::Membership(members) => Some(Members::clone(members)),
            _ => None,
        });
        let snapshot = self.snapshot.as_ref();
        let before = snapshot.map(|snapshot| snapshot.meta.membership.members.clone());
        named.last().or(before)
    }

    /// First position that is not there.
    pub fn end(&self) -> Index {
        Index(self.base + self.entries.len() as u64 + 1)
    }
}

impl Hash for Device {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.hard_state.hash(to);
        (&self.snapshot, &self.staged, self.base).hash(to);
        self.entries.iter().for_each(|entry| entry.id.hash(to));
    }
}

#[cfg(test)]
mod tests {
    use super::super::crash::{beginning, pieces};
    use super::*;
    use crate::setup::Setup;
    use raftwerk_core::{Entries, NodeId, Raft, Term, Time, WriteSeq};
    use raftwerk_kv::Store;

    fn snapshot(term: u64, index: u64) -> Arc<Snapshot> {
        let meta = SnapshotMeta {
            last: LogId::new(term, index),
            membership: raftwerk_core::Membership {
                id: LogId::new(0, 1),
                members: Members::of_voters((1..=3).map(NodeId)),
            },
            ..SnapshotMeta::default()
        };
        Arc::new(Snapshot::of(&Store::new(), meta))
    }

    fn entries(term: u64, from: u64, to: u64) -> Vec<Entry> {
        let noop = |index| Entry {
            id: LogId::new(term, index),
            body: EntryBody::Noop,
        };
        (from..=to).map(noop).collect()
    }

    fn write(term: u64) -> Write {
        Write {
            seq: WriteSeq(1),
            install: None,
            hard_state: Some(HardState {
                term: Term(term),
                vote: None,
            }),
            cut_from: None,
            append: Entries::default(),
            trim_to: None,
            must_sync: true,
        }
    }

    /// Entries 1 to 9, the own snapshot up to 5, so that 1 to 3 could be dropped.
    fn device() -> Device {
        let bootstrap = Durable::bootstrap(&Members::of_voters((1..=3).map(NodeId)));
        let mut device = Device::default();
        device.perform(Write {
            append: bootstrap.entries.into(),
            ..write(1)
        });
        device.perform(Write {
            append: entries(1, 2, 9).into(),
            ..write(1)
        });
        device.keep(snapshot(1, 5));
        device.perform(Write {
            trim_to: Some(Index(3)),
            ..write(1)
        });
        device
    }

    #[test]
    fn trimming_drops_what_the_snapshot_covers_and_nothing_else() {
        let device = device();
        assert_eq!((device.base, device.entries.len()), (3, 6));
        assert_eq!(device.id_at(3), None);
        assert_eq!(device.id_at(4), Some(LogId::new(1, 4)));
        assert_eq!(device.last(), LogId::new(1, 9));
        assert!(device.holds(2, Some(1)) && device.holds(9, Some(1)));
        assert!(!device.holds(9, Some(2)) && !device.holds(10, None));
    }

    /// Trap S3: after a crash anywhere in a write that installs, the disk holds the old log or
    /// the snapshot, and a node starts from either.
    #[test]
    fn an_install_is_there_in_whole_or_not_at_all() {
        let mut before = device();
        let new = snapshot(2, 7);
        before.staged.push(new.clone());
        let write = Write {
            install: Some(new.meta.clone().into()),
            append: entries(2, 8, 10).into(),
            trim_to: Some(Index(7)),
            ..write(2)
        };
        let mut installed = 0;
        for kept in 0..=pieces(&write) {
            let mut device = before.clone();
            device.perform(beginning(write.clone(), kept));
            let found = device.read();
            let first = found.entries.first().map(|entry| entry.id);
            if found.snapshot.as_ref() == Some(&new.meta) {
                installed += 1;
                assert!(first.is_none_or(|first| first == LogId::new(2, 8)));
                assert_eq!(device.base, 7);
                assert!(device.staged.is_empty());
            } else {
                assert_eq!((first, device.last()), (before.id_at(4), before.last()));
                assert_eq!(device.staged, before.staged, "it can still be installed");
            }
            let config = Setup::playground(3, 1).config(1, 1);
            let raft = Raft::boot(config, found, Time(0)).expect("a node starts from it");
            assert_eq!(raft.view().last(), device.last());
            // The first entry kept from before a snapshot's end tells only what its id was.
            let base = if device.base == 3 { 4 } else { 7 };
            assert_eq!(raft.view().base().index.0, base);
        }
        assert_eq!(installed, 4, "with no, one, two and three entries after it");
    }

    #[test]
    fn an_older_snapshot_takes_no_place() {
        let mut device = device();
        device.keep(snapshot(1, 4));
        assert_eq!(device.covered(), 5);
        device.keep(snapshot(1, 8));
        assert_eq!((device.covered(), device.base), (8, 3));
    }
}
