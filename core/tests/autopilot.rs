//! The autopilot inside a leader (thesis 4.4): what it decides is carried out as any change of
//! members is, told to the trace, and nobody's ticket.

#[path = "kit/mod.rs"]
mod kit;

use kit::{Cluster, config};
use raftwerk_core::autopilot::{Policy, Reason};
use raftwerk_core::trace::{Cause, Kind, Step, Timer};
use raftwerk_core::*;

/// S1 leads three voters, S4 and S5 are learners, and the autopilot is on at every node.
fn led(target: u64) -> Cluster {
    let members = Members {
        learners: vec![NodeId(4), NodeId(5)],
        ..Members::of_voters((1..=3).map(NodeId))
    };
    let mut c = Cluster::of(&members, |config| {
        config.autopilot = Some(Policy::demo(target));
    });
    c.elect(1);
    c
}

fn voters(c: &Cluster, id: u64) -> Vec<u64> {
    c.members(id).voters.iter().map(|node| node.0).collect()
}

/// What the autopilot of a node decided, in order.
fn decided(c: &Cluster, id: u64) -> Vec<Reason> {
    let events = c.node(id).events.iter();
    let reason = |kind: &Kind| match kind {
        Kind::Decided { decision } => Some(decision.reason),
        _ => None,
    };
    events.filter_map(|event| reason(&event.kind)).collect()
}

fn alone(c: &mut Cluster, id: u64) {
    let others: Vec<u64> = (1..=5).filter(|other| *other != id).collect();
    c.partition(&[id], &others);
}

#[test]
fn with_enough_voters_and_nobody_dead_nothing_is_decided() {
    let mut c = led(3);
    c.run(Span::millis(20_000));
    assert!(decided(&c, 1).is_empty());
    assert_eq!(voters(&c, 1), [1, 2, 3]);
}

#[test]
fn off_unless_configured() {
    let members = Members {
        learners: vec![NodeId(4)],
        ..Members::of_voters((1..=2).map(NodeId))
    };
    let mut c = Cluster::of(&members, |_| {});
    c.elect(1);
    c.run(Span::millis(20_000));
    assert_eq!(voters(&c, 1), [1, 2]);
    assert!(c.view(1).autopilot().is_none() && decided(&c, 1).is_empty());
}

#[test]
fn steady_learners_become_voters_one_after_the_other() {
    let mut c = led(5);
    c.run(Span::millis(20_000));
    assert_eq!(voters(&c, 1), [1, 2, 3, 4, 5]);
    let decided = decided(&c, 1);
    assert_eq!(decided.len(), 2);
    assert!(matches!(
        decided[0],
        Reason::Promote {
            learner: NodeId(4),
            voters: 3,
            wanted: 5,
            ..
        }
    ));
    assert!(matches!(
        decided[1],
        Reason::Promote {
            learner: NodeId(5),
            voters: 4,
            wanted: 5,
            ..
        }
    ));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::LearnerCaughtUp {
            peer: NodeId(4),
            ..
        }
    )));
    assert!(c.ended(1).is_empty(), "nobody asked, so nobody is answered");
}

#[test]
fn a_dead_voter_is_replaced_and_the_trace_says_why() {
    let mut c = led(3);
    c.run(Span::millis(3_000));
    alone(&mut c, 3);
    c.run(Span::millis(20_000));
    assert_eq!(voters(&c, 1), [1, 2, 4]);
    assert_eq!(c.members(1).learners, [NodeId(3), NodeId(5)]);
    let decided = decided(&c, 1);
    assert_eq!(decided.len(), 1, "{decided:?}");
    let dead_after = Policy::demo(3).dead_after;
    assert!(matches!(
        decided[0],
        Reason::Replace { dead: NodeId(3), spare: NodeId(4), silent, .. } if silent >= dead_after
    ));
    // Two voters come and go, so the way is joint; the decision comes first and names its cause.
    let events = &c.node(1).events;
    let at = |pick: &dyn Fn(&Kind) -> bool| {
        events
            .iter()
            .position(|event| pick(&event.kind))
            .expect("told")
    };
    let decision = at(&|kind| matches!(kind, Kind::Decided { .. }));
    let begun = at(&|kind| matches!(kind, Kind::ChangeStarted { ticket: None, .. }));
    let joint = at(&|kind| {
        matches!(
            kind,
            Kind::AppendedMembership {
                step: Step::Joint,
                ..
            }
        )
    });
    assert!(decision < begun && begun < joint);
    assert_eq!(events[decision].cause, Cause::Timer(Timer::Heartbeat));
    assert_eq!(events[decision].kind.section(), "T4.4");
    let pilot = c.view(1).autopilot().expect("it leads");
    assert!(
        pilot
            .last()
            .is_some_and(|(_, last)| last.reason == decided[0])
    );

    // When it comes back it is a spare, which takes the place of the next one that dies.
    c.cut.clear();
    c.run(Span::millis(5_000));
    assert_eq!(voters(&c, 1), [1, 2, 4]);
    alone(&mut c, 2);
    c.run(Span::millis(20_000));
    assert_eq!(voters(&c, 1).len(), 3);
    assert!(!voters(&c, 1).contains(&2));
}

#[test]
fn what_an_operator_asks_comes_first_and_what_is_under_way_is_waited_for() {
    let mut c = led(5);
    c.run(Span::millis(1_500));
    // A learner that is not there: the change waits for it and is given up in the end.
    let mut target = c.members(1);
    target.voters.push(NodeId(6));
    target.learners = vec![NodeId(4), NodeId(5)];
    c.reconfigure(1, 1, &target).expect("taken");
    c.run(Span::millis(2_500));
    assert!(c.view(1).change().is_some(), "still waiting for S6");
    assert!(decided(&c, 1).is_empty());
    c.run(Span::millis(20_000));
    assert!(matches!(
        c.ended(1)[..],
        [(1, Outcome::Aborted(Abort::NotCaughtUp(NodeId(6))))]
    ));
    assert_eq!(voters(&c, 1), [1, 2, 3, 4, 5]);
}

#[test]
fn a_new_leader_looks_for_itself() {
    let mut c = led(3);
    c.run(Span::millis(3_000));
    alone(&mut c, 3);
    c.run(Span::millis(2_000));
    assert!(decided(&c, 1).is_empty(), "not dead yet");
    c.transfer(1, 9, Some(2)).expect("taken");
    c.settle();
    assert_eq!(c.leaders(), [2]);
    let elected = c.now;
    c.run(Span::millis(2_500));
    assert!(
        decided(&c, 2).is_empty(),
        "it has not been silent to S2 for long"
    );
    c.run(Span::millis(20_000));
    assert_eq!(voters(&c, 2), [1, 2, 4]);
    let Some((when, _)) = c.view(2).autopilot().and_then(|pilot| pilot.last()) else {
        panic!("S2 decided it");
    };
    assert!(when.since(elected) >= Policy::demo(3).dead_after);
}

#[test]
fn a_node_that_joins_as_a_learner_becomes_a_voter_by_itself() {
    let mut c = Cluster::with(2, |config| config.autopilot = Some(Policy::demo(3)));
    c.elect(1);
    c.boot(config(3), Durable::default(), kit::Files::new());
    c.run(Span::millis(5_000));
    assert_eq!(voters(&c, 1), [1, 2]);
    let mut target = c.members(1);
    target.learners.push(NodeId(3));
    c.reconfigure(1, 1, &target).expect("taken");
    c.run(Span::millis(10_000));
    assert_eq!(voters(&c, 3), [1, 2, 3]);
}

#[test]
fn a_policy_that_makes_no_sense_keeps_a_node_from_starting() {
    let mut wrong = config(1);
    wrong.autopilot = Some(Policy {
        target: 4,
        ..Policy::demo(3)
    });
    let told = wrong.validate().expect_err("four voters are no size");
    assert!(told[0].contains("3, 5 or 7"), "{told:?}");
    let disk = Durable::bootstrap(&Members::of_voters([NodeId(1)]));
    assert!(Raft::boot(wrong, disk, Time(0)).is_err());
}
