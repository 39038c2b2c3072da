//! The clients below the ring: whom each one asks, what it waits for, how the last one ended.

use crate::action::{Action, Selection};
use raftwerk_wire::view::{ClientView, ClusterView, OperationView};
use yew::prelude::*;

/// Exactly what is drawn of a client, so that nothing else causes a redraw.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    id: u64,
    /// Whom it believes to lead.
    leader: Option<u64>,
    /// `waits`, `idle`, or how the last operation ended.
    outcome: String,
    text: String,
}

/// What to draw of the clients in a picture.
#[must_use]
pub fn faces(view: &ClusterView) -> Vec<Face> {
    let face = |client: &ClientView| {
        let (outcome, text) = match (&client.current, client.done.last()) {
            (Some(waiting), _) => ("waits", waits(waiting, view.now)),
            (None, Some(last)) => (last.outcome.as_deref().unwrap_or("ok"), ended(last)),
            (None, None) => ("idle", "idle".to_string()),
        };
        Face {
            id: client.id,
            leader: client.leader,
            outcome: outcome.to_string(),
            text,
        }
    };
    view.clients.iter().map(face).collect()
}

/// Props of [`Clients`].
#[derive(Properties, PartialEq)]
pub struct ClientsProps {
    /// The clients.
    pub clients: Vec<Face>,
    /// Room for each, in CSS pixels; requests leave from its middle.
    pub width: f64,
    /// What is selected.
    pub selection: Selection,
    /// What to do with a click.
    pub act: Callback<Action>,
}

/// One small button per client.
#[function_component]
pub fn Clients(props: &ClientsProps) -> Html {
    html! {
        <div class="clients" role="group" aria-label="Clients"
            style={format!("--room:{:.1}px", props.width)}>
            { for props.clients.iter().map(|client| one(props, client)) }
        </div>
    }
}

fn one(props: &ClientsProps, client: &Face) -> Html {
    let selected = props.selection == Selection::Client(client.id);
    let (act, id) = (props.act.clone(), client.id);
    let onclick = Callback::from(move |_| act.emit(Action::Select(Selection::Client(id))));
    let belief = match client.leader {
        Some(leader) => format!("C{id} believes S{leader} leads"),
        None => format!("C{id} knows no leader"),
    };
    html! {
        <button key={id} class={classes!("client", selected.then_some("selected"))}
            data-client={id.to_string()} data-outcome={client.outcome.clone()} {onclick}
            aria-pressed={selected.to_string()} title={format!("{}. {belief}.", client.text)}>
            <b>{ format!("C{id}") }</b>
            if client.outcome == "waits" { <i class="spinner" aria-hidden="true" /> }
            <span>{ &client.text }</span>
        </button>
    }
}

/// What it waits for; in steps of 10 ms, because nobody reads faster.
fn waits(operation: &OperationView, now: u64) -> String {
    let ms = now.saturating_sub(operation.started) / 10_000 * 10;
    format!("{} \u{2192} S{}, {ms} ms", operation.text, operation.node)
}

fn ended(operation: &OperationView) -> String {
    match &operation.answer {
        Some(answer) => format!("{}: {answer}", operation.text),
        None => operation.text.clone(),
    }
}
