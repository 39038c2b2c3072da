//! The settings: which run to begin, which optional rules are on, how much moves.

use crate::action::{Action, Theme};
use crate::keys::{self, Does};
use crate::media::{self, MOST_CLIENTS, VOTERS};
use crate::stage::layout::Layout;
use raftwerk_core::Switches;
use std::ops::RangeInclusive;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Props of [`Settings`].
#[derive(Properties, PartialEq)]
pub struct SettingsProps {
    /// Nodes, seed, clients of the run shown.
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
    /// Whether there is a run to set up.
    pub playground: bool,
    /// What to do.
    pub act: Callback<Action>,
    /// Closing.
    pub close: Callback<()>,
}

/// The settings, below the top bar.
#[function_component]
pub fn Settings(props: &SettingsProps) -> Html {
    let calm = props.calm;
    let on_calm = props.on_calm.reform(move |_: Event| !calm);
    let letters = props.letters;
    let on_letters = props.act.reform(move |_: Event| Action::Letters(!letters));
    let onkeydown = {
        let close = props.close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                close.emit(());
            }
        })
    };
    html! {
        <section id="settings" class="popover" aria-label="Settings" {onkeydown}>
            if props.playground {
                { run(props) }
                { rules(props) }
                { autopilot(props) }
                { disks(props) }
            }
            <h2>{ "Looks" }</h2>
            { colours(props) }
            <label class="check">
                <input type="checkbox" id="calm" checked={calm} onchange={on_calm} />
                <span>{ "Less motion: step from event to event" }</span></label>
            <h2>{ "Keys" }</h2>
            <label class="check">
                <input type="checkbox" id="letters" checked={letters} onchange={on_letters} />
                <span>{ "Single characters are keys; ? lists them" }</span></label>
        </section>
    }
}

/// Light, dark, or as the system says.
fn colours(props: &SettingsProps) -> Html {
    let one = |name: &'static str, theme: Theme| {
        let onclick = props.act.reform(move |_: MouseEvent| Action::Theme(theme));
        html! {
            <button aria-pressed={(props.theme == theme).to_string()} {onclick}>{ name }</button>
        }
    };
    html! {
        <div class="segments" role="group" aria-label="Colours">
            { one("System", Theme::System) }
            { one("Light", Theme::Light) }
            { one("Dark", Theme::Dark) }
        </div>
    }
}

/// A choice of how many there are of something; `to` is what another number of them does.
fn count(
    props: &SettingsProps,
    id: &'static str,
    range: RangeInclusive<u64>,
    now: u64,
    to: fn(u64, (u64, u64, u64)) -> Action,
) -> Html {
    let run = props.run;
    let onchange = props.act.reform(move |event: Event| {
        let select = event.target_unchecked_into::<HtmlSelectElement>();
        to(select.value().parse().unwrap_or(now), run)
    });
    let option = |n: u64| {
        html! { <option value={n.to_string()} selected={n == now}>{ n }</option> }
    };
    html! { <select {id} {onchange}>{ for range.map(option) }</select> }
}

/// Nodes, clients and seed: each change begins a new run.
fn run(props: &SettingsProps) -> Html {
    let (nodes, seed, clients) = props.run;
    let onseed = props.act.reform(move |event: Event| {
        let input = event.target_unchecked_into::<HtmlInputElement>();
        match media::parse_seed(&input.value()) {
            Some(seed) => Action::NewRun {
                nodes,
                seed,
                clients,
            },
            None => Action::Toast("A seed is a hexadecimal number, such as 4F2A.".to_string()),
        }
    });
    let fresh = props.act.reform(move |_: MouseEvent| Action::NewRun {
        nodes,
        seed: media::fresh_seed(),
        clients,
    });
    let again = props.act.reform(move |_: MouseEvent| Action::NewRun {
        nodes,
        seed,
        clients,
    });
    let (layout, lies, autopilot) = (props.layout.clone(), props.lies, props.autopilot);
    let copy = props
        .act
        .reform(move |_: MouseEvent| copy_link((nodes, seed, clients), lies, autopilot, &layout));
    html! { <>
        <h2>{ "Run" }</h2>
        <div class="fields">
            <label><span>{ "Nodes" }</span>
                { count(props, "set-nodes", 1..=raftwerk_sim::MAX_NODES, nodes,
                    |nodes, (_, seed, clients)| Action::NewRun { nodes, seed, clients }) }</label>
            <label><span>{ "Clients" }</span>
                { count(props, "set-clients", 1..=MOST_CLIENTS, clients,
                    |clients, (nodes, seed, _)| Action::NewRun { nodes, seed, clients }) }</label>
            <label><span>{ "Seed" }</span>
                <input id="set-seed" class="mono" value={format!("{seed:X}")} onchange={onseed}
                    spellcheck="false" autocomplete="off" size="8" /></label>
        </div>
        <div class="row">
            <button id="new-seed" onclick={fresh}>{ "New seed" }</button>
            <button id="run-again" onclick={again}>{ "From the start" }</button>
            <button id="copy-link" onclick={copy} title={keys::tip("Copy a link to this run", Does::CopyLink)}>{ "Copy link" }</button>
        </div>
    </> }
}

/// Optional rules: a change begins the run again with the same seed.
fn rules(props: &SettingsProps) -> Html {
    let now = props.switches;
    let rule = |id: &'static str, name: &'static str, on: bool, then: Switches| {
        let onchange = props.act.reform(move |_: Event| Action::Switches(then));
        html! {
            <label class="check"><input type="checkbox" {id} checked={on} {onchange} />
                <span>{ name }</span></label>
        }
    };
    html! { <>
        <h2>{ "Rules" }</h2>
        { rule("rule-pre-vote", "Pre-vote: ask before raising the term", now.pre_vote,
            Switches { pre_vote: !now.pre_vote, ..now }) }
        { rule("rule-check-quorum", "Check quorum: a leader unheard steps down", now.check_quorum,
            Switches { check_quorum: !now.check_quorum, ..now }) }
        { rule("rule-stickiness", "Stickiness: no votes while a leader is heard", now.stickiness,
            Switches { stickiness: !now.stickiness, ..now }) }
        { rule("rule-lease-reads", "Lease reads: a leader answers without asking", now.lease_reads,
            Switches { lease_reads: !now.lease_reads, ..now }) }
        <p class="soft">{ "A change begins the run again with the same seed." }</p>
    </> }
}

/// Who keeps the number of voters: people, or the leader itself.
fn autopilot(props: &SettingsProps) -> Html {
    let now = props.autopilot;
    let onchange = props.act.reform(|event: Event| {
        let select = event.target_unchecked_into::<HtmlSelectElement>();
        Action::Autopilot(select.value().parse().ok())
    });
    html! { <>
        <h2>{ "Autopilot" }</h2>
        <label><span>{ "Voters that the leader keeps" }</span>
            <select id="set-autopilot" {onchange}>
                <option value="off" selected={now.is_none()}>{ "off" }</option>
                { for VOTERS.map(|wanted| html! {
                    <option value={wanted.to_string()} selected={now == Some(wanted)}>
                        { wanted }</option> }) }
            </select></label>
        <p class="soft">
            { "Nodes beyond them begin as learners. A learner takes the place of a dead voter." }
        </p>
    </> }
}

/// Honest disks, or disks that break what Raft stands on.
fn disks(props: &SettingsProps) -> Html {
    let lies = props.lies;
    let onchange = props.act.reform(move |_: Event| Action::Lies(!lies));
    html! { <>
        <h2>{ "Disks" }</h2>
        <label class="check"><input type="checkbox" id="disks-lie" checked={lies} {onchange} />
            <span>{ "They lie: the last two syncs die with the power" }</span></label>
        <p class="soft">
            { "Raft does not promise to survive this. Write, then crash every node at once." }
        </p>
    </> }
}

/// Puts a link to this run on the clipboard.
pub fn copy_link(
    (nodes, seed, clients): (u64, u64, u64),
    lies: bool,
    autopilot: Option<u64>,
    layout: &Layout,
) -> Action {
    let mut query = format!("?nodes={nodes}&seed={seed:x}&clients={clients}");
    if lies {
        query += "&lies=2";
    }
    if let Some(wanted) = autopilot {
        query += &format!("&autopilot={wanted}");
    }
    if !layout.is_ring() {
        query += &format!("&at={}", layout.to_text());
    }
    put_on_clipboard(&query)
}

/// Puts a link to a lesson on the clipboard.
pub fn lesson_link(id: &str) -> Action {
    put_on_clipboard(&format!("?lesson={id}"))
}

/// This page with other parameters, on the clipboard; or said, where that is not possible.
fn put_on_clipboard(query: &str) -> Action {
    let Some(window) = web_sys::window() else {
        return Action::Toast(query.to_string());
    };
    let location = window.location();
    let base = location.origin().unwrap_or_default() + &location.pathname().unwrap_or_default();
    let link = base + query;
    if window.is_secure_context() {
        let _ = window.navigator().clipboard().write_text(&link);
        return Action::Toast("Link copied.".to_string());
    }
    Action::Toast(link)
}
