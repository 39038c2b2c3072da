//! Elections: the timeout, the pre-election, the election, and becoming a follower.
//!
//! Paper 5.2; thesis 3.4 and 9.6 (pre-vote). Being asked for a vote and counting answers is in
//! `votes`, winning in `leader`. Guarantees: the timer is drawn anew at each reset (trap E9), the
//! vote is cleared only when the term grows (E2), and who campaigns forgets its leader (E10c).

use crate::io::{Fence, Outcome, Refusal};
use crate::membership::Membership;
use crate::message::Body;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::{Deadline, State};
use crate::time::Span;
use crate::trace::{Cause, ElectionReason, FollowerReason, Held, Kind, Timer, VoteRefusal};
use crate::types::{NodeId, Term};
use std::collections::BTreeMap;

impl Raft {
    /// Draws a new election timeout from now (paper 5.2, trap E9).
    pub(crate) fn reset_election_timer(&mut self) {
        let (timing, anew) = (self.config.timing, self.rule(Rule::E9SameTimeout));
        let span = match anew {
            true => self
                .rng
                .between(timing.election_min.0, timing.election_max.0),
            false => timing.election_min.0,
        };
        self.election = Deadline {
            set: self.now,
            due: self.now + Span(span),
        };
    }

    /// No leader was heard in time.
    pub(crate) fn on_election_timeout(&mut self) {
        self.cause = Cause::Timer(Timer::Election);
        let waited = self.now.since(self.election.set);
        self.reset_election_timer();
        // Its own vote would break its promise (thesis 6.4.1). Only somebody who fires the timer
        // by hand gets here: by itself it is longer.
        if let Some(VoteRefusal::Silent { why, left }) = self.silence()
            && self.rule(Rule::L9Fired)
        {
            self.election.due = self.election.due.max(self.quiet.until);
            return self.trace(|_| Kind::ElectionPutOff { why, left });
        }
        if !self.may_campaign() {
            self.trace_forgone_election();
            return self.forget_leader();
        }
        let leader = self.leader;
        self.trace(|_| Kind::ElectionTimedOut { waited, leader });
        if self.rule(Rule::E10cKeepLeader) {
            self.forget_leader();
        }
        if self.config.switches.pre_vote {
            self.start_pre_vote();
        } else {
            self.start_election(ElectionReason::Timeout);
        }
    }

    /// Who may campaign: a voter of the newest membership whose disk works and has the log, not a
    /// snapshot still to be put in its place (traps E16, D8), and did not lose of it what it
    /// promised (D3); and who was a voter until a membership that is not known to be committed,
    /// since only its log may be complete enough to commit that (thesis 4.2.2, trap M5). It does
    /// not count itself.
    pub(crate) fn may_campaign(&self) -> bool {
        let stalled = self.disk_stalled_due().is_some_and(|due| self.now >= due);
        let votes = |membership: &Membership| membership.members.is_voter(self.id());
        let newest = self.membership();
        let open = newest.is_some_and(|newest| newest.index() > self.commit);
        let needed = open && self.rule(Rule::M5GoneAtOnce);
        let before = self.log.membership_before().filter(|_| needed);
        if !self.rule(Rule::E16Anybody) {
            return true;
        }
        !stalled
            && !self.is_installing()
            && !self.is_silent(Rule::E16SuspectVotes)
            && (newest.is_some_and(votes) || before.is_some_and(votes))
    }

    /// Becoming a (pre-)candidate clears the known leader (trap E10c).
    pub(crate) fn forget_leader(&mut self) {
        self.leader = None;
        self.leader_heard = None;
        self.fail_follower_reads(Refusal::LeaderLost);
    }

    fn start_pre_vote(&mut self) {
        let Some(proposed) = self.hard_state.term.next() else {
            return self.fence(Fence::Overflow);
        };
        let last = self.log.last();
        self.state = State::PreCandidate(BTreeMap::new());
        self.trace(|_| Kind::StartedPreVote { proposed, last });
        for voter in self.other_voters() {
            self.send(voter, Body::PreVote { proposed, last });
        }
        self.count_vote(self.id(), true);
    }

    pub(crate) fn start_election(&mut self, reason: ElectionReason) {
        let Some(term) = self.hard_state.term.next() else {
            return self.fence(Fence::Overflow);
        };
        let last = self.log.last();
        self.enter_term(term);
        self.hard_state.vote = Some(self.id());
        self.state = State::Candidate {
            votes: BTreeMap::new(),
            transfer: reason == ElectionReason::TimeoutNow,
            asked: self.now,
        };
        self.reset_election_timer();
        self.trace(|_| Kind::StartedElection { reason, last });
        // Nobody is asked before term, own vote and log are on disk: after a crash the node
        // could ask again in the same term with a shorter log, and answers to the first
        // question would elect it (traps E1, E6).
        self.trace(|_| Kind::HeldForDisk {
            what: Held::OwnVote,
        });
        self.on_hard_state_durable();
    }

    pub(crate) fn other_voters(&self) -> Vec<NodeId> {
        let members = self.members();
        members
            .all()
            .into_iter()
            .filter(|n| *n != self.id() && members.is_voter(*n))
            .collect()
    }

    /// A term begins for this node: no vote, nothing held, nothing proven in it.
    fn enter_term(&mut self, term: Term) {
        assert!(term > self.hard_state.term, "terms only grow");
        self.hard_state.term = term;
        self.hard_state.vote = None;
        self.held_vote = None;
        self.ack = Default::default();
    }

    /// Becomes a follower of `term`, perhaps knowing its leader. The vote is cleared only when
    /// the term grows (trap E2).
    pub(crate) fn become_follower(
        &mut self,
        term: Term,
        leader: Option<NodeId>,
        reason: FollowerReason,
    ) {
        let was = self.role();
        self.drop_leadership();
        if term > self.hard_state.term {
            self.enter_term(term);
            self.forget_leader();
        } else if !self.rule(Rule::E2Forget) {
            self.hard_state.vote = None;
        }
        self.state = State::Follower;
        if was == crate::trace::Role::Leader {
            // A leader has no election timer; now it needs one, and follows nobody yet.
            self.forget_leader();
            self.reset_election_timer();
        }
        if leader.is_some() {
            self.leader = leader;
        }
        self.trace(|_| Kind::BecameFollower { was, reason });
    }

    /// Ends what only a leader may have open: proposals become unknown, reads fail (trap L12).
    pub(crate) fn drop_leadership(&mut self) {
        if !matches!(self.state, State::Leader(_)) {
            return;
        }
        let State::Leader(leading) = std::mem::replace(&mut self.state, State::Follower) else {
            unreachable!("just looked at");
        };
        for (_, ticket) in leading.pending {
            let outcome = match self.rule(Rule::C3UnknownIsLost) {
                true => Outcome::Unknown,
                false => Outcome::Lost,
            };
            self.settled.push_back((ticket, outcome));
        }
        if let Some(transfer) = leading.transfer {
            self.leave_transfer(transfer);
        }
        if let Some(change) = leading.change {
            self.leave_change(change);
        }
        self.fail_leader_reads(leading.reads);
    }
}
