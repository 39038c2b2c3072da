//! What is on disk, as far as the disk has said (thesis 3.8 and 10.2.1, trap R18).
//!
//! Writes are numbered and reported cumulatively. When entries are cut while a write that
//! holds them is still on its way, that write covers less than it set out to: its later
//! report must not be taken for the entries that replaced them. Each write therefore carries
//! `covers`, which every cut lowers. No acknowledgement of overtaken writes can slip through.

use crate::sabotage::{Rule, Rules};
use crate::time::Time;
use crate::types::{HardState, Index, SnapshotMeta, WriteSeq};
use std::collections::VecDeque;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Issued {
    seq: WriteSeq,
    hard_state: HardState,
    covers: Index,
    at: Time,
}

/// Bookkeeping of the one ordered stream of writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Durability {
    /// Term and vote on disk.
    pub hard_state: HardState,
    /// Last position on disk that agrees with memory.
    pub index: Index,
    /// Highest write reported.
    pub done: WriteSeq,
    issued: VecDeque<Issued>,
    /// Number of the last write issued.
    pub last_seq: WriteSeq,
    /// Term and vote as last issued.
    pub issued_hard_state: HardState,
    /// First position that no write holds yet.
    pub unwritten: Index,
    /// Entries from here on disk (or on the way there) must go before the next append.
    pub cut: Option<Index>,
    /// Entries up to here may go from the disk; no write has said so yet.
    pub trim: Option<Index>,
    /// A snapshot is to take the log's place; no write has said so yet.
    pub install: Option<SnapshotMeta>,
}

impl Durability {
    /// What was read at start is on disk, up to `last`; entries from `cut` on are to go.
    pub fn new(hard_state: HardState, last: Index, cut: Option<Index>) -> Durability {
        Durability {
            hard_state,
            index: last,
            done: WriteSeq(0),
            issued: VecDeque::new(),
            last_seq: WriteSeq(0),
            issued_hard_state: hard_state,
            unwritten: last.next(),
            cut,
            trim: None,
            install: None,
        }
    }

    /// Writes on their way.
    pub fn in_flight(&self) -> usize {
        self.issued.len()
    }

    /// When the oldest write on its way was issued.
    pub fn oldest(&self) -> Option<Time> {
        self.issued.front().map(|write| write.at)
    }

    /// Memory dropped `at` and everything after it.
    pub fn cut(&mut self, at: Index, rules: Rules) {
        self.index = self.index.min(at.prev());
        let overtaken = rules.hold(Rule::R18Overtaken);
        for write in self.issued.iter_mut().filter(|_| overtaken) {
            write.covers = write.covers.min(at.prev());
        }
        if at < self.unwritten {
            self.unwritten = at;
            self.cut = Some(self.cut.map_or(at, |cut| cut.min(at)));
        }
    }

    /// Memory dropped everything up to `to`, which a durable snapshot covers.
    pub fn trim(&mut self, to: Index) {
        assert!(to <= self.index, "only what is on disk is trimmed");
        self.trim = Some(to);
    }

    /// In memory a snapshot took the log's place. Until the disk has done the same it still holds
    /// the old log, of which only what was `committed` agrees with the snapshot.
    pub fn install(&mut self, meta: SnapshotMeta, committed: Index, rules: Rules) {
        self.index = self.index.min(committed);
        let overtaken = rules.hold(Rule::R18Overtaken);
        for write in self.issued.iter_mut().filter(|_| overtaken) {
            write.covers = write.covers.min(committed);
        }
        self.unwritten = meta.last.index.next();
        (self.cut, self.trim) = (None, None);
        self.install = Some(meta);
    }

    /// Numbers the next write, which brings the disk to `hard_state` and `last`. `None` when
    /// there are no more numbers (trap E18); nothing has changed then.
    pub fn issue(&mut self, hard_state: HardState, last: Index, now: Time) -> Option<WriteSeq> {
        self.last_seq = self.last_seq.next()?;
        self.issued.push_back(Issued {
            seq: self.last_seq,
            hard_state,
            covers: last,
            at: now,
        });
        self.issued_hard_state = hard_state;
        self.unwritten = last.next();
        self.cut = None;
        self.trim = None;
        self.install = None;
        Some(self.last_seq)
    }

    /// Every write up to `seq` is on disk. False when that is nothing new.
    pub fn persisted(&mut self, seq: WriteSeq) -> bool {
        assert!(
            seq <= self.last_seq,
            "the host reports only writes it was given"
        );
        if seq <= self.done {
            return false;
        }
        self.done = seq;
        while self.issued.front().is_some_and(|write| write.seq <= seq) {
            let write = self.issued.pop_front().expect("just looked at");
            self.hard_state = write.hard_state;
            self.index = self.index.max(write.covers);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::LogId;

    fn fresh() -> Durability {
        Durability::new(HardState::default(), Index(0), None)
    }

    /// R18: a write completes after its entries were cut and replaced in memory.
    #[test]
    fn r18_an_overtaken_write_does_not_cover_what_replaced_it() {
        let mut disk = fresh();
        let first = disk
            .issue(HardState::default(), Index(5), Time(0))
            .expect("numbered");
        disk.cut(Index(3), Rules::ALL);
        assert_eq!((disk.cut, disk.unwritten), (Some(Index(3)), Index(3)));
        let second = disk
            .issue(HardState::default(), Index(6), Time(0))
            .expect("numbered");
        assert!(disk.persisted(first));
        assert_eq!(disk.index, Index(2), "3 to 5 on disk are the old ones");
        assert!(disk.persisted(second));
        assert_eq!(disk.index, Index(6));
    }

    #[test]
    fn reports_are_cumulative_and_repeats_are_harmless() {
        let mut disk = fresh();
        disk.issue(HardState::default(), Index(1), Time(0));
        let second = disk
            .issue(HardState::default(), Index(2), Time(0))
            .expect("numbered");
        assert!(disk.persisted(second));
        assert!(!disk.persisted(WriteSeq(1)));
        assert_eq!((disk.index, disk.in_flight()), (Index(2), 0));
    }

    /// S3: a write of the old log completes while the snapshot is still on its way.
    #[test]
    fn s3_an_overtaken_write_does_not_cover_the_snapshot() {
        let mut disk = fresh();
        let old = disk
            .issue(HardState::default(), Index(9), Time(0))
            .expect("numbered");
        let meta = SnapshotMeta {
            last: LogId::new(2, 7),
            ..SnapshotMeta::default()
        };
        disk.install(meta.clone(), Index(4), Rules::ALL);
        assert_eq!((disk.unwritten, &disk.install), (Index(8), &Some(meta)));
        let new = disk
            .issue(HardState::default(), Index(7), Time(0))
            .expect("numbered");
        assert!(disk.persisted(old));
        assert_eq!(disk.index, Index(4), "7 to 9 on disk are the old ones");
        assert!(disk.persisted(new));
        assert_eq!((disk.index, &disk.install), (Index(7), &None));
    }

    #[test]
    fn a_cut_above_what_was_written_needs_no_cut_on_disk() {
        let mut disk = fresh();
        disk.issue(HardState::default(), Index(2), Time(0));
        disk.cut(Index(4), Rules::ALL);
        assert_eq!((disk.cut, disk.unwritten), (None, Index(3)));
    }
}
