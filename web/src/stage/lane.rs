//! The way of a message: a shallow curve, and where on it something is.

use super::geometry::Point;
use std::fmt::Write;

/// Where on a clogged lane the bar is that holds everything back.
pub const PLUG: f64 = 0.6;
/// The first message stops so far before it, and each of the others so far behind.
const BEFORE: f64 = 0.05;
const BEHIND: f64 = 0.025;
/// Nothing waits nearer to its sender.
const NEAREST: f64 = 0.12;

/// Where on a clogged lane a message waits, when so many are ahead of it.
#[must_use]
pub fn place_in_queue(ahead: usize) -> f64 {
    (PLUG - BEFORE - BEHIND * ahead as f64).max(NEAREST)
}

/// One direction between two places: a quadratic curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lane {
    /// Where it begins.
    pub start: Point,
    /// Control point.
    pub bend: Point,
    /// Where it ends.
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
