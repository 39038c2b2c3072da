//! A stale read at a leader that one half of a joint membership has left (traps L14, M4).
//!
//! The other half still goes by the old members and has elected another leader, which commits. Who
//! would be proven a leader by the new half alone, would say that its state is younger than it is.

use super::calm::{act, idle, play, put, started, until};
use crate::intervention::{Intervention, Op};
use crate::setup::Setup;
use crate::world::World;
use raftwerk_core::{Span, Timing};
use raftwerk_wire::client::ReadMode;

/// Three voters and two learners. A leader that hears no majority leads on for long.
pub(super) fn setup(seed: u64) -> Setup {
    let idle = idle(seed);
    let timing = idle.timing;
    Setup {
        nodes: 5,
        learners: 2,
        clients: 2,
        timing: Timing {
            election_max: Span(8 * timing.election_min.0),
            ..timing
        },
        ..idle
    }
}

/// The leader and the learners are cut off together, and it is asked to replace the other voters by
/// them. Those elect another leader, and something is written; then the first one is asked how old
/// its state is.
pub(super) fn half(world: &mut World, _: u64) {
    let Some((leader, ..)) = started(world) else {
        return;
    };
    put(world, leader, "x");
    play(world, 1_000_000);
    let voters = vec![leader, 4, 5];
    act(world, Intervention::Partition(vec![voters.clone()]));
    let learners = Vec::new();
    let change = Intervention::Reconfigure {
        node: leader,
        voters,
        learners,
    };
    act(world, change);
    let (timing, network) = (world.setup().timing, world.setup().network);
    play(world, timing.election_min.0 + 2 * network.delay_max);
    let next = if leader == 1 { 2 } else { 1 };
    let leads = |world: &World| world.newest_leader() == Some(next);
    if !leads(world) {
        act(world, Intervention::TimeOut(next));
    }
    until(world, timing.election_min.0, leads);
    put(world, next, "new");
    until(world, timing.election_min.0, |world| world.is_idle(1));
    play(world, 3 * timing.heartbeat.0);
    let (client, node) = (2, leader);
    let op = Op::Get {
        key: "x".into(),
        mode: ReadMode::Stale,
    };
    act(world, Intervention::Ask { client, node, op });
    play(world, 1_000_000);
}
