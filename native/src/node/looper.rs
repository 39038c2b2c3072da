//! The loop: the one thread that owns core and store.
//!
//! Each turn takes everything that waits, feeds it, drains the core once, hands the write to the
//! log thread, messages to the connections and results to those who wait; then it sleeps until
//! something comes or the core's next deadline. Nothing in here waits for anybody.

pub mod applying;
mod reads;
mod snapshots;
mod standing;

use crate::clock;
use crate::flusher::{DiskReport, Flusher};
use crate::limits::KEPT_ANSWERS;
use crate::metrics::Metrics;
use crate::node::NodeError;
use crate::node::answer::{OrderReply, Ordered, Read, ReadReply, WriteReply, Written};
use crate::node::inbox::{Batch, Inbox, Order, Query, Request, Urgent};
use crate::node::leadership::Leadership;
use crate::node::logbook::Logbook;
use crate::node::members;
use crate::node::report;
use crate::node::telling::Telling;
use crate::peers::Peers;
use crate::snapshots::Snapshots;
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::{Index, NodeId, Outcome, Output, Raft, Refusal, Ticket, Time};
use raftwerk_kv::{Answer, Store};
use raftwerk_wire::client::Status;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::watch;

pub use reads::read_path;
pub use standing::REMOVED;

/// The loop never sleeps longer: the machine may have been suspended meanwhile, which its sleep
/// does not count.
const LONGEST_SLEEP_MICROS: u64 = 1_000_000;

/// What the loop is given.
pub struct Parts {
    /// The core, just booted.
    pub raft: Raft,
    /// The state that its snapshot holds, or an empty one.
    pub store: Store,
    /// Where everything comes from.
    pub inbox: Arc<Inbox>,
    /// The log thread.
    pub flusher: Flusher,
    /// The snapshot thread.
    pub snapshots: Snapshots,
    /// Where messages go.
    pub peers: Arc<Peers>,
    /// Where views and events go.
    pub telling: Telling,
    /// Where numbers go.
    pub metrics: Arc<Metrics>,
    /// Where log lines go.
    pub log: Logbook,
    /// Where it is told who leads.
    pub leader: watch::Sender<Leadership>,
    /// What is constant in a status.
    pub status: Status,
}

/// Who waits for a ticket.
enum Waiting {
    Write(WriteReply),
    Read(Query, ReadReply),
    Order(OrderReply),
}

/// The loop's state.
pub struct Looper {
    parts: Parts,
    store: Store,
    duty: snapshots::Duty,
    waiting: BTreeMap<u64, Waiting>,
    next_ticket: u64,
    /// Answers of this drain, for tickets that end in it.
    answers: BTreeMap<Index, Answer>,
    /// Reads whose lease was over when the value was there.
    again: Vec<(Query, ReadReply)>,
    /// The disk is full.
    low: bool,
    /// What peers were sent.
    sent: applying::Sent,
    /// Whom it serves, as the connections were told: whether the leader speaks to outsiders.
    parting: Option<bool>,
    /// When a node that was removed hangs up: until then the others learn that it knows.
    leave_at: Option<Time>,
    /// Why the disk failed, for the error at the end.
    disk_error: Option<String>,
    ended: Option<Result<(), NodeError>>,
}

impl Looper {
    /// The loop before its first turn.
    #[must_use]
    pub fn new(mut parts: Parts) -> Looper {
        parts.telling.booted(&mut parts.raft);
        let store = std::mem::take(&mut parts.store);
        Looper {
            parts,
            store,
            duty: snapshots::Duty::default(),
            waiting: BTreeMap::new(),
            next_ticket: 1,
            answers: BTreeMap::new(),
            again: Vec::new(),
            low: false,
            sent: applying::Sent::default(),
            parting: None,
            leave_at: None,
            disk_error: None,
            ended: None,
        }
    }

    /// Lives until it is stopped or has to stop.
    ///
    /// # Errors
    /// Why it had to stop.
    pub fn run(mut self) -> Result<(), NodeError> {
        // The first turn tells the start and takes what boot left to do.
        let mut batch = Batch::default();
        loop {
            self.turn(batch);
            if let Some(end) = self.ended.take() {
                self.parts.inbox.close();
                return end;
            }
            batch = self.parts.inbox.take(self.sleep());
        }
    }

    fn sleep(&self) -> Duration {
        let now = clock::now();
        let until = self
            .parts
            .raft
            .deadline()
            .min(self.parts.telling.view_due());
        Duration::from_micros(until.since(now).0.min(LONGEST_SLEEP_MICROS))
    }

    fn turn(&mut self, batch: Batch) {
        let now = clock::now();
        self.parts.telling.start_turn(&mut self.parts.raft, now);
        for urgent in batch.urgent {
            self.urgent(now, urgent);
        }
        for request in batch.requests {
            self.request(now, request);
        }
        if now >= self.parts.raft.deadline() {
            self.parts.telling.input();
            self.parts.raft.expire(now);
            self.parts.telling.events(&mut self.parts.raft);
        }
        self.drain(now);
        self.begin_snapshot();
        let commit = self.parts.raft.view().commit();
        self.parts.snapshots.committed(commit.0);
        self.stay_in_touch(now);
        let Parts { raft, telling, .. } = &mut self.parts;
        telling.end_turn(raft, &self.store, now);
        let waiting = self.waiting.len();
        report::gauges(&self.parts.metrics, &self.parts.raft, &self.store, waiting);
    }

    fn urgent(&mut self, now: Time, urgent: Urgent) {
        let Parts {
            raft,
            telling,
            metrics,
            log,
            status,
            ..
        } = &mut self.parts;
        telling.input();
        match urgent {
            Urgent::Message(frame) => {
                metrics.received.count(&frame.message.body);
                telling.received(&frame);
                raft.receive(now, frame.message);
            }
            Urgent::Disk(DiskReport::Synced(seq)) => raft.persisted(now, seq),
            Urgent::Disk(DiskReport::Low(low)) => self.note_low(low),
            Urgent::Disk(DiskReport::Failed { seq, why }) => {
                log.line(format!("the disk failed, this node stops: {why}"));
                self.disk_error = Some(why);
                raft.persist_failed(now, seq);
            }
            Urgent::Link { peer, up } => raft.link(now, peer, up),
            Urgent::Snapshot(report) => self.snapshot_report(now, report),
            Urgent::Streamed {
                to,
                lane,
                outcome,
                damaged,
            } => self.streamed(now, (to, lane), outcome, damaged),
            Urgent::Ping(reply) => {
                if raft.view().fenced().is_none() {
                    let _ = reply.send(());
                }
            }
            Urgent::View(reply) => {
                let _ = reply.send(Box::new(telling.view(raft, &self.store, now)));
            }
            Urgent::Status(reply) => {
                let told = report::status(status, raft, &self.store);
                let _ = reply.send(Box::new(told));
            }
            Urgent::TimeOut => raft.fire(now, Timer::Election),
            Urgent::Stop => self.ended = Some(Ok(())),
        }
        self.parts.telling.events(&mut self.parts.raft);
    }

    fn request(&mut self, now: Time, request: Request) {
        let ticket = self.next_ticket;
        self.parts.telling.input();
        match request {
            Request::Write { command, reply } if !raftwerk_kv::Request::is_intact(&command) => {
                self.parts.metrics.damaged.fetch_add(1, Relaxed);
                let line = "did not take a write: it was damaged in the memory of this machine";
                self.parts.log.line(line);
                let _ = reply.send(Written::Damaged);
            }
            // Only on the way of clients: what peers say and what makes room goes on (trap D7). And
            // only where it would be written: who does not lead says so, and it is passed on.
            Request::Write { reply, .. }
                if self.low && self.parts.raft.view().role() == Role::Leader =>
            {
                self.parts.metrics.refused.fetch_add(1, Relaxed);
                let _ = reply.send(Written::NoSpace);
            }
            Request::Write { command, reply } => {
                match self.parts.raft.propose(now, Ticket(ticket), command) {
                    Ok(()) => {
                        self.parts.metrics.proposals.fetch_add(1, Relaxed);
                        self.wait(ticket, Waiting::Write(reply));
                    }
                    Err(why) => {
                        self.parts.metrics.refused.fetch_add(1, Relaxed);
                        let _ = reply.send(Written::Refused(why));
                    }
                }
            }
            Request::Read {
                path: Some(path),
                what,
                reply,
            } => self.ask_read(now, path, what, reply),
            Request::Read {
                path: None,
                what,
                reply,
            } => {
                let age = self.age(now);
                self.serve(what, reply, age, None);
            }
            Request::Order { what, reply } => match self.order(now, Ticket(ticket), &what) {
                Ok(()) => self.wait(ticket, Waiting::Order(reply)),
                Err(refused) => {
                    self.parts.metrics.refused.fetch_add(1, Relaxed);
                    let _ = reply.send(refused);
                }
            },
        }
        self.parts.telling.events(&mut self.parts.raft);
    }

    /// Asks the core to do something to the cluster itself.
    fn order(&mut self, now: Time, ticket: Ticket, what: &Order) -> Result<(), Ordered> {
        let raft = &mut self.parts.raft;
        let refused = match what {
            Order::Transfer(to) => raft.transfer(now, ticket, to.map(NodeId)),
            Order::Change(change) => {
                let in_force = raft.view().membership().map(|now| now.members.clone());
                match members::target(&in_force.unwrap_or_default(), change) {
                    Ok(target) => raft.reconfigure(now, ticket, target),
                    // Only a leader knows whether it makes sense.
                    Err(why) if raft.view().role() == Role::Leader => {
                        return Err(Ordered::Senseless(why));
                    }
                    Err(_) => Err(Refusal::NotLeader {
                        hint: raft.view().leader(),
                        term: raft.view().term(),
                    }),
                }
            }
        };
        refused.map_err(Ordered::Refused)
    }

    fn wait(&mut self, ticket: u64, who: Waiting) {
        self.next_ticket += 1;
        self.waiting.insert(ticket, who);
    }

    /// Takes all outputs. Applying is an input again, and so is a read that is asked for again, so
    /// it goes on until nothing is left.
    fn drain(&mut self, now: Time) {
        loop {
            let mut applied = None;
            while let Some(output) = self.parts.raft.poll() {
                self.output(output, &mut applied);
                // What comes next may rest on what was not executed.
                if matches!(self.ended, Some(Err(_))) {
                    return;
                }
            }
            self.parts.telling.events(&mut self.parts.raft);
            self.answers.clear();
            if applied.is_none() && self.again.is_empty() {
                break;
            }
            if let Some(index) = applied {
                self.parts.telling.input();
                self.parts.raft.applied(now, index);
                self.parts.telling.events(&mut self.parts.raft);
            }
            self.ask_again();
        }
    }

    fn output(&mut self, output: Output, applied: &mut Option<Index>) {
        match output {
            Output::Write(write) => {
                self.parts.telling.wrote(&mut self.parts.raft, write.seq);
                self.parts.flusher.write(write);
            }
            Output::Send(message) => self.send(message),
            Output::Apply { from, to } => {
                self.parts.telling.applying(&mut self.parts.raft, to);
                self.apply(from, to);
                *applied = Some(to);
            }
            Output::Settled { ticket, outcome } => self.settle(ticket, outcome),
            Output::ReadAt { ticket, until, .. } => {
                if let Some(Waiting::Read(what, reply)) = self.waiting.remove(&ticket.0) {
                    self.serve(what, reply, None, until);
                }
            }
            Output::ReadFailed { ticket, why } => {
                if let Some(Waiting::Read(_, reply)) = self.waiting.remove(&ticket.0) {
                    let _ = reply.send(Read::Refused(why));
                }
            }
            Output::Leader { term, id } => self.leader(term, id),
            Output::Members {
                membership,
                committed,
            } => {
                let ids = |nodes: &[NodeId]| nodes.iter().map(|v| v.0).collect::<Vec<u64>>();
                let (voters, learners) = (
                    ids(&membership.members.voters),
                    ids(&membership.members.learners),
                );
                let state = if committed { "committed" } else { "in force" };
                let line = format!("voters {voters:?}, learners {learners:?}, {state}");
                self.parts.log.line(line);
                self.members(&membership, committed);
            }
            Output::Removed => self.removed(),
            Output::Trusted => {
                self.parts.flusher.forget_suspicion();
                self.parts.log.line(
                    "has everything again that its log had lost, and is no longer suspect: it \
                     votes, may lead and answers quorum reads",
                );
            }
            Output::Fenced(why) => self.fenced(why),
            Output::Install { meta } => {
                self.install(&meta);
                *applied = Some(meta.last.index);
            }
            Output::Stream { .. } | Output::TakeSnapshot { .. } | Output::Discard { .. } => {
                self.snapshot_output(output);
            }
        }
    }

    fn settle(&mut self, ticket: Ticket, outcome: Outcome) {
        let reply = match self.waiting.remove(&ticket.0) {
            Some(Waiting::Write(reply)) => reply,
            Some(Waiting::Order(reply)) => {
                let view = self.parts.raft.view();
                let members = view.membership().map(|now| now.members.clone());
                let _ = reply.send(Ordered::Ended {
                    outcome,
                    members: Box::new(members.unwrap_or_default()),
                    term: view.term().0,
                });
                return;
            }
            _ => return,
        };
        let written = match outcome {
            Outcome::Committed(id) => match self.answers.remove(&id.index) {
                Some(answer) => Written::Applied {
                    answer,
                    term: id.term.0,
                },
                None => Written::Unknown,
            },
            Outcome::Lost => Written::Lost,
            Outcome::Unknown => Written::Unknown,
            // No write ends like this.
            Outcome::HandedOver(_) | Outcome::Aborted(_) => return,
        };
        let _ = reply.send(written);
    }
}

#[cfg(test)]
mod tests;
