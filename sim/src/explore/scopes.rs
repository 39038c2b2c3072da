//! The named scopes, one family a file.
//!
//! Sizes are chosen so that all of them end within minutes. Where a whole family would not, it
//! has scopes that leave something out and are exhausted, and one named `-far` that leaves
//! nothing out and is not: there messages arrive in turn but for a few departures.

mod broken;
mod election;
mod leases;
mod membership;
mod overtaken;
mod persistence;
mod reads;
mod replication;
mod rot;
mod snapshots;
mod transfer;

use super::scope::{Scope, Target};
use raftwerk_core::Body;

/// Every scope, in the order in which they are run.
#[must_use]
pub fn scopes() -> Vec<Scope> {
    [
        election::scopes(),
        replication::scopes(),
        persistence::scopes(),
        rot::scopes(),
        overtaken::scopes(),
        snapshots::scopes(),
        reads::scopes(),
        leases::scopes(),
        transfer::scopes(),
        membership::scopes(),
    ]
    .concat()
}

/// Scopes with broken hosts or networks. Each must end in a violation.
#[must_use]
pub fn broken_scopes() -> Vec<Scope> {
    broken::scopes()
}

/// Four voters and two learners; one of the learners becomes a voter.
const A_FIFTH_VOTER: &[Target] = &[
    Target {
        voters: &[1, 2, 3, 4, 5],
        learners: &[6],
    },
    Target {
        voters: &[1, 2, 3, 4, 6],
        learners: &[5],
    },
];

/// Appends: what is left are elections.
fn appends(body: &Body) -> bool {
    matches!(body, Body::Append { .. })
}

/// Appends without entries: heartbeats, and the word that something is committed. Entries carry
/// that word as well, so what is left are elections and logs.
fn empty_appends(body: &Body) -> bool {
    matches!(body, Body::Append { entries, .. } if entries.is_empty())
}
