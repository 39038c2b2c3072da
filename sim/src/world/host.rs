//! The host's loop around one core: what is due at a node, when it is taken up, what follows.
//!
//! A host that has nothing to do takes up each input as it comes and drains the core. Now and
//! then it is *busy* ([`HostModel`](crate::HostModel)): then everything that comes in waits, and
//! when the host gets round to it, all of it is fed before one drain, as the contract of the
//! core allows (`raftwerk_core::io`). A frozen host takes up nothing until it thaws.

use super::World;
use crate::checks::Heard;
use crate::disk::Synced;
use crate::network::{Content, Flight, Place, Question, Told};
use crate::node::MAX_INBOX;
use crate::queue::NEVER;
use raftwerk_core::{Raft, Time};
use raftwerk_wire::view::NodeCondition;

/// What becomes due at a node by itself.
#[derive(Clone, Copy, Debug)]
enum Own {
    /// The running sync is done.
    Sync,
    /// The state machine is done with its batch.
    Apply,
    /// The core's deadline.
    Timer,
    /// A snapshot of the own state machine is on disk.
    Taken,
    /// A received snapshot is on disk.
    Staged,
    /// A chunk of a snapshot went unanswered.
    Resend,
}

impl World {
    /// A message arrives: lost, at a client, or at a node that takes it up now or later.
    pub(super) fn arrive(&mut self, flight: Flight) {
        if flight.lost || self.network.is_cut(flight.from, flight.to) {
            return;
        }
        let at = match flight.to {
            Place::Node(node) => node as usize - 1,
            Place::Client(client) => return self.client_hears(client as usize - 1, flight),
        };
        let now = self.now;
        let node = &mut self.nodes[at];
        let keep = match node.condition {
            NodeCondition::Up => node.is_busy(now, &self.host),
            NodeCondition::Frozen => true,
            NodeCondition::Crashed | NodeCondition::Unknown => return,
        };
        if !keep {
            let cause = self.take_message(at, flight);
            return self.drain(at, cause);
        }
        if node.inbox.len() < MAX_INBOX {
            node.inbox.push_back(flight);
        }
        self.arrange_node(at);
    }

    /// A node's own time has come.
    pub(super) fn node_due(&mut self, at: usize) {
        let now = self.now;
        let node = &mut self.nodes[at];
        if node.busy_until.is_some_and(|until| until <= now) {
            return self.take_up_all(at);
        }
        if node.is_busy(now, &self.host) {
            return self.arrange_node(at);
        }
        let [(_, first), ..] = self.own(at);
        let cause = self.take_own(at, first);
        self.drain(at, cause);
    }

    /// A busy host gets round to what has come in: all of it, then one drain.
    fn take_up_all(&mut self, at: usize) {
        let (now, own) = (self.now, self.own(at));
        let node = &mut self.nodes[at];
        node.busy_until = None;
        let mut first = std::mem::take(&mut node.inbox);
        // Whether it looks at its messages or at its disk first is a host's own affair.
        let then = first.split_off(node.busy.within(0, first.len() as u64) as usize);
        let mut cause = 0;
        for message in first {
            cause = self.take_message(at, message);
        }
        for (_, own) in own.into_iter().filter(|(due, _)| *due <= now) {
            cause = self.take_own(at, own);
        }
        for message in then {
            cause = self.take_message(at, message);
        }
        self.drain(at, cause);
    }

    /// What becomes due at a node by itself, earliest first.
    fn own(&self, at: usize) -> [(u64, Own); 6] {
        let node = &self.nodes[at];
        let mut own = [
            (node.sync_due(), Own::Sync),
            (node.apply_due(), Own::Apply),
            (node.deadline(), Own::Timer),
            (node.taken_due(), Own::Taken),
            (node.synced_due(), Own::Staged),
            (node.snapshots.resend_at(), Own::Resend),
        ];
        own.sort_by_key(|(due, _)| *due);
        own
    }

    /// Feeds a message without draining. Returns the event that led to it.
    fn take_message(&mut self, at: usize, flight: Flight) -> u64 {
        let Place::Node(from) = flight.from else {
            return match flight.content {
                Content::Question(question) => self.node_asked(at, question),
                _ => 0,
            };
        };
        match flight.content {
            Content::Peer(message) => {
                let raft = self.nodes[at].raft.as_ref();
                let heard = raft.map(|raft| Heard::new(raft, &message));
                heard.iter().for_each(|heard| self.checks.on_arrival(heard));
                self.give(at, flight.cause, |raft, now| raft.receive(now, message));
                if let (Some(heard), Some(raft)) = (heard, &self.nodes[at].raft) {
                    let now = self.nodes[at].time(self.now);
                    self.checks.on_heard(raft, now, heard);
                }
                flight.cause
            }
            Content::Chunk(chunk) => self.chunk_arrives(at, from, &chunk, flight.cause),
            Content::Got(got) => self.got_arrives(at, from, &got, flight.cause),
            Content::Question(_) | Content::Reply(_) => 0,
        }
    }

    /// Feeds what became due by itself without draining. Returns the event that led to it.
    fn take_own(&mut self, at: usize, own: Own) -> u64 {
        match own {
            Own::Sync => self.sync_done(at),
            Own::Apply => self.apply_done(at),
            Own::Timer => {
                let cause = self.nodes[at].timer_cause;
                self.give(at, cause, |raft, now| raft.expire(now));
                cause
            }
            Own::Taken => self.snapshot_taken(at),
            Own::Staged => self.snapshot_synced(at),
            Own::Resend => self.resend(at),
        }
    }

    /// Gives one input to a core, if it runs; `cause` is the event that led to it.
    pub(super) fn give(&mut self, at: usize, cause: u64, to: impl FnOnce(&mut Raft, Time)) {
        let now = self.nodes[at].time(self.now);
        if let Some(raft) = &mut self.nodes[at].raft {
            to(raft, now);
            self.input_given(at, cause);
        }
    }

    pub(super) fn input_given(&mut self, at: usize, cause: u64) {
        self.hear_events(at, cause);
        self.nodes[at].seen = self.checks.on_input(&self.nodes, at);
    }

    /// The running write is done, whenever it would have been.
    pub(super) fn complete_write(&mut self, at: usize) {
        let cause = self.sync_done(at);
        self.drain(at, cause);
    }

    fn sync_done(&mut self, at: usize) -> u64 {
        if self.nodes[at].failing {
            return self.sync_failed(at);
        }
        let Some(synced) = self.nodes[at].finish_sync() else {
            return 0;
        };
        let (seq, cause) = (synced.seq, synced.cause);
        if synced.failed {
            return self.report_failed(at, synced);
        }
        self.checks.on_persisted(self.nodes[at].id, seq);
        if let Some(cut) = synced.cut {
            self.checks.on_disk_cut(&self.nodes, cut.0);
        }
        self.give(at, cause, |raft, now| raft.persisted(now, seq));
        cause
    }

    /// The disk says that it could not write.
    fn sync_failed(&mut self, at: usize) -> u64 {
        let failed = self.nodes[at].fail_sync();
        failed.map_or(0, |failed| self.report_failed(at, failed))
    }

    fn report_failed(&mut self, at: usize, failed: Synced) -> u64 {
        let (seq, cause) = (failed.seq, failed.cause);
        if let Some(cut) = failed.cut {
            self.checks.on_disk_cut(&self.nodes, cut.0);
        }
        self.give(at, cause, |raft, now| raft.persist_failed(now, seq));
        cause
    }

    fn apply_done(&mut self, at: usize) -> u64 {
        let cause = self.nodes[at].apply_cause;
        let to = self.nodes[at].apply(&mut self.checks);
        self.give(at, cause, |raft, now| raft.applied(now, to));
        cause
    }

    fn node_asked(&mut self, at: usize, question: Question) -> u64 {
        let now = self.nodes[at].time(self.now);
        let Question {
            client,
            attempt,
            what,
        } = question;
        let told = self.nodes[at].ask(now, client, attempt, what, &mut self.checks);
        if let Some(result) = told {
            if let Told::Read { applied, age, .. } = &result {
                let (node, drift) = (self.nodes[at].id, self.setup.faults.clocks.drift_ppm);
                self.checks.on_stale(node, *applied, *age, drift);
            }
            self.reply(at, client, attempt, result);
        }
        self.input_given(at, 0);
        0
    }

    /// Puts what a node does next into the queue, after starting what its disk and its state
    /// machine have to do.
    pub(super) fn arrange_node(&mut self, at: usize) {
        let (now, model) = (self.now, &self.setup);
        let node = &mut self.nodes[at];
        if node.condition == NodeCondition::Up {
            node.start_sync(now, &model.disk);
        }
        let due = node.due();
        let due = if due == NEVER { NEVER } else { due.max(now) };
        self.queue.set(at, due);
    }
}
