//! Interventions and random faults: what is done to the world from outside.
//!
//! An intervention is checked completely before anything changes, so a refused one leaves no
//! trace. Each one counts as an event and happens at a time between the last event and the next.

use super::World;
use crate::clients::Env;
use crate::disk::NextWrite;
use crate::faults::{Fault, State};
use crate::intervention::Intervention;
use crate::network::Flight;
use crate::node::{Node, Presence};
use crate::setup::MILLION;
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::{Members, NodeId};
use raftwerk_wire::view::NodeCondition::{self, Crashed, Frozen, Up};

/// Ten times as fast as it should, parts of a million.
const FASTEST: u32 = 10 * MILLION;
/// Farthest that a clock jumps at once: one hour, microseconds.
const FARTHEST: u64 = 3_600_000_000;

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

    fn may(&self, what: &Intervention) -> Result<(), String> {
        match what {
            Intervention::Crash(node) => self.must_not_be(*node, Crashed, "has crashed already"),
            Intervention::Restart(node) => {
                self.must_be_here(*node)?;
                self.must_be(*node, Crashed, "has not crashed")
            }
            Intervention::Wipe(node) => self.may_wipe(*node),
            Intervention::Rot { node, .. }
            | Intervention::Misdirect { node, .. }
            | Intervention::LoseWrite(node) => self.may_damage(*node),
            Intervention::Freeze(node) => self.must_be(*node, Up, "is not running"),
            Intervention::Thaw(node) => self.must_be(*node, Frozen, "is not frozen"),
            Intervention::TimeOut(node) => {
                self.must_be(*node, Up, "is not running")?;
                if self.nodes[*node as usize - 1].seen.role == Role::Leader {
                    return Err(format!("S{node} is the leader; it has no election timer."));
                }
                Ok(())
            }
            Intervention::Beat(node) => {
                self.must_be(*node, Up, "is not running")?;
                if self.nodes[*node as usize - 1].seen.role != Role::Leader {
                    return Err(format!(
                        "S{node} does not lead; only leaders have heartbeats."
                    ));
                }
                Ok(())
            }
            Intervention::CompleteWrite(node) => {
                self.must_be(*node, Up, "is not running")?;
                if !self.nodes[*node as usize - 1].is_syncing() {
                    return Err(format!("The disk of S{node} has nothing to write."));
                }
                Ok(())
            }
            Intervention::StallDisk(node) => self.must_stall(*node, false),
            Intervention::ResumeDisk(node) => self.must_stall(*node, true),
            Intervention::Isolate(node) | Intervention::Reconnect(node) => self.exists(*node),
            Intervention::Cut { from, to } | Intervention::Restore { from, to } => {
                self.exists(*from)?;
                self.exists(*to)?;
                if from == to {
                    return Err(format!("S{from} has no link to itself."));
                }
                Ok(())
            }
            Intervention::Partition(groups) => self.may_split(groups),
            Intervention::Heal => Ok(()),
            Intervention::Drop(id) | Intervention::Deliver(id) | Intervention::Duplicate(id) => {
                self.on_the_way(*id).map(drop)
            }
            Intervention::Hold(id) => match self.on_the_way(*id)?.is_held() {
                true => Err(format!("Message {id} is held already.")),
                false => Ok(()),
            },
            Intervention::Release(id) => match self.on_the_way(*id)?.is_held() {
                true => Ok(()),
                false => Err(format!("Message {id} is not held.")),
            },
            Intervention::Transfer { node, to } => {
                self.must_be(*node, Up, "is not running")?;
                to.map_or(Ok(()), |to| self.exists(to))?;
                let to = to.map(NodeId);
                self.would(*node, |raft, now, ticket| raft.transfer(now, ticket, to))
            }
            Intervention::Reconfigure {
                node,
                voters,
                learners,
            } => {
                self.must_be(*node, Up, "is not running")?;
                let mut named = voters.iter().chain(learners);
                named.try_for_each(|node| self.exists(*node))?;
                let target = members(voters, learners);
                self.would(*node, |raft, now, ticket| {
                    raft.reconfigure(now, ticket, target)
                })
            }
            Intervention::Ask { client, node, op } => self.may_ask(*client, *node, op),
            Intervention::CutOff(group) | Intervention::Rejoin(group) => {
                self.may_split(std::slice::from_ref(group))
            }
            Intervention::FailDisk(node) => self.must_fail(*node, false),
            Intervention::MendDisk(node) => self.must_fail(*node, true),
            Intervention::Calm | Intervention::CalmButGone => Ok(()),
            Intervention::FillDisk { node, .. } => self.exists(*node),
            Intervention::FreeDisk(node) => {
                self.exists(*node)?;
                if self.nodes[*node as usize - 1].disk.room.is_none() {
                    return Err(format!("The disk of S{node} has space."));
                }
                Ok(())
            }
            Intervention::RunClock { node, rate } => {
                self.exists(*node)?;
                if !(1..=FASTEST).contains(rate) {
                    return Err(format!(
                        "A clock runs at 1 to {FASTEST} parts of a million."
                    ));
                }
                Ok(())
            }
            Intervention::JumpClock { node, by } => {
                self.exists(*node)?;
                if *by > FARTHEST {
                    return Err(format!("A clock jumps {FARTHEST} microseconds at most."));
                }
                Ok(())
            }
        }
    }

    fn on_the_way(&self, id: u64) -> Result<&Flight, String> {
        let found = self.network.find(id);
        found.ok_or_else(|| format!("Message {id} is not on the way any more."))
    }

    fn exists(&self, node: u64) -> Result<(), String> {
        if (1..=self.setup.nodes).contains(&node) {
            return Ok(());
        }
        Err(format!(
            "There is no S{node}; the nodes are S1 to S{}.",
            self.setup.nodes
        ))
    }

    pub(super) fn must_be_here(&self, node: u64) -> Result<(), String> {
        self.exists(node)?;
        match self.nodes[node as usize - 1].presence {
            Presence::Here => Ok(()),
            Presence::NotYet => Err(format!("S{node} is not there yet.")),
            Presence::Wiped => Err(format!("The disk of S{node} was wiped.")),
        }
    }

    fn must_be(&self, node: u64, wanted: NodeCondition, else_it: &str) -> Result<(), String> {
        self.exists(node)?;
        if self.nodes[node as usize - 1].condition == wanted {
            return Ok(());
        }
        Err(format!("S{node} {else_it}."))
    }

    fn must_not_be(&self, node: u64, other: NodeCondition, it: &str) -> Result<(), String> {
        self.exists(node)?;
        if self.nodes[node as usize - 1].condition != other {
            return Ok(());
        }
        Err(format!("S{node} {it}."))
    }

    fn must_stall(&self, node: u64, wanted: bool) -> Result<(), String> {
        self.exists(node)?;
        match (self.nodes[node as usize - 1].stalled, wanted) {
            (false, true) => Err(format!("The disk of S{node} does not hang.")),
            (true, false) => Err(format!("The disk of S{node} hangs already.")),
            _ => Ok(()),
        }
    }

    fn must_fail(&self, node: u64, wanted: bool) -> Result<(), String> {
        self.exists(node)?;
        match (self.nodes[node as usize - 1].failing, wanted) {
            (false, true) => Err(format!("The disk of S{node} is not about to fail.")),
            (true, false) => Err(format!("The disk of S{node} is about to fail already.")),
            _ => Ok(()),
        }
    }

    fn may_split(&self, groups: &[Vec<u64>]) -> Result<(), String> {
        let mut seen = Vec::new();
        for node in groups.iter().flatten() {
            self.exists(*node)?;
            if seen.contains(node) {
                return Err(format!("S{node} is named twice; name each node once."));
            }
            seen.push(*node);
        }
        if seen.is_empty() {
            return Err("Name at least one node, for example 1 2 | 3 4 5.".to_string());
        }
        Ok(())
    }

    fn may_ask(&self, client: u64, node: u64, op: &crate::Op) -> Result<(), String> {
        self.exists(node)?;
        let clients = self.setup.clients;
        if !(1..=clients).contains(&client) {
            return Err(format!(
                "There is no C{client}; there are {clients} clients."
            ));
        }
        if let Some(current) = &self.clients[client as usize - 1].current {
            return Err(format!(
                "C{client} still waits for the answer to {}.",
                current.op
            ));
        }
        op.validate()
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
            Intervention::Heal => self.network.heal(),
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

    fn freeze(&mut self, node: u64) {
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

    fn time_out(&mut self, node: u64) {
        self.feed(node as usize - 1, 0, |raft, now| {
            raft.fire(now, Timer::Election)
        });
    }

    /// A disk that hangs finishes nothing; what it was at is done soon after it goes on.
    fn stall(&mut self, node: u64, stalled: bool) {
        let at = node as usize - 1;
        self.nodes[at].stalled = stalled;
        self.arrange_node(at);
    }

    fn run_clock(&mut self, node: u64, rate: u32) {
        let at = node as usize - 1;
        self.nodes[at].clock.run_at(self.now, rate);
        self.arrange_node(at);
    }

    fn jump_clock(&mut self, node: u64, by: u64) {
        let at = node as usize - 1;
        self.nodes[at].clock.jump(self.now, by);
        self.arrange_node(at);
    }

    fn cut(&mut self, pairs: &[(u64, u64)], cut: bool) {
        pairs
            .iter()
            .for_each(|(from, to)| self.network.set_cut(*from, *to, cut));
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

    fn bring_back(&mut self, node: u64) {
        if self.faults.gone() == Some(node) || !self.nodes[node as usize - 1].is_here() {
            return;
        }
        match self.nodes[node as usize - 1].condition {
            Crashed => self.boot(node as usize - 1),
            Frozen => self.thaw(node),
            Up | NodeCondition::Unknown => {}
        }
    }

    /// The fault plan is due: something ends, or something new begins.
    pub(super) fn fault_due(&mut self) {
        let nodes = self.setup.nodes;
        if let Some(fault) = self.faults.ended(self.now) {
            self.note_end(fault);
            match fault {
                Fault::Crash(node) | Fault::Freeze(node) | Fault::Restart(node) => {
                    self.bring_back(node);
                }
                Fault::Fill(node, _) => {
                    self.nodes[node as usize - 1].disk.room = None;
                    self.bring_back(node);
                }
                Fault::FailDisk(node) => {
                    self.nodes[node as usize - 1].failing = false;
                    self.bring_back(node);
                }
                Fault::Stall(node) => self.stall(node, false),
                fault => self.cut(&fault.pairs(nodes), false),
            }
        } else {
            let count = |is: fn(&Node) -> bool| self.nodes.iter().filter(|node| is(node)).count();
            let state = State {
                nodes,
                leader: self.checks.newest_leader(),
                down: count(|node| node.condition != Up && node.is_here()) as u64,
                stalled: count(|node| node.stalled) as u64,
                leads: self.leads(),
            };
            if let Some(fault) = self.faults.draw(self.now, &self.setup.faults, state) {
                self.inflict(fault);
            }
        }
        self.arrange_faults();
    }

    fn inflict(&mut self, fault: Fault) {
        let condition = |node: u64| self.nodes[node as usize - 1].condition;
        let may = match fault {
            Fault::Wipe(node) => self.may_wipe(node),
            Fault::Rot(node, _) | Fault::Misdirect(node, _) | Fault::LoseWrite(node) => {
                self.may_damage(node)
            }
            _ => Ok(()),
        };
        if may.is_err() {
            return;
        }
        let idle = match fault {
            Fault::Crash(node) | Fault::Restart(node) | Fault::Die(node) => {
                condition(node) == Crashed
            }
            Fault::Freeze(node) | Fault::TimeOut(node) => condition(node) != Up,
            _ => false,
        };
        if idle {
            return;
        }
        self.note_fault(fault);
        if let Fault::Wish(wish) | Fault::Urge(wish) | Fault::Exchange(wish) = fault {
            let granted = self.grant(wish);
            self.struck.if_so(fault.class(), granted);
            return;
        }
        self.struck.once(fault.class());
        match fault {
            Fault::Crash(node) | Fault::Restart(node) | Fault::Die(node) => self.crash(node),
            Fault::Freeze(node) => self.freeze(node),
            Fault::TimeOut(node) => self.time_out(node),
            Fault::Stall(node) => self.stall(node, true),
            Fault::FailDisk(node) => self.nodes[node as usize - 1].failing = true,
            Fault::Wipe(node) => self.wipe(node),
            Fault::Rot(node, before) => self.rot(node, before),
            Fault::Misdirect(node, before) => self.spoil(node, NextWrite::Misdirected(before)),
            Fault::LoseWrite(node) => self.spoil(node, NextWrite::Lost),
            Fault::Fill(node, left) => self.nodes[node as usize - 1].disk.room = Some(left),
            Fault::Rate(node, rate) => self.run_clock(node, rate),
            Fault::Jump(node, by) => self.jump_clock(node, by),
            fault => self.cut(&fault.pairs(self.setup.nodes), true),
        }
    }
}

fn members(voters: &[u64], learners: &[u64]) -> Members {
    let learners = Members::of_voters(learners.iter().copied().map(NodeId)).voters;
    Members {
        learners,
        ..Members::of_voters(voters.iter().copied().map(NodeId))
    }
}
