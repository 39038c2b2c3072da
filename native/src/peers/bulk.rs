//! Snapshots on their way to peers, and the answers to theirs (paper 7, thesis 5.3; traps S7, C8).
//!
//! Chunks share the connection with messages and yield to them: one goes out only when no message
//! waits, and the next one only when the peer has answered. A task for each stream asks the peer
//! how much it has, sends from there on, and goes on over broken connections until the peer has
//! all, or got nothing new for [`SNAPSHOT_PATIENCE`]. What waits for a connection is bounded.

use super::{Link, Peers};
use crate::limits::{
    PEER_BULK_FRAMES, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_PATIENCE, SNAPSHOT_RESEND, SNAPSHOT_RESTARTS,
};
use crate::node::inbox::Urgent;
use raftwerk_core::{Lane, NodeId, SnapshotMeta, Streamed};
use raftwerk_wire::frame::{Chunk, Got};
use raftwerk_wire::snapshot::{Bad, Hash, Head, MAX_HEAD_BYTES};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};

/// Answers that wait for a stream; there is one for each chunk, or a few more after a break.
const ANSWERS: usize = 16;

/// Frames that wait behind the messages to a peer.
pub(super) type Bulk = VecDeque<Vec<u8>>;

/// Streams under way, by peer.
pub(super) type Streams = BTreeMap<u64, Stream>;

/// A stream under way; it ends, unreported, when this is dropped.
pub(super) struct Stream {
    lane: Lane,
    answers: Sender<Got>,
    task: JoinHandle<()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is sent, to whom.
#[derive(Clone)]
struct Sending {
    to: u64,
    lane: Lane,
    meta: SnapshotMeta,
}

/// A snapshot's file, verified.
struct Source {
    file: File,
    /// Where the state begins.
    start: u64,
}

/// Why a snapshot's file is not sent.
enum Unsent {
    /// It is not there: a newer one was taken, which removes the older ones.
    Gone,
    /// It cannot be used.
    Damaged(String),
}

impl Peers {
    /// Sends a snapshot to a peer, in place of one that is on its way to it. Its file is at one of
    /// these places. The end is reported to the loop.
    pub fn stream(self: &Arc<Self>, to: u64, lane: Lane, meta: SnapshotMeta, paths: [PathBuf; 2]) {
        let Some(runtime) = self.dialers().runtime.clone() else {
            return;
        };
        let (answers, heard) = channel(ANSWERS);
        let (peers, sending) = (Arc::clone(self), Sending { to, lane, meta });
        let task = runtime.spawn(async move { peers.send_all(sending, paths, heard).await });
        let stream = Stream {
            lane,
            answers,
            task,
        };
        self.streams().insert(to, stream);
    }

    /// This node leads no more: nobody waits for what it sends.
    pub fn end_streams(&self) {
        self.streams().clear();
    }

    /// A peer says how much it has.
    pub(super) fn got(&self, from: u64, got: Got) {
        if let Some(stream) = self.streams().get(&from)
            && stream.lane == got.lane
        {
            // A stream that does not take its answers gets them again.
            let _ = stream.answers.try_send(got);
        }
    }

    /// Answers a chunk.
    pub fn answer(&self, to: u64, got: Got) {
        self.send_bulk(to, got.encode());
    }

    /// Puts a frame behind the messages to a peer; lost when there is no connection.
    fn send_bulk(&self, to: u64, frame: Vec<u8>) {
        let Some(link) = self.find(to) else { return };
        if self.lock_cuts().contains(&to) || !link.up.load(SeqCst) {
            return;
        }
        {
            let mut bulk = link.bulk();
            if bulk.len() >= PEER_BULK_FRAMES {
                bulk.pop_front();
            }
            bulk.push_back(frame);
        }
        link.filled.notify_one();
    }

    async fn send_all(
        self: Arc<Self>,
        sending: Sending,
        paths: [PathBuf; 2],
        heard: Receiver<Got>,
    ) {
        let (to, lane, last) = (sending.to, sending.lane, sending.meta.last);
        let meta = sending.meta.clone();
        let opened = spawn_blocking(move || Source::open(&paths, &meta)).await;
        let opened = opened.unwrap_or_else(|error| Err(Unsent::Damaged(error.to_string())));
        let damaged = matches!(opened, Err(Unsent::Damaged(_)));
        let ended = match opened {
            Ok(source) => {
                let line = format!("sends node {to} its snapshot up to {last}");
                self.log.line(line);
                self.converse_about(sending, source, heard).await
            }
            Err(Unsent::Gone) => Err("a newer one has taken its place".to_string()),
            Err(Unsent::Damaged(why)) => Err(format!("it cannot be read: {why}")),
        };
        let outcome = match ended {
            Ok(()) => Streamed::Delivered,
            Err(why) => {
                let line = format!("node {to} did not get the snapshot up to {last}: {why}");
                self.log.line(line);
                Streamed::Failed
            }
        };
        self.inbox.urgent(Urgent::Streamed {
            to: NodeId(to),
            lane,
            outcome,
            damaged,
        });
    }

    /// Sends what the peer lacks, one chunk after the other.
    async fn converse_about(
        &self,
        sending: Sending,
        source: Source,
        mut heard: Receiver<Got>,
    ) -> Result<(), String> {
        let (total, source) = (sending.meta.bytes, Arc::new(source));
        // The first chunk is empty: it asks how much is there.
        let (mut upto, mut length, mut restarts) = (0, 0, 0);
        let mut progress = Instant::now();
        loop {
            let chunk = Source::chunk(&source, &sending, upto, length).await?;
            self.send_bulk(sending.to, chunk.encode());
            let got = next_answer(&mut heard, &sending, upto, length).await;
            match got {
                Some(got) if got.staged => return Ok(()),
                Some(got) if got.upto > total => return Err("it has more than all".to_string()),
                Some(got) => {
                    restarts += u32::from(got.upto < upto);
                    if restarts > SNAPSHOT_RESTARTS {
                        return Err("it threw away what it had".to_string());
                    }
                    (upto, length) = (got.upto, SNAPSHOT_CHUNK_BYTES);
                    progress = Instant::now();
                }
                None if progress.elapsed() > SNAPSHOT_PATIENCE => {
                    return Err("it does not answer".to_string());
                }
                None => {}
            }
        }
    }

    pub(super) fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next answer that tells something new; `None` when none came in time.
async fn next_answer(
    heard: &mut Receiver<Got>,
    sending: &Sending,
    upto: u64,
    length: usize,
) -> Option<Got> {
    let end = Instant::now() + SNAPSHOT_RESEND;
    loop {
        let left: Duration = end.saturating_duration_since(Instant::now());
        let got = tokio::time::timeout(left, heard.recv()).await.ok()??;
        let new = got.staged || length == 0 || got.upto != upto;
        if got.last == sending.meta.last && new {
            return Some(got);
        }
    }
}

/// Opens the first of these that is there.
fn open_one(paths: &[PathBuf; 2]) -> io::Result<Option<File>> {
    for path in paths {
        match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened.map(Some),
        }
    }
    Ok(None)
}

impl Source {
    /// Opens the file and looks at every byte, so that no peer is sent what has rotted here.
    fn open(paths: &[PathBuf; 2], meta: &SnapshotMeta) -> Result<Source, Unsent> {
        let damaged = |why: &dyn Display| Unsent::Damaged(why.to_string());
        let told = |error: io::Error| damaged(&error);
        let mut file = open_one(paths).map_err(told)?.ok_or(Unsent::Gone)?;
        let mut head = Vec::new();
        let most = MAX_HEAD_BYTES as u64 + 64;
        file.by_ref()
            .take(most)
            .read_to_end(&mut head)
            .map_err(told)?;
        let bad = |bad: Bad| damaged(&bad);
        let (found, start) = Head::read(&head).map_err(bad)?;
        if found.meta != *meta {
            return Err(damaged(&"its file holds another"));
        }
        let source = Source {
            file,
            start: start as u64,
        };
        let (mut hash, mut offset) = (Hash::default(), 0);
        while offset < meta.bytes {
            let block = source.read(offset, Hash::BLOCK, meta.bytes).map_err(told)?;
            hash.block(&block);
            offset += block.len() as u64;
        }
        match hash.finish() == meta.hash {
            true => Ok(source),
            false => Err(bad(Bad::Hash)),
        }
    }

    /// Up to `length` bytes of the state.
    fn read(&self, offset: u64, length: usize, total: u64) -> io::Result<Vec<u8>> {
        let left = usize::try_from(total - offset).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        self.file.read_exact_at(&mut bytes, self.start + offset)?;
        Ok(bytes)
    }

    async fn chunk(
        source: &Arc<Source>,
        sending: &Sending,
        offset: u64,
        length: usize,
    ) -> Result<Chunk, String> {
        let (source, total) = (Arc::clone(source), sending.meta.bytes);
        let read = spawn_blocking(move || source.read(offset, length, total)).await;
        let read = read.map_err(|error| error.to_string())?;
        Ok(Chunk {
            group: 0,
            lane: sending.lane,
            meta: sending.meta.clone(),
            offset,
            bytes: read.map_err(|error| error.to_string())?,
        })
    }
}

impl Link {
    /// The next frame behind the messages, and whether more wait.
    pub(super) fn next_bulk(&self) -> (Option<Vec<u8>>, bool) {
        let mut bulk = self.bulk();
        (bulk.pop_front(), !bulk.is_empty())
    }

    pub(super) fn bulk(&self) -> MutexGuard<'_, Bulk> {
        self.bulk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests;
