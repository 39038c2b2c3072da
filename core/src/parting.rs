//! Telling nodes that they are members no more (thesis 4.2.2 and 4.2.3; trap M7).
//!
//! A node that was removed and does not know it campaigns for ever. While a leader is heard that
//! disturbs nobody (4.2.3), but it never ends. So the leader that removes a node goes on speaking
//! to it until the commit of its removal has reached it, or until it has been silent for too long.
//! Who was down or cut off all that time makes itself heard later: it asks for votes. A leader
//! that is asked by a node outside its committed members speaks to it in the same way, as to one
//! that leaves: that node gets what it lacks of the log, or a snapshot, learns of its removal and
//! is silent from then on. Nobody keeps a list of the dead for that, and it does not matter which
//! leader removed the node, nor when.
//!
//! Why that is safe:
//! - Whoever gets the log of the leader without being a member is as good as a learner: it has no
//!   part in any majority, since those ask the members alone.
//! - Such a session has a lane of its own, which no other session of that term has (R4): answers of
//!   an earlier one, from before the node perhaps lost its disk, give it no credit.
//! - It begins only where the members in force are committed. Where they are not, the node that
//!   asks may be the one that has to lead once more (M5).
//! - It begins only where the leader's term is not behind: a node of a newer term would answer with
//!   that term and so depose the leader that speaks to it (E14). Such a node is told by a later
//!   leader.
//! - There are at most [`OUTSIDERS`] at a time, whoever may ask.
//!
//! What this does not reach: a node whose last members are all gone asks nobody who could tell it,
//! and one that knows followers but not the leader waits until one of those leads.

use crate::progress::Progress;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::Kind;
use crate::types::{Index, Lane, NodeId, Round, Term};

/// How many nodes outside the members are spoken to at a time because they asked.
const OUTSIDERS: usize = 16;

/// From one session with an outsider to the next: its lane may be counted on in between, where the
/// outsider says that its log has rotted.
const SESSION: u64 = 1 << 32;

/// A peer that is no member any more and is to learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leaving {
    /// The entry without it.
    removed: Index,
    /// The last round sent when it had been told that this entry is committed.
    pub told: Option<Round>,
    /// Until when it is waited for.
    pub until: Option<Time>,
}

impl Leaving {
    pub fn new(removed: Index) -> Leaving {
        Leaving {
            removed,
            told: None,
            until: None,
        }
    }
}

impl Raft {
    /// Somebody of that term asked for a vote or a pre-vote: if it is no member, it is to learn it.
    pub(crate) fn meet_outsider(&mut self, from: NodeId, theirs: Term) {
        let (commit, term, last) = (self.commit, self.hard_state.term, self.log.last());
        let untold = !self.rule(Rule::M7Untold);
        let membership = self.log.membership();
        let Some(membership) = membership.filter(|named| named.index() <= commit) else {
            return;
        };
        let (outside, removed) = (!membership.members.contains(from), membership.index());
        let (State::Leader(leading), Some(next)) = (&mut self.state, last.index.following()) else {
            return;
        };
        let known = leading.peers.contains_key(&from);
        let full = leading.leaving.len() >= OUTSIDERS;
        if !outside || known || full || theirs > term || untold {
            return;
        }
        let Some(generation) = leading.outsiders.checked_add(SESSION) else {
            return;
        };
        leading.outsiders = generation;
        let lane = Lane {
            term,
            membership: removed,
            generation,
        };
        leading.peers.insert(from, Progress::new(lane, next));
        leading.leaving.insert(from, Leaving::new(removed));
        leading.beat = true;
        self.trace(|_| Kind::MetOutsider { peer: from });
    }

    /// Lets go of removed peers that were told, or that are not heard in time.
    pub(crate) fn part(&mut self) {
        let (now, commit) = (self.now, self.commit);
        let patience = Span(self.config.timing.election_max.0.saturating_mul(2));
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let mut parted = Vec::new();
        for (node, leaving) in &mut leading.leaving {
            let Some(peer) = leading
                .peers
                .get(node)
                .filter(|_| leaving.removed <= commit)
            else {
                continue;
            };
            // Who answers is on the way to learn it, however long its log or a snapshot takes.
            let first = leaving.until.unwrap_or(now + patience);
            let until = peer
                .heard
                .map_or(first, |heard| first.max(heard + patience));
            leaving.until = Some(until);
            if leaving.told.is_none() && peer.sent_commit >= leaving.removed {
                leaving.told = Some(peer.sent_round);
            }
            // It answers a later round, and every later message carried the commit as well, but
            // for offers of a snapshot.
            let told = leaving.told.map(|round| round.max(peer.offered));
            let told = told.is_some_and(|round| peer.echoed > round);
            if told || now >= until {
                parted.push((*node, told));
            }
        }
        for (peer, _) in &parted {
            leading.leaving.remove(peer);
            leading.peers.remove(peer);
        }
        for (peer, told) in parted {
            self.trace(|_| Kind::Parted { peer, told });
        }
    }
}
