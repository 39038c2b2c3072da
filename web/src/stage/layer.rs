//! What moves between two events: messages and rings, written directly to their elements.
//!
//! Yew draws everything that stands still. This layer owns one element per message in flight
//! and, on every animation frame, writes its place as a pure function of send time, due time
//! and now. No element is made and nothing is compared while no event happens.

use super::geometry::{Geometry, Lane};
use super::shapes;
use crate::palette;
use raftwerk_wire::view::{ClusterView, Flight, NodeCard, NodeCondition};
use std::collections::BTreeMap;
use std::fmt::Write;
use wasm_bindgen::JsCast;
use web_sys::{Element, SvgGraphicsElement, SvgTransform};

const SVG: &str = "http://www.w3.org/2000/svg";
/// Where on its way a lost message is seen to die.
const DEATH: f64 = 0.5;
/// How far it falls (CSS pixels).
const FALL: f64 = 26.0;
/// How far an unconfirmed message is drawn, and how fast it gets there (microseconds).
const UNSURE_REACH: f64 = 0.42;
const UNSURE_PACE: f64 = 400_000.0;
/// At most this many messages are drawn; a cluster in order has far fewer.
const MOST_SPRITES: usize = 600;

/// One message in flight.
struct Sprite {
    group: Element,
    /// Where it is; numbers, because text would have to be parsed on every frame.
    shift: SvgTransform,
    /// Where its tail points, and how far it was turned last.
    turn: SvgTransform,
    turned: f64,
    /// Of which taking over it is.
    round: u64,
    lane: Lane,
    sent: f64,
    due: Option<f64>,
    lost: bool,
    content_key: (u64, bool),
}

/// One deadline ring.
struct Ring {
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
    sprites: BTreeMap<u64, Sprite>,
    rings: Vec<Ring>,
    geometry: Geometry,
    calm: bool,
    chosen: Option<u64>,
    round: u64,
    now: f64,
    text: String,
}

impl Layer {
    /// Takes over what changed with an event: new messages, gone messages, new deadlines.
    pub fn sync(&mut self, root: &Element, view: &ClusterView, geometry: &Geometry) {
        let moved = *geometry != self.geometry;
        if moved || self.root.as_ref() != Some(root) {
            self.clear();
            self.root = Some(root.clone());
            self.geometry = geometry.clone();
        }
        self.round += 1;
        for flight in view.flights.iter().take(MOST_SPRITES) {
            self.sync_flight(flight);
        }
        let round = self.round;
        self.sprites.retain(|_, sprite| {
            let stays = sprite.round == round;
            if !stays {
                sprite.group.remove();
            }
            stays
        });
        self.sync_rings(&view.nodes, view.now);
        self.place(self.now);
    }

    /// The moment at which the next taking over places everything.
    pub fn set_now(&mut self, now: f64) {
        self.now = now;
    }

    /// With reduced motion, messages advance in four steps and show their lane as an arrow.
    pub fn set_calm(&mut self, calm: bool) {
        self.calm = calm;
    }

    /// Marks one message as the selected one.
    pub fn choose(&mut self, flight: Option<u64>) {
        if flight == self.chosen {
            return;
        }
        for (id, on) in [(self.chosen, false), (flight, true)] {
            if let Some(sprite) = id.and_then(|id| self.sprites.get(&id)) {
                let _ = sprite.group.class_list().toggle_with_force("chosen", on);
            }
        }
        self.chosen = flight;
    }

    /// Removes every message, for another run or another size.
    fn clear(&mut self) {
        for sprite in self.sprites.values() {
            sprite.group.remove();
        }
        self.sprites.clear();
    }

    fn sync_flight(&mut self, flight: &Flight) {
        let key = (flight.content.term, flight.lost);
        if let Some(sprite) = self.sprites.get_mut(&flight.id)
            && sprite.content_key == key
        {
            sprite.round = self.round;
            sprite.sent = flight.sent as f64;
            if sprite.due.is_none() && flight.due.is_some() {
                let _ = sprite.group.class_list().remove_1("unsure");
            }
            sprite.due = flight.due.map(|due| due as f64);
            return;
        }
        if let Some(old) = self.sprites.remove(&flight.id) {
            old.group.remove();
        }
        if let Some(sprite) = self.draw(flight) {
            self.sprites.insert(flight.id, sprite);
        }
    }

    /// Makes the elements of one message.
    fn draw(&self, flight: &Flight) -> Option<Sprite> {
        let lane = self.geometry.lane(flight.from, flight.to)?;
        let root = self.root.as_ref()?;
        let document = web_sys::window()?.document()?;
        let group = document.create_element_ns(Some(SVG), "g").ok()?;
        let term = flight.content.term;
        let mut class = format!("flight {}", palette::term_class(term));
        if flight.due.is_none() {
            class.push_str(" unsure");
        }
        if flight.lost {
            class.push_str(" lost");
        }
        if self.chosen == Some(flight.id) {
            class.push_str(" chosen");
        }
        group.set_attribute("class", &class).ok()?;
        group
            .set_attribute("data-flight", &flight.id.to_string())
            .ok()?;
        group
            .set_attribute("data-kind", &flight.content.kind)
            .ok()?;
        let inner = shapes::markup(
            &flight.content,
            palette::is_hatched(term),
            flight.lost,
            self.geometry.scale,
        );
        let course = lane.path();
        group.set_inner_html(&format!(
            concat!(
                r#"<path class="course" d="{}" marker-end="url(#arrow)"/>"#,
                r#"<g class="mover" transform="translate(0 0)">{}</g>"#
            ),
            course, inner
        ));
        root.append_child(&group).ok()?;
        let mover = group.last_element_child()?;
        let tail = mover.first_element_child()?;
        let due = flight.due.map(|due| due as f64);
        let (sent, lost) = (flight.sent as f64, flight.lost);
        Some(Sprite {
            shift: transform(&mover)?,
            turn: transform(&tail)?,
            turned: f64::NAN,
            round: self.round,
            group,
            lane,
            sent,
            due,
            lost,
            content_key: (term, lost),
        })
    }

    fn sync_rings(&mut self, nodes: &[NodeCard], now: u64) {
        self.rings.clear();
        let Some(document) = web_sys::window().and_then(|window| window.document()) else {
            return;
        };
        for card in nodes {
            let Some(view) = &card.view else { continue };
            if card.condition == NodeCondition::Crashed {
                continue;
            }
            let Some(timer) = view.heartbeat.or(view.election) else {
                continue;
            };
            let Some(element) = document.get_element_by_id(&format!("ring-{}", card.id)) else {
                continue;
            };
            let offset = view.clock as f64 + card.age as f64 - now as f64;
            let (set, due) = (timer.set as f64, timer.due as f64);
            self.rings.push(Ring {
                element,
                set,
                due,
                offset,
                shown: -1.0,
            });
        }
    }

    /// Puts everything where it is at this moment.
    pub fn place(&mut self, now: f64) {
        self.now = now;
        for ring in &mut self.rings {
            let part =
                ((now + ring.offset - ring.set) / (ring.due - ring.set).max(1.0)).clamp(0.0, 1.0);
            if (part - ring.shown).abs() >= 0.002 {
                ring.shown = part;
                self.text.clear();
                let _ = write!(self.text, "{:.3}", 1.0 - part);
                let _ = ring.element.set_attribute("stroke-dashoffset", &self.text);
            }
        }
        for sprite in self.sprites.values_mut() {
            sprite.place(now, self.calm, &mut self.text);
        }
    }

    /// Messages drawn at the moment.
    #[must_use]
    pub fn drawn(&self) -> usize {
        self.sprites.len()
    }
}

impl Sprite {
    fn place(&mut self, now: f64, calm: bool, text: &mut String) {
        let part = self.part(now);
        // With reduced motion it stands in one of four places, clear of both nodes.
        let part = if calm {
            (part * 4.0).floor().min(3.0) / 4.0 + 0.125
        } else {
            part
        };
        let fallen = if self.lost {
            ((part - DEATH) / (1.0 - DEATH)).max(0.0)
        } else {
            0.0
        };
        let along = if fallen > 0.0 { DEATH } else { part };
        let place = self.lane.at(along);
        // Setting a transform of an element that is in the page does not fail.
        let _ = self
            .shift
            .set_translate(place.x as f32, (place.y + FALL * fallen) as f32);
        let angle = self.lane.angle(along);
        let steady = (angle - self.turned).abs() < 1.0;
        if !steady {
            self.turned = angle;
            let _ = self.turn.set_rotate(angle as f32, 0.0, 0.0);
        }
        if fallen > 0.0 {
            text.clear();
            let _ = write!(text, "{:.2}", 1.0 - fallen);
            let _ = self.group.set_attribute("opacity", text);
            let _ = self.group.class_list().add_1("dying");
        }
    }

    /// How much of the way is done, 0 to 1.
    fn part(&self, now: f64) -> f64 {
        let gone = (now - self.sent).max(0.0);
        match self.due {
            Some(due) => (gone / (due - self.sent).max(1.0)).min(1.0),
            None => UNSURE_REACH * (1.0 - (-gone / UNSURE_PACE).exp()),
        }
    }
}

/// The transform of an element that is born with one.
fn transform(element: &Element) -> Option<SvgTransform> {
    let shape = element.dyn_ref::<SvgGraphicsElement>()?;
    let list = shape.transform().base_val();
    list.get_item(0).ok()
}
