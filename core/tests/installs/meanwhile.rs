//! What else goes on while a snapshot is received: applying, tickets, elections (S9, R22, E8, E11, E16).

use super::*;

/// S9: a state machine at work is not overtaken by a snapshot.
#[test]
fn s9_an_install_waits_for_the_running_apply() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.fast_apply = false;
    c.fast_streams = false;
    for (ticket, text) in [(1, "b"), (2, "c")] {
        c.propose(1, ticket, text).expect("accepted");
    }
    c.settle();
    c.heartbeat(1);
    c.settle();
    assert!(c.view(3).applying() > c.view(3).applied(), "S3 is at work");
    c.partition(&[3], &[1, 2]);
    c.fast_apply = true;
    c.commit_all(1, &["d", "e"]);
    c.finish_apply(1);
    let taken = c.snapshot(1);
    let state = c.node(1).applied.clone();
    c.fast_apply = false;
    let (applying, log) = (c.view(3).applying(), c.view(3).last());
    c.stage(3, 1, &taken, &state);
    assert_eq!(
        (c.view(3).last(), c.view(3).installing()),
        (log, false),
        "it waits"
    );
    assert_eq!(c.node(3).raft.entries(applying, applying).count(), 1);
    // What is committed meanwhile is not handed out, or the wait might never end.
    let next = (1, log.index.0 + 1);
    c.forge(1, 3, 1, append(1, 99, (1, log.index.0), &[next], next.1));
    assert_eq!(c.view(3).commit().0, next.1);
    assert_eq!(c.view(3).applying(), applying);
    c.finish_apply(3);
    assert_eq!(c.node(3).installed, std::slice::from_ref(&taken));
    assert_eq!(c.view(3).applied(), applying, "loading takes time");
    c.finish_apply(3);
    assert_eq!(c.view(3).applied(), taken.last.index);
    assert_eq!(c.node(3).applied, state);
}

/// R22: every ticket ends once, and a read that waits past an install is served after it.
#[test]
fn r22_tickets_and_reads_survive_an_install() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.partition(&[1], &[2, 3]);
    let settled = c.node(1).settled.len();
    c.propose(1, 77, "lost?").expect("accepted");
    c.settle();
    c.now = Time(10_000_000);
    c.elect(2);
    c.commit_all(2, &["b", "c"]);
    c.snapshot(2);
    c.cut.clear();
    c.fast_streams = false;
    c.beat(2);
    assert_eq!(
        c.node(1).settled[settled..],
        [(Ticket(77), Outcome::Unknown)]
    );
    c.fast_disk = false;
    c.read(1, 5, ReadPath::Follower).expect("taken");
    c.deliver_if(|m| matches!(m.body, Body::ReadIndex { .. }));
    // The leader's round reaches the peer that waits for a snapshot as an offer.
    let offered = |m: &Message| matches!(m.body, Body::SnapshotOffer { .. });
    assert!(c.mail.iter().any(|m| m.to == NodeId(1) && offered(m)));
    c.cut.insert((3, 2));
    c.settle();
    assert_eq!(c.node(1).reads, [], "its read point is not applied here");
    c.end_stream(true);
    assert_eq!(c.node(1).reads, []);
    c.complete_write(1);
    assert_eq!(c.node(1).reads, [(Ticket(5), Ok(Index(6)))]);
    assert_eq!(c.commands(1), ["a", "b", "c"]);
    assert_eq!(c.node(1).settled.len(), settled + 1, "once");
}

#[test]
fn e8_an_offer_is_as_good_as_a_heartbeat_and_e19_a_second_leader_is_not() {
    let (mut c, taken) = behind();
    c.now = c.now + Span::millis(100);
    let offer = |term| Body::SnapshotOffer {
        lane: lane(term),
        round: Round(50),
        meta: taken.clone().into(),
    };
    c.forge(1, 3, 1, offer(1));
    assert_eq!(c.view(3).election().expect("it follows").set, c.now);
    assert_eq!(c.view(3).leader_heard(), Some(c.now));
    let mut wrong = taken.clone();
    wrong.last.term = Term(2);
    let body = Body::SnapshotOffer {
        lane: lane(1),
        round: Round(51),
        meta: wrong.into(),
    };
    c.forge(1, 3, 1, body);
    let malformed = |k: &Kind| {
        matches!(
            k,
            Kind::Ignored {
                reason: IgnoreReason::Malformed,
                ..
            }
        )
    };
    assert!(c.saw(3, malformed), "newer than its leader");
    c.forge(2, 3, 1, offer(1));
    assert_eq!(c.node(3).fenced, Some(Fence::TwoLeaders));
}

#[test]
fn e11_who_offers_in_an_older_term_is_told() {
    let (mut c, taken) = behind();
    c.forge(2, 3, 9, Body::VoteReply { granted: false });
    c.mail.clear();
    let offer = Body::SnapshotOffer {
        lane: lane(1),
        round: Round(50),
        meta: taken.into(),
    };
    c.forge(1, 3, 1, offer);
    assert_eq!(c.mail[0].term, Term(9));
    c.settle();
    assert_ne!(c.view(1).role(), Role::Leader);
}

/// E16: half of its log is on its way to the disk.
#[test]
fn e16_nobody_campaigns_while_it_installs_and_a_candidate_stops() {
    let (mut c, _) = staged_at_3();
    c.time_out(3);
    assert_eq!(c.view(3).role(), Role::Follower);
    c.complete_write(3);
    c.mail.clear();
    c.time_out(3);
    assert_eq!(c.view(3).role(), Role::PreCandidate);

    let (mut c, taken) = behind();
    let state = c.node(1).applied.clone();
    c.partition(&[3], &[1, 2]);
    c.now = Time(60_000_000);
    c.time_out(3);
    assert_eq!(c.view(3).role(), Role::PreCandidate);
    c.stage(3, 1, &taken, &state);
    assert_eq!(c.view(3).role(), Role::Follower);
    assert_eq!(c.node(3).installed, [taken]);
}
