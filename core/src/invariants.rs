//! What must hold inside one node after every drain (core design 4.2, item 3).
//!
//! Cheap enough to run after every step of the simulator. What must hold *between* nodes is
//! checked there; what must hold between two moments of one node, too.

use crate::progress::Progress;
use crate::quorum;
use crate::raft::Raft;
use crate::state::{Deadline, State};
use crate::time::Time;
use crate::trace::Pace;
use crate::types::{Index, NodeId};
use std::fmt;

#[cfg(test)]
mod tests;

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// Its name.
    pub name: &'static str,
    /// The node.
    pub node: NodeId,
    /// The values seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.node, self.name, self.detail)
    }
}

impl Raft {
    /// Checks every invariant of this node.
    ///
    /// # Errors
    /// The first one that does not hold, with the values seen.
    pub fn check(&self) -> Result<(), Violation> {
        let last = self.log.last();
        let (applied, applying, commit) = (self.applied, self.applying, self.commit);
        let durable = self.durability.index;
        let require = |holds, name, detail: &dyn Fn() -> String| self.require(holds, name, detail);
        require(
            last.term <= self.hard_state.term,
            "no entry is newer than the term",
            &|| format!("last entry {last}, term {}", self.hard_state.term),
        )?;
        require(
            applied <= applying && applying <= commit && commit <= last.index,
            "applied, commit and last index are in order",
            &|| format!("applied {applied}, handed out {applying}, commit {commit}, last {last}"),
        )?;
        require(
            applying <= durable && durable <= last.index,
            "only durable entries are applied",
            &|| format!("handed out {applying}, durable {durable}, last {last}"),
        )?;
        self.check_snapshot()?;
        let disk = self.durability.hard_state;
        require(
            disk.term <= self.hard_state.term,
            "the disk's term is not ahead",
            &|| format!("disk {}, memory {}", disk.term, self.hard_state.term),
        )?;
        require(
            self.proven.index <= last.index,
            "what is proven is in the log",
            &|| format!("proven {}, last {last}", self.proven.index),
        )?;
        if self.fenced.is_none() {
            self.check_waiting()?;
            self.check_timer()?;
        }
        self.check_leader()
    }

    /// The log goes on where the snapshot ends, and what one replaced is replaced everywhere.
    fn check_snapshot(&self) -> Result<(), Violation> {
        let (applying, commit, durable) = (self.applying, self.commit, self.durability.index);
        let require = |holds, name, detail: &dyn Fn() -> String| self.require(holds, name, detail);
        let (base, snapshot) = (self.log.base(), self.snapshots.last());
        require(
            base.index <= snapshot.index && base.term <= snapshot.term,
            "what was dropped from the log is in a snapshot",
            &|| format!("the log starts after {base}, snapshot up to {snapshot}"),
        )?;
        require(
            snapshot.index <= commit,
            "a snapshot holds only what is committed",
            &|| format!("snapshot up to {snapshot}, commit {commit}"),
        )?;
        // The state machine learns of a received snapshot when the disk has it in place.
        let (installing, loaded) = (self.is_installing(), applying >= snapshot.index);
        require(
            if loaded {
                !installing
            } else {
                installing || self.dirty
            },
            "a snapshot is handed out when it is in force on disk, and at once then",
            &|| format!("snapshot up to {snapshot}, handed out {applying}, durable {durable}"),
        )
    }

    /// Whoever waits for the disk waits for something that it is doing: what memory has and the
    /// disk lacks is in a write on its way, or in the next one where only so many may be. So no
    /// vote and no acknowledgement is held for ever, and none that the disk has covered.
    fn check_waiting(&self) -> Result<(), Violation> {
        let broken = |name, detail| self.broken(name, detail);
        let disk = &self.durability;
        let (mine, on_disk) = (self.hard_state, disk.hard_state);
        let (last, written) = (self.log.last(), disk.index);
        let covered = on_disk == mine && written == last.index && !self.is_installing();
        if !covered && disk.in_flight() == 0 {
            let detail = format!("{mine:?} to {last}, disk {on_disk:?} to {written}");
            return broken("what the disk lacks is on its way", detail);
        }
        if let Some(to) = self.held_vote
            && (mine.vote != Some(to) || on_disk == mine)
        {
            let detail = format!("for {to}: {mine:?}, disk {on_disk:?}");
            return broken("a vote is held while the disk lacks it", detail);
        }
        if let State::Candidate { votes, .. } = &self.state {
            let (own, counted) = (self.config.id, votes.contains_key(&self.config.id));
            if mine.vote != Some(own) || counted != (on_disk == mine) {
                let detail = format!("counted: {counted}, {mine:?}, disk {on_disk:?}");
                return broken(
                    "a candidate counts itself when the disk has its vote",
                    detail,
                );
            }
        }
        let follows = self.leader.is_some_and(|leader| leader != self.config.id);
        let ack = &self.ack;
        if follows && (ack.owed || ack.offered) {
            return broken("what needs no disk is answered at once", format!("{ack:?}"));
        }
        let proven = match self.proven.leader_term == mine.term {
            true => self.proven.index,
            false => Index(0),
        };
        let (told, due) = (ack.told, written.min(proven));
        if told > proven || (follows && told < due) {
            let detail = format!("told {told}, on disk {written}, proven {proven}");
            return broken("what is on disk and proven is acknowledged", detail);
        }
        Ok(())
    }

    /// Who is no leader has an election timer that fires in time, if need be when it may vote
    /// again; a leader has none (paper 5.2, trap E12).
    fn check_timer(&self) -> Result<(), Violation> {
        let Deadline { set, due } = self.election;
        let detail = || format!("set {set:?}, due {due:?}, now {:?}", self.now);
        if matches!(self.state, State::Leader(_)) {
            if due != Time::NEVER {
                return self.broken("a leader has no election timer", detail());
            }
            return Ok(());
        }
        let latest = (set + self.config.timing.election_max).max(self.quiet.until);
        if set > self.now || due <= set || due > latest {
            return self.broken("who does not lead has an election timer", detail());
        }
        if matches!(self.state, State::PreCandidate(_)) && self.silence().is_some() {
            return self.broken("who promised silence does not ask for votes", detail());
        }
        Ok(())
    }

    fn require(
        &self,
        holds: bool,
        name: &'static str,
        detail: &dyn Fn() -> String,
    ) -> Result<(), Violation> {
        if holds {
            return Ok(());
        }
        self.broken(name, detail())
    }

    fn broken(&self, name: &'static str, detail: String) -> Result<(), Violation> {
        Err(Violation {
            name,
            node: self.config.id,
            detail,
        })
    }

    fn check_leader(&self) -> Result<(), Violation> {
        let State::Leader(leading) = &self.state else {
            return Ok(());
        };
        let broken = |name, detail| self.broken(name, detail);
        if self.durability.hard_state != self.hard_state {
            return broken(
                "a leader's term and vote are on disk",
                format!("{:?}", self.hard_state),
            );
        }
        if self.is_installing() {
            let detail = format!("the log starts after {}", self.log.base());
            return broken("a leader installs no snapshot", detail);
        }
        if self.leader != Some(self.config.id) {
            return broken("a leader follows itself", format!("{:?}", self.leader));
        }
        for (id, peer) in &leading.peers {
            self.check_peer(*id, peer)?;
        }
        let Some(membership) = self.log.membership() else {
            return broken("a leader knows its cluster", String::new());
        };
        let mut peers = membership.members.all();
        peers.retain(|node| *node != self.config.id);
        let served = |node: &NodeId| !leading.leaving.contains_key(node);
        if !leading.peers.keys().filter(|node| served(node)).eq(&peers) {
            let detail = format!("{:?}", leading.peers.keys());
            return broken("a leader serves exactly the members", detail);
        }
        // In its own term, and under the members in force, a leader commits nothing that its
        // quorum math does not allow. (What was committed before may be on fewer new voters.)
        let own = self.durability.index;
        let on_disks = |has: fn(&Progress) -> Index| {
            let matched = |node: NodeId| leading.peers.get(&node).map_or(own, has).0;
            Index(quorum::agreed(&membership.members, matched))
        };
        // What a suspect peer had before its log rotted was counted rightly then.
        let allowed = on_disks(|peer| peer.matched.max(peer.promised));
        let own_doing = leading.noop.max(membership.index());
        if self.commit >= own_doing && self.commit > allowed {
            let detail = format!("commit {}, a majority has {allowed}", self.commit);
            return broken("a leader commits what a majority has on disk", detail);
        }
        // And all of it, if it is of its own term: whoever waits for that waits for nothing else.
        let there = on_disks(Progress::counted);
        if self.commit < there && self.log.term_at(there) == Some(self.hard_state.term) {
            let detail = format!("commit {}, a majority has {there}", self.commit);
            return broken("a leader commits all that a majority has on disk", detail);
        }
        Ok(())
    }

    /// What a leader keeps of one peer fits together (traps R3, R11, S10).
    fn check_peer(&self, id: NodeId, peer: &Progress) -> Result<(), Violation> {
        let broken = |name, detail| self.broken(name, detail);
        let base = self.log.base().index;
        if peer.pace != Pace::Snapshot && peer.next <= base {
            let detail = format!("{id}: next {}, log starts after {base}", peer.next);
            return broken("what is sent next is in the log", detail);
        }
        if peer.next <= peer.matched || peer.matched > self.log.last().index {
            let detail = format!("{id}: next {}, matched {}", peer.next, peer.matched);
            return broken("next stays above match, match inside the log", detail);
        }
        if (peer.pace == Pace::Snapshot) != peer.sending.is_some() {
            let detail = format!("{id}: {:?}, {:?}", peer.pace, peer.sending);
            return broken("a snapshot is sent in that pace and in no other", detail);
        }
        if peer.pace == Pace::Snapshot && peer.matched >= base {
            let detail = format!("{id}: matched {}, log starts after {base}", peer.matched);
            return broken("who has what the log needs waits for no snapshot", detail);
        }
        let bytes: u64 = peer.in_flight.iter().map(|flight| flight.bytes).sum();
        if bytes != peer.in_flight_bytes {
            return broken("the window's accounts are exact", format!("{id}: {bytes}"));
        }
        Ok(())
    }
}
