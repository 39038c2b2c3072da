//! Which snapshot a node starts from (traps S3, S4).
//!
//! The newest that can be read counts, if the log reaches back to its end. A damaged one is never
//! used, and set aside. A staged one counts only when the log says that it took its place; others
//! are removed.

use super::folder::{Folder, snap};
use crate::wal::{Files, State};
use raftwerk_core::SnapshotMeta;
use raftwerk_kv::Store;
use std::fmt;
use std::io;

/// What a node starts from, beside its log.
#[derive(Debug)]
pub enum Found {
    /// No snapshot, and none is needed: the log holds everything.
    Nothing,
    /// This one.
    Snapshot(Box<SnapshotMeta>, Box<Store>),
    /// The log begins behind a snapshot that cannot be read, and no other reaches up to it.
    Lost,
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the snapshot {} cannot be used: {}", self.name, self.why)
    }
}

/// Looks for it, and tells what cannot be used; that is still in its place.
///
/// # Errors
/// What the operating system says.
pub fn find<F: Files>(folder: &Folder<F>, log: &State) -> io::Result<(Found, Vec<Damaged>)> {
    if let Some(last) = log.installed {
        folder.install(last)?;
    }
    folder.remove_unfinished()?;
    let (mut found, mut damaged) = (None, Vec::new());
    for last in folder.in_force()? {
        let name = snap(last);
        match load(folder, &name)? {
            Ok((meta, _)) if meta.last != last => {
                let why = "it ends elsewhere than its name says".to_string();
                damaged.push(Damaged { name, why });
            }
            Ok((meta, _)) if meta.last.index < log.base => break,
            Ok((meta, store)) => {
                found = Some((meta, store));
                break;
            }
            Err(why) => damaged.push(Damaged { name, why }),
        }
    }
    let found = match found {
        Some((meta, store)) => {
            folder.remove_older(meta.last)?;
            Found::Snapshot(Box::new(meta), Box::new(store))
        }
        None if log.base.0 == 0 => Found::Nothing,
        None => Found::Lost,
    };
    Ok((found, damaged))
}

/// Reads a snapshot with its state.
fn load<F: Files>(
    folder: &Folder<F>,
    name: &str,
) -> io::Result<Result<(SnapshotMeta, Store), String>> {
    Ok(folder.read(name)?.and_then(|(meta, state)| {
        let store = decode(&meta, &state)?;
        Ok((meta, store))
    }))
}

/// The state inside a snapshot.
///
/// # Errors
/// Why it is none.
pub fn decode(meta: &SnapshotMeta, state: &[u8]) -> Result<Store, String> {
    let store = Store::decode(state).map_err(|error| error.to_string())?;
    match store.applied() <= meta.last.index.0 {
        true => Ok(store),
        false => Err("its state goes further than its end".to_string()),
    }
}
