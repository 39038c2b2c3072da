//! Nodes that join a running cluster, and members that come and go (thesis 4): by the autopilot
//! after kill -9 for good, and by hand.

use super::rig::{BOUND, Fleet, problem};
use hyper::http::Method;
use raftwerk_native::client::Response;
use raftwerk_wire::client::{MemberList, Transferred};
use std::time::{Duration, Instant};

const TIMING: [&str; 6] = [
    "--heartbeat-ms",
    "50",
    "--election-ms-min",
    "300",
    "--election-ms-max",
    "600",
];

const PILOT: [&str; 6] = [
    "--autopilot",
    "3",
    "--autopilot-stable-ms",
    "1000",
    "--autopilot-dead-ms",
    "2500",
];

async fn members(fleet: &Fleet, id: u64) -> Option<MemberList> {
    let path = "/v1/cluster/members";
    let answer = fleet.send(id, Method::GET, path, &[], "").await.ok()?;
    serde_json::from_slice(&answer.body).ok()
}

fn of_kind(list: &MemberList, kind: &str) -> Vec<u64> {
    let some = list.members.iter().filter(|member| member.kind == kind);
    some.map(|member| member.id).collect()
}

/// Waits until a node says that these vote and those learn.
async fn until(fleet: &Fleet, id: u64, voters: &[u64], learners: &[u64]) -> MemberList {
    let end = Instant::now() + BOUND;
    loop {
        let list = members(fleet, id).await.unwrap_or_default();
        if of_kind(&list, "voter") == voters && of_kind(&list, "learner") == learners {
            return list;
        }
        assert!(Instant::now() < end, "node {id} says {list:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks until it is done; anything but "try again" is no way to be told so.
async fn change(fleet: &Fleet, id: u64, body: &str) -> Response {
    let end = Instant::now() + BOUND;
    loop {
        let path = "/v1/cluster/members";
        let answer = fleet.send(id, Method::POST, path, &[], body).await.unwrap();
        let later = answer.status == 503 || answer.status == 504;
        let pending = answer.status == 409 && problem(&answer).kind == "change_pending";
        if !later && !pending {
            return answer;
        }
        assert!(Instant::now() < end, "{body}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Writes at a node until a write is acknowledged.
async fn put(fleet: &Fleet, id: u64, key: &str, value: &str) {
    let end = Instant::now() + BOUND;
    loop {
        let path = format!("/v1/kv/{key}");
        let answer = fleet
            .send(id, Method::PUT, &path, &[], value)
            .await
            .unwrap();
        if answer.status == 200 {
            return;
        }
        assert!(matches!(answer.status.as_u16(), 503 | 504), "{answer:?}");
        assert!(Instant::now() < end, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_spare_takes_the_place_of_a_voter_that_was_killed_for_good() {
    let mut fleet = Fleet::start(3, &[&TIMING[..], &PILOT[..]].concat());
    fleet.leader_of(&[1, 2, 3]).await;
    put(&fleet, 1, "before", "1").await;
    let spare = fleet.join(2);
    assert_eq!(spare, 4);
    until(&fleet, 1, &[1, 2, 3], &[4]).await;

    // A follower is enough; the leader would do as well, with an election before.
    let leader = fleet.leader_of(&[1, 2, 3]).await;
    let victim = leader % 3 + 1;
    fleet.kill(victim);
    let rest: Vec<u64> = (1..=4).filter(|id| *id != victim).collect();
    until(&fleet, leader, &rest, &[victim]).await;
    put(&fleet, leader, "after", "2").await;

    // Now a founder that was killed is not needed any more: the leader may go, too.
    fleet.kill(leader);
    let two: Vec<u64> = rest.into_iter().filter(|id| *id != leader).collect();
    let next = fleet.leader_of(&two).await;
    put(&fleet, next, "later", "3").await;
    for (key, value) in [("before", "1"), ("after", "2"), ("later", "3")] {
        let path = format!("/v1/kv/{key}");
        let read = fleet
            .send(spare, Method::GET, &path, &[], "")
            .await
            .unwrap();
        assert_eq!(
            (read.status.as_u16(), &read.body[..]),
            (200, value.as_bytes())
        );
    }

    // Whoever was replaced comes back on its old disk as a learner; the spare keeps its vote also
    // when it is started again.
    fleet.restart(victim);
    fleet.kill(spare);
    fleet.restart(spare);
    fleet.restart(leader);
    let all = fleet.leader_of(&[1, 2, 3, 4]).await;
    let list = until_voters(&fleet, all, 3).await;
    assert_eq!(of_kind(&list, "learner").len(), 1, "{list:?}");
}

async fn until_voters(fleet: &Fleet, id: u64, count: usize) -> MemberList {
    let end = Instant::now() + BOUND;
    loop {
        let list = members(fleet, id).await.unwrap_or_default();
        if of_kind(&list, "voter").len() == count && of_kind(&list, "outgoing").is_empty() {
            return list;
        }
        assert!(Instant::now() < end, "{list:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn members_come_and_go_by_hand_and_nonsense_is_named() {
    let mut fleet = Fleet::start(3, &TIMING);
    fleet.leader_of(&[1, 2, 3]).await;
    let spare = fleet.join(1);
    until(&fleet, 1, &[1, 2, 3], &[4]).await;

    let taken = fleet.url(2);
    for (body, status, kind) in [
        ("", 400, "bad_change"),
        ("{\"do\":\"dance\",\"id\":1}", 400, "bad_change"),
        ("{\"do\":\"promote\",\"id\":1,\"x\":1}", 400, "bad_change"),
        ("{\"do\":\"promote\",\"id\":0}", 400, "bad_node"),
        ("{\"do\":\"promote\",\"id\":9}", 404, "unknown_member"),
        ("{\"do\":\"add\",\"id\":5,\"url\":\"here\"}", 400, "bad_url"),
        (
            &format!("{{\"do\":\"add\",\"id\":4,\"url\":\"{taken}\"}}"),
            409,
            "id_in_use",
        ),
        (
            "{\"do\":\"replace\",\"id\":4,\"by\":2}",
            409,
            "not_possible",
        ),
    ] {
        let answer = change(&fleet, 2, body).await;
        let told = problem(&answer);
        assert_eq!(
            (answer.status.as_u16(), told.kind.as_str()),
            (status, kind),
            "{body}: {told:?}"
        );
    }

    // Whoever is asked, the leader does it.
    let done = change(&fleet, 2, "{\"do\":\"promote\",\"id\":4}").await;
    assert_eq!(done.status, 200, "{done:?}");
    until(&fleet, 3, &[1, 2, 3, 4], &[]).await;
    let path = "/v1/cluster/transfer";
    let answer = fleet
        .send(1, Method::POST, path, &[], "{\"to\":4}")
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let led: Transferred = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(led.leader, spare);
    let answer = fleet
        .send(1, Method::POST, path, &[], "{\"to\":9}")
        .await
        .unwrap();
    assert_eq!(answer.status, 400, "{answer:?}");

    for (body, voters, learners) in [
        ("{\"do\":\"demote\",\"id\":2}", &[1, 3, 4][..], &[2][..]),
        ("{\"do\":\"replace\",\"id\":1,\"by\":2}", &[2, 3, 4], &[]),
        ("{\"do\":\"remove\",\"id\":2}", &[3, 4], &[]),
    ] {
        let done = change(&fleet, 3, body).await;
        assert_eq!(done.status, 200, "{body}: {done:?}");
        until(&fleet, 4, voters, learners).await;
    }
    put(&fleet, 3, "x", "1").await;
}
