//! Revisions and versions follow etcd v3; compare-and-set; pages.

use raftwerk_kv::{Answer, Expect, MAX_KEY_BYTES, Payload, Store};

use crate::{Log, bytes, item};

#[test]
fn an_empty_store_is_at_one_and_the_first_write_makes_two() {
    let mut log = Log::default();
    assert_eq!(log.store.revision(), 1);
    assert_eq!(
        log.put("x", "1"),
        Answer::Put {
            revision: 2,
            previous: None
        }
    );
    assert_eq!(log.store.get(b"x"), Some(&item("x", "1", [2, 2, 1])));
    assert_eq!(log.store.get(b"y"), None);
}

#[test]
fn a_put_counts_up_even_for_an_equal_value() {
    let mut log = Log::default();
    log.put("x", "1");
    let previous = Some(item("x", "1", [2, 2, 1]));
    assert_eq!(
        log.put("x", "1"),
        Answer::Put {
            revision: 3,
            previous
        }
    );
    assert_eq!(log.store.get(b"x"), Some(&item("x", "1", [2, 3, 2])));
}

#[test]
fn a_delete_of_nothing_does_not_advance() {
    let mut log = Log::default();
    log.put("x", "1");
    assert_eq!(
        log.delete("y"),
        Answer::Deleted {
            revision: 2,
            previous: None
        }
    );
    assert_eq!(log.store.revision(), 2);
    assert_eq!(log.store.applied(), 2);
}

#[test]
fn the_version_starts_again_after_a_delete() {
    let mut log = Log::default();
    log.put("x", "1");
    log.put("x", "2");
    let previous = Some(item("x", "2", [2, 3, 2]));
    assert_eq!(
        log.delete("x"),
        Answer::Deleted {
            revision: 4,
            previous
        }
    );
    assert_eq!(log.store.keys(), 0);
    assert_eq!(
        log.put("x", "3"),
        Answer::Put {
            revision: 5,
            previous: None
        }
    );
    assert_eq!(log.store.get(b"x"), Some(&item("x", "3", [5, 5, 1])));
}

#[test]
fn compare_and_set_by_absence() {
    let mut log = Log::default();
    let made = Some(item("x", "1", [2, 2, 1]));
    let done = Answer::Compared {
        succeeded: true,
        revision: 2,
        current: made.clone(),
    };
    assert_eq!(log.cas("x", Expect::Absent, Some("1")), done);
    let refused = Answer::Compared {
        succeeded: false,
        revision: 2,
        current: made,
    };
    assert_eq!(log.cas("x", Expect::Absent, Some("2")), refused);
    assert_eq!(log.cas("x", Expect::Revision(0), Some("2")), refused);
}

#[test]
fn compare_and_set_by_value() {
    let mut log = Log::default();
    let nothing = Answer::Compared {
        succeeded: false,
        revision: 1,
        current: None,
    };
    assert_eq!(log.cas("x", Expect::Value(bytes("")), Some("1")), nothing);
    log.put("x", "1");
    let found = Some(item("x", "1", [2, 2, 1]));
    let refused = Answer::Compared {
        succeeded: false,
        revision: 2,
        current: found,
    };
    assert_eq!(log.cas("x", Expect::Value(bytes("2")), None), refused);
    let changed = Some(item("x", "2", [2, 3, 2]));
    let done = Answer::Compared {
        succeeded: true,
        revision: 3,
        current: changed,
    };
    assert_eq!(log.cas("x", Expect::Value(bytes("1")), Some("2")), done);
}

#[test]
fn compare_and_set_by_revision_and_removing() {
    let mut log = Log::default();
    let made = Some(item("x", "1", [2, 2, 1]));
    let done = Answer::Compared {
        succeeded: true,
        revision: 2,
        current: made.clone(),
    };
    assert_eq!(log.cas("x", Expect::Revision(0), Some("1")), done);
    let refused = Answer::Compared {
        succeeded: false,
        revision: 2,
        current: made,
    };
    assert_eq!(log.cas("x", Expect::Revision(3), None), refused);
    let gone = Answer::Compared {
        succeeded: true,
        revision: 3,
        current: None,
    };
    assert_eq!(log.cas("x", Expect::Revision(2), None), gone);
    assert_eq!(log.store.keys(), 0);
}

#[test]
fn removing_what_is_rightly_absent_changes_nothing() {
    let mut log = Log::default();
    let done = Answer::Compared {
        succeeded: true,
        revision: 1,
        current: None,
    };
    assert_eq!(log.cas("x", Expect::Absent, None), done);
    assert_eq!(log.store.changes_after(0, 9).unwrap().items, []);
}

#[test]
fn an_entry_that_breaks_a_limit_or_the_format_is_a_no_op() {
    let mut log = Log::default();
    log.put("x", "1");
    let before = log.store.clone();
    assert_eq!(log.put("", "1"), Answer::Malformed);
    assert_eq!(
        log.put(&"k".repeat(MAX_KEY_BYTES + 1), "1"),
        Answer::Malformed
    );
    assert_eq!(log.append(vec![]), Answer::Malformed);
    assert_eq!(log.append(vec![2, 0, 4]), Answer::Malformed);
    assert_eq!(log.store.revision(), before.revision());
    assert!(log.store.range(b"", None, 9).items == before.range(b"", None, 9).items);
    // They are in the log nevertheless, so they count.
    assert_eq!(log.store.applied(), 5);
    assert_ne!(log.store.digest(), before.digest());
}

#[test]
fn pages_follow_each_other() {
    let mut log = Log::default();
    for key in ["a", "b", "b/1", "b/2", "b/3", "b0", "c"] {
        log.put(key, key);
    }
    let keys = |prefix: &str, after: Option<&str>, limit| {
        let page = log
            .store
            .range(prefix.as_bytes(), after.map(str::as_bytes), limit);
        assert_eq!(page.revision, 8);
        let text = |key: &Payload| String::from_utf8_lossy(key).into_owned();
        let keys: Vec<String> = page.items.iter().map(|item| text(&item.key)).collect();
        (keys.join(" "), page.more)
    };
    let found = |keys: &str, more| (keys.to_owned(), more);
    assert_eq!(keys("", None, 100), found("a b b/1 b/2 b/3 b0 c", false));
    assert_eq!(keys("b/", None, 2), found("b/1 b/2", true));
    assert_eq!(keys("b/", Some("b/2"), 2), found("b/3", false));
    assert_eq!(keys("b/", None, 3), found("b/1 b/2 b/3", false));
    assert_eq!(keys("b/", Some("a"), 1), found("b/1", true));
    assert_eq!(keys("b/", Some("b/"), 1), found("b/1", true));
    assert_eq!(keys("b/", Some("c"), 1), found("", false));
    assert_eq!(keys("b", None, 0), found("", true));
    assert_eq!(keys("d", None, 1), found("", false));
}

#[test]
fn time_is_the_greatest_stamp() {
    let mut store = Store::new();
    store.apply(1, 50, b"");
    store.apply(4, 20, b"");
    assert_eq!((store.applied(), store.time()), (4, 50));
}

#[test]
#[should_panic(expected = "entry 3 comes after entry 3")]
fn an_index_applied_twice_is_a_bug() {
    let mut store = Store::new();
    store.apply(3, 0, b"");
    store.apply(3, 0, b"");
}

#[test]
#[should_panic(expected = "entry 0 comes after entry 0")]
fn index_zero_is_a_bug() {
    Store::new().apply(0, 0, b"");
}
