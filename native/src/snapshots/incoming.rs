//! A snapshot that is being received, chunk by chunk (trap S7).
//!
//! Each chunk is answered with how much is here, so a stream that begins again, after a break or
//! from another sender, goes on where the last one stopped. Guarantees: what a leader of an older
//! term sends disturbs nothing; a chunk counts only where it fits; what is not what it says to be
//! is thrown away as a whole.

use super::boot::decode;
use super::folder::{Folder, Unusable, new, staged};
use crate::limits::SNAPSHOT_BYTES;
use crate::wal::{Files, LogFile};
use raftwerk_core::{Lane, SnapshotMeta};
use raftwerk_kv::Store;
use raftwerk_wire::frame::Chunk;

/// What is here so far.
pub struct Incoming<F: Files> {
    lane: Lane,
    meta: SnapshotMeta,
    file: F::File,
    /// Where the state begins in the file.
    start: u64,
    upto: u64,
}

/// What follows from a chunk.
pub enum Heard {
    /// Nothing is to be answered.
    Nothing,
    /// So much is here.
    Upto(u64),
    /// All of it was here, or could not be kept, and is thrown away.
    Broken(String),
    /// All of it is here, verified and on disk.
    Whole(Box<SnapshotMeta>, Box<Store>),
}

impl<F: Files> Incoming<F> {
    /// Takes a chunk in.
    pub fn hear(slot: &mut Option<Incoming<F>>, folder: &Folder<F>, chunk: Chunk) -> Heard {
        if chunk.meta.bytes > SNAPSHOT_BYTES {
            return Heard::Nothing;
        }
        if slot.as_ref().is_some_and(|here| here.lane > chunk.lane) {
            // Of a leader that is gone.
            return Heard::Nothing;
        }
        let broken = |what: &str, why: &dyn std::fmt::Display| {
            let last = chunk.meta.last;
            Heard::Broken(format!("the snapshot up to {last} {what}: {why}"))
        };
        let here = match slot.take() {
            Some(here) if here.meta == chunk.meta => Ok(here),
            other => {
                if let Some(other) = other {
                    // What stays behind is removed at the next start.
                    let _ = folder.remove(&new(&staged(other.meta.last)));
                }
                Incoming::begin(folder, &chunk)
            }
        };
        let taken = here.and_then(|mut here| {
            here.lane = chunk.lane;
            here.take(&chunk)?;
            Ok(here)
        });
        let mut here = match taken {
            Ok(here) => here,
            Err(error) => {
                let _ = folder.remove(&new(&staged(chunk.meta.last)));
                return broken("cannot be received", &error);
            }
        };
        if here.upto < here.meta.bytes {
            let upto = here.upto;
            *slot = Some(here);
            return Heard::Upto(upto);
        }
        match here.finish(folder) {
            Ok(Ok(store)) => Heard::Whole(chunk.meta.into(), store),
            Ok(Err(why)) => broken("did not arrive as it was sent", &why),
            Err(error) => broken("cannot be kept", &error),
        }
    }

    fn begin(folder: &Folder<F>, chunk: &Chunk) -> std::io::Result<Incoming<F>> {
        let (file, start) = folder.begin(&chunk.meta)?;
        Ok(Incoming {
            lane: chunk.lane,
            meta: chunk.meta.clone(),
            file,
            start,
            upto: 0,
        })
    }

    fn take(&mut self, chunk: &Chunk) -> std::io::Result<()> {
        let length = chunk.bytes.len() as u64;
        if chunk.offset == self.upto && length <= self.meta.bytes - self.upto {
            self.file.write_at(self.start + self.upto, &chunk.bytes)?;
            self.upto += length;
        }
        Ok(())
    }

    /// Verifies and keeps it; what is wrong with it goes.
    fn finish(&mut self, folder: &Folder<F>) -> std::io::Result<Result<Box<Store>, String>> {
        self.file.sync()?;
        let name = new(&staged(self.meta.last));
        let read = folder.read(&name)?.and_then(|(meta, state)| {
            if meta != self.meta {
                return Err(Unusable::Damaged("it says to be another".to_string()));
            }
            decode(&meta, &state)
        });
        match read {
            Ok(store) => {
                folder.stage(self.meta.last)?;
                Ok(Ok(store.into()))
            }
            Err(why) => {
                folder.remove(&name)?;
                Ok(Err(why.to_string()))
            }
        }
    }
}
