//! M7, E14: who was away when it was removed asks for votes when it is back, and is told then.

use super::*;
use crate::kit::{no_tail, pre_vote};

/// Cuts S4 off from all others.
fn cut_off_4(c: &mut Cluster) {
    c.partition(&[4], &[1, 2, 3]);
}

/// S1 leads voters 1 to 3. S4 was one of them, was cut off, and has been given up.
fn without_4(mut c: Cluster) -> Cluster {
    cut_off_4(&mut c);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(2_000));
    let given_up = |kind: &Kind| matches!(kind, Kind::Parted { told: false, .. });
    assert!(c.saw(1, given_up));
    assert_eq!(c.node(4).removed, 0);
    c
}

fn met(c: &Cluster, leader: u64) -> usize {
    c.count(leader, |kind| matches!(kind, Kind::MetOutsider { .. }))
}

/// S4 is back with the others and is told; from then on nobody hears of it.
fn told_and_silent(mut c: Cluster) -> Cluster {
    let (leaders, term) = (c.leaders(), c.view(1).term());
    c.cut.clear();
    c.run(Span::millis(1_000));
    assert_eq!(c.node(4).removed, 1, "told");
    assert_eq!(c.members(4), voters(&[1, 2, 3]));
    let told = |kind: &Kind| {
        let peer = NodeId(4);
        *kind == Kind::Parted { peer, told: true }
    };
    assert!(c.saw(leaders[0], told));
    let asked = |kind: &Kind| matches!(kind, Kind::StartedPreVote { .. });
    let before = c.count(4, asked);
    c.run(Span::millis(5_000));
    assert_eq!(c.count(4, asked), before, "it asks no more");
    assert_eq!((c.leaders(), c.view(1).term()), (leaders, term));
    assert_eq!((c.node(4).removed, c.view(4).role()), (1, Role::Follower));
    c
}

#[test]
fn m7_a_removed_node_that_was_down_for_a_minute_is_told_when_it_is_back() {
    let mut c = without_4(led(4));
    c.run(Span::millis(58_000));
    c.restart(4);
    let c = told_and_silent(c);
    assert_eq!(met(&c, 1), 1, "it had to ask once");
}

/// E14: it asks in vain, raises no term, and then it is told.
#[test]
fn e14_a_removed_node_that_comes_back_disturbs_nobody() {
    let c = told_and_silent(without_4(led(4)));
    let refused = |kind: &Kind| {
        matches!(
            kind,
            Kind::RefusedVote {
                to: NodeId(4),
                reason: VoteRefusal::LeaderAlive { .. },
                ..
            }
        )
    };
    assert!(c.saw(2, refused));
}

/// The entry that removed it is gone from the log, and so is the leader that wrote it.
#[test]
fn m7_a_later_leader_tells_it_with_a_snapshot() {
    let mut c = without_4({
        let mut c = Cluster::with(4, no_tail);
        c.elect(1);
        c.heartbeat(1);
        c.settle();
        c
    });
    c.now = c.now + Span::millis(1_000);
    c.elect(2);
    c.commit_all(2, &["a", "b", "c"]);
    c.snapshot(2);
    assert!(c.view(2).first() > Index(2), "the log starts later");
    let c = told_and_silent(c);
    assert_eq!(c.node(4).installed.len(), 1);
    assert_eq!(c.commands(4), ["a", "b", "c"]);
}

/// A node that answers is not given up while what it lacks is on its way.
#[test]
fn m7_who_answers_is_spoken_to_as_long_as_it_takes() {
    let mut c = without_4(led(4));
    c.slow.insert(4);
    c.cut.clear();
    c.run(Span::millis(5_000));
    assert_eq!((c.node(4).removed, met(&c, 1)), (0, 1), "one session");
    assert!(c.view(1).peers().iter().any(|peer| peer.leaving));
    c.complete_writes(4);
    c.run(Span::millis(200));
    assert_eq!((c.node(4).removed, met(&c, 1)), (1, 1));
}

/// Only a leader can tell.
#[test]
fn m7_followers_speak_to_nobody() {
    let mut c = without_4(led(4));
    let (term, last) = (c.view(4).term().0, c.view(4).last());
    c.forge(4, 2, term, pre_vote(term + 1, (last.term.0, last.index.0)));
    assert_eq!(met(&c, 2), 0);
    assert!(!c.on_the_way(2, 4, |body| matches!(body, Body::Append { .. })));
}

/// M5: before its removal is committed it may be the one that must lead once more.
#[test]
fn m7_nobody_is_met_while_the_members_are_not_committed() {
    let mut c = led(4);
    c.partition(&[1], &[2, 3, 4]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.mail.clear();
    c.forge(5, 1, 1, pre_vote(2, (0, 1)));
    assert_eq!(met(&c, 1), 0);
    c.cut.clear();
    c.run(Span::millis(200));
    c.forge(5, 1, 1, pre_vote(2, (0, 1)));
    assert_eq!(met(&c, 1), 1, "now they are");
}

/// E14: an answer of a newer term would depose the leader.
#[test]
fn e14_a_node_of_a_newer_term_is_not_spoken_to() {
    let mut c = without_4(led(4));
    let term = c.view(1).term().0;
    c.forge(4, 1, term + 1, pre_vote(term + 2, (0, 1)));
    assert_eq!(met(&c, 1), 0);
    c.forge(4, 1, term, pre_vote(term + 1, (0, 1)));
    assert_eq!(met(&c, 1), 1);
}

/// Members, and who is spoken to already, are not met; and not everybody at once.
#[test]
fn m7_only_so_many_are_met_at_a_time() {
    let mut c = led(3);
    for _ in 0..2 {
        for id in 2..40 {
            c.forge(id, 1, 1, pre_vote(2, (0, 1)));
        }
    }
    assert_eq!(met(&c, 1), 16);
    assert_eq!(c.view(1).peers().len(), 2 + 16);
    c.mail.clear();
    c.run(Span::millis(2_000));
    assert_eq!(c.view(1).peers().len(), 2, "nobody of them was heard");
    assert_eq!(c.leaders(), [1]);
}

/// R4: answers of the session before it was given up are stale in the next one.
#[test]
fn r4_each_session_with_an_outsider_has_a_lane_of_its_own() {
    let mut c = without_4(led(4));
    let mut lanes = Vec::new();
    for _ in 0..2 {
        c.forge(4, 1, 1, pre_vote(2, (0, 1)));
        let lane = c.mail.iter().find_map(|message| match message.body {
            Body::Append { lane, .. } if message.to == NodeId(4) => Some(lane),
            _ => None,
        });
        lanes.push(lane.expect("it is spoken to"));
        c.mail.clear();
        c.run(Span::millis(2_000));
        assert!(c.view(1).peers().iter().all(|peer| !peer.leaving));
    }
    assert!(lanes[0] < lanes[1], "{lanes:?}");
    c.forge(4, 1, 1, pre_vote(2, (0, 1)));
    let last = c.view(1).last().index;
    let (lane, round) = (lanes[1], Round(1));
    let result = AppendResult::Accepted {
        durable: last,
        received: last,
    };
    c.forge(
        4,
        1,
        1,
        Body::AppendReply {
            lane,
            round,
            probe: Probe::default(),
            result,
        },
    );
    assert_eq!(c.peer(1, 4).matched, Index(0));
}

/// A node that comes back as a member gets a lane of that membership.
#[test]
fn r4_an_outsider_that_is_added_again_starts_anew() {
    let mut c = without_4(led(4));
    c.forge(4, 1, 1, pre_vote(2, (0, 1)));
    assert!(c.peer(1, 4).leaving);
    c.mail.clear();
    c.reconfigure(1, 2, &with_learners(&[1, 2, 3], &[4]))
        .expect("taken");
    assert!(!c.peer(1, 4).leaving);
    c.cut.clear();
    c.run(Span::millis(300));
    assert_eq!(c.members(4), with_learners(&[1, 2, 3], &[4]));
    assert_eq!(c.peer(1, 4).matched, c.view(1).last().index);
    assert_eq!(c.node(4).removed, 0);
}

/// What it is good for.
#[cfg(feature = "sabotage")]
#[test]
fn m7_without_the_rule_it_asks_for_ever() {
    let untold = |config: &mut Config| config.sabotage = Some(Rule::M7Untold);
    let mut c = Cluster::with(4, untold);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    cut_off_4(&mut c);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(2_000));
    c.cut.clear();
    c.run(Span::millis(5_000));
    assert_eq!(c.node(4).removed, 0);
    assert!(c.count(4, |kind| matches!(kind, Kind::StartedPreVote { .. })) > 10);
}
