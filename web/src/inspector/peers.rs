//! What a leader knows of its peers, and in live mode what others say about a node.

use crate::action::Mode;
use crate::panel::{PanelProps, coarse, node_link, span};
use raftwerk_core::trace::{Pace, Role};
use raftwerk_wire::view::{NodeCondition, NodeView, PeerView};
use yew::prelude::*;

/// Name of a pace.
fn pace_name(pace: Pace) -> &'static str {
    match pace {
        Pace::Probe => "probe",
        Pace::Replicate => "replicate",
        Pace::Snapshot => "snapshot",
    }
}

/// The peers of a leader.
pub fn table(props: &PanelProps, view: &NodeView) -> Html {
    let row = |peer: &PeerView| {
        let heard = match peer.heard {
            None => "not yet".to_string(),
            Some(at) if props.mode == Mode::Live => coarse(props.view.now.saturating_sub(at)),
            Some(at) => span(props.view.now.saturating_sub(at)),
        };
        let flight = format!(
            "{}{}",
            peer.in_flight,
            if peer.full { ", full" } else { "" }
        );
        html! {
            <tr key={peer.id}>
                <th scope="row">{ node_link(props, peer.id) }</th>
                <td>{ peer.next }</td><td>{ peer.matched }</td>
                <td>{ pace_name(peer.pace) }</td><td>{ flight }</td><td>{ heard }</td>
            </tr>
        }
    };
    html! {
        <div class="peers">
            <h3>{ format!("What S{} knows of its peers", view.id) }</h3>
            <div class="scroll">
                <table>
                    <thead><tr>
                        <th scope="col">{ "peer" }</th>
                        <th scope="col" title="Next position to send">{ "next" }</th>
                        <th scope="col" title="Known to be on its disk">{ "match" }</th>
                        <th scope="col">{ "pace" }</th>
                        <th scope="col" title="Appends on the way">{ "on way" }</th>
                        <th scope="col" title="Time since its last answer">{ "heard" }</th>
                    </tr></thead>
                    <tbody>{ for view.peers.iter().map(row) }</tbody>
                </table>
            </div>
        </div>
    }
}

/// What leaders say about a node: their word, not the node's, and marked so.
pub fn hearsay(props: &PanelProps, id: u64) -> Html {
    let told = props.view.nodes.iter().filter_map(|card| {
        let view = card.view.as_ref()?;
        let peer = view.peers.iter().find(|peer| peer.id == id)?;
        let leads = view.role == Role::Leader && card.condition != NodeCondition::Crashed;
        leads.then_some((card, view.term, peer))
    });
    let line = |(card, term, peer): (&raftwerk_wire::view::NodeCard, u64, &PeerView)| {
        let heard = peer.heard.map_or_else(
            || "has not heard from it in this term".to_string(),
            |at| {
                format!(
                    "heard from it {} ago",
                    coarse(props.view.now.saturating_sub(at))
                )
            },
        );
        html! {
            <li key={card.id}>
                { format!("S{}, leader of term {term}, says: match {}, next {}; {heard} ",
                    card.id, peer.matched, peer.next) }
                <span class="source">{ format!("(said {} ago)", coarse(card.age)) }</span>
            </li>
        }
    };
    let lines: Vec<Html> = told.map(line).collect();
    if lines.is_empty() {
        return html! {};
    }
    html! {
        <div class="hearsay">
            <h3>{ format!("What others say about S{id}") }</h3>
            <ul>{ lines }</ul>
        </div>
    }
}
