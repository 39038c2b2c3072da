//! The machine: its state (paper figure 2), the inputs, and the one door for messages.
//!
//! Every message passes [`Raft::receive`], where cluster, address and term are judged once for
//! all kinds (trap E20). The rules themselves live in `election`, `follower`, `replication`,
//! `commit` and `reads`; what leaves is built in `drain`.

use crate::config::Config;
use crate::durability::Durability;
use crate::hash::StableHasher;
use crate::io::{Condition, Durable, Fence, Outcome, Output, ReadPath, Refusal};
use crate::log::Log;
use crate::membership::{Members, Membership};
use crate::message::{AppendResult, Body, Message};
use crate::progress::Progress;
use crate::reads::{FollowerReads, LeaderReads};
use crate::rng::Rng;
use crate::time::Time;
use crate::trace::{Cause, Event, FollowerReason, IgnoreReason, Kind, Role, Timer};
use crate::types::{
    Entry, EntryBody, HardState, Index, Lane, LogId, Mark, NodeId, Payload, Round, Term, Ticket,
    WriteSeq,
};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};

/// What a node is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Follower,
    /// Votes of a pre-election.
    PreCandidate(BTreeMap<NodeId, bool>),
    /// Votes of an election; the own one is in it only once it is on disk.
    Candidate(BTreeMap<NodeId, bool>),
    Leader(Box<Leading>),
}

/// State of a leader; gone the moment it steps down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leading {
    /// Every other member.
    pub peers: BTreeMap<NodeId, Progress>,
    /// Current contact round.
    pub round: Round,
    /// Position of the term's opening entry.
    pub noop: Index,
    /// Who voted for it.
    pub votes: Vec<NodeId>,
    /// When it was elected.
    pub since: Time,
    /// Proposals not yet settled, in log order.
    pub pending: VecDeque<(Index, Ticket)>,
    /// Bytes of entries above the commit index.
    pub uncommitted: u64,
    /// Last and next heartbeat.
    pub heartbeat: Deadline,
    /// An empty append is wanted even where there is nothing to say.
    pub beat: bool,
    /// What a majority holds of older terms, as last told to the trace.
    pub withheld: Index,
    /// Reads waiting for a round.
    pub reads: LeaderReads,
}

/// A deadline and when it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// When it was set.
    pub set: Time,
    /// When it fires.
    pub due: Time,
}

/// What a follower owes its leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Acknowledging {
    /// Session of the leader's last append.
    pub lane: Lane,
    /// Highest round seen in it.
    pub round: Round,
    /// A reply must go out at the next drain, whatever the disk says.
    pub owed: bool,
    /// Durable position of the last reply.
    pub told: Index,
}

/// The Raft machine. See the crate documentation for the contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft {
    pub(crate) config: Config,
    pub(crate) now: Time,
    pub(crate) rng: Rng,
    /// Term and vote in memory; `durability` knows what is on disk.
    pub(crate) hard_state: HardState,
    pub(crate) log: Log,
    pub(crate) durability: Durability,
    pub(crate) state: State,
    /// The leader it believes in, and when it last heard it.
    pub(crate) leader: Option<NodeId>,
    pub(crate) leader_heard: Option<Time>,
    pub(crate) election: Deadline,
    /// How far the log is proven to agree with the leader of a term.
    pub(crate) proven: Mark,
    /// The highest commit index any leader told; remembered until it can be used (trap R20).
    pub(crate) told_commit: Index,
    pub(crate) commit: Index,
    /// Last position handed to the state machine, and last one it reported.
    pub(crate) applying: Index,
    pub(crate) applied: Index,
    /// A vote was given to this candidate and waits for the disk (trap E1).
    pub(crate) held_vote: Option<NodeId>,
    pub(crate) ack: Acknowledging,
    pub(crate) reads: FollowerReads,
    pub(crate) fenced: Option<Fence>,
    /// Replies and requests that may leave at the next drain.
    pub(crate) outbox: Vec<Message>,
    /// Tickets that ended otherwise than by being committed.
    pub(crate) settled: Vec<(Ticket, Outcome)>,
    pub(crate) told_leader: (Term, Option<NodeId>),
    pub(crate) told_members: (Index, bool),
    pub(crate) told_fence: bool,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) dirty: bool,
    pub(crate) listening: bool,
    pub(crate) cause: Cause,
    pub(crate) events: VecDeque<Event>,
}

/// Why a node refuses to start. Nothing on disk was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootError {
    /// The configuration makes no sense; one sentence per reason.
    Config(Vec<String>),
    /// The log or hard state contradicts itself.
    Log(String),
    /// Promised entries cannot be read (trap D3).
    Suspect {
        /// First bad position.
        from: Index,
        /// Last bad position.
        to: Index,
    },
    /// The disk holds a snapshot, which this version cannot read.
    Snapshot,
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Config(reasons) => write!(f, "configuration: {}", reasons.join("; ")),
            BootError::Log(why) => write!(f, "the log contradicts itself: {why}"),
            BootError::Suspect { from, to } => {
                write!(
                    f,
                    "log entries {from} to {to} were promised and cannot be read"
                )
            }
            BootError::Snapshot => write!(f, "the disk holds a snapshot; use a newer version"),
        }
    }
}

impl std::error::Error for BootError {}

impl Durable {
    /// What the first members of a new cluster start from: one entry, the same everywhere, that
    /// names them (trap M10).
    #[must_use]
    pub fn bootstrap(members: &Members) -> Durable {
        let body = EntryBody::Membership(members.clone());
        Durable {
            entries: vec![Entry {
                id: LogId::new(0, 1),
                body,
            }],
            ..Durable::default()
        }
    }
}

impl Raft {
    /// Starts a node from its disk, as a follower.
    ///
    /// # Errors
    /// When the configuration or the disk makes no sense; nothing has been changed then.
    pub fn boot(config: Config, durable: Durable, now: Time) -> Result<Raft, BootError> {
        config.validate().map_err(BootError::Config)?;
        if let Condition::Suspect { from, to } = durable.condition {
            return Err(BootError::Suspect { from, to });
        }
        if durable.snapshot.is_some() {
            return Err(BootError::Snapshot);
        }
        let log = Log::new(durable.entries).map_err(BootError::Log)?;
        let hard_state = durable.hard_state;
        if log.last().term > hard_state.term {
            let why = format!(
                "entry {} is newer than term {}",
                log.last(),
                hard_state.term
            );
            return Err(BootError::Log(why));
        }
        let last = log.last().index;
        let mut raft = Raft {
            rng: Rng::new(config.seed),
            config,
            now,
            hard_state,
            durability: Durability::new(hard_state, last),
            log,
            state: State::Follower,
            leader: None,
            leader_heard: None,
            election: Deadline::default(),
            proven: Mark::default(),
            told_commit: Index(0),
            commit: Index(0),
            applying: Index(0),
            applied: Index(0),
            held_vote: None,
            ack: Acknowledging::default(),
            reads: FollowerReads::default(),
            fenced: None,
            outbox: Vec::new(),
            settled: Vec::new(),
            told_leader: (hard_state.term, None),
            told_members: (Index(0), false),
            told_fence: false,
            outputs: VecDeque::new(),
            dirty: true,
            listening: false,
            cause: Cause::Boot,
            events: VecDeque::new(),
        };
        raft.reset_election_timer();
        Ok(raft)
    }

    // ------------------------------------------------------------------ inputs

    /// A message arrived. The one door: cluster, address and term are judged here (trap E20).
    pub fn receive(&mut self, now: Time, message: Message) {
        self.enter(now, Cause::Message { from: message.from });
        if self.fenced.is_some() {
            return;
        }
        let (from, theirs, mine) = (message.from, message.term, self.hard_state.term);
        if message.cluster != self.config.cluster
            || message.to != self.config.id
            || from == self.config.id
        {
            return self.ignore(from, IgnoreReason::WrongAddress);
        }
        if theirs.0 > mine.0.saturating_add(self.config.limits.term_jump) {
            return self.ignore(from, IgnoreReason::TermJump { theirs });
        }
        match message.body {
            // Pre-votes promise nothing and raise no term, in either direction (thesis 9.6).
            Body::PreVote { proposed, last } => return self.on_pre_vote(from, proposed, last),
            // A vote is refused, and its term not even adopted, while a leader is alive.
            Body::Vote {
                transfer: false, ..
            } if theirs > mine && self.refuse_while_led(from, theirs) => {
                return;
            }
            _ => {}
        }
        if theirs > mine {
            let reason = FollowerReason::HigherTerm { from, mine, theirs };
            self.become_follower(theirs, None, reason);
        } else if theirs < mine {
            return self.on_older_term(message);
        }
        self.dispatch(from, message.body);
    }

    fn dispatch(&mut self, from: NodeId, body: Body) {
        match body {
            Body::PreVote { .. } => unreachable!("handled before the term rule"),
            Body::PreVoteReply { proposed, granted } => {
                self.on_pre_vote_reply(from, proposed, granted);
            }
            Body::Vote { last, .. } => self.on_vote(from, last),
            Body::VoteReply { granted } => self.on_vote_reply(from, granted),
            Body::Append {
                lane,
                round,
                prev,
                entries,
                commit,
            } => {
                self.on_append(from, lane, round, prev, entries, commit);
            }
            Body::AppendReply {
                lane,
                round,
                result,
            } => {
                self.on_append_reply(from, lane, round, result);
            }
            Body::ReadIndex { request } => self.on_read_index(from, request),
            Body::ReadIndexReply { request, index } => self.on_read_index_reply(request, index),
            Body::SnapshotOffer { .. }
            | Body::SnapshotReply { .. }
            | Body::TimeoutNow { .. }
            | Body::ReadMark { .. }
            | Body::ReadMarkReply { .. } => self.ignore(from, IgnoreReason::NotBuilt),
        }
    }

    /// A message of an older term has no effect, but who sends one as leader or candidate must
    /// learn of the newer term, or it would wait for ever (trap E11).
    fn on_older_term(&mut self, message: Message) {
        let (from, theirs, mine) = (message.from, message.term, self.hard_state.term);
        self.ignore(from, IgnoreReason::StaleTerm { theirs, mine });
        match message.body {
            Body::Append { lane, round, .. } => {
                let result = AppendResult::Outdated;
                self.send(
                    from,
                    Body::AppendReply {
                        lane,
                        round,
                        result,
                    },
                );
            }
            Body::Vote { .. } => self.send(from, Body::VoteReply { granted: false }),
            Body::PreVoteReply {
                proposed,
                granted: true,
            } => {
                // A yes may come from a node whose own term is behind ours (trap E10a).
                self.on_pre_vote_reply(from, proposed, true);
            }
            Body::ReadIndex { request } => {
                self.send(
                    from,
                    Body::ReadIndexReply {
                        request,
                        index: None,
                    },
                );
            }
            _ => {}
        }
    }

    /// Fires every deadline that has passed. Calling it too early is harmless.
    pub fn expire(&mut self, now: Time) {
        self.enter(now, Cause::Timer(Timer::Election));
        if self.fenced.is_some() {
            return;
        }
        if matches!(self.state, State::Leader(_)) {
            if self.check_quorum_due().is_some_and(|due| now >= due) {
                self.cause = Cause::Timer(Timer::CheckQuorum);
                self.step_down_if_silent();
            }
            self.heartbeat_if_due();
        } else if now >= self.election.due {
            self.on_election_timeout();
        }
        self.retry_reads_if_due();
    }

    /// Takes a command into the log. The ticket ends exactly once, in `Settled`.
    ///
    /// # Errors
    /// Not leader, too large, overloaded, fenced: nothing was done and the ticket is free.
    pub fn propose(&mut self, now: Time, ticket: Ticket, command: Payload) -> Result<(), Refusal> {
        self.enter(now, Cause::Client(ticket));
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        let (limits, term) = (self.config.limits, self.hard_state.term);
        let id = LogId {
            term,
            index: self.log.last().index.next(),
        };
        let refusal = self.not_leader();
        let State::Leader(leading) = &mut self.state else {
            return Err(refusal);
        };
        if command.len() as u64 > limits.command_bytes {
            return Err(Refusal::TooLarge);
        }
        let entry = Entry {
            id,
            body: EntryBody::Command(command),
        };
        let full = leading.uncommitted + entry.size() > limits.uncommitted_bytes;
        if full && leading.uncommitted > 0 {
            return Err(Refusal::Overloaded);
        }
        leading.uncommitted += entry.size();
        leading.pending.push_back((id.index, ticket));
        self.log.push(entry);
        self.trace(|_| Kind::AppendedCommand { ticket, id });
        Ok(())
    }

    /// Asks for a read point. The ticket ends exactly once, in `ReadAt` or `ReadFailed`.
    ///
    /// # Errors
    /// Not leader (on the leader's path), no leader known, overloaded, switched off, fenced.
    pub fn read(&mut self, now: Time, ticket: Ticket, path: ReadPath) -> Result<(), Refusal> {
        self.enter(now, Cause::Client(ticket));
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        self.queue_read(ticket, path)
    }

    /// Every write up to `seq` is on disk.
    pub fn persisted(&mut self, now: Time, seq: WriteSeq) {
        self.enter(now, Cause::Disk(seq));
        if self.fenced.is_some() || !self.durability.persisted(seq) {
            return;
        }
        let durable = self.durability.index;
        self.trace(|_| Kind::Persisted { seq, durable });
        self.on_hard_state_durable();
        self.advance_commit();
    }

    /// A write failed. The node stops for good: what is on disk is no longer known (trap D2).
    pub fn persist_failed(&mut self, now: Time, seq: WriteSeq) {
        self.enter(now, Cause::Disk(seq));
        self.fence(Fence::Storage);
    }

    /// The state machine has applied everything up to `index`.
    pub fn applied(&mut self, now: Time, index: Index) {
        self.enter(now, Cause::Applied(index));
        assert!(
            index <= self.applying,
            "only what was handed out can be applied"
        );
        self.applied = self.applied.max(index);
    }

    /// Hint of the host about its connection to a peer; down means that what was on the way is
    /// probably lost.
    pub fn link(&mut self, now: Time, peer: NodeId, up: bool) {
        self.enter(now, Cause::Link(peer));
        if let State::Leader(leading) = &mut self.state
            && let Some(progress) = leading.peers.get_mut(&peer)
        {
            if up {
                progress.probing = false;
            } else {
                progress.probe(progress.matched.next());
            }
        }
    }

    /// Lets a timer fire now. For tests and for people who play; a server has no use for it.
    pub fn fire(&mut self, now: Time, timer: Timer) {
        self.enter(now, Cause::Timer(timer));
        if self.fenced.is_some() {
            return;
        }
        match timer {
            Timer::Election if !matches!(self.state, State::Leader(_)) => {
                self.on_election_timeout();
            }
            Timer::Heartbeat => {
                if let State::Leader(leading) = &mut self.state {
                    leading.heartbeat.due = now;
                }
                self.heartbeat_if_due();
            }
            // A leader has no election timer (trap E12), and the rest comes by itself.
            _ => {}
        }
    }

    /// When [`Raft::expire`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Time {
        if self.fenced.is_some() {
            return Time::NEVER;
        }
        let own = match &self.state {
            State::Leader(leading) => {
                let quorum = self.check_quorum_due().unwrap_or(Time::NEVER);
                leading.heartbeat.due.min(quorum)
            }
            _ => self.election.due,
        };
        own.min(self.reads.retry_due())
    }

    /// Entries `from..=to`. They must be in the log: ask only for what `Apply` named.
    #[must_use]
    pub fn entries(&self, from: Index, to: Index) -> &[Entry] {
        self.log.range(from, to)
    }

    /// Switches the trace on or off.
    pub fn listen(&mut self, on: bool) {
        self.listening = on;
        if !on {
            self.events.clear();
        }
    }

    /// Next trace event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Hash of the whole state except times, the same on every platform.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = StableHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    // ----------------------------------------------------------------- helpers

    pub(crate) fn enter(&mut self, now: Time, cause: Cause) {
        assert!(
            self.outputs.is_empty(),
            "drain every output before the next input"
        );
        self.now = self.now.max(now);
        self.cause = cause;
        self.dirty = true;
    }

    pub(crate) fn id(&self) -> NodeId {
        self.config.id
    }

    /// The members in force; nobody while no membership is known (trap M10).
    pub(crate) fn members(&self) -> Members {
        self.log
            .membership()
            .map_or_else(Members::default, |m| m.members.clone())
    }

    pub(crate) fn membership(&self) -> Option<&Membership> {
        self.log.membership()
    }

    pub(crate) fn not_leader(&self) -> Refusal {
        Refusal::NotLeader {
            hint: self.leader,
            term: self.hard_state.term,
        }
    }

    pub(crate) fn send(&mut self, to: NodeId, body: Body) {
        let (cluster, from, term) = (self.config.cluster, self.id(), self.hard_state.term);
        self.outbox.push(Message {
            cluster,
            from,
            to,
            term,
            body,
        });
    }

    pub(crate) fn ignore(&mut self, from: NodeId, reason: IgnoreReason) {
        self.trace(|_| Kind::Ignored { from, reason });
    }

    /// Tells the trace, if anybody listens.
    pub(crate) fn trace(&mut self, kind: impl FnOnce(&Raft) -> Kind) {
        if self.listening {
            let kind = kind(self);
            let (node, at, term) = (self.id(), self.now, self.hard_state.term);
            self.events.push_back(Event {
                node,
                at,
                term,
                cause: self.cause,
                kind,
            });
        }
    }

    /// Stops for good: no more messages, ever, in this life. Open tickets end.
    pub(crate) fn fence(&mut self, why: Fence) {
        if self.fenced.is_some() {
            return;
        }
        self.drop_leadership();
        self.fail_follower_reads(Refusal::Fenced);
        self.state = State::Follower;
        self.leader = None;
        self.held_vote = None;
        self.ack = Acknowledging::default();
        self.outbox.clear();
        self.fenced = Some(why);
        self.trace(|_| Kind::Fenced { why });
    }

    pub(crate) fn role(&self) -> Role {
        match self.state {
            State::Follower => Role::Follower,
            State::PreCandidate(_) => Role::PreCandidate,
            State::Candidate(_) => Role::Candidate,
            State::Leader(_) => Role::Leader,
        }
    }
}
