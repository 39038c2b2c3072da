//! Well-formed inputs of today's version, one of each shape. The files in `samples/` are made
//! from these and kept for good, so that what an older version wrote stays readable.

use crate::log::{Memory, OPENING, SIZES};
use raftwerk_core::trace::{Cause, Event, Kind as EventKind, Timer};
use raftwerk_core::*;
use raftwerk_kv::{Command, Expect, Request, Store};
use raftwerk_native::identity::{Addresses, Identity};
use raftwerk_native::wal::{Note, Wal};
use raftwerk_sim::{Act, Claim, Intervention, Op, Run, Setup};
use raftwerk_wire::client::{
    Item, ListPage, MemberChange, MemberList, MemberStatus, Problem, ReadMode, SessionOpened,
    Status, TransferTo, Transferred, Written,
};
use raftwerk_wire::frame::{self, Chunk, Got, PeerHello};
use raftwerk_wire::observe::{Chaos, FromSupervisor, ProcessView, Tell, Told};
use raftwerk_wire::record::{self, Change, Kind, Start};
use raftwerk_wire::snapshot::{Head, sign};
use raftwerk_wire::view::{EventView, LogView, NodeCondition, NodeView, ReadView, VoteView};
use serde::Serialize;
use std::sync::OnceLock;

type Samples = Vec<(&'static str, Vec<u8>)>;

const LANE: Lane = Lane {
    term: Term(7),
    membership: Index(1),
    generation: 300,
};

fn entry(term: u64, index: u64, body: EntryBody) -> Entry {
    let id = LogId::new(term, index);
    Entry { id, body }
}

fn command(term: u64, index: u64, value: &str) -> Entry {
    let request = Request::tagged(2, 1, Command::put("key", value));
    entry(term, index, EntryBody::Command(request.encode().into()))
}

fn joint() -> Members {
    Members {
        outgoing: vec![NodeId(1), NodeId(2), NodeId(3)],
        learners: vec![NodeId(u64::MAX)],
        demote_later: vec![NodeId(2)],
        ..Members::of_voters([3, 4, 1 << 40].map(NodeId))
    }
}

fn entries() -> Vec<Entry> {
    vec![
        entry(6, 200, EntryBody::Noop),
        command(6, 201, "one"),
        entry(7, 202, EntryBody::Membership(joint().into())),
        command(7, 203, ""),
    ]
}

fn snapshot() -> SnapshotMeta {
    SnapshotMeta {
        last: LogId::new(6, 190),
        membership: Membership {
            id: LogId::new(5, 150),
            members: Members::of_voters([1, 2, 3].map(NodeId)),
        },
        bytes: 70_000,
        hash: u64::MAX,
    }
}

/// One body of each kind.
fn messages() -> Vec<(&'static str, Body)> {
    let (lane, round) = (LANE, Round(900));
    let (last, prev) = (LogId::new(6, 199), LogId::new(6, 199));
    let answer = |result| Body::AppendReply {
        lane,
        round,
        result,
        probe: Probe::default(),
    };
    let accepted = AppendResult::Accepted {
        durable: Index(199),
        received: Index(203),
    };
    let refused = AppendResult::Refused {
        probe: prev,
        hint: LogId::new(5, 100),
    };
    let regaining = AppendResult::Regaining {
        durable: Index(120),
        received: Index(150),
    };
    let lacking = AppendResult::Lacking {
        probe: prev,
        hint: LogId::new(5, 100),
    };
    let append = |entries, proof: Option<Proof>| Body::Append {
        lane,
        round,
        prev,
        entries,
        commit: Index(198),
        standing: Standing(proof.map(Box::new)),
    };
    let proof = Proof {
        heard: Probe(u64::MAX),
        before: Span(3_000),
        covers: Index(200),
    };
    let (proposed, request) = (Term(8), 1 << 33);
    let (granted, index) = (true, Some(Index(200)));
    let meta = snapshot();
    let matched = Index(190);
    let membership = LogId::new(5, 150);
    vec![
        ("pre-vote", Body::PreVote { proposed, last }),
        ("pre-vote-reply", Body::PreVoteReply { proposed, granted }),
        (
            "vote",
            Body::Vote {
                last,
                transfer: true,
            },
        ),
        ("vote-reply", Body::VoteReply { granted }),
        ("heartbeat", append(Entries::default(), Some(proof))),
        ("append", append(entries().into(), None)),
        ("accepted", answer(accepted)),
        ("refused", answer(refused)),
        ("outdated", answer(AppendResult::Outdated)),
        ("regaining", answer(regaining)),
        ("lacking", answer(lacking)),
        ("read-index", Body::ReadIndex { request }),
        ("read-index-reply", Body::ReadIndexReply { request, index }),
        (
            "offer",
            Body::SnapshotOffer {
                lane,
                round,
                meta: meta.into(),
            },
        ),
        (
            "offer-reply",
            Body::SnapshotReply {
                lane,
                round,
                matched,
            },
        ),
        ("timeout-now", Body::TimeoutNow { last, lane }),
        ("read-mark", Body::ReadMark { request }),
        (
            "read-mark-reply",
            Body::ReadMarkReply {
                request,
                last: Index(203),
                membership,
            },
        ),
    ]
}

/// Frames of peers.
pub fn frames() -> Samples {
    let hello = PeerHello {
        cluster: ClusterId(u128::MAX / 3),
        node: NodeId(1),
        boot: 5,
        disk: u64::MAX,
        to: NodeId(2),
        founders: 0xdead_beef,
        url: "http://127.0.0.1:7901".to_string(),
    };
    let frame = |body| {
        let message = Message {
            cluster: ClusterId(77),
            from: NodeId(1),
            to: NodeId(2),
            term: Term(7),
            body,
        };
        frame::encode(0, 12, 34, &message).expect("it is short")
    };
    let chunk = Chunk {
        group: 0,
        lane: LANE,
        meta: snapshot(),
        offset: 300,
        bytes: b"some of the state".to_vec(),
    };
    let got = Got {
        group: 0,
        lane: LANE,
        last: LogId::new(6, 190),
        upto: 317,
        staged: true,
    };
    let mut samples = vec![
        ("hello", hello.encode()),
        ("chunk", chunk.encode()),
        ("got", got.encode()),
    ];
    samples.extend(
        messages()
            .into_iter()
            .map(|(name, body)| (name, frame(body))),
    );
    samples
}

/// Records of log files.
pub fn records() -> Samples {
    let record = |kind, change: &Change| {
        let mut out = Vec::new();
        record::push(&mut out, kind, 300, 299, change);
        out
    };
    let mut open = Vec::new();
    let start = Start {
        opening: OPENING,
        hard_state: HardState::default(),
        end: Index(0),
    };
    record::push(&mut open, Kind::Open, 1, 0, &start);
    let change = Change {
        hard_state: Some(HardState {
            term: Term(7),
            vote: Some(NodeId(2)),
        }),
        after: Some(LogId::new(6, 198)),
        cut_from: Some(Index(200)),
        append: entries(),
    };
    vec![
        ("open", open),
        ("empty", record(Kind::Data, &Change::default())),
        ("change", record(Kind::Data, &change)),
    ]
}

/// Log directories: a new one, one of a few writes, one of two files.
pub fn logs() -> Samples {
    let [new, one, two] = logs_made();
    vec![("new", new), ("one-file", one), ("two-files", two)]
}

/// A log in which nothing is wrong.
#[must_use]
pub fn whole_log() -> Vec<u8> {
    static LOG: OnceLock<Vec<u8>> = OnceLock::new();
    LOG.get_or_init(|| {
        let [_, one, _] = logs_made();
        one
    })
    .clone()
}

fn logs_made() -> [Vec<u8>; 3] {
    let write = |term: u64, cut: Option<u64>, append: Vec<Entry>| Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: Some(HardState {
            term: Term(term),
            vote: None,
        }),
        cut_from: cut.map(Index),
        append: append.into(),
        trim_to: None,
        must_sync: true,
    };
    let made = |writes: &[Write]| {
        let files = Memory::default();
        let (mut log, _) = Wal::open(files.clone(), OPENING, SIZES).expect("a new log");
        for write in writes {
            log.append(std::slice::from_ref(write))
                .expect("memory takes it");
        }
        files.input()
    };
    let noop = |term, index| entry(term, index, EntryBody::Noop);
    let few = [
        write(1, None, vec![noop(1, 1), command(1, 2, "a")]),
        write(2, Some(2), vec![noop(2, 2)]),
    ];
    let many: Vec<Write> = (1..=5)
        .map(|at| write(1, None, vec![command(1, at, "value")]))
        .collect();
    [made(&[]), made(&few), made(&many)]
}

/// Notes of a suspect node: the worst, and one whose log was cut already.
pub fn notes() -> Samples {
    let note = |to: Option<u64>, cut| Note {
        suspicion: Suspicion {
            from: Index(2),
            to: to.map(Index),
            since: Term(2),
        },
        hard_state: HardState {
            term: Term(3),
            vote: to.map(|_| NodeId(2)),
        },
        cut,
    };
    let bytes = |note: Note| note.bytes().to_vec();
    vec![
        ("found", bytes(note(None, false))),
        ("cut", bytes(note(Some(9), true))),
    ]
}

/// Snapshot files.
pub fn snapshots() -> Samples {
    let file = |(name, state): (&'static str, Vec<u8>)| {
        let mut meta = snapshot();
        sign(&mut meta, &state);
        let head = Head::new(ClusterId(77), meta).encode();
        (name, [head.expect("it is short"), state].concat())
    };
    stores().into_iter().map(file).collect()
}

/// Every request.
pub fn requests() -> Samples {
    let cas = |expect, value: Option<&str>| Command::CompareAndSet {
        key: b"key"[..].into(),
        expect,
        value: value.map(|value| value.as_bytes().into()),
    };
    let plain = |command| Request::from(command).encode();
    let old = Expect::Value(b"old"[..].into());
    vec![
        ("put", plain(Command::put("key", "value"))),
        ("delete", plain(Command::delete("key"))),
        ("if-absent", plain(cas(Expect::Absent, Some("new")))),
        ("if-value", plain(cas(old, None))),
        (
            "if-revision",
            plain(cas(Expect::Revision(1 << 40), Some(""))),
        ),
        ("open", plain(Command::OpenSession)),
        ("close", plain(Command::CloseSession { session: 9 })),
        (
            "tagged",
            Request::tagged(7, 1, Command::put("k", [0xff])).encode(),
        ),
    ]
}

/// Snapshots of the store: an empty one, and one with keys, sessions with answers and a history.
pub fn stores() -> Samples {
    let mut store = Store::new();
    let empty = store.encode();
    let requests = [
        Request::from(Command::put("a", "1")),
        Command::OpenSession.into(),
        Request::tagged(2, 1, Command::put("b", "2")),
        Command::put("a", "3").into(),
        Command::delete("b").into(),
        Command::OpenSession.into(),
        Request::tagged(6, 4, Command::delete("a")),
        Command::put("c", [0, 0xff]).into(),
    ];
    for (at, request) in requests.iter().enumerate() {
        store.apply(at as u64 + 1, 1_000 + at as u64, &request.encode());
    }
    vec![("empty", empty), ("full", store.encode())]
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("samples can be written")
}

/// What a page hears.
pub fn told() -> Samples {
    let tell = |number, told| Tell {
        node: 1,
        boot: u64::MAX,
        number,
        clock: 5_000_000,
        told,
    };
    let hello = Told::Hello {
        protocol: 1,
        cluster: "4d".to_string(),
        members: vec![(1, "http://127.0.0.1:7001".to_string())],
        chaos: true,
    };
    let view = NodeView {
        id: 1,
        term: 3,
        votes: vec![VoteView {
            node: 2,
            granted: None,
        }],
        log: LogView {
            entries: entries().iter().map(Into::into).collect(),
            ..LogView::default()
        },
        reads: vec![ReadView {
            waits_for: "a round".to_string(),
            round: Some(4),
            index: None,
            count: 2,
        }],
        ..NodeView::default()
    };
    let event = EventView {
        id: 9,
        step: 0,
        cause: Some(8),
        event: Event {
            node: NodeId(1),
            at: Time(5),
            term: Term(3),
            cause: Cause::Timer(Timer::Election),
            kind: EventKind::SentTimeoutNow {
                to: NodeId(2),
                last: LogId::new(3, 9),
            },
        },
    };
    let processes = FromSupervisor::Processes {
        nodes: vec![ProcessView {
            node: 1,
            condition: NodeCondition::Frozen,
            pid: None,
            url: String::new(),
        }],
        chaos: false,
    };
    let gap = Told::Gap { from: 3, to: 90 };
    vec![
        ("hello", json(&tell(0, hello))),
        ("view", json(&tell(0, Told::View(Box::new(view))))),
        ("event", json(&tell(7, Told::Event(Box::new(event))))),
        (
            "gap",
            json(&FromSupervisor::Node(Box::new(tell(0, gap.clone())))),
        ),
        (
            "kept",
            json(&FromSupervisor::Kept {
                age_ms: 9,
                tell: Box::new(tell(0, gap)),
            }),
        ),
        ("processes", json(&processes)),
    ]
}

/// Bodies of the client API.
pub fn bodies() -> Samples {
    let item = Item {
        key: "k\u{2603}".to_string(),
        value: "\"".to_string(),
        lossy: true,
        create_revision: 2,
        mod_revision: 5,
        version: 2,
    };
    let groups = vec![vec![1, 2], vec![3]];
    let page = ListPage {
        items: vec![item.clone()],
        more: true,
        revision: 9,
    };
    let written = Written {
        revision: 9,
        previous: Some(item.clone()),
        deleted: Some(false),
    };
    let problem = Problem {
        status: 412,
        kind: "compare_failed".to_string(),
        revision: Some(7),
        ..Problem::default()
    };
    let members = MemberList {
        leader: Some(1),
        members: vec![MemberStatus::default()],
    };
    vec![
        ("partition", json(&Chaos::Partition { groups })),
        ("crash", json(&Chaos::Crash { node: u64::MAX })),
        ("problem", json(&problem)),
        ("status", json(&Status::default())),
        ("page", json(&page)),
        ("written", json(&written)),
        ("session", json(&SessionOpened { session: 1 })),
        ("item", json(&item)),
        ("promote", json(&MemberChange::Promote { id: 4 })),
        ("replace", json(&MemberChange::Replace { id: 1, by: 4 })),
        ("add", json(&MemberChange::Add { id: 9, url: url() })),
        ("members", json(&members)),
        ("transfer", json(&TransferTo { to: Some(2) })),
        ("transferred", json(&Transferred { leader: 2 })),
    ]
}

fn url() -> String {
    "http://[::1]:7878".to_string()
}

/// Small files of a data directory.
pub fn files() -> Samples {
    let identity = Identity {
        format: 1,
        cluster: "17".to_string(),
        node: 3,
        disk: "00000000000000ff".to_string(),
        founders: vec![1, 2, 3],
    };
    let addresses = Addresses::from([(1, url()), (2, "http://b.example:80".to_string())]);
    vec![
        ("identity", json(&identity)),
        ("addresses", json(&addresses)),
        ("removed", json(&true)),
        ("cluster", CLUSTER.to_vec()),
    ]
}

/// `cluster.json` of `raftwerk play`; only that makes one.
const CLUSTER: &[u8] =
    br#"{"format":1,"cluster":"00000000000000000000000000000011","nodes":3,"ports":[7901,7902,7903]}"#;

fn lines(samples: &[(&'static str, &str)]) -> Samples {
    let bytes = |(name, text): &(&'static str, &str)| (*name, text.as_bytes().to_vec());
    samples.iter().map(bytes).collect()
}

/// Headers of requests.
pub fn headers() -> Samples {
    lines(&[
        (
            "page",
            "host: 127.0.0.1:7878\norigin: http://127.0.0.1:7878\naccept-encoding: br;q=0.1, gzip\n\
             if-none-match: W/\"tag\", *",
        ),
        (
            "session",
            "host: localhost\nraftwerk-session: 18446744073709551615\nraftwerk-sequence: 1",
        ),
        ("six", "host: [::1]:1"),
    ])
}

/// Values of flags.
pub fn flags() -> Samples {
    lines(&[
        ("cluster", "ffffffffffffffffffffffffffffffff"),
        ("member", "18446744073709551615=http://[::1]:7878"),
        ("endpoint", "http://b.example:80/"),
    ])
}

/// Names of files.
pub fn names() -> Samples {
    lines(&[
        ("segment", "log-00000000000000ff.rwl"),
        ("snapshot", "190-6.snap"),
        ("staged", "18446744073709551615-0.staged"),
    ])
}

/// Places of nodes in an address.
pub fn places() -> Samples {
    lines(&[("two", "1.500.1000-9.120.0"), ("one", "65535.0.0")])
}

/// Where peers say that they are reached.
pub fn urls() -> Samples {
    let plain = "http://raft-3.example:7878/".to_string();
    vec![("name", plain.into_bytes()), ("six", url().into_bytes())]
}

/// Paths with queries.
pub fn queries() -> Samples {
    [
        ("plain", "/v1/kv/a/b?read=stale"),
        ("encoded", "/v1/kv/a%2Fb%00?prev&if_revision=0"),
        (
            "list",
            "/v1/kv/?prefix=a+b%e2%82%ac&after=z&limit=18446744073709551615",
        ),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .to_vec()
}

/// Scenario files.
pub fn scenarios() -> Samples {
    let cold_start = include_bytes!("../../../static/scenarios/cold-start.json");
    vec![("cold-start", cold_start.to_vec())]
}

/// Runs: a playground with every intervention, and storms.
pub fn runs() -> Samples {
    let key = || "x".to_string();
    let value = key;
    let get = |mode| Op::Get { key: key(), mode };
    let ask = |op| Intervention::Ask {
        client: 1,
        node: 2,
        op,
    };
    let cas = Op::CompareAndSet {
        key: key(),
        expect: None,
        value: value(),
    };
    let put = Op::Put {
        key: key(),
        value: value(),
    };
    let done = vec![
        Intervention::Crash(1),
        Intervention::Restart(1),
        Intervention::Freeze(2),
        Intervention::Thaw(2),
        Intervention::TimeOut(3),
        Intervention::StallDisk(3),
        Intervention::ResumeDisk(3),
        Intervention::Isolate(4),
        Intervention::Reconnect(4),
        Intervention::Cut { from: 1, to: 2 },
        Intervention::Restore { from: 1, to: 2 },
        Intervention::Partition(vec![vec![1, 2], vec![3, 4, 5]]),
        Intervention::Heal,
        Intervention::Drop(1),
        Intervention::Deliver(2),
        Intervention::Duplicate(3),
        Intervention::Transfer { node: 1, to: None },
        Intervention::Reconfigure {
            node: 1,
            voters: vec![1, 2, 3],
            learners: vec![4],
        },
        ask(put),
        ask(get(ReadMode::Follower)),
        ask(Op::Delete { key: key() }),
        ask(cas),
    ];
    let acts = (0u64..).zip(done).map(|(at, what)| Act { at, what });
    let by_hand = Run {
        setup: Setup::playground(5, 1),
        acts: acts.collect(),
        until: 1_000,
        claim: None,
    };
    let mut setup = Setup::storm(1);
    setup.disk.lies = 3;
    let storm = Run {
        setup,
        acts: vec![Act {
            at: 7,
            what: Intervention::Heal,
        }],
        until: 50_000,
        claim: Some(Claim {
            check: "Election safety".to_string(),
            detail: "two leaders".to_string(),
            event: 12,
            hash: 13,
        }),
    };
    vec![
        ("word", by_hand.to_word().into_bytes()),
        ("storm-word", storm.to_word().into_bytes()),
        ("file", json(&by_hand)),
        ("storm-file", json(&storm)),
    ]
}
