//! Whether anybody else can give back to a node what its log has lost (trap D3).
//!
//! Another voter can: it may lead, and sends what is missing. A learner cannot, since nobody elects
//! it. So what decides is the newest members that are known: from the log as far as it is good, from
//! the snapshot, or from a note in the data directory (`members.json`), which is kept for just this,
//! because those two may be what was lost. Only where none of them says anything (a directory of an
//! earlier version) does it have to do whether the address of another node is known.

use raftwerk_core::{Entry, EntryBody, Index, Members, Membership, NodeId, SnapshotMeta};

/// What is known of others before the log is looked at.
#[derive(Clone, Debug)]
pub struct Others {
    /// This node.
    pub me: NodeId,
    /// The newest committed members that were noted in an earlier life.
    pub noted: Option<Membership>,
    /// Whether the address of any other node is known.
    pub addresses: bool,
}

impl Others {
    /// Whether this node has nobody to ask for what it is about to cut off, from this index on: to be
    /// asked before anything is changed. The newest members may be named in what is cut, and they may
    /// be committed or not: so it has nobody if that is so with what is cut, or without it. What is
    /// left afterwards says the same again, at this start and at later ones.
    pub fn cannot_give(
        &self,
        entries: &[Entry],
        cut: Index,
        snapshot: Option<&SnapshotMeta>,
    ) -> bool {
        let left = entries.partition_point(|entry| entry.id.index < cut);
        self.are_none(entries, snapshot) || self.are_none(&entries[..left], snapshot)
    }

    /// Whether this node has nobody to ask.
    pub fn are_none(&self, entries: &[Entry], snapshot: Option<&SnapshotMeta>) -> bool {
        let logged = entries.iter().rev().find_map(named);
        let covered = snapshot.map(|meta| (meta.membership.index(), &meta.membership.members));
        let noted = self.noted.as_ref();
        let noted = noted.map(|noted| (noted.index(), &noted.members));
        let known = [covered, logged, noted].into_iter().flatten();
        match known.max_by_key(|(index, _)| *index) {
            Some((_, members)) => is_only_voter(self.me, members),
            None => !self.addresses,
        }
    }
}

/// The members that an entry names.
fn named(entry: &Entry) -> Option<(Index, &Members)> {
    match &entry.body {
        EntryBody::Membership(members) => Some((entry.id.index, members)),
        EntryBody::Noop | EntryBody::Command(_) => None,
    }
}

/// Whether it votes, and nobody else does in either half of a joint change.
fn is_only_voter(me: NodeId, members: &Members) -> bool {
    let mut all = members.all().into_iter();
    members.is_voter(me) && !all.any(|node| node != me && members.is_voter(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::LogId;

    fn members(voters: &[u64], learners: &[u64]) -> Members {
        Members {
            learners: learners.iter().copied().map(NodeId).collect(),
            ..Members::of_voters(voters.iter().copied().map(NodeId))
        }
    }

    fn membership(index: u64, voters: &[u64], learners: &[u64]) -> Membership {
        Membership {
            id: LogId::new(1, index),
            members: members(voters, learners),
        }
    }

    fn entry(index: u64, voters: &[u64], learners: &[u64]) -> Entry {
        Entry {
            id: LogId::new(1, index),
            body: EntryBody::Membership(members(voters, learners).into()),
        }
    }

    fn snapshot(index: u64, voters: &[u64]) -> SnapshotMeta {
        SnapshotMeta {
            last: LogId::new(1, index + 5),
            membership: membership(index, voters, &[]),
            ..SnapshotMeta::default()
        }
    }

    fn others(noted: Option<Membership>, addresses: bool) -> Others {
        let me = NodeId(1);
        Others {
            me,
            noted,
            addresses,
        }
    }

    /// Addresses say nothing where members are known.
    #[test]
    fn voters_decide_and_neither_learners_nor_addresses() {
        for addresses in [false, true] {
            let unknown = others(None, addresses);
            assert!(!unknown.are_none(&[entry(1, &[1, 2, 3], &[])], None));
            assert!(unknown.are_none(&[entry(1, &[1], &[])], None));
            assert!(unknown.are_none(&[entry(1, &[1], &[2, 3])], None));
            assert!(
                !unknown.are_none(&[entry(1, &[2], &[1])], None),
                "a learner"
            );
            assert!(!unknown.are_none(&[], Some(&snapshot(7, &[1, 2, 3]))));
            let noted = others(Some(membership(3, &[1, 2], &[])), addresses);
            assert!(!noted.are_none(&[], None));
            let mut joint = members(&[1], &[]);
            joint.outgoing = vec![NodeId(1), NodeId(2)];
            let leaving = Entry {
                id: LogId::new(1, 9),
                body: EntryBody::Membership(joint.into()),
            };
            assert!(!unknown.are_none(&[leaving], None), "both halves vote");
        }
        assert!(others(None, false).are_none(&[], None));
        assert!(!others(None, true).are_none(&[], None));
    }

    /// A second voter that is named only in what is cut may have never heard of it.
    #[test]
    fn who_is_named_only_in_what_is_cut_can_give_nothing() {
        let log = [
            entry(1, &[1], &[]),
            entry(6, &[1], &[2]),
            entry(9, &[1, 2], &[]),
        ];
        let only = others(Some(membership(6, &[1], &[2])), true);
        assert!(!only.are_none(&log, None));
        assert!(only.cannot_give(&log, Index(7), None));
        assert!(only.cannot_give(&log, Index(0), None));
        assert!(only.cannot_give(&log, Index(7), Some(&snapshot(1, &[1]))));
        let both = others(Some(membership(9, &[1, 2], &[])), false);
        assert!(!both.cannot_give(&log, Index(7), None));
        // And where the cut takes away that the others were removed, they are still asked nothing.
        let log = [entry(1, &[1, 2], &[]), entry(9, &[1], &[])];
        assert!(others(None, true).cannot_give(&log, Index(7), None));
    }

    /// The rot may have taken the entry that named them.
    #[test]
    fn the_newest_members_count() {
        let (one, three) = (&[1][..], &[1, 2, 3][..]);
        for (older, newer, alone) in [(one, three, false), (three, one, true)] {
            let noted = others(Some(membership(9, newer, &[])), false);
            assert_eq!(noted.are_none(&[entry(1, older, &[])], None), alone);
            assert_eq!(noted.are_none(&[], Some(&snapshot(4, older))), alone);
            let noted = others(Some(membership(2, older, &[])), false);
            let log = [entry(1, older, &[]), entry(8, newer, &[])];
            assert_eq!(noted.are_none(&log, None), alone);
            assert_eq!(noted.are_none(&log, Some(&snapshot(1, older))), alone);
            assert_eq!(noted.are_none(&[], Some(&snapshot(8, newer))), alone);
        }
    }
}
