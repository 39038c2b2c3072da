//! Nodes that were removed: they stay away, say so, and are forgotten (thesis 4.2.2).

use super::rig::Rig;
use axum::http::Method;
use raftwerk_native::NodeOptions;
use raftwerk_native::client::Response;
use raftwerk_native::node::Learned;
use raftwerk_wire::client::Status;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Four places; three nodes are the first members, and the fourth is to join them.
async fn three_of_four() -> Rig {
    let mut rig = Rig::new(4);
    for id in 1..=3 {
        let mut options = rig.options(id);
        options.initial_cluster.pop();
        rig.start_with(options).expect("it starts");
    }
    rig.leader_of(&[1, 2, 3]).await;
    rig
}

/// What node 4 is started with, each time.
fn joining(rig: &Rig) -> NodeOptions {
    let mut options = rig.options(4);
    options.initial_cluster.clear();
    options.join = vec![rig.url(1).to_string(), rig.url(2).to_string()];
    options.advertise = Some(rig.url(4).to_string());
    options.learned = Some(Learned {
        founders: vec![1, 2, 3],
        urls: rig.urls[..3].to_vec(),
    });
    options
}

/// Asks for a change of members until it is done.
async fn change(rig: &Rig, id: u64, body: &str) -> Response {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let path = "/v1/cluster/members";
        let answer = rig.send(id, Method::POST, path, &[], body.as_bytes()).await;
        let answer = answer.expect("answers");
        if answer.status == 200 {
            return answer;
        }
        assert!(Instant::now() < end, "{body}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a node says something of itself.
async fn until(rig: &Rig, id: u64, so: impl Fn(&Status) -> bool) -> Status {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let status = rig.status(id).await;
        if so(&status) {
            return status;
        }
        assert!(Instant::now() < end, "{status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn names(status: &Status, id: u64) -> bool {
    status.members.iter().any(|member| member.id == id)
}

/// Where a node keeps that others are reached.
fn addresses(rig: &Rig, id: u64) -> BTreeMap<u64, String> {
    let path = rig.path.join(format!("node-{id}/addresses.json"));
    let text = std::fs::read(path).unwrap_or_else(|_| b"{}".to_vec());
    serde_json::from_slice(&text).expect("addresses")
}

/// Waits until nobody of the first three keeps an address of node 4.
async fn until_forgotten(rig: &Rig) {
    let end = Instant::now() + Duration::from_secs(60);
    while (1..=3).any(|id| addresses(rig, id).contains_key(&4)) {
        assert!(Instant::now() < end, "{:?}", addresses(rig, 1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_node_stays_away_over_restarts_until_it_is_added_again() {
    let mut rig = three_of_four().await;
    rig.start_with(joining(&rig)).expect("it starts");
    until(&rig, 4, |status| names(status, 4)).await;
    assert!(addresses(&rig, 1).contains_key(&4));
    change(&rig, 1, r#"{"do":"remove","id":4}"#).await;
    let status = until(&rig, 4, |status| status.removed).await;
    assert!(!names(&status, 4), "{status:?}");
    until_forgotten(&rig).await;

    // Started as ever, it does not ask to be taken in.
    rig.stop(4).await;
    rig.start_with(joining(&rig)).expect("it starts");
    assert!(rig.status(4).await.removed, "from the start");
    assert_eq!(rig.put(1, "x", b"1").await.status, 200);
    change(&rig, 2, r#"{"do":"demote","id":3}"#).await;
    let status = rig.status(1).await;
    assert!(!names(&status, 4) && rig.status(4).await.removed);

    // Whoever removed it may take it back.
    let add = format!(r#"{{"do":"add","id":4,"url":"{}"}}"#, rig.url(4));
    change(&rig, 2, &add).await;
    let status = until(&rig, 4, |status| !status.removed && names(status, 4)).await;
    until(&rig, 4, |now| now.applied >= status.last).await;
    rig.stop(4).await;
    rig.start_with(joining(&rig)).expect("it starts");
    assert!(!rig.status(4).await.removed, "it is a member");
}

/// It is told of its removal when it is back, long after the others have forgotten it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_down_when_it_was_removed_is_told_when_it_is_back() {
    let mut rig = Rig::started(4).await;
    rig.stop(4).await;
    change(&rig, 1, r#"{"do":"remove","id":4}"#).await;
    until_forgotten(&rig).await;
    rig.start(4).expect("it starts");
    until(&rig, 4, |status| status.removed).await;
    until_forgotten(&rig).await;
    rig.leader_of(&[1, 2, 3]).await;
}

/// More ids come and go than a node knows others at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_are_gone_take_nobodys_place() {
    let rig = Rig::started(1).await;
    for id in 2..=80 {
        change(
            &rig,
            1,
            &format!(r#"{{"do":"add","id":{id},"url":"http://127.0.0.1:1"}}"#),
        )
        .await;
        change(&rig, 1, &format!(r#"{{"do":"remove","id":{id}}}"#)).await;
    }
    let end = Instant::now() + Duration::from_secs(60);
    while !addresses(&rig, 1).is_empty() {
        assert!(Instant::now() < end, "{:?}", addresses(&rig, 1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
