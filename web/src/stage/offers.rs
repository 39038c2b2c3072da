//! What the card of a node, a link, a message or the empty stage offers.

use super::card::{Content, Item};
use super::node::role_name;
use super::shapes;
use crate::action::{ARM_FIRST, Action, Mode, Selection};
use crate::keys::Does;
use crate::message::{self, Message};
use raftwerk_core::trace::Role;
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
        Target::Link(from, to) => link(view, from, to, mode),
        Target::Message(id) => on_the_way(view, id, mode)?,
        Target::Stage => stage(view),
    };
    if mode == Mode::Live && !armed && !content.items.is_empty() {
        content.locked = Some(ARM_FIRST.to_string());
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

/// Cut this direction, or restore it when it is cut.
#[must_use]
pub fn cut_or_restore(view: &ClusterView, from: u64, to: u64) -> I {
    if is_cut(view, from, to) {
        I::Restore { from, to }
    } else {
        I::Cut { from, to }
    }
}

/// Whether this direction is clogged.
#[must_use]
pub fn is_clogged(view: &ClusterView, from: u64, to: u64) -> bool {
    view.clogs
        .iter()
        .any(|clog| (clog.from, clog.to) == (from, to))
}

/// Hold back everything on this direction, or let go of it.
#[must_use]
pub fn clog_or_unclog(view: &ClusterView, from: u64, to: u64) -> I {
    if is_clogged(view, from, to) {
        I::Unclog { from, to }
    } else {
        I::Clog { from, to }
    }
}

/// Hold a message back, or let one go on that is held.
#[must_use]
pub fn hold_or_release(message: &Message<'_>) -> I {
    if message.held {
        I::Release(message.id)
    } else {
        I::Hold(message.id)
    }
}

/// Ask the newest leader to hand over to this node; `None`: there is none, or it is the node.
#[must_use]
pub fn transfer_to(view: &ClusterView, id: u64) -> Option<I> {
    let up = view
        .nodes
        .iter()
        .filter(|card| card.condition == NodeCondition::Up);
    let leaders = up.filter_map(|card| card.view.as_ref());
    let leaders = leaders.filter(|node| node.role == Role::Leader);
    let leader = leaders.max_by_key(|node| node.term)?;
    let other = leader.id != id && leader.voters.contains(&id);
    other.then_some(I::Transfer {
        node: leader.id,
        to: Some(id),
    })
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
    let act = |label: &str, key, what: I| Item::new(label, Some(key), vec![Action::Do(what)]);
    let mut items = vec![act(
        if crashed { "Restart" } else { "Crash" },
        Does::Crash,
        crash_or_restart(view, id),
    )];
    if !crashed {
        let frozen = card.condition == NodeCondition::Frozen;
        items.push(act(
            if frozen { "Thaw" } else { "Freeze" },
            Does::Freeze,
            freeze_or_thaw(view, id),
        ));
        if !frozen {
            items.push(act("Time out now", Does::TimeOut, I::TimeOut(id)));
        }
    }
    if view.nodes.len() > 1 {
        let label = if isolated(view, id) {
            "Reconnect"
        } else {
            "Isolate"
        };
        items.push(act(label, Does::Isolate, isolate_or_reconnect(view, id)));
    }
    Some(Content {
        title: format!("S{id}"),
        note,
        items,
        ..Content::default()
    })
}

fn link(view: &ClusterView, from: u64, to: u64, mode: Mode) -> Content {
    let (there, back) = (is_cut(view, from, to), is_cut(view, to, from));
    let note = match (there, back) {
        (false, false) => "open both ways".to_string(),
        (true, true) => "cut both ways".to_string(),
        (true, false) => format!("S{from} to S{to} is cut"),
        (false, true) => format!("S{to} to S{from} is cut"),
    };
    let clogs = [(from, to), (to, from)].map(|(from, to)| clog_note(view, from, to));
    let note = [Some(note)].into_iter().chain(clogs).flatten();
    let both = there && back;
    let mut items = Vec::new();
    for (from, to, key) in [(from, to, Some(Does::CutOne)), (to, from, None)] {
        let word = match is_cut(view, from, to) {
            true => "Restore",
            false => "Cut",
        };
        let does = Action::Do(cut_or_restore(view, from, to));
        items.push(Item::new(
            format!("{word} S{from} to S{to}"),
            key,
            vec![does],
        ));
    }
    let label = if both {
        "Restore both ways"
    } else {
        "Cut both ways"
    };
    let toggle = toggle_link(view, from, to);
    items.push(Item::new(label, Some(Does::CutBoth), toggle));
    // A real network cannot be asked to hold back what it has.
    if mode == Mode::Playground {
        let word = clog_word(view, from, to);
        let does = Action::Do(clog_or_unclog(view, from, to));
        let label = format!("{word} S{from} to S{to}");
        items.push(Item::new(label, Some(Does::Hold), vec![does]));
    }
    Content {
        title: format!("S{from} to S{to}"),
        note: note.collect::<Vec<String>>().join("; "),
        items,
        ..Content::default()
    }
}

/// What a button says that clogs a direction, or ends it.
#[must_use]
pub fn clog_word(view: &ClusterView, from: u64, to: u64) -> &'static str {
    match is_clogged(view, from, to) {
        true => "Unclog",
        false => "Clog",
    }
}

/// How much a clogged direction holds back.
fn clog_note(view: &ClusterView, from: u64, to: u64) -> Option<String> {
    let mut clogs = view.clogs.iter();
    let clog = clogs.find(|clog| (clog.from, clog.to) == (from, to))?;
    Some(format!("S{from} to S{to} is clogged, {} wait", clog.held))
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
    let fate = match (flight.lost, flight.held, flight.due) {
        (_, true, _) => ". It is held",
        (true, false, _) => ". It will be lost",
        (false, false, None) => ". Sent, not confirmed",
        (false, false, Some(_)) => "",
    };
    let (from, to) = flight.ends();
    let term = match flight.has_term() {
        true => format!(", term {}", content.term),
        false => String::new(),
    };
    let note = format!("{from} to {to}{term}{fate}");
    let rows = content.fields.clone();
    let act = |label: &str, key, what| Item::new(label, Some(key), vec![Action::Do(what)]);
    // A real network cannot be asked to lose one chosen message.
    let items = match mode {
        Mode::Live => Vec::new(),
        Mode::Playground => vec![
            act("Deliver now", Does::Deliver, I::Deliver(id)),
            act("Drop", Does::Drop, I::Drop(id)),
            act("Duplicate", Does::Duplicate, I::Duplicate(id)),
            act(
                if flight.held { "Release" } else { "Hold" },
                Does::Hold,
                hold_or_release(&flight),
            ),
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
        Some(Does::Partition),
        vec![Action::ShowPartition(true)],
    )];
    if !view.cuts.is_empty() || !view.clogs.is_empty() {
        items.push(Item::new(
            "Heal every link",
            Some(Does::Heal),
            vec![Action::Do(I::Heal)],
        ));
    }
    let nodes = |down: bool| {
        let wanted = move |card: &&NodeCard| (card.condition == NodeCondition::Crashed) == down;
        view.nodes.iter().filter(wanted).map(|card| card.id)
    };
    let up: Vec<Action> = nodes(false).map(|id| Action::Do(I::Crash(id))).collect();
    let down: Vec<Action> = nodes(true).map(|id| Action::Do(I::Restart(id))).collect();
    if !up.is_empty() {
        items.push(Item::new("Crash every node", None, up));
    }
    if !down.is_empty() {
        items.push(Item::new("Restart every crashed node", None, down));
    }
    Content {
        title: "Cluster".to_string(),
        items,
        ..Content::default()
    }
}
