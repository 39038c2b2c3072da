//! Quorum reads: from a majority of the voters, without the leader (design R4).
//!
//! The idea is that of Arora and others (HotCloud 2017). Whoever reads asks the voters how long
//! their logs are; the longest of a majority of answers is the read point `K`, and the read is
//! served once the own state machine has applied it. Why that is enough: a completed write is on
//! the disks of a majority, two majorities share a voter, and what is committed is never cut. So
//! no answer needs a term, and none changes one: a read disturbs nobody.
//!
//! The voters asked are those of the newest membership known to be *committed*. Where the own log
//! or any answer names a newer one the read falls back to the leader (trap L13): a write may
//! stand on a majority of voters that this node has not heard of.

use crate::io::{ReadPath, Refusal};
use crate::membership::Membership;
use crate::message::Body;
use crate::quorum::{self, Tally};
use crate::raft::Raft;
use crate::reads::Reader;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::{Cause, FallBack, IgnoreReason, Kind, ReadProof, Timer};
use crate::types::{Index, LogId, NodeId, Ticket};
use std::collections::BTreeMap;

/// Quorum reads of this node, whatever its role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct MarkReads {
    /// Not asked for yet; they share the next round.
    pub queued: Vec<Wanted>,
    /// No round starts before this: the last one fell back and there was nobody to fall back on.
    pause: Time,
    /// The round that is on its way, if any.
    pub asked: Option<AskedMarks>,
    /// Their read point is known and not applied yet.
    pub waiting: Vec<Marked>,
    /// Number of the last round. Starts at random in each life, like that of a follower's reads
    /// (trap L3).
    pub request: u64,
}

/// A read and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    ticket: Ticket,
    give_up: Time,
}

/// A round of marks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AskedMarks {
    pub request: u64,
    pub reads: Vec<Wanted>,
    /// The newest membership known to be committed when it began.
    pub basis: Membership,
    /// Who answered, with the end of its log.
    pub marks: BTreeMap<NodeId, Index>,
    retry: Time,
}

/// A read with its read point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Marked {
    read: Wanted,
    pub index: Index,
    /// When the leader is asked too: the mark may be the end of a log that is never committed.
    ask_leader: Time,
    /// It was, with this question.
    help: Option<u64>,
}

impl MarkReads {
    /// Reads that wait for a round or for answers to one.
    pub fn unmarked(&self) -> usize {
        self.queued.len() + self.asked.as_ref().map_or(0, |asked| asked.reads.len())
    }

    fn count(&self) -> usize {
        self.unmarked() + self.waiting.len()
    }

    /// When something is to be asked again, or given up. What is in the past was done in the last
    /// drain, or waits for something other than time.
    pub fn due(&self, now: Time) -> Time {
        let asked = self.asked.iter();
        let open = asked.clone().flat_map(|asked| &asked.reads);
        let waiting = self.waiting.iter().map(|marked| &marked.read);
        let reads = self.queued.iter().chain(open).chain(waiting);
        let help = self.waiting.iter().filter(|marked| marked.ask_leader > now);
        let pause = self.asked.is_none() && !self.queued.is_empty();
        let times = reads.map(|read| read.give_up);
        let times = times.chain(asked.map(|asked| asked.retry));
        let times = times.chain(help.map(|marked| marked.ask_leader));
        let times = times.chain(pause.then_some(self.pause));
        times.min().unwrap_or(Time::NEVER)
    }
}

impl Raft {
    fn two_heartbeats(&self) -> Span {
        Span(self.config.timing.heartbeat.0.saturating_mul(2))
    }

    /// Takes a quorum read in.
    pub(crate) fn queue_quorum_read(&mut self, ticket: Ticket) -> Result<(), Refusal> {
        let path = ReadPath::Quorum;
        if !self.config.switches.quorum_reads {
            return Err(Refusal::Disabled);
        }
        if self.marks.count() >= self.config.limits.open_reads {
            return Err(Refusal::Overloaded);
        }
        let own = self.id();
        if self
            .committed_membership()
            .is_some_and(|basis| !basis.members.contains(own))
        {
            return Err(Refusal::UnknownMember);
        }
        // A node may be without a leader for as long as an election takes, and then some.
        let limit = Span(self.config.timing.election_max.0.saturating_mul(2));
        let give_up = self.now + limit;
        self.marks.queued.push(Wanted { ticket, give_up });
        self.trace(|_| Kind::ReadQueued { ticket, path });
        Ok(())
    }

    /// The newest membership that is known to be committed; after a start none is, until the
    /// commit index is.
    pub(crate) fn committed_membership(&self) -> Option<&Membership> {
        match self.rule(Rule::L13NewestInLog) {
            true => self.log.membership_at(self.commit),
            false => self.membership(),
        }
    }

    // ------------------------------------------------------------- the reader

    /// Asks the voters once for all reads that wait, if no round is on its way. Called while
    /// draining, before what it may fall back on.
    pub(crate) fn start_mark_round(&mut self) {
        let marks = &self.marks;
        if marks.queued.is_empty() || marks.asked.is_some() || self.now < marks.pause {
            return;
        }
        let reads = std::mem::take(&mut self.marks.queued);
        let basis = self.committed_membership().cloned();
        let newest = self.membership().map(|newest| newest.id);
        let Some(basis) = basis.filter(|basis| self.is_newest(newest, basis.id)) else {
            return self.fall_back(reads, self.id(), newest);
        };
        self.marks.request = self.marks.request.wrapping_add(1);
        let (request, own) = (self.marks.request, self.id());
        let (membership, count) = (basis.id, reads.len());
        let last = self.log.last().index;
        let voters = basis.members.all().into_iter();
        let mut voters: Vec<NodeId> = voters.filter(|n| basis.members.is_voter(*n)).collect();
        let votes = voters.contains(&own) && !self.is_silent(Rule::L13SuspectMarks);
        voters.retain(|voter| *voter != own);
        self.marks.asked = Some(AskedMarks {
            request,
            reads,
            basis,
            marks: votes.then_some((own, last)).into_iter().collect(),
            retry: self.now + self.two_heartbeats(),
        });
        self.trace(|_| Kind::AskedMarks {
            request,
            membership,
            reads: count,
        });
        for voter in voters {
            self.send(voter, Body::ReadMark { request });
        }
        self.weigh_marks();
    }

    /// Whether nothing newer than the committed membership is named. Ids are compared as (term,
    /// index): a longer log of an older leader may name one that never counted.
    fn is_newest(&self, named: Option<LogId>, basis: LogId) -> bool {
        named.is_none_or(|named| named <= basis) || !self.rule(Rule::L13NewerUnseen)
    }

    pub(crate) fn on_read_mark_reply(
        &mut self,
        from: NodeId,
        request: u64,
        last: Index,
        membership: LogId,
    ) {
        let counts = !self.rule(Rule::L13OldMarks);
        let Some(asked) = &mut self.marks.asked else {
            return self.ignore(from, IgnoreReason::TooLate);
        };
        if asked.request != request && !counts {
            return self.ignore(from, IgnoreReason::TooLate);
        }
        if !asked.basis.members.is_voter(from) {
            return self.ignore(from, IgnoreReason::NotMember);
        }
        let basis = asked.basis.id;
        // Any of several answers is as good: each came after the question.
        asked.marks.entry(from).or_insert(last);
        if !self.is_newest(Some(membership), basis)
            && let Some(asked) = self.marks.asked.take()
        {
            return self.fall_back(asked.reads, from, Some(membership));
        }
        self.weigh_marks();
    }

    /// With the answers of a majority the read point is the largest of them. (The largest pair
    /// of term and index would be wrong: a voter may follow a newer leader with whom it shares
    /// only a short beginning so far.)
    fn weigh_marks(&mut self) {
        let rules = self.config.rules();
        let Some(asked) = &self.marks.asked else {
            return;
        };
        let deciding = rules.marking(&asked.basis.members);
        let answered = |node: NodeId| asked.marks.contains_key(&node).then_some(true);
        if quorum::tally_by(rules, &deciding, answered) != Tally::Won {
            return;
        }
        let Some(asked) = self.marks.asked.take() else {
            return;
        };
        let newest = self.membership().map(|newest| newest.id);
        if !self.is_newest(newest, asked.basis.id) {
            return self.fall_back(asked.reads, self.id(), newest);
        }
        let mut values = asked.marks.values().copied();
        let index = match rules.hold(Rule::L13SmallestMark) {
            true => values.max(),
            false => values.next().map(|first| values.fold(first, Index::min)),
        };
        let (index, reads) = (index.unwrap_or_default(), asked.reads.len());
        let (marks, membership) = (asked.marks, asked.basis.id);
        self.trace(|_| Kind::ReadConfirmed {
            proof: ReadProof::Marks {
                membership,
                marks: marks.into_iter().collect(),
            },
            index,
            reads,
        });
        let ask_leader = self.now + self.config.timing.heartbeat;
        let marked = asked.reads.into_iter().map(|read| Marked {
            read,
            index,
            ask_leader,
            help: None,
        });
        self.marks.waiting.extend(marked);
    }

    /// Members are changing, or may be: the reads ask the leader, or try again later.
    fn fall_back(&mut self, reads: Vec<Wanted>, named_by: NodeId, membership: Option<LogId>) {
        let why = FallBack::NewerMembership {
            named_by,
            membership,
        };
        let count = reads.len();
        self.trace(|_| Kind::ReadFellBack { reads: count, why });
        let tickets = reads.iter().map(|read| read.ticket);
        if let State::Leader(leading) = &mut self.state {
            leading.reads.queued.extend(tickets.map(Reader::Local));
        } else if self.leader.is_some() {
            self.reads.queued.extend(tickets);
        } else {
            self.marks.queued.extend(reads);
            self.marks.pause = self.now + self.two_heartbeats();
        }
    }

    // ------------------------------------------------------ waiting, giving up

    /// The mark of these is not known to be committed and perhaps never will be: the leader's
    /// word is as good, and the smaller of both will do. A leader takes its own.
    pub(crate) fn ask_leader_about_marks(&mut self, request: u64) -> bool {
        let (now, commit) = (self.now, self.commit);
        let wants = |marked: &Marked| {
            marked.help.is_none() && marked.ask_leader <= now && marked.index > commit
        };
        let count = self.marks.waiting.iter().filter(|m| wants(m)).count();
        if count == 0 {
            return false;
        }
        if let State::Leader(leading) = &mut self.state {
            let own = self.marks.waiting.extract_if(.., |marked| wants(marked));
            let own = own.map(|marked| Reader::Local(marked.read.ticket));
            leading.reads.queued.extend(own);
        } else {
            for marked in self.marks.waiting.iter_mut().filter(|m| wants(m)) {
                marked.help = Some(request);
            }
        }
        let why = FallBack::NotCommitted { commit };
        self.trace(|_| Kind::ReadFellBack { reads: count, why });
        true
    }

    /// The leader answered a question that was asked for marked reads too.
    pub(crate) fn lower_marks(&mut self, request: u64, index: Index) {
        let helped = self.marks.waiting.iter_mut();
        for marked in helped.filter(|marked| marked.help == Some(request)) {
            marked.index = marked.index.min(index);
        }
    }

    /// The leader is gone, and with it its answer.
    pub(crate) fn forget_help(&mut self) {
        for marked in &mut self.marks.waiting {
            marked.help = None;
        }
    }

    /// Reads whose read point has been handed to the state machine.
    pub(crate) fn marked_and_applied(&mut self, applying: Index) -> Vec<(Ticket, Index)> {
        let early = !self.rule(Rule::L5NoApply);
        let ready = |marked: &mut Marked| marked.index <= applying || early;
        let ready = self.marks.waiting.extract_if(.., ready);
        ready
            .map(|marked| (marked.read.ticket, marked.index))
            .collect()
    }

    /// Asks those again who have not answered, and gives up what took too long.
    pub(crate) fn tend_marks_if_due(&mut self) {
        if self.now < self.marks.due(self.now) {
            return;
        }
        self.cause = Cause::Timer(Timer::ReadMark);
        let (now, own) = (self.now, self.id());
        let late = |read: &mut Wanted| read.give_up <= now;
        let mut over: Vec<Wanted> = self.marks.queued.extract_if(.., late).collect();
        if let Some(asked) = &mut self.marks.asked {
            over.extend(asked.reads.extract_if(.., late));
        }
        self.marks.asked.take_if(|asked| asked.reads.is_empty());
        let marked = |marked: &mut Marked| marked.read.give_up <= now;
        let marked = self.marks.waiting.extract_if(.., marked);
        over.extend(marked.map(|marked| marked.read));
        for read in over {
            self.fail_read(read.ticket, Refusal::TimedOut);
        }
        let retry = now + self.two_heartbeats();
        let Some(asked) = self.marks.asked.as_mut().filter(|asked| asked.retry <= now) else {
            return;
        };
        asked.retry = retry;
        let (request, members) = (asked.request, &asked.basis.members);
        let silent = |node: &NodeId| members.is_voter(*node) && !asked.marks.contains_key(node);
        let silent = members.all().into_iter().filter(silent);
        for voter in silent.filter(|node| *node != own).collect::<Vec<_>>() {
            self.send(voter, Body::ReadMark { request });
        }
    }

    /// Nothing is read here any more.
    pub(crate) fn fail_quorum_reads(&mut self, why: Refusal) {
        let marks = std::mem::take(&mut self.marks);
        self.marks.request = marks.request;
        let asked = marks.asked.map_or_else(Vec::new, |asked| asked.reads);
        let waiting = marks.waiting.into_iter().map(|marked| marked.read);
        for read in marks.queued.into_iter().chain(asked).chain(waiting) {
            self.fail_read(read.ticket, why);
        }
    }

    // -------------------------------------------------------------- the voter

    /// "How long is your log?" Answered at once and from memory, in whatever term: what is
    /// committed is in it.
    pub(crate) fn on_read_mark(&mut self, to: NodeId, request: u64) {
        // Who knows no members may be a voter that lost its disk (trap M10).
        let Some(membership) = self.membership().map(|newest| newest.id) else {
            return self.ignore(to, IgnoreReason::NoMembership);
        };
        // Its log may end before what it helped to commit (trap L13).
        if self.is_silent(Rule::L13SuspectMarks) {
            return self.ignore(to, IgnoreReason::Suspect);
        }
        let last = self.log.last().index;
        self.trace(|_| Kind::ToldMark {
            to,
            last,
            membership,
        });
        self.send(
            to,
            Body::ReadMarkReply {
                request,
                last,
                membership,
            },
        );
    }
}
