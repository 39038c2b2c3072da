//! Snapshots between hosts: what the parts of `node::snapshots` say becomes inputs and messages.

use super::World;
use crate::checks::Check;
use crate::network::{Chunk, Content, Got, Place};
use crate::node::{Opened, Received, Sending};
use raftwerk_core::{Lane, NodeId, SnapshotMeta};

impl World {
    /// The core wants a snapshot sent.
    pub(super) fn open_stream(&mut self, at: usize, to: NodeId, lane: Lane, meta: &SnapshotMeta) {
        let (now, model) = (self.now, self.setup.snapshots);
        match self.nodes[at].open_stream(now, to, lane, meta, &model) {
            Opened::Chunk(chunk) => self.post(at, to.0, Content::Chunk(Box::new(chunk))),
            Opened::Rotten => {}
            Opened::Missing => {
                let (node, last) = (self.nodes[at].id, meta.last);
                let detail = format!("S{node} is to send a snapshot up to {last} it does not have");
                self.checks.fail(Check::Node, detail);
            }
        }
    }

    /// A chunk arrives. Returns the event that led to it.
    pub(super) fn chunk_arrives(&mut self, at: usize, from: u64, chunk: &Chunk, cause: u64) -> u64 {
        let setup = self.setup.clone();
        let Received { answer, staged } = self.nodes[at].hear_chunk(self.now, from, chunk, &setup);
        if let Some(got) = answer {
            self.post(at, from, Content::Got(got));
        }
        if let Some((lane, meta)) = staged {
            self.give(at, cause, |raft, now| raft.staged(now, lane, meta));
        }
        cause
    }

    /// A peer answers a chunk. Returns the event that led to it.
    pub(super) fn got_arrives(&mut self, at: usize, from: u64, got: &Got, cause: u64) -> u64 {
        let (now, model) = (self.now, self.setup.snapshots);
        if let Some(sending) = self.nodes[at].hear_got(now, from, got, &model) {
            self.go_on(at, from, sending, cause);
        }
        cause
    }

    /// Chunks went unanswered.
    pub(super) fn resend(&mut self, at: usize) -> u64 {
        let (now, model) = (self.now, self.setup.snapshots);
        while let Some((to, sending)) = self.nodes[at].resend(now, &model) {
            self.go_on(at, to, sending, 0);
        }
        0
    }

    fn go_on(&mut self, at: usize, to: u64, sending: Sending, cause: u64) {
        match sending {
            Sending::Send(chunk) => self.post(at, to, Content::Chunk(Box::new(chunk))),
            Sending::End(lane, outcome) => self.give(at, cause, |raft, now| {
                raft.streamed(now, NodeId(to), lane, outcome);
            }),
        }
    }

    /// The own snapshot is on disk.
    pub(super) fn snapshot_taken(&mut self, at: usize) -> u64 {
        if let Some(meta) = self.nodes[at].snapshot_taken(&mut self.checks) {
            self.give(at, 0, |raft, now| raft.snapshotted(now, meta));
        }
        0
    }

    /// A received snapshot is on disk, beside the log.
    pub(super) fn snapshot_synced(&mut self, at: usize) -> u64 {
        if let Some((from, got, lane, meta)) = self.nodes[at].snapshot_synced(&mut self.checks) {
            self.post(at, from, Content::Got(got));
            self.give(at, 0, |raft, now| raft.staged(now, lane, meta));
        }
        0
    }

    fn post(&mut self, at: usize, to: u64, content: Content) {
        let (from, to) = (Place::Node(self.nodes[at].id), Place::Node(to));
        self.network
            .send(&mut self.queue, self.now, from, to, content);
    }
}
