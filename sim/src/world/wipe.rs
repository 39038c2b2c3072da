//! A node's disk is wiped, and its machine comes back as a new node (trap D9); a log, a snapshot, or
//! term and vote are damaged (D3).

use super::World;
use crate::disk::NextWrite;
use crate::faults::Class;
use crate::node::{Node, Presence};
use raftwerk_core::Durable;
use std::sync::Arc;

impl World {
    /// Who comes next under a new id.
    fn newcomer(&self) -> Option<usize> {
        let not_yet = |node: &Node| node.presence == Presence::NotYet;
        self.nodes.iter().position(not_yet)
    }

    /// A record of the node's log rots.
    pub(super) fn rot(&mut self, node: u64, before: u64) {
        self.nodes[node as usize - 1].disk.rot(before);
    }

    /// Term and vote of the node rot.
    pub(super) fn rot_vote(&mut self, node: u64) {
        self.nodes[node as usize - 1].disk.damage.hard_state = true;
    }

    /// A byte of the node's snapshot rots.
    pub(super) fn rot_snapshot(&mut self, node: u64) {
        self.nodes[node as usize - 1].rot_snapshot();
    }

    /// A node is about to start whose term and vote cannot be read. Nobody knows whom it voted for
    /// in which term, so it must never again act under its id: with any other term and vote it
    /// could vote twice, with none at all it has no history to stand by (`WalError::Suspect` in the
    /// server). Whatever else is on its disk goes, and the machine begins anew.
    pub(super) fn refuse_start(&mut self, at: usize) {
        self.nodes[at].struck.once(Class::Refused);
        self.wipe(at as u64 + 1);
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
        let mut held = std::mem::take(&mut self.nodes[at].disk.damage.held);
        held.push(Arc::new(self.nodes[at].disk.device().clone()));
        self.nodes[at].wipe(Durable::default());
        self.nodes[at].disk.damage.held = held;
        self.nodes[at].presence = Presence::Wiped;
        if let Some(new) = self.newcomer() {
            self.nodes[new].presence = Presence::Here;
            self.faults.wipe.came_back(self.now, node, new as u64 + 1);
            self.arrange_faults();
            self.boot(new);
        }
    }
}
