//! The machine: its state (paper figure 2), the inputs, and the one door for messages.
//!
//! Every message passes [`Raft::receive`], where cluster, address and term are judged once for
//! all kinds (trap E20). The rules themselves live in `election`, `follower`, `replication`,
//! `commit` and `reads`; what leaves is built in `drain`.

use crate::config::Config;
use crate::durability::Durability;
use crate::hash::StableHasher;
use crate::io::{Fence, Outcome, Output, ReadPath, Refusal};
use crate::log::Log;
use crate::membership::{Members, Membership};
use crate::message::{AppendResult, Body, Message};
use crate::reads::FollowerReads;
use crate::rng::Rng;
use crate::state::{Acknowledging, Deadline, Ears, State};
use crate::time::Time;
use crate::trace::{Cause, Event, FollowerReason, IgnoreReason, Kind, Role, Timer};
use crate::types::{
    Entry, EntryBody, HardState, Index, LogId, Mark, NodeId, Payload, Term, Ticket, WriteSeq,
};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

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
    pub(crate) cause: Cause,
    pub(crate) ears: Ears,
}

impl Raft {
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
            if matches!(self.state, State::Leader(_)) {
                self.cause = Cause::Disk(self.durability.done);
                self.step_down_if_stalled();
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
                let disk = self.disk_stalled_due().unwrap_or(Time::NEVER);
                leading.heartbeat.due.min(quorum).min(disk)
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

    /// Switches the trace on or off. The first event of a life tells what the disk held.
    pub fn listen(&mut self, on: bool) {
        self.ears.listening = on;
        if !on {
            return self.ears.events.clear();
        }
        if !std::mem::replace(&mut self.ears.told_boot, true) {
            let HardState { term, vote } = self.hard_state;
            self.trace(|raft| Kind::Booted {
                term,
                vote,
                last: raft.log.last(),
            });
        }
    }

    /// Next trace event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.ears.events.pop_front()
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
        if self.ears.listening {
            let kind = kind(self);
            let (node, at, term) = (self.id(), self.now, self.hard_state.term);
            self.ears.events.push_back(Event {
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
