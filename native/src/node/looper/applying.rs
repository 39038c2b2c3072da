//! Executing what is committed (paper 5.3), and looking first whether it is still what was proposed.
//!
//! Each command carries the checksum of the node that took it on. Records and frames have checksums
//! of their own, but a memory may flip a bit between two of them. It is looked at twice:
//!
//! - At the door, before the core sees it: appends of a peer (`peers/accept.rs`) and writes of
//!   clients (`Request::Write`). What is damaged already is not taken in, so it goes neither to this
//!   disk nor, from a leader, to others; the sender has to send it again.
//! - At execution: what was damaged after the door, in this memory or on the way to its disk and
//!   back. Then this node alone would do something else than all others, and tell nobody. It stops
//!   instead, before anything comes of it.
//!
//! A leader whose own memory damages an entry before the others have it gets it past no door: the
//! entry is not committed, and the appends that were dropped are in its followers' logs and metrics.

use super::{KEPT_ANSWERS, Looper, Waiting};
use crate::node::NodeError;
use raftwerk_core::{Entry, EntryBody, Index, LogId};
use raftwerk_kv::Request;

/// The first of these that is not what was proposed.
pub fn damaged<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<LogId> {
    let damaged = |entry: &&Entry| match &entry.body {
        EntryBody::Command(bytes) => !Request::is_intact(bytes),
        EntryBody::Noop | EntryBody::Membership(_) => false,
    };
    entries.into_iter().find(damaged).map(|entry| entry.id)
}

/// What is said of such an entry, wherever it is met.
pub fn told(entry: LogId) -> String {
    format!(
        "entry {entry} is not what was proposed: it was damaged in the memory of this machine. The \
         other nodes have it whole. Test the memory; if this is said again after a new start, the \
         entry went to disk so: then remove this node from the cluster and add it under a new id"
    )
}

impl Looper {
    pub(super) fn apply(&mut self, from: Index, to: Index) {
        if let Some(entry) = damaged(self.parts.raft.entries(from, to)) {
            let error = NodeError::Fenced(told(entry));
            self.parts.log.line(error.to_string());
            self.ended = Some(Err(error));
            return;
        }
        // Only a node that took proposals has anybody to answer.
        let keep = self
            .waiting
            .values()
            .any(|who| matches!(who, Waiting::Write(_)));
        for entry in self.parts.raft.entries(from, to) {
            let EntryBody::Command(bytes) = &entry.body else {
                continue;
            };
            let answer = self.store.apply(entry.id.index.0, 0, bytes);
            if keep && self.answers.len() < KEPT_ANSWERS {
                self.answers.insert(entry.id.index, answer);
            }
        }
    }
}
