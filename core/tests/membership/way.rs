//! The way of a change: by one entry or two, after new voters keep up (thesis 4.1, 4.2.1, 4.3).

use super::*;

#[test]
fn section_t4_1_one_voter_comes_or_goes_by_one_entry() {
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 1));
    assert_eq!(steps(&c, 1), [Step::Learners, Step::Direct]);
    assert!((1..=4).all(|id| c.members(id) == voters(&[1, 2, 3, 4])));
    c.reconfigure(1, 2, &voters(&[1, 2, 4])).expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 2));
    assert_eq!(steps(&c, 1), [Step::Learners, Step::Direct, Step::Direct]);
    c.propose(1, 3, "x").expect("accepted");
    c.settle();
    assert_eq!(c.commands(4), ["x"]);
}

#[test]
fn section_6_two_voters_at_once_go_through_a_joint_entry() {
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 4])).expect("taken");
    c.run(Span::millis(200));
    assert!(committed(&c, 1, 1));
    assert_eq!(steps(&c, 1), [Step::Learners, Step::Joint, Step::Leave]);
    assert!(
        [1, 2, 4]
            .iter()
            .all(|id| c.members(*id) == voters(&[1, 2, 4]))
    );
    let joint = Members {
        outgoing: voters(&[1, 2, 3]).voters,
        ..voters(&[1, 2, 4])
    };
    let in_force = |kind: &Kind| {
        matches!(kind, Kind::MembershipInForce { members, rolled_back: false, .. }
            if *members == joint)
    };
    assert!([1, 2, 4].iter().all(|id| c.saw(*id, in_force)));
}

/// Demotion: a voter that becomes a learner in a joint change votes until that is left.
#[test]
fn section_4_3_a_demoted_voter_becomes_a_learner_when_the_joint_entry_is_left() {
    let mut c = led_with_learners();
    let target = with_learners(&[1, 2, 4], &[3, 5]);
    c.reconfigure(1, 1, &target).expect("taken");
    let joint = c.members(1);
    assert!(joint.is_joint() && joint.is_voter(NodeId(3)));
    assert_eq!(
        (joint.demote_later, joint.learners),
        (vec![NodeId(3)], vec![NodeId(5)])
    );
    c.run(Span::millis(200));
    assert!(committed(&c, 1, 1));
    assert!((1..=5).all(|id| c.members(id) == target));
    c.propose(1, 2, "x").expect("accepted");
    c.settle();
    assert_eq!(c.commands(3), ["x"], "a learner receives the log");
    assert_eq!(c.node(3).removed, 0, "and is no stranger");
}

/// Commands keep coming; all but S4 talk at once, S4 hears and is heard once in 400 ms.
fn busy_with_a_slow_s4(c: &mut Cluster) {
    for step in 0..40 {
        c.wait(Span::millis(10));
        c.deliver_if(|m| m.to != NodeId(4) && m.from != NodeId(4));
        if step % 10 == 0 {
            let ticket = 100 + c.now.0;
            c.propose(1, ticket, "busy").expect("accepted");
        }
    }
    c.deliver_if(to(&[4]));
    c.deliver_if(|m| m.from == NodeId(4));
    assert_eq!(c.leaders(), [1]);
}

#[test]
fn section_4_2_1_promotion_waits_for_a_round_shorter_than_an_election_timeout() {
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    for _ in 0..5 {
        busy_with_a_slow_s4(&mut c);
    }
    let (node, round, _) = c.view(1).change().expect("it runs").rounds[0];
    assert_eq!(node, NodeId(4));
    assert!(round > 1, "round {round}: the first took too long");
    assert_eq!(
        c.members(1),
        with_learners(&[1, 2, 3], &[4]),
        "a learner meanwhile"
    );
    c.run(Span::millis(300));
    assert!(committed(&c, 1, 1));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::LearnerCaughtUp { peer: NodeId(4), round, took }
            if *round > 1 && took.0 < kit::config(1).timing.election_min.0
    )));
}

#[test]
fn section_4_2_1_a_new_voter_that_never_keeps_up_is_given_up() {
    let mut c = Cluster::with(3, |config| config.limits.catch_up_rounds = 2);
    c.elect(1);
    c.run(Span::millis(60));
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    for _ in 0..7 {
        busy_with_a_slow_s4(&mut c);
    }
    let aborted = Outcome::Aborted(Abort::NotCaughtUp(NodeId(4)));
    assert!(c.ended(1).contains(&(1, aborted)));
    let answered = |kind: &Kind| {
        matches!(
            kind,
            Kind::Matched {
                peer: NodeId(4),
                ..
            }
        )
    };
    assert!(c.saw(1, answered), "it was not silent, only slow");
    assert_eq!(
        c.members(1),
        with_learners(&[1, 2, 3], &[4]),
        "it stays a learner"
    );
    assert_eq!(c.view(1).change(), None);
    c.reconfigure(1, 2, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 2));
}

#[test]
fn a_target_in_force_already_is_committed_without_an_entry() {
    let mut c = led(3);
    let before = c.view(1).last();
    let twice = Members {
        voters: vec![NodeId(3), NodeId(1), NodeId(2), NodeId(3)],
        ..Members::default()
    };
    c.reconfigure(1, 1, &twice).expect("taken");
    assert_eq!(c.ended(1), [(1, Outcome::Committed(LogId::new(0, 1)))]);
    assert_eq!(c.view(1).last(), before);
}

#[test]
fn nonsense_and_bad_moments_are_refused_with_reasons() {
    let mut c = led(3);
    let none = with_learners(&[], &[1]);
    let both = with_learners(&[1, 2, 3], &[3]);
    let joint = Members {
        outgoing: vec![NodeId(1)],
        ..voters(&[2])
    };
    for (target, why) in [
        (none, BadMembers::NoVoters),
        (both, BadMembers::TwoRoles(NodeId(3))),
        (joint, BadMembers::Joint),
    ] {
        assert_eq!(c.reconfigure(1, 1, &target), Err(Refusal::BadMembers(why)));
    }
    let fewer = voters(&[1, 2]);
    let refused = c.reconfigure(2, 1, &fewer);
    assert!(matches!(refused, Err(Refusal::NotLeader { .. })));
    c.transfer(1, 2, Some(2)).expect("taken");
    assert_eq!(c.reconfigure(1, 1, &fewer), Err(Refusal::Transferring));
    c.settle();
    assert_eq!(c.leaders(), [2]);
    c.run(Span::millis(60));
    c.reconfigure(2, 3, &fewer).expect("taken");
    assert_eq!(
        c.reconfigure(2, 4, &voters(&[2, 3])),
        Err(Refusal::ChangePending)
    );
    c.settle();
    assert!(committed(&c, 2, 3));
    assert_eq!(c.node(2).settled.len(), 1, "what was refused has no end");
}

/// R22 for changes: what is told when leadership is lost, at each stage.
#[test]
fn r22_the_ticket_of_a_change_ends_once_whatever_happens() {
    let lost = Outcome::Aborted(Abort::LeadershipLost);
    let depose = |c: &mut Cluster| {
        let higher = c.view(1).term().0 + 5;
        c.forge(2, 1, higher, Body::VoteReply { granted: false });
    };
    // While a new voter catches up.
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    depose(&mut c);
    assert_eq!(c.ended(1), [(1, lost)]);
    // In a joint entry, and in the last one.
    for target in [voters(&[1, 4, 5]), voters(&[1, 2])] {
        let mut c = led_with_learners();
        c.reconfigure(1, 1, &target).expect("taken");
        depose(&mut c);
        assert_eq!(c.ended(1), [(1, Outcome::Unknown)]);
        c.run(Span::millis(2_000));
        assert_eq!(c.node(1).settled.len(), 1);
    }
}

/// M8: a silent new voter holds nothing up, because it does not vote yet.
#[test]
fn m8_an_empty_new_voter_blocks_no_commit() {
    let mut c = led(3);
    c.partition(&[3], &[1, 2]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4]))
        .expect("S4 does not even run");
    c.run(Span::millis(100));
    c.propose(1, 2, "x").expect("accepted");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 2), "S1 and S2 are two of three voters");
    c.run(Span::millis(4_000));
    let aborted = Outcome::Aborted(Abort::NotCaughtUp(NodeId(4)));
    assert!(c.ended(1).contains(&(1, aborted)));
}

/// M10: who knows no members is silent.
#[test]
fn m10_a_node_without_members_neither_campaigns_nor_votes() {
    let mut c = led(3);
    c.join(9);
    for _ in 0..3 {
        c.time_out(9);
    }
    assert_eq!(c.view(9).role(), Role::Follower);
    assert!(c.mail.is_empty());
    let last = LogId::new(3, 30);
    c.forge(
        2,
        9,
        7,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    c.forge(
        2,
        9,
        7,
        Body::PreVote {
            proposed: Term(8),
            last,
        },
    );
    let yes = |m: &Message| {
        matches!(
            m.body,
            Body::VoteReply { granted: true } | Body::PreVoteReply { granted: true, .. }
        )
    };
    assert!(!c.mail.iter().any(yes));
    assert_eq!(c.view(9).vote(), None);
}

/// E16, E17: a learner does not campaign, and votes as asked: it may be a voter without knowing.
#[test]
fn e17_a_learner_votes_as_asked_and_e16_does_not_campaign() {
    let mut c = led_with_learners();
    c.partition(&[4], &[1, 2, 3, 5]);
    c.run(Span::millis(2_000));
    assert!(!c.saw(4, |kind| matches!(kind, Kind::StartedPreVote { .. })));
    let (term, last) = (c.view(4).term().0 + 1, c.view(4).last());
    c.forge(
        2,
        4,
        term,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    assert_eq!(c.view(4).vote(), Some(NodeId(2)));
}

/// E3, M4: the vote of a learner does not count.
#[test]
fn e3_the_vote_of_a_learner_does_not_count() {
    let mut c = led_with_learners();
    c.partition(&[2], &[1, 3]);
    c.now = c.now + Span::millis(2_000);
    for _ in 0..3 {
        c.time_out(2);
        c.settle();
    }
    assert_ne!(
        c.view(2).role(),
        Role::Leader,
        "S4 and S5 agree, but do not vote"
    );
}
