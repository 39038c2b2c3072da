//! How a leader deals with a suspect peer.

use super::*;
use raftwerk_core::trace::{IgnoreReason, Kind, Pace};

/// The first word of the peer opens a new session, in which what it acknowledged before counts
/// for nothing; it is sent what it lacks, and the commit index does not move.
#[test]
fn r5_a_suspect_peer_is_sent_again_what_it_acknowledged_before() {
    let mut c = with_a_and_b(3);
    c.partition(&[3], &[1, 2]);
    c.commit_all(1, &["c"]);
    assert_eq!(
        (c.peer(1, 2).matched, c.view(1).commit()),
        (Index(5), Index(5))
    );
    c.slow = [2].into();
    c.rot(2, 3);
    c.mail.clear();
    c.heartbeat(1);
    c.settle();
    let peer = c.peer(1, 2);
    assert!(peer.suspect);
    assert_eq!((peer.matched, peer.promised), (Index(2), Index(5)));
    assert_eq!(c.view(1).commit(), Index(5), "S1 alone has it on disk now");
    let promised = Index(5);
    let peer = NodeId(2);
    let told = Kind::PeerSuspect { peer, promised };
    assert!(c.saw(1, |kind| *kind == told));
    c.slow.clear();
    c.complete_writes(2);
    c.settle();
    assert_eq!(c.peer(1, 2).matched, Index(5));
    assert!(!c.peer(1, 2).suspect && !c.is_suspect(2));
    assert!(c.saw(1, |kind| *kind == Kind::PeerTrusted { peer }));
}

/// An acknowledgement of before the rot arrives after the new session began: it would commit what
/// S1 alone has.
#[test]
fn r4_an_old_acknowledgement_counts_for_nothing_after_the_new_session_began() {
    let mut c = with_a_and_b(3);
    c.partition(&[3], &[1, 2]);
    c.propose(1, 1, "c").expect("accepted");
    c.deliver_if(|m| m.to == NodeId(2));
    let acks = |m: &Message| m.from == NodeId(2) && matches!(m.body, Body::AppendReply { .. });
    let late: Vec<Message> = c.mail.iter().filter(|m| acks(m)).cloned().collect();
    assert!(!late.is_empty());
    c.mail.clear();
    c.slow = [2].into();
    c.rot(2, 4);
    c.heartbeat(1);
    c.settle();
    assert!(c.peer(1, 2).suspect);
    for message in late {
        c.deliver(message);
    }
    assert!(c.peer(1, 2).matched < Index(5));
    assert_eq!(c.view(1).commit(), Index(4));
    c.complete_writes(2);
    c.settle();
    assert_eq!(c.view(1).commit(), Index(5), "it has it again");
}

/// The same, the other way round: the old acknowledgement comes first and commits, with a copy
/// that is gone by then. That is no harm, since the node that lost it is silent.
#[test]
fn d3_an_old_acknowledgement_may_still_commit() {
    let mut c = with_a_and_b(3);
    c.partition(&[3], &[1, 2]);
    c.propose(1, 1, "c").expect("accepted");
    c.deliver_if(|m| m.to == NodeId(2));
    c.rot(2, 4);
    c.deliver_if(|m| m.from == NodeId(2));
    assert_eq!(c.view(1).commit(), Index(5));
    c.mail.clear();
    // S1 goes; what is left of S2's log is no longer than S3's.
    c.cut.clear();
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(3_000));
    assert_ne!(c.leaders(), [3], "S3 does not lead without \"c\"");
    c.cut.clear();
    c.run(Span::millis(2_000));
    assert!((1..=3).all(|id| c.commands(id) == ["a", "b", "c"]));
}

/// More of the log rots before all is back: what was acknowledged in the new session is gone too.
#[test]
fn d3_rot_while_suspect_opens_another_session() {
    let mut c = with_a_and_b(3);
    c.rot_without_end(2, 4);
    c.commit_all(1, &["c"]);
    c.beat(1);
    assert_eq!((c.peer(1, 2).matched, c.is_suspect(2)), (Index(5), true));
    c.rot(2, 2);
    c.beat(1);
    assert_eq!(c.peer(1, 2).matched, Index(5));
    assert_eq!(c.commands(2), ["a", "b", "c"]);
    let new = |kind: &Kind| matches!(kind, Kind::PeerSuspect { .. });
    assert_eq!(c.count(1, new), 2);
}

/// A peer that has less than it acknowledged and does not say that it is suspect has broken its
/// promise. It is not helped, since what it says next is worth as little, and nothing is entrusted
/// to it any more.
#[test]
fn r5_who_is_not_suspect_and_has_less_is_not_excused() {
    let mut c = with_a_and_b(3);
    c.partition(&[3], &[1, 2]);
    let disk = &mut c.nodes.get_mut(&2).expect("there").disk;
    disk.entries.truncate(3);
    c.restart(2);
    c.beat(1);
    c.beat(1);
    let peer = c.peer(1, 2);
    assert_eq!((peer.matched, peer.suspect), (Index(4), true));
    assert_eq!(peer.pace, Pace::Replicate);
    assert_eq!(c.view(2).last().index, Index(3));
    let (from, reason) = (NodeId(2), IgnoreReason::BrokenPromise);
    let broken = |kind: &Kind| *kind == Kind::Ignored { from, reason };
    assert!(c.saw(1, broken));
    assert_eq!(c.transfer(1, 5, Some(2)), Err(Refusal::Suspect));
    // Its copy counts for nothing any more: not beside a leader's own that comes late.
    c.fast_disk = false;
    c.propose(1, 6, "late").expect("accepted");
    c.settle();
    let committed = c.view(1).commit();
    c.complete_writes(1);
    c.complete_writes(2);
    c.settle();
    assert_eq!(c.view(1).commit(), committed);
    // Nor is it the one that leadership goes to when nobody is named.
    c.fast_disk = true;
    c.complete_writes(1);
    c.cut.clear();
    c.beat(1);
    c.beat(1);
    c.transfer(1, 7, None).expect("there is S3");
    c.settle();
    assert_eq!(c.leaders(), [3]);
}

/// Answers of one round overtake each other: a refusal from before the acknowledgement breaks no
/// promise.
#[test]
fn r5_a_refusal_that_was_overtaken_breaks_no_promise() {
    let mut c = with_a_and_b(3);
    c.propose(1, 7, "c").expect("accepted");
    c.deliver_if(|m| matches!(m.body, Body::Append { .. }));
    let answer = c.mail.iter().find(|m| m.from == NodeId(2)).cloned();
    let mut late = answer.expect("on the way").body;
    c.settle();
    assert_eq!(c.peer(1, 2).matched, Index(5));
    if let Body::AppendReply { result, .. } = &mut late {
        let (probe, hint) = (LogId::new(1, 4), LogId::ORIGIN);
        *result = AppendResult::Refused { probe, hint };
    }
    c.forge(2, 1, 1, late);
    assert!(!c.peer(1, 2).suspect);
}

/// Leadership goes to nobody who may not lead: not when named, not by choice, and not when the
/// log of the target rots meanwhile.
#[test]
fn e16_leadership_is_not_handed_to_a_suspect_peer() {
    let mut c = with_a_and_b(3);
    c.rot_without_end(2, 4);
    c.beat(1);
    assert!(c.peer(1, 2).suspect);
    assert_eq!(c.transfer(1, 5, Some(2)), Err(Refusal::Suspect));
    c.transfer(1, 6, None).expect("there is S3");
    c.settle();
    assert_eq!(c.leaders(), [3]);

    let mut c = with_a_and_b(3);
    c.partition(&[2], &[1, 3]);
    c.commit_all(1, &["c"]);
    c.transfer(1, 5, Some(2)).expect("begun");
    c.mail.clear();
    c.rot_without_end(2, 4);
    c.cut.clear();
    c.beat(1);
    assert_eq!(
        c.ended(1).last(),
        Some(&(5, Outcome::Aborted(Abort::TargetSuspect)))
    );
    assert_eq!(c.leaders(), [1]);
}

/// S3 has all of the log, S2 is away: a leader that must go keeps to who may take over.
#[test]
fn e16_nobody_to_hand_over_to_but_a_suspect_peer() {
    let mut c = with_a_and_b(3);
    c.rot_without_end(2, 4);
    c.partition(&[3], &[1, 2]);
    c.now = c.now + Span::millis(300);
    c.heartbeat(1);
    c.settle();
    c.now = c.now + Span::millis(300);
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.transfer(1, 5, None), Err(Refusal::NoTarget));
}
