//! Streams of snapshots, with the other end of the connection in the hands of the test.

use super::*;
use crate::identity::{DataDir, PeerDisks};
use crate::metrics::Metrics;
use crate::node::PeerUrl;
use crate::node::inbox::Inbox;
use crate::node::logbook::Logbook;
use crate::observe::Observer;
use crate::peers::Parts;
use raftwerk_core::{ClusterId, Config, LogId, Term};
use raftwerk_wire::frame::{Incoming, PeerHello, decode};
use raftwerk_wire::snapshot::sign;

const CLUSTER: ClusterId = ClusterId(1);

pub(in crate::peers) struct Rig {
    pub(in crate::peers) peers: Arc<Peers>,
    pub(in crate::peers) inbox: Arc<Inbox>,
    place: tempfile::TempDir,
}

/// Node 1 with a connection to node 2 that is up, as far as it knows.
pub(in crate::peers) fn rig() -> Rig {
    let place = tempfile::tempdir().expect("a folder");
    let dir = DataDir::lock(&place.path().join("data")).expect("free");
    let (node, to) = (NodeId(1), NodeId(2));
    let (metrics, inbox) = (Arc::new(Metrics::default()), Arc::new(Inbox::default()));
    let url = PeerUrl::parse("http://127.0.0.1:1").expect("good");
    let peers = Arc::new(Peers::new(Parts {
        hello: PeerHello {
            cluster: CLUSTER,
            node,
            boot: 7,
            disk: 1,
            to,
            founders: 0,
            url: url.to_string(),
        },
        timing: Config::server(node, CLUSTER, 1).timing,
        urls: BTreeMap::from([(2, url)]),
        moved: BTreeMap::new(),
        flags: String::new(),
        disks: PeerDisks::new(dir).expect("readable"),
        inbox: Arc::clone(&inbox),
        observer: Arc::new(Observer::new(1, 7, Arc::clone(&metrics))),
        metrics,
        log: Logbook::start(1).0,
    }));
    peers.dialers().runtime = Some(tokio::runtime::Handle::current());
    peers.find(2).expect("known").up.store(true, SeqCst);
    Rig {
        peers,
        inbox,
        place,
    }
}

fn lane() -> Lane {
    Lane {
        term: Term(3),
        ..Lane::default()
    }
}

impl Rig {
    /// A snapshot in a file, and the places where it is looked for.
    fn file(&self, length: usize) -> (SnapshotMeta, Vec<u8>, [PathBuf; 2]) {
        let state: Vec<u8> = (0..length).map(|n| (n / 7) as u8).collect();
        let mut meta = SnapshotMeta {
            last: LogId::new(2, 90),
            ..SnapshotMeta::default()
        };
        sign(&mut meta, &state);
        let head = Head::new(CLUSTER, meta.clone()).encode().expect("short");
        let path = self.place.path().join("90-2.staged");
        std::fs::write(&path, [head, state.clone()].concat()).expect("writable");
        (meta, state, [self.place.path().join("90-2.snap"), path])
    }

    /// The next chunk that would go out.
    async fn next(&self) -> Chunk {
        let link = self.peers.find(2).expect("known");
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let (Some(frame), _) = link.next_bulk() {
                let Ok(Incoming::Chunk(chunk)) = decode(&frame) else {
                    panic!("only chunks are sent");
                };
                return *chunk;
            }
            assert!(Instant::now() < end, "nothing is sent");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn answer(&self, last: LogId, upto: u64, staged: bool) {
        let got = Got {
            group: 0,
            lane: lane(),
            last,
            upto,
            staged,
        };
        self.peers.got(2, got);
    }

    /// How the stream ended, and whether the own file was at fault.
    async fn end(&self) -> (Streamed, bool) {
        let inbox = Arc::clone(&self.inbox);
        let taken = spawn_blocking(move || inbox.take(Duration::from_secs(20))).await;
        let mut urgent = taken.expect("no panic").urgent;
        assert_eq!(urgent.len(), 1);
        match urgent.pop_front() {
            Some(Urgent::Streamed {
                to: NodeId(2),
                outcome,
                damaged,
                ..
            }) => (outcome, damaged),
            other => panic!("{other:?}"),
        }
    }
}

/// Trap S7: the peer says what it has and is sent the rest, chunk by chunk, whatever is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s7_a_stream_sends_what_is_lacking_and_again_what_is_lost() {
    let rig = rig();
    let (meta, state, paths) = rig.file(500_000);
    let mut there = state[..200_000].to_vec();
    rig.peers.stream(2, lane(), meta.clone(), paths);
    let first = rig.next().await;
    assert_eq!((first.offset, first.bytes.len()), (0, 0), "it asks first");
    assert_eq!((first.lane, &first.meta), (lane(), &meta));
    rig.answer(meta.last, there.len() as u64, false);
    let mut chunks = 0;
    while there.len() < state.len() {
        let chunk = rig.next().await;
        chunks += 1;
        if chunks == 2 {
            // Lost; and an answer of before comes late.
            rig.answer(meta.last, 200_000 + SNAPSHOT_CHUNK_BYTES as u64, false);
            continue;
        }
        assert_eq!(chunk.offset, there.len() as u64);
        assert!(chunk.bytes.len() <= SNAPSHOT_CHUNK_BYTES);
        there.extend(chunk.bytes);
        let whole = there.len() == state.len();
        rig.answer(LogId::new(2, 89), 7, true);
        rig.answer(meta.last, there.len() as u64, whole);
    }
    assert_eq!((there, chunks), (state, 4));
    assert_eq!(rig.end().await, (Streamed::Delivered, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_given_up_when_its_peer_throws_everything_away() {
    let rig = rig();
    let (meta, _, paths) = rig.file(1_000);
    rig.peers.stream(2, lane(), meta.clone(), paths);
    rig.next().await;
    rig.answer(meta.last, 0, false);
    for _ in 0..=SNAPSHOT_RESTARTS {
        rig.next().await;
        rig.answer(meta.last, 500, false);
        rig.next().await;
        rig.answer(meta.last, 0, false);
    }
    assert_eq!(rig.end().await, (Streamed::Failed, false));
}

/// What has rotted here is sent to nobody, and another one is wanted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_not_sent() {
    let rig = rig();
    let (meta, _, paths) = rig.file(300_000);
    let mut bytes = std::fs::read(&paths[1]).expect("readable");
    bytes[250_000] ^= 1;
    std::fs::write(&paths[1], bytes).expect("writable");
    rig.peers.stream(2, lane(), meta.clone(), paths.clone());
    assert_eq!(rig.end().await, (Streamed::Failed, true));
    let other = SnapshotMeta {
        last: LogId::new(2, 91),
        ..meta
    };
    rig.peers.stream(2, lane(), other.clone(), paths.clone());
    assert_eq!(rig.end().await, (Streamed::Failed, true));
    // One that was removed, as a newer one took its place, is no damage.
    std::fs::remove_file(&paths[1]).expect("it is there");
    rig.peers.stream(2, lane(), other, paths);
    assert_eq!(rig.end().await, (Streamed::Failed, false));
    assert!(rig.peers.find(2).expect("known").bulk().is_empty());
}
