//! Term and vote that rot, and snapshots that do (traps D3, D9): who cannot tell what it promised
//! does not come back under its name; who cannot read its snapshot neither loads nor sends it, and
//! gets everything again.

use super::{act, node, run};
use raftwerk_core::NodeId;
use raftwerk_sim::{FaultPlan, Intervention, Op, Rots, Setup, World, heal};
use raftwerk_wire::view::NodeCondition;

fn struck(world: &World, name: &str) -> u64 {
    let found = world.struck().each().find(|(class, _)| *class == name);
    found.expect("there is such a class").1
}

fn put(world: &mut World, leader: u64, value: u64) {
    let (key, value) = (format!("k{}", value % 5), value.to_string());
    let (client, node, op) = (1, leader, Op::Put { key, value });
    act(world, Intervention::Ask { client, node, op });
    run(world, 300_000);
    assert_eq!(world.answered_by(1), Some(leader), "it is taken");
}

/// Nodes that take snapshots often and keep nothing of the log that they cover.
fn setup(nodes: u64, newcomers: u64) -> Setup {
    let mut setup = Setup::playground(nodes, 1);
    setup.newcomers = newcomers;
    (setup.limits.snapshot_entries, setup.limits.retained_entries) = (4, 0);
    setup
}

/// A leader, another node, and so many writes.
fn settled(setup: &Setup, writes: u64) -> (World, u64, u64) {
    let mut world = World::traced(setup);
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    (0..writes).for_each(|value| put(&mut world, leader, value));
    (world, leader, leader % 3 + 1)
}

#[test]
fn d9_a_node_without_term_and_vote_comes_back_as_a_new_one() {
    let (mut world, leader, other) = settled(&setup(4, 1), 3);
    act(&mut world, Intervention::RotVote(other));
    run(&mut world, 1_000_000);
    let up = world.glance(other).expect("it is there").2;
    assert_eq!(up, NodeCondition::Up, "while it runs it remembers");
    let third = 6 - leader - other;
    let told = world.act(&Intervention::RotVote(third)).unwrap_err();
    assert!(told.contains("no new node left"), "{told}");
    act(&mut world, Intervention::Crash(other));
    act(&mut world, Intervention::Restart(other));
    assert_eq!(struck(&world, "no start without term and vote"), 1);
    let told = world.act(&Intervention::Restart(other)).unwrap_err();
    assert_eq!(told, format!("The disk of S{other} was wiped."));
    let new = world.glance(4).expect("it is there").2;
    assert_eq!(new, NodeCondition::Up);
    heal(&mut world);
    assert_eq!(world.violation(), None);
    let members = world.members();
    assert!(members.is_voter(NodeId(4)) && !members.contains(NodeId(other)));
}

/// Term and vote that are written anew are good again.
#[test]
fn a_new_term_is_written_over_a_rotten_one() {
    let (mut world, leader, other) = settled(&setup(4, 1), 1);
    act(&mut world, Intervention::RotVote(other));
    act(&mut world, Intervention::Isolate(leader));
    run(&mut world, 5_000_000);
    act(&mut world, Intervention::Heal);
    act(&mut world, Intervention::Crash(other));
    act(&mut world, Intervention::Restart(other));
    assert_eq!(struck(&world, "no start without term and vote"), 0);
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

/// An operator who looks after such machines exchanges them in the members.
#[test]
fn d9_machines_whose_votes_rot_are_exchanged() {
    let mut setup = setup(5, 2);
    setup.faults = FaultPlan {
        rots: Rots {
            pause_min: 500_000,
            pause_max: 1_000_000,
            vote: 1,
            ..Rots::default()
        },
        bursts: raftwerk_sim::Bursts {
            pause_min: 1_000_000,
            pause_max: 2_000_000,
            gap_max: 200_000,
            most: 3,
            restart: 1,
            transfer: 0,
        },
        ..FaultPlan::default()
    };
    let mut world = World::traced(&setup);
    run(&mut world, 60_000_000);
    assert_eq!(struck(&world, "no start without term and vote"), 2);
    let members = world.members();
    assert_eq!(members.voters.len(), 3, "{members:?}");
    let runs = |node: &NodeId| world.glance(node.0).expect("it is there").2 == NodeCondition::Up;
    assert!(members.voters.iter().all(runs), "{members:?}");
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

#[test]
fn d3_a_node_with_a_rotten_snapshot_is_suspect_from_its_first_entry_on() {
    let (mut world, leader, other) = settled(&setup(3, 0), 12);
    act(&mut world, Intervention::RotSnapshot(other));
    act(&mut world, Intervention::Crash(other));
    act(&mut world, Intervention::Isolate(leader));
    act(&mut world, Intervention::Restart(other));
    assert_eq!(struck(&world, "rotten snapshot found"), 1);
    assert_eq!(struck(&world, "start with damaged log"), 1);
    let view = node(&world, other);
    assert_eq!((view.log.last, view.applied), (0, 0), "nothing is left");
    assert!(view.term > 0, "but its term");
    run(&mut world, 5_000_000);
    assert_eq!(world.newest_leader(), Some(leader), "it votes for nobody");
    act(&mut world, Intervention::Reconnect(leader));
    run(&mut world, 3_000_000);
    assert_eq!(struck(&world, "damaged log trusted again"), 1);
    assert!(node(&world, other).applied > 12);
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

#[test]
fn d3_a_leader_sends_no_rotten_snapshot_and_takes_another_one() {
    let (mut world, leader, other) = settled(&setup(3, 0), 2);
    act(&mut world, Intervention::Crash(other));
    (0..12).for_each(|value| put(&mut world, leader, value));
    act(&mut world, Intervention::RotSnapshot(leader));
    act(&mut world, Intervention::Restart(other));
    run(&mut world, 5_000_000);
    assert_eq!(struck(&world, "rotten snapshot found"), 1);
    assert_eq!(node(&world, other).applied, node(&world, leader).applied);
    assert_eq!(struck(&world, "start with damaged log"), 0);
    act(&mut world, Intervention::Crash(leader));
    act(&mut world, Intervention::Restart(leader));
    assert_eq!(
        struck(&world, "start with damaged log"),
        0,
        "it is whole again"
    );
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

/// What is being sent rots on its way out: the receiver throws it away, the sender looks again.
#[test]
fn d3_a_snapshot_that_rots_while_it_is_sent_is_not_loaded() {
    let mut setup = setup(3, 0);
    setup.snapshots.chunk_bytes = 16;
    let (mut world, leader, other) = settled(&setup, 2);
    act(&mut world, Intervention::Crash(other));
    (0..12).for_each(|value| put(&mut world, leader, value));
    act(&mut world, Intervention::Restart(other));
    let comes = |world: &World| {
        let flights = world.view(0).flights;
        flights
            .iter()
            .any(|one| one.content.kind == "SnapshotChunk")
    };
    while !comes(&world) {
        world.step();
    }
    run(&mut world, 50_000);
    let all = node(&world, leader).applied;
    assert!(
        node(&world, other).applied < all,
        "it has only begun to come"
    );
    act(&mut world, Intervention::RotSnapshot(leader));
    run(&mut world, 20_000_000);
    assert_eq!(struck(&world, "rotten snapshot found"), 1);
    assert_eq!(node(&world, other).applied, node(&world, leader).applied);
    heal(&mut world);
    assert_eq!(world.violation(), None);
}
