//! One test per rule of the autopilot; properties over random courses are in `courses`.

use super::*;
use std::collections::BTreeSet;

mod courses;

const BEAT: Span = Span::millis(50);

fn ids(nodes: &[u64]) -> Vec<NodeId> {
    nodes.iter().copied().map(NodeId).collect()
}

fn members(voters: &[u64], learners: &[u64]) -> Members {
    Members {
        learners: ids(learners),
        ..Members::of_voters(ids(voters))
    }
}

/// A leader, S1, whose peers are as a test says.
struct Scene {
    pilot: Autopilot,
    now: Time,
    members: Members,
    free: bool,
    silent: BTreeSet<u64>,
    behind: BTreeSet<u64>,
    suspect: BTreeSet<u64>,
    heard: BTreeMap<u64, Time>,
}

impl Scene {
    fn new(policy: Policy, members: Members) -> Scene {
        Scene {
            pilot: Autopilot::new(policy),
            now: Time(1_000_000),
            members,
            free: true,
            silent: BTreeSet::new(),
            behind: BTreeSet::new(),
            suspect: BTreeSet::new(),
            heard: BTreeMap::new(),
        }
    }

    fn look(&mut self) -> Option<Decision> {
        let others = self.members.all().into_iter();
        let others: Vec<NodeId> = others.filter(|node| *node != NodeId(1)).collect();
        let mut peers = Vec::new();
        for node in others {
            if !self.silent.contains(&node.0) {
                self.heard.insert(node.0, self.now);
            }
            let lacks = u64::from(self.behind.contains(&node.0)) * 1_000;
            peers.push(Seen {
                node,
                matched: Index(5_000 - lacks),
                heard: self.heard.get(&node.0).copied(),
                suspect: self.suspect.contains(&node.0),
            });
        }
        let sight = Sight {
            leader: NodeId(1),
            members: &self.members,
            free: self.free,
            commit: Index(5_000),
            peers,
        };
        self.pilot.look(self.now, &sight)
    }

    /// Looks once a heartbeat for so long, up to the first decision; with the time it took.
    fn run(&mut self, span: Span) -> Option<(Span, Decision)> {
        let began = self.now;
        while self.now < began + span {
            if let Some(decision) = self.look() {
                return Some((self.now.since(began), decision));
            }
            self.now = self.now + BEAT;
        }
        None
    }

    fn carry_out(&mut self, decision: &Decision) {
        self.members = decision.target.clone();
    }
}

fn demo() -> Policy {
    Policy::demo(3)
}

const LONG: Span = Span::millis(60_000);

// -------------------------------------------------------------------- rules

#[test]
fn a_steady_learner_becomes_a_voter_when_it_was_steady_long_enough() {
    let mut scene = Scene::new(demo(), members(&[1, 2], &[4]));
    let (took, decision) = scene.run(LONG).expect("it is promoted");
    assert_eq!(took, demo().stable_after);
    assert_eq!(decision.target, members(&[1, 2, 4], &[]));
    let Reason::Promote {
        learner,
        voters,
        wanted,
        ..
    } = decision.reason
    else {
        panic!("{decision:?}");
    };
    assert_eq!((learner, voters, wanted), (NodeId(4), 2, 3));
    scene.carry_out(&decision);
    assert_eq!(scene.run(LONG), None, "then all is as it should be");
}

#[test]
fn a_learner_that_lags_or_was_away_is_not_steady() {
    let mut scene = Scene::new(demo(), members(&[1, 2], &[4]));
    scene.behind.insert(4);
    assert_eq!(scene.run(LONG), None);
    scene.behind.clear();
    assert_eq!(scene.run(Span::millis(1_500)), None);
    // Away for a little longer than `contact`: it starts anew.
    scene.silent.insert(4);
    assert_eq!(scene.run(Span::millis(400)), None);
    scene.silent.clear();
    let (took, _) = scene.run(LONG).expect("at last");
    assert_eq!(took, demo().stable_after);
}

/// It is there, so nobody takes its place; and it elects nobody, so it is no one to count on.
#[test]
fn a_suspect_member_is_neither_dead_nor_steady_nor_counted_on() {
    let mut scene = Scene::new(demo(), members(&[1, 2], &[4]));
    scene.suspect.insert(4);
    assert_eq!(scene.run(LONG), None, "a learner is not promoted");
    scene.suspect.clear();
    assert!(scene.run(LONG).is_some());
    let mut scene = Scene::new(demo(), members(&[1, 2, 3], &[4]));
    scene.suspect.insert(3);
    assert_eq!(scene.run(LONG), None, "a voter is not replaced");
    // Of four one is too many: the one that cannot elect goes.
    let mut scene = Scene::new(demo(), members(&[1, 2, 3, 4], &[]));
    scene.suspect.insert(2);
    let (_, decision) = scene.run(LONG).expect("one goes");
    assert_eq!(decision.target, members(&[1, 3, 4], &[2]));
}

#[test]
fn a_dead_voter_changes_places_with_a_spare() {
    let mut scene = Scene::new(demo(), members(&[1, 2, 3], &[4, 5]));
    assert_eq!(scene.run(LONG), None, "nothing is wrong");
    scene.silent.insert(3);
    let (took, decision) = scene.run(LONG).expect("it is replaced");
    // Until it counts as away, then until it counts as dead.
    let (contact, dead) = (demo().contact, demo().dead_after);
    assert!(
        took >= dead && took.0 <= contact.0 + dead.0 + 2 * BEAT.0,
        "{took:?}"
    );
    assert_eq!(decision.target, members(&[1, 2, 4], &[3, 5]));
    assert!(matches!(
        decision.reason,
        Reason::Replace { dead: NodeId(3), spare: NodeId(4), silent, .. } if silent >= dead
    ));
    // When it is back it is a spare, and takes nobody's place.
    scene.carry_out(&decision);
    scene.silent.clear();
    assert_eq!(scene.run(LONG), None);
}

#[test]
fn without_a_spare_a_dead_voter_keeps_its_vote() {
    let mut scene = Scene::new(demo(), members(&[1, 2, 3], &[]));
    scene.silent.insert(3);
    assert_eq!(scene.run(LONG), None);
    scene.members = members(&[1, 2, 3], &[4]);
    scene.silent.insert(4);
    assert_eq!(scene.run(LONG), None, "a silent learner is no spare");
}

#[test]
fn one_voter_too_many_becomes_a_learner_and_a_dead_one_first() {
    let mut scene = Scene::new(demo(), members(&[1, 2, 3, 4, 5], &[]));
    scene.silent.insert(2);
    let (_, first) = scene.run(LONG).expect("too many");
    assert_eq!(
        first.target,
        members(&[1, 3, 4, 5], &[2]),
        "who is away goes first"
    );
    scene.carry_out(&first);
    scene.behind.insert(4);
    let (took, second) = scene.run(LONG).expect("still too many");
    assert!(took >= demo().pause, "not at once: {took:?}");
    assert_eq!(second.target, members(&[1, 3, 5], &[2, 4]), "then who lags");
    assert!(matches!(
        second.reason,
        Reason::Shrink {
            voters: 4,
            wanted: 3,
            dead: None,
            ..
        }
    ));
    scene.carry_out(&second);
    assert_eq!(scene.run(LONG), None);

    let mut scene = Scene::new(demo(), members(&[1, 2, 3, 4], &[5]));
    scene.free = false;
    scene.silent.insert(3);
    scene.run(LONG);
    scene.free = true;
    let (_, decision) = scene.run(LONG).expect("too many");
    assert!(matches!(
        decision.reason,
        Reason::Shrink {
            voter: NodeId(3),
            dead: Some(_),
            ..
        }
    ));
}

#[test]
fn a_learner_that_never_comes_back_is_forgotten() {
    let mut scene = Scene::new(demo(), members(&[1, 2, 3], &[4]));
    scene.silent.insert(4);
    assert_eq!(scene.run(Span(demo().forget_after.0 - 1)), None);
    let (_, decision) = scene.run(LONG).expect("an hour is over");
    assert_eq!(decision.target, members(&[1, 2, 3], &[]));
    assert!(matches!(
        decision.reason,
        Reason::Forget {
            learner: NodeId(4),
            ..
        }
    ));
}

#[test]
fn one_rule_at_a_time() {
    // Too many voters, one dead, a spare, too: the first rule speaks, and the others later.
    let mut scene = Scene::new(demo(), members(&[1, 2, 3, 4], &[5]));
    scene.silent.insert(2);
    let mut reasons = Vec::new();
    for _ in 0..4 {
        if let Some((_, decision)) = scene.run(LONG) {
            reasons.push(decision.reason);
            scene.carry_out(&decision);
        }
    }
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(matches!(
        reasons[0],
        Reason::Shrink {
            voter: NodeId(2),
            ..
        }
    ));
}

#[test]
fn while_a_majority_is_not_heard_nothing_is_decided() {
    let mut scene = Scene::new(demo(), members(&[1, 2, 3], &[4, 5]));
    assert_eq!(scene.run(Span::millis(2_500)), None);
    scene.silent.extend([2, 3]);
    assert_eq!(scene.run(LONG), None);
}

#[test]
fn a_leader_that_could_not_look_counts_anew() {
    let mut scene = Scene::new(demo(), members(&[1, 2, 3], &[4]));
    scene.run(Span::millis(2_500));
    scene.silent.insert(3);
    assert_eq!(scene.run(Span::millis(2_000)), None);
    // Frozen for a minute; S3 may have spoken all the time.
    scene.now = scene.now + LONG;
    let (took, _) = scene.run(LONG).expect("it is dead all the same");
    assert!(took >= demo().dead_after, "{took:?}");
}

#[test]
fn what_makes_no_sense_as_a_policy_is_named() {
    let server = crate::Config::server(NodeId(1), crate::ClusterId(1), 0).timing;
    let watched = crate::Config::demo(NodeId(1), crate::ClusterId(1), 0).timing;
    for target in [3, 5, 7] {
        assert!(Policy::server(target).wrong(&server).is_empty());
        assert!(Policy::demo(target).wrong(&watched).is_empty());
    }
    assert_eq!(Policy::server(4).wrong(&server).len(), 1);
    let none = Span(0);
    let nonsense = Policy {
        target: 0,
        contact: none,
        slack: 0,
        stable_after: none,
        dead_after: Span(1),
        forget_after: none,
        pause: none,
    };
    assert_eq!(
        nonsense.wrong(&server).len(),
        5,
        "{:?}",
        nonsense.wrong(&server)
    );
}
