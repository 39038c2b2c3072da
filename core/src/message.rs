//! Every message between nodes (paper figure 2, thesis 3 to 6 and 9.6).
//!
//! | body            | from      | to       | answered by      | section          |
//! |-----------------|-----------|----------|------------------|------------------|
//! | `PreVote`       | asker     | voters   | `PreVoteReply`   | thesis 9.6       |
//! | `Vote`          | candidate | voters   | `VoteReply`      | paper 5.2, 5.4.1 |
//! | `Append`        | leader    | members  | `AppendReply`    | paper 5.3        |
//! | `ReadIndex`     | follower  | leader   | `ReadIndexReply` | thesis 6.4       |
//! | `SnapshotOffer` | leader    | member   | `SnapshotReply`  | paper 7          |
//! | `TimeoutNow`    | leader    | voter    | -                | thesis 3.10      |
//! | `ReadMark`      | reader    | voters   | `ReadMarkReply`  | HotCloud 2017    |
//!
//! A message may be lost, doubled, delayed and overtaken; the core assumes nothing else of
//! the network, except that it does not forge.

use crate::time::Span;
use crate::types::{ClusterId, Entries, Index, Lane, LogId, NodeId, Round, SnapshotMeta, Term};
use std::hash::{Hash, Hasher};

/// A message with its envelope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Cluster of the sender.
    pub cluster: ClusterId,
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// The sender's current term. (A pre-vote carries the term it *would* take in its body.)
    pub term: Term,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Body {
    /// "Would you vote for me in this term?" Promises nothing, changes nothing.
    PreVote {
        /// The term the asker would campaign in: its own plus one.
        proposed: Term,
        /// Last entry of the asker's log.
        last: LogId,
    },
    /// Answer to a pre-vote, in the terms asked (trap E10a).
    PreVoteReply {
        /// The term that was asked about.
        proposed: Term,
        /// Yes or no.
        granted: bool,
    },
    /// "Vote for me in the term of this message."
    Vote {
        /// Last entry of the candidate's log.
        last: LogId,
        /// The leader asked for this election (thesis 3.10), so a live leader is no reason to
        /// refuse.
        transfer: bool,
    },
    /// Answer to a vote request of the same term.
    VoteReply {
        /// Yes or no.
        granted: bool,
    },
    /// Entries to append, or none: then it is a heartbeat.
    Append {
        /// Replication session, echoed in the reply.
        lane: Lane,
        /// Contact round, echoed in the reply.
        round: Round,
        /// The entry just before the first one sent; the receiver must have it.
        prev: LogId,
        /// Contiguous entries after `prev` (trap R7).
        entries: Entries,
        /// The leader's commit index, never beyond what this peer has proven (trap R5).
        commit: Index,
        /// How the leader stands, for the age of stale reads; said when it is news.
        standing: Standing,
    },
    /// Answer to an append of the same term.
    AppendReply {
        /// Echoed.
        lane: Lane,
        /// Highest round seen from this leader.
        round: Round,
        /// Accepted or refused.
        result: AppendResult,
        /// Named by the appends that leave when this has arrived.
        probe: Probe,
    },
    /// A follower asks for a read index on behalf of all its waiting reads.
    ReadIndex {
        /// The follower's number for this batch.
        request: u64,
    },
    /// The index at or after which the batch may be read.
    ReadIndexReply {
        /// Echoed.
        request: u64,
        /// `None`: the leader could not prove itself; ask again.
        index: Option<Index>,
    },
    /// A snapshot takes the place of entries that are gone. Repeated in place of heartbeats
    /// while its bytes are on the way.
    SnapshotOffer {
        /// Replication session.
        lane: Lane,
        /// Contact round.
        round: Round,
        /// What it covers. (Boxed here and in outputs: snapshots are rare, and every other
        /// message is half the size for it.)
        meta: Box<SnapshotMeta>,
    },
    /// Answer to an offer; sent once more when the snapshot is in force.
    SnapshotReply {
        /// Echoed.
        lane: Lane,
        /// Highest round seen.
        round: Round,
        /// Position up to which the receiver now agrees, durably.
        matched: Index,
    },
    /// "Campaign now": leadership is handed over (thesis 3.10).
    TimeoutNow {
        /// Last entry of the leader's log, which the target must have as its own last one.
        last: LogId,
        /// Session it belongs to, so that a late one is recognised.
        lane: Lane,
    },
    /// A quorum read asks how long the log is. Raises no term.
    ReadMark {
        /// The reader's number for this batch.
        request: u64,
    },
    /// The mark. Valid in whatever term it was said.
    ReadMarkReply {
        /// Echoed.
        request: u64,
        /// Last index in the voter's log.
        last: Index,
        /// Newest membership entry in the voter's log.
        membership: LogId,
    },
}

/// A follower's number on its replies (see `staleness`). Hashes to nothing, as times do: it
/// decides nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Probe(pub u64);

impl Hash for Probe {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// How a leader stands when it sends an append (see `staleness`). Mostly nothing, since it is said
/// once in a contact round. Hashes to nothing either. (Boxed: every other append is a quarter
/// smaller for it.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Standing(pub Option<Box<Proof>>);

impl Hash for Standing {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// That a leader was one, and what its log covered then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Proof {
    /// The last probe that came from the receiver.
    pub heard: Probe,
    /// How long before that came in, by the leader's clock, its leadership was last proven by a
    /// majority; zero if it was proven later.
    pub before: Span,
    /// At or above everything that was finished before that.
    pub covers: Index,
}

/// Outcome of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AppendResult {
    /// The log agrees with the leader's.
    Accepted {
        /// On disk and proven by this leader's messages (trap R2). Counts for commitment.
        durable: Index,
        /// Proven, perhaps still only in memory: tells the leader what need not be sent again.
        received: Index,
    },
    /// The entry before the first one sent is missing or differs.
    Refused {
        /// The `prev` that was refused; names the probe (trap R3).
        probe: LogId,
        /// The best place to try next, as far as this node can tell (paper 5.3, last part).
        hint: LogId,
    },
    /// The message was of an older term; the reply's term says which is newer (trap E11).
    Outdated,
    /// As `Accepted`, from a node whose log rotted and that has not got it back yet (trap D3).
    Regaining {
        /// On disk *now*, and proven by this leader's messages in this life.
        durable: Index,
        /// Proven, perhaps still only in memory.
        received: Index,
    },
    /// As `Refused`, from such a node: it may have acknowledged this entry before.
    Lacking {
        /// The `prev` that was refused.
        probe: LogId,
        /// The best place to try next.
        hint: LogId,
    },
}

impl Body {
    /// Name of the kind, as the design and the screen call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Body::PreVote { .. } => "PreVote",
            Body::PreVoteReply { .. } => "PreVoteReply",
            Body::Vote { .. } => "Vote",
            Body::VoteReply { .. } => "VoteReply",
            Body::Append { .. } => "Append",
            Body::AppendReply { .. } => "AppendReply",
            Body::ReadIndex { .. } => "ReadIndex",
            Body::ReadIndexReply { .. } => "ReadIndexReply",
            Body::SnapshotOffer { .. } => "SnapshotOffer",
            Body::SnapshotReply { .. } => "SnapshotReply",
            Body::TimeoutNow { .. } => "TimeoutNow",
            Body::ReadMark { .. } => "ReadMark",
            Body::ReadMarkReply { .. } => "ReadMarkReply",
        }
    }

    /// Whether this answers another message.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        matches!(
            self,
            Body::PreVoteReply { .. }
                | Body::VoteReply { .. }
                | Body::AppendReply { .. }
                | Body::ReadIndexReply { .. }
                | Body::SnapshotReply { .. }
                | Body::ReadMarkReply { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to this size a message is moved in registers, above it by a call: a tenth of the time
    /// that a single command takes.
    #[test]
    fn a_message_is_small() {
        assert_eq!(size_of::<Message>(), 128);
    }
}
