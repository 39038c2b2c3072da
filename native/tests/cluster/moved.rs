//! Nodes that come back at another address, and nodes that were started unlike the others.

use super::damage::until;
use super::rig::Rig;
use raftwerk_wire::client::{MemberStatus, Status};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

fn member(status: &Status, id: u64) -> &MemberStatus {
    let mut members = status.members.iter();
    members.find(|member| member.id == id).expect("a member")
}

/// Writes until it is done: a leader may be lost meanwhile.
async fn put(rig: &Rig, id: u64, value: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = rig.put(id, "x", value.as_bytes()).await;
        match answer.status.as_u16() {
            200 => return,
            503 | 504 => assert!(Instant::now() < end, "{answer:?}"),
            other => panic!("{other}: {answer:?}"),
        }
    }
}

/// A node is started again at another address. The others learn it by its greeting, also one that
/// is started later with flags that still name the old address, and reach it there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_may_come_back_at_another_address() {
    let mut rig = Rig::started(3).await;
    put(&rig, 1, "1").await;
    let flags_of_one = rig.options(1);
    let mut moved = rig.options(2);
    rig.stop(2).await;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    moved.listen = free.local_addr().expect("bound");
    drop(free);
    let url = format!("http://{}", moved.listen);
    moved.advertise = Some(url.clone());
    rig.start_with(moved).expect("it starts");
    rig.urls[1].1.clone_from(&url);
    for id in [1, 3] {
        let there = |status: &Status| {
            let member = member(status, 2);
            member.connected && member.url == url
        };
        until(&rig, id, "moved", there).await;
    }
    rig.leader().await;
    assert_eq!(rig.get(2, "x?read=follower").await.body, "1");

    rig.stop(1).await;
    rig.start_with(flags_of_one).expect("it starts");
    let there = |status: &Status| member(status, 2).connected && member(status, 2).url == url;
    until(&rig, 1, "known there", there).await;
    put(&rig, 1, "2").await;
    assert_eq!(rig.get(2, "x?read=follower").await.body, "2");
}

/// The flags that must be the same for all are compared, and who differs is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_started_with_another_autopilot_is_named_until_it_is_alike() {
    let mut rig = Rig::new(3);
    for id in [1, 2] {
        let mut options = rig.options(id);
        options.autopilot = Some(3);
        rig.start_with(options).expect("it starts");
    }
    rig.start(3).expect("it starts");
    rig.leader().await;
    let named = |status: &Status, id| {
        let trouble = member(status, id).trouble.as_deref();
        trouble.is_some_and(|why| why.contains("--autopilot off, --lease-reads off, not"))
    };
    for id in [1, 2] {
        let status = until(&rig, id, "named", |status| named(status, 3)).await;
        assert!(!named(&status, 3 - id), "{status:?}");
    }
    let differs = |id: u64| {
        move |status: &Status| {
            let trouble = member(status, id).trouble.as_deref();
            trouble.is_some_and(|why| why.contains("other flags than node 3"))
        }
    };
    until(&rig, 3, "named", differs(1)).await;
    rig.stop(3).await;
    let mut alike = rig.options(3);
    alike.autopilot = Some(3);
    rig.start_with(alike).expect("it starts");
    for id in [1, 2] {
        let alike = |status: &Status| member(status, 3).connected && !named(status, 3);
        let status = until(&rig, id, "alike", alike).await;
        assert_eq!(member(&status, 3).trouble, None);
    }
}
