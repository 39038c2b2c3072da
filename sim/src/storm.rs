//! One storm: a random phase with faults, then healing, then proof of life.
//!
//! The random phase shows that nothing wrong happens; the healing phase shows that something
//! right still does (trap X4): with all faults off, a new write must be applied on every node
//! within [`HEALING_TIME`] of simulated time, and within as much again nothing may be open that a
//! node took on.

use crate::checks::Violation;
use crate::intervention::{Intervention, Op};
use crate::setup::Setup;
use crate::world::{Counts, World};
use raftwerk_core::StableHasher;
use std::hash::Hasher;

/// Simulated time a healed cluster has for a new write, microseconds.
pub const HEALING_TIME: u64 = 15_000_000;
/// Most events of the healing phase.
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
    while world.events() < steps && world.violation().is_none() && world.step() {}
    let stormy = world.counts();
    if world.violation().is_none() {
        heal(&mut world);
    }
    world.check_everything();
    Report {
        seed,
        counts: world.counts(),
        stormy,
        time: world.now(),
        hash: world.hash(),
        violation: world.violation().cloned(),
    }
}

/// Ends every fault and wants a new write applied everywhere in time, and then everything that
/// any node ever took on to have ended.
pub fn heal(world: &mut World) {
    world.calm();
    live(world);
    let deadline = world.now() + HEALING_TIME;
    while !world.is_quiet() && world.violation().is_none() {
        if world.now() > deadline || !world.step() {
            return world.report_open();
        }
    }
}

fn live(world: &mut World) {
    let (deadline, most) = (world.now() + HEALING_TIME, world.events() + HEALING_EVENTS);
    let mut asked: Option<u64> = None;
    loop {
        let counts = world.counts();
        match asked {
            // Idle at last: the write that proves life.
            None if world.is_idle(1) => {
                let op = Op::Put {
                    key: "alive".to_string(),
                    value: "yes".to_string(),
                };
                let ask = Intervention::Ask {
                    client: 1,
                    node: 1,
                    op,
                };
                if world.act(&ask).is_ok() {
                    asked = Some(counts.answered);
                }
            }
            Some(before) if world.is_idle(1) => {
                let answered = counts.answered > before;
                if answered && world.applied_everywhere(world.committed()) {
                    return;
                }
                if world.last_was_unanswered(1) {
                    asked = None;
                }
            }
            _ => {}
        }
        if world.violation().is_some() {
            return;
        }
        let late = world.now() > deadline || world.events() > most;
        if late || !world.step() {
            let text = "no new write was applied on every node";
            let (time, events) = (HEALING_TIME / 1_000_000, HEALING_EVENTS);
            world.report_stuck(format!(
                "{text} within {time} s and {events} events of healing"
            ));
            return;
        }
    }
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
