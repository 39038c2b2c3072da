//! Incoming connections of peers, at `/v1/peer`: greeting, then messages into the inbox.
//!
//! A connection that sends anything but well-formed frames of the peer it greeted as is closed:
//! it cannot be trusted any more. An append with a damaged command is dropped, and the connection
//! stays: a memory flipped a bit, and the next copy may be whole. Silence for two election timeouts closes it too, since the
//! dialing side pings twice in each.

use super::Peers;
use super::greet::{REFUSED, read_hello, short};
use super::touch::Present;
use crate::limits::PEER_CONNECT;
use crate::node::looper::applying::damaged;
use axum::extract::ws::{CloseFrame, Message as Ws, WebSocket};
use raftwerk_core::Body;
use raftwerk_wire::frame::{self, Chunk, Frame, Got, Incoming, PeerHello};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::timeout;

/// Lives as long as one incoming connection; `flags`: what came with its request.
pub async fn serve(peers: &Arc<Peers>, flags: Option<String>, mut socket: WebSocket) {
    let Ok(_permit) = peers.incoming.try_acquire() else {
        return refuse(&mut socket, "too many connections").await;
    };
    let theirs = match timeout(PEER_CONNECT, greeting(&mut socket)).await {
        Ok(Some(Ok(theirs))) => theirs,
        Ok(Some(Err(why))) => {
            peers
                .log
                .line(format!("refused a connection to /v1/peer: {why}"));
            return refuse(&mut socket, &why).await;
        }
        Ok(None) | Err(_) => return,
    };
    let present = peers.came(theirs.node.0);
    if let Err(why) = peers.judge(&theirs) {
        match peers.find(theirs.node.0) {
            Some(link) => peers.refuse(&link, &why),
            None => peers.log.line(format!(
                "refused a connection of node {}: {why}",
                theirs.node.0
            )),
        }
        return refuse(&mut socket, &why).await;
    }
    peers.compare_flags(theirs.node.0, flags.as_deref());
    let hello = peers.hello_to(theirs.node.0).encode();
    if socket.send(Ws::Binary(hello.into())).await.is_err() {
        return;
    }
    listen(peers, &theirs, present, &mut socket).await;
}

/// The first frame; `None` when the connection ended before.
async fn greeting(socket: &mut WebSocket) -> Option<Result<PeerHello, String>> {
    match socket.recv().await? {
        Ok(Ws::Binary(bytes)) => Some(read_hello(&bytes)),
        Ok(_) => Some(Err("it did not greet".to_string())),
        Err(_) => None,
    }
}

async fn listen(peers: &Peers, theirs: &PeerHello, mut present: Present, socket: &mut WebSocket) {
    let silence = Duration::from_micros(peers.timing.election_max.0) * 2;
    let mut door = Door::default();
    let why = loop {
        let heard = tokio::select! {
            heard = timeout(silence, socket.recv()) => heard,
            _ = &mut present.hung_up => break "it is no member".to_string(),
        };
        match heard {
            Err(_) => break "silence".to_string(),
            Ok(None | Some(Err(_))) => return,
            Ok(Some(Ok(Ws::Binary(bytes)))) => match take(&bytes, theirs) {
                Ok(Taken::Message(frame)) => door.deliver(peers, frame),
                Ok(Taken::Chunk(chunk)) => {
                    if let Some(door) = peers.chunks.get() {
                        door.chunk(theirs.node.0, *chunk);
                    }
                }
                Ok(Taken::Got(got)) => peers.got(theirs.node.0, got),
                Err(why) => break why,
            },
            // Pings are answered by the library.
            Ok(Some(Ok(Ws::Ping(_) | Ws::Pong(_)))) => {}
            Ok(Some(Ok(Ws::Close(_)))) => return,
            Ok(Some(Ok(Ws::Text(_)))) => break "it sent text".to_string(),
        }
    };
    let node = theirs.node.0;
    peers
        .log
        .line(format!("closed the connection of node {node}: {why}"));
    // Not a refusal: the peer may dial again at once.
    let close = CloseFrame {
        code: 1_002,
        reason: short(&why).into(),
    };
    let _ = timeout(PEER_CONNECT, socket.send(Ws::Close(Some(close)))).await;
}

/// What a peer that greeted may send.
enum Taken {
    Message(Box<Frame>),
    Chunk(Box<Chunk>),
    Got(Got),
}

/// Reads a frame of the peer that greeted.
fn take(bytes: &[u8], theirs: &PeerHello) -> Result<Taken, String> {
    let (group, taken) = match frame::decode(bytes) {
        Ok(Incoming::Message(frame)) => (frame.group, Taken::Message(frame)),
        Ok(Incoming::Chunk(chunk)) => (chunk.group, Taken::Chunk(chunk)),
        Ok(Incoming::Got(got)) => (got.group, Taken::Got(got)),
        Ok(Incoming::Hello(_)) => return Err("it greeted twice".to_string()),
        Err(error) => return Err(error.to_string()),
    };
    if group != 0 {
        return Err(format!("it spoke of group {group}, which is not here"));
    }
    if let Taken::Message(frame) = &taken
        && (frame.message.from != theirs.node || frame.boot != theirs.boot)
    {
        return Err(format!("it spoke for node {}", frame.message.from.0));
    }
    Ok(taken)
}

/// Where messages of one connection come in.
#[derive(Default)]
struct Door {
    /// It was said that something was damaged.
    told: bool,
}

impl Door {
    /// Hands a message to the loop; when there is no room it is lost, as networks do, and so is one
    /// with a command that is not what was proposed.
    fn deliver(&mut self, peers: &Peers, frame: Box<Frame>) {
        let kind = frame.message.body.name();
        if let Body::Append { entries, .. } = &frame.message.body
            && let Some(entry) = damaged(entries.iter())
        {
            peers.metrics.damaged.fetch_add(1, Relaxed);
            peers.metrics.dropped.count_name(kind);
            if !std::mem::replace(&mut self.told, true) {
                peers.log.line(format!(
                    "dropped an append of node {}: entry {entry} is not what was proposed, the \
                     memory of that machine or of this one has damaged it. If it was that one, it \
                     stops when it has to send it again, and another node leads; test both if this \
                     goes on",
                    frame.message.from.0
                ));
            }
            return;
        }
        if peers.inbox.message(frame).is_err() {
            peers.metrics.dropped.count_name(kind);
        }
    }
}

async fn refuse(socket: &mut WebSocket, why: &str) {
    let close = CloseFrame {
        code: REFUSED,
        reason: short(why).into(),
    };
    let _ = timeout(PEER_CONNECT, socket.send(Ws::Close(Some(close)))).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::bulk::tests::rig;
    use raftwerk_core::{
        ClusterId, Entry, EntryBody, Index, Lane, LogId, Message, NodeId, Round, Standing, Term,
    };
    use raftwerk_kv::{Command, Request};

    fn append(command: Vec<u8>) -> Box<Frame> {
        let whole = Request::from(Command::put("a", "1")).encode();
        let entries = [whole, command].into_iter().zip(2..);
        let entries = entries.map(|(command, index)| Entry {
            id: LogId::new(1, index),
            body: EntryBody::Command(command.into()),
        });
        let body = Body::Append {
            lane: Lane::default(),
            round: Round(0),
            prev: LogId::new(1, 1),
            entries: entries.collect(),
            commit: Index(0),
            standing: Standing::default(),
        };
        Box::new(Frame {
            group: 0,
            serial: 1,
            boot: 7,
            message: Message {
                cluster: ClusterId(1),
                from: NodeId(2),
                to: NodeId(1),
                term: Term(1),
                body,
            },
        })
    }

    /// What a memory damaged on the way does not come in; what is sent again does.
    #[tokio::test]
    async fn an_append_with_a_damaged_command_does_not_come_in() {
        let rig = rig();
        let whole = Request::from(Command::put("x", "2")).encode();
        let mut door = Door::default();
        for bit in 0..whole.len() * 8 {
            let mut command = whole.clone();
            command[bit / 8] ^= 1 << (bit % 8);
            door.deliver(&rig.peers, append(command));
        }
        let flips = whole.len() as u64 * 8;
        assert_eq!(rig.peers.metrics.damaged.load(Relaxed), flips);
        assert!(door.told);
        door.deliver(&rig.peers, append(whole));
        let came = rig.inbox.take(Duration::ZERO).urgent;
        assert_eq!(came.len(), 1, "the whole one only");
    }
}
