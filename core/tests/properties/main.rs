//! Properties of the contract in `io`, under random schedules of a small cluster.
//!
//! The kit holds every drain against the order of outputs, against tickets that end once, answers
//! that come after their `Apply`, and the node's own invariants; here the schedules are random,
//! and several inputs come before one drain.

#[path = "../kit/mod.rs"]
mod kit;

mod acts;
mod quorum;
mod world;

use acts::{Act, Setup, act, setup};
use kit::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use raftwerk_core::trace::Timer;
use raftwerk_core::*;
use std::collections::BTreeMap;
use world::World;

fn schedule() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..250)
}

/// Runs a schedule, calling `after` after each act.
fn run(setup: Setup, acts: &[Act], diaries: bool, mut after: impl FnMut(&World)) -> World {
    let mut world = World::new(setup);
    if diaries {
        world.cluster.diaries = true;
        for id in 1..=setup.size + setup.joiners {
            // A new life, written down from its beginning.
            world.act(&Act::Restart(id));
        }
        world.cluster.past.clear();
    }
    for act in acts {
        world.act(act);
        after(&world);
    }
    world
}

fn drained(raft: &mut Raft) -> Vec<Output> {
    std::iter::from_fn(|| raft.poll()).collect()
}

/// Both are fed the same and must do and become the same.
fn same_from_here(left: &Raft, right: &Raft, now: Time, world: &World) {
    let waiting = world.cluster.mail.iter().cloned().map(Input::Receive);
    let next = [
        Input::Fire(Timer::Election),
        Input::Fire(Timer::Heartbeat),
        Input::Propose(Ticket(u64::MAX), Payload::from(&b"next"[..])),
        Input::Read(Ticket(u64::MAX), ReadPath::Follower),
    ];
    for input in next.into_iter().chain(waiting.take(2)) {
        let (mut left, mut right) = (left.clone(), right.clone());
        let answers = [&mut left, &mut right].map(|raft| input.clone().feed(raft, now));
        assert_eq!(answers[0], answers[1], "{input:?}");
        assert_eq!(drained(&mut left), drained(&mut right), "{input:?}");
        assert_eq!(left.digest(), right.digest(), "{input:?}");
        assert!(left == right, "{input:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever happens, in whatever portions: every drain is legal, at most one leads a term,
    /// all state machines agree; and when the faults end, every ticket has ended once.
    #[test]
    fn every_schedule_is_legal_and_every_ticket_ends_once(
        setup in setup(), acts in schedule()
    ) {
        let mut world = run(setup, &acts, false, |_| {});
        world.heal();
        world.check_end();
    }

    /// The same inputs give the same outputs and the same digests, to a machine that lives the
    /// same life again, and to one to which nobody, or only now and then somebody, listens.
    #[test]
    fn equal_inputs_give_equal_outputs_whoever_listens(setup in setup(), acts in schedule()) {
        let mut world = run(setup, &acts, true, |_| {});
        world.heal();
        let nodes = world.cluster.nodes.values();
        for diary in nodes.clone().map(|node| &node.diary).chain(&world.cluster.past) {
            diary.again(|_| true);
            diary.again(|drain| drain % 3 == 0);
        }
        for node in nodes {
            let deaf = node.diary.again(|_| false);
            prop_assert!(deaf == node.raft);
        }
    }

    /// A drain leaves nothing for a second one, and `expire` before the deadline does nothing,
    /// now or later.
    #[test]
    fn draining_again_and_expiring_too_early_change_nothing(
        setup in setup(), acts in schedule()
    ) {
        run(setup, &acts, false, |world| {
            let now = world.cluster.now;
            for node in world.cluster.nodes.values() {
                let mut raft = node.raft.clone();
                assert_eq!(raft.poll(), None);
                assert_eq!(raft.digest(), node.raft.digest());
                if raft.deadline() > now {
                    raft.expire(now);
                    assert_eq!(raft.poll(), None, "nothing is due");
                    assert_eq!(raft.deadline(), node.raft.deadline());
                    same_from_here(&node.raft, &raft, now, world);
                }
            }
        });
    }

    /// Who is called at the deadline has another, later one afterwards: a host that sleeps until
    /// the deadline never spins.
    #[test]
    fn what_was_due_is_due_no_more(setup in setup(), acts in schedule()) {
        run(setup, &acts, false, |world| {
            for node in world.cluster.nodes.values() {
                let mut raft = node.raft.clone();
                let due = raft.deadline().max(world.cluster.now);
                if due < Time::NEVER {
                    raft.expire(due);
                    drained(&mut raft);
                    assert!(raft.deadline() > due, "{:?}", raft.deadline());
                }
            }
        });
    }
}

/// The schedules are worth their time: two hundred of them meet everything that can happen.
#[test]
fn the_schedules_meet_everything() {
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        let tree = (setup(), schedule()).new_tree(&mut runner);
        let (setup, acts) = tree.expect("a schedule").current();
        let world = run(setup, &acts, false, |_| {});
        for node in world.cluster.nodes.values() {
            let kinds = node.events.iter().map(|event| format!("{:?}", event.kind));
            let outcomes = node
                .settled
                .iter()
                .map(|(_, how)| format!("Settled{how:?}"));
            for text in kinds.chain(outcomes) {
                let name = text.split([' ', '(']).next().unwrap_or_default();
                *met.entry(name.to_string()).or_default() += 1;
            }
        }
    }
    let expect = [
        "AcceptedAppend",
        "Backtracked",
        "BecameLeader",
        "ChangeAborted",
        "ChangedPace",
        "CommitWithheld",
        "Committed",
        "CutLog",
        "Fenced",
        "FoundRot",
        "HeldForDisk",
        "LearnerCaughtUp",
        "MembershipInForce",
        "PeerSuspect",
        "ReadFailed",
        "ReadServed",
        "RefusedAppend",
        "RefusedVote",
        "Released",
        "SentTimeoutNow",
        "SettledCommitted",
        "SettledHandedOver",
        "SettledUnknown",
        "Trusted",
    ];
    for name in expect {
        let often = met.get(name).copied().unwrap_or_default();

        assert!(often >= 5, "{name}: {often} of {met:?}");
    }
}
