//! Courses of availability: worlds so calm that a bound can be named (thesis 4.2.3, 6.2, 9.6).
//!
//! Nothing goes wrong in them but the one thing a course is about, so that whoever is without a
//! leader, or is led by somebody who cannot lead, is so by a missing rule.

use crate::intervention::{Intervention, Op};
use crate::rng::{Purpose, Stream};
use crate::setup::{NetworkModel, Setup, Workload};
use crate::world::World;
use raftwerk_core::NodeId;
use raftwerk_core::trace::Role;

/// When a leader must long be there and everything is quiet, in election timeouts.
const STARTED: u64 = 20;

/// A calm world of 3, 5 or 7 nodes; clients write now and then.
pub(super) fn setup(seed: u64) -> Setup {
    let mut draw = Stream::new(seed, Purpose::Course, 2);
    let nodes = [3, 5, 7][draw.below(3) as usize];
    let calm = Setup::playground(nodes, seed);
    let delay_min = draw.between(500, 5_000);
    Setup {
        network: NetworkModel {
            delay_min,
            delay_max: delay_min + draw.between(500, 5_000),
            ..calm.network
        },
        workload: Workload {
            pause_min: 50_000,
            pause_max: 400_000,
            keys: 2,
            put: 1,
            read_leader: 1,
            ..Workload::default()
        },
        ..calm
    }
}

/// The same, and nobody writes: all logs are equal.
pub(super) fn idle(seed: u64) -> Setup {
    Setup {
        workload: Workload::default(),
        ..setup(seed)
    }
}

/// A follower is cut off for some election timeouts and comes back: the leader stays (9.6).
pub(super) fn comes_back(world: &mut World, _: u64) {
    let Some((leader, node, mut draw)) = started(world) else {
        return;
    };
    act(world, Intervention::Isolate(node));
    play(world, draw.between(500_000, 3_000_000));
    act(world, Intervention::Reconnect(node));
    stays(world, leader, &format!("S{node} came back"));
}

/// A follower does not hear the leader any more, all others do: the leader stays (4.2.3).
pub(super) fn is_deaf(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    let (from, to) = (leader, node);
    act(world, Intervention::Cut { from, to });
    stays(world, leader, &format!("S{node} became deaf to it"));
}

/// The leader is cut off with less than half of the nodes: it must know soon that it does not lead
/// (6.2), and the others must have another.
pub(super) fn is_aside(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    let nodes = world.setup().nodes;
    let mut aside = vec![leader];
    aside.extend((nodes > 3).then_some(node));
    act(world, Intervention::Partition(vec![aside.clone()]));
    // What was on its way still counts, and a heartbeat may be the one that is answered last.
    let (timing, network) = (world.setup().timing, world.setup().network);
    let bound = timing.election_max.0 + timing.heartbeat.0 + 2 * network.delay_max;
    play(world, bound);
    if matches!(world.glance(leader), Some((Role::Leader, ..))) {
        let late = format!("S{leader} leads {aside:?} of {nodes} nodes on for {bound} us");
        return world.report_unavailable(late);
    }
    play(world, long(world));
    if !world.leaders().any(|NodeId(node)| !aside.contains(&node)) {
        world.report_unavailable(format!("nobody leads but {aside:?}, of {nodes} nodes"));
    }
}

/// Lets the world begin: its leader, another node, and numbers to draw from.
pub(super) fn started(world: &mut World) -> Option<(u64, u64, Stream)> {
    play(world, long(world));
    let mut draw = Stream::new(world.setup().seed, Purpose::Course, 3);
    let nodes = world.setup().nodes;
    let leaders: Vec<u64> = world.leaders().map(|node| node.0).collect();
    if let [leader] = leaders[..] {
        let node = (leader + draw.within(1, nodes - 1) - 1) % nodes + 1;
        return Some((leader, node, draw));
    }
    let long = long(world);
    world.report_unavailable(format!("{leaders:?} lead after {long} us"));
    None
}

fn long(world: &World) -> u64 {
    STARTED * world.setup().timing.election_max.0
}

/// Plays on for a while, in which nobody else may be elected.
pub(super) fn stays(world: &mut World, leader: u64, since: &str) {
    let elections = world.counts().elections;
    play(world, 3_000_000);
    if world.counts().elections != elections {
        let next = world.newest_leader().unwrap_or_default();
        let detail = format!("S{leader} was well; {since}, and S{next} was elected");
        world.report_unavailable(detail);
    }
}

/// A client writes through a node.
pub(super) fn put(world: &mut World, node: u64, value: &str) {
    put_by(world, 1, node, value);
}

/// One of the clients does.
pub(super) fn put_by(world: &mut World, client: u64, node: u64, value: &str) {
    let op = Op::Put {
        key: "x".into(),
        value: value.into(),
    };
    act(world, Intervention::Ask { client, node, op });
}

pub(super) fn act(world: &mut World, what: Intervention) {
    world.act(&what).expect("possible at any time");
}

/// Plays on for so long, or until a check fails.
pub(super) fn play(world: &mut World, micros: u64) {
    until(world, micros, |_| false);
}

/// Plays on until something holds, for so long at most, or until a check fails.
pub(super) fn until(world: &mut World, micros: u64, holds: impl Fn(&World) -> bool) {
    let end = world.now() + micros;
    let due = |world: &World| world.next_time().is_some_and(|next| next <= end);
    while world.violation().is_none() && !holds(world) && due(world) {
        world.step();
    }
}
