//! Schedules that were once wrong, found by review: each is kept as a test.

mod kit;

use kit::*;
use raftwerk_core::trace::{FollowerReason, Kind, Role};
use raftwerk_core::*;

/// "x" is committed on the disks of S1 and S2 and answered; S3 has it only in memory; S1 is gone.
fn committed_but_not_on_the_disk_of_s3(pre_vote: bool) -> Cluster {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = pre_vote);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.fast_disk = false;
    c.propose(1, 7, "x").expect("accepted");
    c.complete_write(1);
    c.deliver_if(|m| matches!(m.body, Body::Append { .. }));
    c.complete_write(2);
    c.deliver_if(|m| m.to == NodeId(1));
    assert!(matches!(
        c.node(1).settled[..],
        [(Ticket(7), Outcome::Committed(_))]
    ));
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.now = Time(10_000_000);
    c
}

/// E1, E6: asks before its disk is done, crashes, asks again in the same term with less.
#[test]
fn e1_a_candidate_asks_nobody_before_its_term_and_log_are_on_disk() {
    let mut c = committed_but_not_on_the_disk_of_s3(false);
    c.time_out(3);
    assert!(c.mail.is_empty(), "nothing is asked yet");
    c.restart(3);
    c.now = Time(20_000_000);
    c.time_out(3);
    c.complete_writes(3);
    for _ in 0..4 {
        c.deliver_if(|_| true);
        c.complete_writes(2);
    }
    assert_ne!(c.view(3).role(), Role::Leader, "it lacks a committed entry");
}

/// E1, E4: answers to the questions of an earlier life must not elect anybody.
#[test]
fn e4_late_answers_of_an_earlier_life_elect_nobody() {
    let mut c = committed_but_not_on_the_disk_of_s3(true);
    c.time_out(3);
    c.deliver_if(|m| matches!(m.body, Body::PreVote { .. }));
    let mut late = c.mail.clone();
    c.deliver_if(|m| matches!(m.body, Body::PreVoteReply { .. }));
    c.deliver_if(|m| matches!(m.body, Body::Vote { .. }));
    c.complete_writes(2);
    late.extend(c.mail.iter().filter(|m| m.to == NodeId(3)).cloned());
    c.mail.clear();
    c.restart(3);
    c.now = Time(20_000_000);
    c.time_out(3);
    c.mail = late;
    c.deliver_if(|_| true);
    c.complete_writes(3);
    c.deliver_if(|m| m.to == NodeId(3));
    assert_ne!(c.view(3).role(), Role::Leader, "it lacks a committed entry");
}

/// L3 at a follower: an answer to a question of an earlier life is not taken.
#[test]
fn l3_an_answer_of_an_earlier_life_serves_no_read() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.read(3, 1, ReadPath::Follower).expect("taken");
    c.deliver_if(|m| matches!(m.body, Body::ReadIndex { .. }));
    c.deliver_if(|m| matches!(m.body, Body::Append { .. }));
    c.deliver_if(|m| matches!(m.body, Body::AppendReply { .. }));
    let late = c
        .mail
        .iter()
        .find(|m| matches!(m.body, Body::ReadIndexReply { .. }))
        .cloned();
    let late = late.expect("the leader answered");
    c.mail.clear();
    c.restart(3);
    c.propose(1, 9, "new").expect("accepted");
    c.settle();
    c.heartbeat(1);
    c.settle();
    c.read(3, 2, ReadPath::Follower).expect("taken");
    c.mail.clear();
    c.feed(3, [Input::Receive(late)]);
    assert!(c.node(3).reads.is_empty());
}

/// L12: a read point that only the lost leadership could have reached.
#[test]
fn l12_a_confirmed_read_above_the_commit_index_fails_when_leadership_is_lost() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.partition(&[1], &[2, 3]);
    c.propose(1, 1, "a").expect("accepted");
    c.propose(1, 2, "b").expect("accepted");
    c.mail.clear();
    c.now = Time(10_000_000);
    c.feed(1, [Input::Expire]);
    c.mail.clear();
    c.cut.clear();
    c.time_out(1);
    let small = |m: &Message| match &m.body {
        Body::Append { entries, .. } => entries.is_empty(),
        _ => true,
    };
    for _ in 0..20 {
        c.deliver_if(small);
    }
    assert_eq!(c.view(1).role(), Role::Leader);
    c.mail.clear();
    c.read(1, 5, ReadPath::Leader).expect("taken");
    c.heartbeat(1);
    for _ in 0..20 {
        c.deliver_if(small);
    }
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.now = Time(20_000_000);
    c.elect(2);
    c.cut.clear();
    c.run(Span::millis(2_000));
    assert_eq!(c.node(1).reads, [(Ticket(5), Err(Refusal::LeaderLost))]);
}

/// Follower reads end also where two round trips take longer than the retries.
#[test]
fn l2_a_follower_read_ends_on_a_slow_link() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.read(3, 1, ReadPath::Follower).expect("taken");
    let mut way: Vec<(Time, Message)> = Vec::new();
    for _ in 0..400 {
        let due = c.now + Span::millis(60);
        way.extend(std::mem::take(&mut c.mail).into_iter().map(|m| (due, m)));
        c.now = c.now + Span::millis(5);
        let now = c.now;
        let (go, stay): (Vec<_>, Vec<_>) = way.into_iter().partition(|(due, _)| *due <= now);
        way = stay;
        for (_, message) in go {
            c.deliver(message);
        }
        c.expire_due();
    }
    assert_eq!(c.node(3).reads.len(), 1);
}

/// D8: a leader whose disk hangs and whom nobody can follow gives up the crown, and its open
/// proposals end. (Where somebody can, it hands over: `transfer.rs`.)
#[test]
fn d8_a_leader_with_a_stalled_disk_steps_down() {
    let mut c = Cluster::with(3, |config| config.switches.check_quorum = false);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.fast_disk = false;
    c.propose(1, 1, "a").expect("accepted");
    c.partition(&[1], &[2, 3]);
    let end = c.now + Span::millis(3_000);
    while c.now < end {
        c.run(Span::millis(5));
        c.complete_writes(2);
        c.complete_writes(3);
    }
    assert_eq!(c.node(1).settled, [(Ticket(1), Outcome::Unknown)]);
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::BecameFollower {
            reason: FollowerReason::DiskStalled { .. },
            ..
        }
    )));
    assert!(matches!(c.leaders()[..], [2] | [3]));
}
