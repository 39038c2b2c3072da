//! A link: the state of each direction, what is on it, and cutting or restoring it.

use super::{action, actions, fact, lock_hint};
use crate::action::{Action, Mode};
use crate::keys::Does;
use crate::panel::{PanelProps, node_link};
use crate::stage::offers;
use raftwerk_sim::Intervention as I;
use yew::prelude::*;

/// The pane for a selected link.
pub fn pane(props: &PanelProps, from: u64, to: u64) -> Html {
    let view = &*props.view;
    let clogged = offers::is_clogged(view, from, to) || offers::is_clogged(view, to, from);
    html! { <>
        <div class="head">
            <h2>{ "Link " }{ node_link(props, from) }{ " \u{2013} " }{ node_link(props, to) }</h2>
        </div>
        <dl class="facts wide">
            { direction(props, from, to) }
            { direction(props, to, from) }
        </dl>
        <div class="actions" role="group" aria-label="What can be done to this link">
            { cut(props, from, to, Some(Does::CutOne)) }
            { cut(props, to, from, None) }
            { both(props, from, to) }
            if props.mode == Mode::Playground {
                { clog(props, from, to, Some(Does::Hold)) }
                { clog(props, to, from, None) }
            }
        </div>
        if clogged {
            <p class="soft hint">{ I::Clog { from, to }.meaning().unwrap_or_default() }</p>
        }
        { lock_hint(props) }
    </> }
}

fn arrow(from: u64, to: u64) -> String {
    format!("S{from} \u{2192} S{to}")
}

/// The state of one direction, and what is on it.
fn direction(props: &PanelProps, from: u64, to: u64) -> Html {
    let view = &*props.view;
    let cut = offers::is_cut(view, from, to);
    let state = match (cut, offers::is_clogged(view, from, to)) {
        (true, true) => "cut and clogged",
        (true, false) => "cut",
        (false, true) => "clogged",
        (false, false) => "open",
    };
    let who = match props.mode {
        Mode::Live if cut => format!(", says S{from}"),
        _ => String::new(),
    };
    let flights = || {
        let all = view.flights.iter();
        all.filter(|flight| (flight.from, flight.to) == (from, to))
    };
    let held = flights().filter(|flight| flight.held).count();
    let moving = match flights().count() - held {
        0 => String::new(),
        1 => ", one message on the way".to_string(),
        many => format!(", {many} messages on the way"),
    };
    let waiting = match held {
        0 => String::new(),
        1 => ", one held back".to_string(),
        many => format!(", {many} held back"),
    };
    fact(&arrow(from, to), format!("{state}{who}{moving}{waiting}"))
}

fn cut(props: &PanelProps, from: u64, to: u64, key: Option<Does>) -> Html {
    let word = match offers::is_cut(&props.view, from, to) {
        true => "Restore",
        false => "Cut",
    };
    let what = offers::cut_or_restore(&props.view, from, to);
    action(props, &format!("{word} {}", arrow(from, to)), key, what)
}

fn both(props: &PanelProps, from: u64, to: u64) -> Html {
    let toggle = offers::toggle_link(&props.view, from, to).into_iter();
    let what: Vec<I> = toggle
        .filter_map(|action| match action {
            Action::Do(what) => Some(what),
            _ => None,
        })
        .collect();
    let restores = what.iter().any(|what| matches!(what, I::Restore { .. }));
    let word = if restores { "Restore both" } else { "Cut both" };
    actions(props, word, Does::CutBoth, what)
}

fn clog(props: &PanelProps, from: u64, to: u64, key: Option<Does>) -> Html {
    let word = offers::clog_word(&props.view, from, to);
    let what = offers::clog_or_unclog(&props.view, from, to);
    action(props, &format!("{word} {}", arrow(from, to)), key, what)
}
