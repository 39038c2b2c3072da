//! Disks that lie about sync lose what clients were told is done, and the checks say so. Honest
//! disks in the same run lose nothing (playground lessons 15 and 16: answer before sync, power
//! cut).

use raftwerk_sim::{Intervention, Op, Setup, World};

/// A write is acknowledged, power fails everywhere at once and comes back.
fn power_cut(nodes: u64, lies: u32) -> World {
    let mut setup = Setup::playground(nodes, 11);
    setup.disk.lies = lies;
    let mut world = World::new(&setup);
    run(&mut world, 2_000_000);
    let node = world.newest_leader().expect("an election has been won");
    let op = Op::Put {
        key: "x".into(),
        value: "1".into(),
    };
    let ask = Intervention::Ask {
        client: 1,
        node,
        op,
    };
    world.act(&ask).expect("the client is idle");
    while !world.is_idle(1) && world.step() {}
    let done = world.view(0).clients[0].done.clone();
    let outcome = done.last().and_then(|done| done.outcome.clone());
    assert_eq!(outcome.as_deref(), Some("ok"), "the write is acknowledged");
    assert_eq!(world.violation(), None, "so far nothing is wrong");
    for node in 1..=nodes {
        world.act(&Intervention::Crash(node)).expect("it runs");
    }
    for node in 1..=nodes {
        world.act(&Intervention::Restart(node)).expect("it is down");
    }
    run(&mut world, 3_000_000);
    world
}

fn run(world: &mut World, micros: u64) {
    let until = world.now() + micros;
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
    }
}

/// Whether any node has the key in its store.
fn survives(world: &World) -> bool {
    let view = world.view(world.now());
    let stores = view.nodes.iter().filter_map(|card| card.view.as_ref());
    stores.map(|view| view.store.keys).any(|keys| keys > 0)
}

#[test]
fn honest_disks_lose_nothing_in_a_power_cut() {
    for nodes in [1, 3, 5] {
        let world = power_cut(nodes, 0);
        assert!(survives(&world), "{nodes} nodes");
        assert_eq!(world.violation(), None, "{nodes} nodes");
    }
}

#[test]
fn lying_disks_lose_an_acknowledged_write_and_it_is_seen() {
    for nodes in [1, 3, 5] {
        let world = power_cut(nodes, 2);
        assert!(!survives(&world), "{nodes} nodes");
        let violation = world.violation().expect("a committed entry is gone");
        assert_eq!(violation.check, "Leader completeness", "{nodes} nodes");
    }
}

#[test]
fn a_lie_about_more_syncs_loses_more() {
    // Votes and terms go too: what is broken first may be another rule, but something is.
    let world = power_cut(5, 64);
    assert!(!survives(&world));
    assert!(world.violation().is_some());
}

#[test]
fn a_run_with_lying_disks_is_as_deterministic_as_any() {
    assert_eq!(power_cut(3, 2).hash(), power_cut(3, 2).hash());
    assert_ne!(power_cut(3, 2).hash(), power_cut(3, 0).hash());
}
