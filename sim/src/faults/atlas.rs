//! Which node may lose what, so that a failure is always a bug and never bad luck (trap X5).
//!
//! Crashes, hangs and full disks lose nothing that was promised: any number of nodes may suffer
//! them, and when they end the cluster goes on. A wiped disk is different: its promises are gone
//! for ever. It is survivable while in every membership that may be in force, and in each half of a
//! joint one, those who are not wiped are still a majority, because then
//!
//! - what is committed is on a disk that is left: a majority of the voters had it, and fewer than
//!   half of them are wiped;
//! - nobody is elected without it: a wiped node votes for nobody, so a majority without the entry
//!   would be one among the rest, and they are too few;
//! - the members can be changed without those that are wiped, so the exchange of the wiped node can
//!   be committed.
//!
//! Damage of a log (rot, misdirected and lost writes) is no danger to what was promised, however
//! much there is: who finds it is silent until it has everything again (core, `suspect`). But it
//! takes a leader to give that back, and none is elected where those who are not silent are no
//! majority. So damage counts as well until it is undone, on whichever node: a spare with a damaged
//! log may become a voter.
//!
//! Memberships that may be in force are those that any node goes by and the newest one committed.
//! A change to come could name others; whoever draws members at random neither wipes nor damages,
//! and does not where a node dies for good (`Setup::storm`). What an autopilot and an operator do
//! never leaves fewer voters than before, but for the one that was wiped.

use raftwerk_core::{Members, NodeId};

/// Whether a cluster with these memberships survives that the nodes for which `lost` holds never
/// come back, and that so many others are silent until they are helped.
pub(crate) fn survives_without<'a>(
    memberships: impl IntoIterator<Item = &'a Members>,
    lost: impl Fn(NodeId) -> bool,
    silent: usize,
) -> bool {
    let majority = |voters: &[NodeId]| {
        let left = voters.iter().filter(|node| !lost(**node)).count();
        voters.is_empty() || 2 * left.saturating_sub(silent) > voters.len()
    };
    let mut memberships = memberships.into_iter();
    memberships.all(|members| majority(&members.voters) && majority(&members.outgoing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(voters: &[u64], outgoing: &[u64]) -> Members {
        Members {
            outgoing: outgoing.iter().copied().map(NodeId).collect(),
            ..Members::of_voters(voters.iter().copied().map(NodeId))
        }
    }

    #[test]
    fn fewer_than_half_of_every_half_may_be_lost() {
        let survives = |members: &[Members], lost: &[u64]| {
            survives_without(members, |node| lost.contains(&node.0), 0)
        };
        assert!(survives(&[of(&[1, 2, 3], &[])], &[3]));
        assert!(!survives(&[of(&[1, 2, 3], &[])], &[2, 3]));
        assert!(!survives(&[of(&[1, 2], &[])], &[2]));
        assert!(!survives(&[of(&[1, 2, 3], &[3, 4])], &[4]));
        assert!(survives(&[of(&[1, 2, 3], &[3, 4, 5])], &[3]));
        assert!(!survives(&[of(&[1, 2, 3], &[]), of(&[3], &[])], &[3]));
        assert!(survives(&[of(&[1, 2, 3], &[])], &[7]));
        let five = [of(&[1, 2, 3, 4, 5], &[])];
        assert!(survives_without(&five, |node| node.0 == 1, 1));
        assert!(!survives_without(&five, |node| node.0 == 1, 2));
    }
}
