//! Winning an election and giving leadership up.
//!
//! Paper 5.2 and 8 (the opening entry); thesis 6.2 (check-quorum). Handing over is in `transfer`.
//! Guarantees: a leader's term and vote are on disk, and a leader that cannot do its work, for
//! want of a majority or of a disk, does not stay one.

use crate::autopilot::Autopilot;
use crate::io::Fence;
use crate::lease::Lease;
use crate::membership::Members;
use crate::parting::Leaving;
use crate::progress::Progress;
use crate::quorum;
use crate::raft::Raft;
use crate::reads::LeaderReads;
use crate::sabotage::Rule;
use crate::state::{Deadline, Leading, State};
use crate::time::Time;
use crate::trace::{FollowerReason, Kind};
use crate::types::{Entry, EntryBody, Index, Lane, LogId, NodeId, Round};
use std::collections::{BTreeMap, VecDeque};

impl Raft {
    pub(crate) fn become_leader(&mut self, members: &Members) {
        let State::Candidate { votes, asked, .. } = &self.state else {
            unreachable!("only a candidate wins");
        };
        let asked = match self.rule(Rule::L6Receipt) {
            true => *asked,
            false => self.now,
        };
        let granted = votes.iter().filter(|vote| *vote.1).map(|vote| *vote.0);
        let votes: Vec<NodeId> = granted.filter(|node| members.is_voter(*node)).collect();
        assert!(
            self.durability.hard_state == self.hard_state || !self.rule(Rule::E1OwnVote),
            "a leader's term is on disk"
        );
        let (term, now) = (self.hard_state.term, self.now);
        let Some(noop) = self.log.last().index.following() else {
            return self.fence(Fence::Overflow);
        };
        let membership = self.membership().map_or(Index(0), |m| m.index());
        let lane = Lane::first(term, membership);
        let own = self.id();
        let leaving = self.still_to_be_told(members, membership);
        let others = members.all().into_iter().filter(|node| *node != own);
        let others = others.chain(leaving.keys().copied());
        self.leader = Some(own);
        self.leader_heard = None;
        // A leader waits for no leader (trap E12).
        self.election = Deadline {
            set: now,
            due: Time::NEVER,
        };
        let told = votes.clone();
        self.state = State::Leader(Box::new(Leading {
            peers: others
                .map(|node| (node, Progress::new(lane, noop)))
                .collect(),
            round: Round(1),
            noop,
            lease: Lease::new(now, asked, &votes),
            votes,
            since: now,
            proven: Time(0),
            pending: VecDeque::new(),
            uncommitted: self.uncommitted_tail(),
            heartbeat: Deadline {
                set: now,
                due: now + self.config.timing.heartbeat,
            },
            beat: true,
            withheld: Index(0),
            reads: LeaderReads::default(),
            transfer: None,
            change: None,
            pilot: self.config.autopilot.map(Autopilot::new),
            leaving,
            outsiders: 0,
        }));
        self.trace(|_| Kind::BecameLeader { votes: told });
        if let Some(until) = self.lease_end().filter(|end| *end > now) {
            self.trace(|_| Kind::LeaseTaken { until });
        }
        self.open_term(LogId { term, index: noop });
    }

    /// Who was removed by an entry that is not known to be committed: the leader that wrote it may
    /// not have come to telling them (trap M7).
    fn still_to_be_told(&self, members: &Members, newest: Index) -> BTreeMap<NodeId, Leaving> {
        let Some(before) = self.log.membership_before() else {
            return BTreeMap::new();
        };
        if newest <= self.commit || !self.rule(Rule::M7Untold) {
            return BTreeMap::new();
        }
        let was = before.members.all().into_iter();
        let gone = was.filter(|node| *node != self.id() && !members.contains(*node));
        gone.map(|node| (node, Leaving::new(newest))).collect()
    }

    /// Appends the entry that lets a leader commit what others left (paper 5.4.2, 8).
    fn open_term(&mut self, id: LogId) {
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
        self.log.size(self.commit.next(), self.log.last().index)
    }

    /// The latest time at which a majority had been heard (thesis 6.2).
    pub(crate) fn quorum_contact(&self) -> Time {
        let (State::Leader(leading), Some(membership)) = (&self.state, self.membership()) else {
            return Time(0);
        };
        let contact = |node: NodeId| match leading.peers.get(&node) {
            Some(peer) => peer.heard.unwrap_or_default().max(leading.since).0,
            None => self.now.0,
        };
        let rules = self.config.rules();
        let deciding = rules.both_halves(Rule::M4CheckQuorum, &membership.members);
        Time(quorum::agreed_by(rules, &deciding, contact))
    }

    /// When this leader must have heard a majority again.
    pub(crate) fn check_quorum_due(&self) -> Option<Time> {
        let on = self.config.switches.check_quorum && matches!(self.state, State::Leader(_));
        on.then(|| self.quorum_contact() + self.config.timing.election_max)
    }

    /// When the oldest write on its way will have taken an election timeout (trap D8).
    pub(crate) fn disk_stalled_due(&self) -> Option<Time> {
        let oldest = self.durability.oldest();
        let oldest = oldest.filter(|_| self.rule(Rule::D8KeepCrown));
        Some(oldest? + self.config.timing.election_max)
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
            Some(peer) => {
                let heard = peer.heard.unwrap_or_default().max(leading.since);
                self.now.since(heard) < limit
            }
            None => **node == self.id(),
        };
        let heard = members.voters.iter().filter(in_time).count();
        let need = quorum::needed(self.config.rules(), members.voters.len());
        let term = self.hard_state.term;
        self.become_follower(term, None, FollowerReason::QuorumSilent { heard, need });
    }
}
