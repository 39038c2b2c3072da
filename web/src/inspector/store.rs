//! The keys of a node's state machine, with a filter.

use raftwerk_wire::view::{ItemView, StoreView};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Props of [`StorePane`].
#[derive(Properties, PartialEq)]
pub struct StoreProps {
    /// The store of one node.
    pub store: StoreView,
    /// Which node.
    pub node: u64,
}

/// The keys.
#[function_component]
pub fn StorePane(props: &StoreProps) -> Html {
    let filter = use_state(String::new);
    let oninput = {
        let filter = filter.clone();
        Callback::from(move |event: InputEvent| {
            filter.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let store = &props.store;
    let shown: Vec<&ItemView> = store
        .items
        .iter()
        .filter(|item| item.key.contains(filter.as_str()) || item.value.contains(filter.as_str()))
        .collect();
    let note = if store.keys == 0 {
        "It holds no key yet.".to_string()
    } else if store.keys > store.items.len() {
        format!("The first {} of {} keys.", store.items.len(), store.keys)
    } else {
        String::new()
    };
    html! {
        <div class="store">
            <div class="head">
                <h3>{ format!("Store of S{}", props.node) }</h3>
                <span class="when" title="Revision: grows by one with every change">
                    { format!("revision {}", store.revision) }</span>
            </div>
            if store.items.len() > 3 {
                <input class="filter" type="search" placeholder="Filter" aria-label="Filter keys"
                    value={(*filter).clone()} {oninput} />
            }
            if !note.is_empty() { <p class="soft">{ note }</p> }
            if !shown.is_empty() { { table(&shown) } }
        </div>
    }
}

fn table(items: &[&ItemView]) -> Html {
    let row = |item: &&ItemView| {
        html! {
            <tr key={item.key.clone()}>
                <th scope="row">{ &item.key }</th>
                <td class="value">{ &item.value }</td>
                <td>{ item.mod_revision }</td>
                <td>{ item.version }</td>
            </tr>
        }
    };
    html! {
        <div class="scroll">
            <table>
                <thead><tr>
                    <th scope="col">{ "key" }</th><th scope="col">{ "value" }</th>
                    <th scope="col" title="Revision that last changed it">{ "rev" }</th>
                    <th scope="col" title="Changes since it was created">{ "ver" }</th>
                </tr></thead>
                <tbody>{ for items.iter().map(row) }</tbody>
            </table>
        </div>
    }
}
