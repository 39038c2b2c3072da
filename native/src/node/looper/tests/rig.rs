//! A loop with all that it needs, and what is seen of it from outside.

use super::super::*;
use crate::identity::{DataDir, PeerDisks};
use crate::node::PeerUrl;
use crate::node::logbook::LogThread;
use crate::observe::Observer;
use crate::snapshots::folder::Folder;
use crate::snapshots::{Hears, Report};
use crate::wal::faulty::MemFiles;
use crate::wal::{Sizes, Wal};
use raftwerk_core::{ClusterId, Config, Durable, Members, Write, WriteSeq};
use raftwerk_kv::Command;
use raftwerk_wire::frame::{Got, PeerHello};
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

pub struct Rig {
    pub inbox: Arc<Inbox>,
    pub observer: Arc<Observer>,
    pub files: MemFiles,
    pub folder: Folder<MemFiles>,
    end: Join,
    pub path: std::path::PathBuf,
    _lines: LogThread,
}

pub fn start() -> Rig {
    let (looper, rig) = build(false);
    let end = std::thread::spawn(move || looper.run());
    rig(end)
}

pub type Join = std::thread::JoinHandle<Result<(), NodeError>>;

/// The loop, not running yet, and what is left when it runs.
pub fn build(lease_reads: bool) -> (Looper, impl FnOnce(Join) -> Rig) {
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
        snapshots: Snapshots::start(folder, (path.clone(), 0), hears),
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
    pub fn put(&self, value: &str) -> Written {
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

    pub fn end(self) -> Result<(), NodeError> {
        let end = self.end.join().expect("no panic");
        std::fs::remove_dir_all(self.path).expect("clean up");
        end
    }
}

pub fn view(rig: &Rig) -> raftwerk_wire::view::NodeView {
    let (reply, view) = oneshot::channel();
    rig.inbox.urgent(Urgent::View(reply));
    *view.blocking_recv().expect("a view")
}
