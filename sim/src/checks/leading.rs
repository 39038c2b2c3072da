//! Checks of what a leader may go on with: leading while it hears a majority, taking commands on
//! while they get committed, making voters of who keeps up, looking back only as far as it must.
//!
//! All of this is bounded by a number of the configuration, and each bound is found again here from
//! what came in and went out, not from the leader's own counters (thesis 4.2.1, 6.2, 10.2.2).

use super::halves::Halves;
use super::{Check, Checks};
use raftwerk_core::trace::{Pace, Role};
use raftwerk_core::{
    AppendResult, Body, EntryBody, Index, LogId, Message, NodeId, Peer, Raft, Span, Ticket, Time,
    View,
};
use std::collections::BTreeMap;

/// What is remembered of one node while it leads.
#[derive(Clone, Debug, Default)]
pub(super) struct Reign {
    /// Its term, and the entry that names its members.
    of: (u64, Index),
    since: Time,
    /// When it last heard each other node, by its own clock.
    heard: BTreeMap<NodeId, Time>,
    /// The newest round of each node that is to vote.
    rounds: BTreeMap<NodeId, TimedRound>,
}

/// A round in which a new voter catches up.
#[derive(Clone, Copy, Debug)]
struct TimedRound {
    /// The change that it belongs to, by who asked for it.
    by: Option<Ticket>,
    number: u64,
    goal: Index,
    began: Time,
    took: Option<Span>,
}

/// A peer as its leader saw it when an answer came that refuses what was sent to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    peer: Peer,
    probe: LogId,
    hint: LogId,
}

impl Refused {
    /// A message is about to be taken up.
    pub fn new(view: View, message: &Message) -> Option<Refused> {
        let Body::AppendReply {
            result: AppendResult::Refused { probe, hint },
            ..
        } = &message.body
        else {
            return None;
        };
        let (peer, probe, hint) = (peer(view, message.from)?, *probe, *hint);
        Some(Refused { peer, probe, hint })
    }
}

fn peer(view: View, id: NodeId) -> Option<Peer> {
    let peers = view.peers();
    peers.into_iter().find(|peer| peer.id == id)
}

impl Checks {
    fn reign(&mut self, node: NodeId) -> &mut Reign {
        let at = node.0 as usize - 1;
        if self.reigns.len() <= at {
            self.reigns.resize_with(at + 1, Reign::default);
        }
        &mut self.reigns[at]
    }

    /// A node has heard another one that is of its term.
    pub(super) fn in_touch(&mut self, own: NodeId, from: NodeId, now: Time) {
        self.reign(own).heard.insert(from, now);
    }

    /// A node was drained. A leader with nothing overdue must have heard a majority of every half
    /// of its members within an election timeout (thesis 6.2, trap M4).
    pub(super) fn in_touch_to_lead(&mut self, raft: &Raft, now: Time) {
        let view = raft.view();
        let (own, limit) = (view.id(), view.config().timing.election_max);
        let Some(membership) = view.membership().filter(|_| view.role() == Role::Leader) else {
            return;
        };
        let (of, halves) = (
            (view.term().0, membership.index()),
            Halves::of(&membership.members),
        );
        let reign = self.reign(own);
        if reign.of.0 != of.0 {
            reign.rounds.clear();
        }
        if reign.of != of {
            (reign.of, reign.since) = (of, now);
        }
        reign.follow_rounds(view, now);
        if view.check_quorum().is_none() || raft.deadline() <= now {
            return;
        }
        let since = reign.since;
        let last = |node: NodeId| {
            reign
                .heard
                .get(&node)
                .map_or(since, |heard| since.max(*heard))
        };
        if !halves.majority(|node| node == own || now.since(last(node)) < limit) {
            let heard = &reign.heard;
            let detail = format!("{own} leads {halves} on at {now:?}; it heard {heard:?}");
            self.fail(Check::FitToLead, detail);
        }
    }

    /// A leader has appended members with a new voter, when it had everything before `end`: it must
    /// have caught up in a round shorter than an election timeout, or have all there is (M8). A
    /// round that was never seen has begun and ended in one drain.
    pub(super) fn too_slow(&self, view: View, node: NodeId, end: Index, now: Time) -> bool {
        let matched = peer(view, node).map_or(Index(0), |peer| peer.matched);
        let by = view.change().map(|change| change.ticket);
        let reign = self.reigns.get(view.id().0 as usize - 1);
        let round = reign.and_then(|reign| reign.rounds.get(&node));
        let Some(round) = round.filter(|round| by == Some(round.by)) else {
            return false;
        };
        let took = round.end(matched, now).took;
        matched < end && took.is_none_or(|took| took >= view.config().timing.election_min)
    }

    /// A leader has taken on a command: what is not committed stays within its bound, unless it is
    /// that command alone (trap C5).
    pub(super) fn bounded(&mut self, raft: &Raft, bound: u64) {
        let view = raft.view();
        let (from, last) = (view.commit().next(), view.last().index);
        let entries = raft.entries(from, last);
        let bytes: u64 = entries.clone().map(|entry| entry.size()).sum();
        let newest = entries.clone().next_back();
        let is_command = newest.is_some_and(|newest| matches!(newest.body, EntryBody::Command(_)));
        if is_command && from < last && bytes > bound {
            let detail = format!(
                "{} has {bytes} bytes from {from} on that are not committed, and may have {bound}",
                view.id()
            );
            self.fail(Check::BoundedLog, detail);
        }
    }

    /// A refusal was taken up. Of a pipeline only that of the last probe counts (trap R10), and the
    /// leader goes back to an entry that is no newer than what its peer has there, or it would need
    /// a round trip for every entry of a term that the peer has nothing of (trap R9).
    pub(super) fn looked_back(&mut self, raft: &Raft, before: Refused) {
        let view = raft.view();
        let Refused {
            peer: was,
            probe,
            hint,
        } = before;
        let place = |peer: &Peer| (peer.pace, peer.next, peer.in_flight);
        let Some(now) = peer(view, was.id).filter(|now| place(now) != place(&was)) else {
            return;
        };
        let next = now.next;
        let told = |what: &str| {
            let (own, peer) = (view.id(), was.id);
            format!("{own} goes on at {next} with {peer}, which refused {probe} for {hint}: {what}")
        };
        if was.pace == Pace::Probe && probe.index != was.next.prev() {
            let detail = told(&format!("its last probe was {}", was.next.prev()));
            return self.fail(Check::LookingBack, detail);
        }
        let must = now.matched.next().max(view.first());
        let term = view.term_at(next.prev());
        let newer = next > must && term.is_some_and(|term| term > hint.term);
        if now.pace == Pace::Probe && (newer || hint.term > probe.term) {
            let detail = told(&format!("the entry before is of {term:?}"));
            self.fail(Check::LookingBack, detail);
        }
    }
}

impl Reign {
    fn follow_rounds(&mut self, view: View, now: Time) {
        let Some(change) = view.change() else {
            return self.rounds.clear();
        };
        let by = change.ticket;
        for (node, number, goal) in change.rounds {
            let fresh = TimedRound {
                by,
                number,
                goal,
                began: now,
                took: None,
            };
            let round = self.rounds.entry(node).or_insert(fresh);
            if (round.by, round.number, round.goal) != (by, number, goal) {
                *round = fresh;
            }
            let matched = peer(view, node).map_or(Index(0), |peer| peer.matched);
            *round = round.end(matched, now);
        }
    }
}

impl TimedRound {
    /// The same, ended if the new voter has what it is about.
    fn end(self, matched: Index, now: Time) -> TimedRound {
        let took = (matched >= self.goal).then(|| now.since(self.began));
        TimedRound {
            took: self.took.or(took),
            ..self
        }
    }
}
