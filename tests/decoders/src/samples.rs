//! Well-formed inputs of today's version, one of each shape. The files in `samples/` are made
//! from these and kept for good, so that what an older version wrote stays readable.
//!
//! | file     | samples                                              |
//! |----------|------------------------------------------------------|
//! | `peers`  | frames                                               |
//! | `disk`   | records, logs, notes, snapshot files, small files    |
//! | `store`  | requests and the store                               |
//! | `client` | what a page hears, bodies of the client API          |
//! | `words`  | headers, flags, names, places, addresses, queries    |
//! | `runs`   | scenarios and runs                                   |

mod client;
mod disk;
mod peers;
mod runs;
mod store;
mod words;

pub use client::{bodies, told};
pub use disk::{files, logs, notes, records, snapshots, whole_log};
pub use peers::frames;
pub use runs::{runs, scenarios};
pub use store::{requests, stores};
pub use words::{flags, headers, names, places, queries, urls};

use raftwerk_core::{
    Entry, EntryBody, Index, Lane, LogId, Members, Membership, NodeId, SnapshotMeta, Term,
};
use raftwerk_kv::{Command, Request};
use serde::Serialize;

type Samples = Vec<(&'static str, Vec<u8>)>;

const LANE: Lane = Lane {
    term: Term(7),
    membership: Index(1),
    generation: 300,
};

fn entry(term: u64, index: u64, body: EntryBody) -> Entry {
    let id = LogId::new(term, index);
    Entry { id, body }
}

fn command(term: u64, index: u64, value: &str) -> Entry {
    let request = Request::tagged(2, 1, Command::put("key", value));
    entry(term, index, EntryBody::Command(request.encode().into()))
}

fn joint() -> Members {
    Members {
        outgoing: vec![NodeId(1), NodeId(2), NodeId(3)],
        learners: vec![NodeId(u64::MAX)],
        demote_later: vec![NodeId(2)],
        ..Members::of_voters([3, 4, 1 << 40].map(NodeId))
    }
}

fn entries() -> Vec<Entry> {
    vec![
        entry(6, 200, EntryBody::Noop),
        command(6, 201, "one"),
        entry(7, 202, EntryBody::Membership(joint().into())),
        command(7, 203, ""),
    ]
}

fn snapshot() -> SnapshotMeta {
    SnapshotMeta {
        last: LogId::new(6, 190),
        membership: Membership {
            id: LogId::new(5, 150),
            members: Members::of_voters([1, 2, 3].map(NodeId)),
        },
        bytes: 70_000,
        hash: u64::MAX,
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("samples can be written")
}

fn url() -> String {
    "http://[::1]:7878".to_string()
}
