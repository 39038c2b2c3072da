//! What lies in a data directory.

use super::{Samples, command, entries, entry, json, snapshot, store, url};
use crate::log::{Memory, OPENING, SIZES};
use raftwerk_core::*;
use raftwerk_native::identity::{Addresses, Identity};
use raftwerk_native::wal::{Note, Wal};
use raftwerk_wire::record::{self, Change, Kind, Start};
use raftwerk_wire::snapshot::{Head, sign};
use std::sync::OnceLock;

/// Records of log files.
pub fn records() -> Samples {
    let record = |kind, change: &Change| {
        let mut out = Vec::new();
        record::push(&mut out, kind, 300, 299, change);
        out
    };
    let mut open = Vec::new();
    let start = Start {
        opening: OPENING,
        hard_state: HardState::default(),
        end: Index(0),
    };
    record::push(&mut open, Kind::Open, 1, 0, &start);
    let change = Change {
        hard_state: Some(HardState {
            term: Term(7),
            vote: Some(NodeId(2)),
        }),
        after: Some(LogId::new(6, 198)),
        cut_from: Some(Index(200)),
        append: entries(),
    };
    vec![
        ("open", open),
        ("empty", record(Kind::Data, &Change::default())),
        ("change", record(Kind::Data, &change)),
    ]
}

/// Log directories: a new one, one of a few writes, one of two files.
pub fn logs() -> Samples {
    let [new, one, two] = logs_made();
    vec![("new", new), ("one-file", one), ("two-files", two)]
}

/// A log in which nothing is wrong.
#[must_use]
pub fn whole_log() -> Vec<u8> {
    static LOG: OnceLock<Vec<u8>> = OnceLock::new();
    LOG.get_or_init(|| {
        let [_, one, _] = logs_made();
        one
    })
    .clone()
}

fn logs_made() -> [Vec<u8>; 3] {
    let write = |term: u64, cut: Option<u64>, append: Vec<Entry>| Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: Some(HardState {
            term: Term(term),
            vote: None,
        }),
        cut_from: cut.map(Index),
        append: append.into(),
        trim_to: None,
        must_sync: true,
    };
    let made = |writes: &[Write]| {
        let files = Memory::default();
        let (mut log, _) = Wal::open(files.clone(), OPENING, SIZES).expect("a new log");
        for write in writes {
            log.append(std::slice::from_ref(write))
                .expect("memory takes it");
        }
        files.input()
    };
    let noop = |term, index| entry(term, index, EntryBody::Noop);
    let few = [
        write(1, None, vec![noop(1, 1), command(1, 2, "a")]),
        write(2, Some(2), vec![noop(2, 2)]),
    ];
    let many: Vec<Write> = (1..=5)
        .map(|at| write(1, None, vec![command(1, at, "value")]))
        .collect();
    [made(&[]), made(&few), made(&many)]
}

/// Notes of a suspect node: the worst, and one whose log was cut already.
pub fn notes() -> Samples {
    let note = |to: Option<u64>, cut| Note {
        suspicion: Suspicion {
            from: Index(2),
            to: to.map(Index),
            since: Term(2),
        },
        hard_state: HardState {
            term: Term(3),
            vote: to.map(|_| NodeId(2)),
        },
        cut,
    };
    let bytes = |note: Note| note.bytes().to_vec();
    vec![
        ("found", bytes(note(None, false))),
        ("cut", bytes(note(Some(9), true))),
    ]
}

/// Snapshot files.
pub fn snapshots() -> Samples {
    let file = |(name, state): (&'static str, Vec<u8>)| {
        let mut meta = snapshot();
        sign(&mut meta, &state);
        let head = Head::new(ClusterId(77), meta).encode();
        (name, [head.expect("it is short"), state].concat())
    };
    store::stores().into_iter().map(file).collect()
}

/// Small files of a data directory.
pub fn files() -> Samples {
    let identity = Identity {
        format: 1,
        cluster: "17".to_string(),
        node: 3,
        disk: "00000000000000ff".to_string(),
        founders: vec![1, 2, 3],
    };
    let addresses = Addresses::from([(1, url()), (2, "http://b.example:80".to_string())]);
    vec![
        ("identity", json(&identity)),
        ("addresses", json(&addresses)),
        ("removed", json(&true)),
        ("cluster", CLUSTER.to_vec()),
    ]
}

/// `cluster.json` of `raftwerk play`; only that makes one.
const CLUSTER: &[u8] =
    br#"{"format":1,"cluster":"00000000000000000000000000000011","nodes":3,"ports":[7901,7902,7903]}"#;
