//! A log whose beginning goes when snapshots cover it, and all of it when one is installed.

use super::*;
use raftwerk_core::SnapshotMeta;

/// The same, and up to here a snapshot covers what was written.
fn trimmed(mut write: Write, to: u64) -> Write {
    write.trim_to = Some(Index(to));
    write
}

/// A snapshot takes the place of all entries.
fn install(term: u64, index: u64, append: Vec<Entry>) -> Write {
    let meta = SnapshotMeta {
        last: LogId::new(term, index),
        ..SnapshotMeta::default()
    };
    Write {
        install: Some(meta.into()),
        ..write(Some(term), None, append)
    }
}

/// Writes of a node that takes snapshots, and twice is sent one; tails are cut now and then.
fn writes() -> Vec<Write> {
    let mut all = vec![write(Some(1), None, Vec::new())];
    let (mut last, mut term, mut covered) = (0, 1, 0);
    for step in 1..60u64 {
        if step % 23 == 0 {
            (last, term, covered) = (last + 40, term + 1, last + 40);
            all.push(install(term, last, vec![entry(term, last + 1, "behind")]));
            last += 1;
            continue;
        }
        let cut = (step % 7 == 5 && last > covered + 2).then(|| last - 1);
        if cut.is_some() {
            (last, term) = (last - 2, term + 1);
        }
        let append: Vec<Entry> = (1..=step % 4)
            .map(|n| entry(term, last + n, &format!("value {step}.{n}")))
            .collect();
        last += append.len() as u64;
        let mut next = write(cut.map(|_| term), cut, append);
        if step % 5 == 0 && last > covered + 6 {
            covered = last - 4;
            next = trimmed(next, covered - 1);
        }
        all.push(next);
    }
    all.push(trimmed(write(None, None, Vec::new()), covered));
    all
}

/// Up to where the first so many writes let the log begin.
fn covered(writes: &[Write]) -> Index {
    let installed = |write: &Write| write.install.as_ref().map(|meta| meta.last.index);
    let all = writes.iter().flat_map(|w| [w.trim_to, installed(w)]);
    all.flatten().max().unwrap_or_default()
}

/// Whether a log is one that was written, without a beginning that snapshots cover.
fn is_suffix(found: &State, whole: &State, covered: Index) -> bool {
    let behind = |entry: &&Entry| entry.id.index > found.base;
    let expected = whole.entries.iter().filter(behind);
    let same = found.entries.iter().eq(expected);
    let ends = (found.hard_state, found.end()) == (whole.hard_state, whole.end());
    same && ends && found.base >= whole.base && found.base <= covered.max(whole.base)
}

#[test]
fn what_snapshots_cover_goes_and_everything_else_comes_back() {
    let all = writes();
    let whole = states(&all);
    for batch in [1, 3] {
        let files = MemFiles::default();
        let (mut wal, _) = open(&files, SMALL).expect("a new log");
        let mut most = 0;
        for (number, some) in all.chunks(batch).enumerate() {
            wal.append(some).expect("no fault");
            drop(wal);
            let written = (batch * (number + 1)).min(all.len());
            let (again, found) = open(&files, SMALL).expect("a good log");
            assert_eq!(found.verdict, Verdict::Clean);
            let covered = covered(&all[..written]);
            assert!(
                is_suffix(&found.state, &whole[written], covered),
                "after {written}: {found:?}"
            );
            most = most.max(files.names().expect("no fault").len());
            wal = again;
        }
        let left = files.names().expect("no fault");
        assert!(most <= 8 && left.len() <= 5, "{most}, {left:?}");
        assert!(!left.contains(&"log-0000000000000001.rwl".to_string()));
    }
}

/// Trap S3: an install is there in whole or not at all, whatever call fails and whatever is lost;
/// and no file goes before what makes it useless is on disk.
#[test]
fn s3_any_call_fails_and_the_log_is_the_old_one_or_the_new_one() {
    let all = writes();
    let whole = states(&all);
    let quiet = MemFiles::default();
    assert_eq!(run(&quiet, SMALL, &all, 3), all.len());
    for call in 0..quiet.calls() {
        for how in [
            Crash::Process,
            Crash::Lose,
            Crash::Tear(call),
            Crash::Tear(call + 1_000),
        ] {
            let files = MemFiles::default();
            files.fail_after(call);
            let done = run(&files, SMALL, &all, 3);
            let after = files.crash(how);
            let (mut wal, found) =
                open(&after, SMALL).unwrap_or_else(|error| panic!("call {call}, {how:?}: {error}"));
            let tried = (done + 3).min(all.len());
            let covered = covered(&all[..tried]);
            let fits = |whole: &State| is_suffix(&found.state, whole, covered);
            let kept = (done..=tried).find(|at| fits(&whole[*at]));
            let Some(kept) = kept else {
                panic!("call {call}, {how:?}, {done}: {found:?}");
            };
            // And it can go on from there.
            if let Some(next) = all.get(kept) {
                wal.append(std::slice::from_ref(next)).expect("no fault");
                let (_, found) = open(&after, SMALL).expect("a good log");
                assert_eq!(found.state.end(), whole[kept + 1].end());
            }
        }
    }
}

/// The first record of the first file that is left rots: the files before it are gone, so it was
/// promised. Everything is lost, and term and vote are known from what is behind.
#[test]
fn d3_rot_where_a_trimmed_log_begins_is_never_taken_for_a_new_log() {
    let all = writes();
    let last = states(&all).pop().expect("not empty");
    for (place, forget_mark) in [(0, false), (0, true), (44, false), (44, true)] {
        let files = MemFiles::default();
        assert_eq!(run(&files, SMALL, &all, 2), all.len());
        let names = files.names().expect("no fault").into_iter();
        let first = names.filter(|name| name.starts_with("log-")).min();
        let first = first.expect("a file");
        let mut bad = files.bytes(&first);
        bad[place] ^= 1;
        files.set_bytes(&first, bad);
        if forget_mark {
            files.set_bytes(MARK, Vec::new());
        }
        let Ok((mut wal, found)) = open(&files, SMALL) else {
            // Without the mark nobody knows which of the records behind are records.
            assert!(forget_mark);
            continue;
        };
        let Verdict::Suspect(suspicion) = found.verdict else {
            panic!("{place}: {found:?}");
        };
        assert_eq!(suspicion.from, Index(1));
        assert_eq!(suspicion.to, Some(last.end()));
        assert_eq!(found.state.hard_state, last.hard_state);
        assert_eq!((found.state.base, found.state.entries.len()), (Index(0), 0));
        let term = last.hard_state.term.0;
        wal.append(&[install(term, 400, vec![entry(term, 401, "again")])])
            .expect("no fault");
        drop(wal);
        let (_, again) = open(&files, SMALL).expect("a good log");
        assert_eq!(again.verdict, found.verdict);
        assert_eq!(again.state.end(), Index(401));
        assert_eq!(again.state.installed, Some(LogId::new(term, 400)));
    }
}

/// A log whose snapshot is lost is emptied, and that is noted first: a crash anywhere leaves a node
/// that knows what it cannot know.
#[test]
fn d3_a_log_that_lost_its_snapshot_is_emptied_and_suspect() {
    let all = writes();
    let last = states(&all).pop().expect("not empty");
    let lose = |files: &MemFiles| -> Result<(), WalError> {
        let (mut wal, found) = open(files, SMALL)?;
        let noted = match found.verdict {
            Verdict::Suspect(noted) => Some(noted),
            _ => None,
        };
        wal.lose_all(noted).map(drop)
    };
    let start = MemFiles::default();
    assert_eq!(run(&start, SMALL, &all, 2), all.len());
    let quiet = start.crash(Crash::Process);
    lose(&quiet).expect("no fault");
    for call in 0..quiet.calls() {
        for how in [Crash::Process, Crash::Lose, Crash::Tear(call)] {
            let files = start.crash(Crash::Process);
            files.fail_after(call);
            let failed = lose(&files).is_err();
            let after = files.crash(how);
            if failed {
                lose(&after).unwrap_or_else(|error| panic!("call {call}, {how:?}: {error}"));
            }
            let (_, found) = open(&after, SMALL).expect("a good log");
            let Verdict::Suspect(suspicion) = found.verdict else {
                panic!("call {call}, {how:?}: {found:?}");
            };
            assert_eq!(found.state.hard_state, last.hard_state);
            assert_eq!((found.state.end(), suspicion.from), (Index(0), Index(1)));
            let to = suspicion.to;
            assert!(to.is_none() || to == Some(last.end()), "{suspicion:?}");
        }
    }
}

/// A log of the version before is read, and goes on in files of today's.
#[test]
fn a_log_of_format_1_goes_on_in_format_2() {
    use raftwerk_wire::record::{self, Kind};
    let (all, files) = (script(20), MemFiles::default());
    let mut bytes = Vec::new();
    let opening = Opening {
        format: 1,
        ..OPENING
    };
    record::push(&mut bytes, Kind::Open, 1, 0, &opening);
    for (number, write) in (2..).zip(&all[..10]) {
        let body = (write.hard_state, write.cut_from, write.append.to_vec());
        record::push(&mut bytes, Kind::Data, number, number - 1, &body);
    }
    let first = "log-0000000000000001.rwl";
    files.create(first).expect("no fault");
    files.set_bytes(first, bytes.clone());
    let (mut wal, found) = open(&files, SMALL).expect("it can be read");
    let whole = states(&all);
    assert_eq!((&found.state, found.verdict), (&whole[10], Verdict::Clean));
    wal.append(&all[10..]).expect("no fault");
    drop(wal);
    assert_eq!(files.bytes(first), bytes, "nothing is added to it");
    let (mut wal, found) = open(&files, SMALL).expect("a good log");
    assert_eq!(Some(&found.state), whole.last());
    let end = found.state.end();
    wal.append(&[trimmed(write(None, None, Vec::new()), end.0)])
        .expect("no fault");
    assert!(
        !files
            .names()
            .expect("no fault")
            .contains(&first.to_string())
    );
    // Without its first file a log of version 1 is no log.
    let lost = MemFiles::default();
    let second = "log-0000000000000007.rwl";
    lost.create(second).expect("no fault");
    let mut bytes = Vec::new();
    record::push(&mut bytes, Kind::Open, 7, 6, &opening);
    let term = (all[0].hard_state, None::<Index>, Vec::<Entry>::new());
    record::push(&mut bytes, Kind::Data, 8, 7, &term);
    lost.set_bytes(second, bytes);
    let (_, found) = open(&lost, SMALL).expect("it starts, suspect");
    assert!(matches!(found.verdict, Verdict::Suspect(_)));
}
