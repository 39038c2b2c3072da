//! Why it happened: one typed event for every transition, with the values that were compared,
//! the input that caused it, and the section of the paper ("P") or the thesis ("T").
//!
//! Events are made only while somebody listens ([`Raft::listen`](crate::Raft::listen)); with
//! nobody listening each site costs one predictable branch. They never influence the machine.

mod kind;
mod reasons;
mod section;

pub use kind::Kind;
pub use reasons::{
    CommitReason, ElectionReason, FallBack, FollowerReason, Held, IgnoreReason, InstallReason,
    ReadProof, SendEnd, Silence, SnapshotUseless, Step, TransferReason, TrustReason, VoteRefusal,
};

use crate::time::Time;
use crate::types::{Index, LogId, NodeId, Term, Ticket, WriteSeq};

/// One transition of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Where.
    pub node: NodeId,
    /// When, on the host's clock.
    pub at: Time,
    /// The node's term after it.
    pub term: Term,
    /// The input that led to it.
    pub cause: Cause,
    /// What and why.
    pub kind: Kind,
}

/// The input that led to an event. The host knows more (which message, sent when) and links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Cause {
    /// The node started.
    #[default]
    Boot,
    /// A deadline passed.
    Timer(Timer),
    /// A message arrived.
    Message {
        /// Its sender.
        from: NodeId,
    },
    /// A client asked, through the host.
    Client(Ticket),
    /// The disk reported.
    Disk(WriteSeq),
    /// The state machine reported.
    Applied(Index),
    /// The host reported about a link.
    Link(NodeId),
    /// The host reported about a snapshot that ends here.
    Snapshot(LogId),
}

/// The deadlines of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Timer {
    /// No leader was heard for too long (paper 5.2).
    Election,
    /// The leader must speak (paper 5.2).
    Heartbeat,
    /// The leader asks itself whether a majority still hears it (thesis 6.2).
    CheckQuorum,
    /// A follower's question for a read index goes unanswered.
    ReadRetry,
    /// A quorum read is to be asked for again, or given up.
    ReadMark,
    /// A leadership transfer takes too long (thesis 3.10).
    Transfer,
    /// A member that comes or goes is silent for too long (thesis 4.2.1).
    Member,
}

/// Roles of a node (paper 5.1, thesis 9.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Role {
    /// Passive.
    #[default]
    Follower,
    /// Asking whether an election could succeed; its term has not moved.
    PreCandidate,
    /// Asking for votes in a term of its own.
    Candidate,
    /// In charge.
    Leader,
}

/// How the leader sends to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Pace {
    /// One append at a time, until the logs meet.
    Probe,
    /// A window of appends without waiting.
    Replicate,
    /// The peer needs a snapshot, which is on its way.
    Snapshot,
}
