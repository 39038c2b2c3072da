//! The top bar: which source, which run, who leads, whether the checks hold, how it looks.

use crate::action::{Action, Course, Mode, Theme};
use crate::keys::{self, Does};
use crate::lessons::Lessons;
use crate::order::in_order;
use crate::settings::Settings;
use crate::shown::Shown;
use crate::stage::layout::Layout;
use raftwerk_core::Switches;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::{ClusterView, NodeCondition};
use std::rc::Rc;
use yew::prelude::*;

/// What is known about the live source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveLine {
    /// How many nodes are heard, of how many.
    pub connected: (usize, usize),
    /// Whether faults can be asked for at all.
    pub chaos: bool,
    /// What else there is to say.
    pub message: String,
}

/// Props of [`TopBar`].
#[derive(Properties, PartialEq)]
pub struct TopBarProps {
    /// The cluster.
    pub view: Shown,
    /// Where the view comes from.
    pub mode: Mode,
    /// Whether faults on the live cluster are unlocked.
    pub armed: bool,
    /// State of the live source.
    pub live: LiveLine,
    /// The run: nodes, seed, clients.
    pub run: (u64, u64, u64),
    /// Whether its disks lie about sync.
    pub lies: bool,
    /// How many voters its leaders keep by themselves, where they do.
    pub autopilot: Option<u64>,
    /// Its optional rules.
    pub switches: Switches,
    /// Whether single letters are keys.
    pub letters: bool,
    /// Where nodes were put.
    pub layout: Rc<Layout>,
    /// Light or dark.
    pub theme: Theme,
    /// Reduced motion.
    pub calm: bool,
    /// Sets reduced motion.
    pub on_calm: Callback<bool>,
    /// Whether the settings are open, and how to open them.
    pub settings: bool,
    /// Whether the list of lessons is open.
    pub lessons: bool,
    /// Opens or closes the settings.
    pub on_settings: Callback<bool>,
    /// Opens the list of checks.
    pub on_checks: Callback<()>,
    /// What to do.
    pub act: Callback<Action>,
}

/// The top bar.
#[function_component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let (nodes, seed, _) = props.run;
    let open = props.settings;
    let toggle = props.on_settings.reform(move |_: MouseEvent| !open);
    let listed = props.lessons;
    let lessons = props
        .act
        .reform(move |_: MouseEvent| Action::Lesson(Course::List(!listed)));
    let help = props.act.reform(|_: MouseEvent| Action::ShowHelp(true));
    html! {
        <header class="topbar">
            <h1>{ logo() }<span>{ "Raftwerk" }</span></h1>
            { modes(props) }
            if props.mode == Mode::Playground {
                <button id="settings-open" class="setup" aria-expanded={open.to_string()}
                    title="Nodes, seed, rules, looks" onclick={toggle}>
                    <span>{ format!("{nodes} nodes") }</span>
                    <span class="soft mono seed">{ format!("seed {seed:X}") }</span>
                    if props.lies { <b class="lies">{ "disks lie" }</b> }
                    <svg viewBox="0 0 10 6" aria-hidden="true"><path d="M1 1 5 5 9 1" /></svg>
                </button>
                <button id="lessons-open" class="setup" aria-expanded={props.lessons.to_string()}
                    aria-label="Lessons" onclick={lessons}>
                    <span class="word">{ "Lessons" }</span>
                    <svg class="book" viewBox="0 0 20 16" aria-hidden="true">
                        <path d="M10 3C7 1 4 1 1 2V14C4 13 7 13 10 15 13 13 16 13 19 14V2C16 1 13 1 10 3V15" />
                    </svg></button>
            } else {
                { live(props) }
            }
            <span class="grow" />
            { leader(&props.view) }
            { checks(props) }
            { theme(props) }
            <button class="icon" id="help" title={keys::tip("Keys and signs", Does::Help)} aria-label="Help"
                aria-keyshortcuts={keys::name(Does::Help)} onclick={help}>{ "?" }</button>
            if listed && props.mode == Mode::Playground {
                <Lessons act={props.act.clone()} />
            }
            if open {
                <Settings run={props.run} lies={props.lies} autopilot={props.autopilot}
                    switches={props.switches} theme={props.theme} calm={props.calm} on_calm={props.on_calm.clone()} act={props.act.clone()}
                    layout={props.layout.clone()} letters={props.letters}
                    playground={props.mode == Mode::Playground}
                    close={props.on_settings.reform(|()| false)} />
            }
        </header>
    }
}

fn logo() -> Html {
    html! {
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
            <path class="ring" d="M16 5.5 26 12.8 22.2 24.5H9.8L6 12.8Z" />
            <circle class="lead" cx="16" cy="5.5" r="4.4" />
            <circle cx="26" cy="12.8" r="3.1" /><circle cx="22.2" cy="24.5" r="3.1" />
            <circle cx="9.8" cy="24.5" r="3.1" /><circle cx="6" cy="12.8" r="3.1" />
        </svg>
    }
}

fn modes(props: &TopBarProps) -> Html {
    let button = |id: &'static str, name: &'static str, mode: Mode| {
        let onclick = props.act.reform(move |_: MouseEvent| Action::Mode(mode));
        html! {
            <button {id} aria-pressed={(props.mode == mode).to_string()} {onclick}>{ name }</button>
        }
    };
    html! {
        <div class="segments" role="group" aria-label="Source">
            { button("mode-playground", "Playground", Mode::Playground) }
            { button("mode-live", "Live", Mode::Live) }
        </div>
    }
}

fn live(props: &TopBarProps) -> Html {
    let (connected, total) = props.live.connected;
    let armed = props.armed;
    let arm = props.act.reform(move |_: MouseEvent| Action::Arm(!armed));
    html! { <>
        if total > 0 {
            <span class="live-line" id="live-status">
                { format!("{connected} of {total}") }
                <span class="word">{ " nodes connected" }</span></span>
        }
        if props.live.chaos {
            <button id="arm" class="toggle" aria-pressed={armed.to_string()} onclick={arm}
                title="Unlock faults on real processes">
                if armed { { "Armed" } } else { { "Arm" }<span class="word">{ " controls" }</span> }
                </button>
        }
    </> }
}

/// Who says it leads: one name per node that says so, the newest term first.
fn leader(view: &ClusterView) -> Html {
    let leaders = view
        .nodes
        .iter()
        .filter(|card| card.condition == NodeCondition::Up)
        .filter_map(|card| {
            card.view
                .as_ref()
                .map(|view| (view.term, card.id, view.role))
        })
        .filter(|(_, _, role)| *role == Role::Leader)
        .map(|(term, id, _)| (term, id));
    let mut leaders: Vec<(u64, u64)> = in_order(leaders, |leader| *leader);
    leaders.reverse();
    let newest = leaders
        .first()
        .map(|(_, id)| id.to_string())
        .unwrap_or_default();
    let text = match leaders.as_slice() {
        [] => "No leader".to_string(),
        [(term, id)] => format!("S{id} leads term {term}"),
        [(term, id), rest @ ..] => {
            let others: Vec<String> = rest
                .iter()
                .map(|(term, id)| format!("S{id} still says term {term}"))
                .collect();
            format!("S{id} leads term {term}, {}", others.join(", "))
        }
    };
    html! { <span id="leader" class="leader" data-node={newest}>{ text }</span> }
}

fn checks(props: &TopBarProps) -> Html {
    let all = props.view.checks.len();
    if all == 0 {
        return html! {};
    }
    let holding = props.view.checks.iter().filter(|check| check.holds).count();
    let onclick = props.on_checks.reform(|_: MouseEvent| ());
    let class = if holding == all {
        "checks"
    } else {
        "checks broken"
    };
    let text = if holding == all {
        "Checks hold"
    } else {
        "Check violated"
    };
    html! {
        <button id="checks-open" {class} {onclick} title="What is checked after every event">
            <span class="word">{ text }</span>
            <span class="mono">{ format!("{holding}/{all}") }</span>
        </button>
    }
}

fn theme(props: &TopBarProps) -> Html {
    let (next, name) = match props.theme {
        Theme::System => (Theme::Light, "System"),
        Theme::Light => (Theme::Dark, "Light"),
        Theme::Dark => (Theme::System, "Dark"),
    };
    let onclick = props.act.reform(move |_: MouseEvent| Action::Theme(next));
    html! {
        <button id="theme" class="icon" {onclick} title={format!("Colours: {name}")}
            aria-label={format!("Colours: {name}")}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <circle class="hollow" cx="12" cy="12" r="7.5" />
                if props.theme == Theme::System { <path d="M12 4.5a7.5 7.5 0 0 1 0 15Z" /> }
                if props.theme == Theme::Dark { <circle cx="12" cy="12" r="7.5" /> }
            </svg>
        </button>
    }
}
