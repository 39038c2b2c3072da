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
use crate::node::{NodeError, NodeOptions};
use crate::observe::Observer;
use crate::peers::{self, Peers};
use crate::snapshots::{Hears, Report, Snapshots};
use raftwerk_core::Raft;
use raftwerk_wire::client::Status;
use raftwerk_wire::frame::Got;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
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

        let metrics = Arc::new(Metrics::default());
        let inbox = Arc::new(Inbox::default());
        let observer = Arc::new(Observer::new(options.id, boot, Arc::clone(&metrics)));
        let status = constant_status(&options, &disk);
        let (removed, alone) = (disk.removed, disk.alone);
        let peers = Arc::new(Peers::new(peers::Parts {
            hello: disk.hello(&options, &checked, boot),
            timing: checked.config.timing,
            // Who was removed speaks to nobody that does not speak to it.
            urls: if removed { BTreeMap::new() } else { disk.urls },
            moved: disk.moved,
            flags: peers::flags(&checked.config),
            disks: PeerDisks::new(disk.dir)?,
            inbox: Arc::clone(&inbox),
            observer: Arc::clone(&observer),
            metrics: Arc::clone(&metrics),
            log: log.clone(),
        }));
        let mut config = checked.config.clone();
        config.seed = seed;
        let raft = Raft::boot(config, disk.durable, clock::now())
            .map_err(|error| NodeError::Data(error.to_string()))?;
        if alone && raft.view().suspect().is_some() {
            return Err(beyond_help(&options, &disk.condition));
        }
        // Whoever removed it meant it: it does not ask to be taken in again.
        let joins = !options.join.is_empty() && !removed && !raft.view().is_leaving();
        let reserve = options.disk_reserve.unwrap_or(RESERVE_BYTES);
        let report_to = Arc::clone(&inbox);
        let report = move |report| report_to.urgent(Urgent::Disk(report));
        let hears = Told(Arc::clone(&inbox), Arc::clone(&peers));
        let snapshots = Snapshots::start(disk.folder.clone(), snapshots_path, hears);
        peers.take_chunks(snapshots.chunks());
        let install = move |last| disk.folder.install(last);
        let (leader, leaderships) = watch::channel(Leadership::default());
        let (looper, end) = start_loop(Parts {
            raft,
            store: disk.store,
            inbox: Arc::clone(&inbox),
            flusher: Flusher::start((disk.wal, reserve), Arc::clone(&metrics), install, report),
            snapshots,
            peers: Arc::clone(&peers),
            telling: Telling::new(Arc::clone(&observer)),
            metrics: Arc::clone(&metrics),
            log: log.clone(),
            leader,
            status,
        });
        peers.dial_all();
        let (closing, closed) = watch::channel(false);
        let shared = api::Shared {
            inbox: Arc::clone(&inbox),
            peers: Arc::clone(&peers),
            observer,
            metrics,
            leader: leaderships,
            closing: closed,
        };
        let server = api::Server::new(&options, &checked, address, shared);
        let server = tokio::spawn(server.serve(listener));
        let joining = joins.then(|| tokio::spawn(join::enter(options, log.clone())));
        log.line(format!("listens on http://{address}"));
        if removed {
            log.line(REMOVED);
        }
        let (looper, lines) = (Some(looper), Some(lines));
        Ok(Node {
            address,
            inbox,
            end,
            looper,
            peers,
            joining,
            server,
            closing,
            lines,
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
