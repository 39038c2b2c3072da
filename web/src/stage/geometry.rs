//! Where things stand on the stage: a ring of nodes, clients below it, and a bowed lane for each
//! direction between two of them.
//!
//! Pure functions of the stage's size, of who there is, and of where a person has put nodes. A
//! lane is a quadratic curve that lies to the right of travel, so the two directions never share
//! a line.

use super::lane::Lane;
use super::layout::Layout;
use std::f64::consts::PI;

/// How far the control point of a lane stands off the straight line, as a part of its length.
const BOW: f64 = 0.12;
/// The same between a client and a node: these lines are long, and only two share a way.
const CLIENT_BOW: f64 = 0.05;
/// From the middle of a node to where its lanes begin, beyond its radius.
const CLEAR: f64 = 12.0;
/// Widest room for one client in the dock.
const CLIENT: f64 = 236.0;

/// A place on the stage, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Point {
    /// How far it is from here to there.
    #[must_use]
    pub fn distance(self, to: Point) -> f64 {
        (to.x - self.x).hypot(to.y - self.y)
    }

    /// This place moved by a multiple of a direction.
    #[must_use]
    pub fn toward(self, direction: Point, by: f64) -> Point {
        Point {
            x: self.x + direction.x * by,
            y: self.y + direction.y * by,
        }
    }

    /// Direction from here to there, of length one; zero when they are the same.
    #[must_use]
    pub fn direction(self, to: Point) -> Point {
        let (dx, dy) = (to.x - self.x, to.y - self.y);
        let length = dx.hypot(dy);
        if length < 1e-9 {
            return Point::default();
        }
        Point {
            x: dx / length,
            y: dy / length,
        }
    }
}

/// Between whom something travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Nowhere.
    #[default]
    None,
    /// From node to node.
    Link(u64, u64),
    /// From a client to a node.
    Request(u64, u64),
    /// From a node back to a client.
    Answer(u64, u64),
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// Width of the stage.
    pub width: f64,
    /// Height of the stage.
    pub height: f64,
    /// Middle of the ring.
    pub center: Point,
    /// Height of the ring, halved; its radius where there is room for a circle.
    pub ring: f64,
    /// Width of the ring, halved: more than its height on a flat stage.
    pub wide: f64,
    /// Radius of a node.
    pub node: f64,
    /// 1 on a stage of middling size; letters and messages grow with it.
    pub scale: f64,
    places: Vec<(u64, Point)>,
    /// Width of the room of each client in the dock.
    pub client: f64,
    clients: Vec<(u64, Point)>,
}

impl Geometry {
    /// Lays the members out on a ring, the first at the top, in order clockwise, and the clients
    /// side by side below the stage. Members that were moved stand where they were put.
    #[must_use]
    pub fn new(
        (width, height): (f64, f64),
        members: &[u64],
        clients: &[u64],
        layout: &Layout,
    ) -> Geometry {
        let least = width.min(height).max(1.0);
        let count = members.len().max(1) as f64;
        let spread = if members.len() < 2 { 0.0 } else { 1.0 };
        let wish = 0.55 * 0.36 * least * (PI / count).sin();
        let node = wish.clamp(20.0, 44.0).min((0.1 * least).max(20.0));
        // Room for the crown above and two lines of text below a node.
        let ring = spread * (0.36 * least).min(height / 2.0 - node - 40.0).max(40.0);
        // Where the ring is so low that words below a node would reach the next one, it is as wide
        // as the stage lets it.
        let flattest = if ring < 2.6 * node { 3.0 } else { 1.5 };
        let wide = (0.38 * width - node).clamp(ring, flattest * ring);
        let center = Point {
            x: width / 2.0,
            y: height / 2.0 - 13.0,
        };
        let places = members
            .iter()
            .enumerate()
            .map(|(i, id)| {
                let angle = -PI / 2.0 + 2.0 * PI * i as f64 / count;
                let at = Point {
                    x: wide * angle.cos(),
                    y: ring * angle.sin(),
                };
                (*id, center.toward(at, 1.0))
            })
            .collect();
        let scale = (least / 520.0).clamp(0.8, 1.3);
        let mut geometry = Geometry {
            width,
            height,
            center,
            ring,
            wide,
            node,
            scale,
            places,
            client: ((width - 16.0) / clients.len().max(1) as f64).clamp(0.0, CLIENT),
            clients: Vec::new(),
        };
        geometry.place_clients(clients);
        geometry.move_nodes(layout);
        geometry
    }

    fn place_clients(&mut self, clients: &[u64]) {
        let half = (clients.len() as f64 - 1.0) / 2.0;
        let place = |(i, id): (usize, &u64)| {
            let x = self.width / 2.0 + (i as f64 - half) * self.client;
            let y = self.height;
            (*id, Point { x, y })
        };
        self.clients = clients.iter().enumerate().map(place).collect();
    }

    fn move_nodes(&mut self, layout: &Layout) {
        let (width, height, node) = (self.width, self.height, self.node);
        for (id, point) in &mut self.places {
            if let Some((x, y)) = layout.of(*id) {
                *point = Point {
                    x: within(x * width, node + 12.0, width - node - 12.0),
                    y: within(y * height, node + 26.0, height - node - 46.0),
                };
            }
        }
    }

    /// A place as parts of width and height.
    #[must_use]
    pub fn part(&self, place: Point) -> (f64, f64) {
        (
            place.x / self.width.max(1.0),
            place.y / self.height.max(1.0),
        )
    }

    /// Where a node stands.
    #[must_use]
    pub fn place(&self, node: u64) -> Option<Point> {
        self.places
            .iter()
            .find(|(id, _)| *id == node)
            .map(|(_, point)| *point)
    }

    /// All nodes with their places, in order of the ring.
    #[must_use]
    pub fn places(&self) -> &[(u64, Point)] {
        &self.places
    }

    /// Where the words of a node go: below it (0), or outside a crowded ring (-1 left, 1 right).
    #[must_use]
    pub fn side(&self, node: u64) -> i8 {
        let across = self
            .place(node)
            .map_or(0.0, |point| (point.x - self.center.x) / self.wide);
        match across {
            _ if self.places.len() < 6 => 0,
            far if far < -0.5 => -1,
            far if far > 0.5 => 1,
            _ => 0,
        }
    }

    /// Where requests of a client leave the dock.
    #[must_use]
    pub fn client_place(&self, client: u64) -> Option<Point> {
        let found = self.clients.iter().find(|(id, _)| *id == client);
        found.map(|(_, point)| *point)
    }

    /// The lane of one direction, from the edge of one node to the edge of the other.
    #[must_use]
    pub fn lane(&self, from: u64, to: u64) -> Option<Lane> {
        self.way(Way::Link(from, to))
    }

    /// The lane of something that travels.
    #[must_use]
    pub fn way(&self, way: Way) -> Option<Lane> {
        let edge = self.node + CLEAR;
        match way {
            Way::None => None,
            Way::Link(from, to) => Some(bowed(self.place(from)?, edge, self.place(to)?, edge, BOW)),
            Way::Request(client, node) => {
                let (dock, node) = (self.client_place(client)?, self.place(node)?);
                Some(bowed(dock, 0.0, node, edge, CLIENT_BOW))
            }
            Way::Answer(client, node) => {
                let (dock, node) = (self.client_place(client)?, self.place(node)?);
                Some(bowed(node, edge, dock, 0.0, CLIENT_BOW))
            }
        }
    }

    /// The straight line from a client to a node it believes to lead.
    #[must_use]
    pub fn belief(&self, client: u64, leader: u64) -> Option<(Point, Point)> {
        let (dock, node) = (self.client_place(client)?, self.place(leader)?);
        Some((dock, node.toward(node.direction(dock), self.node + CLEAR)))
    }
}

/// A curve to the right of travel, from one edge to the other.
fn bowed(a: Point, a_edge: f64, b: Point, b_edge: f64, bow: f64) -> Lane {
    let along = a.direction(b);
    let right = Point {
        x: -along.y,
        y: along.x,
    };
    let middle = Point {
        x: (a.x + b.x) / 2.0,
        y: (a.y + b.y) / 2.0,
    };
    let bend = middle.toward(right, bow * a.distance(b));
    Lane {
        start: a.toward(a.direction(bend), a_edge),
        bend,
        end: b.toward(b.direction(bend), b_edge),
    }
}

/// As `clamp`, for a stage too small for both limits.
fn within(value: f64, least: f64, most: f64) -> f64 {
    value.min(most).max(least)
}

/// Whether a place lies inside a drawn outline (ray casting).
#[must_use]
pub fn inside(outline: &[Point], point: Point) -> bool {
    let mut within = false;
    let mut before = match outline.last() {
        Some(last) => *last,
        None => return false,
    };
    for corner in outline {
        if (corner.y > point.y) != (before.y > point.y) {
            let part = (point.y - corner.y) / (before.y - corner.y);
            if point.x < corner.x + part * (before.x - corner.x) {
                within = !within;
            }
        }
        before = *corner;
    }
    within
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five(layout: &Layout) -> Geometry {
        Geometry::new((600.0, 600.0), &[1, 2, 3, 4, 5], &[1, 2], layout)
    }

    #[test]
    fn the_two_directions_lie_on_either_side() {
        let geometry = five(&Layout::default());
        let (there, back) = (geometry.lane(1, 3).unwrap(), geometry.lane(3, 1).unwrap());
        let (p, q) = (there.at(0.5), back.at(0.5));
        assert!((p.x - q.x).hypot(p.y - q.y) > 30.0);
        assert!(there.at(0.0) == there.start && there.at(1.0) == there.end);
    }

    #[test]
    fn nodes_stay_on_the_stage() {
        for count in 1..=9_u64 {
            let members: Vec<u64> = (1..=count).collect();
            let size = (390.0, 390.0);
            let geometry = Geometry::new(size, &members, &[1], &Layout::default());
            for (_, point) in geometry.places() {
                assert!(point.x - geometry.node > 0.0 && point.x + geometry.node < 390.0);
                assert!(point.y - geometry.node > 0.0 && point.y + geometry.node + 30.0 < 390.0);
            }
        }
    }

    #[test]
    fn words_below_a_node_do_not_run_into_the_next_one() {
        // Beside a lesson, on a screen and on a phone; and without one.
        for size in [
            (768.0, 236.0),
            (390.0, 236.0),
            (768.0, 378.0),
            (390.0, 350.0),
        ] {
            let geometry = Geometry::new(size, &[1, 2, 3, 4, 5], &[], &Layout::default());
            for (id, at) in geometry.places() {
                for (other, next) in geometry.places().iter().filter(|(other, _)| other != id) {
                    for x in [at.x - 12.0, at.x + 12.0] {
                        let y = at.y + geometry.node + 22.0;
                        let far = next.distance(Point { x, y });
                        assert!(far > geometry.node, "{size:?}: S{id} and S{other}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_lasso_holds_what_is_inside() {
        let corner = |x: f64, y: f64| Point { x, y };
        let square = [
            corner(0.0, 0.0),
            corner(10.0, 0.0),
            corner(10.0, 10.0),
            corner(0.0, 10.0),
        ];
        assert!(inside(&square, corner(5.0, 5.0)));
        assert!(!inside(&square, corner(15.0, 5.0)));
        assert!(!inside(&[], corner(5.0, 5.0)));
    }

    #[test]
    fn a_moved_node_takes_its_lanes_along_and_stays_on_the_stage() {
        let mut layout = Layout::default();
        layout.put(2, (0.25, 0.75));
        layout.put(4, (0.0, 1.0));
        let (ring, moved) = (five(&Layout::default()), five(&layout));
        assert_eq!(moved.place(2), Some(Point { x: 150.0, y: 450.0 }));
        assert_eq!(moved.place(1), ring.place(1));
        assert_ne!(moved.lane(1, 2), ring.lane(1, 2));
        assert_eq!(moved.lane(1, 3), ring.lane(1, 3));
        let corner = moved.place(4).unwrap();
        assert!(corner.x > moved.node && corner.y + moved.node < 600.0);
        assert_eq!(moved.part(Point { x: 150.0, y: 450.0 }), (0.25, 0.75));
    }

    #[test]
    fn requests_leave_the_dock_and_answers_come_back_beside_them() {
        let geometry = five(&Layout::default());
        let dock = geometry.client_place(1).unwrap();
        assert!(dock.y == 600.0 && dock.x < geometry.client_place(2).unwrap().x);
        let (ask, tell) = (Way::Request(1, 3), Way::Answer(1, 3));
        let (ask, tell) = (geometry.way(ask).unwrap(), geometry.way(tell).unwrap());
        assert_eq!((ask.start, tell.end), (dock, dock));
        assert!(ask.at(0.5).distance(tell.at(0.5)) > 15.0);
        let (from, to) = geometry.belief(1, 3).unwrap();
        let middle = geometry.place(3).unwrap();
        assert!(from == dock && to.distance(middle) > geometry.node);
        assert_eq!(geometry.way(Way::Request(9, 3)), None);
    }
}
