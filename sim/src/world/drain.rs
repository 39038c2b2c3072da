//! One input and its drain: what a core hands out becomes writes, flights and answers.

use super::World;
use crate::checks::Check;
use crate::network::{Content, Place, Reply, Told};
use crate::node::Settled;
use raftwerk_core::{Fence, Output, Raft, Time};
use raftwerk_wire::view::EventView;

impl World {
    /// Gives one input to a running node and drains it. `cause` is the event that led to it.
    pub(super) fn feed(&mut self, at: usize, cause: u64, to: impl FnOnce(&mut Raft, Time)) {
        self.give(at, cause, to);
        self.drain(at, cause);
    }

    /// Starts a node from its disk.
    pub(super) fn boot(&mut self, at: usize) {
        if self.nodes[at].disk.damage.hard_state {
            return self.refuse_start(at);
        }
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
        let writes = self.nodes[at].disk.waiting();
        let mut answers = Vec::new();
        while self.drain_once(at, &mut answers) && self.nodes[at].begin_apply(self.now, &self.host)
        {
            let to = self.nodes[at].apply(&mut self.checks);
            self.give(at, cause, |raft, now| raft.applied(now, to));
        }
        self.nodes[at].end_old_streams();
        self.nodes[at].begin_snapshot(self.now, &self.setup.snapshots);
        let now = self.nodes[at].time(self.now);
        answers.extend(self.nodes[at].ready(now, &mut self.checks));
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
        self.nodes[at].seen = self.checks.on_drained(&self.nodes, at);
        let fenced = |raft: &Raft| raft.view().fenced().is_some();
        if self.nodes[at].failed && self.nodes[at].raft.as_deref().is_some_and(fenced) {
            // A server that has stopped for good ends its process.
            self.crash(self.nodes[at].id);
        }
        if self.nodes[at].spoiled {
            // So does one that cannot load what it is to go on from; it is started again at once.
            self.crash(self.nodes[at].id);
            self.boot(at);
        }
    }

    /// One drain of the core; false if it does not run.
    fn drain_once(&mut self, at: usize, answers: &mut Vec<Settled>) -> bool {
        let Some(mut raft) = self.nodes[at].raft.take() else {
            return false;
        };
        let mut reached = 0;
        let who = (self.nodes[at].id, self.nodes[at].time(self.now));
        let mut next = raft.poll();
        if raft.view().commit().0 > self.nodes[at].seen.commit {
            // A change of members made more committed: known before anybody is answered.
            self.nodes[at].raft = Some(raft);
            self.nodes[at].seen = self.checks.on_input(&self.nodes, at);
            raft = self.nodes[at].raft.take().expect("just put there");
        }
        while let Some(output) = next {
            let given = self.nodes[at].given;
            self.checks.on_output(who, given, &mut reached, &output);
            self.take(at, &raft, output, answers);
            next = raft.poll();
        }
        self.nodes[at].raft = Some(raft);
        true
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
            Output::Apply { to, .. } => node.hand_out(to),
            Output::Settled { ticket, outcome } => answers.extend(node.settle(ticket, outcome)),
            Output::ReadAt {
                ticket,
                index,
                until,
            } => {
                self.checks.on_serve(node.id, node.given, index.0);
                node.serve_at(ticket, index, until);
            }
            Output::ReadFailed { ticket, why } => answers.extend(node.give_up(ticket, why)),
            Output::Removed => self.checks.on_removed(raft),
            Output::Leader { .. } | Output::Members { .. } => {}
            Output::Trusted => {
                if let Some(from) = node.disk.trusted() {
                    self.checks.on_disk_cut(&self.nodes, from.0);
                }
            }
            Output::Fenced(Fence::Storage) if node.failed => {}
            Output::Fenced(why) => {
                // Nothing but its disk should ever stop a node.
                let detail = format!("S{} stopped for good: {why:?}", node.id);
                self.checks.fail(Check::Node, detail);
            }
            Output::Stream { to, meta, lane } => self.open_stream(at, to, lane, &meta),
            Output::Install { meta } => {
                if !node.hand_out_snapshot(&meta) && !node.spoiled {
                    let (id, last) = (node.id, meta.last);
                    let detail = format!("S{id} is to load a snapshot up to {last} not in force");
                    self.checks.fail(Check::DurableFirst, detail);
                }
            }
            Output::TakeSnapshot { .. } => node.snapshots.ask(),
            Output::Discard { meta } => node.disk.discard(&meta),
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

    /// Links what left in this step to the last event of the node in it, else to `cause`.
    fn name_causes(&mut self, at: usize, cause: u64, writes: usize) {
        self.hear_events(at, cause);
        if !self.listening {
            self.network.fresh.clear();
            return;
        }
        let node = &mut self.nodes[at];
        let newest = self.fresh.last();
        let own = newest.filter(|event| event.event.node.0 == node.id);
        let last = own.map_or(cause, |event| event.id);
        node.disk.caused_by(writes, last);
        self.network.caused_by(last);
        if node.apply_cause == 0 {
            node.apply_cause = last;
        }
        if node.timer != node.timer_by_its_clock() {
            (node.timer, node.timer_cause) = (node.timer_by_its_clock(), last);
        }
    }

    /// Collects what a core tells about what it did; `cause` led to all of it.
    pub(super) fn hear_events(&mut self, at: usize, cause: u64) {
        if !self.listening {
            return;
        }
        let node = &mut self.nodes[at];
        while let Some(mut event) = node.raft.as_mut().and_then(|raft| raft.poll_event()) {
            // A trace of many nodes is told in the one time that all of them share.
            event.at = Time(self.now);
            self.traced += 1;
            node.last_event = self.traced;
            let (id, step, cause) = (self.traced, self.events, (cause > 0).then_some(cause));
            self.fresh.push(EventView {
                id,
                step,
                cause,
                event,
            });
        }
    }
}
