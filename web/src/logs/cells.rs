//! The grid itself: ruler, names, cells in sight, and the marks between them.

use super::ghosts::Ghost;
use super::leader;
use crate::action::{Action, Mode, Selection};
use crate::palette::term_class;
use crate::panel::{PanelProps, source};
use raftwerk_core::trace::Role;
use raftwerk_wire::view::{ClusterView, EntryView, NodeCard, NodeCondition, NodeView};
use yew::prelude::*;

/// Width of the column of names.
pub const NAME: f64 = 104.0;
/// From one index to the next.
pub const PITCH: f64 = 26.0;
/// Width of a cell.
const CELL: f64 = 22.0;
/// Cells drawn beyond what is in sight.
const MARGIN: u64 = 20;
/// Most positions the grid spans; browsers have a longest element.
const MOST_SPAN: u64 = 50_000;

/// The positions that the grid spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First position with a place.
    pub first: u64,
    /// Last position in any log.
    pub last: u64,
}

impl Extent {
    /// From the first entry that any node shows to the last.
    #[must_use]
    pub fn of(view: &ClusterView) -> Extent {
        let logs = || {
            view.nodes
                .iter()
                .filter_map(|card| card.view.as_ref())
                .map(|v| &v.log)
        };
        let last = logs().map(|log| log.last).max().unwrap_or(0).max(1);
        let first = logs()
            .filter(|log| !log.entries.is_empty())
            .map(|log| log.first_shown)
            .min()
            .unwrap_or(1)
            .max(1)
            .max(last.saturating_sub(MOST_SPAN));
        Extent { first, last }
    }

    /// Left edge of a position's cell.
    #[must_use]
    pub fn x(self, index: u64) -> f64 {
        NAME + index.saturating_sub(self.first) as f64 * PITCH + 4.0
    }

    /// The positions to draw for what is in sight.
    #[must_use]
    pub fn window(self, (left, width): (f64, f64)) -> (u64, u64) {
        let at = |x: f64| ((x - NAME) / PITCH).max(0.0) as u64 + self.first;
        let from = at(left + NAME).saturating_sub(MARGIN).max(self.first);
        (from, (at(left + width) + MARGIN).min(self.last))
    }

    /// Width of all of it, with room on the right so that the newest can stand at 80%.
    fn width(self, seen: f64) -> f64 {
        self.x(self.last) + PITCH + (0.2 * seen).max(2.0 * PITCH)
    }
}

/// The grid.
pub fn grid(props: &PanelProps, extent: Extent, sight: (f64, f64), ghosts: &[Ghost]) -> Html {
    let window = extent.window(sight);
    let committed = props.view.committed;
    let rows = props
        .view
        .nodes
        .iter()
        .map(|card| row(props, card, extent, window, ghosts));
    let line = extent.x(committed) + CELL + 1.0;
    html! {
        <div class="log-grid" style={format!("width:{:.0}px", extent.width(sight.1))}>
            { ruler(extent, window, committed) }
            { for rows }
            if committed >= extent.first {
                <div class="commit-line" style={format!("left:{line:.0}px")}
                    data-committed={committed.to_string()} />
            }
        </div>
    }
}

fn ruler(extent: Extent, (from, to): (u64, u64), committed: u64) -> Html {
    let wide = to >= 100;
    let marks = (from..=to).filter(|index| !wide || index % 5 == 0 || *index == extent.last);
    html! {
        <div class="log-ruler">
            <span class="log-name">{ "index" }</span>
            if extent.first > 1 {
                <span class="earlier">{ format!("1\u{2013}{} not shown", extent.first - 1) }</span>
            }
            { for marks.map(|index| html! {
                <span key={index} class="tick" style={format!("left:{:.0}px", extent.x(index))}>
                    { index }</span>
            }) }
            if committed >= extent.first {
                <span class="committed" style={format!("left:{:.0}px", extent.x(committed) + CELL)}>
                    { format!("committed {committed}") }</span>
            }
        </div>
    }
}

fn row(
    props: &PanelProps,
    card: &NodeCard,
    extent: Extent,
    window: (u64, u64),
    ghosts: &[Ghost],
) -> Html {
    let id = card.id;
    let down = match card.condition {
        NodeCondition::Crashed => Some("crashed"),
        NodeCondition::Unknown => Some("unknown"),
        NodeCondition::Frozen => Some("frozen"),
        NodeCondition::Up => None,
    };
    let selected = props.selection == Selection::Node(id);
    let ghosts = ghosts.iter().filter(|ghost| ghost.node == id);
    html! {
        <div key={id} class={classes!("log-row", down, selected.then_some("selected"))}
            data-row={id.to_string()}>
            { name(props, card) }
            if let Some(view) = &card.view {
                { for view.log.entries.iter()
                    .filter(|entry| entry.index >= window.0 && entry.index <= window.1)
                    .map(|entry| cell(props, card, view, entry, extent)) }
                { marks(props, card, view, extent) }
            } else {
                <span class="nothing">{ "nothing known" }</span>
            }
            { for ghosts.map(|ghost| html! {
                <span key={format!("g{}-{}", ghost.index, ghost.term)}
                    class={classes!("cell", "ghost", term_class(ghost.term))}
                    title={format!("removed: {} of term {}", ghost.index, ghost.term)}
                    style={format!("left:{:.0}px", extent.x(ghost.index))}>{ ghost.term }</span>
            }) }
        </div>
    }
}

fn name(props: &PanelProps, card: &NodeCard) -> Html {
    let (note, title) = match (&card.view, card.condition) {
        (_, NodeCondition::Crashed) => ("crashed".to_string(), "not running"),
        (_, NodeCondition::Frozen) => ("frozen".to_string(), "frozen"),
        (_, NodeCondition::Unknown) | (None, _) => ("unknown".to_string(), "no word from it"),
        (Some(view), _) if view.role == Role::Leader => ("leader".to_string(), "leader"),
        (Some(view), _) if view.role != Role::Follower => {
            ("candidate".to_string(), "asks for votes")
        }
        (Some(view), _) => (
            format!("{}/{}", view.commit, view.log.last),
            "commit index of last",
        ),
    };
    let title = match props.mode {
        Mode::Live => source(card),
        Mode::Playground => title.to_string(),
    };
    html! {
        <button class="log-name" tabindex="-1" {title}
            onclick={props.does(Action::Select(Selection::Node(card.id)))}>
            <b>{ format!("S{}", card.id) }</b><small>{ note }</small>
        </button>
    }
}

fn cell(
    props: &PanelProps,
    card: &NodeCard,
    view: &NodeView,
    entry: &EntryView,
    extent: Extent,
) -> Html {
    let index = entry.index;
    let known = index <= view.commit && card.condition != NodeCondition::Crashed;
    let unsynced = index > view.disk.durable;
    let here = Selection::Entry {
        node: card.id,
        index,
    };
    let class = classes!(
        "cell",
        term_class(entry.term),
        if known { "known" } else { "open" },
        unsynced.then_some("unsynced"),
        (entry.kind != "command").then_some("plain"),
        (props.selection == here).then_some("selected"),
    );
    let state = match (known, unsynced) {
        (_, true) => ", not on disk yet",
        (true, _) => ", known committed here",
        (false, _) => ", not known committed here",
    };
    let title = format!("{index}, term {}: {}{state}", entry.term, entry.text);
    html! {
        <span key={index} {class} {title} data-entry={index.to_string()}
            data-log={card.id.to_string()} data-term={entry.term.to_string()}
            style={format!("left:{:.0}px", extent.x(index))}>{ entry.term }</span>
    }
}

/// Below the cells: what is applied, and where the leader believes this node to be.
fn marks(props: &PanelProps, card: &NodeCard, view: &NodeView, extent: Extent) -> Html {
    let at = |index: u64| format!("left:{:.0}px", extent.x(index));
    let shown = |index: u64| index >= extent.first;
    let runs = card.condition != NodeCondition::Crashed;
    let leader = leader(props).filter(|leader| leader.id != card.id);
    let peer = leader.and_then(|leader| leader.peers.iter().find(|peer| peer.id == card.id));
    html! { <>
        if runs && view.applied > 0 && shown(view.applied) {
            <i key="applied" class="applied" style={at(view.applied)}
                title={format!("S{} has applied up to {}", card.id, view.applied)} />
        }
        if let Some(peer) = peer {
            if peer.matched > 0 && shown(peer.matched) {
                <i key="match" class="match" style={at(peer.matched)}
                    title={format!("match: on the disk of S{} up to {}", card.id, peer.matched)} />
            }
            if shown(peer.next) {
                <i key="next" class="next" style={at(peer.next)}
                    title={format!("next: S{} is sent {} next", card.id, peer.next)} />
            }
        }
    </> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_sight_is_drawn() {
        let extent = Extent {
            first: 1,
            last: 10_000,
        };
        let (from, to) = extent.window((26_000.0, 900.0));
        assert!(to - from < 90, "{from} to {to}");
        assert!(from <= 1_000 && to >= 1_030, "{from} to {to}");
        assert_eq!(Extent { first: 1, last: 3 }.window((0.0, 900.0)), (1, 3));
    }

    #[test]
    fn a_long_log_keeps_a_drawable_width() {
        let mut view = ClusterView::default();
        let mut node = NodeView::default();
        node.log.last = 9_000_000;
        node.log.first_shown = 1;
        node.log.entries = vec![EntryView {
            index: 9_000_000,
            term: 1,
            kind: "noop".into(),
            text: String::new(),
        }];
        view.nodes.push(NodeCard {
            id: 1,
            condition: NodeCondition::Up,
            view: Some(node),
            age: 0,
            last_event: None,
        });
        assert!(Extent::of(&view).width(900.0) < 1_400_000.0);
    }
}
