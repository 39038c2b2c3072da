//! Leader leases, and the silence of voters that they rest on (thesis 6.4.1; design R3).
//!
//! A voter that hears its leader promises by that to give nobody else its vote for
//! `election_min` of its own clock; so does one that gives its vote. A leader whose contact round,
//! sent at `s`, came back from a majority therefore knows that nobody else leads until
//! `s + election_min / drift − safety` of *its* clock, and serves reads without asking. The lease
//! counts from the time of sending, never of receipt (trap L6).
//!
//! The promise outlives everything: the leader being forgotten, a newer term, and a crash, since
//! who starts is silent for as long (L8). Only an election that the leader asked for passes it;
//! so the leader gives its lease up before it says `TimeoutNow`, and has none in that term until
//! the message can do nothing any more (L7).
//!
//! **Switched on, it must be on at every node of the cluster**, and every clock must be within
//! `Timing::drift_ppm`, count the time a machine sleeps, and never be set (L10).

use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::{Kind, Silence, VoteRefusal};
use crate::types::{Index, NodeId, Round};
use crate::{config::Timing, quorum};
use std::collections::{BTreeMap, VecDeque};

/// A voter's promise to vote for nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Quiet {
    pub until: Time,
    pub why: Silence,
}

/// What a leader's lease rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    /// When rounds began, oldest first. Not every round is here: one that began shortly after
    /// another counts as that one.
    rounds: VecDeque<(Round, Time)>,
    /// For each peer the highest round that came back and when that round, at the latest the one
    /// before it in `rounds`, began.
    contact: BTreeMap<NodeId, (Round, Time)>,
    /// Who was told to campaign in this term, and where its log ended then.
    pub told: Vec<(NodeId, Index)>,
}

impl Lease {
    /// A leader's first round; those who voted for it promised what an echo does.
    pub fn new(now: Time, asked: Time, votes: &[NodeId]) -> Lease {
        let promise = |voter: &NodeId| (*voter, (Round(0), asked));
        Lease {
            rounds: VecDeque::from([(Round(1), now)]),
            contact: votes.iter().map(promise).collect(),
            told: Vec::new(),
        }
    }

    /// A round begins.
    pub fn begin(&mut self, round: Round, now: Time, timing: &Timing) {
        let apart = Span(timing.heartbeat.0 / 8);
        if self.rounds.back().is_some_and(|last| last.1 + apart > now) {
            return;
        }
        self.rounds.push_back((round, now));
        // What is older than a lease can last is of no use.
        while self
            .rounds
            .get(1)
            .is_some_and(|next| next.1 + timing.election_max < now)
        {
            self.rounds.pop_front();
        }
    }

    /// When a round began, at the latest; `None` when that is too long ago.
    pub fn began(&self, round: Round) -> Option<Time> {
        began(&self.rounds, round)
    }

    /// From when each peer's promise counts.
    pub fn contacts(&self) -> Vec<(NodeId, u64)> {
        let contact = self.contact.iter();
        contact.map(|(node, known)| (*node, known.1.0)).collect()
    }

    /// When the rounds began that answers may yet count from, oldest first.
    pub fn begun(&self) -> impl Iterator<Item = Time> {
        self.rounds.iter().map(|begun| begun.1)
    }

    /// A round came back; `sent` is when it counts from unless that is known better.
    pub fn came_back(&mut self, from: NodeId, round: Round, received: Option<Time>) {
        let known = self.contact.entry(from).or_default();
        if round <= known.0 {
            return;
        }
        let began = began(&self.rounds, round).unwrap_or(Time(0));
        *known = (round, known.1.max(received.unwrap_or(began)));
    }
}

fn began(rounds: &VecDeque<(Round, Time)>, round: Round) -> Option<Time> {
    let begun = rounds.iter().rev().find(|begun| begun.0 <= round);
    begun.map(|begun| begun.1)
}

impl Timing {
    /// How long a lease lasts from the sending of its round, by the leader's clock. Both clocks
    /// may be wrong: with `d` parts each way, `(1 - d) / (1 + d)` is at least `1 - 2d`.
    #[must_use]
    pub fn lease(&self) -> Span {
        let drift = self.election_min.0.saturating_mul(self.drift_ppm);
        let drift = drift.saturating_mul(2).div_ceil(1_000_000);
        let lost = drift.saturating_add(self.lease_safety.0);
        Span(self.election_min.0.saturating_sub(lost))
    }
}

impl Raft {
    // ------------------------------------------------------------- the leader

    /// Until when nobody else can lead, if this node leads and may rely on it.
    pub(crate) fn lease_end(&self) -> Option<Time> {
        let State::Leader(leading) = &self.state else {
            return None;
        };
        let membership = self
            .membership()
            .filter(|_| self.config.switches.lease_reads)?;
        let handing_over = leading.transfer.is_some_and(|transfer| transfer.sent);
        if (handing_over && self.rule(Rule::L7KeepLease)) || self.may_still_campaign() {
            return None;
        }
        let (own, now, rules) = (self.id(), self.now, self.config.rules());
        let contact = |node: NodeId| match leading.lease.contact.get(&node) {
            _ if node == own => now.0,
            Some(contact) => contact.1.0,
            None => 0,
        };
        let deciding = rules.both_halves(Rule::M4Lease, &membership.members);
        let start = Time(quorum::agreed_by(rules, &deciding, contact));
        let span = match rules.hold(Rule::L6Drift) {
            true => self.config.timing.lease(),
            false => self.config.timing.election_min,
        };
        (start > Time(0)).then_some(start + span)
    }

    /// Whether somebody who was told to campaign in this term, `T`, may yet win by that word alone.
    /// The word counts only at a log that ends where this leader's ended then, at `L`. Either of
    /// two things makes it one that comes too late for ever:
    ///
    /// - The log of `T` goes on behind `L` on its disk. It follows this leader or nobody's word, so
    ///   it never ends at `L` again. (A lane that it has heard of would be forgotten in a crash.)
    /// - Something behind `L` is committed. Then `T` may campaign, but cannot win, also if it is
    ///   gone from the members or never comes back: all that was told it ended at `L`, the newest
    ///   membership `C` included, so it needs a majority of `C`. What is first committed behind
    ///   `L` is so under `C` or under the next membership, as no other is begun before that one is
    ///   committed. Two such majorities share a voter `V` with an entry of this term behind `L` on
    ///   its disk. It has not voted for `T` before it took that entry, or it would have left this
    ///   term and not taken it. It does not vote for `T` afterwards: its log is longer (paper
    ///   5.4.1), and nothing cuts it before another node leads a newer term. So `T` is never the
    ///   first to do that; and nobody else is while the silence lasts, which only `T` may pass.
    pub(crate) fn may_still_campaign(&self) -> bool {
        let State::Leader(leading) = &self.state else {
            return false;
        };
        let may = |told: &(NodeId, Index)| {
            let peer = leading.peers.get(&told.0);
            self.commit <= told.1 && peer.is_none_or(|peer| peer.counted() <= told.1)
        };
        // Once a word is out in a transfer that runs, another rule says so.
        let out = leading.transfer.is_some_and(|transfer| transfer.sent);
        !out && self.rule(Rule::L7Regain) && leading.lease.told.iter().any(may)
    }

    /// The lease is given up before the target can hear of it (trap L7).
    pub(crate) fn surrender_lease(&mut self, to: NodeId, last: Index) {
        let lease = self.lease_end().filter(|end| *end > self.now);
        if let State::Leader(leading) = &mut self.state {
            leading.lease.told.retain(|told| told.0 != to);
            leading.lease.told.push((to, last));
        }
        if let Some(until) = lease {
            self.trace(|_| Kind::LeaseSurrendered { to, until });
        }
    }

    /// A peer echoed a round of this term.
    pub(crate) fn extend_lease(&mut self, from: NodeId, round: Round) {
        if !self.config.switches.lease_reads {
            return;
        }
        let now = self.now;
        let had = self.lease_end().is_some_and(|end| end > now);
        let received = (!self.rule(Rule::L6Receipt)).then_some(now);
        if let State::Leader(leading) = &mut self.state {
            leading.lease.came_back(from, round, received);
        }
        if let Some(until) = self.lease_end().filter(|end| *end > now && !had) {
            self.trace(|_| Kind::LeaseTaken { until });
        }
    }

    /// The last word to campaign may just have become one that is late for ever.
    pub(crate) fn tell_lease_regained(&mut self) {
        if let Some(until) = self.lease_end().filter(|end| *end > self.now) {
            self.trace(|_| Kind::LeaseTaken { until });
        }
    }

    // -------------------------------------------------------------- the voter

    /// From now on this node votes for nobody for a while.
    pub(crate) fn keep_quiet(&mut self, why: Silence) {
        let rule = match why {
            Silence::Started => Rule::L8Start,
            Silence::Voted => Rule::L9Voted,
            Silence::HeardLeader => Rule::L9Heard,
        };
        if !self.config.switches.lease_reads || !self.rule(rule) {
            return;
        }
        let until = self.now + self.config.timing.election_min;
        if until > self.quiet.until {
            self.quiet = Quiet { until, why };
        }
    }

    /// Why no vote is given now, whoever asks.
    pub(crate) fn silence(&self) -> Option<VoteRefusal> {
        let Quiet { until, why } = self.quiet;
        let left = until.since(self.now);
        (left > Span(0)).then_some(VoteRefusal::Silent { why, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::types::ClusterId;

    #[test]
    fn l6_a_lease_is_shorter_than_the_silence_by_drift_and_safety() {
        let mut timing = Config::server(NodeId(1), ClusterId(1), 1).timing;
        assert_eq!(timing.lease(), Span(500_000 - 1_000 - 10_000));
        timing.drift_ppm = 100_000;
        timing.lease_safety = Span(0);
        // Ten percent: 500 ms of a fast voter are 454 ms, 409 ms of a slow leader.
        assert_eq!(timing.lease(), Span(400_000));
        timing.drift_ppm = 600_000;
        assert_eq!(timing.lease(), Span(0));
    }

    #[test]
    fn l6_rounds_count_from_the_time_they_began_and_are_bounded() {
        let timing = Config::demo(NodeId(1), ClusterId(1), 1).timing;
        let mut lease = Lease::new(Time(1_000_000), Time(990_000), &[NodeId(2)]);
        assert_eq!(lease.contact[&NodeId(2)], (Round(0), Time(990_000)));
        lease.came_back(NodeId(2), Round(1), None);
        assert_eq!(lease.contact[&NodeId(2)].1, Time(1_000_000));
        // Too close to the one before: it counts as that one.
        lease.begin(Round(2), Time(1_000_001), &timing);
        lease.came_back(NodeId(2), Round(2), None);
        assert_eq!(lease.contact[&NodeId(2)], (Round(2), Time(1_000_000)));
        for round in 3..1_000 {
            lease.begin(Round(round), Time(1_000_000 + round * 1_000), &timing);
        }
        assert!(lease.rounds.len() <= 50, "{}", lease.rounds.len());
        lease.came_back(NodeId(3), Round(999), None);
        let began = lease.contact[&NodeId(3)].1;
        assert!(
            began > Time(1_980_000) && began <= Time(1_999_000),
            "{began:?}"
        );
        lease.came_back(NodeId(3), Round(4), None);
        assert_eq!(
            lease.contact[&NodeId(3)].1,
            began,
            "late echoes take nothing back"
        );
    }
}
