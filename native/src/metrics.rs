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

/// Name, whether it is a counter, help, and where the number is.
type Single = (&'static str, bool, &'static str, fn(&Metrics) -> &AtomicU64);

/// Numbers without labels.
#[rustfmt::skip]
const SINGLE: &[Single] = &[
    ("term", false, "Current term.", |m| &m.term),
    ("role", false, "0 follower, 1 pre-candidate, 2 candidate, 3 leader.", |m| &m.role),
    ("leader", false, "Leader this node believes in; 0 is none.", |m| &m.leader),
    ("log_last_index", false, "Last index in the log.", |m| &m.last),
    ("log_durable_index", false, "Last index on disk.", |m| &m.durable),
    ("commit_index", false, "Commit index.", |m| &m.commit),
    ("applied_index", false, "Applied index.", |m| &m.applied),
    ("store_revision", false, "Revision of the store.", |m| &m.revision),
    ("store_keys", false, "Keys in the store.", |m| &m.keys),
    ("open_requests", false, "Requests that wait for the core.", |m| &m.open),
    ("fenced", false, "1 when the node has stopped for good.", |m| &m.fenced),
    ("suspect", false, "1 while the node has not got back what its log lost.", |m| &m.suspect),
    ("disk_low", false, "1 while the disk is full and the reserve is in use.", |m| &m.low),
    ("peers_connected", false, "Peers with an open connection.", |m| &m.connected),
    ("observers", false, "Subscribers of the observe stream.", |m| &m.observers),
    ("proposals_total", true, "Proposals taken into the log.", |m| &m.proposals),
    ("refused_total", true, "Proposals and reads refused.", |m| &m.refused),
    ("damaged_total", true, "Appends and writes not taken: a command was damaged.", |m| &m.damaged),
    ("reads_total", true, "Reads served.", |m| &m.reads),
    ("elections_total", true, "Elections started, asking first included.", |m| &m.elections),
    ("forwarded_total", true, "Requests passed on to the leader.", |m| &m.forwarded),
    ("snapshot_index", false, "Last index inside the newest snapshot; 0 is none.", |m| &m.snapshot),
    ("snapshots_taken_total", true, "Snapshots written.", |m| &m.taken),
    ("snapshots_failed_total", true, "Snapshots that could not be written.", |m| &m.not_taken),
    ("snapshots_installed_total", true, "Snapshots that took the log's place.", |m| &m.installed),
    ("log_writes_total", true, "Writes made durable.", |m| &m.writes),
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
    /// Appends and writes that were not taken because a command was damaged.
    pub damaged: AtomicU64,
    /// Reads served.
    pub reads: AtomicU64,
    /// Elections and pre-elections started.
    pub elections: AtomicU64,
    /// 1 when the node has stopped for good.
    pub fenced: AtomicU64,
    /// 1 while the node has not got back what its log lost.
    pub suspect: AtomicU64,
    /// 1 while the disk is full and the reserve is in use.
    pub low: AtomicU64,
    /// Peers with an open connection.
    pub connected: AtomicU64,
    /// Requests passed on to the leader.
    pub forwarded: AtomicU64,
    /// Subscribers of the observe stream.
    pub observers: AtomicU64,
    /// Last index inside the newest snapshot.
    pub snapshot: AtomicU64,
    /// Snapshots written.
    pub taken: AtomicU64,
    /// Snapshots that could not be written.
    pub not_taken: AtomicU64,
    /// Snapshots of a leader that took the log's place.
    pub installed: AtomicU64,
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
        for (name, counter, help, value) in SINGLE {
            let kind = if *counter { "counter" } else { "gauge" };
            let value = value(self).load(Relaxed);
            let _ = write!(
                text,
                "# HELP raftwerk_{name} {help}\n# TYPE raftwerk_{name} {kind}\n\
                 raftwerk_{name}{{node=\"{node}\"}} {value}\n"
            );
        }
        self.render_syncs(&mut text, node);
        self.render_messages(&mut text, node);
        self.render_http(&mut text, node);
        text
    }

    fn render_messages(&self, text: &mut String, node: u64) {
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
    }

    fn render_http(&self, text: &mut String, node: u64) {
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
