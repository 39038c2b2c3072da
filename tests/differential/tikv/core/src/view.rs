//! The picture of a node that the simulator's checks look at. What `raft` does not have, or tells
//! only in ticks, is not in it.

use crate::node::Raft;
use raftwerk_core::autopilot::Autopilot;
use raftwerk_core::trace::{Held, Role};
use raftwerk_core::{
    Changing, Config, Deadline, Entry, Fence, HardState, Index, LogId, Membership, NodeId, Peer,
    SnapshotMeta, Suspicion, Term, Time, Transferring, Waiting,
};

/// Borrowed picture of a [`Raft`].
#[derive(Clone, Copy)]
pub struct View<'a>(&'a Raft);

impl Raft {
    /// The picture.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View(self)
    }
}

#[allow(missing_docs, clippy::missing_docs_in_private_items)]
impl<'a> View<'a> {
    #[must_use]
    pub fn id(self) -> NodeId {
        self.0.config.id
    }
    #[must_use]
    pub fn config(self) -> &'a Config {
        &self.0.config
    }
    #[must_use]
    pub fn role(self) -> Role {
        self.0.role()
    }
    #[must_use]
    pub fn term(self) -> Term {
        self.0.term()
    }
    #[must_use]
    pub fn vote(self) -> Option<NodeId> {
        let vote = self.0.node.raft.vote;
        (vote != 0).then_some(NodeId(vote))
    }
    #[must_use]
    pub fn hard_state_on_disk(self) -> HardState {
        self.0.issued_state
    }
    #[must_use]
    pub fn leader(self) -> Option<NodeId> {
        self.0.leader()
    }
    /// Position 1 is committed from the start; ours learns that with the first entry after it.
    #[must_use]
    pub fn commit(self) -> Index {
        match self.0.node.raft.raft_log.committed {
            1 => Index(0),
            committed => Index(committed),
        }
    }
    #[must_use]
    pub fn applied(self) -> Index {
        Index(self.0.applied)
    }
    #[must_use]
    pub fn applying(self) -> Index {
        Index(self.0.applying)
    }
    #[must_use]
    pub fn last(self) -> LogId {
        self.0.image().last()
    }
    #[must_use]
    pub fn first(self) -> Index {
        Index(1)
    }
    #[must_use]
    pub fn base(self) -> LogId {
        LogId::ORIGIN
    }
    #[must_use]
    pub fn snapshot(self) -> Option<&'a SnapshotMeta> {
        None
    }
    #[must_use]
    pub fn installing(self) -> bool {
        false
    }
    #[must_use]
    pub fn staged(self) -> Option<&'a SnapshotMeta> {
        None
    }
    #[must_use]
    pub fn durable(self) -> Index {
        Index(self.0.node.raft.raft_log.persisted)
    }
    #[must_use]
    pub fn writing(self) -> usize {
        (self.0.issued - self.0.done) as usize
    }
    #[must_use]
    pub fn term_at(self, index: Index) -> Option<Term> {
        match index {
            Index(0) => Some(Term(0)),
            index => self.0.image().term_at(index).map(Term),
        }
    }
    #[must_use]
    pub fn tail(self, count: usize) -> Vec<Entry> {
        let entries = &self.0.image().entries;
        entries[entries.len().saturating_sub(count)..].to_vec()
    }
    #[must_use]
    pub fn membership(self) -> Option<&'a Membership> {
        Some(&self.0.membership)
    }
    #[must_use]
    pub fn fenced(self) -> Option<Fence> {
        self.0.fenced
    }
    /// `raft` counts ticks; when it began to wait it does not say.
    #[must_use]
    pub fn election(self) -> Option<Deadline> {
        None
    }
    /// Reads that wait, each for itself.
    #[must_use]
    pub fn reads(self) -> Vec<Waiting> {
        let waiting = self.0.reads.iter().map(|read| Waiting {
            round: None,
            marks: false,
            index: read.index,
            count: 1,
        });
        waiting.collect()
    }
    #[must_use]
    pub fn suspect(self) -> Option<Suspicion> {
        None
    }
    #[must_use]
    pub fn suspect_alone(self) -> bool {
        false
    }
    #[must_use]
    pub fn is_parting(self) -> bool {
        false
    }
    #[must_use]
    pub fn is_leaving(self) -> bool {
        false
    }
    #[must_use]
    pub fn lease(self) -> Option<Time> {
        None
    }
    #[must_use]
    pub fn contacts(self) -> Vec<(NodeId, u64)> {
        Vec::new()
    }
    #[must_use]
    pub fn quiet(self) -> Option<Time> {
        None
    }
    #[must_use]
    pub fn heartbeat(self) -> Option<Deadline> {
        None
    }
    #[must_use]
    pub fn check_quorum(self) -> Option<Deadline> {
        None
    }
    #[must_use]
    pub fn leader_heard(self) -> Option<Time> {
        None
    }
    #[must_use]
    pub fn sent(self) -> Vec<Time> {
        Vec::new()
    }
    #[must_use]
    pub fn votes(self) -> Vec<(NodeId, bool)> {
        Vec::new()
    }
    #[must_use]
    pub fn peers(self) -> Vec<Peer> {
        Vec::new()
    }
    #[must_use]
    pub fn transfer(self) -> Option<Transferring> {
        None
    }
    #[must_use]
    pub fn change(self) -> Option<Changing<'a>> {
        None
    }
    #[must_use]
    pub fn autopilot(self) -> Option<&'a Autopilot> {
        None
    }
    #[must_use]
    pub fn held(self) -> Vec<Held> {
        Vec::new()
    }
}
