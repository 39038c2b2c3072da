//! Messages on the way: delay, loss, doubling, reordering, cuts and clogs of single directions.
//!
//! A message that will be lost travels all the same, marked, so that it can be seen to vanish.
//! A cut direction loses what is sent while it is cut, and what arrives while it is cut. A clogged
//! one loses nothing: it holds back what would arrive, and lets go of it at once (`clogs`).
//! Clients are never cut off; what they send and get travels like everything else. At most
//! [`MAX_FLIGHTS`] messages are on the way; what would exceed that is lost at once.

mod clogs;
mod content;
mod flight;

use crate::faults::{Class, Struck};
use crate::queue::{NEVER, Queue};
use crate::rng::{Purpose, Stream};
use crate::setup::NetworkModel;
use clogs::Clogs;
pub(crate) use content::{Chunk, Content, Got, Place, Question, Reply, Told, Wanted};
pub(crate) use flight::Flight;
use flight::{HELD, stray};
use raftwerk_wire::view::Clog;
use std::hash::{Hash, Hasher};

/// Most messages on the way at once.
pub(crate) const MAX_FLIGHTS: usize = 4_096;

/// Random streams of one sender.
#[derive(Clone, Debug, Hash)]
struct Luck {
    delay: Stream,
    loss: Stream,
    duplicate: Stream,
    reorder: Stream,
    stranger: Stream,
}

/// Everything on the way, and which directions are cut.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub model: NetworkModel,
    nodes: u64,
    /// For each node the set of nodes it cannot reach, as bits.
    cuts: Vec<u16>,
    clogs: Clogs,
    flights: Vec<Option<Flight>>,
    free: Vec<u32>,
    last_id: u64,
    luck: Vec<Luck>,
    /// Places taken in this step, so that their cause can be named when the step is over.
    pub fresh: Vec<u32>,
    /// What became of messages at random.
    pub struck: Struck,
}

impl Network {
    pub fn new(model: NetworkModel, seed: u64, nodes: u64, clients: u64) -> Network {
        let luck = |sender| Luck {
            delay: Stream::new(seed, Purpose::Delay, sender),
            loss: Stream::new(seed, Purpose::Loss, sender),
            duplicate: Stream::new(seed, Purpose::Duplicate, sender),
            reorder: Stream::new(seed, Purpose::Reorder, sender),
            stranger: Stream::new(seed, Purpose::Stranger, sender),
        };
        // Clients draw from places far above any node, so that a node more shifts nothing.
        let senders = (1..=nodes).chain((1..=clients).map(|client| 1_000 + client));
        Network {
            model,
            nodes,
            cuts: vec![0; nodes as usize + 1],
            clogs: Clogs::default(),
            flights: Vec::new(),
            free: Vec::new(),
            last_id: 0,
            luck: senders.map(luck).collect(),
            fresh: Vec::new(),
            struck: Struck::default(),
        }
    }

    /// Sends a message; perhaps it is lost on the way, perhaps it arrives twice.
    pub fn send(&mut self, queue: &mut Queue, now: u64, from: Place, to: Place, content: Content) {
        let place = self.luck_of(from);
        let luck = &mut self.luck[place];
        let model = &self.model;
        let mut delay = luck.delay.within(model.delay_min, model.delay_max);
        let struck = &mut self.struck;
        let lost = struck.if_so(Class::Lost, luck.loss.chance(model.loss_per_million));
        let held_up = luck.reorder.chance(model.reorder_per_million);
        if struck.if_so(Class::HeldUp, held_up) {
            delay += luck.reorder.within(0, model.reorder_extra);
        }
        let doubled = luck.duplicate.chance(model.duplicate_per_million);
        let second = struck
            .if_so(Class::Doubled, doubled)
            .then(|| luck.duplicate.within(model.delay_min, 3 * model.delay_max));
        let stray = match &content {
            Content::Peer(message) if luck.stranger.chance(model.strangers_per_million) => {
                let delay = luck.stranger.within(model.delay_min, model.delay_max);
                Some((delay, Content::Peer(stray(message, luck.stranger.below(2)))))
            }
            _ => None,
        };
        struck.if_so(Class::Stranger, stray.is_some());
        let lost = lost || self.is_cut(from, to);
        if let Some((delay, stray)) = stray {
            self.launch(queue, now, now + delay, from, to, lost, stray);
        }
        if let Some(delay) = second.filter(|_| !lost) {
            self.launch(queue, now, now + delay, from, to, false, content.clone());
        }
        self.launch(queue, now, now + delay, from, to, lost, content);
    }

    fn luck_of(&self, sender: Place) -> usize {
        match sender {
            Place::Node(node) => node as usize - 1,
            Place::Client(client) => (self.nodes + client) as usize - 1,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn launch(
        &mut self,
        queue: &mut Queue,
        sent: u64,
        due: u64,
        from: Place,
        to: Place,
        lost: bool,
        content: Content,
    ) {
        if self.count() >= MAX_FLIGHTS {
            return;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.flights.push(None);
            self.flights.len() as u32 - 1
        });
        let seq = queue.arrive(due, place);
        self.last_id += 1;
        let id = self.last_id;
        let flight = Flight {
            id,
            seq,
            from,
            to,
            sent,
            due,
            lost,
            cause: 0,
            content,
        };
        self.flights[place as usize] = Some(flight);
        self.fresh.push(place);
    }

    /// Puts a message that was held back on the way again, to arrive now.
    pub fn put_back(&mut self, queue: &mut Queue, now: u64, flight: Flight) {
        let (from, to, cause) = (flight.from, flight.to, flight.cause);
        self.launch(queue, flight.sent, now, from, to, false, flight.content);
        let place = self.fresh.pop();
        if let Some(flight) = place.and_then(|place| self.flights[place as usize].as_mut()) {
            flight.cause = cause;
        }
    }

    /// Names the event that led to the messages of this step.
    pub fn caused_by(&mut self, cause: u64) {
        for place in self.fresh.drain(..) {
            if let Some(flight) = &mut self.flights[place as usize] {
                flight.cause = cause;
            }
        }
    }

    /// Takes the message that arrives, if it is still on the way and no clog holds it back.
    pub fn arrive(&mut self, place: u32, seq: u64) -> Option<Flight> {
        let flight = self.flights[place as usize].as_mut();
        let flight = flight.filter(|flight| flight.seq == seq)?;
        if self.clogs.holds_back(flight) {
            self.struck.once(Class::HeldBack);
            (flight.due, flight.seq) = (NEVER, HELD);
            return None;
        }
        let flight = self.flights[place as usize].take()?;
        self.free.push(place);
        Some(flight)
    }

    /// Whether an arrival arranged earlier is still going to happen.
    pub fn is_on_the_way(&self, place: u32, seq: u64) -> bool {
        self.flights[place as usize]
            .as_ref()
            .is_some_and(|flight| flight.seq == seq)
    }

    fn place_of(&self, id: u64) -> Option<usize> {
        let is = |flight: &Option<Flight>| flight.as_ref().is_some_and(|flight| flight.id == id);
        self.flights.iter().position(is)
    }

    /// The message of this number.
    pub fn find(&self, id: u64) -> Option<&Flight> {
        self.flights[self.place_of(id)?].as_ref()
    }

    /// Loses a message on the way.
    pub fn lose(&mut self, id: u64) {
        if let Some(place) = self.place_of(id) {
            self.flights[place] = None;
            self.free.push(place as u32);
        }
    }

    /// Lets a message arrive now, even one that would have been lost.
    pub fn hurry(&mut self, queue: &mut Queue, now: u64, id: u64) {
        let Some(place) = self.place_of(id) else {
            return;
        };
        if let Some(flight) = &mut self.flights[place] {
            flight.due = now;
            flight.lost = false;
            flight.seq = queue.arrive(now, place as u32);
        }
    }

    /// Keeps a message on the way: nothing in the queue brings it in.
    pub fn hold(&mut self, id: u64) {
        if let Some(place) = self.place_of(id)
            && let Some(flight) = &mut self.flights[place]
        {
            (flight.due, flight.seq) = (NEVER, HELD);
        }
    }

    /// Lets a message that is held go on.
    pub fn release(&mut self, queue: &mut Queue, now: u64, id: u64) {
        let Some(place) = self.place_of(id) else {
            return;
        };
        let due = now + self.model.delay_min;
        if let Some(flight) = &mut self.flights[place] {
            flight.due = due;
            flight.seq = queue.arrive(due, place as u32);
        }
    }

    /// Sends a second copy of a message, with a delay of its own.
    pub fn double(&mut self, queue: &mut Queue, now: u64, id: u64) {
        let Some(flight) = self.find(id).cloned() else {
            return;
        };
        let place = self.luck_of(flight.from);
        let luck = &mut self.luck[place];
        let delay = luck
            .duplicate
            .within(self.model.delay_min, self.model.delay_max);
        let (from, to, lost) = (flight.from, flight.to, self.is_cut(flight.from, flight.to));
        self.launch(queue, now, now + delay, from, to, lost, flight.content);
        self.caused_by(flight.cause);
    }

    /// Whether nothing gets from one place to the other.
    pub fn is_cut(&self, from: Place, to: Place) -> bool {
        match (from, to) {
            (Place::Node(from), Place::Node(to)) => self.cuts[from as usize] & (1 << to) != 0,
            _ => false,
        }
    }

    /// Cuts or restores one direction.
    pub fn set_cut(&mut self, from: u64, to: u64, cut: bool) {
        if cut {
            self.cuts[from as usize] |= 1 << to;
        } else {
            self.cuts[from as usize] &= !(1 << to);
        }
    }

    /// Restores every direction.
    pub fn heal(&mut self) {
        self.cuts.fill(0);
    }

    /// Clogs one direction.
    pub fn clog(&mut self, from: u64, to: u64) {
        self.clogs.begin(from, to);
    }

    /// A clogged direction lets go of all it has, at once.
    pub fn unclog(&mut self, queue: &mut Queue, now: u64, from: u64, to: u64) {
        for id in self.clogs.end(from, to) {
            let Some(place) = self.place_of(id) else {
                continue;
            };
            let held = self.flights[place].as_mut();
            if let Some(flight) = held.filter(|flight| flight.is_held()) {
                (flight.due, flight.seq) = (now, queue.arrive(now, place as u32));
            }
        }
    }

    /// Every clogged direction does.
    pub fn unclog_all(&mut self, queue: &mut Queue, now: u64) {
        for (from, to) in self.clogs.links() {
            self.unclog(queue, now, from, to);
        }
    }

    /// Whether one direction is clogged.
    pub fn is_clogged(&self, from: u64, to: u64) -> bool {
        self.clogs.is_clogged(from, to)
    }

    /// Clogged directions in order, each with how many messages it holds back.
    pub fn clogged(&self) -> Vec<Clog> {
        if self.clogs.is_none() {
            return Vec::new();
        }
        let held = self.flights.iter().flatten().filter(|f| f.is_held());
        let held: Vec<u64> = held.map(|flight| flight.id).collect();
        let clog = |(from, to, ids): (u64, u64, &[u64])| Clog {
            from,
            to,
            held: ids.iter().filter(|id| held.contains(id)).count(),
        };
        self.clogs.all().map(clog).collect()
    }

    /// Cut directions as (from, to), in order.
    pub fn cuts(&self) -> Vec<(u64, u64)> {
        let pairs = (1..=self.nodes).flat_map(|a| (1..=self.nodes).map(move |b| (a, b)));
        pairs
            .filter(|(a, b)| self.is_cut(Place::Node(*a), Place::Node(*b)))
            .collect()
    }

    /// Changes what is on the way, as no network does that carries checksums.
    pub fn forge(&mut self, mut change: impl FnMut(&mut Content)) {
        let flights = self.flights.iter_mut().flatten();
        flights.for_each(|flight| change(&mut flight.content));
    }

    /// Everything on the way, in order of number.
    pub fn flights(&self) -> Vec<&Flight> {
        let mut flights: Vec<&Flight> = self.flights.iter().flatten().collect();
        flights.sort_unstable_by_key(|flight| flight.id);
        flights
    }

    /// How many messages are on the way.
    pub fn count(&self) -> usize {
        self.flights.len() - self.free.len()
    }

    /// Bytes of memory held, about.
    pub fn memory(&self) -> u64 {
        (self.flights.len() * size_of::<Option<Flight>>()) as u64
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        (&self.cuts, &self.clogs).hash(to);
        self.luck.hash(to);
        to.write_u64(self.last_id);
        for flight in self.flights() {
            (
                flight.id,
                flight.seq,
                flight.from,
                flight.to,
                flight.due,
                flight.lost,
            )
                .hash(to);
            flight.content.hash(to);
        }
    }
}
