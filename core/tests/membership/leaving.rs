//! Who leaves: the leader itself, those that are told, those that come back (M5 to M7, M11, M12).

use super::*;
use crate::kit::no_tail;

/// M5: the leader dies when its last entry is on the removed node alone. Only that node's log is
/// complete enough, so it must lead once more (thesis 4.2.2, figure 4.6).
#[test]
fn m5_a_removed_node_leads_once_more_where_only_its_log_can() {
    let mut c = led(4);
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.settle();
    assert_eq!(c.members(4), voters(&[1, 2, 3]));
    c.partition(&[1], &[2, 3, 4]);
    c.run(Span::millis(6_000));
    assert!(
        matches!(c.leaders()[..], [2] | [3] | [1, 2] | [1, 3]),
        "{:?}",
        c.leaders()
    );
    assert_eq!(c.members(2), voters(&[1, 2, 3]));
    assert!(c.saw(
        4,
        |kind| matches!(kind, Kind::BecameLeader { votes } if votes.len() == 2)
    ));
    assert_eq!(c.node(4).removed, 1);
    let term = c.view(4).term();
    c.run(Span::millis(3_000));
    assert_eq!(
        (c.view(4).term(), c.view(4).role()),
        (term, Role::Follower),
        "now it is silent"
    );
}

/// M6, R14: the leader outside the new members goes on, does not count itself, then hands over.
#[test]
fn m6_a_removed_leader_goes_on_until_that_is_committed_and_hands_over() {
    let mut c = led(3);
    c.reconfigure(1, 1, &voters(&[2, 3])).expect("taken");
    let entry = c.view(1).last().index;
    assert_eq!(c.propose(1, 2, "x"), Ok(()), "it leads on");
    c.deliver_if(to(&[2]));
    c.deliver_if(to(&[1]));
    assert!(
        c.view(1).commit() < entry,
        "one of two, and the leader does not count"
    );
    assert_eq!(c.node(1).removed, 0);
    c.deliver_if(to(&[3]));
    c.deliver_if(to(&[1]));
    assert!(c.view(1).commit() >= entry);
    c.settle();
    assert!(
        committed(&c, 1, 1) && committed(&c, 1, 2),
        "both are answered first"
    );
    assert!(matches!(c.leaders()[..], [2] | [3]));
    let next = c.leaders()[0];
    assert!(!c.saw(next, |kind| matches!(kind, Kind::StartedPreVote { .. })));
    assert_eq!(c.node(1).removed, 1);
    c.run(Span::millis(2_000));
    assert_eq!(c.leaders(), [next]);
    assert_eq!(c.node(1).removed, 1, "told once");
}

/// R14: in no decision does a leader count itself that is no member.
#[test]
fn r14_a_leader_that_is_no_member_counts_itself_nowhere() {
    let leaving = || {
        let mut c = led(3);
        c.partition(&[1], &[3]);
        c.reconfigure(1, 1, &voters(&[2, 3])).expect("taken");
        c.settle();
        let entry = c.view(1).last().index;
        assert_eq!(c.peer(1, 2).matched, entry);
        (c, entry)
    };
    let (mut c, entry) = leaving();
    c.read(1, 2, ReadPath::Leader).expect("taken");
    c.settle();
    assert!(c.view(1).commit() < entry, "S2 alone commits nothing");
    assert!(c.node(1).reads.is_empty(), "and confirms no read");
    c.run(Span::millis(400));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::BecameFollower {
            reason: FollowerReason::QuorumSilent { heard: 1, need: 2 },
            ..
        }
    )));
    // Nor in an election: it may campaign once more, and needs both others.
    let (mut c, _) = leaving();
    c.restart(1);
    c.now = c.now + Span::millis(2_000);
    c.time_out(1);
    c.settle();
    assert_eq!(
        c.view(1).role(),
        Role::PreCandidate,
        "S2 alone elects nobody"
    );
    c.cut.clear();
    c.time_out(1);
    c.settle();
    let won = |kind: &Kind| match kind {
        Kind::BecameLeader { votes } => *votes == [NodeId(2), NodeId(3)],
        _ => false,
    };
    assert!(c.saw(1, won), "with S3 it can, to end what it began");
    assert!(matches!(c.leaders()[..], [2] | [3]), "and hands over");
}

/// M6: where the one it hands over to does not campaign, the removed leader steps down.
#[test]
fn m6_a_removed_leader_steps_down_at_the_latest_when_its_transfer_is_given_up() {
    let mut c = led(3);
    c.reconfigure(1, 1, &voters(&[2, 3])).expect("taken");
    for _ in 0..100 {
        c.mail
            .retain(|m| !matches!(m.body, Body::TimeoutNow { .. }));
        c.deliver_if(|_| true);
        c.wait(Span::millis(5));
    }
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::BecameFollower {
            reason: FollowerReason::Removed,
            ..
        }
    )));
    c.run(Span::millis(1_000));
    assert!(matches!(c.leaders()[..], [2] | [3]));
}

/// M7, E14: a removed node is told, once, and disturbs nobody, also when it was not told.
#[test]
fn m7_a_removed_node_is_told_and_campaigns_no_more() {
    let mut c = led(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(250));
    assert_eq!(c.node(4).removed, 1);
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::Parted {
            peer: NodeId(4),
            told: true
        }
    )));
    assert!(c.view(1).peers().iter().all(|peer| peer.id != NodeId(4)));
    let term = c.view(4).term();
    c.run(Span::millis(3_000));
    assert_eq!((c.view(4).term(), c.leaders()), (term, vec![1]));
    let asked = |kind: &Kind| matches!(kind, Kind::StartedPreVote { .. });
    assert!(!c.saw(4, asked));
    assert_eq!(c.node(4).removed, 1, "once");
}

/// M7: an offer of a snapshot says nothing of what is committed, so who answers offers has not been
/// told that it is removed.
#[test]
fn m7_an_offer_of_a_snapshot_tells_nobody_that_it_is_removed() {
    let mut c = Cluster::with(4, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    // It has the entry, and its acknowledgement is lost.
    c.deliver_if(to(&[4]));
    c.mail.retain(|m| m.from != NodeId(4));
    let removal = c.view(1).last().index;
    // What follows is lost on the way, and is dropped behind a snapshot.
    c.cut.insert((1, 4));
    c.commit_all(1, &["b", "c"]);
    c.snapshot(1);
    c.feed(1, [Input::Link(NodeId(4), false)]);
    c.cut.clear();
    c.fast_streams = false;
    c.beat(1);
    let peer = c.peer(1, 4);
    assert!(
        peer.snapshot.is_some() && peer.matched == removal,
        "{peer:?}"
    );
    let before = c.peer(1, 4).echoed;
    let parted = |kind: &Kind| matches!(kind, Kind::Parted { .. });
    c.beat(1);
    assert!(c.peer(1, 4).echoed > before, "it answers offers");
    assert!(!c.saw(1, parted), "and was never told");
    assert_eq!(c.node(4).removed, 0);
    c.fast_streams = true;
    c.end_stream(true);
    c.run(Span::millis(300));
    assert_eq!(c.node(4).removed, 1);
    assert!(c.saw(1, |kind| {
        let peer = NodeId(4);
        *kind == Kind::Parted { peer, told: true }
    }));
}

/// M7: when the leader dies before it could tell, the next one tells.
#[test]
fn m7_the_next_leader_tells_who_was_removed() {
    let mut c = led(4);
    c.partition(&[1], &[4]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.deliver_if(to(&[2, 3]));
    c.mail.clear();
    c.partition(&[1], &[2, 3, 4]);
    c.cut.remove(&(4, 1));
    c.run(Span::millis(2_000));
    assert!(!c.leaders().is_empty());
    assert_eq!(c.node(4).removed, 1);
}

/// M11: a transfer ends when its target is demoted.
#[test]
fn m11_a_transfer_is_given_up_when_its_target_is_demoted() {
    let (mut c, _) = in_joint();
    c.transfer(1, 7, Some(3)).expect("S3 still votes");
    c.partition(&[1], &[3]);
    for _ in 0..6 {
        c.wait(Span::millis(10));
        c.settle();
    }
    assert!(
        c.ended(1)
            .contains(&(7, Outcome::Aborted(Abort::TargetGone)))
    );
    assert_eq!(c.leaders(), [1]);
    assert_eq!(c.transfer(1, 8, Some(3)), Err(Refusal::UnknownMember));
}

/// M12: who leaves helps until the end: its acknowledgement is what commits the joint entry, and
/// it votes as asked when it has the last entry already.
#[test]
fn m12_who_leaves_helps_until_the_change_is_committed() {
    let (mut c, entry) = in_joint();
    c.partition(&[1, 2], &[3]);
    c.deliver_if(to(&[4, 5]));
    c.deliver_if(to(&[1]));
    assert!(c.view(1).commit() < entry);
    c.deliver_if(to(&[2]));
    c.deliver_if(to(&[1]));
    assert_eq!(c.view(1).commit(), entry, "thanks to S2, which leaves");
    c.deliver_if(to(&[2]));
    assert_eq!(
        c.members(2),
        voters(&[1, 4, 5]),
        "it has the entry that removes it"
    );
    assert_eq!(c.node(2).removed, 0, "that is not committed");
    c.mail.clear();
    c.now = c.now + Span::millis(2_000);
    let (term, last) = (c.view(2).term().0 + 1, c.view(2).last());
    c.forge(
        4,
        2,
        term,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    assert_eq!(c.view(2).vote(), Some(NodeId(4)));
}

/// R4: an answer from before a node was removed and added again gives it no credit.
#[test]
fn r4_a_node_added_again_starts_with_a_new_lane() {
    let mut c = led(3);
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(to(&[2, 3]));
    let late: Vec<Message> = c
        .mail
        .iter()
        .filter(|m| m.from == NodeId(3))
        .cloned()
        .collect();
    assert!(!late.is_empty());
    c.settle();
    for (ticket, target) in [(2, voters(&[1, 2])), (3, with_learners(&[1, 2], &[3]))] {
        c.mail.clear();
        c.reconfigure(1, ticket, &target).expect("taken");
        c.partition(&[3], &[1, 2]);
        c.settle();
        assert!(committed(&c, 1, ticket));
    }
    let matched = |c: &Cluster| {
        let peers = c.view(1).peers();
        peers
            .iter()
            .find(|peer| peer.id == NodeId(3))
            .map(|peer| peer.matched)
    };
    assert_eq!(matched(&c), Some(Index(0)));
    for message in late {
        c.give(1, Input::Receive(message)).expect("no ticket");
    }
    assert_eq!(matched(&c), Some(Index(0)));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::Ignored {
            reason: IgnoreReason::StaleLane,
            ..
        }
    )));
    c.cut.clear();
    c.run(Span::millis(200));
    assert_eq!(matched(&c), Some(c.view(1).last().index));
}
