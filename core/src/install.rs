//! Receiving a snapshot: what it is good for, and putting it in place of the log.
//!
//! Paper 7 and figure 13; thesis 5. Guarantees: a snapshot at or below the commit index changes
//! nothing (trap S2); one whose last entry is in the log keeps the tail (S2); any other replaces
//! the whole log (S1), in one step with the write that says so (S3). Nothing is acknowledged, and
//! the state machine learns of nothing, before the disk has it; and never while it is busy (S9).

use crate::io::{Fence, Output};
use crate::log::Log;
use crate::message::Body;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::snapshot::Staged;
use crate::state::State;
use crate::time::Time;
use crate::trace::{
    Cause, CommitReason, FollowerReason, Held, IgnoreReason, InstallReason, Kind, SnapshotUseless,
};
use crate::types::{Index, Lane, Mark, NodeId, Round, SnapshotMeta};

/// What a snapshot of somebody else is good for.
enum Verdict {
    /// Nothing.
    Useless(SnapshotUseless),
    /// The log ends before it, or contradicts it.
    Needed(InstallReason),
}

impl Raft {
    // -------------------------------------------------------------- the inputs

    /// The leader offers a snapshot, because it no longer has the entries that are missing here.
    /// As good as a heartbeat (trap E8); the bytes take another way.
    pub(crate) fn on_snapshot_offer(
        &mut self,
        from: NodeId,
        lane: Lane,
        round: Round,
        meta: &SnapshotMeta,
    ) {
        if self.is_second_leader(from) {
            return self.fence(Fence::TwoLeaders);
        }
        if !meta.is_sound() || meta.last.term > self.hard_state.term {
            return self.ignore(from, IgnoreReason::Malformed);
        }
        self.follow(from, true);
        // The answer to an offer echoes the round: no other answer is owed for it.
        let owed = self.ack.owed;
        self.note_contact(lane, round);
        self.ack.owed = owed;
        self.ack.offered = true;
        if let Verdict::Useless(why) = self.judge(meta)
            && !self.is_installing()
        {
            self.take_word(meta, why);
            // What is committed here is in the log of every leader of this term (paper 5.4).
            self.prove(self.commit);
        }
    }

    /// Every byte of a snapshot that was streamed here is on disk, beside the log, and verified;
    /// `lane` came with the bytes. Ends in `Install` or `Discard`, perhaps not at once.
    pub fn staged(&mut self, now: Time, lane: Lane, meta: SnapshotMeta) {
        self.enter(now, Cause::Snapshot(meta.last));
        if self.fenced.is_some() {
            return;
        }
        if !meta.is_sound() || meta.last.term > lane.term {
            let from = self.leader.unwrap_or_default();
            self.snapshots.discarded.push(meta);
            return self.ignore(from, IgnoreReason::Malformed);
        }
        // A late word of the host: its bytes are on their way into place already.
        if self.is_installing() && self.snapshots.latest.as_ref() == Some(&meta) {
            return;
        }
        let old = self.snapshots.staged.replace(Staged { lane, meta });
        let new = self.snapshots.staged.as_ref().map(|staged| &staged.meta);
        if let Some(old) = old.filter(|old| Some(&old.meta) != new) {
            self.snapshots.discarded.push(old.meta);
        }
    }

    // ------------------------------------------------------------ the decision

    /// Decides about a staged snapshot, if the time has come. Called first in a drain.
    pub(crate) fn consider_staged(&mut self) {
        let Some(staged) = &self.snapshots.staged else {
            return;
        };
        // Its leader's term must be known here, or its last entry could be newer than the term;
        // and one snapshot is put in place at a time.
        if staged.lane.term > self.hard_state.term || self.is_installing() {
            return;
        }
        let verdict = match &self.state {
            State::Leader(_) => Verdict::Useless(SnapshotUseless::Leading),
            _ => self.judge(&staged.meta),
        };
        // The state machine finishes first what it was given (trap S9).
        let busy = self.applied < self.applying && self.rule(Rule::S9Overtake);
        if matches!(verdict, Verdict::Needed(_)) && busy {
            return;
        }
        let Some(Staged { meta, .. }) = self.snapshots.staged.take() else {
            return;
        };
        match verdict {
            Verdict::Useless(why) => {
                self.take_word(&meta, why);
                self.snapshots.discarded.push(meta);
            }
            Verdict::Needed(reason) => self.install(meta, reason),
        }
    }

    fn judge(&self, meta: &SnapshotMeta) -> Verdict {
        let (last, commit) = (meta.last, self.commit);
        if last.index <= commit && self.rule(Rule::S2GoBack) {
            return Verdict::Useless(SnapshotUseless::Committed { commit });
        }
        match self.log.term_at(last.index) {
            Some(term) if term == last.term && !self.rule(Rule::S2DropTail) => {
                let end = self.log.last();
                Verdict::Needed(InstallReason::Ahead { end })
            }
            Some(term) if term == last.term || !self.rule(Rule::S1KeepLog) => {
                Verdict::Useless(SnapshotUseless::InLog)
            }
            Some(mine) => Verdict::Needed(InstallReason::Conflict { mine }),
            None => {
                let end = self.log.last();
                Verdict::Needed(InstallReason::Ahead { end })
            }
        }
    }

    /// A snapshot that is not needed still says that its last entry is committed; if that entry
    /// is in the log, so is everything before it.
    fn take_word(&mut self, meta: &SnapshotMeta, why: SnapshotUseless) {
        let last = meta.last;
        self.trace(|_| Kind::SnapshotIgnored { last, why });
        if why == SnapshotUseless::InLog {
            self.commit_by_snapshot(meta);
        }
    }

    fn commit_by_snapshot(&mut self, meta: &SnapshotMeta) {
        let (from, to) = (self.commit, meta.last.index);
        self.commit = to;
        self.told_commit = self.told_commit.max(to);
        let reason = CommitReason::Snapshot(meta.last);
        self.trace(|_| Kind::Committed { from, to, reason });
    }

    /// Puts the snapshot in place of the log, in memory; the next write does it on disk.
    fn install(&mut self, meta: SnapshotMeta, reason: InstallReason) {
        let (last, committed, term) = (meta.last, self.commit, self.hard_state.term);
        assert!(
            last.index > committed && last.term <= term,
            "an installed snapshot is ahead of what is committed, and not of the term"
        );
        if !matches!(self.state, State::Follower) {
            // Its log is about to become another: votes for the old one do not count.
            self.become_follower(term, None, FollowerReason::InstallsSnapshot);
        }
        let removed = self.log.last().index.0 - self.log.base().index.0;
        let before = self.membership().map(|membership| membership.id);
        self.trace(|_| Kind::InstallingSnapshot {
            last,
            reason,
            removed,
        });
        self.log = Log::after(&meta);
        let rules = self.config.rules();
        self.durability.install(meta.clone(), committed, rules);
        // Whoever leads this term has what was committed before it (paper 5.4).
        self.proven = Mark {
            leader_term: term,
            index: last.index,
        };
        self.commit_by_snapshot(&meta);
        self.snapshots.replace(meta);
        if self.membership().map(|membership| membership.id) != before {
            self.note_membership(false);
        }
        if let Some(to) = self.leader {
            let (received, durable) = (last.index, self.durability.index);
            let what = Held::Acknowledgement {
                to,
                received,
                durable,
            };
            self.trace(|_| Kind::HeldForDisk { what });
        }
    }

    // ---------------------------------------------------------- after the disk

    /// Whether the disk still has to put a snapshot in place of the log.
    pub(crate) fn is_installing(&self) -> bool {
        self.durability.index < self.log.base().index
    }

    /// The disk reported; `before` is how far it was. If that put a snapshot in place, the leader
    /// is told so.
    pub(crate) fn answer_if_installed(&mut self, before: Index) {
        let (base, durable) = (self.log.base().index, self.durability.index);
        if before >= base || durable < base {
            return;
        }
        self.ack.offered = true;
        if let Some(to) = self.leader {
            let received = self.proven.index;
            let what = Held::Acknowledgement {
                to,
                received,
                durable,
            };
            self.trace(|_| Kind::Released { what });
        }
    }

    /// Answers an offer: what agrees with the leader and is on disk.
    pub(crate) fn answer_offer(&mut self, leader: NodeId, durable: Index) {
        self.ack.told = self.ack.told.max(durable);
        let (lane, round) = (self.ack.lane, self.ack.round);
        self.send(
            leader,
            Body::SnapshotReply {
                lane,
                round,
                matched: durable,
            },
        );
    }

    /// Tells the state machine of a snapshot that is in force on disk.
    pub(crate) fn drain_install(&mut self) {
        let waits = self.is_installing() && self.rule(Rule::S3LoadEarly);
        if self.applying >= self.snapshots.last().index || waits {
            return;
        }
        let Some(meta) = self.snapshots.latest.clone() else {
            return;
        };
        let last = meta.last;
        self.applying = last.index;
        self.trace(|_| Kind::SnapshotInstalled { last });
        let meta = meta.into();
        self.drained.work.push_back(Output::Install { meta });
    }

    /// Whether entries may be handed out: not while a snapshot is about to overtake them, nor
    /// while one waits for the state machine to come to rest.
    pub(crate) fn may_apply(&self) -> bool {
        let overtaken = self.applying < self.snapshots.last().index;
        let waited_for = self.snapshots.staged.is_some() && self.applied < self.applying;
        !overtaken && !waited_for
    }
}
