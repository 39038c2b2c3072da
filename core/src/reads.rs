//! ReadIndex, at the leader and through followers (thesis 6.4; design R1 and R2).
//!
//! A read point is `max(commit, opening entry of the term)`: taking the maximum instead of
//! refusing until the opening entry is committed loses nothing and avoids a livelock across
//! elections (traps L1, L2). Leadership is proven by a contact round that starts after the read
//! came in; rounds are numbered by the leader, never by the client (L3). One round is open at a
//! time, so any number of reads cost one message per peer.

use crate::io::{Fence, ReadPath, Refusal};
use crate::message::Body;
use crate::quorum;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Cause, FallBack, IgnoreReason, Kind, ReadProof, Timer};
use crate::types::{Index, NodeId, Round, Ticket};
use std::collections::VecDeque;

/// Somebody who waits for a read point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reader {
    /// A read of this node's own host.
    Local(Ticket),
    /// A batch of a follower.
    Remote { node: NodeId, request: u64 },
}

/// Reads that share a round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Batch {
    pub round: Round,
    pub index: Index,
    pub readers: Vec<Reader>,
}

/// A leader's reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LeaderReads {
    /// Came in since the last round started.
    pub queued: Vec<Reader>,
    /// Wait for the echo of their round, oldest first.
    pub open: VecDeque<Batch>,
}

impl LeaderReads {
    fn holds(&self, reader: Reader) -> bool {
        let mut open = self.open.iter();
        self.queued.contains(&reader) || open.any(|batch| batch.readers.contains(&reader))
    }

    fn count(&self) -> usize {
        self.queued.len()
            + self
                .open
                .iter()
                .map(|batch| batch.readers.len())
                .sum::<usize>()
    }
}

/// Reads of this node that are not the leader's business (any more).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct FollowerReads {
    /// Not asked for yet.
    pub queued: Vec<Ticket>,
    /// Asked for under this number, and when to ask again.
    pub asked: Option<Asked>,
    /// Number of the last question. Starts at random in each life: an answer to a question of
    /// an earlier life must not end one of this life (trap L3).
    pub request: u64,
    /// Read points known; served when handed to the state machine.
    pub ready: Vec<Ready>,
    /// Ended without an answer; told at the next drain.
    pub failed: Vec<(Ticket, Refusal)>,
}

/// A read whose read point is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ready {
    pub ticket: Ticket,
    pub index: Index,
    /// Served from a lease that ends then.
    pub until: Option<Time>,
}

impl Ready {
    fn new(ticket: Ticket, index: Index) -> Ready {
        let until = None;
        Ready {
            ticket,
            index,
            until,
        }
    }
}

/// A question to the leader that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    pub request: u64,
    pub tickets: Vec<Ticket>,
    pub retry: Time,
}

impl FollowerReads {
    /// When to ask again.
    pub fn retry_due(&self) -> Time {
        self.asked.as_ref().map_or(Time::NEVER, |asked| asked.retry)
    }

    fn count(&self) -> usize {
        let asked = self.asked.as_ref().map_or(0, |asked| asked.tickets.len());
        self.queued.len() + asked + self.ready.len()
    }
}

impl Raft {
    pub(crate) fn queue_read(&mut self, ticket: Ticket, path: ReadPath) -> Result<(), Refusal> {
        if path == ReadPath::Quorum {
            return self.queue_quorum_read(ticket);
        }
        let limit = self.config.limits.open_reads;
        let refusal = self.not_leader();
        if self.reads.count() >= limit {
            return Err(Refusal::Overloaded);
        }
        if path == ReadPath::Lease && !self.config.switches.lease_reads {
            return Err(Refusal::Disabled);
        }
        let lease = self.lease_end().filter(|end| *end > self.now);
        match (&mut self.state, path) {
            (State::Leader(leading), ReadPath::Lease) if lease.is_some() => {
                let index = match self.config.rules().hold(Rule::L1NoOwnEntry) {
                    true => self.commit.max(leading.noop),
                    false => self.commit,
                };
                let read = Ready {
                    until: lease,
                    ..Ready::new(ticket, index)
                };
                self.reads.ready.push(read);
            }
            (State::Leader(leading), _) => {
                if leading.reads.count() >= limit {
                    return Err(Refusal::Overloaded);
                }
                leading.reads.queued.push(Reader::Local(ticket));
            }
            (_, ReadPath::Leader | ReadPath::Lease) => return Err(refusal),
            (_, ReadPath::Follower | ReadPath::Quorum) => {
                if self.leader.is_none() {
                    return Err(refusal);
                }
                self.reads.queued.push(ticket);
            }
        }
        self.trace(|_| Kind::ReadQueued { ticket, path });
        if path == ReadPath::Lease {
            self.tell_lease_read(lease);
        }
        Ok(())
    }

    fn tell_lease_read(&mut self, lease: Option<Time>) {
        let (reads, last) = (1, self.reads.ready.last().map(|read| read.index));
        let index = last.unwrap_or_default();
        let why = FallBack::NoLease;
        self.trace(|_| match lease {
            Some(until) => Kind::ReadConfirmed {
                proof: ReadProof::Lease { until },
                index,
                reads,
            },
            None => Kind::ReadFellBack { reads, why },
        });
    }

    // ------------------------------------------------------------- the leader

    /// Opens a round for the reads that wait, unless one is open already; later reads share the
    /// next one. Called while draining, before appends are built.
    pub(crate) fn start_read_round(&mut self) {
        if !matches!(self.state, State::Leader(_)) {
            return;
        }
        self.ask_leader_about_marks(0);
        let (commit, rules) = (self.commit, self.config.rules());
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        // A heartbeat in this drain starts a round anyway; otherwise one is open at a time.
        let may_start = leading.reads.open.is_empty() || leading.beat;
        if leading.reads.queued.is_empty() || !may_start {
            return;
        }
        let Some(round) = leading.round.next() else {
            return self.fence(Fence::Overflow);
        };
        leading.round = round;
        leading.lease.begin(round, self.now, &self.config.timing);
        let index = match rules.hold(Rule::L1NoOwnEntry) {
            true => commit.max(leading.noop),
            false => commit,
        };
        let round = match rules.hold(Rule::L3AnyRound) {
            true => round,
            false => Round(round.0 - 1),
        };
        let readers = std::mem::take(&mut leading.reads.queued);
        leading.reads.open.push_back(Batch {
            round,
            index,
            readers,
        });
        self.confirm_reads();
    }

    /// Lets go every batch whose round a majority has echoed in this term.
    pub(crate) fn confirm_reads(&mut self) {
        let rules = self.config.rules();
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        if leading.reads.open.is_empty() {
            return;
        }
        let Some(membership) = self.log.membership() else {
            return;
        };
        let echoed = |node: NodeId| match leading.peers.get(&node) {
            Some(peer) => peer.echoed.0,
            None => u64::MAX,
        };
        let deciding = rules.both_halves(Rule::M4Reads, &membership.members);
        let round = match rules.hold(Rule::L4NoRound) {
            true => Round(quorum::agreed_by(rules, &deciding, echoed)),
            false => leading.round,
        };
        let mut confirmed = Vec::new();
        while leading
            .reads
            .open
            .front()
            .is_some_and(|batch| batch.round <= round)
        {
            confirmed.extend(leading.reads.open.pop_front());
        }
        for batch in confirmed {
            let (round, index, reads) = (batch.round, batch.index, batch.readers.len());
            self.trace(|_| Kind::ReadConfirmed {
                proof: ReadProof::Round(round),
                index,
                reads,
            });
            for reader in batch.readers {
                match reader {
                    Reader::Local(ticket) => self.reads.ready.push(Ready::new(ticket, index)),
                    Reader::Remote { node, request } => {
                        self.send(
                            node,
                            Body::ReadIndexReply {
                                request,
                                index: Some(index),
                            },
                        );
                    }
                }
            }
        }
    }

    /// A follower asks on behalf of its reads.
    pub(crate) fn on_read_index(&mut self, node: NodeId, request: u64) {
        let limit = self.config.limits.open_reads;
        let reader = Reader::Remote { node, request };
        if let State::Leader(leading) = &mut self.state {
            // Asked again before a majority was heard: the answer to come is for both.
            if leading.reads.holds(reader) {
                return;
            }
            if leading.reads.count() < limit {
                leading.reads.queued.push(reader);
                return;
            }
        }
        self.send(
            node,
            Body::ReadIndexReply {
                request,
                index: None,
            },
        );
    }

    /// Leadership is over: nothing that waits here can be proven any more (trap L12).
    pub(crate) fn fail_leader_reads(&mut self, reads: LeaderReads) {
        if !self.rule(Rule::L12Hang) {
            return;
        }
        let open = reads.open.into_iter().flat_map(|batch| batch.readers);
        for reader in open.chain(reads.queued) {
            match reader {
                Reader::Local(ticket) => self.fail_read(ticket, Refusal::LeaderLost),
                Reader::Remote { node, request } => {
                    self.send(
                        node,
                        Body::ReadIndexReply {
                            request,
                            index: None,
                        },
                    );
                }
            }
        }
    }

    // ----------------------------------------------------------- the follower

    /// Asks the leader once for all reads that wait, if no question is on its way.
    pub(crate) fn ask_read_index(&mut self) {
        let Some(leader) = self.leader.filter(|leader| *leader != self.id()) else {
            return;
        };
        if self.reads.asked.is_some() {
            return;
        }
        let request = self.reads.request.wrapping_add(1);
        let marks = self.ask_leader_about_marks(request);
        if self.reads.queued.is_empty() && !marks {
            return;
        }
        self.reads.request = request;
        let retry = self.now + self.config.timing.heartbeat + self.config.timing.heartbeat;
        let tickets = std::mem::take(&mut self.reads.queued);
        self.reads.asked = Some(Asked {
            request,
            tickets,
            retry,
        });
        self.send(leader, Body::ReadIndex { request });
    }

    /// The question or its answer seems lost: ask again under the same number. All its reads
    /// came in before it was first asked, so an answer to either question serves them; a new
    /// number each time would never end on a link slower than the retries.
    pub(crate) fn retry_reads_if_due(&mut self) {
        if self.now < self.reads.retry_due() {
            return;
        }
        self.cause = Cause::Timer(Timer::ReadRetry);
        let retry = self.now + self.config.timing.heartbeat + self.config.timing.heartbeat;
        if let (Some(asked), Some(leader)) = (&mut self.reads.asked, self.leader) {
            asked.retry = retry;
            let request = asked.request;
            self.send(leader, Body::ReadIndex { request });
        }
    }

    pub(crate) fn on_read_index_reply(&mut self, request: u64, index: Option<Index>) {
        // Without an index the leader could not prove itself or was busy: the retry asks again.
        let Some(index) = index else {
            return;
        };
        let any = !self.rule(Rule::L3AnyAnswer);
        let answered = |asked: &mut Asked| asked.request == request || any;
        let Some(asked) = self.reads.asked.take_if(answered) else {
            let from = self.leader.unwrap_or_default();
            return self.ignore(from, IgnoreReason::TooLate);
        };
        self.reads.ready.extend(
            asked
                .tickets
                .into_iter()
                .map(|ticket| Ready::new(ticket, index)),
        );
        self.lower_marks(request, index);
    }

    /// The leader is gone: reads that still wait for its word end.
    pub(crate) fn fail_follower_reads(&mut self, why: Refusal) {
        let asked = self
            .reads
            .asked
            .take()
            .map_or_else(Vec::new, |asked| asked.tickets);
        self.forget_help();
        let queued = std::mem::take(&mut self.reads.queued);
        for ticket in asked.into_iter().chain(queued) {
            self.fail_read(ticket, why);
        }
        // A read point above the commit index was promised by a leader that is gone: the next
        // one may never reach it (trap L12). A fenced node serves nothing at all.
        let commit = self.commit;
        for read in std::mem::take(&mut self.reads.ready) {
            if why != Refusal::Fenced && read.index <= commit {
                self.reads.ready.push(read);
            } else {
                self.fail_read(read.ticket, why);
            }
        }
    }

    pub(crate) fn fail_read(&mut self, ticket: Ticket, why: Refusal) {
        self.reads.failed.push((ticket, why));
        self.trace(|_| Kind::ReadFailed { ticket, why });
    }
}
