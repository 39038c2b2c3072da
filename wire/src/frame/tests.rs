//! Frames come back, damaged ones are refused, limits hold.

use super::*;
use proptest::prelude::*;
use raftwerk_core::{
    Entry, EntryBody, Index, Lane, LogId, Members, Round, SnapshotMeta, Standing, Term,
};

fn append(entries: Vec<Entry>) -> Message {
    Message {
        cluster: ClusterId(0x1234_5678_9abc_def0_1111_2222_3333_4444),
        from: NodeId(1),
        to: NodeId(2),
        term: Term(7),
        body: Body::Append {
            lane: Lane::default(),
            round: Round(9),
            prev: LogId::new(6, 10),
            entries: entries.into(),
            commit: Index(10),
            standing: Standing::default(),
        },
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let body = prop_oneof![
        Just(EntryBody::Noop),
        proptest::collection::vec(any::<u8>(), 0..200)
            .prop_map(|bytes| EntryBody::Command(bytes.into())),
        proptest::collection::vec(any::<u64>(), 0..5).prop_map(|v| EntryBody::Membership(
            Members::of_voters(v.into_iter().map(NodeId)).into()
        )),
    ];
    (any::<u64>(), any::<u64>(), body).prop_map(|(term, index, body)| Entry {
        id: LogId::new(term, index),
        body,
    })
}

fn hello() -> PeerHello {
    let (cluster, node, to) = (ClusterId(u128::MAX), NodeId(3), NodeId(1));
    PeerHello {
        cluster,
        node,
        boot: 5,
        disk: 6,
        to,
        founders: founders_sum([1, 2, 3]),
        url: "http://127.0.0.1:7901".to_string(),
    }
}

#[test]
fn a_hello_comes_back() {
    assert_eq!(decode(&hello().encode()), Ok(Incoming::Hello(hello())));
    assert_ne!(founders_sum([1, 2, 3]), founders_sum([1, 2, 4]));
    assert_eq!(founders_sum([3, 1, 2]), founders_sum([1, 2, 3]));
}

#[test]
fn another_version_is_named() {
    let mut bytes = hello().encode();
    bytes[0] = 9;
    let error = decode(&bytes).expect_err("another version");
    assert_eq!(error, FrameError::Version { theirs: 9 });
    assert!(error.to_string().contains("same version"));
}

#[test]
fn limits_hold() {
    let big = Entry {
        id: LogId::new(1, 1),
        body: EntryBody::Command(vec![0; MAX_FRAME_BYTES].into()),
    };
    assert!(matches!(
        encode(0, 1, 1, &append(vec![big])),
        Err(FrameError::TooLong { .. })
    ));
    assert!(matches!(
        decode(&vec![PROTOCOL; MAX_FRAME_BYTES + 1]),
        Err(FrameError::TooLong { .. })
    ));
    let largest = Entry {
        id: LogId::new(1, 1),
        body: EntryBody::Command(vec![0; 2 << 20].into()),
    };
    assert!(encode(0, 1, 1, &append(vec![largest])).is_ok());
    let many = vec![
        Entry {
            id: LogId::new(1, 1),
            body: EntryBody::Noop
        };
        MAX_FRAME_ENTRIES + 1
    ];
    let bytes = encode(0, 1, 1, &append(many)).expect("it is short");
    assert_eq!(decode(&bytes), Err(FrameError::TooManyEntries));
}

#[test]
fn every_flip_is_noticed() {
    let command = Entry {
        id: LogId::new(7, 11),
        body: EntryBody::Command((*b"abc").into()),
    };
    let good = encode(0, 3, 4, &append(vec![command])).expect("fits");
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert!(decode(&bad).is_err(), "byte {at} bit {bit}");
        }
        assert!(decode(&good[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn chunks_and_their_answers_come_back() {
    let mut chunk = Chunk {
        group: 0,
        lane: Lane::default(),
        meta: SnapshotMeta {
            last: LogId::new(3, 50),
            bytes: 1 << 30,
            ..SnapshotMeta::default()
        },
        offset: 1 << 20,
        bytes: vec![7; MAX_CHUNK_BYTES],
    };
    let bytes = chunk.encode();
    assert_eq!(decode(&bytes), Ok(Incoming::Chunk(Box::new(chunk.clone()))));
    for at in [0, 1, 3, 6, 20, bytes.len() - 1] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(decode(&bad).is_err(), "byte {at}");
    }
    chunk.bytes.push(7);
    assert!(decode(&chunk.encode()).is_err(), "a chunk that is too long");
    let got = Got {
        group: 0,
        lane: Lane::default(),
        last: LogId::new(3, 50),
        upto: 77,
        staged: true,
    };
    assert_eq!(decode(&got.encode()), Ok(Incoming::Got(got)));
}

proptest! {
    #[test]
    fn messages_come_back(
        entries in proptest::collection::vec(entry(), 0..20),
        serial: u64,
        boot: u64,
    ) {
        let message = append(entries);
        let bytes = encode(0, serial, boot, &message).expect("fits");
        let frame = Frame { group: 0, serial, boot, message };
        prop_assert_eq!(decode(&bytes), Ok(Incoming::Message(Box::new(frame))));
    }

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    /// Random content behind a right checksum reaches the inner decoder.
    #[test]
    fn random_content_is_refused(
        kind in 0u8..6,
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = start(kind, 0);
        bytes.extend_from_slice(&body);
        let _ = decode(&seal(bytes));
    }
}
