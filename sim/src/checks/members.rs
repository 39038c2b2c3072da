//! Checks of the members (paper 6, thesis 4): who they are follows from the log alone, and a leader
//! changes them one step at a time.
//!
//! Each step keeps every majority of one membership in touch with every majority of the next, and
//! none comes before the one before it is committed, and an entry of the leader's own term with it
//! (the bug of 2015, trap M1). A new voter has the log first (trap M8).

use super::node::Seen;
use super::{Check, Checks};
use crate::disk::Device;
use crate::node::Node;
use raftwerk_core::trace::Role;
use raftwerk_core::{Index, LogId, Members, NodeId, Raft, Term, Time};

impl Checks {
    /// A log has changed: the members in force must be those that its newest entry about members
    /// names; and if its leader has just appended that entry, it must have been allowed to.
    pub(super) fn on_members(&mut self, nodes: &[Node], raft: &Raft, was: &Seen, now: &Seen) {
        if let Some(wrong) = self.wrong_members(nodes, raft, was, now) {
            self.fail(Check::Members, format!("{} {wrong}", raft.view().id()));
        }
    }

    /// A node is told that it is removed: the members that it goes by are committed.
    pub fn on_removed(&mut self, raft: &Raft) {
        let view = raft.view();
        let (own, named) = (view.id(), view.membership());
        let committed = named.is_some_and(|named| {
            let (id, members) = (named.id, &named.members);
            self.ledger.committed_term(id.index.0) == Some(id.term.0) && !members.contains(own)
        });
        if !committed {
            let id = named.map(|named| named.id);
            let detail =
                format!("{own} is told that it is removed; the members {id:?} name it, or");
            self.fail(Check::Members, format!("{detail} are not committed"));
        }
    }

    fn wrong_members(&self, nodes: &[Node], raft: &Raft, was: &Seen, now: &Seen) -> Option<String> {
        let in_force = raft.view().membership().map(|membership| membership.id);
        let mut named = self.ledger.members_in(raft, now.last.index);
        let newest = named.next();
        let in_log = newest.map(|newest| newest.0);
        if in_log != in_force {
            return Some(format!(
                "goes by the members of {in_force:?}, its log says {in_log:?}"
            ));
        }
        let ((id, members), (before, old)) = (newest?, named.next()?);
        let appended = id.index > was.last.index && id.term.0 == now.term;
        if now.role != Role::Leader || !appended {
            return None;
        }
        let new = members.voters.iter().filter(|node| !old.is_voter(**node));
        let mut behind = new.filter(|node| !holds(nodes, **node, before));
        let wrong = if leaves_too_few(raft, old, members) {
            "which leaves fewer voters than the autopilot is to have".to_string()
        } else if before.index.0 > now.commit {
            "which is not committed".to_string()
        } else if raft.view().term_at(Index(now.commit)) != Some(Term(now.term)) {
            "without a committed entry of its own term".to_string()
        } else if !is_step(old, members) {
            "in one step too large".to_string()
        } else {
            let new = members.voters.iter().filter(|node| !old.is_voter(**node));
            let (view, end) = (raft.view(), id.index.prev());
            let at = nodes.get(view.id().0 as usize - 1);
            let time = at.map_or(Time(0), |node| node.time(self.now));
            let mut slow = new.filter(|node| self.too_slow(view, **node, end, time));
            match (behind.next(), slow.next()) {
                (Some(node), _) => format!("with {node}, which has not got them"),
                (None, Some(node)) => format!("with {node}, which does not keep up"),
                (None, None) => return None,
            }
        };
        Some(format!(
            "appends members {id} after those of {before}, {wrong}"
        ))
    }
}

/// Whether the autopilot lets the voters become fewer than it is to have, or fewer still.
fn leaves_too_few(raft: &Raft, old: &Members, new: &Members) -> bool {
    let view = raft.view();
    let by_itself = view.change().is_some_and(|change| change.ticket.is_none());
    let policy = view.config().autopilot.filter(|_| by_itself);
    policy.is_some_and(|policy| {
        let wanted = usize::try_from(policy.target).unwrap_or(usize::MAX);
        new.voters.len() < old.voters.len().min(wanted)
    })
}

/// Whether all majorities of both overlap.
fn is_step(old: &Members, new: &Members) -> bool {
    if old.is_joint() {
        return new.voters == old.voters && !new.is_joint();
    }
    if new.is_joint() {
        return new.outgoing == old.voters;
    }
    let only = |one: &Members, other: &Members| {
        one.voters
            .iter()
            .filter(|node| !other.is_voter(**node))
            .count()
    };
    only(old, new) + only(new, old) <= 1
}

/// Whether a node's disk holds an entry, in its log or inside its snapshot, or held it when it was
/// wiped or damaged: a wiped node votes for nobody, and one with a damaged log does not until it is
/// trusted again, so that an election among the rest without the entry is no easier than if the
/// node still had it (traps D3, D9, `faults::atlas`).
pub(super) fn holds(nodes: &[Node], node: NodeId, id: LogId) -> bool {
    let holds = |device: &Device| device.holds(id.index.0, Some(id.term.0));
    let node = nodes.get(node.0 as usize - 1);
    node.is_some_and(|node| {
        let mut held = node.disk.damage.held.iter();
        holds(node.disk.device()) || held.any(|device| holds(device))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_majorities_in_touch() {
        let of = |voters: &[u64], outgoing: &[u64]| Members {
            outgoing: outgoing.iter().copied().map(NodeId).collect(),
            ..Members::of_voters(voters.iter().copied().map(NodeId))
        };
        let (three, four) = (of(&[1, 2, 3], &[]), of(&[1, 2, 3, 4], &[]));
        assert!(is_step(&three, &four) && is_step(&four, &three));
        assert!(
            !is_step(&three, &of(&[1, 2, 4], &[])),
            "one comes and one goes"
        );
        assert!(!is_step(&three, &of(&[1, 2, 3, 4, 5], &[])));
        let joint = of(&[1, 4, 5], &[1, 2, 3]);
        assert!(is_step(&three, &joint) && !is_step(&four, &joint));
        assert!(is_step(&joint, &of(&[1, 4, 5], &[])));
        assert!(!is_step(&joint, &three));
    }
}
