//! A cluster of `raftwerk node` processes on loopback, each with its own directory.

use hyper::http::{HeaderMap, HeaderName, HeaderValue, Method};
use raftwerk_native::client::{Client, ClientError, Limits, Response};
use raftwerk_wire::client::{Problem, Status};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_raftwerk");
/// Longest wait for anything.
pub const BOUND: Duration = Duration::from_secs(60);
/// Ports are taken from here on: below those that the system gives to outgoing connections, so
/// that nobody takes the port of a node that is down.
const FIRST_PORT: u16 = 21_000;
const PORTS: u16 = 9_000;

/// The processes; all are killed when it is dropped.
pub struct Fleet {
    place: tempfile::TempDir,
    ports: Vec<u16>,
    children: Vec<Option<Child>>,
    /// So many are first members; the others join.
    first: usize,
    /// Through whom they do.
    through: String,
    flags: Vec<String>,
    client: Client,
}

impl Fleet {
    /// Starts so many nodes with these further flags.
    pub fn start(count: usize, flags: &[&str]) -> Fleet {
        let mut fleet = Fleet {
            place: tempfile::tempdir().unwrap(),
            ports: ports(count),
            children: (0..count).map(|_| None).collect(),
            first: count,
            through: String::new(),
            flags: flags.iter().map(ToString::to_string).collect(),
            client: Client::default(),
        };
        for id in fleet.ids() {
            fleet.restart(id);
        }
        fleet
    }

    /// Starts one more node, which joins through another.
    pub fn join(&mut self, through: u64) -> u64 {
        let (id, url) = (self.ports.len() as u64 + 1, self.url(through));
        self.ports.extend(ports(1));
        self.children.push(None);
        self.through = url;
        self.restart(id);
        id
    }

    /// Another one for each fleet: one of another test that takes the port of a node that is down
    /// must not be taken for that node.
    fn cluster(&self) -> String {
        format!("{:x}{:04x}", std::process::id(), self.ports[0])
    }

    pub fn ids(&self) -> Vec<u64> {
        (1..=self.ports.len() as u64).collect()
    }

    pub fn url(&self, id: u64) -> String {
        format!("http://127.0.0.1:{}", self.ports[id as usize - 1])
    }

    pub fn data(&self, id: u64) -> PathBuf {
        self.place.path().join(format!("node-{id}"))
    }

    /// Starts a node that is down, on the data it has.
    pub fn restart(&mut self, id: u64) {
        let first = (1..=self.first as u64).map(|id| format!("{id}={}", self.url(id)));
        let members: Vec<String> = first.collect();
        let place = if id <= self.first as u64 {
            ["--initial-cluster".to_string(), members.join(",")].to_vec()
        } else {
            let (own, through) = (self.url(id), self.through.clone());
            [
                "--advertise".to_string(),
                own,
                "--join".to_string(),
                through,
            ]
            .to_vec()
        };
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.place.path().join(format!("node-{id}.log")))
            .unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .args(["node", "--exit-with-parent", "--cluster", &self.cluster()])
            .args(["--id", &id.to_string()])
            .args(["--listen", &self.url(id)["http://".len()..]])
            .args(place)
            .args(&self.flags)
            .arg("--data")
            .arg(self.data(id))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        let slot = &mut self.children[id as usize - 1];
        assert!(slot.is_none(), "node {id} runs");
        *slot = Some(command.spawn().unwrap());
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self, id: u64) {
        let mut child = self.children[id as usize - 1].take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn signal(&self, id: u64, signal: Signal) {
        let child = self.children[id as usize - 1].as_ref().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub async fn send(
        &self,
        id: u64,
        method: Method,
        path: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<Response, ClientError> {
        ask(&self.client, &self.url(id), method, path, headers, body).await
    }

    pub async fn status(&self, id: u64) -> Option<Status> {
        let answer = self.send(id, Method::GET, "/v1/cluster", &[], "").await;
        serde_json::from_slice(&answer.ok()?.body).ok()
    }

    /// One of the numbers that a node tells; `None`: it does not answer.
    pub async fn metric(&self, id: u64, name: &str) -> Option<u64> {
        let answer = self.send(id, Method::GET, "/metrics", &[], "").await.ok()?;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let start = format!("raftwerk_{name}{{node=\"{id}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        Some(line.unwrap().parse().unwrap())
    }

    /// Waits until a node ends by itself; gives the end of what it said.
    pub async fn last_words(&mut self, id: u64) -> String {
        let end = Instant::now() + BOUND;
        let child = self.children[id as usize - 1].as_mut().unwrap();
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "node {id} goes on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.children[id as usize - 1] = None;
        let log = self.place.path().join(format!("node-{id}.log"));
        let text = std::fs::read_to_string(log).unwrap();
        text.lines().next_back().unwrap_or_default().to_string()
    }

    /// The leader that some node believes in at this moment.
    pub async fn believed_leader(&self) -> Option<u64> {
        for id in self.ids() {
            if let Some(said) = self.status(id).await {
                return said.leader;
            }
        }
        None
    }

    /// What a node that was just started says about its log.
    pub async fn condition_of(&mut self, id: u64) -> String {
        let end = Instant::now() + BOUND;
        loop {
            if let Some(said) = self.status(id).await {
                return said.disk;
            }
            let child = self.children[id as usize - 1].as_mut().unwrap();
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "node {id} does not start: {ended:?}");
            assert!(Instant::now() < end, "node {id} does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The leader that all these nodes follow.
    pub async fn leader_of(&self, nodes: &[u64]) -> u64 {
        let end = Instant::now() + BOUND;
        loop {
            let mut leaders = Vec::new();
            for id in nodes {
                leaders.push(self.status(*id).await.and_then(|said| said.leader));
            }
            if let Some(leader) = leaders[0]
                && leaders.iter().all(|other| *other == leaders[0])
                && nodes.contains(&leader)
            {
                return leader;
            }
            assert!(Instant::now() < end, "no leader: {leaders:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Sends one request.
pub async fn ask(
    client: &Client,
    url: &str,
    method: Method,
    path: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> Result<Response, ClientError> {
    let pairs = headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    });
    let headers = HeaderMap::from_iter(pairs);
    let (url, body) = (format!("{url}{path}"), body.to_string());
    client
        .request(method, &url, headers, body, Limits::default())
        .await
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.children.iter_mut().flatten() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            for id in self.ids() {
                let log = self.place.path().join(format!("node-{id}.log"));
                let text = std::fs::read_to_string(log).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                let from = lines.len().saturating_sub(30);
                eprintln!("--- node {id}\n{}", lines[from..].join("\n"));
            }
        }
    }
}

/// Free ports, none of them given out twice in this process.
fn ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Those of two processes begin far from each other.
    let start = std::process::id().wrapping_mul(997) % u32::from(PORTS);
    let start = u16::try_from(start).unwrap();
    let mut found = Vec::new();
    for _ in 0..PORTS {
        if found.len() == count {
            break;
        }
        let place = (start + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let port = FIRST_PORT + place;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            found.push(port);
        }
    }
    assert_eq!(found.len(), count, "no free ports");
    found
}

/// The error in an answer.
pub fn problem(answer: &Response) -> Problem {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no problem: {answer:?}"))
}
