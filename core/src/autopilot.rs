//! Autopilot: the change of members that a leader should make by itself, if any (thesis 4.4).
//!
//! The thesis has the operator name a size and lets servers that are there take the place of
//! servers that are not. [`Autopilot`] is that, as a pure machine: it is shown what the leader
//! sees ([`Sight`]) and the time, keeps for each member how long it has been well or silent, and
//! answers with at most one [`Decision`]. It sends nothing and knows no clock; `pilot` shows it
//! the leader's peers once a heartbeat and carries out what it decides.
//!
//! Rules, of which the first that fits is taken:
//!
//! | rule    | when                                    | what                              |
//! |---------|-----------------------------------------|-----------------------------------|
//! | shrink  | too many voters                         | one becomes a learner, dead first |
//! | replace | a voter is dead and a learner is steady | they change places                |
//! | promote | too few voters and a learner is steady  | it becomes a voter                |
//! | forget  | a learner is silent for very long       | it is removed                     |
//!
//! Guarantees: a decision is made only while nothing else changes the members, and at least
//! [`Policy::pause`] after the last change; before and after it the voters that are heard are a
//! majority; it does not cost the cluster a failure that it could survive, except down to what the
//! wanted size survives. Nothing flaps: a voter is dead after [`Policy::dead_after`] of silence
//! without a break, a learner steady after [`Policy::stable_after`] without one, and a leader that
//! could not look for longer than [`Policy::contact`] knows nothing and starts to count anew.

mod decision;
mod policy;

pub use decision::{Decision, Reason};
pub use policy::Policy;

use crate::membership::Members;
use crate::time::{Span, Time};
use crate::types::{Index, NodeId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What a leader sees of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight<'a> {
    /// The leader.
    pub leader: NodeId,
    /// The members in force.
    pub members: &'a Members,
    /// The members are committed and not joint, nothing is changing them, leadership is not being
    /// handed over, and the leader has committed an entry of its own.
    pub free: bool,
    /// The leader's commit index.
    pub commit: Index,
    /// Every other member, in order of id.
    pub peers: Vec<Seen>,
}

/// What a leader knows of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub node: NodeId,
    /// How far its disk is known to hold the leader's log.
    pub matched: Index,
    /// When it was last heard in this term.
    pub heard: Option<Time>,
    /// Its log rotted: it is there, and elects nobody until it has it again.
    pub suspect: bool,
}

/// How a member has been. Both at once are impossible; neither: it is there and lags behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Health {
    /// Since when it has been there and kept up.
    pub steady: Option<Time>,
    /// Since when it has been silent.
    pub silent: Option<Time>,
}

/// The guards that tests take away one by one, to see that somebody notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Guard {
    /// Nothing is decided while anything else changes the members.
    Free,
    /// Nothing is decided within [`Policy::pause`] of a change.
    Pause,
    /// The voters that are heard are a majority before and after, and nothing is risked.
    Margin,
    /// A learner must be steady for [`Policy::stable_after`].
    Steady,
    /// A voter must be silent for [`Policy::dead_after`].
    Dead,
    /// Who did not look knows nothing.
    Looked,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Autopilot {
    policy: Policy,
    looked: Option<Time>,
    /// The members at the last look.
    members: Members,
    /// Nothing is decided before.
    rests_until: Time,
    health: BTreeMap<NodeId, Health>,
    last: Option<(Time, Decision)>,
    #[cfg(test)]
    broken: Option<Guard>,
}

impl Autopilot {
    /// Has seen nothing yet.
    #[must_use]
    pub fn new(policy: Policy) -> Autopilot {
        Autopilot {
            policy,
            looked: None,
            members: Members::default(),
            rests_until: Time(0),
            health: BTreeMap::new(),
            last: None,
            #[cfg(test)]
            broken: None,
        }
    }

    /// What it was told.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What it decided last, and when.
    #[must_use]
    pub fn last(&self) -> Option<&(Time, Decision)> {
        self.last.as_ref()
    }

    /// How every other member has been.
    pub fn health(&self) -> impl Iterator<Item = (NodeId, Health)> {
        self.health.iter().map(|(node, health)| (*node, *health))
    }

    /// Looks, and says what should be changed now, if anything.
    pub fn look(&mut self, now: Time, sight: &Sight<'_>) -> Option<Decision> {
        self.note(now, sight);
        if (!sight.free && self.holds(Guard::Free))
            || (now < self.rests_until && self.holds(Guard::Pause))
        {
            return None;
        }
        let rules = [Self::shrink, Self::replace, Self::promote, Self::forget];
        let mut decisions = rules.iter().filter_map(|rule| rule(self, now, sight));
        let decision = decisions.find(|decision| self.is_safe(sight, &decision.target, now))?;
        drop(decisions);
        self.rests_until = now + self.policy.pause;
        if let Reason::Promote { learner, .. } | Reason::Replace { spare: learner, .. } =
            decision.reason
        {
            // Should it not keep up after all, it has to be steady again first.
            self.health.insert(learner, Health::default());
        }
        self.last = Some((now, decision.clone()));
        Some(decision)
    }

    // ------------------------------------------------------------------ seeing

    /// Takes note of how everybody is.
    fn note(&mut self, now: Time, sight: &Sight<'_>) {
        let policy = self.policy;
        let blind = self
            .looked
            .is_none_or(|looked| now.since(looked) > policy.contact);
        if blind && self.holds(Guard::Looked) {
            self.health.clear();
        }
        if self.looked.is_none() || self.members != *sight.members {
            self.rests_until = now + policy.pause;
            self.members = sight.members.clone();
        }
        self.looked = Some(now);
        let before = std::mem::take(&mut self.health);
        for peer in &sight.peers {
            let was = before.get(&peer.node).copied().unwrap_or_default();
            let there = peer.is_there(now, &policy);
            let keeps_up = peer.matched.0.saturating_add(policy.slack) >= sight.commit.0;
            // Silence is counted from when it was seen, not from when it began.
            let health = Health {
                steady: (there && keeps_up && !peer.suspect).then(|| was.steady.unwrap_or(now)),
                silent: (!there).then(|| was.silent.unwrap_or(now)),
            };
            self.health.insert(peer.node, health);
        }
    }

    /// For how long a learner has been steady, if that is long enough.
    fn steady(&self, now: Time, node: NodeId) -> Option<Span> {
        let span = now.since(self.health.get(&node)?.steady?);
        let enough = span >= self.policy.stable_after || !self.holds(Guard::Steady);
        enough.then_some(span)
    }

    /// For how long a member has been silent, if that is at least `limit`.
    fn silent(&self, now: Time, node: NodeId, limit: Span) -> Option<Span> {
        let span = now.since(self.health.get(&node)?.silent?);
        (span >= limit || !self.holds(Guard::Dead)).then_some(span)
    }

    /// The voter that has been dead for longest.
    fn dead(&self, now: Time, members: &Members) -> Option<(NodeId, Span)> {
        let limit = self.policy.dead_after;
        let voters = members.voters.iter();
        let dead = voters.filter_map(|node| Some((*node, self.silent(now, *node, limit)?)));
        dead.max_by_key(|(node, span)| (span.0, Reverse(*node)))
    }

    /// The learner that has been steady for longest.
    fn spare(&self, now: Time, members: &Members) -> Option<(NodeId, Span)> {
        let learners = members.learners.iter();
        let steady = learners.filter_map(|node| Some((*node, self.steady(now, *node)?)));
        steady.max_by_key(|(node, span)| (span.0, Reverse(*node)))
    }

    // ------------------------------------------------------------------- rules

    fn shrink(&self, now: Time, sight: &Sight<'_>) -> Option<Decision> {
        let (members, wanted) = (sight.members, self.policy.target);
        let voters = members.voters.len() as u64;
        if voters <= wanted {
            return None;
        }
        let dead = self.dead(now, members);
        let voter = match dead {
            Some((node, _)) => node,
            // Who is there least and has least of the log.
            None => {
                let peers = sight.peers.iter();
                let peers = peers.filter(|peer| members.is_voter(peer.node));
                let key = |peer: &&Seen| {
                    let there = peer.may_elect(now, &self.policy);
                    (there, peer.matched, Reverse(peer.node))
                };
                peers.min_by_key(key)?.node
            }
        };
        Some(Decision {
            target: demoted(members, voter),
            reason: Reason::Shrink {
                voter,
                dead: dead.map(|(_, silent)| silent),
                voters,
                wanted,
            },
        })
    }

    fn replace(&self, now: Time, sight: &Sight<'_>) -> Option<Decision> {
        let (dead, silent) = self.dead(now, sight.members)?;
        let (spare, steady) = self.spare(now, sight.members)?;
        let target = promoted(&demoted(sight.members, dead), spare);
        let reason = Reason::Replace {
            dead,
            silent,
            spare,
            steady,
        };
        Some(Decision { target, reason })
    }

    fn promote(&self, now: Time, sight: &Sight<'_>) -> Option<Decision> {
        let voters = sight.members.voters.len() as u64;
        let wanted = self.policy.target;
        if voters >= wanted {
            return None;
        }
        let (learner, steady) = self.spare(now, sight.members)?;
        let target = promoted(sight.members, learner);
        let reason = Reason::Promote {
            learner,
            steady,
            voters,
            wanted,
        };
        Some(Decision { target, reason })
    }

    fn forget(&self, now: Time, sight: &Sight<'_>) -> Option<Decision> {
        let limit = self.policy.forget_after;
        let learners = sight.members.learners.iter();
        let lost = learners.filter_map(|node| Some((*node, self.silent(now, *node, limit)?)));
        let (learner, silent) = lost.max_by_key(|(node, span)| (span.0, Reverse(*node)))?;
        let mut target = sight.members.clone();
        target.learners.retain(|node| *node != learner);
        let reason = Reason::Forget { learner, silent };
        Some(Decision { target, reason })
    }

    // ------------------------------------------------------------------ guards

    /// Whether the voters that are there can carry this change and go on after it, and whether
    /// as many of them may fail then as now, or as the wanted size survives.
    fn is_safe(&self, sight: &Sight<'_>, target: &Members, now: Time) -> bool {
        let there = |node: &NodeId| {
            let seen = sight.peers.iter().find(|peer| peer.node == *node);
            *node == sight.leader || seen.is_some_and(|peer| peer.may_elect(now, &self.policy))
        };
        // So many of those that are there may fail and a majority is left; `None`: it is not.
        let spare = |voters: &[NodeId]| {
            let live = voters.iter().filter(|node| there(node)).count();
            live.checked_sub(voters.len() / 2 + 1)
        };
        let (before, after) = (spare(&sight.members.voters), spare(&target.voters));
        let safe = match (before, after) {
            (Some(before), Some(after)) => after >= before.min(self.policy.tolerated()),
            _ => false,
        };
        safe || !self.holds(Guard::Margin)
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self)]
    fn holds(&self, _: Guard) -> bool {
        true
    }

    #[cfg(test)]
    fn holds(&self, guard: Guard) -> bool {
        self.broken != Some(guard)
    }
}

impl Seen {
    fn is_there(&self, now: Time, policy: &Policy) -> bool {
        self.heard
            .is_some_and(|heard| now.since(heard) <= policy.contact)
    }

    /// Whether it is there for everything that a voter is for.
    fn may_elect(&self, now: Time, policy: &Policy) -> bool {
        self.is_there(now, policy) && !self.suspect
    }
}

/// The members with a voter as learner: when it is back it is a spare.
fn demoted(members: &Members, voter: NodeId) -> Members {
    let mut members = members.clone();
    members.voters.retain(|node| *node != voter);
    members.learners.push(voter);
    members.learners.sort_unstable();
    members
}

fn promoted(members: &Members, learner: NodeId) -> Members {
    let mut members = members.clone();
    members.learners.retain(|node| *node != learner);
    members.voters.push(learner);
    members.voters.sort_unstable();
    members
}

#[cfg(test)]
mod tests;
