//! What moves between two events: messages and rings, written directly to their elements.
//!
//! Yew draws everything that stands still. This layer owns one element per message in flight
//! and, on every animation frame, writes its place as a pure function of send time, due time
//! and now. No element is made and nothing is compared while no event happens.

use super::geometry::{Geometry, Way};
use super::lane::place_in_queue;
use super::sprite::{Manner, Sprite};
use crate::message::{self, Message};
use raftwerk_wire::view::{ClusterView, NodeCard, NodeCondition, TimerView};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use web_sys::Element;

/// At most this many messages are drawn; a cluster in order has far fewer.
const MOST_SPRITES: usize = 600;
/// Elements of gone messages that are kept for the next of their kind.
const MOST_SPARES: usize = 256;

/// With more messages than this they lose their tails, with fewer than that they get them back.
const CROWD: usize = 90;
const CALM_AGAIN: usize = 70;
/// A smaller part of a ring is not seen and not written.
const RING_STEP: f64 = 0.003;

/// One deadline ring.
struct Ring {
    node: u64,
    element: Element,
    set: f64,
    due: f64,
    /// What to add to the host's now to get the node's own now.
    offset: f64,
    shown: f64,
}

/// Everything that moves.
#[derive(Default)]
pub struct Layer {
    root: Option<Element>,
    /// Below the messages: the ways of some of them.
    courses: Option<Element>,
    sprites: BTreeMap<u64, Sprite>,
    /// The last parked at the end, so that those of kinds that come no more go first.
    spares: VecDeque<Sprite>,
    rings: Vec<Ring>,
    geometry: Geometry,
    manner: Manner,
    chosen: Option<u64>,
    hovered: Option<u64>,
    round: u64,
    now: f64,
    text: String,
}

impl Layer {
    /// Takes over what changed with an event: new messages, gone messages, new deadlines.
    pub fn sync(&mut self, root: &Element, view: &ClusterView, geometry: &Geometry) {
        if geometry.scale != self.geometry.scale || self.root.as_ref() != Some(root) {
            self.clear();
            self.root = Some(root.clone());
            root.set_inner_html(r#"<g class="courses"/>"#);
            self.courses = root.first_element_child();
        }
        if *geometry != self.geometry {
            self.geometry = geometry.clone();
            for sprite in self.sprites.values_mut() {
                if let Some(lane) = self.geometry.way(sprite.way()) {
                    sprite.relocate(lane);
                }
            }
        }
        self.round += 1;
        let clogs = view.clogs.iter();
        let mut queues: Vec<Queue> = clogs.map(|clog| (clog.from, clog.to, 0)).collect();
        for flight in message::all(view).take(MOST_SPRITES) {
            self.sync_flight(&flight, limit(flight.way, &mut queues));
        }
        let round = self.round;
        let mut gone: Vec<Sprite> = self
            .sprites
            .extract_if(.., |_, sprite| sprite.round() != round)
            .map(|(_, s)| s)
            .collect();
        for sprite in gone.drain(..) {
            self.spare(sprite);
        }
        self.thin_out(root);
        self.sync_rings(&view.nodes, view.now);
        self.place(self.now);
    }

    /// Takes the tails off when there are too many messages, and gives them back.
    fn thin_out(&mut self, root: &Element) {
        let limit = if self.manner.dense { CALM_AGAIN } else { CROWD };
        let dense = self.sprites.len() > limit;
        if dense != self.manner.dense {
            self.manner.dense = dense;
            let _ = root.class_list().toggle_with_force("dense", dense);
        }
    }

    /// The moment at which the next taking over places everything.
    pub fn set_now(&mut self, now: f64) {
        self.now = now;
    }

    /// With reduced motion, messages advance in four steps and show their lane as an arrow.
    pub fn set_calm(&mut self, calm: bool) {
        if calm != self.manner.calm {
            self.manner.calm = calm;
            self.show_courses();
        }
    }

    /// The pointer is on a message, which then says what it is, or on none.
    pub fn hover(&mut self, flight: Option<&Message>) {
        let before = std::mem::replace(&mut self.hovered, flight.map(|flight| flight.id));
        if before == self.hovered {
            return;
        }
        if let Some(left) = before.and_then(|id| self.sprites.get(&id)) {
            left.tell(None);
        }
        if let Some(flight) = flight
            && let Some(sprite) = self.sprites.get(&flight.id)
        {
            sprite.tell(Some(&flight.line()));
        }
        self.show_courses();
    }

    /// Ways are shown of the chosen message and of the one under the pointer; with reduced
    /// motion of all.
    fn show_courses(&mut self) {
        for (id, sprite) in &mut self.sprites {
            let on = self.manner.calm || self.chosen == Some(*id) || self.hovered == Some(*id);
            sprite.show_course(self.courses.as_ref().filter(|_| on));
        }
    }

    /// Marks one message as the selected one.
    pub fn choose(&mut self, flight: Option<u64>) {
        if flight == self.chosen {
            return;
        }
        for (id, on) in [(self.chosen, false), (flight, true)] {
            if let Some(sprite) = id.and_then(|id| self.sprites.get_mut(&id)) {
                sprite.choose(on);
            }
        }
        self.chosen = flight;
        self.show_courses();
    }

    /// Removes every message, for another size or another page.
    fn clear(&mut self) {
        let all = std::mem::take(&mut self.sprites).into_values();
        for sprite in all.chain(std::mem::take(&mut self.spares)) {
            sprite.remove();
        }
    }

    fn sync_flight(&mut self, flight: &Message, limit: f64) {
        if let Some(sprite) = self.sprites.get_mut(&flight.id) {
            sprite.stop_at(limit);
            if sprite.shows(flight) {
                sprite.renew(flight, self.round, self.now);
                return;
            }
            // The same number in another branch, or a message that is lost from now on.
            if let Some(old) = self.sprites.remove(&flight.id) {
                self.spare(old);
            }
        }
        let Some(lane) = self.geometry.way(flight.way) else {
            return;
        };
        let like = self
            .spares
            .iter()
            .rposition(|spare| spare.looks_like(flight));
        let sprite = match (like, &self.root) {
            (Some(at), _) => self.spares.remove(at),
            (None, Some(root)) => Sprite::draw(flight, root, self.geometry.scale),
            (None, None) => None,
        };
        if let Some(mut sprite) = sprite {
            let chosen = self.chosen == Some(flight.id);
            sprite.stop_at(limit);
            sprite.take_off(flight, lane, self.round, chosen);
            let on = self.manner.calm || chosen;
            sprite.show_course(self.courses.as_ref().filter(|_| on));
            self.sprites.insert(flight.id, sprite);
        }
    }

    /// Keeps the elements of a message that is gone for the next of its kind.
    fn spare(&mut self, mut sprite: Sprite) {
        sprite.park();
        self.spares.push_back(sprite);
        if self.spares.len() > MOST_SPARES
            && let Some(oldest) = self.spares.pop_front()
        {
            oldest.remove();
        }
    }

    fn sync_rings(&mut self, nodes: &[NodeCard], now: u64) {
        let mut before = std::mem::take(&mut self.rings);
        for card in nodes {
            let Some(timer) = running_timer(card) else {
                continue;
            };
            // Yew may have made the element anew since.
            let known = before.iter().position(|ring| ring.node == card.id);
            let known = known.map(|at| before.swap_remove(at));
            let known = known.filter(|ring| ring.element.is_connected());
            let Some(mut ring) = known.or_else(|| Ring::find(card.id)) else {
                continue;
            };
            let clock = card.view.as_ref().map_or(0, |view| view.clock);
            ring.offset = clock as f64 + card.age as f64 - now as f64;
            (ring.set, ring.due) = (timer.set as f64, timer.due as f64);
            self.rings.push(ring);
        }
    }

    /// Puts everything where it is at this moment.
    pub fn place(&mut self, now: f64) {
        self.now = now;
        for ring in &mut self.rings {
            let part =
                ((now + ring.offset - ring.set) / (ring.due - ring.set).max(1.0)).clamp(0.0, 1.0);
            if (part - ring.shown).abs() >= RING_STEP {
                ring.shown = part;
                self.text.clear();
                let _ = write!(self.text, "{:.3}", 1.0 - part);
                let _ = ring.element.set_attribute("stroke-dashoffset", &self.text);
            }
        }
        for sprite in self.sprites.values_mut() {
            sprite.place(now, self.manner, &mut self.text);
        }
    }

    /// Messages drawn at the moment.
    #[must_use]
    pub fn drawn(&self) -> usize {
        self.sprites.len()
    }
}

/// A clogged direction, as (from, to), and how many messages of it have their place.
type Queue = (u64, u64, usize);

/// How far a message gets: to its end, or to its place in the queue of a clogged lane.
fn limit(way: Way, queues: &mut [Queue]) -> f64 {
    let Way::Link(from, to) = way else { return 1.0 };
    let mut queues = queues.iter_mut();
    let queue = queues.find(|queue| (queue.0, queue.1) == (from, to));
    queue.map_or(1.0, |(_, _, ahead)| {
        *ahead += 1;
        place_in_queue(*ahead - 1)
    })
}

impl Ring {
    fn find(node: u64) -> Option<Ring> {
        let document = web_sys::window()?.document()?;
        Some(Ring {
            node,
            element: document.get_element_by_id(&format!("ring-{node}"))?,
            set: 0.0,
            due: 0.0,
            offset: 0.0,
            shown: -1.0,
        })
    }
}

/// The deadline a node is drawn with: of a leader its heartbeat, of others the election.
fn running_timer(card: &NodeCard) -> Option<TimerView> {
    let view = card.view.as_ref()?;
    let runs = card.condition != NodeCondition::Crashed;
    view.heartbeat.or(view.election).filter(|_| runs)
}
