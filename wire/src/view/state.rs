//! A node's log and its state machine, as much of them as a screen shows.

use raftwerk_core::{Entry, EntryBody};
use raftwerk_kv::Request;
use serde::{Deserialize, Serialize};

/// How many keys a [`StoreView`] shows.
pub const SHOWN_KEYS: usize = 32;
/// How many entries a [`LogView`] of a live node shows.
pub const SHOWN_ENTRIES: usize = 64;
/// How many characters of a key or value are shown.
pub const SHOWN_CHARS: usize = 48;

/// The log, or a window of its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogView {
    /// Last index.
    pub last: u64,
    /// Term of the last entry.
    pub last_term: u64,
    /// Index of the first entry in `entries`; earlier ones exist but are not shown.
    pub first_shown: u64,
    /// Entries, contiguous up to `last`.
    pub entries: Vec<EntryView>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryView {
    /// Position.
    pub index: u64,
    /// Term.
    pub term: u64,
    /// `noop`, `command` or `members`.
    pub kind: String,
    /// What it says, in short words, such as `put x=1`.
    pub text: String,
}

/// The state machine of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoreView {
    /// Revision counter.
    pub revision: u64,
    /// Running digest over everything applied.
    pub digest: u64,
    /// How many keys there are.
    pub keys: usize,
    /// The first keys, at most [`SHOWN_KEYS`].
    pub items: Vec<ItemView>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// The key, lossy and cut to [`SHOWN_CHARS`].
    pub key: String,
    /// The value, lossy and cut.
    pub value: String,
    /// Revision that created it.
    pub create_revision: u64,
    /// Revision that last changed it.
    pub mod_revision: u64,
    /// Changes since it was created.
    pub version: u64,
}

/// A text for bytes: lossy, cut to [`SHOWN_CHARS`].
#[must_use]
pub fn show_bytes(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_CHARS)]).into_owned();
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    text.chars().take(SHOWN_CHARS - 1).chain(['…']).collect()
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> EntryView {
        let (kind, text) = match &entry.body {
            EntryBody::Noop => ("noop", "no-op".to_string()),
            EntryBody::Command(bytes) => (
                "command",
                Request::decode(bytes)
                    .map_or_else(|_| "unreadable command".to_string(), |r| r.describe()),
            ),
            EntryBody::Membership(members) => {
                let names: Vec<String> = members.voters.iter().map(ToString::to_string).collect();
                ("members", format!("voters {}", names.join(" ")))
            }
        };
        let (index, term) = (entry.id.index.0, entry.id.term.0);
        EntryView {
            index,
            term,
            kind: kind.to_string(),
            text,
        }
    }
}
