//! A node's disk is wiped, and its machine comes back as a new node (trap D9).

use super::World;
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
        let lost = |one: NodeId| {
            let known = self.nodes.get(one.0 as usize - 1);
            one.0 == node || known.is_some_and(|node| node.presence == Presence::Wiped)
        };
        let rafts = self.nodes.iter().filter_map(|node| node.raft.as_ref());
        let known = rafts.filter_map(|raft| raft.view().membership());
        let known = known.map(|membership| &membership.members);
        // What a node that is down goes by is on its disk.
        let down = self.nodes.iter().filter(|node| node.raft.is_none());
        let on_disk: Vec<_> = down
            .filter_map(|node| node.disk.device().members())
            .collect();
        let committed = self.checks.members().into_iter();
        match survives_without(known.chain(&on_disk).chain(committed), lost) {
            true => Ok(()),
            false => Err(format!(
                "Without S{node} no majority would be left for ever."
            )),
        }
    }

    /// Who comes next under a new id.
    fn newcomer(&self) -> Option<usize> {
        let not_yet = |node: &crate::node::Node| node.presence == Presence::NotYet;
        self.nodes.iter().position(not_yet)
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
        self.nodes[at].lost = Some(Arc::new(self.nodes[at].disk.device().clone()));
        self.nodes[at].wipe(Durable::default());
        self.nodes[at].presence = Presence::Wiped;
        if let Some(new) = self.newcomer() {
            self.nodes[new].presence = Presence::Here;
            self.faults.wipe.came_back(new as u64 + 1);
            self.boot(new);
        }
    }
}
