//! Pages that watch: `GET /v1/observe` of the supervisor, a WebSocket with [`FromSupervisor`]
//! items as JSON.
//!
//! Guarantees: a page that takes too long is told so and dropped; it never holds up a node, the
//! supervisor, or another page.
//!
//! [`FromSupervisor`]: raftwerk_wire::observe::FromSupervisor

use super::board::Board;
use crate::api::{Upgrade, websocket};
use crate::problem::Trouble;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast::error::RecvError};
use tokio::time::timeout;

/// Pages at the same time.
const PAGES: usize = 64;
/// A page that does not take an item within this time is dropped.
const WRITE: Duration = Duration::from_secs(5);
/// Longest message taken from a page; pages have nothing to say.
const INCOMING_BYTES: usize = 4_096;
/// Close code for "come back": the page may connect again.
const TRY_AGAIN: u16 = 1013;

/// What the handler needs.
#[derive(Clone)]
pub struct Pages {
    board: Arc<Board>,
    places: Arc<Semaphore>,
}

impl Pages {
    /// Pages that watch this board.
    #[must_use]
    pub fn new(board: Arc<Board>) -> Pages {
        Pages {
            board,
            places: Arc::new(Semaphore::new(PAGES)),
        }
    }
}

/// `GET /v1/observe`.
pub async fn observe(State(pages): State<Pages>, upgrade: Upgrade) -> Response {
    let upgrade = match websocket(upgrade) {
        Ok(upgrade) => upgrade,
        Err(trouble) => return trouble.into_response(),
    };
    let Ok(place) = Arc::clone(&pages.places).try_acquire_owned() else {
        let detail = format!("{PAGES} pages watch already; close one and load this one again");
        return Trouble::later("too_many_pages", detail).into_response();
    };
    let upgrade = upgrade
        .max_message_size(INCOMING_BYTES)
        .max_frame_size(INCOMING_BYTES);
    upgrade.on_upgrade(async move |socket| {
        serve(&pages.board, socket).await;
        drop(place);
    })
}

async fn serve(board: &Board, mut socket: WebSocket) {
    let (first, mut next) = board.subscribe();
    for item in first {
        if !send(&mut socket, Message::Text(item)).await {
            return;
        }
    }
    loop {
        tokio::select! {
            item = next.recv() => match item {
                Ok(item) => if !send(&mut socket, Message::Text(item)).await {
                    return;
                },
                Err(RecvError::Lagged(missed)) => {
                    let reason = format!("too slow: {missed} items missed; connect again");
                    let frame = CloseFrame { code: TRY_AGAIN, reason: Utf8Bytes::from(reason) };
                    send(&mut socket, Message::Close(Some(frame))).await;
                    return;
                }
                Err(RecvError::Closed) => return,
            },
            // Read as well: pings are answered there, and an end is noticed.
            said = socket.recv() => match said {
                None | Some(Err(_) | Ok(Message::Close(_))) => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(WRITE, socket.send(message)).await, Ok(Ok(())))
}
