//! Suspect: what a node may do whose log has rotted (traps D3, E16, L13, R5).
//!
//! The idea is that of protocol-aware recovery (Alagappan and others, FAST 2018): a node that
//! finds entries unreadable must not forget in silence that it acknowledged them. With its copy a
//! majority may have committed something; voting, campaigning or telling a mark with what is left
//! it would undo that. It need not stay away either: it is still good for everything that is not
//! a claim about its past. So a suspect node
//!
//! - grants no vote and no pre-vote, does not campaign in any way, answers no mark (nor counts its
//!   own), and is nobody whom leadership is handed to;
//! - takes appends and snapshots, acknowledges what is on its disk *now*, echoes rounds, applies
//!   what is committed and serves reads through the leader.
//!
//! **When it may be trusted again.** Say the rot was found in term `since`; `e` is any entry that
//! is committed, ever, with the help of an acknowledgement from before, so its index is at most
//! `to`, and its leader's term at most `since` (nobody acknowledges in a term above its own).
//!
//! *Every leader of a term at or above `since` has `e`, from its election on, or (in the term of
//! `e`'s own leader) since before `e` was acknowledged.* For the leader that committed it this is
//! plain. For a later one it is the argument of paper 5.4.3: its majority and the one that
//! acknowledged `e` share a voter which had `e` when it voted. Where that voter is this node, the
//! vote was given before the rot, with `e` in the log, in a term of at most `since`: in every
//! term above, no life of this node has voted. And so with every other node that is suspect.
//!
//! 1. *Covered.* A leader's messages of this life proved the log up to `to` or beyond, and all of
//!    that is on disk. The messages that a node follows are of terms at or above `since`; so the
//!    log is that leader's as far as it was proven, and has `e`.
//! 2. *Newer term.* The last entry on disk is of a term above `since`. Log matching: up to there
//!    the log is that of the leader of the entry's term, and `e` stands before the first entry of
//!    that term. This one needs no `to`, nor any leader now: it holds right after a start too.
//!
//! A snapshot that was installed holds what is committed up to its end, for whichever leader: it
//! counts as proof for 1, and its last entry for 2.
//!
//! From then on the log has what it would have had without the rot, as far as anybody counts on
//! it. Acknowledgements made while suspect were true and need no argument. A crash in between
//! changes nothing: the host brings the suspicion again, with the same `since` and `to`.
//!
//! **The leader** counts what is acknowledged now. Its `matched` of before would be above what the
//! peer has, and `matched` never falls inside a session; so the first word of a suspect peer opens
//! a new lane with it, in which nothing from before counts (R4), and the peer is sent what it
//! lacks. The commit index does not move: what was counted, counted rightly. A peer that is *not*
//! suspect and has less than it acknowledged has broken its promise, and nothing here excuses it
//! (R5).
//!
//! What this does not do: where more voters are suspect than a majority can spare, and no leader
//! is left, nobody is elected, though every entry may still be readable somewhere. An only voter
//! has nobody to ask and stays silent for ever; [`View::suspect_alone`](crate::View::suspect_alone)
//! and the trace say so.

use crate::io::Suspicion;
use crate::progress::Progress;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::trace::{Kind, TrustReason};
use crate::types::{Index, LogId, NodeId, Round, Term};

impl Suspicion {
    /// Whether it can be: said of a disk with this term.
    pub(crate) fn check(&self, term: Term) -> Result<(), String> {
        if self.since > term {
            let since = self.since;
            return Err(format!("rot found in term {since}, but the term is {term}"));
        }
        if self.from == Index(0) || self.to.is_some_and(|to| to < self.from) {
            return Err(format!("nothing can be lost from {} on", self.from));
        }
        Ok(())
    }
}

impl Raft {
    // ------------------------------------------------------------ the node itself

    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.is_some()
    }

    /// Whether it keeps silent where this rule asks it to.
    pub(crate) fn is_silent(&self, rule: Rule) -> bool {
        self.is_suspect() && self.rule(rule)
    }

    /// Whether nobody else votes.
    pub(crate) fn is_only_voter(&self) -> bool {
        self.members().is_voter(self.id()) && self.other_voters().is_empty()
    }

    /// First thing in a drain: whether the log has everything again, on disk.
    pub(crate) fn consider_trust(&mut self) {
        let Some(suspicion) = self.suspect else {
            return;
        };
        let Some(reason) = self.reason_to_trust(suspicion) else {
            return;
        };
        let durable = self.durability.index;
        self.suspect = None;
        self.regained = true;
        // Its leader may wait for nothing else to hear that.
        self.ack.owed |= self.proven.leader_term == self.hard_state.term;
        self.trace(|_| Kind::Trusted { reason, durable });
    }

    /// The two ways, see above.
    fn reason_to_trust(&self, suspicion: Suspicion) -> Option<TrustReason> {
        let Suspicion { to, since, .. } = suspicion;
        let durable = self.durability.index;
        let proven = durable.min(self.proven.index);
        if let Some(to) = to.filter(|to| *to <= proven) {
            return Some(TrustReason::Covered { to });
        }
        if !self.rule(Rule::D3TrustsEarly) && self.proven.leader_term >= since && proven > Index(0)
        {
            return Some(TrustReason::Covered { to: proven });
        }
        // While a snapshot is being put in place the disk's log is another than the one in memory.
        let last = self.log.term_at(durable).filter(|_| !self.is_installing());
        let newer = last.is_some_and(|term| term > since);
        newer.then_some(TrustReason::NewerTerm { since })
    }

    /// Before the event that tells of the start.
    pub(crate) fn trace_suspicion(&mut self) {
        if let Some(suspicion) = self.suspect {
            let alone = self.is_only_voter();
            self.trace(|_| Kind::FoundRot { suspicion, alone });
        }
    }

    /// Whoever fires its timer by hand is told why nothing happens.
    pub(crate) fn trace_forgone_election(&mut self) {
        if let Some(suspicion) = self.suspect {
            self.trace(|_| Kind::ElectionForgone { suspicion });
        }
    }

    // ------------------------------------------------------------------ its leader

    pub(crate) fn is_peer_suspect(&self, node: NodeId) -> bool {
        let State::Leader(leading) = &self.state else {
            return false;
        };
        let peer = leading.peers.get(&node);
        peer.is_some_and(Progress::is_suspect) && self.rule(Rule::E16SuspectTarget)
    }

    /// A suspect peer has this much on disk, by messages of its present life.
    pub(crate) fn on_regaining(
        &mut self,
        from: NodeId,
        round: Round,
        durable: Index,
        received: Index,
    ) {
        match self.peer(from).suspect || !self.rule(Rule::D3Unhelped) {
            true => self.on_accepted(from, round, durable, received),
            false => self.begin_anew(from),
        }
    }

    /// A suspect peer lacks the entry before those it was sent. If it had acknowledged that one
    /// in this session too, more of its log has rotted since.
    pub(crate) fn on_lacking(&mut self, from: NodeId, probe: LogId, hint: LogId) {
        let unhelped = !self.rule(Rule::D3Unhelped);
        let peer = self.peer(from);
        match unhelped || (peer.suspect && probe.index > peer.matched) {
            true => self.on_refused(from, probe, hint),
            false => self.begin_anew(from),
        }
    }

    /// Opens a new session with a suspect peer. That it was heard, and which rounds it echoed,
    /// stays true; what it acknowledged is only remembered.
    fn begin_anew(&mut self, node: NodeId) {
        let next = self.log.last().index.next();
        let peer = self.peer(node);
        let mut lane = peer.lane;
        lane.generation += 1;
        let promised = peer.promised.max(peer.matched);
        *peer = Progress {
            promised,
            suspect: true,
            echoed: peer.echoed,
            heard: peer.heard,
            ..Progress::new(lane, next)
        };
        // What it was told it may have lost as well.
        if let State::Leader(leading) = &mut self.state
            && let Some(leaving) = leading.leaving.get_mut(&node)
        {
            leaving.told = None;
        }
        self.trace(|_| Kind::PeerSuspect {
            peer: node,
            promised,
        });
    }

    /// A peer speaks as one that is not suspect.
    pub(crate) fn note_trusted(&mut self, node: NodeId) {
        if std::mem::take(&mut self.peer(node).suspect) {
            self.trace(|_| Kind::PeerTrusted { peer: node });
        }
    }
}
