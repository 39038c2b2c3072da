//! Clocks of their own: what a clock that jumps or drifts does to a node, that pictures and traces
//! show the world's time all the same, and that leases need the bound they are told (traps L6, L10).

use super::{act, node, run};
use raftwerk_sim::{COURSES, Effort, Intervention, Run, Setup, World, replay, storm_in, storm_of};
use raftwerk_wire::view::TimerView;

/// Three nodes with a leader, and a follower.
fn settled() -> (World, u64) {
    let mut world = World::traced(&Setup::playground(3, 1));
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    (world, leader % 3 + 1)
}

#[test]
fn a_clock_that_jumps_ahead_makes_a_node_campaign_at_once_and_only_once() {
    let (mut world, follower) = settled();
    act(&mut world, Intervention::Isolate(follower));
    let (before, by) = (world.now(), 100_000_000);
    let node = follower;
    act(&mut world, Intervention::JumpClock { node, by });
    assert_eq!(world.next_time(), Some(before), "what was due is due now");
    let mut fired = 0;
    while world.next_time() == Some(before) {
        world.step();
        let own = world
            .fresh_events()
            .iter()
            .filter(|event| event.event.node.0 == follower);
        for event in own {
            assert_eq!(event.event.at.0, before, "traces tell the world's time");
            fired += u32::from(format!("{:?}", event.event.kind).starts_with("ElectionTimedOut"));
        }
    }
    assert_eq!(fired, 1);
    let timer = self::node(&world, follower)
        .election
        .expect("it waits again");
    assert_eq!(timer.set, before, "and so do pictures");
    let timing = world.setup().timing;
    let waits = timer.due - before;
    assert!((timing.election_min.0..timing.election_max.0).contains(&waits));
}

/// By its own clock it waits as long as ever; by the world's twice as long.
#[test]
fn a_slow_clock_makes_a_node_wait() {
    let (mut world, follower) = settled();
    let waits = |timer: TimerView| timer.due - timer.set;
    let (node, rate) = (follower, 500_000);
    act(&mut world, Intervention::RunClock { node, rate });
    act(&mut world, Intervention::Isolate(follower));
    act(&mut world, Intervention::TimeOut(follower));
    let timer = self::node(&world, follower)
        .election
        .expect("it waits again");
    let timing = world.setup().timing;
    let slow = 2 * timing.election_min.0..2 * timing.election_max.0;
    assert!(slow.contains(&waits(timer)), "{timer:?}");
    act(&mut world, Intervention::Calm);
    let timer = self::node(&world, follower)
        .election
        .expect("it still waits");
    let right = timing.election_min.0..timing.election_max.0;
    assert!(
        right.contains(&waits(timer)),
        "when faults end clocks run right"
    );
}

#[test]
fn a_clock_that_stands_still_or_flies_is_refused() {
    let (mut world, node) = settled();
    for rate in [0, 20_000_000] {
        let told = world
            .act(&Intervention::RunClock { node, rate })
            .unwrap_err();
        assert!(told.contains("parts of a million"), "{told}");
    }
    let by = u64::MAX;
    assert!(world.act(&Intervention::JumpClock { node, by }).is_err());
}

/// The course that finds nothing with clocks inside the bound finds two leases where they are not.
#[test]
fn l6_leases_told_of_less_drift_than_there_is_do_harm() {
    let course = COURSES.iter().find(|course| course.name == "leases");
    let course = course.expect("there is one");
    let setups = (0..60).map(course.setup);
    let mut drifting = setups.filter(|setup| setup.faults.clocks.drift_ppm >= 400_000);
    let two = |setup: Setup| {
        let mut world = World::new(&setup);
        (course.play)(&mut world, 20_000);
        world.violation().map(|violation| violation.check) == Some("One lease at a time")
    };
    assert!(drifting.any(|mut setup| {
        setup.timing.drift_ppm = 1_000;
        two(setup)
    }));
}

/// What clocks did is part of a run's record, and comes to the same when done again.
#[test]
fn a_run_with_wrong_clocks_is_done_again_by_hand() {
    let drifting = (0..)
        .map(Setup::storm)
        .filter(|setup| setup.faults.clocks.is_on());
    for setup in drifting.take(3) {
        let mut world = World::recorded(&setup, false);
        let effort = Effort::default();
        let report = storm_in(&mut world, 3_000, &effort);
        assert_eq!(report.violation, None);
        assert_eq!(report, storm_of(&setup, 3_000, &effort));
        let run = Run::of(&world);
        let clocks = |run: &Run| {
            let is = |what: &Intervention| matches!(what, Intervention::RunClock { .. });
            run.acts.iter().filter(|act| is(&act.what)).count() as u64
        };
        assert!(clocks(&run) >= setup.nodes, "{run:?}");
        let run = Run::from_word(&run.to_word()).expect("it is a run");
        let mut same = World::recorded(&run.setup, false);
        let again = replay(&mut same, &run, &effort);
        assert_eq!(again.time, report.time);
        assert_eq!(again.counts.commits, report.counts.commits);
    }
}
