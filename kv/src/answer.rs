//! What comes back from an applied entry, and the record of one key.

use crate::command::Payload;

/// A key as it stands, with its revisions (etcd v3 words and rules).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KeyValue {
    /// The key.
    pub key: Payload,
    /// Its value.
    pub value: Payload,
    /// The revision that created it, after its last delete if there was one.
    pub create_revision: u64,
    /// The revision that last changed it.
    pub mod_revision: u64,
    /// Counts the writes since it was created; 1 when just created.
    pub version: u64,
}

/// The outcome of one entry. Equal on every replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Answer {
    /// The key is set.
    Put {
        /// The revision this write made.
        revision: u64,
        /// What was there before.
        previous: Option<KeyValue>,
    },
    /// The key is gone.
    Deleted {
        /// The revision of the store afterwards: a new one if something was removed.
        revision: u64,
        /// What was removed; `None` when nothing was there.
        previous: Option<KeyValue>,
    },
    /// The key was compared, and changed if it was as expected.
    Compared {
        /// Whether the key was as expected.
        succeeded: bool,
        /// The revision of the store afterwards.
        revision: u64,
        /// The key as it is afterwards: changed on success, as found on failure.
        current: Option<KeyValue>,
    },
    /// The session is open.
    SessionOpened {
        /// Its id: the log index of the entry that opened it.
        session: u64,
    },
    /// The session is closed.
    SessionClosed,
    /// There is no such session: never opened, closed, or pushed out by newer ones. Nothing was
    /// done; whether an earlier try of the same request was executed is not known any more.
    UnknownSession,
    /// The sequence lies below the newest one answered, and its answer is no longer kept.
    /// Nothing was done now.
    StaleSequence {
        /// The newest sequence of the session.
        last: u64,
    },
    /// The entry could not be decoded. Nothing was done, on every replica alike.
    Malformed,
}
