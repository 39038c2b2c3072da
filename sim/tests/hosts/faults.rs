//! Each class of faults strikes, and what the rarer ones do: a disk low on space (trap D7), storms
//! of restarts and of transfers.

use super::{act, node, run};
use raftwerk_sim::{
    Bursts, Effort, Intervention, Op, SPACE_RESERVE, Setup, Struck, World, heal, storm,
};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::view::NodeCondition;

fn condition(world: &World, id: u64) -> NodeCondition {
    world.glance(id).expect("the node is there").2
}

fn ask(world: &mut World, node: u64, op: Op) {
    let client = 1;
    act(world, Intervention::Ask { client, node, op });
}

fn put(value: &str) -> Op {
    let (key, value) = ("x".to_string(), value.to_string());
    Op::Put { key, value }
}

fn settled() -> (World, u64) {
    let mut world = World::traced(&Setup::playground(3, 1));
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    ask(&mut world, leader, put("1"));
    run(&mut world, 1_000_000);
    (world, leader)
}

fn struck(world: &World, name: &str) -> u64 {
    let found = world.struck().each().find(|(class, _)| *class == name);
    found.expect("there is such a class").1
}

/// A class that never does anything proves nothing.
#[test]
fn x6_every_class_of_faults_strikes_in_storms() {
    let (mut all, effort) = (Struck::default(), Effort::default());
    for seed in 0..400 {
        let report = storm(seed, 6_000, &effort);
        assert_eq!(report.violation, None, "seed {seed}");
        all.add(&report.struck);
    }
    for (class, count) in all.each() {
        assert!(count > 0, "{class} never struck");
    }
}

#[test]
fn d7_a_leader_low_on_space_refuses_writes_and_serves_reads() {
    let (mut world, leader) = settled();
    let left = SPACE_RESERVE - 1;
    act(&mut world, Intervention::FillDisk { node: leader, left });
    ask(&mut world, leader, put("2"));
    run(&mut world, 2_000_000);
    assert!(!world.is_idle(1), "refused, and asked again and again");
    run(&mut world, 5_000_000);
    assert!(world.last_was_unanswered(1));
    let (key, mode) = ("x".to_string(), ReadMode::Leader);
    ask(&mut world, leader, Op::Get { key, mode });
    run(&mut world, 1_000_000);
    assert_eq!(world.answered_by(1), Some(leader));
    assert_eq!(world.newest_leader(), Some(leader), "it leads on");
    act(&mut world, Intervention::FreeDisk(leader));
    ask(&mut world, leader, put("3"));
    run(&mut world, 1_000_000);
    assert_eq!(world.answered_by(1), Some(leader));
}

/// The reserve is for what a follower cannot refuse; when that is gone too its write fails, and
/// it stops for good (trap D2) until somebody makes room and starts it.
#[test]
fn d7_a_follower_without_space_stops_and_loses_nothing() {
    let (mut world, leader) = settled();
    let follower = leader % 3 + 1;
    let before = node(&world, follower).disk.durable;
    act(
        &mut world,
        Intervention::FillDisk {
            node: follower,
            left: 100,
        },
    );
    for value in ["2", "3", "4"] {
        ask(&mut world, leader, put(value));
        run(&mut world, 1_000_000);
        assert_eq!(
            world.answered_by(1),
            Some(leader),
            "two of three have space"
        );
    }
    assert_eq!(condition(&world, follower), NodeCondition::Crashed);
    assert_eq!(struck(&world, "write without space"), 1);
    act(&mut world, Intervention::Restart(follower));
    run(&mut world, 1_000_000);
    assert_eq!(
        condition(&world, follower),
        NodeCondition::Crashed,
        "still no space"
    );
    assert!(node(&world, follower).disk.durable >= before);
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

/// Compaction makes room: what it drops from the log may be written again.
#[test]
fn d7_a_log_that_is_compacted_needs_no_more_space() {
    let mut setup = Setup::playground(3, 1);
    (setup.limits.snapshot_entries, setup.limits.retained_entries) = (4, 0);
    let mut world = World::traced(&setup);
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    let follower = leader % 3 + 1;
    act(
        &mut world,
        Intervention::FillDisk {
            node: follower,
            left: 1_000,
        },
    );
    for number in 0..40 {
        ask(&mut world, leader, put(&number.to_string()));
        run(&mut world, 500_000);
    }
    assert!(node(&world, leader).log.last > 40);
    assert_eq!(condition(&world, follower), NodeCondition::Up);
}

#[test]
fn storms_of_restarts_and_of_transfers_come_and_are_survived() {
    for (restart, transfer, name) in [
        (1, 0, "restart in a storm of them"),
        (0, 1, "transfer in a storm of them"),
    ] {
        let mut setup = Setup::playground(3, 5);
        setup.disk.keep_per_million = 500_000;
        setup.faults.bursts = Bursts {
            pause_min: 100_000,
            pause_max: 500_000,
            gap_max: 20_000,
            most: 40,
            restart,
            transfer,
        };
        let mut world = World::traced(&setup);
        run(&mut world, 20_000_000);
        assert!(struck(&world, name) > 100, "{name}");
        heal(&mut world);
        assert_eq!(world.violation(), None, "{name}");
    }
}
