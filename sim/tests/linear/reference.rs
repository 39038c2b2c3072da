//! The rules a second time, the slow and obvious way: every store that could be is listed.
//!
//! It shares nothing with the checker but the types of a history. Of a store with many keys one
//! key is looked at; changes of the others raise the revision by any amount up to a ceiling.

use raftwerk_sim::linear::{Action, Expect, Operation, Outcome, Payload, Record, Shown, Told};
use std::collections::BTreeMap;

/// A key as it really is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Item {
    value: Payload,
    version: u64,
    created: u64,
    modified: u64,
}

/// Every way the key can be, with the lowest revision of the store at which it can be so.
type Possible = BTreeMap<Option<Item>, u64>;

/// All keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Stores(BTreeMap<Payload, Possible>);

/// What limits the listing.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Highest revision of any store; 0 if the history speaks of no revisions.
    pub ceiling: u64,
}

impl Scope {
    /// High enough for every store that fits a history.
    pub fn of(history: &[Operation]) -> Scope {
        let mut spoken: Vec<u64> = Vec::new();
        for operation in history {
            if let Action::CompareAndSet {
                expect: Expect::Revision(revision),
                ..
            } = &operation.action
            {
                spoken.push(*revision);
            }
            if let Outcome::Answered { told, .. } = &operation.outcome {
                spoken.extend(told.revision);
                if let Shown::Present(record) = &told.shown {
                    spoken.extend(record.create_revision);
                    spoken.extend(record.mod_revision);
                }
            }
        }
        let room = history.len() as u64 + 1;
        let highest = spoken.into_iter().max();
        Scope {
            ceiling: highest.map_or(0, |highest| highest + room),
        }
    }

    /// All stores after an operation that was told this, or nothing; `None` if there are none.
    pub fn step(
        self,
        stores: &Stores,
        key: &Payload,
        action: &Action,
        told: Option<&Told>,
    ) -> Option<Stores> {
        let before = self.possible(stores, key);
        let mut after = Possible::new();
        for (item, lowest) in before {
            for revision in lowest..=self.ceiling.max(lowest) {
                let (answer, item, revision) = execute(action, item.clone(), revision, self);
                if told.is_none_or(|told| fits(told, &answer)) {
                    let least = after.entry(item).or_insert(revision);
                    *least = revision.min(*least);
                }
            }
        }
        let mut stores = stores.clone();
        let possible = !after.is_empty();
        stores.0.insert(key.clone(), after);
        possible.then_some(stores)
    }

    /// All stores after an operation that may have happened or not.
    pub fn step_maybe(self, before: &Stores, key: &Payload, action: &Action) -> Stores {
        let happened = self.step(before, key, action, None);
        let mut stores = happened.expect("without an answer anything goes");
        let mut possible = self.possible(&stores, key);
        for (item, lowest) in self.possible(before, key) {
            let least = possible.entry(item).or_insert(lowest);
            *least = lowest.min(*least);
        }
        stores.0.insert(key.clone(), possible);
        stores
    }

    fn possible(self, stores: &Stores, key: &Payload) -> Possible {
        let start = || Possible::from([(None, u64::from(self.ceiling > 0))]);
        stores.0.get(key).cloned().unwrap_or_else(start)
    }
}

/// Does it, and answers with all there is to tell.
fn execute(
    action: &Action,
    item: Option<Item>,
    revision: u64,
    scope: Scope,
) -> (Told, Option<Item>, u64) {
    let mut succeeded = true;
    let target = match action {
        Action::Get => item.clone().map(|item| item.value),
        Action::Put(value) => Some(value.clone()),
        Action::Delete => None,
        Action::CompareAndSet { expect, value } => {
            succeeded = is_as_expected(expect, item.as_ref());
            if succeeded {
                value.clone()
            } else {
                item.clone().map(|item| item.value)
            }
        }
    };
    let changes = match action {
        Action::Get => false,
        Action::Put(_) => true,
        Action::Delete => item.is_some(),
        Action::CompareAndSet { value, .. } => succeeded && (value.is_some() || item.is_some()),
    };
    let after_revision = revision + u64::from(changes && scope.ceiling > 0);
    let after = if changes {
        target.map(|value| match &item {
            Some(old) => Item {
                value,
                version: old.version + 1,
                created: old.created,
                modified: after_revision,
            },
            None => Item {
                value,
                version: 1,
                created: after_revision,
                modified: after_revision,
            },
        })
    } else {
        item.clone()
    };
    let shown = match action {
        Action::CompareAndSet { .. } => &after,
        _ => &item,
    };
    let told = Told {
        succeeded,
        shown: shown.as_ref().map_or(Shown::Absent, |item| {
            Shown::Present(Record {
                value: item.value.clone(),
                version: Some(item.version),
                create_revision: Some(item.created),
                mod_revision: Some(item.modified),
            })
        }),
        revision: Some(after_revision),
    };
    (told, after, after_revision)
}

fn is_as_expected(expect: &Expect, item: Option<&Item>) -> bool {
    match (expect, item) {
        (Expect::Absent | Expect::Revision(0), item) => item.is_none(),
        (_, None) => false,
        (Expect::Value(value), Some(item)) => *value == item.value,
        (Expect::Revision(revision), Some(item)) => *revision == item.modified,
    }
}

/// Whether nothing that was told is contradicted by what is so.
fn fits(told: &Told, truth: &Told) -> bool {
    let same = |told: Option<u64>, truth: Option<u64>| told.is_none() || told == truth;
    let shown = match (&told.shown, &truth.shown) {
        (Shown::Untold, _) | (Shown::Absent, Shown::Absent) => true,
        (Shown::Present(told), Shown::Present(truth)) => {
            told.value == truth.value
                && same(told.version, truth.version)
                && same(told.create_revision, truth.create_revision)
                && same(told.mod_revision, truth.mod_revision)
        }
        _ => false,
    };
    told.succeeded == truth.succeeded && shown && same(told.revision, truth.revision)
}
