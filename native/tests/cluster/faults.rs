//! Restarts, partitions, wrong neighbours, damaged disks.

use super::rig::{Rig, number, problem};
use axum::http::Method;
use raftwerk_core::ClusterId;
use raftwerk_wire::record::{HEADER_BYTES, Header};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_survives_a_restart_of_all() {
    let mut rig = Rig::started(3).await;
    for n in 0..20 {
        assert_eq!(rig.put(1 + n % 3, &format!("k{n}"), b"v").await.status, 200);
    }
    let before = rig.status(rig.leader().await).await;
    for id in [1, 2, 3] {
        rig.stop(id).await;
    }
    for id in [1, 2, 3] {
        rig.start(id).expect("it starts again");
    }
    let leader = rig.leader().await;
    for n in 0..20 {
        assert_eq!(rig.get(1 + n % 3, &format!("k{n}")).await.body, "v");
    }
    let after = rig.status(leader).await;
    assert_eq!(after.revision, before.revision);
    assert!(after.term > before.term && after.last > before.last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_ends_is_replaced_and_catches_up() {
    let mut rig = Rig::started(3).await;
    let old = rig.leader().await;
    rig.stop(old).await;
    let other = old % 3 + 1;
    rig.leader().await;
    assert_eq!(rig.put(other, "x", b"1").await.status, 200);
    rig.start(old).expect("it starts again");
    rig.leader().await;
    assert_eq!(rig.get(old, "x?read=follower").await.body, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_off_leader_says_so_and_the_rest_goes_on() {
    let rig = Rig::started(3).await;
    let old = rig.leader().await;
    let rest: Vec<u64> = [1, 2, 3].into_iter().filter(|id| *id != old).collect();
    for id in [1, 2, 3] {
        let json = format!("{{\"fault\":\"partition\",\"groups\":[[{old}],{rest:?}]}}");
        rig.chaos(id, &json).await;
    }
    // Written before it notices: it cannot be known whether the write happens.
    let lonely = rig.put(old, "lonely", b"1").await;
    let told = problem(&lonely);
    match lonely.status.as_u16() {
        504 => assert!(told.detail.contains("outcome unknown"), "{told:?}"),
        503 => assert_eq!(told.kind, "no_leader"),
        other => panic!("{other}: {told:?}"),
    }
    let new = rig.leader_of(&rest).await;
    assert_eq!(rig.put(rest[0], "x", b"2").await.status, 200);
    let refused = rig.put(old, "x", b"3").await;
    assert_eq!(
        (refused.status.as_u16(), problem(&refused).kind.as_str()),
        (503, "no_leader")
    );
    assert!(refused.headers.contains_key("retry-after"));
    let stale = rig.get(old, "x?read=stale").await;
    assert_eq!(stale.status, 404, "it still serves what it has");
    for id in [1, 2, 3] {
        rig.chaos(id, "{\"fault\":\"heal\"}").await;
    }
    rig.leader().await;
    assert_eq!(rig.get(old, "x?read=follower").await.body, "2");
    assert!(rig.status(new).await.term > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_of_a_cut_off_follower_are_answered_when_it_hears_the_same_leader_again() {
    let rig = Rig::started(3).await;
    let leader = rig.leader().await;
    assert_eq!(rig.put(leader, "x", b"1").await.status, 200);
    let lonely = leader % 3 + 1;
    let rest: Vec<u64> = [1, 2, 3].into_iter().filter(|id| *id != lonely).collect();
    let json = format!("{{\"fault\":\"partition\",\"groups\":[[{lonely}],{rest:?}]}}");
    for id in [1, 2, 3] {
        rig.chaos(id, &json).await;
    }
    let (quorum, follower, ()) = tokio::join!(
        rig.get(lonely, "x?read=quorum"),
        rig.get(lonely, "x?read=follower"),
        async {
            // Longer than both wait for others before they are asked for again.
            tokio::time::sleep(std::time::Duration::from_millis(900)).await;
            for id in [1, 2, 3] {
                rig.chaos(id, "{\"fault\":\"heal\"}").await;
            }
        }
    );
    assert_eq!((quorum.status.as_u16(), &quorum.body[..]), (200, &b"1"[..]));
    assert_eq!(
        (follower.status.as_u16(), &follower.body[..]),
        (200, &b"1"[..])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forwarded_request_is_not_forwarded_again() {
    let rig = Rig::started(3).await;
    let leader = rig.leader().await;
    let follower = leader % 3 + 1;
    let headers = [("raftwerk-forwarded", "9")];
    let answer = rig
        .send(follower, Method::PUT, "/v1/kv/x", &headers, b"1")
        .await;
    let answer = answer.expect("answers");
    assert_eq!(
        (answer.status.as_u16(), number(&answer, "raftwerk-node")),
        (421, follower)
    );
    assert_eq!(problem(&answer).leader.as_deref(), Some(rig.url(leader)));
    let answer = rig
        .send(leader, Method::PUT, "/v1/kv/x", &headers, b"1")
        .await;
    assert_eq!(answer.expect("answers").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_has_no_leader() {
    let mut rig = Rig::new(3);
    rig.start(2).expect("it starts");
    let answer = rig.put(2, "x", b"1").await;
    assert_eq!(
        (answer.status.as_u16(), problem(&answer).kind.as_str()),
        (503, "no_leader")
    );
    let status = rig.status(2).await;
    let other = status.members.iter().find(|m| m.id == 3).expect("a member");
    assert!(!other.connected);
    assert_eq!(
        rig.send(2, Method::GET, "/healthz", &[], b"")
            .await
            .expect("answers")
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_and_named() {
    let mut rig = Rig::new(3);
    rig.start(1).expect("it starts");
    let mut stranger = rig.options(2);
    stranger.cluster = ClusterId(0xbad);
    rig.start_with(stranger).expect("it starts");
    let mut confused = rig.options(3);
    confused.initial_cluster.pop();
    confused.initial_cluster[1] = (3, rig.url(3).to_string());
    rig.start_with(confused).expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = rig.status(1).await;
        let trouble = |id| {
            let member = status
                .members
                .iter()
                .find(|m| m.id == id)
                .expect("a member");
            assert!(!member.connected);
            member.trouble.clone().unwrap_or_default()
        };
        if trouble(2).contains("wrong cluster") && trouble(3).contains("initial-cluster") {
            break;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_node_is_not_taken_for_the_old_one() {
    let mut rig = Rig::started(3).await;
    assert_eq!(rig.put(1, "x", b"1").await.status, 200);
    rig.stop(3).await;
    std::fs::remove_dir_all(rig.path.join("node-3")).expect("it was there");
    rig.start(3).expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = rig.status(3).await;
        assert_eq!(status.leader, None, "nobody may talk to it");
        let told = |m: &raftwerk_wire::client::MemberStatus| {
            m.trouble
                .as_deref()
                .is_some_and(|t| t.contains("empty disk"))
        };
        if status.members.iter().filter(|m| told(m)).count() == 2 {
            break;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_is_guarded() {
    let mut rig = Rig::started(1).await;
    let taken = rig.start(1).expect_err("it runs").to_string();
    assert!(taken.contains("cannot listen"), "{taken}");
    let mut other = rig.options(1);
    other.listen = "127.0.0.1:0".parse().expect("good");
    let listener = std::net::TcpListener::bind(other.listen).expect("free");
    let locked = raftwerk_native::node::Node::start(other, listener)
        .err()
        .expect("locked");
    assert!(locked.to_string().contains("another process"), "{locked}");
    assert_eq!(rig.put(1, "x", b"1").await.status, 200);
    rig.stop(1).await;

    let mut wrong = rig.options(1);
    wrong.cluster = ClusterId(3);
    let why = rig
        .start_with(wrong)
        .expect_err("another cluster")
        .to_string();
    assert!(why.contains("cluster"), "{why}");

    // What follows the last record is torn; the record itself is not.
    let log = rig.path.join("node-1/log/log-0000000000000001.rwl");
    let mut bytes = std::fs::read(&log).expect("the log");
    let end = bytes
        .iter()
        .rposition(|b| *b != 0)
        .expect("not empty")
        .next_multiple_of(8);
    bytes[end + 8] = 7;
    std::fs::write(&log, &bytes).expect("writable");
    rig.start(1).expect("a torn tail is no reason to refuse");
    rig.leader().await;
    let status = rig.status(1).await;
    assert!(status.disk.contains("torn tail"), "{}", status.disk);
    assert_eq!(rig.get(1, "x").await.body, "1");
    rig.stop(1).await;

    let mut bytes = std::fs::read(&log).expect("the log");
    bytes[60] ^= 1;
    std::fs::write(&log, &bytes).expect("writable");
    let why = rig.start(1).expect_err("rot").to_string();
    assert!(why.contains("no other node votes"), "{why}");
    let kept = log.with_file_name("damaged-1-log-0000000000000001.rwl");
    assert_eq!(std::fs::read(&kept).expect("a copy"), bytes);

    std::fs::remove_dir_all(rig.path.join("node-1/log")).expect("it was there");
    let why = rig.start(1).expect_err("no log").to_string();
    assert!(why.contains("log"), "{why}");
}

/// Flips a bit in the body of a record in the middle of a node's log.
fn rot(rig: &Rig, id: u64) {
    let path = rig
        .path
        .join(format!("node-{id}/log/log-0000000000000001.rwl"));
    let mut bytes = std::fs::read(&path).expect("the log");
    let (mut at, mut bodies) = (0, Vec::new());
    while let Some(header) = Header::read(&bytes[at..]) {
        bodies.push(at + HEADER_BYTES);
        at += header.record_bytes();
    }
    assert!(bodies.len() > 10, "{}", bodies.len());
    bytes[bodies[bodies.len() / 2]] ^= 0x20;
    std::fs::write(&path, &bytes).expect("writable");
}

/// One number of a node's metrics.
pub async fn metric(rig: &Rig, id: u64, name: &str) -> u64 {
    let answer = rig.send(id, Method::GET, "/metrics", &[], b"").await;
    let body = answer.expect("answers").body;
    let text = String::from_utf8_lossy(&body).into_owned();
    let line = text.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.rsplit_once(' '));
    number.expect(name).1.parse().expect("a number")
}

/// A promised record rots while its node is down. The node starts, suspect: with one other it is
/// no majority that elects. With both it gets back what it lost, serves it, and votes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_log_rotted_keeps_its_vote_until_it_has_everything_again() {
    let mut rig = Rig::started(3).await;
    for n in 0..20 {
        assert_eq!(rig.put(1 + n % 3, &format!("k{n}"), b"v").await.status, 200);
    }
    let victim = rig.leader().await % 3 + 1;
    let (second, third) = (victim % 3 + 1, (victim + 1) % 3 + 1);
    for id in [1, 2, 3] {
        rig.stop(id).await;
    }
    rot(&rig, victim);
    rig.start(victim).expect("it starts, suspect");
    let status = rig.status(victim).await;
    assert!(status.disk.starts_with("suspect"), "{}", status.disk);
    assert!(
        status
            .suspect
            .is_some_and(|lost| lost.contains("cannot be read"))
    );
    assert_eq!(metric(&rig, victim, "raftwerk_suspect").await, 1);

    rig.start(second).expect("it starts");
    let refused =
        format!("raftwerk_messages_sent_total{{node=\"{victim}\",kind=\"PreVoteReply\"}}");
    let deadline = Instant::now() + Duration::from_secs(60);
    while metric(&rig, victim, &refused).await < 3 {
        assert!(Instant::now() < deadline, "nobody asks for a vote");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for id in [victim, second] {
        let status = rig.status(id).await;
        assert_eq!((status.leader, status.commit), (None, 0), "node {id}");
    }

    rig.start(third).expect("it starts");
    rig.leader().await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while rig.status(victim).await.suspect.is_some() {
        assert!(Instant::now() < deadline, "it stays suspect");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for n in 0..20 {
        let read = rig.get(victim, &format!("k{n}?read=follower")).await;
        assert_eq!(read.body, "v");
    }
    // Now its vote counts: without it there is no leader.
    rig.stop(second).await;
    rig.leader().await;
    assert_eq!(rig.put(victim, "after", b"1").await.status, 200);
    // And it is not suspect at its next start.
    rig.stop(victim).await;
    rig.start(victim).expect("it starts");
    assert_eq!(rig.status(victim).await.suspect, None);
    rig.leader().await;
    assert_eq!(rig.get(victim, "after").await.body, "1");
}

/// The only voter has nobody to ask: it says so instead of waiting for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_only_voter_whose_log_rotted_says_that_nobody_can_help() {
    let mut rig = Rig::started(1).await;
    for n in 0..20 {
        assert_eq!(rig.put(1, &format!("k{n}"), b"v").await.status, 200);
    }
    rig.stop(1).await;
    rot(&rig, 1);
    for _ in 0..2 {
        let why = rig.start(1).expect_err("it does not start").to_string();
        assert!(
            why.contains("no other node votes") && why.contains("damaged-"),
            "{why}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_passes_a_fault_on_to_those_whom_it_concerns() {
    let mut rig = Rig::started(3).await;
    let everywhere = async |rig: &Rig, json: &str| {
        let path = "/v1/chaos?everywhere=true";
        rig.send(1, Method::POST, path, &[], json.as_bytes())
            .await
            .expect("answers")
    };
    // Whoever leads sends no more, wherever that was asked for; so the others elect another.
    let leader = rig.leader().await;
    let others: Vec<u64> = [1, 2, 3].into_iter().filter(|id| *id != leader).collect();
    for to in &others {
        let json = format!("{{\"fault\":\"cut\",\"from\":{leader},\"to\":{to}}}");
        assert_eq!(everywhere(&rig, &json).await.status, 204);
    }
    rig.leader_of(&others).await;

    // A split of all from all leaves no leader, and healing one.
    let split = "{\"fault\":\"partition\",\"groups\":[[1],[2],[3]]}";
    assert_eq!(everywhere(&rig, split).await.status, 204);
    let deadline = Instant::now() + Duration::from_secs(60);
    for id in [1, 2, 3] {
        while rig.status(id).await.leader.is_some() {
            assert!(Instant::now() < deadline, "node {id} keeps a leader");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(everywhere(&rig, "{\"fault\":\"heal\"}").await.status, 204);
    rig.leader().await;

    // Who did not do it is named.
    rig.stop(3).await;
    let answer = everywhere(&rig, "{\"fault\":\"heal\"}").await;
    assert_eq!(
        (answer.status.as_u16(), problem(&answer).kind.as_str()),
        (502, "not_everywhere")
    );
    assert!(problem(&answer).detail.contains("node 3"), "{answer:?}");
    for (json, kind) in [
        ("{\"fault\":\"cut\",\"from\":2,\"to\":9}", "unknown_node"),
        ("{\"fault\":\"crash\",\"node\":2}", "not_here"),
    ] {
        let answer = everywhere(&rig, json).await;
        assert_eq!(
            (answer.status.as_u16(), problem(&answer).kind.as_str()),
            (400, kind)
        );
    }
}
