//! The contract between the core and its host, on one page.
//!
//! **Feed inputs, then call [`Raft::poll`](crate::Raft::poll) until it returns `None`; between
//! an input and the end of that drain no output may be skipped.** Then sleep until
//! [`Raft::deadline`](crate::Raft::deadline) or the next input.
//!
//! - Inputs only change state; outputs are built while draining. Any number of inputs may be
//!   fed before one drain: five hundred proposals make one write and one append per peer.
//! - [`Output::Send`] always means *now, in any order, may be lost*. What the disk must cover
//!   first does not exist yet as a message, so the host cannot send it too early.
//! - Writes are numbered and reported cumulatively: `persisted(n)` says that every write up to
//!   `n` is on disk. Hard state and log travel in the same stream (trap R19).
//! - Order inside one drain: write, sends, streams, install, apply, answers, notices.
//! - A host that answers from its state machine as it is, without asking for a read point, tells
//!   with it how old that is at most: [`staleness`](crate::Raft::staleness).
//!
//! **Snapshots** (paper 7): what they cover goes through the core, their bytes go past it.
//! - Taking: at [`Output::TakeSnapshot`], or when it likes, the host asks
//!   [`snapshot_meta`](crate::Raft::snapshot_meta), writes the state down, syncs, and calls
//!   [`snapshotted`](crate::Raft::snapshotted). The next `Write` may trim the log.
//! - Sending: at [`Output::Stream`] the host sends the bytes, with meta and lane, and calls
//!   [`streamed`](crate::Raft::streamed) once, at the end.
//! - Receiving: when all bytes are there, verified and synced *beside* the log, the host calls
//!   [`staged`](crate::Raft::staged). Nothing in force has changed yet. The core answers with a
//!   `Write` whose `install` puts the snapshot in place of the log, and with [`Output::Install`]
//!   when that is on disk; or with [`Output::Discard`].
//! - Of the entries that an `Apply` named, [`entries`](crate::Raft::entries) has all until they
//!   are reported `applied`.

use crate::membership::{BadMembers, Membership};
use crate::message::Message;
use crate::time::Time;
use crate::types::{
    Entries, Entry, HardState, Index, Lane, LogId, NodeId, SnapshotMeta, Term, Ticket, WriteSeq,
};

/// What the host found on disk at start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// Term and vote.
    pub hard_state: HardState,
    /// The newest snapshot in force, if any: the node's own, or one that was installed (not one
    /// that was only staged). The host has loaded it into the state machine.
    pub snapshot: Option<SnapshotMeta>,
    /// Contiguous entries. The first comes right after the snapshot, or earlier: what was kept
    /// from before its end helps peers that are a little behind.
    pub entries: Vec<Entry>,
    /// What the checksums said.
    pub condition: Condition,
}

/// What the checksums said about the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Condition {
    /// All good.
    #[default]
    Clean,
    /// The last write was under way when the power went; what it held was never promised.
    TornTail {
        /// First position that is gone.
        cut_at: Index,
    },
    /// Entries that may have been promised cannot be read (trap D3).
    Suspect(Suspicion),
}

/// What a node cannot know any more since its log rotted; see `suspect` for what it may do then.
///
/// **Term and vote must be certain**: a host that cannot vouch for them must not start the node.
/// The host hands in only what comes before the rot, having removed the rest from its disk, and
/// keeps the suspicion where a crash cannot take it, **noted before anything is removed**, until
/// [`Output::Trusted`]. What the node wrote since then comes back with the entries. Rot that is
/// found before that widens it: the lower `from`, the higher `to`, the term of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Suspicion {
    /// First position that could not be read.
    pub from: Index,
    /// The log may have been acknowledged up to here; `None`: nobody can tell how far. Too much
    /// costs time, too little costs what was promised.
    pub to: Option<Index>,
    /// The term on disk when the rot was found, however often the node has started since.
    pub since: Term,
}

/// How a read is proven fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReadPath {
    /// ReadIndex at the leader (thesis 6.4).
    Leader,
    /// ReadIndex through a follower; at the leader the same as `Leader`.
    Follower,
    /// From a lease (thesis 6.4.1), at the leader; the same as `Leader` while it has none.
    Lease,
    /// From a quorum, without the leader (HotCloud 2017), at any member; falls back to
    /// `Follower` while members change.
    Quorum,
}

/// Why something asked for was refused or given up. Nothing was done, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Refusal {
    /// Only the leader can; here is who that may be, with the term of that belief (trap C6).
    NotLeader {
        /// Believed leader.
        hint: Option<NodeId>,
        /// Term of the belief.
        term: Term,
    },
    /// A limit is reached; try again later.
    Overloaded,
    /// The command is larger than `Limits::command_bytes`.
    TooLarge,
    /// Leadership is being handed over.
    Transferring,
    /// Another membership change is under way.
    ChangePending,
    /// This node has stopped for good in this life.
    Fenced,
    /// The node named is not a member.
    UnknownMember,
    /// The read path is switched off.
    Disabled,
    /// Leadership or the term changed while the read was waiting.
    LeaderLost,
    /// A quorum read took too long: no majority answered, or what it must wait for is not
    /// committed.
    TimedOut,
    /// The node named does not vote, so it cannot lead.
    NotVoter,
    /// No other voter was heard lately, so nobody can take over.
    NoTarget,
    /// The leader has not committed an entry of its own term yet; try again shortly (trap M1).
    NotReady,
    /// The members asked for make no sense.
    BadMembers(BadMembers),
    /// The log of the node named has rotted, and it may not lead before it has it again.
    Suspect,
}

/// How a proposal, a change of members or a transfer ended. Each ticket ends exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// Committed; its `Apply` came earlier in the same drain or before.
    Committed(LogId),
    /// Certainly never committed.
    Lost,
    /// Leadership was lost while it was in the log: it may or may not survive (trap C3).
    Unknown,
    /// A transfer: the node named leads now.
    HandedOver(NodeId),
    /// A transfer or a change of members was given up; the trace tells the same.
    Aborted(Abort),
}

/// Why something that takes many steps was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Abort {
    /// It took too long; this node still leads.
    TimeLimit,
    /// The target is no voter any more; this node still leads.
    TargetGone,
    /// This node does not lead any more, and what was wanted is not known to have happened.
    LeadershipLost,
    /// A change of members: this new voter is too slow or silent. It stays a learner.
    NotCaughtUp(NodeId),
    /// The log of the target has rotted; this node still leads.
    TargetSuspect,
}

/// One write for the log device. Perform in order of `seq`; several may share one sync.
///
/// What it asks is done in this order: term and vote, install, cut, append, trim. A crash may
/// leave the beginning of that, but no part of an install.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its number.
    pub seq: WriteSeq,
    /// Put this staged snapshot in force and remove every entry. After a crash the disk holds
    /// either the old log or the snapshot, never something between (trap S3).
    pub install: Option<Box<SnapshotMeta>>,
    /// New term and vote.
    pub hard_state: Option<HardState>,
    /// Remove this position and all after it, before appending.
    pub cut_from: Option<Index>,
    /// Entries to append.
    pub append: Entries,
    /// Entries up to here may be dropped: a snapshot that is on disk covers them.
    pub trim_to: Option<Index>,
    /// False only when nothing but trimming is asked.
    pub must_sync: bool,
}

/// What the core asks of its host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Write, then call `persisted`.
    Write(Write),
    /// Send now, best effort.
    Send(Message),
    /// Send the bytes of this snapshot to a peer, with lower priority than anything else and
    /// together with meta and lane; then call `streamed`. The file must be kept until then.
    Stream {
        /// The peer.
        to: NodeId,
        /// The snapshot.
        meta: Box<SnapshotMeta>,
        /// The session it belongs to.
        lane: Lane,
    },
    /// A staged snapshot is in force on disk: load it in place of the state machine, after
    /// every `Apply` given before; then call `applied` with its last position.
    Install {
        /// The snapshot.
        meta: Box<SnapshotMeta>,
    },
    /// Apply entries `from..=to` in order, once per life; then call `applied`.
    Apply {
        /// First.
        from: Index,
        /// Last.
        to: Index,
    },
    /// A proposal, a change of members or a transfer ended.
    Settled {
        /// Which.
        ticket: Ticket,
        /// How.
        outcome: Outcome,
    },
    /// A read may be served from the state machine as soon as it has applied `index`; the
    /// `Apply` that covers it has been given before.
    ReadAt {
        /// Which.
        ticket: Ticket,
        /// Read point.
        index: Index,
        /// It is proven by a lease that ends then. **When the value has been read the host looks
        /// at its clock again: at `until` or later the value is worth nothing**, since the
        /// process may have been stopped after the time was last handed in; the read is to be
        /// asked again (trap L6).
        until: Option<Time>,
    },
    /// A read ended without an answer.
    ReadFailed {
        /// Which.
        ticket: Ticket,
        /// Why.
        why: Refusal,
    },
    /// The leader this node believes in changed.
    Leader {
        /// Term of the belief.
        term: Term,
        /// Who; `None` when nobody is known.
        id: Option<NodeId>,
    },
    /// The membership in force changed.
    Members {
        /// The new one.
        membership: Box<Membership>,
        /// Whether its entry is known committed.
        committed: bool,
    },
    /// This node was a member and is none in the newest committed membership. Told once; a
    /// node that is added again goes on as if nothing had been.
    Removed,
    /// The log has everything again that this node may have promised, on disk: the host may
    /// forget the suspicion. Told once in a life that began suspect.
    Trusted,
    /// This node has stopped for good in this life.
    Fenced(Fence),
    /// The log has grown: a snapshot of the state machine would be good, now or later.
    TakeSnapshot {
        /// It should cover at least this.
        at_least: Index,
    },
    /// A staged snapshot is not needed: its bytes may go.
    Discard {
        /// The snapshot.
        meta: Box<SnapshotMeta>,
    },
}

/// How a stream of snapshot bytes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Streamed {
    /// The receiving host has all of them.
    Delivered,
    /// It has not, and nothing more is being sent.
    Failed,
}

/// Why a node stopped for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fence {
    /// The disk failed; a later success would prove nothing (trap D2).
    Storage,
    /// Two leaders in one term were seen (trap E19).
    TwoLeaders,
    /// A number overflowed (trap E18).
    Overflow,
    /// A committed entry was about to be cut.
    CommittedCut,
}
