//! The loop's part in snapshots: the state for one that is taken, the state of one that is
//! installed (paper 7; traps S9, D5).
//!
//! The state machine and the place up to where it is applied belong to the loop, so both are taken
//! and put in place together, between two entries. Everything slow is done elsewhere: copies of the
//! store share what they hold, and one that was received is decoded before the core hears of it.

use super::Looper;
use crate::snapshots::Report;
use raftwerk_core::{Lane, NodeId, Output, SnapshotMeta, Streamed, Time};
use raftwerk_kv::Store;
use std::sync::atomic::Ordering::Relaxed;

/// What the loop has under way.
#[derive(Default)]
pub(super) struct Duty {
    /// One is wanted.
    asked: bool,
    /// One is being written down.
    taking: bool,
    /// States of received snapshots that the core has not decided about.
    staged: Vec<(SnapshotMeta, Store)>,
}

impl Looper {
    /// What the core asks about snapshots.
    pub(super) fn snapshot_output(&mut self, output: Output) {
        match output {
            Output::TakeSnapshot { .. } => self.duty.asked = true,
            Output::Stream { to, meta, lane } => {
                let paths = self.parts.snapshots.paths(meta.last);
                self.parts.peers.stream(to.0, lane, *meta, paths);
            }
            Output::Discard { meta } => {
                self.forget_staged(&meta);
                self.parts.snapshots.discard(*meta);
            }
            _ => {}
        }
    }

    /// Freeing a store takes time that grows with it, so it is not done here.
    fn forget_staged(&mut self, meta: &SnapshotMeta) {
        let staged = &mut self.duty.staged;
        for (_, store) in staged.extract_if(.., |(staged, _)| staged == meta) {
            self.parts.snapshots.forget(store);
        }
    }

    /// A staged snapshot is in force on disk: its state takes the place of the store.
    pub(super) fn install(&mut self, meta: &SnapshotMeta) {
        let staged = &mut self.duty.staged;
        let place = staged.iter().position(|(staged, _)| staged == meta);
        let place = place.expect("the core installs only what was staged");
        let (SnapshotMeta { last, .. }, store) = staged.swap_remove(place);
        let old = std::mem::replace(&mut self.store, store);
        self.parts.snapshots.forget(old);
        self.parts.snapshots.in_force(last);
        self.parts.metrics.installed.fetch_add(1, Relaxed);
        self.parts.log.line(format!(
            "has a snapshot up to {last} in place of its log, revision {}",
            self.store.revision()
        ));
    }

    /// One is wanted, although the core has not asked.
    pub(super) fn want_snapshot(&mut self) {
        let view = self.parts.raft.view();
        let covered = view.snapshot().map(|meta| meta.last.index);
        self.duty.asked |= covered.unwrap_or_default() < view.applied();
    }

    /// Begins to write down the state, if that is wanted and nothing of the kind is under way.
    pub(super) fn begin_snapshot(&mut self) {
        if !self.duty.asked || self.duty.taking {
            return;
        }
        let applied = self.parts.raft.view().applied();
        // `None` while a received one is being put in place.
        if let Some(meta) = self.parts.raft.snapshot_meta(applied) {
            self.parts.snapshots.take(meta, self.store.clone());
            (self.duty.asked, self.duty.taking) = (false, true);
        }
    }

    /// What became of them.
    pub(super) fn snapshot_report(&mut self, now: Time, report: Report) {
        match report {
            Report::Taken(meta) => {
                let last = meta.last;
                let line = format!("has a snapshot up to {last}, {} bytes", meta.bytes);
                self.parts.log.line(line);
                self.parts.raft.snapshotted(now, *meta);
                self.parts.snapshots.in_force(last);
                self.parts.metrics.taken.fetch_add(1, Relaxed);
                self.duty.taking = false;
            }
            Report::NotTaken(why) => {
                self.parts.log.line(format!(
                    "could not write a snapshot, and its log goes on growing: {why}"
                ));
                self.parts.metrics.not_taken.fetch_add(1, Relaxed);
                self.duty.taking = false;
            }
            Report::Staged { lane, meta, store } => {
                let known = |(staged, _): &(SnapshotMeta, Store)| *staged == *meta;
                if let Some(store) = store {
                    self.forget_staged(&meta);
                    self.duty.staged.push(((*meta).clone(), *store));
                }
                if self.duty.staged.iter().any(known) {
                    self.parts.raft.staged(now, lane, *meta);
                }
            }
            Report::Note(line) => self.parts.log.line(line),
        }
    }

    /// A stream has ended. Where the own file is damaged, another one is wanted.
    pub(super) fn streamed(
        &mut self,
        now: Time,
        (to, lane): (NodeId, Lane),
        outcome: Streamed,
        damaged: bool,
    ) {
        self.duty.asked |= damaged;
        self.parts.raft.streamed(now, to, lane, outcome);
    }
}
