//! Starting a node, in the order that is safe, and ending it.

use crate::api;
use crate::clock;
use crate::flusher::Flusher;
use crate::identity::{DataDir, FORMAT, Identity, PeerDisks};
use crate::metrics::Metrics;
use crate::node::inbox::{Inbox, Urgent};
use crate::node::join;
use crate::node::leadership::Leadership;
use crate::node::logbook::{LogThread, Logbook};
use crate::node::looper::{Looper, Parts, REMOVED};
use crate::node::telling::Telling;
use crate::node::{Checked, NodeError, NodeOptions, PeerUrl};
use crate::observe::Observer;
use crate::peers::{self, Peers};
use crate::wal::{DirFiles, Recovered, Sizes, State, Verdict, Wal};
use raftwerk_core::{Condition, Durable, HardState, Members, NodeId, Raft, Term, Write, WriteSeq};
use raftwerk_wire::client::Status;
use raftwerk_wire::explain::suspicion as suspicion_in_words;
use raftwerk_wire::frame::{PeerHello, founders_sum};
use raftwerk_wire::record;
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
        let disk = Disk::open(&options)?;
        let (boot, seed) = (random()?, random()?);
        let (log, lines) = Logbook::start(options.id);
        disk.say(&log);
        warn_if_open(&log, address);

        let metrics = Arc::new(Metrics::default());
        let inbox = Arc::new(Inbox::default());
        let observer = Arc::new(Observer::new(options.id, boot, Arc::clone(&metrics)));
        let status = constant_status(&options, &disk);
        let urls = disk.urls(&checked)?;
        let (removed, knows_nobody) = (disk.removed, urls.len() <= 1);
        let peers = Arc::new(Peers::new(peers::Parts {
            hello: disk.hello(&options, &checked, boot),
            timing: checked.config.timing,
            // Who was removed speaks to nobody that does not speak to it.
            urls: if removed { BTreeMap::new() } else { urls },
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
        let view = raft.view();
        let lost_members = view.suspect().is_some() && view.membership().is_none();
        if view.suspect_alone() || (lost_members && knows_nobody) {
            return Err(beyond_help(&options, &disk.condition));
        }
        // Whoever removed it meant it: it does not ask to be taken in again.
        let joins = !options.join.is_empty() && !removed && !raft.view().is_leaving();
        let report_to = Arc::clone(&inbox);
        let report = move |report| report_to.urgent(Urgent::Disk(report));
        let (leader, leaderships) = watch::channel(Leadership::default());
        let (looper, end) = start_loop(Parts {
            raft,
            inbox: Arc::clone(&inbox),
            flusher: Flusher::start(disk.wal, Arc::clone(&metrics), report),
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

/// What was found in the data directory.
struct Disk {
    dir: DataDir,
    identity: Identity,
    wal: Wal<DirFiles>,
    durable: Durable,
    /// It knew in an earlier life that it is a member no more.
    removed: bool,
    /// What is said about the end of the log.
    condition: String,
}

impl Disk {
    /// Opens the data directory; a new one is given its first log entry and its identity, in this
    /// order: an identity is a proof that there was a log.
    fn open(options: &NodeOptions) -> Result<Disk, NodeError> {
        let dir = DataDir::lock(&options.data)?;
        let found = dir.identity()?;
        let told = told_identity(options, found.as_ref())?;
        if let Some(found) = &found {
            dir.check(found, &told)?;
        }
        let path = dir.log_path();
        let data =
            |error: &dyn std::fmt::Display| NodeError::Data(format!("{}: {error}", path.display()));
        let files = DirFiles::new(&path).map_err(|error| data(&error))?;
        let (cluster, node) = (options.cluster, NodeId(options.id));
        let opening = record::Opening {
            format: record::FORMAT,
            cluster,
            node,
        };
        let opened = Wal::open(files, opening, Sizes::default());
        let (mut wal, Recovered { mut state, verdict }) = opened.map_err(|error| data(&error))?;
        let identity = match found {
            Some(_) if state == State::default() => {
                return Err(data(
                    &"the log is empty, but this node has lived before: its log was removed. \
                      Restore it, or remove the node from the cluster and add it under a new id",
                ));
            }
            Some(identity) => identity,
            None => {
                let first = first_state(options, &told);
                if state == State::default() {
                    wal.append(&[first_write(&first)])
                        .map_err(|error| data(&error))?;
                    state = first;
                } else if state != first {
                    return Err(data(
                        &"there is a log, but identity.json is missing beside it",
                    ));
                }
                // Else the process died between the first entry and the identity.
                dir.write_identity(&told)?;
                told
            }
        };
        let (condition, text) = describe(&verdict);
        let State {
            hard_state,
            entries,
            ..
        } = state;
        let durable = Durable {
            hard_state,
            snapshot: None,
            entries,
            condition,
        };
        Ok(Disk {
            removed: dir.removed()?,
            dir,
            identity,
            wal,
            durable,
            condition: text,
        })
    }

    /// Where peers are reached: what this node was told, and what it has learned before.
    fn urls(&self, checked: &Checked) -> Result<BTreeMap<u64, PeerUrl>, NodeError> {
        let mut urls = checked.urls.clone();
        for (id, text) in self.dir.addresses()? {
            let url = PeerUrl::parse(&text).map_err(|why| {
                NodeError::Data(format!("addresses.json cannot be used, node {id}: {why}"))
            })?;
            urls.entry(id).or_insert(url);
        }
        Ok(urls)
    }

    fn hello(&self, options: &NodeOptions, checked: &Checked, boot: u64) -> PeerHello {
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

    fn say(&self, log: &Logbook) {
        let (hard, entries) = (self.durable.hard_state, self.durable.entries.len());
        log.line(format!(
            "raftwerk {}: {entries} log entries, term {}; log: {}",
            env!("CARGO_PKG_VERSION"),
            hard.term,
            self.condition
        ));
    }
}

fn told_identity(options: &NodeOptions, found: Option<&Identity>) -> Result<Identity, NodeError> {
    let founders = match (&options.learned, found) {
        (Some(learned), _) => learned.founders.clone(),
        // It joined in an earlier life, and nobody says otherwise.
        (None, Some(found)) if !options.join.is_empty() => found.founders.clone(),
        (None, _) => options.initial_cluster.iter().map(|(id, _)| *id).collect(),
    };
    let mut founders: Vec<u64> = founders;
    founders.sort_unstable();
    if founders.is_empty() {
        let why = "the cluster does not say who its first members were; is it another version?";
        return Err(NodeError::Options(vec![why.to_string()]));
    }
    Ok(Identity {
        format: FORMAT,
        cluster: format!("{:032x}", options.cluster.0),
        node: options.id,
        disk: format!("{:016x}", random()?),
        founders,
    })
}

/// What a new node starts from: a first member from the first members, which are the same for
/// all; one that joins from nothing but a term, which tells a new log from one that was removed.
fn first_state(options: &NodeOptions, told: &Identity) -> State {
    if !options.join.is_empty() {
        let (term, vote) = (Term(1), None);
        return State {
            hard_state: HardState { term, vote },
            ..State::default()
        };
    }
    let members = Members::of_voters(told.founders.iter().copied().map(NodeId));
    let Durable {
        hard_state,
        entries,
        ..
    } = Durable::bootstrap(&members);
    State {
        hard_state,
        entries,
        ..State::default()
    }
}

fn first_write(state: &State) -> Write {
    Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: Some(state.hard_state),
        cut_from: None,
        append: state.entries.clone().into(),
        trim_to: None,
        must_sync: true,
    }
}

/// The log of the only voter has rotted.
fn beyond_help(options: &NodeOptions, condition: &str) -> NodeError {
    NodeError::Data(format!(
        "{condition}. But this node is the only voter, so nobody can give it back what it lost, \
         and it could serve nothing. Restore its data directory from where it is intact; what was \
         in the damaged log is kept in {} under names that begin with damaged-",
        options.data.join("log").display()
    ))
}

/// A verdict for the core and for people.
fn describe(verdict: &Verdict) -> (Condition, String) {
    match verdict {
        Verdict::Suspect(suspicion) => (
            Condition::Suspect(*suspicion),
            format!(
                "suspect: acknowledged {}; the log was cut before them, copies of the damaged \
                 files are beside it. The node does not vote until it has everything again",
                suspicion_in_words(*suspicion)
            ),
        ),
        Verdict::Clean => (Condition::Clean, "clean".to_string()),
        Verdict::TornTail {
            cut_at,
            file,
            offset,
            bytes,
        } => (
            Condition::TornTail { cut_at: *cut_at },
            format!(
                "torn tail: a write was under way at the last end; {bytes} bytes after byte \
                 {offset} of {file} were cut off (from index {cut_at}), none of it was promised"
            ),
        ),
    }
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
fn random() -> Result<u64, NodeError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| NodeError::Fenced(format!("no random numbers: {error}")))?;
    // Zero stands for "unknown" elsewhere, and numbers in JSON are exact up to 2^53 only.
    Ok((u64::from_le_bytes(bytes) >> 11) | 1)
}
