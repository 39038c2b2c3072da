//! The entries of a log, kept in the runs in which they came.
//!
//! An append that is received is one run, the proposals of one drain are one, and a run is shared:
//! the log, the write and the messages that carry it hold the same memory, so that a thousand
//! entries are copied once, when the command is, and never again. Where runs end says nothing:
//! two logs with the same entries are equal and hash alike.

use crate::types::{Entries, Entry, Index, LogId};
use std::collections::{VecDeque, vec_deque};
use std::hash::{Hash, Hasher};
use std::slice;

/// Contiguous entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Oldest first; each follows the one before.
    sealed: VecDeque<Run>,
    /// After all of them: what was added one by one and is not shared yet.
    open: Vec<Entry>,
    /// Id of the last entry: everybody asks for it all the time.
    last: Option<LogId>,
}

/// Entries that are shared, at least one.
#[derive(Clone, Debug)]
struct Run {
    /// Position of the first: kept here, so that looking for a run touches no entries.
    first: Index,
    /// Size of all, as limits count it.
    bytes: u64,
    entries: Entries,
}

impl Run {
    /// `None` without entries.
    fn new(entries: Entries) -> Option<Run> {
        let first = entries.first()?.id.index;
        let bytes = entries.iter().map(Entry::size).sum();
        Some(Run {
            first,
            bytes,
            entries,
        })
    }

    /// Position of the last.
    fn last(&self) -> Index {
        Index(self.first.0 + self.entries.len() as u64 - 1)
    }

    fn spans(&self, from: Index, to: Index) -> bool {
        self.first == from && self.last() == to
    }
}

/// Entries of a log, from either end.
#[derive(Clone, Debug)]
pub(super) struct Range<'a> {
    /// What is left of the run that begins it.
    first: slice::Iter<'a, Entry>,
    /// Whole runs.
    between: vec_deque::Iter<'a, Run>,
    /// What is left of the run that ends it.
    last: slice::Iter<'a, Entry>,
}

impl<'a> Iterator for Range<'a> {
    type Item = &'a Entry;

    #[inline]
    fn next(&mut self) -> Option<&'a Entry> {
        loop {
            if let Some(entry) = self.first.next() {
                return Some(entry);
            }
            match self.between.next() {
                Some(run) => self.first = run.entries.iter(),
                None => return self.last.next(),
            }
        }
    }
}

impl DoubleEndedIterator for Range<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.last.next_back() {
                return Some(entry);
            }
            match self.between.next_back() {
                Some(run) => self.last = run.entries.iter(),
                None => return self.first.next_back(),
            }
        }
    }
}

/// What of some entries lies between two positions.
fn part(entries: &[Entry], from: Index, to: Index) -> &[Entry] {
    let Some(first) = entries.first() else {
        return &[];
    };
    let offset = |index: u64| {
        index
            .saturating_sub(first.id.index.0)
            .min(entries.len() as u64)
    };
    let (start, end) = (offset(from.0), offset(to.0.saturating_add(1)));
    &entries[start as usize..end.max(start) as usize]
}

impl Runs {
    /// Id of the last entry.
    pub fn last(&self) -> Option<LogId> {
        self.last
    }

    /// How many sealed runs end before a position.
    fn before(&self, index: Index) -> usize {
        // Mostly one of the newest is asked for.
        for (newer, run) in self.sealed.iter().rev().take(4).enumerate() {
            if run.first <= index {
                return self.sealed.len() - newer - usize::from(index <= run.last());
            }
        }
        self.sealed.partition_point(|run| run.last() < index)
    }

    /// The entry at a position.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        let entries = match self.sealed.get(self.before(index)) {
            Some(run) => &run.entries[..],
            None => &self.open[..],
        };
        part(entries, index, index).first()
    }

    /// Entries `from..=to`, those of them that are here.
    pub fn range(&self, from: Index, to: Index) -> Range<'_> {
        let start = self.before(from);
        let end = if to == from { start } else { self.before(to) };
        let inside = |at: usize| match self.sealed.get(at) {
            Some(run) => part(&run.entries, from, to),
            None => part(&self.open, from, to),
        };
        let (first, last) = match start < end {
            true => (inside(start), inside(end)),
            false => (inside(start), &[][..]),
        };
        Range {
            first: first.iter(),
            between: self.sealed.range((start + 1).min(end)..end),
            last: last.iter(),
        }
    }

    /// The same as one run: shared where it is one, else copied together.
    pub fn share(&mut self, from: Index, to: Index) -> Entries {
        self.seal();
        match self.sealed.get(self.before(from)) {
            Some(run) if run.spans(from, to) => run.entries.clone(),
            _ => self.range(from, to).cloned().collect(),
        }
    }

    /// As one run what follows from `from` on and fits in `limit` bytes, and its size; at least
    /// one entry when there is any.
    pub fn batch(&mut self, from: Index, limit: u64) -> (Entries, u64) {
        self.seal();
        // Mostly it is what came since the last drain.
        match self.sealed.back() {
            Some(run) if run.first == from && run.bytes <= limit => {
                return (run.entries.clone(), run.bytes);
            }
            _ => {}
        }
        let (mut to, mut bytes) = (from.prev(), 0);
        for entry in self.range(from, Index::LAST) {
            if bytes > 0 && bytes + entry.size() > limit {
                break;
            }
            bytes += entry.size();
            to = entry.id.index;
        }
        (self.share(from, to), bytes)
    }

    /// Size of the entries `from..=to`.
    pub fn size(&self, from: Index, to: Index) -> u64 {
        match self.sealed.get(self.before(from)) {
            Some(run) if run.spans(from, to) => run.bytes,
            _ => self.range(from, to).map(Entry::size).sum(),
        }
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            let entries = self.open.drain(..).collect();
            self.add(Run::new(entries));
        }
    }

    fn add(&mut self, run: Option<Run>) {
        if let Some(run) = run {
            self.sealed.push_back(run);
        }
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        self.last = Some(entry.id);
        self.open.push(entry);
    }

    /// Adds a run at the end.
    pub fn append(&mut self, entries: Entries) {
        self.seal();
        self.last = entries.last().map(|entry| entry.id).or(self.last);
        self.add(Run::new(entries));
    }

    /// Removes a position and all after it.
    pub fn cut(&mut self, at: Index) {
        self.seal();
        let place = self.before(at);
        let kept = self.sealed.get(place);
        let kept = kept.map(|run| part(&run.entries, Index(0), at.prev()).into());
        self.sealed.truncate(place);
        self.add(kept.and_then(Run::new));
        self.look_for_last();
    }

    fn look_for_last(&mut self) {
        let newest = self.sealed.back();
        self.last = newest.and_then(|run| Some(run.entries.last()?.id));
    }

    /// Removes everything up to a position.
    pub fn trim(&mut self, to: Index) {
        self.seal();
        let place = self.before(to.next());
        self.sealed.drain(..place);
        let kept = self.sealed.front();
        let kept = kept.map(|run| part(&run.entries, to.next(), Index::LAST).into());
        if let (Some(run), Some(kept)) = (self.sealed.front_mut(), kept.and_then(Run::new))
            && run.first < kept.first
        {
            *run = kept;
        }
        self.look_for_last();
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        let sealed = self.sealed.iter().flat_map(|run| run.entries.iter());
        sealed.chain(&self.open)
    }
}

impl PartialEq for Runs {
    fn eq(&self, other: &Runs) -> bool {
        self.all().eq(other.all())
    }
}

impl Eq for Runs {}

impl Hash for Runs {
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_usize(self.all().count());
        self.all().for_each(|entry| entry.hash(to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{EntryBody, LogId};
    use proptest::prelude::*;

    fn noop(index: u64) -> Entry {
        Entry {
            id: LogId::new(1, index),
            body: EntryBody::Noop,
        }
    }

    fn hash(runs: &Runs) -> u64 {
        let mut hasher = crate::StableHasher::new();
        runs.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn a_run_is_shared_where_it_is_one_and_copied_where_it_is_not() {
        let mut runs = Runs::default();
        let first: Entries = (1..=3).map(noop).collect();
        runs.append(first.clone());
        (4..=5).for_each(|index| runs.push(noop(index)));
        assert!(Entries::ptr_eq(&first, &runs.share(Index(1), Index(3))));
        let second = runs.share(Index(4), Index(5));
        assert!(Entries::ptr_eq(&second, &runs.share(Index(4), Index(5))));
        let both = runs.share(Index(2), Index(4));
        assert_eq!(both[..], [noop(2), noop(3), noop(4)]);
        runs.cut(Index(5));
        assert_eq!(runs.share(Index(4), Index(5))[..], [noop(4)]);
    }

    proptest! {
        /// Against a plain vector: whatever is done, and wherever runs end.
        #[test]
        fn runs_are_a_vector_of_entries(steps in proptest::collection::vec((0..5u8, 1..6u64), 0..40)) {
            let (mut runs, mut plain, mut base) = (Runs::default(), Vec::new(), 0);
            for (step, count) in steps {
                let (last, length) = (base + plain.len() as u64, plain.len() as u64);
                match step {
                    0 => {
                        runs.push(noop(last + 1));
                        plain.push(noop(last + 1));
                    }
                    1 => {
                        let run: Entries = (last + 1..=last + count).map(noop).collect();
                        runs.append(run.clone());
                        plain.extend_from_slice(&run);
                    }
                    2 if length > 0 => {
                        let at = last - (count - 1).min(length - 1);
                        runs.cut(Index(at));
                        plain.truncate((at - base - 1) as usize);
                    }
                    3 if length > 0 => {
                        let to = base + count.min(length);
                        runs.trim(Index(to));
                        plain.drain(..(to - base) as usize);
                        base = to;
                    }
                    4 if length > 0 => {
                        let from = base + count.min(length);
                        let shared = runs.share(Index(from), Index(last));
                        prop_assert_eq!(&shared[..], &plain[(from - base - 1) as usize..]);
                    }
                    _ => {}
                }
                prop_assert!(runs.all().eq(&plain));
                prop_assert_eq!(runs.last(), plain.last().map(|entry| entry.id));
                let last = runs.last();
                let one = Runs { sealed: VecDeque::new(), open: plain.clone(), last };
                prop_assert_eq!(hash(&runs), hash(&one));
                prop_assert_eq!(&runs, &one);
                for index in base..=base + plain.len() as u64 + 1 {
                    let there = index.checked_sub(base + 1).and_then(|at| plain.get(at as usize));
                    prop_assert_eq!(runs.get(Index(index)), there);
                    let (from, to) = (Index(base + 1), Index(index));
                    let count = (index - base).min(plain.len() as u64) as usize;
                    prop_assert!(runs.range(from, to).eq(&plain[..count]));
                    let tail = runs.range(to, Index(u64::MAX)).rev();
                    let skipped = index.saturating_sub(base + 1).min(plain.len() as u64) as usize;
                    prop_assert!(tail.eq(plain[skipped..].iter().rev()));
                }
            }
        }
    }
}
