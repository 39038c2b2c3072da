//! What a data directory holds, read without changing anything (`raftwerk inspect`).
//!
//! All that a start would look at is looked at here, by the same code: identity, log, snapshots,
//! members, and each place where something is damaged. What a start would do about damage, it does
//! not. A directory that a node is using can be looked at, too; that is said, since what is written
//! meanwhile may look half finished.

use crate::identity::{Addresses, FORMAT, Identity, read_small};
use crate::node::PeerUrl;
use crate::node::looper::applying;
use crate::snapshots::boot;
use crate::snapshots::folder::{Folder, snap, staged};
use crate::wal::look::{Ending, Looked, ReadOnly, look};
use crate::wal::{Files, NOTE, State};
use raftwerk_core::{ClusterId, EntryBody, Index, LogId, Membership, NodeId, SnapshotMeta};
use raftwerk_wire::explain::suspicion;
use raftwerk_wire::record::Opening;
use raftwerk_wire::view::EntryView;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inspected {
    /// A node is using it now.
    pub in_use: bool,
    /// Whose it is; `None`: that is not there or cannot be read.
    pub identity: Option<Identity>,
    /// The node knows that it is a member no more.
    pub removed: bool,
    /// Term and vote.
    pub term: u64,
    /// For whom it voted in this term.
    pub vote: Option<u64>,
    /// The log.
    pub log: Log,
    /// Snapshots, the newest first.
    pub snapshots: Vec<Snapshot>,
    /// The newest members that are known, and where that stands.
    pub members: Option<Known>,
    /// Where others are reached, as far as the node had to learn it.
    pub addresses: Addresses,
    /// What the node has lost and not got back.
    pub suspect: Option<String>,
    /// What is damaged, with its place.
    pub damage: Vec<Damage>,
    /// Files in which damaged parts are kept.
    pub kept: Vec<String>,
    /// The entries that were asked for.
    pub entries: Vec<EntryView>,
}

/// The log, as far as it can be read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Log {
    /// The first entry in it, and the last one; the same as `first - 1` when there is none.
    pub first: u64,
    /// The last entry.
    pub last: u64,
    /// Term of the last entry; 0: there is none.
    pub last_term: u64,
    /// Records that can be read.
    pub records: u64,
    /// Its files and how many bytes each has, oldest first.
    pub files: Vec<(String, usize)>,
}

/// A snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Its file.
    pub name: String,
    /// The last entry that it covers; 0: it cannot be read.
    pub last: u64,
    /// That entry's term.
    pub term: u64,
    /// Bytes of the state in it.
    pub bytes: u64,
    /// Revision of the store in it.
    pub revision: u64,
    /// Keys of the store in it.
    pub keys: u64,
}

/// Members, and who says so.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// `log`, `snapshot` or `members.json`.
    pub from: String,
    /// The entry that named them.
    pub index: u64,
    /// Who votes.
    pub voters: Vec<u64>,
    /// Who voted before a change that is under way.
    pub outgoing: Vec<u64>,
    /// Who learns.
    pub learners: Vec<u64>,
}

/// Something that is damaged.
#[derive(Clone, Debug, Serialize)]
pub struct Damage {
    /// File, and the byte in it where that is known.
    pub place: String,
    /// What is wrong, and what a start would do.
    pub what: String,
}

/// Looks at a directory; `shown`: the entries to show.
///
/// # Errors
/// It is no data directory, or it cannot be read.
pub fn inspect(path: &Path, shown: Option<RangeInclusive<u64>>) -> Result<Inspected, String> {
    let place = path.display();
    if !path.is_dir() {
        return Err(format!("{place} is no directory"));
    }
    if !path.join("identity.json").exists() && !path.join("log").is_dir() {
        return Err(format!(
            "{place} is no data directory of a node: neither identity.json nor log is in it"
        ));
    }
    let mut all = Inspected::default();
    let lock = lock(path).map_err(|error| format!("cannot lock {place}: {error}"))?;
    all.in_use = matches!(lock, Lock::Taken);
    all.small(path);
    let noted: Option<Membership> = all.read(path, "members.json");
    let log = look(&ReadOnly(path.join("log")));
    let log = log.map_err(|error| format!("{}: {error}", path.join("log").display()))?;
    all.log(&log);
    all.owner(path, &log);
    let snapshot = all.snapshots(path, &log)?;
    all.members = newest(&log.state, snapshot.as_ref(), noted.as_ref());
    let shown = shown.unwrap_or(RangeInclusive::new(1, 0));
    let entries = log.state.entries.iter();
    let entries = entries.filter(|entry| shown.contains(&entry.id.index.0));
    all.entries = entries.map(EntryView::from).collect();
    Ok(all)
}

/// The lock of the directory.
enum Lock {
    /// Held by another process.
    Taken,
    /// Held by this one as long as it looks, or never made.
    Held { _file: Option<File> },
}

fn lock(path: &Path) -> io::Result<Lock> {
    let file = match File::open(path.join("lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Lock::Held { _file: None });
        }
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Lock::Held { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Ok(Lock::Taken),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Inspected {
    fn damaged(&mut self, place: impl Into<String>, what: impl Into<String>) {
        let (place, what) = (place.into(), what.into());
        self.damage.push(Damage { place, what });
    }

    /// A small file; what is wrong with one that is there is damage.
    fn read<T: DeserializeOwned>(&mut self, path: &Path, name: &str) -> Option<T> {
        read_small(&path.join(name)).unwrap_or_else(|why| {
            self.damaged(name, format!("cannot be used: {why}"));
            None
        })
    }

    /// The small files.
    fn small(&mut self, path: &Path) {
        self.identity = self.read(path, "identity.json");
        self.removed = self.read(path, "removed.json").unwrap_or_default();
        self.addresses = self.read(path, "addresses.json").unwrap_or_default();
        for (id, url) in self.addresses.clone() {
            if let Err(why) = PeerUrl::parse(&url) {
                self.damaged(
                    "addresses.json",
                    format!("cannot be used, node {id}: {why}"),
                );
            }
        }
        let _met: Option<BTreeMap<u64, String>> = self.read(path, "peers.json");
    }

    /// Whether identity and log belong together, as a start asks.
    fn owner(&mut self, path: &Path, log: &Looked) {
        let (state, hard) = (&log.state, log.state.hard_state);
        let Some(found) = &self.identity else {
            // A start that died between the first entry and the identity is gone on with.
            let more = state.end().0 > 1 || hard.term.0 > 1 || hard.vote.is_some();
            if more && !path.join("identity.json").exists() {
                self.damaged("identity.json", "is missing beside a log: a start refuses");
            }
            return;
        };
        let rotten = matches!(log.end, Ending::Rot { .. });
        let what = match log.opening {
            _ if found.format != FORMAT => format!(
                "is of layout {}, and this version of raftwerk knows {FORMAT}: a start refuses",
                found.format
            ),
            Some(one) if !owns(found, &one) => format!(
                "is not of the same node as the log, which is of node {} of cluster {:032x}: a \
                 start refuses",
                one.node, one.cluster.0
            ),
            _ if *state == State::default() && !rotten => "the node has lived, but the log is \
                 empty: it was removed, and a start refuses"
                .to_string(),
            _ => return,
        };
        self.damaged("identity.json", what);
    }

    fn log(&mut self, log: &Looked) {
        let state = &log.state;
        match &log.end {
            Ending::Clean => {}
            Ending::Torn {
                file,
                offset,
                bytes,
            } => self.damaged(
                format!("log/{file}, byte {offset}"),
                format!(
                    "a write was under way at the last end: {bytes} bytes that were never \
                     promised; a start cuts them off"
                ),
            ),
            Ending::Rot {
                file,
                offset,
                record,
                why,
                vouched,
            } => {
                let then = match vouched {
                    true => "a start cuts it off with all behind it, and is suspect",
                    false => "no later record tells term and vote: the node cannot start",
                };
                let what = format!("record {record}, which was promised, {why}; {then}");
                self.damaged(format!("log/{file}, byte {offset}"), what);
            }
        }
        if let Some(why) = &log.misfit {
            self.damaged(format!("log/{NOTE}"), why.to_string());
        }
        for entry in &state.entries {
            if let Some(id) = applying::damaged([entry]) {
                let place = format!("log, entry {id}");
                self.damaged(place, "its command is not what was proposed");
            }
        }
        let last = state.entries.last();
        self.log = Log {
            first: state.base.0 + 1,
            last: state.end().0,
            last_term: last.map_or(0, |entry| entry.id.term.0),
            records: log.records,
            files: log.files.clone(),
        };
        self.term = state.hard_state.term.0;
        self.vote = state.hard_state.vote.map(|node| node.0);
        self.suspect = log.noted.map(|lost| match lost {
            Some(lost) => suspicion(lost),
            None => "the note that says what was lost is damaged itself".to_string(),
        });
    }

    /// Verifies each snapshot; the newest that a start could use.
    fn snapshots(&mut self, path: &Path, log: &Looked) -> Result<Option<SnapshotMeta>, String> {
        let told = |error: io::Error| format!("{}: {error}", path.join("snapshots").display());
        for part in ["log", "snapshots"] {
            let names = ReadOnly(path.join(part)).names().map_err(told)?;
            let kept = names.iter().filter(|name| name.starts_with("damaged-"));
            self.kept.extend(kept.map(|name| format!("{part}/{name}")));
        }
        let cluster = log.opening.map(|opening| opening.cluster);
        let cluster = cluster.or_else(|| self.identity.as_ref().and_then(cluster_of));
        let folder = ReadOnly(path.join("snapshots"));
        let folder = Folder::new(folder, cluster.unwrap_or(ClusterId(0)));
        let mut newest: Option<SnapshotMeta> = None;
        let mut names: Vec<(String, LogId)> = Vec::new();
        if let Some(last) = log.state.installed
            && folder.has(&staged(last)).map_err(told)?
        {
            names.push((staged(last), last));
        }
        let in_force = folder.in_force().map_err(told)?;
        names.extend(in_force.into_iter().map(|last| (snap(last), last)));
        for (name, last) in names {
            match boot::load(&folder, &name, last).map_err(told)? {
                Ok((meta, store)) => {
                    self.snapshots.push(Snapshot {
                        name,
                        last: meta.last.index.0,
                        term: meta.last.term.0,
                        bytes: meta.bytes,
                        revision: store.revision(),
                        keys: store.keys() as u64,
                    });
                    if newest
                        .as_ref()
                        .is_none_or(|one| one.last.index < last.index)
                    {
                        newest = Some(meta);
                    }
                }
                Err(why) => self.damaged(format!("snapshots/{name}"), why.to_string()),
            }
        }
        let base = log.state.base;
        if newest.as_ref().map_or(Index(0), |meta| meta.last.index) < base {
            let what = format!(
                "it begins behind entry {base}, and no snapshot that can be used goes that far: a \
                 start empties it, and is suspect; where no other node votes, it refuses"
            );
            self.damaged("log", what);
        }
        Ok(newest)
    }
}

/// Whether a log is of the node that the identity names.
fn owns(identity: &Identity, log: &Opening) -> bool {
    identity.node == log.node.0 && cluster_of(identity) == Some(log.cluster)
}

fn cluster_of(identity: &Identity) -> Option<ClusterId> {
    let cluster = u128::from_str_radix(&identity.cluster, 16);
    cluster.ok().map(ClusterId)
}

/// The newest members that anything tells.
fn newest(
    log: &State,
    snapshot: Option<&SnapshotMeta>,
    noted: Option<&Membership>,
) -> Option<Known> {
    let logged = log
        .entries
        .iter()
        .rev()
        .find_map(|entry| match &entry.body {
            EntryBody::Membership(members) => Some(("log", entry.id.index.0, &**members)),
            EntryBody::Noop | EntryBody::Command(_) => None,
        });
    let covered = snapshot.map(|meta| &meta.membership);
    let covered = covered.map(|known| ("snapshot", known.index().0, &known.members));
    let noted = noted.map(|known| ("members.json", known.index().0, &known.members));
    let known = [noted, covered, logged].into_iter().flatten();
    let (from, index, members) = known.max_by_key(|(_, index, _)| *index)?;
    let ids = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect();
    Some(Known {
        from: from.to_string(),
        index,
        voters: ids(&members.voters),
        outgoing: ids(&members.outgoing),
        learners: ids(&members.learners),
    })
}
