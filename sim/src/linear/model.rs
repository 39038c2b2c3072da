//! What an operation makes of a key: the rules of `raftwerk_kv` as a client can know them.
//!
//! Starting from a known key, what a state admits is what some store could be like, except where
//! [`Model::answered`] says otherwise. Starting from anything it may admit more, never less.

use super::state::{Detail, Key, Present, Range, State};

/// What a comparison wants to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    Absent,
    Value(u32),
    /// Never 0: that is [`Want::Absent`].
    Revision(u64),
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Get,
    Put(u32),
    Delete,
    Compare { want: Want, value: Option<u32> },
}

/// A record as it was shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub value: u32,
    pub version: Option<u64>,
    pub created: Option<u64>,
    pub modified: Option<u64>,
}

/// What was shown of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sight {
    Untold,
    Absent,
    Present(Seen),
}

/// An operation with its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub deed: Deed,
    pub succeeded: bool,
    pub sight: Sight,
    pub revision: Option<u64>,
}

impl Exchange {
    /// Whether it cannot have changed anything, whenever it happened.
    pub fn only_looked(&self) -> bool {
        match (self.deed, self.sight) {
            (Deed::Get, _) | (Deed::Delete, Sight::Absent) => true,
            (Deed::Compare { .. }, _) => !self.succeeded,
            _ => false,
        }
    }

    /// The highest revision at which the key can have been changed last before this, as far as
    /// the answer tells.
    pub fn latest(&self) -> u64 {
        let shown = match self.sight {
            Sight::Present(seen) => seen.modified.unwrap_or(u64::MAX),
            Sight::Absent | Sight::Untold => u64::MAX,
        };
        shown.min(self.revision.unwrap_or(u64::MAX))
    }
}

/// The rules, as far as they matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub detail: Detail,
    /// Versions from here on need not be told apart.
    pub cap: u64,
    /// Whether the key may have been like anything at the start.
    pub anything: bool,
}

impl Model {
    /// Before anything happened: an empty store is at revision 1.
    pub fn start(self) -> State {
        State {
            key: if self.anything {
                Key::Anything
            } else {
                Key::Absent
            },
            floor: u64::from(self.counts_revisions()),
        }
    }

    /// The state after an operation that was answered like this; `None` if no store in the
    /// state would have answered so. One thing is let through unchecked: a comparison with a
    /// revision that failed, if the key's revision is not known.
    pub fn answered(self, state: State, exchange: &Exchange) -> Option<State> {
        let (sight, revision) = (exchange.sight, exchange.revision);
        match exchange.deed {
            Deed::Get => self.unchanged(self.sighted(state, sight)?, revision),
            Deed::Put(value) => self.changed(self.sighted(state, sight)?, Some(value), revision),
            Deed::Delete => self.removed(self.sighted(state, sight)?, revision),
            Deed::Compare { want, value } if exchange.succeeded => {
                let state = self.as_wanted(state, want)?;
                let state = match value {
                    Some(_) => self.changed(state, value, revision)?,
                    None => self.removed(state, revision)?,
                };
                self.sighted(state, sight)
            }
            Deed::Compare { want, .. } => {
                let state = self.unchanged(self.sighted(state, sight)?, revision)?;
                (!surely(state, want)).then_some(state)
            }
        }
    }

    /// The state after an operation without an answer, if it changes anything.
    pub fn happened(self, state: State, deed: Deed) -> Option<State> {
        match deed {
            Deed::Get => None,
            Deed::Put(value) => self.changed(state, Some(value), None),
            Deed::Delete if state.key == Key::Absent => None,
            Deed::Delete => self.removed(state, None),
            Deed::Compare { want, value: None } => {
                let state = self.as_wanted(state, want)?;
                self.happened(state, Deed::Delete)
            }
            Deed::Compare { want, value } => {
                self.changed(self.as_wanted(state, want)?, value, None)
            }
        }
    }

    fn counts_revisions(self) -> bool {
        self.detail == Detail::Revisions
    }

    fn counts_versions(self) -> bool {
        self.detail >= Detail::Versions
    }

    /// A change to this value, or to absence, at a revision above all before.
    fn changed(self, state: State, to: Option<u32>, revision: Option<u64>) -> Option<State> {
        let at = if self.counts_revisions() {
            let above = Range {
                low: state.floor.checked_add(1)?,
                high: u64::MAX,
            };
            above.meet(revision.map_or(Range::ANY, Range::exactly))?
        } else {
            Range::ANY
        };
        let before = match state.key {
            Key::Absent => Some((0, at)),
            Key::Present(found) => Some((found.version, found.created)),
            Key::Anything if self.counts_versions() => None,
            Key::Anything => Some((0, Range::ANY)),
        };
        let key = match (to, before) {
            (None, _) => Key::Absent,
            (Some(_), None) => Key::Anything,
            (Some(value), Some((version, created))) => Key::Present(Present {
                value,
                version: if self.counts_versions() {
                    (version + 1).min(self.cap)
                } else {
                    0
                },
                created,
                modified: at,
            }),
        };
        self.fitted(State { key, floor: at.low })
    }

    fn removed(self, state: State, revision: Option<u64>) -> Option<State> {
        match state.key {
            Key::Present(_) => self.changed(state, None, revision),
            Key::Absent => self.unchanged(state, revision),
            // Whether it changed anything is not known either.
            Key::Anything => {
                let mut state = self.unchanged(state, revision)?;
                state.key = Key::Absent;
                Some(state)
            }
        }
    }

    /// The store's revision was told and nothing changed.
    fn unchanged(self, mut state: State, revision: Option<u64>) -> Option<State> {
        let Some(revision) = revision.filter(|_| self.counts_revisions()) else {
            return Some(state);
        };
        if revision < state.floor {
            return None;
        }
        state.floor = revision;
        if let Key::Present(found) = &mut state.key {
            found.modified = found.modified.meet(Range {
                low: 0,
                high: revision,
            })?;
        }
        self.fitted(state)
    }

    /// The key was shown.
    fn sighted(self, mut state: State, sight: Sight) -> Option<State> {
        let told = |number: Option<u64>| number.map_or(Range::ANY, Range::exactly);
        match (sight, &mut state.key) {
            (Sight::Untold, _) | (Sight::Absent, Key::Absent) => return Some(state),
            (Sight::Absent, Key::Present(_)) | (Sight::Present(_), Key::Absent) => return None,
            (Sight::Absent, key) => *key = Key::Absent,
            (Sight::Present(seen), Key::Present(found)) => {
                let wrong = |version| self.counts_versions() && version != found.version;
                if seen.value != found.value || seen.version.is_some_and(wrong) {
                    return None;
                }
                if self.counts_revisions() {
                    found.created = found.created.meet(told(seen.created))?;
                    found.modified = found.modified.meet(told(seen.modified))?;
                }
            }
            (Sight::Present(seen), key) => {
                if seen.version.is_some() || !self.counts_versions() {
                    *key = Key::Present(Present {
                        value: seen.value,
                        version: seen.version.unwrap_or(0),
                        created: told(seen.created),
                        modified: told(seen.modified),
                    });
                }
            }
        }
        self.fitted(state)
    }

    /// A comparison succeeded: the key was as wanted.
    fn as_wanted(self, mut state: State, want: Want) -> Option<State> {
        match (want, &mut state.key) {
            (Want::Absent, Key::Absent) => {}
            (Want::Absent, key @ Key::Anything) => *key = Key::Absent,
            (Want::Value(value), Key::Present(found)) if found.value == value => {}
            (Want::Revision(revision), Key::Present(found)) => {
                found.modified = found.modified.meet(Range::exactly(revision))?;
            }
            (_, Key::Anything) => {}
            _ => return None,
        }
        self.fitted(state)
    }

    /// The ranges drawn together: each write since the creation had a revision of its own, and
    /// the store cannot be behind the key.
    fn fitted(self, mut state: State) -> Option<State> {
        let Key::Present(found) = &mut state.key else {
            return Some(state);
        };
        if !self.counts_revisions() {
            return Some(state);
        }
        let later = found.version.checked_sub(1)?;
        found.created = found.created.meet(Range {
            low: 0,
            high: found.modified.high.checked_sub(later)?,
        })?;
        found.modified = found.modified.meet(Range {
            low: found.created.low.checked_add(later)?,
            high: u64::MAX,
        })?;
        if later == 0 {
            found.created = found.created.meet(found.modified)?;
            found.modified = found.created;
        }
        state.floor = state.floor.max(found.modified.low);
        Some(state)
    }
}

/// Whether every store in the state is as wanted.
fn surely(state: State, want: Want) -> bool {
    match (want, state.key) {
        (Want::Absent, key) => key == Key::Absent,
        (Want::Value(value), Key::Present(found)) => found.value == value,
        (Want::Revision(revision), Key::Present(found)) => {
            found.modified == Range::exactly(revision)
        }
        _ => false,
    }
}
