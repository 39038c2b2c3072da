//! Whose data directory this is: lock, identity, and the disks of the peers.
//!
//! Guarantees: one process per directory (trap D10); a directory is used only by the node and
//! cluster that made it; a node whose directory was wiped is not taken for the old one by peers
//! that have met it (trap D9).
//!
//! | file            | holds                                                        |
//! |-----------------|--------------------------------------------------------------|
//! | `lock`          | nothing; locked while a process uses the directory           |
//! | `identity.json` | format, cluster, node, disk, first members                   |
//! | `peers.json`    | for each peer, the disk it was met with first                |
//! | `addresses.json` | for each peer, where it is reached                          |
//! | `removed.json`  | whether this node knows that it is a member no more          |
//! | `members.json`  | the newest committed members, for when log and snapshot rot  |
//! | `log/`          | the log (see `wal`)                                          |
//! | `snapshots/`    | snapshots (see `snapshots`)                                  |
//!
//! What is kept while the node runs is in `kept`.

mod kept;

pub use kept::PeerDisks;

use crate::node::NodeError;
use raftwerk_core::Membership;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Version of the layout of the directory.
pub const FORMAT: u32 = 1;

/// Longest file read here, and written.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Content of `identity.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the layout.
    pub format: u32,
    /// Cluster id in hexadecimal.
    pub cluster: String,
    /// The node.
    pub node: u64,
    /// Drawn when the directory was made, in hexadecimal.
    pub disk: String,
    /// Ids of the first members of the cluster.
    pub founders: Vec<u64>,
}

/// Where peers are reached, by id.
pub type Addresses = BTreeMap<u64, String>;

impl Identity {
    /// The disk id as a number.
    #[must_use]
    pub fn disk_id(&self) -> u64 {
        u64::from_str_radix(&self.disk, 16).unwrap_or(0)
    }
}

/// A locked data directory. The lock is given back when this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is missing, and locks it.
    ///
    /// # Errors
    /// It cannot be used, or another process uses it.
    pub fn lock(path: &Path) -> Result<DataDir, NodeError> {
        let failed = |what: &str, error: io::Error| {
            NodeError::Data(format!("{what} {}: {error}", path.display()))
        };
        std::fs::create_dir_all(path)
            .map_err(|error| failed("the data directory cannot be made:", error))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"));
        let lock = lock.map_err(|error| failed("no file can be made in", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDir {
                path: path.to_path_buf(),
                _lock: lock,
            }),
            Err(std::fs::TryLockError::WouldBlock) => Err(NodeError::Data(format!(
                "another process uses {}; stop it first, or give this node its own --data",
                path.display()
            ))),
            Err(std::fs::TryLockError::Error(error)) => Err(failed("cannot lock", error)),
        }
    }

    /// Where the log lies.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Where snapshots lie.
    #[must_use]
    pub fn snapshots_path(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    /// Reads the identity; `None` when the directory is new.
    ///
    /// # Errors
    /// The file is there and cannot be read or understood.
    pub fn identity(&self) -> Result<Option<Identity>, NodeError> {
        self.read("identity.json")
    }

    /// Checks the identity against what the node was told.
    ///
    /// # Errors
    /// What differs, and what to do.
    pub fn check(&self, found: &Identity, told: &Identity) -> Result<(), NodeError> {
        let place = self.path.display();
        let differs = |what: &str, found: &str, told: &str| {
            Err(NodeError::Data(format!(
                "{place} belongs to {what} {found}, but this node was started as {what} {told}; \
                 correct the flag or choose another --data"
            )))
        };
        if found.format != FORMAT {
            return Err(NodeError::Data(format!(
                "{place} has layout {} and this version of raftwerk knows {FORMAT}",
                found.format
            )));
        }
        if found.cluster != told.cluster {
            return differs("cluster", &found.cluster, &told.cluster);
        }
        if found.node != told.node {
            return differs("node", &found.node.to_string(), &told.node.to_string());
        }
        if found.founders != told.founders {
            return Err(NodeError::Data(format!(
                "{place} was made with first members {:?}, but --initial-cluster names {:?}; the \
                 first members of a cluster cannot be changed there",
                found.founders, told.founders
            )));
        }
        Ok(())
    }

    /// Where peers were last reached, as far as this node has learned it.
    ///
    /// # Errors
    /// The file is there and cannot be read or understood.
    pub fn addresses(&self) -> Result<Addresses, NodeError> {
        Ok(self.read("addresses.json")?.unwrap_or_default())
    }

    /// Whether this node knew in an earlier life that it had been removed.
    ///
    /// # Errors
    /// The file is there and cannot be read or understood.
    pub fn removed(&self) -> Result<bool, NodeError> {
        Ok(self.read("removed.json")?.unwrap_or_default())
    }

    /// The newest committed members that were noted. It is a hint for when the log is damaged: where
    /// it cannot be read, there is none.
    #[must_use]
    pub fn members(&self) -> Option<Membership> {
        self.read("members.json").ok().flatten()
    }

    /// Writes the identity, atomically and durably.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_identity(&self, identity: &Identity) -> Result<(), NodeError> {
        self.write("identity.json", identity)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, NodeError> {
        let path = self.path.join(name);
        let bad = |why| NodeError::Data(format!("{} cannot be used: {why}", path.display()));
        read_small(&path).map_err(bad)
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), NodeError> {
        let write = || -> io::Result<()> {
            let mut text = serde_json::to_vec_pretty(value)?;
            text.push(b'\n');
            if text.len() as u64 > MAX_FILE_BYTES {
                return Err(io::Error::other("it would be too long to be read again"));
            }
            let temporary = self.path.join(format!("{name}.new"));
            let mut file = File::create(&temporary)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&temporary, self.path.join(name))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|error| {
            NodeError::Data(format!(
                "cannot write {name} in {}: {error}",
                self.path.display()
            ))
        })
    }
}

/// Reads one of the small files; `None` when it is not there.
///
/// # Errors
/// It is there and cannot be read or understood.
pub fn read_small<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| error.to_string())?,
    };
    let mut text = Vec::new();
    let read = file.take(MAX_FILE_BYTES).read_to_end(&mut text);
    read.map_err(|error| error.to_string())?;
    let value = serde_json::from_slice(&text).map(Some);
    value.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let (cluster, disk) = ("ab".to_string(), format!("{:016x}", 77));
        Identity {
            format: FORMAT,
            cluster,
            node: 2,
            disk,
            founders: vec![1, 2, 3],
        }
    }

    #[test]
    fn a_directory_belongs_to_one_node_and_one_process() {
        let path = std::env::temp_dir().join(format!("raftwerk-identity-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let dir = DataDir::lock(&path).expect("free");
        assert!(DataDir::lock(&path).is_err_and(|e| e.to_string().contains("another process")));
        assert!(dir.identity().expect("readable").is_none());
        dir.write_identity(&identity()).expect("writable");
        let found = dir.identity().expect("readable").expect("there");
        assert_eq!((&found, found.disk_id()), (&identity(), 77));
        assert!(dir.check(&found, &identity()).is_ok());
        let wrong = |told: Identity| dir.check(&found, &told).expect_err("differs").to_string();
        assert!(
            wrong(Identity {
                node: 3,
                ..identity()
            })
            .contains("node 2")
        );
        assert!(
            wrong(Identity {
                cluster: "cd".into(),
                ..identity()
            })
            .contains("cluster ab")
        );
        assert!(
            wrong(Identity {
                founders: vec![2],
                ..identity()
            })
            .contains("first members")
        );

        let disks = PeerDisks::new(dir).expect("readable");
        let all = |_| true;
        assert!(disks.meet(1, 5, all).is_ok() && disks.meet(1, 5, all).is_ok());
        assert!(
            disks
                .meet(1, 6, all)
                .is_err_and(|why| why.contains("empty disk"))
        );
        drop(disks);
        let disks = PeerDisks::new(DataDir::lock(&path).expect("free again")).expect("readable");
        assert!(disks.meet(1, 5, all).is_ok() && disks.meet(1, 6, all).is_err());
        drop(disks);
        std::fs::write(path.join("identity.json"), "{").expect("writable");
        let dir = DataDir::lock(&path).expect("free again");
        assert!(
            dir.identity()
                .is_err_and(|e| e.to_string().contains("identity.json"))
        );
        std::fs::remove_dir_all(&path).expect("clean up");
    }
}
