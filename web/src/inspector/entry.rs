//! A log entry: what it says, who has it, who knows that it is committed, who has applied it.

use super::fact;
use crate::action::Mode;
use crate::palette::term_class;
use crate::panel::{PanelProps, node_link, source};
use raftwerk_wire::view::{EntryView, NodeCard, NodeCondition};
use yew::prelude::*;

/// What a node says about one position of its log.
fn held(card: &NodeCard, index: u64) -> Option<&EntryView> {
    card.view
        .as_ref()?
        .log
        .entries
        .iter()
        .find(|entry| entry.index == index)
}

/// The pane for a selected entry.
pub fn pane(props: &PanelProps, node: u64, index: u64) -> Html {
    let found = props.card(node).and_then(|card| held(card, index));
    let Some(entry) = found else {
        return html! { <>
            <div class="head"><h2>{ format!("Entry {index} of S{node}") }</h2></div>
            <p class="empty">
                { format!("S{node} has no entry at {index} now, or it is too far back to show.") }
            </p>
        </> };
    };
    html! { <>
        <div class="head">
            <span class={classes!("badge", "small", term_class(entry.term))}>{ entry.term }</span>
            <h2>{ format!("Entry {index}") }</h2>
            <span class="soft">{ format!("as S{node} has it") }</span>
        </div>
        <dl class="facts wide">
            { fact("says", entry.text.clone()) }
            { fact("kind", kind(entry)) }
            { fact("term", entry.term.to_string()) }
            { fact("committed", committed(props, entry)) }
        </dl>
        <div class="scroll">
            <table class="who">
                <thead><tr>
                    <th scope="col">{ "node" }</th>
                    <th scope="col">{ "has it" }</th>
                    <th scope="col">{ "on disk" }</th>
                    <th scope="col" title="Knows that it is committed">{ "committed" }</th>
                    <th scope="col">{ "applied" }</th>
                </tr></thead>
                <tbody>{ for props.view.nodes.iter().map(|card| row(props, card, entry)) }</tbody>
            </table>
        </div>
    </> }
}

fn kind(entry: &EntryView) -> &'static str {
    match entry.kind.as_str() {
        "noop" => "opening entry of a term",
        "members" => "membership",
        _ => "command of a client",
    }
}

/// Whether some node says that exactly this entry is committed.
fn committed(props: &PanelProps, entry: &EntryView) -> String {
    let knows = |card: &&NodeCard| {
        card.condition != NodeCondition::Crashed
            && card
                .view
                .as_ref()
                .is_some_and(|view| view.commit >= entry.index)
    };
    let found: Vec<(&NodeCard, &EntryView)> = props
        .view
        .nodes
        .iter()
        .filter(knows)
        .filter_map(|card| held(card, entry.index).map(|found| (card, found)))
        .collect();
    let same = found.iter().find(|(_, other)| other.term == entry.term);
    match (same, found.first()) {
        (Some((card, _)), _) => format!("yes, says S{}", card.id),
        (None, Some((card, other))) => {
            format!("no: S{} has term {} committed here", card.id, other.term)
        }
        (None, None) => "no node says so".to_string(),
    }
}

fn row(props: &PanelProps, card: &NodeCard, entry: &EntryView) -> Html {
    let index = entry.index;
    let yes = |holds: bool| if holds { "yes" } else { "no" };
    let cells = match &card.view {
        None => ["?".to_string(), "?".into(), "?".into(), "?".into()],
        Some(view) => {
            let has = if index > view.log.last {
                "no".to_string()
            } else if index < view.log.first_shown {
                "not shown".to_string()
            } else {
                match held(card, index) {
                    Some(other) if other.term == entry.term => "yes".to_string(),
                    Some(other) => format!("other, term {}", other.term),
                    None => "no".to_string(),
                }
            };
            let same = has == "yes" || has == "not shown";
            let runs = card.condition != NodeCondition::Crashed;
            let memory = |holds: bool| {
                if runs {
                    yes(holds).to_string()
                } else {
                    "\u{2013}".into()
                }
            };
            [
                has,
                yes(same && index <= view.disk.durable).to_string(),
                memory(same && index <= view.commit),
                memory(same && index <= view.applied),
            ]
        }
    };
    let title = (props.mode == Mode::Live).then(|| source(card));
    html! {
        <tr key={card.id} {title} class={classes!(card.view.is_none().then_some("unknown"))}>
            <th scope="row">{ node_link(props, card.id) }</th>
            { for cells.into_iter().map(|cell| html! { <td>{ cell }</td> }) }
        </tr>
    }
}
