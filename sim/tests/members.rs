//! Leaders are asked to hand over and to change the members, by people and at random.

use raftwerk_core::NodeId;
use raftwerk_sim::{Churn, Intervention, Op, Setup, World, heal};

fn settled(nodes: u64) -> (World, u64) {
    let mut world = World::new(&Setup::playground(nodes, 11));
    run(&mut world, 2_000_000);
    let leader = world.newest_leader().expect("two seconds are enough");
    (world, leader)
}

fn run(world: &mut World, micros: u64) {
    run_until(world, world.now() + micros);
}

fn run_until(world: &mut World, until: u64) {
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
    }
    assert_eq!(world.violation(), None);
}

fn reconfigure(node: u64, voters: &[u64], learners: &[u64]) -> Intervention {
    Intervention::Reconfigure {
        node,
        voters: voters.to_vec(),
        learners: learners.to_vec(),
    }
}

#[test]
fn a_leader_hands_over_when_it_is_asked() {
    let (mut world, leader) = settled(3);
    let to = leader % 3 + 1;
    let transfer = |node, to| Intervention::Transfer { node, to };
    let hash = world.hash();
    for (what, why) in [
        (transfer(to, None), "it does not lead; S"),
        (transfer(leader, Some(9)), "There is no S9"),
        (transfer(0, None), "There is no S0"),
    ] {
        let told = world.act(&what).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(world.hash(), hash, "what is refused leaves no trace");
    world.act(&transfer(leader, Some(to))).unwrap();
    run(&mut world, 500_000);
    assert_eq!(world.newest_leader(), Some(to));
    assert!(world.is_quiet(), "its ticket has ended");
}

#[test]
fn members_go_become_learners_and_come_back() {
    let (mut world, leader) = settled(5);
    let rest: Vec<u64> = (1..=5).filter(|node| *node != leader).collect();
    let voters = |world: &World| world.members().voters;
    let told = world.act(&reconfigure(leader, &[], &[1])).unwrap_err();
    assert!(told.contains("nobody would vote"), "{told}");
    // Two go at once: through a joint membership.
    let three = [leader, rest[0], rest[1]];
    world
        .act(&reconfigure(leader, &three, &rest[2..3]))
        .unwrap();
    let told = world.act(&reconfigure(leader, &three, &[])).unwrap_err();
    assert!(told.contains("under way"), "{told}");
    run(&mut world, 2_000_000);
    assert_eq!(voters(&world).len(), 3);
    assert_eq!(world.members().learners, [NodeId(rest[2])]);
    // The leader itself goes: the others go on without it.
    world.act(&reconfigure(leader, &three[1..], &[])).unwrap();
    run(&mut world, 2_000_000);
    assert_eq!(voters(&world).len(), 2);
    let next = world.newest_leader().unwrap();
    assert!(three[1..].contains(&next));
    let (key, value) = ("x".to_string(), "1".to_string());
    let (client, node, op) = (1, leader, Op::Put { key, value });
    world.act(&Intervention::Ask { client, node, op }).unwrap();
    run(&mut world, 2_000_000);
    assert_eq!(world.counts().answered, 1);
    heal(&mut world);
    assert_eq!(world.violation(), None);
    assert_eq!(voters(&world).len(), 5, "healing brings everybody back");
}

/// Wishes are granted: leaders are handed over, members change, and all of it ends.
#[test]
fn random_wishes_change_leaders_and_members() {
    let (mut elections, mut seen) = (0, std::collections::BTreeSet::new());
    for seed in 0..5 {
        let mut setup = Setup::playground(5, seed);
        setup.faults.churn = Churn {
            pause_min: 100_000,
            pause_max: 600_000,
            transfer: 1,
            one: 1,
            many: 1,
        };
        assert_eq!(setup.validate(), Ok(()));
        let mut world = World::new(&setup);
        for tick in 1..=200 {
            run_until(&mut world, 100_000 * tick);
            seen.insert(world.members());
        }
        heal(&mut world);
        assert_eq!(world.violation(), None, "seed {seed}");
        elections += world.counts().elections;
    }
    assert!(elections > 25, "{elections}");
    assert!(seen.len() > 50, "{}", seen.len());
    assert!(seen.iter().any(|members| members.is_joint()));
}
