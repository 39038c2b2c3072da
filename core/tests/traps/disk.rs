//! D1 to D3, D5, D8: what the disk has, what it may have, and what it lost (thesis 3.8, 10.2.1).

use crate::kit::*;
use raftwerk_core::trace::Role;
use raftwerk_core::*;

#[test]
fn d1_an_acknowledgement_waits_for_the_disk() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [2].into();
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(|m| m.to == NodeId(2));
    let claims = |c: &Cluster| {
        c.on_the_way(2, 1, |body| match body {
            Body::AppendReply {
                result: AppendResult::Accepted { durable, .. },
                ..
            } => *durable >= Index(3),
            _ => false,
        })
    };
    assert!(!claims(&c));
    c.forge(1, 2, 1, heartbeat(1, 9, (1, 3), 0));
    assert!(
        !claims(&c),
        "an echo of a round claims only what is on disk"
    );
    c.complete_write(2);
    assert!(claims(&c));
}

#[test]
fn d2_a_failed_write_ends_the_node_for_good() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    c.read(1, 2, ReadPath::Leader).expect("taken");
    let seq = c.node(1).writes[0].seq;
    c.mail.clear();
    c.feed(1, [Input::PersistFailed(seq)]);
    assert_eq!(c.node(1).fenced, Some(Fence::Storage));
    assert_eq!(c.node(1).settled, [(Ticket(1), Outcome::Unknown)]);
    assert!(c.node(1).open.is_empty());
    c.now = Time(60_000_000);
    let writes = c.node(1).writes.len();
    c.feed(1, [Input::Persisted(seq), Input::Expire]);
    c.forge(2, 1, 9, vote((8, 8)));
    assert!(c.mail.is_empty(), "it says nothing any more");
    assert_eq!(c.node(1).writes.len(), writes, "and writes nothing");
    assert_eq!(c.node(1).raft.deadline(), Time::NEVER);
}

/// What was under way when the power went was never promised; what rotted was (`tests/suspect`).
#[test]
fn d3_a_torn_tail_makes_nobody_suspect_and_rot_does() {
    let mut disk = Durable::bootstrap(&Members::of_voters([1, 2, 3].map(NodeId)));
    disk.condition = Condition::TornTail { cut_at: Index(2) };
    let torn = Raft::boot(config(1), disk.clone(), Time(0)).expect("starts");
    assert_eq!(torn.view().suspect(), None);
    let suspicion = Suspicion {
        from: Index(2),
        to: Some(Index(4)),
        since: Term(0),
    };
    disk.condition = Condition::Suspect(suspicion);
    let rotten = Raft::boot(config(1), disk, Time(0)).expect("starts");
    assert_eq!(rotten.view().suspect(), Some(suspicion));
}

/// Who waits for its own disk for longer than an election timeout could not lead: it asks nobody,
/// and starts to when the disk is back.
#[test]
fn d8_a_node_with_a_stalled_disk_does_not_campaign() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [2].into();
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    assert_eq!(c.node(2).writes.len(), 1);
    c.partition(&[1], &[2, 3]);
    for _ in 0..5 {
        c.now = c.now + Span::millis(300);
        c.feed(2, [Input::Expire]);
        assert_eq!(
            (c.view(2).role(), c.view(2).leader()),
            (Role::Follower, None)
        );
        assert!(c.mail.is_empty());
    }
    c.complete_write(2);
    c.now = c.now + Span::millis(300);
    c.feed(2, [Input::Expire]);
    assert_eq!(c.view(2).role(), Role::PreCandidate);
}

/// The state machine lives in memory: a life applies from the first entry, whatever an earlier
/// life had applied.
#[test]
fn d5_each_life_applies_from_the_start() {
    let mut c = Cluster::new(3);
    c.elect(1);
    for (ticket, text) in [(1, "a"), (2, "b")] {
        c.propose(1, ticket, text).expect("accepted");
    }
    c.run(Span::millis(100));
    for _ in 0..3 {
        c.restart(3);
        assert_eq!((c.view(3).applied(), c.commands(3).len()), (Index(0), 0));
        c.run(Span::millis(100));
        assert_eq!(c.commands(3), ["a", "b"]);
    }
}
