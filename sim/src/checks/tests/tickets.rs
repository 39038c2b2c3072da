//! Tickets that end twice, wrongly or never are seen, at once or in the step that forgets them.

use super::super::{Check, Checks, Taken};
use super::{ask, found, name, others, run, settled};
use crate::intervention::{Intervention, Op};
use crate::storm::heal;
use raftwerk_core::{Index, LogId, Outcome, Output, Refusal, Ticket};
use raftwerk_wire::client::ReadMode;

fn put() -> Op {
    Op::Put {
        key: "y".into(),
        value: "1".into(),
    }
}

fn settles(ticket: u64, outcome: Outcome) -> Output {
    let ticket = Ticket(ticket);
    Output::Settled { ticket, outcome }
}

/// What the check says when node 1 hands out `outputs` after it took on `taken` as ticket 7.
fn judge(taken: Taken, outputs: &[Output]) -> Option<&'static str> {
    let mut checks = Checks::default();
    for term in [0, 1, 1] {
        let (hash, by, halves) = (0, 1, Default::default());
        checks.ledger.commit(super::super::ledger::Committed {
            term,
            hash,
            by,
            halves,
        });
    }
    checks.on_taken(1, Ticket(7), taken);
    for output in outputs {
        checks.on_end(1, 2, output);
    }
    checks.violation().map(|violation| violation.check)
}

#[test]
fn an_end_that_is_the_second_or_of_the_other_kind_is_seen() {
    let wrong = Some(name(Check::Tickets));
    let (ticket, index) = (Ticket(7), Index(2));
    let until = None;
    let read_at = Output::ReadAt {
        ticket,
        index,
        until,
    };
    let why = Refusal::LeaderLost;
    let read_failed = Output::ReadFailed { ticket, why };
    let entry = Taken::Entry(LogId::new(1, 2));
    let unknown = settles(7, Outcome::Unknown);
    assert_eq!(judge(Taken::Read, std::slice::from_ref(&read_at)), None);
    assert_eq!(judge(entry, std::slice::from_ref(&unknown)), None);
    for twice in [[&read_at, &read_failed], [&read_failed, &read_at]] {
        assert_eq!(judge(Taken::Read, &twice.map(Clone::clone)), wrong);
    }
    assert_eq!(judge(entry, &[unknown.clone(), unknown.clone()]), wrong);
    assert_eq!(judge(entry, &[read_at]), wrong);
    assert_eq!(judge(Taken::Read, &[unknown]), wrong);
    assert_eq!(judge(entry, &[settles(8, Outcome::Unknown)]), wrong);
}

/// Trap R22: a ticket is bound to one entry.
#[test]
fn an_outcome_that_is_not_the_entrys_is_seen() {
    let wrong = Some(name(Check::Tickets));
    let entry = |index| Taken::Entry(LogId::new(1, index));
    let committed = |index| settles(7, Outcome::Committed(LogId::new(1, index)));
    assert_eq!(judge(entry(2), &[committed(2)]), None);
    assert_eq!(judge(entry(2), &[committed(3)]), wrong, "another entry");
    assert_eq!(judge(entry(3), &[committed(3)]), wrong, "not handed out");
    assert_eq!(judge(entry(4), &[committed(4)]), wrong, "not committed");
    assert_eq!(judge(entry(3), &[settles(7, Outcome::Lost)]), wrong);
    assert_eq!(judge(entry(4), &[settles(7, Outcome::Lost)]), None);
}

#[test]
fn an_entry_that_was_called_lost_must_stay_lost() {
    let mut checks = Checks::default();
    let id = LogId::new(1, 4);
    checks.on_taken(1, Ticket(7), Taken::Entry(id));
    checks.on_end(1, 0, &settles(7, Outcome::Lost));
    checks.on_committed(LogId::new(2, 4));
    assert_eq!(checks.violation(), None);
    checks.on_committed(id);
    assert_eq!(
        checks.violation().map(|v| v.check),
        Some(name(Check::Tickets))
    );
}

#[test]
fn a_ticket_that_is_forgotten_is_seen_in_the_next_step_of_its_node() {
    let (world, leader) = settled();
    let raft = world.nodes[leader as usize - 1].raft.as_ref().unwrap();
    let last = raft.view().last();
    let next = |term| Taken::Entry(LogId::new(term, last.index.0 + 1));
    let cases = [
        (leader, Taken::Read),
        (leader, Taken::Entry(last)),
        (leader, next(last.term.0 - 1)),
        (leader % 3 + 1, Taken::Read),
        (leader % 3 + 1, next(last.term.0)),
    ];
    for (node, forgotten) in cases {
        let mut world = world.clone();
        world.checks.on_taken(node, Ticket(1 << 40), forgotten);
        let found = found(&mut world, 200_000);
        let seen = found.contains(name(Check::Tickets));
        assert!(seen, "S{node}, {forgotten:?}: {found:?}");
    }
    assert!(found(&mut world.clone(), 200_000).is_empty());
}

#[test]
fn a_ticket_number_that_is_still_open_is_seen() {
    let mut checks = Checks::default();
    checks.on_taken(1, Ticket(7), Taken::Read);
    checks.on_taken(2, Ticket(7), Taken::Read);
    assert_eq!(checks.violation(), None, "another node, another ticket");
    checks.on_taken(1, Ticket(7), Taken::Read);
    assert_eq!(
        checks.violation().map(|v| v.check),
        Some(name(Check::Tickets))
    );
}

/// A leader alone keeps a write and a read open, which is no fault; a crash swallows both.
#[test]
fn what_waits_for_a_majority_may_stay_open_and_a_crash_swallows_it() {
    let (mut world, leader) = settled();
    for node in others(leader) {
        world.act(&Intervention::Crash(node)).unwrap();
    }
    ask(&mut world, leader, put());
    let (key, mode) = ("y".into(), ReadMode::Leader);
    let (client, node, op) = (2, leader, Op::Get { key, mode });
    world.act(&Intervention::Ask { client, node, op }).unwrap();
    run(&mut world, 100_000);
    assert_eq!((world.violation(), world.checks.open_tickets()), (None, 2));
    assert!(!world.is_quiet());
    world.act(&Intervention::Crash(leader)).unwrap();
    assert_eq!(world.checks.open_tickets(), 0);
    heal(&mut world);
    assert_eq!(world.violation(), None);
    assert!(world.is_quiet());
}

#[test]
fn what_is_open_when_all_is_quiet_is_seen() {
    let (mut world, _) = settled();
    world.report_open();
    assert_eq!(world.violation(), None);
    // As a read that some node remembers in vain would look: it is counted and never ends.
    world.checks.on_taken(1, Ticket(1 << 40), Taken::Read);
    world.report_open();
    assert_eq!(
        world.violation().map(|v| v.check),
        Some(name(Check::Tickets))
    );
}
