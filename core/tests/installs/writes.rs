//! An install is one write: what waits for it, and what a crash leaves (S3).

use super::*;

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
