//! Histories written by hand.

use raftwerk_sim::linear::{
    Action, Expect, Impossible, Limit, Operation, Outcome, Payload, Shown, Told, Verdict, check,
};

pub fn bytes(text: &str) -> Payload {
    text.as_bytes().into()
}

pub fn put(value: &str) -> Action {
    Action::Put(bytes(value))
}

pub fn cas(expect: Option<&str>, value: &str) -> Action {
    Action::CompareAndSet {
        expect: expect.map_or(Expect::Absent, |value| Expect::Value(bytes(value))),
        value: Some(bytes(value)),
    }
}

pub fn asked(client: u64, action: Action, called: u64, outcome: Outcome) -> Operation {
    Operation {
        client,
        key: bytes("x"),
        action,
        called,
        outcome,
    }
}

/// Answered without being shown anything.
pub fn done(client: u64, action: Action, called: u64, at: u64) -> Operation {
    let told = Told {
        succeeded: true,
        shown: Shown::Untold,
        revision: None,
    };
    asked(client, action, called, Outcome::Answered { at, told })
}

pub fn failed_cas(client: u64, action: Action, called: u64, at: u64) -> Operation {
    let told = Told {
        succeeded: false,
        shown: Shown::Untold,
        revision: None,
    };
    asked(client, action, called, Outcome::Answered { at, told })
}

pub fn read(client: u64, value: Option<&str>, called: u64, at: u64) -> Operation {
    let told = Told {
        succeeded: true,
        shown: Shown::value(value.map(str::as_bytes)),
        revision: None,
    };
    asked(client, Action::Get, called, Outcome::Answered { at, told })
}

pub fn unknown(client: u64, action: Action, called: u64) -> Operation {
    asked(client, action, called, Outcome::Unknown)
}

pub fn order_of(history: &[Operation]) -> Vec<usize> {
    match check(history, Limit::default()) {
        Verdict::Linearizable(orders) => orders
            .iter()
            .flat_map(|order| order.steps.iter().map(|step| step.operation))
            .collect(),
        other => panic!("there is an order: {other:?}"),
    }
}

pub fn contradiction(history: &[Operation]) -> Impossible {
    match check(history, Limit::default()) {
        Verdict::Impossible(impossible) => {
            assert!(impossible.minimal);
            *impossible
        }
        other => panic!("there is no order: {other:?}"),
    }
}

#[test]
fn nothing_has_an_order() {
    assert_eq!(
        check(&[], Limit::default()),
        Verdict::Linearizable(Vec::new())
    );
}

#[test]
fn one_open_operation_has_an_order() {
    assert!(order_of(&[unknown(1, put("1"), 5)]).is_empty());
    assert!(order_of(&[unknown(1, Action::Get, 5)]).is_empty());
}

#[test]
fn a_stale_read_contradicts_the_write_before_it() {
    let history = [
        done(1, put("1"), 0, 10),
        done(1, put("2"), 12, 20),
        read(2, Some("1"), 25, 30),
        read(2, Some("2"), 31, 35),
    ];
    let found = contradiction(&history);
    assert_eq!(found.operation, 2);
    assert_eq!(found.facts[0].operations, [2]);
    assert_eq!(found.facts[1].operations, [1]);
    assert_eq!(
        found.to_string(),
        "C2's get x (0.025 ms to 0.030 ms) read 1. But C1's put x=2 (0.012 ms to 0.020 ms) was \
         done: x can only have been 2."
    );
    let steps: Vec<_> = found
        .order
        .steps
        .iter()
        .map(|s| (s.operation, s.at))
        .collect();
    assert_eq!(steps, [(0, 0), (1, 12)]);
    assert_eq!(found.order.steps[1].value, Some(bytes("2")));
}

#[test]
fn two_reads_that_go_back_contradict_each_other() {
    let history = [
        done(1, put("1"), 0, 10),
        done(1, put("2"), 20, 90),
        read(2, Some("2"), 30, 40),
        read(3, Some("1"), 50, 60),
    ];
    let found = contradiction(&history);
    assert_eq!(found.operation, 3);
    // The second write is still under way, so not its end but the read proves that it happened.
    assert_eq!(found.facts[1].operations, [2]);
}

#[test]
fn a_lost_write_is_missed_by_the_read_after_it() {
    let found = contradiction(&[done(1, put("1"), 0, 10), read(2, None, 11, 12)]);
    assert_eq!(found.operation, 1);
    assert_eq!(found.facts[1].operations, [0]);
    assert_eq!(
        found.facts[1].text,
        "But C1's put x=1 (0.000 ms to 0.010 ms) was done: x can only have been 1."
    );
}

#[test]
fn a_phantom_was_never_written() {
    let history = [done(1, put("1"), 0, 10), read(2, Some("7"), 11, 12)];
    let found = contradiction(&history);
    assert_eq!(found.operation, 1);
    assert!(found.facts[1].operations.is_empty());
    assert_eq!(
        found.facts[0].text,
        "C2's get x (0.011 ms to 0.012 ms) read 7."
    );
    // Nor can a write explain it that began only afterwards.
    let history = [read(2, Some("7"), 11, 12), done(1, put("7"), 13, 20)];
    let found = contradiction(&history);
    assert_eq!(found.operation, 0);
    assert_eq!(
        found.facts[1].text,
        "But of all that had begun by then nothing leads there: x can only have been absent."
    );
}

#[test]
fn an_unknown_write_may_appear_later() {
    let history = [
        unknown(1, put("1"), 0),
        read(2, None, 10, 20),
        read(2, None, 30, 40),
        read(2, Some("1"), 50, 60),
    ];
    assert_eq!(order_of(&history), [1, 2, 0, 3]);
    // But not before it is called, and not twice.
    let early = [read(2, Some("1"), 0, 10), unknown(1, put("1"), 11)];
    assert_eq!(contradiction(&early).operation, 0);
    let twice = [
        unknown(1, put("1"), 0),
        read(2, Some("1"), 10, 20),
        done(3, Action::Delete, 21, 22),
        read(2, Some("1"), 30, 40),
    ];
    assert_eq!(contradiction(&twice).operation, 3);
}

#[test]
fn an_unknown_write_may_never_appear() {
    let history = [
        unknown(1, put("1"), 0),
        read(2, None, 10, 20),
        done(2, put("2"), 21, 25),
        read(2, Some("2"), 30, 40),
    ];
    assert_eq!(order_of(&history), [1, 2, 3]);
}

#[test]
fn what_certainly_failed_never_happened() {
    let history = [
        asked(1, put("1"), 0, Outcome::Failed),
        read(2, Some("1"), 10, 20),
    ];
    assert_eq!(contradiction(&history).operation, 1);
    let history = [
        asked(1, put("1"), 0, Outcome::Failed),
        read(2, None, 10, 20),
    ];
    assert_eq!(order_of(&history), [1]);
}

#[test]
fn of_two_racing_comparisons_one_wins() {
    let race = |second: Operation| {
        [
            done(1, put("0"), 0, 5),
            done(1, cas(Some("0"), "1"), 10, 30),
            second,
        ]
    };
    let loses = race(failed_cas(2, cas(Some("0"), "2"), 10, 20));
    assert_eq!(order_of(&loses), [0, 1, 2]);
    let wins_too = race(done(2, cas(Some("0"), "2"), 10, 20));
    let found = contradiction(&wins_too);
    assert_eq!(found.operation, 1);
    // There was only one 0 to find, whenever it was put.
    assert_eq!(found.facts[1].operations, [2]);
    assert_eq!(
        found.facts[0].text,
        "C1's put x=1 if =0 (0.010 ms to 0.030 ms) succeeded and so found 0."
    );
    let loses_against_nobody = [
        done(1, put("0"), 0, 5),
        failed_cas(2, cas(Some("0"), "2"), 10, 20),
    ];
    assert_eq!(contradiction(&loses_against_nobody).operation, 1);
}

#[test]
fn an_unknown_comparison_may_explain_a_lost_race() {
    let history = [
        done(1, put("0"), 0, 5),
        unknown(1, cas(Some("0"), "1"), 6),
        failed_cas(2, cas(Some("0"), "2"), 10, 20),
        read(3, Some("1"), 30, 40),
    ];
    assert_eq!(order_of(&history), [0, 1, 2, 3]);
    // It can only happen while the key is as it wants.
    let history = [
        done(1, put("0"), 0, 5),
        done(3, put("9"), 6, 7),
        unknown(1, cas(Some("0"), "1"), 8),
        read(3, Some("1"), 30, 40),
    ];
    assert_eq!(contradiction(&history).operation, 3);
}

#[test]
fn a_delete_is_seen() {
    let history = [
        done(1, put("1"), 0, 5),
        done(1, Action::Delete, 6, 10),
        read(2, None, 11, 12),
        done(1, cas(None, "2"), 13, 14),
        read(2, Some("2"), 15, 16),
    ];
    assert_eq!(order_of(&history), [0, 1, 2, 3, 4]);
    let mut ghost = history.to_vec();
    ghost[2] = read(2, Some("1"), 11, 12);
    let found = contradiction(&ghost);
    assert_eq!(found.operation, 2);
    assert_eq!(found.facts[1].operations, [1]);
    assert!(
        found.facts[1]
            .text
            .ends_with("x can only have been absent.")
    );
}

#[test]
fn called_in_the_microsecond_of_an_answer_is_concurrent() {
    let tied = [
        done(1, put("1"), 0, 10),
        done(1, put("2"), 10, 20),
        read(2, Some("1"), 20, 20),
    ];
    assert_eq!(order_of(&tied), [0, 2, 1]);
    let mut after = tied.to_vec();
    after[2] = read(2, Some("1"), 21, 21);
    // The first write may as well have come second, in the microsecond they share.
    assert_eq!(order_of(&after), [1, 0, 2]);
    after[1] = done(1, put("2"), 11, 20);
    assert_eq!(contradiction(&after).operation, 2);
}

#[test]
fn everything_in_one_microsecond_is_concurrent() {
    let history = [
        read(1, Some("3"), 7, 7),
        done(2, put("2"), 7, 7),
        read(3, Some("2"), 7, 7),
        done(4, put("3"), 7, 7),
        read(5, None, 7, 7),
    ];
    let order = order_of(&history);
    assert_eq!(order[0], 4);
    assert_eq!(order.len(), 5);
}

#[test]
fn keys_are_judged_apart() {
    let mut other = read(2, Some("7"), 3, 4);
    other.key = bytes("y");
    let history = [done(1, put("1"), 0, 5), other, read(1, Some("1"), 6, 7)];
    let found = contradiction(&history);
    assert_eq!((found.operation, &*found.key), (1, b"y".as_slice()));
    assert_eq!(order_of(&[history[0].clone(), history[2].clone()]), [0, 1]);
}

#[test]
fn a_search_that_is_too_hard_says_so() {
    // Sixteen comparisons at once that turn the key back and forth, and a read of something else:
    // every set of them that can have happened is looked at.
    let turn = |at: u64| {
        let (from, to) = if at < 8 { ("0", "1") } else { ("1", "0") };
        done(at, cas(Some(from), to), 10, 100)
    };
    let mut history = vec![done(30, put("0"), 0, 5)];
    history.extend((0..16).map(turn));
    history.push(read(31, Some("2"), 200, 201));
    let limit = Limit {
        states: 500,
        bytes: 1 << 20,
    };
    match check(&history, limit) {
        Verdict::GaveUp { key, states } => {
            assert_eq!(&*key, b"x");
            assert!(states <= 500);
        }
        other => panic!("too hard for so few states: {other:?}"),
    }
    match check(&history, Limit::default()) {
        Verdict::Impossible(found) => assert_eq!(found.operation, 17),
        other => panic!("not too hard for so many: {other:?}"),
    }
}
