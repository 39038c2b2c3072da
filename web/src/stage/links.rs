//! What lies under the messages: lanes of each direction, cuts, and hulls of a partition.

use super::geometry::{Geometry, Point};
use super::hull;
use super::lane::{Lane, PLUG};
use raftwerk_wire::view::{Clog, Group};
use yew::prelude::*;

/// Props of [`Links`].
#[derive(Properties, PartialEq)]
pub struct LinksProps {
    /// Where things stand.
    pub geometry: Geometry,
    /// Directions that are cut.
    pub cuts: Vec<(u64, u64)>,
    /// Directions that are clogged.
    pub clogs: Vec<Clog>,
    /// The selected direction.
    pub selected: Option<(u64, u64)>,
}

/// One lane per direction. A lane is a hit area of 12 px; its line is faint.
#[function_component]
pub fn Links(props: &LinksProps) -> Html {
    let ids: Vec<u64> = props.geometry.places().iter().map(|(id, _)| *id).collect();
    let pairs = ids
        .iter()
        .flat_map(|from| ids.iter().map(move |to| (*from, *to)));
    html! {
        <g class="links">
            { for pairs.filter(|(from, to)| from != to).map(|(from, to)| link(props, from, to)) }
        </g>
    }
}

fn link(props: &LinksProps, from: u64, to: u64) -> Html {
    let Some(lane) = props.geometry.lane(from, to) else {
        return html! {};
    };
    let is_cut = |from, to| props.cuts.contains(&(from, to));
    let (cut, both) = (is_cut(from, to), is_cut(from, to) && is_cut(to, from));
    let clog = props
        .clogs
        .iter()
        .find(|clog| (clog.from, clog.to) == (from, to));
    let class = classes!(
        "link",
        clog.map(|_| "clogged"),
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
            if let Some(clog) = clog { { plug(&lane, clog.held) } }
            <path class="grip" {d}>
                <title>{ title(from, to, cut, clog) }</title>
            </path>
        </g>
    }
}

/// How far from the bar its number stands (CSS pixels).
const BESIDE: f64 = 18.0;

/// A bar across a clogged lane, with how many messages wait behind it.
fn plug(lane: &Lane, held: usize) -> Html {
    let (at, turn) = (lane.at(PLUG), lane.angle(PLUG));
    // Beside the bar, away from the other direction.
    let (up, right) = turn.to_radians().sin_cos();
    let (x, y) = (at.x - up * BESIDE, at.y + right * BESIDE);
    html! { <>
        <rect class="plug" x="-2.5" y="-9" width="5" height="18" rx="1.5" transform={format!(
            "translate({:.1} {:.1}) rotate({turn:.0})", at.x, at.y)} />
        <text class="held" x={format!("{x:.1}")} y={format!("{:.1}", y + 4.0)}>
            { held }</text>
    </> }
}

fn title(from: u64, to: u64, cut: bool, clog: Option<&Clog>) -> String {
    let cut = if cut { ", cut" } else { "" };
    match clog {
        Some(clog) => format!("S{from} to S{to}{cut}: clogged, holds back {}", clog.held),
        None => format!("S{from} to S{to}{cut}"),
    }
}

/// Props of [`Beliefs`].
#[derive(Properties, PartialEq)]
pub struct BeliefsProps {
    /// Where things stand.
    pub geometry: Geometry,
    /// Each client with the node it believes to lead.
    pub pairs: Vec<(u64, u64)>,
}

/// A dotted line from each client to the node it believes to lead.
#[function_component]
pub fn Beliefs(props: &BeliefsProps) -> Html {
    let line = |(client, leader): &(u64, u64)| {
        let Some((from, to)) = props.geometry.belief(*client, *leader) else {
            return html! {};
        };
        html! {
            <path key={*client} class="belief" data-belief={format!("{client}-{leader}")}
                d={format!("M{:.1} {:.1}L{:.1} {:.1}", from.x, from.y, to.x, to.y)} />
        }
    };
    html! { <g class="beliefs">{ for props.pairs.iter().map(line) }</g> }
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
    let hulls = props.groups.iter().map(|group| one(&props.geometry, group));
    html! { <g class="hulls">{ for hulls }</g> }
}

/// Width and height of the pill with the arithmetic, in CSS pixels.
const PILL: (f64, f64) = (124.0, 22.0);

/// How far below its disc the words of a node are (CSS pixels).
const WORDS: f64 = 35.0;

fn one(geometry: &Geometry, group: &Group) -> Html {
    let points: Vec<Point> = geometry
        .places()
        .iter()
        .filter(|(id, _)| group.nodes.contains(id))
        .map(|p| p.1)
        .collect();
    let points = hull::corners(&points);
    if points.is_empty() {
        return html! {};
    }
    let margin = hull_margin(geometry);
    let at = label_place(geometry, &points, margin);
    let class = if group.quorum { "hull quorum" } else { "hull" };
    let word = if group.quorum { "quorum" } else { "no quorum" };
    let sum = format!("{} of {} \u{2013} {word}", group.voters, group.of);
    let names: Vec<String> = group.nodes.iter().map(ToString::to_string).collect();
    let (width, height) = PILL;
    html! {
        <g key={names.join("-")} {class} data-group={names.join("")}
            data-quorum={group.quorum.to_string()}>
            <path d={hull::outline(&points, margin)} />
            <g class="sum" transform={format!("translate({:.0} {:.0})", at.x, at.y)}>
                <rect x={(-width / 2.0).to_string()} y={(-height / 2.0).to_string()}
                    width={width.to_string()} height={height.to_string()} rx="11" />
                <text y="4.5">{ sum }</text>
            </g>
        </g>
    }
}

/// Wide enough for the text below a node, never wide enough to touch a neighbour or the edge.
fn hull_margin(geometry: &Geometry) -> f64 {
    let count = geometry.places().len().max(2) as f64;
    let apart = 2.0 * geometry.ring * (std::f64::consts::PI / count).sin();
    (geometry.node + 38.0)
        .min(0.48 * apart)
        .min(geometry.center.y - geometry.ring - 3.0)
        .max(geometry.node + 14.0)
}

/// Outside the outline, where it is farthest from every node.
fn label_place(geometry: &Geometry, corners: &[Point], margin: f64) -> Point {
    let (half, high) = (PILL.0 / 2.0 + 4.0, PILL.1 / 2.0 + 3.0);
    let on_stage = |at: Point| Point {
        x: at.x.clamp(half, (geometry.width - half).max(half)),
        y: at.y.clamp(high, (geometry.height - high).max(high)),
    };
    // As wide as it is, it is nearer to what lies beside it than to what lies above or below.
    let distance = |at: Point, x: f64, y: f64| {
        let beside = ((at.x - x).abs() - half + high).max(0.0);
        beside.hypot(at.y - y)
    };
    // A node is a disc with words below it, which may be as wide as it.
    let room = |at: Point| {
        let (r, nodes) = (geometry.node, geometry.places().iter());
        let rooms = nodes.map(|(_, node)| {
            let words = distance(at, node.x, node.y + r + WORDS);
            distance(at, node.x, node.y).min(words)
        });
        rooms.fold(f64::MAX, f64::min)
    };
    sides(corners)
        .into_iter()
        .map(|(from, out)| from.toward(out, margin + out.x.abs() * half + out.y.abs() * high))
        .map(on_stage)
        .max_by(|a, b| room(*a).total_cmp(&room(*b)))
        .unwrap_or(geometry.center)
}

/// Points of an outline with the direction away from it: the middle of each side, or of a single
/// node all around.
fn sides(corners: &[Point]) -> Vec<(Point, Point)> {
    if let [only] = corners {
        let eighth = std::f64::consts::FRAC_PI_4;
        let around = (0..8).map(|i| f64::from(i) * eighth).map(|angle| Point {
            x: angle.cos(),
            y: angle.sin(),
        });
        return around.map(|out| (*only, out)).collect();
    }
    let count = corners.len();
    let side = |i: usize| {
        let (a, b) = (corners[i], corners[(i + 1) % count]);
        let along = a.direction(b);
        let middle = Point {
            x: (a.x + b.x) / 2.0,
            y: (a.y + b.y) / 2.0,
        };
        let out = Point {
            x: along.y,
            y: -along.x,
        };
        (middle, out)
    };
    (0..count).map(side).collect()
}
