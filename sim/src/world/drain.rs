//! One input and its drain: what a core hands out becomes writes, flights and answers.

use super::World;
use crate::checks::Check;
use crate::network::{Content, Place, Reply, Told};
use crate::node::Settled;
use raftwerk_core::{Output, Raft, Time};
use raftwerk_wire::view::{EventView, NodeCondition};

impl World {
    /// Feeds one input to a running node and drains it. `cause` is the event that led to it.
    pub(super) fn feed(&mut self, at: usize, cause: u64, input: impl FnOnce(&mut Raft, Time)) {
        if let Some(raft) = &mut self.nodes[at].raft {
            input(raft, Time(self.now));
            self.drain(at, cause);
        }
    }

    /// Starts a node from its disk.
    pub(super) fn boot(&mut self, at: usize) {
        let started = self.nodes[at].start(&self.setup, self.now, self.listening);
        if let Err(why) = started {
            self.checks.fail(Check::Node, why);
            return;
        }
        self.nodes[at].seen = self.checks.on_boot(&self.nodes[at]);
        self.drain(at, 0);
    }

    /// Takes everything a node has to say, then looks at it with every check.
    pub(super) fn drain(&mut self, at: usize, cause: u64) {
        let Some(mut raft) = self.nodes[at].raft.take() else {
            return;
        };
        let writes = self.nodes[at].disk.waiting();
        let mut answers = Vec::new();
        loop {
            let mut reached = 0;
            let mut applied = None;
            while let Some(output) = raft.poll() {
                self.checks.on_output(at as u64 + 1, &mut reached, &output);
                if let Output::Apply { to, .. } = output {
                    applied = Some(to);
                }
                self.take(at, &raft, output, &mut answers);
            }
            let Some(to) = applied else { break };
            raft.applied(Time(self.now), to);
        }
        self.nodes[at].raft = Some(raft);
        self.nodes[at].tidy();
        for Settled {
            client,
            attempt,
            result,
        } in answers
        {
            self.reply(at, client, attempt, result);
        }
        self.name_causes(at, cause, writes);
        self.arrange_node(at);
        self.nodes[at].seen = self.checks.on_input(&self.nodes, at);
    }

    fn take(&mut self, at: usize, raft: &Raft, output: Output, answers: &mut Vec<Settled>) {
        let node = &mut self.nodes[at];
        match output {
            Output::Write(write) => node.disk.submit(write, 0),
            Output::Send(message) => {
                self.checks.on_send(raft, &node.disk, &message);
                let (from, to) = (Place::Node(node.id), Place::Node(message.to.0));
                if (1..=self.setup.nodes).contains(&message.to.0) {
                    let content = Content::Peer(message);
                    self.network
                        .send(&mut self.queue, self.now, from, to, content);
                }
            }
            Output::Apply { from, to } => node.apply(raft, from, to, &mut self.checks),
            Output::Settled { ticket, outcome } => answers.extend(node.settle(ticket, outcome)),
            Output::ReadAt { ticket, index } => {
                answers.extend(node.serve(ticket, index, &mut self.checks));
            }
            Output::ReadFailed { ticket, why } => answers.extend(node.give_up(ticket, why)),
            Output::Leader { .. } | Output::Members { .. } => {}
            Output::Fenced(why) => {
                // Simulated disks do not fail yet, so nothing should ever stop a node.
                let detail = format!("S{} stopped for good: {why:?}", node.id);
                self.checks.fail(Check::Node, detail);
            }
        }
    }

    pub(super) fn reply(&mut self, at: usize, client: u64, attempt: u64, result: Told) {
        let node = self.nodes[at].id;
        let reply = Reply {
            client,
            attempt,
            node,
            result,
        };
        let (from, to) = (Place::Node(node), Place::Client(client));
        self.network
            .send(&mut self.queue, self.now, from, to, Content::Reply(reply));
    }

    /// Collects trace events and links what left in this step to the last of them.
    fn name_causes(&mut self, at: usize, cause: u64, writes: usize) {
        if !self.listening {
            self.network.fresh.clear();
            return;
        }
        let node = &mut self.nodes[at];
        let mut last = cause;
        while let Some(event) = node.raft.as_mut().and_then(|raft| raft.poll_event()) {
            self.traced += 1;
            last = self.traced;
            node.last_event = last;
            let (id, step, cause) = (self.traced, self.events, (cause > 0).then_some(cause));
            self.fresh.push(EventView {
                id,
                step,
                cause,
                event,
            });
        }
        node.disk.caused_by(writes, last);
        self.network.caused_by(last);
        if self.queue.due(at) != node.deadline() {
            node.timer_cause = last;
        }
    }

    /// Puts the node's timer and disk into the queue.
    pub(super) fn arrange_node(&mut self, at: usize) {
        let slot = self.nodes.len() + at;
        let node = &mut self.nodes[at];
        if node.condition == NodeCondition::Up && node.disk.wants_sync() {
            node.disk.start_sync();
            let model = &self.setup.disk;
            node.sync_due = self.now + node.sync.within(model.sync_min, model.sync_max);
        }
        let frozen = node.condition == NodeCondition::Frozen;
        let sync = if frozen {
            crate::queue::NEVER
        } else {
            node.sync_due
        };
        self.queue.set(at, node.deadline().max(self.now));
        self.queue.set(slot, sync.max(self.now));
    }
}
