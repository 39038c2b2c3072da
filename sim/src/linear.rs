//! Is there an order? Linearizability of what clients saw, key by key.
//!
//! A history is linearizable if every operation can be given one moment between its call and
//! its answer so that, in the order of these moments, a single store would have answered the
//! same (Herlihy and Wing 1990; thesis 6.3 promises it). The search is that of Wing and Gong
//! (1993) with the memo of Lowe (2017), per key: a history is linearizable if and only if that
//! of each key is.
//!
//! **What of an answer is checked.** Values, whether a comparison succeeded, and of the record
//! of a key whatever was told: version, create revision, mod revision; also the revision of the
//! store, as far as one key can know it: every change of a key lies above all that was told of
//! the key before it. Revisions that nobody was told are kept as a range, so nothing is guessed.
//! Not checked: that revisions of *different* keys fit together, and that a comparison with a
//! revision which failed did so rightly when neither the key as found nor its revision is known.
//! So *impossible* is always true, and *linearizable* is true of each key.
//!
//! **Outcomes.** An operation that certainly failed never happened. One whose outcome is unknown
//! may have happened at any time after its call, or may still happen, or never; a read with an
//! unknown outcome says nothing. Times are exact; an operation that is called in the very
//! microsecond in which another is answered is concurrent with it.
//!
//! **Bounds.** No recursion, no hash map, no clock: the same history gives the same verdict
//! everywhere, after the same number of states. A search that would need more than its
//! [`Limit`] ends with [`Verdict::GaveUp`], which is no verdict on the history.
//!
//! | file      | what                                                              |
//! |-----------|-------------------------------------------------------------------|
//! | `record`  | what the clients of a world ask and are told                      |
//! | `answers` | from what the store answers to what is checked                    |
//! | `state`   | what is known of a key; `model`: what an operation makes of it    |
//! | `prepare` | one key's part of a history, sorted, numbered, its values told apart |
//! | `memo`    | configurations seen, and how each was reached                     |
//! | `search`  | the search                                                        |
//! | `explain` | from a failed search to an order and two facts, put in `words`    |

mod answers;
mod explain;
mod memo;
mod model;
mod prepare;
mod record;
mod search;
mod state;
mod words;

pub use raftwerk_kv::{Expect, Payload};
pub use record::Recorder;
pub use state::Detail;

use prepare::Prepared;
use search::{Ending, Search};
use std::collections::BTreeMap;
use std::fmt;

/// Configurations of the first attempt on a key, and eight more for each operation.
const FIRST_STATES: u64 = 10_000;

/// What a client asked of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Set it.
    Put(Payload),
    /// Read it, with a promise of freshness.
    Get,
    /// Remove it.
    Delete,
    /// Change it if it is as expected.
    CompareAndSet {
        /// What must be found.
        expect: Expect,
        /// The new value; `None` removes the key.
        value: Option<Payload>,
    },
}

/// What an answer told about a record. What it left open is not checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The value.
    pub value: Payload,
    /// Writes since it was created.
    pub version: Option<u64>,
    /// Revision that created it.
    pub create_revision: Option<u64>,
    /// Revision that last changed it.
    pub mod_revision: Option<u64>,
}

/// What an answer showed of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Nothing.
    #[default]
    Untold,
    /// That it does not exist.
    Absent,
    /// What it holds.
    Present(Record),
}

/// What an answer told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// Of a comparison: whether the key was as expected. Else true.
    pub succeeded: bool,
    /// A put or delete shows the key as it was before, a read as it is, a comparison as it is
    /// afterwards.
    pub shown: Shown,
    /// Revision of the store afterwards.
    pub revision: Option<u64>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With an answer.
    Answered {
        /// When.
        at: u64,
        /// The answer.
        told: Told,
    },
    /// Nobody knows whether it happened, or will.
    Unknown,
    /// It certainly never happened and never will.
    Failed,
}

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Who asked; only for the words.
    pub client: u64,
    /// About which key.
    pub key: Payload,
    /// What was asked.
    pub action: Action,
    /// When, in microseconds.
    pub called: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How much a search may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Configurations remembered for one key.
    pub states: u64,
    /// Bytes of memory for them, about.
    pub bytes: u64,
}

impl Default for Limit {
    /// Ends within a few seconds, in about 100 megabytes.
    fn default() -> Limit {
        Limit {
            states: 1_000_000,
            bytes: 96 << 20,
        }
    }
}

/// One step of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Place of the operation in the history.
    pub operation: usize,
    /// A moment between its call and its answer; never before that of the step before.
    pub at: u64,
    /// The key's value after it.
    pub value: Option<Payload>,
}

/// An order of the operations on a key. Operations with an unknown outcome that are not in it
/// need not have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The key.
    pub key: Payload,
    /// The operations in this order.
    pub steps: Vec<Step>,
}

/// Half of a contradiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Places of the operations it speaks of.
    pub operations: Vec<usize>,
    /// The fact, as a sentence.
    pub text: String,
}

/// Why there is no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// The key. Of several, the first in the order of their bytes.
    pub key: Payload,
    /// Place of the first impossible operation: up to the moment before its answer all could be
    /// explained, whatever happened later.
    pub operation: usize,
    /// The longest order of what was called before that answer, with all answers explained that
    /// came earlier. Operations that were answered later count as unknown.
    pub order: Order,
    /// What that operation was told, and what the others leave. Together the answers of both
    /// facts contradict each other.
    pub facts: [Fact; 2],
    /// How much of these answers the contradiction needs.
    pub detail: Detail,
    /// Whether it is shown that each of these answers is needed for the contradiction. False if
    /// that would have taken too long; then the operation may also be one that only later
    /// answers make impossible.
    pub minimal: bool,
}

/// The answer of [`check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Here is an order for every key.
    Linearizable(Vec<Order>),
    /// There is none.
    Impossible(Box<Impossible>),
    /// The limit was reached before an order was found or excluded; no key is known to be
    /// impossible.
    GaveUp {
        /// The first key that was too hard.
        key: Payload,
        /// Configurations seen by then.
        states: u64,
    },
}

/// Looks for an order of a history.
///
/// # Panics
/// If an operation is answered before it is called: then whoever wrote the history is wrong.
#[must_use]
pub fn check(history: &[Operation], limit: Limit) -> Verdict {
    let mut keys: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (place, operation) in history.iter().enumerate() {
        keys.entry(&operation.key).or_default().push(place);
    }
    let mut orders = Vec::with_capacity(keys.len());
    let mut gave_up = None;
    for places in keys.values() {
        match check_key(history, places, limit) {
            Verdict::Linearizable(mut order) => orders.append(&mut order),
            Verdict::Impossible(found) => return Verdict::Impossible(found),
            verdict => gave_up = gave_up.or(Some(verdict)),
        }
    }
    gave_up.unwrap_or(Verdict::Linearizable(orders))
}

/// Looks for an order of the operations on one key, first with little effort: that is mostly
/// enough, and where it is not, the answer that stopped it is often impossible by itself.
fn check_key(history: &[Operation], places: &[usize], limit: Limit) -> Verdict {
    let prepared = Prepared::of(history, places);
    let little = Limit {
        states: limit.states.min(FIRST_STATES + 8 * places.len() as u64),
        ..limit
    };
    match attempt(history, places, &prepared, little) {
        Verdict::GaveUp { .. } if little != limit => attempt(history, places, &prepared, limit),
        verdict => verdict,
    }
}

fn attempt(history: &[Operation], places: &[usize], prepared: &Prepared, limit: Limit) -> Verdict {
    let key = &history[places[0]].key;
    let mut search = Search::new(prepared, limit);
    let impossible = match search.run() {
        Ending::Found(last) => {
            return Verdict::Linearizable(vec![explain::order(history, key, &search, last)]);
        }
        Ending::Impossible => Some(explain::impossible(history, places, &search, limit)),
        Ending::GaveUp => explain::impossible_here(history, places, &search, limit),
    };
    match impossible {
        Some(found) => Verdict::Impossible(Box::new(found)),
        None => Verdict::GaveUp {
            key: key.clone(),
            states: search.memo.states(),
        },
    }
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.facts[0].text, self.facts[1].text)
    }
}
