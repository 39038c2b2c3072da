//! The silence that leases rest on (thesis 6.4.1, traps L8 and L9): a leader with a lease counts on
//! every single voter that answered it, so a broken promise is wrong whether or not two leases
//! come of it.
//!
//! What a node promised is noted here from what it was told, never asked of the node.

use super::node::Seen;
use super::{Check, Checks};
use raftwerk_core::trace::Role;
use raftwerk_core::{Body, Message, NodeId, Raft, Time};

/// What nodes promised.
#[derive(Clone, Debug, Default)]
pub(super) struct Silence {
    /// By node: until when it helps nobody else, by its own clock.
    until: Vec<Time>,
    /// What is being taken up is of an election that a leader asked for (thesis 3.10).
    handed: bool,
}

/// Whether a message asks for an election that a leader wants, or for a vote in it.
pub(super) fn is_handed(message: &Message) -> bool {
    matches!(
        message.body,
        Body::TimeoutNow { .. } | Body::Vote { transfer: true, .. }
    )
}

impl Checks {
    /// A message begins, or has ended, to be taken up.
    pub(super) fn hands_over(&mut self, handed: bool) {
        self.silence.handed = handed;
    }

    /// A node heard its leader, gave its vote or has started, now by its own clock.
    pub(super) fn promises_silence(&mut self, raft: &Raft, now: Time) {
        let view = raft.view();
        if !view.config().switches.lease_reads {
            return;
        }
        let (until, at) = (&mut self.silence.until, view.id().0 as usize - 1);
        until.resize(until.len().max(at + 1), Time(0));
        until[at] = now + view.config().timing.election_min;
    }

    /// A node has handled an input, now by its own clock: did it help somebody it may not?
    pub(super) fn keeps_silent(&mut self, raft: &Raft, now: Time, was: &Seen, is: &Seen) {
        let (own, at) = (raft.view().id(), raft.view().id().0 as usize - 1);
        let until = self.silence.until.get(at).copied().unwrap_or_default();
        if self.silence.handed || now >= until {
            return;
        }
        let gave = |vote: &NodeId| *vote != own && (is.term, is.vote) != (was.term, was.vote);
        let asks = |role| matches!(role, Role::PreCandidate | Role::Candidate);
        let campaigns = asks(is.role) && (was.role, was.term) != (is.role, is.term);
        let does = match is.vote.filter(gave) {
            Some(to) => format!("votes for {to} in term {}", is.term),
            None if campaigns => format!("campaigns as {:?} in term {}", is.role, is.term),
            None => return,
        };
        let detail = format!("{own} {does} at {}, silent until {}", now.0, until.0);
        self.fail(Check::Silence, detail);
    }
}
