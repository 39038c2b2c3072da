//! Why the last event happened: what, the comparison that decided it, the rule; then the chain
//! of causes down to a timer, a client or a start. All words come from `wire::explain`.

use crate::action::{Action, Mode, Selection};
use crate::panel::{PanelProps, ago, moment};
use raftwerk_core::trace::Cause;
use raftwerk_wire::explain::{cause, explain};
use raftwerk_wire::view::EventView;
use yew::prelude::*;

/// Longest chain of causes shown.
const LONGEST_CHAIN: usize = 12;

/// The panel.
#[function_component]
pub fn Why(props: &PanelProps) -> Html {
    let pinned = use_state(|| None::<EventView>);
    let newest = newest(props);
    {
        // Another selection is another question.
        let pinned = pinned.clone();
        use_effect_with(props.selection, move |_| pinned.set(None));
    }
    // In the playground a chosen event is explained while its moment is shown.
    let here = props.events.last().map(|event| event.step);
    let chosen = (*pinned)
        .clone()
        .filter(|event| props.mode == Mode::Live || here == Some(event.step));
    let is_chosen = chosen.is_some();
    let Some(event) = chosen.or(newest) else {
        return html! {
            <section class="why panel" aria-labelledby="why-title">
                <h2 id="why-title">{ "Why" }</h2>
                <p class="soft">{ nothing(props) }</p>
            </section>
        };
    };
    let told = explain(&event.event);
    let unpin = {
        let pinned = pinned.clone();
        Callback::from(move |_: MouseEvent| pinned.set(None))
    };
    html! {
        <section class="why panel" aria-labelledby="why-title" data-event={event.id.to_string()}>
            <div class="head">
                <h2 id="why-title">{ title(props, is_chosen) }</h2>
                <span class="when">{ when(props, &event) }</span>
                if is_chosen {
                    <button class="quiet small" onclick={unpin}>{ "Latest" }</button>
                }
            </div>
            <p class="what">{ told.what }</p>
            if let Some(compared) = told.compared { <p class="compared">{ compared }</p> }
            <p class="rule">{ told.rule }</p>
            { chain(props, &event, &pinned) }
        </section>
    }
}

/// The event the panel is about: the last on what is selected, else the last at all.
fn newest(props: &PanelProps) -> Option<EventView> {
    let node = match props.selection {
        Selection::Node(node) | Selection::Entry { node, .. } => Some(node),
        _ => None,
    };
    match node {
        Some(node) => props.card(node).and_then(|card| card.last_event.clone()),
        None => props.events.last().cloned(),
    }
}

fn nothing(props: &PanelProps) -> &'static str {
    match (props.mode, props.selection) {
        (Mode::Playground, Selection::Node(_)) => "Nothing has happened on this node yet.",
        (Mode::Live, Selection::Node(_)) => {
            "This node has told of no event since the page was opened."
        }
        (Mode::Playground, _) => "Nothing has happened yet. Press play, or step forward.",
        (Mode::Live, _) => "No node has told of an event yet.",
    }
}

fn title(props: &PanelProps, pinned: bool) -> String {
    match props.selection {
        _ if pinned => "Why this event".to_string(),
        Selection::Node(node) | Selection::Entry { node, .. } => {
            format!("Why: last event on S{node}")
        }
        _ => "Why: last event".to_string(),
    }
}

fn when(props: &PanelProps, event: &EventView) -> String {
    match props.mode {
        Mode::Playground => moment(event.event.at.0),
        Mode::Live => ago(props.view.now, event.event.at.0),
    }
}

/// The causes as steps, the nearest first; the last one says in words what began it.
fn chain(
    props: &PanelProps,
    event: &EventView,
    pinned: &UseStateHandle<Option<EventView>>,
) -> Html {
    let mut steps = Vec::new();
    let mut at = event.clone();
    let mut cut = None;
    while let Some(id) = at.cause {
        if begins(&at, || props.event(id)) {
            break;
        }
        if steps.len() >= LONGEST_CHAIN {
            cut = Some("and so on, further back");
            break;
        }
        match props.event(id) {
            Some(before) => {
                steps.push(before.clone());
                at = before;
            }
            None => {
                cut = Some("what came before is no longer kept");
                break;
            }
        }
    }
    let end = cut.map_or_else(|| beginning(&at.event.cause), ToString::to_string);
    html! {
        <ol class="chain" aria-label="What led to it, nearest first">
            { for steps.into_iter().map(|step| one(props, step, pinned)) }
            <li class="end">{ format!("because {end}") }</li>
        </ol>
    }
}

/// Whether a chain begins at an event: a timer, a client or a start led to it, and the event
/// before it belongs to another input.
fn begins(event: &EventView, before: impl FnOnce() -> Option<EventView>) -> bool {
    let own = matches!(
        event.event.cause,
        Cause::Timer(_) | Cause::Client(_) | Cause::Boot
    );
    let same_input = |before: EventView| {
        let (before, event) = (before.event, &event.event);
        (before.node, before.at, before.cause) == (event.node, event.at, event.cause)
    };
    own && !before().is_some_and(same_input)
}

/// Where a chain begins, in words.
fn beginning(begun: &Cause) -> String {
    match begun {
        Cause::Message { from } => format!("a message from {from} arrived"),
        other => cause(other),
    }
}

fn one(props: &PanelProps, event: EventView, pinned: &UseStateHandle<Option<EventView>>) -> Html {
    let text = explain(&event.event).what;
    let (act, mode, pinned) = (props.act.clone(), props.mode, pinned.clone());
    let (key, step, kept) = (event.id, event.step, event);
    let time = when(props, &kept);
    let hint = match mode {
        Mode::Playground => "Go to this moment",
        Mode::Live => "Explain this event",
    };
    let onclick = Callback::from(move |_: MouseEvent| {
        pinned.set(Some(kept.clone()));
        if mode == Mode::Playground {
            act.emit(Action::Seek(step));
        }
    });
    html! {
        <li {key}>
            <button class="step" {onclick} title={hint}>
                <span>{ text }</span><span class="when">{ time }</span>
            </button>
        </li>
    }
}
