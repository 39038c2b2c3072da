//! The logs in words, for screen readers: one row per node.

use raftwerk_wire::view::{ClusterView, NodeCard, NodeCondition};
use yew::prelude::*;

/// The table.
pub fn table(view: &ClusterView) -> Html {
    html! {
        <table class="visually-hidden">
            <caption>
                { format!("Logs. Committed as far as any node knows: {}.", view.committed) }
            </caption>
            <thead><tr>
                <th scope="col">{ "node" }</th><th scope="col">{ "last entry" }</th>
                <th scope="col">{ "its term" }</th><th scope="col">{ "known committed" }</th>
                <th scope="col">{ "applied" }</th><th scope="col">{ "on disk" }</th>
            </tr></thead>
            <tbody>{ for view.nodes.iter().map(row) }</tbody>
        </table>
    }
}

fn row(card: &NodeCard) -> Html {
    let Some(view) = &card.view else {
        return html! {
            <tr key={card.id}><th scope="row">{ format!("S{}", card.id) }</th>
                <td colspan="5">{ "unknown" }</td></tr>
        };
    };
    let memory = |index: u64| match card.condition {
        NodeCondition::Crashed => "crashed".to_string(),
        _ => index.to_string(),
    };
    html! {
        <tr key={card.id}>
            <th scope="row">{ format!("S{}", card.id) }</th>
            <td>{ view.log.last }</td><td>{ view.log.last_term }</td>
            <td>{ memory(view.commit) }</td><td>{ memory(view.applied) }</td>
            <td>{ view.disk.durable }</td>
        </tr>
    }
}
