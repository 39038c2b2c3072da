//! When a suspect node is trusted again, and when not yet.

use super::*;
use raftwerk_core::trace::{Kind, Role, TrustReason};

fn reason(c: &Cluster, id: u64) -> Option<TrustReason> {
    c.node(id).events.iter().find_map(|event| match event.kind {
        Kind::Trusted { reason, .. } => Some(reason),
        _ => None,
    })
}

/// Under the leader that it had acknowledged to: all of it, and on disk.
#[test]
fn d3_trusted_when_all_that_was_promised_is_on_disk_again() {
    let mut c = with_a_and_b(3);
    c.slow = [2].into();
    c.rot(2, 3);
    c.mail.clear();
    c.beat(1);
    assert_eq!(c.view(2).last().index, Index(4), "in memory");
    assert!(c.is_suspect(2), "and not on disk");
    assert_ne!(c.node(2).disk.condition, Condition::Clean);
    c.complete_writes(2);
    assert!(!c.is_suspect(2));
    assert_eq!(reason(&c, 2), Some(TrustReason::Covered { to: Index(4) }));
    assert_eq!(
        c.node(2).disk.condition,
        Condition::Clean,
        "the host forgets"
    );
    c.settle();
    assert!(!c.peer(1, 2).suspect, "and the leader hears of it");
    // From now on it is a voter like any other.
    c.partition(&[1], &[2, 3]);
    c.slow.clear();
    c.now = c.now + Span::millis(1_000);
    c.elect(3);
}

/// A log that meets the leader's and ends below what was promised is not enough. S2 and S3 are
/// left, S2 lost "b", S3 never had it: with S2's vote S3 would lead without what is committed.
#[test]
fn d3_not_trusted_because_the_leader_s_log_fits() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.partition(&[3], &[1, 2]);
    c.propose(1, 1, "b").expect("accepted");
    c.settle();
    assert_eq!(c.ended(1)[1], (1, Outcome::Committed(LogId::new(1, 4))));
    c.rot(2, 4);
    c.forge(1, 2, 1, heartbeat(1, 9, (1, 3), 3));
    c.mail.clear();
    assert!(c.is_suspect(2), "up to 3 all is proven and on disk");
    c.cut.clear();
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(3_000));
    assert!(c.leaders().is_empty(), "nobody leads without \"b\"");
    c.cut.clear();
    c.run(Span::millis(1_000));
    assert!(!c.is_suspect(2));
    c.propose(c.leaders()[0], 99, "c").expect("accepted");
    c.run(Span::millis(500));
    assert!((1..=3).all(|id| c.commands(id) == ["a", "b", "c"]));
}

/// Of five, S1, S2 and S3 have "b"; S3's copy rots. S1 and S2 are away: S3 may help neither S4
/// nor S5 to lead, nor lead itself, until S1 is back, and then "b" is there.
#[test]
fn d3_what_was_committed_with_a_copy_that_rotted_is_not_lost() {
    let mut c = Cluster::new(5);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.partition(&[1, 2, 3], &[4, 5]);
    c.propose(1, 1, "b").expect("accepted");
    c.settle();
    assert_eq!(c.view(1).commit(), Index(4));
    c.rot(3, 4);
    c.mail.clear();
    c.cut.clear();
    c.partition(&[1, 2], &[3, 4, 5]);
    c.run(Span::millis(5_000));
    let leads = |id: u64| c.view(id).role() == Role::Leader;
    assert!(![3, 4, 5].into_iter().any(leads));
    c.cut.clear();
    c.partition(&[2], &[1, 3, 4, 5]);
    c.run(Span::millis(5_000));
    assert!(!c.is_suspect(3));
    assert_eq!(c.commands(3), ["a", "b"]);
}

/// How far it promised nobody knows: an entry of a term that began later tells all the same. The
/// leader of its own term cannot help it.
#[test]
fn d3_an_entry_of_a_newer_term_is_enough() {
    let mut c = with_a_and_b(3);
    c.rot_without_end(2, 3);
    c.beat(1);
    c.commit_all(1, &["c"]);
    assert_eq!(c.view(2).durable(), Index(5));
    assert!(c.is_suspect(2) && c.peer(1, 2).suspect);
    c.now = c.now + Span::millis(1_000);
    c.slow = [2].into();
    c.elect(3);
    c.beat(3);
    assert!(c.is_suspect(2), "in memory");
    c.complete_writes(2);
    let since = Term(1);
    assert_eq!(reason(&c, 2), Some(TrustReason::NewerTerm { since }));
    c.settle();
    assert!(!c.peer(3, 2).suspect);
}

/// The host had noted the suspicion and forgets it only when told; so does every later life. The
/// term that counts is that of the discovery: what came since may be enough at once.
#[test]
fn d3_a_crash_while_suspect_changes_nothing() {
    let mut c = with_a_and_b(3);
    c.rot_without_end(2, 3);
    c.beat(1);
    for _ in 0..2 {
        c.restart(2);
        assert_eq!(
            c.view(2).suspect().map(|s| (s.from, s.since)),
            Some((Index(3), Term(1)))
        );
        c.now = c.now + Span::millis(1_000);
        assert_eq!(answer(&mut c, 2, 3, 2, vote((1, 4))), Some(false));
    }
    // S3 leads and its entry reaches the disk of S2; the power goes before S2 hears that.
    c.slow = [2].into();
    c.elect(3);
    c.beat(3);
    while !c.node(2).writes.is_empty() {
        c.perform_oldest(2);
    }
    assert!(c.is_suspect(2));
    c.restart(2);
    assert!(!c.is_suspect(2), "its log says so");
    assert_eq!(c.node(2).disk.condition, Condition::Clean);
}

/// The leader has dropped what was lost: its snapshot holds it, once that is in force on disk.
#[test]
fn d3_an_installed_snapshot_counts() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a", "b"]);
    c.snapshot(1);
    c.slow = [2].into();
    c.rot(2, 2);
    c.mail.clear();
    c.beat(1);
    assert!(c.view(2).installing() && c.is_suspect(2));
    c.complete_writes(2);
    c.settle();
    assert_eq!(reason(&c, 2), Some(TrustReason::Covered { to: Index(4) }));
    assert_eq!(c.commands(2), ["a", "b"]);
    assert!(!c.peer(1, 2).suspect);
}

/// Nothing at all is left, not even who the members are: it comes back all the same.
#[test]
fn d3_a_node_that_lost_its_whole_log_comes_back() {
    let mut c = with_a_and_b(3);
    c.rot(2, 1);
    assert!(c.view(2).membership().is_none());
    c.run(Span::millis(500));
    assert!(!c.is_suspect(2));
    assert_eq!(c.commands(2), ["a", "b"]);
}

/// All have rotted, one after the other and each when the one before was back: nothing is lost.
#[test]
fn d3_one_after_the_other_all_may_rot() {
    let mut c = with_a_and_b(3);
    for (round, id) in [2, 3, 1, 2].into_iter().enumerate() {
        c.rot(id, 2);
        c.run(Span::millis(2_000));
        assert!(!c.is_suspect(id), "S{id}");
        let ticket = 50 + round as u64;
        c.propose(c.leaders()[0], ticket, "x").expect("accepted");
        c.run(Span::millis(500));
    }
    let all = ["a", "b", "x", "x", "x", "x"];
    assert!((1..=3).all(|id| c.commands(id) == all));
}
