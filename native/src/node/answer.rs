//! What the loop answers to those who wait.

use crate::node::members::Senseless;
use raftwerk_core::{Members, Outcome, Refusal};
use raftwerk_kv::{Answer, KeyValue, Page};
use raftwerk_wire::client::Status;
use raftwerk_wire::view::NodeView;
use tokio::sync::oneshot;

/// Where the end of a write goes.
pub type WriteReply = oneshot::Sender<Written>;
/// Where the result of a read goes.
pub type ReadReply = oneshot::Sender<Read>;
/// Where the end of an order goes.
pub type OrderReply = oneshot::Sender<Ordered>;
/// Where a status goes; the members' connections are filled in by who asked.
pub type StatusReply = oneshot::Sender<Box<Status>>;
/// Where a view goes.
pub type ViewReply = oneshot::Sender<Box<NodeView>>;

/// How a write ended.
#[derive(Debug)]
pub enum Written {
    /// Committed and applied.
    Applied {
        /// What the store answered.
        answer: Answer,
        /// The term in which it was.
        term: u64,
    },
    /// Nothing was done.
    Refused(Refusal),
    /// Nothing was done: the command is not what its maker wrote.
    Damaged,
    /// Nothing was done: there is no space for it.
    NoSpace,
    /// Certainly never committed.
    Lost,
    /// Leadership was lost while it was in the log.
    Unknown,
}

/// How an order ended.
#[derive(Debug)]
pub enum Ordered {
    /// As the core says, with the members in force then and the term.
    Ended {
        /// How.
        outcome: Outcome,
        /// The members.
        members: Box<Members>,
        /// The term.
        term: u64,
    },
    /// Nothing was done.
    Refused(Refusal),
    /// Nothing was done: it makes no sense for the members there are.
    Senseless(Senseless),
}

/// How a read ended.
#[derive(Debug)]
pub enum Read {
    /// With a result.
    Found(Found),
    /// With a refusal.
    Refused(Refusal),
}

/// What a read found.
#[derive(Debug)]
pub struct Found {
    /// The result.
    pub result: Result,
    /// Revision of the store.
    pub revision: u64,
    /// Term of the node.
    pub term: u64,
    /// For reads that are not proven fresh: how old they are at most, in milliseconds, if that is
    /// known.
    pub age_ms: Option<u64>,
}

/// Result of a query.
#[derive(Debug)]
pub enum Result {
    /// The key, if it exists.
    Item(Option<KeyValue>),
    /// A page of keys.
    Page(Page),
}
