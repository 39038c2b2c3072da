//! The search of Wing and Gong: depth first, one operation after the other.
//!
//! At each point every operation may come next that is called before the first answer not yet
//! explained, since a later one would come after that answer. The operation of that answer is
//! tried first, the others in the order of their calls, those without an answer last: they need
//! not have happened. The operations still to come are a linked list that can put back what was
//! taken out.
//!
//! Two shortcuts leave out what cannot matter. An operation that only looked and could come next
//! without adding to what is known comes next, and nothing else is tried: in any order it could
//! be moved to the front. And a change is not tried that would be too late for an
//! operation which is open as well and was shown an older record.

use super::Limit;
use super::memo::{Entry, Memo, NONE, Noted};
use super::prepare::{Closed, Prepared};
use super::state::State;
use std::collections::BTreeMap;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an order: the last configuration.
    Found(u32),
    /// With the certainty that there is none.
    Impossible,
    /// At its limit.
    GaveUp,
}

/// What to try next.
#[derive(Clone, Copy, Debug)]
enum Cursor {
    Quiet(u32),
    First,
    LeaveOut,
    Listed(u32),
    Class(u32),
    End,
}

/// Something to try.
#[derive(Clone, Copy, Debug)]
enum Candidate {
    Closed(u32),
    /// It did not happen.
    LeaveOut(u32),
    Open(u32),
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    id: u32,
    /// The answered operation that led here.
    taken: Option<u32>,
    cursor: Cursor,
    /// The outermost frame that fails only if this one does and the other way round.
    relies_on: usize,
}

/// A configuration from which everything was tried, but which fails only if a frame does that is
/// still open.
#[derive(Clone, Debug)]
struct Pending {
    relies_on: usize,
    mattered: Vec<u64>,
}

/// The search for one key.
#[derive(Clone, Debug)]
pub(super) struct Search<'a> {
    pub prepared: &'a Prepared,
    pub memo: Memo,
    /// The configuration with most answers explained, and of these the longest.
    pub best: u32,
    /// Answered operations still to come, in the order of their calls, as a ring; the last
    /// number is its head.
    next: Vec<u32>,
    before: Vec<u32>,
    happened: Vec<bool>,
    frames: Vec<Frame>,
    /// For each frame the classes that mattered so far.
    mattered: Vec<u64>,
    pending: BTreeMap<u32, Pending>,
    bits: Vec<u64>,
    used: Vec<u32>,
}

impl<'a> Search<'a> {
    pub fn new(prepared: &'a Prepared, limit: Limit) -> Search<'a> {
        let count = prepared.closed.len() as u32;
        Search {
            prepared,
            memo: Memo::new(prepared.words, prepared.classes.len(), limit),
            best: NONE,
            next: (1..=count).chain([0]).collect(),
            before: [count].into_iter().chain(0..count).collect(),
            happened: vec![false; count as usize],
            frames: Vec::new(),
            mattered: Vec::new(),
            pending: BTreeMap::new(),
            bits: vec![0; prepared.words[0] + prepared.words[1]],
            used: vec![0; prepared.classes.len()],
        }
    }

    /// Runs to its end.
    pub fn run(&mut self) -> Ending {
        let root = Entry::root(self.prepared.model.start());
        let Noted::New(id) = self.memo.note(root, &self.bits, &self.used) else {
            return Ending::GaveUp;
        };
        self.best = id;
        if self.prepared.closed.is_empty() {
            return Ending::Found(id);
        }
        self.enter(id, None);
        while let Some(frame) = self.frames.last().copied() {
            let Some(candidate) = self.candidate(frame) else {
                self.leave(frame);
                continue;
            };
            if !self.memo.look() {
                return Ending::GaveUp;
            }
            match self.try_one(frame.id, candidate) {
                Some(Noted::Full) => return Ending::GaveUp,
                Some(Noted::New(id)) if self.is_complete(id) => return Ending::Found(id),
                _ => {}
            }
        }
        Ending::Impossible
    }

    fn is_complete(&self, id: u32) -> bool {
        self.memo.entry(id).position as usize == self.prepared.by_return.len()
    }

    fn enter(&mut self, id: u32, taken: Option<u32>) {
        let words = self.prepared.classes.len().div_ceil(64);
        self.mattered.extend(std::iter::repeat_n(0, words));
        self.frames.push(Frame {
            id,
            taken,
            cursor: Cursor::Quiet(self.next[self.prepared.closed.len()]),
            relies_on: usize::MAX,
        });
    }

    /// Everything was tried from the newest frame.
    fn leave(&mut self, frame: Frame) {
        self.frames.pop();
        let words = self.prepared.classes.len().div_ceil(64);
        let mine = self.mattered.split_off(self.frames.len() * words);
        self.mind(&mine);
        self.put_back(frame.taken);
        if frame.relies_on < self.frames.len() {
            self.rely(frame.relies_on);
            let pending = Pending {
                relies_on: frame.relies_on,
                mattered: mine,
            };
            self.pending.insert(frame.id, pending);
            return;
        }
        self.memo.failed(frame.id, &mine);
        // All that waits was reached from here.
        for id in self.pending.split_off(&frame.id).into_keys() {
            self.memo.failed(id, &mine);
        }
    }

    /// The newest frame need not look at what this configuration covers.
    fn leave_out(&mut self, known: u32) {
        if let Ok(frame) = self.frames.binary_search_by_key(&known, |frame| frame.id) {
            self.rely(frame);
        } else if let Some(pending) = self.pending.get(&known).cloned() {
            self.mind(&pending.mattered);
            self.rely(pending.relies_on);
        } else {
            let mattered = self.memo.matters(known).to_vec();
            self.mind(&mattered);
        }
    }

    /// The newest frame fails only if this one does.
    fn rely(&mut self, frame: usize) {
        if let Some(newest) = self.frames.last_mut() {
            newest.relies_on = newest.relies_on.min(frame);
        }
    }

    /// These classes matter for the newest frame.
    fn mind(&mut self, classes: &[u64]) {
        let newest = self.mattered.len().saturating_sub(classes.len());
        for (word, more) in self.mattered[newest..].iter_mut().zip(classes) {
            *word |= more;
        }
    }

    /// The next thing to try from the newest frame.
    fn candidate(&mut self, frame: Frame) -> Option<Candidate> {
        let mut cursor = frame.cursor;
        loop {
            let (next, found) = self.look_at(frame.id, cursor)?;
            cursor = next;
            if found.is_some() {
                if let Some(newest) = self.frames.last_mut() {
                    newest.cursor = cursor;
                }
                return found;
            }
        }
    }

    /// What is at a cursor, and where it goes from there; `None` at the end.
    fn look_at(&mut self, id: u32, cursor: Cursor) -> Option<(Cursor, Option<Candidate>)> {
        let closed = &self.prepared.closed;
        let entry = self.memo.entry(id);
        let first = self.prepared.by_return[entry.position as usize];
        let deadline = closed[first as usize].returned;
        let open = |at: u32| {
            let one = closed.get(at as usize);
            one.filter(|one| one.called <= deadline)
        };
        let begin = self.next[closed.len()];
        Some(match cursor {
            Cursor::Quiet(at) => match open(at) {
                None => (Cursor::First, None),
                Some(one) if self.is_quiet(&entry.state, one) => {
                    (Cursor::End, Some(Candidate::Closed(at)))
                }
                Some(_) => (Cursor::Quiet(self.next[at as usize]), None),
            },
            Cursor::First if closed[first as usize].maybe => {
                (Cursor::LeaveOut, Some(Candidate::Closed(first)))
            }
            Cursor::First => (Cursor::Listed(begin), Some(Candidate::Closed(first))),
            Cursor::LeaveOut => (Cursor::Listed(begin), Some(Candidate::LeaveOut(first))),
            Cursor::Listed(at) => match open(at) {
                None => (Cursor::Class(0), None),
                Some(_) => {
                    let found = (at != first).then_some(Candidate::Closed(at));
                    (Cursor::Listed(self.next[at as usize]), found)
                }
            },
            Cursor::Class(at) => (Cursor::Class(at + 1), self.look_at_class(id, at, deadline)?),
            Cursor::End => return None,
        })
    }

    /// Whether an operation comes next without a choice.
    fn is_quiet(&self, state: &State, one: &Closed) -> bool {
        let exchange = &one.exchange;
        !one.maybe
            && exchange.only_looked()
            && self.prepared.model.answered(*state, exchange) == Some(*state)
    }

    /// The next operation of a class, if there is one to try; `None` after the last class.
    fn look_at_class(&mut self, id: u32, at: u32, deadline: u64) -> Option<Option<Candidate>> {
        let class = self.prepared.classes.get(at as usize)?;
        let used = self.memo.used(id)[at as usize];
        let member = class.members.get(used as usize);
        if member.is_some_and(|(called, _)| *called <= deadline) {
            return Some(Some(Candidate::Open(at)));
        }
        let state = self.memo.entry(id).state;
        if self.prepared.model.happened(state, class.deed).is_some() {
            let newest = self.frames.len() - 1;
            let words = self.prepared.classes.len().div_ceil(64);
            self.mattered[newest * words + at as usize / 64] |= 1 << (at % 64);
        }
        Some(None)
    }

    /// Lets one operation happen, if it could have been answered so; `None` if not.
    fn try_one(&mut self, from: u32, candidate: Candidate) -> Option<Noted> {
        let prepared = self.prepared;
        let entry = *self.memo.entry(from);
        self.bits.copy_from_slice(self.memo.bits(from));
        self.used.copy_from_slice(self.memo.used(from));
        let (place, state, taken) = match candidate {
            Candidate::Closed(at) => {
                let one = &prepared.closed[at as usize];
                let state = if one.maybe {
                    prepared.model.happened(entry.state, one.exchange.deed)?
                } else {
                    prepared.model.answered(entry.state, &one.exchange)?
                };
                (one.place, state, Some(at))
            }
            Candidate::LeaveOut(at) => (NONE, entry.state, Some(at)),
            Candidate::Open(at) => {
                let class = &prepared.classes[at as usize];
                let used = &mut self.used[at as usize];
                let state = prepared.model.happened(entry.state, class.deed)?;
                let place = class.members[*used as usize].1;
                *used += 1;
                (place, state, None)
            }
        };
        if self.is_too_late(&entry, &state, taken) {
            return None;
        }
        let position = match taken {
            Some(at) => self.take(at, entry.position),
            None => entry.position,
        };
        let next = entry.after(from, place, position, state);
        let noted = self.memo.note(next, &self.bits, &self.used);
        match noted {
            Noted::New(id) => {
                let best = self.memo.entry(self.best);
                if (position, next.depth) > (best.position, best.depth) {
                    self.best = id;
                }
                self.enter(id, taken);
            }
            Noted::Known(id) => {
                self.put_back(taken);
                self.leave_out(id);
            }
            Noted::Full => {}
        }
        Some(noted)
    }

    /// Whether this state leaves no room for another operation that is open now.
    fn is_too_late(&self, entry: &Entry, state: &State, taken: Option<u32>) -> bool {
        let closed = &self.prepared.closed;
        let Some(changed) = state.changed_since(&entry.state) else {
            return false;
        };
        let first = self.prepared.by_return[entry.position as usize];
        let deadline = closed[first as usize].returned;
        let mut at = self.next[closed.len()] as usize;
        while let Some(one) = closed.get(at).filter(|one| one.called <= deadline) {
            if one.latest < changed && taken != Some(at as u32) {
                return true;
            }
            at = self.next[at] as usize;
        }
        false
    }

    /// Takes an operation out of those to come; returns how many answers are explained now.
    fn take(&mut self, at: u32, position: u32) -> u32 {
        let prepared = self.prepared;
        let (before, next) = (self.before[at as usize], self.next[at as usize]);
        self.next[before as usize] = next;
        self.before[next as usize] = before;
        self.happened[at as usize] = true;
        let (word, bit) = self.slot(at);
        self.bits[word] |= bit;
        let mut position = position as usize;
        while let Some(&first) = prepared.by_return.get(position)
            && self.happened[first as usize]
        {
            let (word, bit) = self.slot(first);
            self.bits[word] &= !bit;
            position += 1;
        }
        position as u32
    }

    /// Where an operation stands in the sets.
    fn slot(&self, at: u32) -> (usize, u64) {
        let one = &self.prepared.closed[at as usize];
        let first = if one.maybe { self.prepared.words[0] } else { 0 };
        let slot = one.slot as usize;
        (first + slot / 64, 1 << (slot % 64))
    }

    /// Undoes the newest [`Self::take`].
    fn put_back(&mut self, taken: Option<u32>) {
        let Some(at) = taken else { return };
        let (before, next) = (self.before[at as usize], self.next[at as usize]);
        self.next[before as usize] = at;
        self.before[next as usize] = at;
        self.happened[at as usize] = false;
    }
}
