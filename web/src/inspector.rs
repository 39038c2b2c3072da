//! The inspector: everything known about what is selected, and what can be done with it.
//!
//! A node has two columns, what is on its disk and what is only in its memory. In live mode
//! every fact names who said it and how long ago; what nobody said is shown as unknown.

mod client;
mod entry;
mod fields;
mod link;
mod members;
mod message;
mod node;
mod peers;
mod store;

use crate::action::{ARM_FIRST, Action, Mode, Selection};
use crate::keys::{self, Does};
use crate::live::requests::executor;
use crate::panel::PanelProps;
use crate::why::Why;
use raftwerk_sim::Intervention;
use yew::prelude::*;

/// The panel.
#[function_component]
pub fn Inspector(props: &PanelProps) -> Html {
    let body = match props.selection {
        Selection::Nothing => overview(props),
        Selection::Node(_) => html! { <node::NodePane ..props.clone() /> },
        Selection::Link(from, to) => link::pane(props, from, to),
        Selection::Message(id) => message::pane(props, id),
        Selection::Client(id) => client::pane(props, id),
        Selection::Entry { node, index } => entry::pane(props, node, index),
    };
    // A node's pane has its own place for the reason of its last event.
    let why = !matches!(props.selection, Selection::Node(_));
    html! {
        <section class="inspector panel" id="inspector" aria-label="Inspector">
            { body }
            if why { <Why ..props.clone() /> }
        </section>
    }
}

/// Nothing is selected: every node in one line.
fn overview(props: &PanelProps) -> Html {
    let line = |card: &raftwerk_wire::view::NodeCard| {
        let text = match (&card.view, fields::condition_name(card.condition)) {
            (Some(view), None) => format!(
                "{}, term {}, commit {} of {}",
                raftwerk_wire::explain::role_name(view.role),
                view.term,
                view.commit,
                view.log.last
            ),
            (_, Some(condition)) => condition.to_string(),
            (None, None) => "nothing known".to_string(),
        };
        html! {
            <li key={card.id}>
                <button class="step" onclick={props.does(Action::Select(Selection::Node(card.id)))}>
                    <span><b>{ format!("S{}", card.id) }</b>{ format!("  {text}") }</span>
                </button>
            </li>
        }
    };
    html! { <>
        <div class="head"><h2>{ "Nodes" }</h2></div>
        if props.view.nodes.is_empty() {
            <p class="empty">{ "No node is known yet." }</p>
        } else {
            <ul class="plain">{ for props.view.nodes.iter().map(line) }</ul>
            <p class="soft hint">
                { "Select a node, a link, a message, a log entry or a client to see all of it." }
            </p>
        }
    </> }
}

/// A button for an intervention, with the key that does the same.
fn action(
    props: &PanelProps,
    label: &str,
    key: impl Into<Option<Does>>,
    what: Intervention,
) -> Html {
    actions(props, label, key, vec![what])
}

/// A button that does several interventions, one after the other.
fn actions(
    props: &PanelProps,
    label: &str,
    key: impl Into<Option<Does>>,
    what: Vec<Intervention>,
) -> Html {
    let key = key.into();
    let title = match props.mode {
        Mode::Live if !props.armed => ARM_FIRST.to_string(),
        Mode::Live => what.first().map_or_else(String::new, executor),
        Mode::Playground => label.to_string(),
    };
    let title = key.map_or(title.clone(), |key| keys::tip(&title, key));
    let act = props.act.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        for what in &what {
            act.emit(Action::Do(what.clone()));
        }
    });
    let locked = props.mode == Mode::Live && !props.armed;
    html! {
        <button {onclick} {title} class={classes!(locked.then_some("locked"))}>
            { label.to_string() }
            { keys::cap(key) }
        </button>
    }
}

/// Says in live mode that the controls are locked, or that clicks reach real processes.
fn lock_hint(props: &PanelProps) -> Html {
    let text = match (props.mode, props.armed) {
        (Mode::Playground, _) => return html! {},
        (Mode::Live, false) => "Locked. Arm the controls in the top bar to use these.",
        (Mode::Live, true) => "Armed. These reach real processes.",
    };
    html! { <p class="soft hint">{ text }</p> }
}

/// A line of a list of facts.
fn fact(name: &str, value: impl Into<String>) -> Html {
    html! { <><dt>{ name.to_string() }</dt><dd>{ value.into() }</dd></> }
}
