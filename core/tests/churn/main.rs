//! Members change and leadership moves while nodes crash, messages are lost and links are cut.
//!
//! Random schedules of a small cluster (paper 6; thesis 3.10 and 4). After every act: at most one
//! leads a term (election safety), a new leader has everything that is committed (leader
//! completeness), all apply the same (state machine safety), and each committed membership is one
//! legal step from the one before. The kit holds every drain against the contract and the node's
//! own invariants. When the faults end, every ticket has ended once and members change again.

#[path = "../kit/mod.rs"]
mod kit;

mod world;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use raftwerk_core::*;
use std::collections::BTreeMap;
use world::{Act, Setup, World, act, setup};

fn schedule() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..300)
}

fn run(setup: Setup, acts: &[Act]) -> World {
    let mut world = World::new(setup);
    for act in acts {
        world.act(act);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn members_change_safely_and_go_on_when_faults_end(setup in setup(), acts in schedule()) {
        let mut world = run(setup, &acts);
        world.heal();
        world.check_end();
    }

    /// Who is called at the deadline has another, later one afterwards; who is called too early
    /// does nothing. (Transfers and changes have deadlines of their own.)
    #[test]
    fn deadlines_are_kept(setup in setup(), acts in schedule()) {
        let mut world = World::new(setup);
        for act in &acts {
            world.act(act);
            let now = world.cluster.now;
            for node in world.cluster.nodes.values() {
                let mut raft = node.raft.clone();
                let due = raft.deadline().max(now);
                if raft.deadline() > now {
                    raft.expire(now);
                    assert_eq!(raft.poll(), None, "nothing is due");
                }
                if due < Time::NEVER {
                    raft.expire(due);
                    while raft.poll().is_some() {}
                    assert!(raft.deadline() > due, "{:?}", raft.deadline());
                }
            }
        }
    }
}

/// The schedules are worth their time: they meet everything that can happen to members.
#[test]
fn the_schedules_meet_everything() {
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let expect = [
        "step: Learners",
        "step: Direct",
        "step: Joint",
        "step: Leave",
        "LearnerCaughtUp",
        "ChangeAborted",
        "MembershipCommitted",
        "rolled_back: true",
        "told: true",
        "why: Asked",
        "why: Removed",
        "SentTimeoutNow",
        "TransferAborted",
        "reason: TimeoutNow",
        "HandedOver",
        "LeadershipLost",
        "TimeLimit",
        "Removed",
        "Unknown",
    ];
    for _ in 0..300 {
        let tree = (setup(), schedule()).new_tree(&mut runner);
        let (setup, acts) = tree.expect("a schedule").current();
        let mut world = run(setup, &acts);
        world.heal();
        for node in world.cluster.nodes.values() {
            let kinds = node.events.iter().map(|event| format!("{:?}", event.kind));
            let ends = node.settled.iter().map(|(_, how)| format!("{how:?}"));
            for text in kinds.chain(ends) {
                for name in expect.iter().filter(|name| text.contains(**name)) {
                    *met.entry(name).or_default() += 1;
                }
            }
        }
    }
    for name in expect {
        let often = met.get(name).copied().unwrap_or_default();
        assert!(often >= 10, "{name}: {often} of {met:?}");
    }
}
