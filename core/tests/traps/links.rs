//! E15: networks in which some hear only some others (thesis 6.2, 9.6; the outage at Cloudflare
//! of November 2020).
//!
//! Every schedule is run by plain Raft too, to show that it is the rules that help: plain Raft
//! changes its leader for ever, or keeps one that can commit nothing.

use crate::kit::*;
use raftwerk_core::trace::{Kind, VoteRefusal};
use raftwerk_core::*;

/// In all schedules the one that hears the most.
const PATIENT: NodeId = NodeId(3);
const LONG: Span = Span::millis(10_000);

#[derive(Clone, Copy, PartialEq)]
enum Rules {
    /// The paper alone.
    Plain,
    /// Pre-vote and stickiness, without check-quorum.
    NoCheckQuorum,
    /// All of them.
    All,
}

fn cluster(size: u64, rules: Rules) -> Cluster {
    let mut c = Cluster::with(size, |config| {
        config.switches.pre_vote = rules != Rules::Plain;
        config.switches.stickiness = rules != Rules::Plain;
        config.switches.check_quorum = rules == Rules::All;
        if config.id == PATIENT {
            // It never campaigns first, so luck does not end what the rules must end.
            config.timing.election_min = Span::millis(600);
            config.timing.election_max = Span::millis(900);
        }
    });
    c.elect(1);
    c.run(Span::millis(100));
    c
}

/// How often anybody became leader in a long time.
fn elections(c: &mut Cluster) -> usize {
    let before = c.elections();
    c.run(LONG);
    c.elections() - before
}

/// Whether a command proposed now to whoever leads is committed soon.
fn commits(c: &mut Cluster, text: &str) -> bool {
    for leader in c.leaders() {
        let ticket = 1_000 + c.now.0;
        c.propose(leader, ticket, text).expect("it leads");
    }
    c.run(Span::millis(300));
    c.nodes
        .keys()
        .any(|id| c.commands(*id).contains(&text.to_string()))
}

/// S1 and S2 do not hear each other; S3 hears both.
#[test]
fn e15_two_that_do_not_hear_each_other_keep_their_leader() {
    for rules in [Rules::Plain, Rules::All] {
        let mut c = cluster(3, rules);
        c.partition(&[1], &[2]);
        let elections = elections(&mut c);
        if rules == Rules::Plain {
            assert!(elections > 10, "{elections}: leadership goes to and fro");
        } else {
            assert_eq!((elections, c.leaders()), (0, vec![1]));
            assert!(commits(&mut c, "x"));
        }
    }
}

/// Everybody hears only S3, and S1 leads: it has lost its quorum and does not know.
#[test]
fn e15_the_only_one_with_a_quorum_becomes_leader() {
    for rules in [Rules::NoCheckQuorum, Rules::All] {
        let mut c = cluster(5, rules);
        for (a, b) in [(1, 2), (1, 4), (1, 5), (2, 4), (2, 5), (4, 5)] {
            c.partition(&[a], &[b]);
        }
        c.run(Span::millis(2_000));
        if rules == Rules::NoCheckQuorum {
            // S3 hears S1 and refuses everybody for its sake: nothing is ever committed.
            assert_eq!(c.leaders(), [1]);
            assert!(!commits(&mut c, "x"));
        } else {
            assert_eq!(c.leaders(), [3]);
            assert!(commits(&mut c, "x"));
            assert_eq!((elections(&mut c), c.leaders()), (0, vec![3]));
        }
    }
}

/// The leader is heard and hears nobody.
#[test]
fn e15_a_leader_that_hears_nobody_gives_way() {
    for rules in [Rules::NoCheckQuorum, Rules::All] {
        let mut c = cluster(3, rules);
        c.cut.extend([(2, 1), (3, 1)]);
        c.run(Span::millis(2_000));
        if rules == Rules::NoCheckQuorum {
            assert_eq!(c.leaders(), [1], "heard by all, it stays");
            assert!(!commits(&mut c, "x"));
        } else {
            assert!(matches!(c.leaders()[..], [2] | [3]));
            assert!(commits(&mut c, "x"));
            // It goes on asking; nobody follows its questions.
            assert_eq!(elections(&mut c), 0);
        }
    }
}

/// A deaf follower is heard and hears nobody.
#[test]
fn e15_a_deaf_follower_deposes_nobody() {
    for rules in [Rules::Plain, Rules::All] {
        let mut c = cluster(5, rules);
        c.cut.extend([(1, 5), (2, 5), (3, 5), (4, 5)]);
        let elections = elections(&mut c);
        if rules == Rules::Plain {
            assert!(
                elections > 10,
                "{elections}: every question deposes a leader"
            );
        } else {
            assert_eq!((elections, c.leaders()), (0, vec![1]));
            assert!(commits(&mut c, "x"));
        }
    }
}

/// A chain of five, the leader at one end: those at its other end cannot be led, and do no harm.
#[test]
fn e15_in_a_chain_one_inside_leads_in_peace() {
    let chain = |c: &mut Cluster| {
        for a in 1..=5u64 {
            for b in a + 2..=5 {
                c.partition(&[a], &[b]);
            }
        }
    };
    let mut c = cluster(5, Rules::All);
    chain(&mut c);
    c.run(Span::millis(2_000));
    // A node inside the chain has a majority: itself and its two neighbours.
    assert!(
        matches!(c.leaders()[..], [2] | [3] | [4]),
        "{:?}",
        c.leaders()
    );
    assert!(commits(&mut c, "x"));
    c.cut.clear();
    c.run(Span::millis(2_000));
    assert_eq!(c.leaders().len(), 1);
    assert!((1..=5).all(|id| c.commands(id) == ["x"]));
}

/// The one with a quorum lacks a committed entry: no rule may let it lead, so nobody leads
/// until another link is back. Raft stands still here, and loses nothing.
#[test]
fn e15_the_only_one_with_a_quorum_does_not_lead_without_the_log() {
    let mut c = cluster(5, Rules::All);
    c.partition(&[3], &[1, 2, 4, 5]);
    assert!(commits(&mut c, "kept"));
    c.partition(&[1], &[2, 4, 5]);
    c.cut.retain(|way| way.0 == 1 || way.1 == 1);
    for (a, b) in [(2, 4), (2, 5), (4, 5)] {
        c.partition(&[a], &[b]);
    }
    let won = c.elections();
    c.run(Span::millis(3_000));
    assert_eq!(c.elections(), won, "nobody can win");
    let behind = VoteRefusal::LogBehind {
        theirs: LogId::new(1, 2),
        mine: LogId::new(1, 3),
    };
    assert!(c.saw(2, |k| matches!(
        k,
        Kind::RefusedVote { to: NodeId(3), reason, .. } if *reason == behind
    )));
    c.cut.remove(&(2, 4));
    c.cut.remove(&(4, 2));
    c.run(Span::millis(3_000));
    assert!(matches!(c.leaders()[..], [2] | [4]), "{:?}", c.leaders());
    assert_eq!(c.commands(3), ["kept"]);
}
