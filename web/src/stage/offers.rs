//! What the card of a node, a link, a message or the empty stage offers.

use super::card::{Content, Item};
use super::node::role_name;
use super::shapes;
use crate::action::{Action, Mode, Selection};
use crate::message;
use raftwerk_sim::Intervention as I;
use raftwerk_wire::view::{ClusterView, NodeCard, NodeCondition};

/// What was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A node.
    Node(u64),
    /// One direction of a link.
    Link(u64, u64),
    /// A message, by flight id.
    Message(u64),
    /// Nothing.
    Stage,
}

impl Target {
    /// The selection that goes with it.
    #[must_use]
    pub fn selection(self) -> Selection {
        match self {
            Target::Node(id) => Selection::Node(id),
            Target::Link(from, to) => Selection::Link(from, to),
            Target::Message(id) => Selection::Message(id),
            Target::Stage => Selection::Nothing,
        }
    }
}

/// The card for a target; `None` when there is nothing to say any more.
#[must_use]
pub fn card(view: &ClusterView, target: Target, mode: Mode, armed: bool) -> Option<Content> {
    let mut content = match target {
        Target::Node(id) => node(view, id)?,
        Target::Link(from, to) => link(view, from, to),
        Target::Message(id) => on_the_way(view, id, mode)?,
        Target::Stage => stage(view),
    };
    if mode == Mode::Live && !armed && !content.items.is_empty() {
        content.locked = Some("Arm the controls in the top bar first.".to_string());
    }
    Some(content)
}

/// Crash a running node, restart a crashed one.
#[must_use]
pub fn crash_or_restart(view: &ClusterView, id: u64) -> I {
    match condition(view, id) {
        NodeCondition::Crashed => I::Restart(id),
        _ => I::Crash(id),
    }
}

/// Freeze a running node, let a frozen one go on.
#[must_use]
pub fn freeze_or_thaw(view: &ClusterView, id: u64) -> I {
    match condition(view, id) {
        NodeCondition::Frozen => I::Thaw(id),
        _ => I::Freeze(id),
    }
}

/// Isolate a node, reconnect an isolated one.
#[must_use]
pub fn isolate_or_reconnect(view: &ClusterView, id: u64) -> I {
    if isolated(view, id) {
        I::Reconnect(id)
    } else {
        I::Isolate(id)
    }
}

/// Cut both directions of a link, or restore them when both are cut.
#[must_use]
pub fn toggle_link(view: &ClusterView, from: u64, to: u64) -> Vec<Action> {
    let restore = is_cut(view, from, to) && is_cut(view, to, from);
    [(from, to), (to, from)]
        .into_iter()
        .filter(|(from, to)| is_cut(view, *from, *to) == restore)
        .map(|(from, to)| {
            if restore {
                I::Restore { from, to }
            } else {
                I::Cut { from, to }
            }
        })
        .map(Action::Do)
        .collect()
}

/// Whether this direction is cut.
#[must_use]
pub fn is_cut(view: &ClusterView, from: u64, to: u64) -> bool {
    view.cuts.contains(&(from, to))
}

fn condition(view: &ClusterView, id: u64) -> NodeCondition {
    view.nodes
        .iter()
        .find(|card| card.id == id)
        .map_or(NodeCondition::Unknown, |c| c.condition)
}

fn isolated(view: &ClusterView, id: u64) -> bool {
    let mut others = view.nodes.iter().filter(|card| card.id != id).peekable();
    others.peek().is_some()
        && others.all(|other| is_cut(view, id, other.id) && is_cut(view, other.id, id))
}

fn node(view: &ClusterView, id: u64) -> Option<Content> {
    let card = view.nodes.iter().find(|card| card.id == id)?;
    let role = card
        .view
        .as_ref()
        .map_or("nothing known", |view| role_name(view.role));
    let term = card.view.as_ref().map_or(0, |view| view.term);
    let crashed = card.condition == NodeCondition::Crashed;
    let note = if crashed {
        "crashed; only its disk remains".to_string()
    } else {
        format!("{role}, term {term}")
    };
    let act = |label: &str, key, what: I| Item::new(label, key, vec![Action::Do(what)]);
    let mut items = vec![act(
        if crashed { "Restart" } else { "Crash" },
        "X",
        crash_or_restart(view, id),
    )];
    if !crashed {
        let frozen = card.condition == NodeCondition::Frozen;
        items.push(act(
            if frozen { "Thaw" } else { "Freeze" },
            "Z",
            freeze_or_thaw(view, id),
        ));
        if !frozen {
            items.push(act("Time out now", "T", I::TimeOut(id)));
        }
    }
    if view.nodes.len() > 1 {
        let label = if isolated(view, id) {
            "Reconnect"
        } else {
            "Isolate"
        };
        items.push(act(label, "I", isolate_or_reconnect(view, id)));
    }
    Some(Content {
        title: format!("S{id}"),
        note,
        items,
        ..Content::default()
    })
}

fn link(view: &ClusterView, from: u64, to: u64) -> Content {
    let (there, back) = (is_cut(view, from, to), is_cut(view, to, from));
    let note = match (there, back) {
        (false, false) => "open both ways".to_string(),
        (true, true) => "cut both ways".to_string(),
        (true, false) => format!("S{from} to S{to} is cut"),
        (false, true) => format!("S{to} to S{from} is cut"),
    };
    let cut = |from, to| Action::Do(I::Cut { from, to });
    let restore = |from, to| Action::Do(I::Restore { from, to });
    let mut items = Vec::new();
    for (from, to, is, key) in [(from, to, there, "C"), (to, from, back, "")] {
        let (word, does) = if is {
            ("Restore", restore(from, to))
        } else {
            ("Cut", cut(from, to))
        };
        items.push(Item::new(
            format!("{word} S{from} to S{to}"),
            key,
            vec![does],
        ));
    }
    let label = if there && back {
        "Restore both ways"
    } else {
        "Cut both ways"
    };
    items.push(Item::new(label, "Shift C", toggle_link(view, from, to)));
    Content {
        title: format!("S{from} to S{to}"),
        note,
        items,
        ..Content::default()
    }
}

fn on_the_way(view: &ClusterView, id: u64, mode: Mode) -> Option<Content> {
    let flight = message::find(view, id)?;
    let content = flight.content;
    let answer = match (content.reply, content.accepted) {
        (true, Some(true)) => ", yes",
        (true, Some(false)) => ", no",
        _ => "",
    };
    let title = format!("{}{answer}", shapes::title(content));
    let fate = match (flight.lost, flight.due) {
        (true, _) => ". It will be lost",
        (false, None) => ". Sent, not confirmed",
        (false, Some(_)) => "",
    };
    let (from, to) = flight.ends();
    let term = match flight.has_term() {
        true => format!(", term {}", content.term),
        false => String::new(),
    };
    let note = format!("{from} to {to}{term}{fate}");
    let rows = content.fields.clone();
    let act = |label: &str, key, what| Item::new(label, key, vec![Action::Do(what)]);
    // A real network cannot be asked to lose one chosen message.
    let items = match mode {
        Mode::Live => Vec::new(),
        Mode::Playground => vec![
            act("Deliver now", "E", I::Deliver(id)),
            act("Drop", "D", I::Drop(id)),
            act("Duplicate", "U", I::Duplicate(id)),
        ],
    };
    Some(Content {
        title,
        note,
        rows,
        items,
        locked: None,
    })
}

fn stage(view: &ClusterView) -> Content {
    let mut items = vec![Item::new(
        "Partition\u{2026}",
        "P",
        vec![Action::ShowPartition(true)],
    )];
    if !view.cuts.is_empty() {
        items.push(Item::new("Heal every link", "H", vec![Action::Do(I::Heal)]));
    }
    let nodes = |down: bool| {
        let wanted = move |card: &&NodeCard| (card.condition == NodeCondition::Crashed) == down;
        view.nodes.iter().filter(wanted).map(|card| card.id)
    };
    let up: Vec<Action> = nodes(false).map(|id| Action::Do(I::Crash(id))).collect();
    let down: Vec<Action> = nodes(true).map(|id| Action::Do(I::Restart(id))).collect();
    if !up.is_empty() {
        items.push(Item::new("Crash every node", "", up));
    }
    if !down.is_empty() {
        items.push(Item::new("Restart every crashed node", "", down));
    }
    Content {
        title: "Cluster".to_string(),
        items,
        ..Content::default()
    }
}
