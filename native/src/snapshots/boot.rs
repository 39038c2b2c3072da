//! Which snapshot a node starts from (traps S3, S4).
//!
//! The newest that can be read counts, if the log reaches back to its end. A damaged one is never
//! used, and set aside. One that is whole, but of another version or cluster, is no damage: the node
//! must not start on it, and nothing is touched. A staged one counts only when the log says that it took its place; others
//! are removed.

use super::folder::{Folder, Unusable, snap, staged};
use crate::wal::{Files, State};
use raftwerk_core::{LogId, SnapshotMeta};
use raftwerk_kv::{DecodeError, Store};
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
    /// This one would count, but only another version or cluster can use it: says why and what to do.
    Foreign(String),
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

/// Looks for it, and tells what cannot be used; that is still in its place. Nothing is changed
/// before it is known that all that was looked at belongs here.
///
/// # Errors
/// What the operating system says.
pub fn find<F: Files>(folder: &Folder<F>, log: &State) -> io::Result<(Found, Vec<Damaged>)> {
    let waiting = match log.installed {
        Some(last) if folder.has(&staged(last))? => Some(last),
        _ => None,
    };
    let (mut found, mut damaged) = (None, Vec::new());
    for last in candidates(folder, waiting)? {
        // The log does not reach back to this one, nor to any older one.
        if last.index < log.base {
            break;
        }
        let name = snap(last);
        let place = match waiting == Some(last) {
            true => staged(last),
            false => name.clone(),
        };
        match load(folder, &place, last)? {
            Ok((meta, store)) => {
                found = Some((meta, store));
                break;
            }
            Err(Unusable::Damaged(why)) => damaged.push(Damaged { name, why }),
            Err(Unusable::Foreign(why)) => {
                let why = format!(
                    "the snapshot {place} is not for this node: {why}. The node does not start, \
                     and its snapshots and log stay as they are"
                );
                return Ok((Found::Foreign(why), Vec::new()));
            }
        }
    }
    if let Some(last) = waiting {
        folder.install(last)?;
    }
    folder.remove_unfinished()?;
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

/// Those that may count, the newest first: those in force, and the staged one that the log says is.
fn candidates<F: Files>(folder: &Folder<F>, waiting: Option<LogId>) -> io::Result<Vec<LogId>> {
    let mut all = folder.in_force()?;
    all.extend(waiting);
    all.sort_by_key(|last| std::cmp::Reverse((last.index, last.term)));
    all.dedup();
    Ok(all)
}

/// Reads a snapshot with its state, which should end with this entry.
///
/// # Errors
/// What the operating system says.
pub fn load<F: Files>(
    folder: &Folder<F>,
    name: &str,
    last: LogId,
) -> io::Result<Result<(SnapshotMeta, Store), Unusable>> {
    Ok(folder.read(name)?.and_then(|(meta, state)| {
        let store = decode(&meta, &state)?;
        match meta.last == last {
            true => Ok((meta, store)),
            false => {
                let why = "it ends elsewhere than its name says".to_string();
                Err(Unusable::Damaged(why))
            }
        }
    }))
}

/// The state inside a snapshot whose bytes are known to be as they were written.
///
/// # Errors
/// Why it is none.
pub fn decode(meta: &SnapshotMeta, state: &[u8]) -> Result<Store, Unusable> {
    let store = Store::decode(state).map_err(|error| match error {
        DecodeError::Version { .. } => Unusable::version(&error),
        _ => Unusable::Damaged(error.to_string()),
    })?;
    match store.applied() <= meta.last.index.0 {
        true => Ok(store),
        false => {
            let why = "its state goes further than its end".to_string();
            Err(Unusable::Damaged(why))
        }
    }
}
