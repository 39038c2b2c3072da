//! The observe stream: complete, resumable, and closed to foreign pages.

use super::rig::Rig;
use futures_util::StreamExt;
use raftwerk_core::trace::{Cause, Kind};
use raftwerk_native::limits::OBSERVE_SUBSCRIBERS;
use raftwerk_wire::observe::{Tell, Told};
use std::cell::Cell;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(url: &str, query: &str, origin: Option<&str>) -> Result<Socket, Error> {
    let url = format!("{}/v1/observe{query}", url.replace("http://", "ws://"));
    let mut request = url.into_client_request().expect("a request");
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("origin", origin.parse().expect("a value"));
    }
    tokio_tungstenite::connect_async(request)
        .await
        .map(|(socket, _)| socket)
}

async fn next(socket: &mut Socket) -> Tell {
    loop {
        let message = timeout(Duration::from_secs(10), socket.next())
            .await
            .expect("in time");
        match message.expect("open").expect("good") {
            Message::Text(text) => return serde_json::from_str(&text).expect("a tell"),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Reads until something fits; returns everything read.
async fn until(socket: &mut Socket, fits: impl Fn(&Tell) -> bool) -> Vec<Tell> {
    let mut all = Vec::new();
    loop {
        let tell = next(socket).await;
        let found = fits(&tell);
        all.push(tell);
        if found {
            return all;
        }
        assert!(all.len() < 20_000, "it never came");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_can_be_followed_from_node_to_node() {
    let rig = Rig::started(3).await;
    let leader = rig.leader().await;
    let follower = leader % 3 + 1;
    let mut at_leader = open(rig.url(leader), "", None).await.expect("open");
    let mut at_follower = open(rig.url(follower), "", None).await.expect("open");
    for socket in [&mut at_leader, &mut at_follower] {
        let hello = next(socket).await;
        assert!(
            matches!(hello.told, Told::Hello { chaos: true, ref members, .. } if members.len() == 3)
        );
        let view = next(socket).await;
        let Told::View(view) = view.told else {
            panic!("{view:?}")
        };
        assert_eq!((view.leader, view.voters.len()), (Some(leader), 3));
        assert!(matches!(next(socket).await.told, Told::Cuts { to } if to.is_empty()));
    }
    assert_eq!(rig.put(follower, "x", b"1").await.status, 200);
    // What was under way before the stream was opened has causes from before it, too.
    // The others may make it committed before the leader's own disk has it.
    let (appended, ends) = (Cell::new(None), Cell::new((false, false)));
    let told = until(&mut at_leader, |tell| {
        let Told::Event(event) = &tell.told else {
            return false;
        };
        let holds_it = |to| appended.get().is_some_and(|(_, at)| to >= at);
        let (held, applied) = ends.get();
        match event.event.kind {
            Kind::AppendedCommand { id, .. } => appended.set(Some((event.id, id.index))),
            Kind::Persisted { durable, .. } => ends.set((held || holds_it(durable), applied)),
            Kind::Applying { to, .. } => ends.set((held, applied || holds_it(to))),
            _ => {}
        }
        ends.get() == (true, true)
    })
    .await;
    let (appended, index) = appended.get().expect("it was appended first");
    let mut numbers = told.iter().map(|t| t.number).filter(|n| *n > 0);
    let first = numbers.next().expect("numbered");
    assert!(
        numbers.zip(first + 1..).all(|(a, b)| a == b),
        "no number is missing"
    );
    // The disk may still report a write from before the stream, with a cause that nobody was told.
    let (mut reports, mut holds_it) = (0, false);
    for tell in &told {
        let Told::Event(event) = &tell.told else {
            continue;
        };
        assert_eq!(event.step, tell.number);
        holds_it |= matches!(event.event.kind, Kind::Persisted { durable, .. } if durable >= index);
        if holds_it && matches!(event.event.cause, Cause::Disk(_)) {
            assert!(event.id > appended);
            assert!(
                event.cause.is_some_and(|cause| cause < event.id),
                "{event:?}"
            );
            reports += 1;
        }
    }
    assert!(reports > 0, "the disk reported the command");
    let sent: Vec<(u64, u64)> = told
        .iter()
        .filter_map(|t| match &t.told {
            Told::Sent {
                serial,
                to,
                content,
            } if content.entries > 0 => Some((*serial, *to)),
            _ => None,
        })
        .collect();
    let (serial, _) = *sent
        .iter()
        .find(|(_, to)| *to == follower)
        .expect("an append with it");
    let boot = told[0].boot;
    until(&mut at_follower, |tell| {
        matches!(tell.told, Told::Received { serial: s, from, boot: b }
            if (s, from, b) == (serial, leader, boot))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_comes_back_has_no_gap() {
    let mut rig = Rig::started(1).await;
    let mut socket = open(rig.url(1), "", None).await.expect("open");
    assert_eq!(rig.put(1, "x", b"1").await.status, 200);
    let told = until(&mut socket, |tell| tell.number >= 3).await;
    let last = told.last().expect("not empty").clone();
    drop(socket);
    for _ in 0..5 {
        assert_eq!(rig.put(1, "x", b"2").await.status, 200);
    }
    let query = format!("?after={}&boot={}", last.number, last.boot);
    let mut socket = open(rig.url(1), &query, None).await.expect("open");
    let told = until(&mut socket, |tell| tell.number > 0).await;
    assert_eq!(told.last().expect("not empty").number, last.number + 1);
    assert!(!told.iter().any(|t| matches!(t.told, Told::Gap { .. })));

    let query = format!("?after=0&boot={}", last.boot);
    let mut socket = open(rig.url(1), &query, None).await.expect("open");
    let told = until(&mut socket, |tell| tell.number > 0).await;
    assert_eq!(told.last().expect("not empty").number, 1);

    // Another life: its numbers begin anew, and the first event tells the start.
    rig.stop(1).await;
    rig.start(1).expect("it starts again");
    let query = format!("?after={}&boot={}", last.number, last.boot);
    let mut socket = open(rig.url(1), &query, None).await.expect("open");
    let told = until(&mut socket, |tell| tell.number > 0).await;
    let first = told.last().expect("not empty");
    assert_ne!(first.boot, last.boot);
    let booted =
        |t: &Tell| matches!(&t.told, Told::Event(e) if matches!(e.event.kind, Kind::Booted { .. }));
    assert!(booted(first), "{first:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_and_drops_are_told() {
    let rig = Rig::started(3).await;
    let leader = rig.leader().await;
    let other = leader % 3 + 1;
    let mut socket = open(rig.url(leader), "", None).await.expect("open");
    until(&mut socket, |t| matches!(t.told, Told::Cuts { .. })).await;
    rig.chaos(
        leader,
        &format!("{{\"fault\":\"cut\",\"from\":{leader},\"to\":{other}}}"),
    )
    .await;
    until(
        &mut socket,
        |t| matches!(&t.told, Told::Cuts { to } if *to == [other]),
    )
    .await;
    until(
        &mut socket,
        |t| matches!(&t.told, Told::Dropped { to, why, .. } if *to == other && why == "cut"),
    )
    .await;
    rig.chaos(leader, "{\"fault\":\"heal\"}").await;
    until(
        &mut socket,
        |t| matches!(&t.told, Told::Cuts { to } if to.is_empty()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_pages_are_turned_away() {
    let rig = Rig::started(1).await;
    for origin in ["http://evil.example", "null"] {
        let Err(Error::Http(response)) = open(rig.url(1), "", Some(origin)).await else {
            panic!("{origin} must be refused");
        };
        assert_eq!(response.status(), 403);
    }
    let own = rig.url(1).to_string();
    let mut socket = open(rig.url(1), "", Some(&own)).await.expect("open");
    assert!(matches!(next(&mut socket).await.told, Told::Hello { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_passes_on_the_stream_of_another_one_word_for_word() {
    let mut rig = Rig::started(3).await;
    let mut straight = open(rig.url(2), "", None).await.expect("open");
    let mut through = open(rig.url(1), "?node=2", None).await.expect("open");
    assert_eq!(rig.put(3, "x", b"1").await.status, 200);
    let applied = |tell: &Tell| matches!(&tell.told, Told::Event(e) if matches!(e.event.kind, Kind::Applying { .. }));
    let told = until(&mut straight, applied).await;
    let passed = until(&mut through, applied).await;
    assert!(passed.iter().all(|tell| tell.node == 2));
    let from = passed.iter().map(|tell| tell.number).find(|n| *n > 0);
    let numbered = |all: &[Tell]| -> Vec<Tell> {
        let late = all.iter().filter(|tell| Some(tell.number) >= from);
        late.cloned().collect()
    };
    assert_eq!(numbered(&told), numbered(&passed));

    // It goes on where it was, as a straight one does.
    let last = passed.last().expect("not empty").clone();
    drop(through);
    assert_eq!(rig.put(3, "x", b"2").await.status, 200);
    let query = format!("?node=2&after={}&boot={}", last.number, last.boot);
    let mut through = open(rig.url(1), &query, None).await.expect("open");
    let passed = until(&mut through, |tell| tell.number > 0).await;
    let next_one = passed.last().expect("not empty");
    assert_eq!(
        (next_one.number, next_one.boot),
        (last.number + 1, last.boot)
    );

    // It ends with the other node, and that is told.
    rig.stop(2).await;
    let told = end_of(&mut through).await;
    assert_eq!(told, (1_001, "the node ends".to_string()));
}

/// Reads until the stream is closed; with which code, and why.
async fn end_of(socket: &mut Socket) -> (u16, String) {
    loop {
        let item = timeout(Duration::from_secs(10), socket.next()).await;
        match item.expect("in time") {
            Some(Ok(Message::Close(Some(frame)))) => {
                return (frame.code.into(), frame.reason.to_string());
            }
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Why another node ends a stream is passed on as well: what to do then depends on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_passes_on_why_another_one_hangs_up() {
    let rig = Rig::started(2).await;
    let mut all = Vec::new();
    for _ in 0..OBSERVE_SUBSCRIBERS {
        let mut socket = open(rig.url(2), "", None).await.expect("open");
        // It counts from its first item on.
        next(&mut socket).await;
        all.push(socket);
    }
    let mut straight = open(rig.url(2), "", None).await.expect("open");
    let mut through = open(rig.url(1), "?node=2", None).await.expect("open");
    let told = end_of(&mut straight).await;
    assert_eq!(told, (1_013, "too many subscribers".to_string()));
    assert_eq!(end_of(&mut through).await, told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_nodes_that_are_not_there_are_refused_with_a_reason() {
    let mut rig = Rig::started(3).await;
    rig.stop(2).await;
    for (query, status, kind) in [
        ("?node=9", 404, "no_such_node"),
        ("?node=2", 502, "unreachable"),
        ("?node=x", 400, "bad_parameter"),
        ("?node=2&after=1", 400, "bad_parameter"),
    ] {
        let Err(Error::Http(response)) = open(rig.url(1), query, None).await else {
            panic!("{query} must be refused");
        };
        assert_eq!(response.status(), status, "{query}");
        let body = response.body().as_deref().unwrap_or_default();
        assert!(String::from_utf8_lossy(body).contains(kind), "{query}");
    }
    // Itself by name is itself.
    let mut socket = open(rig.url(1), "?node=1", None).await.expect("open");
    assert_eq!(next(&mut socket).await.node, 1);
}
