//! The list of keys, and how to read the picture.

use crate::action::{Action, Mode};
use crate::keys::{KEYS, Row};
use yew::prelude::*;

/// What each sign on the stage means.
const SIGNS: &[(&str, &str)] = &[
    ("Colour", "the term; the number is always beside it"),
    ("Plain circle", "follower"),
    (
        "Dotted, dashed edge",
        "pre-candidate, candidate with its votes",
    ),
    ("Double edge, crown", "leader"),
    (
        "Ring that fills",
        "the core's own deadline: election, or heartbeat of a leader",
    ),
    ("7/9", "7 of 9 entries known committed there"),
    (
        "Triangle",
        "vote request, V; pre-vote, P, with a second edge",
    ),
    (
        "Square, number",
        "entries on their way; a dot is a heartbeat",
    ),
    (
        "Pill",
        "a client asks; a dotted line leads to the node it believes leads",
    ),
    ("Hollow", "an answer: tick for yes, bar for no"),
    ("Dashed lane, strokes", "this direction is cut"),
    (
        "Bar with a number",
        "this direction is clogged; so many messages wait behind it",
    ),
];

/// Props of [`Help`].
#[derive(Properties, PartialEq)]
pub struct HelpProps {
    /// Where the view comes from: not every key works there.
    pub mode: Mode,
    /// Whether single characters are keys.
    pub letters: bool,
    /// Closing.
    pub act: Callback<Action>,
}

/// The help dialog.
#[function_component]
pub fn Help(props: &HelpProps) -> Html {
    let close = props.act.reform(|_: MouseEvent| Action::ShowHelp(false));
    let button = use_node_ref();
    {
        let button = button.clone();
        use_effect_with((), move |()| {
            if let Some(button) = button.cast::<web_sys::HtmlElement>() {
                let _ = button.focus();
            }
        });
    }
    let mode = props.mode;
    let key = |row: &Row| match row.what(mode) {
        Some(what) => html! { <><dt>{ row.caps() }</dt><dd>{ what }</dd></> },
        None => html! {},
    };
    let part = |(name, rows): &(&str, &[Row])| {
        html! { <section>
            <h3>{ *name }</h3>
            <dl class="keys">{ for rows.iter().map(key) }</dl>
        </section> }
    };
    let sign = |(name, what): &(&str, &str)| html! { <><dt>{ *name }</dt><dd>{ *what }</dd></> };
    html! {
        <div class="dialog wide" role="dialog" aria-modal="true" aria-label="Help">
            <div class="row between">
                <h2>{ "Keys and signs" }</h2>
                <button ref={button} onclick={close}>{ "Close" }</button>
            </div>
            if !props.letters {
                <p class="soft">{ "Single characters are switched off as keys, in the settings." }</p>
            }
            <div class="columns">
                <div class="parts">{ for KEYS.iter().map(part) }</div>
                <div>
                    <h3>{ "Signs" }</h3>
                    <dl class="signs">{ for SIGNS.iter().map(sign) }</dl>
                    <p class="soft">
                        { "Click anything. Double click crashes a node or cuts a link. Right \
                           click, or a long press, shows what else can be done. Drag around nodes \
                           to part them; drag from node to node to cut their link." }
                    </p>
                </div>
            </div>
        </div>
    }
}
