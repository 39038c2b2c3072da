//! Majorities, as pure functions (paper 5.2, 5.3 and 6; thesis 4.3).
//!
//! Every decision of the core that needs a majority asks here, so that no path can forget the
//! second half of a joint change (trap M4) or count somebody twice (trap E3). An empty half
//! agrees with everything; an empty membership agrees with nothing (trap R14: "no voters").

use crate::membership::Members;
use crate::sabotage::{Rule, Rules};
use crate::types::NodeId;

/// Outcome of a vote that may still be going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tally {
    /// A majority of every half said yes.
    Won,
    /// Some half can no longer reach a majority.
    Lost,
    /// Neither yet.
    Open,
}

/// How many of `count` voters make a majority.
#[must_use]
pub fn majority(count: usize) -> usize {
    count / 2 + 1
}

/// How many of `count` voters decide.
pub(crate) fn needed(rules: Rules, count: usize) -> usize {
    match rules.hold(Rule::R14Half) {
        true => majority(count),
        false => (count / 2).max(1),
    }
}

/// Whether the nodes for which `yes` holds are a majority of every half.
pub fn reached(members: &Members, mut yes: impl FnMut(NodeId) -> bool) -> bool {
    tally(members, |node| Some(yes(node))) == Tally::Won
}

/// Counts votes: `Some(true)` for, `Some(false)` against, `None` not heard.
pub fn tally(members: &Members, vote: impl FnMut(NodeId) -> Option<bool>) -> Tally {
    tally_by(Rules::ALL, members, vote)
}

/// The same under the rules of a node.
pub(crate) fn tally_by(
    rules: Rules,
    members: &Members,
    mut vote: impl FnMut(NodeId) -> Option<bool>,
) -> Tally {
    if members.voters.is_empty() {
        return Tally::Lost;
    }
    let mut result = Tally::Won;
    for half in [&members.voters, &members.outgoing] {
        if half.is_empty() {
            continue;
        }
        let (mut yes, mut open) = (0, 0);
        for node in half {
            match vote(*node) {
                Some(true) => yes += 1,
                Some(false) => {}
                None => open += 1,
            }
        }
        let need = needed(rules, half.len());
        if yes + open < need {
            return Tally::Lost;
        }
        if yes < need {
            result = Tally::Open;
        }
    }
    result
}

/// The largest value that a majority of every half has reached; zero without voters.
///
/// Used for the commit index (value: matched position), for contact rounds (value: echoed
/// round) and for check-quorum (value: time of last contact).
pub fn agreed(members: &Members, value: impl FnMut(NodeId) -> u64) -> u64 {
    agreed_by(Rules::ALL, members, value)
}

/// The same under the rules of a node.
pub(crate) fn agreed_by(
    rules: Rules,
    members: &Members,
    mut value: impl FnMut(NodeId) -> u64,
) -> u64 {
    let mut lowest = None;
    for half in [&members.voters, &members.outgoing] {
        if half.is_empty() {
            continue;
        }
        // Small halves are sorted on the stack: this runs for every acknowledgement.
        let mut few = [0; 16];
        let mut many = Vec::new();
        let values = match few.get_mut(..half.len()) {
            Some(values) => values,
            None => {
                many.resize(half.len(), 0);
                &mut many[..]
            }
        };
        for (slot, node) in values.iter_mut().zip(half) {
            *slot = value(*node);
        }
        values.sort_unstable();
        // With the values in rising order, `majority` of them are at or above this one.
        let at = values[half.len() - needed(rules, half.len())];
        lowest = Some(lowest.map_or(at, |low: u64| low.min(at)));
    }
    lowest.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subset(bits: u32, of: u32) -> Vec<NodeId> {
        (0..of)
            .filter(|bit| bits & (1 << bit) != 0)
            .map(|bit| NodeId(u64::from(bit)))
            .collect()
    }

    /// Majority by the definition: more than half, counted one by one.
    fn brute(half: &[NodeId], yes: u32) -> bool {
        let count = half.iter().filter(|node| yes & (1 << node.0) != 0).count();
        half.is_empty() || count * 2 > half.len()
    }

    /// R14, E3, M4: against brute force for all pairs of halves over five nodes.
    #[test]
    fn r14_reached_equals_brute_force_for_all_joint_sets() {
        for incoming in 1..32u32 {
            for outgoing in 0..32u32 {
                let members = Members {
                    voters: subset(incoming, 5),
                    outgoing: subset(outgoing, 5),
                    ..Members::default()
                };
                for yes in 0..32u32 {
                    let expect = brute(&members.voters, yes) && brute(&members.outgoing, yes);
                    assert_eq!(reached(&members, |node| yes & (1 << node.0) != 0), expect);
                    let agreed = agreed(&members, |node| u64::from(yes & (1 << node.0) != 0));
                    assert_eq!(agreed == 1, expect);
                }
            }
        }
    }

    /// R14: the agreed value is the largest that a majority has reached, sizes one to seven.
    #[test]
    fn r14_agreed_equals_brute_force_up_to_seven_nodes() {
        for size in 1..=7u32 {
            let members = Members::of_voters(subset((1 << size) - 1, size));
            for code in 0..3u64.pow(size) {
                let value = |node: NodeId| code / 3u64.pow(node.0 as u32) % 3;
                let expect = (0..3u64)
                    .rev()
                    .find(|bound| {
                        let count = members
                            .voters
                            .iter()
                            .filter(|n| value(**n) >= *bound)
                            .count();
                        count * 2 > members.voters.len()
                    })
                    .unwrap_or(0);
                assert_eq!(agreed(&members, value), expect);
            }
        }
    }

    #[test]
    fn r14_no_voters_never_win() {
        let nobody = Members::default();
        assert!(!reached(&nobody, |_| true));
        assert_eq!(tally(&nobody, |_| Some(true)), Tally::Lost);
        assert_eq!(agreed(&nobody, |_| 9), 0);
    }

    #[test]
    fn section_5_2_a_vote_is_lost_when_no_majority_is_left() {
        let five = Members::of_voters((1..=5).map(NodeId));
        let votes = |against: u64| move |node: NodeId| (node.0 <= against).then_some(false);
        assert_eq!(tally(&five, votes(2)), Tally::Open);
        assert_eq!(tally(&five, votes(3)), Tally::Lost);
    }
}
