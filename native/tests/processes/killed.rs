//! kill -9 of random nodes at random moments, again and again, under write load (paper 5.4,
//! thesis 3.8; traps D1, D2, D3, C1, C3).
//!
//! What must hold afterwards: every acknowledged write is there; a write of a session that was
//! retried until it was acknowledged was done once; all nodes have the same digest; and each log
//! was recovered as what it was, a torn tail said as one. Some logs are torn by hand in between,
//! as if the machine had lost its power in the middle of a write. The seed is fixed; the moments
//! still differ from run to run, because the machine has a say in them.

use super::rig::{BOUND, Fleet};
use futures_util::StreamExt;
use hyper::http::Method;
use raftwerk_wire::client::{HEADER_SEQUENCE, HEADER_SESSION, Item, ListPage, SessionOpened};
use raftwerk_wire::observe::{Tell, Told};
use raftwerk_wire::record::Header;
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

const NODES: usize = 3;
const SEED: u64 = 0x5eed_0001;
/// Rounds of killing; each kills one to three nodes.
const ROUNDS: u64 = 60;
/// Writers with keys of their own, and writers with a session and one key each.
const WRITERS: u64 = 3;
const SESSIONS: u64 = 2;
/// A round begins when so many writes were acknowledged since the last one.
const BETWEEN: u64 = 12;

const TIMING: [&str; 6] = [
    "--heartbeat-ms",
    "30",
    "--election-ms-min",
    "150",
    "--election-ms-max",
    "300",
];

/// Seeded random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    async fn pause(&mut self, longest_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.below(longest_ms))).await;
    }
}

/// What the writers did.
#[derive(Default)]
struct Load {
    acknowledged: AtomicU64,
    /// Writes that ended as "may or may not have happened".
    unknown: AtomicU64,
    enough: AtomicBool,
}

/// Writes keys that nobody else writes, at any node; gives those that were acknowledged.
async fn write(to: Arc<Door>, load: Arc<Load>, writer: u64) -> Vec<(String, String)> {
    let (mut random, mut kept) = (Random(SEED ^ writer), Vec::new());
    for number in 0.. {
        if load.enough.load(SeqCst) {
            break;
        }
        let key = format!("w{writer}/{number:06}");
        let value = "v".repeat(usize::try_from(random.below(300)).unwrap()) + &number.to_string();
        match to
            .put(random.below(NODES as u64) + 1, &key, &[], &value)
            .await
        {
            Some(200) => {
                load.acknowledged.fetch_add(1, SeqCst);
                kept.push((key, value));
            }
            Some(504) => drop(load.unknown.fetch_add(1, SeqCst)),
            // Refused, or nobody there. Not so fast, then.
            Some(503) | None => random.pause(20).await,
            Some(other) => panic!("{key}: {other}"),
        }
    }
    kept
}

/// Writes one key in a session, each write until it is acknowledged; gives how many there were.
async fn write_once_each(to: Arc<Door>, load: Arc<Load>, writer: u64) -> u64 {
    let mut random = Random(SEED ^ (100 + writer));
    let session = loop {
        match to.open_session(random.below(NODES as u64) + 1).await {
            Some(session) => break session.to_string(),
            None => random.pause(20).await,
        }
    };
    let mut done = 0;
    while !load.enough.load(SeqCst) {
        let headers = [
            (HEADER_SESSION, session.clone()),
            (HEADER_SEQUENCE, (done + 1).to_string()),
        ];
        let (key, value) = (format!("s{writer}"), (done + 1).to_string());
        loop {
            let node = random.below(NODES as u64) + 1;
            match to.put(node, &key, &headers, &value).await {
                Some(200) => break,
                Some(503 | 504) | None => random.pause(20).await,
                Some(other) => panic!("{key}, sequence {}: {other}", done + 1),
            }
        }
        done += 1;
        load.acknowledged.fetch_add(1, SeqCst);
    }
    done
}

/// Who sends requests while nodes come and go.
struct Door {
    urls: Vec<String>,
    client: raftwerk_native::client::Client,
}

impl Door {
    async fn ask(
        &self,
        node: u64,
        method: Method,
        path: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Option<raftwerk_native::client::Response> {
        super::rig::ask(
            &self.client,
            &self.urls[node as usize - 1],
            method,
            path,
            headers,
            body,
        )
        .await
        .ok()
    }

    /// The status of the answer; `None`: there was none.
    async fn put(
        &self,
        node: u64,
        key: &str,
        headers: &[(&'static str, String)],
        value: &str,
    ) -> Option<u16> {
        let path = format!("/v1/kv/{key}");
        let answer = self.ask(node, Method::PUT, &path, headers, value).await?;
        Some(answer.status.as_u16())
    }

    async fn open_session(&self, node: u64) -> Option<u64> {
        let answer = self
            .ask(node, Method::POST, "/v1/sessions", &[], "")
            .await?;
        let opened: SessionOpened = serde_json::from_slice(&answer.body).ok()?;
        Some(opened.session)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_killing_again_and_again() {
    killed_under_load(ROUNDS, &[]).await;
}

/// The same with a snapshot every few moments: nodes are killed while they take one, while they
/// receive one, and while their logs lose the beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_while_snapshots_are_taken_and_sent() {
    let flags = ["--snapshot-entries", "15", "--snapshot-keep", "2"];
    let fleet = killed_under_load(ROUNDS / 2, &flags).await;
    let mut installed = 0;
    for id in fleet.ids() {
        assert!(fleet.metric(id, "snapshot_index").await.unwrap() > 0);
        installed += fleet.metric(id, "snapshots_installed_total").await.unwrap();
    }
    println!("{installed} snapshots installed in the last lives");
}

async fn killed_under_load(rounds: u64, flags: &[&str]) -> Fleet {
    let mut fleet = Fleet::start(NODES, &[&TIMING[..], flags].concat());
    let load = Arc::new(Load::default());
    let door = Arc::new(Door {
        urls: fleet.ids().iter().map(|id| fleet.url(*id)).collect(),
        client: raftwerk_native::client::Client::default(),
    });
    let writers: Vec<_> = (1..=WRITERS)
        .map(|writer| tokio::spawn(write(Arc::clone(&door), Arc::clone(&load), writer)))
        .collect();
    let sessions: Vec<_> = (1..=SESSIONS)
        .map(|writer| {
            tokio::spawn(write_once_each(
                Arc::clone(&door),
                Arc::clone(&load),
                writer,
            ))
        })
        .collect();

    let torn = kill_again_and_again(&mut fleet, &load, rounds).await;
    assert!(torn > 0, "no log was torn in {rounds} rounds");

    load.enough.store(true, SeqCst);
    let mut expected = BTreeMap::new();
    for writer in writers {
        expected.extend(writer.await.unwrap());
    }
    fleet.leader_of(&fleet.ids()).await;
    let held = everything(&fleet).await;
    for (key, value) in &expected {
        let found = held
            .get(key)
            .unwrap_or_else(|| panic!("{key} was acknowledged and is gone"));
        assert_eq!(found.value, *value, "{key}");
        assert_eq!(found.version, 1, "{key} was written once");
    }
    for (writer, done) in (1..).zip(sessions) {
        let done = done.await.unwrap();
        let found = &held[&format!("s{writer}")];
        assert_eq!(
            (found.value.as_str(), found.version),
            (done.to_string().as_str(), done),
            "every write of session {writer} exactly once"
        );
    }
    let digests = digests(&fleet).await;
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
    println!(
        "{} acknowledged, {} unknown, {torn} logs torn",
        load.acknowledged.load(SeqCst),
        load.unknown.load(SeqCst)
    );
    fleet
}

/// The killing; gives how many logs were torn when a node was started again.
async fn kill_again_and_again(fleet: &mut Fleet, load: &Load, rounds: u64) -> u64 {
    let (mut random, mut torn) = (Random(SEED), 0);
    for round in 0..rounds {
        let goal = load.acknowledged.load(SeqCst) + BETWEEN;
        let end = Instant::now() + BOUND;
        while load.acknowledged.load(SeqCst) < goal {
            assert!(
                Instant::now() < end,
                "round {round}: no write is acknowledged any more"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        random.pause(60).await;
        let mut victims = vec![match fleet.believed_leader().await {
            Some(leader) if random.below(2) == 0 => leader,
            _ => random.below(NODES as u64) + 1,
        }];
        for id in fleet.ids() {
            // Now and then a majority, or all.
            if !victims.contains(&id) && random.below(4) == 0 {
                victims.push(id);
            }
        }
        for id in &victims {
            fleet.kill(*id);
        }
        random.pause(120).await;
        for id in victims {
            let log = newest_log(&fleet.data(id).join("log"));
            if random.below(3) == 0 {
                tear(&log, &mut random);
            }
            let expected = is_torn(&log);
            fleet.restart(id);
            let said = fleet.condition_of(id).await;
            assert_eq!(said.contains("torn tail"), expected, "node {id}: {said}");
            assert!(expected || said == "clean", "node {id}: {said}");
            torn += u64::from(expected);
        }
    }
    torn
}

fn newest_log(folder: &Path) -> PathBuf {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().path());
    let logs = names.filter(|path| path.extension().is_some_and(|end| end == "rwl"));
    logs.max().unwrap()
}

/// Where the last whole record of a log file ends.
fn end_of_records(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(header) = bytes.get(at..).and_then(Header::read) {
        if header.body(&bytes[at..]).is_none() {
            break;
        }
        at += header.record_bytes();
    }
    at
}

/// Whether anything but zeros follows the last whole record, or there is none in the last file.
fn is_torn(log: &Path) -> bool {
    let bytes = std::fs::read(log).unwrap();
    let end = end_of_records(&bytes).min(bytes.len());
    end == 0 || bytes[end..].iter().any(|byte| *byte != 0)
}

/// Leaves what a power cut in the middle of a write leaves: some of the bytes of a next record.
fn tear(log: &Path, random: &mut Random) {
    let bytes = std::fs::read(log).unwrap();
    let end = end_of_records(&bytes);
    let junk: Vec<u8> = (0..=random.below(200)).map(|n| n as u8 | 1).collect();
    let file = std::fs::OpenOptions::new().write(true).open(log).unwrap();
    file.write_all_at(&junk, end as u64).unwrap();
}

/// Every key, read from the leader page by page.
pub async fn everything(fleet: &Fleet) -> BTreeMap<String, Item> {
    let mut all = BTreeMap::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/kv?limit=1000{after}");
        let answer = fleet.send(1, Method::GET, &path, &[], "").await.unwrap();
        let page: ListPage = serde_json::from_slice(&answer.body).unwrap();
        let last = page.items.last().map(|item| item.key.clone());
        all.extend(page.items.into_iter().map(|item| (item.key.clone(), item)));
        match last {
            Some(last) if page.more => after = format!("&after={last}"),
            _ => return all,
        }
    }
}

/// Digest and revision of every node, when each has applied what the first one has.
pub async fn digests(fleet: &Fleet) -> Vec<(u64, u64)> {
    let end = Instant::now() + BOUND;
    loop {
        let mut all = Vec::new();
        for id in fleet.ids() {
            all.push(digest(&fleet.url(id)).await);
        }
        if all.iter().all(|(_, revision)| *revision == all[0].1) {
            return all;
        }
        assert!(Instant::now() < end, "they do not catch up: {all:?}");
    }
}

async fn digest(url: &str) -> (u64, u64) {
    let url = format!("{}/v1/observe", url.replace("http://", "ws://"));
    let (mut stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    loop {
        let next = tokio::time::timeout(BOUND, stream.next()).await;
        let message = next.expect("silence").unwrap().unwrap();
        let Ok(text) = message.to_text() else {
            continue;
        };
        if let Ok(Tell {
            told: Told::View(view),
            ..
        }) = serde_json::from_str::<Tell>(text)
        {
            return (view.store.digest, view.store.revision);
        }
    }
}
