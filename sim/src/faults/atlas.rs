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
//! Damage of a log or of a snapshot (rot, misdirected and lost writes) is no danger to what was
//! promised, however much there is: who finds it is silent until it has everything again (core,
//! `suspect`). But it takes a leader to give that back, and none is elected where those who are not
//! silent are no majority. So damage counts as well until it is undone, on whichever node: a spare
//! with a damaged log may become a voter.
//!
//! Rot of term and vote ends in a wiped disk: the node cannot tell what it promised, so it never
//! starts again under its id (`World::refuse_start`). It counts like damage from the moment its
//! record rots, on whichever node, also while it still runs and remembers, unless term and vote are
//! written anew in time; and as lost once it is gone.
//!
//! **Which memberships count.** All that may be in force, now or later, without anybody asking for
//! another one: the newest committed one; every one in an entry above what is committed, for it may
//! be in a log, on a disk or on its way, and come (back) into force when logs are cut; the one that
//! any node goes by; and the one that a leader has taken on and not yet appended. An entry at or
//! below what is committed that is not the committed one is in force nowhere but at nodes that
//! are about to lose it. Healing makes voters of all nodes that are left: they count too.
//!
//! **Whoever asks for other members** is asked back: the new ones must survive what is lost and
//! damaged already, or nobody asks (`World::grant`). So every membership survives at all times: a
//! fault is only played if all do that may be in force, and one comes into being only if it does;
//! the joint one of two that survive does too, for it asks for a majority of each. Nodes that have
//! not come yet count as lost: nobody may hang on them. What an operator asks for only takes out who
//! is lost and takes in who is new, so it passes.
//!
//! **An autopilot** changes members without asking. By itself it never has fewer voters than before
//! or than it is to have; so where wishes may have made more, as few voters as that must survive
//! with everybody who is lost or silent among them. Where nobody wishes for members, they are that
//! many from the start. A node that **dies for good** counts like damage then, until it is dead and
//! no voter any more: the autopilot must get on without it. Elsewhere it comes back with its disk
//! when all is healed, and is no loss.

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

/// Whether any so many voters survive with so many of them lost or silent.
pub(crate) fn survive_any(voters: u64, missing: u64) -> bool {
    2 * voters.saturating_sub(missing) > voters
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
        assert!(survive_any(5, 2) && !survive_any(5, 3) && !survive_any(3, 2));
    }
}
