//! What a node can find on its disk after a crash (P figure 2, "persistent state"; T3.8).
//!
//! The disk is behind memory and follows it in order. So what it holds is what memory held at
//! some time: not before the last thing the disk reported, or the node relied upon, and not
//! later than now. A crash may end a write in the middle, so every single entry is a step.

use super::state::{Log, has, last};
use raftwerk_core::{HardState, Index, LogId, Term};

/// One change of the log in memory.
#[derive(Clone, Debug, Hash)]
enum Change {
    Append(Term),
    CutTo(Index),
    /// By a log that agrees with the one before so far.
    Replace(Log, Index),
}

/// What may be on disk.
#[derive(Clone, Debug, Hash)]
pub(super) struct Disk {
    /// The oldest log that may be there.
    base: Log,
    /// What was done to it since, each with the place in the list below of the hard state then.
    changes: Vec<(Change, usize)>,
    /// Term and vote, oldest that may be there first.
    hard: Vec<HardState>,
}

impl Disk {
    /// Exactly this is on disk.
    pub fn holding(log: Log, hard: HardState) -> Disk {
        Disk {
            base: log,
            changes: Vec::new(),
            hard: vec![hard],
        }
    }

    pub fn append(&mut self, term: Term) {
        self.changes.push((Change::Append(term), self.newest()));
    }

    pub fn cut_to(&mut self, length: Index) {
        self.changes.push((Change::CutTo(length), self.newest()));
    }

    pub fn replace(&mut self, log: Log, agreed: Index) {
        let change = Change::Replace(log, agreed);
        self.changes.push((change, self.newest()));
    }

    /// Term or vote changed.
    pub fn hard_state(&mut self, hard: HardState) {
        if self.hard.last() != Some(&hard) {
            self.hard.push(hard);
        }
    }

    fn newest(&self) -> usize {
        self.hard.len() - 1
    }

    /// Gives the votes other names.
    pub fn rename_votes(&mut self, renamed: impl Fn(HardState) -> HardState) {
        self.hard.iter_mut().for_each(|hard| *hard = renamed(*hard));
    }

    /// The disk holds the newest term and vote: a promise was made on that.
    pub fn relied_on_hard_state(&mut self) {
        self.forget_hard(self.newest());
    }

    fn forget_hard(&mut self, before: usize) {
        self.hard.drain(..before);
        for (_, place) in &mut self.changes {
            *place = place.saturating_sub(before);
        }
    }

    /// The disk reported that it agrees with memory up to here.
    pub fn persisted(&mut self, durable: Index) {
        let mut length = self.base.len() as u64;
        let mut touched = None;
        for (at, (change, hard)) in self.changes.iter().enumerate() {
            let before = length;
            length = match change {
                Change::Append(_) => length + 1,
                Change::CutTo(to) => to.0.min(length),
                Change::Replace(log, _) => log.len() as u64,
            };
            let lowest = match change {
                Change::Append(_) => before + 1,
                Change::CutTo(to) => to.0 + 1,
                Change::Replace(_, agreed) => agreed.0 + 1,
            };
            if lowest <= durable.0 {
                touched = Some((at, *hard));
            }
        }
        if let Some((at, hard)) = touched {
            for (change, _) in self.changes.drain(..=at) {
                apply(&mut self.base, change);
            }
            self.forget_hard(hard);
        }
    }

    /// The log that ends here, if the disk can hold one.
    pub fn log_ending_at(&self, id: LogId) -> Option<Log> {
        let mut log = self.base.clone();
        let mut found = (last(&log) == id).then(|| log.clone());
        for (change, _) in &self.changes {
            apply(&mut log, change.clone());
            if last(&log) == id {
                found = Some(log.clone());
            }
        }
        found
    }

    /// The beginning, up to here, of a log that the disk can hold.
    pub fn log_cut_to(&self, id: LogId) -> Option<Log> {
        let mut log = self.base.clone();
        let cut = |log: &Log| has(log, id).then(|| log[..id.index.0 as usize].to_vec());
        let mut found = cut(&log);
        for (change, _) in &self.changes {
            apply(&mut log, change.clone());
            found = cut(&log).or(found);
        }
        found
    }

    /// Whether the disk can hold this term and vote.
    pub fn may_hold(&self, hard: HardState) -> bool {
        self.hard.contains(&hard)
    }

    /// What it can hold, for a message.
    pub fn hard_states(&self) -> &[HardState] {
        &self.hard
    }
}

fn apply(log: &mut Log, change: Change) {
    match change {
        Change::Append(term) => log.push(term),
        Change::CutTo(length) => log.truncate(length.0 as usize),
        Change::Replace(new, _) => *log = new,
    }
}
