//! The outgoing connection to one peer: connect, greet, send; after an end, pause and again.
//!
//! The pause grows to two heartbeats and no further: a longer one turns a blip into an election
//! (trap C10). A connection on which nothing is heard for an election timeout is given up, since
//! TCP itself may take many minutes to notice a dead one, and its own retries then lie up to two
//! minutes apart even after the network is well again.

use super::greet::read_hello;
use super::queue::Outgoing;
use super::{Link, Peers};
use crate::limits::{PEER_CONNECT, PEER_REFUSED_PAUSE, PEER_WRITE_BATCH};
use crate::node::PeerUrl;
use futures_util::{SinkExt, StreamExt};
use raftwerk_core::{Span, Timing};
use raftwerk_wire::frame::{self, MAX_FRAME_BYTES};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message as Ws};

type Socket = WebSocketStream<TcpStream>;

/// First pause after a connection ended.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// How long to wait before the next try: longer after every one that failed, up to two heartbeats.
struct Pause {
    next: Duration,
    longest: Duration,
}

impl Pause {
    fn new(timing: &Timing) -> Pause {
        let longest = duration(timing.heartbeat) * 2;
        let next = FIRST_PAUSE.min(longest);
        Pause { next, longest }
    }

    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }

    /// How long to wait after this end. A refusal lasts, so that it can wait; but one at a place that
    /// the peer only names says nothing of the place where it is known, and that is tried next.
    fn after(&mut self, end: &End, at_known: bool) -> Duration {
        match end {
            End::Refused(_) if at_known => PEER_REFUSED_PAUSE,
            End::Refused(_) | End::Lost(_) => self.take(),
        }
    }
}

/// Why there is no connection.
enum End {
    /// The network, or the peer is not there: try again soon.
    Lost(String),
    /// The peer or this node refuses for a reason that lasts.
    Refused(String),
}

fn duration(span: Span) -> Duration {
    Duration::from_micros(span.0)
}

/// Connects for ever.
pub async fn keep_connected(peers: &Arc<Peers>, link: &Link) {
    // A try that hangs must not outlast an election either; but a greeting takes its time.
    let patience = duration(peers.timing.election_min).clamp(PEER_CONNECT / 4, PEER_CONNECT);
    let mut pause = Pause::new(&peers.timing);
    let mut url = link.url();
    // What was said last of another place than the known one.
    let mut elsewhere = String::new();
    loop {
        let end = match timeout(patience, connect(peers, link, &url)).await {
            Err(_) => End::Lost("no greeting in time".to_string()),
            Ok(Err(end)) => end,
            Ok(Ok(socket)) => {
                peers.reached(link, &url);
                peers.went_up(link);
                pause = Pause::new(&peers.timing);
                let end = converse(peers, link, socket).await;
                let (End::Lost(why) | End::Refused(why)) = &end;
                peers.went_down(link, why);
                end
            }
        };
        let at_known = url == link.url();
        let (End::Lost(why) | End::Refused(why)) = &end;
        if at_known {
            peers.refuse(link, why);
        } else if elsewhere != *why {
            // Once: the two places fail in turn, and for different reasons.
            peers.log.line(format!("node {} at {url}: {why}", link.id));
            elsewhere.clone_from(why);
        }
        tokio::time::sleep(pause.after(&end, at_known)).await;
        url = link.url_after(&url);
    }
}

/// Opens the socket and exchanges greetings.
async fn connect(peers: &Arc<Peers>, link: &Link, place: &PeerUrl) -> Result<Socket, End> {
    let lost = |error: &dyn std::fmt::Display| End::Lost(format!("cannot connect: {error}"));
    let authority = place.authority.as_str();
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|error| lost(&error))?;
    // Batches are flushed by hand; holding them back would only add delay.
    stream.set_nodelay(true).map_err(|error| lost(&error))?;
    let url = format!("ws://{authority}/v1/peer");
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let mut request = url.into_client_request().map_err(|error| lost(&error))?;
    peers.tell_flags(request.headers_mut());
    let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    let (mut socket, _) = opened.map_err(|error| lost(&error))?;
    let hello = peers.hello_to(link.id).encode();
    socket
        .send(Ws::binary(hello))
        .await
        .map_err(|error| lost(&error))?;
    let answer = socket.next().await;
    let theirs = match answer {
        Some(Ok(Ws::Binary(bytes))) => read_hello(&bytes).map_err(End::Refused)?,
        other => return Err(ended(other)),
    };
    peers.judge(&theirs).map_err(End::Refused)?;
    if theirs.node.0 != link.id {
        let why = format!("node {} answers at {}", theirs.node.0, place);
        return Err(End::Refused(why));
    }
    Ok(socket)
}

/// Sends what is queued and watches for signs of life.
async fn converse(peers: &Peers, link: &Link, mut socket: Socket) -> End {
    let silence = duration(peers.timing.election_max);
    let mut ping = tokio::time::interval(duration(peers.timing.election_min) / 2);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            () = link.filled.notified() => {
                // Sending is bounded too: a peer that does not read fills the socket.
                match timeout(silence, send_queued(peers, link, &mut socket)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(end)) => return end,
                    Err(_) => return End::Lost("it does not read what is sent".to_string()),
                }
            }
            incoming = socket.next() => match incoming {
                Some(Ok(Ws::Pong(_) | Ws::Ping(_))) => heard = Instant::now(),
                other => return ended(other),
            },
            _ = ping.tick() => {
                if heard.elapsed() > silence {
                    return End::Lost("no sign of life for an election timeout".to_string());
                }
                match timeout(silence, socket.send(Ws::Ping(Bytes::new()))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return End::Lost(error.to_string()),
                    Err(_) => return End::Lost("it does not read what is sent".to_string()),
                }
            }
        }
    }
}

/// Writes one batch to the socket, and when no message waits any more, one piece of a snapshot. If
/// more waits, it comes back soon: in between, signs of life are read.
async fn send_queued(peers: &Peers, link: &Link, socket: &mut Socket) -> Result<(), End> {
    let too_old = duration(peers.timing.election_min);
    let batch: Vec<Outgoing> = link.queue().take(PEER_WRITE_BATCH);
    let more = batch.len() == PEER_WRITE_BATCH;
    let (bulk, more) = match more {
        true => (None, true),
        false => link.next_bulk(),
    };
    if more {
        link.filled.notify_one();
    }
    for outgoing in batch {
        if outgoing.older_than(too_old) {
            peers.dropped(&outgoing, "it waited too long to be of use");
            continue;
        }
        match frame::encode(0, outgoing.serial, peers.hello.boot, &outgoing.message) {
            Ok(bytes) => {
                let sent = socket.feed(Ws::binary(bytes)).await;
                sent.map_err(|error| End::Lost(error.to_string()))?;
            }
            Err(error) => peers.dropped(&outgoing, &error.to_string()),
        }
    }
    if let Some(bytes) = bulk {
        let sent = socket.feed(Ws::binary(bytes)).await;
        sent.map_err(|error| End::Lost(error.to_string()))?;
    }
    socket
        .flush()
        .await
        .map_err(|error| End::Lost(error.to_string()))
}

/// What an end of the socket means.
fn ended(last: Option<Result<Ws, tokio_tungstenite::tungstenite::Error>>) -> End {
    match last {
        Some(Ok(Ws::Close(Some(close)))) if u16::from(close.code) == super::greet::REFUSED => {
            End::Refused(format!("it refuses: {}", close.reason))
        }
        Some(Ok(Ws::Close(_))) | None => End::Lost("it closed the connection".to_string()),
        Some(Ok(_)) => End::Refused("it sent something unexpected".to_string()),
        Some(Err(error)) => End::Lost(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::{ClusterId, Config, NodeId};

    /// However often it failed before.
    #[test]
    fn c10_a_lost_connection_is_tried_again_within_two_heartbeats() {
        let (node, cluster) = (NodeId(1), ClusterId(1));
        for config in [
            Config::server(node, cluster, 1),
            Config::demo(node, cluster, 1),
        ] {
            let timing = config.timing;
            let mut pause = Pause::new(&timing);
            let pauses: Vec<Duration> = (0..40).map(|_| pause.take()).collect();
            assert_eq!(pauses[0], FIRST_PAUSE, "at once, if it was but a blip");
            assert!(pauses.is_sorted(), "{pauses:?}");
            assert_eq!(pauses[39], 2 * duration(timing.heartbeat));
            assert!(pauses[39] < duration(timing.election_min));
        }
    }

    /// A peer may name a place that leads to another node, even to this one. Where it is known it is
    /// tried again as soon as if that had not been.
    #[test]
    fn c10_a_refusal_elsewhere_does_not_hold_up_the_known_place() {
        let timing = Config::server(NodeId(1), ClusterId(1), 1).timing;
        let (mut lost, mut both) = (Pause::new(&timing), Pause::new(&timing));
        let end = |refused| match refused {
            true => End::Refused("node 1 answers there".to_string()),
            false => End::Lost("cannot connect".to_string()),
        };
        for n in 0..40 {
            let elsewhere = n % 2 == 1;
            let pause = both.after(&end(elsewhere), !elsewhere);
            assert_eq!(pause, lost.after(&end(false), true));
            assert!(pause <= 2 * duration(timing.heartbeat));
        }
        assert_eq!(both.after(&end(true), true), PEER_REFUSED_PAUSE);
    }
}
