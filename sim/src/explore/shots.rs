//! Snapshots at a host of the explorer (paper 7).
//!
//! The state machine is the list of what was applied, so a snapshot is a list of entries and the
//! checks see through it: to them a log goes back to its first position, whatever was dropped.
//!
//! The host takes a snapshot as soon as it is asked for one. All bytes travel at once, in a
//! message that no core sends: an append of round [`BYTES`] with everything from the start. It is
//! lost, late or doubled like any other, and what it brings is on disk beside the log when it has
//! arrived. The sender's host says at once that all is delivered. A start throws away what was
//! staged.

use super::host::{Finding, Host};
use raftwerk_core::{
    Body, Entry, EntryBody, Index, Lane, LogId, Membership, Message, NodeId, Round, SnapshotMeta,
    Streamed,
};
use std::borrow::Cow;

/// The round of an append that holds a snapshot; no leader gets there.
pub(crate) const BYTES: Round = Round(u64::MAX);

/// What a host has of snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shots {
    /// What the one in force on the disk holds.
    pub past: Vec<Entry>,
    /// Received, on disk beside the log.
    pub staged: Vec<(SnapshotMeta, Vec<Entry>)>,
    /// Asked for; between two steps nothing is.
    pub asked: bool,
    /// Sent, and the core does not know yet; between two steps there is none.
    pub sent: Option<(NodeId, Lane)>,
}

/// Whether a message brings a snapshot.
pub(crate) fn is_snapshot(message: &Message) -> bool {
    matches!(message.body, Body::Append { round: BYTES, .. })
}

impl Host {
    /// The log in memory and all that was dropped from it.
    pub fn log(&self) -> Vec<Entry> {
        let view = self.raft.view();
        let (base, kept) = (view.base().index.0 as usize, view.tail(usize::MAX));
        if base == 0 {
            return kept;
        }
        // What is about to replace the log on disk is still beside it.
        let mut staged = self.shots.staged.iter();
        let staged = staged.find(|(meta, _)| Some(meta) == view.snapshot());
        let past = staged.map_or(&self.shots.past, |(_, past)| past);
        let dropped = past.get(..base).unwrap_or(past);
        [dropped, &kept].concat()
    }

    /// The log on disk and all that the snapshot in force holds.
    pub fn disk_log(&self) -> Cow<'_, [Entry]> {
        let (past, kept) = (&self.shots.past, &self.disk.entries);
        if past.is_empty() {
            return Cow::Borrowed(kept);
        }
        let first = kept.first().map_or(u64::MAX, |first| first.id.index.0);
        let before = past.iter().take_while(|entry| entry.id.index.0 < first);
        Cow::Owned(before.chain(kept).cloned().collect())
    }

    /// What the core may ask for or tell after it was drained. True if there was anything.
    pub fn serve_snapshots(&mut self) -> bool {
        if let Some((to, lane)) = self.shots.sent.take() {
            self.raft.streamed(self.now, to, lane, Streamed::Delivered);
            return true;
        }
        if !std::mem::take(&mut self.shots.asked) {
            return false;
        }
        if let Some(meta) = self.raft.snapshot_meta(self.applied) {
            self.shots.past = self.log()[..self.applied.0 as usize].to_vec();
            self.disk.snapshot = Some(meta.clone());
            self.raft.snapshotted(self.now, meta);
        }
        true
    }

    /// The core wants a snapshot sent: the message that does it.
    pub fn stream(
        &mut self,
        to: NodeId,
        meta: &SnapshotMeta,
        lane: Lane,
    ) -> Result<Message, Finding> {
        let view = self.raft.view();
        if self.disk.snapshot.as_ref() != Some(meta) {
            let detail = format!("{} is to send a snapshot up to {}", view.id(), meta.last);
            return Err(Finding::new("SendsWhatItHas", detail));
        }
        self.shots.sent = Some((to, lane));
        Ok(Message {
            cluster: view.config().cluster,
            from: view.id(),
            to,
            term: lane.term,
            body: Body::Append {
                lane,
                round: BYTES,
                prev: LogId::ORIGIN,
                entries: self.shots.past.clone().into(),
                commit: Index(0),
                standing: raftwerk_core::Standing::default(),
            },
        })
    }

    /// All bytes of a snapshot are here, and on disk.
    pub fn stage(&mut self, message: &Message) {
        let Body::Append { lane, entries, .. } = &message.body else {
            return;
        };
        let named = entries.iter().rev().find_map(|entry| match &entry.body {
            EntryBody::Membership(members) => Some(Membership {
                id: entry.id,
                members: (**members).clone(),
            }),
            _ => None,
        });
        let meta = SnapshotMeta {
            last: entries.last().map_or(LogId::ORIGIN, |last| last.id),
            membership: named.unwrap_or_default(),
            ..SnapshotMeta::default()
        };
        if !self.shots.staged.iter().any(|(other, _)| *other == meta) {
            self.shots.staged.push((meta.clone(), entries.to_vec()));
        }
        self.raft.staged(self.now, *lane, meta);
    }

    /// The state machine is to load a snapshot: the one in force.
    pub fn load(&mut self, meta: &SnapshotMeta) -> Result<(), Finding> {
        let in_force = self.disk.snapshot.as_ref() == Some(meta);
        if !in_force || meta.last.index <= self.applied {
            let detail = format!(
                "{} is to load a snapshot up to {} having applied {}; in force: {in_force}",
                self.raft.view().id(),
                meta.last,
                self.applied
            );
            return Err(Finding::new("LoadsWhatIsInForce", detail));
        }
        self.applied = meta.last.index;
        Ok(())
    }

    /// A write puts a staged snapshot in place of the log, in one step.
    pub fn install(&mut self, meta: SnapshotMeta) {
        let staged = &mut self.shots.staged;
        let place = staged.iter().position(|(other, _)| *other == meta);
        // Only a broken host could have lost it.
        if let Some(place) = place {
            self.shots.past = staged.remove(place).1;
            self.disk.entries.clear();
            self.disk.snapshot = Some(meta);
        }
    }
}
