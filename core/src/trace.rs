//! Why it happened: one typed event for every transition, with the values that were compared,
//! the input that caused it, and the section of the paper ("P") or the thesis ("T").
//!
//! Events are made only while somebody listens ([`Raft::listen`](crate::Raft::listen)); with
//! nobody listening each site costs one predictable branch. They never influence the machine.

use crate::io::{Fence, ReadPath, Refusal};
use crate::membership::Members;
use crate::time::{Span, Time};
use crate::types::{Index, LogId, NodeId, Round, Term, Ticket, WriteSeq};

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
    /// The peer needs a snapshot (next milestone).
    Snapshot,
}

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
    /// It is no voter any more (next milestone).
    Removed,
}

/// Why an election was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ElectionReason {
    /// The timeout, with pre-vote off.
    Timeout,
    /// A majority said that it would vote.
    PreVoteWon,
    /// The leader handed over (next milestone).
    TimeoutNow,
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
    /// Entries are not contiguous or not of a possible term (trap R7).
    Malformed,
    /// The node does not speak this part of the protocol yet.
    NotBuilt,
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
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kind {
    /// The node started from its disk.
    Booted {
        /// Term on disk.
        term: Term,
        /// Vote on disk.
        vote: Option<NodeId>,
        /// Last entry on disk.
        last: LogId,
    },
    /// It is a follower now.
    BecameFollower {
        /// Role before.
        was: Role,
        /// Why.
        reason: FollowerReason,
    },
    /// No leader was heard in time.
    ElectionTimedOut {
        /// How long it waited.
        waited: Span,
        /// The leader it had believed in.
        leader: Option<NodeId>,
    },
    /// It asks whether it could win.
    StartedPreVote {
        /// The term it would take.
        proposed: Term,
        /// Its last entry.
        last: LogId,
    },
    /// It asks for votes.
    StartedElection {
        /// Why.
        reason: ElectionReason,
        /// Its last entry.
        last: LogId,
    },
    /// It gives its vote.
    GrantedVote {
        /// To whom.
        to: NodeId,
        /// Whether this is only a pre-vote.
        pre: bool,
        /// Term asked about.
        proposed: Term,
        /// Last entry of the asker.
        theirs: LogId,
        /// Own last entry.
        mine: LogId,
    },
    /// It refuses its vote.
    RefusedVote {
        /// To whom.
        to: NodeId,
        /// Whether this is only a pre-vote.
        pre: bool,
        /// Term asked about.
        proposed: Term,
        /// Why.
        reason: VoteRefusal,
    },
    /// A candidate counts an answer.
    CountedVote {
        /// From whom (itself included).
        from: NodeId,
        /// Whether this is only a pre-vote.
        pre: bool,
        /// Yes or no.
        granted: bool,
        /// Yes so far.
        yes: usize,
        /// Needed.
        need: usize,
    },
    /// It won.
    BecameLeader {
        /// Who voted for it.
        votes: Vec<NodeId>,
    },
    /// It opened its term.
    AppendedNoop {
        /// The entry.
        id: LogId,
    },
    /// It took a client's command into its log.
    AppendedCommand {
        /// The host's number.
        ticket: Ticket,
        /// The entry.
        id: LogId,
    },
    /// It believes in a leader now.
    FoundLeader {
        /// Who.
        leader: NodeId,
    },
    /// It accepted entries.
    AcceptedAppend {
        /// From whom.
        leader: NodeId,
        /// The entry before them, which matched.
        prev: LogId,
        /// The last of them.
        last: Index,
        /// How many were new here.
        new: usize,
    },
    /// It refused entries.
    RefusedAppend {
        /// From whom.
        leader: NodeId,
        /// The entry that should have matched.
        prev: LogId,
        /// Its own term at that position, if there is an entry.
        mine: Option<Term>,
        /// Where it suggests to try next.
        hint: LogId,
    },
    /// It removed entries that conflict with its leader's.
    CutLog {
        /// First removed position.
        at: Index,
        /// Its own term there.
        mine: Term,
        /// The leader's term there.
        theirs: Term,
        /// How many were removed.
        removed: u64,
    },
    /// The leader looks further back for the place where a peer's log meets its own.
    Backtracked {
        /// The peer.
        peer: NodeId,
        /// What it refused.
        probe: LogId,
        /// What it suggested.
        hint: LogId,
        /// What is tried next.
        next: Index,
    },
    /// The leader changed how it sends to a peer.
    ChangedPace {
        /// The peer.
        peer: NodeId,
        /// How now.
        pace: Pace,
        /// Next position to send.
        next: Index,
    },
    /// The leader learned that a peer has more on disk.
    Matched {
        /// The peer.
        peer: NodeId,
        /// Up to.
        to: Index,
    },
    /// The commit index moved.
    Committed {
        /// From, exclusive.
        from: Index,
        /// To, inclusive.
        to: Index,
        /// How it is known.
        reason: CommitReason,
    },
    /// A majority holds an entry of an older term: that alone does not commit it.
    CommitWithheld {
        /// What a majority holds.
        at: LogId,
        /// First position of the own term: committing it commits all before.
        own: Index,
    },
    /// Something waits for the disk.
    HeldForDisk {
        /// What.
        what: Held,
    },
    /// What waited for the disk may go.
    Released {
        /// What.
        what: Held,
    },
    /// The disk reported.
    Persisted {
        /// The write.
        seq: WriteSeq,
        /// Last position now on disk and in agreement with memory.
        durable: Index,
    },
    /// Entries were handed to the state machine.
    Applying {
        /// First.
        from: Index,
        /// Last.
        to: Index,
    },
    /// A read was taken in.
    ReadQueued {
        /// The host's number.
        ticket: Ticket,
        /// Its path.
        path: ReadPath,
    },
    /// Leadership at the time of these reads is proven.
    ReadConfirmed {
        /// The round that proved it.
        round: Round,
        /// Read point.
        index: Index,
        /// How many reads or follower batches it serves.
        reads: usize,
    },
    /// A read may be served.
    ReadServed {
        /// The host's number.
        ticket: Ticket,
        /// Read point.
        index: Index,
    },
    /// A read was given up.
    ReadFailed {
        /// The host's number.
        ticket: Ticket,
        /// Why.
        why: Refusal,
    },
    /// A membership came into force.
    MembershipInForce {
        /// The entry.
        id: LogId,
        /// Who.
        members: Members,
        /// It came back because a later one was cut.
        rolled_back: bool,
    },
    /// A message had no effect.
    Ignored {
        /// Its sender.
        from: NodeId,
        /// Why.
        reason: IgnoreReason,
    },
    /// The node stopped for good.
    Fenced {
        /// Why.
        why: Fence,
    },
}

impl Kind {
    /// The rule behind it: section of the extended Raft paper ("P") or of the thesis ("T").
    #[must_use]
    pub fn section(&self) -> &'static str {
        match self {
            Kind::Booted { .. } => "P figure 2, T3.8",
            Kind::BecameFollower { reason, .. } => match reason {
                FollowerReason::QuorumSilent { .. } => "T6.2",
                FollowerReason::DiskStalled { .. } => "T10.2.1",
                FollowerReason::Removed => "T4.2.2",
                FollowerReason::VoteLost => "P5.2",
                _ => "P5.1",
            },
            Kind::ElectionTimedOut { .. } | Kind::StartedElection { .. } => "P5.2",
            Kind::StartedPreVote { .. } => "T9.6",
            Kind::GrantedVote { pre, .. } | Kind::CountedVote { pre, .. } => {
                if *pre {
                    "T9.6"
                } else {
                    "P5.2"
                }
            }
            Kind::RefusedVote { reason, .. } => match reason {
                VoteRefusal::LeaderAlive { .. } => "T4.2.3",
                VoteRefusal::LogBehind { .. } => "P5.4.1",
                _ => "P5.2",
            },
            Kind::BecameLeader { .. } | Kind::FoundLeader { .. } => "P5.2",
            Kind::AppendedNoop { .. } => "P8, T6.4",
            Kind::CommitWithheld { .. } => "P5.4.2",
            Kind::Committed { reason, .. } => match reason {
                CommitReason::Quorum { .. } => "P5.3, P5.4.2",
                CommitReason::Leader(_) => "P5.3",
            },
            Kind::HeldForDisk { .. } | Kind::Released { .. } | Kind::Persisted { .. } => {
                "T3.8, T10.2.1"
            }
            Kind::ReadQueued { .. }
            | Kind::ReadConfirmed { .. }
            | Kind::ReadServed { .. }
            | Kind::ReadFailed { .. } => "T6.4",
            Kind::MembershipInForce { .. } => "P6, T4.1",
            Kind::Ignored { .. } => "P5.1",
            Kind::Fenced { .. } => "T3.8",
            Kind::AppendedCommand { .. }
            | Kind::AcceptedAppend { .. }
            | Kind::RefusedAppend { .. }
            | Kind::CutLog { .. }
            | Kind::Backtracked { .. }
            | Kind::ChangedPace { .. }
            | Kind::Matched { .. }
            | Kind::Applying { .. } => "P5.3",
        }
    }

    /// Whether somebody who skips from event to event wants to stop here.
    #[must_use]
    pub fn is_landmark(&self) -> bool {
        match self {
            Kind::BecameFollower { was, .. } => *was != Role::Follower,
            Kind::ElectionTimedOut { .. }
            | Kind::StartedPreVote { .. }
            | Kind::StartedElection { .. }
            | Kind::RefusedVote { .. }
            | Kind::BecameLeader { .. }
            | Kind::RefusedAppend { .. }
            | Kind::CutLog { .. }
            | Kind::Committed { .. }
            | Kind::CommitWithheld { .. }
            | Kind::MembershipInForce { .. }
            | Kind::ReadFailed { .. }
            | Kind::Fenced { .. } => true,
            Kind::GrantedVote { .. } => true,
            Kind::AcceptedAppend { new, .. } => *new > 0,
            _ => false,
        }
    }
}
