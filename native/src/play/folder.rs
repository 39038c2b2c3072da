//! The data directory of `raftwerk play`: `cluster.json`, a lock, one directory per node.
//!
//! Guarantees: the id of the cluster and the number of nodes never change once written, because
//! the nodes' own data says the same; the file is replaced whole or not at all; two supervisors
//! never work on the same directory.

use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Most nodes that can be started.
pub const MAX_NODES: u64 = 9;
/// Nodes of a new cluster unless told otherwise.
pub const DEFAULT_NODES: u64 = 5;
/// The form of `cluster.json` that this version writes and reads.
const FORMAT: u32 = 1;

/// What `cluster.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    format: u32,
    /// Id of the cluster in hexadecimal, drawn when it was made.
    pub cluster: String,
    /// Nodes 1 to this.
    pub nodes: u64,
    /// Port that each node had last, in order of ids; others are taken when these are not free.
    pub ports: Vec<u16>,
}

impl Cluster {
    /// Reads the bytes of `cluster.json`.
    ///
    /// # Errors
    /// What is wrong with them, to be said behind the name of the file.
    pub fn read(bytes: &[u8]) -> Result<Cluster, String> {
        let cluster: Cluster =
            serde_json::from_slice(bytes).map_err(|why| format!("cannot be understood: {why}"))?;
        if cluster.format != FORMAT {
            let format = cluster.format;
            return Err(format!("has form {format}; this version knows {FORMAT}"));
        }
        let id = u128::from_str_radix(&cluster.cluster, 16);
        if id.is_err() || !(1..=MAX_NODES).contains(&cluster.nodes) {
            return Err("names no cluster".to_string());
        }
        Ok(cluster)
    }
}

/// The directory, locked for this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    // Held until the end; the system lets go of it however this process ends.
    _lock: File,
}

impl Folder {
    /// Makes the directory if needed and locks it.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn open(path: &Path) -> Result<Folder, String> {
        let about = |what: &str, why: std::io::Error| {
            format!(
                "{what} {}: {why}. Choose another with --data",
                path.display()
            )
        };
        fs::create_dir_all(path).map_err(|why| about("cannot make the directory", why))?;
        let path = path
            .canonicalize()
            .map_err(|why| about("cannot find the directory", why))?;
        let lock = File::create(path.join("lock")).map_err(|why| about("cannot write to", why))?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "another `raftwerk play` works on {}; stop it, or choose another directory with \
                 --data",
                path.display()
            )),
            Err(TryLockError::Error(why)) => Err(about("cannot lock", why)),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of one node.
    #[must_use]
    pub fn node(&self, node: u64) -> PathBuf {
        self.path.join(format!("node-{node}"))
    }

    /// The cluster in this directory, or a new one with `nodes` nodes; `true` if it is new.
    ///
    /// # Errors
    /// When `nodes` is not possible or not what the data says, or the file cannot be used.
    pub fn cluster(&self, nodes: Option<u64>) -> Result<(Cluster, bool), String> {
        if let Some(nodes) = nodes
            && !(1..=MAX_NODES).contains(&nodes)
        {
            return Err(format!("--nodes {nodes}: 1 to {MAX_NODES} are possible"));
        }
        let Some(cluster) = self.read()? else {
            let nodes = nodes.unwrap_or(DEFAULT_NODES);
            let id = draw().map_err(|why| format!("no random number for the cluster id: {why}"))?;
            let (format, cluster, ports) = (FORMAT, format!("{id:032x}"), Vec::new());
            return Ok((
                Cluster {
                    format,
                    cluster,
                    nodes,
                    ports,
                },
                true,
            ));
        };
        match nodes {
            Some(nodes) if nodes != cluster.nodes => Err(format!(
                "the data in {} is of a cluster of {} nodes, not {nodes}. Start without --nodes \
                 to go on with it, or choose another directory with --data",
                self.path.display(),
                cluster.nodes
            )),
            _ => Ok((cluster, false)),
        }
    }

    fn read(&self) -> Result<Option<Cluster>, String> {
        let file = self.path.join("cluster.json");
        let about = |why: String| {
            format!(
                "{} {why}. Put the right file back, or choose another directory with --data",
                file.display()
            )
        };
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                // Without the file a new id would be drawn, and the nodes would refuse it.
                return match self.node(1).join("log.txt").exists() {
                    true => Err(about(
                        "is missing although nodes have data here".to_string(),
                    )),
                    false => Ok(None),
                };
            }
            Err(why) => return Err(about(format!("cannot be read: {why}"))),
        };
        Cluster::read(&bytes).map(Some).map_err(about)
    }

    /// Writes the file anew, on disk before this returns.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&self, cluster: &Cluster) -> Result<(), String> {
        let (draft, file) = (
            self.path.join("cluster.json.new"),
            self.path.join("cluster.json"),
        );
        let write = || -> std::io::Result<()> {
            let mut text = serde_json::to_vec_pretty(cluster)?;
            text.push(b'\n');
            let mut out = File::create(&draft)?;
            out.write_all(&text)?;
            out.sync_all()?;
            fs::rename(&draft, &file)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|why| format!("cannot write {}: {why}", file.display()))
    }
}

fn draw() -> Result<u128, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_made_once_and_kept() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("a/b")).unwrap();
        let (mut first, new) = folder.cluster(Some(3)).unwrap();
        assert!(new);
        assert_eq!((first.nodes, first.cluster.len()), (3, 32));
        first.ports = vec![7901, 7902, 7903];
        folder.write(&first).unwrap();
        assert_eq!(folder.cluster(None).unwrap(), (first.clone(), false));
        assert_eq!(folder.cluster(Some(3)).unwrap(), (first, false));
        let error = folder.cluster(Some(5)).unwrap_err();
        assert!(error.contains("of 3 nodes, not 5"), "{error}");
        assert!(error.contains("--data"), "{error}");
    }

    #[test]
    fn bad_numbers_and_bad_files_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        assert_eq!(folder.cluster(None).unwrap().0.nodes, DEFAULT_NODES);
        assert!(folder.cluster(Some(0)).is_err());
        assert!(folder.cluster(Some(10)).is_err());
        for bad in [
            "",
            "{}",
            r#"{"format":2,"cluster":"1","nodes":3,"ports":[]}"#,
            r#"{"format":1,"cluster":"x","nodes":3,"ports":[]}"#,
            r#"{"format":1,"cluster":"1","nodes":99,"ports":[]}"#,
        ] {
            fs::write(place.path().join("cluster.json"), bad).unwrap();
            assert!(folder.cluster(None).is_err(), "{bad}");
        }
        fs::remove_file(place.path().join("cluster.json")).unwrap();
        fs::create_dir(folder.node(1)).unwrap();
        fs::write(folder.node(1).join("log.txt"), "").unwrap();
        assert!(folder.cluster(None).unwrap_err().contains("missing"));
    }

    #[test]
    fn a_directory_belongs_to_one_supervisor() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::open(place.path()).unwrap();
        let error = Folder::open(place.path()).unwrap_err();
        assert!(error.contains("another `raftwerk play`"), "{error}");
        drop(first);
        assert!(Folder::open(place.path()).is_ok());
    }
}
