//! A message on the way: all its fields, and what can be done to it.

use super::{action, fact};
use crate::action::{Action, Mode, Selection};
use crate::keys::Does;
use crate::message::{self, Message};
use crate::palette::term_class;
use crate::panel::{PanelProps, client_link, coarse, moment, node_link, span};
use crate::stage::geometry::Way;
use crate::stage::offers;
use raftwerk_sim::Intervention as I;
use yew::prelude::*;

/// The pane for a selected message.
pub fn pane(props: &PanelProps, id: u64) -> Html {
    let Some(flight) = message::find(&props.view, id) else {
        return html! { <>
            <div class="head"><h2>{ "Message" }</h2></div>
            <p class="empty">
                { "This message is not on the way any more: it has arrived or is lost." }</p>
            <button onclick={props.does(Action::Select(Selection::Nothing))}>{ "Close" }</button>
        </> };
    };
    let content = flight.content;
    let fields = content
        .fields
        .iter()
        .map(|(name, value)| fact(name, value.clone()));
    html! { <>
        <div class="head">
            if flight.has_term() {
                <span class={classes!("badge", "small", term_class(content.term))}>
                    { content.term }</span>
            }
            <h2>{ spaced(&content.kind) }</h2>
            <span>{ ends(props, flight.way) }</span>
        </div>
        <dl class="facts wide">
            if flight.has_term() { { fact("term", content.term.to_string()) } }
            { for fields }
            { times(props, &flight) }
        </dl>
        { buttons(props, &flight) }
    </> }
}

fn ends(props: &PanelProps, way: Way) -> Html {
    let (from, to) = match way {
        Way::None => return html! {},
        Way::Link(from, to) => (node_link(props, from), node_link(props, to)),
        Way::Request(client, node) => (client_link(props, client), node_link(props, node)),
        Way::Answer(client, node) => (node_link(props, node), client_link(props, client)),
    };
    html! { <>{ from }{ " \u{2192} " }{ to }</> }
}

fn times(props: &PanelProps, flight: &Message) -> Html {
    let now = props.view.now;
    match (props.mode, flight.due) {
        (Mode::Playground, due) => html! { <>
            { fact("sent", moment(flight.sent)) }
            { fact(if flight.lost { "lost on the way, before" } else { "arrives" },
                due.map_or_else(|| "when it is released".to_string(), |due| {
                    format!("{}, in {}", moment(due), span(due.saturating_sub(now)))
                })) }
        </> },
        (Mode::Live, due) => {
            let ago = coarse(now.saturating_sub(flight.sent));
            let (from, to) = flight.ends();
            let state = match (flight.lost, due) {
                (true, _) => format!("{from} did not hand it to the network"),
                (false, Some(_)) => format!("{to} says that it arrived"),
                (false, None) => "sent, not confirmed".to_string(),
            };
            html! { <>
                { fact("sent", format!("{ago} ago, says {from}")) }
                { fact("state", state) }
            </> }
        }
    }
}

fn buttons(props: &PanelProps, flight: &Message) -> Html {
    if props.mode == Mode::Live {
        return html! {
            <p class="soft hint">
                { "Real messages cannot be held. Cut the link to lose what follows." }</p>
        };
    }
    let hold = if flight.held { "Release" } else { "Hold" };
    html! {
        <div class="actions" role="group" aria-label="What can be done to this message">
            { action(props, "Drop", Does::Drop, I::Drop(flight.id)) }
            { action(props, "Deliver now", Does::Deliver, I::Deliver(flight.id)) }
            { action(props, "Duplicate", Does::Duplicate, I::Duplicate(flight.id)) }
            { action(props, hold, Does::Hold, offers::hold_or_release(flight)) }
        </div>
    }
}

/// "AppendReply" as "Append reply".
fn spaced(kind: &str) -> String {
    let mut out = String::new();
    for (at, letter) in kind.chars().enumerate() {
        if at > 0 && letter.is_uppercase() {
            out.push(' ');
            out.extend(letter.to_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn kinds_are_read_as_words() {
        assert_eq!(super::spaced("AppendReply"), "Append reply");
        assert_eq!(super::spaced("Vote"), "Vote");
    }
}
