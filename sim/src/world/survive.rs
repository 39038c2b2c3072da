//! What may be done to whom, so that the cluster survives it. The rule and its reasons are those of
//! `faults::atlas`; here is who counts.

use super::World;
use crate::faults::{survive_any, survives_without};
use crate::node::{Node, Presence};
use raftwerk_core::{Members, NodeId};

/// What is about to happen.
#[derive(Clone, Copy)]
enum Coming<'a> {
    /// The disk of this node is wiped.
    Wipe(u64),
    /// This node will be silent, or start no more.
    Harm(u64),
    /// These are to be the members.
    Members(&'a Members),
}

impl World {
    /// Whether the node's disk may be wiped.
    pub(super) fn may_wipe(&self, node: u64) -> Result<(), String> {
        self.may_lose(node, Coming::Wipe(node))
    }

    /// Whether term and vote of the node may rot.
    pub(super) fn may_rot_vote(&self, node: u64) -> Result<(), String> {
        self.may_lose(node, Coming::Harm(node))
    }

    /// There must be a name left under which the node's machine comes back, and the cluster must
    /// survive without the node.
    fn may_lose(&self, node: u64, coming: Coming) -> Result<(), String> {
        self.must_be_here(node)?;
        let waits = |node: &&Node| node.presence == Presence::NotYet;
        // Who cannot start again has a name put by.
        let others = self.nodes.iter().filter(|other| other.id != node);
        let taken = others.filter(|other| other.disk.damage.hard_state).count();
        if self.nodes.iter().filter(waits).count() <= taken {
            return Err("There is no new node left for a machine to come back as.".to_string());
        }
        match self.survives(coming) {
            true => Ok(()),
            false => Err(format!(
                "Without S{node} no majority would be left for ever."
            )),
        }
    }

    /// Whether the log of the node may be damaged.
    pub(super) fn may_damage(&self, node: u64) -> Result<(), String> {
        self.must_be_here(node)?;
        match self.survives(Coming::Harm(node)) {
            true => Ok(()),
            false => Err(format!("Without S{node} no leader could be elected.")),
        }
    }

    /// Whether the snapshot of the node may rot.
    pub(super) fn may_rot_snapshot(&self, node: u64) -> Result<(), String> {
        self.may_damage(node)?;
        match self.nodes[node as usize - 1].disk.has_snapshot() {
            true => Ok(()),
            false => Err(format!("S{node} has no snapshot.")),
        }
    }

    /// Whether these may be the members, after what has been lost and damaged.
    pub(super) fn may_become(&self, members: &Members) -> bool {
        self.survives(Coming::Members(members))
    }

    fn survives(&self, coming: Coming) -> bool {
        let (mut wiped, mut harmed, mut target) = (None, None, None);
        match coming {
            Coming::Wipe(node) => wiped = Some(node),
            Coming::Harm(node) => harmed = Some(node),
            Coming::Members(members) => target = Some(members),
        }
        let on_disk = self.members_on_disks();
        let everybody = self.everybody();
        let all: Vec<&Members> = (self.members_in_force().chain(&on_disk))
            .chain(everybody.as_ref())
            .chain(target)
            .collect();
        let is_lost = |node: &Node| !node.is_here() || wiped == Some(node.id);
        let lost = |one: NodeId| self.nodes.get(one.0 as usize - 1).is_none_or(is_lost);
        let weak = self.nodes.iter().filter(|node| {
            let damage = node.disk.damage.hard_state || node.disk.is_damaged();
            let is = damage || harmed == Some(node.id) || self.is_doomed(node.id, &all);
            is && !is_lost(node)
        });
        let weak = weak.count();
        survives_without(all.iter().copied(), lost, weak) && self.few_survive(&all, lost, weak)
    }

    /// Every membership that may be in force without anybody asking for another one, but for those
    /// that only nodes know that are down.
    fn members_in_force(&self) -> impl Iterator<Item = &Members> {
        let rafts = self.nodes.iter().filter_map(|node| node.raft.as_ref());
        let known = rafts.clone().filter_map(|raft| raft.view().membership());
        let known = known.map(|membership| &membership.members);
        let taken_on = rafts.filter_map(|raft| raft.view().change());
        let taken_on = taken_on.map(|change| change.target);
        let committed = self.checks.members().into_iter();
        (known.chain(taken_on).chain(committed)).chain(self.checks.members_to_come())
    }

    /// What nodes that are down go by is on their disks.
    fn members_on_disks(&self) -> Vec<Members> {
        let down = self.nodes.iter().filter(|node| node.raft.is_none());
        down.filter_map(|node| node.disk.device().members())
            .collect()
    }

    /// Who will vote when all is healed, where nobody but the healing decides that.
    fn everybody(&self) -> Option<Members> {
        let all = Members::of_voters(self.present().map(NodeId));
        self.setup.autopilot.is_none().then_some(all)
    }

    /// Whether a node dies for good that votes in any of these, or will do so and may vote before;
    /// where wishes change members it comes back as soon as all is healed, and is no loss.
    fn is_doomed(&self, node: u64, all: &[&Members]) -> bool {
        let lasts = !self.setup.faults.churn.changes();
        let votes = all.iter().any(|members| members.is_voter(NodeId(node)));
        let is_dead = self.faults.gone() == Some(node);
        lasts && self.faults.doomed() == Some(node) && (votes || !is_dead)
    }

    /// Where wishes change members and an autopilot does, too: whether as few voters as it wants
    /// survive, whoever they are.
    fn few_survive(&self, all: &[&Members], lost: impl Fn(NodeId) -> bool, weak: usize) -> bool {
        let policy = self.setup.autopilot.as_ref();
        let Some(policy) = policy.filter(|_| self.setup.faults.churn.changes()) else {
            return true;
        };
        let nodes = (1..=self.setup.nodes).map(NodeId);
        let votes = |node: &NodeId| all.iter().any(|members| members.is_voter(*node));
        let lost = nodes.filter(|node| lost(*node) && votes(node)).count();
        survive_any(policy.target, (lost + weak) as u64)
    }
}
