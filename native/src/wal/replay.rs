//! What a log says, record by record.

use raftwerk_core::{Entry, HardState, Index, LogId};
use raftwerk_wire::record::{Change, Start};

/// What a log says: term and vote, and all entries that are still in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Term and vote.
    pub hard_state: HardState,
    /// The entries begin after this index; a snapshot holds what was up to there.
    pub base: Index,
    /// Entries.
    pub entries: Vec<Entry>,
    /// Last entry of the snapshot that took the log's place last, as far as the log is still
    /// there: that snapshot is in force.
    pub installed: Option<LogId>,
}

impl State {
    /// Last index of the log.
    #[must_use]
    pub fn end(&self) -> Index {
        let last = self.entries.last();
        last.map_or(self.base, |entry| entry.id.index)
    }

    /// Forgets entries from the front, up to this one: a snapshot holds what came of them.
    pub fn forget_to(&mut self, last: Index) {
        let kept = self.entries.iter().position(|entry| entry.id.index > last);
        self.entries.drain(..kept.unwrap_or(self.entries.len()));
        self.base = self.base.max(last);
    }

    /// Removes an entry that is there, and all behind it.
    pub fn lose_from(&mut self, from: Index) {
        self.entries.retain(|entry| entry.id.index < from);
    }

    /// The log is read from this file on.
    pub(super) fn begin(&mut self, start: &Start) {
        (self.hard_state, self.base) = (start.hard_state, start.end);
    }

    /// Replays one record. `false`: it contradicts what came before, which undamaged records
    /// never do.
    pub(super) fn replay(&mut self, change: Change) -> bool {
        if let Some(hard_state) = change.hard_state {
            if hard_state.term < self.hard_state.term {
                return false;
            }
            self.hard_state = hard_state;
        }
        if let Some(last) = change.after {
            self.entries.clear();
            (self.base, self.installed) = (last.index, Some(last));
        }
        if let Some(cut) = change.cut_from
            && !self.cut(cut)
        {
            return false;
        }
        for entry in change.append {
            let term = self.entries.last().map(|last| last.id.term);
            let follows = self.end().following() == Some(entry.id.index);
            if !follows || entry.id.term < term.unwrap_or_default() {
                return false;
            }
            self.entries.push(entry);
        }
        true
    }

    /// Removes an entry and all behind it. One from before the first file that is left was cut
    /// when those were still there.
    fn cut(&mut self, from: Index) -> bool {
        let Some(last) = from.0.checked_sub(1).map(Index) else {
            return false;
        };
        if last > self.end() {
            return false;
        }
        self.base = self.base.min(last);
        let keep = usize::try_from(last.0 - self.base.0).expect("no more than there are");
        self.entries.truncate(keep);
        true
    }
}
