//! Encodings: there and back, one form only, and nothing hostile gets through or breaks anything.

use proptest::prelude::*;
use raftwerk_kv::{
    Command, CommandError, DecodeError, Expect, MAX_KEY_BYTES, MAX_SESSIONS, MAX_VALUE_BYTES,
    Request, SessionTag, Store,
};

use crate::Log;
use crate::model::{command, run, steps};

fn request() -> impl Strategy<Value = Request> {
    let tag = prop::option::of((any::<u64>(), any::<u64>()));
    let wild = (prop::collection::vec(any::<u8>(), 1..50), any::<Vec<u8>>())
        .prop_map(|(key, value)| Command::put(key, value));
    (tag, prop_oneof![command(), wild]).prop_map(|(tag, command)| Request {
        session: tag.map(|(session, sequence)| SessionTag { session, sequence }),
        command,
    })
}

/// What decodes must be written back just as it came.
fn check_store(bytes: &[u8]) {
    if let Ok(store) = Store::decode(bytes) {
        assert_eq!(store.encode(), bytes);
    }
}

fn check_request(bytes: &[u8]) {
    if let Ok(request) = Request::decode(bytes) {
        assert_eq!(request.command.validate(), Ok(()));
        assert_eq!(request.encode(), bytes);
    }
}

/// All cuts, and every single bit turned over; the original is not among them.
fn damaged(bytes: &[u8], mut check: impl FnMut(&[u8])) {
    (0..bytes.len()).for_each(|end| check(&bytes[..end]));
    let mut copy = bytes.to_vec();
    for bit in 0..8 * bytes.len() {
        copy[bit / 8] ^= 1 << (bit % 8);
        check(&copy);
        copy[bit / 8] ^= 1 << (bit % 8);
    }
}

/// Whatever flips in an entry, or is cut from it, is seen before anything is executed.
fn check_seen(bytes: &[u8]) {
    assert!(!Request::is_intact(bytes));
    assert!(Request::decode(bytes).is_err());
}

proptest! {
    #[test]
    fn requests_come_back(request in request()) {
        prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
    }

    #[test]
    fn damaged_requests_do_no_harm(request in request()) {
        let bytes = request.encode();
        damaged(&bytes, |bytes| {
            check_request(bytes);
            check_seen(bytes);
        });
        let said = &bytes[..bytes.len() - 4];
        damaged(said, |said| {
            let sealed = Request::sealed(said.to_vec());
            check_request(&sealed);
            assert_ne!(Request::decode(&sealed).as_ref(), Ok(&request));
        });
        for end in 0..said.len() {
            assert!(Request::decode(&Request::sealed(said[..end].to_vec())).is_err());
            check_seen(&bytes[..end]);
        }
        let longer = Request::sealed([said, &[0]].concat());
        prop_assert_eq!(Request::decode(&longer), Err(DecodeError::Trailing));
    }

    #[test]
    fn random_bytes_do_no_harm(mut bytes: Vec<u8>) {
        check_request(&bytes);
        check_store(&bytes);
        // The same behind a right version byte, to get further.
        bytes.insert(0, 1);
        check_store(&bytes);
        bytes[0] = 2;
        check_request(&Request::sealed(bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_stores_do_no_harm(steps in steps()) {
        let store = run(&steps).store;
        let bytes = store.encode();
        damaged(&bytes, |bytes| {
            check_store(bytes);
            assert_ne!(Store::decode(bytes).as_ref(), Ok(&store));
        });
        (0..bytes.len()).for_each(|end| assert!(Store::decode(&bytes[..end]).is_err()));
        let longer = [&bytes[..], &[0]].concat();
        prop_assert_eq!(Store::decode(&longer), Err(DecodeError::Trailing));
    }

    #[test]
    fn a_store_that_decodes_can_go_on(steps in steps()) {
        let store = run(&steps).store;
        damaged(&store.encode(), |bytes| {
            let Ok(mut store) = Store::decode(bytes) else { return };
            if let Some(next) = store.applied().checked_add(1) {
                store.apply(next, u64::MAX, &Request::from(Command::put("a", "9")).encode());
                check_store(&store.encode());
                store.sessions().for_each(drop);
            }
        });
    }
}

#[test]
fn equal_states_encode_equal_whatever_the_table_went_through() {
    // The same keys, once straight and once by way of many others.
    let mut straight = Log::default();
    let mut crooked = Log::default();
    for key in 0..200 {
        straight.put(&format!("{key:03}"), "");
        crooked.put(&format!("{:03}", (key * 77) % 200), "");
    }
    let keys = |log: &Log| {
        log.store
            .range(b"", None, 999)
            .items
            .into_iter()
            .map(|item| item.key)
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&straight), keys(&crooked));
    for log in [straight, crooked] {
        let copy = Store::decode(&log.store.encode()).unwrap();
        assert_eq!(copy, log.store);
        assert_eq!(copy.encode(), log.store.encode());
        assert_eq!(copy.state_digest(), log.store.state_digest());
    }
}

#[test]
fn an_empty_store_comes_back() {
    let store = Store::new();
    assert_eq!(Store::decode(&store.encode()), Ok(store.clone()));
    assert_eq!(store, Store::default());
    assert_eq!((store.digest(), store.applied(), store.time()), (0, 0, 0));
}

#[test]
fn limits_hold_at_the_door() {
    let decode = |command: Command| Request::decode(&Request::from(command).encode());
    let refused = |error| Err(DecodeError::Refused(error));
    let (key, value) = (vec![1; MAX_KEY_BYTES], vec![2; MAX_VALUE_BYTES]);
    assert!(decode(Command::put(&key, &value)).is_ok());
    assert_eq!(decode(Command::delete("")), refused(CommandError::EmptyKey));
    let bytes = MAX_KEY_BYTES + 1;
    let command = Command::delete([&key[..], &[1]].concat());
    assert_eq!(decode(command), refused(CommandError::KeyTooLong { bytes }));
    let bytes = MAX_VALUE_BYTES + 1;
    let long = [&value[..], &[2]].concat();
    let command = Command::put("k", &long);
    assert_eq!(
        decode(command),
        refused(CommandError::ValueTooLong { bytes })
    );
    let expect = Expect::Value(long.into());
    let command = Command::CompareAndSet {
        key: key.into(),
        expect,
        value: None,
    };
    assert_eq!(
        decode(command),
        refused(CommandError::ValueTooLong { bytes })
    );
}

/// A store encoding from numbers, with nothing behind them.
fn lie(numbers: &[u64]) -> Result<Store, DecodeError> {
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    Store::decode(&[1].into_iter().chain(numbers).collect::<Vec<u8>>())
}

#[test]
fn lying_counts_are_refused_at_once() {
    // applied, time, revision, digest, keys, sessions, compacted, changes.
    assert!(lie(&[0, 0, 1, 0, 0, 0, 0, 0]).is_ok());
    assert_eq!(lie(&[9, 0, 1, 0, u64::MAX]), Err(DecodeError::Truncated));
    let sessions = MAX_SESSIONS as u64 + 1;
    let many = Err(DecodeError::Inconsistent("too many sessions"));
    assert_eq!(lie(&[9, 0, 1, 0, 0, sessions]), many);
    let revision = Err(DecodeError::Inconsistent("revision of the store"));
    assert_eq!(lie(&[9, 0, 0, 0, 0, 0, 0, 0]), revision);
    assert_eq!(lie(&[9, 0, 11, 0, 0, 0, 11, 0]), revision);
    assert_eq!(
        lie(&[u64::MAX, 0, u64::MAX, 0, 0, 0, u64::MAX, 0]),
        revision
    );
    let history = Err(DecodeError::Inconsistent("revisions of the history"));
    assert_eq!(lie(&[9, 0, 1, 0, 0, 0, 1, 0]), history);
    assert_eq!(lie(&[9, 0, 5, 0, 0, 0, 5, 0]), history);
    assert_eq!(lie(&[9, 0, 5, 0, 0, 0, 0, 3]), history);
    assert_eq!(lie(&[9, 0, 5, 0, 0, 0, u64::MAX, 6]), history);
    assert_eq!(lie(&[9, 0, 5, 0, 0, 0, 0, 4]), Err(DecodeError::Truncated));
}

#[test]
fn unknown_versions_and_choices_are_named() {
    assert_eq!(Request::decode(&[]), Err(DecodeError::Truncated));
    assert_eq!(
        Request::decode(&[9, 0, 4]),
        Err(DecodeError::Version { found: 9 })
    );
    assert_eq!(
        Request::decode(&[2, 0, 4, 0, 0, 0, 0]),
        Err(DecodeError::Damaged)
    );
    let decode = |said: &[u8]| Request::decode(&Request::sealed(said.to_vec()));
    let of = "session flag";
    assert_eq!(
        decode(&[2, 7, 4]),
        Err(DecodeError::Choice { of, found: 7 })
    );
    let of = "command";
    assert_eq!(
        decode(&[2, 0, 9]),
        Err(DecodeError::Choice { of, found: 9 })
    );
    assert_eq!(Store::decode(&[9]), Err(DecodeError::Version { found: 9 }));
    assert_eq!(
        DecodeError::Choice { of, found: 9 }.to_string(),
        "9 is not a command"
    );
}
