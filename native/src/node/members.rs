//! Changes of the members as people ask for them, turned into the members that shall be.
//!
//! Each is one step for a person; the core finds the way (direct, joint, with rounds of catching
//! up). Asked for twice, the second time finds nothing to do.

use raftwerk_core::{Members, NodeId};
use raftwerk_wire::client::MemberChange;

/// Why a change makes no sense for the members there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Senseless {
    /// The node named is no member.
    NoMember(u64),
    /// The node named is no learner.
    NoLearner(u64),
    /// The node named is no voter.
    NoVoter(u64),
    /// Nobody would vote.
    LastVoter(u64),
}

/// The members after a change.
///
/// # Errors
/// Why it makes no sense.
pub fn target(now: &Members, change: &MemberChange) -> Result<Members, Senseless> {
    let is_voter = |id: u64| now.voters.contains(&NodeId(id));
    let is_learner = |id: u64| now.learners.contains(&NodeId(id));
    let mut next = now.clone();
    match change {
        MemberChange::Add { id, .. } if now.contains(NodeId(*id)) => {}
        MemberChange::Add { id, .. } => next.learners.push(NodeId(*id)),
        MemberChange::Promote { id } if is_voter(*id) => {}
        MemberChange::Promote { id } if !is_learner(*id) => return Err(Senseless::NoMember(*id)),
        MemberChange::Promote { id } => promote(&mut next, *id),
        MemberChange::Demote { id } if is_learner(*id) => {}
        MemberChange::Demote { id } if !is_voter(*id) => return Err(Senseless::NoMember(*id)),
        MemberChange::Demote { id } => {
            remove(&mut next, *id);
            next.learners.push(NodeId(*id));
        }
        MemberChange::Remove { id } => remove(&mut next, *id),
        MemberChange::Replace { id, by } if !is_voter(*id) => {
            // The same, asked for again.
            if !now.contains(NodeId(*id)) && is_voter(*by) {
                return Ok(next);
            }
            return Err(Senseless::NoVoter(*id));
        }
        MemberChange::Replace { by, .. } if !is_learner(*by) => {
            return Err(Senseless::NoLearner(*by));
        }
        MemberChange::Replace { id, by } => {
            remove(&mut next, *id);
            promote(&mut next, *by);
        }
    }
    if next.voters.is_empty() {
        let only = now.voters.first().map_or(0, |node| node.0);
        return Err(Senseless::LastVoter(only));
    }
    next.voters.sort_unstable();
    next.learners.sort_unstable();
    Ok(next)
}

fn promote(members: &mut Members, id: u64) {
    members.learners.retain(|node| node.0 != id);
    members.voters.push(NodeId(id));
}

fn remove(members: &mut Members, id: u64) {
    members.voters.retain(|node| node.0 != id);
    members.learners.retain(|node| node.0 != id);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(voters: &[u64], learners: &[u64]) -> Members {
        let ids = |list: &[u64]| list.iter().copied().map(NodeId).collect::<Vec<_>>();
        Members {
            learners: ids(learners),
            ..Members::of_voters(ids(voters))
        }
    }

    #[test]
    fn each_change_is_one_step_and_the_second_time_nothing() {
        let now = members(&[1, 2, 3], &[4]);
        let url = String::new();
        for (change, next) in [
            (
                MemberChange::Add { id: 5, url },
                members(&[1, 2, 3], &[4, 5]),
            ),
            (MemberChange::Promote { id: 4 }, members(&[1, 2, 3, 4], &[])),
            (MemberChange::Demote { id: 2 }, members(&[1, 3], &[2, 4])),
            (MemberChange::Remove { id: 3 }, members(&[1, 2], &[4])),
            (MemberChange::Remove { id: 4 }, members(&[1, 2, 3], &[])),
            (
                MemberChange::Replace { id: 2, by: 4 },
                members(&[1, 3, 4], &[]),
            ),
        ] {
            assert_eq!(target(&now, &change).as_ref(), Ok(&next), "{change:?}");
            assert_eq!(
                target(&next, &change).as_ref(),
                Ok(&next),
                "{change:?} again"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let now = members(&[1, 2], &[4]);
        for (change, why) in [
            (MemberChange::Promote { id: 9 }, Senseless::NoMember(9)),
            (MemberChange::Demote { id: 9 }, Senseless::NoMember(9)),
            (
                MemberChange::Replace { id: 4, by: 2 },
                Senseless::NoVoter(4),
            ),
            (
                MemberChange::Replace { id: 2, by: 9 },
                Senseless::NoLearner(9),
            ),
        ] {
            assert_eq!(target(&now, &change), Err(why), "{change:?}");
        }
        let one = members(&[1], &[4]);
        for change in [
            MemberChange::Remove { id: 1 },
            MemberChange::Demote { id: 1 },
        ] {
            assert_eq!(target(&one, &change), Err(Senseless::LastVoter(1)));
        }
    }
}
