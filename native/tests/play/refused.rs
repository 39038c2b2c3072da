//! Strangers, errors, and what cannot be done.

use super::rig::{PROGRAM, Play, runs, until};
use hyper::http::{HeaderValue, Method};
use rustix::process::Signal;
use std::process::Command;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

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
