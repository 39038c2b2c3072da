//! Checks of what nodes do with time: when they put an election off, for whom they vote then, and
//! when a leader must go.
//!
//! Paper 5.2 and figure 2: a follower campaigns when it has neither heard the leader of its term
//! nor given its vote for an election timeout. Nothing else puts that off, or somebody who cannot
//! win could keep those who can from trying; and nothing the leader says may fail to (trap E8).

use super::leading::Refused;
use super::{Check, Checks, silence};
use raftwerk_core::trace::Role;
use raftwerk_core::{Body, Deadline, Entry, LogId, Message, NodeId, Raft, Time, WriteSeq};
use std::collections::VecDeque;

/// What a message is to the election timer, and the timer before it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    from: NodeId,
    term: u64,
    what: What,
    handed: bool,
    role: Role,
    /// Its term and vote.
    ballot: (u64, Option<NodeId>),
    was: Option<Deadline>,
    refused: Option<Refused>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// What only a leader says.
    Leader,
    /// A question for a vote, with the last entry of the log that asks.
    Vote(LogId),
    Other,
}

impl Heard {
    /// A message is about to be taken up.
    pub fn new(raft: &Raft, message: &Message) -> Heard {
        let view = raft.view();
        let what = match &message.body {
            _ if message.cluster != view.config().cluster => What::Other,
            Body::Append { prev, entries, .. } if !follow(*prev, entries) => What::Other,
            Body::Append { .. } | Body::SnapshotOffer { .. } => What::Leader,
            Body::Vote { last, .. } => What::Vote(*last),
            _ => What::Other,
        };
        Heard {
            from: message.from,
            term: message.term.0,
            what,
            handed: silence::is_handed(message),
            role: view.role(),
            ballot: (view.term().0, view.vote()),
            was: view.election(),
            refused: Refused::new(view, message),
        }
    }
}

/// Whether entries follow each other, from `prev` on: no leader sends others (trap R7).
fn follow(prev: LogId, entries: &[Entry]) -> bool {
    let places = (1..).map(|place| prev.index.plus(place));
    let mut pairs = entries.iter().zip(places);
    pairs.all(|(entry, place)| Some(entry.id.index) == place)
}

/// Writes of one node that its disk has not finished: their number, and when it got them by the
/// node's clock.
pub(super) type Writing = VecDeque<(WriteSeq, Time)>;

impl Checks {
    /// A message is about to be taken up.
    pub fn on_arrival(&mut self, heard: &Heard) {
        self.hands_over(heard.handed);
    }

    /// A message was taken up, now by the node's clock.
    pub fn on_heard(&mut self, raft: &Raft, now: Time, heard: Heard) {
        self.hands_over(false);
        let view = raft.view();
        let own_term = heard.term == view.term().0;
        if own_term {
            self.in_touch(view.id(), heard.from, now);
        }
        if let Some(refused) = heard.refused {
            self.looked_back(raft, refused);
        }
        let spoke = heard.what == What::Leader && own_term && view.leader() == Some(heard.from);
        if spoke {
            self.promises_silence(raft, now);
        }
        let (Some(was), Some(is)) = (heard.was, view.election()) else {
            return;
        };
        if spoke && is.set != now {
            let detail = format!(
                "{} hears its leader {} and waits since {:?}",
                view.id(),
                heard.from,
                is.set
            );
            return self.fail(Check::ElectionTimer, detail);
        }
        let asked = match heard.what {
            What::Vote(theirs) if own_term && view.vote() == Some(heard.from) => Some(theirs),
            _ => None,
        };
        // Who was asked for a vote, has given it to who asked, and waits anew, has just given it.
        if let Some(theirs) = asked.filter(|theirs| was != is && *theirs < view.last()) {
            let (id, mine, to) = (view.id(), view.last(), heard.from);
            let detail = format!("{id}, log up to {mine}, votes for {to}, log up to {theirs}");
            self.fail(Check::CompleteLog, detail);
        }
        let voted = asked.is_some();
        if voted && heard.ballot != (view.term().0, view.vote()) && is.set != now {
            let (id, to, set) = (view.id(), heard.from, is.set);
            let detail = format!("{id} gives {to} its vote and waits since {set:?}");
            return self.fail(Check::ElectionTimer, detail);
        }
        if voted && is.set == now {
            self.promises_silence(raft, now);
        }
        let campaigns = view.role() == Role::Candidate && heard.role != Role::Candidate;
        if was != is && !spoke && !voted && !campaigns {
            let detail = format!(
                "{} puts its election off from {was:?} for {heard:?}",
                view.id()
            );
            self.fail(Check::ElectionTimer, detail);
        }
    }

    fn writing(&mut self, node: u64) -> &mut Writing {
        let at = node as usize - 1;
        if self.writing.len() <= at {
            self.writing.resize_with(at + 1, VecDeque::new);
        }
        &mut self.writing[at]
    }

    /// A node hands a write to its disk.
    pub(super) fn on_write(&mut self, node: u64, now: Time, seq: WriteSeq) {
        self.writing(node).push_back((seq, now));
    }

    /// A node is told that its disk has finished everything up to here.
    pub fn on_persisted(&mut self, node: u64, seq: WriteSeq) {
        let writing = self.writing(node);
        while writing.front().is_some_and(|(other, _)| *other <= seq) {
            writing.pop_front();
        }
    }

    /// A crash ends all its writes.
    pub(super) fn no_writes(&mut self, node: u64) {
        self.writing(node).clear();
    }

    /// A node was drained. A leader with nothing overdue whose disk has finished nothing for an
    /// election timeout must be handing over (trap D8). Other implementations promise no such thing.
    pub(super) fn fit_to_lead(&mut self, raft: &Raft, now: Time) {
        let view = raft.view();
        let promised = !cfg!(feature = "foreign");
        if !promised || view.role() != Role::Leader || raft.deadline() <= now {
            return;
        }
        let limit = view.config().timing.election_max;
        let oldest = self.writing(view.id().0).front().map(|(_, since)| *since);
        let Some(since) = oldest.filter(|since| now.since(*since) >= limit) else {
            return;
        };
        if view.transfer().is_none() {
            let detail = format!("{} leads on, its disk hangs since {since:?}", view.id());
            self.fail(Check::FitToLead, detail);
        }
    }
}
