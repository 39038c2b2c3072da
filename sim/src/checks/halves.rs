//! Which nodes make a majority, as sets of bits: cheap enough to keep beside every committed entry.

use raftwerk_core::{Members, NodeId};
use std::fmt;

/// The voters of a membership; in a joint one both halves decide (paper 6, thesis 4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Halves {
    voters: u16,
    outgoing: u16,
}

impl Halves {
    /// Of these members. The simulator's nodes have small numbers.
    pub fn of(members: &Members) -> Halves {
        let bits = |nodes: &[NodeId]| nodes.iter().fold(0, |bits, node| bits | 1 << node.0);
        Halves {
            voters: bits(&members.voters),
            outgoing: bits(&members.outgoing),
        }
    }

    /// Whether the nodes for which `has` holds are a majority of every half.
    pub fn majority(self, has: impl Fn(NodeId) -> bool) -> bool {
        let set = (1..16).filter(|node| (self.voters | self.outgoing) & (1 << node) != 0);
        let set: u16 = set
            .filter(|node| has(NodeId(*node)))
            .fold(0, |bits, node| bits | 1 << node);
        let more = |half: u16| 2 * (half & set).count_ones() > half.count_ones();
        more(self.voters) && (self.outgoing == 0 || more(self.outgoing))
    }
}

/// `S1 S2 S3`; a joint one `S1 S2 S3 and S3 S4`.
impl fmt::Display for Halves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |half: u16| {
            let nodes = (1..16).filter(|node| half & (1 << node) != 0);
            let names: Vec<String> = nodes.map(|node| format!("S{node}")).collect();
            names.join(" ")
        };
        f.write_str(&names(self.voters))?;
        match self.outgoing {
            0 => Ok(()),
            outgoing => write!(f, " and {}", names(outgoing)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_decide() {
        let nodes = |ids: &[u64]| ids.iter().copied().map(NodeId).collect::<Vec<_>>();
        let plain = Members::of_voters(nodes(&[1, 2, 3, 4]));
        let joint = Members {
            outgoing: nodes(&[4, 5, 6]),
            ..Members::of_voters(nodes(&[1, 2, 3]))
        };
        let decided = |members: &Members, yes: &[u64]| {
            Halves::of(members).majority(|node| yes.contains(&node.0))
        };
        assert_eq!(Halves::of(&joint).to_string(), "S1 S2 S3 and S4 S5 S6");
        assert!(!decided(&plain, &[1, 2]));
        assert!(decided(&plain, &[1, 2, 4]));
        assert!(!decided(&joint, &[1, 2, 3, 4]));
        assert!(!decided(&joint, &[1, 4, 5, 6]));
        assert!(decided(&joint, &[1, 2, 4, 5]));
        assert!(
            !decided(&Members::default(), &[1]),
            "nobody decides nothing"
        );
    }
}
