//! One storm: a random phase with faults, then healing, then proof of life.
//!
//! The random phase shows that nothing wrong happens; the healing phase shows that something
//! right still does (trap X4): with all faults off, every node must catch up though nothing new
//! is written, then a new write must be answered and applied everywhere, each within
//! [`HEALING_TIME`] of simulated time, and nothing may stay open that a node took on.

use crate::checks::Violation;
use crate::intervention::{Intervention, Op};
use crate::setup::Setup;
use crate::world::{Counts, World};
use raftwerk_core::{NodeId, StableHasher};
use std::hash::Hasher;

/// Simulated time a healed cluster has for each thing asked of it, microseconds.
pub const HEALING_TIME: u64 = 15_000_000;
/// Most events it has for it.
pub const HEALING_EVENTS: u64 = 200_000;

/// How a storm went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What happened, both phases together.
    pub counts: Counts,
    /// What happened before the healing.
    pub stormy: Counts,
    /// Simulated time, microseconds.
    pub time: u64,
    /// State hash at the end.
    pub hash: u64,
    /// What went wrong, if anything did.
    pub violation: Option<Violation>,
}

/// Runs one seed for this many events, then heals it.
#[must_use]
pub fn storm(seed: u64, steps: u64) -> Report {
    let mut world = World::new(&Setup::storm(seed));
    rage(&mut world, steps);
    let stormy = world.counts();
    settle(&mut world);
    Report {
        seed,
        counts: world.counts(),
        stormy,
        time: world.now(),
        hash: world.hash(),
        violation: world.violation().cloned(),
    }
}

/// The random phase: so many events, or until a check fails.
pub(crate) fn rage(world: &mut World, steps: u64) {
    while world.events() < steps && world.violation().is_none() && world.step() {}
}

/// What comes after it: healing, and a last look at everything.
pub(crate) fn settle(world: &mut World) {
    if world.violation().is_none() {
        heal(world);
    }
    world.check_everything();
}

/// Ends every fault and wants the cluster to come to rest, to take a new write, and to come to
/// rest again. Where members have changed, all nodes become voters again first.
pub fn heal(world: &mut World) {
    world.calm();
    let well = come_to_rest(world) && (all_are_voters(world) || readmit(world));
    if well && prove_life(world) {
        come_to_rest(world);
    }
}

/// At rest nobody waits, nothing is open that a node took on, every member has applied all that
/// is committed, also what only a write to come would have brought to it; no change of members is
/// half done (trap M9), and who is no voter does not lead (trap M6).
fn come_to_rest(world: &mut World) -> bool {
    let at_rest = |world: &mut World| {
        world.is_quiet() && world.applied_everywhere(world.committed()) && {
            let members = world.members();
            !members.is_joint() && world.leaders().all(|leader| members.is_voter(leader))
        }
    };
    if play_until(world, at_rest) {
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

fn all_are_voters(world: &World) -> bool {
    // Before anything is committed the members are the first ones: all nodes.
    let (members, nodes) = (world.members(), world.setup().nodes);
    members.is_empty() || (1..=nodes).all(|node| members.is_voter(NodeId(node)))
}

/// Every node becomes a voter again, and the cluster comes to rest.
fn readmit(world: &mut World) -> bool {
    let nodes: Vec<u64> = (1..=world.setup().nodes).collect();
    let mut again = world.now();
    let done = play_until(world, |world| {
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
    done && come_to_rest(world)
}

/// A new write must be answered in time; while it is not, it is tried again.
fn prove_life(world: &mut World) -> bool {
    let mut asked: Option<u64> = None;
    let proven = play_until(world, |world| {
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
fn play_until(world: &mut World, mut so: impl FnMut(&mut World) -> bool) -> bool {
    let (deadline, most) = (world.now() + HEALING_TIME, world.events() + HEALING_EVENTS);
    loop {
        if world.violation().is_some() {
            return false;
        }
        if so(world) {
            return true;
        }
        let late = world.now() > deadline || world.events() > most;
        if late || !world.step() {
            return false;
        }
    }
}

fn stuck(world: &mut World, what: &str) {
    let (time, events) = (HEALING_TIME / 1_000_000, HEALING_EVENTS);
    world.report_stuck(format!(
        "{what} within {time} s and {events} events of healing"
    ));
}

/// State hash after every event of a storm.
#[must_use]
pub fn hash_trail(seed: u64, events: u64) -> Vec<u64> {
    let mut world = World::new(&Setup::storm(seed));
    let mut trail = Vec::with_capacity(usize::try_from(events).unwrap_or_default());
    while world.events() < events && world.step() {
        trail.push(world.hash());
    }
    trail
}

/// The same folded to one number, to compare two platforms.
#[must_use]
pub fn hash_trail_digest(seed: u64, events: u64) -> u64 {
    let mut hasher = StableHasher::new();
    let mut world = World::new(&Setup::storm(seed));
    while world.events() < events && world.step() {
        hasher.write_u64(world.hash());
    }
    hasher.finish()
}
