//! The drain: what leaves the machine, in one fixed order.
//!
//! Write, sends, streams, install, apply, answers, notices. Everything here is derived from state,
//! so one drain after five hundred proposals makes one write and one append per peer (thesis
//! 10.2.1, 10.2.2).

use crate::io::{Fence, Outcome, Output, Write};
use crate::message::Message;
use crate::raft::Raft;
use crate::reconfigure::Stage;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Time;
use crate::trace::Kind;
use crate::types::{HardState, Index, Ticket};
use std::collections::VecDeque;

/// What a drain leaves for the host to fetch, in this order. What there is much of has a queue of
/// its own, so that it is moved but once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Drained {
    write: Option<Write>,
    sends: VecDeque<Message>,
    /// Streams and install.
    pub work: VecDeque<Output>,
    apply: Option<(Index, Index)>,
    settled: VecDeque<(Ticket, Outcome)>,
    /// Reads that ended, and everything after them.
    pub notices: VecDeque<Output>,
}

impl Drained {
    pub fn is_empty(&self) -> bool {
        let Drained { write, sends, .. } = self;
        let first = write.is_none() && sends.is_empty() && self.work.is_empty();
        first && self.apply.is_none() && self.settled.is_empty() && self.notices.is_empty()
    }

    #[inline]
    fn next(&mut self) -> Option<Output> {
        if let Some(write) = self.write.take() {
            return Some(Output::Write(write));
        }
        if let Some(message) = self.sends.pop_front() {
            return Some(Output::Send(message));
        }
        if let Some(work) = self.work.pop_front() {
            return Some(work);
        }
        if let Some((from, to)) = self.apply.take() {
            return Some(Output::Apply { from, to });
        }
        if let Some((ticket, outcome)) = self.settled.pop_front() {
            return Some(Output::Settled { ticket, outcome });
        }
        self.notices.pop_front()
    }
}

impl Raft {
    /// Next output, or `None` when drained. Call until `None` after feeding inputs.
    #[inline]
    pub fn poll(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.dirty) {
            self.drain();
        }
        self.drained.next()
    }

    /// All messages that leave now, for a host that hands them on as they are; [`Raft::poll`] gives
    /// out the rest. What must be on disk first was held back until it was, so they may leave
    /// before the write of the same drain, or beside it.
    pub fn messages(&mut self) -> impl Iterator<Item = Message> + '_ {
        if std::mem::take(&mut self.dirty) {
            self.drain();
        }
        self.drained.sends.drain(..)
    }

    fn drain(&mut self) {
        if self.fenced.is_none() {
            self.consider_trust();
            self.consider_staged();
            self.tend_membership();
            self.drive_transfer();
            self.start_mark_round();
            self.start_read_round();
            self.ask_read_index();
            self.acknowledge();
            self.build_appends();
        }
        // Numbers may run out on the way (trap E18): who stops for good then asks for no more.
        if self.fenced.is_none() {
            self.drain_write();
        }
        if self.fenced.is_none() {
            if !self.outbox.is_empty() {
                // The other queue is empty, and each is used again.
                std::mem::swap(&mut self.outbox, &mut self.drained.sends);
            }
            self.drain_streams();
            self.drain_install();
            self.drain_apply();
        }
        self.drain_answers();
        self.drain_notices();
        self.hold_invariants();
    }

    /// In debug builds every drain of every node ends with a look at its invariants, whoever the
    /// host is. Not where a rule is broken on purpose: then the checks of the simulator are to
    /// find it, and a panic would hide what.
    fn hold_invariants(&self) {
        if cfg!(debug_assertions) && self.config.rules().all() {
            let broken = self.check().err();
            debug_assert!(broken.is_none(), "invariant broken: {broken:?}");
        }
    }

    /// Whether memory holds a promise that no write does.
    fn must_sync(&self) -> bool {
        let disk = &self.durability;
        disk.issued_hard_state != self.hard_state
            || disk.install.is_some()
            || disk.cut.is_some()
            || disk.unwritten <= self.log.last().index
    }

    /// Whether there is anything to be written.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.must_sync() || self.durability.trim.is_some()
    }

    /// Whether anything may come of a report of the disk or of the state machine that has moved
    /// nothing else: more to hand out, a snapshot to install now that the state machine has come
    /// to rest, or one to take; somebody to part from; a quorum read, or the wait for who was
    /// handed the lead, that has lasted long enough.
    pub(crate) fn wants_drain(&self) -> bool {
        let parts = match &self.state {
            State::Leader(leading) => !leading.leaving.is_empty(),
            _ => false,
        };
        parts
            || self.applying < self.commit
            || self.snapshots.staged.is_some()
            || self.snapshot_due()
            || !self.marks.queued.is_empty()
            || !self.marks.waiting.is_empty()
            || self.handed.is_some()
    }

    /// In debug builds: where no drain is wanted, none would change or give out anything.
    pub(crate) fn hold_rest(&self) {
        if cfg!(debug_assertions) && !self.dirty && self.config.rules().all() {
            let mut drained = self.clone();
            drained.drain();
            debug_assert!(drained == *self, "a drain was left out that was wanted");
        }
    }

    /// One write for everything the disk does not have yet, if it may take another.
    fn drain_write(&mut self) {
        let (disk, last) = (&self.durability, self.log.last().index);
        let must_sync = self.must_sync();
        if !self.has_unwritten() || disk.in_flight() >= self.config.limits.writes_in_flight {
            return;
        }
        let hard_state = (disk.issued_hard_state != self.hard_state).then_some(self.hard_state);
        let (cut_from, trim_to) = (disk.cut, disk.trim);
        let install = disk.install.clone().map(Box::new);
        let append = self.log.run(disk.unwritten, last);
        let Some(seq) = self.durability.issue(self.hard_state, last, self.now) else {
            return self.fence(Fence::Overflow);
        };
        let hard_state = match self.rule(Rule::E1Term) {
            true => hard_state,
            false => Some(HardState {
                term: self.log.last().term,
                vote: None,
            }),
        };
        self.drained.write = Some(Write {
            seq,
            install,
            hard_state,
            cut_from,
            append,
            trim_to,
            must_sync,
        });
    }

    /// Hands out what is committed and on the own disk, within the limit.
    fn drain_apply(&mut self) {
        if !self.may_apply() {
            return;
        }
        let unapplied = self.config.limits.unapplied_entries;
        let limit = Index(self.applied.0.saturating_add(unapplied));
        let on_disk = match self.rule(Rule::R16ApplyEarly) {
            true => self.durability.index,
            false => self.commit,
        };
        let to = self.commit.min(on_disk).min(limit);
        if to > self.applying {
            let from = self.applying.next();
            self.applying = to;
            self.trace(|_| Kind::Applying { from, to });
            self.drained.apply = Some((from, to));
        }
    }

    fn drain_answers(&mut self) {
        let (applying, term) = (self.applying, self.hard_state.term);
        if let State::Leader(leading) = &mut self.state {
            while leading
                .pending
                .front()
                .is_some_and(|(index, _)| *index <= applying)
            {
                let Some((index, ticket)) = leading.pending.pop_front() else {
                    break;
                };
                let id = crate::types::LogId { term, index };
                self.settled.push_back((ticket, Outcome::Committed(id)));
            }
        }
        if let State::Leader(leading) = &mut self.state
            && let Some(change) = &leading.change
            && let Stage::Final(id) = change.stage
            && id.index <= applying
        {
            let ended = change.ticket.map(|ticket| (ticket, Outcome::Committed(id)));
            self.settled.extend(ended);
            leading.change = None;
        }
        self.conclude_transfer();
        if !self.settled.is_empty() {
            std::mem::swap(&mut self.settled, &mut self.drained.settled);
        }
        if !self.reads.ready.is_empty() || !self.marks.waiting.is_empty() {
            self.drain_reads(applying);
        }
        for (ticket, why) in self.reads.failed.drain(..) {
            let failed = Output::ReadFailed { ticket, why };
            self.drained.notices.push_back(failed);
        }
    }

    /// Reads whose read point has been handed to the state machine.
    fn drain_reads(&mut self, applying: Index) {
        let ready = std::mem::take(&mut self.reads.ready);
        for read in ready {
            let early = !self.rule(Rule::L5NoApply);
            if read.index <= applying || early {
                self.serve_read(read.ticket, read.index.min(applying), read.until);
            } else {
                self.reads.ready.push(read);
            }
        }
        for (ticket, index) in self.marked_and_applied(applying) {
            self.serve_read(ticket, index.min(applying), None);
        }
    }

    fn serve_read(&mut self, ticket: Ticket, index: Index, until: Option<Time>) {
        self.trace(|_| Kind::ReadServed { ticket, index });
        self.drained.notices.push_back(Output::ReadAt {
            ticket,
            index,
            until,
        });
    }

    fn drain_notices(&mut self) {
        let leader = (self.hard_state.term, self.leader);
        if self.told_leader != leader {
            self.told_leader = leader;
            self.drained.notices.push_back(Output::Leader {
                term: leader.0,
                id: leader.1,
            });
        }
        if let Some(membership) = self.log.membership() {
            let told = (membership.index(), membership.index() <= self.commit);
            let gone = self.belonged
                && (told.1 || !self.rule(Rule::M12GoneEarly))
                && !matches!(self.state, State::Leader(_))
                && !membership.members.contains(self.config.id);
            if self.told_members != told {
                self.told_members = told;
                let membership = Box::new(membership.clone());
                let id = membership.id;
                self.drained.notices.push_back(Output::Members {
                    membership,
                    committed: told.1,
                });
                if told.1 {
                    self.trace(|_| Kind::MembershipCommitted { id });
                }
            }
            if gone {
                self.belonged = false;
                self.drained.notices.push_back(Output::Removed);
            }
        }
        if std::mem::take(&mut self.regained) {
            self.drained.notices.push_back(Output::Trusted);
        }
        if let Some(why) = self.fenced
            && !self.told_fence
        {
            self.told_fence = true;
            self.drained.notices.push_back(Output::Fenced(why));
        }
        self.drain_snapshot_notices();
    }
}
