//! Two other judges, from public crates, with the reference as their model. They look at all
//! keys at once, so they also judge whether keys may be judged apart.

use crate::reference::{Scope, Stores};
use porcupine_rs::{Model, check_operations};
use raftwerk_sim::linear::{Action, Operation, Outcome, Payload, Told};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// An operation with the answer it must have had, if it had one.
#[derive(Clone, Debug)]
pub struct Exchange {
    scope: Scope,
    key: Payload,
    action: Action,
    told: Option<Told>,
    /// It may as well not have happened.
    maybe: bool,
}

#[derive(Clone)]
struct Porcupine;

impl Model for Porcupine {
    type State = Stores;
    type Op = Exchange;
    type Metadata = ();

    fn init() -> Stores {
        Stores::default()
    }

    fn step(state: &Stores, op: &Exchange) -> (bool, Stores) {
        let Exchange {
            scope,
            key,
            action,
            told,
            maybe,
        } = op;
        if *maybe {
            return (true, scope.step_maybe(state, key, action));
        }
        match scope.step(state, key, action, told.as_ref()) {
            Some(after) => (true, after),
            None => (false, state.clone()),
        }
    }
}

/// What `porcupine-rs` says. An operation without an answer ends after everything else and may
/// be told anything: there it disturbs nobody.
pub fn porcupine(history: &[Operation]) -> bool {
    porcupine_without(history, &|_| false)
}

/// The same when the answers of some operations are not known, but that these are over by then.
pub fn porcupine_without(history: &[Operation], forgotten: &dyn Fn(usize) -> bool) -> bool {
    let scope = Scope::of(history);
    let mut operations = Vec::new();
    for (place, operation) in history.iter().enumerate() {
        let maybe = forgotten(place);
        let time = |micros: u64| i64::try_from(micros).expect("times are small");
        let (return_time, told) = match &operation.outcome {
            Outcome::Failed => continue,
            Outcome::Unknown => (i64::MAX, None),
            Outcome::Answered { at, told } => (time(*at), (!maybe).then(|| told.clone())),
        };
        operations.push(porcupine_rs::Operation::<Porcupine> {
            client_id: None,
            call_time: time(operation.called),
            return_time,
            op: Exchange {
                scope,
                key: operation.key.clone(),
                action: operation.action.clone(),
                told,
                maybe,
            },
            metadata: None,
        });
    }
    check_operations::<Porcupine>(&operations)
}

#[derive(Clone)]
struct Spec {
    scope: Scope,
    stores: Stores,
}

impl SequentialSpec for Spec {
    type Op = (Payload, Action);
    type Ret = Option<Told>;

    fn invoke(&mut self, (key, action): &Self::Op) -> Self::Ret {
        let after = self.scope.step(&self.stores, key, action, None);
        self.stores = after.expect("without an answer anything goes");
        None
    }

    fn is_valid_step(&mut self, (key, action): &Self::Op, told: &Self::Ret) -> bool {
        match self.scope.step(&self.stores, key, action, told.as_ref()) {
            Some(after) => {
                self.stores = after;
                true
            }
            None => false,
        }
    }
}

/// What `stateright` says. Each operation is a thread of its own.
pub fn stateright(history: &[Operation]) -> bool {
    let spec = Spec {
        scope: Scope::of(history),
        stores: Stores::default(),
    };
    let mut tester = LinearizabilityTester::new(spec);
    // At equal times calls come first.
    let mut events = Vec::new();
    for (thread, operation) in history.iter().enumerate() {
        if operation.outcome != Outcome::Failed {
            events.push((operation.called, 0, thread));
        }
        if let Outcome::Answered { at, .. } = operation.outcome {
            events.push((at, 1, thread));
        }
    }
    events.sort_unstable();
    for (_, kind, thread) in events {
        let operation = &history[thread];
        match &operation.outcome {
            Outcome::Answered { told, .. } if kind == 1 => {
                let returned = tester.on_return(thread, Some(told.clone()));
                returned.expect("it was called");
            }
            _ => {
                let op = (operation.key.clone(), operation.action.clone());
                let called = tester.on_invoke(thread, op);
                called.expect("a thread calls once");
            }
        }
    }
    tester.is_consistent()
}
