//! A link: the state of each direction, what is on it, and cutting or restoring it.

use super::{action, actions, fact, lock_hint};
use crate::action::{Action, Mode};
use crate::panel::{PanelProps, node_link};
use crate::stage::offers;
use raftwerk_sim::Intervention as I;
use yew::prelude::*;

/// The pane for a selected link.
pub fn pane(props: &PanelProps, from: u64, to: u64) -> Html {
    let view = &*props.view;
    let on_way = |from: u64, to: u64| {
        view.flights
            .iter()
            .filter(|flight| flight.from == from && flight.to == to)
            .count()
    };
    let direction = |from: u64, to: u64| {
        let state = if offers::is_cut(view, from, to) {
            "cut"
        } else {
            "open"
        };
        let who = match props.mode {
            Mode::Live if state == "cut" => format!(", says S{from}"),
            _ => String::new(),
        };
        let waits = match on_way(from, to) {
            0 => String::new(),
            1 => ", one message on the way".to_string(),
            many => format!(", {many} messages on the way"),
        };
        fact(
            &format!("S{from} \u{2192} S{to}"),
            format!("{state}{who}{waits}"),
        )
    };
    let one = |from: u64, to: u64, key: &'static str| {
        if offers::is_cut(view, from, to) {
            action(
                props,
                &format!("Restore S{from} \u{2192} S{to}"),
                key,
                I::Restore { from, to },
            )
        } else {
            action(
                props,
                &format!("Cut S{from} \u{2192} S{to}"),
                key,
                I::Cut { from, to },
            )
        }
    };
    let toggle = offers::toggle_link(view, from, to);
    let restores = toggle
        .iter()
        .any(|action| matches!(action, Action::Do(I::Restore { .. })));
    let both = toggle
        .into_iter()
        .filter_map(|action| match action {
            Action::Do(what) => Some(what),
            _ => None,
        })
        .collect();
    html! { <>
        <div class="head">
            <h2>{ "Link " }{ node_link(props, from) }{ " \u{2013} " }{ node_link(props, to) }</h2>
        </div>
        <dl class="facts wide">{ direction(from, to) }{ direction(to, from) }</dl>
        <div class="actions" role="group" aria-label="What can be done to this link">
            { one(from, to, "C") }
            { one(to, from, "") }
            { actions(props, if restores { "Restore both" } else { "Cut both" }, "Shift C", both) }
        </div>
        { lock_hint(props) }
    </> }
}
