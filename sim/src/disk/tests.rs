//! Writes, syncs, and what a crash leaves.

use super::crash::{beginning, pieces};
use super::*;
use crate::rng::Purpose;
use crate::setup::{DiskModel, MILLION};
use proptest::prelude::*;
use raftwerk_core::{Entry, EntryBody, Term};
use std::collections::BTreeSet;

const PLAIN: DiskModel = DiskModel {
    sync_min: 0,
    sync_max: 0,
    keep_per_million: 0,
    tear_per_million: 0,
    reorder_per_million: 0,
    lies: 0,
};
const ROUGH: DiskModel = DiskModel {
    keep_per_million: MILLION,
    tear_per_million: MILLION / 2,
    ..PLAIN
};
const SHUFFLED: DiskModel = DiskModel {
    reorder_per_million: MILLION,
    ..ROUGH
};

fn luck(seed: u64) -> Stream {
    Stream::new(seed, Purpose::Tear, 1)
}

fn write(seq: u64, cut: Option<u64>, ids: &[(u64, u64)]) -> Write {
    let noop = |(term, index): &(u64, u64)| Entry {
        id: LogId::new(*term, *index),
        body: EntryBody::Noop,
    };
    Write {
        seq: WriteSeq(seq),
        install: None,
        hard_state: Some(HardState {
            term: Term(seq),
            vote: None,
        }),
        cut_from: cut.map(Index),
        append: ids.iter().map(noop).collect(),
        trim_to: None,
        must_sync: true,
    }
}

#[test]
fn a_crash_loses_exactly_what_was_not_synced() {
    let mut disk = Disk::default();
    disk.submit(write(1, None, &[(1, 1), (1, 2)]), 0);
    disk.start_sync();
    disk.submit(write(2, Some(2), &[(2, 2)]), 0);
    assert_eq!(
        disk.finish_sync().map(|synced| synced.seq),
        Some(WriteSeq(1))
    );
    disk.start_sync();
    disk.crash(&PLAIN, &mut luck(1));
    let found = disk.open();
    assert_eq!(found.condition, Condition::Clean);
    assert_eq!(found.hard_state.term, Term(1));
    assert_eq!(
        found.entries.last().map(|entry| entry.id),
        Some(LogId::new(1, 2))
    );
    assert_eq!(disk.waiting(), 0);
}

#[test]
fn writes_that_wait_share_the_next_sync() {
    let mut disk = Disk::default();
    disk.submit(write(1, None, &[(1, 1), (1, 2)]), 0);
    disk.submit(write(2, Some(2), &[(2, 2)]), 7);
    assert!(disk.wants_sync());
    disk.start_sync();
    let synced = disk.finish_sync().unwrap();
    assert_eq!((synced.seq, synced.cause), (WriteSeq(2), 7));
    assert_eq!(synced.cut, Some(Index(2)));
    assert_eq!(disk.id_at(2), Some(LogId::new(2, 2)));
}

/// Term and ids, position by position: all that tells two states of the device apart here.
fn state(disk: &Disk) -> (u64, Vec<LogId>) {
    let ids = disk.device.entries.iter().map(|entry| entry.id).collect();
    (disk.device.hard_state.term.0, ids)
}

/// Three synced entries, then writes that append, and one that cuts what a deposed leader
/// left.
fn busy() -> Disk {
    let mut disk = Disk::default();
    disk.submit(write(1, None, &[(1, 1), (1, 2), (1, 3)]), 0);
    disk.start_sync();
    disk.finish_sync();
    disk.submit(write(2, None, &[(1, 4), (1, 5)]), 0);
    disk.start_sync();
    disk.submit(write(3, Some(4), &[(3, 4), (3, 5), (3, 6)]), 0);
    disk.submit(write(4, None, &[]), 0);
    disk
}

/// Every state the device can be in while those writes land piece by piece.
fn legal() -> BTreeSet<(u64, Vec<LogId>)> {
    let mut disk = busy();
    let mut states = BTreeSet::from([state(&disk)]);
    for (write, _) in std::mem::take(&mut disk.waiting) {
        for kept in 1..=pieces(&write) {
            let mut partly = disk.clone();
            partly.device.perform(beginning(write.clone(), kept));
            states.insert(state(&partly));
        }
        disk.device.perform(write);
    }
    states
}

/// In whatever order the writes reach the device, what is found of them is a beginning.
#[test]
fn a_crash_leaves_every_prefix_and_nothing_else() {
    every_prefix(&ROUGH, 2_000);
    every_prefix(&SHUFFLED, 8_000);
}

fn every_prefix(model: &DiskModel, seeds: u64) {
    let mut seen = BTreeSet::new();
    let (mut torn, mut clean) = (0, 0);
    for seed in 0..seeds {
        let mut disk = busy();
        disk.crash(model, &mut luck(seed));
        let left = state(&disk);
        match disk.open().condition {
            Condition::TornTail { cut_at } => {
                torn += 1;
                assert_eq!(cut_at.0, left.1.len() as u64 + 1);
            }
            condition => {
                clean += 1;
                assert_eq!(condition, Condition::Clean);
            }
        }
        assert_eq!(disk.open().condition, Condition::Clean, "found once");
        assert_eq!((disk.waiting(), disk.wants_sync()), (0, false));
        seen.insert(left);
    }
    assert_eq!(seen, legal());
    assert!(torn > 300 && clean > 300, "{torn} torn, {clean} clean");
}

/// Trap D3: every subset of the pieces under way reaches the device. What is behind the first that
/// has not is not taken, be it as whole as it likes, and does not come back later.
#[test]
fn d3_what_is_behind_a_hole_is_not_taken() {
    let all: Vec<Write> = busy()
        .waiting
        .iter()
        .map(|(write, _)| write.clone())
        .collect();
    let count: u64 = all.iter().map(pieces).sum();
    let mut behind_holes = 0;
    for set in 0..1_u64 << count {
        let reached: Vec<bool> = (0..count).map(|piece| set >> piece & 1 == 1).collect();
        let hole = set.trailing_ones().min(count as u32) as u64;
        let mut disk = busy();
        disk.waiting.clear();
        let mut expected = disk.clone();
        disk.read_back(all.clone(), &reached);
        let mut left = hole;
        for write in all.clone() {
            let kept = left.min(pieces(&write));
            expected.device.perform(beginning(write, kept));
            left -= kept;
        }
        assert_eq!(state(&disk), state(&expected), "{set:b}");
        let behind = set >> hole != 0;
        behind_holes += u64::from(behind);
        let told = matches!(disk.open().condition, Condition::TornTail { .. });
        assert_eq!(told, behind, "{set:b}");
        disk.submit(write(9, Some(4), &[(9, 4)]), 0);
        disk.start_sync();
        disk.finish_sync();
        assert_eq!(disk.id_at(4), Some(LogId::new(9, 4)));
        assert_eq!(disk.device.end(), Index(5), "{set:b}: nothing comes back");
    }
    assert_eq!(
        behind_holes,
        (1 << count) - count - 1,
        "all but the beginnings"
    );
}

proptest! {
    /// Whatever a crash leaves, a node can start from it: no holes, no term above the disk's.
    #[test]
    fn what_is_left_is_a_log(seed: u64, writes in 1..8u64, shuffled: bool) {
        let mut disk = Disk::default();
        let mut draw = luck(seed.wrapping_add(1));
        for seq in 1..=writes {
            let last = disk.device.entries.len() as u64;
            let cut = (last > 0 && draw.chance(MILLION / 3)).then(|| draw.within(1, last));
            let from = cut.unwrap_or(last + 1);
            let ids: Vec<_> = (from..from + draw.below(4)).map(|at| (seq, at)).collect();
            disk.submit(write(seq, cut, &ids), 0);
            if draw.chance(MILLION / 2) {
                disk.start_sync();
                disk.finish_sync();
            } else {
                break;
            }
        }
        let model = if shuffled { &SHUFFLED } else { &ROUGH };
        disk.crash(model, &mut luck(seed));
        let found = disk.open();
        let holes = |(at, entry): (usize, &Entry)| entry.id.index.0 != at as u64 + 1;
        prop_assert!(!found.entries.iter().enumerate().any(holes));
        prop_assert!(found.entries.iter().all(|e| e.id.term <= found.hard_state.term));
    }
}
