//! From what the nodes tell to one picture, of now or of a moment in the last minutes.
//!
//! Every fact about a node comes from that node, with its age; the supervisor adds only the
//! state of the processes. Nothing is concluded from one node about another. Clocks of nodes
//! are not trusted: a time on a node's clock is moved to the page's clock by the smallest
//! difference ever seen between the two, and is only a label. Where something was not received,
//! the node is unknown. All buffers are bounded (see `past` and `flights`).

use super::flights::{Flights, flight_id};
use super::kept::Kept;
use super::node::{Node, Wanted, card, moved, signed, violation};
use super::past::{Gap, LONGEST, Past};
use raftwerk_wire::groups::groups;
use raftwerk_wire::observe::{FromSupervisor, ProcessView, Tell, Told};
use raftwerk_wire::view::{ClusterView, EventView, NodeCard, NodeCondition};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How many events the panels get.
const SHOWN_EVENTS: usize = 240;
/// Most numbers of events remembered, for causes.
const MOST_NUMBERS: usize = 20_000;
/// Most nodes listened to.
const MOST_NODES: usize = 32;
/// Messages told of later than this are history, not traffic (microseconds).
const OLD_NEWS: u64 = 2_000_000;

/// Everything heard so far.
#[derive(Default)]
pub struct Fold {
    /// When the page began, on its own clock.
    begun: u64,
    nodes: BTreeMap<u64, Node>,
    /// Life and last number heard of each node.
    counted: BTreeMap<u64, (u64, u64)>,
    past: Past,
    flights: Flights,
    /// Page number of an event by (node, boot, number there), for causes.
    numbers: BTreeMap<(u64, u64, u64), u64>,
    keys: VecDeque<(u64, u64, u64)>,
    next_event: u64,
    /// Moment of the last item; each has its own.
    last: u64,
    supervisor: bool,
    chaos: bool,
}

impl Fold {
    /// Nothing was heard yet; `begun` is now.
    #[must_use]
    pub fn new(begun: u64) -> Fold {
        Fold {
            begun,
            last: begun,
            ..Fold::default()
        }
    }

    /// Takes in one item of a supervisor's stream.
    pub fn item(&mut self, now: u64, item: FromSupervisor) {
        let at = self.moment(now);
        self.supervisor = true;
        match item {
            FromSupervisor::Processes { nodes, chaos } => {
                self.chaos = chaos;
                for process in nodes {
                    self.process(at, process);
                }
            }
            FromSupervisor::Node(tell) => {
                self.connect(tell.node, true);
                self.take(at, at, *tell);
            }
            FromSupervisor::Kept { age_ms, tell } => {
                let heard = at.saturating_sub(age_ms.saturating_mul(1_000));
                self.take(at, heard, *tell);
            }
            FromSupervisor::Stream { node, connected } => {
                self.connect(node, connected);
                self.note(at, node);
            }
        }
    }

    /// Takes in one item of a node's own stream, when a node serves the page itself.
    pub fn tell(&mut self, now: u64, tell: Tell) {
        let at = self.moment(now);
        self.connect(tell.node, true);
        self.take(at, at, tell);
    }

    /// Takes in one item of another node's stream, which that node passed on. Faults are asked for
    /// where the page comes from, so what others allow does not count.
    pub fn relayed(&mut self, now: u64, tell: Tell) {
        let chaos = self.chaos;
        self.tell(now, tell);
        self.chaos = chaos;
    }

    /// The stream of a node is gone.
    pub fn silent(&mut self, now: u64, id: u64) {
        let at = self.moment(now);
        self.connect(id, false);
        self.note(at, id);
    }

    /// The moment of an item: never that of another.
    fn moment(&mut self, now: u64) -> u64 {
        self.last = now.max(self.last + 1);
        self.last
    }

    fn connect(&mut self, id: u64, connected: bool) {
        if let Some(node) = self.node(id) {
            node.connected = connected;
        }
    }

    /// A node said something, received at one moment and heard (by the supervisor) at another.
    fn take(&mut self, at: u64, heard: u64, tell: Tell) {
        let (id, boot, clock) = (tell.node, tell.boot, tell.clock);
        let Some(node) = self.node(id) else { return };
        let before = node.heard;
        if node.boot != boot {
            node.boot = boot;
            node.offset = None;
            node.cuts.clear();
        }
        node.heard = Some(before.map_or(heard, |before| before.max(heard)));
        let seen = signed(heard) - signed(clock);
        let offset = node.offset.map_or(seen, |known| known.min(seen));
        node.offset = Some(offset);
        let fresh = seen - offset < signed(OLD_NEWS);
        self.count(at, before, &tell);
        match tell.told {
            Told::Hello { members, chaos, .. } => self.hello(&members, chaos),
            Told::View(view) => {
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.view = Some(Kept::new(*view, node.view.as_ref()));
                }
            }
            Told::Event(event) => return self.event(at, id, boot, &event),
            Told::Sent {
                serial,
                to,
                content,
            } if fresh => {
                self.flights
                    .sent(at, flight_id(id, boot, serial), id, to, content);
                return self.word(at, id);
            }
            Told::Received { serial, from, boot } if fresh => {
                self.flights.received(at, flight_id(from, boot, serial));
                return self.word(at, id);
            }
            Told::Dropped { serial, .. } => {
                self.flights.dropped(flight_id(id, boot, serial));
                return self.word(at, id);
            }
            Told::Cuts { to } => {
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.cuts = to;
                }
            }
            Told::Sent { .. } | Told::Received { .. } | Told::Gap { .. } => {
                return self.word(at, id);
            }
        }
        self.note(at, id);
    }

    /// Notices numbers that did not come: something of this node is missing since its last word.
    fn count(&mut self, at: u64, before: Option<u64>, tell: &Tell) {
        let missing = match &tell.told {
            Told::Gap { .. } => true,
            _ if tell.number == 0 => false,
            _ => {
                // Numbers of another life begin anew; before the first one nothing is missing.
                let known = self.counted.get(&tell.node);
                known.is_some_and(|(boot, last)| *boot == tell.boot && tell.number > last + 1)
            }
        };
        let last = match &tell.told {
            Told::Gap { to, .. } => *to,
            _ => tell.number,
        };
        if last > 0 {
            self.counted.insert(tell.node, (tell.boot, last));
        }
        if let (true, Some(from)) = (missing, before) {
            self.past.gap(tell.node, Gap { from, to: at });
        }
    }

    /// A node is now as it is.
    fn note(&mut self, at: u64, id: u64) {
        if let Some(node) = self.nodes.get(&id) {
            self.past.state(at, id, node);
        }
        self.flights.forget(at.saturating_sub(LONGEST));
    }

    /// A node was heard.
    fn word(&mut self, at: u64, id: u64) {
        if let Some(node) = self.nodes.get(&id) {
            self.past.heard(at, id, node);
        }
    }

    /// The connection of the page is gone: everything known grows old from here.
    pub fn lost(&mut self, now: u64) {
        let at = self.moment(now);
        for node in self.nodes.values_mut() {
            node.connected = false;
            node.process = None;
        }
        for id in self.members() {
            self.note(at, id);
        }
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

    /// The last events up to a moment, newest last, with times on the page's clock.
    #[must_use]
    pub fn events(&self, moment: u64) -> Vec<EventView> {
        self.past.events(moment, SHOWN_EVENTS)
    }

    /// What was received in the last minutes.
    #[must_use]
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// The earliest moment from which on every message is kept.
    #[must_use]
    pub fn flights_from(&self) -> u64 {
        self.past.from().max(self.flights.from())
    }

    /// Where a node's own stream is to go on: life and last number. A supervisor has none.
    #[must_use]
    pub fn resume(&self, id: u64) -> Option<(u64, u64)> {
        let place = self.counted.get(&id).filter(|_| !self.supervisor);
        place.copied()
    }

    /// The picture at a moment of the page's clock, without clients; logs and keys only in the
    /// whole of it.
    #[must_use]
    pub fn view(&self, now: u64, whole: bool) -> ClusterView {
        let known = || self.nodes.keys().map(|id| (*id, self.past.at(*id, now)));
        let wanted = Wanted {
            now,
            begun: self.begun,
            whole,
        };
        let card = |(id, node)| NodeCard {
            last_event: self.past.last_event(id, now).cloned(),
            ..card(id, node, wanted, self.past.in_gap(id, now))
        };
        let nodes: Vec<NodeCard> = known().map(card).collect();
        let cuts: Vec<(u64, u64)> = known()
            .filter_map(|(from, node)| Some((from, node?)))
            .flat_map(|(from, node)| node.cuts.iter().map(move |to| (from, *to)))
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
            clogs: Vec::new(),
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

    fn process(&mut self, at: u64, process: ProcessView) {
        let Some(node) = self.node(process.node) else {
            return;
        };
        node.process = Some(process.condition);
        if process.condition == NodeCondition::Crashed {
            node.connected = false;
        }
        self.note(at, process.node);
    }

    fn hello(&mut self, members: &[(u64, String)], chaos: bool) {
        if !self.supervisor {
            self.chaos = chaos;
        }
        for (id, _) in members {
            // Known from now on, even if it never says a word itself.
            let _ = self.node(*id);
        }
    }

    /// Numbers of events are per node and life; on the page each gets a number of its own.
    fn event(&mut self, at: u64, id: u64, boot: u64, told: &EventView) {
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
        let offset = self.nodes.get(&id).and_then(|node| node.offset);
        event.event.at.0 = moved(event.event.at.0, offset.unwrap_or(0));
        if self.keys.len() >= MOST_NUMBERS
            && let Some(old) = self.keys.pop_front()
        {
            self.numbers.remove(&old);
        }
        self.numbers.insert(key, event.id);
        self.keys.push_back(key);
        self.past.event(at, id, Rc::new(event));
        self.word(at, id);
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
