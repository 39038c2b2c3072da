//! The rules of the handshake: who may talk to whom (traps D9, M10, D10).
//!
//! Both sides greet and both judge. A refusal closes the connection with its reason, which is
//! logged on both sides and shown in `/v1/cluster`.

use super::Peers;
use crate::node::PeerUrl;
use raftwerk_core::NodeId;
use raftwerk_wire::frame::{self, Incoming, PeerHello};
use std::sync::Arc;

/// Status of the close frame of a refusal.
pub const REFUSED: u16 = 4_001;

/// Longest reason in a close frame (RFC 6455 allows 123 bytes).
const MAX_REASON: usize = 120;

impl Peers {
    /// This node's greeting for a peer.
    #[must_use]
    pub fn hello_to(&self, to: u64) -> PeerHello {
        PeerHello {
            to: NodeId(to),
            ..self.hello.clone()
        }
    }

    /// Whether the sender of a greeting may be talked to.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(self: &Arc<Self>, theirs: &PeerHello) -> Result<(), String> {
        let (ours, node) = (&self.hello, theirs.node.0);
        if theirs.cluster != ours.cluster {
            return Err(format!(
                "wrong cluster: node {node} is of {:032x}, node {} of {:032x}",
                theirs.cluster.0, ours.node.0, ours.cluster.0
            ));
        }
        if theirs.to != ours.node {
            return Err(format!(
                "wrong address: node {node} looked for node {} and found node {}",
                theirs.to.0, ours.node.0
            ));
        }
        if theirs.node == ours.node {
            return Err(format!("two nodes have the id {node}"));
        }
        if theirs.founders != ours.founders {
            return Err(format!(
                "nodes {node} and {} were started with different --initial-cluster",
                ours.node.0
            ));
        }
        let url = PeerUrl::parse(&theirs.url)
            .map_err(|why| format!("node {node} does not say where it is reached: {why}"))?;
        // Only who can be known is remembered: what strangers make this node keep is bounded.
        self.has_room_for(node)?;
        self.disks
            .meet(node, theirs.disk, |peer| self.serves(peer))?;
        self.learn(node, &url)?;
        self.says(node, &url);
        Ok(())
    }
}

/// Reads the first frame of a connection, which must be a greeting.
///
/// # Errors
/// Why it is none.
pub fn read_hello(bytes: &[u8]) -> Result<PeerHello, String> {
    match frame::decode(bytes) {
        Ok(Incoming::Hello(hello)) => Ok(hello),
        Ok(_) => Err("it did not greet".to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// A reason short enough for a close frame.
#[must_use]
pub fn short(reason: &str) -> String {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_string()
}
