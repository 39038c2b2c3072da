//! Snapshots over a file system that fails, forgets and tears; chunks that are lost, come twice or
//! are damaged.

use super::boot::{Found, find};
use super::folder::{snap, staged};
use super::*;
use crate::limits::RESERVE_BYTES;
use crate::wal::State;
use crate::wal::faulty::{Crash, MemFiles};
use raftwerk_core::{ClusterId, Index, Members, Membership, NodeId, Term};
use raftwerk_kv::{Command, Request};
use std::sync::mpsc::Receiver as Reports;
use std::time::Duration;

const CLUSTER: ClusterId = ClusterId(5);

fn folder(files: &MemFiles) -> Folder<MemFiles> {
    Folder::new(files.clone(), CLUSTER)
}

fn store(upto: u64) -> Store {
    let mut store = Store::new();
    for index in 1..=upto {
        let put = Command::put(format!("key {index}"), format!("value {index}"));
        store.apply(index, 0, &Request::from(put).encode());
    }
    store
}

/// A snapshot with its state.
fn made(term: u64, index: u64) -> (SnapshotMeta, Vec<u8>) {
    let mut meta = SnapshotMeta {
        last: LogId::new(term, index),
        membership: Membership {
            id: LogId::new(0, 1),
            members: Members::of_voters((1..=3).map(NodeId)),
        },
        ..SnapshotMeta::default()
    };
    let state = store(index).encode();
    sign(&mut meta, &state);
    (meta, state)
}

fn write(files: &MemFiles, term: u64, index: u64) -> std::io::Result<()> {
    let (meta, state) = made(term, index);
    folder(files).write(&meta, &state)
}

/// A log that begins after an index.
fn log(base: u64, installed: Option<LogId>) -> State {
    State {
        base: Index(base),
        installed,
        ..State::default()
    }
}

/// Last index of the snapshot that a node starts from; 0: none is needed, `None`: it is lost.
fn started(files: &MemFiles, log: &State) -> (Option<u64>, usize) {
    let (found, damaged) = find(&folder(files), log).expect("no fault");
    let found = match found {
        Found::Nothing => Some(0),
        Found::Snapshot(meta, found) => {
            assert_eq!(
                *found,
                store(meta.last.index.0),
                "state and meta belong together"
            );
            assert_eq!(meta.membership.members.voters.len(), 3);
            Some(meta.last.index.0)
        }
        Found::Lost => None,
        Found::Foreign(why) => panic!("{why}"),
    };
    (found, damaged.len())
}

#[test]
fn s4_the_newest_snapshot_counts_that_can_be_read_and_that_the_log_reaches() {
    let files = MemFiles::default();
    assert_eq!(started(&files, &log(0, None)), (Some(0), 0));
    assert_eq!(started(&files, &log(1, None)), (None, 0), "it was removed");
    for index in [9, 20, 100] {
        write(&files, 1, index).expect("no fault");
    }
    let all = files.crash(Crash::Lose);
    assert_eq!(started(&all, &log(15, None)), (Some(100), 0));
    assert_eq!(all.names().expect("no fault"), ["100-1.snap"]);
    let rot = |name: &str| {
        let mut bad = files.bytes(name);
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        files.set_bytes(name, bad);
    };
    rot("100-1.snap");
    for (base, expected) in [(20, Some(20)), (21, None), (0, Some(20))] {
        let copy = files.crash(Crash::Lose);
        assert_eq!(started(&copy, &log(base, None)), (expected, 1), "{base}");
    }
    rot("20-1.snap");
    rot("9-1.snap");
    assert_eq!(
        started(&files, &log(0, None)),
        (Some(0), 3),
        "the log has it all"
    );
    let names = files.names().expect("no fault");
    assert_eq!(names.len(), 3, "what is damaged is left to who asked");
}

/// What another version or another cluster wrote is whole: it is neither used nor set aside, the
/// node is told what to do, and every file stays as it is.
#[test]
fn a_snapshot_of_another_version_or_cluster_is_not_taken_for_damaged() {
    let (meta, state) = made(1, 100);
    let theirs = MemFiles::default();
    let other = Folder::new(theirs.clone(), ClusterId(6));
    other.write(&meta, &state).expect("no fault");
    let of_cluster = theirs.bytes(&snap(meta.last));
    write(&theirs, 1, 100).expect("no fault");
    let mut of_format = theirs.bytes(&snap(meta.last));
    let length = u32::from_le_bytes([of_format[8], of_format[9], of_format[10], of_format[11]]);
    of_format[16] += 1;
    let sum = raftwerk_wire::record::checksum(&of_format[16..16 + length as usize]);
    of_format[12..16].copy_from_slice(&sum.to_le_bytes());
    // The state begins with its version.
    let (mut newer, mut state) = (meta.clone(), state);
    state[0] += 1;
    sign(&mut newer, &state);
    folder(&theirs).write(&newer, &state).expect("no fault");
    let of_store = theirs.bytes(&snap(meta.last));

    for (bytes, says) in [
        (of_cluster, "another cluster"),
        (of_format, "start the version that wrote it"),
        (of_store, "start the version that wrote it"),
    ] {
        for (name, installed) in [
            (snap(meta.last), None),
            (staged(meta.last), Some(meta.last)),
        ] {
            let files = MemFiles::default();
            write(&files, 1, 20).expect("no fault");
            write(&files, 1, 30).expect("no fault");
            for name in [&name, "40-1.snap.new"] {
                files.create(name).expect("no fault");
                files.set_bytes(name, bytes.clone());
            }
            let before = files.names().expect("no fault");
            for base in [0, 25, 90] {
                let found = find(&folder(&files), &log(base, installed)).expect("no fault");
                let (Found::Foreign(why), []) = (&found.0, &found.1[..]) else {
                    panic!("{found:?}");
                };
                assert!(why.contains(says) && why.contains(&name), "{why}");
                assert_eq!(files.names().expect("no fault"), before);
                assert_eq!(files.bytes(&name), bytes);
            }
        }
    }
}

/// Trap S3: a received snapshot is in force when the log says so, and not before.
#[test]
fn s3_a_staged_snapshot_counts_only_when_the_log_says_so() {
    let files = MemFiles::default();
    write(&files, 1, 9).expect("no fault");
    let (meta, state) = made(2, 50);
    let (mut file, start) = folder(&files).begin(&meta).expect("no fault");
    crate::wal::LogFile::write_at(&mut file, start, &state).expect("no fault");
    crate::wal::LogFile::sync(&mut file).expect("no fault");
    folder(&files).stage(meta.last).expect("no fault");
    for (log, expected) in [
        (log(3, None), Some(9)),
        (log(3, Some(LogId::new(1, 50))), Some(9)),
        (log(50, Some(meta.last)), Some(50)),
    ] {
        for how in [Crash::Process, Crash::Lose] {
            let copy = files.crash(how);
            assert_eq!(started(&copy, &log).0, expected, "{log:?}");
            assert!(!copy.names().expect("no fault").contains(&staged(meta.last)));
            assert_eq!(started(&copy, &log).0, expected, "and again");
        }
    }
}

#[test]
fn a_received_snapshot_that_is_gone_is_not_said_to_be_in_force() {
    let files = MemFiles::default();
    let (meta, state) = made(2, 50);
    let gone = folder(&files).install(meta.last).expect_err("it is gone");
    assert!(gone.to_string().contains("2:50"), "{gone}");
    folder(&files).write(&meta, &state).expect("no fault");
    folder(&files).install(meta.last).expect("it is in force");
}

/// Whatever call fails and whatever a crash leaves: the old one or the new one, in whole.
#[test]
fn a_snapshot_is_taken_in_whole_or_not_at_all() {
    let quiet = MemFiles::default();
    write(&quiet, 1, 9).expect("no fault");
    let before = quiet.calls();
    write(&quiet, 1, 30).expect("no fault");
    for call in 0..quiet.calls() - before {
        for how in [
            Crash::Process,
            Crash::Lose,
            Crash::Tear(call),
            Crash::Tear(!call),
        ] {
            let files = MemFiles::default();
            write(&files, 1, 9).expect("no fault");
            files.fail_after(call);
            assert!(write(&files, 1, 30).is_err());
            let files = files.crash(how);
            let (found, damaged) = started(&files, &log(5, None));
            assert!(
                matches!(found, Some(9 | 30)),
                "call {call}, {how:?}: {found:?}"
            );
            assert_eq!(damaged, 0, "call {call}, {how:?}");
        }
    }
    let files = quiet.crash(Crash::Lose);
    assert_eq!(started(&files, &log(5, None)), (Some(30), 0));
}

// ------------------------------------------------------------------ the thread

struct Ears(Sender<Report>, Sender<Got>);

impl Hears for Ears {
    fn report(&self, report: Report) {
        let _ = self.0.send(report);
    }

    fn answer(&self, to: u64, got: Got) {
        assert_eq!(to, 2);
        let _ = self.1.send(got);
    }
}

struct Rig {
    files: MemFiles,
    snapshots: Snapshots,
    reports: Reports<Report>,
    answers: Reports<Got>,
}

fn rig() -> Rig {
    let files = MemFiles::default();
    let ((report, reports), (answer, answers)) = (channel(), channel());
    let ears = Ears(report, answer);
    let snapshots = Snapshots::start(folder(&files), (PathBuf::new(), RESERVE_BYTES), ears);
    Rig {
        files,
        snapshots,
        reports,
        answers,
    }
}

fn lane(term: u64) -> Lane {
    Lane {
        term: Term(term),
        ..Lane::default()
    }
}

impl Rig {
    fn send(&self, term: u64, meta: &SnapshotMeta, offset: usize, bytes: &[u8]) {
        self.snapshots.chunks().chunk(
            2,
            Chunk {
                group: 0,
                lane: lane(term),
                meta: meta.clone(),
                offset: offset as u64,
                bytes: bytes.to_vec(),
            },
        );
    }

    /// Sends a chunk and says how much is there then, and whether all of it is kept.
    fn ask(&self, term: u64, meta: &SnapshotMeta, offset: usize, bytes: &[u8]) -> (u64, bool) {
        self.send(term, meta, offset, bytes);
        let got = self.answers.recv_timeout(Duration::from_secs(20));
        let got = got.expect("an answer");
        assert_eq!((got.lane, got.last), (lane(term), meta.last));
        (got.upto, got.staged)
    }

    fn report(&self) -> Report {
        let report = self.reports.recv_timeout(Duration::from_secs(20));
        report.expect("a report")
    }
}

/// Trap S7: chunks that are lost, come twice or out of order, and streams that begin again.
#[test]
fn s7_a_stream_goes_on_where_the_last_one_stopped() {
    let rig = rig();
    let (meta, state) = made(2, 40);
    let total = state.len() as u64;
    assert_eq!(rig.ask(2, &meta, 0, &[]), (0, false), "how much is there?");
    assert_eq!(rig.ask(2, &meta, 100, &state[100..200]), (0, false));
    assert_eq!(rig.ask(2, &meta, 0, &state[..300]), (300, false));
    assert_eq!(rig.ask(2, &meta, 0, &state[..300]), (300, false), "twice");
    assert_eq!(rig.ask(2, &meta, 200, &state[200..500]), (300, false));
    let too_much = [&state[300..], &[0]].concat();
    assert_eq!(rig.ask(2, &meta, 300, &too_much), (300, false));
    // Another leader has the same one; the old leader is not listened to any more.
    assert_eq!(rig.ask(3, &meta, 0, &[]), (300, false));
    rig.send(2, &meta, 300, &state[300..]);
    assert_eq!(rig.ask(3, &meta, 300, &state[300..]), (total, true));
    let Report::Staged {
        lane: of,
        meta: told,
        store: Some(found),
    } = rig.report()
    else {
        panic!("it is all there");
    };
    assert_eq!((of, &*told, *found), (lane(3), &meta, store(40)));
    // Who asks again is told again, and so is the core.
    assert_eq!(rig.ask(3, &meta, 0, &[]), (total, true));
    assert!(matches!(rig.report(), Report::Staged { store: None, .. }));
    rig.snapshots.committed(40);
    assert_eq!(
        rig.ask(4, &meta, 0, &[]),
        (total, true),
        "of no use any more"
    );
    assert!(rig.reports.try_recv().is_err());
    assert_eq!(rig.files.names().expect("no fault"), [staged(meta.last)]);
}

/// What does not arrive as it was sent, or holds no state, is thrown away as a whole.
#[test]
fn s7_what_is_not_what_it_says_is_never_staged() {
    let rig = rig();
    let (meta, state) = made(2, 40);
    let mut wrong = state.clone();
    wrong[90] ^= 4;
    assert_eq!(rig.ask(2, &meta, 0, &wrong), (0, false));
    assert!(matches!(rig.report(), Report::Note(why) if why.contains("as it was sent")));
    // A right hash over something that is no state.
    let mut other = meta.clone();
    sign(&mut other, b"no state at all");
    assert_eq!(rig.ask(2, &other, 0, b"no state at all"), (0, false));
    assert!(matches!(rig.report(), Report::Note(_)));
    // A state that goes further than the snapshot says it does.
    let mut short = meta.clone();
    short.last.index = Index(39);
    assert_eq!(rig.ask(2, &short, 0, &state), (0, false));
    assert!(matches!(rig.report(), Report::Note(why) if why.contains("further")));
    let huge = SnapshotMeta {
        bytes: SNAPSHOT_BYTES + 1,
        ..meta.clone()
    };
    rig.send(2, &huge, 0, &state);
    assert_eq!(rig.ask(2, &meta, 0, &state), (meta.bytes, true));
    assert_eq!(rig.files.names().expect("no fault"), [staged(meta.last)]);
}

#[test]
fn a_disk_that_fails_costs_a_snapshot_and_nothing_else() {
    let rig = rig();
    let (meta, state) = made(2, 40);
    // Create, head, state, sync, rename, folder.
    for call in 0..7 {
        rig.files.fail_after(call);
        rig.snapshots.take(meta.clone(), store(40));
        match rig.report() {
            Report::NotTaken(_) => assert!(call < 6, "{call}"),
            Report::Taken(taken) => {
                assert_eq!((call, &*taken), (6, &meta));
            }
            other => panic!("{other:?}"),
        }
    }
    rig.snapshots.in_force(LogId::new(2, 41));
    for call in 0..5 {
        rig.ask(2, &meta, 0, &[]);
        rig.files.fail_after(call);
        let (_, whole) = rig.ask(2, &meta, 0, &state);
        if whole {
            assert_eq!(call, 4, "create was before; write, sync, rename, folder");
            return;
        }
        assert!(matches!(rig.report(), Report::Note(_)), "{call}");
    }
    panic!("it never worked");
}

#[test]
fn older_ones_go_when_a_newer_one_is_in_force() {
    let rig = rig();
    for index in [9, 20, 30] {
        write(&rig.files, 1, index).expect("no fault");
    }
    rig.snapshots.in_force(LogId::new(1, 20));
    rig.snapshots.take(made(1, 40).0, store(40));
    assert!(matches!(rig.report(), Report::Taken(_)));
    let names = rig.files.names().expect("no fault");
    let left = [20, 30, 40].map(|index| snap(LogId::new(1, index)));
    assert_eq!(names, left);
}
