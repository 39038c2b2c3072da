//! What every contestant does, and how one round of it is measured.
//!
//! No disk, no network, no delay: what is measured is the machine itself, with what a host must
//! do for it in any case: take the command out of the client's buffer, store what is to be
//! stored (in a vector), carry messages (in a queue), apply (a digest), and drop from the log
//! what is applied, so that it is the steady state that is measured and not the page faults of
//! a log that grows without end.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Each replica drops the beginning of its log when so many entries were applied since it last
/// did...
pub const COMPACT_EVERY: u64 = 5_000;

/// ...but for so many. Both are what `openraft` does unless told otherwise.
pub const KEPT: u64 = 1_000;

/// A Raft crate with three replicas, one of them the leader.
pub trait Contestant {
    /// Three replicas with a leader, nothing applied yet.
    fn start() -> Self;
    /// Hands copies of these commands to the leader and returns when they are committed and
    /// applied there.
    fn commit(&mut self, commands: &[Vec<u8>]);
    /// Returns when all replicas have applied everything; gives each one's digest.
    fn finish(&mut self) -> [Digest; 3];
    /// Messages between replicas so far, answers included.
    fn messages(&self) -> u64;
}

/// The state machine of every contestant: a running digest over length, first and last eight bytes
/// of the commands, in order. It is cheap on purpose: the machine around it is what is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Of all commands so far.
    pub value: u64,
    /// Commands applied.
    pub count: u64,
}

impl Digest {
    /// Applies one command.
    pub fn apply(&mut self, command: &[u8]) {
        let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let ends = word(command.first_chunk()) ^ word(command.last_chunk()).rotate_left(32);
        let mixed = self.value.rotate_left(5) ^ ends ^ command.len() as u64;
        self.value = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.count += 1;
    }
}

/// One cell of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Bytes of a command.
    pub payload: usize,
    /// Commands handed in before the machine is drained.
    pub per_drain: usize,
}

impl Case {
    /// Every cell, row by row.
    pub fn all() -> impl Iterator<Item = Case> {
        [16, 256, 1_024]
            .into_iter()
            .flat_map(|payload| [1, 16, 256].map(|per_drain| Case { payload, per_drain }))
    }

    /// Enough entries for a steady state.
    pub fn entries(self, quick: bool) -> usize {
        let whole = if self.per_drain == 1 { 60_000 } else { 200_000 };
        let entries = if quick { whole / 20 } else { whole };
        entries / self.per_drain * self.per_drain
    }

    /// Batch after batch, in buffers that are used again, as those of a socket are.
    fn batches(self, entries: usize, mut each: impl FnMut(&[Vec<u8>])) {
        let mut buffers = vec![vec![0x5A; self.payload]; self.per_drain];
        for first in (0..entries as u64).step_by(self.per_drain) {
            for (serial, command) in (first..).zip(&mut buffers) {
                let (first, last) = (serial.to_le_bytes(), (!serial).to_be_bytes());
                command[..8].copy_from_slice(&first);
                command[self.payload - 8..].copy_from_slice(&last);
            }
            each(&buffers);
        }
    }

    /// What every replica must end with.
    pub fn digest(self, entries: usize) -> Digest {
        let mut digest = Digest::default();
        self.batches(entries, |batch| {
            batch.iter().for_each(|command| digest.apply(command));
        });
        digest
    }
}

/// What one round of one contestant in one cell gave.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Entries committed and applied on three replicas, per second that the thread worked.
    pub per_second: f64,
    /// Allocations per entry, the copy of the command included.
    pub allocations: f64,
    /// Messages per entry.
    pub messages: f64,
    /// Equal on all three replicas.
    pub digest: Digest,
}

/// Runs one contestant through one cell.
pub fn round<C: Contestant>(case: Case, entries: usize) -> Round {
    let mut contestant = C::start();
    let before = contestant.messages();
    let start = worked();
    let mut digests = [Digest::default(); 3];
    let counted = allocation_counter::measure(|| {
        case.batches(entries, |batch| contestant.commit(batch));
        digests = contestant.finish();
    });
    let seconds = (worked() - start).as_secs_f64();
    let digest = case.digest(entries);
    assert_eq!(digests, [digest; 3], "each replica applied all, in order");
    let per_entry = |count: u64| count as f64 / entries as f64;
    Round {
        per_second: entries as f64 / seconds,
        allocations: per_entry(counted.count_total),
        messages: per_entry(contestant.messages() - before),
        digest,
    }
}

/// What this thread has worked so far. All replicas of a contestant live in this thread, and so
/// it matters little what else the machine does; when it does nothing else, this is the time.
fn worked() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The fastest: whatever else the machine does can only make a round slower.
pub fn best(rounds: &[Round]) -> Round {
    let faster = |a: &&Round, b: &&Round| a.per_second.total_cmp(&b.per_second);
    *rounds.iter().max_by(faster).expect("there is a round")
}
