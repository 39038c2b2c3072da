//! R1 to R5, R7, R13, R16 to R18, R20 to R22: what may change a log, what is acknowledged, what
//! is committed (paper 5.3, 5.4.2).

use crate::kit::*;
use raftwerk_core::trace::{IgnoreReason, Kind, Role};
use raftwerk_core::*;

#[test]
fn r1_a_late_shorter_append_removes_nothing() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "a").expect("accepted");
    let late = c.mail.clone();
    c.propose(1, 2, "b").expect("accepted");
    c.settle();
    assert_eq!(c.view(2).last(), LogId::new(1, 4));
    assert!(!late.is_empty());
    c.mail = late;
    c.settle();
    assert_eq!(c.view(2).last(), LogId::new(1, 4));
    c.forge(1, 2, 1, heartbeat(1, 9, (0, 1), 0));
    c.forge(1, 2, 1, append(1, 9, (0, 1), &[(1, 2)], 0));
    assert_eq!(c.view(2).last(), LogId::new(1, 4));
}

#[test]
fn r1_a_conflict_cuts_from_the_first_entry_that_differs() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    for ticket in 1..=3 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    assert_eq!(c.terms(1), [0, 1, 1, 1, 1]);
    c.forge(2, 1, 2, append(2, 1, (1, 2), &[(1, 3), (2, 4)], 2));
    assert_eq!(c.terms(1), [0, 1, 1, 2]);
    assert!(c.saw(1, |k| matches!(
        k,
        Kind::CutLog {
            at: Index(4),
            mine: Term(1),
            theirs: Term(2),
            removed: 2
        }
    )));
    let disk: Vec<u64> = c.node(1).disk.entries.iter().map(|e| e.id.term.0).collect();
    assert_eq!(disk, [0, 1, 1, 2]);
}

#[test]
fn r1_a_committed_entry_is_never_cut() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    assert_eq!(c.view(1).commit(), Index(3));
    c.forge(2, 1, 2, append(2, 1, (0, 1), &[(1, 2), (2, 3)], 3));
    assert_eq!(c.node(1).fenced, Some(Fence::CommittedCut));
    assert_eq!(c.terms(1), [0, 1, 1]);
}

#[test]
fn r2_a_follower_acknowledges_only_what_this_leader_proved() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.propose(1, 1, "never seen by others").expect("accepted");
    c.settle();
    assert_eq!(c.view(1).durable(), Index(3));
    // S2 leads a newer term; its heartbeat proves only the shared prefix on S1.
    c.forge(2, 1, 2, heartbeat(2, 1, (1, 2), 99));
    let right = accepted(2);
    assert!(c.on_the_way(1, 2, |body| {
        matches!(body, Body::AppendReply { round: Round(1), result, .. } if *result == right)
    }));
    assert_eq!(c.view(1).commit(), Index(2), "nor is more committed");
}

#[test]
fn r3_match_only_grows_and_a_refusal_concerns_one_probe() {
    let mut c = Cluster::new(3);
    c.elect(1);
    for ticket in 1..=3 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    c.settle();
    c.propose(1, 4, "on its way").expect("accepted");
    let answers = [
        accepted(3),
        refused((1, 2), (0, 1)),
        refused((1, 5), (0, 1)),
        refused((0, 0), (0, 0)),
        refused((1, 6), (0, 1)),
        refused((1, 5), (0, 1)),
        accepted(4),
        refused((1, 9), (0, 0)),
    ];
    for answer in answers {
        c.forge(2, 1, 1, append_reply(1, 1, answer));
        let peer = c.peer(1, 2);
        assert_eq!(peer.matched, Index(5), "after {answer:?}");
        assert!(peer.next > peer.matched, "after {answer:?}");
    }
    assert_eq!(c.view(1).commit(), Index(5));
    c.run(Span::millis(200));
    assert_eq!(c.peer(1, 2).matched, Index(6));
}

#[test]
fn r4_a_reply_of_another_lane_gives_no_credit() {
    let other = [
        Lane {
            generation: 8,
            ..lane(1)
        },
        Lane {
            membership: Index(0),
            ..lane(1)
        },
        Lane {
            term: Term(0),
            ..lane(1)
        },
    ];
    for lane in other {
        let mut c = Cluster::new(3);
        c.elect(1);
        c.propose(1, 1, "x").expect("accepted");
        let body = Body::AppendReply {
            lane,
            round: Round(99),
            result: accepted(3),
            probe: Probe::default(),
        };
        c.forge(2, 1, 1, body);
        assert_eq!(c.view(1).commit(), Index(2));
        assert_eq!(c.peer(1, 2).matched, Index(2));
        assert!(c.peer(1, 2).echoed < Round(99));
        assert!(c.saw(1, |k| matches!(
            k,
            Kind::Ignored {
                reason: IgnoreReason::StaleLane,
                ..
            }
        )));
    }
}

/// What the leader of an earlier term proved need not be in the log of the next one: one that
/// offers a snapshot is not told of it.
#[test]
fn r2_what_an_earlier_leader_proved_is_not_acknowledged_to_the_next() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.forge(1, 3, 1, append(1, 9, (1, 2), &[(1, 3), (1, 4)], 0));
    assert_eq!(c.view(3).durable(), Index(4));
    c.mail.clear();
    let meta = SnapshotMeta {
        last: LogId::new(2, 9),
        membership: c.view(3).membership().expect("bootstrapped").clone(),
        ..SnapshotMeta::default()
    };
    let (lane, round) = (lane(2), Round(1));
    let meta = meta.into();
    c.forge(2, 3, 2, Body::SnapshotOffer { lane, round, meta });
    let matched = c.mail.iter().find_map(|m| match m.body {
        Body::SnapshotReply { matched, .. } => Some(matched),
        _ => None,
    });
    assert_eq!(matched, Some(Index(0)));
}

#[test]
fn r5_the_commit_index_sent_never_exceeds_what_the_peer_has_proven() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    for ticket in 1..=5 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    c.settle();
    c.heartbeat(1);
    let told = |c: &Cluster, to: u64| {
        let mut mail = c.mail.iter().filter(|m| m.to == NodeId(to));
        mail.find_map(|m| match m.body {
            Body::Append { commit, prev, .. } => Some((commit, prev.index)),
            _ => None,
        })
    };
    let (all, before) = (Index(7), Index(2));
    assert_eq!(told(&c, 2), Some((all, all)));
    assert_eq!(
        told(&c, 3),
        Some((before, before)),
        "where S3 is known to agree"
    );
}

/// A follower that lost what it had acknowledged: it is told nothing it cannot bear, and its
/// leader goes on. (To repair it is D9's business: a new disk is a new node.)
#[test]
fn r5_a_follower_that_lost_its_log_is_not_driven_into_a_crash() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(200));
    assert_eq!(c.peer(1, 2).matched, Index(3));
    c.nodes
        .get_mut(&2)
        .expect("known node")
        .disk
        .entries
        .truncate(1);
    c.restart(2);
    c.run(Span::millis(500));
    c.propose(1, 2, "y").expect("accepted");
    c.run(Span::millis(2_000));
    assert_eq!((c.leaders(), c.view(1).term()), (vec![1], Term(1)));
    assert_eq!(c.commands(1), ["x", "y"]);
    assert_eq!(
        c.peer(1, 2).matched,
        Index(3),
        "the promise stands, broken or not"
    );
    assert!(c.node(2).fenced.is_none());
}

#[test]
fn r7_entries_with_holes_are_not_taken() {
    let mut c = Cluster::new(3);
    c.elect(1);
    let bad: [&[(u64, u64)]; 5] = [
        &[(1, 4)],
        &[(1, 3), (0, 4)],
        &[(1, 3), (1, 3)],
        &[(1, 3), (1, 5)],
        &[(5, 3)],
    ];
    for entries in bad {
        c.forge(1, 2, 1, append(1, 3, (1, 2), entries, 0));
        assert_eq!(c.view(2).last(), LogId::new(1, 2), "{entries:?}");
    }
    let malformed = c.node(2).events.iter().filter(|event| {
        matches!(
            event.kind,
            Kind::Ignored {
                reason: IgnoreReason::Malformed,
                ..
            }
        )
    });
    assert_eq!(malformed.count(), bad.len());
    c.forge(1, 2, 1, append(1, 3, (1, 2), &[(1, 3)], 0));
    assert_eq!(c.view(2).last(), LogId::new(1, 3), "a good one is");
}

/// Committed by two followers, and not on the leader's own disk: it does not apply it, and a
/// crash at this moment takes nothing back.
#[test]
fn r16_nothing_is_applied_that_the_own_disk_lacks() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [1].into();
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    assert_eq!(
        (c.view(1).commit(), c.view(1).durable()),
        (Index(3), Index(2))
    );
    assert_eq!(
        (c.view(1).applying(), c.node(1).settled.len()),
        (Index(2), 0)
    );
    c.restart(1);
    assert!(
        c.view(1).last().index < Index(3),
        "the crash took the entry"
    );
    c.slow.clear();
    c.run(Span::millis(2_000));
    assert!((1..=3).all(|id| c.commands(id) == ["x"]));
}

/// A newer leader knows a smaller commit index for a while: a greater term is no reason to go
/// back.
#[test]
fn r17_the_commit_index_is_an_index_and_never_falls() {
    let mut c = Cluster::new(3);
    c.elect(1);
    for ticket in 1..=3 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    c.run(Span::millis(100));
    assert_eq!(c.view(2).commit(), Index(5));
    c.forge(3, 2, 2, heartbeat(2, 1, (1, 2), 2));
    c.forge(3, 2, 2, heartbeat(2, 2, (1, 5), 2));
    c.forge(3, 2, 3, append(3, 1, (1, 5), &[(3, 6)], 0));
    assert_eq!((c.view(2).commit(), c.commands(2).len()), (Index(5), 3));
}

/// Entries on their way to the disk are cut and replaced; the report about the first write says
/// nothing about what replaced them.
#[test]
fn r18_a_report_about_an_overtaken_write_acknowledges_nothing() {
    let mut c = Cluster::new(3);
    c.fast_disk = false;
    let acknowledged = |c: &Cluster| {
        c.on_the_way(1, 3, |body| match body {
            Body::AppendReply {
                result: AppendResult::Accepted { durable, .. },
                ..
            } => *durable >= Index(2),
            _ => false,
        })
    };
    c.forge(2, 1, 1, append(1, 1, (0, 1), &[(1, 2), (1, 3)], 0));
    c.forge(3, 1, 2, append(2, 1, (0, 1), &[(2, 2)], 0));
    assert_eq!(c.node(1).writes.len(), 2);
    assert_eq!(c.node(1).writes[1].cut_from, Some(Index(2)));
    c.complete_write(1);
    assert_eq!(c.view(1).durable(), Index(1));
    assert!(!acknowledged(&c), "2 and 3 on disk are the old ones");
    c.complete_write(1);
    assert_eq!(c.view(1).durable(), Index(2));
    assert!(acknowledged(&c));
}

#[test]
fn r20_a_commit_notice_is_remembered_until_the_disk_has_the_entry() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [2].into();
    c.propose(1, 1, "x").expect("accepted");
    // The leader commits with S3's help and tells S2, whose disk is still busy.
    c.run(Span::millis(100));
    assert_eq!(c.view(1).commit(), Index(3));
    c.forge(1, 2, 1, heartbeat(1, 99, (1, 3), 3));
    assert!(c.commands(2).is_empty());
    c.complete_write(2);
    assert_eq!(c.commands(2), ["x"], "no further message was needed");
}

/// The same for a notice that came before the entries.
#[test]
fn r20_a_commit_notice_is_remembered_until_the_entries_come() {
    let mut c = Cluster::new(3);
    c.forge(1, 2, 1, heartbeat(1, 1, (0, 1), 3));
    assert_eq!(c.view(2).commit(), Index(1));
    c.forge(1, 2, 1, append(1, 1, (0, 1), &[(1, 2), (1, 3)], 0));
    assert_eq!(c.view(2).commit(), Index(3));
}

/// No message of its own term makes a leader change what its log already holds.
#[test]
fn r21_a_leader_only_appends_to_its_log() {
    for body in every_body(1) {
        let mut c = Cluster::new(3);
        c.elect(1);
        c.slow = [1].into();
        c.propose(1, 1, "mine").expect("accepted");
        let before = c.view(1).tail(99);
        c.forge(2, 1, 1, body.clone());
        c.propose(1, 2, "next").ok();
        assert!(c.view(1).tail(99).starts_with(&before), "{body:?}");
        let writes = &c.node(1).writes;
        assert!(
            writes.iter().all(|write| write.cut_from.is_none()),
            "{body:?}"
        );
        let leads = c.view(1).role() == Role::Leader;
        let of_a_leader = ["Append", "SnapshotOffer"].contains(&body.name());
        assert_eq!(leads, !of_a_leader, "only a second leader ends it");
    }
}

#[test]
fn r22_tickets_end_exactly_once_and_unknown_when_leadership_is_lost() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "kept").expect("accepted");
    c.settle();
    c.partition(&[1], &[2, 3]);
    c.propose(1, 2, "lost").expect("accepted");
    c.run(Span::millis(1_000));
    let leader = c.leaders()[0];
    c.propose(leader, 3, "instead").expect("accepted");
    c.cut.clear();
    c.run(Span::millis(1_000));
    let expect = [
        (Ticket(1), Outcome::Committed(LogId::new(1, 3))),
        (Ticket(2), Outcome::Unknown),
    ];
    assert_eq!(c.node(1).settled, expect);
    assert_eq!(
        c.commands(1),
        ["kept", "instead"],
        "the uncommitted entry was cut"
    );
}

/// The same node leads again and commits the entry: the ticket has ended, and does not end again.
#[test]
fn r22_an_unknown_ticket_stays_unknown_when_its_entry_survives() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.now = c.now + Span::millis(1_000);
    c.feed(1, [Input::Expire]);
    assert_eq!(c.node(1).settled, [(Ticket(1), Outcome::Unknown)]);
    c.cut.clear();
    c.elect(1);
    c.run(Span::millis(200));
    assert!((1..=3).all(|id| c.commands(id) == ["x"]));
    assert_eq!(c.node(1).settled.len(), 1);
}
