//! One message on the stage: its elements, and its place as a pure function of time.

use super::geometry::Way;
use super::lane::Lane;
use super::shapes;
use crate::message::Message;
use crate::palette;
use std::fmt::Write;
use wasm_bindgen::JsCast;
use web_sys::{Element, SvgGraphicsElement, SvgTransform};

const SVG: &str = "http://www.w3.org/2000/svg";
/// Where on its way a lost message is seen to die.
const DEATH: f64 = 0.5;
/// How far it falls then (CSS pixels).
const FALL: f64 = 26.0;
/// How far an unconfirmed message is drawn, and how fast it gets there (microseconds).
const UNSURE_REACH: f64 = 0.42;
const UNSURE_PACE: f64 = 400_000.0;
/// Where a held message stands that was not seen before.
const HELD_AT: f64 = 0.5;
/// Where elements wait that no message wears. Hiding them by style would cost more.
const PARKED: (f32, f32) = (-4_000.0, -4_000.0);
/// A smaller step is not seen and not written (CSS pixels).
const STEP: f32 = 0.04;

/// One message in flight, or the elements of one that is gone.
pub struct Sprite {
    /// What moves. It has no class, so that the browser need not look for rules on every frame.
    mover: Element,
    /// What it looks like.
    group: Element,
    /// The way as a line, while it is to be seen.
    course: Option<Element>,
    /// Where it is; numbers, because text would have to be parsed on every frame.
    shift: SvgTransform,
    at: (f32, f32),
    class: String,
    /// Where its tail points, and how far it was turned last.
    turn: SvgTransform,
    turned: f64,
    /// Of which taking over it is.
    round: u64,
    way: Way,
    look: Look,
    lane: Lane,
    sent: f64,
    due: Option<f64>,
    /// Where it stands while it is held.
    held: Option<f64>,
    /// It gets no further than this: 1, or where it waits on a clogged lane.
    limit: f64,
}

/// How messages are drawn at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// With reduced motion.
    pub calm: bool,
    /// So many that their tails would hide each other: without tails.
    pub dense: bool,
}

/// What decides how a message is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    kind: String,
    term: u64,
    entries: usize,
    accepted: Option<bool>,
    lost: bool,
}

impl Look {
    fn is(&self, flight: &Message) -> bool {
        let content = flight.content;
        (self.term, self.entries, self.accepted, self.lost)
            == (content.term, content.entries, content.accepted, flight.lost)
            && self.kind == content.kind
    }
}

impl Sprite {
    /// Makes the elements of a message, still hidden.
    pub fn draw(flight: &Message, root: &Element, scale: f64) -> Option<Sprite> {
        let document = web_sys::window()?.document()?;
        let mover = document.create_element_ns(Some(SVG), "g").ok()?;
        let group = document.create_element_ns(Some(SVG), "g").ok()?;
        let content = flight.content;
        let inner = shapes::markup(
            content,
            palette::is_hatched(content.term),
            flight.lost,
            scale,
        );
        group.set_attribute("data-kind", &content.kind).ok()?;
        let place = format!("translate(0 0) scale({scale:.2})");
        mover.set_attribute("transform", &place).ok()?;
        group.set_inner_html(&inner);
        mover.append_child(&group).ok()?;
        root.append_child(&mover).ok()?;
        let look = Look {
            kind: content.kind.clone(),
            term: content.term,
            entries: content.entries,
            accepted: content.accepted,
            lost: flight.lost,
        };
        Some(Sprite {
            course: None,
            shift: transform(&mover)?,
            turn: transform(&group.first_element_child()?)?,
            turned: f64::NAN,
            at: PARKED,
            class: String::new(),
            round: 0,
            way: Way::None,
            look,
            lane: Lane::default(),
            sent: 0.0,
            due: None,
            held: None,
            limit: 1.0,
            mover,
            group,
        })
    }

    /// Shows this message from now on. Setting attributes of known names does not fail.
    pub fn take_off(&mut self, flight: &Message, lane: Lane, round: u64, chosen: bool) {
        self.held = flight.held.then_some(HELD_AT);
        let mut class = format!("flight {}", palette::term_class(flight.content.term));
        let client = !matches!(flight.way, Way::Link(..));
        for (on, word) in [
            (client, " client-flight"),
            (flight.due.is_none() && !flight.held, " unsure"),
            (chosen, " chosen"),
        ] {
            if on {
                class.push_str(word);
            }
        }
        if class != self.class {
            let _ = self.group.set_attribute("class", &class);
            self.class = class;
        }
        let _ = self
            .group
            .set_attribute("data-flight", &flight.id.to_string());
        if self.look.lost {
            let _ = self.group.remove_attribute("opacity");
        }
        self.way = flight.way;
        self.relocate(lane);
        self.renew(flight, round, 0.0);
    }

    /// Its way runs elsewhere from now on.
    pub fn relocate(&mut self, lane: Lane) {
        if let Some(course) = &self.course {
            let _ = course.set_attribute("d", &lane.path());
        }
        self.lane = lane;
        self.turned = f64::NAN;
    }

    /// Between whom it travels.
    pub fn way(&self) -> Way {
        self.way
    }

    /// It gets no further than this part of the way.
    pub fn stop_at(&mut self, limit: f64) {
        self.limit = limit;
    }

    /// The same message as before, as it is at this moment.
    pub fn renew(&mut self, flight: &Message, round: u64, now: f64) {
        self.round = round;
        self.held = match (flight.held, self.held) {
            (true, None) => Some(self.part(now)),
            (held, before) => before.filter(|_| held),
        };
        self.sent = flight.sent as f64;
        if self.due.is_none() && flight.due.is_some() {
            let _ = self.group.class_list().remove_1("unsure");
            self.class.clear();
        }
        self.due = flight.due.map(|due| due as f64);
    }

    /// Whether this is exactly how a message is drawn now.
    pub fn shows(&self, flight: &Message) -> bool {
        self.way == flight.way && self.look.is(flight)
    }

    /// Whether these elements would do for a message.
    pub fn looks_like(&self, flight: &Message) -> bool {
        self.look.is(flight)
    }

    /// Of which taking over it is.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Marks it as the selected one.
    pub fn choose(&mut self, on: bool) {
        self.class.clear();
        let _ = self.group.class_list().toggle_with_force("chosen", on);
    }

    /// Shows its way as a line in a layer for such lines, or not.
    pub fn show_course(&mut self, root: Option<&Element>) {
        match (root, &self.course) {
            (Some(root), None) => {
                let document = web_sys::window().and_then(|window| window.document());
                let line = document.and_then(|all| all.create_element_ns(Some(SVG), "path").ok());
                if let Some(line) = line {
                    let _ = line.set_attribute("class", "course");
                    let _ = line.set_attribute("marker-end", "url(#arrow)");
                    let _ = line.set_attribute("d", &self.lane.path());
                    let _ = root.append_child(&line);
                    self.course = Some(line);
                }
            }
            (None, Some(line)) => {
                line.remove();
                self.course = None;
            }
            _ => {}
        }
    }

    /// Says something to a pointer that rests on it; nothing when it leaves.
    pub fn tell(&self, text: Option<&str>) {
        let told = self.group.query_selector("title").ok().flatten();
        match (text, told) {
            (Some(text), None) => {
                let document = web_sys::window().and_then(|window| window.document());
                let title = document.and_then(|all| all.create_element_ns(Some(SVG), "title").ok());
                if let Some(title) = title {
                    title.set_text_content(Some(text));
                    let _ = self.group.append_child(&title);
                }
            }
            (None, Some(told)) => told.remove(),
            _ => {}
        }
    }

    /// Puts the elements aside until they are wanted again.
    pub fn park(&mut self) {
        self.at = PARKED;
        let _ = self.shift.set_translate(PARKED.0, PARKED.1);
        let _ = self.group.remove_attribute("data-flight");
        self.show_course(None);
        self.tell(None);
    }

    /// Takes the elements out of the page.
    pub fn remove(mut self) {
        self.show_course(None);
        self.mover.remove();
    }

    /// Puts it where it is at this moment.
    pub fn place(&mut self, now: f64, manner: Manner, text: &mut String) {
        let part = self.part(now);
        // With reduced motion it stands in one of four places, clear of both nodes.
        let part = if manner.calm {
            (part * 4.0).floor().min(3.0) / 4.0 + 0.125
        } else {
            part
        };
        let lost = self.look.lost;
        let fallen = if lost {
            ((part - DEATH) / (1.0 - DEATH)).max(0.0)
        } else {
            0.0
        };
        let along = if fallen > 0.0 { DEATH } else { part };
        let place = self.lane.at(along);
        let at = (place.x as f32, (place.y + FALL * fallen) as f32);
        if (at.0 - self.at.0).abs() + (at.1 - self.at.1).abs() > STEP {
            self.at = at;
            let _ = self.shift.set_translate(at.0, at.1);
        }
        if !manner.dense {
            let angle = self.lane.angle(along);
            // Never true at first, when the angle is no number.
            let steady = (angle - self.turned).abs() < 1.0;
            if !steady {
                self.turned = angle;
                let _ = self.turn.set_rotate(angle as f32, 0.0, 0.0);
            }
        }
        if lost {
            text.clear();
            let _ = write!(text, "{:.2}", 1.0 - fallen);
            let _ = self.group.set_attribute("opacity", text);
            self.class.clear();
            let _ = self
                .group
                .class_list()
                .toggle_with_force("dying", fallen > 0.0);
        }
    }

    /// How much of the way is done, 0 to 1.
    fn part(&self, now: f64) -> f64 {
        let gone = (now - self.sent).max(0.0);
        match (self.held, self.due) {
            (Some(part), _) => part.min(self.limit),
            (None, Some(due)) => (gone / (due - self.sent).max(1.0)).min(self.limit),
            (None, None) => UNSURE_REACH * (1.0 - (-gone / UNSURE_PACE).exp()),
        }
    }
}

/// The transform of an element that is born with one.
fn transform(element: &Element) -> Option<SvgTransform> {
    let shape = element.dyn_ref::<SvgGraphicsElement>()?;
    shape.transform().base_val().get_item(0).ok()
}
