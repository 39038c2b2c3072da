//! Does again what was done to a world, without dice for faults and operations.

use super::judges::Judges;
use super::{Effort, Report, Watch, report, settle};
use crate::run::{Act, Run};
use crate::world::World;

/// Most events between two things that are done.
const MOST_EVENTS: u64 = 2_000_000;

/// Replays a run in a world that has just begun from its setup, until a check fails. Where the
/// run ended every fault, the cluster heals by itself from there on, as in a storm.
pub fn replay(world: &mut World, run: &Run, effort: &Effort) -> Report {
    let mut judges = Judges::new(world, effort);
    judges.look(world);
    let is_calm = |act: &&Act| act.what.calms();
    let calm = run.acts.iter().find(is_calm);
    let mut before = None;
    for act in run.acts.iter().take_while(|act| !is_calm(act)) {
        if before.replace(act.at) != Some(act.at) {
            play_to(world, act.at, &mut judges);
        }
        if world.violation().is_some() {
            break;
        }
        // What is not possible any more is left out.
        let _ = world.act_at(&act.what, act.at);
        judges.look(world);
    }
    match calm {
        Some(calm) if before == Some(calm.at) => {}
        calm => play_to(world, calm.map_or(run.until, |calm| calm.at), &mut judges),
    }
    let stormy = world.counts();
    match calm {
        Some(calm) => {
            // The storm may have ended with an event of the dice alone, which moved the clock.
            if world.violation().is_none() {
                world.now = world.now.max(calm.at);
            }
            settle(world, &mut judges);
        }
        None => world.check_everything(),
    }
    report(world, stormy, &judges)
}

/// Plays everything up to a time, or until a check fails.
fn play_to(world: &mut World, time: u64, watch: &mut impl Watch) {
    let most = world.events() + MOST_EVENTS;
    let due = |world: &World| world.next_time().is_some_and(|next| next <= time);
    while world.violation().is_none() && world.events() < most && due(world) {
        world.step();
        watch.look(world);
    }
}
