//! The latest changes in order of revision, so that a watch can start in the past.
//!
//! Every revision from 2 on is exactly one change. Bounded by [`MAX_HISTORY_CHANGES`] and
//! [`MAX_HISTORY_BYTES`]: a change that does not fit pushes out the oldest ones, equally on
//! every replica. Guarantees that the kept changes are gapless up to the newest revision.

use std::fmt;

use crate::answer::KeyValue;
use crate::command::Payload;
use crate::limits::{MAX_HISTORY_BYTES, MAX_HISTORY_CHANGES};
use crate::table::{Row, Table};

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Change {
    /// The key was set; its mod revision is the revision of the change.
    Put(KeyValue),
    /// The key was removed.
    Deleted {
        /// The key that is gone.
        key: Payload,
        /// The revision of the change.
        revision: u64,
    },
}

/// A page of changes, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Changes {
    /// The changes; to go on, ask for those after the revision of the last one.
    pub items: Vec<Change>,
    /// Whether there are more.
    pub more: bool,
    /// The revision of the store that was read.
    pub revision: u64,
}

/// The start asked for lies before the history: some changes behind it are no longer known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The changes after this revision are still known.
    pub revision: u64,
}

impl fmt::Display for Compacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "changes up to revision {} are compacted", self.revision)
    }
}

impl std::error::Error for Compacted {}

impl Change {
    /// The key that changed.
    pub fn key(&self) -> &Payload {
        match self {
            Self::Put(item) => &item.key,
            Self::Deleted { key, .. } => key,
        }
    }

    /// The revision this change made.
    pub fn revision(&self) -> u64 {
        *Row::key(self)
    }

    /// What the change weighs against [`MAX_HISTORY_BYTES`].
    fn bytes(&self) -> u64 {
        match self {
            Self::Put(item) => item.key.len() as u64 + item.value.len() as u64,
            Self::Deleted { key, .. } => key.len() as u64,
        }
    }
}

impl Row for Change {
    type Key = u64;
    fn key(&self) -> &u64 {
        match self {
            Self::Put(item) => &item.mod_revision,
            Self::Deleted { revision, .. } => revision,
        }
    }
}

/// The kept changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    changes: Table<Change>,
    bytes: u64,
    compacted: u64,
}

impl History {
    /// No changes, and those up to `compacted` not known; 0 if nothing was ever compacted.
    pub fn new(compacted: u64) -> Self {
        Self {
            changes: Table::new(),
            bytes: 0,
            compacted,
        }
    }

    pub fn push(&mut self, change: Change) {
        let revision = change.revision();
        if let Some(last) = self.changes.last() {
            assert!(
                revision == last.revision() + 1,
                "the history must have no gap"
            );
        }
        self.bytes += change.bytes();
        self.changes.insert(change);
        while self.is_too_big() {
            let oldest = self.changes.first().map(Change::revision);
            let oldest = oldest.and_then(|revision| self.changes.remove(&revision));
            let Some(oldest) = oldest else { break };
            self.bytes -= oldest.bytes();
            self.compacted = oldest.revision();
        }
    }

    pub fn is_too_big(&self) -> bool {
        self.changes.len() > MAX_HISTORY_CHANGES || self.bytes > MAX_HISTORY_BYTES
    }

    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    pub fn after(&self, revision: u64) -> Result<impl Iterator<Item = &Change>, Compacted> {
        if revision < self.compacted {
            return Err(Compacted {
                revision: self.compacted,
            });
        }
        Ok(self.changes.iter_from(&revision, false))
    }
}
