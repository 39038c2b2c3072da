//! Traces of simulated clusters are accepted, unless their disks lie.

use raftwerk_core::NodeId;
use raftwerk_core::trace::{Event, Kind, VoteRefusal};
use raftwerk_sim::refine::{Machine, Rejection};
use raftwerk_sim::{COURSES, Intervention, Op, Setup, World};

/// What a world traced, from its start.
pub fn trace(world: &mut World, events: u64) -> Vec<Event> {
    let mut trace: Vec<Event> = Vec::new();
    hear(world, &mut trace);
    while world.events() < events && world.step() {
        hear(world, &mut trace);
    }
    trace
}

fn hear(world: &World, trace: &mut Vec<Event>) {
    trace.extend(world.fresh_events().iter().map(|fresh| fresh.event.clone()));
}

/// A trace tells the world's time, a promise counts by a node's own: where these are not the same
/// only the judge inside a storm can look at promises.
pub fn machine(setup: &Setup) -> Machine {
    let silence = setup.silence().filter(|_| !setup.faults.clocks.is_on());
    Machine::new(&setup.first_members()).with_silence(silence)
}

fn judge(setup: &Setup, trace: &[Event]) -> Result<Machine, Box<Rejection>> {
    let mut machine = machine(setup);
    for event in trace {
        machine.accept(event)?;
    }
    Ok(machine)
}

#[test]
fn traces_of_storms_are_accepted() {
    let (mut accepted, mut restarts, mut cuts, mut changes, mut transfers) = (0, 0, 0, 0, 0);
    let (mut taken, mut trimmed, mut installed) = (0, 0, 0);
    for seed in 1..=80 {
        let setup = Setup::storm(seed);
        let trace = trace(&mut World::traced(&setup), 4_000);
        match judge(&setup, &trace) {
            Ok(machine) => accepted += machine.accepted(),
            Err(rejection) => panic!("seed {seed}: {rejection}"),
        }
        for event in &trace {
            match event.kind {
                Kind::Booted { .. } => restarts += 1,
                Kind::CutLog { .. } => cuts += 1,
                Kind::AppendedMembership { .. } => changes += 1,
                Kind::SentTimeoutNow { .. } => transfers += 1,
                Kind::SnapshotTaken { .. } => taken += 1,
                Kind::Trimmed { .. } => trimmed += 1,
                Kind::SnapshotInstalled { .. } => installed += 1,
                _ => {}
            }
        }
    }
    let of_snapshots = [taken, trimmed, installed];
    let seen = [accepted, restarts, cuts, changes, transfers];
    let seen: Vec<usize> = seen.into_iter().chain(of_snapshots).collect();
    let least = [100_000, 400, 60, 100, 20, 1_000, 500, 40];
    let enough = seen.iter().zip(least).all(|(seen, least)| *seen >= least);
    assert!(enough, "too little happened to be judged: {seen:?}");
}

/// Where leases are on, and nodes start again and hand over all the time.
#[test]
fn promises_of_silence_are_kept() {
    let course = COURSES.iter().find(|course| course.name == "leases");
    let setups = (0..).map(course.expect("there is one").setup);
    let right = setups.filter(|setup| !setup.faults.clocks.is_on());
    let (mut silent, mut handed) = (0, 0);
    for setup in right.take(12) {
        let trace = trace(&mut World::traced(&setup), 6_000);
        if let Err(rejection) = judge(&setup, &trace) {
            panic!("seed {}: {rejection}", setup.seed);
        }
        for event in &trace {
            match event.kind {
                Kind::RefusedVote {
                    reason: VoteRefusal::Silent { .. },
                    ..
                } => silent += 1,
                Kind::SentTimeoutNow { .. } => handed += 1,
                _ => {}
            }
        }
    }
    assert!(silent > 100 && handed > 10, "{silent}, {handed}");
}

#[test]
fn a_node_whose_disk_lied_may_not_start_again() {
    for nodes in [1, 3, 5] {
        let mut setup = Setup::playground(nodes, 11);
        setup.disk.lies = 2;
        let mut world = World::traced(&setup);
        let mut trace = trace(&mut world, 400);
        let node = world.newest_leader().expect("an election has been won");
        let op = Op::Put {
            key: "x".into(),
            value: "1".into(),
        };
        let mut act = |world: &mut World, what| {
            world.act(&what).expect("it is possible");
            hear(world, &mut trace);
        };
        act(
            &mut world,
            Intervention::Ask {
                client: 1,
                node,
                op,
            },
        );
        while !world.is_idle(1) && world.step() {
            trace.extend(world.fresh_events().iter().map(|fresh| fresh.event.clone()));
        }
        world.act(&Intervention::Crash(node)).expect("it runs");
        world.act(&Intervention::Restart(node)).expect("it is down");
        hear(&world, &mut trace);
        let rejection = judge(&setup, &trace).expect_err("an entry that was on disk is gone");
        assert_eq!(rejection.number, trace.len() - 1, "{rejection}");
        assert_eq!(rejection.event.node, NodeId(node));
        assert!(matches!(rejection.event.kind, Kind::Booted { .. }));
        assert!(
            rejection.rule.says.contains("survives a crash"),
            "{rejection}"
        );
    }
}
