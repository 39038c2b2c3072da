//! `GET /v1/observe?node=N`: the stream of another node, passed on word for word.
//!
//! A browser often reaches one node only: the others are behind a container's network, or a page
//! of this server may not speak to them. So whoever serves the page fetches their streams too.
//!
//! Guarantees: only nodes that this one knows are dialled, with nothing in the request but where
//! the stream goes on; what they say is bounded and not looked into, why they end it included; a
//! page that does not keep up is hung up on, and so is the other node then.

use super::observe::{GOING, Place, TOO_SLOW, hang_up};
use super::{Answer, Server, closed};
use crate::limits::{OBSERVE_INCOMING_BYTES, OBSERVE_ITEM_BYTES, OBSERVE_WRITE, PEER_CONNECT};
use crate::problem::Trouble;
use axum::extract::ws::{Message as Ws, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Theirs = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens the stream of another node, and passes it on.
pub async fn relay(
    server: Arc<Server>,
    node: u64,
    place: Place,
    upgrade: WebSocketUpgrade,
) -> Answer {
    let Ok(permit) = Arc::clone(&server.relays).try_acquire_owned() else {
        let why = "too many streams of other nodes are passed on already; try again shortly";
        return Err(Trouble::later("overloaded", why));
    };
    let theirs = dial(&server, node, place).await?;
    let upgrade = upgrade
        .max_message_size(OBSERVE_INCOMING_BYTES)
        .max_frame_size(OBSERVE_INCOMING_BYTES);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let _permit = permit;
        let end = tokio::select! {
            end = pass_on(theirs, &mut socket) => end,
            () = closed(server.closing.clone()) => told(GOING, "the node ends"),
        };
        hang_up(&mut socket, end).await;
    }))
}

async fn dial(server: &Server, node: u64, place: Place) -> Result<Theirs, Trouble> {
    let Some(url) = server.peers.url(node) else {
        let known: Vec<String> = server
            .known_nodes()
            .iter()
            .map(|at| at.0.to_string())
            .collect();
        let why = format!("node {node} is not known here; known: {}", known.join(", "));
        return Err(Trouble::new(StatusCode::NOT_FOUND, "no_such_node", why));
    };
    let mut address = format!("ws://{}/v1/observe", url.authority);
    if let Place(Some((boot, after))) = place {
        address.push_str(&format!("?boot={boot}&after={after}"));
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(OBSERVE_ITEM_BYTES))
        .max_frame_size(Some(OBSERVE_ITEM_BYTES));
    let dialling = tokio_tungstenite::connect_async_with_config(address, Some(config), true);
    let why = match timeout(PEER_CONNECT, dialling).await {
        Ok(Ok((theirs, _))) => return Ok(theirs),
        Ok(Err(why)) => why.to_string(),
        Err(_) => "no answer in time".to_string(),
    };
    let why = format!("node {node} does not answer at {url}: {why}");
    Err(Trouble::new(StatusCode::BAD_GATEWAY, "unreachable", why))
}

/// Why a stream ends: a code, and the reason in words, which are the other node's own if it gave
/// any; `None`: the page went away.
type End = Option<(u16, Utf8Bytes)>;

fn told(code: u16, why: &'static str) -> End {
    Some((code, Utf8Bytes::from_static(why)))
}

/// Passes on what comes until one of the two is gone.
async fn pass_on(mut theirs: Theirs, socket: &mut WebSocket) -> End {
    loop {
        tokio::select! {
            item = theirs.next() => {
                let text = match item {
                    Some(Ok(Message::Text(text))) => Ws::Text(text.as_str().into()),
                    // Pings are answered underneath.
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(Some(close)))) => {
                        return Some((close.code.into(), close.reason.as_str().into()));
                    }
                    _ => return told(GOING, "the other node's stream ended"),
                };
                match timeout(OBSERVE_WRITE, socket.send(text)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(_) => return told(TOO_SLOW, "too slow: nothing was read for a while"),
                }
            }
            said = socket.recv() => match said {
                Some(Ok(Ws::Close(_)) | Err(_)) | None => return None,
                // A subscriber has nothing to say.
                Some(Ok(_)) => {}
            },
        }
    }
}
