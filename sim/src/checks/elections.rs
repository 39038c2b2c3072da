//! Checks of elections: who may campaign, and whether those who voted are a majority (paper 5.2
//! and 6).
//!
//! Votes are counted here as they left the nodes that gave them, so that a candidate that counts
//! wrongly is seen although nobody else wins.

use super::halves::Halves;
use super::{Check, Checks};
use crate::node::Node;
use raftwerk_core::{NodeId, Raft};

impl Checks {
    /// A node begins to campaign: it must be a voter of the members that it knows to be committed.
    /// (Who was a voter until a change that is not committed yet may still be needed, trap M5.)
    pub(super) fn on_campaign(&mut self, raft: &Raft) {
        let view = raft.view();
        let membership = view.membership();
        let may = membership.is_some_and(|membership| {
            membership.index() > view.commit() || membership.members.is_voter(view.id())
        });
        if !may {
            let detail = format!("{} campaigns; its members are {membership:?}", view.id());
            self.fail(Check::Campaign, detail);
        }
    }

    /// A node gives its vote: one that knows no members may have lost its disk (trap M10).
    pub(super) fn on_vote_without_members(&mut self, raft: &Raft, to: NodeId) {
        if raft.view().membership().is_none() {
            let detail = format!("{} knows no members and votes for {to}", raft.view().id());
            self.fail(Check::Campaign, detail);
        }
    }

    /// A node leads: a majority of every half must have given it their votes in this term. Whose
    /// newest vote is of a later term is believed.
    pub(super) fn on_votes(&mut self, nodes: &[Node], raft: &Raft, term: u64) {
        let (view, own) = (raft.view(), raft.view().id());
        let Some(membership) = view.membership() else {
            return;
        };
        let on_disk = nodes[own.0 as usize - 1].disk.hard_state();
        let voted = |node: NodeId| match self.votes.get(node.0 as usize - 1) {
            _ if node == own => on_disk.term.0 == term && on_disk.vote == Some(own),
            Some((newest, to)) => *newest > term || (*newest == term && *to == own),
            None => false,
        };
        if !Halves::of(&membership.members).majority(voted) {
            let members = &membership.members;
            let given: Vec<NodeId> = members.all().into_iter().filter(|n| voted(*n)).collect();
            let detail = format!("{own} leads term {term}; {given:?} of {members:?} voted for it");
            self.fail(Check::Elected, detail);
        }
    }
}
