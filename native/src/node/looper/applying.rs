//! Executing what is committed (paper 5.3), and looking first whether it is still what was proposed.
//!
//! Each entry carries the checksum of the node that took it on. Records and frames have checksums
//! of their own, but a memory may flip a bit between two of them; then this node alone would do
//! something else than all others, and tell nobody. It stops instead, before anything comes of it.

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
