//! Counters and gauges, and their text in the format of Prometheus.
//!
//! Everything is a plain atomic number: counting costs a few nanoseconds and never waits. The
//! loop sets the gauges after each turn.

use raftwerk_core::Body;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the sync histogram, in microseconds.
const SYNC_BOUNDS: [u64; 11] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000,
];

/// Kinds of messages, as [`Body::name`] calls them.
const KINDS: [&str; 13] = [
    "PreVote",
    "PreVoteReply",
    "Vote",
    "VoteReply",
    "Append",
    "AppendReply",
    "ReadIndex",
    "ReadIndexReply",
    "SnapshotOffer",
    "SnapshotReply",
    "TimeoutNow",
    "ReadMark",
    "ReadMarkReply",
];

/// One counter per kind of message.
#[derive(Debug, Default)]
pub struct PerKind([AtomicU64; KINDS.len()]);

impl PerKind {
    /// Counts one.
    pub fn count(&self, body: &Body) {
        self.count_name(body.name());
    }

    /// Counts one of the kind called so.
    pub fn count_name(&self, name: &str) {
        if let Some(at) = KINDS.iter().position(|kind| *kind == name) {
            self.0[at].fetch_add(1, Relaxed);
        }
    }
}

/// All numbers of a node.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Messages handed to connections.
    pub sent: PerKind,
    /// Messages that arrived.
    pub received: PerKind,
    /// Messages that were not handed over, or not taken.
    pub dropped: PerKind,
    /// Current term.
    pub term: AtomicU64,
    /// 0 follower, 1 pre-candidate, 2 candidate, 3 leader.
    pub role: AtomicU64,
    /// The leader it believes in; 0: none.
    pub leader: AtomicU64,
    /// Last index in the log.
    pub last: AtomicU64,
    /// Last index on disk.
    pub durable: AtomicU64,
    /// Commit index.
    pub commit: AtomicU64,
    /// Applied index.
    pub applied: AtomicU64,
    /// Revision of the store.
    pub revision: AtomicU64,
    /// Keys in the store.
    pub keys: AtomicU64,
    /// Requests that wait for the core.
    pub open: AtomicU64,
    /// Proposals taken into the log.
    pub proposals: AtomicU64,
    /// Proposals and reads refused.
    pub refused: AtomicU64,
    /// Reads served.
    pub reads: AtomicU64,
    /// Elections and pre-elections started.
    pub elections: AtomicU64,
    /// 1 when the node has stopped for good.
    pub fenced: AtomicU64,
    /// Peers with an open connection.
    pub connected: AtomicU64,
    /// Requests passed on to the leader.
    pub forwarded: AtomicU64,
    /// Subscribers of the observe stream.
    pub observers: AtomicU64,
    writes: AtomicU64,
    sync_micros: AtomicU64,
    sync_counts: [AtomicU64; SYNC_BOUNDS.len() + 1],
    http: Mutex<BTreeMap<u16, u64>>,
}

impl Metrics {
    /// Counts one sync that made this many writes durable.
    pub fn synced(&self, took: Duration, writes: usize) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = SYNC_BOUNDS.iter().position(|bound| micros <= *bound);
        self.sync_counts[bucket.unwrap_or(SYNC_BOUNDS.len())].fetch_add(1, Relaxed);
        self.sync_micros.fetch_add(micros, Relaxed);
        self.writes.fetch_add(writes as u64, Relaxed);
    }

    /// Counts one HTTP answer.
    pub fn answered(&self, status: u16) {
        let mut http = self
            .http
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *http.entry(status).or_insert(0) += 1;
    }

    /// The text.
    #[must_use]
    pub fn render(&self, node: u64) -> String {
        let mut text = String::with_capacity(8_192);
        let mut one = |name: &str, kind: &str, help: &str, value: &AtomicU64| {
            let value = value.load(Relaxed);
            let _ = write!(
                text,
                "# HELP raftwerk_{name} {help}\n# TYPE raftwerk_{name} {kind}\n\
                 raftwerk_{name}{{node=\"{node}\"}} {value}\n"
            );
        };
        one("term", "gauge", "Current term.", &self.term);
        one(
            "role",
            "gauge",
            "0 follower, 1 pre-candidate, 2 candidate, 3 leader.",
            &self.role,
        );
        one(
            "leader",
            "gauge",
            "Leader this node believes in; 0 is none.",
            &self.leader,
        );
        one(
            "log_last_index",
            "gauge",
            "Last index in the log.",
            &self.last,
        );
        one(
            "log_durable_index",
            "gauge",
            "Last index on disk.",
            &self.durable,
        );
        one("commit_index", "gauge", "Commit index.", &self.commit);
        one("applied_index", "gauge", "Applied index.", &self.applied);
        one(
            "store_revision",
            "gauge",
            "Revision of the store.",
            &self.revision,
        );
        one("store_keys", "gauge", "Keys in the store.", &self.keys);
        one(
            "open_requests",
            "gauge",
            "Requests that wait for the core.",
            &self.open,
        );
        one(
            "fenced",
            "gauge",
            "1 when the node has stopped for good.",
            &self.fenced,
        );
        one(
            "peers_connected",
            "gauge",
            "Peers with an open connection.",
            &self.connected,
        );
        one(
            "observers",
            "gauge",
            "Subscribers of the observe stream.",
            &self.observers,
        );
        one(
            "proposals_total",
            "counter",
            "Proposals taken into the log.",
            &self.proposals,
        );
        one(
            "refused_total",
            "counter",
            "Proposals and reads refused.",
            &self.refused,
        );
        one("reads_total", "counter", "Reads served.", &self.reads);
        one(
            "elections_total",
            "counter",
            "Elections started, asking first included.",
            &self.elections,
        );
        one(
            "forwarded_total",
            "counter",
            "Requests passed on to the leader.",
            &self.forwarded,
        );
        one(
            "log_writes_total",
            "counter",
            "Writes made durable.",
            &self.writes,
        );
        self.render_syncs(&mut text, node);
        for (name, counts) in [
            ("sent", &self.sent),
            ("received", &self.received),
            ("dropped", &self.dropped),
        ] {
            let _ = writeln!(
                text,
                "# HELP raftwerk_messages_{name}_total Peer messages {name}."
            );
            let _ = writeln!(text, "# TYPE raftwerk_messages_{name}_total counter");
            for (kind, count) in KINDS.iter().zip(&counts.0) {
                let count = count.load(Relaxed);
                let labels = format!("node=\"{node}\",kind=\"{kind}\"");
                let _ = writeln!(text, "raftwerk_messages_{name}_total{{{labels}}} {count}");
            }
        }
        let _ = writeln!(
            text,
            "# HELP raftwerk_http_requests_total HTTP requests by status."
        );
        let _ = writeln!(text, "# TYPE raftwerk_http_requests_total counter");
        for (status, count) in &*self
            .http
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
        {
            let labels = format!("node=\"{node}\",status=\"{status}\"");
            let _ = writeln!(text, "raftwerk_http_requests_total{{{labels}}} {count}");
        }
        text
    }

    fn render_syncs(&self, text: &mut String, node: u64) {
        let name = "raftwerk_log_sync_seconds";
        let _ = writeln!(
            text,
            "# HELP {name} Time to write and sync one batch of the log."
        );
        let _ = writeln!(text, "# TYPE {name} histogram");
        let mut total = 0;
        for (at, count) in self.sync_counts.iter().enumerate() {
            total += count.load(Relaxed);
            let bound = SYNC_BOUNDS
                .get(at)
                .map_or("+Inf".to_string(), |bound| seconds(*bound));
            let _ = writeln!(
                text,
                "{name}_bucket{{node=\"{node}\",le=\"{bound}\"}} {total}"
            );
        }
        let sum = seconds(self.sync_micros.load(Relaxed));
        let _ = writeln!(text, "{name}_sum{{node=\"{node}\"}} {sum}");
        let _ = writeln!(text, "{name}_count{{node=\"{node}\"}} {total}");
    }
}

/// Microseconds as seconds, without floating point.
fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.synced(Duration::from_micros(300), 4);
        metrics.synced(Duration::from_secs(9), 1);
        metrics.answered(503);
        metrics.sent.count(&Body::ReadIndex { request: 1 });
        let text = metrics.render(7);
        for line in [
            "raftwerk_term{node=\"7\"} 0",
            "raftwerk_log_writes_total{node=\"7\"} 5",
            "raftwerk_log_sync_seconds_bucket{node=\"7\",le=\"0.000250\"} 0",
            "raftwerk_log_sync_seconds_bucket{node=\"7\",le=\"0.000500\"} 1",
            "raftwerk_log_sync_seconds_bucket{node=\"7\",le=\"+Inf\"} 2",
            "raftwerk_log_sync_seconds_sum{node=\"7\"} 9.000300",
            "raftwerk_messages_sent_total{node=\"7\",kind=\"ReadIndex\"} 1",
            "raftwerk_http_requests_total{node=\"7\",status=\"503\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').expect("two words");
            assert!(
                name.starts_with("raftwerk_") && value.parse::<f64>().is_ok(),
                "{line}"
            );
        }
    }
}
