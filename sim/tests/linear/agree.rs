//! Ten thousand random histories, half of them wrong: right ones in which something was changed
//! until `porcupine-rs` refused them. Three judges must agree on all. Orders are replayed on the
//! reference, and what is said of a contradiction is checked by the others.

use crate::judges::{porcupine, porcupine_without, stateright};
use crate::random::{Dice, Shape, Telling, is_by_revision, mutate, play, right};
use crate::reference::{Scope, Stores};
use raftwerk_sim::linear::{
    Action, Detail, Impossible, Limit, Operation, Order, Outcome, Shown, Told, Verdict, check,
};

/// How many right ones and how many wrong ones.
const EACH: usize = 5_000;

fn ours(history: &[Operation]) -> Verdict {
    check(history, Limit::default())
}

#[test]
fn three_judges_agree_on_ten_thousand_random_histories() {
    let mut dice = Dice(1);
    for number in 0..EACH {
        let history = right(&mut dice);
        let Verdict::Linearizable(orders) = ours(&history) else {
            panic!(
                "history {number} is right: {history:#?}\n{:#?}",
                ours(&history)
            );
        };
        assert!(porcupine(&history), "history {number}: {history:#?}");
        assert!(stateright(&history), "history {number}: {history:#?}");
        orders
            .iter()
            .for_each(|order| replay(&history, order, None));
        complete(&history, &orders);
    }
    let (mut wrong, mut harmless) = (0, 0);
    while wrong < EACH {
        let mut history = right(&mut dice);
        for _ in 0..8 {
            mutate(&mut dice, &mut history);
            if !porcupine(&history) {
                break;
            }
            harmless += 1;
            assert!(
                matches!(ours(&history), Verdict::Linearizable(_)),
                "{history:#?}"
            );
            assert!(stateright(&history), "{history:#?}");
        }
        if !porcupine(&history) {
            wrong += 1;
            assert!(!stateright(&history), "{history:#?}");
            match ours(&history) {
                Verdict::Impossible(found) => explained(&history, &found),
                other => panic!("history is wrong: {history:#?}\n{other:#?}"),
            }
        }
    }
    assert!(
        harmless > 1_000,
        "mutations that change nothing are judged too: {harmless}"
    );
}

/// When an operation was answered; at equal times the one called first comes first.
fn answered_at(history: &[Operation], place: usize) -> Option<(u64, u64, usize)> {
    match history[place].outcome {
        Outcome::Answered { at, .. } => Some((at, history[place].called, place)),
        _ => None,
    }
}

/// The order is one: moments fit, and the reference answers the same. Answers after that of
/// `end` are not known.
fn replay(history: &[Operation], order: &Order, end: Option<usize>) {
    let end = end.and_then(|place| answered_at(history, place));
    let scope = Scope::of(history);
    let (mut stores, mut before) = (Stores::default(), 0);
    let mut seen = Vec::new();
    for step in &order.steps {
        let operation = &history[step.operation];
        assert_eq!(operation.key, order.key);
        assert!(!seen.contains(&step.operation), "each operation once");
        seen.push(step.operation);
        assert!(step.at >= before && step.at >= operation.called);
        before = step.at;
        let told = match &operation.outcome {
            Outcome::Answered { at, told } => {
                assert!(step.at <= *at);
                let known = |end| answered_at(history, step.operation) <= Some(end);
                end.is_none_or(known).then_some(told)
            }
            Outcome::Unknown => None,
            Outcome::Failed => panic!("what failed never happened"),
        };
        let (key, action) = (&operation.key, &operation.action);
        stores = scope
            .step(&stores, key, action, told)
            .expect("the reference agrees with every step");
        let shown = Told {
            succeeded: true,
            shown: Shown::value(step.value.as_deref()),
            revision: None,
        };
        stores = scope
            .step(&stores, key, &Action::Get, Some(&shown))
            .expect("the value after each step is right");
    }
}

/// Every answered operation is in an order.
fn complete(history: &[Operation], orders: &[Order]) {
    let steps = || orders.iter().flat_map(|order| &order.steps);
    for (place, operation) in history.iter().enumerate() {
        if let Outcome::Answered { .. } = operation.outcome {
            assert!(steps().any(|step| step.operation == place));
        }
    }
}

/// The first impossible operation is that, and the facts contradict each other, each of them
/// needed.
fn explained(history: &[Operation], found: &Impossible) {
    replay(history, &found.order, Some(found.operation));
    let end = answered_at(history, found.operation).expect("it was answered");
    let here: Vec<usize> = (0..history.len())
        .filter(|place| history[*place].key == found.key)
        .collect();
    // The others on this key: those answered later are unknown.
    type Times = (u64, u64, usize);
    let judged = |detail: Detail, until: &dyn Fn(Times) -> bool, known: &dyn Fn(usize) -> bool| {
        let cut = |place: &usize| {
            let mut operation = history[*place].clone();
            if answered_at(history, *place).is_some_and(|at| !until(at)) {
                operation.outcome = Outcome::Unknown;
            }
            if known(*place) {
                strip(&mut operation, detail);
            }
            operation
        };
        let history: Vec<Operation> = here.iter().map(cut).collect();
        porcupine_without(&history, &|at| !known(here[at]))
    };
    let (before, through) = (|at: Times| at < end, |at: Times| at <= end);
    assert!(
        judged(Detail::Revisions, &before, &|_| true),
        "until then all can be explained: {history:#?}\n{found:#?}"
    );
    assert!(
        !judged(Detail::Revisions, &through, &|_| true),
        "then no more: {history:#?}\n{found:#?}"
    );
    assert!(found.minimal);
    let facts: Vec<usize> = found
        .facts
        .iter()
        .flat_map(|fact| fact.operations.clone())
        .collect();
    assert_eq!(facts[0], found.operation);
    assert!(
        !judged(found.detail, &through, &|place| facts.contains(&place)),
        "the facts contradict each other: {history:#?}\n{found:#?}"
    );
    for left_out in &facts[1..] {
        assert!(
            judged(found.detail, &through, &|place| facts.contains(&place)
                && place != *left_out),
            "without {left_out} they do not: {history:#?}\n{found:#?}"
        );
    }
}

/// Leaves only so much of an answer. Without revisions a comparison with one that failed only
/// looked.
fn strip(operation: &mut Operation, detail: Detail) {
    let Outcome::Answered { told, .. } = &mut operation.outcome else {
        return;
    };
    if is_by_revision(&operation.action) && !told.succeeded && detail < Detail::Revisions {
        operation.action = Action::Get;
        told.succeeded = true;
    }
    if detail < Detail::Revisions {
        told.revision = None;
    }
    if let Shown::Present(record) = &mut told.shown {
        if detail < Detail::Versions {
            record.version = None;
        }
        if detail < Detail::Revisions {
            record.create_revision = None;
            record.mod_revision = None;
        }
    }
}

#[test]
fn long_histories_take_few_states() {
    let tellings = [Telling::Values, Telling::Versions, Telling::Everything];
    for (seed, telling) in (1..).zip(tellings) {
        for (unique, unknown) in [(true, 0), (true, 3), (false, 3)] {
            let shape = Shape {
                telling,
                clients: 8,
                keys: 1,
                count: 4_000,
                unknown,
                unique,
            };
            let mut history = play(&mut Dice(seed), shape);
            let limit = Limit {
                states: 3 * shape.count,
                ..Limit::default()
            };
            let Verdict::Linearizable(orders) = check(&history, limit) else {
                panic!("seed {seed}: {:?}", check(&history, limit));
            };
            complete(&history, &orders);
            // One late read that saw what nobody wrote.
            let reads = |operation: &Operation| {
                operation.action == Action::Get
                    && matches!(operation.outcome, Outcome::Answered { .. })
            };
            let wrong = (3_500..).find(|at| reads(&history[*at])).unwrap();
            if let Outcome::Answered { told, .. } = &mut history[wrong].outcome {
                told.shown = Shown::value(Some(b"phantom"));
            }
            match ours(&history) {
                Verdict::Impossible(found) => {
                    assert_eq!(found.operation, wrong);
                    let others = &found.facts[1].operations;
                    assert!(
                        others.len() <= 4,
                        "few answers contradict it: {}",
                        others.len()
                    );
                }
                other => panic!("seed {seed}: {other:?}"),
            }
        }
    }
}
