//! What a node does that finds its own disk damaged: who can give back what it lost (FAST 2018),
//! and a command that went to the disk damaged (`kv/src/entry.rs`).

use super::rig::Rig;
use raftwerk_core::{ClusterId, Entry, EntryBody, LogId, Members, NodeId, Write, WriteSeq};
use raftwerk_kv::Request;
use raftwerk_native::NodeOptions;
use raftwerk_native::node::Learned;
use raftwerk_native::wal::{DirFiles, Sizes, Wal};
use raftwerk_wire::client::Status;
use raftwerk_wire::record::{self, FORMAT, Header, Kind, Opening};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A cluster whose nodes take a snapshot every few entries, started in full.
async fn with_snapshots(first: &[u64], all: usize) -> Rig {
    let mut rig = Rig::new(all);
    for id in first {
        rig.start_with(options(&rig, *id, first))
            .expect("it starts");
    }
    rig.leader_of(first).await;
    rig
}

pub fn options(rig: &Rig, id: u64, first: &[u64]) -> NodeOptions {
    let mut options = rig.options(id);
    options.initial_cluster.retain(|(id, _)| first.contains(id));
    (options.snapshot_entries, options.snapshot_keep) = (Some(20), Some(0));
    options
}

/// Flags of a node that joins, with what the cluster tells it; `None`: nobody answers.
fn joining(rig: &Rig, id: u64, first: &[u64], learned: Option<Learned>) -> NodeOptions {
    let mut options = options(rig, id, first);
    options.initial_cluster.clear();
    options.join = vec![rig.url(first[0]).to_string()];
    options.advertise = Some(rig.url(id).to_string());
    options.learned = learned;
    options
}

/// Waits until a node says of itself what it should.
pub async fn until(rig: &Rig, id: u64, what: &str, so: impl Fn(&Status) -> bool) -> Status {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let status = rig.status(id).await;
        if so(&status) {
            return status;
        }
        assert!(Instant::now() < end, "{what}: {status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a node has a file in its data directory, as many other ones come and go.
async fn until_there(path: &Path, so: impl Fn(&str) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !contents(path)
        .keys()
        .any(|path| so(&path.to_string_lossy()))
    {
        assert!(Instant::now() < end, "{:?}", contents(path).keys());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A value so large that files of the log are worth replacing by a snapshot.
pub fn large() -> String {
    "value".repeat(2_000)
}

pub async fn fill(rig: &Rig, id: u64, value: &str) {
    for n in 0..60 {
        let put = rig.put(id, &format!("k{n}"), value.as_bytes()).await;
        assert_eq!(put.status, 200);
    }
    let is_snapshot = |path: &str| path.ends_with(".snap");
    until_there(&folder(rig, id).join("snapshots"), is_snapshot).await;
    let is_noted = |path: &str| path.ends_with("members.json");
    until_there(&folder(rig, id), is_noted).await;
}

/// Writes until a node's log does not reach back to the beginning: a file goes with the snapshot after
/// the one that ended it, and on a slow disk there is one only after the last write.
pub async fn until_trimmed(rig: &Rig, id: u64) {
    let first = folder(rig, id).join("log/log-0000000000000001.rwl");
    let end = Instant::now() + Duration::from_secs(60);
    while first.exists() {
        assert!(Instant::now() < end, "{} stays", first.display());
        let put = rig.put(id, "more", large().as_bytes()).await;
        assert_eq!(put.status, 200);
    }
}

pub fn folder(rig: &Rig, id: u64) -> PathBuf {
    rig.path.join(format!("node-{id}"))
}

/// All files in a folder and below.
pub fn contents(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for found in std::fs::read_dir(path).into_iter().flatten() {
        let path = found.expect("readable").path();
        match path.is_dir() {
            true => all.extend(contents(&path)),
            // It may be gone again.
            false => all.extend(std::fs::read(&path).ok().map(|bytes| (path, bytes))),
        }
    }
    all
}

/// Flips a bit in the middle of each snapshot.
pub fn damage_snapshots(rig: &Rig, id: u64) {
    let snapshots = contents(&folder(rig, id).join("snapshots"));
    assert!(!snapshots.is_empty());
    for (path, mut bytes) in snapshots {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).expect("writable");
    }
}

/// Members decide whether anybody can help, not addresses: this one knows none but its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_voters_is_helped_although_it_knows_no_address() {
    let first = [1, 2, 3];
    let mut rig = with_snapshots(&first, 3).await;
    let victim = rig.leader().await % 3 + 1;
    fill(&rig, victim, &large()).await;
    until_trimmed(&rig, victim).await;
    rig.stop(victim).await;
    damage_snapshots(&rig, victim);
    let lost = joining(&rig, victim, &[victim % 3 + 1], None);
    rig.start_with(lost).expect("it starts, suspect");
    let status = rig.status(victim).await;
    assert!(status.disk.starts_with("suspect"), "{}", status.disk);
    until(&rig, victim, "trusted", |status| status.suspect.is_none()).await;
    rig.leader().await;
    assert_eq!(rig.get(victim, "k59?read=follower").await.body, large());
}

/// And this one knows a learner's address, who cannot help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_only_voter_is_not_helped_by_a_learner() {
    let mut rig = with_snapshots(&[1], 2).await;
    let learned = Learned {
        founders: vec![1],
        urls: rig.urls[..1].to_vec(),
    };
    let second = joining(&rig, 2, &[1], Some(learned));
    rig.start_with(second).expect("it starts");
    let is_learner = |status: &Status| status.members.iter().any(|one| one.kind == "learner");
    until(&rig, 1, "a learner", is_learner).await;
    fill(&rig, 1, &large()).await;
    until_trimmed(&rig, 1).await;
    until_there(&folder(&rig, 1), |path| path.ends_with("addresses.json")).await;
    rig.stop(2).await;
    rig.stop(1).await;
    damage_snapshots(&rig, 1);
    is_refused_and_unchanged(&mut rig);
}

/// Node 1 does not start, however often it is tried, and nothing on its disk changes.
fn is_refused_and_unchanged(rig: &mut Rig) {
    let before = contents(&folder(rig, 1));
    for _ in 0..2 {
        let again = options(rig, 1, &[1]);
        let why = rig.start_with(again).expect_err("it does not start");
        assert!(why.to_string().contains("No other node votes"), "{why}");
        assert_eq!(contents(&folder(rig, 1)), before, "nothing was changed");
    }
}

/// Flips a bit of the command that sets a key, in a node's log, under a checksum of the record that
/// is right: so it came to the disk.
pub fn damage_command(rig: &Rig, id: u64, key: &str) {
    let path = folder(rig, id).join("log/log-0000000000000001.rwl");
    let mut bytes = std::fs::read(&path).expect("the log");
    let mut at = 0;
    while let Some(header) = Header::read(&bytes[at..]) {
        let body = header.body(&bytes[at..]).expect("whole");
        let change = record::read_change(FORMAT, body);
        let change = change.filter(|_| header.kind == Kind::Data);
        if let Some(mut change) = change {
            for entry in &mut change.append {
                let EntryBody::Command(command) = &entry.body else {
                    continue;
                };
                let mut command = command.to_vec();
                let named = command
                    .windows(key.len())
                    .any(|part| part == key.as_bytes());
                if named && Request::is_intact(&command) {
                    let last = command.len() - 5;
                    command[last] ^= 1;
                    entry.body = EntryBody::Command(command.into());
                    let (mut record, number) = (Vec::new(), header.number);
                    record::push(&mut record, Kind::Data, number, header.synced, &change);
                    assert_eq!(record.len(), header.record_bytes());
                    bytes[at..at + record.len()].copy_from_slice(&record);
                    return std::fs::write(&path, &bytes).expect("writable");
                }
            }
        }
        at += header.record_bytes();
    }
    panic!("{key} is not in the log of node {id}");
}

/// A command went to one disk damaged: it is cut off there with all behind it, and the node does not
/// vote before the others have sent that again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_went_to_the_disk_damaged_is_fetched_again() {
    let mut rig = Rig::started(3).await;
    for n in 10..40 {
        assert_eq!(rig.put(1, &format!("key{n}"), b"value").await.status, 200);
    }
    let victim = rig.leader().await % 3 + 1;
    let until_applied = rig.status(rig.leader().await).await.commit;
    until(&rig, victim, "applied", |status| {
        status.applied >= until_applied
    })
    .await;
    for id in 1..=3 {
        rig.stop(id).await;
    }
    damage_command(&rig, victim, "key20");
    rig.start(victim).expect("it starts, suspect");
    let status = rig.status(victim).await;
    assert!(status.disk.starts_with("suspect"), "{}", status.disk);
    let copies = contents(&folder(&rig, victim).join("log"));
    let is_copy = |path: &PathBuf| path.to_string_lossy().contains("damaged-1-entry-");
    assert!(copies.keys().any(is_copy), "{:?}", copies.keys());
    let is_whole = |path: &PathBuf| path.to_string_lossy().contains("damaged-1-log-");
    assert!(copies.keys().any(is_whole), "{:?}", copies.keys());

    // With one other it is no majority that elects; that one is not elected with its help.
    for id in (1..=3).filter(|id| *id != victim) {
        assert!(rig.status(victim).await.suspect.is_some());
        rig.start(id).expect("it starts");
    }
    rig.leader().await;
    until(&rig, victim, "trusted", |status| status.suspect.is_none()).await;
    for n in 10..40 {
        let read = rig.get(victim, &format!("key{n}?read=follower")).await;
        assert_eq!(read.body, "value", "key{n}");
    }
    rig.stop(victim).await;
    rig.start(victim).expect("it starts");
    let status = rig.status(victim).await;
    assert_eq!((status.disk.as_str(), status.suspect), ("clean", None));
}

/// Nobody can give it back to an only voter: it does not start, and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_only_voter_with_a_damaged_command_does_not_start() {
    let mut rig = Rig::started(1).await;
    for n in 10..40 {
        assert_eq!(rig.put(1, &format!("key{n}"), b"value").await.status, 200);
    }
    rig.stop(1).await;
    damage_command(&rig, 1, "key20");
    let before = contents(&folder(&rig, 1));
    for _ in 0..2 {
        let why = rig.start(1).expect_err("it does not start").to_string();
        assert!(why.contains("is not what was proposed"), "{why}");
        assert_eq!(contents(&folder(&rig, 1)), before, "nothing was changed");
    }
}

/// Puts an entry behind all that a stopped node's log holds: a second voter, of whom that node never
/// heard more.
fn append_second_voter(rig: &Rig, id: u64) {
    let files = DirFiles::new(&folder(rig, id).join("log")).expect("there");
    let opening = Opening {
        format: FORMAT,
        cluster: ClusterId(0xfeed),
        node: NodeId(id),
    };
    let (mut wal, found) = Wal::open(files, opening, Sizes::default()).expect("a good log");
    let last = found.state.end();
    let members = Members::of_voters([1, 2].map(NodeId));
    let entry = Entry {
        id: LogId {
            term: found.state.hard_state.term,
            index: last.next(),
        },
        body: EntryBody::Membership(members.into()),
    };
    let write = Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: None,
        cut_from: None,
        append: [entry].into(),
        trim_to: None,
        must_sync: true,
    };
    wal.append(&[write]).expect("it has space");
}

/// A second voter that only an entry behind the damage names may have heard of nothing: it is asked
/// before anything is changed, and not taken for one that can help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_that_is_named_behind_a_damaged_command_cannot_help() {
    let mut rig = Rig::started(1).await;
    for n in 10..40 {
        assert_eq!(rig.put(1, &format!("key{n}"), b"value").await.status, 200);
    }
    until_there(&folder(&rig, 1), |path| path.ends_with("members.json")).await;
    rig.stop(1).await;
    append_second_voter(&rig, 1);
    damage_command(&rig, 1, "key20");
    let before = contents(&folder(&rig, 1));
    for _ in 0..2 {
        let why = rig.start(1).expect_err("it does not start").to_string();
        assert!(why.contains("is not what was proposed"), "{why}");
        assert_eq!(contents(&folder(&rig, 1)), before, "nothing was changed");
    }
}

/// And so where the snapshot is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_that_is_named_behind_a_lost_snapshot_cannot_help() {
    let mut rig = with_snapshots(&[1], 1).await;
    fill(&rig, 1, &large()).await;
    until_trimmed(&rig, 1).await;
    rig.stop(1).await;
    append_second_voter(&rig, 1);
    damage_snapshots(&rig, 1);
    is_refused_and_unchanged(&mut rig);
}

/// What the snapshot covers nobody needs any more, damaged or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_command_that_a_snapshot_covers_is_no_loss() {
    let mut rig = Rig::new(1);
    let mut keeping = options(&rig, 1, &[1]);
    keeping.snapshot_keep = Some(19);
    rig.start_with(keeping.clone()).expect("it starts");
    rig.leader().await;
    fill(&rig, 1, "v").await;
    rig.stop(1).await;
    damage_command(&rig, 1, "k0");
    rig.start_with(keeping).expect("it starts");
    rig.leader().await;
    assert_eq!(rig.status(1).await.disk, "clean");
    assert_eq!(rig.get(1, "k0").await.body, "v");
    assert_eq!(rig.put(1, "after", b"1").await.status, 200);
}
