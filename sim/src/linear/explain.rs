//! From a search to what a person can look at: an order with moments, or two facts that
//! contradict each other.
//!
//! To know less of an answer can only make more orders possible. So the contradiction is made
//! small by forgetting: first revisions, then versions, then whole answers, as long as what is
//! left is still impossible. An operation whose answer is forgotten happened between its call
//! and its answer or not at all. What cannot be forgotten are the facts.

use super::prepare::{Prepared, Selection};
use super::search::{Ending, Search};
use super::state::{Detail, Key};
use super::{Fact, Impossible, Limit, Operation, Order, Outcome, Payload, Step, words};
use raftwerk_wire::view::show_bytes;
use std::collections::BTreeSet;

/// Configurations that all attempts to forget something may look at, and one attempt.
const FORGET_STATES: u64 = 400_000;
const QUESTION_STATES: u64 = 30_000;
/// A short history, and answers of a long one that are looked at to find what is enough.
const SHORT: usize = 64;
/// States of a key, and operations, that are named in a fact.
const NAMED: usize = 4;

/// The order that led to a configuration.
pub(super) fn order(history: &[Operation], key: &Payload, search: &Search, last: u32) -> Order {
    let classes = search.prepared.classes.iter();
    let open: BTreeSet<u32> = classes
        .flat_map(|class| class.members.iter().map(|(_, place)| *place))
        .collect();
    let (mut at, mut value) = (0, None);
    let mut steps = Vec::new();
    for (place, state) in search.memo.path(last) {
        let operation = &history[place as usize];
        // Without an answer it is there because it changed something.
        let known = words::answer(operation).filter(|_| !open.contains(&place));
        at = operation.called.max(at);
        value = match operation.action.written() {
            _ if state.key == Key::Absent => None,
            Some(value) if known.is_none_or(|told| told.succeeded) => Some(value.clone()),
            _ => value,
        };
        steps.push(Step {
            operation: place as usize,
            at,
            value: value.clone(),
        });
    }
    Order {
        key: key.clone(),
        steps,
    }
}

/// Why the search that just failed had to.
pub(super) fn impossible(
    history: &[Operation],
    places: &[usize],
    search: &Search,
    limit: Limit,
) -> Impossible {
    if let Some(found) = impossible_here(history, places, search, limit) {
        return found;
    }
    let mut case = Case::new(history, places, search, limit);
    let order = match case.find_end() {
        Some(order) => order,
        None => order(history, &history[places[0]].key, search, search.best),
    };
    case.left = case.all;
    let enough = case.enough();
    case.finish(order, enough)
}

/// The same if the first answer that the search could not explain contradicts a few before it,
/// even if the search gave up. All those before it are explained, so it is the first impossible
/// one.
pub(super) fn impossible_here(
    history: &[Operation],
    places: &[usize],
    search: &Search,
    limit: Limit,
) -> Option<Impossible> {
    let mut case = Case::new(history, places, search, limit);
    let enough = case.enough()?;
    let order = order(history, &history[places[0]].key, search, search.best);
    Some(case.finish(order, Some(enough)))
}

/// A history that is impossible once the answer at `end` is given.
struct Case<'a> {
    history: &'a [Operation],
    places: &'a [usize],
    /// The answered operations, in the order of their answers.
    answers: Vec<usize>,
    end: usize,
    bytes: u64,
    /// Configurations that may be looked at, and may still be.
    all: u64,
    left: u64,
}

impl<'a> Case<'a> {
    /// The end is the first answer that the search could not explain.
    fn new(
        history: &'a [Operation],
        places: &'a [usize],
        search: &Search,
        limit: Limit,
    ) -> Case<'a> {
        let closed = &search.prepared.closed;
        let by_return = search.prepared.by_return.iter();
        let answers = by_return.map(|at| closed[*at as usize].place as usize);
        let all = FORGET_STATES.min(limit.states);
        Case {
            history,
            places,
            answers: answers.collect(),
            end: search.memo.entry(search.best).position as usize,
            bytes: limit.bytes,
            all,
            left: all,
        }
    }

    fn finish(&mut self, order: Order, enough: Option<(Detail, usize)>) -> Impossible {
        self.left = self.all;
        let (detail, kept, minimal) = match enough {
            Some((detail, enough)) => self.smallest(detail, enough),
            None => (Detail::Revisions, self.others(), false),
        };
        Impossible {
            facts: self.facts(&order.key, detail, &kept),
            key: order.key.clone(),
            order,
            operation: self.answers[self.end],
            detail,
            minimal,
        }
    }

    /// All answers before the end, latest first: they are most likely to matter.
    fn others(&self) -> Vec<usize> {
        self.answers[..self.end].iter().rev().copied().collect()
    }

    /// Moves the end to the first answer that cannot be explained without looking at later ones;
    /// returns the longest order before it. The search, which knew those, may have stopped at an
    /// earlier one. `None` if it takes too long; the end stays there then.
    fn find_end(&mut self) -> Option<Order> {
        let (first, last) = (self.end, self.answers.len() - 1);
        let (mut low, mut high) = (first, first);
        let mut found = None;
        while found.is_none() {
            found = self.impossible_until(high);
            if found.is_none() {
                if high == last {
                    self.end = first;
                    return None;
                }
                low = high + 1;
                high = (2 * high - first + 1).min(last);
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.impossible_until(middle) {
                Some(order) => (high, found) = (middle, Some(order)),
                None => low = middle + 1,
            }
        }
        self.end = high;
        found
    }

    /// The longest order, if the answers up to this one are impossible.
    fn impossible_until(&mut self, end: usize) -> Option<Order> {
        self.end = end;
        let which = self.select(Detail::Revisions, &self.answers[..end]);
        let prepared = Prepared::select(self.history, &which);
        let mut search = Search::new(&prepared, self.question());
        let ending = search.run();
        self.left = self.left.saturating_sub(search.memo.states());
        let key = &self.history[self.answers[end]].key;
        (ending == Ending::Impossible).then(|| order(self.history, key, &search, search.best))
    }

    /// The last answer and these others. All other operations may have happened in their time;
    /// those answered later, at any time.
    fn select(&self, detail: Detail, kept: &[usize]) -> Selection {
        let mut answered = kept.to_vec();
        answered.push(self.answers[self.end]);
        answered.sort_unstable();
        let forgotten = |place: &&usize| answered.binary_search(place).is_err();
        let maybe = self.answers[..self.end].iter().filter(forgotten).copied();
        let maybe = maybe.collect();
        let end = words::answer_time(&self.history[self.answers[self.end]]);
        let later = self.answers[self.end + 1..].iter().copied();
        let unknown = self.places.iter().copied();
        let unknown = unknown.filter(|place| self.history[*place].outcome == Outcome::Unknown);
        let open = later.chain(unknown);
        Selection {
            maybe,
            open: open
                .filter(|place| self.history[*place].called <= end)
                .collect(),
            answered,
            detail,
            names: false,
            anything: false,
            loose: false,
        }
    }

    /// The same without all that was over before the first of these was called: whatever
    /// happened then, the key may have been like anything afterwards.
    fn recent(&self, mut which: Selection) -> Selection {
        let start = self.start(&which);
        which
            .maybe
            .retain(|place| words::answer_time(&self.history[*place]) >= start);
        which.anything = true;
        which
    }

    /// The first call of an operation whose answer counts.
    fn start(&self, which: &Selection) -> u64 {
        let calls = which.answered.iter();
        let calls = calls.map(|place| self.history[*place].called);
        calls.min().unwrap_or(0)
    }

    fn question(&self) -> Limit {
        Limit {
            states: self.left.min(QUESTION_STATES),
            bytes: self.bytes,
        }
    }

    fn ask(&mut self, which: &Selection) -> Ending {
        let prepared = Prepared::select(self.history, which);
        let mut search = Search::new(&prepared, self.question());
        let ending = search.run();
        self.left = self.left.saturating_sub(search.memo.states());
        ending
    }

    /// Whether these answers are impossible together with the last one. Too long to tell counts
    /// as possible. The short questions come first: if the recent past suffices, they are; if
    /// they are possible with all older answers, then without them too.
    fn is_impossible(&mut self, detail: Detail, kept: &[usize]) -> bool {
        let mut which = self.select(detail, kept);
        which.loose = true;
        if self.ask(&self.recent(which.clone())) == Ending::Impossible {
            return true;
        }
        if self.is_possible_with_older(detail, kept) {
            return false;
        }
        if self.ask(&which) == Ending::Impossible {
            return true;
        }
        which.loose = false;
        self.places.len() <= SHORT && self.ask(&which) == Ending::Impossible
    }

    fn is_possible_with_older(&mut self, detail: Detail, kept: &[usize]) -> bool {
        let start = self.start(&self.select(detail, kept));
        let mut more = kept.to_vec();
        let before = self.answers[..self.end].iter().copied();
        more.extend(before.filter(|place| words::answer_time(&self.history[*place]) < start));
        matches!(self.ask(&self.select(detail, &more)), Ending::Found(_))
    }

    /// The fewest others that are impossible together with the last answer, of as many as are
    /// enough, and whether each of them is known to be needed.
    fn smallest(&mut self, detail: Detail, enough: usize) -> (Detail, Vec<usize>, bool) {
        let others = self.others();
        let mut needed: Vec<usize> = Vec::new();
        let mut rest = &others[..enough];
        // The shortest beginning of the rest that is impossible with what is needed so far ends
        // with one more that is needed.
        while !rest.is_empty() {
            let length = self.shortest(detail, &needed, rest);
            let Some((last, earlier)) = rest[..length].split_last() else {
                break;
            };
            needed.push(*last);
            rest = earlier;
        }
        needed.sort_by_key(|place| (self.history[*place].called, *place));
        let minimal = (0..needed.len()).all(|left_out| {
            let mut fewer = needed.clone();
            fewer.remove(left_out);
            self.is_possible_with_older(detail, &fewer)
                || matches!(self.ask(&self.select(detail, &fewer)), Ending::Found(_))
        });
        (detail, needed, minimal)
    }

    /// The least detail, and how many of the others suffice with it.
    fn enough(&mut self) -> Option<(Detail, usize)> {
        let others = self.others();
        for detail in [Detail::Values, Detail::Versions, Detail::Revisions] {
            let mut length = 0;
            loop {
                if self.is_impossible(detail, &others[..length]) {
                    return Some((detail, length));
                }
                if length == others.len() || length >= SHORT {
                    break;
                }
                length = (2 * length).max(1).min(others.len());
            }
        }
        None
    }

    /// How much of the rest is impossible with what is needed.
    fn shortest(&mut self, detail: Detail, needed: &[usize], rest: &[usize]) -> usize {
        let (mut short, mut long) = (0, rest.len());
        while short < long {
            let middle = short + (long - short) / 2;
            if self.is_impossible(detail, &[needed, &rest[..middle]].concat()) {
                long = middle;
            } else {
                short = middle + 1;
            }
        }
        long
    }

    fn facts(&self, key: &Payload, detail: Detail, kept: &[usize]) -> [Fact; 2] {
        let culprit = self.answers[self.end];
        let key = show_bytes(key);
        let can = match self.possible_states(detail, kept).as_slice() {
            [] => "with that there is no order".to_string(),
            states => format!("{key} can only have been {}", states.join(" or ")),
        };
        let text = match kept {
            [] => format!("But of all that had begun by then nothing leads there: {can}."),
            kept if kept.len() > NAMED => {
                format!(
                    "But the answers of {} others leave no room: {can}.",
                    kept.len()
                )
            }
            kept => {
                let list: Vec<String> = kept
                    .iter()
                    .map(|at| words::sentence(&self.history[*at], detail))
                    .collect();
                format!("But {}: {can}.", list.join(", "))
            }
        };
        let first = Fact {
            operations: vec![culprit],
            text: format!("{}.", words::sentence(&self.history[culprit], detail)),
        };
        let second = Fact {
            operations: kept.to_vec(),
            text,
        };
        [first, second]
    }

    /// What the key can have been when the last answer was to be explained, each once; empty if
    /// the others do not even let it come so far.
    fn possible_states(&self, detail: Detail, kept: &[usize]) -> Vec<String> {
        let mut which = self.select(detail, kept);
        which.names = true;
        which.loose = true;
        let recent = self.recent(which.clone());
        let texts = |which: &Selection| {
            let prepared = Prepared::select(self.history, which);
            let limit = Limit {
                states: QUESTION_STATES,
                bytes: self.bytes,
            };
            let mut search = Search::new(&prepared, limit);
            let complete = search.run() == Ending::Impossible;
            complete.then(|| words::states_at_the_end(&prepared, &search))
        };
        let mut texts = texts(&recent).or_else(|| texts(&which)).unwrap_or_default();
        if texts.len() > NAMED {
            texts.truncate(NAMED);
            texts.push("something else".to_string());
        }
        texts
    }
}
