//! The outline around the nodes of one group: their convex hull, a margin away.

use super::geometry::Point;
use crate::order::in_order;
use std::fmt::Write;

/// The corners of the convex hull, clockwise on the screen (Andrew's monotone chain).
#[must_use]
pub fn corners(points: &[Point]) -> Vec<Point> {
    let mut sorted = in_order(points.iter().copied(), |point| (point.x, point.y));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull = half(sorted.iter());
    hull.pop();
    let mut back = half(sorted.iter().rev());
    back.pop();
    hull.append(&mut back);
    hull
}

/// One side of the hull, from the first point to the last.
fn half<'a>(points: impl Iterator<Item = &'a Point>) -> Vec<Point> {
    let mut side: Vec<Point> = Vec::new();
    for point in points {
        while let [.., before, last] = side.as_slice() {
            let turn = (last.x - before.x) * (point.y - before.y)
                - (last.y - before.y) * (point.x - before.x);
            if turn > 0.0 {
                break;
            }
            side.pop();
        }
        side.push(*point);
    }
    side
}

/// The outline `margin` away from the corners, as the `d` of a path.
#[must_use]
pub fn outline(corners: &[Point], margin: f64) -> String {
    let mut d = String::new();
    // Writing to a String cannot fail.
    if let [only] = corners {
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
    let count = corners.len();
    let mut lines = Vec::with_capacity(count);
    for i in 0..count {
        let (a, b) = (corners[i], corners[(i + 1) % count]);
        let along = a.direction(b);
        let out = Point {
            x: along.y,
            y: -along.x,
        };
        lines.push((a.toward(out, margin), b.toward(out, margin)));
    }
    for (i, (from, to)) in lines.iter().enumerate() {
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
    if let Some((first, _)) = lines.first() {
        let _ = write!(
            d,
            "A{margin:.1} {margin:.1} 0 0 1 {:.1} {:.1}Z",
            first.x, first.y
        );
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_node_dragged_inside_is_no_corner() {
        let square = [at(0.0, 0.0), at(8.0, 0.0), at(8.0, 8.0), at(0.0, 8.0)];
        let mut points = square.to_vec();
        points.insert(2, at(4.0, 3.0));
        let found = corners(&points);
        assert_eq!(found.len(), 4);
        assert!(square.iter().all(|corner| found.contains(corner)));
        // Clockwise where y points down, so that the margin lies outside.
        let area: f64 = (0..4)
            .map(|i| (found[i], found[(i + 1) % 4]))
            .map(|(a, b)| a.x * b.y - b.x * a.y)
            .sum();
        assert!(area > 0.0);
    }

    #[test]
    fn one_and_two_nodes_have_an_outline_too() {
        assert!(outline(&corners(&[at(5.0, 5.0)]), 2.0).ends_with('Z'));
        assert!(outline(&corners(&[at(5.0, 5.0), at(9.0, 5.0)]), 2.0).ends_with('Z'));
        assert_eq!(outline(&[], 2.0), "");
    }
}
