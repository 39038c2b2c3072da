//! One storm: a random phase with faults, then healing, then service by every node, then a restart
//! of all of them, then judgement.
//!
//! The random phase shows that nothing wrong happens; what comes after it shows that something
//! right still does (`heal`, `proof`). All the while two judges look on who share nothing with the
//! checks of the world (`judges`).

mod heal;
mod judges;
mod outsiders;
mod pilot;
mod proof;
mod replay;
mod shrink;

use crate::checks::Violation;
use crate::faults::Struck;
use crate::setup::Setup;
use crate::world::{Counts, World};
pub use heal::heal;
pub(crate) use judges::Judges;
pub use judges::{Effort, Judged};
use raftwerk_core::StableHasher;
pub use replay::replay;
pub use shrink::{Shrunk, shrink};
use std::fmt;
use std::hash::Hasher;

/// Simulated time a healed cluster has for each thing asked of it, microseconds.
pub const HEALING_TIME: u64 = 15_000_000;
/// Most events it has for it.
pub const HEALING_EVENTS: u64 = 200_000;

/// Looks at a world after every event.
pub(crate) trait Watch {
    /// Something happened.
    fn look(&mut self, world: &mut World);
}

/// Looks on inside a world, and is copied with it.
pub(crate) trait Onlooker: Watch + fmt::Debug + Send + Sync {
    /// Another one that has seen the same.
    fn copy(&self) -> Box<dyn Onlooker>;
    /// See [`Judges::close_the_paper`].
    fn close_the_paper(&mut self);
    /// There is one kind of onlooker.
    fn into_judges(self: Box<Self>) -> Box<Judges>;
}

impl Clone for Box<dyn Onlooker> {
    fn clone(&self) -> Box<dyn Onlooker> {
        self.copy()
    }
}

/// Nobody looks.
impl Watch for () {
    fn look(&mut self, _: &mut World) {}
}

/// How a storm went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What happened, all phases together.
    pub counts: Counts,
    /// What happened before the healing.
    pub stormy: Counts,
    /// How often each class of faults struck.
    pub struck: Struck,
    /// Simulated time, microseconds.
    pub time: u64,
    /// State hash at the end.
    pub hash: u64,
    /// What the judges looked at.
    pub judged: Judged,
    /// What went wrong, if anything did.
    pub violation: Option<Violation>,
}

/// Runs one seed for this many events, then heals it.
#[must_use]
pub fn storm(seed: u64, steps: u64, effort: &Effort) -> Report {
    storm_of(&Setup::storm(seed), steps, effort)
}

/// The same in any world.
#[must_use]
pub fn storm_of(setup: &Setup, steps: u64, effort: &Effort) -> Report {
    let mut world = if effort.refine {
        World::traced(setup)
    } else {
        World::new(setup)
    };
    storm_in(&mut world, steps, effort)
}

/// The same in a world that has just begun. It must be traced if the trace is to be judged.
pub fn storm_in(world: &mut World, steps: u64, effort: &Effort) -> Report {
    let mut judges = Judges::new(world, effort);
    judges.look(world);
    rage(world, steps, &mut judges);
    let stormy = world.counts();
    settle(world, &mut judges);
    report(world, stormy, &judges)
}

pub(crate) fn report(world: &mut World, stormy: Counts, judges: &Judges) -> Report {
    let judged = judges.verdict(world);
    Report {
        seed: world.setup().seed,
        counts: world.counts(),
        stormy,
        struck: world.struck(),
        time: world.now(),
        hash: world.hash(),
        judged,
        violation: world.violation().cloned(),
    }
}

/// The random phase: so many events, or until a check fails.
pub(crate) fn rage(world: &mut World, steps: u64, watch: &mut impl Watch) {
    while world.events() < steps && world.violation().is_none() && world.step() {
        watch.look(world);
    }
}

/// What comes after it: healing, and a last look at everything.
pub(crate) fn settle(world: &mut World, watch: &mut impl Watch) {
    if world.violation().is_none() {
        heal::all(world, watch);
    }
    world.check_everything();
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
