//! Terms, votes and leaders: paper 5.1, 5.2, 5.4.1; thesis 4.2.3, 6.2, 9.6.

use crate::kit::*;
use raftwerk_core::trace::{FollowerReason, Kind, Role, VoteRefusal};
use raftwerk_core::*;

#[test]
fn p5_1_terms_act_as_a_clock_and_a_stale_leader_steps_down() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.forge(2, 1, 9, Body::VoteReply { granted: false });
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Follower, Term(9))
    );
    assert!(c.saw(1, |k| matches!(
        k,
        Kind::BecameFollower {
            was: Role::Leader,
            reason: FollowerReason::HigherTerm { .. }
        }
    )));
}

#[test]
fn p5_2_a_majority_elects_a_leader_and_one_alone_does_not() {
    let mut c = Cluster::new(5);
    c.partition(&[1], &[2, 3, 4, 5]);
    c.time_out(1);
    c.settle();
    assert_eq!(c.view(1).role(), Role::PreCandidate);
    assert_eq!(c.view(1).term(), Term(0), "pre-vote raises no term (t9.6)");
    c.cut.clear();
    c.elect(1);
    assert_eq!(c.leaders(), [1]);
    assert!((2..=5).all(|id| c.view(id).leader() == Some(NodeId(1))));
}

#[test]
fn p5_2_a_split_vote_elects_nobody_and_ends_by_timeout() {
    let mut c = Cluster::with(4, |config| config.switches.pre_vote = false);
    c.time_out(1);
    c.time_out(2);
    let vote = |m: &Message, to: u64, from: u64| m.to.0 == to && m.from.0 == from;
    c.deliver_if(|m| vote(m, 3, 1));
    c.deliver_if(|m| vote(m, 4, 2));
    c.settle();
    assert!(c.leaders().is_empty());
    c.run(Span::millis(2_000));
    assert_eq!(c.leaders().len(), 1);
}

#[test]
fn p5_2_a_candidate_follows_a_leader_of_its_own_term() {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = false);
    c.time_out(1);
    c.time_out(2);
    c.deliver_if(|m| (m.from, m.to) == (NodeId(1), NodeId(3)));
    c.deliver_if(|m| m.from == NodeId(3));
    assert_eq!(
        (c.view(1).role(), c.view(2).role()),
        (Role::Leader, Role::Candidate)
    );
    c.settle();
    assert_eq!(
        (c.view(2).role(), c.view(2).leader(), c.view(2).term()),
        (Role::Follower, Some(NodeId(1)), Term(1))
    );
    // A pre-candidate does the same, and its term was never another.
    let mut c = Cluster::new(3);
    c.elect(1);
    c.time_out(3);
    c.mail.clear();
    assert_eq!(c.view(3).role(), Role::PreCandidate);
    c.heartbeat(1);
    c.settle();
    assert_eq!(
        (c.view(3).role(), c.view(3).leader(), c.view(3).term()),
        (Role::Follower, Some(NodeId(1)), Term(1))
    );
}

#[test]
fn p5_4_1_a_log_that_lacks_a_committed_entry_cannot_win() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.cut.clear();
    c.now = Time(10_000_000);
    c.time_out(3);
    c.settle();
    assert_ne!(c.view(3).role(), Role::Leader);
    assert!(c.saw(2, |k| matches!(
        k,
        Kind::RefusedVote {
            to: NodeId(3),
            reason: VoteRefusal::LogBehind { .. },
            ..
        }
    )));
}

#[test]
fn t4_2_3_a_vote_is_refused_while_a_leader_is_heard() {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = false);
    c.elect(1);
    c.time_out(3);
    c.settle();
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Leader, Term(1))
    );
    assert!(c.saw(2, |k| matches!(
        k,
        Kind::RefusedVote {
            reason: VoteRefusal::LeaderAlive { .. },
            ..
        }
    )));
    // With the rule off, the healthy leader is deposed.
    let mut c = Cluster::with(3, |config| {
        config.switches.pre_vote = false;
        config.switches.stickiness = false;
    });
    c.elect(1);
    c.time_out(3);
    c.settle();
    assert_eq!(c.leaders(), [3]);
}

#[test]
fn t6_2_a_leader_without_a_majority_steps_down() {
    for check_quorum in [true, false] {
        let mut c = Cluster::with(3, |config| config.switches.check_quorum = check_quorum);
        c.elect(1);
        c.partition(&[1], &[2, 3]);
        c.run(Span::millis(1_000));
        assert_eq!(c.view(1).role() == Role::Leader, !check_quorum);
    }
}

#[test]
fn t9_6_a_returning_node_does_not_depose_a_healthy_leader() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.run(Span::millis(3_000));
    assert_eq!(c.view(3).term(), Term(1), "its term does not climb");
    c.cut.clear();
    c.run(Span::millis(1_000));
    assert_eq!((c.leaders(), c.view(1).term()), (vec![1], Term(1)));
}
