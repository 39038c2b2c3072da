//! Where things stand on the stage: a ring of nodes and a bowed lane for each direction.
//!
//! Pure functions of the stage's size and the members. A lane is a quadratic curve that lies
//! to the right of travel, so the two directions of a link never share a line.

use std::f64::consts::PI;
use std::fmt::Write;

/// How far the control point of a lane stands off the straight line, as a part of its length.
const BOW: f64 = 0.12;

/// A place on the stage, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Point {
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
}

impl Geometry {
    /// Lays the members out on a ring, the first at the top, in order clockwise.
    #[must_use]
    pub fn new(width: f64, height: f64, members: &[u64]) -> Geometry {
        let least = width.min(height).max(1.0);
        let count = members.len().max(1) as f64;
        let spread = if members.len() < 2 { 0.0 } else { 1.0 };
        let wish = 0.55 * 0.36 * least * (PI / count).sin();
        let node = wish.clamp(20.0, 44.0).min((0.1 * least).max(20.0));
        // Room for the crown above and two lines of text below a node.
        let ring = spread * (0.36 * least).min(height / 2.0 - node - 36.0).max(40.0);
        let wide = (0.38 * width - node).clamp(ring, 1.5 * ring);
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
        Geometry {
            width,
            height,
            center,
            ring,
            wide,
            node,
            scale,
            places,
        }
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

    /// The lane of one direction, from the edge of one node to the edge of the other.
    #[must_use]
    pub fn lane(&self, from: u64, to: u64) -> Option<Lane> {
        let (a, b) = (self.place(from)?, self.place(to)?);
        let along = a.direction(b);
        let right = Point {
            x: -along.y,
            y: along.x,
        };
        let length = (b.x - a.x).hypot(b.y - a.y);
        let middle = Point {
            x: (a.x + b.x) / 2.0,
            y: (a.y + b.y) / 2.0,
        };
        let bend = middle.toward(right, BOW * length);
        let edge = self.node + 12.0;
        Some(Lane {
            start: a.toward(a.direction(bend), edge),
            bend,
            end: b.toward(b.direction(bend), edge),
        })
    }
}

/// One direction of a link: a quadratic curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lane {
    /// Edge of the sender.
    pub start: Point,
    /// Control point.
    pub bend: Point,
    /// Edge of the receiver.
    pub end: Point,
}

impl Lane {
    /// The place after a part of the way, 0 to 1.
    #[must_use]
    pub fn at(&self, part: f64) -> Point {
        let (u, t) = (1.0 - part, part);
        let mix = |a: f64, c: f64, b: f64| u * u * a + 2.0 * u * t * c + t * t * b;
        Point {
            x: mix(self.start.x, self.bend.x, self.end.x),
            y: mix(self.start.y, self.bend.y, self.end.y),
        }
    }

    /// Direction of travel there, in degrees clockwise from rightwards.
    #[must_use]
    pub fn angle(&self, part: f64) -> f64 {
        let mix = |a: f64, c: f64, b: f64| (1.0 - part) * (c - a) + part * (b - c);
        let dx = mix(self.start.x, self.bend.x, self.end.x);
        let dy = mix(self.start.y, self.bend.y, self.end.y);
        dy.atan2(dx).to_degrees()
    }

    /// As the `d` of a path.
    #[must_use]
    pub fn path(&self) -> String {
        let Lane { start, bend, end } = self;
        let mut d = String::with_capacity(64);
        // Writing to a String cannot fail.
        let _ = write!(
            d,
            "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
            start.x, start.y, bend.x, bend.y, end.x, end.y
        );
        d
    }
}

/// The outline around nodes of one group, `margin` away from their middles.
///
/// The nodes stand on a circle, so in order of the ring they are a convex polygon already.
#[must_use]
pub fn hull(points: &[Point], margin: f64) -> String {
    let mut d = String::new();
    if let [only] = points {
        let _ = write!(
            d,
            "M{:.1} {:.1}a{margin:.1} {margin:.1} 0 1 1 0 {:.1}\
             a{margin:.1} {margin:.1} 0 1 1 0 {:.1}Z",
            only.x,
            only.y - margin,
            2.0 * margin,
            -2.0 * margin
        );
        return d;
    }
    let count = points.len();
    for i in 0..count {
        let (a, b) = (points[i], points[(i + 1) % count]);
        let along = a.direction(b);
        let out = Point {
            x: along.y,
            y: -along.x,
        };
        let (from, to) = (a.toward(out, margin), b.toward(out, margin));
        if i == 0 {
            let _ = write!(d, "M{:.1} {:.1}", from.x, from.y);
        } else {
            let _ = write!(
                d,
                "A{margin:.1} {margin:.1} 0 0 1 {:.1} {:.1}",
                from.x, from.y
            );
        }
        let _ = write!(d, "L{:.1} {:.1}", to.x, to.y);
    }
    if count > 1 {
        let along = points[0].direction(points[1]);
        let first = points[0].toward(
            Point {
                x: along.y,
                y: -along.x,
            },
            margin,
        );
        let _ = write!(
            d,
            "A{margin:.1} {margin:.1} 0 0 1 {:.1} {:.1}Z",
            first.x, first.y
        );
    }
    d
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

    #[test]
    fn the_two_directions_lie_on_either_side() {
        let geometry = Geometry::new(600.0, 600.0, &[1, 2, 3, 4, 5]);
        let (there, back) = (geometry.lane(1, 3).unwrap(), geometry.lane(3, 1).unwrap());
        let (p, q) = (there.at(0.5), back.at(0.5));
        assert!((p.x - q.x).hypot(p.y - q.y) > 30.0);
        assert!(there.at(0.0) == there.start && there.at(1.0) == there.end);
    }

    #[test]
    fn nodes_stay_on_the_stage() {
        for count in 1..=9_u64 {
            let members: Vec<u64> = (1..=count).collect();
            let geometry = Geometry::new(390.0, 390.0, &members);
            for (_, point) in geometry.places() {
                assert!(point.x - geometry.node > 0.0 && point.x + geometry.node < 390.0);
                assert!(point.y - geometry.node > 0.0 && point.y + geometry.node + 30.0 < 390.0);
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
}
