//! A node's disk is wiped, and its machine comes back as a new node (trap D9); a log is damaged
//! (D3).

use super::World;
use crate::disk::NextWrite;
use crate::faults::survives_without;
use crate::node::Presence;
use raftwerk_core::{Durable, NodeId};
use std::sync::Arc;

impl World {
    /// Whether the node's disk may be wiped: there must be a name left under which its machine
    /// comes back, and the cluster must survive it (`faults::atlas`).
    pub(super) fn may_wipe(&self, node: u64) -> Result<(), String> {
        self.must_be_here(node)?;
        if self.newcomer().is_none() {
            return Err("There is no new node left for a machine to come back as.".to_string());
        }
        match self.survives(Some(node), None) {
            true => Ok(()),
            false => Err(format!(
                "Without S{node} no majority would be left for ever."
            )),
        }
    }

    /// Whether the log of the node may be damaged.
    pub(super) fn may_damage(&self, node: u64) -> Result<(), String> {
        self.must_be_here(node)?;
        match self.survives(None, Some(node)) {
            true => Ok(()),
            false => Err(format!("Without S{node} no leader could be elected.")),
        }
    }

    /// Whether the cluster survives that one more disk is wiped, or one more log damaged.
    fn survives(&self, wiped: Option<u64>, damaged: Option<u64>) -> bool {
        let lost = |one: NodeId| {
            let known = self.nodes.get(one.0 as usize - 1);
            wiped == Some(one.0) || known.is_some_and(|node| node.presence == Presence::Wiped)
        };
        let silent = self.nodes.iter().filter(|node| {
            let is = damaged == Some(node.id) || node.disk.damage.is_any();
            is && !lost(NodeId(node.id))
        });
        let rafts = self.nodes.iter().filter_map(|node| node.raft.as_ref());
        let known = rafts.filter_map(|raft| raft.view().membership());
        let known = known.map(|membership| &membership.members);
        // What a node that is down goes by is on its disk.
        let down = self.nodes.iter().filter(|node| node.raft.is_none());
        let on_disk: Vec<_> = down
            .filter_map(|node| node.disk.device().members())
            .collect();
        let committed = self.checks.members().into_iter();
        survives_without(known.chain(&on_disk).chain(committed), lost, silent.count())
    }

    /// Who comes next under a new id.
    fn newcomer(&self) -> Option<usize> {
        let not_yet = |node: &crate::node::Node| node.presence == Presence::NotYet;
        self.nodes.iter().position(not_yet)
    }

    /// A record of the node's log rots.
    pub(super) fn rot(&mut self, node: u64, before: u64) {
        self.nodes[node as usize - 1].disk.rot(before);
    }

    /// The node's next write that appends goes wrong.
    pub(super) fn spoil(&mut self, node: u64, how: NextWrite) {
        self.nodes[node as usize - 1].disk.damage.next = Some(how);
    }

    pub(super) fn wipe(&mut self, node: u64) {
        let at = node as usize - 1;
        self.crash(node);
        #[cfg(feature = "sabotage")]
        if self.nodes[at].careless == Some(crate::setup::HostRule::NewId) {
            // As if a new cluster began on the same machine.
            let first = Durable::bootstrap(&self.setup.first_members());
            self.nodes[at].wipe(first);
            return self.boot(at);
        }
        let held = Arc::new(self.nodes[at].disk.device().clone());
        self.nodes[at].wipe(Durable::default());
        self.nodes[at].disk.damage.held.push(held);
        self.nodes[at].presence = Presence::Wiped;
        if let Some(new) = self.newcomer() {
            self.nodes[new].presence = Presence::Here;
            self.faults.wipe.came_back(new as u64 + 1);
            self.boot(new);
        }
    }
}
