//! A wiped disk (trap D9): the machine comes back as a new node, and the cluster takes it in; what
//! it could not survive is not done to it; and under the old id it would break what was promised.

use super::run;
use raftwerk_core::NodeId;
use raftwerk_sim::{FaultPlan, Intervention, Setup, World, heal};

/// Three voters, and one that is to come.
fn setup() -> Setup {
    Setup {
        nodes: 4,
        newcomers: 1,
        ..Setup::playground(4, 1)
    }
}

#[test]
fn d9_a_machine_whose_disk_was_wiped_comes_back_as_a_new_node() {
    let mut setup = setup();
    setup.faults = FaultPlan {
        wiped: 2,
        wiped_at: 3_000_000,
        ..FaultPlan::default()
    };
    let mut world = World::traced(&setup);
    run(&mut world, 2_900_000);
    let told = world.act(&Intervention::Restart(4)).unwrap_err();
    assert_eq!(told, "S4 is not there yet.");
    run(&mut world, 10_000_000);
    let members = world.members();
    assert_eq!(members.voters.len(), 3, "{members:?}");
    assert!(
        members.is_voter(NodeId(4)) && !members.contains(NodeId(2)),
        "{members:?}"
    );
    let told = world.act(&Intervention::Restart(2)).unwrap_err();
    assert_eq!(told, "The disk of S2 was wiped.");
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

#[test]
fn x5_what_no_cluster_could_survive_is_not_done() {
    let mut world = World::traced(&setup());
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    let other = leader % 3 + 1;
    let change = Intervention::Reconfigure {
        node: leader,
        voters: vec![leader, other],
        learners: vec![],
    };
    world.act(&change).expect("it is possible");
    run(&mut world, 1_000_000);
    let told = world.act(&Intervention::Wipe(other)).unwrap_err();
    assert!(told.contains("no majority would be left"), "{told}");
    let third = other % 3 + 1;
    world
        .act(&Intervention::Wipe(third))
        .expect("it is no member");
    let told = world.act(&Intervention::Wipe(leader)).unwrap_err();
    assert!(told.contains("no new node left"), "{told}");
    heal(&mut world);
    assert_eq!(world.violation(), None);
}

/// A vote given twice: what the rule is for.
#[cfg(feature = "sabotage")]
#[test]
fn d9_under_its_old_id_a_wiped_node_breaks_what_it_promised() {
    let storms = (0..400)
        .map(Setup::storm)
        .filter(|setup| setup.newcomers > 0);
    let harm = |mut setup: Setup| {
        setup.careless = Some(raftwerk_sim::HostRule::NewId);
        let mut world = World::new(&setup);
        while world.events() < 10_000 && world.violation().is_none() && world.step() {}
        world.violation().is_some()
    };
    assert!(storms.clone().take(20).any(harm));
}
