//! Checks of snapshots and of logs that start after one: what is inside was committed, and it is
//! the state, the members and the sessions that everybody had there, no more and no less (paper
//! 7; traps S6, S11).
//!
//! A snapshot is looked into when it is complete on a disk, before anything hangs on it: the
//! decoded store against the digest that all have after that index, its keys against the plain
//! state machine as it was there, its sessions against the requests that it has executed.

use super::{Check, Checks};
use crate::node::Node;
use crate::snapshot::Snapshot;
use raftwerk_core::{LogId, Raft};
use raftwerk_kv::Store;

impl Checks {
    /// A snapshot is complete on a node's disk: its own, or one that it received.
    pub fn on_snapshot(&mut self, node: u64, snapshot: &Snapshot) {
        let meta = &snapshot.meta;
        if self.snapshots.get(&meta.last) == Some(&meta.hash) {
            // The very same was looked into before.
            return;
        }
        self.snapshots.insert(meta.last, meta.hash);
        self.in_force(node, meta.last);
        let named = &meta.membership;
        let committed = self.ledger.members_at(meta.last.index.0);
        if committed != Some((named.id, &named.members)) {
            let detail = format!(
                "S{node} has a snapshot up to {} with the members {named:?}; there they were \
                 {committed:?}",
                meta.last
            );
            self.fail(Check::Snapshots, detail);
        }
        match snapshot.load() {
            Ok(store) => {
                self.on_load(node, meta.last.index.0, &store);
                self.looked_into(node, meta.last, &store);
            }
            Err(why) => self.on_unreadable(node, meta.last.index.0, &why.to_string()),
        }
    }

    fn looked_into(&mut self, node: u64, last: LogId, store: &Store) {
        let wrong = match self.oracle.differs_from(store, last.index.0) {
            Some(wrong) => wrong,
            None => return,
        };
        let detail = format!("S{node} has a snapshot up to {last} with {wrong}");
        self.fail(Check::Snapshots, detail);
    }

    /// Another snapshot is in force on a node.
    pub(super) fn in_force(&mut self, node: u64, last: LogId) {
        let committed = self.ledger.committed_term(last.index.0);
        if committed != Some(last.term.0) {
            self.fail(
                Check::CommittedStays,
                format!("S{node} has a snapshot up to {last}; committed there: {committed:?}"),
            );
        }
    }

    /// The first position whose entry a node can show, if what it dropped before was committed.
    pub(super) fn first_shown(&mut self, node: u64, raft: &Raft) -> Option<u64> {
        let base = raft.view().base();
        let committed = self.ledger.committed_term(base.index.0);
        if base.index.0 > 0 && committed != Some(base.term.0) {
            self.fail(
                Check::CommittedStays,
                format!("the log of S{node} starts after {base}; committed there: {committed:?}"),
            );
            return None;
        }
        Some(base.index.0 + 1)
    }

    /// A state machine was loaded from a snapshot, or stands at this index for another reason: it
    /// must be the one that others had there.
    pub fn on_load(&mut self, node: u64, last: u64, store: &Store) {
        let applied = store.applied();
        let known = match applied {
            0 => Some(Store::new().digest()),
            _ => self.ledger.digest(applied),
        };
        if known != Some(store.digest()) {
            let digest = store.digest();
            self.fail(
                Check::SameState,
                format!("S{node} has digest {digest:x} of index {applied}, others: {known:x?}"),
            );
        }
        // Commands between that index and the snapshot's end would be missing for ever.
        let missing = (applied + 1..=last).find(|index| self.ledger.digest(*index).is_some());
        if let Some(index) = missing {
            let detail = format!("S{node} has the state up to {last} without index {index}");
            self.fail(Check::SameState, detail);
        }
    }

    /// A state machine was loaded from a snapshot that came from another node.
    pub fn on_installed(&mut self, node: u64, last: u64, store: &Store) {
        self.installed += 1;
        self.on_load(node, last, store);
    }

    /// A node was drained: what its state machine is at work on is still in its log, unless that is
    /// a snapshot (trap S9).
    pub(super) fn at_work_on(&mut self, node: &Node, raft: &Raft) {
        let first = raft.view().first().0;
        if node.is_at_work() && first > node.applied + 1 {
            let (id, applied) = (node.id, node.applied);
            let detail =
                format!("S{id} has applied {applied}, goes on, and its log begins at {first}");
            self.fail(Check::Snapshots, detail);
        }
    }

    /// A snapshot in force cannot be read.
    pub fn on_unreadable(&mut self, node: u64, last: u64, why: &str) {
        let detail = format!("S{node} cannot read its snapshot up to {last}: {why}");
        self.fail(Check::Snapshots, detail);
    }
}
