//! Configurations seen, and how each was reached.
//!
//! A configuration is: the first answer not yet explained, which of the operations open there
//! have happened, and the state of the key. Those without an answer are counted by class.
//!
//! Lowe's memo leaves out a configuration that was seen before. This one leaves out more: what
//! can do no more than a known one. A state that is covered by another can do no more, nor can a
//! higher count, nor can a set in which more has happened that need not have. And once a
//! configuration has failed it is known which classes mattered: those of which one more would have
//! been tried, had there been one. Counts of all others are not compared. The table is only ever
//! asked about one configuration at a time, so its order does not show.

use super::Limit;
use super::state::State;
use raftwerk_core::StableHasher;
use std::hash::Hasher;

/// No configuration: the end of a chain, the parent of the first one.
pub(super) const NONE: u32 = u32::MAX;
/// Configurations compared, for each one the limit allows, before the search gives up.
const LOOKS: u64 = 64;

/// A configuration, but for its sets, which lie in [`Memo`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The configuration it came from.
    pub parent: u32,
    /// The operation that led here, by its place in the history; none if one was left out.
    pub place: u32,
    /// How many operations have happened.
    pub depth: u32,
    /// How many answers are explained.
    pub position: u32,
    pub state: State,
    /// The next in the chain of the same hash.
    next: u32,
}

/// What was asked of the memo.
pub(super) enum Noted {
    New(u32),
    /// This one can do all it can.
    Known(u32),
    Full,
}

/// All configurations seen.
#[derive(Clone, Debug)]
pub(super) struct Memo {
    entries: Vec<Entry>,
    /// For each entry the slots of open operations that have happened.
    bits: Vec<u64>,
    /// For each entry how many of each class have happened.
    used: Vec<u32>,
    /// For each entry the classes whose counts matter; all of them until it has failed.
    matters: Vec<u64>,
    /// Words of the sets of operations that happened, and of those that may have.
    words: [usize; 2],
    classes: usize,
    heads: Vec<u32>,
    limit: Limit,
    looks: u64,
}

impl Memo {
    pub fn new(words: [usize; 2], classes: usize, limit: Limit) -> Memo {
        Memo {
            entries: Vec::new(),
            bits: Vec::new(),
            used: Vec::new(),
            matters: Vec::new(),
            words,
            classes,
            heads: vec![NONE; 64],
            limit,
            looks: 0,
        }
    }

    pub fn states(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn entry(&self, id: u32) -> &Entry {
        &self.entries[id as usize]
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn bits(&self, id: u32) -> &[u64] {
        let words = self.words[0] + self.words[1];
        let at = id as usize * words;
        &self.bits[at..at + words]
    }

    pub fn used(&self, id: u32) -> &[u32] {
        let at = id as usize * self.classes;
        &self.used[at..at + self.classes]
    }

    /// The classes whose counts matter for a configuration.
    pub fn matters(&self, id: u32) -> &[u64] {
        let words = self.classes.div_ceil(64);
        let at = id as usize * words;
        &self.matters[at..at + words]
    }

    /// A configuration has failed, and only these classes mattered.
    pub fn failed(&mut self, id: u32, matters: &[u64]) {
        let at = id as usize * matters.len();
        self.matters[at..at + matters.len()].copy_from_slice(matters);
    }

    /// Whether in a known configuration the same operations happened, and of those that may have
    /// no others.
    fn happened_less(&self, id: u32, bits: &[u64]) -> bool {
        let (known, known_maybe) = self.bits(id).split_at(self.words[0]);
        let (happened, maybe) = bits.split_at(self.words[0]);
        let more = |(known, new): (&u64, &u64)| known & !new != 0;
        known == happened && !known_maybe.iter().zip(maybe).any(more)
    }

    /// Whether the counts that matter for a known configuration are no higher than these.
    fn used_less(&self, id: u32, used: &[u32]) -> bool {
        let known = self.used(id);
        for (word, matters) in self.matters(id).iter().enumerate() {
            let mut left = *matters;
            while left != 0 {
                let class = 64 * word + left.trailing_zeros() as usize;
                if known[class] > used[class] {
                    return false;
                }
                left &= left - 1;
            }
        }
        true
    }

    /// The places of the operations that led to a configuration, first to last, each with the
    /// state after it.
    pub fn path(&self, id: u32) -> Vec<(u32, State)> {
        let mut path = Vec::with_capacity(self.entry(id).depth as usize);
        let mut entry = self.entry(id);
        while entry.parent != NONE {
            if entry.place != NONE {
                path.push((entry.place, entry.state));
            }
            entry = self.entry(entry.parent);
        }
        path.reverse();
        path
    }

    /// Notes one more step on the way; false when there was one too many.
    pub fn look(&mut self) -> bool {
        self.looks += 1;
        self.looks <= self.limit.states.saturating_mul(LOOKS)
    }

    /// Notes a configuration, unless one is known that can do all it can.
    pub fn note(&mut self, mut entry: Entry, bits: &[u64], used: &[u32]) -> Noted {
        if self.entries.len() * 2 > self.heads.len() {
            self.grow();
        }
        let head = self.head(&entry, bits);
        let mut at = self.heads[head];
        while at != NONE {
            if !self.look() {
                return Noted::Full;
            }
            let known = self.entries[at as usize];
            let same = known.position == entry.position && known.state.covers(&entry.state);
            if same && self.happened_less(at, bits) && self.used_less(at, used) {
                return Noted::Known(at);
            }
            at = known.next;
        }
        if !self.has_room() {
            return Noted::Full;
        }
        let id = self.entries.len() as u32;
        entry.next = self.heads[head];
        self.heads[head] = id;
        self.entries.push(entry);
        self.bits.extend_from_slice(bits);
        self.used.extend_from_slice(used);
        for word in 0..self.classes.div_ceil(64) {
            let rest = self.classes - 64 * word;
            self.matters.push(u64::MAX >> (64 - rest.min(64)));
        }
        Noted::New(id)
    }

    fn has_room(&self) -> bool {
        let each = size_of::<Entry>() + 8 * (self.words[0] + self.words[1]) + 5 * self.classes + 16;
        let states = self.states();
        states < self.limit.states.min(u64::from(NONE)) && states * (each as u64) < self.limit.bytes
    }

    fn head(&self, entry: &Entry, bits: &[u64]) -> usize {
        let mut hasher = StableHasher::new();
        hasher.write_u32(entry.position);
        let happened = &bits[..self.words[0]];
        happened.iter().for_each(|word| hasher.write_u64(*word));
        entry.state.hash_kind(&mut hasher);
        hasher.finish() as usize & (self.heads.len() - 1)
    }

    fn grow(&mut self) {
        self.heads = vec![NONE; self.heads.len() * 4];
        for id in 0..self.entries.len() as u32 {
            let entry = self.entries[id as usize];
            let head = self.head(&entry, self.bits(id));
            self.entries[id as usize].next = self.heads[head];
            self.heads[head] = id;
        }
    }
}

impl Entry {
    /// Before anything happened.
    pub fn root(state: State) -> Entry {
        Entry {
            parent: NONE,
            place: NONE,
            depth: 0,
            position: 0,
            state,
            next: NONE,
        }
    }

    /// After one more operation, or after leaving one out.
    pub fn after(self, parent: u32, place: u32, position: u32, state: State) -> Entry {
        Entry {
            parent,
            place,
            depth: self.depth + u32::from(place != NONE),
            position,
            state,
            next: NONE,
        }
    }
}
