//! What the autopilot decides, with the values that decided it.

use crate::membership::Members;
use crate::time::Span;
use crate::types::NodeId;

/// The members that should be, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Decision {
    /// Who shall be members.
    pub target: Members,
    /// Why.
    pub reason: Reason,
}

/// Why the members should change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reason {
    /// There are more voters than wanted: this one becomes a learner.
    Shrink {
        /// The voter.
        voter: NodeId,
        /// For how long it has been silent, if it is dead.
        dead: Option<Span>,
        /// Voters there are.
        voters: u64,
        /// Voters wanted.
        wanted: u64,
    },
    /// A voter is dead: it becomes a learner, and a learner takes its place.
    Replace {
        /// The voter.
        dead: NodeId,
        /// For how long it has been silent.
        silent: Span,
        /// The learner.
        spare: NodeId,
        /// For how long it has been steady.
        steady: Span,
    },
    /// There are fewer voters than wanted: this learner becomes one.
    Promote {
        /// The learner.
        learner: NodeId,
        /// For how long it has been steady.
        steady: Span,
        /// Voters there are.
        voters: u64,
        /// Voters wanted.
        wanted: u64,
    },
    /// This learner has been silent for so long that it is removed.
    Forget {
        /// The learner.
        learner: NodeId,
        /// For how long it has been silent.
        silent: Span,
    },
}
