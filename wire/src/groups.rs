//! Who reaches whom when directions are cut: groups of nodes and their share of the voters.
//!
//! A group is a connected part of the graph of links that are open *both* ways: consensus needs
//! question and answer. With no cut there is one group, and nothing to show.

use crate::view::Group;

/// Groups of nodes that reach each other both ways, largest first; empty when all do.
///
/// `nodes` are all members, `cuts` the cut directions as (from, to), `voters` all voters, and
/// `running` the nodes that take part at all. A majority is counted over running voters.
#[must_use]
pub fn groups(nodes: &[u64], cuts: &[(u64, u64)], voters: &[u64], running: &[u64]) -> Vec<Group> {
    let open = |a: u64, b: u64| !cuts.contains(&(a, b)) && !cuts.contains(&(b, a));
    let mut left: Vec<u64> = nodes.to_vec();
    let mut found: Vec<Group> = Vec::new();
    while let Some(first) = left.first().copied() {
        let mut members = vec![first];
        left.remove(0);
        let mut at = 0;
        while at < members.len() {
            let here = members[at];
            let (near, far): (Vec<u64>, Vec<u64>) =
                left.iter().partition(|other| open(here, **other));
            members.extend(near);
            left = far;
            at += 1;
        }
        members.sort_unstable();
        let count = members
            .iter()
            .filter(|node| voters.contains(node) && running.contains(node))
            .count();
        found.push(Group {
            voters: count,
            of: voters.len(),
            quorum: count > voters.len() / 2,
            nodes: members,
        });
    }
    if found.len() < 2 {
        return Vec::new();
    }
    found.sort_by(|a, b| {
        b.nodes
            .len()
            .cmp(&a.nodes.len())
            .then(a.nodes.cmp(&b.nodes))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [u64; 5] = [1, 2, 3, 4, 5];

    fn split(left: &[u64], right: &[u64]) -> Vec<(u64, u64)> {
        left.iter()
            .flat_map(|a| right.iter().flat_map(|b| [(*a, *b), (*b, *a)]))
            .collect()
    }

    #[test]
    fn no_cut_is_nothing_to_show() {
        assert!(groups(&ALL, &[], &ALL, &ALL).is_empty());
        assert!(
            groups(&ALL, &[(1, 2)], &ALL, &ALL).is_empty(),
            "1 and 2 still meet through 3"
        );
    }

    #[test]
    fn a_partition_counts_running_voters() {
        let cuts = split(&[1, 2], &[3, 4, 5]);
        let found = groups(&ALL, &cuts, &ALL, &[1, 2, 3, 4]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].nodes, [3, 4, 5]);
        assert_eq!(
            (found[0].voters, found[0].of, found[0].quorum),
            (2, 5, false)
        );
        assert_eq!((found[1].voters, found[1].quorum), (2, false));
    }

    #[test]
    fn one_way_isolation_separates() {
        let cuts: Vec<(u64, u64)> = [1, 2, 3, 4].map(|from| (from, 5)).to_vec();
        let found = groups(&ALL, &cuts, &ALL, &ALL);
        assert_eq!(found[0].nodes, [1, 2, 3, 4]);
        assert!(found[0].quorum);
        assert_eq!(found[1].nodes, [5]);
    }
}
