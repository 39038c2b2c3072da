//! Starting a node, in the order that is safe, and ending it.

use crate::api;
use crate::clock;
use crate::flusher::Flusher;
use crate::identity::PeerDisks;
use crate::limits::RESERVE_BYTES;
use crate::metrics::Metrics;
use crate::node::disk::{Disk, beyond_help};
use crate::node::inbox::{Inbox, Urgent};
use crate::node::join;
use crate::node::leadership::Leadership;
use crate::node::logbook::{LogThread, Logbook};
use crate::node::looper::{Looper, Parts, REMOVED};
use crate::node::telling::Telling;
use crate::node::{Checked, NodeError, NodeOptions, PeerUrl};
use crate::observe::Observer;
use crate::peers::{self, Peers};
use crate::snapshots::folder::Folder;
use crate::snapshots::{Hears, Report, Snapshots};
use crate::wal::{DirFiles, Wal};
use raftwerk_core::Raft;
use raftwerk_kv::Store;
use raftwerk_wire::client::Status;
use raftwerk_wire::frame::{Got, PeerHello};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long each part of the end may take.
const STOP: std::time::Duration = std::time::Duration::from_secs(2);

/// A running node.
pub struct Node {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    end: End,
    looper: Option<std::thread::JoinHandle<()>>,
    peers: Arc<Peers>,
    joining: Option<JoinHandle<()>>,
    server: JoinHandle<()>,
    closing: watch::Sender<bool>,
    lines: Option<LogThread>,
}

/// Listens on an address, before anything else is touched.
///
/// # Errors
/// It is taken or not allowed.
pub fn listen(address: SocketAddr) -> Result<TcpListener, NodeError> {
    TcpListener::bind(address).map_err(|error| {
        NodeError::Listen(format!(
            "cannot listen on {address}: {error}; choose another --listen"
        ))
    })
}

impl Node {
    /// Starts a node on a listening socket; must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Why it cannot start. Nothing is running then.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn start(options: NodeOptions, listener: TcpListener) -> Result<Node, NodeError> {
        let checked = options.check().map_err(NodeError::Options)?;
        let (listener, address) = listening(listener)?;
        let disk = Disk::open(&options, &checked)?;
        let (boot, seed) = (random()?, random()?);
        let snapshots_path = disk.dir.snapshots_path();
        let (log, lines) = Logbook::start(options.id);
        disk.say(&log);
        warn_if_open(&log, address);
        let common = Common::new(&options, boot, log);
        let status = constant_status(&options, &disk);
        let hello = disk.hello(&options, &checked, boot);
        let removed = disk.removed;
        // Who was removed speaks to nobody that does not speak to it.
        let urls = if removed { BTreeMap::new() } else { disk.urls };
        let disks = PeerDisks::new(disk.dir)?;
        let peers = common.peers(&checked, hello, (urls, disk.moved), disks);
        let mut config = checked.config.clone();
        config.seed = seed;
        let raft = Raft::boot(config, disk.durable, clock::now())
            .map_err(|error| NodeError::Data(error.to_string()))?;
        let view = raft.view();
        if view.suspect_alone() || (disk.alone && view.suspect().is_some()) {
            return Err(beyond_help(&options, &disk.condition));
        }
        // Whoever removed it meant it: it does not ask to be taken in again.
        let joins = !options.join.is_empty() && !removed && !raft.view().is_leaving();
        let kept = Kept {
            wal: disk.wal,
            reserve: options.disk_reserve.unwrap_or(RESERVE_BYTES),
            store: disk.store,
            folder: disk.folder,
            snapshots_path,
        };
        let (leader, leaderships) = watch::channel(Leadership::default());
        let parts = common.parts(raft, kept, &peers, (leader, status));
        // Before the loop runs: what it notes in the data directory at once needs the runtime.
        peers.dial_all();
        let (looper, end) = start_loop(parts);
        let (closing, closed) = watch::channel(false);
        let shared = common.shared(&peers, leaderships, closed);
        let server = api::Server::new(&options, &checked, address, shared);
        let server = tokio::spawn(server.serve(listener));
        let log = common.log;
        let joining = joins.then(|| tokio::spawn(join::enter(options, log.clone())));
        log.line(format!("listens on http://{address}"));
        if removed {
            log.line(REMOVED);
        }
        Ok(Node {
            address,
            inbox: common.inbox,
            end,
            looper: Some(looper),
            peers,
            joining,
            server,
            closing,
            lines: Some(lines),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the node has to stop by itself.
    ///
    /// # Errors
    /// Why it had to.
    pub async fn ended(&mut self) -> Result<(), NodeError> {
        match (&mut self.end).await {
            Ok(end) => end,
            Err(_) => Err(NodeError::Fenced(
                "the node found itself in a state that must not be, and stopped; keep its data \
                 directory and report the message above"
                    .to_string(),
            )),
        }
    }

    /// Ends it: requests under way are finished first, then loop and log end after what they
    /// have begun.
    pub async fn stop(mut self) {
        self.closing.send_replace(true);
        let _ = tokio::time::timeout(STOP, &mut self.server).await;
        self.server.abort();
        for task in self.peers.hang_up().into_iter().chain(self.joining.take()) {
            task.abort();
            let _ = task.await;
        }
        self.inbox.urgent(Urgent::Stop);
        let (looper, lines) = (self.looper.take(), self.lines.take());
        let wait = move || {
            let _ = looper.map(std::thread::JoinHandle::join);
            lines.map(LogThread::finish)
        };
        let _ = tokio::time::timeout(STOP, tokio::task::spawn_blocking(wait)).await;
    }
}

/// What all parts of a node have in common.
struct Common {
    inbox: Arc<Inbox>,
    observer: Arc<Observer>,
    metrics: Arc<Metrics>,
    log: Logbook,
}

/// What lies on the disk, for the loop and its threads.
struct Kept {
    wal: Wal<DirFiles>,
    reserve: u64,
    store: Store,
    folder: Folder<DirFiles>,
    snapshots_path: PathBuf,
}

impl Common {
    fn new(options: &NodeOptions, boot: u64, log: Logbook) -> Common {
        let metrics = Arc::new(Metrics::default());
        Common {
            inbox: Arc::new(Inbox::default()),
            observer: Arc::new(Observer::new(options.id, boot, Arc::clone(&metrics))),
            metrics,
            log,
        }
    }

    /// The peers, none of them called yet.
    fn peers(
        &self,
        checked: &Checked,
        hello: PeerHello,
        (urls, moved): (BTreeMap<u64, PeerUrl>, BTreeMap<u64, PeerUrl>),
        disks: PeerDisks,
    ) -> Arc<Peers> {
        Arc::new(Peers::new(peers::Parts {
            hello,
            timing: checked.config.timing,
            urls,
            moved,
            flags: peers::flags(&checked.config),
            disks,
            inbox: Arc::clone(&self.inbox),
            observer: Arc::clone(&self.observer),
            metrics: Arc::clone(&self.metrics),
            log: self.log.clone(),
        }))
    }

    /// What the loop runs on. Starts the threads of the log and of snapshots.
    fn parts(
        &self,
        raft: Raft,
        kept: Kept,
        peers: &Arc<Peers>,
        (leader, status): (watch::Sender<Leadership>, Status),
    ) -> Parts {
        let report_to = Arc::clone(&self.inbox);
        let report = move |report| report_to.urgent(Urgent::Disk(report));
        let hears = Told(Arc::clone(&self.inbox), Arc::clone(peers));
        let place = (kept.snapshots_path, kept.reserve);
        let snapshots = Snapshots::start(kept.folder.clone(), place, hears);
        peers.take_chunks(snapshots.chunks());
        let install = move |last| kept.folder.install(last);
        let (log, metrics) = ((kept.wal, kept.reserve), Arc::clone(&self.metrics));
        Parts {
            raft,
            store: kept.store,
            inbox: Arc::clone(&self.inbox),
            flusher: Flusher::start(log, metrics, install, report),
            snapshots,
            peers: Arc::clone(peers),
            telling: Telling::new(Arc::clone(&self.observer)),
            metrics: Arc::clone(&self.metrics),
            log: self.log.clone(),
            leader,
            status,
        }
    }

    /// What the server that clients and peers talk to needs.
    fn shared(
        &self,
        peers: &Arc<Peers>,
        leader: watch::Receiver<Leadership>,
        closing: watch::Receiver<bool>,
    ) -> api::Shared {
        api::Shared {
            inbox: Arc::clone(&self.inbox),
            peers: Arc::clone(peers),
            observer: Arc::clone(&self.observer),
            metrics: Arc::clone(&self.metrics),
            leader,
            closing,
        }
    }
}

/// The snapshot thread reports to the loop, and answers peers.
struct Told(Arc<Inbox>, Arc<Peers>);

impl Hears for Told {
    fn report(&self, report: Report) {
        self.0.urgent(Urgent::Snapshot(report));
    }

    fn answer(&self, to: u64, got: Got) {
        self.1.answer(to, got);
    }
}

fn listening(listener: TcpListener) -> Result<(tokio::net::TcpListener, SocketAddr), NodeError> {
    let adopt = || {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((tokio::net::TcpListener::from_std(listener)?, address))
    };
    adopt().map_err(|error: std::io::Error| NodeError::Listen(format!("cannot listen: {error}")))
}

type End = oneshot::Receiver<Result<(), NodeError>>;

/// Starts the loop thread; its end is told even if it panics.
fn start_loop(parts: Parts) -> (std::thread::JoinHandle<()>, End) {
    let (tell_end, end) = oneshot::channel();
    let looper = Looper::new(parts);
    let work = move || drop(tell_end.send(looper.run()));
    let thread = std::thread::Builder::new()
        .name("raft loop".to_string())
        .spawn(work);
    (thread.expect("a thread for the loop"), end)
}

fn constant_status(options: &NodeOptions, disk: &Disk) -> Status {
    Status {
        cluster: format!("{:032x}", options.cluster.0),
        node: options.id,
        version: env!("CARGO_PKG_VERSION").to_string(),
        disk: disk.condition.clone(),
        founders: disk.identity.founders.clone(),
        removed: disk.removed,
        ..Status::default()
    }
}

fn warn_if_open(log: &Logbook, address: SocketAddr) {
    if !address.ip().is_loopback() {
        log.line(format!(
            "WARNING: {address} can be reached from other machines and there is no authentication \
             yet; whoever reaches it can read and change everything"
        ));
    }
}

/// A number from the operating system's generator.
pub(super) fn random() -> Result<u64, NodeError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| NodeError::Fenced(format!("no random numbers: {error}")))?;
    // Zero stands for "unknown" elsewhere, and numbers in JSON are exact up to 2^53 only.
    Ok((u64::from_le_bytes(bytes) >> 11) | 1)
}
