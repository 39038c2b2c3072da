//! R8, R10 to R12 and limits: how much is on the way, and that it always goes on (thesis 10.2).

use crate::kit::*;
use raftwerk_core::trace::Pace;
use raftwerk_core::*;

fn with_entries(c: &Cluster, to: u64) -> Vec<usize> {
    let mail = c.mail.iter().filter(|m| m.to == NodeId(to));
    let counts = mail.filter_map(|m| match &m.body {
        Body::Append { entries, .. } if !entries.is_empty() => Some(entries.len()),
        _ => None,
    });
    counts.collect()
}

#[test]
fn r8_limits_smaller_than_an_entry_still_let_it_through() {
    let mut c = Cluster::with(3, |config| {
        config.limits.append_bytes = 1;
        config.limits.window_bytes = 1;
        config.limits.uncommitted_bytes = 4_096;
        config.limits.command_bytes = 8_192;
    });
    c.elect(1);
    let large = "x".repeat(8_192);
    c.propose(1, 1, &large)
        .expect("one may be larger than the limit of all");
    c.settle();
    for ticket in 2..=5 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    assert_eq!(with_entries(&c, 2), [1], "one at a time");
    c.run(Span::millis(200));
    assert!((1..=3).all(|id| c.commands(id).len() == 5));
}

/// The logs differ, and the first entries of the batch are known already: the conflict is still
/// reached, one entry an append.
#[test]
fn r8_a_conflict_is_reached_one_entry_at_a_time() {
    let small = |config: &mut Config| config.limits.append_bytes = 1;
    let mut c = Cluster::with(3, small);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    for ticket in 1..=5 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    c.settle();
    c.forge(2, 3, 2, append(2, 1, (1, 2), &[(2, 3), (2, 4), (2, 5)], 0));
    c.cut.clear();
    c.run(Span::millis(2_000));
    assert_eq!(c.terms(3), c.terms(1));
    assert_eq!(c.commands(3).len(), 5);
}

#[test]
fn r10_while_probing_one_append_is_on_the_way() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.feed(1, [Input::Link(NodeId(2), false)]);
    for ticket in 1..=5 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    assert_eq!(with_entries(&c, 2).len(), 1);
}

/// Two appends are on the way and both are refused: one probe answers them, not two.
#[test]
fn r10_refusals_of_a_pipeline_make_one_probe() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "a").expect("accepted");
    c.propose(1, 2, "b").expect("accepted");
    assert_eq!(with_entries(&c, 2), [1, 1]);
    c.mail.clear();
    for probe in [(1, 3), (1, 4), (1, 4), (1, 3)] {
        c.forge(2, 1, 1, append_reply(1, 1, refused(probe, (0, 1))));
    }
    assert_eq!(with_entries(&c, 2).len(), 1);
}

#[test]
fn r11_a_full_window_that_was_lost_drains_again() {
    let mut c = Cluster::new(3);
    c.elect(1);
    for ticket in 1..=6 {
        c.propose(1, ticket, "x").expect("accepted");
        c.mail.clear();
    }
    let full = |peer: &Peer| peer.full && peer.pace == Pace::Replicate;
    assert!(c.view(1).peers().iter().all(full));
    c.heartbeat(1);
    assert_eq!(
        (with_entries(&c, 2).len(), c.mail.len()),
        (0, 2),
        "one empty append each"
    );
    c.run(Span::millis(400));
    assert_eq!(c.leaders(), [1]);
    assert!((1..=3).all(|id| c.commands(id).len() == 6));
    let empty = |peer: &Peer| peer.in_flight == 0 && !peer.full;
    assert!(c.view(1).peers().iter().all(empty), "nothing leaked");
}

/// The first append of a leader is lost and nothing is written: the answer to its next heartbeat
/// must be enough.
#[test]
fn r11_a_probe_that_was_lost_is_sent_again() {
    let mut c = Cluster::new(3);
    c.win(1);
    assert_eq!(c.peer(1, 2).pace, Pace::Probe);
    c.mail.clear();
    c.run(Span::millis(400));
    assert_eq!(c.leaders(), [1]);
    assert_eq!(c.view(1).commit(), c.view(1).last().index);
}

/// A follower received an entry and lost it in a crash. Nothing is on the way to it any more and
/// nothing new is written: what it tells in the next rounds must be enough.
#[test]
fn r11_what_a_peer_lost_in_a_crash_is_sent_again() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1, 2], &[3]);
    c.slow.insert(2);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.peer(1, 2).in_flight, 0, "all of it was received");
    c.slow.remove(&2);
    c.restart(2);
    c.run(Span::millis(400));
    assert_eq!(c.leaders(), [1]);
    assert_eq!(
        (c.commands(1), c.commands(2)),
        (vec!["x".into()], vec!["x".into()])
    );
}

/// What does not fit in the window waits and shares one append, instead of one each.
#[test]
fn r12_a_small_window_makes_large_batches() {
    let mut c = Cluster::new(3);
    c.elect(1);
    let window = config(1).limits.window_messages;
    for ticket in 1..=50 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    assert_eq!(
        with_entries(&c, 2),
        vec![1; window],
        "no more until one is answered"
    );
    assert_eq!(c.peer(1, 2).in_flight, window);
    c.deliver_if(|m| matches!(m.body, Body::Append { .. }));
    c.deliver_if(|m| m.from == NodeId(2));
    assert_eq!(with_entries(&c, 2), [50 - window], "the rest in one");
    c.settle();
    assert_eq!(c.node(1).settled.len(), 50);
}

/// A window is bounded in bytes as well.
#[test]
fn r12_a_window_is_bounded_in_bytes() {
    let mut c = Cluster::with(3, |config| {
        config.limits.window_messages = 100;
        config.limits.window_bytes = 1_000;
        config.limits.append_bytes = 300;
    });
    c.elect(1);
    for ticket in 1..=50 {
        c.propose(1, ticket, &"x".repeat(100)).expect("accepted");
    }
    let sent: usize = with_entries(&c, 2).iter().sum();
    assert_eq!(
        sent, 8,
        "seven entries of 132 bytes fit below 1,000, the eighth closes it"
    );
}

#[test]
fn limits_refuse_with_reasons() {
    let mut c = Cluster::with(3, |config| {
        config.limits.command_bytes = 100;
        config.limits.uncommitted_bytes = 4_096;
        config.switches.quorum_reads = false;
    });
    let nobody = Refusal::NotLeader {
        hint: None,
        term: Term(0),
    };
    assert_eq!(c.propose(2, 1, "x"), Err(nobody));
    c.elect(1);
    let hint = Refusal::NotLeader {
        hint: Some(NodeId(1)),
        term: Term(1),
    };
    assert_eq!(c.propose(2, 1, "x"), Err(hint));
    assert_eq!(c.propose(1, 2, &"x".repeat(101)), Err(Refusal::TooLarge));
    let full = &"x".repeat(90);
    let taken = (10..1_000).take_while(|ticket| c.propose(1, *ticket, full).is_ok());
    assert_eq!(taken.count(), 4_096 / 122, "commands of 122 bytes");
    assert_eq!(c.propose(1, 5_000, full), Err(Refusal::Overloaded));
    c.settle();
    assert_eq!(c.propose(1, 5_001, full), Ok(()), "room again");
    for path in [ReadPath::Quorum, ReadPath::Lease] {
        assert_eq!(c.read(1, 1, path), Err(Refusal::Disabled));
    }
}

#[test]
fn batching_many_proposals_make_one_write_and_one_append_a_peer() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    let propose = |ticket| Input::Propose(Ticket(ticket), Payload::from(&b"x"[..]));
    let answers = c.feed(1, (0..500).map(propose));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(c.node(1).writes.len(), 1);
    assert_eq!(c.node(1).writes[0].append.len(), 500);
    // 500 entries of 33 bytes are a little more than one append of 16 KiB.
    assert_eq!(with_entries(&c, 2), [496, 4]);
}

/// Half of all messages of single commands would be answers to notices, and say nothing.
#[test]
fn a_commit_notice_has_no_answer_and_a_lost_one_comes_again_with_the_next_heartbeat() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.settle();
    c.propose(1, 7, "a").expect("it leads");
    c.deliver_if(|m| matches!(m.body, Body::Append { .. }));
    c.deliver_if(|m| matches!(m.body, Body::AppendReply { .. }));
    let commit = c.view(1).commit();
    c.mail.retain(|m| m.to != NodeId(3));
    assert_eq!(c.mail.len(), 1, "the notice to 3 is lost");
    c.deliver_if(|m| m.to == NodeId(2));
    assert_eq!((c.view(2).commit(), c.mail.len()), (commit, 0));
    assert!(c.view(3).commit() < commit);
    c.heartbeat(1);
    assert_eq!(c.deliver_if(|m| m.from == NodeId(1)), 2);
    assert_eq!((c.view(3).commit(), c.mail.len()), (commit, 2));
}

#[test]
fn a_probe_without_entries_is_answered_though_its_round_is_known_and_the_disk_is_slow() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.settle();
    c.fast_disk = false;
    let (round, last) = (1, c.view(2).last().index.0);
    let told = |c: &Cluster| c.mail.iter().filter(|m| m.from == NodeId(2)).count();
    let more = append(1, round, (1, last), &[(1, last + 1)], 0);
    c.forge(1, 2, 1, more);
    assert_eq!(told(&c), 0, "the disk has it not");
    c.forge(1, 2, 1, heartbeat(1, round, (1, last + 1), 0));
    assert_eq!(told(&c), 1, "a place that it never told to have");
    c.forge(1, 2, 1, heartbeat(1, round, (1, last), 0));
    assert_eq!(told(&c), 1, "one that it did");
    c.forge(1, 2, 1, heartbeat(1, round + 99, (1, last), 0));
    assert_eq!(told(&c), 2, "a round not seen yet");
}
