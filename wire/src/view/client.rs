//! Clients that the user can see, and what they asked.

use serde::{Deserialize, Serialize};

/// A client the user can see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientView {
    /// Its number, from 1.
    pub id: u64,
    /// Whom it believes to lead, if anybody.
    #[serde(default)]
    pub leader: Option<u64>,
    /// The operation that waits, if any.
    pub current: Option<OperationView>,
    /// Finished operations, newest last, at most 20.
    pub done: Vec<OperationView>,
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationView {
    /// What is asked, such as `put x=1` or `get x`.
    pub text: String,
    /// The node asked.
    pub node: u64,
    /// Read mode, for reads.
    pub mode: Option<String>,
    /// When it was asked.
    pub started: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// How it ended, in words; `None` while it waits.
    pub answer: Option<String>,
    /// `ok`, `failed` (certainly not done) or `unknown` (may have been done).
    pub outcome: Option<String>,
}
