//! What a received snapshot replaces and what it leaves (S1, S2, S6; figure 13).

use super::*;

/// Figure 13, rule 7: another entry where the snapshot ends, so all of the log goes.
#[test]
fn s1_a_log_that_contradicts_the_snapshot_is_dropped_whole() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.partition(&[1], &[2, 3]);
    for (ticket, text) in [(1, "w"), (2, "x"), (3, "y"), (4, "z"), (5, "zz")] {
        c.propose(1, ticket, text).expect("accepted");
    }
    c.settle();
    assert_eq!(c.view(1).last(), LogId::new(1, 8));
    c.now = Time(10_000_000);
    c.elect(2);
    c.commit_all(2, &["b", "c"]);
    let taken = c.snapshot(2);
    assert_eq!(
        taken.last,
        LogId::new(2, 6),
        "S1 has an entry of term 1 there, and more"
    );
    c.cut.clear();
    c.beat(2);
    let conflict = |k: &Kind| {
        let reason = InstallReason::Conflict { mine: Term(1) };
        matches!(k, Kind::InstallingSnapshot { reason: r, removed: 8, .. } if *r == reason)
    };
    assert!(c.saw(1, conflict));
    assert_eq!(c.node(1).disk.entries, []);
    c.commit_all(2, &["d"]);
    assert_eq!(c.commands(1), ["a", "b", "c", "d"]);
    assert_eq!(
        c.count(2, |k| matches!(k, Kind::SnapshotSent { .. })),
        1,
        "once is enough"
    );
}

#[test]
fn s2_a_snapshot_at_or_below_the_commit_index_changes_nothing() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a", "b"]);
    let old = c.snapshot(1);
    let state = c.node(1).applied.clone();
    c.commit_all(1, &["c"]);
    // At the committed index itself another term would be a lie; it changes nothing either.
    let mut other = old.clone();
    other.last = LogId::new(0, c.view(3).commit().0);
    let before = (c.view(3).last(), c.view(3).commit(), c.view(3).base());
    for meta in [old, other] {
        c.stage(3, 1, &meta, &state);
        assert_eq!(
            (c.view(3).last(), c.view(3).commit(), c.view(3).base()),
            before
        );
        assert_eq!(c.node(3).discarded.last(), Some(&meta));
    }
    let useless = |k: &Kind| {
        let why = SnapshotUseless::Committed { commit: Index(5) };
        matches!(k, Kind::SnapshotIgnored { why: w, .. } if *w == why)
    };
    assert!(c.saw(3, useless));
    assert!(c.node(3).installed.is_empty());
}

/// The tail may hold acknowledged entries: it must stay.
#[test]
fn s2_a_snapshot_whose_last_entry_is_in_the_log_only_commits() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    // S3 gets entries but never hears that they are committed.
    for (ticket, text) in [(1, "b"), (2, "c")] {
        c.propose(1, ticket, text).expect("accepted");
    }
    c.deliver_if(|m| matches!(&m.body, Body::Append { entries, .. } if !entries.is_empty()));
    c.deliver_if(|m| m.from == NodeId(2));
    c.deliver_if(|m| m.to == NodeId(2));
    c.deliver_if(|m| m.from == NodeId(2));
    assert!(c.view(1).commit() > c.view(3).commit());
    let meta = c.snapshot(1);
    let state = c.node(1).applied.clone();
    c.stage(3, 1, &meta, &state);
    assert_eq!(c.view(3).commit(), meta.last.index);
    assert_eq!(c.view(3).base(), LogId::ORIGIN, "its own log stays");
    assert_eq!(c.node(3).discarded, [meta]);
    assert_eq!(c.node(3).applied, state, "applied entry by entry");
    let in_log = |k: &Kind| {
        matches!(
            k,
            Kind::SnapshotIgnored {
                why: SnapshotUseless::InLog,
                ..
            }
        )
    };
    assert!(c.saw(3, in_log));
}

#[test]
fn s2_an_offer_that_is_not_needed_is_answered_with_what_agrees() {
    let (mut c, taken) = behind();
    let body = |meta: &SnapshotMeta| Body::SnapshotOffer {
        lane: lane(1),
        round: Round(99),
        meta: meta.clone().into(),
    };
    c.forge(1, 2, 1, body(&taken));
    assert_eq!(replies(&c, 2), [taken.last.index]);
    assert_eq!(c.mail.len(), 1, "one answer for one offer");
    c.mail.clear();
    c.forge(1, 3, 1, body(&taken));
    assert_eq!(
        replies(&c, 3),
        [Index(3)],
        "what it has and needs more than"
    );
    // A leader of a newer term has proven nothing here yet, but it has what is committed.
    c.mail.clear();
    let newer = Body::SnapshotOffer {
        lane: lane(2),
        round: Round(1),
        meta: taken.clone().into(),
    };
    c.forge(3, 2, 2, newer);
    assert_eq!(replies(&c, 2), [taken.last.index]);
}

/// S6: the members are those of the snapshot's end, whatever the log had last.
#[test]
fn s6_the_membership_in_force_is_the_snapshots_and_cutting_falls_back_on_it() {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    let naming = |term, index, voters| Entry {
        id: LogId::new(term, index),
        body: EntryBody::Membership(Members::of_voters((1..=voters).map(NodeId)).into()),
    };
    let append = |term, prev, entries, round| Body::Append {
        lane: lane(term),
        round: Round(round),
        prev,
        entries,
        commit: Index(0),
        standing: Standing::default(),
    };
    // Appended by a leader that was soon gone, and never committed.
    let gone = append(2, LogId::new(1, 3), [naming(2, 4, 5)].into(), 1);
    c.forge(2, 3, 2, gone);
    assert_eq!(
        c.view(3).membership().map(Membership::index),
        Some(Index(4))
    );
    let state = c.node(1).applied.clone();
    c.stage(3, 1, &taken, &state);
    assert_eq!(c.view(3).membership(), Some(&taken.membership));
    let known = taken.membership.id;
    let told = |k: &Kind| matches!(k, Kind::MembershipInForce { id, .. } if *id == known);
    assert!(c.saw(3, told));
    // A later one is cut again: back to the snapshot's.
    let after = taken.last;
    let index = after.index.0 + 1;
    c.forge(2, 3, 2, append(2, after, [naming(2, index, 4)].into(), 2));
    assert_eq!(
        c.view(3).membership().map(Membership::index),
        Some(Index(index))
    );
    let entry = Entry {
        id: LogId::new(3, index),
        body: EntryBody::Noop,
    };
    c.forge(1, 3, 3, append(3, after, [entry].into(), 1));
    assert_eq!(c.view(3).membership(), Some(&taken.membership));
    c.restart(3);
    assert_eq!(c.view(3).membership(), Some(&taken.membership));
}

/// A leader has everything that was ever committed: no snapshot helps it.
#[test]
fn a_leader_needs_no_snapshot() {
    let (mut c, taken) = behind();
    let state = c.node(1).applied.clone();
    c.now = Time(60_000_000);
    c.elect(2);
    c.stage(2, 1, &taken, &state);
    assert_eq!(c.node(2).discarded, [taken]);
    assert_eq!(c.view(2).role(), Role::Leader);
}
