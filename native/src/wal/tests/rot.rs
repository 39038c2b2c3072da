//! A log that rotted: what is said, what is kept, and what a crash in the middle of the repair
//! leaves (trap D3).

use super::*;
use crate::wal::NOTE;
use raftwerk_core::Suspicion;
use raftwerk_wire::record::{self, Change, Header, Kind};

fn written(sizes: Sizes, writes: &[Write]) -> MemFiles {
    let files = MemFiles::default();
    let (mut wal, _) = open(&files, sizes).expect("a new log");
    for batch in writes.chunks(2) {
        wal.append(batch).expect("no fault");
    }
    files
}

fn log_files(files: &MemFiles) -> Vec<String> {
    let names = files.names().expect("no fault").into_iter();
    names.filter(|name| name.starts_with("log-")).collect()
}

/// Places of the records in a file.
fn records(bytes: &[u8]) -> Vec<(usize, Header)> {
    let (mut at, mut found) = (0, Vec::new());
    while let Some(header) = bytes.get(at..).and_then(Header::read) {
        found.push((at, header));
        at += header.record_bytes();
    }
    found
}

fn suspicion(found: &Recovered) -> Option<Suspicion> {
    match found.verdict {
        Verdict::Suspect(suspicion) => Some(suspicion),
        _ => None,
    }
}

/// Holds what was found against what had been written: never less than is said.
pub(super) fn is_honest(found: &Recovered, all: &[State]) {
    let last = all.last().expect("not empty");
    let Some(Suspicion { from, to, since }) = suspicion(found) else {
        panic!("{:?}", found.verdict);
    };
    assert_eq!(found.state.hard_state, last.hard_state, "term and vote");
    assert_eq!(since, last.hard_state.term);
    let kept = &found.state.entries;
    assert!(
        all.iter().any(|state| state.entries == *kept),
        "as it once was"
    );
    let lost = Index(kept.len() as u64 + 1);
    assert!(from <= lost && to >= Some(Index(last.entries.len() as u64)));
}

/// A byte in the middle of every record but the last: the log is cut there, the damaged bytes are
/// kept, and every later start says the same until it is forgotten.
#[test]
fn rot_is_noted_and_cut_and_said_until_it_is_forgotten() {
    let writes = script(14);
    let all = states(&writes);
    for sizes in [SMALL, ONE_FILE] {
        let files = written(sizes, &writes);
        let names = log_files(&files);
        let mut suspects = 0;
        for name in &names {
            let good = files.bytes(name);
            let places = records(&good);
            for at in places.iter().map(|(at, _)| *at) {
                let last = Some(name) == names.last() && Some(at) == places.last().map(|p| p.0);
                let copy = files.crash(Crash::Process);
                let mut bad = good.clone();
                bad[at + record::HEADER_BYTES] ^= 1;
                copy.set_bytes(name, bad.clone());
                let opened = open(&copy, sizes);
                if last {
                    // Nothing behind it tells term and vote.
                    assert!(matches!(opened, Err(WalError::Suspect { .. })));
                    assert_eq!(copy.bytes(name), bad, "and nothing was changed");
                    continue;
                }
                suspects += 1;
                let (mut wal, found) = opened.expect("it starts, suspect");
                is_honest(&found, &all);
                let kept = format!("damaged-1-{name}");
                assert_eq!(copy.bytes(&kept), bad, "for whoever wants to look");
                let (next, vote) = (found.state.entries.len() as u64 + 1, found.state.hard_state);
                let term = vote.term.0 + 1;
                wal.append(&[write(Some(term), None, vec![entry(term, next, "again")])])
                    .expect("no fault");
                drop(wal);
                let (mut wal, again) = open(&copy, sizes).expect("a good log");
                assert_eq!(again.verdict, found.verdict);
                assert_eq!(again.state.entries.len() as u64, next);
                wal.forget_suspicion();
                drop(wal);
                let (_, clean) = open(&copy, sizes).expect("a good log");
                assert_eq!(clean.verdict, Verdict::Clean);
                assert_eq!(clean.state, again.state);
            }
        }
        assert!(suspects >= 10, "{suspects}");
    }
}

/// Any call of a repair fails, and what was not synced is lost or torn: the next start says at
/// least as much, and term and vote are there.
#[test]
fn a_repair_may_be_cut_off_anywhere() {
    let writes = script(14);
    let all = states(&writes);
    let files = written(SMALL, &writes);
    let name = &log_files(&files)[1];
    let mut bad = files.bytes(name);
    let middle = records(&bad)[2].0;
    bad[middle + record::HEADER_BYTES] ^= 1;
    files.set_bytes(name, bad);
    let quiet = files.crash(Crash::Process);
    let before = quiet.calls();
    let (_, expected) = open(&quiet, SMALL).expect("it starts, suspect");
    let calls = quiet.calls() - before;
    assert!(calls > 12, "{calls}");
    for call in 0..calls {
        for how in [
            Crash::Process,
            Crash::Lose,
            Crash::Tear(call),
            Crash::Tear(call + 999),
        ] {
            let copy = files.crash(Crash::Process);
            copy.fail_after(call);
            let failed = open(&copy, SMALL).is_err();
            let after = copy.crash(how);
            let (_, found) = open(&after, SMALL)
                .unwrap_or_else(|error| panic!("call {call} ({failed}), {how:?}: {error}"));
            assert_eq!(found.state, expected.state, "call {call}, {how:?}");
            if found.verdict != expected.verdict {
                // The note itself was torn: then nobody knows how much was lost.
                assert_eq!(
                    suspicion(&found).map(|s| s.to),
                    Some(None),
                    "call {call}, {how:?}"
                );
            }
        }
    }
    is_honest(&expected, &all);
}

/// More rots before the node has everything again, and then the note rots as well.
#[test]
fn rot_while_suspect_widens_what_may_be_lost() {
    let writes = script(14);
    let files = written(ONE_FILE, &writes);
    let name = &log_files(&files)[0];
    let rot = |number: usize| {
        let mut bad = files.bytes(name);
        let at = records(&bad)[number].0;
        bad[at + record::HEADER_BYTES] ^= 1;
        files.set_bytes(name, bad);
    };
    rot(9);
    let (mut wal, found) = open(&files, ONE_FILE).expect("suspect");
    let first = suspicion(&found).expect("suspect");
    let next = found.state.entries.len() as u64 + 1;
    for n in next..next + 3 {
        wal.append(&[write(Some(20), None, vec![entry(20, n, "again")])])
            .expect("no fault");
    }
    drop(wal);
    rot(5);
    let (_, found) = open(&files, ONE_FILE).expect("suspect");
    let second = suspicion(&found).expect("suspect");
    assert!(
        second.from < first.from && second.to >= first.to,
        "{first:?} {second:?}"
    );
    assert_eq!(
        (second.since, found.state.hard_state.term),
        (Term(20), Term(20))
    );
    let mut note = files.bytes(NOTE);
    note[9] ^= 4;
    files.set_bytes(NOTE, note);
    let (_, found) = open(&files, ONE_FILE).expect("suspect");
    let third = suspicion(&found).expect("suspect");
    assert_eq!((third.to, third.since), (None, Term(20)));
    assert_eq!(third.from, Index(found.state.entries.len() as u64 + 1));
}

/// A client's value holds bytes that look like a record of a term to come, and just the header of
/// the record around it rots: nobody falls for it.
#[test]
fn a_value_that_looks_like_a_record_vouches_for_nothing() {
    let mut forged = Vec::new();
    for number in 4..8 {
        let change = Change {
            hard_state: Some(HardState {
                term: Term(99),
                vote: Some(NodeId(3)),
            }),
            ..Change::default()
        };
        record::push(&mut forged, Kind::Data, number, number - 1, &change);
    }
    for pad in 0..8 {
        let mut value = vec![b'-'; pad];
        value.extend_from_slice(&forged);
        let trap = Entry {
            id: LogId::new(1, 1),
            body: EntryBody::Command(value.into()),
        };
        for followed in [false, true] {
            let mut writes = vec![write(Some(1), None, Vec::new())];
            writes.push(write(None, None, vec![trap.clone()]));
            if followed {
                writes.push(write(Some(2), None, vec![entry(2, 2, "x")]));
            }
            let files = MemFiles::default();
            let (mut wal, _) = open(&files, ONE_FILE).expect("a new log");
            wal.append(&writes).expect("no fault");
            drop(wal);
            let name = &log_files(&files)[0];
            let mut bad = files.bytes(name);
            let at = records(&bad)[2].0;
            bad[at] ^= 1;
            files.set_bytes(name, bad);
            match open(&files, ONE_FILE) {
                Ok((_, found)) => {
                    assert!(followed);
                    is_honest(&found, &states(&writes));
                }
                Err(WalError::Suspect { .. }) => assert!(!followed),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// An entry that is read well and of no use is cut off with all behind it, and that is noted; any
/// call on the way fails, and the next start finds the entry again or it cut off, never cut off
/// and not noted.
#[test]
fn an_entry_is_lost_in_steps_that_may_be_cut_off_anywhere() {
    let writes = script(14);
    let all = states(&writes);
    let last = all.last().expect("not empty");
    let end = last.entries.len() as u64;
    let from = Index(end / 2);
    for sizes in [SMALL, ONE_FILE] {
        let files = written(sizes, &writes);
        let lose = |files: &MemFiles| {
            let (mut wal, found) = open(files, sizes)?;
            let there = found.state.end() >= from;
            let lost = there.then(|| wal.lose_from((from, b"held"), suspicion(&found)));
            lost.transpose().map(|_| there)
        };
        let quiet = files.crash(Crash::Process);
        let (wal, _) = open(&quiet, sizes).expect("a good log");
        drop(wal);
        let before = quiet.calls();
        assert!(lose(&quiet).expect("no fault"));
        let calls = quiet.calls() - before;
        let (_, expected) = open(&quiet, sizes).expect("a good log");
        let is_cut = |found: &Recovered| {
            let kept = usize::try_from(from.0 - 1).expect("small");
            assert_eq!(found.state.entries, last.entries[..kept]);
            assert_eq!(found.state.hard_state, last.hard_state);
            let lost = suspicion(found).expect("noted");
            assert!(
                lost.from <= from && lost.to.is_none_or(|to| to >= Index(end)),
                "{lost:?}"
            );
            assert_eq!(lost.since, last.hard_state.term);
            lost.to
        };
        assert_eq!(is_cut(&expected), Some(Index(end)));
        let name = format!("damaged-1-entry-{}", from.0);
        assert_eq!(quiet.bytes(&name), b"held");
        for name in files.names().expect("no fault") {
            if name.starts_with("log-") {
                let kept = quiet.bytes(&format!("damaged-1-{name}"));
                assert_eq!(kept, files.bytes(&name), "{name}");
            }
        }
        for call in 0..calls {
            for how in [Crash::Process, Crash::Lose, Crash::Tear(call)] {
                let copy = files.crash(Crash::Process);
                copy.fail_after(call);
                // Where the calls of the start are counted as well, it may be done.
                let _ = lose(&copy);
                let after = copy.crash(how);
                let (wal, found) = open(&after, sizes).expect("a good log");
                drop(wal);
                let cut = found.state.end() < from;
                assert!(!cut || suspicion(&found).is_some(), "call {call}, {how:?}");
                assert_eq!(lose(&after).expect("no fault"), !cut);
                let (_, found) = open(&after, sizes).expect("a good log");
                is_cut(&found);
            }
        }
    }
}
