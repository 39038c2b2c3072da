//! Crashes, freezes and cuts: what the page asks for happens to real processes.

use super::rig::{BOUND, PROGRAM, Play, runs, until};
use hyper::http::Method;
use raftwerk_wire::observe::{FromSupervisor, ProcessView};
use raftwerk_wire::view::NodeCondition;
use rustix::process::Signal;
use serde_json::Value;
use std::process::Command;
use std::time::Instant;

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
