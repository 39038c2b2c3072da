//! E20: one door for every kind of message, so that no path can forget a check (paper 5.1).
//!
//! Each kind is sent to a node in each role: of an older term, of another cluster, for another
//! address, from itself, of an absurd term, of a newer term, and to a fenced node. What must have
//! no effect leaves the machine equal to one that never saw it.

use crate::kit::*;
use raftwerk_core::trace::{IgnoreReason, Kind, Role};
use raftwerk_core::*;

/// S1 of three in every role, in term 1 or 2, its peers silent.
fn in_every_role() -> Vec<(Role, Cluster)> {
    let mut follower = Cluster::new(3);
    follower.elect(2);
    let mut leader = Cluster::new(3);
    leader.elect(1);
    let mut asking = Cluster::new(3);
    asking.elect(2);
    asking.time_out(1);
    let mut candidate = Cluster::with(3, |config| config.switches.pre_vote = false);
    candidate.elect(2);
    candidate.time_out(1);
    let clusters = vec![
        (Role::Follower, follower),
        (Role::PreCandidate, asking),
        (Role::Candidate, candidate),
        (Role::Leader, leader),
    ];
    for (role, c) in &clusters {
        assert_eq!(c.view(1).role(), *role);
        assert!(c.view(1).term() > Term(0));
    }
    clusters
}

fn message(term: Term, body: Body) -> Message {
    Message {
        cluster: ClusterId(7),
        from: NodeId(2),
        to: NodeId(1),
        term,
        body,
    }
}

/// What a machine says to a message, and what it tells about it.
fn hears(raft: &mut Raft, now: Time, message: Message) -> (Vec<Output>, Vec<Kind>) {
    raft.receive(now, message);
    let outputs = std::iter::from_fn(|| raft.poll()).collect();
    let events = std::iter::from_fn(|| raft.poll_event());
    (outputs, events.map(|event| event.kind).collect())
}

/// The machine without the memory of its last input's cause.
fn settled(mut raft: Raft, now: Time) -> Raft {
    raft.expire(now);
    assert_eq!(raft.poll(), None, "nothing is due");
    raft
}

fn assert_untouched(before: &Raft, after: &Raft, now: Time, what: &str) {
    let (before, after) = (settled(before.clone(), now), settled(after.clone(), now));
    assert!(before == after, "{what}");
    assert_eq!(before.digest(), after.digest(), "{what}");
}

/// Every kind, made wrong in one way, meets every role.
fn every_kind_meets_every_role(
    spoil: impl Fn(&mut Message),
    expect: impl Fn(&IgnoreReason) -> bool,
) {
    for (role, c) in in_every_role() {
        let raft = &c.node(1).raft;
        for body in every_body(c.view(1).term().0) {
            let what = format!("{} to a {role:?}", body.name());
            let mut message = message(c.view(1).term(), body);
            spoil(&mut message);
            let mut after = raft.clone();
            let (outputs, told) = hears(&mut after, c.now, message);
            assert_eq!(outputs, [], "{what}");
            let told: Vec<_> = told.iter().collect();
            let [Kind::Ignored { reason, .. }] = told[..] else {
                panic!("{what}: {told:?}");
            };
            assert!(expect(reason), "{what}: {reason:?}");
            assert_untouched(raft, &after, c.now, &what);
        }
    }
}

#[test]
fn e20_no_kind_comes_in_from_another_cluster() {
    let wrong = |reason: &IgnoreReason| *reason == IgnoreReason::WrongAddress;
    every_kind_meets_every_role(|m| m.cluster = ClusterId(8), wrong);
    every_kind_meets_every_role(
        |m| (m.cluster, m.term) = (ClusterId(8), Term(m.term.0 + 1)),
        wrong,
    );
}

#[test]
fn e20_no_kind_comes_in_for_another_address_or_from_the_node_itself() {
    let wrong = |reason: &IgnoreReason| *reason == IgnoreReason::WrongAddress;
    every_kind_meets_every_role(|m| m.to = NodeId(99), wrong);
    every_kind_meets_every_role(|m| (m.to, m.term) = (NodeId(3), Term(m.term.0 + 1)), wrong);
    every_kind_meets_every_role(|m| m.from = NodeId(1), wrong);
}

#[test]
fn e20_no_kind_comes_in_with_an_absurd_term() {
    let absurd = Term(u64::MAX);
    every_kind_meets_every_role(
        |m| m.term = absurd,
        |reason| *reason == IgnoreReason::TermJump { theirs: absurd },
    );
}

/// An older term: no effect, and those who could wait for an answer are told the newer term.
#[test]
fn e20_no_kind_of_an_older_term_has_any_effect() {
    for (role, c) in in_every_role() {
        let (raft, mine) = (&c.node(1).raft, c.view(1).term());
        for body in every_body(0) {
            let what = format!("{} to a {role:?}", body.name());
            let reply = match &body {
                Body::Append { lane, round, .. } => Some(Body::AppendReply {
                    lane: *lane,
                    round: *round,
                    result: AppendResult::Outdated,
                    probe: Probe::default(),
                }),
                Body::SnapshotOffer { lane, round, .. } => Some(Body::SnapshotReply {
                    lane: *lane,
                    round: *round,
                    matched: Index(0),
                }),
                Body::Vote { .. } => Some(vote_reply(false)),
                Body::ReadIndex { request } => Some(Body::ReadIndexReply {
                    request: *request,
                    index: None,
                }),
                // Pre-votes are asked about a term of their own, here one not above term 1.
                Body::PreVote { .. } => Some(pre_vote_reply(1, false)),
                // Marks are outside of all terms.
                Body::ReadMark { request } => Some(Body::ReadMarkReply {
                    request: *request,
                    last: c.view(1).last().index,
                    membership: c.view(1).membership().map(|m| m.id).unwrap_or_default(),
                }),
                _ => None,
            };
            let termless = matches!(
                body,
                Body::PreVote { .. } | Body::ReadMark { .. } | Body::ReadMarkReply { .. }
            );
            let mut after = raft.clone();
            let (outputs, told) = hears(&mut after, c.now, message(Term(0), body));
            let reply = reply.map(|body| {
                Output::Send(Message {
                    cluster: ClusterId(7),
                    from: NodeId(1),
                    to: NodeId(2),
                    term: mine,
                    body,
                })
            });
            assert_eq!(outputs, Vec::from_iter(reply), "{what}");
            let (theirs, stale) = (Term(0), |k: &Kind| {
                matches!(
                    k,
                    Kind::Ignored {
                        reason: IgnoreReason::StaleTerm { .. },
                        ..
                    }
                )
            });
            assert_eq!(told.iter().any(stale), !termless, "{what}: {theirs}");
            assert_untouched(raft, &after, c.now, &what);
        }
    }
}

/// The one answer of an older term that counts, or a node behind could help nobody (E10a).
#[test]
fn e20_a_yes_to_the_pre_vote_asked_counts_from_an_older_term() {
    for (role, c) in in_every_role() {
        let mut raft = c.node(1).raft.clone();
        let asked = pre_vote_reply(c.view(1).term().0 + 1, true);
        hears(&mut raft, c.now, message(Term(0), asked));
        let moved = raft.view().role() != role;
        assert_eq!(moved, role == Role::PreCandidate, "{role:?}");
    }
}

/// A newer term is adopted whatever the message says; only a pre-vote, a vote while a leader is
/// alive (thesis 9.6, 4.2.3), and marks raise no term: a read disturbs nobody.
#[test]
fn e20_every_kind_of_a_newer_term_raises_the_term_alike() {
    for (role, c) in in_every_role() {
        let newer = Term(c.view(1).term().0 + 1);
        let led = matches!(role, Role::Follower | Role::Leader);
        for body in every_body(newer.0) {
            let what = format!("{} to a {role:?}", body.name());
            let raises = match body {
                Body::PreVote { .. } | Body::ReadMark { .. } | Body::ReadMarkReply { .. } => false,
                Body::Vote { .. } => !led,
                _ => true,
            };
            let mut raft = c.node(1).raft.clone();
            hears(&mut raft, c.now, message(newer, body));
            assert_eq!(raft.view().term() == newer, raises, "{what}");
            let now = if raises { Role::Follower } else { role };
            assert_eq!(raft.view().role(), now, "{what}");
            raft.check().expect("invariants hold");
        }
    }
}

#[test]
fn e20_a_fenced_node_hears_nothing() {
    for (role, mut c) in in_every_role() {
        c.feed(1, [Input::PersistFailed(WriteSeq(9))]);
        let raft = c.node(1).raft.clone();
        for term in 0..4 {
            for body in every_body(term) {
                let what = format!("{} of term {term} to a fenced {role:?}", body.name());
                let mut after = raft.clone();
                let (outputs, told) = hears(&mut after, c.now, message(Term(term), body));
                assert_eq!((outputs, told), (vec![], vec![]), "{what}");
                assert_untouched(&raft, &after, c.now, &what);
            }
        }
    }
}
