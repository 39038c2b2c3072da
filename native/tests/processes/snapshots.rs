//! Snapshots in real servers (paper 7): logs stay bounded, whoever is too far behind for the log
//! is sent one, and a damaged one is never used.

use super::killed::digests;
use super::rig::{BOUND, Fleet};
use futures_util::future::join_all;
use hyper::http::Method;
use raftwerk_native::wal::RESERVE;
use raftwerk_wire::client::{HEADER_SEQUENCE, HEADER_SESSION, SessionOpened};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const FLAGS: [&str; 10] = [
    "--heartbeat-ms",
    "50",
    "--election-ms-min",
    "300",
    "--election-ms-max",
    "600",
    "--snapshot-entries",
    "100",
    "--snapshot-keep",
    "10",
];

/// Bytes of each value.
const VALUE: usize = 8 << 10;
/// Writes at the same time.
const WIDE: u64 = 25;

/// Writes keys `from..to` through a node, each until it is acknowledged.
async fn fill(fleet: &Fleet, id: u64, from: u64, to: u64) {
    for start in (from..to).step_by(WIDE as usize) {
        let some = start..to.min(start + WIDE);
        join_all(some.map(|key| put(fleet, id, key))).await;
    }
}

async fn put(fleet: &Fleet, id: u64, key: u64) {
    let (path, value) = (format!("/v1/kv/key{key}"), value(key));
    let end = Instant::now() + BOUND;
    loop {
        let answer = fleet.send(id, Method::PUT, &path, &[], &value).await;
        match answer.map(|answer| answer.status.as_u16()) {
            Ok(200) => return,
            Ok(503 | 504) | Err(_) => {}
            Ok(other) => panic!("{path}: {other}"),
        }
        assert!(Instant::now() < end, "{path}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Keys are written over, so that the state stays small where the log would not.
fn value(key: u64) -> String {
    format!("{key} {}", "v".repeat(VALUE))
}

/// Waits until one of a node's numbers is as it should be.
async fn until(fleet: &Fleet, id: u64, name: &str, fits: impl Fn(u64) -> bool) {
    let end = Instant::now() + BOUND;
    loop {
        let said = fleet.metric(id, name).await;
        if said.is_some_and(&fits) {
            return;
        }
        assert!(Instant::now() < end, "node {id}, {name}: {said:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Bytes of all files but the reserve. One may go while they are counted.
fn bytes_in(folder: &Path) -> u64 {
    let logs = files(folder).into_iter().filter(|p| !p.ends_with(RESERVE));
    let sizes = logs.filter_map(|p| p.metadata().ok());
    sizes.map(|meta| meta.len()).sum()
}

/// Files that a start does not remove: one that was being written when the process was killed is none.
fn finished(folder: &Path) -> Vec<PathBuf> {
    let unfinished = |path: &PathBuf| path.extension().is_some_and(|end| end == "new");
    let all = files(folder).into_iter();
    all.filter(|path| !unfinished(path)).collect()
}

/// Writes until a node's log does not reach back to the beginning: how many snapshots that takes is
/// a matter of when they are done. The core has forgotten those entries before the file goes.
async fn fill_until_trimmed(fleet: &Fleet, leader: u64, id: u64) {
    let first = fleet.data(id).join("log/log-0000000000000001.rwl");
    let end = Instant::now() + BOUND;
    while first.exists() {
        assert!(Instant::now() < end, "node {id}: {} stays", first.display());
        fill(fleet, leader, 0, 50).await;
    }
}

/// What a node itself has, whoever leads.
async fn read_here(fleet: &Fleet, id: u64, key: u64) -> String {
    let path = format!("/v1/kv/key{key}?read=stale");
    let answer = fleet.send(id, Method::GET, &path, &[], "").await.unwrap();
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// A write of a session, and the revision that it made.
async fn in_session(fleet: &Fleet, id: u64, session: u64) -> u64 {
    let headers = [
        (HEADER_SESSION, session.to_string()),
        (HEADER_SEQUENCE, "1".to_string()),
    ];
    let end = Instant::now() + BOUND;
    loop {
        let answer = fleet
            .send(id, Method::PUT, "/v1/kv/once", &headers, "done")
            .await;
        if let Ok(answer) = answer
            && answer.status == 200
        {
            let revision = answer.headers.get("raftwerk-revision").unwrap();
            return revision.to_str().unwrap().parse().unwrap();
        }
        assert!(Instant::now() < end, "it cannot be written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn open_session(fleet: &Fleet, id: u64) -> u64 {
    let sessions = "/v1/sessions";
    let answer = fleet
        .send(id, Method::POST, sessions, &[], "")
        .await
        .unwrap();
    let opened: SessionOpened = serde_json::from_slice(&answer.body).unwrap();
    opened.session
}

/// Three servers, one away for many snapshots and killed again and again while it is sent one; then
/// a new one. In the end all have the same state, sessions included, and logs of bounded length.
#[tokio::test]
async fn whoever_is_too_far_behind_is_sent_a_snapshot() {
    let mut fleet = Fleet::start(3, &FLAGS);
    let leader = fleet.leader_of(&[1, 2, 3]).await;
    let (away, other) = (leader % 3 + 1, (leader + 1) % 3 + 1);
    fill(&fleet, leader, 0, 30).await;
    let session = open_session(&fleet, leader).await;
    let revision = in_session(&fleet, leader, session).await;
    fleet.kill(away);
    // 16 MiB of writes, to keys of which 600 are left.
    for round in 0..3 {
        fill(&fleet, other, 0, 600).await;
        let log = bytes_in(&fleet.data(leader).join("log"));
        assert!(log <= 8 << 20, "round {round}: a log of {log} bytes");
    }
    for round in 0..8u64 {
        fleet.restart(away);
        tokio::time::sleep(Duration::from_millis(40 + 37 * round)).await;
        fleet.kill(away);
        fill(&fleet, other, 600 + 10 * round, 610 + 10 * round).await;
    }
    fleet.restart(away);
    // Whether it was just sent one or had got it in an earlier life.
    until(&fleet, away, "snapshot_index", |index| index > 1_000).await;
    let joined = fleet.join(other);
    until(&fleet, joined, "snapshots_installed_total", |count| {
        count > 0
    })
    .await;
    fill(&fleet, other, 700, 750).await;

    let all = digests(&fleet).await;
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    for id in [away, joined] {
        for key in [0, 29, 599, 605, 679, 749] {
            assert_eq!(read_here(&fleet, id, key).await, value(key), "node {id}");
        }
        // Asked again, the session's write is not done again, whoever is asked.
        assert_eq!(in_session(&fleet, id, session).await, revision);
        let log = bytes_in(&fleet.data(id).join("log"));
        assert!(log <= 8 << 20, "node {id} has a log of {log} bytes");
    }
    for id in fleet.ids() {
        let snapshots = files(&fleet.data(id).join("snapshots"));
        assert!(snapshots.len() <= 3, "{snapshots:?}");
    }
}

/// A damaged snapshot is never used: the node says what it lost, and gets it back.
#[tokio::test]
async fn a_damaged_snapshot_is_set_aside_and_the_others_give_it_back() {
    let mut fleet = Fleet::start(3, &FLAGS);
    let leader = fleet.leader_of(&[1, 2, 3]).await;
    let victim = leader % 3 + 1;
    fill(&fleet, leader, 0, 260).await;
    until(&fleet, victim, "snapshot_index", |index| index > 200).await;
    // Whoever leads later must send a snapshot, too.
    for id in [1, 2, 3] {
        fill_until_trimmed(&fleet, leader, id).await;
    }
    fleet.kill(victim);
    damage(&fleet.data(victim).join("snapshots"));
    fleet.restart(victim);
    let said = fleet.condition_of(victim).await;
    assert!(said.contains("suspect"), "{said}");
    until(&fleet, victim, "snapshots_installed_total", |count| {
        count > 0
    })
    .await;
    until(&fleet, victim, "suspect", |suspect| suspect == 0).await;
    fill(&fleet, leader, 260, 300).await;
    let all = digests(&fleet).await;
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    let names = files(&fleet.data(victim).join("snapshots"));
    let kept = |path: &PathBuf| path.to_string_lossy().contains("damaged-");
    assert!(names.iter().any(kept), "{names:?}");
    fleet.kill(victim);
    fleet.restart(victim);
    assert_eq!(fleet.condition_of(victim).await, "clean");
}

/// Nobody could give it back to an only node: it does not start, and changes nothing.
#[tokio::test]
async fn an_only_node_whose_snapshot_is_damaged_does_not_start() {
    let mut fleet = Fleet::start(1, &FLAGS);
    fleet.leader_of(&[1]).await;
    fill(&fleet, 1, 0, 260).await;
    until(&fleet, 1, "snapshot_index", |index| index > 200).await;
    fill_until_trimmed(&fleet, 1, 1).await;
    fleet.kill(1);
    // Without the damage it starts, and has everything.
    fleet.restart(1);
    fleet.leader_of(&[1]).await;
    fill(&fleet, 1, 260, 261).await;
    for key in [0, 150, 259, 260] {
        assert_eq!(read_here(&fleet, 1, key).await, value(key));
    }
    fleet.kill(1);
    damage(&fleet.data(1).join("snapshots"));
    let before = (
        files(&fleet.data(1).join("log")),
        finished(&fleet.data(1).join("snapshots")),
    );
    for _ in 0..2 {
        fleet.restart(1);
        let words = fleet.last_words(1).await;
        assert!(
            words.contains("cannot be used") && words.contains("restore the data directory"),
            "{words}"
        );
    }
    let after = (
        files(&fleet.data(1).join("log")),
        finished(&fleet.data(1).join("snapshots")),
    );
    assert_eq!(before, after);
}

/// Flips a bit in the middle of every snapshot.
fn damage(folder: &Path) {
    let snapshots = finished(folder);
    assert!(!snapshots.is_empty());
    for path in snapshots {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
}
