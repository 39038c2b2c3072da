//! The keyboard: what each key means, and the list of keys that the help shows.
//!
//! Keys without a modifier do nothing while somebody types. The same table feeds both the
//! reader and the help, so a key cannot be missing there.

use crate::action::{Action, Mode, Selection};
use crate::message;
use crate::stage::offers;
use raftwerk_sim::Intervention as I;
use raftwerk_wire::view::ClusterView;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// A key press, freed from the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press<'a> {
    /// As the browser names it, such as `a`, `ArrowLeft` or `.`.
    pub key: &'a str,
    /// Whether Shift is down.
    pub shift: bool,
}

/// What a key asks for beyond the actions everybody knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Carry these out.
    Act(Vec<Action>),
    /// One speed notch slower (-1) or faster (1).
    Faster(i32),
    /// Move the selected node on the stage by so many steps to the right and downwards.
    Push(i8, i8),
    /// Take up the tool that moves nodes, or lay it down.
    Arrange,
    /// Open the card of what is selected.
    Menu,
    /// Go to the form for operations, with this operation chosen.
    Ask(&'static str),
    /// Go to the choice of how fresh a read is to be.
    ReadMode,
    /// Put a link to this run on the clipboard.
    CopyLink,
}

/// Every key with what it does: shown by `?` and kept next to what is carried out.
pub const KEYS: &[(&str, &str)] = &[
    ("Space or K", "play or pause"),
    (", .", "back, forward one event"),
    ("[ ]", "previous, next interesting event"),
    ("Shift , .", "back, forward 10 ms"),
    ("Home End", "to the start, to the end so far"),
    ("- =", "slower, faster"),
    ("1 to 9", "select a node"),
    ("Arrows", "next node on the ring, or next message"),
    ("Shift Arrows", "move the node; so does Alt and dragging"),
    ("A", "arrange: drag nodes with the pointer"),
    ("L", "put every node back on the ring"),
    ("Enter", "what can be done with the selection"),
    ("X", "crash or restart the node"),
    ("Z", "freeze or thaw the node"),
    ("T", "let its election time out now"),
    ("I", "isolate or reconnect it"),
    ("N", "select a link of the node, then the next"),
    ("C", "cut or restore the link this way, Shift: both ways"),
    ("P", "partition, such as 12/345"),
    ("H", "heal every link"),
    ("M", "select a message, then the next"),
    ("E", "deliver the message now"),
    ("D", "drop the message"),
    ("U", "duplicate the message"),
    ("W", "write as a client"),
    ("R", "read as a client, Shift: choose how fresh"),
    ("Y", "copy a link to this run"),
    ("?", "this list"),
    ("Esc", "close, then clear the selection"),
];

/// Whether a key is one that people with a slip of the finger, or who speak to their computer,
/// may want to switch off: a single printable character.
#[must_use]
pub fn is_letter(key: &str) -> bool {
    key != " " && key.chars().count() == 1
}

/// Whether a key press belongs to a field or a dialog and not to the page.
#[must_use]
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let Some(element) = event
        .target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
    else {
        return false;
    };
    let editable = element
        .dyn_ref::<HtmlElement>()
        .is_some_and(HtmlElement::is_content_editable);
    editable || matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
}

/// Whether Space and Enter belong to the element that has the focus.
#[must_use]
pub fn is_pressing(event: &KeyboardEvent) -> bool {
    let element = event
        .target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|e| matches!(e.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY"))
}

/// Whether the arrows scroll the panel that has the focus.
#[must_use]
pub fn is_scrolling(event: &KeyboardEvent) -> bool {
    let element = event
        .target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|e| e.class_list().contains("pane"))
}

/// What a key press means for what is shown and selected; `None`: nothing.
#[must_use]
pub fn read(press: Press<'_>, view: &ClusterView, at: Selection, mode: Mode) -> Option<Wish> {
    let one = |action: Action| Some(Wish::Act(vec![action]));
    match (press.key, press.shift) {
        (" " | "k" | "K", _) => one(Action::TogglePlay),
        (",", false) => one(Action::Back),
        (".", false) => one(Action::Forward),
        ("<" | ",", true) => one(Action::BackTime),
        (">" | ".", true) => one(Action::ForwardTime),
        ("[", _) => one(Action::PreviousLandmark),
        ("]", _) => one(Action::NextLandmark),
        ("Home", _) => one(Action::Start),
        ("End", _) => one(Action::End),
        ("-", _) => Some(Wish::Faster(-1)),
        ("=" | "+", _) => Some(Wish::Faster(1)),
        ("p" | "P", _) => one(Action::ShowPartition(true)),
        ("h" | "H", _) => one(Action::Do(I::Heal)),
        ("?", _) => one(Action::ShowHelp(true)),
        ("Escape", _) => one(Action::Escape),
        ("Enter", _) => Some(Wish::Menu),
        ("w" | "W", _) => Some(Wish::Ask("put")),
        ("r" | "R", false) => Some(Wish::Ask("get")),
        ("r" | "R", true) => Some(Wish::ReadMode),
        ("y" | "Y", _) if mode == Mode::Playground => Some(Wish::CopyLink),
        ("l" | "L", _) => one(Action::Ring),
        ("a" | "A", _) => Some(Wish::Arrange),
        ("n" | "N", _) => next_link(view, at).map(|select| Wish::Act(vec![select])),
        ("m" | "M", _) => step_message(view, at, 1).map(pause_and),
        (arrow, true) if arrow.starts_with("Arrow") => push(arrow, at),
        ("ArrowRight" | "ArrowDown", _) => step(view, at, 1),
        ("ArrowLeft" | "ArrowUp", _) => step(view, at, -1),
        (digit, false) if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() => {
            let id = u64::from(digit.as_bytes()[0] - b'0');
            let known = view.nodes.iter().any(|card| card.id == id);
            known.then(|| Wish::Act(vec![Action::Select(Selection::Node(id))]))
        }
        _ => on_selection(press, view, at, mode),
    }
}

/// Keys that act on what is selected.
fn on_selection(press: Press<'_>, view: &ClusterView, at: Selection, mode: Mode) -> Option<Wish> {
    let act = |what: I| Some(Wish::Act(vec![Action::Do(what)]));
    match (at, press.key.to_ascii_lowercase().as_str()) {
        (Selection::Node(id), "x") => act(offers::crash_or_restart(view, id)),
        (Selection::Node(id), "z") => act(offers::freeze_or_thaw(view, id)),
        (Selection::Node(id), "t") => act(I::TimeOut(id)),
        (Selection::Node(id), "i") => act(offers::isolate_or_reconnect(view, id)),
        (Selection::Link(from, to), "c") if press.shift => {
            Some(Wish::Act(offers::toggle_link(view, from, to)))
        }
        (Selection::Link(from, to), "c") => {
            let cut = offers::is_cut(view, from, to);
            act(if cut {
                I::Restore { from, to }
            } else {
                I::Cut { from, to }
            })
        }
        (Selection::Message(id), key) if mode == Mode::Playground => match key {
            "d" => act(I::Drop(id)),
            "u" => act(I::Duplicate(id)),
            "e" => act(I::Deliver(id)),
            _ => None,
        },
        _ => None,
    }
}

fn pause_and(select: Action) -> Wish {
    Wish::Act(vec![Action::Play(false), select])
}

/// Where an arrow moves the selected node.
fn push(arrow: &str, at: Selection) -> Option<Wish> {
    let Selection::Node(_) = at else { return None };
    let (right, down) = match arrow {
        "ArrowLeft" => (-1, 0),
        "ArrowRight" => (1, 0),
        "ArrowUp" => (0, -1),
        _ => (0, 1),
    };
    Some(Wish::Push(right, down))
}

/// Next or previous thing of the kind that is selected.
fn step(view: &ClusterView, at: Selection, by: i64) -> Option<Wish> {
    if matches!(at, Selection::Message(_)) {
        return step_message(view, at, by).map(pause_and);
    }
    let count = i64::try_from(view.nodes.len())
        .ok()
        .filter(|count| *count > 0)?;
    let here = match at {
        Selection::Node(id) => view.nodes.iter().position(|card| card.id == id),
        _ => None,
    };
    let next = match here.and_then(|here| i64::try_from(here).ok()) {
        Some(here) => (here + by).rem_euclid(count),
        None => 0,
    };
    let id = view.nodes.get(usize::try_from(next).ok()?)?.id;
    Some(Wish::Act(vec![Action::Select(Selection::Node(id))]))
}

fn step_message(view: &ClusterView, at: Selection, by: i64) -> Option<Action> {
    let ids: Vec<u64> = message::all(view).map(|message| message.id).collect();
    let count = i64::try_from(ids.len()).ok().filter(|count| *count > 0)?;
    let here = match at {
        Selection::Message(id) => ids.iter().position(|other| *other == id),
        _ => None,
    };
    let next = here
        .and_then(|here| i64::try_from(here).ok())
        .map_or(0, |here| here + by);
    let id = ids.get(usize::try_from(next.rem_euclid(count)).ok()?)?;
    Some(Action::Select(Selection::Message(*id)))
}

/// From a node to its first link, from a link to the next one of the same node.
fn next_link(view: &ClusterView, at: Selection) -> Option<Action> {
    let (from, after) = match at {
        Selection::Node(id) => (id, None),
        Selection::Link(from, to) => (from, Some(to)),
        _ => (view.nodes.first()?.id, None),
    };
    let others: Vec<u64> = view
        .nodes
        .iter()
        .map(|c| c.id)
        .filter(|id| *id != from)
        .collect();
    let next = after.and_then(|after| others.iter().position(|id| *id == after));
    let to = others.get(next.map_or(0, |at| (at + 1) % others.len()))?;
    Some(Action::Select(Selection::Link(from, *to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_wire::view::{NodeCard, NodeCondition};

    fn five() -> ClusterView {
        let node = |id| NodeCard {
            id,
            condition: NodeCondition::Up,
            view: None,
            age: 0,
            last_event: None,
        };
        ClusterView {
            nodes: (1..=5).map(node).collect(),
            ..ClusterView::default()
        }
    }

    fn press(key: &str, at: Selection) -> Option<Wish> {
        read(Press { key, shift: false }, &five(), at, Mode::Playground)
    }

    #[test]
    fn arrows_go_around_the_ring() {
        let select = |id| Some(Wish::Act(vec![Action::Select(Selection::Node(id))]));
        assert_eq!(press("ArrowRight", Selection::Node(5)), select(1));
        assert_eq!(press("ArrowLeft", Selection::Node(1)), select(5));
        assert_eq!(press("3", Selection::Nothing), select(3));
        assert_eq!(press("7", Selection::Nothing), None);
    }

    #[test]
    fn letters_need_a_selection() {
        assert_eq!(press("x", Selection::Nothing), None);
        let crash = Wish::Act(vec![Action::Do(I::Crash(2))]);
        assert_eq!(press("x", Selection::Node(2)), Some(crash));
        let cut = Wish::Act(vec![Action::Do(I::Cut { from: 1, to: 2 })]);
        assert_eq!(press("c", Selection::Link(1, 2)), Some(cut));
    }

    #[test]
    fn links_of_a_node_come_one_after_another() {
        let link = |from, to| Some(Wish::Act(vec![Action::Select(Selection::Link(from, to))]));
        assert_eq!(press("n", Selection::Node(2)), link(2, 1));
        assert_eq!(press("n", Selection::Link(2, 1)), link(2, 3));
        assert_eq!(press("n", Selection::Link(2, 5)), link(2, 1));
    }
}
