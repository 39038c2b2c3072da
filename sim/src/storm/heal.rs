//! After the storm: all faults end, and the cluster must show that it works (trap X4).
//!
//! Every node must catch up though nothing new is written, and who was removed must know it
//! (`outsiders`); then a new write must be answered and
//! applied everywhere, then every node must serve every key, then all start again at once
//! (`proof`); each within [`HEALING_TIME`] of simulated time and what it takes to bring the slowest
//! node one missing entry after the other, for limits may be as small as that; and nothing may stay
//! open that a node took on.

use super::{HEALING_EVENTS, HEALING_TIME, Watch, outsiders, pilot, proof};
use crate::intervention::{Intervention, Op};
use crate::world::World;
use raftwerk_core::NodeId;

/// Ends every fault and wants the cluster to come to rest, to take a new write, to serve every key
/// through every node, and to lose nothing when all nodes start again. Where members have changed,
/// all nodes become voters again first, or as many as the autopilot is to have.
pub fn heal(world: &mut World) {
    all(world, &mut ());
}

/// The same while somebody looks on.
pub(super) fn all(world: &mut World, watch: &mut impl Watch) {
    if !pilot::replaces(world, watch) {
        return;
    }
    let _ = world.act(&Intervention::Calm);
    watch.look(world);
    let well = come_to_rest(world, watch)
        && outsiders::know(world, watch)
        && are_voters_again(world, watch);
    let _ = well
        && prove_life(world, watch)
        && come_to_rest(world, watch)
        && proof::every_node_serves(world, watch)
        && come_to_rest(world, watch)
        && proof::disks_suffice(world, watch)
        && proof::logs_are_trusted(world, watch);
}

/// At rest nobody waits, nothing is open that a node took on, every member has applied all that
/// is committed, also what only a write to come would have brought to it; no change of members is
/// half done (trap M9), and who is no voter does not lead (trap M6).
pub(super) fn come_to_rest(world: &mut World, watch: &mut impl Watch) -> bool {
    let at_rest = |world: &mut World| {
        world.is_quiet() && world.applied_everywhere(world.committed()) && {
            let members = world.members();
            !members.is_joint() && world.leaders().all(|leader| members.is_voter(leader))
        }
    };
    if play_until(world, watch, at_rest) {
        return true;
    }
    if world.applied_everywhere(world.committed()) {
        world.report_open();
    }
    let (committed, members) = (world.committed(), world.members());
    let leaders: Vec<NodeId> = world.leaders().collect();
    let told = match leaders.iter().find(|leader| !members.is_voter(**leader)) {
        _ if members.is_joint() => format!("the joint members {members:?} were not left"),
        Some(leader) => format!("nobody with a vote took over from {leader}"),
        None => format!("index {committed} was not applied on every node"),
    };
    stuck(world, &told);
    false
}

fn are_voters_again(world: &mut World, watch: &mut impl Watch) -> bool {
    if world.setup().autopilot.is_some() {
        return pilot::fills_up(world, watch) && come_to_rest(world, watch);
    }
    all_are_voters(world) || readmit(world, watch)
}

fn all_are_voters(world: &World) -> bool {
    // Before anything is committed the members are the first ones: all nodes.
    let members = world.members();
    let all = world.present().all(|node| members.is_voter(NodeId(node)));
    members.is_empty() || (all && members.voters.len() == world.present().count())
}

/// Every node becomes a voter again, and the cluster comes to rest.
fn readmit(world: &mut World, watch: &mut impl Watch) -> bool {
    let nodes: Vec<u64> = world.present().collect();
    let mut again = world.now();
    let done = play_until(world, watch, |world| {
        let leader = world.leaders().next().filter(|_| world.now() >= again);
        // Refused while a change is on its way, or before the leader has committed anything.
        if let Some(NodeId(node)) = leader.filter(|_| !all_are_voters(world)) {
            again = world.now() + world.setup().timing.heartbeat.0;
            let (voters, learners) = (nodes.clone(), Vec::new());
            let change = Intervention::Reconfigure {
                node,
                voters,
                learners,
            };
            let _ = world.act(&change);
        }
        all_are_voters(world)
    });
    if !done {
        stuck(world, "not all nodes became voters again");
    }
    done && come_to_rest(world, watch)
}

/// A new write must be answered in time; while it is not, it is tried again.
fn prove_life(world: &mut World, watch: &mut impl Watch) -> bool {
    let mut asked: Option<u64> = None;
    let proven = play_until(world, watch, |world| {
        if !world.is_idle(1) {
            return false;
        }
        let answered = world.counts().answered;
        if asked.is_some_and(|before| answered > before) {
            return true;
        }
        let (key, value) = ("alive".to_string(), "yes".to_string());
        let op = Op::Put { key, value };
        let (client, node) = (1, 1);
        if world.act(&Intervention::Ask { client, node, op }).is_ok() {
            asked = Some(answered);
        }
        false
    });
    if !proven {
        stuck(world, "no new write was answered");
    }
    proven
}

/// Plays until something is so; false when it is not so in time or a check fails.
pub(super) fn play_until(
    world: &mut World,
    watch: &mut impl Watch,
    mut so: impl FnMut(&mut World) -> bool,
) -> bool {
    let (deadline, most) = (world.now() + time(world), world.events() + HEALING_EVENTS);
    loop {
        if world.violation().is_some() {
            return false;
        }
        let done = so(world);
        watch.look(world);
        if done {
            return true;
        }
        let late = world.now() > deadline || world.events() > most;
        if late || !world.step() {
            return false;
        }
        watch.look(world);
    }
}

/// How long the cluster may take, microseconds.
fn time(world: &World) -> u64 {
    let setup = world.setup();
    let one_entry = 2 * setup.network.delay_max + setup.disk.sync_max;
    HEALING_TIME + world.behind() * one_entry
}

pub(super) fn stuck(world: &mut World, what: &str) {
    let (time, events) = (HEALING_TIME / 1_000_000, HEALING_EVENTS);
    world.report_stuck(format!(
        "{what} within {time} s, the time for what was missing, and {events} events of healing"
    ));
}
