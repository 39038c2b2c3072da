//! Interventions: what is done to the world from outside.
//!
//! An intervention is checked completely before anything changes (`may`), so a refused one leaves
//! no trace. Each one counts as an event and happens at a time between the last event and the next.
//! Random faults do the same things by a plan (`inflict`).

use super::World;
use crate::clients::Env;
use crate::disk::NextWrite;
use crate::faults::Fault;
use crate::intervention::Intervention;
use crate::setup::MILLION;
use raftwerk_core::trace::Timer;
use raftwerk_core::{Members, NodeId};
use raftwerk_wire::view::NodeCondition::{self, Crashed, Frozen, Up};

impl World {
    /// Carries out an intervention now.
    ///
    /// # Errors
    /// Why it is not possible, in one sentence; then nothing has changed.
    pub fn act(&mut self, what: &Intervention) -> Result<(), String> {
        self.act_at(what, self.now)
    }

    /// Carries out an intervention at a time, which is moved between now and the next event.
    ///
    /// # Errors
    /// Why it is not possible, in one sentence; then nothing has changed.
    pub fn act_at(&mut self, what: &Intervention, at: u64) -> Result<(), String> {
        self.may(what)?;
        let latest = self.next_time().unwrap_or(u64::MAX - 1);
        self.begin(at.clamp(self.now, latest.max(self.now)));
        self.note(what.clone());
        self.carry_out(what);
        self.settle();
        Ok(())
    }

    /// Ends every fault and keeps new ones away: nodes run and are never busy for long, disks and
    /// links work, nothing is lost, clocks run right.
    fn calm(&mut self) {
        self.faults.forgive();
        self.calm_but_gone();
    }

    /// The same, but who died for good stays down.
    fn calm_but_gone(&mut self) {
        self.faults.stop();
        self.arrange_faults();
        // No leader can stay who is busy for an election timeout (paper 5.6).
        self.host.busy_max = self
            .host
            .busy_max
            .min(self.setup.timing.election_min.0 / 10);
        let model = &mut self.network.model;
        model.loss_per_million = 0;
        model.reorder_per_million = 0;
        model.strangers_per_million = 0;
        self.network.heal();
        self.network.unclog_all(&mut self.queue, self.now);
        for node in 1..=self.setup.nodes {
            self.nodes[node as usize - 1].failing = false;
            self.nodes[node as usize - 1].disk.room = None;
            self.nodes[node as usize - 1].disk.damage.next = None;
            self.stall(node, false);
            self.bring_back(node);
            self.run_clock(node, MILLION);
        }
        (0..self.clients.len()).for_each(|at| {
            self.clients[at].rest();
            self.arrange_client(at);
        });
    }

    fn carry_out(&mut self, what: &Intervention) {
        let nodes = self.setup.nodes;
        match what {
            Intervention::Crash(node) => self.crash(*node),
            Intervention::Restart(node) => self.boot(*node as usize - 1),
            Intervention::Freeze(node) => self.freeze(*node),
            Intervention::Thaw(node) => self.thaw(*node),
            Intervention::TimeOut(node) => self.time_out(*node),
            Intervention::Beat(node) => self.feed(*node as usize - 1, 0, |raft, now| {
                raft.fire(now, Timer::Heartbeat)
            }),
            Intervention::CompleteWrite(node) => self.complete_write(*node as usize - 1),
            Intervention::StallDisk(node) => self.stall(*node, true),
            Intervention::ResumeDisk(node) => self.stall(*node, false),
            Intervention::Isolate(node) => self.cut(&Fault::Isolate(*node).pairs(nodes), true),
            Intervention::Reconnect(node) => self.cut(&Fault::Isolate(*node).pairs(nodes), false),
            Intervention::Cut { from, to } => self.cut(&[(*from, *to)], true),
            Intervention::Restore { from, to } => self.cut(&[(*from, *to)], false),
            Intervention::Partition(groups) => self.split(groups),
            Intervention::Heal => {
                self.network.heal();
                self.network.unclog_all(&mut self.queue, self.now);
            }
            Intervention::Clog { from, to } => self.network.clog(*from, *to),
            Intervention::Unclog { from, to } => self.unclog(*from, *to),
            Intervention::Drop(id) => self.network.lose(*id),
            Intervention::Deliver(id) => self.network.hurry(&mut self.queue, self.now, *id),
            Intervention::Duplicate(id) => self.network.double(&mut self.queue, self.now, *id),
            Intervention::Hold(id) => self.network.hold(*id),
            Intervention::Release(id) => self.network.release(&mut self.queue, self.now, *id),
            Intervention::Transfer { node, to } => self.ask_transfer(*node, *to),
            Intervention::Reconfigure {
                node,
                voters,
                learners,
            } => self.ask_change(*node, members(voters, learners)),
            Intervention::CutOff(group) => self.cut(&Fault::of_group(group).pairs(nodes), true),
            Intervention::Rejoin(group) => self.cut(&Fault::of_group(group).pairs(nodes), false),
            Intervention::FailDisk(node) => self.nodes[*node as usize - 1].failing = true,
            Intervention::MendDisk(node) => self.nodes[*node as usize - 1].failing = false,
            Intervention::Calm => self.calm(),
            Intervention::CalmButGone => self.calm_but_gone(),
            Intervention::FillDisk { node, left } => {
                self.nodes[*node as usize - 1].disk.room = Some(*left);
            }
            Intervention::FreeDisk(node) => self.nodes[*node as usize - 1].disk.room = None,
            Intervention::Wipe(node) => self.wipe(*node),
            Intervention::Rot { node, before } => self.rot(*node, *before),
            Intervention::Misdirect { node, before } => {
                self.spoil(*node, NextWrite::Misdirected(*before));
            }
            Intervention::LoseWrite(node) => self.spoil(*node, NextWrite::Lost),
            Intervention::RotVote(node) => self.rot_vote(*node),
            Intervention::RotSnapshot(node) => self.rot_snapshot(*node),
            Intervention::RunClock { node, rate } => self.run_clock(*node, *rate),
            Intervention::JumpClock { node, by } => self.jump_clock(*node, *by),
            Intervention::Ask { client, node, op } => {
                let at = *client as usize - 1;
                let mut env = Env {
                    now: self.now,
                    setup: &self.setup,
                    checks: &mut self.checks,
                };
                if let Some((node, asked)) = self.clients[at].start(&mut env, *node, op.clone()) {
                    self.question(at, node, asked);
                }
                self.arrange_client(at);
            }
        }
    }

    pub(super) fn crash(&mut self, node: u64) {
        let at = node as usize - 1;
        self.nodes[at].crash(&self.setup.disk);
        self.checks.on_crash(node);
        self.arrange_node(at);
    }

    pub(super) fn freeze(&mut self, node: u64) {
        let at = node as usize - 1;
        self.nodes[at].condition = Frozen;
        self.arrange_node(at);
    }

    /// What came while the node was frozen arrives now, one event each, before its timer.
    fn thaw(&mut self, node: u64) {
        let at = node as usize - 1;
        self.nodes[at].condition = Up;
        for flight in std::mem::take(&mut self.nodes[at].inbox) {
            self.network.put_back(&mut self.queue, self.now, flight);
        }
        self.arrange_node(at);
    }

    pub(super) fn time_out(&mut self, node: u64) {
        self.feed(node as usize - 1, 0, |raft, now| {
            raft.fire(now, Timer::Election)
        });
    }

    /// A disk that hangs finishes nothing; what it was at is done soon after it goes on.
    pub(super) fn stall(&mut self, node: u64, stalled: bool) {
        let at = node as usize - 1;
        self.nodes[at].stalled = stalled;
        self.arrange_node(at);
    }

    pub(super) fn run_clock(&mut self, node: u64, rate: u32) {
        let at = node as usize - 1;
        self.nodes[at].clock.run_at(self.now, rate);
        self.arrange_node(at);
    }

    pub(super) fn jump_clock(&mut self, node: u64, by: u64) {
        let at = node as usize - 1;
        self.nodes[at].clock.jump(self.now, by);
        self.arrange_node(at);
    }

    pub(super) fn cut(&mut self, pairs: &[(u64, u64)], cut: bool) {
        pairs
            .iter()
            .for_each(|(from, to)| self.network.set_cut(*from, *to, cut));
    }

    /// A clogged direction lets go of all it has.
    pub(super) fn unclog(&mut self, from: u64, to: u64) {
        self.network.unclog(&mut self.queue, self.now, from, to);
    }

    fn split(&mut self, groups: &[Vec<u64>]) {
        self.network.heal();
        let group = |node: u64| groups.iter().position(|group| group.contains(&node));
        for from in 1..=self.setup.nodes {
            for to in 1..=self.setup.nodes {
                self.network.set_cut(from, to, group(from) != group(to));
            }
        }
    }

    pub(super) fn bring_back(&mut self, node: u64) {
        if self.faults.gone() == Some(node) || !self.nodes[node as usize - 1].is_here() {
            return;
        }
        match self.nodes[node as usize - 1].condition {
            Crashed => self.boot(node as usize - 1),
            Frozen => self.thaw(node),
            Up | NodeCondition::Unknown => {}
        }
    }
}

pub(super) fn members(voters: &[u64], learners: &[u64]) -> Members {
    let learners = Members::of_voters(learners.iter().copied().map(NodeId)).voters;
    Members {
        learners,
        ..Members::of_voters(voters.iter().copied().map(NodeId))
    }
}
