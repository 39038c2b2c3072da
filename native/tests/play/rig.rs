//! A supervisor and its nodes, real processes on real disks.

use futures_util::StreamExt;
use hyper::http::{HeaderMap, HeaderValue, Method};
use raftwerk_native::client::{Limits, Response, request};
use raftwerk_wire::client::Status;
use raftwerk_wire::observe::{FromSupervisor, ProcessView, Told};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_raftwerk");
pub const BOUND: Duration = Duration::from_secs(60);

/// A running supervisor; killed when dropped, and its nodes with it.
pub struct Play {
    child: Child,
    pub url: String,
}

impl Play {
    pub fn start(data: &Path, nodes: u64) -> Play {
        let mut child = Command::new(PROGRAM)
            .args(["play", "--no-open", "--port", "0"])
            .args(["--nodes", &nodes.to_string()])
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.strip_prefix("Raftwerk runs on ").unwrap().to_string();
        // Whatever follows is read, so that the supervisor never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Play { child, url }
    }

    pub fn cli(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).args(["--endpoint", &self.url]);
        command.output().unwrap()
    }

    /// Repeats a command until it succeeds, and gives what it printed.
    pub fn said(&self, words: &[&str]) -> String {
        let mut said = String::new();
        until(&format!("{words:?}"), || {
            let output = self.cli(words);
            said = String::from_utf8(output.stdout).unwrap();
            output.status.success()
        });
        said
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Response {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
        let headers = HeaderMap::from_iter(pairs);
        let url = format!("{}{path}", self.url);
        let body = body.to_string();
        request(method, &url, headers, body, Limits::default())
            .await
            .unwrap()
    }

    /// Asks for a fault; gives the status and the text of the answer.
    pub async fn chaos(&self, fault: &str) -> (u16, String) {
        let answer = self.ask(Method::POST, "/v1/chaos", &[], fault).await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        (answer.status.as_u16(), text)
    }

    pub async fn fault(&self, what: &str, node: u64) {
        let fault = format!(r#"{{"fault":"{what}","node":{node}}}"#);
        let (status, text) = self.chaos(&fault).await;
        assert_eq!(status, 200, "{what} {node}: {text}");
    }

    pub async fn status(&self, node: u64) -> Option<Status> {
        let path = format!("/v1/cluster?node={node}");
        let answer = self.ask(Method::GET, &path, &[], "").await;
        serde_json::from_slice(&answer.body).ok()
    }

    /// The node that says that it leads, in a term of at least `term`; and the term.
    pub async fn leader(&self, nodes: u64, term: u64) -> (u64, u64) {
        let end = Instant::now() + BOUND;
        while Instant::now() < end {
            for node in 1..=nodes {
                let said = self.status(node).await;
                if let Some(said) = said.filter(|said| said.role == "leader" && said.term >= term) {
                    return (node, said.term);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no leader from term {term} on");
    }

    /// The first items of the stream, up to and with the state of each node.
    pub async fn observe(&self, nodes: usize) -> (Vec<ProcessView>, Vec<FromSupervisor>) {
        let url = self.url.replace("http://", "ws://") + "/v1/observe";
        let (mut stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let (mut processes, mut items, mut views) = (Vec::new(), Vec::new(), Vec::new());
        while views.len() < nodes {
            let next = tokio::time::timeout(BOUND, stream.next())
                .await
                .expect("silence");
            let Message::Text(text) = next.unwrap().unwrap() else {
                continue;
            };
            let item: FromSupervisor = serde_json::from_str(&text).unwrap();
            match &item {
                FromSupervisor::Processes { nodes, .. } => processes.clone_from(nodes),
                FromSupervisor::Node(tell) | FromSupervisor::Kept { tell, .. } => {
                    if matches!(tell.told, Told::View(_)) && !views.contains(&tell.node) {
                        views.push(tell.node);
                    }
                }
                FromSupervisor::Stream { .. } => {}
            }
            items.push(item);
        }
        (processes, items)
    }

    pub async fn pids(&self) -> Vec<u32> {
        let (processes, _) = self.observe(1).await;
        processes.iter().filter_map(|process| process.pid).collect()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id()), signal).unwrap();
    }

    pub fn end(&mut self) -> ExitStatus {
        let mut status = None;
        until("the end of the supervisor", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// Whether a process runs; one that only waits to be collected by its parent does not.
pub fn runs(number: u32) -> bool {
    let zombie = std::fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .unwrap_or("")
            .trim_start()
            .starts_with('Z')
    });
    test_kill_process(pid(number)).is_ok() && !zombie
}

pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < end, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}
