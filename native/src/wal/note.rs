//! The note that a log has rotted: what keeps a node suspect over every crash (trap D3).
//!
//! It is on disk, with its name, before anything is cut, and says everything that the cut log
//! will not say any more: what may have been promised, and the term and vote. It goes when the
//! node has everything again; should that be lost in a crash, the node is suspect once more and
//! finds at once that it need not be. A note that cannot be read is taken for the worst: nobody
//! knows how far the log went.

use super::{Files, LogFile, WalError, io_error, sync_dir, sync_error};
use raftwerk_core::{HardState, Index, NodeId, Suspicion, Term};
use raftwerk_wire::record::checksum;

/// Name of its file.
pub const NOTE: &str = "suspect";

const MAGIC: [u8; 4] = *b"RWS1";
const BYTES: usize = 60;

/// What is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// What the core is told.
    pub suspicion: Suspicion,
    /// Term and vote when the rot was found.
    pub hard_state: HardState,
    /// The log has been cut, and its first record since then says the same term and vote. Before
    /// that nothing was written to it after the note.
    pub cut: bool,
}

/// A file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Note(Note),
    Unreadable,
}

impl Found {
    /// What it says, if that can be read.
    pub(super) fn note(self) -> Option<Note> {
        match self {
            Found::Note(note) => Some(note),
            Found::Unreadable => None,
        }
    }
}

impl Note {
    /// Reads the note, if there is one.
    pub(super) fn read<F: Files>(files: &F, names: &[String]) -> Result<Option<Found>, WalError> {
        if !names.iter().any(|name| name == NOTE) {
            return Ok(None);
        }
        let read = files.open(NOTE).and_then(|mut file| file.read());
        let bytes = read.map_err(io_error(format!("reading {NOTE}")))?;
        Ok(Some(
            Note::decode(&bytes).map_or(Found::Unreadable, Found::Note),
        ))
    }

    /// Whether it is of a log that now says this. Until the log is cut nothing is written to it, so
    /// what is left of it is no later than the note; after that the log says more and more.
    pub(super) fn fits(&self, log: HardState) -> Result<(), WalError> {
        let noted = self.hard_state;
        let voted_twice = noted.term == log.term && log.vote.is_some() && log.vote != noted.vote;
        if !self.cut && (noted.term < log.term || voted_twice) {
            let (term, log) = (noted.term, log.term);
            return Err(WalError::ForeignNote { term, log });
        }
        Ok(())
    }

    /// Makes it durable, in place of the one before.
    pub(super) fn write<F: Files>(&self, files: &F) -> Result<(), WalError> {
        let there = files
            .names()
            .map_err(io_error("reading the log directory"))?;
        let opened = match there.iter().any(|name| name == NOTE) {
            true => files.open(NOTE),
            false => files.create(NOTE),
        };
        let what = || io_error(format!("writing {NOTE}"));
        let mut file = opened.map_err(what())?;
        file.write_at(0, &self.bytes()).map_err(what())?;
        file.sync().map_err(sync_error(format!("syncing {NOTE}")))?;
        sync_dir(files)
    }

    /// As it is written.
    #[must_use]
    pub fn bytes(&self) -> [u8; BYTES] {
        let Note {
            suspicion: Suspicion { from, to, since },
            hard_state: HardState { term, vote },
            cut,
        } = *self;
        let flags = u32::from(cut) | u32::from(to.is_some()) << 1 | u32::from(vote.is_some()) << 2;
        let mut bytes = [0; BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&flags.to_le_bytes());
        let words = [
            from.0,
            to.unwrap_or_default().0,
            since.0,
            term.0,
            vote.unwrap_or_default().0,
        ];
        for (at, word) in words.into_iter().enumerate() {
            bytes[8 + 8 * at..16 + 8 * at].copy_from_slice(&word.to_le_bytes());
        }
        let sum = checksum(&bytes[..BYTES - 4]);
        bytes[BYTES - 4..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads them back; `None` where they are not as they were written.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Note> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        let short = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let word = |number: usize| {
            let at = 8 + 8 * number;
            u64::from(short(at)) | u64::from(short(at + 4)) << 32
        };
        if bytes[..4] != MAGIC || short(BYTES - 4) != checksum(&bytes[..BYTES - 4]) {
            return None;
        }
        let flags = short(4);
        Some(Note {
            suspicion: Suspicion {
                from: Index(word(0)),
                to: (flags & 2 != 0).then_some(Index(word(1))),
                since: Term(word(2)),
            },
            hard_state: HardState {
                term: Term(word(3)),
                vote: (flags & 4 != 0).then_some(NodeId(word(4))),
            },
            cut: flags & 1 != 0,
        })
    }
}

/// Everything is there again: the note may go. Where that fails or is lost in a crash the node is
/// suspect once more at its next start, which harms nobody.
pub(super) fn forget<F: Files>(files: &F) {
    if files.remove(NOTE).is_ok() {
        let _ = files.sync_dir();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_and_damage_is_seen() {
        let suspicion = |to| Suspicion {
            from: Index(7),
            to,
            since: Term(1 << 40),
        };
        for (to, vote) in [(None, None), (Some(Index(u64::MAX)), Some(NodeId(3)))] {
            let note = Note {
                suspicion: suspicion(to),
                hard_state: HardState {
                    term: Term(9),
                    vote,
                },
                cut: to.is_some(),
            };
            let bytes = note.bytes();
            assert_eq!(Note::decode(&bytes), Some(note));
            for at in 0..bytes.len() {
                let mut bad = bytes;
                bad[at] ^= 1 << (at % 8);
                assert_eq!(Note::decode(&bad), None, "byte {at}");
            }
            assert_eq!(Note::decode(&bytes[..BYTES - 1]), None);
        }
    }
}
