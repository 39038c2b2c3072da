//! E8, E9, E11 to E14, E16 to E19: timers, campaigns, disturbances and impossible things
//! (paper 5.1, 5.2; thesis 4.2.2, 4.2.3, 6.2, 9.6).

use crate::kit::*;
use raftwerk_core::trace::{IgnoreReason, Kind, Role, Timer};
use raftwerk_core::*;
use std::collections::BTreeSet;

#[test]
fn e8_the_election_timer_is_reset_by_the_right_things_only() {
    let far = heartbeat(5, 9, (1, 99), 0);
    let stays = [
        (3, 0, vote((9, 9)), "a request of an older term"),
        (
            3,
            0,
            heartbeat(0, 9, (0, 1), 0),
            "a leader of an older term",
        ),
        (3, 1, vote((9, 9)), "a vote refused: it is given"),
        (
            3,
            1,
            pre_vote(2, (9, 9)),
            "a pre-vote refused: a leader is alive",
        ),
        (3, 1, pre_vote(2, (0, 0)), "a pre-vote refused: log behind"),
        (
            3,
            1,
            pre_vote(2, (9, 9)),
            "a pre-vote given: it promises nothing",
        ),
        (
            3,
            5,
            vote((0, 0)),
            "a vote of a newer term refused: log behind",
        ),
        (3, 5, Body::ReadIndex { request: 1 }, "a question"),
    ];
    let resets = [
        (2, 5, far, "the leader's append, even when it is refused"),
        (3, 6, vote((9, 9)), "a vote given"),
    ];
    let mut c = Cluster::new(3);
    c.elect(2);
    let steps = stays.into_iter().map(|step| (step, false));
    for ((from, term, body, what), reset) in steps.chain(resets.map(|step| (step, true))) {
        c.now = c.now + Span::millis(if term == 6 { 200 } else { 40 });
        let before = c.view(1).election();
        c.forge(from, 1, term, body);
        assert_eq!(c.view(1).election() != before, reset, "{what}");
    }
    assert_eq!(c.view(1).vote(), Some(NodeId(3)));
    c.now = c.now + Span::millis(40);
    c.time_out(1);
    let set = c.view(1).election().map(|timer| timer.set);
    assert_eq!(set, Some(c.now), "starting to campaign");
}

/// A disk slower than an election timeout holds back acknowledgements, not contact.
#[test]
fn e8_a_slow_disk_of_a_follower_starts_no_election() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.slow = [2, 3].into();
    for ticket in 1..=10 {
        c.propose(1, ticket, "x").expect("accepted");
        c.run(Span::millis(400));
        c.complete_writes(2);
        c.complete_writes(3);
    }
    c.run(Span::millis(400));
    for id in [2, 3] {
        assert!(!c.saw(id, |k| matches!(k, Kind::ElectionTimedOut { .. })));
        assert_eq!(c.view(id).durable(), c.view(1).last().index);
    }
    assert_eq!((c.leaders(), c.view(1).term()), (vec![1], Term(1)));
}

#[test]
fn e9_each_timeout_is_drawn_anew() {
    let timing = config(1).timing;
    let range = timing.election_min.0..timing.election_max.0;
    let mut c = Cluster::new(3);
    c.elect(2);
    let campaign: fn(&mut Cluster) = |c| c.time_out(1);
    let contact: fn(&mut Cluster) = |c| {
        c.heartbeat(2);
        c.settle();
    };
    for reset in [contact, campaign] {
        let mut spans = BTreeSet::new();
        for _ in 0..20 {
            c.now = c.now + Span::millis(1);
            reset(&mut c);
            let timer = c.view(1).election().expect("it is no leader");
            spans.insert(timer.due.since(timer.set).0);
        }
        assert!(spans.len() > 15);
        assert!(spans.iter().all(|span| range.contains(span)));
    }
}

#[test]
fn e11_a_leader_of_an_older_term_is_told_of_the_newer_one() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.forge(2, 3, 7, vote_reply(false));
    c.cut.clear();
    c.heartbeat(1);
    c.settle();
    let now = (c.view(1).role(), c.view(1).term());
    assert_eq!(now, (Role::Follower, Term(7)));
    c.run(Span::millis(1_000));
    assert_eq!(c.leaders().len(), 1, "and nobody is stuck");
    assert!((1..=3).all(|id| c.view(id).term() > Term(7)));
}

#[test]
fn e12_a_leader_does_not_campaign() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.time_out(1);
    assert!(c.mail.is_empty());
    c.run(Span::millis(2_000));
    let now = (c.view(1).role(), c.view(1).term(), c.view(1).election());
    assert_eq!(now, (Role::Leader, Term(1), None));
}

/// What is there of transfer: a vote that the leader asked for. The rest is not built, and says
/// so without any effect.
#[test]
fn e13_a_vote_the_leader_asked_for_is_not_refused_for_its_sake() {
    let last = LogId::new(1, 2);
    for transfer in [true, false] {
        let mut c = Cluster::new(3);
        c.elect(1);
        c.forge(3, 2, 2, Body::Vote { last, transfer });
        let granted = c.on_the_way(2, 3, |body| *body == vote_reply(true));
        assert_eq!(granted, transfer);
        assert_eq!(c.view(2).term(), Term(if transfer { 2 } else { 1 }));
    }
}

#[test]
fn e14_a_returning_server_does_not_disturb() {
    for pre_vote in [true, false] {
        let mut c = Cluster::with(3, |config| config.switches.pre_vote = pre_vote);
        c.elect(1);
        c.partition(&[3], &[1, 2]);
        c.run(Span::millis(3_000));
        c.restart(3);
        c.run(Span::millis(3_000));
        c.cut.clear();
        c.run(Span::millis(1_000));
        // Without pre-vote its term has climbed, and the leader must learn of it (E11).
        assert_eq!(c.view(1).term() == Term(1), pre_vote);
        assert_eq!(c.leaders() == [1] && c.elections() == 1, pre_vote);
    }
}

/// S3 was removed and does not know it: it hears nobody, and campaigns for ever.
#[test]
fn e14_a_removed_server_does_not_disturb() {
    let old = Durable::bootstrap(&Members::of_voters([1, 2, 3].map(NodeId)));
    let mut new = old.clone();
    new.hard_state.term = Term(1);
    new.entries.push(Entry {
        id: LogId::new(1, 2),
        body: EntryBody::Membership(Members::of_voters([1, 2].map(NodeId)).into()),
    });
    for (pre_vote, stickiness) in [(true, true), (true, false), (false, true), (false, false)] {
        let disks = [(1, new.clone()), (2, new.clone()), (3, old.clone())];
        let mut c = Cluster::on(disks, |config| {
            config.switches.pre_vote = pre_vote;
            config.switches.stickiness = stickiness;
        });
        c.cut.extend([(1, 3), (2, 3)]);
        c.elect(1);
        let term = c.view(1).term();
        c.run(Span::millis(5_000));
        assert!(c.saw(3, |k| matches!(k, Kind::ElectionTimedOut { .. })));
        // Either rule alone protects the others here; with neither, the leader is deposed.
        let quiet = c.view(1).term() == term && c.elections() == 1;
        assert_eq!(quiet, pre_vote || stickiness, "{pre_vote} {stickiness}");
    }
}

#[test]
fn e16_only_a_voter_of_the_newest_membership_campaigns() {
    let mut members = Members::of_voters([1, 2].map(NodeId));
    members.learners = vec![NodeId(3)];
    let table = [
        (1, Durable::bootstrap(&members), true, "a voter"),
        (3, Durable::bootstrap(&members), false, "a learner"),
        (9, Durable::bootstrap(&members), false, "a stranger"),
        (1, Durable::default(), false, "nobody knows any member"),
    ];
    for (id, disk, may, what) in table {
        let mut c = Cluster::on([(id, disk)], |_| {});
        c.time_out(id);
        assert_eq!(c.view(id).role() == Role::PreCandidate, may, "{what}");
        assert_eq!(!c.mail.is_empty(), may, "{what}");
        c.run(Span::millis(1_000));
        assert_eq!(c.view(id).term(), Term(0), "{what}");
    }
}

#[test]
fn e16_a_fenced_node_does_not_campaign() {
    let mut c = Cluster::new(3);
    c.feed(1, [Input::PersistFailed(WriteSeq(1))]);
    assert_eq!(c.view(1).fenced(), Some(Fence::Storage));
    c.time_out(1);
    assert!(c.mail.is_empty());
    assert_eq!(c.view(1).role(), Role::Follower);
}

/// It may have been promoted without knowing.
#[test]
fn e17_a_learner_answers_when_it_is_asked() {
    let mut members = Members::of_voters([1, 2].map(NodeId));
    members.learners = vec![NodeId(3)];
    let mut c = Cluster::of(&members, |_| {});
    c.forge(1, 3, 0, pre_vote(1, (0, 1)));
    assert!(c.on_the_way(3, 1, |body| *body == pre_vote_reply(1, true)));
    c.forge(1, 3, 1, vote((0, 1)));
    assert!(c.on_the_way(3, 1, |body| *body == vote_reply(true)));
    c.forge(2, 3, 1, vote((0, 1)));
    assert!(
        c.on_the_way(3, 2, |body| *body == vote_reply(false)),
        "once a term"
    );
    assert_eq!(c.node(3).disk.hard_state.vote, Some(NodeId(1)));
}

#[test]
fn e18_an_absurd_term_is_a_fault_of_the_link() {
    let mut c = Cluster::new(3);
    let bound = config(1).limits.term_jump;
    let jumped = |c: &Cluster| {
        c.saw(1, |k| {
            let Kind::Ignored { reason, .. } = k else {
                return false;
            };
            matches!(reason, IgnoreReason::TermJump { .. })
        })
    };
    c.forge(2, 1, bound, vote((0, 0)));
    assert!(!jumped(&c));
    assert_eq!(c.view(1).term(), Term(bound), "a term may jump");
    c.forge(2, 1, 2 * bound + 1, vote((1, 1)));
    assert!(jumped(&c));
    assert_eq!(c.view(1).term(), Term(bound), "within reason");
}

#[test]
fn e18_the_last_term_fences_instead_of_starting_anew() {
    for pre_vote in [true, false] {
        let mut disk = Durable::bootstrap(&Members::of_voters([1, 2].map(NodeId)));
        disk.hard_state.term = Term(u64::MAX);
        let mut c = Cluster::on([(1, disk)], |config| config.switches.pre_vote = pre_vote);
        c.time_out(1);
        assert_eq!(c.node(1).fenced, Some(Fence::Overflow));
        assert_eq!(c.view(1).term(), Term(u64::MAX));
    }
}

#[test]
fn e18_an_absurd_index_is_no_end_of_the_world() {
    let last = u64::MAX;
    let bodies = [
        append(1, 9, (0, last), &[(1, 1)], last),
        append(1, 9, (1, last), &[(1, last)], last),
        heartbeat(1, 9, (1, last), last),
        vote((1, last)),
        pre_vote(last, (1, last)),
        append_reply(1, 9, refused((1, last), (1, last))),
        append_reply(1, 9, refused((0, 0), (0, 0))),
        append_reply(1, 9, accepted(last)),
    ];
    for body in bodies {
        let mut c = Cluster::new(3);
        c.elect(1);
        let to = if body.is_reply() { 1 } else { 3 };
        c.forge(if to == 1 { 2 } else { 1 }, to, 1, body.clone());
        assert_eq!(c.terms(to), [0, 1], "{body:?}");
        assert_eq!(c.view(1).commit(), Index(2), "{body:?}");
        c.propose(1, 1, "goes on").expect("accepted");
        c.run(Span::millis(200));
        assert_eq!(c.commands(2), ["goes on"], "{body:?}");
    }
}

#[test]
fn e19_two_leaders_in_one_term_fence_the_node() {
    for at in [1, 3] {
        let mut c = Cluster::new(3);
        c.elect(1);
        c.forge(2, at, 1, append(1, 1, (0, 1), &[(1, 2)], 2));
        assert_eq!(c.node(at).fenced, Some(Fence::TwoLeaders), "S{at}");
        assert_eq!(c.propose(at, 1, "x"), Err(Refusal::Fenced));
        c.now = Time(60_000_000);
        c.feed(at, [Input::Expire, Input::Fire(Timer::Heartbeat)]);
        assert!(
            !c.mail.iter().any(|m| m.from == NodeId(at)),
            "S{at} is silent"
        );
    }
}
