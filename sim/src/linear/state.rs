//! What is known of one key.
//!
//! A client sees one key of a store with many, so the revisions between two changes of the key
//! are not known: a change by an operation without an answer has a revision somewhere above all
//! that came before. A [`State`] therefore stands for every store that fits, with ranges for the
//! revisions; telling one narrows its range.

use std::hash::{Hash, Hasher};

/// The value that stands for all which no answer shows and no comparison wants: they need not be
/// told apart.
pub(super) const NOBODY: u32 = 0;

/// How much of what answers tell is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Values, and whether comparisons succeeded.
    Values,
    /// Also versions.
    Versions,
    /// Everything.
    Revisions,
}

/// Where a revision lies; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub low: u64,
    pub high: u64,
}

impl Range {
    pub const ANY: Range = Range {
        low: 0,
        high: u64::MAX,
    };

    pub fn exactly(number: u64) -> Range {
        Range {
            low: number,
            high: number,
        }
    }

    fn covers(self, other: Range) -> bool {
        self.low <= other.low && self.high >= other.high
    }

    /// What lies in both; `None` if nothing does.
    pub fn meet(self, other: Range) -> Option<Range> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(Range { low, high })
    }
}

/// A key that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Present {
    pub value: u32,
    pub version: u64,
    pub created: Range,
    pub modified: Range,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Absent,
    Present(Present),
    /// Nothing: until an answer shows it.
    Anything,
}

/// A key, and the least revision that the store can be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub key: Key,
    pub floor: u64,
}

impl State {
    /// A revision that the last change cannot be below, if there may have been one.
    pub fn changed_since(&self, before: &State) -> Option<u64> {
        match (self.key, before.key) {
            (Key::Present(found), Key::Present(old)) if found.modified.low == old.modified.low => {
                None
            }
            (Key::Present(found), _) => Some(found.modified.low),
            (Key::Absent, Key::Present(_)) => Some(self.floor),
            _ => None,
        }
    }

    /// Whether every store that fits the other state fits this one, of the same kind.
    pub fn covers(&self, other: &State) -> bool {
        let key = match (&self.key, &other.key) {
            (Key::Present(mine), Key::Present(theirs)) => {
                mine.value == theirs.value
                    && mine.version == theirs.version
                    && mine.created.covers(theirs.created)
                    && mine.modified.covers(theirs.modified)
            }
            (mine, theirs) => mine == theirs,
        };
        key && self.floor <= other.floor
    }

    /// Feeds what must be equal for one state to cover another.
    pub fn hash_kind(&self, to: &mut impl Hasher) {
        match self.key {
            Key::Absent => to.write_u8(0),
            Key::Present(found) => (found.value, found.version).hash(to),
            Key::Anything => to.write_u8(1),
        }
    }
}
