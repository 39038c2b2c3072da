//! The log as `raft` reads it: an image in memory of everything it has, on disk or on its way
//! there. What survives a crash is the simulated disk's affair.
//!
//! Position 1 holds the first members, as in every log of ours. `raft` takes it for the end of a
//! snapshot: it knows its term and never asks for it.

use raft::eraftpb::{ConfState, EntryType, HardState, Snapshot};
use raft::storage::RaftState;
use raft::{GetEntriesContext, Result, Storage, StorageError};
use raftwerk_core::{Entry, EntryBody, Index, LogId};

/// The image.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// From position 1 on, without a hole.
    pub entries: Vec<Entry>,
    /// What was on disk at the start.
    pub start: RaftState,
}

impl Image {
    /// Of what the disk held.
    pub fn new(entries: Vec<Entry>, term: u64, vote: u64, voters: Vec<u64>) -> Image {
        let mut hard_state = HardState::default();
        (hard_state.term, hard_state.vote, hard_state.commit) = (term, vote, 1);
        let conf_state = ConfState::from((voters, vec![]));
        let start = RaftState::new(hard_state, conf_state);
        Image { entries, start }
    }

    /// The last entry.
    pub fn last(&self) -> LogId {
        self.entries
            .last()
            .map(|entry| entry.id)
            .unwrap_or_default()
    }

    /// The term at a position.
    pub fn term_at(&self, index: Index) -> Option<u64> {
        let at = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.entries.get(at).map(|entry| entry.id.term.0)
    }

    /// These are the end of the log.
    pub fn replace(&mut self, end: &[raft::eraftpb::Entry]) {
        if let Some(first) = end.first() {
            self.entries.truncate(first.index as usize - 1);
            self.entries.extend(end.iter().map(ours));
        }
    }
}

/// An entry as we write it.
pub(crate) fn ours(entry: &raft::eraftpb::Entry) -> Entry {
    assert_eq!(
        entry.get_entry_type(),
        EntryType::EntryNormal,
        "nobody changes the members"
    );
    Entry {
        id: LogId::new(entry.term, entry.index),
        body: match entry.data.is_empty() {
            true => EntryBody::Noop,
            false => EntryBody::Command(entry.data.as_ref().into()),
        },
    }
}

/// An entry as `raft` writes it.
pub(crate) fn theirs(entry: &Entry) -> raft::eraftpb::Entry {
    let mut other = raft::eraftpb::Entry::default();
    (other.term, other.index) = (entry.id.term.0, entry.id.index.0);
    match &entry.body {
        EntryBody::Noop => {}
        EntryBody::Command(command) => other.data = command.to_vec().into(),
        EntryBody::Membership(_) => unreachable!("the first entry is never sent"),
    }
    other
}

impl Storage for Image {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(self.start.clone())
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> Result<Vec<raft::eraftpb::Entry>> {
        let range = low as usize - 1..high as usize - 1;
        let Some(entries) = self.entries.get(range) else {
            return Err(StorageError::Unavailable.into());
        };
        let mut found: Vec<_> = entries.iter().map(theirs).collect();
        raft::util::limit_size(&mut found, max_size.into());
        Ok(found)
    }

    fn term(&self, index: u64) -> Result<u64> {
        let term = self.term_at(Index(index));
        term.ok_or_else(|| StorageError::Unavailable.into())
    }

    fn first_index(&self) -> Result<u64> {
        Ok(2)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.entries.len() as u64)
    }

    fn snapshot(&self, _: u64, _: u64) -> Result<Snapshot> {
        Err(StorageError::SnapshotTemporarilyUnavailable.into())
    }
}
