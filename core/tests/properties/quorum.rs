//! Majorities against brute force, for every set of voters up to seven nodes, joint ones
//! included (paper 5.2 and 6, thesis 4.3; traps E3, M4, R14).
//!
//! A set is a number: bit n stands for node n. Nothing here is drawn: every case is tried.

use raftwerk_core::quorum::{Tally, agreed, majority, reached, tally};
use raftwerk_core::{Members, NodeId};

/// One more than the largest set.
const ALL: u32 = 1 << 7;

fn nodes(set: u32) -> Vec<NodeId> {
    let bits = (0..7).filter(|bit| set & (1 << bit) != 0);
    bits.map(NodeId).collect()
}

fn joint(voters: u32, outgoing: u32) -> Members {
    Members {
        voters: nodes(voters),
        outgoing: nodes(outgoing),
        ..Members::default()
    }
}

/// More than half, by the definition; an empty half agrees.
fn more_than_half(half: u32, yes: u32) -> bool {
    half == 0 || 2 * (half & yes).count_ones() > half.count_ones()
}

/// Every membership of at most seven nodes that has a voter.
fn memberships() -> impl Iterator<Item = (u32, u32)> {
    (1..ALL).flat_map(|voters| (0..ALL).map(move |outgoing| (voters, outgoing)))
}

#[test]
fn r14_majorities_are_more_than_half_and_no_more_than_needed() {
    for count in 1..=100 {
        assert!(2 * majority(count) > count);
        assert!(2 * (majority(count) - 1) <= count);
    }
}

/// A vote is won by a majority of both halves, lost when one half cannot get there any more,
/// and open otherwise; whoever answers, in whatever way.
#[test]
fn r14_tally_equals_brute_force_for_every_joint_set_and_every_vote() {
    for (voters, outgoing) in memberships() {
        let members = joint(voters, outgoing);
        let asked = voters | outgoing;
        // Every subset of those asked says yes, every subset of the rest says no.
        let mut yes = asked;
        loop {
            let rest = asked & !yes;
            let mut no = rest;
            loop {
                let vote = |node: NodeId| match 1 << node.0 {
                    bit if yes & bit != 0 => Some(true),
                    bit if no & bit != 0 => Some(false),
                    _ => None,
                };
                let won = more_than_half(voters, yes) && more_than_half(outgoing, yes);
                let possible = more_than_half(voters, !no) && more_than_half(outgoing, !no);
                let expect = match (won, possible) {
                    (true, _) => Tally::Won,
                    (false, true) => Tally::Open,
                    (false, false) => Tally::Lost,
                };
                assert_eq!(tally(&members, vote), expect, "{members:?} {yes:b} {no:b}");
                if no == 0 {
                    break;
                }
                no = (no - 1) & rest;
            }
            assert_eq!(
                reached(&members, |node| yes & (1 << node.0) != 0),
                more_than_half(voters, yes) && more_than_half(outgoing, yes)
            );
            if yes == 0 {
                break;
            }
            yes = (yes - 1) & asked;
        }
    }
}

/// The agreed value is the largest that a majority of both halves has reached: for every joint
/// set and every assignment of three values to its members.
#[test]
fn r14_agreed_equals_brute_force_for_every_joint_set_and_every_value() {
    for (voters, outgoing) in memberships() {
        let members = joint(voters, outgoing);
        let asked = voters | outgoing;
        // Who has at least one, and who of those has two.
        let mut one = asked;
        loop {
            let mut two = one;
            loop {
                let value = |node: NodeId| match 1 << node.0 {
                    bit if two & bit != 0 => 20,
                    bit if one & bit != 0 => 10,
                    _ => 0,
                };
                let has = |yes| more_than_half(voters, yes) && more_than_half(outgoing, yes);
                let expect = match (has(two), has(one)) {
                    (true, _) => 20,
                    (false, true) => 10,
                    (false, false) => 0,
                };
                assert_eq!(agreed(&members, value), expect, "{members:?}");
                if two == 0 {
                    break;
                }
                two = (two - 1) & one;
            }
            if one == 0 {
                break;
            }
            one = (one - 1) & asked;
        }
    }
}

/// Any two majorities of one membership meet, which is all that safety asks of them; and who
/// does not vote changes nothing.
#[test]
fn m4_two_majorities_of_a_membership_always_meet() {
    for (voters, outgoing) in memberships() {
        let mut members = joint(voters, outgoing);
        members.learners = nodes((ALL - 1) & !(voters | outgoing));
        for yes in 0..ALL {
            let is_yes = |node: NodeId| yes & (1 << node.0) != 0;
            let both = reached(&members, is_yes) && reached(&members, |node| !is_yes(node));
            assert!(!both, "{members:?} {yes:b}");
            let without = joint(voters, outgoing);
            assert_eq!(reached(&members, is_yes), reached(&without, is_yes));
        }
    }
}
