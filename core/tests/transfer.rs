//! Leadership transfer (thesis 3.10; traps E12, E13, L7, M11, D8).

mod kit;

use kit::*;
use raftwerk_core::trace::{ElectionReason, FollowerReason, IgnoreReason, Kind, Role};
use raftwerk_core::*;

/// Three nodes, S1 leads, everybody knows that all is committed.
fn led() -> Cluster {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c
}

fn transfer(c: &mut Cluster, ticket: u64, to: Option<u64>) -> Result<(), Refusal> {
    c.give(1, Input::Transfer(Ticket(ticket), to.map(NodeId)))
}

fn is_timeout_now(message: &Message) -> bool {
    matches!(message.body, Body::TimeoutNow { .. })
}

fn ended(c: &Cluster, id: u64) -> Vec<(u64, Outcome)> {
    let told = c.node(id).settled.iter();
    told.map(|(ticket, outcome)| (ticket.0, *outcome)).collect()
}

fn aborted(why: Abort) -> Outcome {
    Outcome::Aborted(why)
}

/// Lets time pass without losing mail that the test holds back.
fn wait(c: &mut Cluster, span: Span) {
    c.now = c.now + span;
    for id in c.nodes.keys().copied().collect::<Vec<_>>() {
        c.give(id, Input::Expire).expect("taken");
    }
}

#[test]
fn section_t3_10_the_target_leads_and_the_ticket_says_so() {
    let mut c = led();
    let term = c.view(1).term();
    transfer(&mut c, 9, Some(3)).expect("taken");
    c.settle();
    assert_eq!(c.leaders(), [3]);
    assert_eq!(
        c.view(3).term(),
        term.next().expect("small"),
        "one election"
    );
    assert_eq!(ended(&c, 1), [(9, Outcome::HandedOver(NodeId(3)))]);
    let asked = |kind: &Kind| matches!(kind, Kind::StartedPreVote { .. });
    assert!(!c.saw(3, asked), "no pre-vote");
    assert!(c.saw(3, |kind| matches!(
        kind,
        Kind::StartedElection {
            reason: ElectionReason::TimeoutNow,
            ..
        }
    )));
}

/// E13: votes asked for by the leader are given although a leader is alive; others are not.
#[test]
fn e13_a_transfer_passes_the_live_leader_refusal() {
    let mut c = led();
    let last = c.view(3).last();
    let vote = |transfer| Body::Vote { last, transfer };
    c.forge(3, 2, 7, vote(false));
    assert_ne!(c.view(2).term(), Term(7), "a live leader is not disturbed");
    c.forge(3, 2, 7, vote(true));
    assert_eq!(c.view(2).vote(), Some(NodeId(3)));
}

/// E13: only after the target has everything on disk, and all is committed.
#[test]
fn e13_the_target_is_brought_up_to_date_first() {
    let mut c = led();
    c.partition(&[1], &[3]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    transfer(&mut c, 9, Some(3)).expect("taken");
    c.settle();
    wait(&mut c, Span::millis(60));
    assert!(!c.mail.iter().any(is_timeout_now), "S3 lacks an entry");
    let view = c.view(1).transfer().expect("it runs");
    assert_eq!((view.to, view.sent), (NodeId(3), false));
    c.cut.clear();
    for _ in 0..6 {
        wait(&mut c, Span::millis(10));
        c.settle();
    }
    assert_eq!(c.leaders(), [3]);
    assert_eq!(c.commands(3), ["x"]);
}

/// E13: no write may slip in between.
#[test]
fn e13_proposals_are_refused_meanwhile() {
    let mut c = led();
    transfer(&mut c, 9, Some(3)).expect("taken");
    assert_eq!(c.propose(1, 1, "x"), Err(Refusal::Transferring));
    assert_eq!(transfer(&mut c, 8, Some(2)), Err(Refusal::Transferring));
    c.settle();
    assert_eq!(c.propose(3, 1, "x"), Ok(()));
    c.settle();
    assert_eq!(ended(&c, 1), [(9, Outcome::HandedOver(NodeId(3)))], "once");
}

/// E13: given up after the limit, then commands are taken again; TimeoutNow was sent once.
#[test]
fn e13_a_transfer_is_given_up_after_its_limit() {
    let mut c = led();
    transfer(&mut c, 9, Some(3)).expect("taken");
    assert_eq!(c.mail.iter().filter(|m| is_timeout_now(m)).count(), 1);
    let limit = c.view(1).transfer().expect("it runs").limit.due;
    c.mail.retain(|m| !is_timeout_now(m));
    while c.now < limit {
        assert!(
            c.nodes[&1].raft.deadline() <= limit,
            "the limit is a deadline"
        );
        assert_eq!(c.propose(1, 1, "x"), Err(Refusal::Transferring));
        wait(&mut c, Span::millis(20));
        assert!(!c.mail.iter().any(is_timeout_now), "told once");
        c.settle();
    }
    assert_eq!(c.leaders(), [1]);
    assert_eq!(ended(&c, 1), [(9, aborted(Abort::TimeLimit))]);
    assert_eq!(c.view(1).transfer(), None);
    c.propose(1, 1, "x").expect("accepted again");
    c.settle();
    assert_eq!(c.commands(1), ["x"]);
}

/// L7, E13: a TimeoutNow of a transfer that was given up has no effect.
#[test]
fn l7_a_late_timeout_now_is_recognised() {
    let mut c = led();
    transfer(&mut c, 9, Some(3)).expect("taken");
    let late = c.mail.iter().find(|m| is_timeout_now(m)).cloned();
    let late = late.expect("sent");
    c.mail.clear();
    for _ in 0..20 {
        wait(&mut c, Span::millis(20));
        c.settle();
    }
    assert_eq!(c.leaders(), [1]);
    // Nothing was appended since: only the lane tells.
    assert_eq!(c.view(3).last(), c.view(1).last());
    c.give(3, Input::Receive(late.clone())).expect("taken");
    c.settle();
    assert_eq!(c.leaders(), [1]);
    let stale = |kind: &Kind| {
        matches!(
            kind,
            Kind::Ignored {
                reason: IgnoreReason::StaleLane,
                ..
            }
        )
    };
    assert!(c.saw(3, stale));
    // And of an older term: the term tells.
    c.partition(&[1], &[2, 3]);
    c.now = c.now + Span::millis(2_000);
    c.elect(2);
    c.cut.clear();
    c.run(Span::millis(200));
    let term = c.view(2).term();
    c.give(3, Input::Receive(late)).expect("taken");
    c.settle();
    assert_eq!((c.leaders(), c.view(2).term()), (vec![2], term));
}

#[test]
fn e13_a_target_with_another_log_or_leader_ignores_it() {
    let mut c = led();
    let (last, term) = (c.view(1).last(), c.view(1).term());
    let lane = Lane {
        term,
        membership: Index(1),
        generation: 0,
    };
    let shorter = LogId {
        index: last.index.next(),
        ..last
    };
    c.forge(
        1,
        3,
        term.0,
        Body::TimeoutNow {
            last: shorter,
            lane,
        },
    );
    c.forge(2, 3, term.0, Body::TimeoutNow { last, lane });
    assert_eq!(c.view(3).role(), Role::Follower);
    c.forge(1, 3, term.0, Body::TimeoutNow { last, lane });
    assert_eq!(c.view(3).role(), Role::Candidate);
}

/// E12: "elect now" on a leader makes no candidate.
#[test]
fn e12_a_leader_ignores_timeout_now() {
    let mut c = led();
    let (last, term) = (c.view(1).last(), c.view(1).term());
    let lane = Lane {
        term,
        membership: Index(1),
        generation: 0,
    };
    c.forge(2, 1, term.0, Body::TimeoutNow { last, lane });
    assert_eq!((c.view(1).role(), c.view(1).term()), (Role::Leader, term));
}

/// M11: only a voter can lead.
#[test]
fn m11_learners_and_strangers_are_refused() {
    let mut members = Members::of_voters((1..=3).map(NodeId));
    members.learners = vec![NodeId(4)];
    let mut c = Cluster::of(&members, |_| {});
    c.elect(1);
    c.settle();
    assert_eq!(transfer(&mut c, 9, Some(4)), Err(Refusal::NotVoter));
    assert_eq!(transfer(&mut c, 9, Some(5)), Err(Refusal::UnknownMember));
    assert!(c.node(1).settled.is_empty());
    // A learner that is told nevertheless does nothing.
    c.heartbeat(1);
    c.settle();
    let (last, term) = (c.view(1).last(), c.view(1).term());
    let lane = Lane {
        term,
        membership: Index(1),
        generation: 0,
    };
    c.forge(1, 4, term.0, Body::TimeoutNow { last, lane });
    assert_eq!(c.view(4).role(), Role::Follower);
    let may_not = |kind: &Kind| {
        matches!(
            kind,
            Kind::Ignored {
                reason: IgnoreReason::MayNotCampaign,
                ..
            }
        )
    };
    assert!(c.saw(4, may_not));
}

#[test]
fn without_a_name_the_most_caught_up_live_voter_is_taken() {
    let mut c = Cluster::new(5);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.partition(&[1], &[2]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    // S2 is behind; S3 is silent for longer than an election timeout.
    c.partition(&[1], &[3]);
    for _ in 0..8 {
        wait(&mut c, Span::millis(25));
        c.settle();
    }
    transfer(&mut c, 9, None).expect("taken");
    assert_eq!(c.view(1).transfer().map(|t| t.to), Some(NodeId(4)));
    c.settle();
    assert_eq!(ended(&c, 1)[1], (9, Outcome::HandedOver(NodeId(4))));
}

#[test]
fn who_cannot_hand_over_says_why() {
    let mut c = led();
    let not_leader = c.give(2, Input::Transfer(Ticket(1), None));
    assert!(matches!(not_leader, Err(Refusal::NotLeader { .. })));
    transfer(&mut c, 2, Some(1)).expect("it leads already");
    assert_eq!(ended(&c, 1), [(2, Outcome::HandedOver(NodeId(1)))]);
    let mut alone = Cluster::new(1);
    alone.elect(1);
    assert_eq!(transfer(&mut alone, 1, None), Err(Refusal::NoTarget));
}

/// R22 for transfers: leadership is lost before and after TimeoutNow.
#[test]
fn r22_the_ticket_ends_once_whatever_happens() {
    // Before: another node takes a higher term.
    let mut c = led();
    c.partition(&[1], &[3]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    transfer(&mut c, 9, Some(3)).expect("taken");
    let higher = c.view(1).term().0 + 5;
    c.forge(2, 1, higher, Body::VoteReply { granted: false });
    assert_eq!(ended(&c, 1)[1], (9, aborted(Abort::LeadershipLost)));
    // After: the target campaigns, and somebody else wins in the end.
    let mut c = led();
    transfer(&mut c, 9, Some(3)).expect("taken");
    c.deliver_if(is_timeout_now);
    c.deliver_if(|m| m.to == NodeId(1));
    assert_eq!(c.view(1).role(), Role::Follower);
    assert!(c.node(1).settled.is_empty(), "not known yet");
    c.mail.clear();
    c.partition(&[3], &[1, 2]);
    c.run(Span::millis(3_000));
    assert!(matches!(c.leaders()[..], [1] | [2] | [1, 3] | [2, 3]));
    assert_eq!(ended(&c, 1), [(9, aborted(Abort::LeadershipLost))]);
    // After, and nobody leads within the limit.
    let mut c = led();
    transfer(&mut c, 9, Some(3)).expect("taken");
    c.deliver_if(is_timeout_now);
    c.deliver_if(|m| m.to == NodeId(1));
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(1_000));
    assert_eq!(ended(&c, 1), [(9, aborted(Abort::LeadershipLost))]);
}

/// E13: the old leader's late append does not stop the target's election.
#[test]
fn e13_an_append_of_the_old_leader_does_not_stop_the_target() {
    let mut c = led();
    c.heartbeat(1);
    let late = c.mail.clone();
    transfer(&mut c, 9, Some(3)).expect("taken");
    c.deliver_if(is_timeout_now);
    assert_eq!(c.view(3).role(), Role::Candidate);
    for message in late.into_iter().filter(|m| m.to == NodeId(3)) {
        c.give(3, Input::Receive(message)).expect("taken");
    }
    assert_eq!(c.view(3).role(), Role::Candidate);
    c.settle();
    assert_eq!(c.leaders(), [3]);
}

fn complete_all(c: &mut Cluster, id: u64) {
    while !c.node(id).writes.is_empty() {
        c.complete_write(id);
    }
}

/// D8: a leader whose disk hangs hands over; what others committed stays.
#[test]
fn d8_a_leader_with_a_stalled_disk_hands_over() {
    let mut c = led();
    c.fast_disk = false;
    c.propose(1, 1, "a").expect("accepted");
    let end = c.now + Span::millis(1_500);
    while c.now < end {
        c.run(Span::millis(5));
        complete_all(&mut c, 2);
        complete_all(&mut c, 3);
    }
    assert_eq!(c.node(1).settled, [(Ticket(1), Outcome::Unknown)]);
    assert!(matches!(c.leaders()[..], [2] | [3]));
    assert_eq!(c.commands(2), ["a"], "the write itself survived");
    let handed = |kind: &Kind| matches!(kind, Kind::SentTimeoutNow { .. });
    assert!(c.saw(1, handed));
    let next = c.leaders()[0];
    assert!(!c.saw(next, |kind| matches!(kind, Kind::StartedPreVote { .. })));
}

/// D8: when the one it hands over to does not answer either, the leader steps down.
#[test]
fn d8_a_stalled_leader_whose_transfer_fails_steps_down() {
    let mut c = led();
    c.fast_disk = false;
    c.propose(1, 1, "a").expect("accepted");
    let end = c.now + Span::millis(1_500);
    while c.now < end && c.view(1).role() == Role::Leader {
        c.mail.retain(|m| !is_timeout_now(m));
        for id in 1..=3 {
            if c.nodes[&id].raft.deadline() <= c.now {
                c.give(id, Input::Expire).expect("taken");
            }
        }
        c.deliver_if(|m| !is_timeout_now(m));
        complete_all(&mut c, 2);
        complete_all(&mut c, 3);
        assert!(
            c.nodes[&1].raft.deadline() > c.now,
            "no deadline stays in the past"
        );
        c.now = c.now + Span::millis(5);
    }
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::BecameFollower {
            reason: FollowerReason::DiskStalled { .. },
            ..
        }
    )));
}
