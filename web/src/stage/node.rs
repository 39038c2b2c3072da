//! One node: role as shape, term as hue and number, votes as dots, its own state below.
//!
//! Draws only what the node's card says. The deadline ring is an empty track here; the layer
//! of moving things fills it from the timer the core reports.

use super::geometry::Point;
use crate::palette;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::{NodeCard, NodeCondition, NodeView, VoteView};
use yew::prelude::*;

/// From this age on a live card is drawn as old news (microseconds).
const OLD_NEWS: u64 = 1_000_000;

/// Exactly what is drawn of a node, so that nothing else causes a redraw.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Which node.
    pub id: u64,
    /// Process state.
    pub condition: NodeCondition,
    /// Role it says it has; `None` when nothing is known.
    pub role: Option<Role>,
    /// Its term.
    pub term: u64,
    /// Whom it believes to be leader.
    pub leader: Option<u64>,
    /// Commit index and last index.
    pub progress: (u64, u64),
    /// A learner is drawn as a rounded square.
    pub learner: bool,
    /// Votes of a running election, and how many are needed.
    pub votes: Vec<VoteView>,
    /// Votes needed.
    pub needed: usize,
    /// Whether a timer runs.
    pub timed: bool,
    /// Short words below.
    pub badges: Vec<String>,
    /// How old the knowledge is, in words; live mode only.
    pub age: Option<String>,
    /// Drawn dotted: the knowledge is old.
    pub old: bool,
}

impl Face {
    /// What to draw of a card.
    #[must_use]
    pub fn of(card: &NodeCard, live: bool) -> Face {
        let view = card.view.as_ref();
        let role = view
            .map(|view| view.role)
            .filter(|_| card.condition != NodeCondition::Crashed);
        let campaign = matches!(role, Some(Role::Candidate | Role::PreCandidate));
        let up = matches!(card.condition, NodeCondition::Up | NodeCondition::Frozen);
        Face {
            id: card.id,
            condition: card.condition,
            role,
            term: view.map_or(0, |view| view.term),
            leader: view.and_then(|view| view.leader),
            progress: view.map_or((0, 0), |view| (view.commit, view.log.last)),
            learner: view.is_some_and(|view| view.learners.contains(&card.id)),
            votes: view
                .filter(|_| campaign)
                .map(|view| view.votes.clone())
                .unwrap_or_default(),
            needed: view.map_or(0, |view| view.votes_needed),
            timed: up
                && view.is_some_and(|view| view.heartbeat.is_some() || view.election.is_some()),
            badges: view.filter(|_| up).map(badges).unwrap_or_default(),
            age: live.then(|| age_text(card.age)),
            old: live && card.age > OLD_NEWS,
        }
    }

    /// The name a screen reader says.
    #[must_use]
    pub fn label(&self) -> String {
        let state = match self.condition {
            NodeCondition::Crashed => return format!("S{}, crashed", self.id),
            NodeCondition::Unknown => return format!("S{}, no word from it", self.id),
            NodeCondition::Frozen => ", frozen",
            NodeCondition::Up => "",
        };
        let role = match self.role {
            Some(Role::Follower) if self.learner => "learner",
            role => role.map_or("unknown role", role_name),
        };
        let leader = match self.leader {
            Some(leader) if leader == self.id => String::new(),
            Some(leader) => format!(", leader S{leader}"),
            None => ", knows no leader".to_string(),
        };
        let (commit, last) = self.progress;
        let (id, term) = (self.id, self.term);
        format!("S{id}, {role}{state}, term {term}, {commit} of {last} committed{leader}")
    }
}

/// A role in words.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}

fn role_attribute(face: &Face) -> &'static str {
    match face.role {
        Some(Role::PreCandidate) => "pre_candidate",
        Some(role) => role_name(role),
        None => "none",
    }
}

fn condition_name(condition: NodeCondition) -> &'static str {
    match condition {
        NodeCondition::Up => "up",
        NodeCondition::Crashed => "crashed",
        NodeCondition::Frozen => "frozen",
        NodeCondition::Unknown => "unknown",
    }
}

fn badges(view: &NodeView) -> Vec<String> {
    let mut badges = Vec::new();
    if view.fenced.is_some() {
        badges.push("fenced".to_string());
    }
    if view.suspect.is_some() {
        badges.push("suspect".to_string());
    }
    if view.disk.writing > 0 {
        badges.push("writing".to_string());
    }
    match view.reads.iter().map(|read| read.count).sum::<usize>() {
        0 => {}
        1 => badges.push("1 read".to_string()),
        count => badges.push(format!("{count} reads")),
    }
    badges
}

fn age_text(age: u64) -> String {
    match age / 1_000 {
        ms if ms < 100 => "now".to_string(),
        ms if ms < 10_000 => format!("{}.{} s ago", ms / 1_000, ms % 1_000 / 100),
        ms => format!("{} s ago", ms / 1_000),
    }
}

/// Props of [`NodeGlyph`].
#[derive(Properties, PartialEq)]
pub struct NodeProps {
    /// What to draw.
    pub face: Face,
    /// Where.
    pub at: Point,
    /// Radius.
    pub radius: f64,
    /// Where its words go: below (0), left (-1) or right (1) of it.
    pub side: i8,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether a lasso holds it.
    pub caught: bool,
}

/// A node on the stage.
#[function_component]
pub fn NodeGlyph(props: &NodeProps) -> Html {
    let NodeProps {
        face,
        at,
        radius,
        side,
        selected,
        caught,
    } = props;
    let leads = face.role == Some(Role::Leader);
    let r = if leads { radius * 1.1 } else { *radius };
    let class = classes!(
        "node",
        palette::term_class(face.term),
        condition_name(face.condition),
        role_attribute(face),
        selected.then_some("selected"),
        caught.then_some("caught"),
        face.old.then_some("old"),
    );
    // Outside the second edge of a leader.
    let dial = if leads { r + 10.0 } else { r + 7.0 };
    let pulse = format!("{}{}", role_attribute(face), condition_name(face.condition));
    html! {
        <g {class} tabindex="0" role="button"
            aria-pressed={selected.to_string()}
            transform={format!("translate({:.1} {:.1})", at.x, at.y)}
            data-node={face.id.to_string()} data-role={role_attribute(face)}
            data-term={face.term.to_string()} data-condition={condition_name(face.condition)}>
            // Its name, and what a resting pointer is told; it says all that is drawn.
            <title>{ face.label() }</title>
            <g aria-hidden="true">
                <circle class="halo" r={px(r + 15.0)} />
                if face.timed {
                    <circle class="track" r={px(dial)} />
                    <circle class={if leads { "ring beat" } else { "ring" }} r={px(dial)}
                        id={format!("ring-{}", face.id)} pathLength="1" stroke-dasharray="1 1"
                        stroke-dashoffset="1" transform="rotate(-90)" />
                }
                <circle key={pulse} class="pulse" r={px(r + 2.0)} />
                { body(face, r) }
                { inside(face, r, *radius) }
                { caption(face, r, *side) }
            </g>
        </g>
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// The filled shape with its outline.
fn body(face: &Face, r: f64) -> Html {
    let shape = |class: &'static str, fill: Option<&'static str>| {
        if face.learner {
            let side = px(2.0 * r);
            html! { <rect {class} {fill} x={px(-r)} y={px(-r)} width={side.clone()} height={side}
            rx={px(0.35 * r)} /> }
        } else {
            html! { <circle {class} {fill} r={px(r)} /> }
        }
    };
    let crashed = face.condition == NodeCondition::Crashed;
    let d = 0.52 * r;
    let cross = format!("M-{d:.1}-{d:.1} {d:.1} {d:.1}M{d:.1}-{d:.1}-{d:.1} {d:.1}");
    html! { <>
        if face.role == Some(Role::Leader) {
            <circle class="double" r={px(r + 3.5)} />
        }
        { shape("body", None) }
        if crashed {
            { shape("hatch", Some("url(#dead)")) }
            <path class="x" d={cross} />
        } else if palette::is_hatched(face.term) {
            { shape("hatch", None) }
        }
    </> }
}

/// Id above, term in the middle, marks of role and condition.
fn inside(face: &Face, r: f64, radius: f64) -> Html {
    let known = face.role.is_some();
    let small = radius < 30.0;
    let name = format!("S{}", face.id);
    let (name_size, term_size) = (0.30 * radius, if small { 0.74 } else { 0.64 } * radius);
    let style = |size: f64| format!("font-size:{size:.1}px");
    html! { <>
        <text class="name" y={px(-0.46 * r)} style={style(name_size.max(9.5))}>{ name }</text>
        if known {
            <text class="term" y={px(if small { 0.42 } else { 0.28 } * r)} style={style(term_size)}>
                { face.term }</text>
            if !small {
                <text class="unit" y={px(0.6 * r)} style={style((0.23 * radius).max(8.5))}>
                    { "term" }</text>
            }
        } else if face.condition == NodeCondition::Unknown {
            <text class="term" y={px(0.32 * r)} style={style(0.8 * radius)}>{ "?" }</text>
        }
        if face.role == Some(Role::Leader) {
            <path class="crown" transform={format!("translate(0 {:.1}) scale({:.2})", -r - 7.0,
                (radius / 40.0).clamp(0.7, 1.1))}
                d="M-11 5-12.5-6.5-5.5-1.5 0-9.5 5.5-1.5 12.5-6.5 11 5Z" />
        }
        if face.condition == NodeCondition::Frozen {
            <g class="bars" transform={format!("translate({0:.1} {1:.1})", 0.74 * r, -0.74 * r)}>
                <circle r="10" /><path d="M-3-4.5V4.5M3-4.5V4.5" />
            </g>
        }
    </> }
}

/// Committed of last, votes or badges, age.
fn caption(face: &Face, r: f64, side: i8) -> Html {
    let (commit, last) = face.progress;
    let (class, x) = match side {
        0 => ("words", 0.0),
        left if left < 0 => ("words end", -r - 18.0),
        _ => ("words start", r + 18.0),
    };
    let line = |row: f64| px(if side == 0 { r + 29.0 } else { 4.0 } + 15.0 * row);
    let first = match face.condition {
        NodeCondition::Crashed => "crashed".to_string(),
        NodeCondition::Unknown => "no word".to_string(),
        _ => format!("{commit}/{last}"),
    };
    let second = if !face.badges.is_empty() {
        // What a node says never stands without its age, where it has one.
        let words = face.badges.iter().chain(&face.age);
        let words: Vec<&str> = words.map(String::as_str).collect();
        html! { <text class="badge" x={px(x)} y={line(1.0)}>{ words.join(" \u{b7} ") }</text> }
    } else if let Some(age) = &face.age {
        html! { <text class="age" x={px(x)} y={line(1.0)}>{ age }</text> }
    } else {
        html! {}
    };
    let title = format!("S{} knows {commit} of {last} entries committed", face.id);
    html! {
        <g {class}>
            <text class="progress" x={px(x)} y={line(0.0)}>
                <title>{ title }</title>
                { first }
            </text>
            if face.votes.is_empty() {
                { second }
            } else {
                { dots(face, r, if side == 0 { r + 41.0 } else { r + 22.0 }) }
            }
        </g>
    }
}

/// Nodes with a smaller radius stand so close that wide rows of dots would reach the next one.
const SMALL: f64 = 42.0;

/// One dot per voter: filled yes, barred no, hollow not heard.
fn dots(face: &Face, r: f64, y: f64) -> Html {
    let yes = face
        .votes
        .iter()
        .filter(|vote| vote.granted == Some(true))
        .count();
    let count = face.votes.len() as f64;
    let step = if count > 6.0 || r < SMALL { 8.0 } else { 11.0 };
    let left = -(count * step + 22.0) / 2.0 + step / 2.0;
    let dot = |(i, vote): (usize, &VoteView)| {
        let x = px(left + i as f64 * step);
        let (class, word) = match vote.granted {
            Some(true) => ("dot yes", "yes"),
            Some(false) => ("dot no", "no"),
            None => ("dot", "not heard"),
        };
        html! {
            <g key={vote.node} transform={format!("translate({x} {y:.1})")}>
                <title>{ format!("S{}: {word}", vote.node) }</title>
                <circle {class} r={px(0.36 * step)} />
                if vote.granted == Some(false) { <path class="bar" d="M-2.4 0H2.4" /> }
            </g>
        }
    };
    html! {
        <g class="votes">
            { for face.votes.iter().enumerate().map(dot) }
            <text x={px(left + count * step - 3.0)} y={px(y + 4.0)}>
                { format!("{yes}/{}", face.needed) }</text>
        </g>
    }
}
