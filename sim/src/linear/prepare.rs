//! One key's part of a history, made ready for the search.
//!
//! Values become small numbers, and all values that no answer shows and no comparison wants
//! become one ([`NOBODY`]). Operations without an answer that do the same thing form a class:
//! in any order of them the earliest called may as well come first, so the search only counts
//! how many of a class have happened. Each answered operation gets a slot that is free again
//! after its answer, so a set of operations takes as many bits as there were ever at once.

use super::model::{Deed, Exchange, Model, Seen, Sight, Want};
use super::state::{Detail, NOBODY};
use super::{Action, Expect, Operation, Outcome, Payload, Record, Shown, Told};
use std::collections::{BTreeMap, BTreeSet};

/// An operation with an answer.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    /// Its place in the history.
    pub place: u32,
    pub called: u64,
    pub returned: u64,
    /// It happened between call and answer or not at all: the answer is not looked at.
    pub maybe: bool,
    pub slot: u32,
    pub exchange: Exchange,
    /// The key must not have been changed above this revision when it happens.
    pub latest: u64,
}

/// Operations without an answer that do the same.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub deed: Deed,
    /// When each was called and its place in the history, in this order.
    pub members: Vec<(u64, u32)>,
}

/// One key's part of a history.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub model: Model,
    /// In the order of their calls.
    pub closed: Vec<Closed>,
    /// The same in the order of their answers.
    pub by_return: Vec<u32>,
    pub classes: Vec<Class>,
    /// Words of a set of slots of operations that happened, and of those that may have.
    pub words: [usize; 2],
    /// The values, by number; that of [`NOBODY`] has none.
    pub values: Vec<Option<Payload>>,
}

/// Which operations count, and how much of what they were told.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// With their answers.
    pub answered: Vec<usize>,
    /// As if they happened between call and answer or not at all.
    pub maybe: Vec<usize>,
    /// As if they happened at any time after the call or not at all.
    pub open: Vec<usize>,
    /// How much of the answers is looked at.
    pub detail: Detail,
    /// Whether values that answered operations wrote are told apart even if nobody asks.
    pub names: bool,
    /// Whether the key may have been like anything at the start.
    pub anything: bool,
    /// Whether comparisons whose answer is not looked at, and which lead to no value that an
    /// answer speaks of, count as if they wanted nothing. Each wants a value of its own, so there
    /// is less to tell apart then; what is impossible then is so.
    pub loose: bool,
}

impl Prepared {
    /// Everything at these places of the history.
    pub fn of(history: &[Operation], places: &[usize]) -> Prepared {
        let ended = |place: &&usize| matches!(history[**place].outcome, Outcome::Answered { .. });
        let unknown = |place: &&usize| history[**place].outcome == Outcome::Unknown;
        let which = Selection {
            answered: places.iter().filter(ended).copied().collect(),
            maybe: Vec::new(),
            open: places.iter().filter(unknown).copied().collect(),
            detail: Detail::Revisions,
            names: false,
            anything: false,
            loose: false,
        };
        Prepared::select(history, &which)
    }

    /// Some operations.
    pub fn select(history: &[Operation], which: &Selection) -> Prepared {
        let detail = detail(history, which);
        let (numbers, values) = number_values(history, which);
        let numbers = Numbers {
            numbers,
            detail: which.detail,
        };
        let certain = which.answered.iter().map(|&place| (place, false));
        let maybe = which.maybe.iter().map(|&place| (place, true));
        let mut closed: Vec<Closed> = Vec::with_capacity(certain.len() + maybe.len());
        for (place, maybe) in certain.chain(maybe) {
            let operation = &history[place];
            let Outcome::Answered { at, told } = &operation.outcome else {
                continue;
            };
            assert!(
                *at >= operation.called,
                "operation {place} is answered before it is called"
            );
            // One that may not have happened and changes nothing can be left out.
            if maybe && operation.action == Action::Get {
                continue;
            }
            let mut exchange = numbers.exchange(&operation.action, told);
            if maybe {
                exchange.deed = unanswered(numbers.deed(&operation.action), which.loose);
            }
            closed.push(Closed {
                place: u32::try_from(place).expect("a history fits in memory"),
                called: operation.called,
                returned: *at,
                maybe,
                slot: 0,
                exchange,
                latest: if maybe { u64::MAX } else { exchange.latest() },
            });
        }
        closed.sort_by_key(|one| (one.called, one.place));
        let by_return = by_return(&closed);
        let words = give_slots(&mut closed, &by_return);
        Prepared {
            model: Model {
                detail,
                cap: version_cap(&closed, detail),
                anything: which.anything,
            },
            classes: classes(history, which, &numbers),
            closed,
            by_return,
            words,
            values,
        }
    }
}

/// The version above all that an answer shows. Where revisions count, so does the version: it
/// tells how far creation and last change lie apart.
fn version_cap(closed: &[Closed], detail: Detail) -> u64 {
    if detail == Detail::Revisions {
        return u64::MAX;
    }
    let shown = |one: &Closed| match one.exchange.sight {
        Sight::Present(seen) if !one.maybe => seen.version,
        _ => None,
    };
    let highest = closed.iter().filter_map(shown).max();
    highest.unwrap_or(0).saturating_add(2)
}

/// The least detail that tells apart all that is spoken of: by answers, as far as they are looked
/// at, and by comparisons.
fn detail(history: &[Operation], which: &Selection) -> Detail {
    let mut needed = Detail::Values;
    let mut comparison = false;
    for (operation, told) in selected(history, which) {
        if let Action::CompareAndSet {
            expect: Expect::Revision(1..),
            ..
        } = operation.action
        {
            comparison |= told.is_some() || !which.loose;
        }
        let Some(told) = told else { continue };
        if told.revision.is_some() {
            needed = Detail::Revisions;
        }
        if let Shown::Present(record) = &told.shown {
            if record.version.is_some() {
                needed = needed.max(Detail::Versions);
            }
            if record.create_revision.is_some() || record.mod_revision.is_some() {
                needed = Detail::Revisions;
            }
        }
    }
    if comparison {
        Detail::Revisions
    } else {
        needed.min(which.detail)
    }
}

/// The selected operations, with what they were told if that counts.
fn selected<'a>(
    history: &'a [Operation],
    which: &Selection,
) -> impl Iterator<Item = (&'a Operation, Option<&'a Told>)> {
    let answered = which.answered.iter().map(|&place| {
        let operation = &history[place];
        match &operation.outcome {
            Outcome::Answered { told, .. } => (operation, Some(told)),
            _ => (operation, None),
        }
    });
    let others = which.maybe.iter().chain(&which.open);
    answered.chain(others.map(|&place| (&history[place], None)))
}

/// Numbers for all values that somebody asks about, and the values by number.
fn number_values<'a>(
    history: &'a [Operation],
    which: &Selection,
) -> (BTreeMap<&'a [u8], u32>, Vec<Option<Payload>>) {
    let mut asked: Vec<&Payload> = Vec::new();
    // What comparisons want that do not count for themselves, by what they would write.
    let mut wanted: BTreeMap<&[u8], Vec<&Payload>> = BTreeMap::new();
    for (operation, told) in selected(history, which) {
        let written = operation.action.written();
        if let Action::CompareAndSet {
            expect: Expect::Value(value),
            ..
        } = &operation.action
        {
            if told.is_some() || !which.loose {
                asked.push(value);
            } else if let Some(written) = written {
                wanted.entry(written).or_default().push(value);
            }
        }
        let Some(told) = told else { continue };
        if let Shown::Present(record) = &told.shown {
            asked.push(&record.value);
        }
        asked.extend(written.filter(|_| which.names));
    }
    let mut numbers: BTreeMap<&[u8], u32> = BTreeMap::new();
    let mut values: Vec<Option<Payload>> = vec![None];
    while let Some(value) = asked.pop() {
        if !numbers.contains_key(&**value) {
            numbers.insert(value, values.len() as u32);
            values.push(Some(value.clone()));
            asked.extend(wanted.remove(&**value).unwrap_or_default());
        }
    }
    (numbers, values)
}

/// What an operation may do whose answer is not looked at.
fn unanswered(deed: Deed, loose: bool) -> Deed {
    match deed {
        Deed::Compare { want, value }
            if loose && (matches!(want, Want::Revision(_)) || value.is_none_or(is_nobody)) =>
        {
            value.map_or(Deed::Delete, Deed::Put)
        }
        deed => deed,
    }
}

fn is_nobody(value: u32) -> bool {
    value == NOBODY
}

struct Numbers<'a> {
    numbers: BTreeMap<&'a [u8], u32>,
    /// How much of the answers is looked at.
    detail: Detail,
}

impl Numbers<'_> {
    fn value(&self, value: &Payload) -> u32 {
        self.numbers.get(&**value).copied().unwrap_or(NOBODY)
    }

    fn deed(&self, action: &Action) -> Deed {
        match action {
            Action::Get => Deed::Get,
            Action::Put(value) => Deed::Put(self.value(value)),
            Action::Delete => Deed::Delete,
            Action::CompareAndSet { expect, value } => Deed::Compare {
                want: match expect {
                    Expect::Absent | Expect::Revision(0) => Want::Absent,
                    Expect::Value(value) => Want::Value(self.value(value)),
                    Expect::Revision(revision) => Want::Revision(*revision),
                },
                value: value.as_ref().map(|value| self.value(value)),
            },
        }
    }

    fn exchange(&self, action: &Action, told: &Told) -> Exchange {
        let revisions = self.detail == Detail::Revisions;
        let deed = match self.deed(action) {
            // Without revisions nothing tells whether it failed rightly.
            Deed::Compare {
                want: Want::Revision(_),
                ..
            } if !told.succeeded && !revisions => Deed::Get,
            deed => deed,
        };
        Exchange {
            deed,
            succeeded: told.succeeded,
            sight: match &told.shown {
                Shown::Untold => Sight::Untold,
                Shown::Absent => Sight::Absent,
                Shown::Present(record) => Sight::Present(self.seen(record)),
            },
            revision: told.revision.filter(|_| revisions),
        }
    }

    fn seen(&self, record: &Record) -> Seen {
        let revisions = self.detail == Detail::Revisions;
        Seen {
            value: self.value(&record.value),
            version: record.version.filter(|_| self.detail >= Detail::Versions),
            created: record.create_revision.filter(|_| revisions),
            modified: record.mod_revision.filter(|_| revisions),
        }
    }
}

fn by_return(closed: &[Closed]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..closed.len() as u32).collect();
    order.sort_by_key(|&at| (closed[at as usize].returned, at));
    order
}

/// Gives every operation the lowest slot of its kind that is free while it is open; returns the
/// words that sets of both kinds need. At equal times calls come before answers.
fn give_slots(closed: &mut [Closed], by_return: &[u32]) -> [usize; 2] {
    let mut free = [BTreeSet::new(), BTreeSet::new()];
    let (mut slots, mut returned) = ([0, 0], 0);
    for at in 0..closed.len() {
        while let Some(&over) = by_return.get(returned)
            && closed[over as usize].returned < closed[at].called
        {
            let over = &closed[over as usize];
            free[usize::from(over.maybe)].insert(over.slot);
            returned += 1;
        }
        let kind = usize::from(closed[at].maybe);
        closed[at].slot = free[kind].pop_first().unwrap_or_else(|| {
            slots[kind] += 1;
            slots[kind] - 1
        });
    }
    slots.map(|count: u32| count.div_ceil(64) as usize)
}

fn classes(history: &[Operation], which: &Selection, numbers: &Numbers) -> Vec<Class> {
    let mut classes: BTreeMap<Deed, Vec<(u64, u32)>> = BTreeMap::new();
    for &place in &which.open {
        let deed = unanswered(numbers.deed(&history[place].action), which.loose);
        if deed != Deed::Get {
            let member = (history[place].called, place as u32);
            classes.entry(deed).or_default().push(member);
        }
    }
    let sorted = |(deed, mut members): (Deed, Vec<(u64, u32)>)| {
        members.sort_unstable();
        Class { deed, members }
    };
    classes.into_iter().map(sorted).collect()
}
