//! Symmetry: a world in which nodes have swapped their names is the same world.
//!
//! A state is as good as any other that a permutation of node names makes of it, if the core
//! treats all nodes alike. That is not taken on faith. Every node state is kept with its *twins*,
//! one per permutation, and a twin is not computed by editing a core, which its API does not
//! allow, but by running the real core of the other node through the renamed inputs. Whenever a
//! step is taken, `table` takes it for all twins and compares: next states must be twins again
//! and the messages sent must be renamings of each other. A core that favours a node would end
//! the search with an error, so a reduced search is as sound as a full one.

use raftwerk_core::{Body, Entry, EntryBody, Members, Message, NodeId};

/// A set of permutations of node numbers, closed under composition; the first is the identity.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    perms: Vec<Vec<u8>>,
    /// `then[b][a]`: first `a`, then `b`.
    then: Vec<Vec<usize>>,
}

impl Group {
    /// Nobody changes places.
    pub fn trivial(nodes: usize) -> Group {
        Group::of(vec![(0..nodes as u8).collect()])
    }

    /// Everybody may change places with those that carry the same mark.
    pub fn within(marks: &[u8]) -> Group {
        let mut perms: Vec<Vec<u8>> = vec![Vec::new()];
        for place in 0..marks.len() {
            let mut longer = Vec::new();
            for perm in &perms {
                let free = (0..marks.len() as u8)
                    .filter(|to| marks[usize::from(*to)] == marks[place] && !perm.contains(to));
                longer.extend(free.map(|to| [perm.as_slice(), &[to]].concat()));
            }
            perms = longer;
        }
        Group::of(perms)
    }

    fn of(perms: Vec<Vec<u8>>) -> Group {
        let find = |perm: &Vec<u8>| perms.iter().position(|known| known == perm);
        let after = |b: &Vec<u8>, a: &Vec<u8>| {
            let both = a.iter().map(|middle| b[usize::from(*middle)]).collect();
            find(&both).expect("closed under composition")
        };
        let then = perms
            .iter()
            .map(|b| perms.iter().map(|a| after(b, a)).collect())
            .collect();
        Group { perms, then }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.perms.len()
    }

    /// First `a`, then `b`.
    pub fn then(&self, b: usize, a: usize) -> usize {
        self.then[b][a]
    }

    /// Where a node goes.
    pub fn number(&self, perm: usize, node: u8) -> u8 {
        self.perms[perm][usize::from(node)]
    }

    /// The new name of a node; a stranger keeps its own.
    pub fn node(&self, perm: usize, node: NodeId) -> NodeId {
        let known = |n: u8| usize::from(n) < self.perms[perm].len();
        match number(node).filter(|n| known(*n)) {
            Some(old) => name(self.number(perm, old)),
            None => node,
        }
    }

    /// The message as it reads when all names are changed.
    pub fn message(&self, perm: usize, message: &Message) -> Message {
        let mut renamed = message.clone();
        renamed.from = self.node(perm, message.from);
        renamed.to = self.node(perm, message.to);
        // Bodies without names stay; a new kind with names would be found out by `table`.
        if let Body::Append { entries, .. } = &mut renamed.body {
            let mut own = entries.to_vec();
            own.iter_mut().for_each(|entry| self.entry(perm, entry));
            *entries = own.into();
        }
        renamed
    }

    /// Changes the names inside an entry.
    pub fn entry(&self, perm: usize, entry: &mut Entry) {
        if let EntryBody::Membership(members) = &mut entry.body {
            self.members(perm, members);
        }
    }

    fn members(&self, perm: usize, members: &mut Members) {
        let lists = [
            &mut members.voters,
            &mut members.outgoing,
            &mut members.learners,
            &mut members.demote_later,
        ];
        for list in lists {
            list.iter_mut()
                .for_each(|node| *node = self.node(perm, *node));
            list.sort_unstable();
        }
    }
}

/// Name of the node with a number.
pub(crate) fn name(number: u8) -> NodeId {
    NodeId(u64::from(number) + 1)
}

/// Number of the node with a name, if it has one.
pub(crate) fn number(name: NodeId) -> Option<u8> {
    u8::try_from(name.0.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::Group;

    #[test]
    fn as_many_as_there_ought_to_be_and_closed() {
        for (marks, size) in [
            (vec![0; 3], 6),
            (vec![0, 0, 0, 0], 24),
            (vec![0, 0, 0, 0, 1, 1], 48),
        ] {
            let group = Group::within(&marks);
            assert_eq!(group.len(), size);
            assert_eq!(group.then(0, 0), 0, "the first is the identity");
            for perm in 0..size {
                let inverse = (0..size).filter(|other| group.then(*other, perm) == 0);
                assert_eq!(inverse.count(), 1);
            }
        }
    }
}
