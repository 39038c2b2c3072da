//! Arrow keys in the logs: from entry to entry, and from node to node at the same index.

use crate::action::{Action, Selection};
use crate::panel::PanelProps;
use raftwerk_wire::view::ClusterView;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// Handles keys while the logs have the focus.
#[must_use]
pub fn onkeydown(props: &PanelProps) -> Callback<KeyboardEvent> {
    let (act, view, selection) = (props.act.clone(), props.view.clone(), props.selection);
    Callback::from(move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let Some((node, index)) = step(&view, selection, &event.key()) else {
            return;
        };
        event.prevent_default();
        act.emit(Action::Select(Selection::Entry { node, index }));
        let target = event
            .current_target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        if let Some(target) = target {
            reveal(&target, node, index);
        }
    })
}

/// Where a key leads from what is selected; `None` when it is none of ours.
fn step(view: &ClusterView, selection: Selection, key: &str) -> Option<(u64, u64)> {
    if !matches!(key, "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown") {
        return None;
    }
    let rows: Vec<(u64, u64, u64)> = view
        .nodes
        .iter()
        .filter_map(|card| card.view.as_ref())
        .filter(|node| !node.log.entries.is_empty())
        .map(|node| (node.id, node.log.first_shown, node.log.last))
        .collect();
    let row = |id: u64| rows.iter().position(|(node, _, _)| *node == id);
    let (at, index) = match selection {
        Selection::Entry { node, index } => (row(node)?, index),
        Selection::Node(node) => {
            let at = row(node)?;
            return Some((node, rows[at].2));
        }
        _ => return rows.first().map(|(node, _, last)| (*node, *last)),
    };
    let (at, index) = match key {
        "ArrowLeft" => (at, index.saturating_sub(1)),
        "ArrowRight" => (at, index + 1),
        "ArrowUp" => (at.checked_sub(1).unwrap_or(at), index),
        _ => ((at + 1).min(rows.len() - 1), index),
    };
    let (node, first, last) = rows[at];
    Some((node, index.clamp(first, last)))
}

/// Scrolls as little as needed to show the entry.
fn reveal(scroller: &web_sys::Element, node: u64, index: u64) {
    let selector = format!("[data-log=\"{node}\"][data-entry=\"{index}\"]");
    let Ok(Some(cell)) = scroller.query_selector(&selector) else {
        return;
    };
    let (cell, frame) = (
        cell.get_bounding_client_rect(),
        scroller.get_bounding_client_rect(),
    );
    let left = frame.left() + super::cells::NAME + 8.0;
    let by = if cell.left() < left {
        cell.left() - left
    } else if cell.right() > frame.right() - 8.0 {
        cell.right() - frame.right() + 8.0
    } else {
        return;
    };
    scroller.set_scroll_left(scroller.scroll_left() + by as i32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_wire::view::{EntryView, NodeCard, NodeCondition, NodeView};

    fn view() -> ClusterView {
        let card = |id: u64, last: u64| {
            let mut node = NodeView {
                id,
                ..NodeView::default()
            };
            node.log.last = last;
            node.log.first_shown = 1;
            node.log.entries = (1..=last)
                .map(|index| EntryView {
                    index,
                    term: 1,
                    kind: String::new(),
                    text: String::new(),
                })
                .collect();
            let condition = NodeCondition::Up;
            NodeCard {
                id,
                condition,
                view: Some(node),
                age: 0,
                last_event: None,
            }
        };
        ClusterView {
            nodes: vec![card(1, 5), card(2, 3)],
            ..ClusterView::default()
        }
    }

    #[test]
    fn arrows_stay_inside_the_logs() {
        let at = |node, index| Selection::Entry { node, index };
        let view = view();
        assert_eq!(step(&view, at(1, 5), "ArrowRight"), Some((1, 5)));
        assert_eq!(step(&view, at(1, 5), "ArrowDown"), Some((2, 3)));
        assert_eq!(step(&view, at(2, 1), "ArrowLeft"), Some((2, 1)));
        assert_eq!(step(&view, Selection::Nothing, "ArrowUp"), Some((1, 5)));
        assert_eq!(step(&view, Selection::Node(2), "ArrowUp"), Some((2, 3)));
        assert_eq!(step(&view, at(1, 1), "x"), None);
    }
}
