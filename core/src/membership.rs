//! Who belongs to the cluster, and which of them make a majority (paper 6, thesis 4).
//!
//! [`Members`] is what a log entry says; [`Membership`] adds where it stands. During a joint
//! change there are two sets of voters and every decision needs a majority of both (trap M4):
//! all quorum questions go through [`crate::quorum`], none is answered anywhere else.

use crate::types::{Index, LogId, NodeId};

/// The members an entry names. Lists are sorted and free of doubles.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Members {
    /// They vote.
    pub voters: Vec<NodeId>,
    /// Voters of the configuration being left; empty outside a joint change.
    pub outgoing: Vec<NodeId>,
    /// They receive the log and do not vote.
    pub learners: Vec<NodeId>,
    /// Outgoing voters that become learners when the joint change ends.
    pub demote_later: Vec<NodeId>,
}

/// Why a list of members makes no sense as the target of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BadMembers {
    /// Nobody votes.
    NoVoters,
    /// This node is named as a voter and as a learner.
    TwoRoles(NodeId),
    /// It names voters that leave; only the core's own joint entries do.
    Joint,
}

impl Members {
    /// A plain set of voters.
    #[must_use]
    pub fn of_voters(voters: impl IntoIterator<Item = NodeId>) -> Members {
        let mut voters: Vec<NodeId> = voters.into_iter().collect();
        voters.sort_unstable();
        voters.dedup();
        Members {
            voters,
            ..Members::default()
        }
    }

    /// Whether the node votes, in either half of a joint change.
    #[must_use]
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.voters.binary_search(&node).is_ok() || self.outgoing.binary_search(&node).is_ok()
    }

    /// Whether the node receives the log, as a voter or a learner.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.is_voter(node) || self.learners.binary_search(&node).is_ok()
    }

    /// Whether two majorities are needed.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Every member once, in order of id.
    #[must_use]
    pub fn all(&self) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = self
            .voters
            .iter()
            .chain(&self.outgoing)
            .chain(&self.learners)
            .copied()
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// As the target of a change: sorted and free of doubles, or why it cannot be one.
    pub(crate) fn checked(mut self) -> Result<Members, BadMembers> {
        for list in [&mut self.voters, &mut self.learners] {
            list.sort_unstable();
            list.dedup();
        }
        if !self.outgoing.is_empty() || !self.demote_later.is_empty() {
            return Err(BadMembers::Joint);
        }
        if self.voters.is_empty() {
            return Err(BadMembers::NoVoters);
        }
        match self.learners.iter().find(|node| self.is_voter(**node)) {
            Some(node) => Err(BadMembers::TwoRoles(*node)),
            None => Ok(self),
        }
    }

    /// The next entry on the way to `target`: the target itself when at most one voter comes or
    /// goes, since then all majorities overlap (thesis 4.1); else both sets of voters together
    /// (4.3). Voters that become learners stay voters until the joint entry is left.
    pub(crate) fn toward(&self, target: &Members) -> Members {
        let come = target.voters.iter().filter(|node| !self.is_voter(**node));
        let go = self.voters.iter().filter(|node| !target.is_voter(**node));
        if come.count() + go.count() <= 1 {
            return target.clone();
        }
        let (demote_later, learners) = target
            .learners
            .iter()
            .partition(|node| self.is_voter(**node));
        Members {
            voters: target.voters.clone(),
            outgoing: self.voters.clone(),
            learners,
            demote_later,
        }
    }

    /// What a joint membership becomes when it is left.
    pub(crate) fn after_joint(&self) -> Members {
        let mut learners = [&self.learners[..], &self.demote_later[..]].concat();
        learners.sort_unstable();
        Members {
            voters: self.voters.clone(),
            learners,
            ..Members::default()
        }
    }

    /// Length of all lists together; a measure of size, not a count of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voters.len() + self.outgoing.len() + self.learners.len() + self.demote_later.len()
    }

    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The members in force and the entry that named them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Membership {
    /// Id of the entry that holds it; the origin when the node knows no membership yet.
    pub id: LogId,
    /// Who they are.
    pub members: Members,
}

impl Membership {
    /// Position of the entry that holds it.
    #[must_use]
    pub fn index(&self) -> Index {
        self.id.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quorum::reached;

    fn members(set: u32) -> Members {
        let bits = (0..7).filter(|bit| set & (1 << bit) != 0);
        Members::of_voters(bits.map(NodeId))
    }

    /// Whether each majority of one meets each majority of the other.
    fn meet(one: &Members, other: &Members) -> bool {
        (0..1u32 << 7).all(|yes| {
            let yes = |node: NodeId| yes & (1 << node.0) != 0;
            !(reached(one, yes) && reached(other, |node| !yes(node)))
        })
    }

    /// M4, thesis 4.1 and 4.3: on the way between any two sets of voters up to seven nodes, each
    /// majority meets each majority of the step before; a step without a joint entry is taken
    /// exactly when at most one voter comes or goes.
    #[test]
    fn m4_majorities_meet_on_every_way_between_two_sets_of_voters() {
        for (from, to) in (1..1u32 << 7).flat_map(|from| (1..1u32 << 7).map(move |to| (from, to))) {
            let (from, to, apart) = (members(from), members(to), (from ^ to).count_ones());
            let next = from.toward(&to);
            assert_eq!(next.is_joint(), apart > 1, "{from:?} {to:?}");
            assert!(meet(&from, &next), "{from:?} {next:?}");
            if next.is_joint() {
                assert!(meet(&next, &next.after_joint()), "{next:?}");
                assert_eq!(next.after_joint(), to);
            } else {
                assert_eq!(next, to);
            }
        }
    }
}
