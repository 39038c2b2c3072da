//! One simulated host: the core, its state machine, its disk, and who waits for an answer.
//!
//! The host keeps the contract of `raftwerk_core::io`: it drains everything after its inputs,
//! performs writes in order, applies entries once per life, in batches that take time, and
//! reports them when they are done. A crash leaves only the disk: the state machine is rebuilt
//! from the snapshot in force, by applying the log after it again.

mod service;
mod snapshots;

use crate::checks::Seen;
use crate::clock::Clock;
use crate::disk::{Disk, Synced};
use crate::faults::{Class, Struck};
use crate::network::Flight;
use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::{DiskModel, HostModel, Setup};
use crate::snapshot::Snapshot;
use raftwerk_core::{Durable, Index, Raft, Time};
use raftwerk_kv::{Answer, DecodeError, Store};
use raftwerk_wire::view::NodeCondition;
pub(crate) use service::Settled;
use service::Wait;
pub(crate) use snapshots::{Opened, Received, Sending, Snapshots};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Most messages kept for a frozen or busy node; more are lost, as a full socket buffer loses
/// them.
pub(crate) const MAX_INBOX: usize = 1_024;

/// Whether there is such a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Presence {
    /// It may be down, but its disk is there.
    Here,
    /// It has no part in anything yet.
    NotYet,
    /// Its disk was wiped: it never comes back under this id.
    Wiped,
}

/// The host.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub id: u64,
    pub condition: NodeCondition,
    pub presence: Presence,
    /// What its core is told of time.
    pub clock: Clock,
    /// `None` while crashed.
    pub raft: Option<Box<Raft>>,
    pub store: Store,
    pub disk: Disk,
    /// Last index applied in this life, last one of the batch under way, last one handed out.
    pub applied: u64,
    applying: u64,
    pub given: u64,
    /// When the batch under way is done.
    apply_at: u64,
    waits: Vec<Wait>,
    /// Answers of applied entries, kept while somebody waits for one.
    answers: VecDeque<(Index, Answer)>,
    tickets: u64,
    /// What arrived while frozen or busy.
    pub inbox: VecDeque<Flight>,
    /// Until when the host takes up nothing.
    pub busy_until: Option<u64>,
    /// Snapshots under way.
    pub snapshots: Snapshots,
    /// A received one that the state machine is to load next.
    loading: Option<Arc<Snapshot>>,
    /// What the checks compare with.
    pub seen: Seen,
    /// The deadline last heard of and the event that set it, and the node's last event; 0: none.
    pub timer: Time,
    pub timer_cause: u64,
    pub last_event: u64,
    /// The event that handed out the batch under way.
    pub apply_cause: u64,
    /// When the running sync ends, if the disk does not hang.
    sync_at: u64,
    /// The disk finishes nothing.
    pub stalled: bool,
    /// The disk will fail its next write; it has failed one in this life.
    pub failing: bool,
    pub failed: bool,
    /// It has put a snapshot in force that it cannot load: it must start anew.
    pub spoiled: bool,
    boot: Stream,
    sync: Stream,
    tear: Stream,
    pace: Stream,
    pub busy: Stream,
    /// What happened to it at random.
    pub struck: Struck,
    /// A rule that this host does not keep.
    #[cfg(feature = "sabotage")]
    pub careless: Option<crate::setup::HostRule>,
}

impl Node {
    /// A node with a new disk, not running yet.
    pub fn new(setup: &Setup, id: u64) -> Node {
        let stream = |purpose| Stream::new(setup.seed, purpose, id);
        let first = setup.first_members();
        let belongs = first.contains(raftwerk_core::NodeId(id));
        let (presence, durable) = match belongs {
            true => (Presence::Here, Durable::bootstrap(&first)),
            false => (Presence::NotYet, Durable::default()),
        };
        Node {
            id,
            condition: NodeCondition::Crashed,
            presence,
            clock: Clock::default(),
            raft: None,
            store: Store::new(),
            disk: Disk::new(durable).lying(setup.disk.lies),
            applied: 0,
            applying: 0,
            given: 0,
            apply_at: NEVER,
            waits: Vec::new(),
            answers: VecDeque::new(),
            tickets: 0,
            inbox: VecDeque::new(),
            busy_until: None,
            snapshots: Snapshots::new(stream(Purpose::Snapshot)),
            loading: None,
            seen: Seen::default(),
            timer: Time::NEVER,
            timer_cause: 0,
            last_event: 0,
            apply_cause: 0,
            sync_at: NEVER,
            stalled: false,
            failing: false,
            failed: false,
            spoiled: false,
            struck: Struck::default(),
            #[cfg(feature = "sabotage")]
            careless: setup.careless,
            boot: stream(Purpose::Boot),
            sync: stream(Purpose::Disk),
            tear: stream(Purpose::Tear),
            pace: stream(Purpose::Apply),
            busy: stream(Purpose::Busy),
        }
    }

    /// Starts from the disk.
    pub fn start(&mut self, setup: &Setup, now: u64, listen: bool) -> Result<(), String> {
        let config = setup.config(self.id, self.boot.bits());
        let durable = self.disk.open();
        self.load_from_disk()
            .map_err(|why| format!("S{} cannot load its snapshot: {why}", self.id))?;
        let raft = Raft::boot(config, durable, self.time(now));
        let mut raft = raft.map_err(|why| format!("S{} cannot start: {why}", self.id))?;
        raft.listen(listen);
        self.raft = Some(Box::new(raft));
        self.condition = NodeCondition::Up;
        (self.timer, self.timer_cause) = (Time::NEVER, 0);
        Ok(())
    }

    /// Stops at once: only the disk remains, with little or nothing of what was not synced.
    pub fn crash(&mut self, model: &DiskModel) {
        self.raft = None;
        self.condition = NodeCondition::Crashed;
        self.store = Store::new();
        (self.applied, self.applying, self.given) = (0, 0, 0);
        self.apply_at = NEVER;
        // The log last: what a lying disk never wrote, it never wrote anywhere.
        self.snapshots.crash(&mut self.disk, model, &mut self.tear);
        self.disk.crash(model, &mut self.tear);
        self.waits.clear();
        self.answers.clear();
        self.inbox.clear();
        self.busy_until = None;
        self.loading = None;
        self.sync_at = NEVER;
        (self.failed, self.spoiled) = (false, false);
    }

    /// The state machine is what the snapshot in force says, before anything is applied.
    fn load_from_disk(&mut self) -> Result<(), DecodeError> {
        if let Some(snapshot) = self.disk.snapshot() {
            self.store = snapshot.load()?;
            let last = snapshot.meta.last.index.0;
            (self.applied, self.applying, self.given) = (last, last, last);
        }
        Ok(())
    }

    /// The time by its own clock at a moment of the world.
    pub fn time(&self, now: u64) -> Time {
        self.clock.at(now)
    }

    /// Its disk is gone, and with it all that it ever promised.
    pub fn wipe(&mut self, durable: Durable) {
        let struck = self.disk.struck;
        self.disk = Disk::new(durable);
        self.disk.struck = struck;
        self.snapshots = Snapshots::new(self.snapshots.pace());
    }

    /// Whether there is such a node, running or not.
    pub fn is_here(&self) -> bool {
        self.presence == Presence::Here
    }

    /// When the core wants to be called, in the world's time.
    pub fn deadline(&self) -> u64 {
        self.clock.when(self.timer_by_its_clock())
    }

    /// The same by the node's own clock.
    pub fn timer_by_its_clock(&self) -> Time {
        match (&self.raft, self.condition) {
            (Some(raft), NodeCondition::Up) => raft.deadline(),
            _ => Time::NEVER,
        }
    }

    /// Whether a sync is running.
    pub fn is_syncing(&self) -> bool {
        self.sync_at != NEVER
    }

    /// When the running sync ends.
    pub fn sync_due(&self) -> u64 {
        if self.stalled { NEVER } else { self.sync_at }
    }

    /// When the own snapshot is on disk.
    pub fn taken_due(&self) -> u64 {
        if self.stalled {
            NEVER
        } else {
            self.snapshots.taken_at()
        }
    }

    /// When a received snapshot is on disk.
    pub fn synced_due(&self) -> u64 {
        if self.stalled {
            NEVER
        } else {
            self.snapshots.synced_at()
        }
    }

    /// Syncs what waits, if the disk has nothing else to do.
    pub fn start_sync(&mut self, now: u64, model: &DiskModel) {
        if self.disk.wants_sync() {
            self.disk.start_sync();
            self.sync_at = now + self.sync.within(model.sync_min, model.sync_max);
        }
    }

    /// The running sync is done, or fails for want of space.
    pub fn finish_sync(&mut self) -> Option<Synced> {
        self.sync_at = NEVER;
        let synced = self.disk.finish_sync();
        let failed = synced.is_some_and(|synced| synced.failed);
        self.failed |= self.struck.if_so(Class::NoSpace, failed);
        synced
    }

    /// The running sync fails: some of what it was to write is there, the rest is gone.
    pub fn fail_sync(&mut self) -> Option<Synced> {
        self.sync_at = NEVER;
        (self.failing, self.failed) = (false, true);
        self.disk.fail_sync(&mut self.tear)
    }

    /// Whether an input that comes now has to wait. Once busy, a host stays so until it has
    /// taken up everything.
    pub fn is_busy(&mut self, now: u64, model: &HostModel) -> bool {
        if self.busy_until.is_none() && self.busy.chance(model.busy_per_million) {
            self.struck.once(Class::Busy);
            self.busy_until = Some(now + self.busy.within(1, model.busy_max));
        }
        self.busy_until.is_some()
    }

    /// When the host has something to do by itself.
    pub fn due(&self) -> u64 {
        let own = self.deadline().min(self.sync_due()).min(self.apply_due());
        let own = own.min(self.taken_due()).min(self.synced_due());
        let own = own.min(self.snapshots.resend_at());
        match (self.condition, self.busy_until) {
            (NodeCondition::Up, Some(until)) if !self.inbox.is_empty() => until,
            (NodeCondition::Up, Some(until)) => own.max(until),
            (NodeCondition::Up, None) => own,
            _ => NEVER,
        }
    }

    /// Bytes of memory that one more copy costs, about.
    pub fn memory(&self) -> u64 {
        // Stores share their rows; what changes between two copies is a few chunks.
        const STORE: u64 = 8 << 10;
        let log = self.raft.as_ref().map_or(0, |raft| {
            raft.view().last().index.0 - raft.view().base().index.0
        });
        let entry = size_of::<raftwerk_core::Entry>() as u64;
        let disk = self.disk.device().entries.len() as u64;
        log * entry + disk * 2 + STORE + (size_of::<Raft>() + size_of::<Node>()) as u64
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        to.write_u8(self.condition as u8);
        self.presence.hash(to);
        to.write_u64(self.raft.as_ref().map_or(0, |raft| raft.digest()));
        to.write_u64(self.deadline());
        self.clock.hash(to);
        (self.sync_at, self.stalled, self.busy_until).hash(to);
        (self.failing, self.failed).hash(to);
        (self.applied, self.applying, self.given, self.apply_at).hash(to);
        self.store.hash(to);
        self.disk.hash(to);
        self.waits.hash(to);
        to.write_u64(self.tickets);
        (&self.snapshots, &self.loading).hash(to);
        self.inbox
            .iter()
            .for_each(|flight| (flight.id, &flight.content).hash(to));
        (&self.boot, &self.sync, &self.tear).hash(to);
        (&self.pace, &self.busy).hash(to);
    }
}
