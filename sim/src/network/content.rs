//! What travels, and between whom.

use raftwerk_core::{Lane, LogId, Message, Payload, Refusal, SnapshotMeta};
use raftwerk_kv::{Answer, KeyValue};
use raftwerk_wire::client::ReadMode;

/// Where a message comes from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Node(u64),
    Client(u64),
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Content {
    /// Between nodes.
    Peer(Message),
    /// Bytes of a snapshot, between nodes.
    Chunk(Box<Chunk>),
    /// The answer to them.
    Got(Got),
    /// From a client to a node.
    Question(Question),
    /// From a node to a client.
    Reply(Reply),
}

/// Some bytes of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chunk {
    pub lane: Lane,
    pub meta: SnapshotMeta,
    pub offset: u64,
    pub bytes: Payload,
}

/// How much of a snapshot a receiver has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Got {
    pub lane: Lane,
    pub last: LogId,
    pub upto: u64,
    /// All of it, on disk.
    pub staged: bool,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub client: u64,
    /// Number of the attempt; the answer carries it back.
    pub attempt: u64,
    pub what: Wanted,
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    Write(Payload),
    Read { key: Payload, mode: ReadMode },
}

/// What a node answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reply {
    pub client: u64,
    pub attempt: u64,
    pub node: u64,
    pub result: Told,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// Committed as this entry, with this answer.
    Done { id: LogId, answer: Answer },
    /// Read from a state that covers everything up to `applied`, at the read point `point`.
    Read {
        item: Option<KeyValue>,
        point: u64,
        applied: u64,
        age: Option<u64>,
    },
    /// Not done.
    Refused(Refusal),
    /// Certainly never done.
    Lost,
    /// Perhaps done.
    Unknown,
}
