//! `raftwerk node`: the flags of one node, and its link to the life of a supervisor.

use crate::node::{DEFAULT_LISTEN, NodeOptions};
use crate::ui;
use clap::Args;
use raftwerk_core::ClusterId;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Flags of `raftwerk node`.
#[derive(Debug, Args)]
pub struct NodeFlags {
    /// Number of this node: one of those in --initial-cluster, or, to join, one never used before.
    #[arg(long, value_name = "N")]
    id: u64,
    /// Where its data lies.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where it listens for clients, peers and browsers.
    #[arg(long, value_name = "ADDR", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// URL at which others reach it [default: what --initial-cluster says].
    #[arg(long, value_name = "URL")]
    advertise: Option<String>,
    /// Id of the cluster, up to 32 hexadecimal digits, the same for all nodes; draw it once.
    #[arg(long, value_name = "HEX", value_parser = cluster_id)]
    cluster: ClusterId,
    /// Every first member, such as 1=http://host:port,2=http://host:port.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        required_unless_present = "join",
        value_parser = member
    )]
    initial_cluster: Vec<(u64, String)>,
    /// Join a running cluster as a learner: URLs of some of its nodes. Needs --advertise.
    #[arg(
        long,
        value_name = "URLS",
        value_delimiter = ',',
        conflicts_with = "initial_cluster"
    )]
    join: Vec<String>,
    /// Keep this number of voters, 3, 5 or 7: steady learners become voters, and learners take
    /// the place of voters that are dead. The same for all nodes.
    #[arg(long, value_name = "VOTERS")]
    autopilot: Option<u64>,
    /// For how long a learner must be there and keep up before it becomes a voter [default: 10000].
    #[arg(long, value_name = "MS", requires = "autopilot")]
    autopilot_stable_ms: Option<u64>,
    /// For how long a voter must be silent before it is replaced [default: 30000].
    #[arg(long, value_name = "MS", requires = "autopilot")]
    autopilot_dead_ms: Option<u64>,
    /// Open /v1/chaos, so that links can be cut and timers fired over HTTP.
    #[arg(long)]
    enable_chaos: bool,
    /// Milliseconds between two signs of life of a leader.
    #[arg(long, value_name = "MS")]
    heartbeat_ms: Option<u64>,
    /// Shortest wait for a leader before an election.
    #[arg(long, value_name = "MS")]
    election_ms_min: Option<u64>,
    /// Longest wait for a leader before an election.
    #[arg(long, value_name = "MS")]
    election_ms_max: Option<u64>,
    /// Serve ?read=lease at the leader without asking the others. For all nodes of a cluster or
    /// for none; their clocks must run alike within one part in a thousand.
    #[arg(long)]
    lease_reads: bool,
    /// Take a snapshot after so many entries [default: 100000].
    #[arg(long, value_name = "ENTRIES")]
    snapshot_entries: Option<u64>,
    /// Or after so many bytes of them [default: 67108864].
    #[arg(long, value_name = "BYTES")]
    snapshot_bytes: Option<u64>,
    /// Keep so many entries from before a snapshot's end, for peers a little behind [default: a
    /// tenth of --snapshot-entries, 10000 at most].
    #[arg(long, value_name = "ENTRIES")]
    snapshot_keep: Option<u64>,
    /// Keep so many bytes beside the log for when the disk is full: with them the node goes on, but
    /// takes no writes of clients, until there is space again; 0: none [default: 25165824;
    /// 20971520 at least].
    #[arg(long, value_name = "BYTES")]
    disk_reserve: Option<u64>,
    /// End when standard input ends: `raftwerk play` starts its nodes so.
    #[arg(long, hide = true)]
    exit_with_parent: bool,
}

impl NodeFlags {
    /// What the node is told.
    pub fn options(self) -> NodeOptions {
        NodeOptions {
            id: self.id,
            data: self.data,
            listen: self.listen,
            advertise: self.advertise,
            cluster: self.cluster,
            initial_cluster: self.initial_cluster,
            join: self.join,
            learned: None,
            autopilot: self.autopilot,
            autopilot_stable_ms: self.autopilot_stable_ms,
            autopilot_dead_ms: self.autopilot_dead_ms,
            enable_chaos: self.enable_chaos,
            heartbeat_ms: self.heartbeat_ms,
            election_ms_min: self.election_ms_min,
            election_ms_max: self.election_ms_max,
            lease_reads: self.lease_reads,
            snapshot_entries: self.snapshot_entries,
            snapshot_bytes: self.snapshot_bytes,
            snapshot_keep: self.snapshot_keep,
            disk_reserve: self.disk_reserve,
            page: Some(ui::page),
        }
    }
}

/// Runs the node to its end.
///
/// # Errors
/// Why it did not start, or why it had to stop.
pub async fn run(flags: NodeFlags) -> Result<(), String> {
    if flags.exit_with_parent {
        end_with_parent()?;
    }
    let ended = crate::node::run(flags.options()).await;
    ended.map_err(|why| why.to_string())
}

/// Ends this process when the one that started it is gone, however that ended.
///
/// Two ways, because each has a gap: the pipe works everywhere but needs this process to run, so
/// one that is frozen would stay for ever; the signal of the system reaches a frozen one too, but
/// only Linux has it, and only an end after this call brings it.
fn end_with_parent() -> Result<(), String> {
    use rustix::process::{Signal, getpid, kill_process};
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|why| format!("cannot follow the end of the supervisor: {why}"))?;
    let watch = || {
        let ended = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // An error on the pipe means the same: nobody is there any more.
        drop(ended);
        // To itself, as if asked from outside: a clean end. That cannot fail.
        let _ = kill_process(getpid(), Signal::TERM);
    };
    let thread = std::thread::Builder::new().name("parent".to_string());
    thread
        .spawn(watch)
        .map_err(|why| format!("cannot watch for the end of the supervisor: {why}"))?;
    Ok(())
}

/// The id of a cluster.
///
/// # Errors
/// How it looks.
pub fn cluster_id(text: &str) -> Result<ClusterId, String> {
    let id = u128::from_str_radix(text, 16);
    id.map(ClusterId)
        .map_err(|_| "it has 1 to 32 hexadecimal digits".to_string())
}

/// A member with the URL at which it is reached.
///
/// # Errors
/// How it looks.
pub fn member(text: &str) -> Result<(u64, String), String> {
    let member = text.split_once('=');
    let member = member.and_then(|(id, url)| Some((id.trim().parse().ok()?, url.to_string())));
    member.ok_or_else(|| "a member looks like 1=http://host:port".to_string())
}
