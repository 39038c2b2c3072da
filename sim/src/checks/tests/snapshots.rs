//! Snapshots that hold anything but the past are seen.

use super::super::Check;
use super::{name, settled};
use crate::snapshot::Snapshot;
use crate::world::World;
use raftwerk_core::{Index, LogId, Members, NodeId};
use raftwerk_kv::{Command, Request, SessionTag, Store};
use std::collections::BTreeSet;

/// What the leader would take a snapshot of, changed before it is looked at: what is seen then.
fn seen(change: impl FnOnce(&mut Snapshot, &mut World)) -> BTreeSet<&'static str> {
    let (mut world, leader) = settled();
    let node = &world.nodes[leader as usize - 1];
    let raft = node.raft.as_ref().expect("it leads");
    let meta = raft.snapshot_meta(Index(node.applied)).expect("applied");
    let mut snapshot = Snapshot::of(&node.store, meta);
    change(&mut snapshot, &mut world);
    world.checks.on_snapshot(leader, &snapshot);
    world.broken_checks().into_iter().collect()
}

fn only(check: Check) -> BTreeSet<&'static str> {
    BTreeSet::from([name(check)])
}

#[test]
fn the_past_itself_is_fine() {
    assert_eq!(seen(|_, _| ()), BTreeSet::new());
}

#[test]
fn other_members_than_there_were_are_seen() {
    let found = seen(|snapshot, _| {
        snapshot.meta.membership.members = Members::of_voters([NodeId(1)]);
    });
    assert_eq!(found, only(Check::Snapshots));
    // The same members, but of another entry: a later change would look like this one.
    let found = seen(|snapshot, _| snapshot.meta.membership.id = LogId::new(1, 2));
    assert_eq!(found, only(Check::Snapshots));
}

#[test]
fn what_is_not_committed_and_what_is_missing_is_seen() {
    let found = seen(|snapshot, _| snapshot.meta.last.term.0 += 1);
    assert_eq!(found, only(Check::CommittedStays));
    let found = seen(|snapshot, world| {
        let before = Snapshot::of(&Store::new(), snapshot.meta.clone());
        *snapshot = before;
        assert!(world.committed() > 3);
    });
    let wanted = BTreeSet::from([name(Check::SameState), name(Check::Snapshots)]);
    assert_eq!(found, wanted);
}

#[test]
fn bytes_that_say_nothing_are_seen() {
    let found = seen(|snapshot, _| snapshot.bytes = snapshot.bytes[1..].into());
    assert_eq!(found, only(Check::Snapshots));
}

/// A store and the oracle beside it, after a session was opened and used twice.
#[test]
fn a_session_that_is_left_out_or_behind_is_seen() {
    let tag = |sequence| {
        Some(SessionTag {
            session: 1,
            sequence,
        })
    };
    let put = |sequence| Request {
        session: tag(sequence),
        command: Command::Put {
            key: b"k".as_slice().into(),
            value: b"v".as_slice().into(),
        },
    };
    let requests = [Request::from(Command::OpenSession), put(1), put(2)];
    let mut oracle = super::super::oracle::Oracle::default();
    let mut stores = vec![Store::new()];
    for (at, request) in requests.iter().enumerate() {
        let mut next = stores[at].clone();
        next.apply(at as u64 + 1, 0, &request.encode());
        stores.push(next);
        oracle.execute(at as u64 + 1, request.clone());
    }
    for (index, store) in stores.iter().enumerate() {
        assert_eq!(oracle.differs_from(store, index as u64), None);
    }
    // The same keys, the same revisions, no session: trap S11.
    let mut without = Store::new();
    for index in 2..=3 {
        let request = Request {
            session: None,
            ..put(index)
        };
        without.apply(index, 0, &request.encode());
    }
    assert_eq!(without.get(b"k"), stores[3].get(b"k"));
    let wrong = oracle.differs_from(&without, 3);
    assert!(wrong.is_some_and(|wrong| wrong.contains("session 1")));
    // As it was, but said to be of another moment.
    for (said, store) in [(2, &stores[3]), (3, &stores[2]), (0, &stores[1])] {
        assert!(oracle.differs_from(store, said).is_some(), "{said}");
    }
}
