//! How old a node's state is at most: the age that a stale read tells (design R5).
//!
//! "A leader was heard a moment ago" says nothing about that: a node whose disk hangs, or that is
//! still catching up, hears its leader all the time, and a leader that was cut off hears nobody
//! and does not know that it was replaced (trap L14). What is told here is an *age*: the state
//! covers every operation that was finished so long ago. No clock is compared with another one.
//!
//! **What a leader knows.** Of the contact rounds that a majority has echoed in its term it takes
//! the newest, begun at `q`. Each of that majority was still in this term after `q`, so nobody was
//! elected to a later one before `q` (thesis 6.4): what was finished before `q` was committed by
//! this leader or by an earlier one. What earlier ones committed stands before the opening entry of
//! this term (paper 5.4.3), and what this one committed is at or below its commit index. So the
//! position `covers = max(commit, opening entry)`, taken at `q` or later, is at or above everything
//! that was finished before `q`. (It may itself be replaced later; what it covers is not.)
//!
//! **What a follower learns.** It puts a number on its replies, a [`Probe`], and remembers when it
//! first sent it, `p`. The leader notes when a probe came in, `a`; when it has a new proof or a new
//! probe, its next append to that follower names both: the last probe, with `a - q` (zero if that
//! is negative) and `covers` ([`Proof`]). It came in after it was
//! sent, however long it or the append was on the way, so `q` was not before `p - (a - q)` by the
//! follower's clock. As soon as the state machine has applied `covers`, everything that was
//! finished before that moment is in it. A moment that was found so stays true whatever happens:
//! another leader or term takes nothing back. Only a crash does, since the state machine begins
//! anew; and probes start at random in each life, so that an answer to one of an earlier life is
//! none to one of this life (trap L3).
//!
//! **Clocks.** The age told, `now - p + (a - q)`, is the sum of two lengths of time, one by each
//! clock. With clocks that lose at most `d` parts of the time, the true age is at most `1 / (1 -
//! d)` of it. A clock that stands still while the machine sleeps makes it worthless, as it does a
//! lease (L10).
//!
//! None of this decides anything, so none of it counts as state: it hashes to nothing, as times do.

use crate::message::{Probe, Proof, Standing};
use crate::progress::Progress;
use crate::quorum;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::{Span, Time};
use crate::types::{Index, Lane, NodeId, Round};
use std::hash::{Hash, Hasher};

/// Once this much is applied, everything that was finished before that moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Covered {
    upto: Index,
    since: Time,
}

/// What a node knows about the age of its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Staleness {
    /// Number of the last probe.
    pub probe: u64,
    /// When it first left, until an append names it.
    left: Option<Time>,
    /// The contact round in which it first left.
    within: Option<(Lane, Round)>,
    /// What is to be applied next, and the newest that was learned meanwhile. Two, since with one
    /// that newer ones replace a node that is always a little behind would learn nothing.
    next: Option<Covered>,
    newest: Option<Covered>,
    /// Everything that was finished before this is applied here.
    since: Option<Time>,
}

impl Hash for Staleness {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Staleness {
    fn learn(&mut self, upto: Index, since: Time, applied: Index) {
        let known = Some(Covered { upto, since });
        match self.next {
            None => self.next = known,
            Some(_) => self.newest = known,
        }
        self.applied(applied);
    }

    /// The state machine has applied this much.
    fn applied(&mut self, applied: Index) {
        for known in [&mut self.next, &mut self.newest] {
            if let Some(covered) = known.take_if(|covered| covered.upto <= applied) {
                self.since = self.since.max(Some(covered.since));
            }
        }
        if self.next.is_none() {
            self.next = self.newest.take();
        }
    }
}

impl Raft {
    /// How old the state is at most that has been applied: it covers every operation that was
    /// finished so long ago or longer. `None`: that is not known, since no leader has told enough
    /// in this life.
    ///
    /// The time is that of this node's clock; the true age may be longer by as much as that clock
    /// and the leader's run wrong.
    #[must_use]
    pub fn staleness(&self, now: Time) -> Option<Span> {
        let now = now.max(self.now);
        if !self.rule(Rule::L14AgeOfContact) {
            let heard = self.leader_heard.map(|heard| now.since(heard));
            return match self.state {
                State::Leader(_) => Some(Span(0)),
                _ => heard,
            };
        }
        let own = self.proven(now);
        let own = own.filter(|_| self.awaited(self.covers()) <= self.applied);
        let since = self.staleness.since.max(own)?;
        Some(now.since(since))
    }

    /// At or above everything that was finished when this leader was last proven to be one.
    fn covers(&self) -> Index {
        match &self.state {
            State::Leader(leading) if self.rule(Rule::L14NoOwnEntry) => {
                self.commit.max(leading.noop)
            }
            _ => self.commit,
        }
    }

    /// What must be applied of it before the state is as young as that says.
    fn awaited(&self, covers: Index) -> Index {
        match self.rule(Rule::L14NotApplied) {
            true => covers,
            false => Index(0),
        }
    }

    /// When a majority was last in this leader's term for certain: when the newest round began
    /// that it has echoed.
    fn proven(&self, now: Time) -> Option<Time> {
        let State::Leader(leading) = &self.state else {
            return None;
        };
        let membership = self.log.membership()?;
        let began = |node: NodeId| match leading.peers.get(&node) {
            _ if node == self.config.id => now.0,
            Some(peer) => leading.lease.began(peer.echoed).unwrap_or_default().0,
            None => 0,
        };
        let rules = self.config.rules();
        let deciding = rules.both_halves(Rule::M4Age, &membership.members);
        let proven = quorum::agreed_by(rules, &deciding, began);
        (proven > 0).then_some(Time(proven))
    }

    /// The leader may have been proven again: a new round came back, or it decides alone.
    pub(crate) fn prove_leadership(&mut self) {
        let (covers, applied) = (self.awaited(self.covers()), self.applied);
        if let Some(proven) = self.proven(self.now)
            && let State::Leader(leading) = &mut self.state
            && proven > leading.proven
        {
            leading.proven = proven;
            self.staleness.learn(covers, proven, applied);
        }
    }

    /// What goes on a reply to the leader: a new probe once in a contact round, since nothing is
    /// proven anew within one. One that no append has named yet stays: it may be on the way, and
    /// who heard of none but those it has replaced meanwhile would learn nothing.
    pub(crate) fn probe(&mut self) -> Probe {
        let within = Some((self.ack.lane, self.ack.round));
        let known = &mut self.staleness;
        if known.left.is_none() && known.within != within {
            known.probe = known.probe.wrapping_add(1);
            (known.left, known.within) = (Some(self.now), within);
        }
        Probe(known.probe)
    }

    /// The leader of this term says how it stands.
    pub(crate) fn note_standing(&mut self, from: NodeId, Standing(told): Standing) {
        let Some(proof) = told else {
            return;
        };
        let last = proof.heard == Probe(self.staleness.probe) || !self.rule(Rule::L14AnyProbe);
        if self.leader != Some(from) || !last {
            return;
        }
        let (covers, applied) = (self.awaited(proof.covers), self.applied);
        let known = &mut self.staleness;
        // A moment before this clock began cannot be told.
        if let Some(left) = known.left.take()
            && proof.before.0 <= left.0
        {
            known.learn(covers, left - proof.before, applied);
        }
    }

    /// The state machine has applied more.
    pub(crate) fn note_applied(&mut self) {
        self.staleness.applied(self.applied);
    }

    /// What its appends are to say about this leader.
    pub(crate) fn leadership(&self) -> Leadership {
        let proven = match &self.state {
            State::Leader(leading) => leading.proven,
            _ => Time(0),
        };
        let covers = self.covers();
        Leadership { proven, covers }
    }
}

/// What a leader knows about itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leadership {
    /// When it was last proven; 0: never.
    proven: Time,
    covers: Index,
}

impl Leadership {
    /// The same in terms of a peer's last probe, if either is news to that peer.
    pub fn told_to(self, peer: &mut Progress) -> Standing {
        let news = peer.told_proof != (self.proven, peer.probe);
        if !news || self.proven == Time(0) {
            return Standing::default();
        }
        peer.told_proof = (self.proven, peer.probe);
        Standing(Some(Box::new(Proof {
            heard: peer.probe,
            before: peer.probed.since(self.proven),
            covers: self.covers,
        })))
    }
}
