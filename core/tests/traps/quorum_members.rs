//! Quorum reads while members change: whose voters are asked (L13, M4, M10; design R4).

use super::quorum::{asks, fell_back, quorum_read, with_x};
use crate::kit::*;
use raftwerk_core::trace::{FallBack, Kind};
use raftwerk_core::*;

/// The counterexample of the design. Four voters; S1 has put "add S5" into its own log and that
/// of S5 only. S3 leads term 2, adds S6 without S2 and commits writes. A majority of the five that
/// S1 believes in knows nothing of that.
#[test]
fn l13_the_newest_membership_in_the_log_is_no_basis() {
    let members = Members {
        learners: vec![NodeId(5), NodeId(6)],
        ..Members::of_voters([1, 2, 3, 4].map(NodeId))
    };
    let mut c = Cluster::of(&members, |_| {});
    c.elect(1);
    c.run(Span::millis(100));
    let target = |voter: u64, learner: u64| Members {
        learners: vec![NodeId(learner)],
        ..Members::of_voters([1, 2, 3, 4, voter].map(NodeId))
    };
    c.reconfigure(1, 90, &target(5, 6)).expect("taken");
    c.partition(&[1, 5], &[2, 3, 4, 6]);
    c.settle();
    assert_eq!(
        (c.view(1).last(), c.view(5).last()),
        (LogId::new(1, 3), LogId::new(1, 3))
    );
    c.now = Time(10_000_000);
    c.win(3);
    c.settle();
    c.cut.clear();
    c.partition(&[2], &[3, 4, 6]);
    c.partition(&[1, 5], &[3, 4, 6]);
    c.reconfigure(3, 91, &target(6, 5)).expect("taken");
    c.settle();
    c.propose(3, 92, "x").expect("accepted");
    c.settle();
    let done = (92, Outcome::Committed(LogId::new(2, 5)));
    assert!(c.ended(3).contains(&done), "{:?}", c.ended(3));
    assert_eq!(
        c.view(2).last(),
        LogId::new(2, 3),
        "S2 has the opening entry"
    );
    quorum_read(&mut c, 1, 1);
    c.settle();
    // An append of S3 that was long on its way.
    c.forge(3, 1, 2, append(2, 1, (1, 2), &[(2, 3)], 3));
    assert!(!c.node(1).reads.iter().any(|read| read.1.is_ok()));
    assert!(fell_back(&c, 1));
    // With the others in reach it is served, and not without the write.
    c.cut.clear();
    c.run(Span::millis(1_000));
    quorum_read(&mut c, 1, 2);
    c.run(Span::millis(500));
    let served = c.node(1).reads.last().copied().expect("it ended");
    assert!(
        served.0 == Ticket(2) && served.1.is_ok_and(|at| at >= Index(5)),
        "{served:?}"
    );
}

/// A voter names a newer membership: the read goes through the leader.
#[test]
fn l13_an_answer_that_names_a_newer_membership_stops_the_fast_path() {
    let mut c = with_x(3);
    c.join(4);
    let four = Members {
        learners: vec![NodeId(4)],
        ..Members::of_voters([1, 2, 3].map(NodeId))
    };
    c.partition(&[2], &[1, 3]);
    c.reconfigure(1, 90, &four).expect("taken");
    c.settle();
    assert_eq!(
        c.view(2).membership().map(Membership::index),
        Some(Index(1))
    );
    c.cut.clear();
    quorum_read(&mut c, 2, 1);
    c.deliver_if(|m| m.from == NodeId(2) && m.to == NodeId(3));
    c.deliver_if(|m| m.from == NodeId(3));
    assert!(c.node(2).reads.is_empty());
    assert!(c.saw(2, |kind| matches!(
        kind,
        Kind::ReadFellBack {
            why: FallBack::NewerMembership {
                named_by: NodeId(3),
                ..
            },
            ..
        }
    )));
    c.run(Span::millis(200));
    assert_eq!(c.node(2).reads, [(Ticket(1), Ok(Index(4)))]);
    // The change is committed and known: the fast path is open again.
    c.partition(&[1], &[2, 3, 4]);
    quorum_read(&mut c, 2, 2);
    quorum_read(&mut c, 4, 3);
    c.settle();
    assert_eq!(c.node(2).reads[1], (Ticket(2), Ok(Index(4))));
    assert_eq!(
        c.node(4).reads,
        [(Ticket(3), Ok(Index(4)))],
        "a learner reads too"
    );
}

/// A longer log of an older term may name a membership that never counted. By index alone it
/// would look newer than the committed one.
#[test]
fn l13_memberships_are_compared_by_term_first() {
    let mut c = with_x(3);
    c.join(4);
    let four = Members {
        learners: vec![NodeId(4)],
        ..Members::of_voters([1, 2, 3].map(NodeId))
    };
    // S3's log: two entries of term 1 more than are committed, the second one names members.
    c.partition(&[1, 3], &[2]);
    c.cut.insert((3, 1));
    c.propose(1, 2, "never").expect("accepted");
    c.reconfigure(1, 90, &four).expect("taken");
    c.settle();
    assert_eq!(c.view(3).membership().map(|m| m.id), Some(LogId::new(1, 5)));
    // S2 knows a membership of term 2, committed at 4.
    let mut entry = noop(2, 4);
    entry.body = EntryBody::Membership(Box::new(Members::of_voters([1, 2, 3].map(NodeId))));
    c.forge(
        1,
        2,
        2,
        Body::Append {
            lane: lane(2),
            round: Round(1),
            prev: LogId::new(1, 3),
            entries: [entry].into(),
            commit: Index(4),
            standing: Standing::default(),
        },
    );
    assert_eq!(c.view(2).commit(), Index(4));
    c.cut.clear();
    c.partition(&[1], &[2, 3]);
    c.mail.clear();
    quorum_read(&mut c, 2, 1);
    c.settle();
    assert!(!fell_back(&c, 2));
    assert_eq!(c.view(2).reads()[0].index, Some(Index(5)), "plain maximum");
}

/// Who knows no members is silent; who was removed may not read.
#[test]
fn m10_a_node_without_members_tells_no_mark() {
    let mut c = with_x(3);
    c.join(4);
    c.forge(2, 4, 1, Body::ReadMark { request: 5 });
    assert!(c.mail.is_empty());
    let two = Members::of_voters([1, 2].map(NodeId));
    c.reconfigure(1, 90, &two).expect("taken");
    c.run(Span::millis(200));
    let refused = c.read(3, 1, ReadPath::Quorum);
    assert_eq!(refused, Err(Refusal::UnknownMember));
}

/// In a joint membership that is committed a majority of each half must answer.
#[test]
fn m4_quorum_reads_need_both_halves() {
    let joint = Members {
        voters: [1, 4, 5].map(NodeId).to_vec(),
        outgoing: [1, 2, 3].map(NodeId).to_vec(),
        ..Members::default()
    };
    let mut c = Cluster::of(&joint, |_| {});
    // A follower that knows entry 1, the joint membership, to be committed.
    c.forge(2, 4, 1, heartbeat(1, 1, (0, 1), 1));
    c.mail.clear();
    assert_eq!(c.view(4).commit(), Index(1));
    quorum_read(&mut c, 4, 1);
    assert_eq!(asks(&c, 4), 4);
    c.deliver_if(|m| m.to == NodeId(5));
    c.deliver_if(|m| m.from == NodeId(5));
    assert!(
        c.node(4).reads.is_empty(),
        "S4 and S5 are the new half alone"
    );
    c.deliver_if(|m| m.to == NodeId(2));
    c.deliver_if(|m| m.from == NodeId(2));
    assert!(
        c.node(4).reads.is_empty(),
        "S2 is not a majority of the old half"
    );
    c.settle();
    assert_eq!(c.node(4).reads, [(Ticket(1), Ok(Index(1)))]);
    quorum_read(&mut c, 4, 2);
    c.deliver_if(|m| [2, 3].map(NodeId).contains(&m.to));
    c.deliver_if(|m| [2, 3].map(NodeId).contains(&m.from));
    assert_eq!(c.node(4).reads.len(), 1, "S2 and S3 are the old half alone");
    c.settle();
    assert_eq!(c.node(4).reads[1..], [(Ticket(2), Ok(Index(1)))]);
}
