//! What a node finds in its data directory, and what it starts from.
//!
//! Order: the lock, the identity, the log, the newest snapshot that the log reaches back to. A new
//! directory is given its first log entry and its identity, in this order: an identity is a proof
//! that there was a log. Guarantees: the core is handed a snapshot and a log that fit each other
//! (trap S4), or the truth about what is lost (D3). A node that nobody could give it back to does not
//! start. Where a snapshot or a command is lost that is known before anything is changed on its disk;
//! where the log has rotted the log was cut by then, and copies of the damaged files are kept.

mod begin;
mod words;

pub use words::beyond_help;

use crate::identity::{DataDir, Identity};
use crate::node::alone::Others;
use crate::node::logbook::Logbook;
use crate::node::looper::applying;
use crate::node::{Checked, NodeError, NodeOptions, PeerUrl};
use crate::snapshots::boot::{self, Found};
use crate::snapshots::folder::Folder;
use crate::wal::{DirFiles, Recovered, Sizes, State, Verdict, Wal, free_reserve};
use begin::{begin, told_identity};
use raftwerk_core::{Durable, Index, NodeId, SnapshotMeta, Suspicion};
use raftwerk_kv::Store;
use raftwerk_wire::frame::{PeerHello, founders_sum};
use raftwerk_wire::record;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use words::{damaged_for_good, describe, lost_for_good};

/// What was found in the data directory.
pub struct Disk {
    /// The directory, locked.
    pub dir: DataDir,
    /// Whose it is.
    pub identity: Identity,
    /// The log.
    pub wal: Wal<DirFiles>,
    /// The snapshots.
    pub folder: Folder<DirFiles>,
    /// What the core starts from.
    pub durable: Durable,
    /// The state inside its snapshot.
    pub store: Store,
    /// Where peers are reached: what this node was told, and what it has learned before.
    pub urls: BTreeMap<u64, PeerUrl>,
    /// Where peers were reached in an earlier life, if that is not what this node was told.
    pub moved: BTreeMap<u64, PeerUrl>,
    /// It knew in an earlier life that it is a member no more.
    pub removed: bool,
    /// No other node votes: what this one has lost nobody can give back.
    pub alone: bool,
    /// What was found on the way.
    notes: Vec<String>,
    /// What is said about the end of the log.
    pub condition: String,
}

/// The log while its snapshot is looked for.
struct Opened {
    wal: Wal<DirFiles>,
    state: State,
    verdict: Verdict,
    folder: Folder<DirFiles>,
    notes: Vec<String>,
}

impl Opened {
    /// Finds the snapshot, and makes the log fit it.
    fn load(&mut self, others: &Others) -> Result<(Option<SnapshotMeta>, Store), String> {
        let told = |error: std::io::Error| error.to_string();
        let (found, damaged) = boot::find(&self.folder, &self.state).map_err(told)?;
        let loaded = match found {
            Found::Nothing => (None, Store::new()),
            Found::Snapshot(meta, store) => {
                if self.state.end() < meta.last.index {
                    self.restart(&meta)?;
                }
                (Some(*meta), *store)
            }
            Found::Foreign(why) => return Err(why),
            Found::Lost if others.cannot_give(&self.state.entries, Index(0), None) => {
                return Err(lost_for_good(&damaged));
            }
            Found::Lost => {
                self.lose_all()?;
                (None, Store::new())
            }
        };
        for one in damaged {
            self.folder.set_aside(&one.name).map_err(told)?;
            self.notes
                .push(format!("{one}; it is kept as damaged-{}", one.name));
        }
        Ok(loaded)
    }

    /// The log ends before the snapshot does, having rotted: it goes on behind it.
    fn restart(&mut self, meta: &SnapshotMeta) -> Result<(), String> {
        let restarted = self.wal.restart(meta.last);
        restarted.map_err(|error| error.to_string())?;
        (self.state.base, self.state.entries) = (meta.last.index, Vec::new());
        Ok(())
    }

    /// Commands that went to this disk damaged. Those that the snapshot covers nobody needs any more.
    /// From another one on the log is lost, as if it could not be read: the others have it whole.
    fn lose_damaged(
        &mut self,
        others: &Others,
        snapshot: Option<&SnapshotMeta>,
    ) -> Result<(), String> {
        let covered = snapshot.map_or(Index(0), |meta| meta.last.index);
        if applying::damaged(&self.state.entries).is_some_and(|id| id.index <= covered) {
            self.state.forget_to(covered);
        }
        let Some((id, held)) = applying::found(&self.state.entries) else {
            return Ok(());
        };
        if others.cannot_give(&self.state.entries, id.index, snapshot) {
            return Err(damaged_for_good(id));
        }
        let lost = self.wal.lose_from((id.index, held), self.noted());
        self.verdict = Verdict::Suspect(lost.map_err(|error| error.to_string())?);
        self.state.lose_from(id.index);
        self.notes.push(applying::cut_off(id));
        Ok(())
    }

    /// The suspicion so far.
    fn noted(&self) -> Option<Suspicion> {
        match self.verdict {
            Verdict::Suspect(suspicion) => Some(suspicion),
            Verdict::Clean | Verdict::TornTail { .. } => None,
        }
    }

    /// Nothing that was promised can be read, but for term and vote: the others have it.
    fn lose_all(&mut self) -> Result<(), String> {
        let lost = self
            .wal
            .lose_all(self.noted())
            .map_err(|error| error.to_string())?;
        self.verdict = Verdict::Suspect(lost);
        (self.state.base, self.state.entries) = (Index(0), Vec::new());
        Ok(())
    }
}

impl Disk {
    /// Opens the data directory.
    pub fn open(options: &NodeOptions, checked: &Checked) -> Result<Disk, NodeError> {
        let dir = DataDir::lock(&options.data)?;
        let found = dir.identity()?;
        let told = told_identity(options, found.as_ref())?;
        if let Some(found) = &found {
            dir.check(found, &told)?;
        }
        let (urls, moved) = urls(&dir, checked)?;
        let (identity, wal, recovered) = open_log(options, (found, told), &dir)?;
        let Recovered { state, verdict } = recovered;
        let folder = dir.snapshots_path();
        let files = DirFiles::new(&folder).map_err(|error| data(&folder, &error))?;
        let mut opened = Opened {
            wal,
            state,
            verdict,
            folder: Folder::new(files, options.cluster),
            notes: Vec::new(),
        };
        let others = Others {
            me: NodeId(options.id),
            noted: dir.members(),
            addresses: urls.len() > 1,
        };
        let loaded = opened.load(&others);
        let (snapshot, store) = loaded.map_err(|why| data(&folder, &why))?;
        opened
            .lose_damaged(&others, snapshot.as_ref())
            .map_err(|why| data(&dir.log_path(), &why))?;
        let alone = others.are_none(&opened.state.entries, snapshot.as_ref());
        let (condition, text) = describe(&opened.verdict);
        let durable = Durable {
            hard_state: opened.state.hard_state,
            snapshot,
            entries: opened.state.entries,
            condition,
        };
        Ok(Disk {
            removed: dir.removed()?,
            alone,
            dir,
            identity,
            wal: opened.wal,
            folder: opened.folder,
            durable,
            store,
            urls,
            moved,
            notes: opened.notes,
            condition: text,
        })
    }

    /// This node's greeting.
    pub fn hello(&self, options: &NodeOptions, checked: &Checked, boot: u64) -> PeerHello {
        PeerHello {
            cluster: options.cluster,
            node: NodeId(options.id),
            boot,
            disk: self.identity.disk_id(),
            to: NodeId(0),
            founders: founders_sum(self.identity.founders.iter().copied()),
            url: checked.urls[&options.id].to_string(),
        }
    }

    /// Says what was found.
    pub fn say(&self, log: &Logbook) {
        let (hard, entries) = (self.durable.hard_state, self.durable.entries.len());
        let snapshot = match &self.durable.snapshot {
            Some(meta) => format!("a snapshot up to {}", meta.last),
            None => "no snapshot".to_string(),
        };
        log.line(format!(
            "raftwerk {}: {snapshot}, {entries} log entries, term {}; log: {}",
            env!("CARGO_PKG_VERSION"),
            hard.term,
            self.condition
        ));
        self.notes.iter().for_each(|note| log.line(note));
    }
}

fn data(place: &Path, error: &dyn Display) -> NodeError {
    NodeError::Data(format!("{}: {error}", place.display()))
}

/// Opens the log, with its reserve if the disk is full, and begins it in a new directory. Gives whose
/// it is, from then on.
fn open_log(
    options: &NodeOptions,
    (found, told): (Option<Identity>, Identity),
    dir: &DataDir,
) -> Result<(Identity, Wal<DirFiles>, Recovered), NodeError> {
    let path = dir.log_path();
    let files = DirFiles::new(&path).map_err(|error| data(&path, &error))?;
    let opening = record::Opening {
        format: record::FORMAT,
        cluster: options.cluster,
        node: NodeId(options.id),
    };
    let mut opened = Wal::open(files.clone(), opening, Sizes::default());
    if matches!(&opened, Err(error) if error.is_full()) && free_reserve(&files) {
        opened = Wal::open(files, opening, Sizes::default());
    }
    let (mut wal, mut recovered) = opened.map_err(|error| data(&path, &error))?;
    let state = &mut recovered.state;
    let identity = match found {
        Some(_) if *state == State::default() => {
            return Err(data(
                &path,
                &"the log is empty, but this node has lived before: its log was removed. \
                  Restore it, or remove the node from the cluster and add it under a new id",
            ));
        }
        Some(identity) => identity,
        None => {
            begin(options, &told, &mut wal, state).map_err(|why| data(&path, &why))?;
            // Else the process died between the first entry and the identity.
            dir.write_identity(&told)?;
            told
        }
    };
    Ok((identity, wal, recovered))
}

/// Where peers are reached, by id.
type Urls = BTreeMap<u64, PeerUrl>;

/// Where peers are reached: what this node was told, and what it has learned before; and where that
/// is another place than it was told, the learned one.
fn urls(dir: &DataDir, checked: &Checked) -> Result<(Urls, Urls), NodeError> {
    let (mut urls, mut moved) = (checked.urls.clone(), Urls::new());
    for (id, text) in dir.addresses()? {
        let url = PeerUrl::parse(&text).map_err(|why| {
            NodeError::Data(format!("addresses.json cannot be used, node {id}: {why}"))
        })?;
        match urls.get(&id) {
            Some(told) if *told != url => drop(moved.insert(id, url)),
            Some(_) => {}
            None => drop(urls.insert(id, url)),
        }
    }
    Ok((urls, moved))
}
