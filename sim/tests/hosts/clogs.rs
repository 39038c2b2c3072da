//! A clogged link (core design 4.2, item 5): it holds back all it has for a while, loses nothing,
//! and lets go of it at once.

use super::{act, node, run};
use raftwerk_sim::{Clogs, Intervention, Op, Setup, World, heal};

fn struck(world: &World, name: &str) -> u64 {
    let found = world.struck().each().find(|(class, _)| *class == name);
    found.expect("there is such a class").1
}

const HELD: &str = "message held back by a clogged link";

/// Three nodes with a leader, and one of the others.
fn settled() -> (World, u64, u64) {
    let mut world = World::traced(&Setup::playground(3, 1));
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    (world, leader, leader % 3 + 1)
}

#[test]
fn a_clogged_link_holds_back_all_it_has_and_lets_go_of_it_at_once() {
    let (mut world, leader, other) = settled();
    let (from, to) = (leader, other);
    act(&mut world, Intervention::Clog { from, to });
    let before = node(&world, other).log.last;
    for value in ["1", "2", "3"] {
        let (key, value) = ("x".to_string(), value.to_string());
        let op = Op::Put { key, value };
        let (client, node) = (1, leader);
        act(&mut world, Intervention::Ask { client, node, op });
        run(&mut world, 300_000);
    }
    assert_eq!(world.answered_by(1), Some(leader), "two of three hear");
    assert_eq!(node(&world, other).log.last, before, "nothing came through");
    let held = |world: &World| -> Vec<u64> {
        let flights = world.view(0).flights;
        let mine = flights.iter().filter(|one| one.held);
        assert!(mine.clone().all(|one| one.due.is_none()));
        mine.map(|one| one.id).collect()
    };
    let shown = |world: &World| -> Vec<(u64, u64, usize)> {
        let clogs = world.view(0).clogs.into_iter();
        clogs.map(|clog| (clog.from, clog.to, clog.held)).collect()
    };
    let waiting = held(&world);
    assert!(waiting.len() >= 3, "{waiting:?}");
    assert_eq!(waiting.len() as u64, struck(&world, HELD), "none is lost");
    assert_eq!(shown(&world), [(from, to, waiting.len())]);
    act(&mut world, Intervention::Drop(waiting[1]));
    assert_eq!(shown(&world), [(from, to, waiting.len() - 1)]);
    let waiting = held(&world);
    let told = world.act(&Intervention::Release(waiting[0])).unwrap_err();
    assert!(told.contains("is clogged"), "{told}");
    act(&mut world, Intervention::Unclog { from, to });
    assert_eq!(held(&world), Vec::<u64>::new());
    assert_eq!(shown(&world), []);
    let (now, events) = (world.now(), world.events());
    while world.next_time() == Some(now) {
        world.step();
    }
    let came = world.events() - events;
    assert!(came >= waiting.len() as u64, "{came} at the same time");
    run(&mut world, 1_000_000);
    assert!(node(&world, other).log.last > before);
    assert_eq!(world.violation(), None);
}

/// The follower elects somebody else meanwhile; then it hears a whole term that is over.
#[test]
fn the_word_of_a_leader_that_was_changes_nothing() {
    let (mut world, leader, _) = settled();
    let others: Vec<u64> = (1..=3).filter(|node| *node != leader).collect();
    for to in &others {
        let (from, to) = (leader, *to);
        act(&mut world, Intervention::Clog { from, to });
    }
    run(&mut world, 5_000_000);
    let newer = world.newest_leader().expect("the two others elect one");
    assert_ne!(newer, leader);
    assert!(struck(&world, HELD) > 5);
    let term = world.glance(newer).expect("it is there").1;
    act(&mut world, Intervention::Heal);
    run(&mut world, 2_000_000);
    assert_eq!(world.newest_leader(), Some(newer));
    assert_eq!(world.glance(newer).expect("it is there").1, term);
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

#[test]
fn storms_of_clogged_links_are_survived_and_healing_ends_them() {
    for seed in 0..5 {
        let mut setup = Setup::playground(5, seed);
        setup.faults.clogs = Clogs {
            pause_min: 20_000,
            pause_max: 100_000,
            lasts_min: 100_000,
            lasts_max: 3_000_000,
        };
        setup.workload.pause_max = 50_000;
        (setup.workload.keys, setup.workload.put) = (3, 1);
        let mut world = World::traced(&setup);
        run(&mut world, 20_000_000);
        assert!(struck(&world, "clogged link") > 100);
        assert!(struck(&world, HELD) > 100);
        heal(&mut world);
        assert_eq!(world.violation(), None);
        let held = world.view(0).flights.iter().any(|one| one.due.is_none());
        assert!(!held, "nothing is held back for ever");
    }
}
