//! The log as a disk gives it back (traps S1, S4, S6).
//!
//! Guarantees: what is taken follows the snapshot without a gap and contradicts neither it nor
//! itself; the membership where the log starts is the snapshot's.

use super::Log;
use super::runs::Runs;
use crate::types::{Entry, EntryBody, LogId, SnapshotMeta};

impl Log {
    /// The log that a disk holds: a snapshot, if there is one, and entries that reach at least
    /// to its end. Says what is wrong with them.
    ///
    /// Entries kept from before the snapshot's end stay, so that peers a little behind need no
    /// snapshot. The first of them only serves as the place where the log starts: its own
    /// predecessor is unknown.
    pub fn restore(snapshot: Option<&SnapshotMeta>, entries: Vec<Entry>) -> Result<Log, String> {
        let mut log = Log {
            base: LogId::ORIGIN,
            entries: Runs::default(),
            memberships: Vec::new(),
        };
        let Some(snapshot) = snapshot else {
            log.extend(entries)?;
            return Ok(log);
        };
        let (last, first) = (snapshot.last, entries.first().map(|entry| entry.id));
        if !snapshot.is_sound() {
            return Err(format!("a snapshot that ends at {last} cannot be"));
        }
        log = Log::after(snapshot);
        if let Some(first) = first.filter(|first| first.index > last.index.next()) {
            return Err(format!(
                "the snapshot ends at {last}, the log starts at {first}"
            ));
        }
        if entries
            .last()
            .is_none_or(|entry| entry.id.index < last.index)
        {
            return Ok(log);
        }
        let kept = first.filter(|first| first.index <= last.index);
        log.base = kept.unwrap_or(last);
        log.extend(entries.into_iter().skip(usize::from(kept.is_some())))?;
        log.check_start(snapshot)?;
        Ok(log)
    }

    /// Adds entries read from a disk, unless they contradict what is there.
    fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<(), String> {
        for entry in entries {
            let last = self.last();
            if last.index.following() != Some(entry.id.index) {
                return Err(format!("entry {} does not follow {}", entry.id, last));
            }
            if entry.id.term < last.term {
                return Err(format!("term falls from {} to {}", last, entry.id));
            }
            self.push(entry);
        }
        Ok(())
    }

    /// Whether entries kept from before a snapshot's end tell the same story (trap S1, S6).
    fn check_start(&self, snapshot: &SnapshotMeta) -> Result<(), String> {
        let (last, named) = (snapshot.last, &snapshot.membership);
        if self.term_at(last.index) != Some(last.term) {
            let mine = self.id_at(last.index).unwrap_or(self.last());
            return Err(format!(
                "the snapshot ends at {last}, the log has {mine} there"
            ));
        }
        for entry in self.range(self.first(), last.index) {
            let told = match &entry.body {
                EntryBody::Membership(members) => Some(&**members),
                _ => None,
            };
            let before = entry.id.index < named.id.index;
            let same = entry.id == named.id && told == Some(&named.members);
            let other = entry.id.index > named.id.index && told.is_none();
            if !(before || same || other) {
                let id = entry.id;
                return Err(format!(
                    "the snapshot's membership is of {}, but see {id}",
                    named.id
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::{naming, noop, voters_up_to};
    use crate::membership::{Members, Membership};
    use crate::types::Index;

    /// A snapshot whose membership, with three voters, was named at position 1.
    fn snapshot(term: u64, index: u64) -> SnapshotMeta {
        SnapshotMeta {
            last: LogId::new(term, index),
            membership: Membership {
                id: LogId::new(0, 1),
                members: voters_up_to(3),
            },
            ..SnapshotMeta::default()
        }
    }

    #[test]
    fn s4_a_gap_between_snapshot_and_log_is_refused() {
        let with = |entries| Log::restore(Some(&snapshot(2, 5)), entries);
        assert!(with(vec![noop(2, 7)]).is_err());
        assert!(with(vec![noop(1, 6)]).is_err(), "a term may not fall");
        let log = with(vec![noop(2, 6), noop(3, 7)]).expect("fits");
        assert_eq!(
            (log.base(), log.last()),
            (LogId::new(2, 5), LogId::new(3, 7))
        );
        let log = with(vec![]).expect("fits");
        assert_eq!(
            (log.base(), log.last()),
            (LogId::new(2, 5), LogId::new(2, 5))
        );
        assert_eq!(log.membership().map(Membership::index), Some(Index(1)));
    }

    #[test]
    fn s4_entries_from_before_the_snapshots_end_stay_if_they_reach_it() {
        let with = |entries| Log::restore(Some(&snapshot(2, 5)), entries);
        let log = with(vec![noop(1, 3), noop(2, 4), noop(2, 5), noop(3, 6)]).expect("fits");
        assert_eq!(
            (log.base(), log.last()),
            (LogId::new(1, 3), LogId::new(3, 6))
        );
        let log = with(vec![noop(1, 3), noop(1, 4)]).expect("the snapshot holds them all");
        assert_eq!(
            (log.base(), log.last()),
            (LogId::new(2, 5), LogId::new(2, 5))
        );
        assert!(
            with(vec![noop(2, 4), noop(3, 5)]).is_err(),
            "another entry there (S1)"
        );
        assert!(with(vec![noop(2, 5), noop(3, 7)]).is_err(), "a hole (R7)");
    }

    #[test]
    fn s6_a_membership_that_the_snapshot_should_know_is_refused() {
        let mut meta = snapshot(2, 5);
        let with = |meta: &SnapshotMeta, body: Entry| {
            let entries = vec![noop(1, 2), body, noop(2, 4), noop(2, 5), naming(2, 6, 5)];
            Log::restore(Some(meta), entries)
        };
        assert!(with(&meta, naming(2, 3, 4)).is_err());
        meta.membership.id = LogId::new(2, 3);
        assert!(with(&meta, naming(2, 3, 4)).is_err(), "other members");
        assert!(with(&meta, noop(2, 3)).is_err(), "no membership at all");
        let log = with(&meta, naming(2, 3, 3)).expect("the same");
        assert_eq!(log.membership().map(Membership::index), Some(Index(6)));
        assert_eq!(log.membership_at(Index(5)), Some(&meta.membership));
    }

    #[test]
    fn s5_a_snapshot_that_cannot_be_is_refused() {
        let wrong: [fn(&mut SnapshotMeta); 4] = [
            |meta| meta.last = LogId::ORIGIN,
            |meta| meta.last.index = Index(u64::MAX),
            |meta| meta.membership.id = LogId::new(2, 6),
            |meta| meta.membership.members = Members::default(),
        ];
        for change in wrong {
            let mut meta = snapshot(2, 5);
            change(&mut meta);
            assert!(Log::restore(Some(&meta), vec![]).is_err(), "{meta:?}");
        }
    }
}
