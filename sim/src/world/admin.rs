//! What leaders are asked for from outside: to hand over (thesis 3.10), to change the members
//! (thesis 4). A person asks by an intervention, the fault plan by a wish.
//!
//! Who asks is nobody's client: the answer is not told to anybody. What a core takes on gets a
//! ticket all the same, and that must end.

use super::World;
use crate::checks::Taken;
use crate::faults::{Wish, Wished};
use raftwerk_core::trace::Role;
use raftwerk_core::{Members, NodeId, Raft, Refusal, Ticket, Time};
use raftwerk_wire::explain;
use raftwerk_wire::view::NodeCondition::Up;

impl World {
    /// Asks a node to hand leadership over.
    pub(super) fn ask_transfer(&mut self, node: u64, to: Option<u64>) {
        self.order(node, Taken::Transfer, move |raft, now, ticket| {
            raft.transfer(now, ticket, to.map(NodeId))
        });
    }

    /// Asks a node to change the members.
    pub(super) fn ask_change(&mut self, node: u64, target: Members) {
        self.order(node, Taken::Change, move |raft, now, ticket| {
            raft.reconfigure(now, ticket, target)
        });
    }

    /// The fault plan wants something of a leader. False: there is nothing to ask for, or members
    /// would be asked for without whom the cluster could not go on (`faults::atlas`).
    pub(super) fn grant(&mut self, wish: Wish) -> bool {
        if let Wished::Transfer(to) = wish.what {
            self.note_wish(wish, None);
            self.ask_transfer(wish.at, to);
            return true;
        }
        let raft = self.nodes[wish.at as usize - 1].raft.as_ref();
        let now = raft.and_then(|raft| raft.view().membership());
        let target = now.and_then(|now| wish.what.members(&now.members));
        let Some(target) = target.filter(|target| self.may_become(target)) else {
            return false;
        };
        self.note_wish(wish, Some(&target));
        self.ask_change(wish.at, target);
        true
    }

    /// Who runs and believes to lead.
    pub fn leaders(&self) -> impl Iterator<Item = NodeId> {
        let bits = self.leads();
        let nodes = (1..=self.setup.nodes).filter(move |node| bits & (1 << node) != 0);
        nodes.map(NodeId)
    }

    /// Who runs and believes to lead, as bits.
    pub(super) fn leads(&self) -> u16 {
        let leads = self
            .nodes
            .iter()
            .filter(|node| node.condition == Up && node.seen.role == Role::Leader);
        leads.fold(0, |bits, node| bits | 1 << node.id)
    }

    /// Whether a node would take this on now.
    pub(super) fn would(
        &self,
        node: u64,
        order: impl FnOnce(&mut Raft, Time, Ticket) -> Result<(), Refusal>,
    ) -> Result<(), String> {
        let mut raft = self.nodes[node as usize - 1].raft.clone();
        let ticket = Ticket(u64::MAX);
        let now = self.nodes[node as usize - 1].time(self.now);
        let taken = raft.as_mut().map(|raft| order(raft, now, ticket));
        match taken {
            Some(Ok(())) => Ok(()),
            Some(Err(why)) => Err(format!("S{node} refuses: {}.", explain::refusal(why))),
            None => Err(format!("S{node} is not running.")),
        }
    }

    fn order(
        &mut self,
        node: u64,
        taken: Taken,
        order: impl FnOnce(&mut Raft, Time, Ticket) -> Result<(), Refusal>,
    ) {
        let at = node as usize - 1;
        let now = self.nodes[at].time(self.now);
        let ticket = self.nodes[at].next_ticket();
        let Some(raft) = &mut self.nodes[at].raft else {
            return;
        };
        if order(raft, now, ticket).is_ok() {
            if taken == Taken::Change {
                self.checks.on_accepted(raft);
            }
            self.nodes[at].use_ticket();
            self.checks.on_taken(node, ticket, taken);
        }
        self.input_given(at, 0);
        self.drain(at, 0);
    }
}
