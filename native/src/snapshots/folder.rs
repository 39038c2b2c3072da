//! The folder of a node's snapshots: names, and the ways in which a file gets one.
//!
//! | name               | is                                                            |
//! |--------------------|---------------------------------------------------------------|
//! | `INDEX-TERM.snap`  | in force: the newest that is valid counts                     |
//! | `INDEX-TERM.staged`| received and verified; in force when the log says so          |
//! | `NAME.new`         | being written; nobody reads it                                |
//! | `damaged-NAME`     | what could not be read at a start; nobody reads it            |
//!
//! Guarantees: a file has one of the first two names only when all of it is on disk, and the name
//! with it (traps S3, D4).

use crate::wal::{Files, LogFile};
use raftwerk_core::{ClusterId, LogId, SnapshotMeta};
use raftwerk_wire::snapshot::{Bad, Head, read};
use std::fmt;
use std::io;

/// Bytes handed to the file system at a time.
const WRITE_BYTES: usize = 1 << 20;

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder<F> {
    files: F,
    cluster: ClusterId,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not what was written.
    Damaged(String),
    /// It is whole, but of another version or cluster: to take it for damaged would throw away what
    /// another program can read.
    Foreign(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Damaged(why) | Unusable::Foreign(why) => f.write_str(why),
        }
    }
}

impl Unusable {
    /// It is of a version that is not known here.
    pub fn version(what: &dyn fmt::Display) -> Unusable {
        Unusable::Foreign(format!(
            "another version of raftwerk wrote it ({what}): start the version that wrote it"
        ))
    }
}

/// Name of the snapshot that ends with an entry.
pub fn snap(last: LogId) -> String {
    format!("{}-{}.snap", last.index.0, last.term.0)
}

/// Its name while it is received and not in force.
pub fn staged(last: LogId) -> String {
    format!("{}-{}.staged", last.index.0, last.term.0)
}

/// Its name while it is being written.
pub fn new(name: &str) -> String {
    format!("{name}.new")
}

/// The entry with which the snapshot of this name ends, if it is one of this kind.
#[must_use]
pub fn parse(name: &str, kind: &str) -> Option<LogId> {
    let (index, term) = name.strip_suffix(kind)?.split_once('-')?;
    let last = LogId::new(term.parse().ok()?, index.parse().ok()?);
    // Numbers written in another way make no second name for the same snapshot.
    [snap(last), staged(last)]
        .contains(&name.to_string())
        .then_some(last)
}

impl<F: Files> Folder<F> {
    /// The folder behind these files.
    pub fn new(files: F, cluster: ClusterId) -> Folder<F> {
        Folder { files, cluster }
    }

    /// Snapshots in force, the newest first.
    ///
    /// # Errors
    /// What the operating system says; so everywhere here.
    pub fn in_force(&self) -> io::Result<Vec<LogId>> {
        let names = self.files.names()?;
        let mut found: Vec<LogId> = names.iter().filter_map(|n| parse(n, ".snap")).collect();
        found.sort_by_key(|last| std::cmp::Reverse((last.index, last.term)));
        Ok(found)
    }

    /// Writes a snapshot down and gives it its name.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn write(&self, meta: &SnapshotMeta, state: &[u8]) -> io::Result<()> {
        let name = snap(meta.last);
        let head = self.head(meta)?;
        let mut file = self.create(&new(&name))?;
        file.write_at(0, &head)?;
        let mut offset = head.len() as u64;
        for piece in state.chunks(WRITE_BYTES) {
            file.write_at(offset, piece)?;
            offset += piece.len() as u64;
        }
        file.sync()?;
        self.rename(&new(&name), &name)
    }

    /// Begins a file for a snapshot that is being received: the file, and where the state goes.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn begin(&self, meta: &SnapshotMeta) -> io::Result<(F::File, u64)> {
        let head = self.head(meta)?;
        let mut file = self.create(&new(&staged(meta.last)))?;
        file.write_at(0, &head)?;
        Ok((file, head.len() as u64))
    }

    /// A received snapshot is complete, synced and verified.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn stage(&self, last: LogId) -> io::Result<()> {
        self.rename(&new(&staged(last)), &staged(last))
    }

    /// The log says that a staged snapshot is in force. It has its name already when a crash came
    /// right after this.
    ///
    /// # Errors
    /// See [`Folder::in_force`]; or it is there under neither name.
    pub fn install(&self, last: LogId) -> io::Result<()> {
        if self.has(&staged(last))? {
            return self.rename(&staged(last), &snap(last));
        }
        match self.has(&snap(last))? {
            true => Ok(()),
            false => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("the received snapshot up to {last} is gone from its folder"),
            )),
        }
    }

    /// All bytes of a file, and what it holds.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn read(&self, name: &str) -> io::Result<Result<(SnapshotMeta, Vec<u8>), Unusable>> {
        let bytes = self.files.open(name)?.read()?;
        let told = |bad: Bad| match bad {
            Bad::Version { .. } => Unusable::version(&bad),
            Bad::Head | Bad::Length | Bad::Hash => Unusable::Damaged(bad.to_string()),
        };
        Ok(read(&bytes).map_err(told).and_then(|(head, state)| {
            if head.cluster != self.cluster {
                return Err(Unusable::Foreign(format!(
                    "it is of cluster {:032x}: the data directory belongs to another cluster, or \
                     the file was put there by mistake",
                    head.cluster.0
                )));
            }
            Ok((head.meta, state.to_vec()))
        }))
    }

    /// Sets a damaged file aside, in place of an earlier one like it.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn set_aside(&self, name: &str) -> io::Result<()> {
        self.rename(name, &format!("damaged-{name}"))
    }

    /// Removes snapshots in force that end before this one.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn remove_older(&self, than: LogId) -> io::Result<()> {
        for old in self.in_force()? {
            if old.index < than.index {
                self.files.remove(&snap(old))?;
            }
        }
        self.files.sync_dir()
    }

    /// Removes what was being written or received, and staged snapshots.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn remove_unfinished(&self) -> io::Result<()> {
        for name in self.files.names()? {
            if name.ends_with(".new") || parse(&name, ".staged").is_some() {
                self.files.remove(&name)?;
            }
        }
        self.files.sync_dir()
    }

    /// Removes a file if it is there.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match self.has(name)? {
            true => self.files.remove(name),
            false => Ok(()),
        }
    }

    /// Bytes that are free; `None`: that is not known.
    pub fn room(&self) -> Option<u64> {
        self.files.room()
    }

    /// Whether there is a file of this name.
    ///
    /// # Errors
    /// See [`Folder::in_force`].
    pub fn has(&self, name: &str) -> io::Result<bool> {
        Ok(self.files.names()?.iter().any(|found| found == name))
    }

    /// A new file, in place of one that was left from an earlier try.
    fn create(&self, name: &str) -> io::Result<F::File> {
        self.remove(name)?;
        self.files.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.files.rename(from, to)?;
        self.files.sync_dir()
    }

    fn head(&self, meta: &SnapshotMeta) -> io::Result<Vec<u8>> {
        let head = Head::new(self.cluster, meta.clone()).encode();
        head.map_err(|_| io::Error::other("a snapshot with too many members"))
    }
}
