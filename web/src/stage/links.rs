//! What lies under the messages: lanes of each direction, cuts, and hulls of a partition.

use super::geometry::{self, Geometry, Point};
use raftwerk_wire::view::Group;
use yew::prelude::*;

/// Props of [`Links`].
#[derive(Properties, PartialEq)]
pub struct LinksProps {
    /// Where things stand.
    pub geometry: Geometry,
    /// Directions that are cut.
    pub cuts: Vec<(u64, u64)>,
    /// The selected direction.
    pub selected: Option<(u64, u64)>,
}

/// One lane per direction. A lane is a hit area of 12 px; its line is faint.
#[function_component]
pub fn Links(props: &LinksProps) -> Html {
    let ids: Vec<u64> = props.geometry.places().iter().map(|(id, _)| *id).collect();
    let pairs = ids.iter().flat_map(|from| ids.iter().map(move |to| (*from, *to)));
    html! {
        <g class="links">
            { for pairs.filter(|(from, to)| from != to).map(|(from, to)| link(props, from, to)) }
        </g>
    }
}

fn link(props: &LinksProps, from: u64, to: u64) -> Html {
    let Some(lane) = props.geometry.lane(from, to) else { return html! {} };
    let is_cut = |from, to| props.cuts.contains(&(from, to));
    let (cut, both) = (is_cut(from, to), is_cut(from, to) && is_cut(to, from));
    let class = classes!(
        "link",
        cut.then_some("cut"),
        both.then_some("both"),
        (props.selected == Some((from, to))).then_some("selected"),
    );
    let d = lane.path();
    let middle = lane.at(0.5);
    html! {
        <g key={format!("{from}-{to}")} {class} data-link={format!("{from}-{to}")}>
            <path class="line" d={d.clone()} pathLength="100" />
            if cut {
                <path class="scissors" d="M-3.5-6 1.5 6M-1.5-6 3.5 6" transform={format!(
                    "translate({:.1} {:.1}) rotate({:.0})", middle.x, middle.y, lane.angle(0.5))} />
            }
            <path class="grip" {d}>
                <title>{ if cut { format!("S{from} to S{to}: cut") }
                    else { format!("S{from} to S{to}") } }</title>
            </path>
        </g>
    }
}

/// Props of [`Hulls`].
#[derive(Properties, PartialEq)]
pub struct HullsProps {
    /// Where things stand.
    pub geometry: Geometry,
    /// The groups, as the host tells them.
    pub groups: Vec<Group>,
}

/// Outlines of groups that cannot hear each other, each with its arithmetic.
#[function_component]
pub fn Hulls(props: &HullsProps) -> Html {
    if props.groups.len() < 2 {
        return html! { <g class="hulls" /> };
    }
    html! { <g class="hulls">{ for props.groups.iter().map(|group| one(&props.geometry, group)) }</g> }
}

fn one(geometry: &Geometry, group: &Group) -> Html {
    let points: Vec<Point> =
        geometry.places().iter().filter(|(id, _)| group.nodes.contains(id)).map(|p| p.1).collect();
    if points.is_empty() {
        return html! {};
    }
    let margin = geometry.node + 20.0;
    let at = label_place(geometry, &points);
    let class = if group.quorum { "hull quorum" } else { "hull" };
    let sum = format!(
        "{} of {} \u{2013} {}",
        group.voters,
        group.of,
        if group.quorum { "quorum" } else { "no quorum" }
    );
    let names: Vec<String> = group.nodes.iter().map(ToString::to_string).collect();
    html! {
        <g key={names.join("-")} {class} data-group={names.join("")}
            data-quorum={group.quorum.to_string()}>
            <path d={geometry::hull(&points, margin)} />
            <text x={format!("{:.0}", at.x)} y={format!("{:.0}", at.y)}>{ sum }</text>
        </g>
    }
}

/// Outside the ring, on the side where most of the group stands.
fn label_place(geometry: &Geometry, points: &[Point]) -> Point {
    let count = points.len() as f64;
    let middle = Point {
        x: points.iter().map(|p| p.x).sum::<f64>() / count,
        y: points.iter().map(|p| p.y).sum::<f64>() / count,
    };
    let far = (middle.x - geometry.center.x).hypot(middle.y - geometry.center.y);
    let out = if far < 0.1 * geometry.ring {
        geometry.center.direction(points[0])
    } else {
        geometry.center.direction(middle)
    };
    // Beyond the outermost member in that direction, and beyond its caption.
    let reach = points
        .iter()
        .map(|p| (p.x - geometry.center.x) * out.x + (p.y - geometry.center.y) * out.y)
        .fold(0.0, f64::max);
    let at = geometry.center.toward(out, reach + geometry.node + 36.0);
    let half = 58.0_f64.min(geometry.width / 2.0);
    let shift = out.x * 50.0;
    Point {
        x: (at.x + shift).clamp(half, (geometry.width - half).max(half)),
        y: at.y.clamp(16.0, (geometry.height - 10.0).max(16.0)),
    }
}
