//! The machine as it would be if the nodes had other names.
//!
//! The explorer takes worlds that differ in names alone for one, and must do the same with what the
//! machine knows of them. That no rule favours a name is not believed: `explore::reading` holds what
//! is made here against what the machine makes of the trace of the renamed nodes.

use super::state::{Node, Reign, State};
use raftwerk_core::{HardState, Members, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which name a node gets.
type Names<'a> = &'a dyn Fn(NodeId) -> NodeId;

/// The cluster under other names.
pub(super) fn state(state: &State, names: Names<'_>) -> State {
    let voted = |votes: &BTreeSet<_>| -> BTreeSet<_> {
        let votes = votes.iter();
        let votes = votes.map(|(term, voter, to)| (*term, names(*voter), names(*to)));
        votes.collect()
    };
    let named = state.memberships.iter();
    let named = named.map(|(entry, listed)| (*entry, members(listed, names)));
    let nodes = state.nodes.iter();
    let reigns = state.reigns.iter();
    State {
        first: Arc::new(members(&state.first, names)),
        silence: state.silence,
        nodes: nodes
            .map(|(id, one)| (names(*id), Arc::new(node(one, names))))
            .collect(),
        reigns: reigns
            .map(|(term, one)| (*term, Arc::new(reign(one, names))))
            .collect(),
        campaigns: by_term(&state.campaigns, names),
        pre_campaigns: by_term(&state.pre_campaigns, names),
        votes: Arc::new(voted(&state.votes)),
        pre_votes: Arc::new(voted(&state.pre_votes)),
        claims: by_term(&state.claims, names),
        committed: Arc::clone(&state.committed),
        memberships: Arc::new(named.collect()),
        rotted: Arc::new(state.rotted.iter().map(|id| names(*id)).collect()),
    }
}

fn node(node: &Node, names: Names<'_>) -> Node {
    let mut disk = node.disk.clone();
    disk.rename_votes(|hard| HardState {
        vote: hard.vote.map(names),
        ..hard
    });
    Node {
        vote: node.vote.map(names),
        disk,
        votes: by_name(&node.votes, names),
        matched: by_name(&node.matched, names),
        ..node.clone()
    }
}

fn reign(reign: &Reign, names: Names<'_>) -> Reign {
    let handed = reign.handed.iter();
    Reign {
        leader: names(reign.leader),
        transfer: reign.transfer.map(names),
        handed: handed.map(|(to, last)| (names(*to), *last)).collect(),
        ..reign.clone()
    }
}

fn members(members: &Members, names: Names<'_>) -> Members {
    let renamed = |list: &[NodeId]| {
        let mut list: Vec<NodeId> = list.iter().map(|id| names(*id)).collect();
        list.sort_unstable();
        list
    };
    Members {
        voters: renamed(&members.voters),
        outgoing: renamed(&members.outgoing),
        learners: renamed(&members.learners),
        demote_later: renamed(&members.demote_later),
    }
}

fn by_name<V: Copy>(map: &BTreeMap<NodeId, V>, names: Names<'_>) -> BTreeMap<NodeId, V> {
    map.iter().map(|(id, what)| (names(*id), *what)).collect()
}

/// A map by term and node.
type ByTerm<T, V> = BTreeMap<(T, NodeId), V>;

fn by_term<T: Copy + Ord, V: Clone>(map: &ByTerm<T, V>, names: Names<'_>) -> Arc<ByTerm<T, V>> {
    let map = map.iter();
    let map = map.map(|((term, id), what)| ((*term, names(*id)), what.clone()));
    Arc::new(map.collect())
}
