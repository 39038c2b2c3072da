//! Random histories. The right ones come from the real store, with every operation executed at
//! one moment between its call and its answer; mutation may make them wrong.

use raftwerk_kv::{Answer, Command, Request, Store};
use raftwerk_sim::linear::{Action, Expect, Operation, Outcome, Payload, Shown, Told};

/// A small generator (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }
}

/// How much the answers of a history tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    Values,
    Versions,
    Everything,
    Anything,
}

/// An operation before it is executed, and when that happens; never if it does not.
struct Plan {
    operation: Operation,
    ends: u64,
    point: Option<u64>,
}

/// What kind of history.
#[derive(Clone, Copy)]
pub struct Shape {
    pub telling: Telling,
    pub clients: u64,
    pub keys: u64,
    pub count: u64,
    /// How many of a hundred operations have an unknown outcome.
    pub unknown: u64,
    /// Whether every value is written once; else there are only three.
    pub unique: bool,
}

/// A right history, short enough for judges without a memo.
pub fn right(dice: &mut Dice) -> Vec<Operation> {
    let shape = Shape {
        telling: dice.one_of(&[
            Telling::Values,
            Telling::Versions,
            Telling::Everything,
            Telling::Anything,
        ]),
        clients: 2 + dice.below(3),
        keys: 1 + dice.below(2),
        count: 4 + dice.below(6),
        unknown: 12,
        unique: dice.percent(25),
    };
    play(dice, shape)
}

pub fn play(dice: &mut Dice, shape: Shape) -> Vec<Operation> {
    let mut time = vec![0; shape.clients as usize];
    let mut plans: Vec<Plan> = (1..=shape.count)
        .map(|number| plan(dice, &mut time, shape, number))
        .collect();
    execute(dice, &mut plans, shape.telling);
    plans.into_iter().map(|plan| plan.operation).collect()
}

fn plan(dice: &mut Dice, time: &mut [u64], shape: Shape, number: u64) -> Plan {
    let client = dice.below(time.len() as u64);
    let called = time[client as usize] + dice.below(6);
    let ends = called + dice.below(14);
    time[client as usize] = ends + 1;
    let key: Payload = [b'x' + dice.below(shape.keys) as u8].as_slice().into();
    let value = |dice: &mut Dice, number: u64| {
        let value = if shape.unique { number } else { dice.below(3) };
        Payload::from(format!("{value}").as_bytes())
    };
    let revisions = matches!(shape.telling, Telling::Everything | Telling::Anything);
    let action = match dice.below(10) {
        0..3 => Action::Put(value(dice, number)),
        3..6 => Action::Get,
        6 => Action::Delete,
        _ => {
            let older = number.saturating_sub(1 + dice.below(4));
            Action::CompareAndSet {
                expect: match dice.below(4) {
                    0 => Expect::Absent,
                    1 if revisions => Expect::Revision(dice.below(6)),
                    _ => Expect::Value(value(dice, older)),
                },
                value: dice.percent(80).then(|| value(dice, number)),
            }
        }
    };
    let within = called + dice.below(ends - called + 1);
    let (outcome, point) = match dice.below(100) {
        roll if roll < shape.unknown => {
            let happens = dice.percent(60);
            (Outcome::Unknown, happens.then(|| called + dice.below(40)))
        }
        95.. => (Outcome::Failed, None),
        _ => {
            // The answer is filled in when it is known.
            let told = Told::read(None);
            (Outcome::Answered { at: ends, told }, Some(within))
        }
    };
    Plan {
        operation: Operation {
            client,
            key,
            action,
            called,
            outcome,
        },
        ends,
        point,
    }
}

/// Executes everything at its moment, on the real store.
fn execute(dice: &mut Dice, plans: &mut [Plan], telling: Telling) {
    let mut turns: Vec<(u64, u64, usize)> = Vec::new();
    for (at, plan) in plans.iter().enumerate() {
        if let Some(point) = plan.point {
            turns.push((point, dice.roll(), at));
        }
    }
    turns.sort_unstable();
    let mut store = Store::new();
    for (index, (.., at)) in (1..).zip(turns) {
        let plan = &mut plans[at];
        let (key, action) = (plan.operation.key.clone(), &plan.operation.action);
        let command = match action.clone() {
            Action::Get => None,
            Action::Put(value) => Some(Command::Put { key, value }),
            Action::Delete => Some(Command::Delete { key }),
            Action::CompareAndSet { expect, value } => {
                Some(Command::CompareAndSet { key, expect, value })
            }
        };
        let told = match command {
            None => Told::read(store.get(&plan.operation.key)),
            Some(command) => {
                let entry = Request::from(command).encode();
                let answer: Answer = store.apply(index, 0, &entry);
                Told::written(action, &answer).expect("the answer of a write")
            }
        };
        if let Outcome::Answered { .. } = plan.operation.outcome {
            let told = tell(dice, action, told, telling);
            plan.operation.outcome = Outcome::Answered {
                at: plan.ends,
                told,
            };
        }
    }
}

pub fn is_by_revision(action: &Action) -> bool {
    matches!(
        action,
        Action::CompareAndSet {
            expect: Expect::Revision(1..),
            ..
        }
    )
}

/// Leaves out what is not to be told.
fn tell(dice: &mut Dice, action: &Action, mut told: Told, telling: Telling) -> Told {
    let (version, revision) = match telling {
        Telling::Values => (false, false),
        Telling::Versions => (true, false),
        Telling::Everything => (true, true),
        Telling::Anything => (dice.percent(50), dice.percent(50)),
    };
    // What a failed comparison with a revision found is always told: it is what the checker
    // needs to judge it.
    let keep = is_by_revision(action) && !told.succeeded;
    if !(revision || keep) {
        told.revision = None;
    }
    if telling == Telling::Anything && dice.percent(30) && *action != Action::Get && !keep {
        told.shown = Shown::Untold;
    }
    if let Shown::Present(record) = &mut told.shown {
        if !(version || keep) {
            record.version = None;
        }
        if !(revision || keep) {
            record.create_revision = None;
            record.mod_revision = None;
        }
        if telling == Telling::Anything && dice.percent(50) {
            record.create_revision = None;
        }
    }
    told
}

/// Changes something that may make a history wrong.
pub fn mutate(dice: &mut Dice, history: &mut Vec<Operation>) {
    let at = dice.below(history.len() as u64) as usize;
    let other = dice.below(history.len() as u64) as usize;
    match dice.below(12) {
        0 if history.len() > 2 => {
            history.remove(at);
        }
        1 => {
            // An answer goes to another operation of the same kind.
            let same = |one: &Operation, two: &Operation| {
                std::mem::discriminant(&one.action) == std::mem::discriminant(&two.action)
            };
            if same(&history[at], &history[other])
                && let Outcome::Answered { told, .. } = history[other].outcome.clone()
                && let Outcome::Answered { told: mine, .. } = &mut history[at].outcome
            {
                *mine = told;
            }
        }
        2 => {
            // It is over before it could see what it saw.
            let called = history[at].called;
            if let Outcome::Answered { at, .. } = &mut history[at].outcome {
                *at = called;
            }
        }
        3 => {
            // It began later.
            if let Outcome::Answered { at: ends, .. } = history[at].outcome {
                history[at].called = ends;
            }
        }
        4 => {
            let later = dice.below(30);
            history[at].called += later;
            if let Outcome::Answered { at, .. } = &mut history[at].outcome {
                *at += later;
            }
        }
        5 => history[at].outcome = Outcome::Failed,
        _ => mutate_answer(dice, &mut history[at]),
    }
}

fn mutate_answer(dice: &mut Dice, operation: &mut Operation) {
    let by_revision = is_by_revision(&operation.action);
    let Outcome::Answered { told, .. } = &mut operation.outcome else {
        return;
    };
    let up = dice.percent(50);
    let shift = |number: &mut Option<u64>| {
        if let Some(number) = number {
            *number = if up {
                *number + 1
            } else {
                number.saturating_sub(1)
            };
        }
    };
    match (dice.below(7), &mut told.shown) {
        (0, _) => shift(&mut told.revision),
        (1, _) if matches!(operation.action, Action::CompareAndSet { .. }) && !by_revision => {
            told.succeeded = !told.succeeded;
        }
        (2, Shown::Present(record)) => shift(&mut record.version),
        (3, Shown::Present(record)) => shift(&mut record.mod_revision),
        (4, Shown::Present(record)) => shift(&mut record.create_revision),
        (_, shown) => {
            let value: &[u8] = dice.one_of(&[b"0", b"1", b"2"]);
            match shown {
                Shown::Present(record) if dice.percent(70) => record.value = value.into(),
                Shown::Present(_) => *shown = Shown::Absent,
                Shown::Absent if !by_revision => *shown = Shown::value(Some(value)),
                Shown::Absent | Shown::Untold => {}
            }
        }
    }
}
