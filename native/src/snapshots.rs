//! Snapshots of a node: taking its own, receiving those of a leader (paper 7, thesis 5).
//!
//! A thread of its own writes files, so that neither the loop nor the log waits for them. What it
//! has done it reports; nothing counts before. Guarantees: a file that fails is thrown away and
//! the node goes on with its log; a received one is told to the core only when all of it is on
//! disk, its hash is right and its state can be loaded (traps S3, S7, S11); chunks that wait are
//! bounded, and so is a snapshot.
//!
//! | file       | is                                             |
//! |------------|------------------------------------------------|
//! | `folder`   | the files and their names                      |
//! | `boot`     | which of them a node starts from               |
//! | `incoming` | one that is being received                     |

pub mod boot;
pub mod folder;
mod incoming;
#[cfg(test)]
mod tests;

use crate::limits::{SNAPSHOT_BYTES, SNAPSHOT_CHUNKS_WAITING};
use crate::wal::Files;
use folder::Folder;
use incoming::{Heard, Incoming};
use raftwerk_core::{Lane, LogId, SnapshotMeta};
use raftwerk_kv::Store;
use raftwerk_wire::frame::{Chunk, Got};
use raftwerk_wire::snapshot::sign;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What was done.
#[derive(Debug)]
pub enum Report {
    /// The own snapshot is on disk and has its name.
    Taken(Box<SnapshotMeta>),
    /// It is not, and nothing is left of it.
    NotTaken(String),
    /// A received one is on disk beside the log, verified.
    Staged {
        /// The session it came in.
        lane: Lane,
        /// What it covers.
        meta: Box<SnapshotMeta>,
        /// Its state; `None` when that was reported before.
        store: Option<Box<Store>>,
    },
    /// Something to be logged.
    Note(String),
}

/// What the thread tells, and to whom.
pub trait Hears: Send + 'static {
    /// The loop hears what was done.
    fn report(&self, report: Report);
    /// A sender hears how much of its snapshot is here.
    fn answer(&self, to: u64, got: Got);
}

enum Job {
    Take(Box<SnapshotMeta>, Box<Store>),
    Chunk(u64, Box<Chunk>),
    Discard(Box<SnapshotMeta>),
    InForce(LogId),
    Forget(Box<Store>),
    Stop,
}

/// Handle of the thread. Dropping it lets the thread finish what it has
/// begun and end.
pub struct Snapshots {
    path: PathBuf,
    jobs: Sender<Job>,
    thread: Option<std::thread::JoinHandle<()>>,
    chunks: ChunkDoor,
    commit: Arc<AtomicU64>,
}

/// Where chunks come in, from any thread.
#[derive(Clone)]
pub struct ChunkDoor {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Snapshots {
    /// Starts the thread; `path` is where the folder lies, and `reserve` what the log beside it keeps
    /// in reserve, in bytes: half of that a snapshot leaves free.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn start<F: Files>(
        folder: Folder<F>,
        (path, reserve): (PathBuf, u64),
        hears: impl Hears,
    ) -> Snapshots {
        let (jobs, queue) = channel();
        let chunks = ChunkDoor {
            jobs: jobs.clone(),
            waiting: Arc::default(),
        };
        let commit = Arc::<AtomicU64>::default();
        let work = Work {
            folder,
            reserve,
            hears,
            waiting: Arc::clone(&chunks.waiting),
            commit: Arc::clone(&commit),
            incoming: None,
            staged: Vec::new(),
        };
        let thread = std::thread::Builder::new().name("snapshots".to_string());
        let thread = thread.spawn(move || work.run(&queue));
        Snapshots {
            path,
            jobs,
            thread: Some(thread.expect("a thread for snapshots")),
            chunks,
            commit,
        }
    }

    fn give(&self, job: Job) {
        // It ends only when this handle does.
        let _ = self.jobs.send(job);
    }

    /// Writes down a state that covers what `meta` says; reported as taken or not taken.
    pub fn take(&self, meta: SnapshotMeta, store: Store) {
        self.give(Job::Take(meta.into(), store.into()));
    }

    /// A staged snapshot is not needed.
    pub fn discard(&self, meta: SnapshotMeta) {
        self.give(Job::Discard(meta.into()));
    }

    /// This one is in force, and the core knows it: older ones may go.
    pub fn in_force(&self, last: LogId) {
        self.give(Job::InForce(last));
    }

    /// Frees a state; a large one takes its time.
    pub fn forget(&self, store: Store) {
        self.give(Job::Forget(store.into()));
    }

    /// Up to here nobody needs to send this node a snapshot any more.
    pub fn committed(&self, commit: u64) {
        self.commit.store(commit, SeqCst);
    }

    /// Where chunks come in.
    #[must_use]
    pub fn chunks(&self) -> ChunkDoor {
        self.chunks.clone()
    }

    /// The files of a snapshot in force, while it is or just before it is.
    #[must_use]
    pub fn paths(&self, last: LogId) -> [PathBuf; 2] {
        [folder::snap(last), folder::staged(last)].map(|name| self.path.join(name))
    }
}

impl ChunkDoor {
    /// A chunk has arrived. When too many wait it is lost, as on a network; its sender asks again.
    pub fn chunk(&self, from: u64, chunk: Chunk) {
        if self.waiting.fetch_add(1, SeqCst) >= SNAPSHOT_CHUNKS_WAITING
            || self.jobs.send(Job::Chunk(from, chunk.into())).is_err()
        {
            self.waiting.fetch_sub(1, SeqCst);
        }
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        // Other doors may stay open.
        self.give(Job::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct Work<F: Files, H> {
    folder: Folder<F>,
    reserve: u64,
    hears: H,
    waiting: Arc<AtomicUsize>,
    commit: Arc<AtomicU64>,
    incoming: Option<Incoming<F>>,
    /// On disk beside the log, and neither in force nor discarded yet.
    staged: Vec<SnapshotMeta>,
}

impl<F: Files, H: Hears> Work<F, H> {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            match job {
                Job::Take(meta, store) => self.take(*meta, &store),
                Job::Chunk(from, chunk) => {
                    self.waiting.fetch_sub(1, SeqCst);
                    self.chunk(from, *chunk);
                }
                Job::Discard(meta) => self.discard(&meta),
                Job::InForce(last) => {
                    self.staged.retain(|meta| meta.last != last);
                    self.tidy(|folder| folder.remove_older(last));
                }
                Job::Forget(store) => drop(store),
                Job::Stop => return,
            }
        }
    }

    /// Removes what is of no use; what stays behind is removed at the next start.
    fn tidy(&self, remove: impl FnOnce(&Folder<F>) -> std::io::Result<()>) {
        if let Err(error) = remove(&self.folder) {
            let note = format!("a snapshot that is not needed could not be removed: {error}");
            self.hears.report(Report::Note(note));
        }
    }

    /// Another one may have taken its file's name.
    fn discard(&mut self, meta: &SnapshotMeta) {
        if let Some(place) = self.staged.iter().position(|staged| staged == meta) {
            self.staged.swap_remove(place);
            self.tidy(|folder| folder.remove(&folder::staged(meta.last)));
        }
    }

    fn take(&self, mut meta: SnapshotMeta, store: &Store) {
        let state = store.encode();
        if state.len() as u64 > SNAPSHOT_BYTES {
            let why = format!(
                "the state has {} bytes; a snapshot has {SNAPSHOT_BYTES} at most",
                state.len()
            );
            return self.hears.report(Report::NotTaken(why));
        }
        // The last of a disk is for the log: what fails there ends the node.
        let room = self.folder.room();
        if room.is_some_and(|room| room < self.reserve / 2 + state.len() as u64) {
            let why = "there is no space for it on the disk".to_string();
            return self.hears.report(Report::NotTaken(why));
        }
        sign(&mut meta, &state);
        self.hears.report(match self.folder.write(&meta, &state) {
            Ok(()) => Report::Taken(meta.into()),
            Err(error) => {
                let name = folder::new(&folder::snap(meta.last));
                self.tidy(|folder| folder.remove(&name));
                Report::NotTaken(error.to_string())
            }
        });
    }

    fn chunk(&mut self, from: u64, chunk: Chunk) {
        let (group, lane, last) = (chunk.group, chunk.lane, chunk.meta.last);
        let got = |upto, staged| Got {
            group,
            lane,
            last,
            upto,
            staged,
        };
        if last.index.0 <= self.commit.load(SeqCst) {
            // It is of no use any more, and the core tells the leader.
            return self.hears.answer(from, got(chunk.meta.bytes, true));
        }
        if self.staged.contains(&chunk.meta) {
            self.hears.answer(from, got(chunk.meta.bytes, true));
            let meta = chunk.meta.into();
            let store = None;
            return self.hears.report(Report::Staged { lane, meta, store });
        }
        match Incoming::hear(&mut self.incoming, &self.folder, chunk) {
            Heard::Nothing => {}
            Heard::Upto(upto) => self.hears.answer(from, got(upto, false)),
            Heard::Broken(why) => {
                self.hears.report(Report::Note(why));
                self.hears.answer(from, got(0, false));
            }
            Heard::Whole(meta, store) => {
                self.hears.answer(from, got(meta.bytes, true));
                self.staged.retain(|staged| staged.last != last);
                self.staged.push((*meta).clone());
                let store = Some(store);
                self.hears.report(Report::Staged { lane, meta, store });
            }
        }
    }
}
