//! A client: what it asks now and how its earlier operations ended.

use crate::kv_panel::operations;
use crate::panel::{PanelProps, node_link};
use yew::prelude::*;

/// The pane for a selected client.
pub fn pane(props: &PanelProps, id: u64) -> Html {
    let Some(client) = props.view.clients.iter().find(|client| client.id == id) else {
        return html! { <p class="empty">{ format!("There is no C{id} here.") }</p> };
    };
    html! { <>
        <div class="head"><h2>{ format!("Client C{id}") }</h2></div>
        <p class="soft believes">{ match client.leader {
            Some(leader) => html! { <>{ "Believes " }{ node_link(props, leader) }{ " leads." }</> },
            None => html! { "Knows no leader." },
        } }</p>
        if client.current.is_none() && client.done.is_empty() {
            <p class="empty">{ "It has asked nothing yet." }</p>
        } else {
            <ol class="operations">{ operations(client, props.view.now, props.mode) }</ol>
        }
    </> }
}
