//! Listens to the observe stream of every node and puts what it hears on the board.
//!
//! One task per node: it connects while the node runs, goes on after the last number heard, and
//! tries again with growing pauses. A node that says nonsense or too much is hung up on.

use super::board::Board;
use super::fleet::Fleet;
use crate::limits::OBSERVE_ITEM_BYTES;
use futures_util::StreamExt;
use raftwerk_wire::observe::Tell;
use raftwerk_wire::view::NodeCondition;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// First and longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1_000));

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Starts the listeners; they end with the runtime.
pub fn start(board: &Arc<Board>) {
    for node in board.fleet().ids() {
        let board = Arc::clone(board);
        tokio::spawn(async move { follow(&board, node).await });
    }
    let board = Arc::clone(board);
    tokio::spawn(async move {
        let mut changes = board.fleet().changes();
        loop {
            board.tell_processes();
            if changes.changed().await.is_err() {
                return;
            }
        }
    });
}

async fn follow(board: &Board, node: u64) {
    let mut changes = board.fleet().changes();
    let mut pause = PAUSES.0;
    loop {
        until_up(board.fleet(), node, &mut changes).await;
        if let Some(stream) = connect(board, node).await {
            board.stream(node, true);
            let heard = listen(board, node, stream).await;
            board.stream(node, false);
            if heard {
                pause = PAUSES.0;
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn until_up(fleet: &Fleet, node: u64, changes: &mut watch::Receiver<u64>) {
    let up = |fleet: &Fleet| matches!(fleet.condition(node), Some((NodeCondition::Up, _)));
    while !up(fleet) {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

async fn connect(board: &Board, node: u64) -> Option<Stream> {
    let port = board.fleet().port(node)?;
    let after = board.position(node);
    let query = after.map_or_else(String::new, |(boot, number)| {
        format!("?boot={boot}&after={number}")
    });
    let url = format!("ws://127.0.0.1:{port}/v1/observe{query}");
    let config = WebSocketConfig::default()
        .max_message_size(Some(OBSERVE_ITEM_BYTES))
        .max_frame_size(Some(OBSERVE_ITEM_BYTES));
    let connecting = tokio_tungstenite::connect_async_with_config(url, Some(config), true);
    let (stream, _) = timeout(CONNECT, connecting).await.ok()?.ok()?;
    Some(stream)
}

/// Puts everything on the board until the stream ends; `true` if anything came.
async fn listen(board: &Board, node: u64, mut stream: Stream) -> bool {
    let mut heard = false;
    while let Some(Ok(message)) = stream.next().await {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => break,
            // Pings are answered underneath.
            _ => continue,
        };
        match serde_json::from_str::<Tell>(&text) {
            Ok(tell) if tell.node == node => {
                heard = true;
                board.relay(tell);
            }
            // Another program took the port, or another version speaks.
            _ => break,
        }
    }
    heard
}
