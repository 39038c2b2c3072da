//! A simulated log device: writes are performed in order, and only what was synced survives a
//! crash (raft thesis 3.8).
//!
//! One sync runs at a time. Writes handed over meanwhile wait and are synced together by the
//! next one, as a group commit does. A crash loses every write that is not synced, whole: torn
//! and reordered writes come with a later milestone.

use crate::shared::Shared;
use raftwerk_core::{Durable, Entry, HardState, LogId, Write, WriteSeq};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// What is on the device and on its way there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    hard_state: HardState,
    entries: Shared<Entry>,
    /// Handed over, oldest first, each with the event that issued it.
    waiting: VecDeque<(Write, u64)>,
    /// How many of them the running sync covers; 0 while the device is idle.
    syncing: usize,
}

/// What a finished sync covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Synced {
    /// Every write up to here is on disk.
    pub seq: WriteSeq,
    /// The event that issued the last of them.
    pub cause: u64,
}

impl Disk {
    /// A device that holds this.
    pub fn new(durable: Durable) -> Disk {
        let mut disk = Disk {
            hard_state: durable.hard_state,
            ..Disk::default()
        };
        durable
            .entries
            .into_iter()
            .for_each(|entry| disk.entries.push(entry));
        disk
    }

    /// Takes a write.
    pub fn submit(&mut self, write: Write, cause: u64) {
        self.waiting.push_back((write, cause));
    }

    /// Names the event that issued the writes from `from` on.
    pub fn caused_by(&mut self, from: usize, cause: u64) {
        self.waiting
            .iter_mut()
            .skip(from)
            .for_each(|waiting| waiting.1 = cause);
    }

    /// Writes handed over and not finished.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there is work and no sync runs.
    pub fn wants_sync(&self) -> bool {
        self.syncing == 0 && !self.waiting.is_empty()
    }

    /// Begins to sync everything that waits.
    pub fn start_sync(&mut self) {
        self.syncing = self.waiting.len();
    }

    /// The running sync is done: what it covers is on the device.
    pub fn finish_sync(&mut self) -> Option<Synced> {
        let mut synced = None;
        for _ in 0..std::mem::take(&mut self.syncing) {
            let (write, cause) = self.waiting.pop_front()?;
            synced = Some(Synced {
                seq: write.seq,
                cause,
            });
            self.perform(write);
        }
        synced
    }

    fn perform(&mut self, write: Write) {
        if let Some(hard_state) = write.hard_state {
            self.hard_state = hard_state;
        }
        if let Some(cut) = write.cut_from {
            self.entries.truncate(cut.prev().0 as usize);
        }
        for entry in write.append {
            assert_eq!(
                entry.id.index.0,
                self.entries.len() as u64 + 1,
                "the core writes a log without holes"
            );
            self.entries.push(entry);
        }
    }

    /// Power is gone: so is everything that was not synced.
    pub fn crash(&mut self) {
        self.waiting.clear();
        self.syncing = 0;
    }

    /// What a node finds when it starts.
    pub fn durable(&self) -> Durable {
        Durable {
            hard_state: self.hard_state,
            entries: self.entries.iter().cloned().collect(),
            ..Durable::default()
        }
    }

    /// Term and vote on the device.
    pub fn hard_state(&self) -> HardState {
        self.hard_state
    }

    /// Entries on the device.
    pub fn entries(&self) -> &Shared<Entry> {
        &self.entries
    }

    /// The entry at a position.
    pub fn id_at(&self, index: u64) -> Option<LogId> {
        let at = usize::try_from(index.checked_sub(1)?).ok()?;
        self.entries.get(at).map(|entry| entry.id)
    }

    /// Lets a test put anything on the device.
    #[cfg(test)]
    pub fn forge(&mut self, change: impl FnOnce(&mut HardState, &mut Shared<Entry>)) {
        change(&mut self.hard_state, &mut self.entries);
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        self.hard_state.hash(to);
        to.write_u64(self.entries.len() as u64);
        self.entries.iter().for_each(|entry| entry.id.hash(to));
        to.write_u64(self.syncing as u64);
        self.waiting.iter().for_each(|(write, _)| write.hash(to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::{EntryBody, Index, Term};

    fn write(seq: u64, cut: Option<u64>, ids: &[(u64, u64)]) -> Write {
        let noop = |(term, index): &(u64, u64)| Entry {
            id: LogId::new(*term, *index),
            body: EntryBody::Noop,
        };
        Write {
            seq: WriteSeq(seq),
            install: None,
            hard_state: Some(HardState {
                term: Term(seq),
                vote: None,
            }),
            cut_from: cut.map(Index),
            append: ids.iter().map(noop).collect(),
            trim_to: None,
            must_sync: true,
        }
    }

    #[test]
    fn a_crash_loses_exactly_what_was_not_synced() {
        let mut disk = Disk::default();
        disk.submit(write(1, None, &[(1, 1), (1, 2)]), 0);
        disk.start_sync();
        disk.submit(write(2, Some(2), &[(2, 2)]), 0);
        assert_eq!(
            disk.finish_sync().map(|synced| synced.seq),
            Some(WriteSeq(1))
        );
        disk.start_sync();
        disk.crash();
        let found = disk.durable();
        assert_eq!(found.hard_state.term, Term(1));
        assert_eq!(
            found.entries.last().map(|entry| entry.id),
            Some(LogId::new(1, 2))
        );
        assert_eq!(disk.waiting(), 0);
    }

    #[test]
    fn writes_that_wait_share_the_next_sync() {
        let mut disk = Disk::default();
        disk.submit(write(1, None, &[(1, 1), (1, 2)]), 0);
        disk.submit(write(2, Some(2), &[(2, 2)]), 7);
        assert!(disk.wants_sync());
        disk.start_sync();
        let synced = disk.finish_sync().unwrap();
        assert_eq!((synced.seq, synced.cause), (WriteSeq(2), 7));
        assert_eq!(disk.id_at(2), Some(LogId::new(2, 2)));
    }
}
