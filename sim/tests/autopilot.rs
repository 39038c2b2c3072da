//! The autopilot in a world: spares take the place of voters that die for good, and what a storm
//! wants of it can fail.

use raftwerk_core::NodeId;
use raftwerk_core::autopilot::Policy;
use raftwerk_sim::{Effort, Intervention, Setup, World, heal, storm};

/// S1 to S3 vote, S4 and S5 are spares.
fn spares() -> Setup {
    let mut setup = Setup::playground(5, 11);
    setup.learners = 2;
    setup.autopilot = Some(Policy::demo(3));
    setup
}

fn run(world: &mut World, micros: u64) {
    let until = world.now() + micros;
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
    }
    assert_eq!(world.violation(), None);
}

fn voters(world: &World) -> Vec<u64> {
    world.members().voters.iter().map(|node| node.0).collect()
}

#[test]
fn whoever_dies_is_replaced_while_there_are_spares() {
    for victim in 1..=3 {
        let mut world = World::new(&spares());
        run(&mut world, 4_000_000);
        assert_eq!(voters(&world), [1, 2, 3]);
        world.act(&Intervention::Crash(victim)).unwrap();
        run(&mut world, 12_000_000);
        let now = voters(&world);
        assert_eq!(now.len(), 3);
        assert!(!now.contains(&victim), "{now:?}");
        assert!(world.members().learners.contains(&NodeId(victim)));
        // The next one, too.
        let second = now.into_iter().find(|node| *node <= 3).unwrap();
        world.act(&Intervention::Crash(second)).unwrap();
        run(&mut world, 12_000_000);
        let now = voters(&world);
        assert!(!now.contains(&second) && !now.contains(&victim), "{now:?}");
        // No spare is left: who dies now keeps its vote.
        let third = now[0];
        world.act(&Intervention::Crash(third)).unwrap();
        run(&mut world, 20_000_000);
        assert_eq!(voters(&world), now);
        heal(&mut world);
        assert_eq!(world.violation(), None);
    }
}

#[test]
fn spares_stay_spares_while_nobody_dies_and_nothing_happens_without_a_policy() {
    for autopilot in [Some(Policy::demo(3)), None] {
        let mut world = World::new(&Setup {
            autopilot,
            ..spares()
        });
        run(&mut world, 20_000_000);
        assert_eq!(voters(&world), [1, 2, 3]);
    }
    let mut world = World::new(&Setup {
        autopilot: Some(Policy::demo(5)),
        ..spares()
    });
    run(&mut world, 20_000_000);
    assert_eq!(voters(&world), [1, 2, 3, 4, 5]);
}

/// Healing sees it when the dead keep their votes: here because nobody can be dead for so long.
#[test]
fn healing_notices_that_the_dead_still_vote() {
    let mut setup = spares();
    (setup.faults.gone, setup.faults.gone_at) = (2, 1_000_000);
    let mut world = World::new(&setup);
    run(&mut world, 2_000_000);
    heal(&mut world);
    assert_eq!(world.violation(), None);
    assert!(!world.members().is_voter(NodeId(2)));

    let never = Policy {
        dead_after: raftwerk_core::Span::millis(3_000_000),
        ..Policy::demo(3)
    };
    setup.autopilot = Some(never);
    let mut world = World::new(&setup);
    run(&mut world, 2_000_000);
    heal(&mut world);
    let told = &world.violation().expect("it is noticed").detail;
    assert!(told.contains("died for good still votes"), "{told}");
}

#[test]
fn storms_with_an_autopilot_are_survived() {
    let piloted = (0..400).filter(|seed| Setup::storm(*seed).autopilot.is_some());
    for seed in piloted.take(12) {
        let report = storm(seed, 6_000, &Effort::default());
        assert_eq!(report.violation, None, "seed {seed}");
    }
}
