//! The clients below the ring: whom each one asks, what it waits for, how the last one ended.

use crate::action::{Action, Selection};
use raftwerk_wire::view::{ClientView, OperationView};
use yew::prelude::*;

/// Props of [`Clients`].
#[derive(Properties, PartialEq)]
pub struct ClientsProps {
    /// The clients.
    pub clients: Vec<ClientView>,
    /// Now, on the clock of their operations.
    pub now: u64,
    /// What is selected.
    pub selection: Selection,
    /// What to do with a click.
    pub act: Callback<Action>,
}

/// One small button per client.
#[function_component]
pub fn Clients(props: &ClientsProps) -> Html {
    html! {
        <div class="clients" role="group" aria-label="Clients">
            { for props.clients.iter().map(|client| one(props, client)) }
        </div>
    }
}

fn one(props: &ClientsProps, client: &ClientView) -> Html {
    let selected = props.selection == Selection::Client(client.id);
    let (act, id) = (props.act.clone(), client.id);
    let onclick = Callback::from(move |_| act.emit(Action::Select(Selection::Client(id))));
    let (outcome, text) = match (&client.current, client.done.last()) {
        (Some(waiting), _) => ("waits", waits(waiting, props.now)),
        (None, Some(last)) => (last.outcome.as_deref().unwrap_or("ok"), ended(last)),
        (None, None) => ("idle", "idle".to_string()),
    };
    html! {
        <button key={id} class={classes!("client", selected.then_some("selected"))}
            data-client={id.to_string()} data-outcome={outcome.to_string()} {onclick}
            aria-pressed={selected.to_string()}>
            <b>{ format!("c{id}") }</b><span>{ text }</span>
        </button>
    }
}

fn waits(operation: &OperationView, now: u64) -> String {
    let ms = now.saturating_sub(operation.started) / 1_000;
    format!(
        "{} \u{2192} S{}, waits {ms} ms",
        operation.text, operation.node
    )
}

fn ended(operation: &OperationView) -> String {
    match &operation.answer {
        Some(answer) => format!("{}: {answer}", operation.text),
        None => operation.text.clone(),
    }
}
