//! New voters catch up before they vote (thesis 4.2.1, trap M8).
//!
//! A round ends when the new voter has on disk what the leader had when the round began. Who ends
//! one in less than an election timeout keeps up; who does not within `Limits::catch_up_rounds`
//! rounds, or is silent for as many election timeouts, is not made a voter.

use crate::io::Abort;
use crate::progress::Progress;
use crate::raft::Raft;
use crate::reconfigure::Stage;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::Kind;
use crate::types::Index;

/// One new voter's rounds: each ends when it has what the leader had at the round's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CatchUp {
    pub round: u64,
    pub goal: Index,
    pub since: Time,
    pub done: bool,
}

impl CatchUp {
    fn silent_due(&self, peer: &Progress, patience: Span) -> Time {
        peer.heard.unwrap_or_default().max(self.since) + patience
    }
}

impl Raft {
    /// Moves the rounds of new voters on; gives the change up when one does not keep up.
    pub(crate) fn follow_catch_up(&mut self) {
        let (now, last, timing) = (self.now, self.log.last().index, self.config.timing);
        let (limit, patience) = (self.config.limits.catch_up_rounds, self.catch_up_patience());
        let rules = self.config.rules();
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let Some(Stage::CatchingUp(rounds)) = leading.change.as_mut().map(|c| &mut c.stage) else {
            return;
        };
        let mut done = Vec::new();
        let mut lost = None;
        for (node, round) in rounds.iter_mut().filter(|(_, round)| !round.done) {
            let Some(peer) = leading.peers.get(node) else {
                continue;
            };
            // At most two turns: what is not done then has a goal ahead of it.
            while peer.matched >= round.goal && !round.done && lost.is_none() {
                let took = now.since(round.since);
                if took < timing.election_min || !rules.hold(Rule::M8SlowRound) {
                    round.done = true;
                    done.push((*node, round.round, took));
                } else if round.round >= limit {
                    lost = Some(*node);
                } else {
                    round.round += 1;
                    (round.goal, round.since) = (last, now);
                }
            }
            if !round.done && now >= round.silent_due(peer, patience) {
                lost = Some(*node);
            }
        }
        for (peer, round, took) in done {
            self.trace(|_| Kind::LearnerCaughtUp { peer, round, took });
        }
        if let Some(node) = lost
            && self.rule(Rule::M8ForEver)
        {
            self.abort_change(Abort::NotCaughtUp(node));
        }
    }

    /// How long a new voter may be silent.
    fn catch_up_patience(&self) -> Span {
        let rounds = self.config.limits.catch_up_rounds;
        Span(self.config.timing.election_max.0.saturating_mul(rounds))
    }

    /// When a member that comes or goes will have been silent for too long.
    pub(crate) fn membership_due(&self) -> Time {
        let State::Leader(leading) = &self.state else {
            return Time::NEVER;
        };
        let patience = self.catch_up_patience();
        let leaving = leading.leaving.values().filter_map(|leaving| leaving.until);
        let stage = leading.change.as_ref().map(|change| &change.stage);
        let coming = match stage {
            Some(Stage::CatchingUp(rounds)) if self.rule(Rule::M8ForEver) => {
                rounds.iter().collect()
            }
            _ => Vec::new(),
        };
        let coming = coming.into_iter().filter(|(_, round)| !round.done);
        let coming = coming.filter_map(|(node, round)| {
            let peer = leading.peers.get(node)?;
            Some(round.silent_due(peer, patience))
        });
        leaving.chain(coming).min().unwrap_or(Time::NEVER)
    }
}
