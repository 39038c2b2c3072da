//! Entries that have just gone: cut because they conflict with the leader's, or lost with a
//! crash because they were not on disk. Found by comparing each picture with the one before.

use raftwerk_wire::view::ClusterView;
use std::rc::Rc;

/// Most ghosts at once.
const MOST: usize = 60;
/// Pictures further apart than this are a jump in time, not a change (microseconds).
const JUMP: u64 = 2_000_000;

/// An entry that has gone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ghost {
    /// From whose log.
    pub node: u64,
    /// Where it stood.
    pub index: u64,
    /// Its term.
    pub term: u64,
    since: f64,
}

/// The ghosts and the picture they were found against.
#[derive(Default)]
pub struct Ghosts {
    before: Option<Rc<ClusterView>>,
    list: Vec<Ghost>,
    stamp: u64,
}

impl Ghosts {
    /// Looks at a picture; the number returned changes when new ghosts appeared.
    pub fn look(&mut self, view: &Rc<ClusterView>, now: f64) -> u64 {
        let same = self
            .before
            .as_ref()
            .is_some_and(|before| Rc::ptr_eq(before, view));
        if same {
            return self.stamp;
        }
        let before = self.before.replace(view.clone());
        let Some(before) = before else {
            return self.stamp;
        };
        if view.now < before.now || view.now - before.now > JUMP {
            self.list.clear();
            return self.stamp;
        }
        let fresh = gone(&before, view, now);
        if !fresh.is_empty() {
            self.stamp += 1;
            self.list.retain(|old| {
                !fresh
                    .iter()
                    .any(|new| (new.node, new.index) == (old.node, old.index))
            });
            self.list.extend(fresh);
            let excess = self.list.len().saturating_sub(MOST);
            self.list.drain(..excess);
        }
        self.stamp
    }

    /// Those still to be seen. With reduced motion the last ones stay until a new picture.
    #[must_use]
    pub fn list(&self, now: f64, life: f64, calm: bool) -> Vec<Ghost> {
        let newest = self.list.last().map_or(0.0, |ghost| ghost.since);
        let seen = |ghost: &&Ghost| now - ghost.since < life || calm && ghost.since >= newest;
        self.list.iter().filter(seen).copied().collect()
    }
}

fn gone(before: &ClusterView, after: &ClusterView, since: f64) -> Vec<Ghost> {
    let mut found = Vec::new();
    for card in &after.nodes {
        let old = before.nodes.iter().find(|old| old.id == card.id);
        let logs = old
            .and_then(|old| old.view.as_ref())
            .zip(card.view.as_ref());
        let Some((old, new)) = logs.map(|(old, new)| (&old.log, &new.log)) else {
            continue;
        };
        for entry in old.entries.iter().rev() {
            // What slid out of the window on the left is not gone.
            if entry.index < new.first_shown {
                break;
            }
            let at = usize::try_from(entry.index - new.first_shown).ok();
            let now = at.and_then(|at| new.entries.get(at));
            if now.is_some_and(|now| now.term == entry.term) {
                break;
            }
            found.push(Ghost {
                node: card.id,
                index: entry.index,
                term: entry.term,
                since,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_wire::view::{EntryView, LogView, NodeCard, NodeCondition, NodeView};

    fn picture(now: u64, terms: &[u64]) -> Rc<ClusterView> {
        let entry = |(index, term): (u64, &u64)| EntryView {
            index,
            term: *term,
            kind: "command".into(),
            text: String::new(),
        };
        let entries: Vec<EntryView> = (1..).zip(terms).map(entry).collect();
        let log = LogView {
            last: terms.len() as u64,
            last_term: 0,
            first_shown: 1,
            entries,
        };
        let view = Some(NodeView {
            log,
            ..NodeView::default()
        });
        let condition = NodeCondition::Up;
        let card = NodeCard {
            id: 1,
            condition,
            view,
            age: 0,
            last_event: None,
        };
        Rc::new(ClusterView {
            now,
            nodes: vec![card],
            ..ClusterView::default()
        })
    }

    #[test]
    fn cut_and_replaced_entries_leave_ghosts_for_a_while() {
        let mut ghosts = Ghosts::default();
        ghosts.look(&picture(1, &[1, 1, 2, 2]), 0.0);
        let stamp = ghosts.look(&picture(2, &[1, 1, 3]), 10.0);
        assert_eq!(stamp, 1);
        let gone: Vec<(u64, u64)> = ghosts
            .list(20.0, 1_500.0, false)
            .iter()
            .map(|g| (g.index, g.term))
            .collect();
        assert_eq!(gone, [(4, 2), (3, 2)]);
        assert!(ghosts.list(2_000.0, 1_500.0, false).is_empty());
        assert_eq!(ghosts.list(2_000.0, 1_500.0, true).len(), 2);
    }

    #[test]
    fn going_back_in_time_leaves_none() {
        let mut ghosts = Ghosts::default();
        ghosts.look(&picture(9, &[1, 1, 2]), 0.0);
        ghosts.look(&picture(5, &[1]), 1.0);
        assert!(ghosts.list(2.0, 1_500.0, false).is_empty());
    }
}
