//! Elections: timeouts, pre-vote, votes, winning, stepping down.
//!
//! Paper 5.2 and 5.4.1; thesis 3.4, 3.6.1, 4.2.3 (a live leader is not disturbed), 6.2
//! (check-quorum) and 9.6 (pre-vote). Guarantees: a vote leaves only when term and vote are on
//! disk (trap E1), each voter counts once (E3), replies count only in the term and phase that
//! asked (E4), and the timer is drawn anew at each reset (E9).

use crate::io::{Fence, Outcome, Refusal};
use crate::membership::Members;
use crate::message::Body;
use crate::progress::Progress;
use crate::quorum::{self, Tally};
use crate::raft::Raft;
use crate::reads::LeaderReads;
use crate::state::{Deadline, Leading, State};
use crate::time::{Span, Time};
use crate::trace::{
    Cause, ElectionReason, FollowerReason, Held, IgnoreReason, Kind, Timer, VoteRefusal,
};
use crate::types::{Entry, EntryBody, Index, Lane, LogId, NodeId, Round, Term};
use std::collections::{BTreeMap, VecDeque};

impl Raft {
    /// Draws a new election timeout from now (paper 5.2, trap E9).
    pub(crate) fn reset_election_timer(&mut self) {
        let timing = self.config.timing;
        let span = self
            .rng
            .between(timing.election_min.0, timing.election_max.0);
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
        // Who may campaign: a voter of the newest membership whose disk works (traps E16, D8).
        let stalled = self.disk_stalled_due().is_some_and(|due| self.now >= due);
        if stalled || !self.members().is_voter(self.id()) {
            return self.forget_leader();
        }
        let leader = self.leader;
        self.trace(|_| Kind::ElectionTimedOut { waited, leader });
        self.forget_leader();
        if self.config.switches.pre_vote {
            self.start_pre_vote();
        } else {
            self.start_election(ElectionReason::Timeout);
        }
    }

    /// Becoming a (pre-)candidate clears the known leader (trap E10c).
    fn forget_leader(&mut self) {
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

    fn start_election(&mut self, reason: ElectionReason) {
        let Some(term) = self.hard_state.term.next() else {
            return self.fence(Fence::Overflow);
        };
        let last = self.log.last();
        self.enter_term(term);
        self.hard_state.vote = Some(self.id());
        self.state = State::Candidate(BTreeMap::new());
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

    fn other_voters(&self) -> Vec<NodeId> {
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
            self.settled.push((ticket, Outcome::Unknown));
        }
        self.fail_leader_reads(leading.reads);
    }

    // ------------------------------------------------------------ being asked

    /// The leader that must not be disturbed, with how long ago it was heard (thesis 4.2.3).
    fn live_leader(&self) -> Option<(NodeId, Span)> {
        if !self.config.switches.stickiness {
            return None;
        }
        let heard = match &self.state {
            State::Leader(_) => self.quorum_contact(),
            _ => self.leader_heard?,
        };
        let ago = self.now.since(heard);
        let leader = self
            .leader
            .filter(|_| ago < self.config.timing.election_min)?;
        Some((leader, ago))
    }

    /// Refuses a vote request of a newer term, without adopting the term, while led.
    pub(crate) fn refuse_while_led(&mut self, to: NodeId, proposed: Term) -> bool {
        let Some((leader, heard)) = self.live_leader() else {
            return false;
        };
        let reason = VoteRefusal::LeaderAlive { leader, heard };
        self.trace(|_| Kind::RefusedVote {
            to,
            pre: false,
            proposed,
            reason,
        });
        self.send(to, Body::VoteReply { granted: false });
        true
    }

    /// "Would you vote for me?" Answered at once: nothing is promised (thesis 9.6).
    pub(crate) fn on_pre_vote(&mut self, to: NodeId, proposed: Term, theirs: LogId) {
        let (term, mine) = (self.hard_state.term, self.log.last());
        let refusal = if let Some((leader, heard)) = self.live_leader() {
            Some(VoteRefusal::LeaderAlive { leader, heard })
        } else if matches!(self.state, State::Leader(_)) && proposed <= term {
            Some(VoteRefusal::Leading)
        } else if proposed < term {
            Some(VoteRefusal::OlderTerm {
                theirs: proposed,
                mine: term,
            })
        } else if proposed == term && self.hard_state.vote.is_some_and(|vote| vote != to) {
            self.hard_state.vote.map(VoteRefusal::VotedFor)
        } else if theirs < mine {
            Some(VoteRefusal::LogBehind { theirs, mine })
        } else {
            None
        };
        self.trace(|_| match refusal {
            Some(reason) => Kind::RefusedVote {
                to,
                pre: true,
                proposed,
                reason,
            },
            None => Kind::GrantedVote {
                to,
                pre: true,
                proposed,
                theirs,
                mine,
            },
        });
        self.send(
            to,
            Body::PreVoteReply {
                proposed,
                granted: refusal.is_none(),
            },
        );
    }

    /// A vote request of the own term. Compare and grant in one step (trap E7).
    pub(crate) fn on_vote(&mut self, to: NodeId, theirs: LogId) {
        let (term, mine) = (self.hard_state.term, self.log.last());
        let refusal = match self.hard_state.vote {
            // Asked again by the one already voted for: granted again (trap E6), if its log
            // is still the one that was voted for.
            Some(vote) if vote == to && theirs >= mine => None,
            Some(_) if matches!(self.state, State::Leader(_)) => Some(VoteRefusal::Leading),
            Some(vote) => Some(VoteRefusal::VotedFor(vote)),
            // Last term first, then length (trap E5, paper 5.4.1).
            None if theirs < mine => Some(VoteRefusal::LogBehind { theirs, mine }),
            None => None,
        };
        if let Some(reason) = refusal {
            self.trace(|_| Kind::RefusedVote {
                to,
                pre: false,
                proposed: term,
                reason,
            });
            return self.send(to, Body::VoteReply { granted: false });
        }
        self.hard_state.vote = Some(to);
        self.held_vote = Some(to);
        self.reset_election_timer();
        self.trace(|_| Kind::GrantedVote {
            to,
            pre: false,
            proposed: term,
            theirs,
            mine,
        });
        if self.durability.hard_state != self.hard_state {
            self.trace(|_| Kind::HeldForDisk {
                what: Held::Vote(to),
            });
        }
        self.on_hard_state_durable();
    }

    /// Lets go what waited for term and vote to be on disk.
    pub(crate) fn on_hard_state_durable(&mut self) {
        if self.durability.hard_state != self.hard_state {
            return;
        }
        if let Some(to) = self.held_vote.take() {
            self.trace(|_| Kind::Released {
                what: Held::Vote(to),
            });
            self.send(to, Body::VoteReply { granted: true });
        }
        let own = self.id();
        if let State::Candidate(votes) = &self.state
            && self.hard_state.vote == Some(own)
            && !votes.contains_key(&own)
        {
            self.trace(|_| Kind::Released {
                what: Held::OwnVote,
            });
            let last = self.log.last();
            for voter in self.other_voters() {
                self.send(
                    voter,
                    Body::Vote {
                        last,
                        transfer: false,
                    },
                );
            }
            self.count_vote(own, true);
        }
    }

    // --------------------------------------------------------------- counting

    /// An answer to a pre-vote counts only in the phase and for the term it was asked.
    pub(crate) fn on_pre_vote_reply(&mut self, from: NodeId, proposed: Term, granted: bool) {
        let asked = self.hard_state.term.next();
        if !matches!(self.state, State::PreCandidate(_)) || asked != Some(proposed) {
            return self.ignore(from, IgnoreReason::TooLate);
        }
        self.count_vote(from, granted);
    }

    /// An answer to a vote request of the own term.
    pub(crate) fn on_vote_reply(&mut self, from: NodeId, granted: bool) {
        if !matches!(self.state, State::Candidate(_)) {
            return self.ignore(from, IgnoreReason::TooLate);
        }
        self.count_vote(from, granted);
    }

    fn count_vote(&mut self, from: NodeId, granted: bool) {
        let members = self.members();
        if !members.is_voter(from) {
            return self.ignore(from, IgnoreReason::NotMember);
        }
        let (votes, pre) = match &mut self.state {
            State::PreCandidate(votes) => (votes, true),
            State::Candidate(votes) => (votes, false),
            _ => return,
        };
        votes.insert(from, granted);
        let yes = votes.values().filter(|granted| **granted).count();
        let tally = quorum::tally(&members, |node| votes.get(&node).copied());
        let need = quorum::majority(members.voters.len());
        self.trace(|_| Kind::CountedVote {
            from,
            pre,
            granted,
            yes,
            need,
        });
        // A majority without the own vote is not enough: a candidate that lost its term in a
        // crash would ask the same voters again and lead the same term twice (trap E1). The
        // tally is taken anew when the own vote is on disk.
        let on_disk = self.durability.hard_state == self.hard_state;
        match (tally, pre) {
            (Tally::Won, true) => self.start_election(ElectionReason::PreVoteWon),
            (Tally::Won, false) if on_disk => self.become_leader(&members),
            (Tally::Lost, _) => {
                let term = self.hard_state.term;
                self.become_follower(term, None, FollowerReason::VoteLost);
            }
            (Tally::Won | Tally::Open, _) => {}
        }
    }

    // ---------------------------------------------------------------- leading

    fn become_leader(&mut self, members: &Members) {
        let State::Candidate(votes) = &self.state else {
            unreachable!("only a candidate wins");
        };
        let votes: Vec<NodeId> = votes
            .iter()
            .filter(|vote| *vote.1)
            .map(|vote| *vote.0)
            .collect();
        assert_eq!(
            self.durability.hard_state, self.hard_state,
            "a leader's term is on disk"
        );
        let (term, now) = (self.hard_state.term, self.now);
        let noop = self.log.last().index.next();
        let membership = self.membership().map_or(Index(0), |m| m.index());
        let lane = Lane {
            term,
            membership,
            generation: 0,
        };
        let own = self.id();
        let others = members.all().into_iter().filter(|node| *node != own);
        self.leader = Some(own);
        self.leader_heard = None;
        let told = votes.clone();
        self.state = State::Leader(Box::new(Leading {
            peers: others
                .map(|node| (node, Progress::new(lane, noop)))
                .collect(),
            round: Round(1),
            noop,
            votes,
            since: now,
            pending: VecDeque::new(),
            uncommitted: self.uncommitted_tail(),
            heartbeat: Deadline {
                set: now,
                due: now + self.config.timing.heartbeat,
            },
            beat: true,
            withheld: Index(0),
            reads: LeaderReads::default(),
        }));
        self.trace(|_| Kind::BecameLeader { votes: told });
        let id = LogId { term, index: noop };
        let opening = Entry {
            id,
            body: EntryBody::Noop,
        };
        let size = opening.size();
        self.log.push(opening);
        if let State::Leader(leading) = &mut self.state {
            leading.uncommitted += size;
        }
        self.trace(|_| Kind::AppendedNoop { id });
    }

    /// Bytes above the commit index: what an earlier leader left counts too.
    fn uncommitted_tail(&self) -> u64 {
        let tail = self.log.range(self.commit.next(), self.log.last().index);
        tail.iter().map(Entry::size).sum()
    }

    /// The latest time at which a majority had been heard (thesis 6.2).
    fn quorum_contact(&self) -> Time {
        let (State::Leader(leading), Some(membership)) = (&self.state, self.membership()) else {
            return Time(0);
        };
        let contact = |node: NodeId| match leading.peers.get(&node) {
            Some(peer) => peer.heard.unwrap_or(leading.since).0,
            None => self.now.0,
        };
        Time(quorum::agreed(&membership.members, contact))
    }

    /// When this leader must have heard a majority again.
    pub(crate) fn check_quorum_due(&self) -> Option<Time> {
        let on = self.config.switches.check_quorum && matches!(self.state, State::Leader(_));
        on.then(|| self.quorum_contact() + self.config.timing.election_max)
    }

    /// When the oldest write on its way will have taken an election timeout (trap D8).
    pub(crate) fn disk_stalled_due(&self) -> Option<Time> {
        Some(self.durability.oldest()? + self.config.timing.election_max)
    }

    /// A leader whose disk hangs hands the crown back: the others could commit for ever
    /// without it, but it could answer nobody and its memory would grow (trap D8).
    pub(crate) fn step_down_if_stalled(&mut self) {
        if self.disk_stalled_due().is_some_and(|due| self.now >= due) {
            let waited = self.now.since(self.durability.oldest().unwrap_or(self.now));
            let term = self.hard_state.term;
            self.become_follower(term, None, FollowerReason::DiskStalled { waited });
        }
    }

    /// Steps down when no majority was heard for a whole election timeout.
    pub(crate) fn step_down_if_silent(&mut self) {
        let limit = self.config.timing.election_max;
        let State::Leader(leading) = &self.state else {
            return;
        };
        if self.now.since(self.quorum_contact()) < limit {
            return;
        }
        let members = self.members();
        let in_time = |node: &&NodeId| match leading.peers.get(node) {
            Some(peer) => self.now.since(peer.heard.unwrap_or(leading.since)) < limit,
            None => **node == self.id(),
        };
        let heard = members.voters.iter().filter(in_time).count();
        let need = quorum::majority(members.voters.len());
        let term = self.hard_state.term;
        self.become_follower(term, None, FollowerReason::QuorumSilent { heard, need });
    }
}
