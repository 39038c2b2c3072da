//! Snapshots of the own state machine, and the log they make shorter (paper 7, thesis 5.1).
//!
//! Metadata goes through the core, bytes go past it. Guarantees: nothing is dropped from the log
//! that a durable snapshot does not hold, and nothing that was not applied; id and membership
//! where the log starts stay known (traps S5, S6).

use crate::io::Output;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Cause, Kind, Pace, SnapshotUseless};
use crate::types::{Index, Lane, LogId, SnapshotMeta};

/// What a node knows about snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Snapshots {
    /// The newest one that is in force here: the log starts at its end, or earlier where a tail
    /// was kept.
    pub latest: Option<SnapshotMeta>,
    /// Bytes of the entries applied after its end.
    pub bytes: u64,
    /// Where the state machine was when a snapshot was last asked for, and `bytes` then.
    pub asked: (Index, u64),
    /// Received and on disk beside the log; not decided about.
    pub staged: Option<Staged>,
    /// Received and not needed; told at the next drain.
    pub discarded: Vec<SnapshotMeta>,
}

/// A snapshot that was received.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Staged {
    /// Session of the leader that sent it.
    pub lane: Lane,
    /// What it covers.
    pub meta: SnapshotMeta,
}

impl Snapshots {
    /// What the disk held at start.
    pub fn new(latest: Option<SnapshotMeta>) -> Snapshots {
        Snapshots {
            latest,
            ..Snapshots::default()
        }
    }

    /// Another one is in force; nothing was applied after its end yet.
    pub fn replace(&mut self, meta: SnapshotMeta) {
        self.latest = Some(meta);
        self.bytes = 0;
        self.asked = (Index(0), 0);
    }

    /// Last entry inside the newest one, or the origin.
    pub fn last(&self) -> LogId {
        self.latest.as_ref().map_or(LogId::ORIGIN, |meta| meta.last)
    }
}

impl Raft {
    /// What a snapshot covers that is taken of the state machine when it has applied everything
    /// up to `at`; length and hash are for the host to fill in. To be asked when the picture is
    /// taken, not when it is on disk: by then the log may start later. `None` when `at` was not
    /// reported as applied, or is not in the log any more.
    #[must_use]
    pub fn snapshot_meta(&self, at: Index) -> Option<SnapshotMeta> {
        if at == Index(0) || at > self.applied {
            return None;
        }
        let there = self.log.membership_at(at)?;
        let named = if self.rule(Rule::S6NewestMembers) {
            there
        } else {
            self.log.membership()?
        };
        Some(SnapshotMeta {
            last: self.log.id_at(at)?,
            membership: named.clone(),
            bytes: 0,
            hash: 0,
        })
    }

    /// A snapshot of the own state machine is on disk, so the log may be trimmed. What it covers
    /// was told by [`Raft::snapshot_meta`].
    pub fn snapshotted(&mut self, now: Time, meta: SnapshotMeta) {
        let last = meta.last;
        self.enter(now, Cause::Snapshot(last));
        if self.fenced.is_some() {
            return;
        }
        assert!(
            last.index <= self.applied,
            "a snapshot holds only what was applied"
        );
        if last.index <= self.snapshots.last().index {
            let newest = self.snapshots.last();
            let why = SnapshotUseless::Older { newest };
            return self.trace(|_| Kind::SnapshotIgnored { last, why });
        }
        assert_eq!(
            self.log.id_at(last.index),
            Some(last),
            "a snapshot ends at an entry of the log"
        );
        assert_eq!(
            self.log.membership_at(last.index),
            Some(&meta.membership),
            "a snapshot knows the members at its end (trap S6)"
        );
        let bytes = meta.bytes;
        self.snapshots.replace(meta);
        self.snapshots.bytes = self.log.size(last.index.next(), self.applied);
        self.trace(|_| Kind::SnapshotTaken { last, bytes });
        self.renew_offers();
        self.trim_log();
    }

    /// The state machine goes on to `index`: notes how much that is.
    pub(crate) fn count_applied(&mut self, index: Index) {
        let from = self.applied.max(self.snapshots.last().index).next();
        self.snapshots.bytes += self.log.size(from, index);
    }

    /// Whether the log above the last snapshot has passed a limit, or as much was added since one
    /// was asked for.
    pub(crate) fn snapshot_due(&self) -> bool {
        let Snapshots { bytes, asked, .. } = self.snapshots;
        let (at_least, last) = (self.applied, self.snapshots.last().index);
        if !self.config.switches.snapshots || at_least <= last || self.fenced.is_some() {
            return false;
        }
        let (new_entries, new_bytes) = (at_least.0 - last.max(asked.0).0, bytes - asked.1);
        let limits = &self.config.limits;
        new_entries >= limits.snapshot_entries || new_bytes >= limits.snapshot_bytes
    }

    fn ask_for_snapshot(&mut self) {
        if !self.snapshot_due() {
            return;
        }
        let (at_least, bytes) = (self.applied, self.snapshots.bytes);
        let entries = at_least.0 - self.snapshots.last().index.0;
        self.snapshots.asked = (at_least, bytes);
        self.trace(|_| Kind::SnapshotDue {
            at_least,
            entries,
            bytes,
        });
        let notice = Output::TakeSnapshot { at_least };
        self.drained.notices.push_back(notice);
    }

    /// What the host may want to know about its snapshot files.
    pub(crate) fn drain_snapshot_notices(&mut self) {
        self.ask_for_snapshot();
        if self.snapshots.discarded.is_empty() {
            return;
        }
        for meta in self.snapshots.discarded.drain(..) {
            let meta = meta.into();
            self.drained.notices.push_back(Output::Discard { meta });
        }
    }

    /// Drops from the log what the newest snapshot covers, but for a tail that spares peers a
    /// little behind a snapshot.
    fn trim_log(&mut self) {
        let (limits, end) = (self.config.limits, self.snapshots.last().index);
        let tail = self
            .log
            .tail(end, limits.retained_entries, limits.snapshot_bytes);
        let (to, kept_for) = self.kept_for_peers(tail);
        if to <= self.log.base().index {
            return;
        }
        let removed = self.log.trim(to, self.config.rules());
        self.durability.trim(to);
        let base = self.log.base();
        self.trace(|_| Kind::Trimmed {
            base,
            removed,
            kept_for,
        });
        self.probe_where_trimmed();
    }

    /// Peers that were to be sent what is gone: the leader asks whether they need it. A peer
    /// that lacks the entry before the log will say so.
    fn probe_where_trimmed(&mut self) {
        let first = self.log.first();
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let behind = leading.peers.iter_mut();
        let behind = behind.filter(|(_, peer)| peer.pace != Pace::Snapshot && peer.next < first);
        let mut probed = Vec::new();
        for (id, peer) in behind {
            peer.probe(first, first);
            probed.push(*id);
        }
        for peer in probed {
            let (pace, next) = (Pace::Probe, first);
            self.trace(|_| Kind::ChangedPace { peer, pace, next });
        }
    }
}
