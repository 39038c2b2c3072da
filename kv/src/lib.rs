//! The replicated state machine: keys with revisions, sessions for exactly-once retries, and a
//! bounded history of changes. Raft thesis section 6.3 (sessions); revisions follow etcd v3.
//!
//! It assumes that every replica calls [`Store::apply`] with the same entries in the same order.
//! It guarantees that replicas which did so answer the same, hold equal state, encode it to equal
//! bytes and report equal digests, natively and on wasm32. To keep that true nothing in here
//! reads a clock, draws a random number, uses a float or iterates a hash map, and no `usize` is
//! ever hashed or encoded.
//!
//! Reading order: [`Command`] and [`Request`] (what an entry says), [`Answer`] (what comes back),
//! [`Store`] (the rules), then the helpers: sessions, history, snapshot, table, codec, digest.
//!
//! **Version skew.** An entry of a format this build does not know is a no-op with the answer
//! [`Answer::Malformed`]. A newer build would execute it, so a new entry version may be proposed
//! only once every member understands it.
//!
//! ```
//! use raftwerk_kv::{Answer, Command, Request, Store};
//!
//! let mut store = Store::new();
//! let entry = Request::from(Command::put("colour", "blue")).encode();
//! assert_eq!(store.apply(1, 0, &entry), Answer::Put { revision: 2, previous: None });
//! assert_eq!(&*store.get(b"colour").unwrap().value, b"blue");
//! ```

mod answer;
mod codec;
mod command;
mod digest;
mod entry;
mod history;
mod limits;
mod session;
mod snapshot;
mod store;
mod table;

pub use answer::{Answer, KeyValue};
pub use codec::DecodeError;
/// Whether this build can leave sessions out of snapshots, to prove that a check notices. No
/// server may.
pub const SABOTAGE: bool = cfg!(feature = "sabotage");

pub use command::{Command, CommandError, Expect, Payload, Request, SessionTag};
pub use history::{Change, Changes, Compacted};
pub use limits::{
    MAX_HISTORY_BYTES, MAX_HISTORY_CHANGES, MAX_KEY_BYTES, MAX_SESSIONS, MAX_VALUE_BYTES,
};
pub use session::SessionInfo;
pub use store::{Page, Store};
