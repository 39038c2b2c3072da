//! Who belongs to the cluster, and which of them make a majority (paper 6, thesis 4).
//!
//! [`Members`] is what a log entry says; [`Membership`] adds where it stands. During a joint
//! change there are two sets of voters and every decision needs a majority of both (trap M4):
//! all quorum questions go through [`crate::quorum`], none is answered anywhere else.

use crate::types::{Index, LogId, NodeId};

/// The members an entry names. Lists are sorted and free of doubles.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Members {
    /// They vote.
    pub voters: Vec<NodeId>,
    /// Voters of the configuration being left; empty outside a joint change.
    pub outgoing: Vec<NodeId>,
    /// They receive the log and do not vote.
    pub learners: Vec<NodeId>,
    /// Outgoing voters that become learners when the joint change ends.
    pub demote_later: Vec<NodeId>,
}

impl Members {
    /// A plain set of voters.
    #[must_use]
    pub fn of_voters(voters: impl IntoIterator<Item = NodeId>) -> Members {
        let mut voters: Vec<NodeId> = voters.into_iter().collect();
        voters.sort_unstable();
        voters.dedup();
        Members {
            voters,
            ..Members::default()
        }
    }

    /// Whether the node votes, in either half of a joint change.
    #[must_use]
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.voters.binary_search(&node).is_ok() || self.outgoing.binary_search(&node).is_ok()
    }

    /// Whether the node receives the log, as a voter or a learner.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.is_voter(node) || self.learners.binary_search(&node).is_ok()
    }

    /// Whether two majorities are needed.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Every member once, in order of id.
    #[must_use]
    pub fn all(&self) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = self
            .voters
            .iter()
            .chain(&self.outgoing)
            .chain(&self.learners)
            .copied()
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Length of all lists together; a measure of size, not a count of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voters.len() + self.outgoing.len() + self.learners.len() + self.demote_later.len()
    }

    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The members in force and the entry that named them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Membership {
    /// Id of the entry that holds it; the origin when the node knows no membership yet.
    pub id: LogId,
    /// Who they are.
    pub members: Members,
}

impl Membership {
    /// Position of the entry that holds it.
    #[must_use]
    pub fn index(&self) -> Index {
        self.id.index
    }
}
