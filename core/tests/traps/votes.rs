//! E1 to E7: giving, counting and remembering votes (paper 5.2, 5.4.1; thesis 3.8).

use crate::kit::*;
use raftwerk_core::trace::Role;
use raftwerk_core::*;

fn granted(c: &Cluster, from: u64, to: u64) -> bool {
    c.on_the_way(from, to, |body| *body == vote_reply(true))
}

/// Candidates ask at once: the tests here are about votes, not about pre-votes.
fn without_pre_vote(size: u64) -> Cluster {
    Cluster::with(size, |config| config.switches.pre_vote = false)
}

#[test]
fn e1_a_vote_leaves_only_when_term_and_vote_are_on_disk() {
    let mut c = Cluster::new(3);
    c.fast_disk = false;
    c.forge(2, 1, 5, vote((4, 9)));
    assert!(!granted(&c, 1, 2));
    let expect = HardState {
        term: Term(5),
        vote: Some(NodeId(2)),
    };
    let write = &c.node(1).writes[0];
    assert_eq!(write.hard_state, Some(expect), "one record holds both");
    c.complete_write(1);
    assert!(granted(&c, 1, 2));
    c.restart(1);
    c.forge(3, 1, 5, vote((4, 9)));
    c.complete_writes(1);
    assert!(!granted(&c, 1, 3), "it remembers after a restart");
}

/// Found by seed 73 of the simulator: all others granted before the candidate's own disk was
/// done. After a crash it would have led the same term a second time.
#[test]
fn e1_a_candidate_wins_only_when_its_own_term_is_on_disk() {
    let mut c = without_pre_vote(3);
    c.fast_disk = false;
    c.time_out(1);
    for from in [2, 3] {
        c.forge(from, 1, 1, vote_reply(true));
    }
    assert_eq!(c.view(1).role(), Role::Candidate);
    c.complete_write(1);
    assert_eq!(c.view(1).role(), Role::Leader);
}

#[test]
fn e2_stepping_down_inside_a_term_keeps_the_vote() {
    let mut c = without_pre_vote(3);
    c.time_out(1);
    c.forge(2, 1, 1, heartbeat(1, 1, (0, 1), 0));
    let now = (c.view(1).role(), c.view(1).vote());
    assert_eq!(now, (Role::Follower, Some(NodeId(1))));
    c.forge(3, 1, 1, vote((1, 9)));
    assert!(!granted(&c, 1, 3));
}

#[test]
fn e2_a_leader_that_steps_down_keeps_the_vote() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(400));
    assert_ne!(c.view(1).role(), Role::Leader, "it heard nobody");
    let now = (c.view(1).term(), c.view(1).vote());
    assert_eq!(now, (Term(1), Some(NodeId(1))));
    c.forge(3, 1, 1, vote((1, 9)));
    assert!(!granted(&c, 1, 3));
}

#[test]
fn e3_a_voter_counts_once_and_a_stranger_never() {
    for pre_vote in [true, false] {
        let mut c = Cluster::with(5, |config| config.switches.pre_vote = pre_vote);
        let (term, yes, before, after) = match pre_vote {
            true => (
                0,
                pre_vote_reply(1, true),
                Role::PreCandidate,
                Role::Candidate,
            ),
            false => (1, vote_reply(true), Role::Candidate, Role::Leader),
        };
        c.time_out(1);
        for _ in 0..3 {
            c.forge(2, 1, term, yes.clone());
            c.forge(77, 1, term, yes.clone());
        }
        assert_eq!(c.view(1).role(), before);
        c.forge(3, 1, term, yes);
        assert_eq!(c.view(1).role(), after);
    }
}

/// Votes are a set for each half of a joint membership, and learners are in neither.
#[test]
fn e3_a_joint_membership_needs_a_majority_of_both_halves() {
    let ids = |ids: &[u64]| ids.iter().copied().map(NodeId).collect::<Vec<_>>();
    let members = Members {
        voters: ids(&[1, 2, 3]),
        outgoing: ids(&[3, 4, 5]),
        learners: ids(&[6]),
        demote_later: vec![],
    };
    let mut c = Cluster::of(&members, |config| config.switches.pre_vote = false);
    c.time_out(1);
    for from in [2, 4, 4, 4, 6] {
        c.forge(from, 1, 1, vote_reply(true));
        assert_eq!(c.view(1).role(), Role::Candidate, "after S{from}");
    }
    c.forge(5, 1, 1, vote_reply(true));
    assert_eq!(c.view(1).role(), Role::Leader);
}

#[test]
fn e4_answers_of_another_term_or_phase_do_not_count() {
    let mut c = Cluster::new(3);
    c.time_out(1);
    c.forge(2, 1, 0, vote_reply(true));
    assert_eq!(
        c.view(1).role(),
        Role::PreCandidate,
        "a vote is no pre-vote"
    );
    c.forge(2, 1, 0, pre_vote_reply(9, true));
    assert_eq!(c.view(1).role(), Role::PreCandidate, "of another question");
    c.forge(2, 1, 0, pre_vote_reply(1, true));
    let now = (c.view(1).role(), c.view(1).term());
    assert_eq!(now, (Role::Candidate, Term(1)));
    for proposed in [1, 2] {
        c.forge(2, 1, 0, pre_vote_reply(proposed, true));
        assert_eq!(c.view(1).role(), Role::Candidate, "a pre-vote is no vote");
    }
}

#[test]
fn e4_a_vote_of_an_older_term_does_not_count() {
    let mut c = without_pre_vote(3);
    c.time_out(1);
    c.time_out(1);
    let now = (c.view(1).role(), c.view(1).term());
    assert_eq!(now, (Role::Candidate, Term(2)));
    c.forge(2, 1, 1, vote_reply(true));
    assert_eq!(c.view(1).role(), Role::Candidate);
    c.forge(2, 1, 2, vote_reply(true));
    assert_eq!(c.view(1).role(), Role::Leader);
}

#[test]
fn e5_logs_are_compared_by_last_term_before_length() {
    let table = [
        (9, (0, 900), false, "longer, but of an older term"),
        (10, (1, 1), false, "of the same term, but shorter"),
        (11, (1, 2), true, "the same"),
        (12, (1, 3), true, "of the same term and longer"),
        (13, (2, 1), true, "shorter, but of a newer term"),
    ];
    for (term, last, expect, why) in table {
        let mut c = Cluster::new(3);
        c.elect(2);
        assert_eq!(c.view(1).last(), LogId::new(1, 2));
        c.now = Time(10_000_000);
        c.forge(3, 1, term, vote(last));
        assert_eq!(granted(&c, 1, 3), expect, "{why}");
        c.forge(3, 1, term, pre_vote(term + 1, last));
        let yes = pre_vote_reply(term + 1, true);
        assert_eq!(c.on_the_way(1, 3, |body| *body == yes), expect, "{why}");
    }
}

#[test]
fn e6_the_candidate_already_voted_for_is_granted_again() {
    let mut c = Cluster::new(3);
    c.elect(2);
    c.now = Time(10_000_000);
    for _ in 0..2 {
        c.mail.clear();
        c.forge(2, 1, 3, vote((2, 9)));
        assert!(granted(&c, 1, 2));
    }
    c.restart(1);
    c.mail.clear();
    c.forge(2, 1, 3, vote((2, 9)));
    assert!(granted(&c, 1, 2), "after a restart too");
    c.mail.clear();
    c.forge(2, 1, 3, vote((0, 1)));
    assert!(
        !granted(&c, 1, 2),
        "unless it has lost what it was voted for"
    );
}

/// The position that is compared is the one in memory at the moment of the vote, whatever the
/// disk has: nothing comes between comparing and granting.
#[test]
fn e7_a_vote_is_judged_by_the_log_in_memory() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(|m| m.to == NodeId(2));
    assert_eq!(
        (c.view(2).last(), c.view(2).durable()),
        (LogId::new(1, 3), Index(2))
    );
    c.now = Time(10_000_000);
    c.forge(3, 2, 2, vote((1, 2)));
    c.forge(1, 2, 2, vote((1, 3)));
    c.complete_writes(2);
    assert!(!granted(&c, 2, 3));
    assert!(granted(&c, 2, 1));
}
