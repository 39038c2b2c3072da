//! The machine: its state (paper figure 2) and the one door for messages.
//!
//! Every message passes [`Raft::receive`], where cluster, address and term are judged once for
//! all kinds (trap E20). The other inputs are in `inputs`; the rules live in `election`, `votes`,
//! `leader`, `transfer`, `reconfigure`, `parting`, `follower`, `replication`, `commit` and `reads`;
//! what leaves is built in `drain`.

use crate::config::Config;
use crate::drain::Drained;
use crate::durability::Durability;
use crate::io::{Fence, Outcome, Refusal, Suspicion};
use crate::lease::Quiet;
use crate::log::Log;
use crate::marks::MarkReads;
use crate::membership::{Members, Membership};
use crate::message::{AppendResult, Body, Message, Probe};
use crate::reads::FollowerReads;
use crate::rng::Rng;
use crate::sabotage::Rule;
use crate::snapshot::Snapshots;
use crate::staleness::Staleness;
use crate::state::{Acknowledging, Deadline, Ears, State};
use crate::time::Time;
use crate::trace::{Cause, Event, FollowerReason, IgnoreReason, Kind, Role};
use crate::transfer::Handed;
use crate::types::{HardState, Index, Mark, NodeId, Term, Ticket};
use std::collections::VecDeque;
use std::hash::Hash;

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
    /// It votes for nobody until then.
    pub(crate) quiet: Quiet,
    pub(crate) ack: Acknowledging,
    pub(crate) reads: FollowerReads,
    pub(crate) marks: MarkReads,
    pub(crate) staleness: Staleness,
    /// A transfer whose outcome is not known yet.
    pub(crate) handed: Option<Handed>,
    pub(crate) snapshots: Snapshots,
    /// Its log rotted, and it has not got back yet what it may have promised.
    pub(crate) suspect: Option<Suspicion>,
    /// It has now; the host is to be told.
    pub(crate) regained: bool,
    pub(crate) fenced: Option<Fence>,
    /// Replies and requests that may leave at the next drain.
    pub(crate) outbox: VecDeque<Message>,
    /// Tickets that ended otherwise than by being committed.
    pub(crate) settled: VecDeque<(Ticket, Outcome)>,
    pub(crate) told_leader: (Term, Option<NodeId>),
    pub(crate) told_members: (Index, bool),
    /// Some membership named this node, and it was not told since that it is removed.
    pub(crate) belonged: bool,
    pub(crate) told_fence: bool,
    /// What the last drain left for the host to fetch.
    pub(crate) drained: Drained,
    pub(crate) dirty: bool,
    pub(crate) cause: Cause,
    pub(crate) ears: Ears,
}

impl Raft {
    // ---------------------------------------------------------------- the door

    /// A message arrived. The one door: cluster, address and term are judged here (trap E20).
    pub fn receive(&mut self, now: Time, message: Message) {
        self.enter(now, Cause::Message { from: message.from });
        if self.fenced.is_some() {
            return;
        }
        let (from, theirs, mine) = (message.from, message.term, self.hard_state.term);
        let cluster = self.config.cluster;
        if (message.cluster != cluster && self.rule(Rule::E20Stranger))
            || message.to != self.config.id
            || from == self.config.id
        {
            return self.ignore(from, IgnoreReason::WrongAddress);
        }
        let bound = mine.0.saturating_add(self.config.limits.term_jump);
        if theirs.0 > bound && self.rule(Rule::E18AnyTerm) {
            return self.ignore(from, IgnoreReason::TermJump { theirs });
        }
        if matches!(message.body, Body::PreVote { .. } | Body::Vote { .. }) {
            self.meet_outsider(from, theirs);
        }
        match message.body {
            // Pre-votes promise nothing and raise no term, in either direction (thesis 9.6).
            Body::PreVote { proposed, last } => return self.on_pre_vote(from, proposed, last),
            // Marks say nothing about terms, and a read disturbs nobody.
            Body::ReadMark { request } => return self.on_read_mark(from, request),
            Body::ReadMarkReply {
                request,
                last,
                membership,
            } => return self.on_read_mark_reply(from, request, last, membership),
            // A vote is refused, and its term not even adopted, while a leader is alive.
            Body::Vote { transfer, .. }
                if theirs > mine
                    && !self.is_wanted(transfer)
                    && self.refuse_while_led(from, theirs) =>
            {
                return;
            }
            _ => {}
        }
        if theirs > mine && self.rule(Rule::P51NewerTerm) {
            let reason = FollowerReason::HigherTerm { from, mine, theirs };
            self.become_follower(theirs, None, reason);
        } else if theirs < mine {
            return self.on_older_term(message);
        }
        self.dispatch(from, message.body);
    }

    fn dispatch(&mut self, from: NodeId, body: Body) {
        match body {
            Body::PreVote { .. } | Body::ReadMark { .. } | Body::ReadMarkReply { .. } => {
                unreachable!("handled before the term rule")
            }
            Body::PreVoteReply { proposed, granted } => {
                self.on_pre_vote_reply(from, proposed, granted);
            }
            Body::Vote { last, transfer } => self.on_vote(from, last, transfer),
            Body::VoteReply { granted } => self.on_vote_reply(from, granted),
            Body::Append {
                lane,
                round,
                prev,
                entries,
                commit,
                standing,
            } => {
                self.on_append(from, lane, round, prev, entries, commit);
                self.note_standing(from, standing);
            }
            Body::AppendReply {
                lane,
                round,
                result,
                probe,
            } => {
                self.on_append_reply(from, lane, round, result, probe);
            }
            Body::ReadIndex { request } => self.on_read_index(from, request),
            Body::ReadIndexReply { request, index } => self.on_read_index_reply(request, index),
            Body::TimeoutNow { last, lane } => self.on_timeout_now(from, last, lane),
            Body::SnapshotOffer { lane, round, meta } => {
                self.on_snapshot_offer(from, lane, round, &meta);
            }
            Body::SnapshotReply {
                lane,
                round,
                matched,
            } => self.on_snapshot_reply(from, lane, round, matched),
        }
    }

    /// A message of an older term has no effect, but who sends one as leader or candidate must
    /// learn of the newer term, or it would wait for ever (trap E11).
    fn on_older_term(&mut self, message: Message) {
        let (from, theirs, mine) = (message.from, message.term, self.hard_state.term);
        self.ignore(from, IgnoreReason::StaleTerm { theirs, mine });
        match message.body {
            Body::Append { .. } if !self.rule(Rule::P51OldTerm) => {
                self.dispatch(from, message.body);
            }
            Body::Append { lane, round, .. } if self.rule(Rule::E11Silent) => {
                if !self.rule(Rule::E8OldTerm) {
                    self.reset_election_timer();
                }
                let (result, probe) = (AppendResult::Outdated, Probe::default());
                self.send(
                    from,
                    Body::AppendReply {
                        lane,
                        round,
                        result,
                        probe,
                    },
                );
            }
            Body::SnapshotOffer { lane, round, .. } if self.rule(Rule::E11Silent) => {
                let matched = Index(0);
                self.send(
                    from,
                    Body::SnapshotReply {
                        lane,
                        round,
                        matched,
                    },
                );
            }
            Body::Vote { .. } => self.send(from, Body::VoteReply { granted: false }),
            Body::VoteReply { granted } if !self.rule(Rule::E4OldTerm) => {
                self.on_vote_reply(from, granted);
            }
            Body::PreVoteReply {
                proposed,
                granted: true,
            } if self.rule(Rule::E10aOldYes) => {
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

    // ----------------------------------------------------------------- helpers

    pub(crate) fn enter(&mut self, now: Time, cause: Cause) {
        assert!(
            self.drained.is_empty(),
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
        self.outbox.push_back(Message {
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
        self.fail_quorum_reads(Refusal::Fenced);
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
            State::Candidate { .. } => Role::Candidate,
            State::Leader(_) => Role::Leader,
        }
    }
}
