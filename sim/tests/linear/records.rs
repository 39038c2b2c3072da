//! Histories written by hand in which versions and revisions are told.

use crate::by_hand::{asked, bytes, contradiction, order_of, put, read, unknown};
use raftwerk_sim::linear::{Action, Expect, Operation, Outcome, Record, Shown, Told};

fn record(value: &str, version: u64, created: u64, modified: u64) -> Shown {
    Shown::Present(Record {
        value: bytes(value),
        version: Some(version),
        create_revision: Some(created),
        mod_revision: Some(modified),
    })
}

fn told(client: u64, action: Action, times: (u64, u64), shown: Shown, at: u64) -> Operation {
    let told = Told {
        succeeded: true,
        shown,
        revision: (at > 0).then_some(at),
    };
    let at = times.1;
    asked(client, action, times.0, Outcome::Answered { at, told })
}

#[test]
fn versions_and_revisions_of_an_answer_count() {
    let history = |version, created, modified| {
        [
            told(1, put("1"), (0, 5), Shown::Absent, 2),
            told(1, put("1"), (6, 9), record("1", 1, 2, 2), 5),
            told(
                2,
                Action::Get,
                (10, 12),
                record("1", version, created, modified),
                0,
            ),
        ]
    };
    assert_eq!(order_of(&history(2, 2, 5)), [0, 1, 2]);
    let too_many = contradiction(&history(3, 2, 5));
    assert_eq!(too_many.operation, 2);
    assert!(too_many.facts[1].operations.is_empty());
    let wrong_version = contradiction(&history(1, 2, 5));
    assert_eq!(wrong_version.operation, 2);
    // That the second write found version 1 is enough.
    assert_eq!(wrong_version.facts[1].operations, [1]);
    assert!(
        wrong_version.facts[1]
            .text
            .ends_with("x can only have been 1 (version 2)."),
        "{wrong_version}"
    );
    assert_eq!(contradiction(&history(2, 3, 5)).operation, 2);
    let stale = contradiction(&history(2, 2, 4));
    assert_eq!(stale.operation, 2);
    assert!(
        stale.facts[1].text.contains("changed at revision 5"),
        "{stale}"
    );
}

#[test]
fn a_revision_that_nobody_was_told_lies_between_its_neighbours() {
    let history = |modified| {
        [
            told(1, put("1"), (0, 5), Shown::Absent, 4),
            unknown(2, put("2"), 1),
            told(1, Action::Get, (6, 9), record("2", 2, 4, modified), 0),
            told(1, put("3"), (10, 11), Shown::Untold, 9),
        ]
    };
    for modified in 5..9 {
        assert_eq!(order_of(&history(modified)), [0, 1, 2, 3]);
    }
    assert_eq!(contradiction(&history(4)).operation, 2);
    assert_eq!(contradiction(&history(9)).operation, 3);
}

#[test]
fn a_put_that_came_too_low_is_found() {
    let history = [
        told(1, put("1"), (0, 5), Shown::Untold, 7),
        told(1, put("2"), (6, 9), Shown::Untold, 7),
    ];
    let found = contradiction(&history);
    assert_eq!(found.operation, 1);
    assert_eq!(found.facts[1].operations, [0]);
    assert!(
        found.facts[0].text.ends_with("was done, at revision 7."),
        "{found}"
    );
}

#[test]
fn a_comparison_with_a_revision_needs_that_revision() {
    let wants = |revision| Action::CompareAndSet {
        expect: Expect::Revision(revision),
        value: None,
    };
    let history = |revision| {
        [
            told(1, put("1"), (0, 5), Shown::Untold, 7),
            told(1, wants(revision), (6, 9), Shown::Absent, 8),
            read(1, None, 10, 11),
        ]
    };
    assert_eq!(order_of(&history(7)), [0, 1, 2]);
    assert_eq!(contradiction(&history(6)).operation, 1);
    assert_eq!(contradiction(&history(0)).operation, 1);
}
