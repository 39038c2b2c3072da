//! What all panels share: their props, and how times and names are written.
//!
//! Panels show what the core, the simulator or a live node said; they compute no protocol
//! state. What they emit is an [`Action`], and the app alone carries it out.

use crate::action::{Action, Mode, Selection};
use raftwerk_sim::Mark;
use raftwerk_wire::view::{ClusterView, EventView, NodeCard};
use std::rc::Rc;
use yew::prelude::*;

/// Props of every panel.
#[derive(Clone, Properties)]
pub struct PanelProps {
    /// The picture.
    pub view: Rc<ClusterView>,
    /// The last events, newest last.
    #[prop_or_default]
    pub events: Rc<Vec<EventView>>,
    /// The last faults that began or ended, newest last; in live mode none.
    #[prop_or_default]
    pub faults: Rc<Vec<Mark>>,
    /// What is selected.
    #[prop_or_default]
    pub selection: Selection,
    /// Which source feeds the picture.
    pub mode: Mode,
    /// Whether faults on the live cluster are unlocked.
    #[prop_or_default]
    pub armed: bool,
    /// Reduced motion.
    #[prop_or_default]
    pub calm: bool,
    /// Finds an event by its number, where more are kept than in `events`.
    #[prop_or_default]
    pub lookup: Option<Callback<u64, Option<EventView>>>,
    /// What to do with what a person asks for.
    pub act: Callback<Action>,
}

/// Pictures are compared by identity: a new one is a new allocation. Callbacks of one app are
/// all the same, however often they are made anew.
impl PartialEq for PanelProps {
    fn eq(&self, other: &PanelProps) -> bool {
        Rc::ptr_eq(&self.view, &other.view)
            && Rc::ptr_eq(&self.events, &other.events)
            && self.selection == other.selection
            && self.mode == other.mode
            && self.armed == other.armed
            && self.calm == other.calm
    }
}

impl PanelProps {
    /// The card of a node.
    #[must_use]
    pub fn card(&self, id: u64) -> Option<&NodeCard> {
        self.view.nodes.iter().find(|card| card.id == id)
    }

    /// An event by number.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<EventView> {
        let known = self.events.iter().find(|event| event.id == id).cloned();
        known.or_else(|| self.lookup.as_ref().and_then(|lookup| lookup.emit(id)))
    }

    /// A callback that emits an action.
    #[must_use]
    pub fn does(&self, action: Action) -> Callback<MouseEvent> {
        let act = self.act.clone();
        Callback::from(move |_| act.emit(action.clone()))
    }
}

/// A span in milliseconds or seconds.
#[must_use]
pub fn span(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..100_000_000 => {
            format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000)
        }
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// A moment of the run, in seconds with milliseconds.
#[must_use]
pub fn moment(micros: u64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros % 1_000_000 / 1_000)
}

/// When an event of a live node was, seen from now.
#[must_use]
pub fn ago(now: u64, then: u64) -> String {
    format!("{} ago", coarse(now.saturating_sub(then)))
}

/// A span that a reader only needs roughly.
#[must_use]
pub fn coarse(micros: u64) -> String {
    match micros {
        0..10_000_000 => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
        10_000_000..120_000_000 => format!("{} s", micros / 1_000_000),
        _ => format!("{} min", micros / 60_000_000),
    }
}

/// Who says what is known of a node, and when, in live mode.
#[must_use]
pub fn source(card: &NodeCard) -> String {
    if card.view.is_some() {
        match card.age {
            0..100_000 => format!("S{} itself, now", card.id),
            age => format!("S{} itself, {} ago", card.id, coarse(age)),
        }
    } else {
        format!("S{} has said nothing yet", card.id)
    }
}

/// A node's name, or a dash.
#[must_use]
pub fn node_or_dash(node: Option<u64>) -> String {
    node.map_or_else(|| "\u{2013}".to_string(), |node| format!("S{node}"))
}

/// A button that selects a node.
pub fn node_link(props: &PanelProps, node: u64) -> Html {
    let onclick = props.does(Action::Select(Selection::Node(node)));
    html! { <button class="link" {onclick}>{ format!("S{node}") }</button> }
}

/// A button that selects a client.
pub fn client_link(props: &PanelProps, client: u64) -> Html {
    let onclick = props.does(Action::Select(Selection::Client(client)));
    html! { <button class="link" {onclick}>{ format!("C{client}") }</button> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(span(1_250), "1.2 ms");
        assert_eq!(span(128_400), "128 ms");
        assert_eq!(span(1_284_000), "1.2 s");
        assert_eq!(moment(1_284_900), "1.284 s");
        assert_eq!(ago(900_000, 700_000), "0.2 s ago");
        assert_eq!(coarse(300_000_000), "5 min");
    }
}
