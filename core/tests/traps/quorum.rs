//! L13 and M4: quorum reads, without the leader (HotCloud 2017; design R4).

use crate::kit::*;
use raftwerk_core::trace::{Kind, ReadProof, Role};
use raftwerk_core::*;

const AT_3: Result<Index, Refusal> = Ok(Index(3));

/// S1 leads, and all know that "x" is committed at 3.
pub fn with_x(size: u64) -> Cluster {
    let mut c = Cluster::new(size);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(100));
    c
}

pub fn quorum_read(c: &mut Cluster, id: u64, ticket: u64) {
    c.read(id, ticket, ReadPath::Quorum).expect("taken");
}

pub fn asks(c: &Cluster, from: u64) -> usize {
    let asks = |m: &&Message| m.from == NodeId(from) && matches!(m.body, Body::ReadMark { .. });
    c.mail.iter().filter(asks).count()
}

pub fn fell_back(c: &Cluster, id: u64) -> bool {
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
