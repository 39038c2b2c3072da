//! From what the nodes tell to one picture.
//!
//! Every fact about a node comes from that node, with its age; the supervisor adds only the
//! state of the processes. Nothing is concluded from one node about another. Clocks of nodes
//! are not trusted: a time on a node's clock is moved to the page's clock by the smallest
//! difference ever seen between the two, and is only a label. All buffers are bounded.

use super::flights::{Flights, flight_id};
use raftwerk_wire::groups::groups;
use raftwerk_wire::observe::{FromSupervisor, ProcessView, Tell, Told};
use raftwerk_wire::view::{
    ClusterView, EventView, NodeCard, NodeCondition, NodeView, TimerView, ViolationView,
};
use std::collections::{BTreeMap, VecDeque};

/// Most events kept.
const MOST_EVENTS: usize = 600;
/// Most nodes listened to.
const MOST_NODES: usize = 32;
/// A connected node that says nothing for this long is not called up any more (microseconds).
const SILENCE: u64 = 5_000_000;
/// Messages told of later than this are history, not traffic (microseconds).
const OLD_NEWS: u64 = 2_000_000;

/// What is known of one node.
#[derive(Default)]
struct Node {
    boot: u64,
    url: String,
    process: Option<NodeCondition>,
    connected: bool,
    view: Option<NodeView>,
    heard: Option<u64>,
    /// Page time minus node time, the smallest seen in this life.
    offset: Option<i64>,
    last_event: Option<EventView>,
    cuts: Vec<u64>,
}

/// Everything heard so far.
#[derive(Default)]
pub struct Fold {
    nodes: BTreeMap<u64, Node>,
    flights: Flights,
    events: VecDeque<EventView>,
    /// Page number of an event by (node, boot, number there), for causes.
    numbers: BTreeMap<(u64, u64, u64), u64>,
    keys: VecDeque<(u64, u64, u64)>,
    next_event: u64,
    supervisor: bool,
    chaos: bool,
}

impl Fold {
    /// Takes in one item of a supervisor's stream.
    pub fn item(&mut self, now: u64, item: FromSupervisor) {
        self.supervisor = true;
        match item {
            FromSupervisor::Processes { nodes, chaos } => {
                self.chaos = chaos;
                for process in nodes {
                    self.process(process);
                }
            }
            FromSupervisor::Node(tell) => {
                if let Some(node) = self.node(tell.node) {
                    node.connected = true;
                }
                self.take(now, *tell);
            }
            FromSupervisor::Kept { age_ms, tell } => {
                self.take(now.saturating_sub(age_ms.saturating_mul(1_000)), *tell);
            }
            FromSupervisor::Stream { node, connected } => {
                if let Some(node) = self.node(node) {
                    node.connected = connected;
                }
            }
        }
    }

    /// Takes in one item of a node's own stream, when a node serves the page itself.
    pub fn tell(&mut self, now: u64, tell: Tell) {
        if let Some(node) = self.node(tell.node) {
            node.connected = true;
        }
        self.take(now, tell);
    }

    fn take(&mut self, now: u64, tell: Tell) {
        let (id, boot, clock) = (tell.node, tell.boot, tell.clock);
        let Some(node) = self.node(id) else { return };
        if node.boot != boot {
            node.boot = boot;
            node.offset = None;
            node.cuts.clear();
        }
        node.heard = Some(node.heard.map_or(now, |heard| heard.max(now)));
        let seen = signed(now) - signed(clock);
        let offset = node.offset.map_or(seen, |known| known.min(seen));
        node.offset = Some(offset);
        let fresh = seen - offset < signed(OLD_NEWS);
        match tell.told {
            Told::Hello { members, chaos, .. } => self.hello(members, chaos),
            Told::View(view) => node.view = Some(*view),
            Told::Event(event) => self.event(id, boot, *event),
            Told::Sent {
                serial,
                to,
                content,
            } if fresh => {
                self.flights
                    .sent(now, flight_id(id, boot, serial), id, to, content);
            }
            Told::Received { serial, from, boot } if fresh => {
                self.flights.received(now, flight_id(from, boot, serial));
            }
            Told::Dropped { serial, .. } => self.flights.dropped(flight_id(id, boot, serial)),
            Told::Cuts { to } => node.cuts = to,
            Told::Sent { .. } | Told::Received { .. } | Told::Gap { .. } => {}
        }
    }

    /// The connection of the page is gone: everything known grows old from here.
    pub fn lost(&mut self) {
        for node in self.nodes.values_mut() {
            node.connected = false;
            node.process = None;
        }
        self.flights.clear();
    }

    /// Nodes whose own stream is connected, and all that are known of.
    #[must_use]
    pub fn connected(&self) -> (usize, usize) {
        (
            self.nodes.values().filter(|node| node.connected).count(),
            self.nodes.len(),
        )
    }

    /// Whether faults may be asked for.
    #[must_use]
    pub fn chaos(&self) -> bool {
        self.chaos
    }

    /// Whether a supervisor talks, and not a single node.
    #[must_use]
    pub fn supervisor(&self) -> bool {
        self.supervisor
    }

    /// Ids of all nodes known of.
    #[must_use]
    pub fn members(&self) -> Vec<u64> {
        self.nodes.keys().copied().collect()
    }

    /// The last events, newest last, with times on the page's clock.
    #[must_use]
    pub fn events(&self) -> Vec<EventView> {
        self.events.iter().cloned().collect()
    }

    /// The picture at a moment of the page's clock, without clients.
    #[must_use]
    pub fn view(&self, now: u64) -> ClusterView {
        let nodes: Vec<NodeCard> = self
            .nodes
            .iter()
            .map(|(id, node)| card(*id, node, now))
            .collect();
        let cuts: Vec<(u64, u64)> = self
            .nodes
            .iter()
            .flat_map(|(from, node)| node.cuts.iter().map(|to| (*from, *to)))
            .collect();
        let running: Vec<u64> = nodes
            .iter()
            .filter(|card| card.condition == NodeCondition::Up)
            .map(|card| card.id)
            .collect();
        let views = || nodes.iter().filter_map(|card| card.view.as_ref());
        let newest = views().max_by_key(|view| (view.term, view.commit));
        let voters = newest.map_or_else(Vec::new, |view| view.voters.clone());
        ClusterView {
            now,
            groups: groups(&self.members(), &cuts, &voters, &running),
            flights: self.flights.list(now),
            client_flights: Vec::new(),
            cuts,
            clients: Vec::new(),
            checks: Vec::new(),
            violation: nodes.iter().find_map(violation),
            committed: views().map(|view| view.commit).max().unwrap_or(0),
            nodes,
        }
    }

    fn node(&mut self, id: u64) -> Option<&mut Node> {
        if self.nodes.len() >= MOST_NODES && !self.nodes.contains_key(&id) {
            return None;
        }
        Some(self.nodes.entry(id).or_default())
    }

    fn process(&mut self, process: ProcessView) {
        let Some(node) = self.node(process.node) else {
            return;
        };
        node.process = Some(process.condition);
        node.url = process.url;
        if process.condition == NodeCondition::Crashed {
            node.connected = false;
        }
    }

    fn hello(&mut self, members: Vec<(u64, String)>, chaos: bool) {
        if !self.supervisor {
            self.chaos = chaos;
        }
        for (id, url) in members {
            if let Some(node) = self.node(id) {
                node.url = url;
            }
        }
    }

    /// Numbers of events are per node and life; on the page each gets a number of its own.
    fn event(&mut self, id: u64, boot: u64, told: EventView) {
        let key = (id, boot, told.id);
        if self.numbers.contains_key(&key) {
            return;
        }
        self.next_event += 1;
        let mut event = told.clone();
        event.id = self.next_event;
        event.step = self.next_event;
        event.cause = told
            .cause
            .and_then(|cause| self.numbers.get(&(id, boot, cause)).copied());
        let offset = self
            .nodes
            .get(&id)
            .and_then(|node| node.offset)
            .unwrap_or(0);
        event.event.at.0 = moved(event.event.at.0, offset);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.last_event = Some(event.clone());
        }
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
            if let Some(old) = self.keys.pop_front() {
                self.numbers.remove(&old);
            }
        }
        self.numbers.insert(key, event.id);
        self.keys.push_back(key);
        self.events.push_back(event);
    }
}

fn card(id: u64, node: &Node, now: u64) -> NodeCard {
    // The page's clock starts with the page: who never spoke has been silent for that long.
    let age = node.heard.map_or(now, |heard| now.saturating_sub(heard));
    let condition = match node.process {
        Some(NodeCondition::Crashed) => NodeCondition::Crashed,
        Some(NodeCondition::Frozen) => NodeCondition::Frozen,
        _ if node.connected && node.heard.is_some() && age < SILENCE => NodeCondition::Up,
        _ => NodeCondition::Unknown,
    };
    let offset = node.offset.unwrap_or(0);
    let view = node.view.as_ref().map(|view| on_page_clock(view, offset));
    NodeCard {
        id,
        condition,
        view,
        age,
        last_event: node.last_event.clone(),
    }
}

/// Two faults a node can only see when a rule of Raft is broken; it stops and says so.
fn violation(card: &NodeCard) -> Option<ViolationView> {
    let why = card.view.as_ref()?.fenced.as_deref()?;
    let (check, seen) = match why {
        "TwoLeaders" => ("Election safety", "two leaders in one term"),
        "CommittedCut" => (
            "Leader completeness",
            "a committed entry about to be removed",
        ),
        _ => return None,
    };
    let event = card.last_event.as_ref().map_or(0, |event| event.id);
    let detail = format!("S{} saw {seen} and has stopped.", card.id);
    Some(ViolationView {
        check: check.to_string(),
        detail,
        event,
    })
}

/// Moves every time in a view from the node's clock to the page's.
fn on_page_clock(view: &NodeView, offset: i64) -> NodeView {
    let timer = |timer: &TimerView| TimerView {
        set: moved(timer.set, offset),
        due: moved(timer.due, offset),
    };
    let mut view = view.clone();
    view.clock = moved(view.clock, offset);
    view.election = view.election.as_ref().map(timer);
    view.heartbeat = view.heartbeat.as_ref().map(timer);
    view.check_quorum = view.check_quorum.as_ref().map(timer);
    for peer in &mut view.peers {
        peer.heard = peer.heard.map(|heard| moved(heard, offset));
    }
    view
}

fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// A moment moved by an offset; "never" stays "never".
fn moved(time: u64, offset: i64) -> u64 {
    if time == u64::MAX {
        time
    } else {
        time.saturating_add_signed(offset)
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
