//! The durable log: what the core wants written, in numbered records, in files of bounded size.
//! Paper figure 2 ("persistent state on all servers"); traps D1 to D6 of the design.
//!
//! It assumes one process per directory (see `identity`) and a disk that keeps what it has
//! synced, or at least returns bytes that fail their checksum. It guarantees:
//!
//! - [`Wal::append`] returns only after everything it was given is on disk, in order;
//! - after the first error nothing is written any more: a later success would prove nothing
//!   (trap D2);
//! - [`Wal::open`] returns everything that was ever acknowledged, or says what it cannot return. A
//!   write that was under way when the machine or the process died is cut off, durably, and that
//!   is said ([`Verdict::TornTail`]). Where promised entries cannot be read the log is cut before
//!   them, and what may have been lost is noted and said ([`Verdict::Suspect`], `rot`) until
//!   [`Wal::forget_suspicion`]; where not even term and vote are certain, or there is no log at
//!   all, the answer is an error and nothing was changed.
//!
//! A log begins behind what a snapshot covers: old files are removed whole when the core trims
//! (`chain`), and a snapshot that is installed takes the place of all entries with one record.
//!
//! Files are named after the number of their first record. A small file, [`MARK`], holds the
//! number of the last synced record: it is written without a sync of its own, so it may be behind
//! but never ahead, and lets even the very last record be told from an unfinished one.
//! Another, [`NOTE`], is there while the node is suspect, and files whose names begin with
//! `damaged-` hold what was cut off then; nobody reads those. A third, [`RESERVE`], is space for a
//! disk that runs full.

mod chain;
#[cfg(test)]
pub(crate) mod faulty;
mod files;
pub mod look;
mod note;
mod recover;
mod replay;
mod reserve;
mod rot;
mod scan;
#[cfg(test)]
mod tests;
mod trim;

pub use files::{DirFiles, Files, LogFile};
pub use note::{NOTE, Note};
pub use recover::{Recovered, Verdict, segment_name, segment_number};
pub use replay::State;
pub use reserve::{RESERVE, free_reserve};

use crate::limits::{SEGMENT_BYTES, SEGMENT_GROWTH};
use chain::Chain;
use raftwerk_core::{Entry, HardState, Index, Term, Write};
use raftwerk_wire::record::{self, Change, Kind, Opening, Start};
use std::fmt;
use std::io;

/// File with the number of the last synced record.
pub const MARK: &str = "synced";

/// Entries of one record, by [`Entry::size`]; a larger single entry still gets its record.
const CHUNK_BYTES: u64 = 1 << 20;

/// How large files get.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// A new file is begun after this many bytes.
    pub segment: u64,
    /// Files grow by this many zeros at a time, so that most syncs change no file length.
    /// 0: files grow with each write.
    pub growth: u64,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes {
            segment: SEGMENT_BYTES,
            growth: SEGMENT_GROWTH,
        }
    }
}

/// Why the log cannot be used.
#[derive(Debug)]
pub enum WalError {
    /// A call to the operating system failed.
    Io {
        /// What was tried, with the file's name.
        what: String,
        /// What it said.
        source: io::Error,
    },
    /// A sync failed, for whatever reason: what is on disk is not known, and nothing is tried again
    /// (trap D2).
    Sync {
        /// What was synced, with the file's name.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something that was promised cannot be read any more, and term or vote may be in it (trap
    /// D3). Nothing was changed.
    Suspect {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
        /// Number of the record that should be there.
        record: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The log of another node or cluster, or of another version of the format.
    Foreign {
        /// What was found.
        found: Opening,
    },
    /// The note that this log has rotted says less than the log: it was written for another one.
    /// Nothing was changed.
    ForeignNote {
        /// The term in it.
        term: Term,
        /// The term of the log.
        log: Term,
    },
    /// An earlier error ended this log.
    Ended,
}

impl fmt::Display for WalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WalError::Io { what, source } | WalError::Sync { what, source } => {
                write!(f, "{what}: {source}")?;
                match source.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        f.write_str("; make room on that disk, then start the node again")
                    }
                    _ => Ok(()),
                }
            }
            WalError::Suspect {
                file,
                offset,
                record,
                why,
            } => write!(
                f,
                "the log is damaged: record {record} in {file} at byte {offset} {why}, and it was \
                 acknowledged before. No later record tells this node's term and vote, so it could \
                 vote twice: it does not start. Nothing was changed on disk. Restore this data \
                 directory from where it is intact, or remove the node from the cluster, wipe its \
                 data directory and let it join again under a new id"
            ),
            WalError::Foreign { found } => write!(
                f,
                "the log belongs to node {} of cluster {:032x} (format {}); start the node with \
                 its own data directory",
                found.node.0, found.cluster.0, found.format
            ),
            WalError::ForeignNote { term, log } => write!(
                f,
                "the file {NOTE} is not of this log: it tells term {} and its vote, the log is in \
                 term {} already, so this node could vote twice: it does not start. Restore this \
                 data directory from where it is intact, or remove the node from the cluster, \
                 wipe its data directory and let it join again under a new id",
                term.0, log.0
            ),
            WalError::Ended => f.write_str("the log ended with an earlier error"),
        }
    }
}

impl std::error::Error for WalError {}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> WalError {
    move |source| WalError::Io {
        what: what.into(),
        source,
    }
}

fn sync_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> WalError {
    move |source| WalError::Sync {
        what: what.into(),
        source,
    }
}

/// Makes names in the log's directory durable (trap D4).
fn sync_dir<F: Files>(files: &F) -> Result<(), WalError> {
    let what = sync_error("syncing the log directory");
    files.sync_dir().map_err(what)
}

/// An open log, ready to append.
pub struct Wal<F: Files> {
    files: F,
    opening: Opening,
    sizes: Sizes,
    file: F::File,
    name: String,
    /// Where the next record goes.
    offset: u64,
    /// Length of the file; zeros from `offset` on.
    length: u64,
    /// Number of the next record.
    next: u64,
    /// Last record known to be on disk.
    synced: u64,
    mark: F::File,
    buffer: Vec<u8>,
    /// Term and vote, and the last index, after what was encoded last.
    hard_state: HardState,
    end: Index,
    /// The files from which the log is read.
    chain: Chain,
    /// The next write begins a new file.
    roll: bool,
    /// The reserve is used, or could not be made.
    low: bool,
    ended: bool,
}

impl<F: Files> Wal<F> {
    /// Opens the log in a directory, or begins one when there is none.
    ///
    /// # Errors
    /// Why the log cannot be used.
    pub fn open(files: F, opening: Opening, sizes: Sizes) -> Result<(Self, Recovered), WalError> {
        recover::open(files, opening, sizes)
    }

    /// Writes everything and syncs once. When it returns, all of it is on disk.
    ///
    /// # Errors
    /// The disk failed; how much of this is on disk is not known, and the log has ended.
    pub fn append(&mut self, writes: &[Write]) -> Result<(), WalError> {
        if self.ended {
            return Err(WalError::Ended);
        }
        // Until the end is reached every early return is an end.
        self.ended = true;
        for write in writes {
            // An install begins a file, so that nothing before it is read again.
            let full = self.offset >= self.sizes.segment || self.roll;
            if write.install.is_some() || (full && self.buffer.is_empty() && says(write)) {
                self.begin_segment()?;
            }
            self.encode(write);
        }
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        let installed = |write: &Write| write.install.as_ref().map(|meta| meta.last.index);
        let covered = writes.iter().flat_map(|w| [w.trim_to, installed(w)]);
        if let Some(covered) = covered.flatten().max() {
            self.drop_files(covered)?;
        }
        self.ended = false;
        Ok(())
    }

    /// The node has everything again that its log had lost. Should this fail, or be lost in a
    /// crash, it is suspect once more at its next start, which harms nobody.
    pub fn forget_suspicion(&mut self) {
        note::forget(&self.files);
    }

    /// Bytes in the current file, for metrics.
    #[must_use]
    pub fn segment_offset(&self) -> u64 {
        self.offset
    }

    /// Cuts a write into records. A prefix of its records is a legal state: nothing of the write
    /// is acknowledged before all of it is on disk. Each record says term, vote and where the log
    /// ends, so that any of them can stand in for those before it (see `rot`).
    fn encode(&mut self, write: &Write) {
        if !says(write) {
            return;
        }
        let mut after = write.install.as_ref().map(|meta| meta.last);
        let (mut cut, mut entries) = (write.cut_from, write.append.iter().peekable());
        self.hard_state = write.hard_state.unwrap_or(self.hard_state);
        if let Some(last) = after {
            self.end = last.index;
            self.chain.restart(last.index);
        }
        if let Some(cut) = cut {
            self.end = self.end.min(cut.prev());
            self.chain.cut(self.end);
        }
        loop {
            let append = take_chunk(&mut entries);
            let follows = |first: &Entry| first.id.index == self.end.next();
            assert!(
                append.first().is_none_or(follows),
                "the core writes a log without holes"
            );
            // Who appends nothing says where the log ends by cutting there.
            let end = append.is_empty().then(|| self.end.next());
            self.end = append.last().map_or(self.end, |last| last.id.index);
            let change = Change {
                hard_state: Some(self.hard_state),
                after: after.take(),
                cut_from: cut.take().or(end),
                append,
            };
            let (number, synced) = (self.next, self.synced);
            record::push(&mut self.buffer, Kind::Data, number, synced, &change);
            self.next += 1;
            if entries.peek().is_none() {
                return;
            }
        }
    }

    fn flush(&mut self) -> Result<(), WalError> {
        let said = self.buffer.len();
        let end = self.offset + said as u64;
        let written = self.with_reserve(|wal| {
            wal.buffer.truncate(said);
            // No space is spent on zeros where there is little.
            if end > wal.length && wal.sizes.growth > 0 && !wal.low {
                let length = end.next_multiple_of(wal.sizes.growth);
                let zeros = usize::try_from(length - end).expect("growth fits in memory");
                wal.buffer.resize(said + zeros, 0);
            }
            let what = format!("writing the log file {}", wal.name);
            let done = wal.file.write_at(wal.offset, &wal.buffer);
            done.map_err(io_error(what))?;
            Ok(wal.offset + wal.buffer.len() as u64)
        })?;
        self.file
            .sync()
            .map_err(sync_error(format!("syncing the log file {}", self.name)))?;
        self.offset = end;
        self.length = self.length.max(written);
        self.buffer.clear();
        // A large batch must not keep its memory for ever.
        self.buffer.shrink_to(4 << 20);
        self.note_synced()
    }

    /// Everything up to the last record is on disk now.
    fn note_synced(&mut self) -> Result<(), WalError> {
        self.synced = self.next - 1;
        let bytes = recover::mark_bytes(self.synced);
        self.with_reserve(|wal| {
            let done = wal.mark.write_at(0, &bytes);
            done.map_err(io_error(format!("writing {MARK}")))
        })
    }

    /// Begins a new file. The old one is complete and synced, so damage in it is never a torn
    /// tail. The new file's name is on disk before the first record in it counts (trap D4).
    fn begin_segment(&mut self) -> Result<(), WalError> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        // The sync stays outside: after one that failed nothing is tried again.
        let made = self.with_reserve(|wal| recover::create_file(&wal.files, wal.next))?;
        sync_dir(&self.files)?;
        let (name, file) = made;
        (self.name, self.file) = (name, file);
        (self.offset, self.length, self.roll) = (0, 0, false);
        let start = Start {
            opening: self.opening,
            hard_state: self.hard_state,
            end: self.end,
        };
        let (number, synced) = (self.next, self.synced);
        record::push(&mut self.buffer, Kind::Open, number, synced, &start);
        self.next += 1;
        self.chain.begin(self.name.clone(), self.end);
        Ok(())
    }
}

/// Whether a write leaves a record, or only trims.
fn says(write: &Write) -> bool {
    let Write {
        hard_state,
        install,
        cut_from,
        append,
        ..
    } = write;
    hard_state.is_some() || install.is_some() || cut_from.is_some() || !append.is_empty()
}

/// Takes entries for one record.
fn take_chunk<'a>(
    entries: &mut std::iter::Peekable<impl Iterator<Item = &'a Entry>>,
) -> Vec<Entry> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while let Some(entry) = entries.next_if(|e| chunk.is_empty() || bytes + e.size() <= CHUNK_BYTES)
    {
        bytes += entry.size();
        chunk.push(entry.clone());
    }
    chunk
}
