//! Executing what is committed (paper 5.3), and looking first whether it is still what was proposed.
//!
//! Each command carries the checksum of the node that took it on. Records and frames have checksums
//! of their own, but a memory may flip a bit between two of them. It is looked at four times:
//!
//! - At the door, before the core sees it: appends of a peer (`peers/accept.rs`) and writes of
//!   clients (`Request::Write`). What is damaged already is not taken in, so it goes neither to this
//!   disk nor, from a leader, to others; the sender has to send it again.
//! - When it is sent again. A leader whose own memory damages an entry before the others have it
//!   gets it past no door, and nothing more would be committed while it leads. That it has to be
//!   sent a second time is what the leader hears of that; it looks, and stops, so that another one
//!   leads. The first time costs nobody a look.
//! - At execution: what was damaged after the door, in this memory or on the way to its disk and
//!   back. Then this node alone would do something else than all others, and tell nobody. It stops
//!   instead, before anything comes of it.
//! - At the start (`node/disk.rs`): what went to the disk damaged. It is cut off with all behind it,
//!   and the node is suspect until the others have sent it again.

use super::{KEPT_ANSWERS, Looper, Waiting};
use crate::node::NodeError;
use raftwerk_core::{Body, Entry, EntryBody, Index, LogId, Message, NodeId};
use raftwerk_kv::Request;
use std::collections::BTreeMap;

/// The first of these that is not what was proposed.
pub fn damaged<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<LogId> {
    found(entries).map(|(id, _)| id)
}

/// The same, with the bytes that it holds now.
pub fn found<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<(LogId, &'a [u8])> {
    entries.into_iter().find_map(|entry| match &entry.body {
        EntryBody::Command(bytes) if !Request::is_intact(bytes) => Some((entry.id, &bytes[..])),
        EntryBody::Command(_) | EntryBody::Noop | EntryBody::Membership(_) => None,
    })
}

/// What is said by a node that stops because of such an entry.
fn told(entry: LogId) -> String {
    format!(
        "entry {entry} is not what was proposed: it was damaged in the memory of this machine. The \
         node stops before anything comes of it. Test the memory, then start the node again: what \
         went to its disk so is cut off then, and fetched from the others. Should all of them say \
         this, it came damaged to everybody, and they have to be restored from where it is intact"
    )
}

/// What is said of such an entry that was found at the start.
pub fn cut_off(entry: LogId) -> String {
    format!(
        "entry {entry} is not what was proposed: it was damaged in the memory of this machine and \
         went to disk so. It was cut off with all behind it, a copy is kept as damaged-1-entry-{} \
         or a later number; the others have it whole. Test the memory",
        entry.index
    )
}

/// The last entry that each peer was sent.
#[derive(Default)]
pub(super) struct Sent(BTreeMap<NodeId, Index>);

impl Sent {
    /// Notes what is sent; the first entry in it that is sent again and damaged here.
    pub fn again(&mut self, message: &Message) -> Option<LogId> {
        let Body::Append { entries, .. } = &message.body else {
            return None;
        };
        let last = entries.last()?.id.index;
        let sent = self.0.entry(message.to).or_default();
        let before = std::mem::replace(sent, last.max(*sent));
        damaged(entries.iter().take_while(|entry| entry.id.index <= before))
    }

    /// Another leader: nobody waits for what this node sent.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

impl Looper {
    pub(super) fn apply(&mut self, from: Index, to: Index) {
        if let Some(entry) = damaged(self.parts.raft.entries(from, to)) {
            return self.end_damaged(entry);
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

    /// Sends a message, unless it is a second try with an entry that is damaged here.
    pub(super) fn send(&mut self, message: Message) {
        if let Some(entry) = self.sent.again(&message) {
            return self.end_damaged(entry);
        }
        let serial = self.parts.telling.sent(&message);
        self.parts.peers.send(serial, message);
    }

    /// What this node has in memory is not what was proposed.
    fn end_damaged(&mut self, entry: LogId) {
        let error = NodeError::Fenced(told(entry));
        self.parts.log.line(error.to_string());
        self.ended = Some(Err(error));
    }
}
