//! `raftwerk play`: a cluster of real processes on this machine, and one port to watch, use and
//! break it.
//!
//! The supervisor is no node: it starts the nodes, serves the page, passes requests on to a node
//! that lives, relays what the nodes say about themselves, and carries out the faults a person
//! asks for. So any node may be killed while the page stays. It listens on loopback only.
//!
//! Reading order: this file (start and end), `folder` and `ports` (what is kept), `process` and
//! `fleet` (the processes), `server` (routes), `forward`, `board`, `relay`, `pages`, `chaos`,
//! `cuts`, `guard`.

mod board;
mod browser;
mod chaos;
mod cuts;
mod fleet;
mod folder;
mod forward;
mod guard;
mod pages;
mod ports;
mod process;
mod relay;
mod server;

// What reads bytes from outside is public for `tests/decoders`.
pub use folder::{Cluster, DEFAULT_NODES, MAX_NODES};
#[doc(hidden)]
pub use forward::take_node;
#[doc(hidden)]
pub use guard::check;

use crate::api::listener;
use crate::client::Client;
use board::Board;
use fleet::{Cannot, Fleet, Launch};
use folder::Folder;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

/// Where the supervisor listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 7878;
/// A node answers within this time after its start.
const START: Duration = Duration::from_secs(20);
/// How often all nodes are started when another program takes one of their ports.
const STARTS: usize = 3;
/// The nodes of a new cluster get the ports from this distance after the supervisor's on.
const NODE_PORTS: u16 = 23;

/// What `raftwerk play` is told.
#[derive(Clone, Debug)]
pub struct PlayOptions {
    /// How many nodes; `None`: as many as the data has, or [`DEFAULT_NODES`].
    pub nodes: Option<u64>,
    /// Port of the page and the API; 0: any free one.
    pub port: u16,
    /// Directory of the data.
    pub data: PathBuf,
    /// Whether to open the page in a browser.
    pub open: bool,
}

/// Runs until Ctrl-C, SIGTERM or SIGHUP; every process started here is gone when it returns.
///
/// # Errors
/// Why it could not start, and what to do.
pub async fn run(options: PlayOptions) -> Result<(), String> {
    let mut end = Ends::new()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await;
    let listener = listener.map_err(|why| taken(options.port, &why))?;
    let port = listener.local_addr().map_err(|why| why.to_string())?.port();
    let folder = Folder::open(&options.data)?;
    let (cluster, new) = folder.cluster(options.nodes)?;
    let client = Client::default();
    let fleet = Fleet::new(launch(&folder, &cluster)?, client.clone());
    let board = Board::new(Arc::clone(&fleet));

    let started = tokio::select! {
        started = start(&folder, cluster, &fleet, port) => started,
        () = end.wanted() => Err(String::new()),
    };
    if let Err(why) = started {
        fleet.stop(end.wanted()).await;
        // Asked to end before everything ran: that is no failure.
        return if why.is_empty() { Ok(()) } else { Err(why) };
    }
    relay::start(&board);
    let routes = server::routes(&board, &client);
    let (closing, closed) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(listener::serve(listener, routes, closed));
    say(&describe(&fleet, &folder, port, new));
    if options.open {
        browser::open(&format!("http://127.0.0.1:{port}/?mode=live"));
    }
    let failed = tokio::select! {
        () = end.wanted() => None,
        served = serving => Some(format!("the server on port {port} ended: {served:?}")),
    };
    closing.send_replace(true);
    say("Stopping all nodes.");
    fleet.stop(end.wanted()).await;
    failed.map_or(Ok(()), Err)
}

fn launch(folder: &Folder, cluster: &Cluster) -> Result<Launch, String> {
    let program = std::env::current_exe()
        .map_err(|why| format!("cannot find this program on disk: {why}"))?;
    let data = (1..=cluster.nodes)
        .map(|node| (node, folder.node(node)))
        .collect();
    Ok(Launch {
        program,
        cluster: cluster.cluster.clone(),
        data,
    })
}

/// Starts all nodes and waits until they answer; with other ports if one was taken in between.
async fn start(
    folder: &Folder,
    mut cluster: Cluster,
    fleet: &Arc<Fleet>,
    port: u16,
) -> Result<(), String> {
    let base = port.saturating_add(NODE_PORTS);
    for _ in 0..STARTS {
        cluster.ports = ports::choose(cluster.nodes, &cluster.ports, base)?;
        folder.write(&cluster)?;
        fleet.start(&cluster.ports).map_err(|cannot| match cannot {
            Cannot::Failed(why) | Cannot::Refused(why) => why,
            Cannot::NoSuchNode(node) => format!("there is no node {node}"),
        })?;
        let silent = wait_for_all(fleet).await;
        let taken = |node: &u64| fleet.port(*node).is_some_and(|port| !ports::is_free(port));
        let down = |node: &u64| {
            fleet
                .processes()
                .iter()
                .any(|p| p.node == *node && p.pid.is_none())
        };
        if silent.iter().any(|node| down(node) && taken(node)) {
            say("Another program took a port; starting again with others.");
            fleet.kill_all().await;
            continue;
        }
        if silent.len() as u64 == cluster.nodes {
            return Err(format!(
                "no node came up; see the logs in {}/node-*/log.txt",
                folder.path().display()
            ));
        }
        return Ok(());
    }
    Err("the ports of the nodes are taken again and again; try once more".to_string())
}

/// Waits for every node at the same time; gives those that do not answer.
async fn wait_for_all(fleet: &Arc<Fleet>) -> Vec<u64> {
    let mut waiting = JoinSet::new();
    for node in fleet.ids() {
        let fleet = Arc::clone(fleet);
        waiting.spawn(async move { (!fleet.answers(node, START).await).then_some(node) });
    }
    waiting.join_all().await.into_iter().flatten().collect()
}

fn taken(port: u16, why: &std::io::Error) -> String {
    format!(
        "cannot listen on port {port}: {why}. If another `raftwerk play` runs there, stop it, or \
         choose another port with --port"
    )
}

fn describe(fleet: &Fleet, folder: &Folder, port: u16, new: bool) -> String {
    let kind = if new { "new" } else { "continued" };
    let mut text = format!("Raftwerk runs on http://127.0.0.1:{port}\n");
    let _ = writeln!(text, "  data    {} ({kind})", folder.path().display());
    for process in fleet.processes() {
        let (node, url) = (process.node, process.url);
        // Writing to a string does not fail.
        let _ = match process.pid {
            Some(pid) => writeln!(text, "  node {node}  process {pid}  {url}"),
            None => writeln!(text, "  node {node}  down; restart it in the page"),
        };
    }
    text + "A node that ends by itself stays down until you restart it in the page.\n\
            Ctrl-C stops all."
}

/// Says something to the person at the terminal; nobody there is no reason to end.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// The ways in which the system asks this program to end.
struct Ends {
    signals: [Signal; 3],
}

impl Ends {
    fn new() -> Result<Ends, String> {
        let listen = |kind| signal(kind).map_err(|why| format!("cannot listen for signals: {why}"));
        let (int, term) = (SignalKind::interrupt(), SignalKind::terminate());
        let signals = [listen(int)?, listen(term)?, listen(SignalKind::hangup())?];
        Ok(Ends { signals })
    }

    async fn wanted(&mut self) {
        let [int, term, hangup] = &mut self.signals;
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
