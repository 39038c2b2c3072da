//! Requests that wait for a node that does not go on.

use super::rig::{Play, pid};
use hyper::http::Method;
use rustix::process::{Signal, kill_process};
use std::time::Duration;

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
