//! What keys do to the selection on the stage: open its card, push a node, give the focus back.

use super::geometry::Point;
use super::offers::Target;
use super::{Stage, StageProps};
use crate::action::{Action, Selection};
use crate::message;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// How far one key press moves a node (CSS pixels).
const PUSH: f64 = 12.0;

impl Stage {
    /// Moves the selected node a step, as the keys say.
    pub(super) fn push(&self, props: &StageProps) {
        let Selection::Node(node) = props.selection else {
            return;
        };
        let (_, right, down) = props.pushed;
        if let Some(at) = self.geometry.place(node) {
            let to = Point {
                x: at.x + PUSH * f64::from(right),
                y: at.y + PUSH * f64::from(down),
            };
            let at = self.geometry.part(to);
            props.act.emit(Action::Place { node, at });
        }
    }

    pub(super) fn open_selected(&mut self, props: &StageProps) {
        let (target, at) = match props.selection {
            Selection::Node(id) => (Target::Node(id), self.geometry.place(id)),
            Selection::Link(from, to) => (
                Target::Link(from, to),
                self.geometry.lane(from, to).map(|lane| lane.at(0.5)),
            ),
            Selection::Message(id) => {
                let flight = message::find(&props.view, id);
                let lane = flight.and_then(|flight| self.geometry.way(flight.way));
                (Target::Message(id), lane.map(|lane| lane.at(0.5)))
            }
            _ => (Target::Stage, Some(self.geometry.center)),
        };
        self.card = at.map(|at| (target, (at.x, at.y)));
    }

    /// Gives the focus back to the node a card was about.
    pub(super) fn refocus(&self, selection: Selection) {
        let (Selection::Node(id), Some(board)) = (selection, self.board.cast::<Element>()) else {
            return;
        };
        if let Ok(Some(node)) = board.query_selector(&format!("[data-node=\"{id}\"]"))
            && let Ok(node) = node.dyn_into::<web_sys::SvgElement>()
        {
            let _ = node.focus();
        }
    }
}
