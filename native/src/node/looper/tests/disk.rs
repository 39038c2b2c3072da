//! A disk that is full, fails, or holds snapshots.

use super::rig::{start, view};
use super::*;
use crate::snapshots::boot::{self, Found};
use crate::wal::{Sizes, Wal};
use raftwerk_core::{ClusterId, EntryBody};
use raftwerk_wire::record::{FORMAT, Opening};

/// Trap D7: a node whose disk is full takes no writes of clients and serves reads, takes a snapshot,
/// and goes on when there is space.
#[test]
fn d7_a_node_without_space_refuses_writes_and_serves_reads() {
    let rig = start();
    rig.put("1");
    rig.inbox.urgent(Urgent::Disk(DiskReport::Low(true)));
    assert!(matches!(rig.put("2"), Written::NoSpace));
    let (reply, answer) = oneshot::channel();
    let read = Request::Read {
        path: Some(ReadPath::Leader),
        what: Query::Get((*b"x").into()),
        reply,
    };
    rig.inbox.request(read).expect("room");
    assert!(matches!(answer.blocking_recv(), Ok(Read::Found(_))));
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while view(&rig).snapshot.is_none() {
        assert!(std::time::Instant::now() < end, "no snapshot");
        std::thread::sleep(Duration::from_millis(5));
    }
    rig.inbox.urgent(Urgent::Disk(DiskReport::Low(false)));
    assert!(matches!(rig.put("3"), Written::Applied { .. }));
    rig.inbox.urgent(Urgent::Stop);
    rig.end().expect("a clean end");
}

/// Trap D2: after a failed write nothing is acknowledged any more and the node ends.
#[test]
fn a_failed_disk_ends_it() {
    let rig = start();
    rig.put("1");
    rig.files.fail_after(0);
    assert!(matches!(rig.put("2"), Written::Unknown));
    let end = rig.end();
    assert!(
        matches!(&end, Err(NodeError::Disk(why)) if why.contains("wants this call")),
        "{end:?}"
    );
}

/// A node that takes snapshots: its log is trimmed, and what it starts from next is the same state
/// with its sessions.
#[test]
fn it_takes_snapshots_and_another_life_starts_from_them() {
    let rig = start();
    for value in 0..200 {
        assert!(matches!(
            rig.put(&value.to_string()),
            Written::Applied { .. }
        ));
    }
    let before = view(&rig);
    // One is on its way, or it is there.
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while view(&rig).snapshot.is_none() {
        assert!(std::time::Instant::now() < end, "no snapshot");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (files, folder) = (rig.files.clone(), rig.folder.clone());
    rig.inbox.urgent(Urgent::Stop);
    rig.end().expect("a clean end");
    let opening = Opening {
        format: FORMAT,
        cluster: ClusterId(1),
        node: NodeId(1),
    };
    let (_, log) = Wal::open(files, opening, Sizes::default()).expect("a good log");
    let (found, damaged) = boot::find(&folder, &log.state).expect("no fault");
    let Found::Snapshot(meta, mut store) = found else {
        panic!("{found:?}");
    };
    assert!(damaged.is_empty() && meta.last.index >= Index(50));
    for entry in &log.state.entries {
        if entry.id.index > meta.last.index
            && let EntryBody::Command(bytes) = &entry.body
        {
            store.apply(entry.id.index.0, 0, bytes);
        }
    }
    assert_eq!(store.revision(), before.store.revision);
    let item = store.get(b"x").expect("it was put");
    assert_eq!((&*item.value, item.version), (&b"199"[..], 200));
}
