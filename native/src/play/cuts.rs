//! Which directions are cut: what was asked for, and what each node has carried out so far.
//!
//! A node forgets its cuts when it ends and hears nothing while it is frozen, so the supervisor
//! remembers what is wanted and brings each node up to it (see `chaos`).

use std::collections::{BTreeMap, BTreeSet};

/// A direction: from a node, to another.
pub type Way = (u64, u64);

/// Wanted and carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    wanted: BTreeSet<Way>,
    done: BTreeMap<u64, BTreeSet<u64>>,
}

/// What a node must be told to be as wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Stop sending to these.
    pub cut: Vec<u64>,
    /// Send to these again.
    pub restore: Vec<u64>,
}

impl Cuts {
    /// Wants one direction cut; `false`: it was wanted before.
    pub fn cut(&mut self, way: Way) -> bool {
        self.wanted.insert(way)
    }

    /// Wants one direction open; `false`: it was not cut.
    pub fn restore(&mut self, way: Way) -> bool {
        self.wanted.remove(&way)
    }

    /// Wants exactly these directions cut.
    pub fn replace(&mut self, wanted: BTreeSet<Way>) {
        self.wanted = wanted;
    }

    /// What `node` must still be told.
    #[must_use]
    pub fn orders(&self, node: u64) -> Orders {
        let none = BTreeSet::new();
        let done = self.done.get(&node).unwrap_or(&none);
        let wanted: BTreeSet<u64> = self
            .wanted
            .range((node, 0)..=(node, u64::MAX))
            .map(|way| way.1)
            .collect();
        Orders {
            cut: wanted.difference(done).copied().collect(),
            restore: done.difference(&wanted).copied().collect(),
        }
    }

    /// `from` has carried out that the direction to `to` is cut, or open.
    pub fn carried_out(&mut self, from: u64, to: u64, cut: bool) {
        let done = self.done.entry(from).or_default();
        if cut {
            done.insert(to);
        } else {
            done.remove(&to);
        }
    }

    /// `node` began a new life and has carried out nothing.
    pub fn forgotten(&mut self, node: u64) {
        self.done.remove(&node);
    }
}

/// The directions to cut so that the groups do not hear each other; nodes that no group names
/// form a group of their own.
///
/// # Errors
/// A node that is not in the cluster, or is named twice.
pub fn partition(nodes: &[u64], groups: &[Vec<u64>]) -> Result<BTreeSet<Way>, PartitionError> {
    let mut place = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        for &node in group {
            if !nodes.contains(&node) {
                return Err(PartitionError::NoSuchNode(node));
            }
            if place.insert(node, number + 1).is_some() {
                return Err(PartitionError::Twice(node));
            }
        }
    }
    let group = |node: u64| place.get(&node).copied().unwrap_or(0);
    let ways = nodes
        .iter()
        .flat_map(|&from| nodes.iter().map(move |&to| (from, to)));
    Ok(ways
        .filter(|&(from, to)| group(from) != group(to))
        .collect())
}

/// Why a partition cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionError {
    /// There is no such node.
    NoSuchNode(u64),
    /// A node is in two groups.
    Twice(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_cuts_both_ways_between_groups_only() {
        let cuts = partition(&[1, 2, 3, 4, 5], &[vec![1, 2]]).unwrap();
        assert_eq!(cuts.len(), 2 * 2 * 3);
        assert!(cuts.contains(&(1, 3)) && cuts.contains(&(3, 1)));
        assert!(!cuts.contains(&(1, 2)) && !cuts.contains(&(4, 5)));
        let three = partition(&[1, 2, 3, 4, 5], &[vec![1, 2], vec![3]]).unwrap();
        assert!(three.contains(&(3, 4)) && three.contains(&(1, 3)) && !three.contains(&(4, 5)));
        assert!(partition(&[1, 2], &[]).unwrap().is_empty());
    }

    #[test]
    fn a_partition_of_strangers_is_refused() {
        let nodes = [1, 2, 3];
        let stranger = partition(&nodes, &[vec![4]]);
        assert_eq!(stranger, Err(PartitionError::NoSuchNode(4)));
        let twice = partition(&nodes, &[vec![1], vec![2, 1]]);
        assert_eq!(twice, Err(PartitionError::Twice(1)));
    }

    #[test]
    fn a_node_is_told_what_it_missed() {
        let mut cuts = Cuts::default();
        cuts.replace(partition(&[1, 2, 3], &[vec![1]]).unwrap());
        assert_eq!(cuts.orders(1).cut, [2, 3]);
        cuts.carried_out(1, 2, true);
        assert_eq!(cuts.orders(1).cut, [3]);
        cuts.carried_out(1, 3, true);
        cuts.restore((1, 2));
        assert_eq!(
            cuts.orders(1),
            Orders {
                cut: vec![],
                restore: vec![2]
            }
        );
        cuts.carried_out(1, 2, false);
        assert_eq!(cuts.orders(1), Orders::default());
        cuts.forgotten(1);
        assert_eq!(cuts.orders(1).cut, [3]);
        assert_eq!(cuts.orders(2).cut, [1]);
        cuts.replace(BTreeSet::new());
        assert_eq!(cuts.orders(2), Orders::default());
    }
}
