//! The drain: what leaves the machine, in one fixed order.
//!
//! Write, sends, streams, install, apply, answers, notices. Everything here is derived from state, so one drain
//! after five hundred proposals makes one write and one append per peer (thesis 10.2.1, 10.2.2).

use crate::io::{Fence, Outcome, Output, Write};
use crate::raft::Raft;
use crate::reconfigure::Stage;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Time;
use crate::trace::Kind;
use crate::types::{HardState, Index, Ticket};

impl Raft {
    /// Next output, or `None` when drained. Call until `None` after feeding inputs.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if !self.dirty {
            return None;
        }
        self.dirty = false;
        self.drain();
        self.outputs.pop_front()
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
            self.outputs.extend(self.outbox.drain(..).map(Output::Send));
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

    /// One write for everything the disk does not have yet, if it may take another.
    fn drain_write(&mut self) {
        let disk = &self.durability;
        let last = self.log.last().index;
        let hard_state = (disk.issued_hard_state != self.hard_state).then_some(self.hard_state);
        let must_sync = hard_state.is_some()
            || disk.install.is_some()
            || disk.cut.is_some()
            || disk.unwritten <= last;
        let has_work = must_sync || disk.trim.is_some();
        if !has_work || disk.in_flight() >= self.config.limits.writes_in_flight {
            return;
        }
        let (cut_from, trim_to) = (disk.cut, disk.trim);
        let install = disk.install.clone();
        let append = self.log.range(disk.unwritten, last).to_vec();
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
        self.outputs.push_back(Output::Write(Write {
            seq,
            install,
            hard_state,
            cut_from,
            append,
            trim_to,
            must_sync,
        }));
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
            self.outputs.push_back(Output::Apply { from, to });
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
                self.settled.push((ticket, Outcome::Committed(id)));
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
        let settled = self.settled.drain(..);
        let settled = settled.map(|(ticket, outcome)| Output::Settled { ticket, outcome });
        self.outputs.extend(settled);
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
        for (ticket, why) in std::mem::take(&mut self.reads.failed) {
            self.outputs.push_back(Output::ReadFailed { ticket, why });
        }
    }

    fn serve_read(&mut self, ticket: Ticket, index: Index, until: Option<Time>) {
        self.trace(|_| Kind::ReadServed { ticket, index });
        self.outputs.push_back(Output::ReadAt {
            ticket,
            index,
            until,
        });
    }

    fn drain_notices(&mut self) {
        let leader = (self.hard_state.term, self.leader);
        if self.told_leader != leader {
            self.told_leader = leader;
            self.outputs.push_back(Output::Leader {
                term: leader.0,
                id: leader.1,
            });
        }
        if let Some(membership) = self.log.membership() {
            let told = (membership.index(), membership.index() <= self.commit);
            let gone = told.1 && !membership.members.contains(self.config.id);
            if self.told_members != told {
                self.told_members = told;
                let membership = membership.clone();
                let id = membership.id;
                self.outputs.push_back(Output::Members {
                    membership,
                    committed: told.1,
                });
                if told.1 {
                    self.trace(|_| Kind::MembershipCommitted { id });
                }
            }
            if gone && self.belonged && !matches!(self.state, State::Leader(_)) {
                self.belonged = false;
                self.outputs.push_back(Output::Removed);
            }
        }
        if std::mem::take(&mut self.regained) {
            self.outputs.push_back(Output::Trusted);
        }
        if let Some(why) = self.fenced
            && !self.told_fence
        {
            self.told_fence = true;
            self.outputs.push_back(Output::Fenced(why));
        }
        self.drain_snapshot_notices();
    }
}
