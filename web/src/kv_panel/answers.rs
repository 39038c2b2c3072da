//! What clients asked and what came of it: request, wait, answer, or no answer in time.

use crate::action::Mode;
use crate::order::in_order;
use crate::panel::{PanelProps, ago, moment, span};
use raftwerk_wire::view::{ClientView, OperationView};
use yew::prelude::*;

/// Most operations listed.
const MOST_LISTED: usize = 40;

/// All operations, those that wait first, then the newest first.
pub fn list(props: &PanelProps) -> Html {
    let view = &props.view;
    let all = view.clients.iter().flat_map(|client| {
        client
            .current
            .iter()
            .chain(&client.done)
            .map(|op| (client.id, op))
    });
    let all: Vec<(u64, &OperationView)> = in_order(all, |(client, op)| {
        (op.ended.is_some(), u64::MAX - op.started, *client)
    });
    let empty = all.is_empty();
    let lines = all.into_iter().take(MOST_LISTED).map(|(client, op)| {
        html! { <li key={format!("{client}-{}-{}", op.started, op.ended.is_some())}
            data-outcome={outcome(op)} data-client={client.to_string()}>
            <span class="who">{ format!("C{client}") }</span>
            { operation(op, view.now, props.mode) }
        </li> }
    });
    html! { <>
        if empty {
            <p class="empty">{ "No client has asked anything yet. Send a write to begin." }</p>
        }
        <ol id="kv-answers" class="operations" aria-label="Operations and answers">
            { for lines }
        </ol>
    </> }
}

/// The operations of one client, as list items.
pub fn operations(client: &ClientView, now: u64, mode: Mode) -> Html {
    let all = client.current.iter().chain(client.done.iter().rev());
    let lines =
        all.map(|op| html! { <li data-outcome={outcome(op)}>{ operation(op, now, mode) }</li> });
    html! { <>{ for lines }</> }
}

fn outcome(op: &OperationView) -> String {
    match (&op.outcome, op.ended) {
        (Some(outcome), _) => outcome.clone(),
        (None, Some(_)) => "ok".to_string(),
        (None, None) => "waiting".to_string(),
    }
}

fn operation(op: &OperationView, now: u64, mode: Mode) -> Html {
    let outcome = outcome(op);
    let label = match outcome.as_str() {
        "unknown" => "outcome unknown",
        "failed" => "failed",
        "waiting" => "waits",
        _ => "ok",
    };
    let read = op
        .mode
        .as_ref()
        .map_or(String::new(), |mode| format!(", {mode} read"));
    let (took, when) = match (op.ended, mode) {
        (None, _) => (span(now.saturating_sub(op.started)), String::new()),
        (Some(end), Mode::Playground) => (
            span(end.saturating_sub(op.started)),
            format!(" \u{b7} {}", moment(end)),
        ),
        (Some(end), Mode::Live) => (
            span(end.saturating_sub(op.started)),
            format!(" \u{b7} {}", ago(now, end)),
        ),
    };
    // A time is never broken over two lines.
    let when = when.replace(' ', "\u{a0}").replacen('\u{a0}', " ", 1);
    let where_and_when = format!(" at S{}{read}{when}", op.node);
    html! { <>
        <span class="asked">{ &op.text }<small>{ where_and_when }</small></span>
        <span class="outcome">{ label }<small>{ took }</small></span>
        if let Some(answer) = &op.answer { <span class="answer">{ answer }</span> }
    </> }
}
