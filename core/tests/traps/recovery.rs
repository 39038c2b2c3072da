//! R15, R19, R23: what a restart may rely on (thesis 3.8, 10.2.1).

use crate::kit::*;
use raftwerk_core::*;

#[test]
fn r15_a_single_node_answers_only_from_disk() {
    let mut c = Cluster::new(1);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    assert!(c.node(1).settled.is_empty());
    assert_eq!(c.view(1).commit(), Index(2));
    c.complete_write(1);
    let done = Outcome::Committed(LogId::new(1, 3));
    assert_eq!(c.node(1).settled, [(Ticket(1), done)]);
}

/// Entries of a term and the term itself are one write, so that no crash leaves an entry without
/// its term: an older leader would overwrite it.
#[test]
fn r19_term_and_entries_travel_in_one_stream() {
    let mut c = Cluster::new(3);
    c.fast_disk = false;
    c.forge(2, 1, 5, append(5, 1, (0, 1), &[(5, 2)], 0));
    let write = &c.node(1).writes[0];
    assert_eq!(write.hard_state.map(|state| state.term), Some(Term(5)));
    assert_eq!(write.append.len(), 1);
    // Votes and entries of three more terms; power goes after each write in turn.
    let mut disks = vec![c.node(1).disk.clone()];
    let steps = [
        (3, 6, vote((5, 9))),
        (3, 6, append(6, 1, (0, 1), &[(6, 2), (6, 3)], 0)),
        (2, 7, append(7, 1, (6, 2), &[(7, 3)], 0)),
        (3, 8, vote((8, 9))),
    ];
    for (from, term, body) in steps {
        c.now = c.now + Span::millis(1_000);
        c.forge(from, 1, term, body);
        if c.node(1).writes.len() == 2 {
            c.complete_write(1);
            disks.push(c.node(1).disk.clone());
        }
    }
    while !c.node(1).writes.is_empty() {
        c.complete_write(1);
        disks.push(c.node(1).disk.clone());
    }
    assert!(disks.len() >= 4, "several moments: {}", disks.len());
    for disk in disks {
        let (term, last) = (disk.hard_state.term, disk.entries.last().map(|e| e.id.term));
        assert!(last <= Some(term), "{last:?} on disk, term {term}");
        assert!(Raft::boot(config(1), disk, Time(0)).is_ok());
    }
}

/// A log that is newer than its term is no log of ours.
#[test]
fn r19_a_log_newer_than_its_term_does_not_start() {
    let mut disk = Durable::bootstrap(&Members::of_voters([1, 2, 3].map(NodeId)));
    disk.entries.push(noop(5, 2));
    disk.hard_state.term = Term(4);
    let refused = Raft::boot(config(1), disk.clone(), Time(0));
    assert!(matches!(refused, Err(BootError::Log(_))));
    disk.hard_state.term = Term(5);
    assert!(Raft::boot(config(1), disk, Time(0)).is_ok());
}

#[test]
fn r23_after_a_restart_nothing_is_committed_until_the_leader_says_so() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(100));
    assert_eq!(c.commands(2), ["x"]);
    c.restart(2);
    c.run(Span::millis(10));
    assert_eq!((c.view(2).commit(), c.commands(2).len()), (Index(0), 0));
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.view(2).commit(), Index(3));
    assert_eq!(c.commands(2), ["x"], "applied once in this life");
}

/// All restart: the old tail is committed by an entry of the new term, and by nothing earlier.
#[test]
fn r23_the_old_tail_waits_for_an_entry_of_the_new_term() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(100));
    for id in 1..=3 {
        c.restart(id);
    }
    c.now = c.now + Span::millis(300);
    c.win(2);
    assert_eq!(c.view(2).commit(), Index(0));
    c.forge(1, 2, 2, append_reply(2, 1, accepted(3)));
    assert_eq!(
        c.view(2).commit(),
        Index(0),
        "a majority has it, of an older term"
    );
    c.settle();
    assert_eq!(c.view(2).commit(), Index(4));
    c.run(Span::millis(100));
    assert!((1..=3).all(|id| c.commands(id) == ["x"]));
}

#[test]
fn r23_a_single_node_applies_its_log_again_once_and_after_its_opening_entry() {
    let mut c = Cluster::new(1);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.restart(1);
    c.fast_disk = false;
    c.time_out(1);
    c.complete_write(1);
    assert_eq!(c.view(1).noop(), Some(Index(4)));
    assert_eq!((c.view(1).commit(), c.commands(1).len()), (Index(0), 0));
    c.complete_write(1);
    assert_eq!(c.view(1).commit(), Index(4));
    assert_eq!(c.commands(1), ["x"]);
}
