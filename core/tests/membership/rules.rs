//! What keeps changes safe: one at a time, in force when appended, both halves (M1 to M4, M9, M13).

use super::*;

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

/// M2: they decide about the entries before it, too: where a voter goes, two of three are enough
/// for what two of four were not, and nobody need speak again for that.
#[test]
fn m2_what_is_enough_for_the_new_members_is_committed_at_once() {
    let mut c = led(4);
    c.partition(&[3, 4], &[1, 2]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    let entry = c.view(1).last().index;
    assert_eq!(c.peer(1, 2).matched, entry);
    assert!(c.view(1).commit() < entry, "two of four are no majority");
    c.reconfigure(1, 2, &voters(&[1, 2, 3])).expect("taken");
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
fn m4_an_age_needs_both_halves() {
    let (mut c, _) = in_joint();
    c.deliver_if(to(&[2, 3, 4, 5]));
    c.mail.clear();
    c.partition(&[2, 3], &[1, 4, 5]);
    c.run(Span::millis(200));
    assert_eq!(c.view(1).role(), Role::Leader);
    let age = c.node(1).raft.staleness(c.now);
    assert!(
        age >= Some(Span::millis(200)),
        "{age:?}: who leads the old half?"
    );
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
