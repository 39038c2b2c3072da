//! What a storm wants of the autopilot (thesis 4.4): with the faults over, a voter that died for
//! good is replaced while spares are there, and the wanted number of voters is reached.

use super::Watch;
use super::heal::{play_until, stuck};
use crate::intervention::Intervention;
use crate::world::World;
use raftwerk_core::autopilot::Policy;
use raftwerk_core::{Members, NodeId};
use raftwerk_wire::view::NodeCondition;

/// All faults end but one: who died for good stays down. In time there must be as many voters
/// as wanted, all of them running. True when there is nothing to see.
pub(super) fn replaces(world: &mut World, watch: &mut impl Watch) -> bool {
    let Some(policy) = world.setup().autopilot else {
        return true;
    };
    // Wishes may have made a voter of nobody but the dead.
    if world.faults.gone().is_none() || world.setup().faults.churn.changes() {
        return true;
    }
    let _ = world.act(&Intervention::CalmButGone);
    watch.look(world);
    let all_run = |world: &World, members: &Members| {
        let mut voters = members.voters.iter();
        voters.all(|node| matches!(world.glance(node.0), Some((_, _, NodeCondition::Up))))
    };
    let done = play_until(world, watch, |world| {
        let members = world.members();
        is_full(&policy, &members) && all_run(world, &members)
    });
    if !done {
        let told = format!("who died for good still votes: {:?}", world.members());
        stuck(world, &told);
    }
    done
}

/// In time there must be as many voters as wanted. Who was removed comes back as a learner first:
/// where votes are not protected it would disturb every leader for ever (thesis 4.2.3).
pub(super) fn fills_up(world: &mut World, watch: &mut impl Watch) -> bool {
    let Some(policy) = world.setup().autopilot else {
        return true;
    };
    let mut again = world.now();
    let done = play_until(world, watch, |world| {
        let left_out = left_out(world);
        let leader = world.leaders().next().filter(|_| world.now() >= again);
        if let Some(NodeId(node)) = leader.filter(|_| !left_out.is_empty()) {
            again = world.now() + world.setup().timing.heartbeat.0;
            let members = world.members();
            let ids = |list: &[NodeId]| list.iter().map(|node| node.0).collect::<Vec<u64>>();
            let learners = [ids(&members.learners), left_out.clone()].concat();
            let voters = ids(&members.voters);
            let change = Intervention::Reconfigure {
                node,
                voters,
                learners,
            };
            // Refused while a change is on its way.
            let _ = world.act(&change);
        }
        let members = world.members();
        let voter_is_here = |node: &NodeId| world.present().any(|here| here == node.0);
        let all_here = members.voters.iter().all(voter_is_here);
        left_out.is_empty() && all_here && is_full(&policy, &members)
    });
    if !done {
        let (members, wanted) = (world.members(), policy.target);
        stuck(
            world,
            &format!("{wanted} voters are wanted, but it is {members:?}"),
        );
    }
    done
}

/// Nodes that are no members; nobody before anything is committed.
fn left_out(world: &World) -> Vec<u64> {
    let members = world.members();
    let all = world.present().filter(|_| !members.is_empty());
    all.filter(|node| !members.contains(NodeId(*node)))
        .collect()
}

fn is_full(policy: &Policy, members: &Members) -> bool {
    let wanted = usize::try_from(policy.target).unwrap_or(usize::MAX);
    !members.is_joint() && members.voters.len() == wanted
}
