//! What a suspect node keeps from, and what it goes on doing.

use super::*;
use raftwerk_core::trace::{IgnoreReason, Kind, Role, VoteRefusal};

fn refused_as_suspect(c: &Cluster, id: u64) -> usize {
    let suspect = VoteRefusal::Suspect;
    c.count(id, |kind| match kind {
        Kind::RefusedVote { reason, .. } => *reason == suspect,
        _ => false,
    })
}

/// The candidate's log is better than what is left here, and worse than what was promised.
#[test]
fn e16_a_suspect_node_gives_no_vote_and_no_pre_vote() {
    let mut c = with_a_and_b(3);
    c.rot(2, 4);
    c.now = c.now + Span::millis(1_000);
    let asked = answer(&mut c, 2, 3, 1, pre_vote(2, (1, 3)));
    assert_eq!(asked, Some(false));
    let asked = answer(&mut c, 2, 3, 2, vote((1, 3)));
    assert_eq!((asked, c.view(2).term()), (Some(false), Term(2)));
    let vote = Body::Vote {
        last: LogId::new(1, 3),
        transfer: true,
    };
    assert_eq!(answer(&mut c, 2, 3, 3, vote), Some(false));
    assert_eq!(refused_as_suspect(&c, 2), 3, "each with its reason");
    let section = c.node(2).events.iter().find_map(|event| match event.kind {
        Kind::RefusedVote { .. } => Some(event.kind.section()),
        _ => None,
    });
    assert_eq!(section, Some("FAST 2018"));
    assert_eq!(c.view(2).vote(), None);
}

#[test]
fn e16_a_suspect_node_does_not_campaign_whoever_tells_it_to() {
    let mut c = with_a_and_b(3);
    c.rot(2, 4);
    c.mail.clear();
    c.time_out(2);
    assert_eq!(c.view(2).role(), Role::Follower);
    let forgone = |kind: &Kind| matches!(kind, Kind::ElectionForgone { .. });
    assert_eq!(c.count(2, forgone), 1, "who fires the timer is told why");
    // By itself neither.
    for _ in 0..5 {
        c.now = c.now + Span::millis(400);
        c.feed(2, [Input::Expire]);
    }
    assert!(c.mail.is_empty());
    // Nor when the leader says so, though what is left here ends where that message says.
    c.forge(1, 2, 1, heartbeat(1, 9, (1, 3), 0));
    c.mail.clear();
    let now = Body::TimeoutNow {
        last: LogId::new(1, 3),
        lane: lane(1),
    };
    c.forge(1, 2, 1, now);
    let ignored = c.saw(2, |kind| {
        matches!(
            kind,
            Kind::Ignored {
                reason: IgnoreReason::Suspect,
                ..
            }
        )
    });
    assert!(ignored && c.mail.is_empty());
    assert_eq!(
        (c.view(2).role(), c.view(2).term()),
        (Role::Follower, Term(1))
    );
}

/// S3 reads from a majority; S2 had acknowledged "b", and what is left of its log ends before it.
#[test]
fn l13_a_suspect_node_tells_no_mark() {
    let mut c = with_a_and_b(3);
    c.rot(2, 4);
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.read(3, 9, ReadPath::Quorum).expect("taken");
    c.settle();
    assert!(c.node(3).reads.is_empty(), "one of three is no majority");
    assert_eq!(c.view(3).marking().map(|round| round.marks.len()), Some(1));
    let told = |kind: &Kind| matches!(kind, Kind::ToldMark { .. });
    assert_eq!(c.count(2, told), 0);
}

/// As a reader it asks the others and does not count itself.
#[test]
fn l13_a_suspect_reader_counts_no_mark_of_its_own() {
    let mut c = with_a_and_b(3);
    c.rot(2, 4);
    // It learns what is committed, so that it may read at all, and not what it lost.
    c.forge(1, 2, 1, heartbeat(1, 9, (1, 3), 3));
    c.mail.clear();
    assert!(c.is_suspect(2) && c.view(2).commit() == Index(3));
    c.partition(&[1], &[2, 3]);
    c.read(2, 9, ReadPath::Quorum).expect("taken");
    c.settle();
    assert_eq!(c.view(2).marking().map(|round| round.marks.len()), Some(1));
    assert!(c.node(2).reads.is_empty(), "S3 alone is no majority");
}

/// With S3 away the cluster lives on S1 and the suspect S2: entries are committed with what it
/// acknowledges now, and its echoes confirm reads, here and there. It is on its way back alone.
#[test]
fn d3_a_suspect_node_acknowledges_echoes_applies_and_serves_reads() {
    let mut c = with_a_and_b(3);
    c.partition(&[3], &[1, 2]);
    c.rot_without_end(2, 3);
    c.beat(1);
    c.propose(1, 7, "c").expect("accepted");
    c.settle();
    assert!(c.is_suspect(2), "nobody can tell how much it had promised");
    assert_eq!(c.view(1).commit(), Index(5));
    c.read(1, 8, ReadPath::Leader).expect("taken");
    c.read(2, 9, ReadPath::Follower).expect("taken");
    c.run(Span::millis(100));
    assert_eq!(c.node(1).reads, [(Ticket(8), Ok(Index(5)))]);
    assert_eq!(c.node(2).reads, [(Ticket(9), Ok(Index(5)))]);
    assert_eq!(c.commands(2), ["a", "b", "c"]);
    c.run(Span::millis(2_000));
    assert_eq!(c.leaders(), [1], "its echoes keep the leader in office");
}

/// What it says of itself, first thing in its life; and who can never be helped is told so.
#[test]
fn d3_a_suspect_node_says_so_and_an_only_voter_says_that_it_is_for_ever() {
    let mut c = with_a_and_b(3);
    c.rot(2, 4);
    let suspicion = c.view(2).suspect().expect("it is");
    assert_eq!((suspicion.from, suspicion.to), (Index(4), Some(Index(4))));
    assert_eq!(suspicion.since, Term(1));
    assert!(!c.view(2).suspect_alone());
    let alone = false;
    let found = Kind::FoundRot { suspicion, alone };
    assert_eq!(
        c.node(2).events.first().map(|event| &event.kind),
        Some(&found)
    );

    let mut c = with_a_and_b(1);
    c.rot(1, 3);
    assert!(c.view(1).suspect_alone());
    assert!(c.saw(1, |kind| matches!(kind, Kind::FoundRot { alone: true, .. })));
    c.run(Span::millis(5_000));
    assert_eq!(c.view(1).role(), Role::Follower);
}

#[test]
fn d3_a_suspicion_that_cannot_be_is_refused() {
    let members = Members::of_voters([1, 2, 3].map(NodeId));
    let boot = |from: u64, to: Option<u64>, since: u64| {
        let mut disk = Durable::bootstrap(&members);
        disk.hard_state.term = Term(4);
        disk.condition = Condition::Suspect(Suspicion {
            from: Index(from),
            to: to.map(Index),
            since: Term(since),
        });
        Raft::boot(config(1), disk, Time(0))
    };
    assert!(boot(2, Some(2), 4).is_ok() && boot(2, None, 1).is_ok());
    for wrong in [boot(2, Some(1), 4), boot(0, None, 4), boot(2, None, 5)] {
        assert!(matches!(wrong, Err(BootError::Log(_))));
    }
}
