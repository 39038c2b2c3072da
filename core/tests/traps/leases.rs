//! L6 to L9 and M4: reads from a lease, and the silence it rests on (thesis 6.4.1).

use crate::kit::*;
use raftwerk_core::trace::{FallBack, Kind, ReadProof, Role, Silence, VoteRefusal};
use raftwerk_core::*;

fn leases(config: &mut Config) {
    config.switches.lease_reads = true;
}

/// S1 leads at 10 s, and all know that "x" is committed at 3.
fn with_x(size: u64) -> Cluster {
    let mut c = Cluster::with(size, leases);
    c.now = Time(10_000_000);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(100));
    c
}

fn timing() -> Timing {
    config(1).timing
}

fn has_lease(c: &Cluster, id: u64) -> bool {
    c.view(id).lease().is_some_and(|end| end > c.now)
}

fn silent(c: &Cluster, id: u64, why: Silence) -> bool {
    c.saw(id, |kind| match kind {
        Kind::RefusedVote {
            reason: VoteRefusal::Silent { why: said, .. },
            ..
        } => *said == why,
        _ => false,
    })
}

/// Asks a node for its vote in a newer term; says whether it gave it.
fn asks_for_vote(c: &mut Cluster, from: u64, to: u64, term: u64, transfer: bool) -> bool {
    let last = LogId::new(term - 1, 90);
    c.forge(from, to, term, Body::Vote { last, transfer });
    let before = c.mail.len();
    c.mail
        .retain(|m| (m.from, m.to) != (NodeId(to), NodeId(from)));
    assert!(c.mail.len() < before, "it answers");
    c.view(to).vote() == Some(NodeId(from)) && c.view(to).term() == Term(term)
}

#[test]
fn l6_a_lease_counts_from_the_sending_of_its_round() {
    let mut c = with_x(3);
    c.heartbeat(1);
    let sent = c.now;
    c.deliver_if(|m| m.to != NodeId(1));
    c.now = sent + Span::millis(40);
    c.settle();
    assert_eq!(c.view(1).lease(), Some(sent + timing().lease()));
    assert!(c.saw(1, |kind| matches!(kind, Kind::LeaseTaken { .. })));
    c.read(1, 2, ReadPath::Lease).expect("taken");
    assert_eq!(c.node(1).reads, [(Ticket(2), Ok(Index(3)))], "at once");
    assert_eq!(c.node(1).leased, [(Ticket(2), sent + timing().lease())]);
    assert!(c.mail.is_empty(), "nobody was asked");
}

/// Of five, two echoes make a majority: the older of them counts.
#[test]
fn l6_the_oldest_contact_of_a_majority_counts() {
    let mut c = with_x(5);
    c.partition(&[1], &[4, 5]);
    c.heartbeat(1);
    let first = c.now;
    c.settle();
    c.now = first + Span::millis(20);
    c.partition(&[1], &[3]);
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.view(1).lease(), Some(first + timing().lease()));
}

#[test]
fn l6_without_a_lease_the_read_asks_for_a_round() {
    let mut c = with_x(3);
    c.partition(&[1], &[2, 3]);
    c.now = c.now + timing().lease();
    assert!(!has_lease(&c, 1));
    assert_eq!(c.view(1).role(), Role::Leader);
    c.read(1, 2, ReadPath::Lease).expect("taken");
    assert!(c.node(1).reads.is_empty());
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::ReadFellBack {
            why: FallBack::NoLease,
            ..
        }
    )));
    c.cut.clear();
    c.settle();
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.node(1).reads, [(Ticket(2), Ok(Index(3)))]);
    assert!(c.node(1).leased.is_empty());
}

/// L1 and L5 hold for leases too: the opening entry first, and applied.
#[test]
fn l1_a_lease_read_waits_for_the_opening_entry() {
    let mut c = Cluster::with(3, leases);
    c.now = Time(10_000_000);
    c.win(1);
    c.slow = [1, 2, 3].into();
    c.deliver_if(|m| m.to != NodeId(1));
    c.deliver_if(|m| m.to == NodeId(1));
    assert!(has_lease(&c, 1));
    c.read(1, 1, ReadPath::Lease).expect("taken");
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::ReadConfirmed {
            proof: ReadProof::Lease { .. },
            index: Index(2),
            ..
        }
    )));
    assert!(c.node(1).reads.is_empty());
    c.slow.clear();
    for id in 1..=3 {
        c.complete_writes(id);
    }
    c.settle();
    assert_eq!(c.node(1).reads, [(Ticket(1), Ok(Index(2)))]);
}

#[test]
fn l6_switched_off_there_is_no_lease_and_no_silence() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.run(Span::millis(100));
    assert_eq!((c.view(1).lease(), c.view(2).quiet()), (None, None));
    assert_eq!(c.read(1, 1, ReadPath::Lease), Err(Refusal::Disabled));
    assert!(matches!(
        with_x(3).read(2, 1, ReadPath::Lease),
        Err(Refusal::NotLeader { .. })
    ));
}

/// At every moment at most one node may serve from a lease, whoever is cut off from whom.
#[test]
fn l6_two_leaders_never_have_leases_at_once() {
    let mut c = with_x(5);
    let (mut ends, mut led_by_others) = (0, false);
    c.partition(&[1, 2], &[3, 4, 5]);
    for _ in 0..300 {
        c.run(Span::millis(5));
        let owners: Vec<u64> = (1..=5).filter(|id| has_lease(&c, *id)).collect();
        assert!(owners.len() <= 1, "{owners:?} at {:?}", c.now);
        led_by_others |= owners.iter().any(|id| *id > 2);
        ends += usize::from(owners.is_empty());
    }
    assert!(ends > 0 && led_by_others);
}

#[test]
fn l7_the_lease_is_given_up_before_somebody_is_told_to_campaign() {
    let mut c = with_x(3);
    assert!(has_lease(&c, 1));
    c.transfer(1, 9, Some(3)).expect("taken");
    assert!(c.on_the_way(1, 3, |body| matches!(body, Body::TimeoutNow { .. })));
    assert!(!has_lease(&c, 1));
    assert!(c.saw(1, |kind| matches!(kind, Kind::LeaseSurrendered { .. })));
    c.read(1, 2, ReadPath::Lease).expect("taken");
    assert!(c.node(1).reads.is_empty(), "it needs a round");
    c.settle();
    assert_eq!(c.leaders(), [3]);
    assert_eq!(c.node(1).reads, [(Ticket(2), Err(Refusal::LeaderLost))]);
}

/// The message may still be on its way, and the target may have forgotten in a crash that it is
/// late. Only when its log goes on it can do nothing any more.
#[test]
fn l7_no_lease_is_taken_again_while_the_word_to_campaign_may_arrive() {
    let mut c = with_x(3);
    c.transfer(1, 9, Some(3)).expect("taken");
    let late = |m: &Message| matches!(m.body, Body::TimeoutNow { .. });
    let place = c.mail.iter().position(late).expect("it is told");
    let late = c.mail.remove(place);
    c.run(Span::millis(400));
    assert_eq!(
        (c.leaders(), c.ended(1).last().map(|end| end.0)),
        (vec![1], Some(9))
    );
    assert!(!has_lease(&c, 1), "echoes of many rounds later");
    c.read(1, 2, ReadPath::Lease).expect("taken");
    c.settle();
    assert_eq!(c.node(1).reads, [(Ticket(2), Ok(Index(3)))]);
    assert!(c.node(1).leased.is_empty(), "by a round");
    c.propose(1, 3, "y").expect("accepted");
    c.settle();
    c.heartbeat(1);
    c.settle();
    assert!(has_lease(&c, 1));
    c.restart(3);
    c.run(Span::millis(60));
    c.deliver(late);
    assert_eq!(c.view(3).role(), Role::Follower, "another log");
}

/// The target never says anything again. What is committed without it makes the word one that comes
/// too late: who it reaches cannot win any more, member or not.
#[test]
fn l7_the_word_to_a_node_that_was_removed_is_dead_when_that_is_committed() {
    for removed in [false, true] {
        // All within an election timeout of S4.
        let mut c = Cluster::with(4, |config| {
            leases(config);
            config.timing.transfer_limit = Span::millis(10);
        });
        c.now = Time(10_000_000);
        c.elect(1);
        c.run(Span::millis(100));
        c.transfer(1, 9, Some(4)).expect("taken");
        let is_late = |m: &Message| matches!(m.body, Body::TimeoutNow { .. });
        let place = c.mail.iter().position(is_late).expect("it is told");
        let late = c.mail.remove(place);
        c.partition(&[4], &[1, 2, 3]);
        c.run(Span::millis(20));
        assert!(c.view(1).transfer().is_none(), "given up");
        c.heartbeat(1);
        c.settle();
        assert!(!has_lease(&c, 1), "all others answered");
        match removed {
            true => c.reconfigure(1, 3, &Members::of_voters([1, 2, 3].map(NodeId))),
            false => c.propose(1, 3, "y").map(drop),
        }
        .expect("taken");
        assert!(!has_lease(&c, 1), "not before it is committed");
        c.settle();
        assert!(has_lease(&c, 1));
        let taken = |kind: &Kind| matches!(kind, Kind::LeaseTaken { .. });
        assert_eq!(c.count(1, taken), 2, "and that is told");
        // It comes after all, while S4 follows S1 as far as it knows.
        c.cut.clear();
        let (term, last) = (c.view(4).term(), c.view(4).last());
        let refused = c.count(2, |kind| matches!(kind, Kind::RefusedVote { .. }));
        c.deliver(late);
        assert_eq!(c.view(4).role(), Role::Candidate);
        assert_eq!(
            (c.view(4).term(), c.view(4).last()),
            (term.next().unwrap(), last)
        );
        c.settle();
        assert_ne!(c.view(4).role(), Role::Leader);
        let now = c.count(2, |kind| matches!(kind, Kind::RefusedVote { .. }));
        assert!(now > refused, "its log is too short");
    }
}

/// The same while leadership is to be handed over once more, and nobody is told so yet: the word of
/// the transfer before may still arrive.
#[test]
fn l7_nor_while_the_next_transfer_waits_for_its_target() {
    let mut c = with_x(3);
    c.transfer(1, 9, Some(3)).expect("taken");
    let late = |m: &Message| matches!(m.body, Body::TimeoutNow { .. });
    c.mail.retain(|message| !late(message));
    c.run(Span::millis(400));
    assert_eq!(c.leaders(), [1]);
    c.propose(1, 3, "y").expect("accepted");
    c.transfer(1, 10, Some(3)).expect("taken");
    assert!(!c.mail.iter().any(late), "S3 lacks the last entry");
    assert!(!has_lease(&c, 1));
}

#[test]
fn l8_who_starts_is_silent_for_as_long_as_it_may_have_promised() {
    let mut c = with_x(3);
    c.restart(2);
    let started = c.now;
    assert_eq!(c.view(2).quiet(), Some(started + timing().election_min));
    assert!(!asks_for_vote(&mut c, 3, 2, 7, false));
    assert_eq!(c.view(2).term(), Term(1), "and the term is not taken");
    assert!(silent(&c, 2, Silence::Started));
    c.forge(3, 2, 1, pre_vote(2, (9, 9)));
    assert!(c.on_the_way(2, 3, |body| *body == pre_vote_reply(2, false)));
    // A newer term that comes by another way changes nothing.
    c.forge(3, 2, 7, vote_reply(false));
    assert_eq!(c.view(2).term(), Term(7));
    assert!(!asks_for_vote(&mut c, 3, 2, 7, false));
    c.now = started + timing().election_min;
    assert!(asks_for_vote(&mut c, 3, 2, 7, false));
}

/// Who has voted is silent, but for the candidate it voted for.
#[test]
fn l9_who_votes_is_silent_towards_others() {
    let mut c = Cluster::with(3, leases);
    c.now = Time(10_000_000);
    assert!(asks_for_vote(&mut c, 3, 2, 5, false));
    let voted = c.now;
    assert!(asks_for_vote(&mut c, 3, 2, 5, false), "asked again");
    assert!(!asks_for_vote(&mut c, 1, 2, 6, false));
    assert!(silent(&c, 2, Silence::Voted));
    c.now = voted + timing().election_min;
    assert!(asks_for_vote(&mut c, 1, 2, 6, false));
}

/// The promise to a leader outlives that it is forgotten; only an election that it asked for
/// passes.
#[test]
fn l9_who_forgets_its_leader_keeps_its_promise() {
    let mut c = with_x(3);
    c.heartbeat(1);
    c.settle();
    let heard = c.now;
    c.forge(3, 2, 7, vote_reply(false));
    assert_eq!((c.view(2).term(), c.view(2).leader()), (Term(7), None));
    assert!(!asks_for_vote(&mut c, 3, 2, 7, false));
    assert!(!asks_for_vote(&mut c, 3, 2, 8, false));
    assert!(silent(&c, 2, Silence::HeardLeader));
    c.now = heard + Span(timing().election_min.0 - 1);
    assert!(!asks_for_vote(&mut c, 3, 2, 8, false));
    assert!(asks_for_vote(&mut c, 3, 2, 9, true));
}

/// Nor does a silent node vote for itself, even if somebody fires its timer by hand.
#[test]
fn l9_a_silent_node_does_not_campaign() {
    let mut c = with_x(3);
    c.heartbeat(1);
    c.settle();
    let heard = c.now;
    c.time_out(2);
    assert_eq!((c.view(2).role(), c.mail.len()), (Role::Follower, 0));
    assert!(c.saw(2, |kind| matches!(kind, Kind::ElectionPutOff { .. })));
    let due = c.view(2).election().expect("it runs").due;
    assert!(due >= heard + timing().election_min);
    c.partition(&[1], &[2, 3]);
    c.now = heard + timing().election_min;
    c.time_out(2);
    assert_eq!(c.view(2).role(), Role::PreCandidate);
}

/// Nor does it go on with a pre-vote that it began before it voted: two leaders with a lease each
/// were the end of that.
#[test]
fn l9_who_votes_campaigns_no_more() {
    let mut c = Cluster::with(3, leases);
    c.now = Time(10_000_000);
    c.time_out(1);
    assert_eq!(c.view(1).role(), Role::PreCandidate);
    let asked = c.view(1).term();
    c.mail.clear();
    let late = Body::Vote {
        last: c.view(1).last(),
        transfer: false,
    };
    c.forge(2, 1, asked.0, late);
    assert!(c.on_the_way(1, 2, |body| *body == vote_reply(true)));
    assert_eq!(c.view(1).role(), Role::Follower);
    c.forge(3, 1, asked.0, pre_vote_reply(asked.0 + 1, true));
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Follower, asked)
    );
}

#[test]
fn m4_a_lease_needs_both_halves() {
    let joint = Members {
        voters: [1, 4, 5].map(NodeId).to_vec(),
        outgoing: [1, 2, 3].map(NodeId).to_vec(),
        ..Members::default()
    };
    let mut c = Cluster::of(&joint, leases);
    c.now = Time(10_000_000);
    c.win(1);
    c.partition(&[2, 3], &[1, 4, 5]);
    c.now = c.now + Span::millis(145);
    c.settle();
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.view(1).role(), Role::Leader);
    assert!(!has_lease(&c, 1), "the new half alone");
    c.cut.clear();
    c.heartbeat(1);
    c.settle();
    assert!(has_lease(&c, 1));
}
