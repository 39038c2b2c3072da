//! Snapshots at a host: taking its own, sending one, receiving one (paper 7, thesis 5.3).
//!
//! The bytes travel in chunks, one of a stream at a time. Each is answered with how much the
//! receiver has, so a stream that begins again, after a break or from another sender, goes on
//! where the last one stopped (trap S7). What is complete is verified and synced beside the log;
//! only then the core hears of it. A crash leaves a whole file or none under its name; the rest of
//! one that was coming in is gone on with, and thrown away if its hash is not right at the end.
//! Sending stands in `sending`.

mod sending;

use super::Node;
use crate::checks::Checks;
use crate::disk::Disk;
use crate::network::{Chunk, Got};
use crate::queue::NEVER;
use crate::rng::Stream;
#[cfg(feature = "sabotage")]
use crate::setup::HostRule;
use crate::setup::{DiskModel, Setup, SnapshotModel};
use crate::snapshot::Snapshot;
use raftwerk_core::{Index, Lane, SnapshotMeta};
use sending::Outgoing;
pub(crate) use sending::{Opened, Sending};
use std::sync::Arc;

/// What a host has under way.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Snapshots {
    /// The core has asked for one.
    asked: bool,
    /// Being written down, and when that is done.
    taking: Option<(Arc<Snapshot>, u64)>,
    outgoing: Vec<Outgoing>,
    incoming: Option<Incoming>,
    /// Complete and being synced.
    syncing: Option<Syncing>,
    /// How long writing and syncing take.
    pace: Stream,
}

/// A snapshot on its way from a leader, as far as it is here.
#[derive(Clone, Debug, Hash)]
struct Incoming {
    lane: Lane,
    meta: SnapshotMeta,
    bytes: Vec<u8>,
}

#[derive(Clone, Debug, Hash)]
struct Syncing {
    from: u64,
    lane: Lane,
    snapshot: Arc<Snapshot>,
    done: u64,
}

/// What follows from a chunk.
pub(crate) struct Received {
    pub answer: Option<Got>,
    /// It is complete here, and was before: the core hears of it again.
    pub staged: Option<(Lane, SnapshotMeta)>,
}

impl Snapshots {
    pub fn new(pace: Stream) -> Snapshots {
        Snapshots {
            asked: false,
            taking: None,
            outgoing: Vec::new(),
            incoming: None,
            syncing: None,
            pace,
        }
    }

    /// A crash. A file that was being written or synced is there in whole, under its name, or it
    /// is not; of one that was coming in a part may be there, its end perhaps torn.
    pub fn crash(&mut self, disk: &mut Disk, model: &DiskModel, luck: &mut Stream) {
        let old = std::mem::replace(self, Snapshots::new(self.pace));
        let mut survives = || luck.chance(model.keep_per_million) && luck.below(2) == 0;
        if let Some((snapshot, _)) = old.taking.filter(|_| survives()) {
            disk.keep(snapshot);
        }
        if let Some(syncing) = old.syncing.filter(|_| survives()) {
            disk.stage(syncing.snapshot);
        }
        let incoming = old.incoming.filter(|_| survives());
        self.incoming = incoming.map(|incoming| incoming.torn(model, luck));
    }

    /// Where it draws from.
    pub fn pace(&self) -> Stream {
        self.pace
    }

    /// When the own snapshot is on disk.
    pub fn taken_at(&self) -> u64 {
        self.taking.as_ref().map_or(NEVER, |taking| taking.1)
    }

    /// When a received one is.
    pub fn synced_at(&self) -> u64 {
        self.syncing.as_ref().map_or(NEVER, |syncing| syncing.done)
    }

    /// When a chunk is sent again.
    pub fn resend_at(&self) -> u64 {
        let again = self.outgoing.iter().map(|outgoing| outgoing.again);
        again.min().unwrap_or(NEVER)
    }

    /// The core would like a snapshot.
    pub fn ask(&mut self) {
        self.asked = true;
    }

    /// Takes the bytes of a chunk in. How much is here now; `None`: nothing is to be answered.
    fn receive(&mut self, from: u64, chunk: &Chunk, now: u64, setup: &Setup) -> Option<u64> {
        let (lane, meta) = (chunk.lane, &chunk.meta);
        let syncing = self.syncing.as_mut();
        if let Some(syncing) = syncing.filter(|syncing| syncing.snapshot.meta == *meta) {
            (syncing.from, syncing.lane) = (from, syncing.lane.max(lane));
            return Some(meta.bytes);
        }
        let newer = |incoming: &Incoming| incoming.lane > lane;
        if self.incoming.as_ref().is_some_and(newer) {
            // Of a leader that is gone.
            return None;
        }
        let same = |incoming: &Incoming| incoming.meta == *meta;
        let mut incoming = self.incoming.take().filter(same).unwrap_or(Incoming {
            lane,
            meta: meta.clone(),
            bytes: Vec::new(),
        });
        incoming.lane = lane;
        if chunk.offset == incoming.bytes.len() as u64 {
            incoming.bytes.extend_from_slice(&chunk.bytes);
        }
        let upto = incoming.bytes.len() as u64;
        if upto < meta.bytes {
            self.incoming = Some(incoming);
            return Some(upto);
        }
        // What is not what it says is thrown away and asked for from the start.
        let snapshot = Snapshot::verified(meta.clone(), &incoming.bytes)?;
        let takes = self.pace.within(setup.disk.sync_min, setup.disk.sync_max);
        self.syncing = Some(Syncing {
            from,
            lane,
            snapshot: Arc::new(snapshot),
            done: now + takes,
        });
        Some(upto)
    }
}

impl Incoming {
    /// What a crash leaves of it.
    fn torn(mut self, model: &DiskModel, luck: &mut Stream) -> Incoming {
        let kept = luck.below(self.bytes.len() as u64 + 1) as usize;
        self.bytes.truncate(kept);
        if luck.chance(model.tear_per_million)
            && let Some(last) = self.bytes.last_mut()
        {
            *last ^= 1 << luck.below(8);
        }
        self
    }
}

impl Node {
    // ------------------------------------------------------------------ taking

    /// Begins to write down the state machine, if the core has asked for that and nothing of the
    /// kind is under way.
    pub fn begin_snapshot(&mut self, now: u64, model: &SnapshotModel) {
        if !self.snapshots.asked || self.snapshots.taking.is_some() {
            return;
        }
        let raft = self.raft.as_ref();
        // `None` while a received snapshot is being put in place.
        let meta = raft.and_then(|raft| raft.snapshot_meta(Index(self.applied)));
        if let Some(meta) = meta {
            let snapshot = Arc::new(self.written_down(meta));
            let takes = self.snapshots.pace.within(model.take_min, model.take_max);
            self.snapshots.taking = Some((snapshot, now + takes));
            self.snapshots.asked = false;
        }
    }

    #[cfg(not(feature = "sabotage"))]
    fn written_down(&self, meta: SnapshotMeta) -> Snapshot {
        Snapshot::of(&self.store, meta)
    }

    /// The state machine as this host writes it down, which may be a careless one.
    #[cfg(feature = "sabotage")]
    fn written_down(&self, meta: SnapshotMeta) -> Snapshot {
        match self.careless == Some(HostRule::SnapshotSessions) {
            true => Snapshot::of(&self.store.without_sessions(), meta),
            false => Snapshot::of(&self.store, meta),
        }
    }

    /// The own snapshot is on disk.
    pub fn snapshot_taken(&mut self, checks: &mut Checks) -> Option<SnapshotMeta> {
        let (snapshot, _) = self.snapshots.taking.take()?;
        let meta = snapshot.meta.clone();
        checks.on_snapshot(self.id, &snapshot);
        self.disk.keep(snapshot);
        Some(meta)
    }

    // --------------------------------------------------------------- receiving

    /// A chunk has arrived.
    pub fn hear_chunk(&mut self, now: u64, from: u64, chunk: &Chunk, setup: &Setup) -> Received {
        let (lane, meta) = (chunk.lane, &chunk.meta);
        let commit = self.raft.as_ref().map(|raft| raft.view().commit());
        let got = |upto, staged| Got {
            lane,
            last: meta.last,
            upto,
            staged,
        };
        if commit.is_some_and(|commit| meta.last.index <= commit) {
            // It is of no use any more, and the core tells the leader.
            let (answer, staged) = (Some(got(meta.bytes, true)), None);
            return Received { answer, staged };
        }
        if self.disk.staged(meta).is_some_and(|one| one.is_whole()) {
            let (answer, staged) = (Some(got(meta.bytes, true)), Some((lane, meta.clone())));
            return Received { answer, staged };
        }
        let upto = self.snapshots.receive(from, chunk, now, setup);
        let answer = upto.map(|upto| got(upto, false));
        Received {
            answer,
            staged: None,
        }
    }

    /// A received snapshot is on disk, beside the log: what its sender and the core are told.
    pub fn snapshot_synced(
        &mut self,
        checks: &mut Checks,
    ) -> Option<(u64, Got, Lane, SnapshotMeta)> {
        let Syncing {
            from,
            lane,
            snapshot,
            ..
        } = self.snapshots.syncing.take()?;
        let meta = snapshot.meta.clone();
        checks.on_snapshot(self.id, &snapshot);
        self.disk.stage(snapshot);
        let got = Got {
            lane,
            last: meta.last,
            upto: meta.bytes,
            staged: true,
        };
        Some((from, got, lane, meta))
    }
}
