//! L13 and M4: quorum reads, without the leader (HotCloud 2017; design R4).

use crate::kit::*;
use raftwerk_core::trace::{FallBack, Kind, ReadProof, Role};
use raftwerk_core::*;

const AT_3: Result<Index, Refusal> = Ok(Index(3));

/// S1 leads, and all know that "x" is committed at 3.
fn with_x(size: u64) -> Cluster {
    let mut c = Cluster::new(size);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(100));
    c
}

fn quorum_read(c: &mut Cluster, id: u64, ticket: u64) {
    c.read(id, ticket, ReadPath::Quorum).expect("taken");
}

fn asks(c: &Cluster, from: u64) -> usize {
    let asks = |m: &&Message| m.from == NodeId(from) && matches!(m.body, Body::ReadMark { .. });
    c.mail.iter().filter(asks).count()
}

fn fell_back(c: &Cluster, id: u64) -> bool {
    c.saw(id, |kind| matches!(kind, Kind::ReadFellBack { .. }))
}

#[test]
fn l13_a_quorum_read_needs_no_leader() {
    let mut c = with_x(3);
    c.partition(&[1], &[2, 3]);
    c.time_out(2);
    c.mail.clear();
    assert_eq!(c.view(2).leader(), None);
    quorum_read(&mut c, 2, 1);
    assert_eq!(asks(&c, 2), 2, "all other voters");
    assert!(c.node(2).reads.is_empty());
    c.settle();
    assert_eq!(c.node(2).reads, [(Ticket(1), AT_3)]);
    let asked = c.saw(2, |kind| match kind {
        Kind::ReadConfirmed {
            proof: ReadProof::Marks { marks, .. },
            ..
        } => marks[..] == [(NodeId(2), Index(3)), (NodeId(3), Index(3))],
        _ => false,
    });
    assert!(asked);
}

/// The write was answered; whoever reads has not got it, and nor has the first who answers.
#[test]
fn l13_the_longest_log_of_a_majority_is_waited_for() {
    let mut c = Cluster::new(5);
    c.elect(1);
    c.partition(&[1, 2, 3], &[4, 5]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    let done = Outcome::Committed(LogId::new(1, 3));
    assert_eq!(c.node(1).settled, [(Ticket(1), done)]);
    c.cut.clear();
    c.partition(&[1, 2], &[3, 4, 5]);
    quorum_read(&mut c, 5, 2);
    c.deliver_if(|m| matches!(m.body, Body::ReadMark { .. }));
    c.deliver_if(|m| m.from == NodeId(4));
    assert_eq!(c.view(5).marking().map(|round| round.marks.len()), Some(2));
    c.settle();
    assert!(c.node(5).reads.is_empty(), "S3 has the write, S5 has not");
    assert_eq!(c.view(5).reads()[0].index, Some(Index(3)));
    c.cut.clear();
    c.run(Span::millis(200));
    assert_eq!(c.node(5).reads, [(Ticket(2), AT_3)]);
    assert_eq!(c.commands(5), ["x"]);
}

/// Any number of reads cost one round; those that come meanwhile share the next one. The number
/// that waits is bounded.
#[test]
fn l13_reads_share_rounds_and_are_bounded() {
    let mut c = Cluster::with(3, |config| config.limits.open_reads = 60);
    c.elect(1);
    c.run(Span::millis(100));
    let read = |ticket| Input::Read(Ticket(ticket), ReadPath::Quorum);
    let answers = c.feed(2, (1..=50).map(read));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(asks(&c, 2), 2);
    let answers = c.feed(2, (51..=61).map(read));
    let refused = answers.iter().filter(|a| **a == Err(Refusal::Overloaded));
    assert_eq!(
        (refused.count(), asks(&c, 2)),
        (1, 2),
        "one round at a time"
    );
    c.deliver_if(|m| m.from == NodeId(2));
    c.deliver_if(|m| m.from == NodeId(3));
    assert_eq!(c.node(2).reads.len(), 50);
    assert_eq!(asks(&c, 2), 2, "the next round");
    c.settle();
    assert_eq!(c.node(2).reads.len(), 60);
    let rounds = c.node(2).events.iter();
    let rounds = rounds.filter(|e| matches!(e.kind, Kind::AskedMarks { .. }));
    assert_eq!(rounds.count(), 2);
}

/// An answer that is late belongs to another round, whatever it says.
#[test]
fn l13_answers_to_an_earlier_round_count_for_nothing() {
    let mut c = with_x(3);
    c.partition(&[1, 3], &[2]);
    quorum_read(&mut c, 2, 1);
    let first = c.mail.iter().find_map(|m| match m.body {
        Body::ReadMark { request } => Some(request),
        _ => None,
    });
    c.run(Span::millis(1_000));
    assert_eq!(c.node(2).reads, [(Ticket(1), Err(Refusal::TimedOut))]);
    c.propose(1, 2, "y").expect("accepted");
    c.settle();
    quorum_read(&mut c, 2, 3);
    let late = Body::ReadMarkReply {
        request: first.expect("it asked"),
        last: Index(3),
        membership: LogId::new(0, 1),
    };
    c.forge(3, 2, 1, late);
    assert_eq!(
        c.node(2).reads.len(),
        1,
        "\"y\" was answered before this read"
    );
    c.cut.clear();
    c.run(Span::millis(500));
    assert_eq!(c.node(2).reads[1].0, Ticket(3));
    assert_eq!(c.commands(2), ["x", "y"]);
}

/// Lost questions are asked again, of those who have not answered.
#[test]
fn l13_lost_questions_are_asked_again() {
    let mut c = with_x(5);
    quorum_read(&mut c, 4, 1);
    c.deliver_if(|m| m.to == NodeId(5));
    c.deliver_if(|m| m.from == NodeId(5));
    c.mail.clear();
    let number = |c: &Cluster| {
        let mut asked = c.mail.iter().filter(|m| m.from == NodeId(4));
        asked.find_map(|m| match m.body {
            Body::ReadMark { request } => Some(request),
            _ => None,
        })
    };
    assert_eq!(number(&c), None);
    c.wait(Span::millis(101));
    assert_eq!(asks(&c, 4), 3, "S1, S2, S3");
    assert!(number(&c).is_some());
    c.settle();
    assert_eq!(c.node(4).reads, [(Ticket(1), AT_3)]);
}

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

/// The end of a deposed leader's log is nobody's any more: after a heartbeat the leader is asked
/// as well, and the smaller index serves.
#[test]
fn l13_a_mark_that_is_never_committed_holds_up_nobody() {
    let mut c = with_x(3);
    c.partition(&[1], &[2, 3]);
    for ticket in 2..=5 {
        c.propose(1, ticket, "never").expect("accepted");
    }
    c.now = Time(10_000_000);
    c.elect(2);
    c.mail.clear();
    c.cut.clear();
    c.partition(&[1], &[2]);
    quorum_read(&mut c, 3, 1);
    c.deliver_if(|m| m.to == NodeId(1));
    c.deliver_if(|m| m.from == NodeId(1) && matches!(m.body, Body::ReadMarkReply { .. }));
    assert_eq!(c.view(3).reads()[0].index, Some(Index(7)));
    c.cut.clear();
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(200));
    let [(Ticket(1), Ok(index))] = c.node(3).reads[..] else {
        panic!("{:?}", c.node(3).reads);
    };
    assert!(index < Index(7) && index >= Index(4), "{index}");
}

/// The same at a leader that reads so.
#[test]
fn l13_a_leader_whose_mark_is_never_committed_takes_its_own_word() {
    let mut c = with_x(3);
    c.partition(&[1], &[2, 3]);
    for ticket in 2..=5 {
        c.propose(1, ticket, "never").expect("accepted");
    }
    c.now = Time(10_000_000);
    c.elect(2);
    c.mail.clear();
    c.cut.clear();
    c.partition(&[2], &[3]);
    quorum_read(&mut c, 2, 1);
    c.deliver_if(|m| matches!(m.body, Body::ReadMark { .. }));
    c.deliver_if(|m| matches!(m.body, Body::ReadMarkReply { .. }));
    assert_eq!(c.view(2).reads()[0].index, Some(Index(7)));
    c.cut.clear();
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(200));
    let [(Ticket(1), Ok(index))] = c.node(2).reads[..] else {
        panic!("{:?}", c.node(2).reads);
    };
    assert!(index < Index(7) && index >= Index(4), "{index}");
}

/// No majority answers: the read ends with a reason, once.
#[test]
fn l13_a_quorum_read_without_a_majority_ends_in_time() {
    let mut c = with_x(3);
    c.partition(&[2], &[1, 3]);
    quorum_read(&mut c, 2, 1);
    c.run(Span::millis(400));
    assert!(c.node(2).reads.is_empty());
    c.run(Span::millis(300));
    assert_eq!(c.node(2).reads, [(Ticket(1), Err(Refusal::TimedOut))]);
    assert!(c.node(2).open.is_empty());
    c.run(Span::millis(2_000));
    assert!(c.view(2).reads().is_empty());
}

/// Terms are none of its business: whoever answers may be in a newer one and nobody steps down.
#[test]
fn l13_marks_raise_no_term() {
    let mut c = with_x(3);
    c.forge(2, 3, 9, Body::ReadMark { request: 5 });
    assert_eq!(c.view(3).term(), Term(1));
    let told = |body: &Body| {
        *body
            == Body::ReadMarkReply {
                request: 5,
                last: Index(3),
                membership: LogId::new(0, 1),
            }
    };
    assert!(c.on_the_way(3, 2, told));
    c.mail.clear();
    quorum_read(&mut c, 1, 1);
    let request = c.mail.iter().find_map(|m| match m.body {
        Body::ReadMark { request } => Some(request),
        _ => None,
    });
    let answer = Body::ReadMarkReply {
        request: request.expect("it asked"),
        last: Index(3),
        membership: LogId::new(0, 1),
    };
    c.forge(2, 1, 9, answer);
    assert_eq!(c.node(1).reads, [(Ticket(1), AT_3)]);
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Leader, Term(1))
    );
}

/// After a start nothing is known to be committed, so nobody knows whom to ask.
#[test]
fn l11_a_quorum_read_after_a_start_waits_for_the_commit_index() {
    let mut c = with_x(3);
    c.restart(2);
    quorum_read(&mut c, 2, 1);
    assert!(c.mail.is_empty() && fell_back(&c, 2));
    c.run(Span::millis(200));
    assert_eq!(c.node(2).reads, [(Ticket(1), AT_3)]);
    assert_eq!(c.commands(2), ["x"]);
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

/// Who has stopped for good tells nothing and reads nothing.
#[test]
fn d2_a_fenced_node_tells_no_mark() {
    let mut c = with_x(3);
    c.slow = [3].into();
    quorum_read(&mut c, 3, 1);
    c.mail.clear();
    c.propose(1, 2, "y").expect("accepted");
    c.deliver_if(|m| m.to == NodeId(3));
    let seq = c.node(3).writes[0].seq;
    c.feed(3, [Input::PersistFailed(seq)]);
    assert_eq!(c.node(3).reads, [(Ticket(1), Err(Refusal::Fenced))]);
    c.mail.clear();
    c.forge(2, 3, 1, Body::ReadMark { request: 5 });
    assert!(c.mail.is_empty());
}
