//! What the loop tells without being watched: status and gauges.

use crate::metrics::Metrics;
use raftwerk_core::Raft;
use raftwerk_core::trace::Role;
use raftwerk_kv::Store;
use raftwerk_wire::client::Status;
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
        ..constant.clone()
    }
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
