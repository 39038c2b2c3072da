//! A cluster at one moment, as its host knows it.

use super::{ClientFlight, ClientView, Flight, NodeView};
use raftwerk_core::trace::Event;
use serde::{Deserialize, Serialize};

/// A cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterView {
    /// Now, on the clock of the host (simulated time, or the page's time in live mode).
    pub now: u64,
    /// Members in order of id.
    pub nodes: Vec<NodeCard>,
    /// Messages on the way.
    pub flights: Vec<Flight>,
    /// Requests of clients and their answers, on the way.
    #[serde(default)]
    pub client_flights: Vec<ClientFlight>,
    /// Directions that are cut, as (from, to).
    pub cuts: Vec<(u64, u64)>,
    /// Directions that hold back what would arrive; nothing is lost by it.
    #[serde(default)]
    pub clogs: Vec<Clog>,
    /// Nodes that reach each other both ways, when there is more than one such group.
    pub groups: Vec<Group>,
    /// Clients the user can see.
    pub clients: Vec<ClientView>,
    /// State of each check.
    pub checks: Vec<CheckView>,
    /// The first violated check, if any.
    pub violation: Option<ViolationView>,
    /// Highest index that is committed as seen from outside (known to some node); 0 if unknown.
    pub committed: u64,
}

/// A node as its host knows it, with where the knowledge comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeCard {
    /// Which node.
    pub id: u64,
    /// Process state as the host knows it.
    pub condition: NodeCondition,
    /// What the node said about itself; `None`: nothing is known.
    pub view: Option<NodeView>,
    /// Microseconds since the node itself said so; 0 in the simulator.
    pub age: u64,
    /// What the last event on this node was, with its reason.
    pub last_event: Option<EventView>,
}

/// Process state of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeCondition {
    /// Running.
    #[default]
    Up,
    /// Not running; only what is on disk remains.
    Crashed,
    /// Running but stopped (a long pause, SIGSTOP).
    Frozen,
    /// No word from it.
    Unknown,
}

/// A direction that holds back what would arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clog {
    /// From which node.
    pub from: u64,
    /// To which.
    pub to: u64,
    /// How many messages wait.
    pub held: usize,
}

/// Nodes that reach each other, with the arithmetic of their majority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Who.
    pub nodes: Vec<u64>,
    /// Running voters among them.
    pub voters: usize,
    /// All voters of the cluster.
    pub of: usize,
    /// Whether they are a majority.
    pub quorum: bool,
}

/// One check and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// Its name, such as `Election safety`.
    pub name: String,
    /// What it says, in one sentence.
    pub statement: String,
    /// Whether it holds so far.
    pub holds: bool,
}

/// A violated check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViolationView {
    /// The check.
    pub check: String,
    /// What was seen.
    pub detail: String,
    /// Event number at which it was seen.
    pub event: u64,
}

/// A trace event with its place in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// Number, unique in the run (simulator) or on the node (live).
    pub id: u64,
    /// The step of the run that made it (simulator); the observe number (live).
    pub step: u64,
    /// The event that led to it, if known: the one that sent the message that arrived, the
    /// write that completed, and so on.
    pub cause: Option<u64>,
    /// The event itself.
    #[serde(with = "crate::packed")]
    pub event: Event,
}
