//! One simulated host: the core, its state machine, its disk, and who waits for an answer.
//!
//! The host keeps the contract of `raftwerk_core::io`: after each input it drains everything,
//! performs writes in order, applies entries once per life and reports them. A crash leaves
//! only the disk: the state machine is rebuilt by applying the log again.

use crate::checks::{Checks, Seen};
use crate::disk::Disk;
use crate::network::{Flight, Told, Wanted};
use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::{DiskModel, Setup};
use raftwerk_core::{
    Durable, EntryBody, Index, LogId, Members, NodeId, Outcome, Raft, ReadPath, Refusal, Ticket,
    Time,
};
use raftwerk_kv::{Answer, Store};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::view::NodeCondition;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// Most clients' attempts a node keeps waiting; more are refused as overload.
const MAX_WAITS: usize = 1_024;
/// Most messages kept for a frozen node; more are lost, as a full socket buffer loses them.
pub(crate) const MAX_INBOX: usize = 1_024;

/// An attempt of a client that waits for the core.
#[derive(Clone, Debug, Hash)]
struct Wait {
    ticket: Ticket,
    client: u64,
    attempt: u64,
    /// The key, for reads.
    key: Option<raftwerk_core::Payload>,
}

/// An answer for a client.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub client: u64,
    pub attempt: u64,
    pub result: Told,
}

/// The host.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub id: u64,
    pub condition: NodeCondition,
    /// `None` while crashed.
    pub raft: Option<Box<Raft>>,
    pub store: Store,
    pub disk: Disk,
    /// Last index handed to the state machine in this life.
    pub applied: u64,
    waits: Vec<Wait>,
    /// Answers of applied entries, kept while somebody waits for one.
    answers: VecDeque<(Index, Answer)>,
    tickets: u64,
    /// What arrived while frozen.
    pub inbox: VecDeque<Flight>,
    /// What the checks compare with.
    pub seen: Seen,
    /// The event that set the timer, and the node's last event; 0: none.
    pub timer_cause: u64,
    pub last_event: u64,
    /// When the running sync ends, kept while frozen.
    pub sync_due: u64,
    boot: Stream,
    pub sync: Stream,
    tear: Stream,
}

impl Node {
    /// A node with a new disk, not running yet.
    pub fn new(setup: &Setup, id: u64) -> Node {
        let members = Members::of_voters((1..=setup.nodes).map(NodeId));
        Node {
            id,
            condition: NodeCondition::Crashed,
            raft: None,
            store: Store::new(),
            disk: Disk::new(Durable::bootstrap(&members)),
            applied: 0,
            waits: Vec::new(),
            answers: VecDeque::new(),
            tickets: 0,
            inbox: VecDeque::new(),
            seen: Seen::default(),
            timer_cause: 0,
            last_event: 0,
            sync_due: NEVER,
            boot: Stream::new(setup.seed, Purpose::Boot, id),
            sync: Stream::new(setup.seed, Purpose::Disk, id),
            tear: Stream::new(setup.seed, Purpose::Tear, id),
        }
    }

    /// Starts from the disk.
    pub fn start(&mut self, setup: &Setup, now: u64, listen: bool) -> Result<(), String> {
        let config = setup.config(self.id, self.boot.bits());
        let raft = Raft::boot(config, self.disk.open(), Time(now));
        let mut raft = raft.map_err(|why| format!("S{} cannot start: {why}", self.id))?;
        raft.listen(listen);
        self.raft = Some(Box::new(raft));
        self.condition = NodeCondition::Up;
        self.timer_cause = 0;
        Ok(())
    }

    /// Stops at once: only the disk remains, with little or nothing of what was not synced.
    pub fn crash(&mut self, model: &DiskModel) {
        self.raft = None;
        self.condition = NodeCondition::Crashed;
        self.store = Store::new();
        self.applied = 0;
        self.disk.crash(model, &mut self.tear);
        self.waits.clear();
        self.answers.clear();
        self.inbox.clear();
        self.sync_due = NEVER;
    }

    /// When the core wants to be called.
    pub fn deadline(&self) -> u64 {
        match (&self.raft, self.condition) {
            (Some(raft), NodeCondition::Up) => raft.deadline().0,
            _ => NEVER,
        }
    }

    /// A client asks. `Some` is an answer that needs no waiting.
    pub fn ask(&mut self, now: Time, client: u64, attempt: u64, what: Wanted) -> Option<Told> {
        let raft = self.raft.as_mut()?;
        if self.waits.len() >= MAX_WAITS {
            return Some(Told::Refused(Refusal::Overloaded));
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let (refused, key) = match what {
            Wanted::Write(command) => (raft.propose(now, ticket, command), None),
            Wanted::Read {
                key,
                mode: ReadMode::Stale,
            } => {
                let item = self.store.get(&key).cloned();
                let heard = raft.view().leader_heard();
                let leads = raft.view().leader() == Some(NodeId(self.id));
                let age = if leads {
                    Some(0)
                } else {
                    heard.map(|heard| now.since(heard).0)
                };
                return Some(Told::Read {
                    item,
                    applied: self.applied,
                    age,
                });
            }
            Wanted::Read {
                key,
                mode: ReadMode::Leader,
            } => (raft.read(now, ticket, ReadPath::Leader), Some(key)),
            Wanted::Read {
                key,
                mode: ReadMode::Follower,
            } => (raft.read(now, ticket, ReadPath::Follower), Some(key)),
        };
        if let Err(refusal) = refused {
            return Some(Told::Refused(refusal));
        }
        self.waits.push(Wait {
            ticket,
            client,
            attempt,
            key,
        });
        None
    }

    /// Applies entries in order.
    pub fn apply(&mut self, raft: &Raft, from: Index, to: Index, checks: &mut Checks) {
        for entry in raft.entries(from, to) {
            let EntryBody::Command(command) = &entry.body else {
                continue;
            };
            let index = entry.id.index;
            let answer = self.store.apply(index.0, 0, command);
            checks.on_apply(self.id, index.0, self.store.digest(), command, &answer);
            if !self.waits.is_empty() {
                self.answers.push_back((index, answer));
            }
        }
        self.applied = to.0;
    }

    /// A proposal ended: the answer for whom it concerns.
    pub fn settle(&mut self, ticket: Ticket, outcome: Outcome) -> Option<Settled> {
        let wait = self.take(ticket)?;
        let result = match outcome {
            Outcome::Committed(id) => self.done(id),
            Outcome::Lost => Told::Lost,
            Outcome::Unknown => Told::Unknown,
        };
        Some(Settled {
            client: wait.client,
            attempt: wait.attempt,
            result,
        })
    }

    fn done(&mut self, id: LogId) -> Told {
        let found = self.answers.iter().find(|(index, _)| *index == id.index);
        // Without an answer at hand the client learns the truth: that it cannot be known here.
        found.map_or(Told::Unknown, |(_, answer)| Told::Done {
            id,
            answer: answer.clone(),
        })
    }

    /// A read may be served.
    pub fn serve(&mut self, ticket: Ticket, index: Index, checks: &mut Checks) -> Option<Settled> {
        let wait = self.take(ticket)?;
        checks.on_serve(self.id, self.applied, index.0);
        let item = self
            .store
            .get(wait.key.as_deref().unwrap_or_default())
            .cloned();
        let result = Told::Read {
            item,
            applied: self.applied,
            age: None,
        };
        Some(Settled {
            client: wait.client,
            attempt: wait.attempt,
            result,
        })
    }

    /// A read was given up.
    pub fn give_up(&mut self, ticket: Ticket, why: Refusal) -> Option<Settled> {
        let wait = self.take(ticket)?;
        let result = Told::Refused(why);
        Some(Settled {
            client: wait.client,
            attempt: wait.attempt,
            result,
        })
    }

    fn take(&mut self, ticket: Ticket) -> Option<Wait> {
        let place = self.waits.iter().position(|wait| wait.ticket == ticket)?;
        Some(self.waits.remove(place))
    }

    /// A drain is over: answers nobody waits for may go.
    pub fn tidy(&mut self) {
        if self.waits.is_empty() {
            self.answers.clear();
        }
        // A proposal settles in the drain that applies it, so few answers suffice.
        while self.answers.len() > MAX_WAITS {
            self.answers.pop_front();
        }
    }

    /// Bytes of memory that one more copy costs, about.
    pub fn memory(&self) -> u64 {
        // Stores share their rows; what changes between two copies is a few chunks.
        const STORE: u64 = 8 << 10;
        let log = self
            .raft
            .as_ref()
            .map_or(0, |raft| raft.view().last().index.0);
        let entry = size_of::<raftwerk_core::Entry>() as u64;
        let disk = self.disk.entries().len() as u64;
        log * entry + disk * 2 + STORE + (size_of::<Raft>() + size_of::<Node>()) as u64
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        to.write_u8(self.condition as u8);
        to.write_u64(self.raft.as_ref().map_or(0, |raft| raft.digest()));
        to.write_u64(self.deadline());
        to.write_u64(self.sync_due);
        to.write_u64(self.applied);
        self.store.hash(to);
        self.disk.hash(to);
        self.waits.hash(to);
        to.write_u64(self.tickets);
        self.inbox
            .iter()
            .for_each(|flight| (flight.id, &flight.content).hash(to));
        (&self.boot, &self.sync, &self.tear).hash(to);
    }
}
