//! L1 to L5, L11, L12: linearizable reads through ReadIndex (thesis 6.4).

use crate::kit::*;
use raftwerk_core::trace::{IgnoreReason, Kind};
use raftwerk_core::*;

/// S1 leads and "x" is committed at 3.
fn with_x() -> Cluster {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c
}

#[test]
fn l1_a_new_leader_serves_no_read_below_its_opening_entry() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(|m| m.to != NodeId(1));
    c.deliver_if(|m| m.to == NodeId(1));
    c.mail.clear();
    let done = Outcome::Committed(LogId::new(1, 3));
    assert_eq!(c.node(1).settled, [(Ticket(1), done)], "the writer knows");
    assert_eq!(c.view(2).commit(), Index(2), "S2 does not");
    c.now = Time(10_000_000);
    c.win(2);
    c.read(2, 1, ReadPath::Leader).expect("taken");
    c.settle();
    let expect = [(Ticket(1), Ok(Index(4)))];
    assert_eq!(c.node(2).reads, expect, "the opening entry is at 4");
    assert_eq!(c.commands(2), ["x"]);
}

/// Reads that come before the opening entry is committed wait and are answered; the queue has a
/// bound, and who is over it is told so.
#[test]
fn l2_early_reads_wait_within_a_bound_and_none_is_dropped() {
    let mut c = Cluster::with(3, |config| config.limits.open_reads = 2);
    c.win(1);
    c.read(1, 1, ReadPath::Leader).expect("taken");
    c.read(1, 2, ReadPath::Leader).expect("taken");
    assert_eq!(c.read(1, 3, ReadPath::Leader), Err(Refusal::Overloaded));
    c.run(Span::millis(200));
    let at = Ok(Index(2));
    assert_eq!(c.node(1).reads, [(Ticket(1), at), (Ticket(2), at)]);
    for ticket in 4..=5 {
        c.read(3, ticket, ReadPath::Follower).expect("taken");
    }
    assert_eq!(c.read(3, 6, ReadPath::Follower), Err(Refusal::Overloaded));
    c.run(Span::millis(200));
    assert_eq!(c.node(3).reads, [(Ticket(4), at), (Ticket(5), at)]);
}

#[test]
fn l3_an_echo_of_an_earlier_round_confirms_nothing() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.heartbeat(1);
    let early = std::mem::take(&mut c.mail);
    c.read(1, 1, ReadPath::Leader).expect("taken");
    assert!(!c.mail.is_empty(), "a new round is asked for");
    c.mail = early;
    c.settle();
    assert!(
        c.node(1).reads.is_empty(),
        "only echoes of older rounds came"
    );
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.node(1).reads.len(), 1);
}

/// One of two others is not enough to lose a majority: its echo serves; nobody's serves nobody.
#[test]
fn l4_a_read_is_served_after_its_round_is_confirmed_and_not_before() {
    let mut c = with_x();
    c.partition(&[1], &[2, 3]);
    c.read(1, 9, ReadPath::Leader).expect("taken");
    c.settle();
    assert!(c.node(1).reads.is_empty(), "is S1 still the leader?");
    c.partition(&[3], &[1, 2]);
    c.cut.retain(|way| *way != (1, 2) && *way != (2, 1));
    c.heartbeat(1);
    assert!(c.node(1).reads.is_empty());
    c.settle();
    assert_eq!(c.node(1).reads, [(Ticket(9), Ok(Index(3)))]);
}

/// The kit asserts for every read of every test that its entries were handed out before.
#[test]
fn l5_a_confirmed_read_waits_for_apply_at_the_leader() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [1].into();
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    assert_eq!(
        (c.view(1).commit(), c.view(1).applying()),
        (Index(3), Index(2))
    );
    c.read(1, 2, ReadPath::Leader).expect("taken");
    c.settle();
    assert_eq!(c.view(1).reads().len(), 1, "confirmed, and waiting for 3");
    assert_eq!(c.view(1).reads()[0].index, Some(Index(3)));
    assert!(c.node(1).reads.is_empty());
    c.complete_write(1);
    assert_eq!(c.node(1).reads, [(Ticket(2), Ok(Index(3)))]);
    assert_eq!(c.commands(1), ["x"]);
}

#[test]
fn l5_a_confirmed_read_waits_for_apply_at_a_follower() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [2].into();
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.read(2, 1, ReadPath::Follower).expect("taken");
    c.settle();
    assert_eq!(c.view(2).reads()[0].index, Some(Index(3)));
    assert!(c.node(2).reads.is_empty());
    c.complete_write(2);
    c.settle();
    assert_eq!(c.node(2).reads, [(Ticket(1), Ok(Index(3)))]);
    assert_eq!(c.commands(2), ["x"]);
}

/// The state machine is behind by the whole of its limit: reads wait for what it has not got.
#[test]
fn l5_a_read_waits_for_a_slow_state_machine() {
    let mut c = Cluster::with(3, |config| config.limits.unapplied_entries = 1);
    c.elect(1);
    c.fast_apply = false;
    c.propose(1, 1, "x").expect("accepted");
    c.propose(1, 2, "y").expect("accepted");
    c.settle();
    c.read(1, 3, ReadPath::Leader).expect("taken");
    c.settle();
    assert_eq!(
        (c.view(1).commit(), c.view(1).applying()),
        (Index(4), Index(3))
    );
    assert!(c.node(1).reads.is_empty());
    c.feed(1, [Input::Applied(Index(3))]);
    assert_eq!(c.node(1).reads, [(Ticket(3), Ok(Index(4)))]);
}

#[test]
fn l11_a_node_that_has_just_started_serves_nothing() {
    let mut c = with_x();
    c.restart(2);
    for path in [ReadPath::Leader, ReadPath::Follower] {
        let refused = c.read(2, 1, path);
        assert!(matches!(
            refused,
            Err(Refusal::NotLeader { hint: None, .. })
        ));
    }
    // It has found the leader, and its log is not replayed yet.
    c.slow = [2].into();
    c.forge(1, 2, 1, heartbeat(1, 50, (0, 1), 0));
    c.read(2, 2, ReadPath::Follower).expect("taken");
    c.deliver_if(|m| matches!(m.body, Body::ReadIndex { .. }));
    c.deliver_if(|m| m.to == NodeId(3) || m.from == NodeId(3));
    c.deliver_if(|m| m.to == NodeId(1));
    c.deliver_if(|m| matches!(m.body, Body::ReadIndexReply { .. }));
    assert_eq!(
        c.view(2).reads().first().and_then(|w| w.index),
        Some(Index(3))
    );
    assert_eq!(c.view(2).commit(), Index(0));
    assert!(c.node(2).reads.is_empty());
    c.settle();
    assert_eq!(c.node(2).reads, [(Ticket(2), Ok(Index(3)))]);
    assert_eq!(c.commands(2), ["x"]);
}

/// A single node proves itself at once; its read still waits for the opening entry, since the
/// commit index it knows is of no use.
#[test]
fn l11_a_single_node_serves_no_read_from_a_stale_commit_index() {
    let mut c = Cluster::new(1);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.restart(1);
    assert!(c.read(1, 1, ReadPath::Leader).is_err());
    c.fast_disk = false;
    c.time_out(1);
    c.complete_write(1);
    c.read(1, 2, ReadPath::Leader).expect("taken");
    assert_eq!(c.view(1).commit(), Index(0));
    assert!(c.node(1).reads.is_empty());
    c.complete_write(1);
    assert_eq!(c.node(1).reads, [(Ticket(2), Ok(Index(4)))]);
    assert_eq!(c.commands(1), ["x"]);
}

#[test]
fn l12_reads_fail_with_a_reason_when_leadership_is_lost() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.read(1, 1, ReadPath::Leader).expect("taken");
    c.read(2, 2, ReadPath::Follower).expect("taken");
    c.run(Span::millis(1_000));
    let lost = Err(Refusal::LeaderLost);
    assert_eq!(c.node(1).reads, [(Ticket(1), lost)]);
    assert_eq!(c.node(2).reads, [(Ticket(2), lost)]);
    let refused = c.read(1, 3, ReadPath::Leader);
    assert!(matches!(refused, Err(Refusal::NotLeader { .. })));
}

/// A follower that asks again and again takes one place among the reads of a leader that hears no
/// majority, not all of them.
#[test]
fn l2_a_question_that_is_asked_again_takes_no_second_place() {
    let mut c = Cluster::with(3, |config| config.limits.open_reads = 3);
    c.elect(1);
    c.mail.clear();
    for request in [7, 7, 7, 8, 7, 8, 7] {
        c.forge(2, 1, 1, Body::ReadIndex { request });
    }
    c.read(1, 1, ReadPath::Leader).expect("a place is left");
    assert_eq!(c.read(1, 2, ReadPath::Leader), Err(Refusal::Overloaded));
    c.heartbeat(1);
    let answered = |m: &Message| matches!(m.body, Body::ReadIndexReply { index: Some(_), .. });
    c.deliver_if(|m| m.to == NodeId(3));
    c.deliver_if(|m| m.to == NodeId(1));
    assert_eq!(c.mail.iter().filter(|m| answered(m)).count(), 2);
    assert_eq!(c.node(1).reads.len(), 1);
}

#[test]
fn l3_a_round_that_was_never_begun_confirms_nothing() {
    let mut c = with_x();
    c.partition(&[1], &[2, 3]);
    c.read(1, 9, ReadPath::Leader).expect("taken");
    let sent = c.peer(1, 2).echoed.0 + 1;
    for node in [2, 3] {
        c.forge(node, 1, 1, append_reply(1, sent + 1, accepted(3)));
        assert_eq!(c.peer(1, node).echoed.0, sent - 1);
    }
    assert!(c.node(1).reads.is_empty());
    let malformed = |k: &Kind| {
        let reason = IgnoreReason::Malformed;
        matches!(k, Kind::Ignored { reason: r, .. } if *r == reason)
    };
    assert!(c.saw(1, malformed));
    c.forge(2, 1, 1, append_reply(1, sent, accepted(3)));
    assert_eq!(c.node(1).reads, [(Ticket(9), Ok(Index(3)))]);
}
