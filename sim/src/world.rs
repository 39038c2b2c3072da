//! A deterministic cluster: nodes, network, disks, clients, faults and checks behind one queue.
//!
//! One step takes one thing from the queue, feeds it to one core (or all that waits there, see
//! `host`), drains that completely, turns what comes out into future things, and runs the
//! checks. The same setup and the same interventions give the same run on every platform:
//! nothing here knows a clock, a thread, a float or a hash map. A world is cheap to clone, which
//! is how time travel works.

mod act;
mod admin;
mod drain;
mod host;
mod inflict;
mod journal;
mod may;
mod snapshots;
mod survive;
mod wipe;

use crate::checks::{Check, Checks, Violation};
use crate::clients::{Client, Ending, Env};
use crate::faults::{Faults, Struck};
use crate::intervention::Intervention;
use crate::network::{Content, Flight, Network, Place, Question};
use crate::node::Node;
use crate::queue::{NEVER, Next, Queue};
use crate::run::Act;
use crate::setup::{HostModel, Setup};
use raftwerk_core::trace::Role;
use raftwerk_core::{Members, NodeId, StableHasher};
use raftwerk_wire::view::{EventView, NodeCondition};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A cluster at one moment, able to go one event further. Cheap to clone.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) setup: Arc<Setup>,
    pub(crate) now: u64,
    /// Events so far, interventions included.
    pub(crate) events: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) network: Network,
    /// As in the setup until [`Intervention::Calm`].
    pub(crate) host: HostModel,
    pub(crate) queue: Queue,
    pub(crate) clients: Vec<Client>,
    pub(crate) faults: Faults,
    pub(crate) checks: Checks,
    /// Whether cores are asked why they did what they did.
    listening: bool,
    /// Trace events of the last step, and how many there were in the run.
    pub(crate) fresh: Vec<EventView>,
    pub(crate) traced: u64,
    /// How often each class of faults has struck, but for what network and nodes count.
    struck: Struck,
    /// What was done from outside, if that is recorded.
    journal: Option<Vec<Act>>,
}

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
    /// The cluster just started.
    ///
    /// # Panics
    /// When the setup makes no sense; ask [`Setup::validate`] first if it comes from outside.
    #[must_use]
    pub fn new(setup: &Setup) -> World {
        World::start(setup, false)
    }

    /// The same, with every node telling why it does what it does.
    #[must_use]
    pub fn traced(setup: &Setup) -> World {
        World::start(setup, true)
    }

    fn start(setup: &Setup, listening: bool) -> World {
        if let Err(wrong) = setup.validate() {
            panic!("a world needs a valid setup: {}", wrong.join("; "));
        }
        let (nodes, clients) = (setup.nodes, setup.clients);
        let slots = (nodes + clients + 1) as usize;
        let mut world = World {
            setup: Arc::new(setup.clone()),
            now: 0,
            events: 0,
            nodes: (1..=nodes).map(|id| Node::new(setup, id)).collect(),
            network: Network::new(setup.network, setup.seed, nodes, clients),
            host: setup.host,
            queue: Queue::new(slots),
            clients: (1..=clients).map(|id| Client::new(setup, id)).collect(),
            faults: Faults::new(setup),
            checks: Checks::default(),
            listening,
            fresh: Vec::new(),
            traced: 0,
            struck: Struck::default(),
            journal: None,
        };
        for at in 0..world.nodes.len() {
            if world.nodes[at].is_here() {
                world.boot(at);
            }
        }
        (0..world.clients.len()).for_each(|at| world.arrange_client(at));
        world.arrange_faults();
        world
    }

    // ------------------------------------------------------------------ playing

    /// Plays exactly one event; false when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        let Some((time, next)) = self.queue.peek() else {
            return false;
        };
        self.begin(time);
        match next {
            Next::Arrival { place, seq } => {
                self.queue.pop_arrival();
                if let Some(flight) = self.network.arrive(place, seq) {
                    self.arrive(flight);
                }
            }
            Next::Slot(slot) => self.fire(slot),
        }
        self.settle();
        true
    }

    /// A new event begins at this time.
    fn begin(&mut self, time: u64) {
        self.now = self.now.max(time);
        self.events += 1;
        (self.checks.event, self.checks.now) = (self.events, self.now);
        self.fresh.clear();
    }

    /// Nothing that will not happen may stand at the front of the queue.
    fn settle(&mut self) {
        let network = &self.network;
        self.queue
            .drop_stale(|place, seq| network.is_on_the_way(place, seq));
    }

    fn fire(&mut self, slot: usize) {
        let (nodes, clients) = (self.nodes.len(), self.clients.len());
        if slot < nodes {
            // Moved only when something is due again, or it would fire for ever.
            self.queue.set(slot, NEVER);
            self.node_due(slot);
        } else if slot < nodes + clients {
            self.client_due(slot - nodes);
        } else {
            self.fault_due();
        }
    }

    // ------------------------------------------------------------------ clients

    fn client_hears(&mut self, at: usize, flight: Flight) {
        let Content::Reply(reply) = flight.content else {
            return;
        };
        let mut env = Env {
            now: self.now,
            setup: &self.setup,
            checks: &mut self.checks,
        };
        if let Some((node, question)) = self.clients[at].hear(&mut env, reply) {
            self.question(at, node, question);
        }
        self.arrange_client(at);
    }

    fn client_due(&mut self, at: usize) {
        let mut env = Env {
            now: self.now,
            setup: &self.setup,
            checks: &mut self.checks,
        };
        let begins = self.clients[at].current.is_none();
        let asked = self.clients[at].wake(&mut env);
        if begins
            && self.journal.is_some()
            && let Some(current) = self.clients[at].current.as_ref()
        {
            let (client, node, op) = (at as u64 + 1, current.node, current.op.clone());
            self.note(Intervention::Ask { client, node, op });
        }
        if let Some((node, question)) = asked {
            self.question(at, node, question);
        }
        self.arrange_client(at);
    }

    fn question(&mut self, at: usize, node: u64, question: Question) {
        let (from, to) = (Place::Client(at as u64 + 1), Place::Node(node));
        self.network.send(
            &mut self.queue,
            self.now,
            from,
            to,
            Content::Question(question),
        );
        self.network.caused_by(0);
    }

    pub(crate) fn arrange_client(&mut self, at: usize) {
        let slot = self.nodes.len() + at;
        self.queue.set(slot, self.clients[at].due());
    }

    pub(crate) fn arrange_faults(&mut self) {
        let slot = self.nodes.len() + self.clients.len();
        self.queue.set(slot, self.faults.due());
    }

    // ------------------------------------------------------------------ looking

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

    /// Lets go what only the last step needed; for copies that are kept.
    pub(crate) fn forget_step(&mut self) {
        self.fresh = Vec::new();
        self.network.fresh = Vec::new();
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

    /// Looks at every log and disk again, from the start; for the end of a run.
    pub fn check_everything(&mut self) {
        self.checks.everything(&self.nodes);
    }

    /// Whether no client waits and no node has anything open that it took on.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.clients.iter().all(|client| client.current.is_none())
            && self.checks.open_tickets() == 0
    }

    /// Notes what is still open although everything is quiet.
    pub fn report_open(&mut self) {
        self.checks.report_open();
    }

    /// Notes that the cluster makes no progress although nothing hinders it.
    pub fn report_stuck(&mut self, detail: String) {
        self.checks.fail(Check::Progress, detail);
    }

    /// Notes that a calm world is without a leader, or has the wrong one.
    pub(crate) fn report_unavailable(&mut self, detail: String) {
        self.checks.fail(Check::Availability, detail);
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
