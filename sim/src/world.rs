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
mod look;
mod may;
mod snapshots;
mod survive;
mod wipe;

use crate::checks::{Check, Checks};
use crate::clients::{Client, Env};
use crate::faults::{Faults, Struck};
use crate::intervention::Intervention;
use crate::network::{Content, Flight, Network, Place, Question};
use crate::node::Node;
use crate::queue::{NEVER, Next, Queue};
use crate::run::Act;
use crate::setup::{HostModel, Setup};
use crate::storm::Onlooker;
use raftwerk_wire::view::EventView;
use std::sync::Arc;

pub use look::Counts;

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
    /// Who looks on after every event, if anybody does. Behind a pointer, so that a program in which
    /// nobody ever does, such as the page, need not carry the judges.
    pub(crate) onlooker: Option<Box<dyn Onlooker>>,
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
            onlooker: None,
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

    /// Nothing that will not happen may stand at the front of the queue; then who looks on has its
    /// look.
    fn settle(&mut self) {
        let network = &self.network;
        self.queue
            .drop_stale(|place, seq| network.is_on_the_way(place, seq));
        if let Some(mut onlooker) = self.onlooker.take() {
            onlooker.look(self);
            self.onlooker = Some(onlooker);
        }
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

    // ------------------------------------------------------------------ ending

    /// Looks at every log and disk again, from the start; for the end of a run.
    pub fn check_everything(&mut self) {
        self.checks.everything(&self.nodes);
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

    /// Lets go what only the last step needed; for copies that are kept.
    pub(crate) fn forget_step(&mut self) {
        self.fresh = Vec::new();
        self.network.fresh = Vec::new();
    }
}
