//! From a key press to what is to be carried out, given what is shown and selected.

use super::{Does, asked};
use crate::action::{ARM_FIRST, Action, Mode, Selection};
use crate::message;
use crate::stage::offers;
use raftwerk_sim::Intervention as I;
use raftwerk_wire::view::{ClusterView, NodeCard, NodeCondition};

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
    /// Show the next panel.
    Panel,
    /// Put a link to this run on the clipboard.
    CopyLink,
    /// Back to what the lesson said before (true), or on with it.
    Lesson(bool),
}

/// Where a key is pressed.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What is shown.
    pub view: &'a ClusterView,
    /// What is selected.
    pub at: Selection,
    /// Where the view comes from.
    pub mode: Mode,
    /// Whether faults on real processes are unlocked.
    pub armed: bool,
    /// Whether a lesson is under way.
    pub lesson: bool,
}

/// What the key of this name means here; `None`: nothing.
#[must_use]
pub fn read(name: &str, place: Place<'_>) -> Option<Wish> {
    let does = asked(name, place.mode)?;
    if place.mode == Mode::Live && !place.armed && does.is_fault() {
        return one(Action::Toast(ARM_FIRST.to_string()));
    }
    match does {
        Does::Node => node(name, place.view),
        Does::Neighbour => neighbour(place, direction(name)),
        Does::Push => push(name, place.at),
        _ => anywhere(does, place).or_else(|| on_selection(does, place)),
    }
}

fn one(action: Action) -> Option<Wish> {
    Some(Wish::Act(vec![action]))
}

fn act(what: I) -> Option<Wish> {
    one(Action::Do(what))
}

/// Keys that mean the same whatever is selected.
fn anywhere(does: Does, place: Place<'_>) -> Option<Wish> {
    let lesson = |back| place.lesson.then_some(Wish::Lesson(back));
    match does {
        Does::TogglePlay => one(Action::TogglePlay),
        Does::Back => one(Action::Back),
        Does::Forward => one(Action::Forward),
        Does::BackTime => one(Action::BackTime),
        Does::ForwardTime => one(Action::ForwardTime),
        Does::PreviousLandmark => one(Action::PreviousLandmark),
        Does::NextLandmark => one(Action::NextLandmark),
        Does::Start => one(Action::Start),
        Does::End => one(Action::End),
        Does::Slower => Some(Wish::Faster(-1)),
        Does::Faster => Some(Wish::Faster(1)),
        Does::LessonBack => lesson(true),
        Does::LessonOn => lesson(false),
        Does::Message => step_message(place, 1).map(pause_and),
        Does::Link => next_link(place),
        Does::Menu => Some(Wish::Menu),
        Does::Escape => one(Action::Escape),
        Does::Split => split(place.view),
        Does::Partition => one(Action::ShowPartition(true)),
        Does::Heal => act(I::Heal),
        Does::Write => Some(Wish::Ask("put")),
        Does::Read => Some(Wish::Ask("get")),
        Does::ReadMode => Some(Wish::ReadMode),
        Does::Arrange => Some(Wish::Arrange),
        Does::Ring => one(Action::Ring),
        Does::Panel => Some(Wish::Panel),
        Does::CopyLink => Some(Wish::CopyLink),
        Does::Help => one(Action::ShowHelp(true)),
        _ => None,
    }
}

/// Keys that act on what is selected.
fn on_selection(does: Does, place: Place<'_>) -> Option<Wish> {
    let view = place.view;
    match (place.at, does) {
        (Selection::Node(id), Does::Crash) => act(offers::crash_or_restart(view, id)),
        (Selection::Node(id), Does::Freeze) => act(offers::freeze_or_thaw(view, id)),
        (Selection::Node(id), Does::TimeOut) => act(I::TimeOut(id)),
        (Selection::Node(id), Does::Isolate) => act(offers::isolate_or_reconnect(view, id)),
        (Selection::Node(id), Does::Transfer) => offers::transfer_to(view, id).and_then(act),
        (Selection::Link(from, to), Does::CutBoth) => {
            Some(Wish::Act(offers::toggle_link(view, from, to)))
        }
        (Selection::Link(from, to), Does::CutOne) => act(offers::cut_or_restore(view, from, to)),
        (Selection::Link(from, to), Does::Hold) => act(offers::clog_or_unclog(view, from, to)),
        (Selection::Message(id), Does::Hold) => {
            message::find(view, id).and_then(|message| act(offers::hold_or_release(&message)))
        }
        (Selection::Message(id), Does::Deliver) => act(I::Deliver(id)),
        (Selection::Message(id), Does::Drop) => act(I::Drop(id)),
        (Selection::Message(id), Does::Duplicate) => act(I::Duplicate(id)),
        _ => None,
    }
}

fn pause_and(select: Action) -> Wish {
    Wish::Act(vec![Action::Play(false), select])
}

/// The node with the number of the key.
fn node(name: &str, view: &ClusterView) -> Option<Wish> {
    let id = name.parse().ok()?;
    let known = view.nodes.iter().any(|card| card.id == id);
    known.then(|| Wish::Act(vec![Action::Select(Selection::Node(id))]))
}

/// Forward (1) or back (-1) along the ring, or through the messages.
fn direction(name: &str) -> i64 {
    match name {
        "ArrowRight" | "ArrowDown" => 1,
        _ => -1,
    }
}

/// Where an arrow with Shift moves the selected node.
fn push(name: &str, at: Selection) -> Option<Wish> {
    let Selection::Node(_) = at else { return None };
    let (right, down) = match name {
        "Shift+ArrowLeft" => (-1, 0),
        "Shift+ArrowRight" => (1, 0),
        "Shift+ArrowUp" => (0, -1),
        _ => (0, 1),
    };
    Some(Wish::Push(right, down))
}

/// Next or previous thing of the kind that is selected.
fn neighbour(place: Place<'_>, by: i64) -> Option<Wish> {
    let (view, at) = (place.view, place.at);
    if matches!(at, Selection::Message(_)) {
        return step_message(place, by).map(pause_and);
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
    one(Action::Select(Selection::Node(id)))
}

fn step_message(place: Place<'_>, by: i64) -> Option<Action> {
    let ids: Vec<u64> = message::all(place.view).map(|message| message.id).collect();
    let count = i64::try_from(ids.len()).ok().filter(|count| *count > 0)?;
    let here = match place.at {
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
fn next_link(place: Place<'_>) -> Option<Wish> {
    let view = place.view;
    let (from, after) = match place.at {
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
    one(Action::Select(Selection::Link(from, *to)))
}

/// The two nodes whose elections come next begin them at once, so that votes may be split.
fn split(view: &ClusterView) -> Option<Wish> {
    let due = |card: &NodeCard| {
        let node = card.view.as_ref()?;
        let runs = card.condition == NodeCondition::Up;
        let left = node.election.filter(|_| runs)?.due as i64 - node.clock as i64;
        Some((left, card.id))
    };
    let all = || view.nodes.iter().filter_map(due);
    let (_, one) = all().min()?;
    let (_, other) = all().filter(|(_, id)| *id != one).min()?;
    let time_out = |id| Action::Do(I::TimeOut(id));
    Some(Wish::Act(vec![time_out(one), time_out(other)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_wire::view::{NodeView, TimerView};

    /// Five followers; the election of S1 is due last.
    fn five() -> ClusterView {
        let node = |id: u64| NodeCard {
            id,
            condition: NodeCondition::Up,
            view: Some(NodeView {
                id,
                election: Some(TimerView {
                    set: 0,
                    due: 100 - id,
                }),
                ..NodeView::default()
            }),
            age: 0,
            last_event: None,
        };
        ClusterView {
            nodes: (1..=5).map(node).collect(),
            ..ClusterView::default()
        }
    }

    fn press_in(mode: Mode, armed: bool, key: &str, at: Selection) -> Option<Wish> {
        let place = Place {
            view: &five(),
            at,
            mode,
            armed,
            lesson: false,
        };
        read(key, place)
    }

    fn press(key: &str, at: Selection) -> Option<Wish> {
        press_in(Mode::Playground, false, key, at)
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
        assert_eq!(press("X", Selection::Nothing), None);
        let crash = Wish::Act(vec![Action::Do(I::Crash(2))]);
        assert_eq!(press("X", Selection::Node(2)), Some(crash));
        let cut = Wish::Act(vec![Action::Do(I::Cut { from: 1, to: 2 })]);
        assert_eq!(press("C", Selection::Link(1, 2)), Some(cut));
        let clog = Wish::Act(vec![Action::Do(I::Clog { from: 1, to: 2 })]);
        assert_eq!(press("M", Selection::Link(1, 2)), Some(clog));
    }

    #[test]
    fn links_of_a_node_come_one_after_another() {
        let link = |from, to| Some(Wish::Act(vec![Action::Select(Selection::Link(from, to))]));
        assert_eq!(press("N", Selection::Node(2)), link(2, 1));
        assert_eq!(press("N", Selection::Link(2, 1)), link(2, 3));
        assert_eq!(press("N", Selection::Link(2, 5)), link(2, 1));
    }

    #[test]
    fn the_two_earliest_elections_begin_at_once() {
        let both = [5, 4].map(|id| Action::Do(I::TimeOut(id))).to_vec();
        assert_eq!(press("Shift+T", Selection::Nothing), Some(Wish::Act(both)));
    }

    #[test]
    fn real_processes_must_be_armed_for_faults() {
        let (live, node) = (Mode::Live, Selection::Node(2));
        let told = one(Action::Toast(ARM_FIRST.to_string()));
        for key in ["X", "Z", "T", "Shift+T", "I", "P", "H"] {
            assert_eq!(press_in(live, false, key, node), told, "{key}");
            let armed = press_in(live, true, key, node);
            assert!(armed.is_some() && armed != told, "{key}");
        }
        // Looking is always possible; what no real cluster can do never.
        assert_eq!(press_in(live, false, "Enter", node), Some(Wish::Menu));
        for key in ["G", "Y", "-", "D"] {
            assert_eq!(press_in(live, true, key, node), None, "{key}");
        }
    }

    #[test]
    fn pages_turn_only_in_a_lesson() {
        assert_eq!(press("PageDown", Selection::Nothing), None);
        let place = Place {
            view: &five(),
            at: Selection::Nothing,
            mode: Mode::Playground,
            armed: false,
            lesson: true,
        };
        assert_eq!(read("PageDown", place), Some(Wish::Lesson(false)));
        assert_eq!(read("PageUp", place), Some(Wish::Lesson(true)));
    }
}
