//! Following: accepting, refusing and cutting (paper 5.3; figure 2, AppendEntries).
//!
//! Guarantees: entries are removed only at a real conflict and never at or below the commit
//! index (trap R1); what is acknowledged was proven by this leader's own messages (R2) and is
//! on disk (D1); the answer to a probe never depends on the disk.

use crate::io::Fence;
use crate::message::{AppendResult, Body};
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::trace::{CommitReason, FollowerReason, Held, IgnoreReason, Kind, Silence};
use crate::types::{Entries, Entry, EntryBody, Index, Lane, LogId, Mark, NodeId, Round, Term};

impl Raft {
    /// Entries or a heartbeat from the leader of the own term.
    pub(crate) fn on_append(
        &mut self,
        from: NodeId,
        lane: Lane,
        round: Round,
        prev: LogId,
        entries: Entries,
        commit: Index,
    ) {
        if self.is_second_leader(from) {
            return self.fence(Fence::TwoLeaders);
        }
        if !well_formed(prev, &entries, self.hard_state.term) && self.rule(Rule::R7Holes) {
            return self.ignore(from, IgnoreReason::Malformed);
        }
        let fits = self.fits(prev);
        self.follow(from, fits);
        self.note_contact(lane, round);
        if !fits {
            return self.refuse_append(from, prev);
        }
        let last = entries.last().map_or(prev.index, |entry| entry.id.index);
        let carried = entries.len();
        let Some(new) = self.merge(entries) else {
            return self.fence(Fence::CommittedCut);
        };
        // What was dropped here was committed, so the leader of this term has it (paper 5.4).
        let last = last.max(self.log.base().index);
        self.prove(last);
        if carried > 0 {
            self.trace(|_| Kind::AcceptedAppend {
                leader: from,
                prev,
                last,
                new,
            });
        }
        let (received, durable) = (last, self.durability.index);
        // An append without entries is a heartbeat, which has a round that was not seen yet, a
        // probe, which names a place that is not known to be here, or else tells only how far
        // things are committed. To that there is nothing to say: the leader has nothing on the
        // way, and if this is lost the next heartbeat repeats it.
        let asks = carried > 0 || received > self.ack.told;
        if received > durable && carried > 0 {
            let what = Held::Acknowledgement {
                to: from,
                received,
                durable,
            };
            self.trace(|_| Kind::HeldForDisk { what });
        } else if asks {
            self.ack.owed = true;
        }
        if !self.rule(Rule::R1CutAll) && last < self.log.last().index && last >= self.commit {
            self.cut_log(last.next(), self.log.last().term, self.hard_state.term);
        }
        // What cannot be used yet is remembered (trap R20).
        if commit <= self.proven.index || self.rule(Rule::R20ForgetCommit) {
            self.told_commit = self.told_commit.max(commit);
        }
        self.follow_commit();
    }

    /// Whether the entry before the first one sent is here (paper 5.3, the consistency check).
    fn fits(&self, prev: LogId) -> bool {
        let another = || {
            let mine = self.log.term_at(prev.index);
            mine.is_some_and(|mine| mine < prev.term)
        };
        self.log.agrees(prev) || (!self.rule(Rule::P53NoPrevCheck) && another())
    }

    /// Whether somebody else leads this term already (trap E19).
    pub(crate) fn is_second_leader(&self, from: NodeId) -> bool {
        let other_leader = self.leader.is_some_and(|leader| leader != from);
        matches!(self.state, State::Leader(_)) || other_leader
    }

    /// The leader of the term spoke: contact counts even when its entries do not fit (trap E8).
    pub(crate) fn follow(&mut self, from: NodeId, fits: bool) {
        if !matches!(self.state, State::Follower) {
            let reason = FollowerReason::LeaderSpoke { leader: from };
            self.become_follower(self.hard_state.term, Some(from), reason);
        }
        if self.leader != Some(from) {
            self.leader = Some(from);
            self.trace(|_| Kind::FoundLeader { leader: from });
        } else if self.leader_heard.is_none() {
            self.trace(|_| Kind::FoundLeader { leader: from });
        }
        self.leader_heard = Some(self.now);
        self.keep_quiet(Silence::HeardLeader);
        if fits || self.rule(Rule::E8RefusedAppend) {
            self.reset_election_timer();
        }
    }

    /// A new lane or round wants an answer at once: an echo only says "my term is not above
    /// yours", which no disk can make false.
    pub(crate) fn note_contact(&mut self, lane: Lane, round: Round) {
        if lane > self.ack.lane {
            self.ack.lane = lane;
            self.ack.round = Round(0);
            self.ack.told = Index(0);
            self.ack.owed = true;
        }
        if round > self.ack.round {
            self.ack.round = round;
            self.ack.owed = true;
        }
    }

    fn refuse_append(&mut self, leader: NodeId, prev: LogId) {
        let mine = self.log.term_at(prev.index);
        let hint = self.meeting_point(prev.index.prev(), prev.term);
        self.trace(|_| Kind::RefusedAppend {
            leader,
            prev,
            mine,
            hint,
        });
        self.ack.owed = false;
        let (lane, round, number) = (self.ack.lane, self.ack.round, self.probe());
        let result = match self.is_suspect() {
            false => AppendResult::Refused { probe: prev, hint },
            true => AppendResult::Lacking { probe: prev, hint },
        };
        self.send(
            leader,
            Body::AppendReply {
                lane,
                round,
                result,
                probe: number,
            },
        );
    }

    /// Adds what is new, cutting at the first conflict; says how much that is. `None` when it
    /// would cut a committed entry, which no correct leader asks for.
    fn merge(&mut self, entries: Entries) -> Option<usize> {
        let base = self.log.base();
        let mut known = 0;
        for entry in entries.iter() {
            let index = entry.id.index;
            match self.log.term_at(index) {
                _ if index < base.index => {}
                Some(term) if term == entry.id.term => {}
                Some(mine) if mine < entry.id.term && !self.rule(Rule::P53KeepConflict) => {}
                Some(mine) => {
                    if index <= self.commit {
                        return None;
                    }
                    self.cut_log(index, mine, entry.id.term);
                    break;
                }
                // From here on all is new.
                None => break,
            }
            known += 1;
        }
        let new = match known {
            0 => entries,
            _ => entries[known..].into(),
        };
        let count = new.len();
        self.append_run(new);
        Some(count)
    }

    /// Adds a run, and tells of each membership in it that it is in force.
    fn append_run(&mut self, run: Entries) {
        let is_membership = |entry: &Entry| matches!(entry.body, EntryBody::Membership(_));
        if !run.iter().any(is_membership) {
            return self.log.append(run, self.config.rules());
        }
        for entry in run.iter() {
            self.log.push(entry.clone());
            if is_membership(entry) {
                self.note_membership(false);
            }
        }
    }

    fn cut_log(&mut self, at: Index, mine: Term, theirs: Term) {
        assert!(
            at > self.commit,
            "a committed entry is never cut (paper 5.4)"
        );
        assert!(
            self.proven.leader_term < self.hard_state.term
                || self.proven.index < at
                || !self.rule(Rule::R1CutAll),
            "the leader of this term proved this entry already"
        );
        let before = self.membership().map(|m| m.id);
        let rules = self.config.rules();
        let removed = self.log.cut(at, rules);
        self.durability.cut(at, rules);
        // What an older leader proved beyond the cut is no longer in the log.
        self.proven.index = self.proven.index.min(at.prev());
        self.trace(|_| Kind::CutLog {
            at,
            mine,
            theirs,
            removed,
        });
        if self.membership().map(|m| m.id) != before {
            self.note_membership(true);
        }
    }

    /// Another membership is in force.
    pub(crate) fn note_membership(&mut self, rolled_back: bool) {
        if let Some(now) = self.membership().cloned() {
            let (id, members) = (now.id, now.members);
            self.belonged |= members.contains(self.id());
            self.trace(|_| Kind::MembershipInForce {
                id,
                members,
                rolled_back,
            });
        }
    }

    pub(crate) fn prove(&mut self, last: Index) {
        let mark = Mark {
            leader_term: self.hard_state.term,
            index: match self.rule(Rule::R2AckWholeLog) {
                true => last,
                false => self.log.last().index,
            },
        };
        self.proven = self.proven.max(mark);
    }

    /// Commits what the leader said is committed, as far as its messages proved the log. The
    /// rest is remembered (trap R20).
    fn follow_commit(&mut self) {
        if self.proven.leader_term != self.hard_state.term {
            return;
        }
        let bound = match self.rule(Rule::R5Commit) {
            true => self.proven.index,
            false => self.log.last().index,
        };
        let to = self.told_commit.min(bound);
        if to > self.commit {
            let from = self.commit;
            self.commit = to;
            let leader = self.leader.expect("somebody told the commit index");
            let reason = CommitReason::Leader(leader);
            self.trace(|_| Kind::Committed { from, to, reason });
        }
    }

    /// At the end of a drain: tells the leader what is on disk, if that is news or was asked.
    pub(crate) fn acknowledge(&mut self) {
        let Some(leader) = self.leader.filter(|leader| *leader != self.id()) else {
            return;
        };
        // What an earlier leader proved need not be in the log of this one (trap R2).
        let by_this = self.proven.leader_term == self.hard_state.term;
        let proven = match by_this || !self.rule(Rule::R2OlderProof) {
            true => self.proven.index,
            false => Index(0),
        };
        let durable = match self.rule(Rule::D1AckEarly) {
            true => self.durability.index.min(proven),
            false => proven,
        };
        if std::mem::take(&mut self.ack.offered) {
            self.answer_offer(leader, durable);
        }
        if !self.ack.owed && durable <= self.ack.told {
            return;
        }
        if durable > self.ack.told && self.ack.told > Index(0) && !self.ack.owed {
            let what = Held::Acknowledgement {
                to: leader,
                received: proven,
                durable,
            };
            self.trace(|_| Kind::Released { what });
        }
        self.ack.owed = false;
        self.ack.told = self.ack.told.max(durable);
        let (lane, round, probe) = (self.ack.lane, self.ack.round, self.probe());
        let received = proven;
        let result = match self.is_suspect() {
            false => AppendResult::Accepted { durable, received },
            true => AppendResult::Regaining { durable, received },
        };
        self.send(
            leader,
            Body::AppendReply {
                lane,
                round,
                result,
                probe,
            },
        );
    }
}

/// Contiguous after `prev`, at positions that can be (trap E18), terms rising and not above
/// the leader's (trap R7).
fn well_formed(prev: LogId, entries: &[Entry], leader_term: Term) -> bool {
    let mut before = prev;
    for entry in entries {
        let next = before.index.following();
        let follows = next == Some(entry.id.index) && entry.id.term >= before.term;
        if !follows || entry.id.term > leader_term {
            return false;
        }
        before = entry.id;
    }
    before.term <= leader_term
}
