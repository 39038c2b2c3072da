//! A simulated log device: writes are performed in order, and only what was synced survives a
//! crash (raft thesis 3.8).
//!
//! One sync runs at a time. Writes handed over meanwhile wait and are synced together by the
//! next one, as a group commit does. A crash leaves any of what was not synced, in any order; what
//! a node finds of it is a beginning, for the log is one stream and is cut at its first hole, a
//! torn tail (`crash`, trap D3). What else a device may do to it: `damage`.

mod crash;
mod damage;
mod device;

use crate::cache::Cache;
use crate::faults::{Class, Struck};
use crate::rng::Stream;
use crate::setup::SPACE_RESERVE;
use crate::snapshot::Snapshot;
use damage::Damage;
pub(crate) use damage::NextWrite;
pub(crate) use device::Device;
use raftwerk_core::{Condition, Durable, HardState, Index, LogId, SnapshotMeta, Write, WriteSeq};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What is on the device and on its way there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    device: Device,
    /// Handed over, oldest first, each with the event that issued it.
    waiting: VecDeque<(Write, u64)>,
    /// How many of them the running sync covers; 0 while the device is idle.
    syncing: usize,
    /// A crash left the beginning of a write; this is the first position that is not there.
    torn: Option<Index>,
    /// What it reported as synced and does not really hold.
    cache: Cache,
    /// Bytes that are left for the log; `None`: more than will ever be needed. Term and vote are
    /// written over in place, and snapshots have a place of their own (trap D7).
    pub room: Option<u64>,
    /// What of the log is damaged.
    pub damage: Damage,
    /// What happened to it at random.
    pub struck: Struck,
}

/// What a finished sync covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Synced {
    /// Every write up to here is on disk.
    pub seq: WriteSeq,
    /// The event that issued the last of them.
    pub cause: u64,
    /// The first position that one of them removed.
    pub cut: Option<Index>,
    /// It did not fit: some of the writes are there, from the first on, the others are gone.
    pub failed: bool,
}

impl Disk {
    /// A device that holds this.
    pub fn new(durable: Durable) -> Disk {
        let mut disk = Disk::default();
        disk.device.hard_state = durable.hard_state;
        let entries = durable.entries.into_iter();
        entries.for_each(|entry| disk.device.entries.push(entry));
        disk
    }

    /// The same device, lying about its last `syncs` syncs.
    pub fn lying(mut self, syncs: u32) -> Disk {
        self.cache = Cache::new(syncs);
        self
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
        let mut synced: Option<Synced> = None;
        self.cache.reports(&self.device);
        for _ in 0..std::mem::take(&mut self.syncing) {
            let (write, cause) = self.waiting.pop_front()?;
            let mut cut = synced.and_then(|synced| synced.cut);
            let failed = !synced.is_some_and(|synced| synced.failed) && !self.fits(&write);
            let failed = failed || synced.is_some_and(|synced| synced.failed);
            let seq = write.seq;
            if !failed {
                cut = cut.into_iter().chain(removed_from(&write)).min();
                self.land(write);
            }
            synced = Some(Synced {
                seq,
                cause,
                cut,
                failed,
            });
        }
        if synced.is_some_and(|synced| synced.failed) {
            self.waiting.clear();
        }
        synced
    }

    /// Whether there is space for a write, counting what it removes itself.
    fn fits(&self, write: &Write) -> bool {
        self.room
            .is_none_or(|room| needs(write) <= room + self.device.freed_by(write))
    }

    /// The write is performed.
    fn land(&mut self, write: Write) {
        if let Some(room) = &mut self.room {
            *room = (*room + self.device.freed_by(&write)).saturating_sub(needs(&write));
        }
        self.damage.hard_state &= write.hard_state.is_none();
        let (cut, trimmed, installs) = (write.cut_from, write.trim_to, write.install.is_some());
        let appended = write.append.last().map(|entry| entry.id.index.0);
        self.device.perform(write);
        self.damage.keep(|at| {
            !installs && cut.is_none_or(|cut| at < cut.0) && trimmed.is_none_or(|to| at > to.0)
        });
        if let Some(last) = appended {
            self.damage.appended(self.device.base, last);
        }
    }

    /// The core trusts the log again. The first position that it had lost.
    pub fn trusted(&mut self) -> Option<Index> {
        self.damage.held.clear();
        self.struck.once(Class::Trusted);
        Some(self.damage.suspicion.take()?.from)
    }

    /// Whether the node must get anything back before it is trusted again.
    pub fn is_damaged(&self) -> bool {
        let mut snapshots = self.device.snapshot.iter().chain(&self.device.staged);
        snapshots.any(|one| one.rotten) || self.damage.is_any()
    }

    /// Whether there is a snapshot, in force or beside the log.
    pub fn has_snapshot(&self) -> bool {
        self.device.snapshot.is_some() || !self.device.staged.is_empty()
    }

    /// A byte of the snapshot in force rots; of one beside the log, if there is none.
    pub fn rot_snapshot(&mut self) {
        let staged = self.device.staged.first_mut();
        if let Some(one) = self.device.snapshot.as_mut().or(staged) {
            *one = Arc::new(one.rotted());
        }
    }

    /// A record rots, so many before the last. False: there is no such record.
    pub fn rot(&mut self, before: u64) -> bool {
        let last = self.device.end().0 - 1;
        let at = last.checked_sub(before).filter(|at| *at > self.device.base);
        self.damage.bad.extend(at);
        at.is_some()
    }

    /// Whether no more is left than what is kept for what cannot be refused.
    pub fn is_low(&self) -> bool {
        self.room.is_some_and(|room| room < SPACE_RESERVE)
    }

    /// The running sync fails: whole writes from its beginning may be on the device, the others
    /// are gone, and so are those that wait (trap D2). Returns what it was to cover, and what it
    /// cut all the same.
    pub fn fail_sync(&mut self, luck: &mut Stream) -> Option<Synced> {
        let mut whole = luck.below(self.syncing as u64) as usize;
        let mut failed: Option<Synced> = None;
        for number in 0..std::mem::take(&mut self.syncing) {
            let (write, cause) = self.waiting.pop_front()?;
            let seq = write.seq;
            let mut cut = failed.and_then(|failed| failed.cut);
            if number < whole && self.fits(&write) {
                cut = cut.into_iter().chain(removed_from(&write)).min();
                self.land(write);
            } else {
                whole = 0;
            }
            failed = Some(Synced {
                seq,
                cause,
                cut,
                failed: true,
            });
        }
        self.waiting.clear();
        failed
    }

    /// What a node finds when it starts. A torn tail is found once: finding it cuts it off. Damage
    /// makes the node suspect until the core trusts the log again, however often it starts.
    pub fn open(&mut self) -> Durable {
        let whole = self.device.drop_rotten_snapshots(&mut self.damage);
        self.struck.if_so(Class::FoundSnapshot, !whole);
        self.device.recover(&mut self.damage);
        let condition = match (self.damage.suspicion, self.torn.take()) {
            (Some(suspicion), _) => {
                self.struck.once(Class::Suspect);
                Condition::Suspect(suspicion)
            }
            (None, Some(cut_at)) => Condition::TornTail { cut_at },
            (None, None) => Condition::Clean,
        };
        Durable {
            condition,
            ..self.device.read()
        }
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.device.snapshot.as_ref()
    }

    /// A staged snapshot like this.
    pub fn staged(&self, meta: &SnapshotMeta) -> Option<&Arc<Snapshot>> {
        let mut staged = self.device.staged.iter();
        staged.find(|staged| staged.meta == *meta)
    }

    /// A snapshot of the node itself is complete, with its name in the directory.
    pub fn keep(&mut self, snapshot: Arc<Snapshot>) {
        self.device.keep(snapshot);
    }

    /// A snapshot of another node is complete, beside the log.
    pub fn stage(&mut self, snapshot: Arc<Snapshot>) {
        let staged = &mut self.device.staged;
        // In place of one that has rotted meanwhile.
        staged.retain(|one| one.meta != snapshot.meta || one.is_whole());
        if !staged.iter().any(|one| one.meta == snapshot.meta) {
            staged.push(snapshot);
        }
    }

    /// A staged snapshot is not needed.
    pub fn discard(&mut self, meta: &SnapshotMeta) {
        self.device.discard(meta);
    }

    /// Term and vote on the device.
    pub fn hard_state(&self) -> HardState {
        self.device.hard_state
    }

    /// What is on the device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The entry at a position, or the last one inside the snapshot.
    pub fn id_at(&self, index: u64) -> Option<LogId> {
        self.device.id_at(index)
    }

    /// Lets a test put anything on the device.
    #[cfg(test)]
    pub fn forge(
        &mut self,
        change: impl FnOnce(&mut HardState, &mut crate::shared::Shared<raftwerk_core::Entry>),
    ) {
        change(&mut self.device.hard_state, &mut self.device.entries);
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        self.device.hash(to);
        to.write_u64(self.syncing as u64);
        self.torn.hash(to);
        self.cache.hash(to);
        self.room.hash(to);
        (&self.damage.bad, self.damage.next, self.damage.suspicion).hash(to);
        self.damage.hard_state.hash(to);
        self.waiting.iter().for_each(|(write, _)| write.hash(to));
    }
}

/// The first position that a write may remove without a snapshot that covers it.
fn removed_from(write: &Write) -> Option<Index> {
    let after = write.install.as_ref().map(|meta| meta.last.index.next());
    after.into_iter().chain(write.cut_from).min()
}

/// Bytes of the log that a write adds.
fn needs(write: &Write) -> u64 {
    write.append.iter().map(raftwerk_core::Entry::size).sum()
}

#[cfg(test)]
mod tests;
