//! What a node is told when it starts, and the checks on it.
//!
//! Guarantees: [`NodeOptions::check`] finds everything that can be wrong without touching disk
//! or network, and says each in one sentence that names the flag.

use crate::limits::{RESERVE_BYTES, RESERVE_RECORDS};
use axum::http::HeaderMap;
use axum::response::Response;
use raftwerk_core::autopilot::Policy;
use raftwerk_core::{ClusterId, Config, Limits, NodeId, Span, Timing};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serves one file of the embedded page: called with the path of the URL (such as `/` or
/// `/app.js`) and the headers of the request. `None`: there is no such file.
pub type PageFn = fn(path: &str, headers: &HeaderMap) -> Option<Response>;

/// What a node is told when it starts (`raftwerk node`).
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// `--id`: this node, one of `initial_cluster`; from 1.
    pub id: u64,
    /// `--data`: directory of its log and identity; made when missing.
    pub data: PathBuf,
    /// `--listen`: where clients, peers and browsers connect. Default [`DEFAULT_LISTEN`].
    pub listen: SocketAddr,
    /// `--advertise`: URL at which others reach it; `None`: what `initial_cluster` says.
    pub advertise: Option<String>,
    /// `--cluster`: the cluster's id. Nodes of another cluster are refused.
    pub cluster: ClusterId,
    /// `--initial-cluster`: every first member with the URL at which it is reached, in any
    /// order, such as `(1, "http://127.0.0.1:7901")`.
    pub initial_cluster: Vec<(u64, String)>,
    /// `--join`: nodes of a running cluster, any of which is asked to take this one in as a
    /// learner; then `initial_cluster` is empty and `advertise` is needed.
    pub join: Vec<String>,
    /// What the cluster said about itself, when this node joins (see `join`).
    pub learned: Option<Learned>,
    /// `--autopilot`: the leader keeps this number of voters by itself, 3, 5 or 7.
    pub autopilot: Option<u64>,
    /// `--autopilot-stable-ms`: for how long a learner must be steady; `None`: 10,000.
    pub autopilot_stable_ms: Option<u64>,
    /// `--autopilot-dead-ms`: for how long a dead voter was silent; `None`: 30,000.
    pub autopilot_dead_ms: Option<u64>,
    /// `--enable-chaos`: open `POST /v1/chaos`.
    pub enable_chaos: bool,
    /// `--heartbeat-ms`: how long a leader is silent at most; `None`: the default, 50.
    pub heartbeat_ms: Option<u64>,
    /// `--election-ms-min`: shortest election timeout; `None`: the default, 500.
    pub election_ms_min: Option<u64>,
    /// `--election-ms-max`: longest election timeout; `None`: the default, 1,000, or twice the
    /// shortest when only that is given.
    pub election_ms_max: Option<u64>,
    /// `--lease-reads`: a leader serves `?read=lease` without asking the others. On at all nodes
    /// of a cluster or at none: it rests on votes that all of them withhold.
    pub lease_reads: bool,
    /// `--snapshot-entries`: a snapshot is taken after so many entries; `None`: 100,000.
    pub snapshot_entries: Option<u64>,
    /// `--snapshot-bytes`: or after so many bytes of them; `None`: 64 MiB.
    pub snapshot_bytes: Option<u64>,
    /// `--snapshot-keep`: entries kept from before a snapshot's end, for peers a little behind;
    /// `None`: 10,000, and no more than a tenth of `--snapshot-entries`.
    pub snapshot_keep: Option<u64>,
    /// `--disk-reserve`: bytes kept for a disk that runs full; 0: none; `None`: 24 MiB.
    pub disk_reserve: Option<u64>,
    /// The embedded page, served for paths outside `/v1/`; `None`: there is none.
    pub page: Option<PageFn>,
}

/// What a node that joins is told by a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Ids of the first members of the cluster.
    pub founders: Vec<u64>,
    /// Where the members of today are reached.
    pub urls: Vec<(u64, String)>,
}

/// Where a node listens unless told otherwise: this machine only.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7878);

/// Most members of a first cluster.
const MAX_FIRST_MEMBERS: usize = 9;

/// Numbers in JSON are exact up to here.
pub const MAX_NODE_ID: u64 = (1 << 53) - 1;

impl NodeOptions {
    /// Options with defaults for everything that has one.
    #[must_use]
    pub fn new(id: u64, data: PathBuf, cluster: ClusterId, members: Vec<(u64, String)>) -> Self {
        NodeOptions {
            id,
            data,
            listen: DEFAULT_LISTEN,
            advertise: None,
            cluster,
            initial_cluster: members,
            join: Vec::new(),
            learned: None,
            autopilot: None,
            autopilot_stable_ms: None,
            autopilot_dead_ms: None,
            enable_chaos: false,
            heartbeat_ms: None,
            election_ms_min: None,
            election_ms_max: None,
            lease_reads: false,
            snapshot_entries: None,
            snapshot_bytes: None,
            snapshot_keep: None,
            disk_reserve: None,
            page: None,
        }
    }

    /// Checks everything and turns it into what the node works with.
    ///
    /// # Errors
    /// Every reason, one sentence each.
    pub fn check(&self) -> Result<Checked, Vec<String>> {
        let mut wrong = Vec::new();
        if self.id == 0 || self.initial_cluster.iter().any(|(id, _)| *id == 0) {
            wrong.push("node ids are counted from 1; 0 is not one".to_string());
        }
        let urls = if self.join.is_empty() {
            self.check_first(&mut wrong)
        } else {
            self.check_joining(&mut wrong)
        };
        if let Some(id) = self.beyond_json() {
            wrong.push(format!("node id {id} is too large; 2^53 - 1 is the last"));
        }
        let config = self.config(0);
        if let Err(reasons) = config.validate() {
            wrong.extend(reasons);
        }
        // With less a leader could need more than the reserve before it hears that it is in use.
        let reserve = self.disk_reserve.unwrap_or(RESERVE_BYTES);
        let least = config.limits.uncommitted_bytes + RESERVE_RECORDS;
        if reserve != 0 && reserve < least {
            wrong.push(format!(
                "--disk-reserve {reserve} is less than a leader may have to write on a full disk: \
                 {least} bytes at least, or 0 for none"
            ));
        }
        if wrong.is_empty() {
            Ok(Checked { config, urls })
        } else {
            Err(wrong)
        }
    }

    /// An id that JSON in browsers cannot hold exactly.
    fn beyond_json(&self) -> Option<u64> {
        let named = self.initial_cluster.iter().map(|(id, _)| *id);
        named.chain([self.id]).find(|id| *id > MAX_NODE_ID)
    }

    /// Flags of a first member.
    fn check_first(&self, wrong: &mut Vec<String>) -> BTreeMap<u64, PeerUrl> {
        let mut urls = BTreeMap::new();
        for (id, text) in &self.initial_cluster {
            match PeerUrl::parse(text) {
                Ok(url) => {
                    if urls.insert(*id, url).is_some() {
                        wrong.push(format!("--initial-cluster names node {id} twice"));
                    }
                }
                Err(why) => wrong.push(format!("--initial-cluster, node {id}: {why}")),
            }
        }
        if self.initial_cluster.is_empty() || self.initial_cluster.len() > MAX_FIRST_MEMBERS {
            wrong.push(format!(
                "--initial-cluster names {} nodes; 1 to {MAX_FIRST_MEMBERS} are possible",
                self.initial_cluster.len()
            ));
        }
        match &self.advertise {
            Some(text) => match PeerUrl::parse(text) {
                Ok(url) => drop(urls.insert(self.id, url)),
                Err(why) => wrong.push(format!("--advertise: {why}")),
            },
            None if !urls.contains_key(&self.id) && wrong.is_empty() => wrong.push(format!(
                "--initial-cluster does not name this node, {}: add {}=http://host:port",
                self.id, self.id
            )),
            None => {}
        }
        if !self.initial_cluster.iter().any(|(id, _)| *id == self.id) && self.advertise.is_some() {
            wrong.push(format!(
                "--initial-cluster does not name this node, {}",
                self.id
            ));
        }
        urls
    }

    /// Flags of a node that joins.
    fn check_joining(&self, wrong: &mut Vec<String>) -> BTreeMap<u64, PeerUrl> {
        if !self.initial_cluster.is_empty() {
            let why = "a node that joins is no first member: leave --initial-cluster or --join out";
            wrong.push(why.to_string());
        }
        for text in &self.join {
            if let Err(why) = PeerUrl::parse(text) {
                wrong.push(format!("--join: {why}"));
            }
        }
        let mut urls = BTreeMap::new();
        for (id, text) in self.learned.iter().flat_map(|learned| &learned.urls) {
            match PeerUrl::parse(text) {
                Ok(url) => drop(urls.insert(*id, url)),
                Err(why) => wrong.push(format!("the cluster says of node {id}: {why}")),
            }
        }
        match self.advertise.as_deref().map(PeerUrl::parse) {
            Some(Ok(url)) => drop(urls.insert(self.id, url)),
            Some(Err(why)) => wrong.push(format!("--advertise: {why}")),
            None => wrong.push("--join needs --advertise http://host:port as well".to_string()),
        }
        urls
    }

    /// The core's configuration with this seed.
    #[must_use]
    pub fn config(&self, seed: u64) -> Config {
        let mut config = Config::server(NodeId(self.id), self.cluster, seed);
        let timing = &mut config.timing;
        config.switches.lease_reads = self.lease_reads;
        config.switches.snapshots = true;
        if let Some(ms) = self.heartbeat_ms {
            timing.heartbeat = millis(ms);
        }
        if let Some(ms) = self.election_ms_min {
            timing.election_min = millis(ms);
            timing.election_max = millis(ms.saturating_mul(2));
        }
        if let Some(ms) = self.election_ms_max {
            timing.election_max = millis(ms);
        }
        timing.transfer_limit = timing.election_max;
        self.snapshot_limits(&mut config.limits);
        config.autopilot = self
            .autopilot
            .map(|target| self.policy(target, &config.timing));
        config
    }

    /// When snapshots are taken, and what is kept of the log.
    fn snapshot_limits(&self, limits: &mut Limits) {
        let entries = self.snapshot_entries.unwrap_or(limits.snapshot_entries);
        limits.snapshot_entries = entries;
        limits.snapshot_bytes = self.snapshot_bytes.unwrap_or(limits.snapshot_bytes);
        let keep = limits.retained_entries.min(entries / 10);
        limits.retained_entries = self.snapshot_keep.unwrap_or(keep);
    }

    /// The numbers of the autopilot.
    fn policy(&self, target: u64, timing: &Timing) -> Policy {
        let server = Policy::server(target);
        let or = |ms: Option<u64>, other: Span| ms.map_or(other, millis);
        let stable_after = or(self.autopilot_stable_ms, server.stable_after);
        Policy {
            contact: timing.election_max,
            stable_after,
            dead_after: or(self.autopilot_dead_ms, server.dead_after),
            // Half as long as a learner is watched, and no less than the core allows.
            pause: Span(stable_after.0 / 2).max(timing.heartbeat),
            ..server
        }
    }
}

/// Milliseconds from a flag, kept far from overflow.
fn millis(ms: u64) -> Span {
    Span(ms.saturating_mul(1_000).min(3_600_000_000))
}

/// Options that hold together.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The core's configuration; its seed is still 0.
    pub config: Config,
    /// Where each member is reached, this node included.
    pub urls: BTreeMap<u64, PeerUrl>,
}

/// Where a node is reached: `http://host:port`, nothing after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerUrl {
    /// `host:port`, for the `Host` header and for connecting; names are resolved afresh at every
    /// connect.
    pub authority: String,
}

/// Longest `host:port`: names of hosts have 253 characters at most (RFC 1035).
const MAX_AUTHORITY: usize = 260;

impl PeerUrl {
    /// Reads a URL from a flag.
    ///
    /// # Errors
    /// What is wrong with it and what it should look like.
    pub fn parse(text: &str) -> Result<PeerUrl, String> {
        let form = "it must look like http://host:port";
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(format!("\"{text}\" has no http:// in front; {form}"));
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let Some((host, port)) = authority.rsplit_once(':') else {
            return Err(format!("\"{text}\" has no port; {form}"));
        };
        let plain = host.starts_with('[') == host.ends_with(']')
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.[]:".contains(c));
        if authority.len() > MAX_AUTHORITY {
            return Err(format!(
                "a host and port of {} bytes are too long",
                authority.len()
            ));
        }
        if host.is_empty() || !plain || (host.contains(':') && !host.starts_with('[')) {
            return Err(format!("\"{text}\" has no usable host; {form}"));
        }
        match port.parse::<u16>() {
            Ok(port) if port != 0 => Ok(PeerUrl {
                authority: authority.to_string(),
            }),
            _ => Err(format!("\"{text}\" has no usable port; {form}")),
        }
    }

    /// The host without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority
            .rsplit_once(':')
            .map_or(&self.authority, |(host, _)| host)
    }
}

impl std::fmt::Display for PeerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(id: u64, members: &[(u64, &str)]) -> NodeOptions {
        let members = members
            .iter()
            .map(|(id, url)| (*id, (*url).to_string()))
            .collect();
        NodeOptions::new(id, PathBuf::from("unused"), ClusterId(7), members)
    }

    #[test]
    fn urls_are_read_strictly() {
        assert_eq!(
            PeerUrl::parse("http://a:1/").map(|u| u.to_string()),
            Ok("http://a:1".into())
        );
        assert_eq!(
            PeerUrl::parse("http://[::1]:79").map(|u| u.host().into()),
            Ok("[::1]".to_string())
        );
        for bad in [
            "a:1",
            "https://a:1",
            "http://a",
            "http://:1",
            "http://a:0",
            "http://a:b",
        ] {
            assert!(PeerUrl::parse(bad).is_err(), "{bad}");
        }
        for bad in [
            "http://a:1/x",
            "http://::1:5",
            "http://u@a:1",
            "http://a b:1",
            "http://[a:1",
        ] {
            assert!(PeerUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(
            options(1, &[(1, "http://a:1"), (2, "http://b:1")])
                .check()
                .is_ok()
        );
        let wrong = |o: NodeOptions| o.check().expect_err("must be refused").join("; ");
        assert!(wrong(options(3, &[(1, "http://a:1")])).contains("does not name this node, 3"));
        assert!(wrong(options(1, &[(1, "http://a:1"), (1, "http://b:1")])).contains("twice"));
        assert!(wrong(options(1, &[])).contains("0 nodes"));
        assert!(wrong(options(0, &[(0, "http://a:1")])).contains("from 1"));
        let joining = |advertise: Option<&str>, members: &[(u64, &str)]| {
            let mut joining = options(4, members);
            joining.join = vec!["http://a:1".to_string()];
            joining.advertise = advertise.map(str::to_string);
            joining
        };
        assert!(joining(Some("http://d:4"), &[]).check().is_ok());
        assert!(wrong(joining(None, &[])).contains("--advertise"));
        let both = joining(Some("http://d:4"), &[(4, "http://d:4")]);
        assert!(wrong(both).contains("no first member"));
        assert!(wrong(options(1 << 53, &[(1 << 53, "http://a:1")])).contains("too large"));
        let mut piloted = options(1, &[(1, "http://a:1")]);
        piloted.autopilot = Some(3);
        assert!(piloted.check().is_ok());
        piloted.autopilot = Some(4);
        assert!(wrong(piloted.clone()).contains("3, 5 or 7"));
        (piloted.autopilot, piloted.autopilot_dead_ms) = (Some(3), Some(100));
        assert!(wrong(piloted).contains("dead_after"));
        let mut keeping = options(1, &[(1, "http://a:1")]);
        for (bytes, good) in [(0, true), (1, false), (20 << 20, true), (8 << 20, false)] {
            keeping.disk_reserve = Some(bytes);
            assert_eq!(keeping.check().is_ok(), good, "{bytes}");
        }
        assert!(wrong(keeping).contains("20971520 bytes at least, or 0"));
        let mut fast = options(1, &[(1, "http://a:1")]);
        fast.heartbeat_ms = Some(400);
        assert!(wrong(fast).contains("two heartbeats"));
    }
}
