//! What can happen in a node, with the values that decided it, and the rule behind each.

use super::{
    CommitReason, ElectionReason, FallBack, FollowerReason, Held, IgnoreReason, InstallReason,
    Pace, ReadProof, Role, SendEnd, Silence, SnapshotUseless, Step, TransferReason, TrustReason,
    VoteRefusal,
};
use crate::autopilot::Decision;
use crate::io::{Abort, Fence, ReadPath, Refusal, Suspicion};
use crate::membership::Members;
use crate::time::{Span, Time};
use crate::types::{Index, LogId, NodeId, Term, Ticket, WriteSeq};

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
    /// Its timer fired, and it may not vote for itself yet.
    ElectionPutOff {
        /// Why.
        why: Silence,
        /// For how long yet.
        left: Span,
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
    /// A leader has a lease: nobody else can lead for a while.
    LeaseTaken {
        /// Until when, by its own clock.
        until: Time,
    },
    /// A leader gives its lease up before it tells somebody to campaign.
    LeaseSurrendered {
        /// Whom it tells.
        to: NodeId,
        /// When the lease would have ended.
        until: Time,
    },
    /// For reads of a quorum it asks the voters how long their logs are.
    AskedMarks {
        /// Number of the round.
        request: u64,
        /// The newest membership it knows to be committed.
        membership: LogId,
        /// How many reads share the round.
        reads: usize,
    },
    /// It tells how long its log is.
    ToldMark {
        /// To whom.
        to: NodeId,
        /// Last position.
        last: Index,
        /// Newest membership in its log.
        membership: LogId,
    },
    /// Reads go the way through the leader after all.
    ReadFellBack {
        /// How many.
        reads: usize,
        /// Why.
        why: FallBack,
    },
    /// The read point of these reads covers every write completed before they came in.
    ReadConfirmed {
        /// What proves it.
        proof: ReadProof,
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
    /// A leader begins to hand over.
    TransferStarted {
        /// To whom.
        to: NodeId,
        /// Why.
        why: TransferReason,
        /// What the target has on disk.
        matched: Index,
        /// What it must have.
        last: Index,
    },
    /// The target has everything and is told to campaign.
    SentTimeoutNow {
        /// The target.
        to: NodeId,
        /// Where both logs end.
        last: LogId,
    },
    /// The transfer was given up.
    TransferAborted {
        /// The target.
        to: NodeId,
        /// Why.
        why: Abort,
    },
    /// The leader's autopilot decides to change the members.
    Decided {
        /// Who shall be members, and why.
        decision: Decision,
    },
    /// A leader begins to change the members.
    ChangeStarted {
        /// The host's number; `None`: the autopilot decided it.
        ticket: Option<Ticket>,
        /// Who shall be members.
        target: Members,
        /// Voters of the target that do not vote yet.
        new_voters: Vec<NodeId>,
    },
    /// A new voter keeps up with the leader.
    LearnerCaughtUp {
        /// The new voter.
        peer: NodeId,
        /// After how many rounds.
        round: u64,
        /// How long the last one took.
        took: Span,
    },
    /// A leader put a membership into its log.
    AppendedMembership {
        /// The entry.
        id: LogId,
        /// What it is for.
        step: Step,
    },
    /// The change was given up.
    ChangeAborted {
        /// Why.
        why: Abort,
    },
    /// The membership in force is committed.
    MembershipCommitted {
        /// Its entry.
        id: LogId,
    },
    /// A node that is no member asked the leader for a vote: it is spoken to until it knows.
    MetOutsider {
        /// The node.
        peer: NodeId,
    },
    /// The leader speaks no more to a peer that was removed.
    Parted {
        /// The peer.
        peer: NodeId,
        /// It is known to have learned of its removal.
        told: bool,
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
    /// A snapshot of the own state machine is on disk.
    SnapshotTaken {
        /// Last entry inside.
        last: LogId,
        /// Its length.
        bytes: u64,
    },
    /// A snapshot had no effect.
    SnapshotIgnored {
        /// Last entry inside.
        last: LogId,
        /// Why.
        why: SnapshotUseless,
    },
    /// Entries that a snapshot covers were dropped from the log.
    Trimmed {
        /// The last of them.
        base: LogId,
        /// How many.
        removed: u64,
        /// More could go, but this peer is catching up from a snapshot (trap S10).
        kept_for: Option<NodeId>,
    },
    /// The log has grown past a limit: the host is asked for a snapshot.
    SnapshotDue {
        /// It should cover at least this.
        at_least: Index,
        /// Entries applied since the last one.
        entries: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The leader sends a snapshot.
    SnapshotSent {
        /// To whom.
        peer: NodeId,
        /// Last entry inside.
        last: LogId,
        /// First position still in the leader's log: the peer lacks the one before.
        first: Index,
    },
    /// The leader gives up sending a snapshot.
    SnapshotUnsent {
        /// To whom.
        peer: NodeId,
        /// Last entry inside.
        last: LogId,
        /// Why.
        why: SendEnd,
    },
    /// A received snapshot takes the place of the log in memory, and soon on disk.
    InstallingSnapshot {
        /// Last entry inside.
        last: LogId,
        /// Why.
        reason: InstallReason,
        /// How many entries were in the log.
        removed: u64,
    },
    /// A received snapshot is in force on disk: the state machine loads it.
    SnapshotInstalled {
        /// Last entry inside.
        last: LogId,
    },
    /// The node is about to start although its log has rotted: it is suspect, silent in votes and
    /// marks.
    FoundRot {
        /// What it cannot know.
        suspicion: Suspicion,
        /// It is the only voter: nobody can ever give it back what it lost.
        alone: bool,
    },
    /// Its timer fired, and being suspect it does not campaign.
    ElectionForgone {
        /// What it cannot know.
        suspicion: Suspicion,
    },
    /// It is not suspect any more.
    Trusted {
        /// Why.
        reason: TrustReason,
        /// Up to where its log is on disk.
        durable: Index,
    },
    /// The leader learned that the log of a peer has rotted, and begins with it anew.
    PeerSuspect {
        /// The peer.
        peer: NodeId,
        /// The most it acknowledged in this term.
        promised: Index,
    },
    /// The leader learned that a peer whose log had rotted has everything again.
    PeerTrusted {
        /// The peer.
        peer: NodeId,
    },
}
