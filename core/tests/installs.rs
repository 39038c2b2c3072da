//! Receiving snapshots, by the trap ids of the design (S1, S2, S3, S6, S9; E and R22 as far as
//! they touch snapshots). Paper 7 and figure 13.

mod kit;

use kit::*;
use raftwerk_core::trace::{IgnoreReason, InstallReason, Kind, Pace, Role, SnapshotUseless};
use raftwerk_core::*;

fn replies(c: &Cluster, from: u64) -> Vec<Index> {
    let mail = c.mail.iter().filter(|m| m.from == NodeId(from));
    let durable = |m: &Message| match m.body {
        Body::SnapshotReply { matched, .. } => Some(matched),
        Body::AppendReply {
            result: AppendResult::Accepted { durable, .. },
            ..
        } => Some(durable),
        _ => None,
    };
    mail.filter_map(durable).collect()
}

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

/// Nothing is promised and nothing changes in the state machine before the disk has it.
#[test]
fn s3_an_install_is_one_write_and_everything_waits_for_it() {
    let (mut c, taken) = staged_at_3();
    let write = c.node(3).writes[0].clone();
    assert_eq!(write.install.as_deref(), Some(&taken));
    assert!(write.must_sync);
    assert!(c.view(3).installing());
    assert_eq!(c.view(3).commit(), taken.last.index);
    assert_eq!(c.commands(3), ["a"], "the state machine knows nothing");
    c.mail.clear();
    c.heartbeat(1);
    c.settle();
    assert!(c.view(1).peers()[1].matched < taken.last.index);
    assert_eq!(c.view(1).peers()[1].pace, Pace::Snapshot);
    c.complete_write(3);
    assert!(!c.view(3).installing());
    assert_eq!(replies(&c, 3), [taken.last.index]);
    let answered = |body: &Body| matches!(body, Body::SnapshotReply { .. });
    assert!(
        c.on_the_way(3, 1, answered),
        "the offer is answered once more"
    );
    assert_eq!(c.commands(3), ["a", "b", "c", "d"]);
    c.settle();
    assert_eq!(c.view(1).peers()[1].pace, Pace::Replicate);
}

#[test]
fn s3_a_crash_before_the_install_is_on_disk_leaves_the_old_log() {
    let (mut c, taken) = staged_at_3();
    c.restart(3);
    assert_eq!(c.view(3).last(), LogId::new(1, 3));
    assert_eq!(c.view(3).snapshot(), None);
    c.fast_disk = true;
    c.fast_streams = true;
    c.run(Span::millis(1_500));
    assert_eq!(c.node(3).installed, [taken], "it is sent again");
    assert_eq!(c.node(3).applied, c.node(1).applied);
}

#[test]
fn s3_a_crash_after_the_install_is_on_disk_keeps_it() {
    let (mut c, taken) = staged_at_3();
    c.complete_write(3);
    c.mail.clear();
    c.restart(3);
    assert_eq!(c.view(3).snapshot(), Some(&taken));
    assert_eq!(
        (c.view(3).last(), c.view(3).applied()),
        (taken.last, taken.last.index)
    );
    assert_eq!(c.commands(3), ["a", "b", "c", "d"]);
    c.fast_disk = true;
    c.run(Span::millis(1_500));
    assert_eq!(c.node(3).applied, c.node(1).applied);
    assert_eq!(c.count(1, |k| matches!(k, Kind::SnapshotSent { .. })), 1);
}

/// Writes of the old log that end late, and entries that follow the snapshot at once.
#[test]
fn s3_writes_before_and_after_an_install_keep_their_order() {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    c.beat(1);
    c.fast_disk = false;
    // S3 takes a new term to disk while the install comes.
    c.forge(2, 3, 2, Body::VoteReply { granted: false });
    c.end_stream(true);
    assert_eq!(c.node(3).writes.len(), 2);
    assert_eq!(c.node(3).writes[0].install, None);
    let entry = Entry {
        id: LogId::new(2, taken.last.index.0 + 1),
        body: EntryBody::Noop,
    };
    let append = Body::Append {
        lane: lane(2),
        round: Round(1),
        prev: taken.last,
        entries: [entry.clone()].into(),
        commit: Index(0),
        standing: Standing::default(),
    };
    c.forge(2, 3, 2, append);
    c.complete_write(3);
    assert!(
        c.view(3).installing(),
        "the first write says nothing about the install"
    );
    c.mail.clear();
    c.complete_write(3);
    assert_eq!(
        replies(&c, 3),
        [taken.last.index],
        "not yet the entry after it"
    );
    c.complete_write(3);
    assert_eq!(replies(&c, 3).last(), Some(&entry.id.index));
    assert_eq!(c.node(3).disk.entries, [entry]);
    assert_eq!(c.node(3).disk.hard_state.term, Term(2));
}

#[test]
fn s3_two_snapshots_close_together_are_put_in_place_one_after_the_other() {
    let (mut c, first) = staged_at_3();
    let mut second = first.clone();
    second.last.index = Index(first.last.index.0 + 1);
    let mut state = c.node(1).applied.clone();
    state.push(Entry {
        id: second.last,
        body: EntryBody::Noop,
    });
    second.hash = kit::hash(&state);
    c.stage(3, 1, &second, &state);
    assert_eq!(c.view(3).staged(), Some(&second), "it waits");
    assert_eq!(c.view(3).snapshot(), Some(&first));
    c.complete_write(3);
    assert_eq!(c.view(3).staged(), None);
    assert_eq!(c.view(3).snapshot(), Some(&second));
    assert_eq!(c.node(3).disk.snapshot, Some(first));
    assert_eq!(
        c.node(3).installed,
        [],
        "the first is not worth loading any more"
    );
    let mut crashed = c.node(3).disk.clone();
    crashed.condition = Condition::Clean;
    assert!(Raft::boot(kit::config(3), crashed, Time(0)).is_ok());
    c.complete_write(3);
    assert_eq!(c.node(3).installed, [second]);
    assert_eq!(c.node(3).applied, state);
}

#[test]
fn a_newer_staged_snapshot_takes_the_place_of_one_that_waits() {
    let (mut c, first) = behind();
    let state = c.node(1).applied.clone();
    c.partition(&[3], &[1, 2]);
    c.commit_all(1, &["e"]);
    let second = c.snapshot(1);
    let newer = c.node(1).applied.clone();
    // Of a leader whose term S3 has not heard of: both wait.
    c.stage(3, 7, &first, &state);
    c.stage(3, 7, &first, &state);
    assert_eq!(c.node(3).discarded, []);
    c.stage(3, 7, &second, &newer);
    assert_eq!(c.node(3).discarded, [first]);
    assert_eq!(c.view(3).staged(), Some(&second));
    c.forge(2, 3, 7, Body::VoteReply { granted: false });
    assert_eq!(c.node(3).installed, [second]);
    assert_eq!(c.node(3).applied, newer);
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

/// S9: a state machine at work is not overtaken by a snapshot.
#[test]
fn s9_an_install_waits_for_the_running_apply() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.fast_apply = false;
    c.fast_streams = false;
    for (ticket, text) in [(1, "b"), (2, "c")] {
        c.propose(1, ticket, text).expect("accepted");
    }
    c.settle();
    c.heartbeat(1);
    c.settle();
    assert!(c.view(3).applying() > c.view(3).applied(), "S3 is at work");
    c.partition(&[3], &[1, 2]);
    c.fast_apply = true;
    c.commit_all(1, &["d", "e"]);
    c.finish_apply(1);
    let taken = c.snapshot(1);
    let state = c.node(1).applied.clone();
    c.fast_apply = false;
    let (applying, log) = (c.view(3).applying(), c.view(3).last());
    c.stage(3, 1, &taken, &state);
    assert_eq!(
        (c.view(3).last(), c.view(3).installing()),
        (log, false),
        "it waits"
    );
    assert_eq!(c.node(3).raft.entries(applying, applying).count(), 1);
    // What is committed meanwhile is not handed out, or the wait might never end.
    let next = (1, log.index.0 + 1);
    c.forge(1, 3, 1, append(1, 99, (1, log.index.0), &[next], next.1));
    assert_eq!(c.view(3).commit().0, next.1);
    assert_eq!(c.view(3).applying(), applying);
    c.finish_apply(3);
    assert_eq!(c.node(3).installed, std::slice::from_ref(&taken));
    assert_eq!(c.view(3).applied(), applying, "loading takes time");
    c.finish_apply(3);
    assert_eq!(c.view(3).applied(), taken.last.index);
    assert_eq!(c.node(3).applied, state);
}

/// R22: every ticket ends once, and a read that waits past an install is served after it.
#[test]
fn r22_tickets_and_reads_survive_an_install() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    c.partition(&[1], &[2, 3]);
    let settled = c.node(1).settled.len();
    c.propose(1, 77, "lost?").expect("accepted");
    c.settle();
    c.now = Time(10_000_000);
    c.elect(2);
    c.commit_all(2, &["b", "c"]);
    c.snapshot(2);
    c.cut.clear();
    c.fast_streams = false;
    c.beat(2);
    assert_eq!(
        c.node(1).settled[settled..],
        [(Ticket(77), Outcome::Unknown)]
    );
    c.fast_disk = false;
    c.read(1, 5, ReadPath::Follower).expect("taken");
    c.deliver_if(|m| matches!(m.body, Body::ReadIndex { .. }));
    // The leader's round reaches the peer that waits for a snapshot as an offer.
    let offered = |m: &Message| matches!(m.body, Body::SnapshotOffer { .. });
    assert!(c.mail.iter().any(|m| m.to == NodeId(1) && offered(m)));
    c.cut.insert((3, 2));
    c.settle();
    assert_eq!(c.node(1).reads, [], "its read point is not applied here");
    c.end_stream(true);
    assert_eq!(c.node(1).reads, []);
    c.complete_write(1);
    assert_eq!(c.node(1).reads, [(Ticket(5), Ok(Index(6)))]);
    assert_eq!(c.commands(1), ["a", "b", "c"]);
    assert_eq!(c.node(1).settled.len(), settled + 1, "once");
}

#[test]
fn e8_an_offer_is_as_good_as_a_heartbeat_and_e19_a_second_leader_is_not() {
    let (mut c, taken) = behind();
    c.now = c.now + Span::millis(100);
    let offer = |term| Body::SnapshotOffer {
        lane: lane(term),
        round: Round(50),
        meta: taken.clone().into(),
    };
    c.forge(1, 3, 1, offer(1));
    assert_eq!(c.view(3).election().expect("it follows").set, c.now);
    assert_eq!(c.view(3).leader_heard(), Some(c.now));
    let mut wrong = taken.clone();
    wrong.last.term = Term(2);
    let body = Body::SnapshotOffer {
        lane: lane(1),
        round: Round(51),
        meta: wrong.into(),
    };
    c.forge(1, 3, 1, body);
    let malformed = |k: &Kind| {
        matches!(
            k,
            Kind::Ignored {
                reason: IgnoreReason::Malformed,
                ..
            }
        )
    };
    assert!(c.saw(3, malformed), "newer than its leader");
    c.forge(2, 3, 1, offer(1));
    assert_eq!(c.node(3).fenced, Some(Fence::TwoLeaders));
}

#[test]
fn e11_who_offers_in_an_older_term_is_told() {
    let (mut c, taken) = behind();
    c.forge(2, 3, 9, Body::VoteReply { granted: false });
    c.mail.clear();
    let offer = Body::SnapshotOffer {
        lane: lane(1),
        round: Round(50),
        meta: taken.into(),
    };
    c.forge(1, 3, 1, offer);
    assert_eq!(c.mail[0].term, Term(9));
    c.settle();
    assert_ne!(c.view(1).role(), Role::Leader);
}

/// E16: half of its log is on its way to the disk.
#[test]
fn e16_nobody_campaigns_while_it_installs_and_a_candidate_stops() {
    let (mut c, _) = staged_at_3();
    c.time_out(3);
    assert_eq!(c.view(3).role(), Role::Follower);
    c.complete_write(3);
    c.mail.clear();
    c.time_out(3);
    assert_eq!(c.view(3).role(), Role::PreCandidate);

    let (mut c, taken) = behind();
    let state = c.node(1).applied.clone();
    c.partition(&[3], &[1, 2]);
    c.now = Time(60_000_000);
    c.time_out(3);
    assert_eq!(c.view(3).role(), Role::PreCandidate);
    c.stage(3, 1, &taken, &state);
    assert_eq!(c.view(3).role(), Role::Follower);
    assert_eq!(c.node(3).installed, [taken]);
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
