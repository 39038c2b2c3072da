//! `GET /v1/observe`: the node tells about itself over a WebSocket, as JSON.
//!
//! Hello, then the whole state, then items by number; `?after=N&boot=B` goes on after number N of
//! that life of the process, and what is no longer kept is told as a gap. A subscriber that does
//! not keep up is closed with a reason and may come back with the number it has; nobody waits
//! for it. With `?node=N` it is the stream of another node (see `relay`).

use super::query::Query;
use super::relay::relay;
use super::{Answer, Server, Upgrade, closed, websocket};
use crate::limits::{HEALTH, OBSERVE_INCOMING_BYTES, OBSERVE_WRITE};
use crate::node::inbox::Urgent;
use crate::observe::{After, Observer, Subscription};
use crate::problem::Trouble;
use axum::extract::ws::{CloseFrame, Message as Ws, Utf8Bytes, WebSocket};
use axum::extract::{RawQuery, State};
use futures_util::SinkExt;
use raftwerk_wire::observe::{Tell, Told};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Version of the stream.
const PROTOCOL: u32 = 3;

/// Statuses of close frames.
pub const TOO_SLOW: u16 = 4_008;
const TOO_MANY: u16 = 1_013;
pub const GOING: u16 = 1_001;

/// Where a stream goes on: life of the process, and the last number that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Place(pub Option<(u64, u64)>);

/// Opens the stream.
pub async fn observe(
    State(server): State<Arc<Server>>,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Answer {
    let upgrade = websocket(upgrade)?;
    let query = Query::parse(query.as_deref().unwrap_or(""), &["after", "boot", "node"])?;
    let place = match (query.number("boot")?, query.number("after")?) {
        (Some(boot), Some(after)) => Place(Some((boot, after))),
        (None, None) => Place(None),
        _ => {
            let why = "after and boot go together: a number means nothing without its life";
            return Err(Trouble::bad("bad_parameter", why));
        }
    };
    if let Some(node) = query.number("node")?.filter(|node| *node != server.id) {
        return relay(server, node, place, upgrade).await;
    }
    // Numbers of an earlier life mean nothing in this one.
    let own = place.0.filter(|(boot, _)| *boot == server.observer.boot());
    let after = own.map(|(_, after)| after);
    let upgrade = upgrade
        .max_message_size(OBSERVE_INCOMING_BYTES)
        .max_frame_size(OBSERVE_INCOMING_BYTES);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let end = tokio::select! {
            end = stream(&server, &mut socket, after) => end,
            () = closed(server.closing.clone()) => Err(Some((GOING, "the node ends"))),
        };
        hang_up(&mut socket, end.err().flatten()).await;
    }))
}

/// Why a stream ends; `None`: the other side went away.
type End = Option<(u16, &'static str)>;

/// Tells a subscriber why its stream ends, if it is still there.
pub async fn hang_up(socket: &mut WebSocket, end: Option<(u16, impl Into<Utf8Bytes>)>) {
    if let Some((code, reason)) = end {
        let close = CloseFrame {
            code,
            reason: reason.into(),
        };
        let _ = timeout(HEALTH, socket.send(Ws::Close(Some(close)))).await;
    }
}

async fn stream(server: &Server, socket: &mut WebSocket, after: Option<u64>) -> Result<(), End> {
    let observer = &server.observer;
    let Some(mut subscription) = observer.subscribe() else {
        return Err(Some((TOO_MANY, "too many subscribers")));
    };
    // Noted before the view is taken: whatever the view misses follows as an item.
    let mut at = after.unwrap_or_else(|| observer.newest());
    for told in opening(server).await {
        send(socket, &observer.tell(0, told)).await?;
    }
    if let After::Gap { from, to } = observer.after(at) {
        send(socket, &observer.tell(0, Told::Gap { from, to })).await?;
        at = to;
    }
    subscription.view.mark_unchanged();
    loop {
        at = send_after(socket, observer, at).await?;
        at = wait(socket, &mut subscription, at).await?;
    }
}

/// Hello, the whole state, and what is cut.
async fn opening(server: &Server) -> Vec<Told> {
    let mut told = vec![Told::Hello {
        protocol: PROTOCOL,
        cluster: server.cluster.clone(),
        members: server.known_nodes(),
        chaos: server.chaos,
    }];
    let (reply, answer) = oneshot::channel();
    server.inbox.urgent(Urgent::View(reply));
    // Without an answer the loop is busy or ending; views follow when it is not.
    if let Ok(Ok(view)) = timeout(HEALTH, answer).await {
        told.push(Told::View(view));
    }
    told.push(Told::Cuts {
        to: server.peers.cuts(),
    });
    told
}

/// Sends all items after a number; returns the last number sent.
async fn send_after(socket: &mut WebSocket, observer: &Observer, mut at: u64) -> Result<u64, End> {
    loop {
        let items = match observer.after(at) {
            After::Items(items) => items,
            After::Gap { .. } => {
                let why = "too slow: items were lost; come back with ?after= and ?boot=";
                return Err(Some((TOO_SLOW, why)));
            }
        };
        let Some(last) = items.last() else {
            return Ok(at);
        };
        at = last.number;
        let write = async {
            for item in &items {
                socket.feed(text(item)).await?;
            }
            socket.flush().await
        };
        finished(timeout(OBSERVE_WRITE, write).await)?;
    }
}

/// Waits until there is something to send; views are sent here.
async fn wait(
    socket: &mut WebSocket,
    subscription: &mut Subscription,
    at: u64,
) -> Result<u64, End> {
    tokio::select! {
        changed = subscription.head.changed() => changed.map(|()| at).map_err(|_| None),
        changed = subscription.view.changed() => {
            changed.map_err(|_| None)?;
            let view = subscription.view.borrow_and_update().clone();
            if let Some(view) = view {
                send(socket, &view).await?;
            }
            Ok(at)
        }
        incoming = socket.recv() => match incoming {
            Some(Ok(Ws::Close(_)) | Err(_)) | None => Err(None),
            // Pings are answered by the library; a subscriber has nothing else to say.
            Some(Ok(_)) => Ok(at),
        },
    }
}

async fn send(socket: &mut WebSocket, tell: &Tell) -> Result<(), End> {
    finished(timeout(OBSERVE_WRITE, socket.send(text(tell))).await)
}

fn finished(
    write: Result<Result<(), axum::Error>, tokio::time::error::Elapsed>,
) -> Result<(), End> {
    match write {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some((TOO_SLOW, "too slow: nothing was read for a while"))),
    }
}

fn text(tell: &Tell) -> Ws {
    Ws::Text(serde_json::to_string(tell).unwrap_or_default().into())
}
