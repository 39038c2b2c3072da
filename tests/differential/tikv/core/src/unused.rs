//! What the simulator's sources name and no world over this crate does.

use crate::node::Raft;
use raftwerk_core::trace::Event;
use raftwerk_core::{
    Index, Lane, Members, NodeId, Refusal, SnapshotMeta, Span, Streamed, Ticket, Time, Violation,
};

/// Only time travel and the explorer copy a core; a `RawNode` cannot be copied.
impl Clone for Raft {
    fn clone(&self) -> Raft {
        panic!("a node of TiKV cannot be copied");
    }
}

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Raft {
    /// Its own invariants are its own affair.
    pub fn check(&self) -> Result<(), Violation> {
        Ok(())
    }

    pub fn transfer(&mut self, _: Time, _: Ticket, _: Option<NodeId>) -> Result<(), Refusal> {
        Err(Refusal::Disabled)
    }

    pub fn reconfigure(&mut self, _: Time, _: Ticket, _: Members) -> Result<(), Refusal> {
        Err(Refusal::Disabled)
    }

    pub fn link(&mut self, _: Time, _: NodeId, _: bool) {}

    pub fn listen(&mut self, _: bool) {}

    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    #[must_use]
    pub fn staleness(&self, _: Time) -> Option<Span> {
        None
    }

    #[must_use]
    pub fn snapshot_meta(&self, _: Index) -> Option<SnapshotMeta> {
        None
    }

    pub fn snapshotted(&mut self, _: Time, _: SnapshotMeta) {}

    pub fn staged(&mut self, _: Time, _: Lane, _: SnapshotMeta) {}

    pub fn streamed(&mut self, _: Time, _: NodeId, _: Lane, _: Streamed) {}
}
