//! `raftwerk play` as a person starts it: real processes, real signals, real disk.
//!
//! Nothing here measures time: waiting is polling with a generous bound.

// A test that cannot go on says so best by a panic at the place.
#![allow(clippy::unwrap_used)]

use futures_util::StreamExt;
use hyper::http::{HeaderMap, HeaderValue, Method};
use raftwerk_native::client::{Limits, Response, request};
use raftwerk_wire::client::Status;
use raftwerk_wire::observe::{FromSupervisor, ProcessView, Told};
use raftwerk_wire::view::NodeCondition;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const PROGRAM: &str = env!("CARGO_BIN_EXE_raftwerk");
const BOUND: Duration = Duration::from_secs(60);

/// A running supervisor; killed when dropped, and its nodes with it.
struct Play {
    child: Child,
    url: String,
}

impl Play {
    fn start(data: &Path, nodes: u64) -> Play {
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

    fn cli(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).args(["--endpoint", &self.url]);
        command.output().unwrap()
    }

    /// Repeats a command until it succeeds, and gives what it printed.
    fn said(&self, words: &[&str]) -> String {
        let mut said = String::new();
        until(&format!("{words:?}"), || {
            let output = self.cli(words);
            said = String::from_utf8(output.stdout).unwrap();
            output.status.success()
        });
        said
    }

    async fn ask(
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
    async fn chaos(&self, fault: &str) -> (u16, String) {
        let answer = self.ask(Method::POST, "/v1/chaos", &[], fault).await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        (answer.status.as_u16(), text)
    }

    async fn fault(&self, what: &str, node: u64) {
        let fault = format!(r#"{{"fault":"{what}","node":{node}}}"#);
        let (status, text) = self.chaos(&fault).await;
        assert_eq!(status, 200, "{what} {node}: {text}");
    }

    async fn status(&self, node: u64) -> Option<Status> {
        let path = format!("/v1/cluster?node={node}");
        let answer = self.ask(Method::GET, &path, &[], "").await;
        serde_json::from_slice(&answer.body).ok()
    }

    /// The node that says that it leads, in a term of at least `term`; and the term.
    async fn leader(&self, nodes: u64, term: u64) -> (u64, u64) {
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
    async fn observe(&self, nodes: usize) -> (Vec<ProcessView>, Vec<FromSupervisor>) {
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

    async fn pids(&self) -> Vec<u32> {
        let (processes, _) = self.observe(1).await;
        processes.iter().filter_map(|process| process.pid).collect()
    }

    fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id()), signal).unwrap();
    }

    fn end(&mut self) -> ExitStatus {
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

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// Whether a process runs; one that only waits to be collected by its parent does not.
fn runs(number: u32) -> bool {
    let zombie = std::fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .unwrap_or("")
            .trim_start()
            .starts_with('Z')
    });
    test_kill_process(pid(number)).is_ok() && !zombie
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < end, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_survives_the_crash_of_its_leader_and_a_full_stop() {
    let place = tempfile::tempdir().unwrap();
    let mut play = Play::start(place.path(), 3);
    play.said(&["put", "city", "Basel"]);
    let (first, term) = play.leader(3, 0).await;

    play.fault("crash", first).await;
    let (status, text) = play
        .chaos(&format!(r#"{{"fault":"crash","node":{first}}}"#))
        .await;
    assert_eq!(status, 409, "{text}");
    let pinned = play
        .ask(Method::GET, &format!("/v1/kv/city?node={first}"), &[], "")
        .await;
    assert_eq!(pinned.status.as_u16(), 503);
    let (second, _) = play.leader(3, term + 1).await;
    assert_ne!(first, second);
    assert_eq!(play.said(&["get", "city"]), "Basel");
    play.said(&["put", "river", "Rhine"]);

    play.fault("restart", first).await;
    until("the answer of the restarted node", || {
        let text = play.cli(&["status", "--json"]).stdout;
        let status: Value = serde_json::from_slice(&text).unwrap_or_default();
        let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
        nodes.len() == 3 && nodes.iter().all(|node| node["reachable"] == true)
    });
    let pids = play.pids().await;
    assert_eq!(pids.len(), 3);
    play.signal(Signal::TERM);
    assert!(play.end().success());
    assert!(!pids.iter().any(|pid| runs(*pid)), "{pids:?}");

    let play = Play::start(place.path(), 3);
    assert_eq!(play.said(&["get", "city"]), "Basel");
    assert_eq!(play.said(&["get", "river", "--read", "follower"]), "Rhine");
    assert_eq!(play.said(&["list"]), "city\tBasel\nriver\tRhine\n");
    let mut busy = Command::new(PROGRAM);
    busy.args(["play", "--no-open", "--port", "0", "--data"]);
    let busy = busy.arg(place.path()).output().unwrap();
    assert_eq!(busy.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&busy.stderr).contains("another `raftwerk play`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_real_and_the_stream_tells_them() {
    let place = tempfile::tempdir().unwrap();
    let play = Play::start(place.path(), 3);
    play.said(&["put", "a", "1"]);
    let (leader, term) = play.leader(3, 0).await;

    play.fault("freeze", leader).await;
    let (next, second) = play.leader(3, term + 1).await;
    let (processes, items) = play.observe(3).await;
    let frozen = |process: &&ProcessView| process.condition == NodeCondition::Frozen;
    let frozen: Vec<u64> = processes
        .iter()
        .filter(frozen)
        .map(|process| process.node)
        .collect();
    assert_eq!(frozen, [leader]);
    let old = |item: &FromSupervisor| match item {
        FromSupervisor::Kept { tell, .. } => tell.node == leader,
        _ => false,
    };
    assert!(
        items.iter().any(old),
        "the last word of the frozen node is passed on"
    );
    assert_eq!(play.said(&["get", "a"]), "1");
    play.fault("thaw", leader).await;

    // The old leader is back as a follower; cut off, the new one must lose its office.
    let split = format!(r#"{{"fault":"partition","groups":[[{next}]]}}"#);
    let (status, text) = play.chaos(&split).await;
    assert_eq!(status, 200, "{text}");
    let (third, term) = play.leader(3, second + 1).await;
    assert_ne!(third, next);
    // Cuts outlive a restart of the node that carries them out.
    play.fault("crash", next).await;
    play.fault("restart", next).await;
    play.said(&["put", "a", "2"]);
    let behind = || async {
        play.status(next)
            .await
            .is_some_and(|said| said.leader.is_none())
    };
    let end = Instant::now() + BOUND;
    while !behind().await {
        assert!(
            Instant::now() < end,
            "the node that is cut off knows a leader"
        );
    }
    assert_eq!(play.chaos(r#"{"fault":"heal"}"#).await.0, 200);
    let words = ["get", "a", "--read", "follower"];
    assert_eq!(play.said(&words), "2");
    play.fault("time_out", third).await;
    play.leader(3, term).await;

    assert_eq!(play.chaos(r#"{"fault":"crash","node":9}"#).await.0, 404);
    assert_eq!(
        play.chaos(r#"{"fault":"cut","from":1,"to":1}"#).await.0,
        400
    );
    assert_eq!(play.chaos(r#"{"fault":"dance"}"#).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_nothing_outlives_the_supervisor() {
    let place = tempfile::tempdir().unwrap();
    let mut play = Play::start(place.path(), 2);
    play.said(&["put", "a", "1"]);
    let evil = [("origin", "http://evil.example")];
    for (method, path) in [
        (Method::POST, "/v1/chaos"),
        (Method::PUT, "/v1/kv/a"),
        (Method::DELETE, "/v1/kv/a"),
        (Method::POST, "/v1/sessions"),
    ] {
        let answer = play.ask(method, path, &evil, r#"{"fault":"heal"}"#).await;
        assert_eq!(answer.status.as_u16(), 403, "{path}");
    }
    let url = play.url.replace("http://", "ws://") + "/v1/observe";
    let mut foreign = url.into_client_request().unwrap();
    foreign
        .headers_mut()
        .insert("origin", HeaderValue::from_static("null"));
    assert!(tokio_tungstenite::connect_async(foreign).await.is_err());
    let own = [("origin", play.url.as_str())];
    assert_eq!(
        play.ask(Method::PUT, "/v1/kv/a", &own, "2")
            .await
            .status
            .as_u16(),
        200
    );
    assert_eq!(play.said(&["get", "a"]), "2");

    // One is frozen, so only the system can end it.
    play.fault("freeze", 1).await;
    let pids = play.pids().await;
    assert_eq!(pids.len(), 2);
    play.signal(Signal::KILL);
    play.end();
    until("the end of the nodes", || {
        !pids.iter().any(|pid| runs(*pid))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_an_answer_is_told_as_unknown() {
    let place = tempfile::tempdir().unwrap();
    let play = Play::start(place.path(), 1);
    play.said(&["put", "a", "1"]);
    // Stopped behind the back of the supervisor, which therefore sends the request there.
    let node = play.pids().await[0];
    kill_process(pid(node), Signal::STOP).unwrap();
    let (put, read) = std::thread::scope(|threads| {
        let put = threads.spawn(|| play.cli(&["put", "a", "2", "--json"]));
        let read = threads.spawn(|| play.cli(&["get", "a"]));
        (put.join().unwrap(), read.join().unwrap())
    });
    kill_process(pid(node), Signal::CONT).unwrap();
    assert_eq!(put.status.code(), Some(2), "{put:?}");
    let said: serde_json::Value = serde_json::from_slice(&put.stdout).unwrap();
    assert_eq!(said["outcome"], "unknown");
    assert!(
        said["detail"].as_str().unwrap().contains("may or may not"),
        "{said}"
    );
    assert_eq!(
        read.status.code(),
        Some(1),
        "a read changes nothing: {read:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_is_not_waited_for() {
    let place = tempfile::tempdir().unwrap();
    let play = Play::start(place.path(), 3);
    play.said(&["put", "a", "1"]);
    let pids = play.pids().await;

    // Stopped behind the back of the supervisor, which hears of it from the next leader. Tried
    // again when an election was over before the request was sent, or took too long.
    let (mut leader, mut term, mut meetings) = (0, 0, 0);
    loop {
        (leader, term) = play.leader(3, term + u64::from(leader > 0)).await;
        let stopped = pid(pids[usize::try_from(leader).unwrap() - 1]);
        kill_process(stopped, Signal::STOP).unwrap();
        let put = play.ask(Method::PUT, "/v1/kv/a", &[], "2").await;
        let said = String::from_utf8_lossy(&put.body).into_owned();
        assert!(matches!(put.status.as_u16(), 200 | 504), "{put:?}");
        if put.status == 504 && said.contains("another leads") {
            break;
        }
        kill_process(stopped, Signal::CONT).unwrap();
        meetings += 1;
        assert!(meetings < 8, "the last answer: {said}");
    }

    // Frozen from the page while a request waits for exactly this node.
    let path = format!("/v1/kv/a?node={leader}");
    let (put, ()) = tokio::join!(play.ask(Method::PUT, &path, &[], "3"), async {
        // Whichever comes first: down when it is asked, or frozen while it is waited for.
        tokio::time::sleep(Duration::from_millis(200)).await;
        play.fault("freeze", leader).await;
    });
    let said = String::from_utf8_lossy(&put.body).into_owned();
    assert!(
        (put.status == 504 && said.contains("was frozen")) || put.status == 503,
        "{put:?}"
    );
    play.fault("thaw", leader).await;
    play.leader(3, term + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_one_form_and_say_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let play = Play::start(place.path(), 1);
    play.said(&["put", "a", "1"]);
    let (long, longer) = ("x".repeat((1 << 20) + 1), "x".repeat(4 << 20));
    for (method, path, body, status, says) in [
        (Method::PUT, "/v1/kv/", "1", 400, "the key is empty"),
        (Method::PUT, "/v1/kv/a", &long, 413, "1048576 bytes"),
        (Method::PUT, "/v1/kv/a", &longer, 413, "bytes"),
        (
            Method::PUT,
            "/v1/kv/a?if_revision=x",
            "1",
            400,
            "whole number",
        ),
        (
            Method::GET,
            "/v1/kv/a?read=often",
            "",
            400,
            "leader, lease, follower, quorum or stale",
        ),
        (Method::GET, "/v1/kv/a?read=%ff", "", 400, "UTF-8"),
        (Method::GET, "/v1/kv/a?node=x", "", 400, "by its number"),
        (Method::GET, "/v1/kv/a?node=7", "", 404, "no node 7"),
        (Method::POST, "/v1/kv/a", "", 405, "Allow"),
        (Method::GET, "/v1/chaos", "", 405, "Allow"),
        (Method::POST, "/v1/chaos", "{", 400, "it looks like"),
        (Method::POST, "/v1/chaos", &long, 413, "65536 bytes"),
        (Method::GET, "/v1/observe", "", 426, "ws://"),
        (Method::GET, "/v1/peer", "", 404, "nothing at"),
        (Method::GET, "/metrics", "", 404, "/metrics"),
        (Method::GET, "/v1/", "", 404, "nothing at"),
    ] {
        let answer = play.ask(method.clone(), path, &[], body).await;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, status, "{method} {path}: {said}");
        let form = &answer.headers["content-type"];
        assert_eq!(form, "application/problem+json", "{method} {path}");
        assert!(said.contains(says), "{method} {path}: {said}");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let place = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = |words: &[&str]| {
        let output = Command::new(PROGRAM)
            .args(words)
            .current_dir(&place)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, why) = run(&["play", "--no-open", "--port", &port]);
    assert_eq!(code, Some(1));
    assert!(
        why.contains(&format!("port {port}")) && why.contains("--port"),
        "{why}"
    );
    let (code, why) = run(&["get", "a", "--endpoint", "http://127.0.0.1:1"]);
    assert_eq!(code, Some(1));
    assert!(why.contains("raftwerk play"), "{why}");
    assert_eq!(
        run(&["dance"]).0,
        Some(1),
        "2 means that the outcome is unknown"
    );
    assert_eq!(run(&["--help"]).0, Some(0));
    let wrong = Command::new(PROGRAM)
        .args(["put", "--json"])
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!(
        (wrong.status.code(), &said["kind"]),
        (Some(1), &"usage".into())
    );
    std::fs::create_dir_all(place.path().join("data/play")).unwrap();
    let file = r#"{"format":1,"cluster":"1","nodes":3,"ports":[]}"#;
    std::fs::write(place.path().join("data/play/cluster.json"), file).unwrap();
    let (code, why) = run(&["play", "--no-open", "--port", "0", "--nodes", "5"]);
    assert_eq!(code, Some(1));
    assert!(why.contains("of 3 nodes, not 5"), "{why}");
}
