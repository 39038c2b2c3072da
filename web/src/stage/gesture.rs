//! What a pointer means: a click, a lasso from empty ground, a band from node to node.

use super::geometry::{self, Geometry, Point};
use super::offers::Target;
use std::fmt::Write;
use wasm_bindgen::JsCast;
use yew::NodeRef;

/// A pointer that moves less than this is a click (CSS pixels).
const CLICK: f64 = 6.0;
/// A band ends at a node within this many radii.
const SNAP: f64 = 1.5;
/// Corners of a lasso are this far apart, and at most so many.
const STEP: f64 = 4.0;
const MOST_CORNERS: usize = 2_000;

/// A pointer that is down.
#[derive(Default)]
pub struct Gesture {
    from: Option<(Target, Point)>,
    path: Vec<Point>,
    far: bool,
    /// The node is carried along: from where the pointer went down to its middle.
    carry: Option<Point>,
}

/// How a gesture ended.
pub enum Ended {
    /// Without meaning.
    Nothing,
    /// As a click.
    Click(Target),
    /// Drawn from one node to another.
    Band(u64, u64),
    /// Around these nodes.
    Lasso(Vec<u64>),
    /// A node was carried elsewhere.
    Carried,
}

impl Gesture {
    /// The pointer went down.
    pub fn begin(&mut self, target: Target, at: (f64, f64)) {
        self.from = Some((target, at.into()));
        self.path.clear();
        self.path.push(at.into());
        self.far = false;
        self.carry = None;
    }

    /// The node under the pointer goes with it from now on.
    pub fn carry(&mut self, geometry: &Geometry) {
        if let Some((Target::Node(id), at)) = self.from {
            self.carry = geometry.place(id).map(|middle| Point {
                x: middle.x - at.x,
                y: middle.y - at.y,
            });
        }
    }

    /// The node that is carried, and where its middle is with the pointer here.
    #[must_use]
    pub fn carried(&self, at: (f64, f64)) -> Option<(u64, Point)> {
        match (self.from, self.carry) {
            (Some((Target::Node(id), _)), Some(grip)) if self.far => {
                let to = Point {
                    x: at.0 + grip.x,
                    y: at.1 + grip.y,
                };
                Some((id, to))
            }
            _ => None,
        }
    }

    /// Whether a pointer is down.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.from.is_some()
    }

    /// Forgets the gesture.
    pub fn cancel(&mut self) {
        self.from = None;
    }

    /// The pointer moved; true when it is more than a click by now.
    pub fn go_on(&mut self, at: (f64, f64), geometry: &Geometry) -> bool {
        let Some((_, start)) = self.from else {
            return false;
        };
        let at = clamp(at.into(), geometry);
        let last = self.path.last().copied().unwrap_or(start);
        if (at.x - last.x).hypot(at.y - last.y) >= STEP && self.path.len() < MOST_CORNERS {
            self.path.push(at);
        }
        self.far = self.far || (at.x - start.x).hypot(at.y - start.y) > CLICK;
        self.far
    }

    /// The line to draw while it goes on.
    #[must_use]
    pub fn trail(&self, geometry: &Geometry) -> String {
        let mut d = String::new();
        let points: Vec<Point> = match self.from {
            Some((Target::Node(id), _)) => {
                let ends = [geometry.place(id), self.path.last().copied()];
                ends.into_iter().flatten().collect()
            }
            Some((Target::Stage, _)) => self.path.clone(),
            _ => return d,
        };
        for (i, point) in points.iter().enumerate() {
            let _ = write!(
                d,
                "{}{:.0} {:.0}",
                if i == 0 { 'M' } else { 'L' },
                point.x,
                point.y
            );
        }
        d
    }

    /// The pointer came up.
    pub fn end(&mut self, at: (f64, f64), geometry: &Geometry) -> Ended {
        let Some((target, _)) = self.from.take() else {
            return Ended::Nothing;
        };
        if !self.far {
            return Ended::Click(target);
        }
        match target {
            Target::Node(_) if self.carry.is_some() => Ended::Carried,
            Target::Node(from) => near(geometry, at.into())
                .filter(|to| *to != from)
                .map_or(Ended::Nothing, |to| Ended::Band(from, to)),
            Target::Stage => {
                let caught: Vec<u64> = geometry
                    .places()
                    .iter()
                    .filter(|(_, point)| geometry::inside(&self.path, *point))
                    .map(|(id, _)| *id)
                    .collect();
                if caught.is_empty() {
                    Ended::Nothing
                } else {
                    Ended::Lasso(caught)
                }
            }
            _ => Ended::Nothing,
        }
    }
}

fn near(geometry: &Geometry, at: Point) -> Option<u64> {
    geometry
        .places()
        .iter()
        .find(|(_, p)| (p.x - at.x).hypot(p.y - at.y) <= SNAP * geometry.node)
        .map(|(id, _)| *id)
}

fn clamp(at: Point, geometry: &Geometry) -> Point {
    Point {
        x: at.x.clamp(0.0, geometry.width),
        y: at.y.clamp(0.0, geometry.height),
    }
}

/// What an event on the stage is about.
#[must_use]
pub fn target_of(target: Option<web_sys::EventTarget>) -> Target {
    let Some(element) = target.and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return Target::Stage;
    };
    let find = |name: &str| {
        element
            .closest(&format!("[{name}]"))
            .ok()
            .flatten()
            .and_then(|e| e.get_attribute(name))
    };
    if let Some(id) = find("data-flight").and_then(|id| id.parse().ok()) {
        return Target::Message(id);
    }
    if let Some(id) = find("data-node").and_then(|id| id.parse().ok()) {
        return Target::Node(id);
    }
    let ends = find("data-link");
    let ends = ends.as_deref().and_then(|text| text.split_once('-'));
    match ends.map(|(from, to)| (from.parse(), to.parse())) {
        Some((Ok(from), Ok(to))) => Target::Link(from, to),
        _ => Target::Stage,
    }
}

/// A place of the page as a place on the stage.
#[must_use]
pub fn place(board: &NodeRef, client_x: i32, client_y: i32) -> (f64, f64) {
    let rect = board
        .cast::<web_sys::Element>()
        .map(|board| board.get_bounding_client_rect());
    let (left, top) = rect.map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
    (f64::from(client_x) - left, f64::from(client_y) - top)
}
