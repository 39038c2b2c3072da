//! Requests that are under way to a leader which is frozen (SIGSTOP) or killed at that moment:
//! the rule of `api::forward`, over real processes.

use super::rig::{BOUND, Fleet, problem};
use hyper::http::Method;
use raftwerk_native::client::Response;
use raftwerk_wire::client::{HEADER_NODE, HEADER_SEQUENCE, HEADER_SESSION, ListPage};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// How often fault and request are brought together before it counts as a failure that they
/// never met: on a machine that is busy enough, an election is over before the request is sent,
/// or takes longer than a request may.
const MEETINGS: usize = 8;

/// Long enough for a request to be under way, shorter than the limit of a request.
const TIMING: [&str; 6] = [
    "--heartbeat-ms",
    "100",
    "--election-ms-min",
    "1200",
    "--election-ms-max",
    "2000",
];

async fn put(fleet: &Fleet, id: u64, value: &str, headers: &[(&'static str, String)]) -> Response {
    let sent = fleet
        .send(id, Method::PUT, "/v1/kv/x", headers, value)
        .await;
    sent.unwrap()
}

/// Freezes the leader, does something at another node, and lets the leader go on.
async fn with_frozen_leader<T>(fleet: &Fleet, what: impl AsyncFnOnce(u64) -> T) -> (u64, T) {
    let leader = fleet.leader_of(&fleet.ids()).await;
    fleet.signal(leader, Signal::STOP);
    let done = what(leader % 3 + 1).await;
    fleet.signal(leader, Signal::CONT);
    (leader, done)
}

#[tokio::test]
async fn a_write_at_a_frozen_leader_is_unknown_as_soon_as_another_leads() {
    let fleet = Fleet::start(3, &TIMING);
    for _ in 0..MEETINGS {
        let (_, answer) =
            with_frozen_leader(&fleet, async |other| put(&fleet, other, "1", &[]).await).await;
        if answer.status == 200 {
            continue;
        }
        assert_eq!(answer.status, 504, "{answer:?}");
        let told = problem(&answer);
        assert_eq!(told.kind, "outcome_unknown");
        if told.detail.contains("newer leader was elected") {
            agree(&fleet).await;
            return;
        }
    }
    panic!("a write was never under way when the leader was replaced");
}

#[tokio::test]
async fn what_does_no_harm_twice_is_answered_by_the_next_leader() {
    let fleet = Fleet::start(3, &TIMING);
    fleet.leader_of(&fleet.ids()).await;
    let opened = fleet.send(1, Method::POST, "/v1/sessions", &[], "").await;
    let opened: raftwerk_wire::client::SessionOpened =
        serde_json::from_slice(&opened.unwrap().body).unwrap();
    let session = opened.session.to_string();
    let (mut written, mut read, mut sequence) = (false, false, 0);
    for _ in 0..MEETINGS {
        sequence += 1;
        let headers = [
            (HEADER_SESSION, session.clone()),
            (HEADER_SEQUENCE, sequence.to_string()),
        ];
        let value = sequence.to_string();
        let (leader, answer) = with_frozen_leader(&fleet, async |other| {
            put(&fleet, other, &value, &headers).await
        })
        .await;
        assert!(matches!(answer.status.as_u16(), 200 | 504), "{answer:?}");
        written |= answer.status == 200 && answer.headers[HEADER_NODE] != leader.to_string();
        // Whatever was said: asked again, it is done once.
        fleet.leader_of(&fleet.ids()).await;
        let again = put(&fleet, 2, &value, &headers).await;
        assert_eq!(again.status, 200, "{again:?}");
        let (_, answer) = with_frozen_leader(&fleet, async |other| {
            fleet
                .send(other, Method::GET, "/v1/kv/x", &[], "")
                .await
                .unwrap()
        })
        .await;
        read |= answer.status == 200;
        if answer.status == 200 {
            assert_eq!(answer.body, value);
        }
        if written && read {
            break;
        }
    }
    assert!(written && read, "written: {written}, read: {read}");
    let page = agree(&fleet).await;
    assert_eq!(page.items[0].version, sequence, "every write counted once");
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_at_the_next_leader() {
    let mut fleet = Fleet::start(3, &TIMING);
    for round in 0..MEETINGS {
        let leader = fleet.leader_of(&fleet.ids()).await;
        fleet.kill(leader);
        // Nobody listens there any more, so certainly nothing is sent.
        let value = round.to_string();
        let answer = put(&fleet, leader % 3 + 1, &value, &[]).await;
        fleet.restart(leader);
        if answer.status == 200 {
            assert_ne!(answer.headers[HEADER_NODE], leader.to_string());
            agree(&fleet).await;
            return;
        }
        let told = problem(&answer);
        assert_eq!(
            (answer.status.as_u16(), told.kind.as_str()),
            (503, "no_leader"),
            "{told:?}"
        );
    }
    panic!("no write was ever taken by the next leader");
}

/// Waits until all nodes say the same about the store, and gives it.
async fn agree(fleet: &Fleet) -> ListPage {
    let end = Instant::now() + BOUND;
    loop {
        fleet.leader_of(&fleet.ids()).await;
        let mut pages = Vec::new();
        for id in fleet.ids() {
            let path = "/v1/kv?read=follower";
            let answer = fleet.send(id, Method::GET, path, &[], "").await.unwrap();
            pages.extend(serde_json::from_slice::<ListPage>(&answer.body).ok());
        }
        if pages.len() == 3 && pages.iter().all(|page| *page == pages[0]) {
            return pages.remove(0);
        }
        assert!(Instant::now() < end, "{pages:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
