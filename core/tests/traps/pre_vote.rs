//! E10: dead ends of pre-vote (thesis 9.6, 4.2.3).

use crate::kit::*;
use raftwerk_core::trace::Role;
use raftwerk_core::*;

/// S1 has the longest log, S2 has seen a much higher term, nobody leads.
fn longest_log_here_and_highest_term_there(change: impl Fn(&mut Config)) -> Cluster {
    let mut c = Cluster::with(2, change);
    c.elect(1);
    c.partition(&[1], &[2]);
    c.propose(1, 1, "only here").expect("accepted");
    c.settle();
    c.forge(1, 2, 40, vote_reply(false));
    c.restart(1);
    c.restart(2);
    c.cut.clear();
    assert_eq!((c.view(1).term(), c.view(2).term()), (Term(1), Term(40)));
    c
}

#[test]
fn e10a_longest_log_here_and_highest_term_there_still_elect() {
    let mut c = longest_log_here_and_highest_term_there(|_| {});
    c.run(Span::millis(3_000));
    assert_eq!(c.leaders(), [1]);
    assert!(c.view(1).term() > Term(40));
    assert_eq!(c.commands(2), ["only here"]);
}

#[test]
fn e10a_a_node_of_an_older_term_helps() {
    let mut c = Cluster::new(3);
    c.partition(&[3], &[1, 2]);
    c.forge(3, 1, 5, vote_reply(false));
    assert_eq!((c.view(1).term(), c.view(2).term()), (Term(5), Term(0)));
    c.elect(1);
    assert_eq!(c.view(1).term(), Term(6), "its own plus one");
}

/// As in a rolling upgrade that turns pre-vote on, with either node done first.
#[test]
fn e10b_nodes_with_and_without_pre_vote_elect_together() {
    for with in [1, 2] {
        let mut c = longest_log_here_and_highest_term_there(|config| {
            config.switches.pre_vote = config.id == NodeId(with);
        });
        c.run(Span::millis(3_000));
        assert_eq!(c.leaders(), [1], "pre-vote on at S{with}");
    }
}

#[test]
fn e10c_a_pre_candidate_knows_no_leader() {
    let mut c = Cluster::new(3);
    c.elect(1);
    assert_eq!(c.view(2).leader(), Some(NodeId(1)));
    c.time_out(2);
    let now = (c.view(2).role(), c.view(2).leader());
    assert_eq!(now, (Role::PreCandidate, None));
    c.mail.clear();
    c.forge(3, 2, 1, pre_vote(2, (1, 2)));
    let yes = pre_vote_reply(2, true);
    assert!(
        c.on_the_way(2, 3, |body| *body == yes),
        "nor refuses for its sake"
    );
}

#[test]
fn e10d_a_deposed_leader_refuses_nobody() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(400));
    assert_ne!(c.view(1).role(), Role::Leader);
    assert_eq!(c.view(1).leader(), None);
    c.forge(2, 1, 1, pre_vote(90, (80, 9)));
    let yes = pre_vote_reply(90, true);
    assert!(c.on_the_way(1, 2, |body| *body == yes));
}

/// The others heard the deposed leader until its last moment. That may cost it one question,
/// for `election_min` at most: its own questions are no contact.
#[test]
fn e10d_a_deposed_leader_is_not_refused_for_its_own_sake() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.cut.extend([(2, 1), (3, 1)]);
    while c.view(1).role() == Role::Leader {
        c.run(Span::millis(5));
    }
    c.cut.clear();
    let deposed = c.now;
    assert!(
        [2, 3]
            .iter()
            .all(|id| c.view(*id).leader() == Some(NodeId(1)))
    );
    while c.view(1).role() != Role::Leader && c.now.since(deposed) <= election_min() {
        c.now = c.now + Span::millis(10);
        c.time_out(1);
        c.settle();
    }
    assert_eq!(c.view(1).role(), Role::Leader);
}

fn election_min() -> Span {
    config(1).timing.election_min
}

/// "A leader is live" runs out by itself, however often it is asked, and the questions do not
/// keep the asked one from campaigning.
#[test]
fn e10e_questions_do_not_refresh_the_leader_that_is_gone() {
    for pre_vote in [true, false] {
        let mut c = Cluster::with(3, |config| config.switches.pre_vote = pre_vote);
        c.elect(1);
        c.heartbeat(1);
        c.settle();
        c.partition(&[1], &[2, 3]);
        let (heard, timer) = (c.now, c.view(3).election());
        assert_eq!(c.view(3).leader_heard(), Some(heard));
        loop {
            c.now = c.now + Span::millis(10);
            let gone = c.now.since(heard);
            c.time_out(2);
            c.settle();
            if gone >= election_min() {
                break;
            }
            assert_ne!(c.view(2).role(), Role::Leader, "after {gone:?}");
            assert_eq!(c.view(3).leader_heard(), Some(heard), "after {gone:?}");
            assert_eq!(c.view(3).election(), timer, "after {gone:?}");
        }
        assert_eq!(c.view(2).role(), Role::Leader);
    }
}

/// Two that ask each other at the same time help each other.
#[test]
fn e10e_pre_candidates_do_not_refuse_each_other() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.time_out(2);
    c.time_out(3);
    c.settle();
    let roles = [c.view(2).role(), c.view(3).role()];
    assert!(!roles.contains(&Role::PreCandidate), "{roles:?}");
    c.run(Span::millis(1_000));
    assert_eq!(c.leaders().len(), 1);
}
