//! The log under every end we can think of: process death, lost and torn writes, damage, a call
//! that fails, and a real process killed for real.

use super::faulty::{Crash, MemFiles};
use super::{Files, MARK, Recovered, Sizes, State, Verdict, Wal, WalError};
use proptest::prelude::*;
use raftwerk_core::{
    ClusterId, Entry, EntryBody, HardState, Index, LogId, NodeId, Term, Write, WriteSeq,
};
use raftwerk_wire::record::{FORMAT, Opening};

const OPENING: Opening = Opening {
    format: FORMAT,
    cluster: ClusterId(77),
    node: NodeId(1),
};
const SMALL: Sizes = Sizes {
    segment: 600,
    growth: 256,
};
const ONE_FILE: Sizes = Sizes {
    segment: u64::MAX,
    growth: 0,
};

fn entry(term: u64, index: u64, text: &str) -> Entry {
    Entry {
        id: LogId::new(term, index),
        body: EntryBody::Command(text.as_bytes().into()),
    }
}

fn write(term: Option<u64>, cut: Option<u64>, append: Vec<Entry>) -> Write {
    Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: term.map(|t| HardState {
            term: Term(t),
            vote: Some(NodeId(t % 3 + 1)),
        }),
        cut_from: cut.map(Index),
        append: append.into(),
        trim_to: None,
        must_sync: true,
    }
}

/// Writes as a node would make them: terms grow, tails are cut now and then.
fn script(count: u64) -> Vec<Write> {
    let (mut last, mut term) = (0, 1);
    let mut writes = vec![write(Some(1), None, Vec::new())];
    for step in 1..count {
        let cut = (step % 7 == 5 && last > 2).then(|| last - 1);
        if cut.is_some() {
            (last, term) = (last - 2, term + 1);
        }
        let append: Vec<Entry> = (1..=step % 4)
            .map(|n| entry(term, last + n, &format!("value {step}.{n}")))
            .collect();
        last += append.len() as u64;
        writes.push(write(cut.map(|_| term), cut, append));
    }
    writes
}

/// The state after each prefix of the writes.
fn states(writes: &[Write]) -> Vec<State> {
    let mut state = State::default();
    let mut all = vec![state.clone()];
    for write in writes {
        let change = raftwerk_wire::record::Change {
            hard_state: write.hard_state,
            after: write.install.as_ref().map(|meta| meta.last),
            cut_from: write.cut_from,
            append: write.append.to_vec(),
        };
        assert!(state.replay(change), "the script is a possible one");
        all.push(state.clone());
    }
    all
}

fn open(files: &MemFiles, sizes: Sizes) -> Result<(Wal<MemFiles>, Recovered), WalError> {
    Wal::open(files.clone(), OPENING, sizes)
}

#[test]
fn what_was_written_comes_back() {
    for sizes in [SMALL, ONE_FILE, Sizes::default()] {
        let (writes, files) = (script(60), MemFiles::default());
        let (mut wal, found) = open(&files, sizes).expect("a new log");
        assert_eq!(
            found,
            Recovered {
                state: State::default(),
                verdict: Verdict::Clean
            }
        );
        let mut written = Vec::new();
        for batch in writes.chunks(3) {
            wal.append(batch).expect("no fault");
            written.extend_from_slice(batch);
            drop(wal);
            let (again, found) = open(&files, sizes).expect("a good log");
            assert_eq!(found.verdict, Verdict::Clean);
            assert_eq!(Some(&found.state), states(&written).last());
            wal = again;
        }
        let names = files.names().expect("no fault");
        assert_eq!(names.len() > 3, sizes.segment == SMALL.segment, "{names:?}");
    }
}

#[test]
fn a_large_write_is_cut_into_records() {
    let files = MemFiles::default();
    let (mut wal, _) = open(&files, Sizes::default()).expect("a new log");
    let text = "x".repeat(900_000);
    let mut append: Vec<Entry> = (1..=6).map(|n| entry(1, n, &text)).collect();
    append.push(Entry {
        id: LogId::new(1, 7),
        body: EntryBody::Command(vec![1; 2 << 20].into()),
    });
    wal.append(&[write(Some(1), None, append.clone())])
        .expect("no fault");
    let (_, found) = open(&files, Sizes::default()).expect("a good log");
    assert_eq!(found.state.entries, append);
}

/// A log whose last record was never synced, torn at every byte.
#[test]
fn a_torn_last_record_is_cut_off() {
    let writes = script(12);
    let all = states(&writes);
    let files = MemFiles::default();
    let (mut wal, _) = open(&files, ONE_FILE).expect("a new log");
    let (last, rest) = writes.split_last().expect("not empty");
    wal.append(rest).expect("no fault");
    let mark = files.bytes(MARK);
    let name = files
        .names()
        .expect("no fault")
        .into_iter()
        .find(|n| n != MARK)
        .expect("a file");
    let before = files.bytes(&name).len();
    wal.append(std::slice::from_ref(last)).expect("no fault");
    let whole = files.bytes(&name);
    for length in before..whole.len() {
        for filled in [false, true] {
            let mut bytes = whole[..length].to_vec();
            if filled {
                bytes.resize(whole.len() + 64, 0);
            }
            files.set_bytes(&name, bytes);
            files.set_bytes(MARK, mark.clone());
            let (_, found) = open(&files, ONE_FILE).expect("a torn tail is no reason to refuse");
            if found.state == all[all.len() - 1] {
                // Only the zeros that fill up the record, or zero bytes at its end, were missing.
                assert!(length + 8 > whole.len() || filled, "length {length}");
                continue;
            }
            assert_eq!(found.state, all[all.len() - 2], "length {length}");
            let torn = matches!(found.verdict, Verdict::TornTail { .. });
            assert_eq!(
                torn,
                length > before,
                "length {length}: {:?}",
                found.verdict
            );
            let (_, again) = open(&files, ONE_FILE).expect("the cut is done");
            assert_eq!(
                again,
                Recovered {
                    verdict: Verdict::Clean,
                    ..found
                }
            );
        }
    }
}

/// The same, but the record had been acknowledged: then it is not torn but damaged.
#[test]
fn an_acknowledged_last_record_is_not_cut_off() {
    let files = MemFiles::default();
    let (mut wal, _) = open(&files, ONE_FILE).expect("a new log");
    wal.append(&script(12)).expect("no fault");
    let name = files
        .names()
        .expect("no fault")
        .into_iter()
        .find(|n| n != MARK)
        .expect("a file");
    let whole = files.bytes(&name);
    for length in 0..whole.len() - 8 {
        files.set_bytes(&name, whole[..length].to_vec());
        let error = open(&files, ONE_FILE).err().expect("it must not start");
        assert!(
            matches!(error, WalError::Suspect { .. }),
            "length {length}: {error}"
        );
        assert_eq!(
            files.bytes(&name),
            whole[..length],
            "nothing may be changed"
        );
    }
    files.remove(&name).expect("no fault");
    assert!(matches!(
        open(&files, ONE_FILE),
        Err(WalError::Suspect { .. })
    ));
}

/// A bit of every byte of a small log flipped: the state is exactly what it was, or the node is
/// told that it is not, with term and vote that are right; or it refuses.
#[test]
fn damage_never_gives_wrong_data() {
    for sizes in [SMALL, ONE_FILE] {
        let writes = script(14);
        let files = MemFiles::default();
        let (mut wal, _) = open(&files, sizes).expect("a new log");
        for batch in writes.chunks(2) {
            wal.append(batch).expect("no fault");
        }
        let all = states(&writes);
        let (mut suspects, mut bytes) = (0, 0);
        for name in files.names().expect("no fault") {
            let good = files.bytes(&name);
            for at in 0..good.len() {
                bytes += 1;
                let copy = files.crash(Crash::Process);
                let mut bad = good.clone();
                bad[at] ^= 1 << (at % 8);
                copy.set_bytes(&name, bad);
                let without_mark = copy.crash(Crash::Process);
                match open(&copy, sizes) {
                    Ok((_, found)) if matches!(found.verdict, Verdict::Suspect(_)) => {
                        assert_ne!(name, MARK);
                        rot::is_honest(&found, &all);
                        suspects += 1;
                    }
                    Ok((_, found)) => assert_eq!(Some(&found.state), all.last(), "{name} at {at}"),
                    Err(WalError::Suspect { .. }) => assert_ne!(name, MARK),
                    Err(other) => panic!("{name} at {at}: {other}"),
                }
                // Without the mark, the end may be taken for torn; a prefix is then the worst.
                without_mark.set_bytes(MARK, Vec::new());
                match open(&without_mark, sizes) {
                    Ok((_, found)) if matches!(found.verdict, Verdict::Suspect(_)) => {
                        rot::is_honest(&found, &all);
                    }
                    Ok((_, found)) => assert!(all.contains(&found.state), "{name} at {at}"),
                    Err(_) => {}
                }
            }
        }
        // All but the last records, and what fills them up.
        assert!(suspects * 2 > bytes, "{suspects} of {bytes}");
    }
}

/// Runs writes in batches until a call fails; returns how many writes were acknowledged.
fn run(files: &MemFiles, sizes: Sizes, writes: &[Write], batch: usize) -> usize {
    let Ok((mut wal, _)) = open(files, sizes) else {
        return 0;
    };
    let mut acknowledged = 0;
    for batch in writes.chunks(batch) {
        if wal.append(batch).is_err() {
            assert!(
                matches!(wal.append(batch), Err(WalError::Ended)),
                "no second try"
            );
            break;
        }
        acknowledged += batch.len();
    }
    acknowledged
}

#[test]
fn each_call_fails_once() {
    let writes = script(30);
    let all = states(&writes);
    let quiet = MemFiles::default();
    assert_eq!(run(&quiet, SMALL, &writes, 3), writes.len());
    for call in 0..quiet.calls() {
        for how in [
            Crash::Process,
            Crash::Lose,
            Crash::Tear(call),
            Crash::Tear(call + 1_000),
        ] {
            let files = MemFiles::default();
            files.fail_after(call);
            let acknowledged = run(&files, SMALL, &writes, 3);
            let after = files.crash(how);
            let (_, found) =
                open(&after, SMALL).unwrap_or_else(|error| panic!("call {call}, {how:?}: {error}"));
            let kept = &all[acknowledged..(acknowledged + 4).min(all.len())];
            assert!(
                kept.contains(&found.state),
                "call {call}, {how:?}, {acknowledged}"
            );
        }
    }
}

proptest! {
    /// Power goes at a random call, twice, tearing what was not synced: what was acknowledged
    /// is there, and nothing that was never written.
    #[test]
    fn power_goes(batch in 1usize..5, first in 0u64..120, second in 0u64..60, seed: u64) {
        let writes = script(30);
        let all = states(&writes);
        let files = MemFiles::default();
        files.fail_after(first);
        let acknowledged = run(&files, SMALL, &writes, batch);
        let files = files.crash(Crash::Tear(seed));
        // The second crash may hit recovery itself.
        files.fail_after(second);
        if let Ok((mut wal, found)) = open(&files, SMALL) {
            let at = all.iter().rposition(|s| *s == found.state).expect("a state that was");
            prop_assert!(at >= acknowledged);
            let more = writes[at..].iter().take(3).cloned().collect::<Vec<_>>();
            let done = wal.append(&more).is_ok();
            let files = files.crash(Crash::Tear(!seed));
            let (_, found) = open(&files, SMALL).expect("torn tails are cut off");
            let at_least = if done { at + more.len() } else { at };
            let at = all.iter().rposition(|s| *s == found.state).expect("a state that was");
            prop_assert!(at >= at_least, "{at} < {at_least}");
        } else {
            let files = files.crash(Crash::Tear(!seed));
            let (_, found) = open(&files, SMALL).expect("torn tails are cut off");
            let at = all.iter().rposition(|s| *s == found.state).expect("a state that was");
            prop_assert!(at >= acknowledged);
        }
    }
}

#[test]
fn another_nodes_log_is_refused() {
    let files = MemFiles::default();
    drop(open(&files, SMALL).expect("a new log"));
    let other = Opening {
        node: NodeId(2),
        ..OPENING
    };
    let error = Wal::open(files, other, SMALL)
        .err()
        .expect("it must be refused");
    assert!(
        matches!(error, WalError::Foreign { found } if found == OPENING),
        "{error}"
    );
}

mod full;
mod holes;
mod kill;
mod rot;
mod trim;

#[test]
fn a_full_disk_says_what_to_do() {
    let full = |kind: std::io::ErrorKind| WalError::Io {
        what: "writing the log file x".to_string(),
        source: kind.into(),
    };
    let told = full(std::io::ErrorKind::StorageFull).to_string();
    assert!(
        told.contains("writing the log file x") && told.contains("make room"),
        "{told}"
    );
    let other = full(std::io::ErrorKind::Other).to_string();
    assert!(!other.contains("make room"), "{other}");
}

/// A sync that says so is no reason to try anything again (trap D2).
#[test]
fn d2_a_sync_without_space_is_not_taken_for_a_write_without_space() {
    let (what, kind) = ("syncing the log file x", std::io::ErrorKind::StorageFull);
    let written = super::io_error(what)(kind.into());
    let synced = super::sync_error(what)(kind.into());
    assert!(written.is_full() && !synced.is_full());
    assert!(synced.to_string().contains("make room"), "{synced}");
}
