//! The observe stream: what a live node tells about itself, over WebSocket as JSON.
//!
//! A node numbers what it tells from 1 within one life of its process (`boot` names the life).
//! A stream opens with [`Told::Hello`] and a full [`Told::View`]; a subscriber that names the
//! last number it has gets the rest from the ring buffer, or [`Told::Gap`] when that is gone.
//! The supervisor's stream on its own port carries the same, relayed per node as
//! [`FromSupervisor`], because a page must stay while any node is killed.

use crate::view::{EventView, MessageView, NodeCondition, NodeView};
use serde::{Deserialize, Serialize};

/// One item of a node's stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tell {
    /// The node that says so.
    pub node: u64,
    /// Life of its process: drawn at start.
    pub boot: u64,
    /// Number in this life; 0 for `Hello`, `View` and `Gap`, which are not kept.
    pub number: u64,
    /// The node's own clock, microseconds.
    pub clock: u64,
    /// What it says.
    pub told: Told,
}

/// What a node says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// First item of every stream.
    Hello {
        /// Version of this protocol.
        protocol: u32,
        /// Cluster id in hexadecimal.
        cluster: String,
        /// Members and the URL at which each is reached, as (id, url).
        members: Vec<(u64, String)>,
        /// Whether `/v1/chaos` is open.
        chaos: bool,
    },
    /// The whole state of the node, sent at the start and after changes, at most 20 a second.
    View(Box<NodeView>),
    /// A transition with its reason.
    Event(Box<EventView>),
    /// It sent a message.
    Sent {
        /// Number the sender gave it; with the sender's id and boot it names the message.
        serial: u64,
        /// Receiver.
        to: u64,
        /// What it says.
        content: MessageView,
    },
    /// A message arrived.
    Received {
        /// Number the sender gave it.
        serial: u64,
        /// Sender.
        from: u64,
        /// The sender's boot.
        boot: u64,
    },
    /// A message was not handed to the network: link down, cut, or queue full.
    Dropped {
        /// Number it had.
        serial: u64,
        /// Receiver.
        to: u64,
        /// Why, in words.
        why: String,
    },
    /// The peers this node cannot send to because chaos cut them.
    Cuts {
        /// Peers it does not send to.
        to: Vec<u64>,
    },
    /// Numbers that are no longer kept.
    Gap {
        /// First number missing.
        from: u64,
        /// Last number missing.
        to: u64,
    },
}

/// One item of the supervisor's stream (`/v1/observe` on the port of `raftwerk play`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromSupervisor {
    /// State of all processes: at the start and after each change.
    Processes {
        /// As (node id, condition, process id if running, URL).
        nodes: Vec<ProcessView>,
        /// Whether the page may ask for faults.
        chaos: bool,
    },
    /// Relayed from a node, word for word.
    Node(Box<Tell>),
    /// What a node said before this page came, word for word: the last `Hello`, `View` and
    /// `Cuts` of each node, sent to a page when it connects.
    Kept {
        /// Milliseconds since the supervisor heard it.
        age_ms: u64,
        /// What it said.
        tell: Box<Tell>,
    },
    /// The supervisor's connection to a node's stream went up or down.
    Stream {
        /// The node.
        node: u64,
        /// Whether it is connected now.
        connected: bool,
    },
}

/// One supervised process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessView {
    /// The node in it.
    pub node: u64,
    /// Its state, as the supervisor knows it.
    pub condition: NodeCondition,
    /// Process id while it runs.
    pub pid: Option<u32>,
    /// Where the node is reached.
    pub url: String,
}

/// Body of `POST /v1/chaos`, to a node or to the supervisor.
///
/// A node carries out `Cut`, `Heal` and `TimeOut` for itself; the supervisor carries out the
/// rest and passes these on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Chaos {
    /// Kill the process (SIGKILL).
    Crash {
        /// Which.
        node: u64,
    },
    /// Start it again on the same data.
    Restart {
        /// Which.
        node: u64,
    },
    /// Stop it (SIGSTOP).
    Freeze {
        /// Which.
        node: u64,
    },
    /// Let it go on (SIGCONT).
    Thaw {
        /// Which.
        node: u64,
    },
    /// Nothing more goes from one node to another, in this direction.
    Cut {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// Undo a cut.
    Restore {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// Cut everything between groups; nodes not named form a group of their own.
    Partition {
        /// The groups.
        groups: Vec<Vec<u64>>,
    },
    /// Undo every cut.
    Heal,
    /// Let a node's election timer fire now.
    TimeOut {
        /// Which.
        node: u64,
    },
}
