//! Votes and pre-votes: being asked for one, and counting answers.
//!
//! Paper 5.2 and 5.4.1; thesis 3.6.1, 4.2.3 (a live leader is not disturbed) and 9.6. Guarantees:
//! a vote leaves only when term and vote are on disk (trap E1), each voter counts once (E3),
//! replies count only in the term and phase that asked (E4).

use crate::message::Body;
use crate::quorum::{self, Tally};
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Span;
use crate::trace::{
    ElectionReason, FollowerReason, Held, IgnoreReason, Kind, Silence, VoteRefusal,
};
use crate::types::{LogId, NodeId, Term};

impl Raft {
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

    /// Whether the leader itself asked for this election (thesis 3.10, trap E13).
    pub(crate) fn is_wanted(&self, transfer: bool) -> bool {
        transfer && self.rule(Rule::E13Refused)
    }

    /// Refuses a vote request of a newer term, without adopting the term, while led or silent.
    pub(crate) fn refuse_while_led(&mut self, to: NodeId, proposed: Term) -> bool {
        let alive = |(leader, heard)| VoteRefusal::LeaderAlive { leader, heard };
        let Some(reason) = self.live_leader().map(alive).or(self.silence()) else {
            return false;
        };
        self.trace(|_| Kind::RefusedVote {
            to,
            pre: false,
            proposed,
            reason,
        });
        self.send(to, Body::VoteReply { granted: false });
        true
    }

    /// Whether a log is less complete than the own: last term first, then length (trap E5, paper
    /// 5.4.1).
    fn behind(&self, theirs: LogId, mine: LogId) -> bool {
        if !self.rule(Rule::E5Length) {
            return theirs.index < mine.index;
        }
        theirs < mine && self.rule(Rule::E5NoCheck)
    }

    fn knows_nobody(&self) -> bool {
        self.membership().is_none() && self.rule(Rule::M10Speaks)
    }

    /// "Would you vote for me?" Answered at once: nothing is promised (thesis 9.6).
    pub(crate) fn on_pre_vote(&mut self, to: NodeId, proposed: Term, theirs: LogId) {
        let (term, mine) = (self.hard_state.term, self.log.last());
        let refusal = if let Some((leader, heard)) = self.live_leader() {
            Some(VoteRefusal::LeaderAlive { leader, heard })
        } else if let Some(silence) = self.silence() {
            Some(silence)
        } else if self.is_silent(Rule::E16SuspectVotes) {
            Some(VoteRefusal::Suspect)
        } else if self.knows_nobody() {
            Some(VoteRefusal::NoMembership)
        } else if matches!(self.state, State::Leader(_)) && proposed <= term {
            Some(VoteRefusal::Leading)
        } else if proposed < term {
            Some(VoteRefusal::OlderTerm {
                theirs: proposed,
                mine: term,
            })
        } else if proposed == term && self.hard_state.vote.is_some_and(|vote| vote != to) {
            self.hard_state.vote.map(VoteRefusal::VotedFor)
        } else if self.behind(theirs, mine) {
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
        if refusal.is_some() && !self.rule(Rule::E8RefusedVote) {
            self.reset_election_timer();
        }
        self.send(
            to,
            Body::PreVoteReply {
                proposed,
                granted: refusal.is_none(),
            },
        );
    }

    /// A vote request of the own term. Compare and grant in one step (trap E7).
    pub(crate) fn on_vote(&mut self, to: NodeId, theirs: LogId, transfer: bool) {
        let (term, mine) = (self.hard_state.term, self.log.last());
        let behind = self.behind(theirs, mine);
        let silence = self.silence().filter(|_| !self.is_wanted(transfer));
        let refusal = match self.hard_state.vote {
            // Its log may lack what it helped to commit, so it cannot judge another (trap D3).
            _ if self.is_silent(Rule::E16SuspectVotes) => Some(VoteRefusal::Suspect),
            // Who knows no members is silent: it may be a voter that lost its disk (trap M10).
            _ if self.knows_nobody() => Some(VoteRefusal::NoMembership),
            // Asked again by the one already voted for: granted again (trap E6), if its log
            // is still the one that was voted for.
            Some(vote) if vote == to && (!behind || !self.rule(Rule::E6ShorterLog)) => None,
            _ if silence.is_some() => silence,
            Some(_) if matches!(self.state, State::Leader(_)) => Some(VoteRefusal::Leading),
            Some(vote) if vote != to && self.rule(Rule::E2Twice) => {
                Some(VoteRefusal::VotedFor(vote))
            }
            _ if behind => Some(VoteRefusal::LogBehind { theirs, mine }),
            _ => None,
        };
        if let Some(reason) = refusal {
            if !self.rule(Rule::E8RefusedVote) {
                self.reset_election_timer();
            }
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
        if self.rule(Rule::E8GivenVote) {
            self.reset_election_timer();
        }
        self.keep_quiet(Silence::Voted);
        self.trace(|_| Kind::GrantedVote {
            to,
            pre: false,
            proposed: term,
            theirs,
            mine,
        });
        self.stand_back(to);
        if self.durability.hard_state != self.hard_state {
            self.trace(|_| Kind::HeldForDisk {
                what: Held::Vote(to),
            });
        }
        self.on_hard_state_durable();
    }

    /// Who votes for another asks no more for itself. A yes to its pre-vote may still be on the
    /// way, from somebody who asked nothing of the kind: it would campaign against the candidate it
    /// has just promised its silence, be elected by those who promised nothing, and both would
    /// serve reads from a lease (trap L9).
    ///
    /// ```text
    /// S1 asks for pre-votes      S2's vote request, long on the way, comes to S1     S3's yes comes to S1
    /// term 1, no vote yet        granted: S2 leads term 1, lease {S1, S2}            must not begin term 2
    /// ```
    fn stand_back(&mut self, to: NodeId) {
        if matches!(self.state, State::PreCandidate(_)) && self.rule(Rule::L9Campaigns) {
            let (term, reason) = (self.hard_state.term, FollowerReason::Voted { to });
            self.become_follower(term, None, reason);
        }
    }

    /// Lets go what waited for term and vote to be on disk.
    pub(crate) fn on_hard_state_durable(&mut self) {
        let on_disk = self.durability.hard_state == self.hard_state;
        if (on_disk || !self.rule(Rule::E1Vote))
            && let Some(to) = self.held_vote.take()
        {
            self.trace(|_| Kind::Released {
                what: Held::Vote(to),
            });
            self.send(to, Body::VoteReply { granted: true });
        }
        let own = self.id();
        if let State::Candidate {
            votes, transfer, ..
        } = &self.state
            && (on_disk || !self.rule(Rule::E1OwnVote))
            && self.hard_state.vote == Some(own)
            && !votes.contains_key(&own)
        {
            let transfer = *transfer;
            self.trace(|_| Kind::Released {
                what: Held::OwnVote,
            });
            let (last, now) = (self.log.last(), self.now);
            if let State::Candidate { asked, .. } = &mut self.state {
                *asked = now;
            }
            for voter in self.other_voters() {
                self.send(voter, Body::Vote { last, transfer });
            }
            self.count_vote(own, true);
        }
    }

    // --------------------------------------------------------------- counting

    /// An answer to a pre-vote counts only in the phase and for the term it was asked.
    pub(crate) fn on_pre_vote_reply(&mut self, from: NodeId, proposed: Term, granted: bool) {
        let asked = self.hard_state.term.next();
        if granted && !self.rule(Rule::E4PreVote) && matches!(self.state, State::Candidate { .. }) {
            return self.count_vote(from, granted);
        }
        if !matches!(self.state, State::PreCandidate(_)) || asked != Some(proposed) {
            return self.ignore(from, IgnoreReason::TooLate);
        }
        self.count_vote(from, granted);
    }

    /// An answer to a vote request of the own term.
    pub(crate) fn on_vote_reply(&mut self, from: NodeId, granted: bool) {
        if !matches!(self.state, State::Candidate { .. }) {
            return self.ignore(from, IgnoreReason::TooLate);
        }
        self.count_vote(from, granted);
    }

    pub(crate) fn count_vote(&mut self, from: NodeId, granted: bool) {
        let (members, rules) = (self.members(), self.config.rules());
        // The own vote is noted in any case: it stands for the disk. It counts only for a voter.
        if !members.is_voter(from) && from != self.id() {
            return self.ignore(from, IgnoreReason::NotMember);
        }
        let (votes, pre) = match &mut self.state {
            State::PreCandidate(votes) => (votes, true),
            State::Candidate { votes, .. } => (votes, false),
            _ => return,
        };
        // One voice for each voter (trap E3).
        let counted = !rules.hold(Rule::E3Repeat) && votes.contains_key(&from);
        let open = members.voters.iter().find(|node| !votes.contains_key(node));
        votes.insert(*open.filter(|_| counted).unwrap_or(&from), granted);
        let counts = |vote: &(&NodeId, &bool)| *vote.1 && members.is_voter(*vote.0);
        let yes = votes.iter().filter(counts).count();
        let deciding = rules.both_halves(Rule::M4Elections, &members);
        let tally = quorum::tally_by(rules, &deciding, |node| votes.get(&node).copied());
        let need = quorum::needed(rules, members.voters.len());
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
        let on_disk = on_disk || !self.rule(Rule::E1OwnVote);
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
}
