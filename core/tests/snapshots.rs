//! Snapshots and compaction, by the trap ids of the design (S, and R5, R6, R22, E18 as far as
//! they touch snapshots). Paper 7, thesis 5.

mod kit;

use kit::{Cluster, Files, Input, no_tail, noop};
use raftwerk_core::trace::{Kind, Role};
use raftwerk_core::*;

fn config(id: u64) -> Config {
    let mut config = kit::config(id);
    no_tail(&mut config);
    config
}

/// A snapshot of a state machine in which three voters were named at position 1.
fn meta(term: u64, index: u64) -> SnapshotMeta {
    SnapshotMeta {
        last: LogId::new(term, index),
        membership: Membership {
            id: LogId::new(0, 1),
            members: Members::of_voters((1..=3).map(NodeId)),
        },
        bytes: 1,
        hash: 1,
    }
}

/// A disk with a snapshot and entries after (or around) its end.
fn disk(snapshot: SnapshotMeta, entries: Vec<Entry>) -> Durable {
    let term = entries
        .last()
        .map_or(snapshot.last.term, |last| last.id.term);
    Durable {
        hard_state: HardState { term, vote: None },
        snapshot: Some(snapshot),
        entries,
        condition: Condition::Clean,
    }
}

fn boot(disk: Durable) -> Result<Raft, BootError> {
    let mut raft = Raft::boot(config(1), disk, Time(0))?;
    while raft.poll().is_some() {}
    raft.check().expect("invariants hold");
    Ok(raft)
}

#[test]
fn s4_a_node_starts_from_its_snapshot_and_the_log_after_it() {
    let raft = boot(disk(meta(2, 10), vec![noop(2, 11), noop(3, 12)])).expect("fits");
    let view = raft.view();
    assert_eq!(
        (view.base(), view.last()),
        (LogId::new(2, 10), LogId::new(3, 12))
    );
    assert_eq!((view.commit(), view.applied()), (Index(10), Index(10)));
    assert_eq!(view.durable(), Index(12));
    assert_eq!(view.membership(), Some(&meta(2, 10).membership));
    assert_eq!(view.snapshot(), Some(&meta(2, 10)));
}

#[test]
fn s4_a_gap_or_a_contradiction_is_refused_and_nothing_starts() {
    let cases = [
        vec![noop(2, 12)],
        vec![noop(1, 11)],
        vec![noop(2, 9), noop(3, 10)],
        vec![noop(2, 10), noop(2, 12)],
    ];
    for entries in cases {
        let told = boot(disk(meta(2, 10), entries.clone()));
        assert!(matches!(told, Err(BootError::Log(_))), "{entries:?}");
    }
    let mut old = disk(meta(2, 10), vec![]);
    old.hard_state.term = Term(1);
    assert!(boot(old).is_err(), "the snapshot is newer than the term");
}

/// Entries that end before the snapshot does would leave a hole on disk: they go first.
#[test]
fn s4_entries_that_do_not_reach_the_snapshots_end_are_removed() {
    let mut config = config(1);
    config.switches.pre_vote = false;
    let disk = disk(meta(2, 10), vec![noop(1, 7), noop(2, 8)]);
    let mut raft = Raft::boot(config, disk.clone(), Time(0)).expect("fits");
    let mut disk = disk;
    while let Some(output) = raft.poll() {
        if let Output::Write(write) = output {
            assert_eq!(write.cut_from, Some(Index(7)));
            assert!(write.must_sync);
            kit::perform(&mut disk, &write);
        }
    }
    assert_eq!(disk.entries, []);
    assert_eq!(raft.view().last(), LogId::new(2, 10));
}

/// S5, R6: an empty log still knows the id before its first entry.
#[test]
fn s5_after_trimming_everything_the_previous_term_is_still_known() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a", "b", "c"]);
    for id in [1, 2, 3] {
        let taken = c.snapshot(id);
        assert_eq!(c.view(id).base(), taken.last);
        assert_eq!(c.view(id).tail(9), Vec::new());
        assert_eq!(c.view(id).last(), LogId::new(1, 5));
        assert_eq!(c.view(id).term_at(Index(4)), None, "gone is not zero (R6)");
        assert_eq!(c.view(id).term_at(Index(0)), None, "gone is not zero (R6)");
        assert_eq!(c.node(id).disk.entries, []);
    }
    c.commit_all(1, &["d"]);
    c.now = Time(10_000_000);
    c.elect(2);
    c.commit_all(2, &["e"]);
    for id in [1, 2, 3] {
        assert_eq!(c.commands(id), ["a", "b", "c", "d", "e"]);
    }
}

#[test]
fn trimming_is_one_write_that_needs_no_sync() {
    let mut c = Cluster::with(1, |config| config.limits.retained_entries = 2);
    c.elect(1);
    c.commit_all(1, &["a", "b", "c"]);
    c.fast_disk = false;
    c.snapshot(1);
    let write = c.node(1).writes.last().expect("a write").clone();
    assert_eq!((write.trim_to, write.must_sync), (Some(Index(3)), false));
    let nothing = (
        write.hard_state,
        write.cut_from,
        write.append.len(),
        write.install,
    );
    assert_eq!(nothing, (None, None, 0, None));
    c.complete_write(1);
    assert_eq!(c.view(1).first(), Index(4));
    assert!(c.saw(1, |k| matches!(k, Kind::Trimmed { removed: 3, .. })));
    c.propose(1, 9, "d").expect("accepted");
    assert!(c.node(1).writes.last().expect("a write").must_sync);
    assert_eq!(c.node(1).writes.last().expect("a write").trim_to, None);
}

/// A tail is kept over a restart too: what comes before the snapshot's end stays usable.
#[test]
fn s4_a_kept_tail_outlives_a_restart() {
    let mut c = Cluster::with(3, |config| config.limits.retained_entries = 3);
    c.elect(1);
    c.commit_all(1, &["a", "b", "c", "d"]);
    let taken = c.snapshot(1);
    assert_eq!(c.view(1).first(), Index(4));
    let applied = c.node(1).applied.clone();
    c.restart(1);
    assert_eq!(
        c.node(1).applied,
        applied,
        "the state machine comes from the snapshot"
    );
    assert_eq!(c.view(1).snapshot(), Some(&taken));
    // The first entry on disk serves as the place where the log starts.
    assert_eq!(c.view(1).base(), LogId::new(1, 4));
    assert_eq!(c.view(1).last(), taken.last);
    c.run(Span::millis(1_000));
    assert_eq!(c.leaders().len(), 1);
}

#[test]
fn an_older_snapshot_changes_nothing() {
    let mut c = Cluster::with(1, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    let meta = |c: &Cluster, at| c.node(1).raft.snapshot_meta(Index(at));
    let old = meta(&c, 2).expect("it is here");
    c.snapshot(1);
    c.feed(1, [Input::Snapshotted(old)]);
    assert_eq!(c.view(1).base(), LogId::new(1, 3));
    assert!(c.saw(1, |k| matches!(k, Kind::SnapshotIgnored { .. })));
    assert_eq!(meta(&c, 2), None, "that entry is gone");
    assert_eq!(meta(&c, 4), None, "nothing was applied there");
}

/// A follower that has dropped more than its leader knows: what is gone was committed.
#[test]
fn s2_appends_from_before_the_log_are_taken_from_where_it_starts() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    let before = c.view(1).last();
    c.mail.clear();
    c.propose(1, 1, "a").expect("accepted");
    let old = c
        .mail
        .iter()
        .find(|m| m.to == NodeId(2))
        .expect("an append")
        .clone();
    c.settle();
    c.commit_all(1, &["b"]);
    let taken = c.snapshot(2);
    assert!(taken.last.index > before.index);
    c.feed(2, [Input::Receive(old)]);
    assert_eq!(c.view(2).last(), LogId::new(1, 4));
    assert_eq!(c.view(2).fenced(), None);
    let entries = |terms: [u64; 4]| {
        let at = |(i, term): (usize, u64)| noop(term, i as u64 + 2);
        terms.into_iter().enumerate().map(at).collect::<Vec<_>>()
    };
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    };
    let append = |entries| Body::Append {
        lane,
        round: Round(9),
        prev: LogId::new(0, 1),
        entries,
        commit: Index(5),
        standing: Standing::default(),
    };
    c.forge(1, 2, 1, append(entries([1, 1, 1, 1]).into()));
    assert_eq!(
        c.view(2).last(),
        LogId::new(1, 5),
        "only what is new is taken"
    );
}

/// A leader that knows nothing of a follower learns with the first beat where its log starts:
/// what was dropped there was committed, so every leader has it.
#[test]
fn s2_a_follower_agrees_at_least_up_to_where_its_log_starts() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    let base = c.snapshot(3).last.index;
    c.mail.clear();
    c.forge(2, 3, 2, kit::heartbeat(2, 1, (0, 0), 0));
    let told = |body: &Body| {
        matches!(body, Body::AppendReply { result, .. }
        if *result == kit::accepted(base.0))
    };
    assert!(c.on_the_way(3, 2, told));
}

/// A leader that has dropped the entry at a peer's match still beats to it without a conflict.
#[test]
fn r5_a_heartbeat_needs_no_entry_that_is_gone() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    // S3 takes entries in but its disk hangs: its match stays behind what the leader drops.
    c.fast_disk = false;
    c.propose(1, 1, "a").expect("accepted");
    c.complete_write(1);
    c.deliver_if(|m| m.to != NodeId(3));
    c.complete_write(2);
    c.settle();
    c.mail.clear();
    c.snapshot(1);
    c.complete_write(1);
    let peer = |c: &Cluster| c.view(1).peers()[1];
    assert!(peer(&c).matched < c.view(1).base().index);
    c.heartbeat(1);
    let commit_in_beats = |c: &Cluster| {
        let told = c.mail.iter().filter(|m| m.to == NodeId(3));
        let commit = |m: &Message| match m.body {
            Body::Append { commit, .. } => Some(commit),
            _ => None,
        };
        told.filter_map(commit).max()
    };
    assert!(
        commit_in_beats(&c).expect("a beat") <= peer(&c).matched,
        "R5"
    );
    c.settle();
    assert!(peer(&c).heard.is_some());
    assert!(!c.saw(
        3,
        |k| matches!(k, Kind::RefusedAppend { prev, .. } if prev.index == Index(0))
    ));
    assert_eq!(c.view(3).role(), Role::Follower);
}

/// One voter whose log ends `below` the last position there can be.
fn near_the_end(below: u64) -> Cluster {
    let mut c = Cluster::new(1);
    let mut snapshot = meta(2, Index::LAST.0 - below);
    snapshot.membership.members = Members::of_voters([NodeId(1)]);
    let files = Files::from([(snapshot.last, (snapshot.clone(), Vec::new()))]);
    c.boot(config(1), disk(snapshot, vec![]), files);
    c
}

#[test]
fn e18_no_entry_after_the_last_position() {
    let mut c = near_the_end(2);
    c.elect(1);
    assert_eq!(c.view(1).last().index, Index(Index::LAST.0 - 1));
    c.propose(1, 1, "the last").expect("there is room for one");
    assert_eq!(c.view(1).commit(), Index::LAST);
    assert_eq!(c.propose(1, 2, "too many"), Err(Refusal::Fenced));
    assert_eq!(c.node(1).fenced, Some(Fence::Overflow));
}

#[test]
fn e18_no_term_is_opened_without_room_for_its_first_entry() {
    let mut c = near_the_end(0);
    c.time_out(1);
    c.settle();
    assert_eq!(c.node(1).fenced, Some(Fence::Overflow));
    assert_ne!(c.view(1).role(), Role::Leader);
}

/// S6: the members at its end, not the newest of the log.
#[test]
fn s6_a_snapshot_names_the_members_at_its_end() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.commit_all(1, &["a"]);
    let before = c.view(1).membership().cloned();
    c.partition(&[1], &[2, 3]);
    let two = Members::of_voters([1, 2].map(NodeId));
    c.reconfigure(1, 9, &two).expect("taken");
    let newest = c.view(1).membership().cloned();
    assert!(newest != before && c.view(1).commit() < c.view(1).last().index);
    let meta = c.node(1).raft.snapshot_meta(c.view(1).applied());
    assert_eq!(meta.map(|meta| meta.membership), before);
}
