//! What the clients of simulated clusters see has an order; what they see when all nodes lose
//! what they said they had does not.

use raftwerk_sim::linear::{Limit, Outcome, Recorder, Verdict, check};
use raftwerk_sim::{Intervention, Op, Setup, World};
use raftwerk_wire::client::ReadMode;

#[test]
fn histories_of_storms_have_an_order() {
    let (mut operations, mut unknown) = (0, 0);
    for seed in 1..=40 {
        let mut world = World::new(&Setup::storm(seed));
        let mut recorder = Recorder::default();
        while world.events() < 10_000 && world.step() {
            recorder.look(&world);
        }
        let history = recorder.history(&world);
        operations += history.len();
        let is_unknown = |outcome: &Outcome| *outcome == Outcome::Unknown;
        unknown += history
            .iter()
            .filter(|one| is_unknown(&one.outcome))
            .count();
        match check(&history, Limit::default()) {
            Verdict::Linearizable(_) => {}
            Verdict::Impossible(found) => panic!("seed {seed}: {found}"),
            Verdict::GaveUp { key, states } => {
                panic!("seed {seed}: gave up on {key:?} after {states} states")
            }
        }
    }
    assert!(operations > 1_000 && unknown > 10, "{operations} {unknown}");
}

fn run(world: &mut World, recorder: &mut Recorder, micros: u64) {
    let until = world.now() + micros;
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
        recorder.look(world);
    }
}

fn ask(world: &mut World, recorder: &mut Recorder, op: Op) {
    let node = world.newest_leader().expect("an election has been won");
    let ask = Intervention::Ask {
        client: 1,
        node,
        op,
    };
    world.act(&ask).expect("the client is idle");
    while !world.is_idle(1) && world.step() {
        recorder.look(world);
    }
}

#[test]
fn a_write_that_lying_disks_lose_is_missed() {
    let mut setup = Setup::playground(3, 11);
    setup.disk.lies = 2;
    let (mut world, mut recorder) = (World::new(&setup), Recorder::default());
    run(&mut world, &mut recorder, 2_000_000);
    let put = Op::Put {
        key: "x".into(),
        value: "1".into(),
    };
    ask(&mut world, &mut recorder, put);
    for node in 1..=3 {
        world.act(&Intervention::Crash(node)).expect("it runs");
        world.act(&Intervention::Restart(node)).expect("it is down");
    }
    run(&mut world, &mut recorder, 3_000_000);
    let get = Op::Get {
        key: "x".into(),
        mode: ReadMode::Leader,
    };
    ask(&mut world, &mut recorder, get);
    match check(&recorder.history(&world), Limit::default()) {
        Verdict::Impossible(found) => {
            assert_eq!(found.operation, 1);
            assert_eq!(found.facts[1].operations, [0]);
            assert!(found.facts[0].text.ends_with("read nothing."), "{found}");
        }
        other => panic!("the write is lost: {other:?}"),
    }
}
