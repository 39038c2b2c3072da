//! The loop of a single node over a log in memory, fed through its inbox.

use super::*;
use crate::identity::{DataDir, PeerDisks};
use crate::node::PeerUrl;
use crate::node::answer::Result as Answered;
use crate::node::logbook::LogThread;
use crate::observe::{After, Observer};
use crate::snapshots::boot::{self, Found};
use crate::snapshots::folder::Folder;
use crate::snapshots::{Hears, Report};
use crate::wal::faulty::MemFiles;
use crate::wal::{Sizes, Wal};
use raftwerk_core::trace::{Cause, Kind};
use raftwerk_core::{
    Body, ClusterId, Config, Durable, Entry, EntryBody, Lane, LogId, Members, Message, Payload,
    ReadPath, Round, Standing, Term, Write, WriteSeq,
};
use raftwerk_kv::Command;
use raftwerk_wire::frame::{Got, PeerHello};
use raftwerk_wire::observe::Told;
use raftwerk_wire::record::{FORMAT, Opening};
use std::sync::atomic::AtomicU64;
use tokio::sync::oneshot;

/// The write that a new node begins with.
fn bootstrap(durable: &Durable) -> Write {
    Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: Some(durable.hard_state),
        cut_from: None,
        append: durable.entries.clone().into(),
        trim_to: None,
        must_sync: true,
    }
}

struct Hearing(Arc<Inbox>);

impl Hears for Hearing {
    fn report(&self, report: Report) {
        self.0.urgent(Urgent::Snapshot(report));
    }

    fn answer(&self, _: u64, _: Got) {}
}

struct Rig {
    inbox: Arc<Inbox>,
    observer: Arc<Observer>,
    files: MemFiles,
    folder: Folder<MemFiles>,
    end: Join,
    path: std::path::PathBuf,
    _lines: LogThread,
}

fn start() -> Rig {
    let (looper, rig) = build(false);
    let end = std::thread::spawn(move || looper.run());
    rig(end)
}

type Join = std::thread::JoinHandle<Result<(), NodeError>>;

/// The loop, not running yet, and what is left when it runs.
fn build(lease_reads: bool) -> (Looper, impl FnOnce(Join) -> Rig) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Relaxed);
    let path = std::env::temp_dir().join(format!("raftwerk-loop-{}-{number}", std::process::id()));
    let dir = DataDir::lock(&path).expect("free");
    let (node, cluster, files) = (NodeId(1), ClusterId(1), MemFiles::default());
    let opening = Opening {
        format: FORMAT,
        cluster,
        node,
    };
    let (mut wal, _) = Wal::open(files.clone(), opening, Sizes::default()).expect("a new log");
    let durable = Durable::bootstrap(&Members::of_voters([node]));
    wal.append(&[bootstrap(&durable)]).expect("no fault");
    let mut config = Config::demo(node, cluster, 1);
    (config.switches.lease_reads, config.switches.snapshots) = (lease_reads, true);
    let (log, lines) = Logbook::start(1);
    let (metrics, inbox) = (Arc::new(Metrics::default()), Arc::new(Inbox::default()));
    let observer = Arc::new(Observer::new(1, 7, Arc::clone(&metrics)));
    let hello = PeerHello {
        cluster,
        node,
        boot: 7,
        disk: 1,
        to: node,
        founders: 0,
        url: "http://127.0.0.1:1".to_string(),
    };
    let url = PeerUrl::parse("http://127.0.0.1:1").expect("good");
    let peers = Arc::new(Peers::new(crate::peers::Parts {
        hello,
        timing: config.timing,
        urls: BTreeMap::from([(1, url)]),
        moved: BTreeMap::new(),
        flags: String::new(),
        disks: PeerDisks::new(dir).expect("readable"),
        inbox: Arc::clone(&inbox),
        observer: Arc::clone(&observer),
        metrics: Arc::clone(&metrics),
        log: log.clone(),
    }));
    let report_to = Arc::clone(&inbox);
    let report = move |report| report_to.urgent(Urgent::Disk(report));
    let folder = Folder::new(MemFiles::default(), cluster);
    let (install_in, kept) = (folder.clone(), folder.clone());
    let install = move |last| install_in.install(last);
    let hears = Hearing(Arc::clone(&inbox));
    let looper = Looper::new(Parts {
        raft: Raft::boot(config, durable, clock::now()).expect("good"),
        store: Store::new(),
        inbox: Arc::clone(&inbox),
        flusher: Flusher::start((wal, 0), Arc::clone(&metrics), install, report),
        snapshots: Snapshots::start(folder, path.clone(), hears),
        peers,
        telling: Telling::new(Arc::clone(&observer)),
        metrics,
        log,
        leader: watch::Sender::default(),
        status: Status::default(),
    });
    let rig = move |end| Rig {
        inbox,
        observer,
        files,
        folder: kept,
        end,
        path,
        _lines: lines,
    };
    (looper, rig)
}

impl Rig {
    /// Writes until the node leads and takes it.
    fn put(&self, value: &str) -> Written {
        loop {
            let command = raftwerk_kv::Request::from(Command::put("x", value))
                .encode()
                .into();
            let (reply, answer) = oneshot::channel();
            self.inbox
                .request(Request::Write { command, reply })
                .expect("room");
            match answer.blocking_recv().expect("an answer") {
                Written::Refused(_) => std::thread::sleep(Duration::from_millis(5)),
                written => return written,
            }
        }
    }

    fn end(self) -> Result<(), NodeError> {
        let end = self.end.join().expect("no panic");
        std::fs::remove_dir_all(self.path).expect("clean up");
        end
    }
}

/// A command in which one bit has flipped since it was made.
fn damaged_command() -> Payload {
    let mut command = raftwerk_kv::Request::from(Command::put("x", "2")).encode();
    command[5] ^= 1;
    assert!(!raftwerk_kv::Request::is_intact(&command));
    command.into()
}

#[test]
fn a_damaged_write_is_not_taken() {
    let rig = start();
    rig.put("1");
    let (reply, answer) = oneshot::channel();
    let command = damaged_command();
    let request = Request::Write { command, reply };
    rig.inbox.request(request).expect("room");
    assert!(matches!(answer.blocking_recv(), Ok(Written::Damaged)));
    // It is in no log, and the node goes on.
    assert!(matches!(rig.put("3"), Written::Applied { .. }));
    let now = view(&rig);
    assert_eq!((now.commit, now.store.revision), (4, 3));
    rig.inbox.urgent(Urgent::Stop);
    rig.end().expect("a clean end");
}

/// One bit of a command flips behind the door: the core has it, and it is committed.
#[test]
fn a_damaged_entry_is_not_executed_and_ends_the_node() {
    let (mut looper, rig) = build(false);
    looper.turn(Batch::default());
    while looper.parts.raft.view().applied() < Index(2) {
        let batch = looper.parts.inbox.take(looper.sleep());
        looper.turn(batch);
    }
    let (reply, answer) = oneshot::channel();
    let ticket = looper.next_ticket;
    let Parts { raft, telling, .. } = &mut looper.parts;
    telling.input();
    let taken = raft.propose(clock::now(), Ticket(ticket), damaged_command());
    taken.expect("it leads");
    telling.events(raft);
    looper.wait(ticket, Waiting::Write(reply));
    let rig = rig(std::thread::spawn(move || looper.run()));
    assert!(answer.blocking_recv().is_err(), "it is not answered");
    let end = rig.end().expect_err("it ends");
    assert!(end.to_string().contains("damaged in the memory"), "{end}");
}

/// A leader whose memory damages an entry before the others have it: none of them takes it, so it is
/// sent again, and then the leader looks and stops. A first try, and one with entries that are whole,
/// costs no look and ends nothing.
#[test]
fn a_leader_stops_that_would_send_a_damaged_entry_again() {
    let (mut looper, rig) = build(false);
    let whole = raftwerk_kv::Request::from(Command::put("x", "1")).encode();
    let append = |to: u64, commands: Vec<Payload>| {
        let entries = commands.into_iter().zip(2..).map(|(command, index)| Entry {
            id: LogId::new(1, index),
            body: EntryBody::Command(command),
        });
        let body = Body::Append {
            lane: Lane::default(),
            round: Round(0),
            prev: LogId::new(1, 1),
            entries: entries.collect(),
            commit: Index(0),
            standing: Standing::default(),
        };
        Output::Send(Message {
            cluster: ClusterId(1),
            from: NodeId(1),
            to: NodeId(to),
            term: Term(1),
            body,
        })
    };
    let whole = || whole.clone().into();
    let mut goes_on = |output| {
        looper.output(output, &mut None);
        looper.ended.is_none()
    };
    assert!(goes_on(append(2, vec![whole()])));
    assert!(
        goes_on(append(2, vec![whole(), damaged_command()])),
        "first"
    );
    assert!(
        goes_on(append(3, vec![whole(), damaged_command()])),
        "first"
    );
    assert!(goes_on(append(2, vec![])), "a heartbeat");
    assert!(goes_on(append(2, vec![whole()])), "the whole one again");
    assert!(!goes_on(append(2, vec![whole(), damaged_command()])));
    let end = looper.ended.take().expect("it ends").expect_err("an error");
    assert!(end.to_string().contains("entry 1:3"), "{end}");
    let path = rig(std::thread::spawn(|| Ok(()))).path;
    drop(looper);
    std::fs::remove_dir_all(path).expect("clean up");
}

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

#[test]
fn it_writes_reads_and_ends() {
    let rig = start();
    assert!(matches!(
        rig.put("1"),
        Written::Applied {
            answer: Answer::Put { revision: 2, .. },
            term: 1
        }
    ));
    let (reply, answer) = oneshot::channel();
    let what = Query::Get((*b"x").into());
    let read = Request::Read {
        path: Some(ReadPath::Leader),
        what,
        reply,
    };
    rig.inbox.request(read).expect("room");
    let Ok(Read::Found(found)) = answer.blocking_recv() else {
        panic!("a result")
    };
    assert_eq!((found.revision, found.term, found.age_ms), (2, 1, None));
    assert!(matches!(found.result, Answered::Item(Some(item)) if *item.value == *b"1"));
    rig.inbox.urgent(Urgent::Stop);
    assert!(rig.end().is_ok());
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

#[test]
fn events_are_linked_to_what_led_to_them() {
    let rig = start();
    rig.put("1");
    let subscription = rig.observer.subscribe().expect("room");
    let (reply, view) = oneshot::channel();
    rig.inbox.urgent(Urgent::View(reply));
    assert_eq!(view.blocking_recv().expect("a view").commit, 3);
    rig.put("2");
    rig.inbox.urgent(Urgent::Stop);
    let observer = Arc::clone(&rig.observer);
    rig.end().expect("a clean end");
    let After::Items(items) = observer.after(0) else {
        panic!("nothing is lost yet")
    };
    let events: Vec<_> = items
        .iter()
        .filter_map(|item| match &item.told {
            Told::Event(event) => Some((**event).clone()),
            _ => None,
        })
        .collect();
    // The start is told as it was, although the first write came before anybody watched.
    let begun = &events[0].event;
    assert!(
        matches!(begun.kind, Kind::Booted { term: Term(0), last, .. } if last.index == Index(1)),
        "{begun:?}"
    );
    assert_eq!((begun.cause, begun.term), (Cause::Boot, Term(0)));
    assert!(begun.at < events[1].event.at);
    let find = |fits: &dyn Fn(&Kind) -> bool| {
        events
            .iter()
            .find(|e| fits(&e.event.kind))
            .expect("it is told")
    };
    let appended = find(&|k| matches!(k, Kind::AppendedCommand { .. }));
    let persisted = find(&|k| matches!(k, Kind::Persisted { .. }));
    let committed = find(&|k| matches!(k, Kind::Committed { .. }));
    let applying = find(&|k| matches!(k, Kind::Applying { .. }));
    assert!(matches!(persisted.event.cause, Cause::Disk(_)));
    assert_eq!(persisted.cause, Some(appended.id));
    assert_eq!(committed.cause, Some(persisted.id));
    assert_eq!(applying.cause, Some(committed.id));
    assert_eq!(appended.cause, None);
    drop(subscription);
}

/// Trap L6: the clock is looked at again after the value was read, and a read that comes too late
/// is asked for again: this node still leads, so its client is told the value and no trouble.
#[test]
fn a_lease_that_is_over_when_the_value_is_there_is_not_served_from() {
    let (mut looper, rig) = build(true);
    looper.turn(Batch::default());
    while looper.parts.raft.view().applied() < Index(2) {
        let batch = looper.parts.inbox.take(looper.sleep());
        looper.turn(batch);
    }
    let read_at = |looper: &mut Looper, until| {
        let (reply, answer) = oneshot::channel();
        let ticket = looper.next_ticket;
        looper.wait(ticket, Waiting::Read(Query::Get((*b"x").into()), reply));
        let (ticket, index) = (Ticket(ticket), Index(2));
        let output = Output::ReadAt {
            ticket,
            index,
            until,
        };
        looper.output(output, &mut None);
        answer
    };
    for in_time in [None, Some(Time::NEVER)] {
        let mut answer = read_at(&mut looper, in_time);
        assert!(matches!(answer.try_recv(), Ok(Read::Found(_))));
    }
    let mut answer = read_at(&mut looper, Some(Time(1)));
    assert!(answer.try_recv().is_err(), "the lease was over long ago");
    looper.drain(clock::now());
    assert!(matches!(answer.try_recv(), Ok(Read::Found(_))));
    let reads = looper.parts.metrics.reads.load(Relaxed);
    assert_eq!((reads, looper.waiting.len()), (3, 0));
    let path = rig(std::thread::spawn(|| Ok(()))).path;
    drop(looper);
    std::fs::remove_dir_all(path).expect("clean up");
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

fn view(rig: &Rig) -> raftwerk_wire::view::NodeView {
    let (reply, view) = oneshot::channel();
    rig.inbox.urgent(Urgent::View(reply));
    *view.blocking_recv().expect("a view")
}
