//! What must always hold, and whether it does: the checks that run after every event of a
//! simulated run. A violation is named in a banner that leads to the event.

use crate::action::{Action, Mode};
use crate::panel::PanelProps;
use raftwerk_wire::view::CheckView;
use yew::prelude::*;

/// The list of checks.
#[function_component]
pub fn Checks(props: &PanelProps) -> Html {
    let checks = &props.view.checks;
    if checks.is_empty() {
        let text = match props.mode {
            Mode::Playground => "No check has run yet.",
            Mode::Live => {
                "Nobody sees all real nodes at one moment, so checks over the whole cluster run \
                 in the playground and in the simulator. A live node that sees a rule broken \
                 stops and says so."
            }
        };
        return html! { <section class="check-list panel"><p class="empty">{ text }</p></section> };
    }
    let holding = checks.iter().filter(|check| check.holds).count();
    html! {
        <section class="check-list panel" aria-label="Checks">
            <p class="soft">
                { format!("{holding} of {} hold, checked after every event.", checks.len()) }
            </p>
            <ul>{ for checks.iter().map(|check| one(props, check)) }</ul>
        </section>
    }
}

fn one(props: &PanelProps, check: &CheckView) -> Html {
    let violation = props
        .view
        .violation
        .as_ref()
        .filter(|violation| violation.check == check.name);
    let state = if check.holds { "holds" } else { "violated" };
    html! {
        <li key={check.name.clone()} data-holds={check.holds.to_string()}>
            <b>{ &check.name }</b>
            <span class="state">{ state }</span>
            <p>{ &check.statement }</p>
            if let Some(violation) = violation {
                <p class="detail">{ &violation.detail }</p>
                <button onclick={props.does(Action::Seek(violation.event))}>
                    { "Go to the event" }</button>
            }
        </li>
    }
}

/// The banner of a violated check; nothing while all hold.
#[function_component]
pub fn Banner(props: &PanelProps) -> Html {
    let Some(violation) = &props.view.violation else {
        return html! {};
    };
    html! {
        <div id="banner-violation" class="banner" role="alert">
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d="M12 2.5 23 21.5H1Z" />
                <path class="mark" d="M12 9V14.5M12 17.3V18.2" />
            </svg>
            <p><b>{ format!("{} is violated. ", violation.check) }</b>{ &violation.detail }</p>
            if props.mode == Mode::Playground {
                <button onclick={props.does(Action::Seek(violation.event))}>
                    { "Go to the event" }</button>
            }
        </div>
    }
}
