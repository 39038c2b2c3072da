//! The log in memory (paper 5.3 and 7).
//!
//! Guarantees: entries are contiguous, terms never fall along it, and asking for the term of a
//! position says "gone" or "not yet" instead of zero (trap R6). The log starts after `base`: the
//! last entry that was dropped, whose term is kept (S5), or the origin while nothing was. What
//! was dropped was committed and is inside a snapshot.

mod restore;
mod runs;

use crate::membership::Membership;
use crate::sabotage::{Rule, Rules};
use crate::types::{Entries, Entry, EntryBody, Index, LogId, SnapshotMeta, Term};
use runs::Runs;

/// Entries after `base`, with the memberships found among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Log {
    base: LogId,
    entries: Runs,
    /// Oldest first; the last one is in force (thesis 4.1). Before those in the log stands the
    /// one that was in force where the log starts, so that cutting can fall back on it (S6).
    memberships: Vec<Membership>,
}

impl Log {
    /// An empty log that starts after a snapshot.
    pub fn after(snapshot: &SnapshotMeta) -> Log {
        Log {
            base: snapshot.last,
            entries: Runs::default(),
            memberships: vec![snapshot.membership.clone()],
        }
    }

    /// Id of the last entry, or of the place before the first.
    pub fn last(&self) -> LogId {
        self.entries.last().unwrap_or(self.base)
    }

    /// The last entry that is no longer here, or the origin.
    pub fn base(&self) -> LogId {
        self.base
    }

    /// First position that is still here.
    pub fn first(&self) -> Index {
        self.base.index.next()
    }

    /// Term at a position; `None` when it is trimmed or not there yet.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        // Mostly it is the last one that is asked for.
        for known in [self.last(), self.base] {
            if index == known.index {
                return Some(known.term);
            }
        }
        self.entry(index).map(|entry| entry.id.term)
    }

    /// Id at a position.
    pub fn id_at(&self, index: Index) -> Option<LogId> {
        self.term_at(index).map(|term| LogId { term, index })
    }

    /// Whether an entry of the leader is the one that stands, or stood, here. What was dropped
    /// was committed, and every later leader has it (paper 5.4).
    pub fn agrees(&self, id: LogId) -> bool {
        id.index < self.base.index || self.term_at(id.index) == Some(id.term)
    }

    fn entry(&self, index: Index) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Entries `from..=to`. Both ends must be here; an empty range is `to` just before `from`.
    pub fn range(&self, from: Index, to: Index) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        let here = from > self.base.index && to <= self.last().index;
        assert!(to < from || here, "a range lies inside the log");
        self.entries.range(from, to)
    }

    /// The same as a run, to be written. Not copied if it came as one or was sent as one.
    pub fn run(&mut self, from: Index, to: Index) -> Entries {
        match to < from {
            true => Entries::default(),
            false => self.entries.share(from, to),
        }
    }

    /// Entries from `from` that fit in `bytes`, and their size; at least one when there is any
    /// (trap R8).
    pub fn batch(&mut self, from: Index, bytes: u64) -> (Entries, u64) {
        self.entries.batch(from, bytes)
    }

    /// Bytes of the entries `from..=to`, as limits count them.
    pub fn size(&self, from: Index, to: Index) -> u64 {
        self.entries.size(from, to)
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        self.take_in(self.last(), &entry, Rules::ALL);
        self.entries.push(entry);
    }

    /// Adds a run at the end.
    pub fn append(&mut self, run: Entries, rules: Rules) {
        let mut before = self.last();
        for entry in run.iter() {
            self.take_in(before, entry, rules);
            before = entry.id;
        }
        self.entries.append(run);
    }

    /// Looks at an entry that is about to be added after another.
    fn take_in(&mut self, before: LogId, entry: &Entry, rules: Rules) {
        let follows = entry.id.index == before.index.next();
        assert!(
            follows || !rules.hold(Rule::R7Holes),
            "the log has no holes: {} does not follow {before}",
            entry.id
        );
        assert!(
            entry.id.term >= before.term,
            "terms never fall along the log"
        );
        if let EntryBody::Membership(members) = &entry.body {
            let known = self.memberships.last().map_or(Index(0), Membership::index);
            if entry.id.index > known {
                self.memberships.push(Membership {
                    id: entry.id,
                    members: (**members).clone(),
                });
            }
        }
    }

    /// Removes `at` and everything after it; returns how many entries that were.
    pub fn cut(&mut self, at: Index, rules: Rules) -> u64 {
        let last = self.last().index;
        let here = at > self.base.index && at <= last;
        assert!(here, "what is cut is in the log");
        self.entries.cut(at);
        let stays = |membership: &Membership| membership.id.index < at;
        self.memberships
            .retain(|membership| stays(membership) || !rules.hold(Rule::M3KeepCut));
        last.0 - at.prev().0
    }

    /// Drops entries up to `to`, which a snapshot covers; keeps the term of the last one (trap
    /// S5) and the membership that was in force there (S6). Returns how many that were.
    pub fn trim(&mut self, to: Index, rules: Rules) -> u64 {
        let mut base = self.id_at(to).expect("what is trimmed is in the log");
        if !rules.hold(Rule::S5ForgetTerm) {
            base.term = Term(0);
        }
        let removed = to.0 - self.base.index.0;
        self.entries.trim(to);
        self.base = base;
        let old = self.memberships.iter();
        let old = old.filter(|membership| membership.index() <= to).count();
        let kept = usize::from(rules.hold(Rule::S6ForgetMembers));
        self.memberships.drain(..old.saturating_sub(kept));
        removed
    }

    /// The position before a tail that ends at `end` and has at most so many entries and bytes.
    pub fn tail(&self, end: Index, entries: u64, bytes: u64) -> Index {
        let first = self
            .first()
            .max(Index(end.0.saturating_sub(entries).saturating_add(1)));
        let (mut before, mut total) = (end, 0);
        for entry in self.range(first, end).rev() {
            total += entry.size();
            if total > bytes {
                break;
            }
            before = entry.id.index.prev();
        }
        before
    }

    /// The membership in force at a position that is here, or where the log starts.
    pub fn membership_at(&self, index: Index) -> Option<&Membership> {
        let known = index >= self.base.index && index <= self.last().index;
        let mut newest_first = self.memberships.iter().rev();
        newest_first.find(|membership| known && membership.index() <= index)
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
        let limit = limit.min(self.last().index);
        let mut newest_first = self.entries.range(self.first(), limit).rev();
        let meet = newest_first.find(|entry| entry.id.term <= term);
        meet.map_or(self.base, |entry| entry.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::Members;
    use crate::types::NodeId;

    fn log(terms: &[u64]) -> Log {
        let entry = |(i, term): (usize, &u64)| Entry {
            id: LogId::new(*term, i as u64 + 1),
            body: EntryBody::Noop,
        };
        Log::restore(None, terms.iter().enumerate().map(entry).collect()).expect("well formed")
    }

    pub(super) fn noop(term: u64, index: u64) -> Entry {
        Entry {
            id: LogId::new(term, index),
            body: EntryBody::Noop,
        }
    }

    pub(super) fn naming(term: u64, index: u64, voters: u64) -> Entry {
        Entry {
            id: LogId::new(term, index),
            body: EntryBody::Membership(voters_up_to(voters).into()),
        }
    }

    pub(super) fn voters_up_to(voters: u64) -> Members {
        Members::of_voters((1..=voters).map(NodeId))
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
        let mut log = log(&[1, 1, 1]);
        let mut batch = |from, bytes| {
            let (run, size) = log.batch(Index(from), bytes);
            (run.len(), size)
        };
        assert_eq!(batch(1, 1), (1, 32));
        assert_eq!(batch(1, 64), (2, 64));
        assert_eq!(batch(4, 64), (0, 0));
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
        assert!(Log::restore(None, vec![noop(1, 2)]).is_err());
        assert!(Log::restore(None, vec![noop(2, 1), noop(1, 2)]).is_err());
    }

    #[test]
    fn r6_s5_the_term_of_the_last_dropped_entry_stays_known_and_no_other() {
        let mut log = log(&[1, 1, 2, 3]);
        assert_eq!(log.trim(Index(3), Rules::ALL), 3);
        assert_eq!((log.base(), log.first()), (LogId::new(2, 3), Index(4)));
        assert_eq!(log.term_at(Index(3)), Some(Term(2)));
        assert_eq!(log.term_at(Index(2)), None, "gone is not zero");
        assert_eq!(log.term_at(Index(0)), None);
        assert!(!log.agrees(LogId::new(9, 3)));
        assert!(log.agrees(LogId::new(1, 2)), "it was committed");
        assert_eq!(log.trim(Index(4), Rules::ALL), 1);
        assert_eq!(
            log.last(),
            LogId::new(3, 4),
            "an empty log ends where it starts"
        );
        log.push(noop(3, 5));
        assert_eq!(log.range(Index(5), Index(5)).count(), 1);
    }

    #[test]
    fn a_kept_tail_is_bounded_in_entries_and_in_bytes() {
        let mut log = log(&[1, 1, 1, 1, 1]);
        assert_eq!(log.tail(Index(4), 2, 999), Index(2));
        assert_eq!(log.tail(Index(4), 9, 3 * 32), Index(1));
        assert_eq!(log.tail(Index(4), 9, 3 * 32 - 1), Index(2));
        assert_eq!(log.tail(Index(4), 0, 999), Index(4));
        assert_eq!(log.tail(Index(4), u64::MAX, 0), Index(4));
        log.trim(Index(2), Rules::ALL);
        assert_eq!(log.tail(Index(4), 9, 999), Index(2));
        assert_eq!(log.tail(Index(2), 9, 999), Index(2));
    }

    #[test]
    fn s6_cutting_falls_back_on_the_membership_where_the_log_starts() {
        let entries = vec![
            naming(0, 1, 3),
            noop(1, 2),
            naming(1, 3, 4),
            naming(1, 4, 5),
        ];
        let mut log = Log::restore(None, entries).expect("well formed");
        let at = |log: &Log, index| log.membership_at(Index(index)).map(|m| m.index().0);
        assert_eq!(
            (at(&log, 2), at(&log, 3), at(&log, 9)),
            (Some(1), Some(3), None)
        );
        log.trim(Index(2), Rules::ALL);
        assert_eq!(
            (at(&log, 1), at(&log, 2), at(&log, 4)),
            (None, Some(1), Some(4))
        );
        log.cut(Index(3), Rules::ALL);
        let left = log.membership().expect("there is one");
        assert_eq!((left.index(), &left.members), (Index(1), &voters_up_to(3)));
    }
}
