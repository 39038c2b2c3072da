//! The log in memory (paper 5.3).
//!
//! Guarantees: entries are contiguous, terms never fall along it, and asking for the term of a
//! position says "gone" or "not yet" instead of zero (trap R6). Until snapshots come, the log
//! starts right after the origin; `base` is where it will start later.

use crate::membership::Membership;
use crate::sabotage::{Rule, Rules};
use crate::types::{Entry, EntryBody, Index, LogId, Term};

/// Entries after `base`, with the memberships found among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Log {
    base: LogId,
    entries: Vec<Entry>,
    /// Memberships in the log, oldest first; the last one is in force (thesis 4.1).
    memberships: Vec<Membership>,
}

impl Log {
    /// A log of these entries, right after the origin. Says what is wrong with them.
    pub fn new(entries: Vec<Entry>) -> Result<Log, String> {
        let mut log = Log {
            base: LogId::ORIGIN,
            entries: Vec::new(),
            memberships: Vec::new(),
        };
        for entry in entries {
            let last = log.last();
            if entry.id.index != last.index.next() {
                return Err(format!("entry {} does not follow {}", entry.id, last));
            }
            if entry.id.term < last.term {
                return Err(format!("term falls from {} to {}", last, entry.id));
            }
            log.push(entry);
        }
        Ok(log)
    }

    /// Id of the last entry, or of the place before the first.
    pub fn last(&self) -> LogId {
        self.entries.last().map_or(self.base, |entry| entry.id)
    }

    /// First position that is still here.
    pub fn first(&self) -> Index {
        self.base.index.next()
    }

    /// Term at a position; `None` when it is trimmed or not there yet.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.entry(index).map(|entry| entry.id.term)
    }

    /// Id at a position.
    pub fn id_at(&self, index: Index) -> Option<LogId> {
        self.term_at(index).map(|term| LogId { term, index })
    }

    fn entry(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.offset(index)?)
    }

    fn offset(&self, index: Index) -> Option<usize> {
        let offset = index.0.checked_sub(self.base.index.0 + 1)?;
        usize::try_from(offset).ok()
    }

    /// Entries `from..=to`. Both ends must be here; an empty range is `to` just before `from`.
    pub fn range(&self, from: Index, to: Index) -> &[Entry] {
        if to < from {
            return &[];
        }
        let start = self.offset(from).expect("a range starts inside the log");
        let end = self.offset(to).expect("a range ends inside the log") + 1;
        &self.entries[start..end]
    }

    /// Entries from `from` that fit in `bytes`; at least one when there is any (trap R8).
    pub fn batch(&self, from: Index, bytes: u64) -> &[Entry] {
        let Some(start) = self
            .offset(from)
            .filter(|start| *start < self.entries.len())
        else {
            return &[];
        };
        let mut total = 0;
        let mut count = 0;
        for entry in &self.entries[start..] {
            total += entry.size();
            if count > 0 && total > bytes {
                break;
            }
            count += 1;
        }
        &self.entries[start..start + count]
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        assert_eq!(
            entry.id.index,
            self.last().index.next(),
            "the log has no holes"
        );
        assert!(
            entry.id.term >= self.last().term,
            "terms never fall along the log"
        );
        if let EntryBody::Membership(members) = &entry.body {
            self.memberships.push(Membership {
                id: entry.id,
                members: members.clone(),
            });
        }
        self.entries.push(entry);
    }

    /// Removes `at` and everything after it; returns how many entries that were.
    pub fn cut(&mut self, at: Index, rules: Rules) -> u64 {
        let keep = self.offset(at).expect("what is cut is in the log");
        assert!(keep < self.entries.len(), "what is cut is in the log");
        let removed = self.entries.len() - keep;
        self.entries.truncate(keep);
        let stays = |membership: &Membership| membership.id.index < at;
        self.memberships
            .retain(|membership| stays(membership) || !rules.hold(Rule::M3KeepCut));
        removed as u64
    }

    /// The membership in force: the newest in the log, committed or not (thesis 4.1).
    pub fn membership(&self) -> Option<&Membership> {
        self.memberships.last()
    }

    /// The membership that was in force before that one.
    pub fn membership_before(&self) -> Option<&Membership> {
        self.memberships.iter().nth_back(1)
    }

    /// The best place for a leader to try next, given what was probed and refused: the last
    /// position at or below `limit` whose term is not above `term` (paper 5.3, last part).
    ///
    /// Both sides use it, so each round trip skips at least one whole term (trap R9).
    pub fn meeting_point(&self, limit: Index, term: Term) -> LogId {
        let mut index = limit.min(self.last().index);
        while index > self.base.index {
            let id = self
                .id_at(index)
                .expect("between base and last every position is here");
            if id.term <= term {
                return id;
            }
            index = index.prev();
        }
        self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log {
        let entry = |(i, term): (usize, &u64)| Entry {
            id: LogId::new(*term, i as u64 + 1),
            body: EntryBody::Noop,
        };
        Log::new(terms.iter().enumerate().map(entry).collect()).expect("well formed")
    }

    #[test]
    fn r6_the_term_of_a_position_that_is_not_there_is_unknown() {
        let log = log(&[1, 1, 2]);
        assert_eq!(log.term_at(Index(0)), Some(Term(0)));
        assert_eq!(log.term_at(Index(3)), Some(Term(2)));
        assert_eq!(log.term_at(Index(4)), None);
    }

    #[test]
    fn r8_a_batch_holds_at_least_one_entry() {
        let log = log(&[1, 1, 1]);
        assert_eq!(log.batch(Index(1), 1).len(), 1);
        assert_eq!(log.batch(Index(1), 64).len(), 2);
        assert_eq!(log.batch(Index(4), 64).len(), 0);
    }

    #[test]
    fn r9_a_meeting_point_skips_whole_terms() {
        let log = log(&[1, 1, 4, 4, 4]);
        assert_eq!(log.meeting_point(Index(9), Term(3)), LogId::new(1, 2));
        assert_eq!(log.meeting_point(Index(4), Term(4)), LogId::new(4, 4));
        assert_eq!(log.meeting_point(Index(4), Term(0)), LogId::ORIGIN);
    }

    #[test]
    fn r7_holes_and_falling_terms_are_refused() {
        let noop = |term, index| Entry {
            id: LogId::new(term, index),
            body: EntryBody::Noop,
        };
        assert!(Log::new(vec![noop(1, 2)]).is_err());
        assert!(Log::new(vec![noop(2, 1), noop(1, 2)]).is_err());
    }
}
