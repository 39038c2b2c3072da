//! What a node said, in as little room as possible: the long parts, log and keys, are shared
//! with what it said before when they are the same, which they are most of the time.

use raftwerk_wire::view::{EntryView, ItemView, NodeView};
use std::rc::Rc;

/// A node's words. They are compared by identity.
#[derive(Clone, Debug)]
pub struct Kept {
    /// All but the entries of the log and the keys of the store.
    rest: Rc<NodeView>,
    entries: Rc<Vec<EntryView>>,
    items: Rc<Vec<ItemView>>,
    weight: usize,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Kept) -> bool {
        Rc::ptr_eq(&self.rest, &other.rest)
    }
}

impl Kept {
    /// Keeps a view; `before` is what the node said last.
    #[must_use]
    pub fn new(mut view: NodeView, before: Option<&Kept>) -> Kept {
        let entries = std::mem::take(&mut view.log.entries);
        let items = std::mem::take(&mut view.store.items);
        let mut weight = size_of::<NodeView>() + rest_weight(&view);
        let same = before.filter(|before| *before.entries == entries);
        let entries = same.map_or_else(
            || {
                weight += entries.iter().map(entry_weight).sum::<usize>();
                Rc::new(entries)
            },
            |before| before.entries.clone(),
        );
        let same = before.filter(|before| *before.items == items);
        let items = same.map_or_else(
            || {
                weight += items.iter().map(item_weight).sum::<usize>();
                Rc::new(items)
            },
            |before| before.items.clone(),
        );
        let rest = Rc::new(view);
        Kept {
            rest,
            entries,
            items,
            weight,
        }
    }

    /// The view as it was told.
    #[must_use]
    pub fn view(&self) -> NodeView {
        let mut view = (*self.rest).clone();
        view.log.entries.clone_from(&self.entries);
        view.store.items.clone_from(&self.items);
        view
    }

    /// The view without log and keys, for those who do not show them.
    #[must_use]
    pub fn outline(&self) -> NodeView {
        (*self.rest).clone()
    }

    /// All but log and keys.
    #[must_use]
    pub fn rest(&self) -> &NodeView {
        &self.rest
    }

    /// Bytes that it added, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether nothing is different between the two but what moves all the time: timers, the
    /// log, what is committed, applied, on disk.
    #[must_use]
    pub fn is_like(&self, other: &Kept) -> bool {
        let (a, b) = (&*self.rest, &*other.rest);
        (a.role, a.term, a.vote, a.leader) == (b.role, b.term, b.vote, b.leader)
            && a.votes == b.votes
            && (&a.fenced, &a.suspect) == (&b.fenced, &b.suspect)
            && (&a.voters, &a.learners) == (&b.voters, &b.learners)
            && (&a.outgoing, &a.change) == (&b.outgoing, &b.change)
            && a.autopilot == b.autopilot
    }
}

fn rest_weight(view: &NodeView) -> usize {
    let words = view.held.iter().chain(&view.switches);
    let words: usize = words.map(|text| size_of::<String>() + text.len()).sum();
    let change = view.change.as_ref().map_or(0, |change| {
        size_of_val(change.voters.as_slice())
            + size_of_val(change.learners.as_slice())
            + size_of_val(change.rounds.as_slice())
    });
    let last = view
        .autopilot
        .as_ref()
        .and_then(|pilot| pilot.last.as_ref());
    let decided = last.map_or(0, |(_, what)| what.len());
    size_of_val(view.votes.as_slice())
        + size_of_val(view.voters.as_slice())
        + size_of_val(view.learners.as_slice())
        + size_of_val(view.outgoing.as_slice())
        + size_of_val(view.demote_later.as_slice())
        + change
        + decided
        + size_of_val(view.peers.as_slice())
        + size_of_val(view.reads.as_slice())
        + words
}

fn entry_weight(entry: &EntryView) -> usize {
    size_of::<EntryView>() + entry.kind.len() + entry.text.len()
}

fn item_weight(item: &ItemView) -> usize {
    size_of::<ItemView>() + item.key.len() + item.value.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::trace::Role;

    fn view(count: u64, commit: u64) -> NodeView {
        let mut view = NodeView {
            commit,
            ..NodeView::default()
        };
        let entry = |index| EntryView {
            index,
            term: 1,
            kind: "command".into(),
            text: "put x=1".into(),
        };
        view.log.entries = (1..=count).map(entry).collect();
        view
    }

    #[test]
    fn what_is_the_same_is_kept_once() {
        let first = Kept::new(view(60, 1), None);
        let second = Kept::new(view(60, 2), Some(&first));
        assert!(Rc::ptr_eq(&first.entries, &second.entries));
        assert!(second.weight() < first.weight() / 2);
        assert_eq!(second.view(), view(60, 2), "and told whole");
        let third = Kept::new(view(61, 2), Some(&second));
        assert_eq!(third.view().log.entries.len(), 61);
    }

    #[test]
    fn progress_is_routine_and_a_role_is_not() {
        let first = Kept::new(view(1, 1), None);
        assert!(first.is_like(&Kept::new(view(9, 9), None)));
        let mut leader = view(1, 1);
        leader.role = Role::Leader;
        assert!(!first.is_like(&Kept::new(leader, None)));
    }
}
