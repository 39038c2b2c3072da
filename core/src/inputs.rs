//! The other inputs: timers, clients, the disk, the state machine; and what a host may look at.
//!
//! Each input only changes state (the contract is in `io`): it notes time and cause, asks the
//! rules, and leaves what must go out to the drain. Messages come in by `raft`.

use crate::hash::StableHasher;
use crate::io::{Fence, ReadPath, Refusal};
use crate::payload::Payload;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Cause, Event, Kind, Timer};
use crate::types::{Entry, EntryBody, HardState, Index, LogId, NodeId, Ticket, WriteSeq};
use std::hash::{Hash, Hasher};

impl Raft {
    /// Fires every deadline that has passed. Calling it too early is harmless.
    pub fn expire(&mut self, now: Time) {
        self.enter(now, Cause::Timer(Timer::Election));
        if self.fenced.is_some() {
            return;
        }
        if matches!(self.state, State::Leader(_)) {
            if self.check_quorum_due().is_some_and(|due| now >= due) {
                self.cause = Cause::Timer(Timer::CheckQuorum);
                self.step_down_if_silent();
            }
            if matches!(self.state, State::Leader(_)) {
                self.transfer_if_due();
                self.cause = Cause::Disk(self.durability.done);
                self.retire_if_stalled();
            }
            self.heartbeat_if_due();
            if now >= self.membership_due() {
                // What follows is in `reconfigure`, while draining.
                self.cause = Cause::Timer(Timer::Member);
            }
        } else if now >= self.election.due {
            self.on_election_timeout();
        }
        self.retry_reads_if_due();
        self.tend_marks_if_due();
    }

    /// Takes a command into the log. The ticket ends exactly once, in `Settled`.
    ///
    /// # Errors
    /// Not leader, handing over, too large, overloaded, fenced: nothing was done and the ticket
    /// is free.
    pub fn propose(&mut self, now: Time, ticket: Ticket, command: Payload) -> Result<(), Refusal> {
        self.enter(now, Cause::Client(ticket));
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        let (limits, term) = (self.config.limits, self.hard_state.term);
        let next = self.log.last().index.following();
        let refusal = self.not_leader();
        let State::Leader(leading) = &mut self.state else {
            return Err(refusal);
        };
        let rules = self.config.rules();
        if leading.transfer.is_some() && rules.hold(Rule::E13Propose) {
            return Err(Refusal::Transferring);
        }
        if command.len() as u64 > limits.command_bytes {
            return Err(Refusal::TooLarge);
        }
        let Some(index) = next else {
            self.fence(Fence::Overflow);
            return Err(Refusal::Fenced);
        };
        let id = LogId { term, index };
        let entry = Entry {
            id,
            body: EntryBody::Command(command),
        };
        let full = leading.uncommitted + entry.size() > limits.uncommitted_bytes;
        if full && leading.uncommitted > 0 && rules.hold(Rule::C5Uncommitted) {
            return Err(Refusal::Overloaded);
        }
        leading.uncommitted += entry.size();
        leading.pending.push_back((id.index, ticket));
        self.log.push(entry);
        self.trace(|_| Kind::AppendedCommand { ticket, id });
        Ok(())
    }

    /// Asks for a read point. The ticket ends exactly once, in `ReadAt` or `ReadFailed`.
    ///
    /// # Errors
    /// Not leader (on the leader's path), no leader known, overloaded, switched off, fenced.
    pub fn read(&mut self, now: Time, ticket: Ticket, path: ReadPath) -> Result<(), Refusal> {
        self.enter(now, Cause::Client(ticket));
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        self.queue_read(ticket, path)
    }

    /// Every write up to `seq` is on disk.
    pub fn persisted(&mut self, now: Time, seq: WriteSeq) {
        let (undrained, commit) = (self.dirty, self.commit);
        self.enter(now, Cause::Disk(seq));
        let before = self.durability.index;
        if self.fenced.is_some() || !self.durability.persisted(seq) {
            return;
        }
        let durable = self.durability.index;
        self.trace(|_| Kind::Persisted { seq, durable });
        self.answer_if_installed(before);
        self.on_hard_state_durable();
        self.advance_commit();
        // A leader's own disk is mostly the first of the majority, and nothing comes of it alone.
        let leads = matches!(self.state, State::Leader(_));
        let rests = leads && self.commit == commit && !self.has_unwritten();
        self.dirty = undrained || !rests || self.wants_drain();
        self.hold_rest();
    }

    /// A write failed. The node stops for good: what is on disk is no longer known (trap D2).
    pub fn persist_failed(&mut self, now: Time, seq: WriteSeq) {
        if !self.rule(Rule::D2GoOn) {
            return self.persisted(now, seq);
        }
        self.enter(now, Cause::Disk(seq));
        self.fence(Fence::Storage);
    }

    /// The state machine has applied everything up to `index`.
    pub fn applied(&mut self, now: Time, index: Index) {
        let undrained = self.dirty;
        self.enter(now, Cause::Applied(index));
        assert!(
            index <= self.applying,
            "only what was handed out can be applied"
        );
        if index > self.applied {
            self.count_applied(index);
            self.applied = index;
            self.note_applied();
        }
        // There is one such report for each `Apply`, and mostly nothing to be drained after it.
        self.dirty = undrained || self.wants_drain();
        self.hold_rest();
    }

    /// Hint of the host about its connection to a peer; down means that what was on the way is
    /// probably lost.
    pub fn link(&mut self, now: Time, peer: NodeId, up: bool) {
        self.enter(now, Cause::Link(peer));
        let first = self.log.first();
        if let State::Leader(leading) = &mut self.state
            && let Some(progress) = leading.peers.get_mut(&peer)
        {
            if up {
                progress.probing = false;
            } else {
                progress.probe(progress.matched.next(), first);
            }
        }
    }

    /// Lets a timer fire now. For tests and for people who play; a server has no use for it.
    pub fn fire(&mut self, now: Time, timer: Timer) {
        self.enter(now, Cause::Timer(timer));
        if self.fenced.is_some() {
            return;
        }
        match timer {
            Timer::Election
                if !matches!(self.state, State::Leader(_))
                    || !self.rule(Rule::E12LeaderCampaigns) =>
            {
                self.on_election_timeout();
            }
            Timer::Heartbeat => {
                if let State::Leader(leading) = &mut self.state {
                    leading.heartbeat.due = now;
                }
                self.heartbeat_if_due();
            }
            // A leader has no election timer (trap E12), and the rest comes by itself.
            _ => {}
        }
    }

    /// When [`Raft::expire`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Time {
        if self.fenced.is_some() {
            return Time::NEVER;
        }
        let own = match &self.state {
            State::Leader(leading) => {
                let quorum = self.check_quorum_due().unwrap_or(Time::NEVER);
                // While handing over, that limit decides.
                let disk = self
                    .disk_stalled_due()
                    .filter(|_| leading.transfer.is_none());
                let disk = disk.unwrap_or(Time::NEVER);
                let members = self.membership_due();
                leading.heartbeat.due.min(quorum).min(disk).min(members)
            }
            _ => self.election.due,
        };
        let reads = self.reads.retry_due().min(self.marks.due(self.now));
        own.min(reads).min(self.transfer_due())
    }

    /// Entries `from..=to`. They must be in the log: ask only for what `Apply` named.
    pub fn entries(
        &self,
        from: Index,
        to: Index,
    ) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.log.range(from, to)
    }

    /// Switches the trace on or off. The first events of a life tell what the disk held.
    pub fn listen(&mut self, on: bool) {
        self.ears.listening = on;
        if !on {
            return self.ears.events.clear();
        }
        if !std::mem::replace(&mut self.ears.told_boot, true) {
            self.trace_suspicion();
            let HardState { term, vote } = self.hard_state;
            self.trace(|raft| Kind::Booted {
                term,
                vote,
                last: raft.log.last(),
            });
        }
    }

    /// Next trace event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.ears.events.pop_front()
    }

    /// Hash of the whole state except times, the same on every platform.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = StableHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}
