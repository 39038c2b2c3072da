//! The history of changes and its bounds.

use raftwerk_kv::{
    Change, Command, Compacted, Expect, MAX_HISTORY_BYTES, MAX_HISTORY_CHANGES, MAX_VALUE_BYTES,
    Store,
};

use crate::{Log, bytes, item};

#[test]
fn every_change_is_told_once_in_order() {
    let mut log = Log::default();
    log.put("x", "1");
    log.delete("y");
    log.cas("y", Expect::Absent, Some("2"));
    log.cas("y", Expect::Absent, Some("3"));
    log.delete("x");
    let all = [
        Change::Put(item("x", "1", [2, 2, 1])),
        Change::Put(item("y", "2", [3, 3, 1])),
        Change::Deleted {
            key: bytes("x"),
            revision: 4,
        },
    ];
    let page = log.store.changes_after(0, 9).unwrap();
    assert_eq!(
        (&page.items[..], page.more, page.revision),
        (&all[..], false, 4)
    );
    let page = log.store.changes_after(2, 1).unwrap();
    assert_eq!((&page.items[..], page.more), (&all[1..2], true));
    assert_eq!(log.store.changes_after(4, 9).unwrap().items, []);
    // A start in the future is simply not there yet.
    assert_eq!(log.store.changes_after(99, 9).unwrap().items, []);
    assert_eq!(log.store.compacted_revision(), 0);
    assert_eq!(
        all.iter().map(Change::revision).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(all[2].key(), &bytes("x"));
}

#[test]
fn the_oldest_changes_are_compacted_and_the_gap_is_told() {
    let mut log = Log::default();
    for count in 0..MAX_HISTORY_CHANGES + 3 {
        log.put("x", &count.to_string());
    }
    // Revisions 2, 3 and 4 are gone.
    assert_eq!(log.store.compacted_revision(), 4);
    assert_eq!(
        log.store.changes_after(0, 1),
        Err(Compacted { revision: 4 })
    );
    assert_eq!(
        log.store.changes_after(3, 1),
        Err(Compacted { revision: 4 })
    );
    let page = log.store.changes_after(4, usize::MAX).unwrap();
    assert_eq!(page.items.len(), MAX_HISTORY_CHANGES);
    assert_eq!(page.items[0].revision(), 5);
    assert_eq!(Store::decode(&log.store.encode()), Ok(log.store));
}

#[test]
fn bytes_are_bounded_too_and_the_newest_change_stays() {
    let mut log = Log::default();
    let value = vec![b'v'; MAX_VALUE_BYTES];
    let fit = MAX_HISTORY_BYTES / (MAX_VALUE_BYTES as u64 + 1);
    for _ in 0..fit {
        log.submit(Command::put("x", &value));
    }
    assert_eq!(log.store.compacted_revision(), 0);
    log.submit(Command::put("x", &value));
    assert_eq!(log.store.compacted_revision(), 2);
    log.put("y", "small");
    assert_eq!(log.store.compacted_revision(), 2);
    assert_eq!(Store::decode(&log.store.encode()), Ok(log.store));
}

#[test]
fn a_history_may_fill_its_bytes_to_the_brim() {
    let mut log = Log::default();
    let share = MAX_HISTORY_BYTES / 16;
    for _ in 0..16 {
        log.submit(Command::put("x", vec![0; share as usize - 1]));
    }
    assert_eq!(log.store.compacted_revision(), 0);
    log.delete("x");
    assert_eq!(log.store.compacted_revision(), 2);
}
