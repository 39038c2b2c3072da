//! What the loop tells without being watched: status and gauges.

use crate::metrics::Metrics;
use raftwerk_core::trace::Role;
use raftwerk_core::{Members, NodeId, Raft};
use raftwerk_kv::Store;
use raftwerk_wire::client::{MemberStatus, Status};
use std::sync::atomic::Ordering::Relaxed;

/// The status of a node; `constant` holds what does not change. Connections are filled in by
/// who knows them.
#[must_use]
pub fn status(constant: &Status, raft: &Raft, store: &Store) -> Status {
    let view = raft.view();
    Status {
        role: role_name(view.role()).to_string(),
        term: view.term().0,
        leader: view.leader().map(|node| node.0),
        last: view.last().index.0,
        commit: view.commit().0,
        applied: view.applied().0,
        revision: store.revision(),
        suspect: view.suspect().map(raftwerk_wire::explain::suspicion),
        members: members(raft),
        ..constant.clone()
    }
}

/// The members in force; where they are reached is filled in by who knows it.
fn members(raft: &Raft) -> Vec<MemberStatus> {
    let membership = raft.view().membership();
    membership.map_or_else(Vec::new, |now| member_list(&now.members))
}

/// Members with the part that each has.
#[must_use]
pub fn member_list(members: &Members) -> Vec<MemberStatus> {
    let kind = |node: &NodeId| match () {
        () if members.learners.contains(node) => "learner",
        () if members.voters.contains(node) => "voter",
        () => "outgoing",
    };
    let member = |node: NodeId| MemberStatus {
        id: node.0,
        kind: kind(&node).to_string(),
        ..MemberStatus::default()
    };
    members.all().into_iter().map(member).collect()
}

/// Sets all gauges; `waiting` counts requests that wait for the core.
pub fn gauges(metrics: &Metrics, raft: &Raft, store: &Store, waiting: usize) {
    let view = raft.view();
    let role = match view.role() {
        Role::Follower => 0,
        Role::PreCandidate => 1,
        Role::Candidate => 2,
        Role::Leader => 3,
    };
    let snapshot = view.snapshot();
    let campaigned = matches!(view.role(), Role::PreCandidate | Role::Candidate);
    if campaigned && matches!(metrics.role.load(Relaxed), 0 | 3) {
        metrics.elections.fetch_add(1, Relaxed);
    }
    for (gauge, value) in [
        (&metrics.role, role),
        (&metrics.term, view.term().0),
        (&metrics.leader, view.leader().map_or(0, |node| node.0)),
        (&metrics.last, view.last().index.0),
        (&metrics.durable, view.durable().0),
        (&metrics.commit, view.commit().0),
        (&metrics.applied, view.applied().0),
        (&metrics.revision, store.revision()),
        (&metrics.keys, store.keys() as u64),
        (&metrics.open, waiting as u64),
        (
            &metrics.snapshot,
            snapshot.map_or(0, |meta| meta.last.index.0),
        ),
        (&metrics.suspect, u64::from(view.suspect().is_some())),
    ] {
        gauge.store(value, Relaxed);
    }
}

/// A role as the API calls it.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre_candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}
