//! What can be asked of a world: numbers, roles, members, its hash. Changes nothing.

use super::World;
use crate::checks::Violation;
use crate::clients::{Client, Ending};
use crate::faults::Struck;
use crate::node::Node;
use crate::setup::Setup;
use raftwerk_core::trace::Role;
use raftwerk_core::{Members, NodeId, StableHasher};
use raftwerk_wire::view::{EventView, NodeCondition};
use std::hash::{Hash, Hasher};

/// What a run did so far, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events played.
    pub events: u64,
    /// Elections won.
    pub elections: u64,
    /// Entries committed.
    pub commits: u64,
    /// Operations of clients that ended with an answer.
    pub answered: u64,
    /// Operations of clients that ended without knowing the outcome.
    pub unknown: u64,
    /// Snapshots taken of different states.
    pub snapshots: u64,
    /// Times that a node loaded one in place of its state machine.
    pub installs: u64,
}

impl World {
    /// Time of the last event, microseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Time of the next event; `None` when nothing is left to happen.
    #[must_use]
    pub fn next_time(&self) -> Option<u64> {
        self.queue.peek().map(|(time, _)| time.max(self.now))
    }

    /// Events played so far, interventions included.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// What the run was told at birth.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The first violated check, if any.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.checks.violation()
    }

    /// The names of all checks that have failed so far, the first one first.
    #[must_use]
    pub fn broken_checks(&self) -> Vec<&'static str> {
        self.checks.broken()
    }

    /// Trace events of the last step; empty unless the world is traced.
    #[must_use]
    pub fn fresh_events(&self) -> &[EventView] {
        &self.fresh
    }

    /// What the run did so far, in numbers.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (snapshots, installs) = self.checks.snapshots();
        Counts {
            events: self.events,
            elections: self.checks.elections(),
            commits: self.checks.committed(),
            answered: self.clients.iter().map(|client| client.answered).sum(),
            unknown: self.clients.iter().map(|client| client.unknown).sum(),
            snapshots,
            installs,
        }
    }

    /// How often each class of faults has struck so far.
    #[must_use]
    pub fn struck(&self) -> Struck {
        let mut struck = self.struck;
        struck.add(&self.network.struck);
        for node in &self.nodes {
            struck.add(&node.struck);
            struck.add(&node.disk.struck);
        }
        struck
    }

    /// The leader of the highest term so far.
    #[must_use]
    pub fn newest_leader(&self) -> Option<u64> {
        self.checks.newest_leader()
    }

    /// Highest index that any node knows committed.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.checks.committed()
    }

    /// Role, term and process state of a node; a crashed one is as it was last.
    #[must_use]
    pub fn glance(&self, node: u64) -> Option<(Role, u64, NodeCondition)> {
        let node = self
            .nodes
            .get(usize::try_from(node.checked_sub(1)?).ok()?)?;
        Some((node.seen.role, node.seen.term, node.condition))
    }

    /// The nodes that there are, running or not: neither newcomers that have not come yet nor those
    /// whose disk was wiped.
    pub(crate) fn present(&self) -> impl Iterator<Item = u64> {
        let here = self.nodes.iter().filter(|node| node.is_here());
        here.map(|node| node.id)
    }

    /// Whose log was found damaged and is not trusted again.
    pub(crate) fn suspects(&self) -> impl Iterator<Item = u64> {
        let suspect = |node: &&Node| {
            let raft = node.raft.as_ref();
            raft.is_some_and(|raft| raft.view().suspect().is_some())
        };
        self.nodes.iter().filter(suspect).map(|node| node.id)
    }

    /// Whether every node that there is runs, and every member has applied everything up to an
    /// index.
    #[must_use]
    pub fn applied_everywhere(&self, index: u64) -> bool {
        let members = self.checks.members();
        let is_member = |id| members.is_none_or(|members| members.contains(NodeId(id)));
        let has = |node: &Node| {
            let up = node.condition == NodeCondition::Up;
            !node.is_here() || up && (node.applied >= index || !is_member(node.id))
        };
        self.nodes.iter().all(has)
    }

    /// How many committed entries the slowest node has not applied, members or not.
    pub(crate) fn behind(&self) -> u64 {
        let here = self.nodes.iter().filter(|node| node.is_here());
        let applied = here.map(|node| node.applied).min();
        self.committed().saturating_sub(applied.unwrap_or(0))
    }

    /// The newest members that are committed; nobody before anything is.
    #[must_use]
    pub fn members(&self) -> Members {
        self.checks.members().cloned().unwrap_or_default()
    }

    /// Whether a client waits for nothing.
    #[must_use]
    pub fn is_idle(&self, client: u64) -> bool {
        self.client(client)
            .is_some_and(|client| client.current.is_none())
    }

    /// Which node answered the last operation of a client; `None` if none did.
    #[must_use]
    pub fn answered_by(&self, client: u64) -> Option<u64> {
        let last = self.client(client)?.done.back()?;
        let answered = matches!(last.ending, Ending::Written(_) | Ending::Read { .. });
        answered.then_some(last.node)
    }

    /// The first keys that are known where most is applied.
    #[must_use]
    pub fn keys(&self, most: usize) -> Vec<String> {
        let newest = self.nodes.iter().max_by_key(|node| node.applied);
        let page = newest.map(|node| node.store.range(b"", None, most));
        let items = page.map(|page| page.items).unwrap_or_default();
        let text = |item: &raftwerk_kv::KeyValue| String::from_utf8_lossy(&item.key).into_owned();
        items.iter().map(text).collect()
    }

    /// Whether the last operation of a client ended without an answer.
    #[must_use]
    pub fn last_was_unanswered(&self, client: u64) -> bool {
        let last = self.client(client).and_then(|client| client.done.back());
        last.is_some_and(|last| matches!(last.ending, Ending::Failed(_) | Ending::Unknown(_)))
    }

    fn client(&self, client: u64) -> Option<&Client> {
        self.clients
            .get(usize::try_from(client.checked_sub(1)?).ok()?)
    }

    /// Whether no client waits and no node has anything open that it took on.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.clients.iter().all(|client| client.current.is_none())
            && self.checks.open_tickets() == 0
    }

    /// Hash over everything that determines the future; equal on every platform.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = StableHasher::new();
        hasher.write_u64(self.now);
        hasher.write_u64(self.events);
        self.queue.slots().for_each(|slot| slot.hash(&mut hasher));
        self.network.hash(&mut hasher);
        self.nodes.iter().for_each(|node| node.hash(&mut hasher));
        self.clients
            .iter()
            .for_each(|client| client.hash(&mut hasher));
        self.faults.hash(&mut hasher);
        hasher.write_u64(self.checks.committed());
        hasher.finish()
    }

    /// Bytes of memory that one more copy costs, about.
    #[must_use]
    pub fn memory_estimate(&self) -> u64 {
        let nodes: u64 = self.nodes.iter().map(Node::memory).sum();
        let clients: u64 = self.clients.iter().map(Client::memory).sum();
        // The ledger is shared between copies; a copy pays for its list of chunks.
        nodes + clients + self.network.memory() + self.checks.memory() / 16 + 4_096
    }
}
