//! Space that is kept for what cannot be refused, on a disk that runs full (trap D7).
//!
//! A file of some megabytes lies beside the log. When there is no space for a write, it is removed
//! and the write is made again; so term and vote, what peers send, and the records of a snapshot that
//! makes room go on. Until the file can be made again the log is *low*: whoever owns it takes nothing
//! new from clients. When the reserve is used up as well, a write fails, and that is the end (D2).
//!
//! Made again is a write that was refused for lack of space, and nothing else: the system has said
//! that it did not take it, and all its bytes are written anew before they are synced. After a sync
//! that failed, for whatever reason, nothing is known, and nothing is tried.

use super::{Files, LogFile, Wal, WalError};
use std::io;

/// Name of the file.
pub const RESERVE: &str = "reserve";

/// Bytes written at a time.
const PIECE: usize = 1 << 20;

impl WalError {
    /// Whether there was no space for what was refused. Never so after a sync that failed, whatever
    /// it said: then what was taken is not known either (trap D2).
    #[must_use]
    pub fn is_full(&self) -> bool {
        let WalError::Io { source, .. } = self else {
            return false;
        };
        let kind = source.kind();
        matches!(
            kind,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

impl<F: Files> Wal<F> {
    /// Keeps so many bytes in reserve from now on, or makes the reserve again that was used; 0: none.
    /// Twice as much must be free, so that what made room is not taken from it at once.
    pub fn keep_reserve(&mut self, bytes: u64) {
        self.low = match bytes {
            0 => {
                self.drop_reserve();
                false
            }
            _ => !self.make_reserve(bytes),
        };
    }

    /// Whether the reserve was used and is not there again.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.low
    }

    fn make_reserve(&self, bytes: u64) -> bool {
        let Ok(names) = self.files.names() else {
            return false;
        };
        // One that a crash left unfinished is no reserve.
        if names.iter().any(|name| name == RESERVE) {
            let there = self.files.open(RESERVE).and_then(|file| file.length());
            if there.is_ok_and(|there| there >= bytes) {
                return true;
            }
            let _ = self.files.remove(RESERVE);
        }
        if self
            .files
            .room()
            .is_some_and(|room| room < bytes.saturating_mul(2))
        {
            return false;
        }
        let made = self.files.create(RESERVE).and_then(|mut file| {
            let (mut at, mut piece) = (0, noise(PIECE));
            while at < bytes {
                piece.truncate(usize::try_from(bytes - at).unwrap_or(PIECE));
                file.write_at(at, &piece)?;
                at += piece.len() as u64;
            }
            Ok(())
        });
        if made.is_err() {
            let _ = self.files.remove(RESERVE);
        }
        made.is_ok()
    }

    /// One of an earlier life is not wanted any more.
    fn drop_reserve(&self) {
        let names = self.files.names().unwrap_or_default();
        if names.iter().any(|name| name == RESERVE) {
            free_reserve(&self.files);
        }
    }

    /// Does what is refused for lack of space once more, with the reserve.
    pub(super) fn with_reserve<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, WalError>,
    ) -> Result<T, WalError> {
        match work(self) {
            Err(error) if error.is_full() && !self.low && free_reserve(&self.files) => {
                self.low = true;
                work(self)
            }
            done => done,
        }
    }
}

/// Gives the reserve of a log back to the disk. Whether there was one.
pub fn free_reserve<F: Files>(files: &F) -> bool {
    files.remove(RESERVE).is_ok()
}

/// Bytes that no file system makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let words = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (state ^ (state >> 29))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_le_bytes()
    });
    words
        .take(length.div_ceil(8))
        .flatten()
        .take(length)
        .collect()
}
