//! Why things happened: one enum for each question that an event answers.

use crate::time::{Span, Time};
use crate::types::{Index, LogId, NodeId, Round, Term};

/// Why a node became a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FollowerReason {
    /// It started.
    Started,
    /// A message carried a higher term.
    HigherTerm {
        /// Who sent it.
        from: NodeId,
        /// Term before.
        mine: Term,
        /// Term in the message.
        theirs: Term,
    },
    /// The leader of its own term spoke.
    LeaderSpoke {
        /// The leader.
        leader: NodeId,
    },
    /// A majority refused.
    VoteLost,
    /// It gave its vote to another while it asked whether it should campaign itself.
    Voted {
        /// To whom.
        to: NodeId,
    },
    /// As leader it heard no majority for an election timeout.
    QuorumSilent {
        /// Voters heard in time, itself included.
        heard: usize,
        /// Voters needed.
        need: usize,
    },
    /// As leader it waited an election timeout for its own disk.
    DiskStalled {
        /// How long.
        waited: Span,
    },
    /// As leader it is no voter any more and found nobody to hand over to.
    Removed,
    /// A snapshot takes the place of the log it asked votes for.
    InstallsSnapshot,
}

/// Why an election was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ElectionReason {
    /// The timeout, with pre-vote off.
    Timeout,
    /// A majority said that it would vote.
    PreVoteWon,
    /// The leader handed over (thesis 3.10).
    TimeoutNow,
}

/// Why a leader hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TransferReason {
    /// Somebody asked for it.
    Asked,
    /// Its own disk hangs (trap D8).
    DiskStalled,
    /// It is no voter any more (thesis 4.2.2, trap M6).
    Removed,
}

/// What an entry that names members is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Step {
    /// New voters become learners first (thesis 4.2.1).
    Learners,
    /// The target: at most one voter comes or goes (thesis 4.1).
    Direct,
    /// Both sets of voters decide together (paper 6, thesis 4.3).
    Joint,
    /// The joint membership is left.
    Leave,
}

/// Why a vote was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum VoteRefusal {
    /// A leader was heard less than an election timeout ago (thesis 4.2.3).
    LeaderAlive {
        /// The leader.
        leader: NodeId,
        /// How long ago.
        heard: Span,
    },
    /// The asked term is not newer.
    OlderTerm {
        /// Asked.
        theirs: Term,
        /// Own.
        mine: Term,
    },
    /// The vote of this term is given.
    VotedFor(NodeId),
    /// The asker's log is less complete (paper 5.4.1).
    LogBehind {
        /// Last entry of the asker.
        theirs: LogId,
        /// Own last entry.
        mine: LogId,
    },
    /// This node is the leader of the term.
    Leading,
    /// It knows no members, so it takes part in nothing (trap M10).
    NoMembership,
    /// It votes for nobody for a while: somebody's lease may rest on that (thesis 6.4.1).
    Silent {
        /// Why.
        why: Silence,
        /// For how long yet.
        left: Span,
    },
    /// Its log rotted, so it cannot judge another (trap D3).
    Suspect,
}

/// Why a node votes for nobody for a while, where leases are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Silence {
    /// It started, and what it promised before is forgotten (trap L8).
    #[default]
    Started,
    /// It heard its leader.
    HeardLeader,
    /// It gave its vote (trap L9).
    Voted,
}

/// Why a message had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum IgnoreReason {
    /// Of an older term.
    StaleTerm {
        /// Term of the message.
        theirs: Term,
        /// Own term.
        mine: Term,
    },
    /// Of an earlier replication session (trap R4).
    StaleLane,
    /// Of another cluster, or not for this node.
    WrongAddress,
    /// From somebody who is no member.
    NotMember,
    /// Its term is absurdly far ahead (trap E18).
    TermJump {
        /// Term of the message.
        theirs: Term,
    },
    /// The answer comes too late to matter.
    TooLate,
    /// A refusal of what the sender acknowledged in an earlier round: its disk lost it.
    BrokenPromise,
    /// Entries are not contiguous or not of a possible term (trap R7).
    Malformed,
    /// "Campaign now", but the log does not end where the leader says.
    LogDiffers {
        /// Last entry of the leader.
        theirs: LogId,
        /// Own last entry.
        mine: LogId,
    },
    /// "Campaign now", but this node may not (traps E16, D8).
    MayNotCampaign,
    /// It knows no members, so it takes part in nothing (trap M10).
    NoMembership,
    /// Its log rotted, so it answers for nothing (trap D3).
    Suspect,
}

/// Why a node whose log rotted is trusted again; see `suspect` for the proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TrustReason {
    /// A leader's messages proved the log up to the last position that may have been promised.
    Covered {
        /// That position.
        to: Index,
    },
    /// The log has an entry of a term that began after the rot was found.
    NewerTerm {
        /// The term on disk then.
        since: Term,
    },
}

/// What proves that a read point covers every write that was completed before the read came in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReadProof {
    /// A majority echoed this round to the leader.
    Round(Round),
    /// Nobody else can lead before this (thesis 6.4.1).
    Lease {
        /// Its end, by the leader's clock.
        until: Time,
    },
    /// A majority told how long its logs are.
    Marks {
        /// The newest membership known to be committed, whose voters were asked.
        membership: LogId,
        /// Who answered, with the end of its log.
        marks: Vec<(NodeId, Index)>,
    },
}

/// Why a read goes the way through the leader after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FallBack {
    /// There is no lease, or it is over.
    NoLease,
    /// A membership newer than the one known to be committed exists (trap L13), or none is known
    /// to be.
    NewerMembership {
        /// Who has it in its log; perhaps this node.
        named_by: NodeId,
        /// Its entry.
        membership: Option<LogId>,
    },
    /// The mark has not been reached for a heartbeat: it may be the end of a log that is never
    /// committed.
    NotCommitted {
        /// Own commit index.
        commit: Index,
    },
}

/// What had to wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Held {
    /// A vote for this candidate (trap E1).
    Vote(NodeId),
    /// The candidate's own vote.
    OwnVote,
    /// An acknowledgement to this leader, up to this index (trap D1).
    Acknowledgement {
        /// The leader.
        to: NodeId,
        /// Proven in memory.
        received: Index,
        /// On disk so far.
        durable: Index,
    },
}

/// Why a snapshot had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SnapshotUseless {
    /// A newer one is in force already.
    Older {
        /// Last entry of that one.
        newest: LogId,
    },
    /// Everything in it is known to be committed here (trap S2).
    Committed {
        /// Own commit index.
        commit: Index,
    },
    /// Its last entry is in the log, so the log has all of it and more (trap S2).
    InLog,
    /// This node leads: it has everything that was ever committed.
    Leading,
}

/// Why a snapshot takes the place of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum InstallReason {
    /// The log ends before it does.
    Ahead {
        /// Last entry of the log.
        end: LogId,
    },
    /// The log has another entry where it ends (trap S1).
    Conflict {
        /// Term of that entry.
        mine: Term,
    },
}

/// Why a leader stopped sending a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SendEnd {
    /// Its host could not deliver all bytes.
    Failed,
    /// The bytes were delivered, but the peer does not say that the snapshot is in force.
    Unanswered,
}

/// How a commit index came to move.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CommitReason {
    /// A majority has it on disk, and it is of the leader's own term.
    Quorum {
        /// Every voter with its durable match.
        matched: Vec<(NodeId, Index)>,
    },
    /// The leader said so.
    Leader(NodeId),
    /// A snapshot ends here, and only what is committed gets into one.
    Snapshot(LogId),
}
