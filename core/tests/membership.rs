//! Changing the members (paper 6, thesis 4): the way of a change, and the traps M1 to M13.

mod kit;

use kit::{Cluster, Input};
use raftwerk_core::trace::{FollowerReason, IgnoreReason, Kind, Role, Step, VoteRefusal};
use raftwerk_core::*;

fn voters(ids: &[u64]) -> Members {
    Members::of_voters(ids.iter().map(|id| NodeId(*id)))
}

fn with_learners(ids: &[u64], learners: &[u64]) -> Members {
    Members {
        learners: learners.iter().map(|id| NodeId(*id)).collect(),
        ..voters(ids)
    }
}

/// S1 leads, everybody knows that all is committed.
fn led(size: u64) -> Cluster {
    let mut c = Cluster::new(size);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c
}

/// S1 leads voters 1 to 3; S4 and S5 are learners that have everything.
fn led_with_learners() -> Cluster {
    let mut c = led(3);
    c.join(4);
    c.join(5);
    c.reconfigure(1, 900, &with_learners(&[1, 2, 3], &[4, 5]))
        .expect("taken");
    c.run(Span::millis(120));
    assert!(c.ended(1).iter().any(|(ticket, _)| *ticket == 900));
    c.nodes.get_mut(&1).expect("known").settled.clear();
    c
}

fn committed(c: &Cluster, id: u64, ticket: u64) -> bool {
    let ended = c.ended(id);
    ended
        .iter()
        .any(|(t, outcome)| *t == ticket && matches!(outcome, Outcome::Committed(_)))
}

fn to(ids: &'static [u64]) -> impl Fn(&Message) -> bool {
    move |message| ids.contains(&message.to.0)
}

fn steps(c: &Cluster, id: u64) -> Vec<Step> {
    let step = |kind: &Kind| match kind {
        Kind::AppendedMembership { step, .. } => Some(*step),
        _ => None,
    };
    c.node(id)
        .events
        .iter()
        .filter_map(|event| step(&event.kind))
        .collect()
}

/// No two nodes applied different entries at one position.
fn agree(c: &Cluster) -> bool {
    let ids: Vec<u64> = c.nodes.keys().copied().collect();
    ids.iter().all(|a| {
        ids.iter().all(|b| {
            let (a, b) = (&c.node(*a).applied, &c.node(*b).applied);
            a.iter().zip(b).all(|(left, right)| left == right)
        })
    })
}

// ------------------------------------------------------------- the way of a change

#[test]
fn section_t4_1_one_voter_comes_or_goes_by_one_entry() {
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 1));
    assert_eq!(steps(&c, 1), [Step::Learners, Step::Direct]);
    assert!((1..=4).all(|id| c.members(id) == voters(&[1, 2, 3, 4])));
    c.reconfigure(1, 2, &voters(&[1, 2, 4])).expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 2));
    assert_eq!(steps(&c, 1), [Step::Learners, Step::Direct, Step::Direct]);
    c.propose(1, 3, "x").expect("accepted");
    c.settle();
    assert_eq!(c.commands(4), ["x"]);
}

#[test]
fn section_6_two_voters_at_once_go_through_a_joint_entry() {
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 4])).expect("taken");
    c.run(Span::millis(200));
    assert!(committed(&c, 1, 1));
    assert_eq!(steps(&c, 1), [Step::Learners, Step::Joint, Step::Leave]);
    assert!(
        [1, 2, 4]
            .iter()
            .all(|id| c.members(*id) == voters(&[1, 2, 4]))
    );
    let joint = Members {
        outgoing: voters(&[1, 2, 3]).voters,
        ..voters(&[1, 2, 4])
    };
    let in_force = |kind: &Kind| {
        matches!(kind, Kind::MembershipInForce { members, rolled_back: false, .. }
            if *members == joint)
    };
    assert!([1, 2, 4].iter().all(|id| c.saw(*id, in_force)));
}

/// Demotion: a voter that becomes a learner in a joint change votes until that is left.
#[test]
fn section_4_3_a_demoted_voter_becomes_a_learner_when_the_joint_entry_is_left() {
    let mut c = led_with_learners();
    let target = with_learners(&[1, 2, 4], &[3, 5]);
    c.reconfigure(1, 1, &target).expect("taken");
    let joint = c.members(1);
    assert!(joint.is_joint() && joint.is_voter(NodeId(3)));
    assert_eq!(
        (joint.demote_later, joint.learners),
        (vec![NodeId(3)], vec![NodeId(5)])
    );
    c.run(Span::millis(200));
    assert!(committed(&c, 1, 1));
    assert!((1..=5).all(|id| c.members(id) == target));
    c.propose(1, 2, "x").expect("accepted");
    c.settle();
    assert_eq!(c.commands(3), ["x"], "a learner receives the log");
    assert_eq!(c.node(3).removed, 0, "and is no stranger");
}

/// Commands keep coming; all but S4 talk at once, S4 hears and is heard once in 400 ms.
fn busy_with_a_slow_s4(c: &mut Cluster) {
    for step in 0..40 {
        c.wait(Span::millis(10));
        c.deliver_if(|m| m.to != NodeId(4) && m.from != NodeId(4));
        if step % 10 == 0 {
            let ticket = 100 + c.now.0;
            c.propose(1, ticket, "busy").expect("accepted");
        }
    }
    c.deliver_if(to(&[4]));
    c.deliver_if(|m| m.from == NodeId(4));
    assert_eq!(c.leaders(), [1]);
}

#[test]
fn section_4_2_1_promotion_waits_for_a_round_shorter_than_an_election_timeout() {
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    for _ in 0..5 {
        busy_with_a_slow_s4(&mut c);
    }
    let (node, round, _) = c.view(1).change().expect("it runs").rounds[0];
    assert_eq!(node, NodeId(4));
    assert!(round > 1, "round {round}: the first took too long");
    assert_eq!(
        c.members(1),
        with_learners(&[1, 2, 3], &[4]),
        "a learner meanwhile"
    );
    c.run(Span::millis(300));
    assert!(committed(&c, 1, 1));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::LearnerCaughtUp { peer: NodeId(4), round, took }
            if *round > 1 && took.0 < kit::config(1).timing.election_min.0
    )));
}

#[test]
fn section_4_2_1_a_new_voter_that_never_keeps_up_is_given_up() {
    let mut c = Cluster::with(3, |config| config.limits.catch_up_rounds = 2);
    c.elect(1);
    c.run(Span::millis(60));
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    for _ in 0..7 {
        busy_with_a_slow_s4(&mut c);
    }
    let aborted = Outcome::Aborted(Abort::NotCaughtUp(NodeId(4)));
    assert!(c.ended(1).contains(&(1, aborted)));
    let answered = |kind: &Kind| {
        matches!(
            kind,
            Kind::Matched {
                peer: NodeId(4),
                ..
            }
        )
    };
    assert!(c.saw(1, answered), "it was not silent, only slow");
    assert_eq!(
        c.members(1),
        with_learners(&[1, 2, 3], &[4]),
        "it stays a learner"
    );
    assert_eq!(c.view(1).change(), None);
    c.reconfigure(1, 2, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 2));
}

#[test]
fn a_target_in_force_already_is_committed_without_an_entry() {
    let mut c = led(3);
    let before = c.view(1).last();
    let twice = Members {
        voters: vec![NodeId(3), NodeId(1), NodeId(2), NodeId(3)],
        ..Members::default()
    };
    c.reconfigure(1, 1, &twice).expect("taken");
    assert_eq!(c.ended(1), [(1, Outcome::Committed(LogId::new(0, 1)))]);
    assert_eq!(c.view(1).last(), before);
}

#[test]
fn nonsense_and_bad_moments_are_refused_with_reasons() {
    let mut c = led(3);
    let none = with_learners(&[], &[1]);
    let both = with_learners(&[1, 2, 3], &[3]);
    let joint = Members {
        outgoing: vec![NodeId(1)],
        ..voters(&[2])
    };
    for (target, why) in [
        (none, BadMembers::NoVoters),
        (both, BadMembers::TwoRoles(NodeId(3))),
        (joint, BadMembers::Joint),
    ] {
        assert_eq!(c.reconfigure(1, 1, &target), Err(Refusal::BadMembers(why)));
    }
    let fewer = voters(&[1, 2]);
    let refused = c.reconfigure(2, 1, &fewer);
    assert!(matches!(refused, Err(Refusal::NotLeader { .. })));
    c.transfer(1, 2, Some(2)).expect("taken");
    assert_eq!(c.reconfigure(1, 1, &fewer), Err(Refusal::Transferring));
    c.settle();
    assert_eq!(c.leaders(), [2]);
    c.run(Span::millis(60));
    c.reconfigure(2, 3, &fewer).expect("taken");
    assert_eq!(
        c.reconfigure(2, 4, &voters(&[2, 3])),
        Err(Refusal::ChangePending)
    );
    c.settle();
    assert!(committed(&c, 2, 3));
    assert_eq!(c.node(2).settled.len(), 1, "what was refused has no end");
}

/// R22 for changes: what is told when leadership is lost, at each stage.
#[test]
fn r22_the_ticket_of_a_change_ends_once_whatever_happens() {
    let lost = Outcome::Aborted(Abort::LeadershipLost);
    let depose = |c: &mut Cluster| {
        let higher = c.view(1).term().0 + 5;
        c.forge(2, 1, higher, Body::VoteReply { granted: false });
    };
    // While a new voter catches up.
    let mut c = led(3);
    c.join(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4])).expect("taken");
    depose(&mut c);
    assert_eq!(c.ended(1), [(1, lost)]);
    // In a joint entry, and in the last one.
    for target in [voters(&[1, 4, 5]), voters(&[1, 2])] {
        let mut c = led_with_learners();
        c.reconfigure(1, 1, &target).expect("taken");
        depose(&mut c);
        assert_eq!(c.ended(1), [(1, Outcome::Unknown)]);
        c.run(Span::millis(2_000));
        assert_eq!(c.node(1).settled.len(), 1);
    }
}

// ---------------------------------------------------------------------- traps

/// The bug of 2015: two changes of one voter by leaders of different terms, neither of which had
/// committed anything in its term, leave two majorities that do not meet.
fn the_schedule_of_2015(change: impl Fn(&mut Config)) -> (Cluster, Result<(), Refusal>) {
    let mut c = Cluster::with(4, change);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c.join(5);
    c.reconfigure(1, 1, &with_learners(&[1, 2, 3, 4], &[5]))
        .expect("taken");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 1));
    // S1 appends "add S5" on itself and S5 only.
    c.mail.clear();
    c.partition(&[1], &[2, 3, 4]);
    c.reconfigure(1, 2, &voters(&[1, 2, 3, 4, 5]))
        .expect("taken");
    c.settle();
    assert_eq!(
        (c.view(5).last(), c.members(5).voters.len()),
        (c.view(1).last(), 5)
    );
    // S2 wins the next term, and removes S1 before anything of its term is committed.
    c.partition(&[5], &[2, 3, 4]);
    c.now = c.now + Span::millis(2_000);
    c.time_out(2);
    while c.view(2).role() != Role::Leader {
        assert!(c.deliver_if(|m| !matches!(m.body, Body::Append { .. })) > 0);
    }
    c.mail.clear();
    let removal = c.reconfigure(2, 3, &voters(&[2, 3, 4]));
    // S2 reaches S3 only.
    c.partition(&[2, 3], &[4]);
    for _ in 0..4 {
        c.heartbeat(2);
        c.settle();
    }
    // S1 is back, with S4 and S5.
    c.restart(1);
    c.cut.clear();
    c.partition(&[2, 3], &[1, 4, 5]);
    c.now = c.now + Span::millis(2_000);
    for _ in 0..3 {
        c.time_out(1);
        c.settle();
    }
    (c, removal)
}

#[test]
fn m1_no_change_before_an_entry_of_the_own_term_is_committed() {
    let (c, removal) = the_schedule_of_2015(|_| {});
    assert_eq!(removal, Err(Refusal::NotReady));
    assert!(agree(&c), "two entries were committed at one position");
}

/// The same schedule with the rule taken away: this is what it prevents.
#[cfg(feature = "sabotage")]
#[test]
fn m1_without_the_rule_two_entries_are_committed_at_one_position() {
    let (c, removal) = the_schedule_of_2015(|config| config.sabotage = Some(Rule::M1NoOwnEntry));
    assert_eq!(removal, Ok(()));
    assert!(!agree(&c));
}

/// M1 once more: the leader takes the change as soon as its opening entry is committed.
#[test]
fn m1_the_change_is_taken_once_the_opening_entry_is_committed() {
    let mut c = Cluster::new(3);
    c.time_out(1);
    while c.view(1).role() != Role::Leader {
        c.deliver_if(|_| true);
    }
    assert_eq!(
        c.reconfigure(1, 1, &voters(&[1, 2])),
        Err(Refusal::NotReady)
    );
    c.settle();
    assert_eq!(c.reconfigure(1, 1, &voters(&[1, 2])), Ok(()));
}

/// M2: the new members decide from the moment the entry is appended.
#[test]
fn m2_a_membership_is_in_force_when_appended() {
    let mut c = led_with_learners();
    c.reconfigure(1, 1, &with_learners(&[1, 2, 3, 4], &[5]))
        .expect("taken");
    assert!(c.members(1).is_voter(NodeId(4)));
    let entry = c.view(1).last().index;
    c.deliver_if(to(&[2]));
    assert!(c.members(2).is_voter(NodeId(4)), "at the follower too");
    c.deliver_if(to(&[1]));
    assert!(c.view(1).commit() < entry, "two of four are no majority");
    c.deliver_if(to(&[4]));
    c.deliver_if(to(&[1]));
    assert_eq!(c.view(1).commit(), entry);
}

/// M3: an uncommitted change survives a restart and goes when its entry is cut.
#[test]
fn m3_an_uncommitted_change_is_kept_over_a_restart_and_rolled_back_by_a_cut() {
    let mut c = led(3);
    c.partition(&[1], &[2, 3]);
    c.reconfigure(1, 1, &voters(&[1, 2])).expect("taken");
    c.mail.clear();
    c.restart(1);
    assert_eq!(c.members(1), voters(&[1, 2]));
    c.now = c.now + Span::millis(2_000);
    c.elect(2);
    c.cut.clear();
    c.run(Span::millis(300));
    assert_eq!(c.members(1), voters(&[1, 2, 3]));
    let rolled_back = |kind: &Kind| {
        matches!(
            kind,
            Kind::MembershipInForce {
                rolled_back: true,
                ..
            }
        )
    };
    assert!(c.saw(1, rolled_back));
    assert_eq!(c.node(1).removed, 0);
}

/// S1 leads the joint membership {1, 4, 5} with {1, 2, 3}, whose entry is on its way.
fn in_joint() -> (Cluster, Index) {
    let mut c = led_with_learners();
    c.reconfigure(1, 1, &voters(&[1, 4, 5])).expect("taken");
    assert!(c.members(1).is_joint());
    let entry = c.view(1).last().index;
    (c, entry)
}

#[test]
fn m4_commits_need_both_halves() {
    for (half, other) in [(&[4, 5], &[2]), (&[2, 3], &[4])] {
        let (mut c, entry) = in_joint();
        c.deliver_if(to(half));
        c.deliver_if(to(&[1]));
        assert!(c.view(1).commit() < entry, "{half:?} alone");
        c.deliver_if(to(other));
        c.deliver_if(to(&[1]));
        assert_eq!(c.view(1).commit(), entry);
    }
}

#[test]
fn m4_elections_need_both_halves() {
    let (mut c, _) = in_joint();
    c.deliver_if(to(&[2, 3, 4, 5]));
    c.mail.clear();
    c.now = c.now + Span::millis(2_000);
    c.partition(&[2, 3], &[1, 4, 5]);
    for _ in 0..3 {
        c.time_out(4);
        c.settle();
    }
    assert_ne!(c.view(4).role(), Role::Leader, "with S1 and S5 only");
    c.cut.clear();
    c.partition(&[3], &[1, 2, 4, 5]);
    c.now = c.now + Span::millis(2_000);
    c.elect(4);
}

#[test]
fn m4_reads_need_both_halves() {
    let (mut c, _) = in_joint();
    c.deliver_if(to(&[2, 3, 4, 5]));
    c.mail.clear();
    c.read(1, 50, ReadPath::Leader).expect("taken");
    c.deliver_if(to(&[4, 5]));
    c.deliver_if(to(&[1]));
    assert!(
        c.node(1).reads.is_empty(),
        "the old half may have another leader"
    );
    c.deliver_if(to(&[2, 3]));
    c.deliver_if(to(&[1]));
    c.settle();
    assert_eq!(c.node(1).reads.len(), 1);
}

#[test]
fn m4_check_quorum_needs_both_halves() {
    let (mut c, _) = in_joint();
    c.mail.clear();
    c.partition(&[2, 3], &[1, 4, 5]);
    c.run(Span::millis(700));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::BecameFollower {
            reason: FollowerReason::QuorumSilent { .. },
            ..
        }
    )));
}

#[test]
fn m4_a_leader_is_alive_only_with_both_halves() {
    let (mut c, _) = in_joint();
    c.mail.clear();
    c.partition(&[2, 3], &[1, 4, 5]);
    c.run(Span::millis(160));
    assert_eq!(c.view(1).role(), Role::Leader, "check-quorum waits longer");
    // Heard by one half only for an election timeout, it protects its reign no more.
    let last = c.view(1).last();
    c.forge(
        2,
        1,
        90,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Follower, Term(90))
    );
}

/// M5: the leader dies when its last entry is on the removed node alone. Only that node's log is
/// complete enough, so it must lead once more (thesis 4.2.2, figure 4.6).
#[test]
fn m5_a_removed_node_leads_once_more_where_only_its_log_can() {
    let mut c = led(4);
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.settle();
    assert_eq!(c.members(4), voters(&[1, 2, 3]));
    c.partition(&[1], &[2, 3, 4]);
    c.run(Span::millis(6_000));
    assert!(
        matches!(c.leaders()[..], [2] | [3] | [1, 2] | [1, 3]),
        "{:?}",
        c.leaders()
    );
    assert_eq!(c.members(2), voters(&[1, 2, 3]));
    assert!(c.saw(
        4,
        |kind| matches!(kind, Kind::BecameLeader { votes } if votes.len() == 2)
    ));
    assert_eq!(c.node(4).removed, 1);
    let term = c.view(4).term();
    c.run(Span::millis(3_000));
    assert_eq!(
        (c.view(4).term(), c.view(4).role()),
        (term, Role::Follower),
        "now it is silent"
    );
}

/// M6, R14: the leader outside the new members goes on, does not count itself, then hands over.
#[test]
fn m6_a_removed_leader_goes_on_until_that_is_committed_and_hands_over() {
    let mut c = led(3);
    c.reconfigure(1, 1, &voters(&[2, 3])).expect("taken");
    let entry = c.view(1).last().index;
    assert_eq!(c.propose(1, 2, "x"), Ok(()), "it leads on");
    c.deliver_if(to(&[2]));
    c.deliver_if(to(&[1]));
    assert!(
        c.view(1).commit() < entry,
        "one of two, and the leader does not count"
    );
    assert_eq!(c.node(1).removed, 0);
    c.deliver_if(to(&[3]));
    c.deliver_if(to(&[1]));
    assert!(c.view(1).commit() >= entry);
    c.settle();
    assert!(
        committed(&c, 1, 1) && committed(&c, 1, 2),
        "both are answered first"
    );
    assert!(matches!(c.leaders()[..], [2] | [3]));
    let next = c.leaders()[0];
    assert!(!c.saw(next, |kind| matches!(kind, Kind::StartedPreVote { .. })));
    assert_eq!(c.node(1).removed, 1);
    c.run(Span::millis(2_000));
    assert_eq!(c.leaders(), [next]);
    assert_eq!(c.node(1).removed, 1, "told once");
}

/// M6: where the one it hands over to does not campaign, the removed leader steps down.
#[test]
fn m6_a_removed_leader_steps_down_at_the_latest_when_its_transfer_is_given_up() {
    let mut c = led(3);
    c.reconfigure(1, 1, &voters(&[2, 3])).expect("taken");
    for _ in 0..100 {
        c.mail
            .retain(|m| !matches!(m.body, Body::TimeoutNow { .. }));
        c.deliver_if(|_| true);
        c.wait(Span::millis(5));
    }
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::BecameFollower {
            reason: FollowerReason::Removed,
            ..
        }
    )));
    c.run(Span::millis(1_000));
    assert!(matches!(c.leaders()[..], [2] | [3]));
}

/// M7, E14: a removed node is told, once, and disturbs nobody, also when it was not told.
#[test]
fn m7_a_removed_node_is_told_and_campaigns_no_more() {
    let mut c = led(4);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(250));
    assert_eq!(c.node(4).removed, 1);
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::Parted {
            peer: NodeId(4),
            told: true
        }
    )));
    assert!(c.view(1).peers().iter().all(|peer| peer.id != NodeId(4)));
    let term = c.view(4).term();
    c.run(Span::millis(3_000));
    assert_eq!((c.view(4).term(), c.leaders()), (term, vec![1]));
    let asked = |kind: &Kind| matches!(kind, Kind::StartedPreVote { .. });
    assert!(!c.saw(4, asked));
    assert_eq!(c.node(4).removed, 1, "once");
}

/// M7: who is out of reach is waited for only so long, and does no harm when it comes back.
#[test]
fn e14_a_removed_node_that_comes_back_disturbs_nobody() {
    let mut c = led(4);
    c.partition(&[4], &[1, 2, 3]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.run(Span::millis(2_000));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::Parted {
            peer: NodeId(4),
            told: false
        }
    )));
    let term = c.view(1).term();
    c.cut.clear();
    c.run(Span::millis(3_000));
    assert_eq!((c.leaders(), c.view(1).term()), (vec![1], term));
    assert!(
        c.saw(4, |kind| matches!(kind, Kind::StartedPreVote { .. })),
        "it asked in vain"
    );
    let refused = |kind: &Kind| {
        matches!(
            kind,
            Kind::RefusedVote {
                to: NodeId(4),
                reason: VoteRefusal::LeaderAlive { .. },
                ..
            }
        )
    };
    assert!(c.saw(2, refused));
}

/// M7: when the leader dies before it could tell, the next one tells.
#[test]
fn m7_the_next_leader_tells_who_was_removed() {
    let mut c = led(4);
    c.partition(&[1], &[4]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3])).expect("taken");
    c.deliver_if(to(&[2, 3]));
    c.mail.clear();
    c.partition(&[1], &[2, 3, 4]);
    c.cut.remove(&(4, 1));
    c.run(Span::millis(2_000));
    assert!(!c.leaders().is_empty());
    assert_eq!(c.node(4).removed, 1);
}

/// M8: a silent new voter holds nothing up, because it does not vote yet.
#[test]
fn m8_an_empty_new_voter_blocks_no_commit() {
    let mut c = led(3);
    c.partition(&[3], &[1, 2]);
    c.reconfigure(1, 1, &voters(&[1, 2, 3, 4]))
        .expect("S4 does not even run");
    c.run(Span::millis(100));
    c.propose(1, 2, "x").expect("accepted");
    c.run(Span::millis(100));
    assert!(committed(&c, 1, 2), "S1 and S2 are two of three voters");
    c.run(Span::millis(4_000));
    let aborted = Outcome::Aborted(Abort::NotCaughtUp(NodeId(4)));
    assert!(c.ended(1).contains(&(1, aborted)));
}

/// M9: another leader leaves the joint membership.
#[test]
fn m9_any_leader_leaves_the_joint_membership() {
    let (mut c, _) = in_joint();
    c.deliver_if(to(&[2, 3, 4, 5]));
    c.mail.clear();
    c.partition(&[1], &[2, 3, 4, 5]);
    c.now = c.now + Span::millis(2_000);
    c.elect(4);
    assert!(c.saw(4, |kind| matches!(
        kind,
        Kind::AppendedMembership {
            step: Step::Leave,
            ..
        }
    )));
    c.run(Span::millis(300));
    assert_eq!(c.members(4), voters(&[1, 4, 5]));
    assert_eq!((c.node(2).removed, c.node(3).removed), (1, 1));
}

/// M10: who knows no members is silent.
#[test]
fn m10_a_node_without_members_neither_campaigns_nor_votes() {
    let mut c = led(3);
    c.join(9);
    for _ in 0..3 {
        c.time_out(9);
    }
    assert_eq!(c.view(9).role(), Role::Follower);
    assert!(c.mail.is_empty());
    let last = LogId::new(3, 30);
    c.forge(
        2,
        9,
        7,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    c.forge(
        2,
        9,
        7,
        Body::PreVote {
            proposed: Term(8),
            last,
        },
    );
    let yes = |m: &Message| {
        matches!(
            m.body,
            Body::VoteReply { granted: true } | Body::PreVoteReply { granted: true, .. }
        )
    };
    assert!(!c.mail.iter().any(yes));
    assert_eq!(c.view(9).vote(), None);
}

/// M11: a transfer ends when its target is demoted.
#[test]
fn m11_a_transfer_is_given_up_when_its_target_is_demoted() {
    let (mut c, _) = in_joint();
    c.transfer(1, 7, Some(3)).expect("S3 still votes");
    c.partition(&[1], &[3]);
    for _ in 0..6 {
        c.wait(Span::millis(10));
        c.settle();
    }
    assert!(
        c.ended(1)
            .contains(&(7, Outcome::Aborted(Abort::TargetGone)))
    );
    assert_eq!(c.leaders(), [1]);
    assert_eq!(c.transfer(1, 8, Some(3)), Err(Refusal::UnknownMember));
}

/// M12: who leaves helps until the end: its acknowledgement is what commits the joint entry, and
/// it votes as asked when it has the last entry already.
#[test]
fn m12_who_leaves_helps_until_the_change_is_committed() {
    let (mut c, entry) = in_joint();
    c.partition(&[1, 2], &[3]);
    c.deliver_if(to(&[4, 5]));
    c.deliver_if(to(&[1]));
    assert!(c.view(1).commit() < entry);
    c.deliver_if(to(&[2]));
    c.deliver_if(to(&[1]));
    assert_eq!(c.view(1).commit(), entry, "thanks to S2, which leaves");
    c.deliver_if(to(&[2]));
    assert_eq!(
        c.members(2),
        voters(&[1, 4, 5]),
        "it has the entry that removes it"
    );
    c.mail.clear();
    c.now = c.now + Span::millis(2_000);
    let (term, last) = (c.view(2).term().0 + 1, c.view(2).last());
    c.forge(
        4,
        2,
        term,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    assert_eq!(c.view(2).vote(), Some(NodeId(4)));
}

/// M13: being alone in the new half is no short cut.
#[test]
fn m13_a_single_new_voter_commits_nothing_alone_in_a_joint_membership() {
    let mut c = led(3);
    c.reconfigure(1, 1, &voters(&[1])).expect("taken");
    let entry = c.view(1).last().index;
    c.read(1, 2, ReadPath::Leader).expect("taken");
    assert!(c.view(1).commit() < entry);
    assert!(c.node(1).reads.is_empty());
    c.settle();
    assert!(committed(&c, 1, 1));
    assert_eq!(c.members(1), voters(&[1]));
    c.partition(&[1], &[2, 3]);
    c.propose(1, 3, "alone").expect("accepted");
    assert!(committed(&c, 1, 3), "after it is left, one is enough");
}

/// R4: an answer from before a node was removed and added again gives it no credit.
#[test]
fn r4_a_node_added_again_starts_with_a_new_lane() {
    let mut c = led(3);
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(to(&[2, 3]));
    let late: Vec<Message> = c
        .mail
        .iter()
        .filter(|m| m.from == NodeId(3))
        .cloned()
        .collect();
    assert!(!late.is_empty());
    c.settle();
    for (ticket, target) in [(2, voters(&[1, 2])), (3, with_learners(&[1, 2], &[3]))] {
        c.mail.clear();
        c.reconfigure(1, ticket, &target).expect("taken");
        c.partition(&[3], &[1, 2]);
        c.settle();
        assert!(committed(&c, 1, ticket));
    }
    let matched = |c: &Cluster| {
        let peers = c.view(1).peers();
        peers
            .iter()
            .find(|peer| peer.id == NodeId(3))
            .map(|peer| peer.matched)
    };
    assert_eq!(matched(&c), Some(Index(0)));
    for message in late {
        c.give(1, Input::Receive(message)).expect("no ticket");
    }
    assert_eq!(matched(&c), Some(Index(0)));
    assert!(c.saw(1, |kind| matches!(
        kind,
        Kind::Ignored {
            reason: IgnoreReason::StaleLane,
            ..
        }
    )));
    c.cut.clear();
    c.run(Span::millis(200));
    assert_eq!(matched(&c), Some(c.view(1).last().index));
}

/// E16, E17: a learner does not campaign, and votes as asked: it may be a voter without knowing.
#[test]
fn e17_a_learner_votes_as_asked_and_e16_does_not_campaign() {
    let mut c = led_with_learners();
    c.partition(&[4], &[1, 2, 3, 5]);
    c.run(Span::millis(2_000));
    assert!(!c.saw(4, |kind| matches!(kind, Kind::StartedPreVote { .. })));
    let (term, last) = (c.view(4).term().0 + 1, c.view(4).last());
    c.forge(
        2,
        4,
        term,
        Body::Vote {
            last,
            transfer: false,
        },
    );
    assert_eq!(c.view(4).vote(), Some(NodeId(2)));
}

/// E3, M4: the vote of a learner does not count.
#[test]
fn e3_the_vote_of_a_learner_does_not_count() {
    let mut c = led_with_learners();
    c.partition(&[2], &[1, 3]);
    c.now = c.now + Span::millis(2_000);
    for _ in 0..3 {
        c.time_out(2);
        c.settle();
    }
    assert_ne!(
        c.view(2).role(),
        Role::Leader,
        "S4 and S5 agree, but do not vote"
    );
}
