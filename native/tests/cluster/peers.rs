//! The peer socket against those who do not speak as peers do: every frame has a limit, every
//! refusal says why, and the node goes on.

use super::rig::Rig;
use axum::http::Method;
use futures_util::{SinkExt, StreamExt};
use raftwerk_core::{Body, ClusterId, Message, NodeId, Term};
use raftwerk_wire::frame::{self, MAX_FRAME_BYTES, PROTOCOL, PeerHello, founders_sum};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Ws;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const CLUSTER: ClusterId = ClusterId(0xfeed);

async fn open(rig: &Rig, path: &str) -> Socket {
    let url = format!("{}{path}", rig.url(1).replace("http://", "ws://"));
    let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("open");
    socket
}

fn hello() -> PeerHello {
    PeerHello {
        cluster: CLUSTER,
        node: NodeId(2),
        boot: 7,
        disk: 9,
        to: NodeId(1),
        founders: founders_sum([1, 2, 3]),
        url: "http://127.0.0.1:9".to_string(),
    }
}

/// A socket on which node 1 has greeted back.
async fn greeted(rig: &Rig) -> Socket {
    let mut socket = open(rig, "/v1/peer").await;
    socket
        .send(Ws::binary(hello().encode()))
        .await
        .expect("sent");
    let answer = timeout(Duration::from_secs(10), socket.next()).await;
    let answer = answer.expect("in time").expect("open").expect("good");
    assert!(matches!(answer, Ws::Binary(_)), "{answer:?}");
    socket
}

/// Sends one thing; gives code and reason of the close, or `None` when there was no word.
async fn refused(mut socket: Socket, what: Ws) -> Option<(u16, String)> {
    // It may be refused while it is still being sent.
    let _ = socket.send(what).await;
    loop {
        let next = timeout(Duration::from_secs(10), socket.next()).await;
        match next.expect("the connection must end") {
            Some(Ok(Ws::Close(Some(close)))) => {
                return Some((u16::from(close.code), close.reason.to_string()));
            }
            None | Some(Err(_) | Ok(Ws::Close(None))) => return None,
            Some(Ok(_)) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_greet_well_is_told_why() {
    let mut rig = Rig::new(3);
    rig.start(1).expect("it starts");
    let other_cluster = PeerHello {
        cluster: ClusterId(3),
        ..hello()
    };
    let wrong_address = PeerHello {
        to: NodeId(3),
        ..hello()
    };
    let twin = PeerHello {
        node: NodeId(1),
        ..hello()
    };
    let nowhere = PeerHello {
        node: NodeId(9),
        url: "here".to_string(),
        ..hello()
    };
    let others = PeerHello {
        node: NodeId(9),
        founders: founders_sum([1, 2]),
        ..hello()
    };
    let mut old = hello().encode();
    old[0] = 200;
    for (what, why) in [
        (Ws::binary(other_cluster.encode()), "wrong cluster"),
        (Ws::binary(wrong_address.encode()), "wrong address"),
        (Ws::binary(twin.encode()), "two nodes have the id 1"),
        (Ws::binary(nowhere.encode()), "does not say where"),
        (Ws::binary(others.encode()), "different --initial-cluster"),
        (Ws::binary(old), "speaks version 200"),
        (Ws::binary(vec![PROTOCOL, 2, 3]), "ends too early"),
        (Ws::text("hello"), "did not greet"),
    ] {
        let told = refused(open(&rig, "/v1/peer").await, what).await;
        let (code, reason) = told.expect("a reason");
        assert!(code == 4_001 && reason.contains(why), "{code} {reason}");
    }
    let long = Ws::binary(vec![0; MAX_FRAME_BYTES + 1]);
    refused(open(&rig, "/v1/peer").await, long).await;
    let health = rig.send(1, Method::GET, "/healthz", &[], b"").await;
    assert_eq!(health.expect("answers").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_greeted_and_speaks_nonsense_is_hung_up_on() {
    let mut rig = Rig::new(3);
    rig.start(1).expect("it starts");
    let message = |from| Message {
        cluster: CLUSTER,
        from: NodeId(from),
        to: NodeId(1),
        term: Term(0),
        body: Body::VoteReply { granted: false },
    };
    let good = |from, group| frame::encode(group, 1, 7, &message(from)).expect("small");
    let mut damaged = good(2, 0);
    *damaged.last_mut().expect("not empty") ^= 1;
    for (what, why) in [
        (Ws::binary(damaged), "damaged"),
        (Ws::binary(good(3, 0)), "spoke for node 3"),
        (Ws::binary(good(2, 5)), "group 5"),
        (Ws::binary(hello().encode()), "greeted twice"),
        (Ws::text("hello"), "sent text"),
    ] {
        let told = refused(greeted(&rig).await, what).await;
        let (code, reason) = told.expect("a reason");
        assert!(code == 1_002 && reason.contains(why), "{code} {reason}");
    }
    let long = Ws::binary(vec![0; MAX_FRAME_BYTES + 1]);
    refused(greeted(&rig).await, long).await;
    // Subscribers have nothing to say, and not much of it.
    refused(open(&rig, "/v1/observe").await, Ws::binary(vec![0; 4_097])).await;
    let health = rig.send(1, Method::GET, "/healthz", &[], b"").await;
    assert_eq!(health.expect("answers").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_refused_unless_they_were_allowed() {
    let mut rig = Rig::new(1);
    let mut options = rig.options(1);
    options.enable_chaos = false;
    rig.start_with(options).expect("it starts");
    for fault in [
        "{\"fault\":\"heal\"}",
        "{\"fault\":\"time_out\",\"node\":1}",
        "{",
    ] {
        let answer = rig
            .send(1, Method::POST, "/v1/chaos", &[], fault.as_bytes())
            .await;
        let answer = answer.expect("answers");
        assert_eq!(answer.status, 403, "{fault}");
        assert!(
            super::rig::problem(&answer)
                .detail
                .contains("--enable-chaos")
        );
    }
}
