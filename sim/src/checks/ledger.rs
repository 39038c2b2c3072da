//! Everything the checks remember about log positions.
//!
//! An entry id (term, index) must always name the same entry after the same predecessor. If
//! that holds for every entry ever seen in any log, two logs with the same id at a place are
//! equal up to it: log matching (paper 5.3), checked with one look per new entry.

use super::halves::Halves;
use crate::shared::Shared;
use raftwerk_core::{Entry, EntryBody, Index, LogId, Members, Raft, StableHasher};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How many terms at one index are kept inline; more go to a map.
const INLINE: usize = 2;

/// An entry as it was first seen under its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub term: u64,
    /// Term of the entry before it.
    pub before: u64,
    pub hash: u64,
}

/// What became committed at an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Committed {
    pub term: u64,
    pub hash: u64,
    /// Term of the node that first knew it: its leader's term.
    pub by: u64,
    /// Who decided it: the members in force at that node.
    pub halves: Halves,
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    known: [Option<Known>; INLINE],
    digest: Option<u64>,
}

/// The ledger of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    positions: Shared<Position>,
    committed: Shared<Committed>,
    more: BTreeMap<(u64, u64), Known>,
    /// What entries say about members, by (index, term).
    members: BTreeMap<(u64, u64), Arc<Members>>,
}

/// Hash of what an entry says.
pub(super) fn hash_of(entry: &Entry) -> u64 {
    let mut hasher = StableHasher::new();
    entry.body.hash(&mut hasher);
    hasher.finish()
}

impl Ledger {
    fn position(&mut self, index: u64) -> &mut Position {
        let at = usize::try_from(index - 1).expect("a simulated log fits in memory");
        while self.positions.len() <= at {
            self.positions.push(Position::default());
        }
        self.positions.get_mut(at).expect("just made")
    }

    /// Notes an entry; returns what was known under its id if that was something else.
    pub fn note(&mut self, index: u64, seen: Known) -> Option<Known> {
        let at = (index - 1) as usize;
        // The common case, without a write: it was seen before on another node.
        if let Some(position) = self.positions.get(at) {
            let known = position
                .known
                .iter()
                .flatten()
                .find(|known| known.term == seen.term);
            if let Some(known) = known {
                return (*known != seen).then_some(*known);
            }
        }
        if let Some(free) = self
            .position(index)
            .known
            .iter_mut()
            .find(|slot| slot.is_none())
        {
            *free = Some(seen);
            return None;
        }
        let known = *self.more.entry((index, seen.term)).or_insert(seen);
        (known != seen).then_some(known)
    }

    /// Notes what an entry says about members.
    pub fn note_members(&mut self, entry: &Entry) {
        if let EntryBody::Membership(members) = &entry.body {
            let at = (entry.id.index.0, entry.id.term.0);
            let known = self.members.entry(at);
            known.or_insert_with(|| Arc::new((**members).clone()));
        }
    }

    /// What a log up to an index says about members, newest first.
    pub fn members_in<'a>(
        &'a self,
        raft: &'a Raft,
        last: Index,
    ) -> impl Iterator<Item = (LogId, &'a Members)> {
        let upto = self.members.range(..=(last.0, u64::MAX)).rev();
        let ids = upto.map(|((index, term), members)| (LogId::new(*term, *index), &**members));
        // What a log has dropped was committed.
        let (view, base) = (raft.view(), raft.view().base().index);
        ids.filter(move |(id, _)| match id.index < base {
            true => self.committed_term(id.index.0) == Some(id.term.0),
            false => view.term_at(id.index) == Some(id.term),
        })
    }

    /// The newest members that are committed, with their index.
    pub fn members(&self) -> Option<(u64, &Members)> {
        let found = self.members_at(self.committed());
        found.map(|(id, members)| (id.index.0, members))
    }

    /// What any entry above what is committed says about members.
    pub fn members_to_come(&self) -> impl Iterator<Item = &Members> {
        let above = self.members.range((self.committed() + 1, 0)..);
        above.map(|(_, members)| &**members)
    }

    /// The members that were in force at a committed index.
    pub fn members_at(&self, index: u64) -> Option<(LogId, &Members)> {
        let upto = self.members.range(..=(index, u64::MAX)).rev();
        let mut ids = upto.map(|((index, term), members)| (*index, *term, &**members));
        let found = ids.find(|(index, term, _)| self.committed_term(*index) == Some(*term));
        found.map(|(index, term, members)| (LogId::new(term, index), members))
    }

    /// Highest committed index.
    pub fn committed(&self) -> u64 {
        self.committed.len() as u64
    }

    /// What is committed at an index.
    pub fn committed_at(&self, index: u64) -> Option<&Committed> {
        self.committed.get(index.checked_sub(1)? as usize)
    }

    /// Term of what is committed at an index.
    pub fn committed_term(&self, index: u64) -> Option<u64> {
        self.committed_at(index).map(|committed| committed.term)
    }

    /// Adds the next committed entry.
    pub fn commit(&mut self, committed: Committed) {
        self.committed.push(committed);
    }

    /// Highest index committed by a leader of a term below this one.
    pub fn committed_before(&self, term: u64) -> u64 {
        // The terms that commit never fall along the log, and what a new leader misses is
        // nearly always at the very end.
        let mut index = self.committed();
        while index > 0
            && self
                .committed_at(index)
                .is_some_and(|entry| entry.by >= term)
        {
            index -= 1;
        }
        index
    }

    /// Digest of the state machines after an index.
    pub fn digest(&self, index: u64) -> Option<u64> {
        self.positions.get(index.checked_sub(1)? as usize)?.digest
    }

    /// Notes the digest after an index.
    pub fn set_digest(&mut self, index: u64, digest: u64) {
        self.position(index).digest = Some(digest);
    }

    /// About how many bytes a copy holds that shares nothing.
    pub fn memory(&self) -> u64 {
        let positions = self.positions.len() * size_of::<Position>();
        let committed = self.committed.len() * size_of::<Committed>();
        (positions + committed + self.more.len() * 64 + self.members.len() * 256) as u64
    }
}
