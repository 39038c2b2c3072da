//! What a host does about snapshots: taking, streaming, staging and loading them.
//!
//! The state machine is the list of everything applied, so a snapshot is such a list.

use super::{Cluster, Input, Node};
use raftwerk_core::trace::Kind;
use raftwerk_core::*;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// Snapshots on a disk, by the last entry inside.
pub type Files = BTreeMap<LogId, (SnapshotMeta, Vec<Entry>)>;

/// Snapshot bytes on their way.
pub struct Transfer {
    pub from: u64,
    pub to: u64,
    pub lane: Lane,
    pub meta: SnapshotMeta,
    pub state: Vec<Entry>,
}

impl Cluster {
    /// A node takes a snapshot of all it has applied: on disk at once, then told to the core.
    pub fn snapshot(&mut self, id: u64) -> SnapshotMeta {
        let node = self.nodes.get_mut(&id).expect("known node");
        let at = node.raft.view().applied();
        let mut meta = node.raft.snapshot_meta(at).expect("something was applied");
        let state = node.applied.clone();
        meta.hash = hash(&state);
        meta.bytes = state.iter().map(Entry::size).sum();
        node.files.insert(meta.last, (meta.clone(), state));
        node.disk.snapshot = Some(meta.clone());
        self.feed(id, [Input::Snapshotted(meta.clone())]);
        meta
    }

    pub(super) fn stream(&mut self, from: u64, to: NodeId, lane: Lane, meta: SnapshotMeta) {
        let state = self.node(from).files[&meta.last].1.clone();
        let to = to.0;
        self.streams.push(Transfer {
            from,
            to,
            lane,
            meta,
            state,
        });
    }

    /// Ends the oldest stream: its bytes are staged at the receiver, or they are lost.
    pub fn end_stream(&mut self, arrives: bool) {
        let stream = self.streams.remove(0);
        let (from, to, lane) = (stream.from, stream.to, stream.lane);
        let arrives = arrives && !self.cut.contains(&(from, to));
        let outcome = match self.nodes.get_mut(&to).filter(|_| arrives) {
            Some(node) => {
                let meta = stream.meta;
                node.staged.insert(meta.last, (meta.clone(), stream.state));
                self.feed(to, [Input::Staged(lane, meta)]);
                Streamed::Delivered
            }
            None => Streamed::Failed,
        };
        if self.nodes.contains_key(&from) {
            self.feed(from, [Input::Streamed(NodeId(to), lane, outcome)]);
        }
    }

    /// A node's host has this snapshot complete beside its log, as if a leader of `term` had
    /// streamed it there.
    pub fn stage(&mut self, id: u64, term: u64, meta: &SnapshotMeta, state: &[Entry]) {
        let node = self.nodes.get_mut(&id).expect("known node");
        let file = (meta.clone(), state.to_vec());
        node.staged.insert(meta.last, file);
        let lane = Lane {
            term: Term(term),
            ..Lane::default()
        };
        self.feed(id, [Input::Staged(lane, meta.clone())]);
    }

    /// Commits these commands, one after the other, and says so to everybody.
    pub fn commit_all(&mut self, leader: u64, texts: &[&str]) {
        for text in texts {
            self.tickets += 1;
            let ticket = (1 << 20) + self.tickets;
            self.propose(leader, ticket, text).expect("accepted");
            self.settle();
        }
        self.heartbeat(leader);
        self.settle();
    }

    /// Lets a leader find out that messages were lost: heartbeats, with time between them.
    pub fn beat(&mut self, leader: u64) {
        for _ in 0..3 {
            self.now = self.now + Span::millis(60);
            self.heartbeat(leader);
            self.settle();
        }
    }

    /// How often a node's trace holds such an event.
    pub fn count(&self, id: u64, pick: impl Fn(&Kind) -> bool) -> usize {
        let events = self.node(id).events.iter();
        events.filter(|event| pick(&event.kind)).count()
    }

    /// The state machine of a node reports what it has applied.
    pub fn finish_apply(&mut self, id: u64) {
        let at = self.node(id).at;
        self.feed(id, [Input::Applied(at)]);
    }
}

/// Keeps no tail, so that every snapshot empties the log.
pub fn no_tail(config: &mut Config) {
    config.limits.retained_entries = 0;
}

/// S1 leads; S3 was away while three commands were committed and dropped behind a snapshot.
pub fn behind() -> (Cluster, SnapshotMeta) {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.partition(&[3], &[1, 2]);
    c.commit_all(1, &["b", "c", "d"]);
    let taken = c.snapshot(1);
    c.mail.clear();
    c.cut.clear();
    (c, taken)
}

/// As [`behind`], and S3's host has all bytes of the snapshot; its disk is slow.
pub fn staged_at_3() -> (Cluster, SnapshotMeta) {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    c.beat(1);
    c.fast_disk = false;
    c.end_stream(true);
    (c, taken)
}

impl Node {
    /// A staged snapshot takes the place of the log, in one step with its write.
    pub(super) fn put_in_force(&mut self, meta: &SnapshotMeta) {
        let staged = self.staged.remove(&meta.last).expect("it is staged");
        assert_eq!(&staged.0, meta);
        self.files.insert(meta.last, staged);
    }

    pub(super) fn load(&mut self, meta: SnapshotMeta) {
        let in_force = self.disk.snapshot.as_ref();
        assert_eq!(
            in_force,
            Some(&meta),
            "it is on disk before it is loaded (S3)"
        );
        assert!(
            meta.last.index > self.at,
            "the state machine never goes back"
        );
        self.applied = self.files[&meta.last].1.clone();
        assert_eq!(hash(&self.applied), meta.hash);
        self.at = meta.last.index;
        self.installed.push(meta);
    }
}

/// Digest of a state machine.
pub fn hash(applied: &[Entry]) -> u64 {
    let mut hasher = StableHasher::new();
    applied.hash(&mut hasher);
    hasher.finish()
}
