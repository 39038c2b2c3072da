//! A node: header, durable and volatile columns, peers, keys, and what can be done to it.

use super::fields::{Field, Memory, condition_name, durable, headline, volatile};
use super::members::members;
use super::peers::{self, hearsay};
use super::store::StorePane;
use super::{action, lock_hint};
use crate::action::{Mode, Selection};
use crate::keys::Does;
use crate::palette::term_class;
use crate::panel::{PanelProps, source};
use crate::stage::offers;
use crate::why::Why;
use raftwerk_core::trace::Role;
use raftwerk_sim::Intervention as I;
use raftwerk_wire::view::{NodeCard, NodeCondition, NodeView};
use yew::prelude::*;

/// The pane for a selected node.
#[function_component]
pub fn NodePane(props: &PanelProps) -> Html {
    let memory = use_mut_ref(Memory::default);
    let Selection::Node(id) = props.selection else {
        return html! {};
    };
    let Some(card) = props.card(id) else {
        return html! { <p class="empty">{ format!("There is no S{id} here.") }</p> };
    };
    let Some(view) = &card.view else {
        return unknown(props, card);
    };
    let now = props.view.now;
    let (disk, memory_only) = (durable(view), volatile(view, now));
    let runs = card.condition != NodeCondition::Crashed;
    let belong = if runs { members(view, now) } else { Vec::new() };
    let step = card.last_event.as_ref().map_or(0, |event| event.step);
    let mut memory = memory.borrow_mut();
    memory.take(id, step, [&disk, &memory_only, &belong]);
    html! { <>
        { header(props, card, view) }
        <div class="two-columns">
            <div class="durable">
                <h3>{ "Durable" }</h3>
                { list(&memory, 0, &disk) }
            </div>
            <div class="volatile">
                <h3>{ "Volatile" }</h3>
                if runs {
                    { list(&memory, 1, &memory_only) }
                } else {
                    <p class="soft">{ "Not running: its memory is gone." }</p>
                }
            </div>
            if runs {
                <div class="across">
                    <h3>{ "Members, by its log" }</h3>
                    { list(&memory, 2, &belong) }
                </div>
            }
        </div>
        { buttons(props, card) }
        <Why ..props.clone() />
        if view.role == Role::Leader && runs {
            { peers::table(props, view) }
        }
        if props.mode == Mode::Live { { hearsay(props, id) } }
        if runs {
            <StorePane store={view.store.clone()} node={id} />
        }
        { rules(view) }
    </> }
}

fn header(props: &PanelProps, card: &NodeCard, view: &NodeView) -> Html {
    let line = match card.condition {
        NodeCondition::Crashed => format!("crashed, term {} on disk", view.disk.term),
        _ => headline(view),
    };
    html! {
        <div class="head node-head">
            <span class={classes!("badge", term_class(view.term))}>
                { format!("S{}", card.id) }</span>
            <div>
                <h2 class="headline">{ line }</h2>
                if card.condition == NodeCondition::Frozen {
                    <p class="soft">{ "frozen: it neither hears nor speaks" }</p>
                }
                if props.mode == Mode::Live {
                    <p class="source" data-age={card.age.to_string()}>{ source_line(card) }</p>
                }
            </div>
        </div>
    }
}

fn source_line(card: &NodeCard) -> String {
    match card.condition {
        NodeCondition::Up => source(card),
        NodeCondition::Unknown => format!("no word from it since: {}", source(card)),
        NodeCondition::Crashed | NodeCondition::Frozen => format!("last word: {}", source(card)),
    }
}

fn list(memory: &Memory, group: u8, fields: &[Field]) -> Html {
    let one = |field: &Field| {
        let was = memory.was(group, field).map(ToString::to_string);
        html! { <>
            <dt>{ field.name }</dt>
            <dd data-field={field.name} class={classes!(was.is_some().then_some("changed"))}>
                if let Some(was) = was {
                    <s>{ was }</s><span aria-label="is now">{ " \u{2192} " }</span>
                }
                { &field.value }
            </dd>
        </> }
    };
    html! { <dl class="facts">{ for fields.iter().map(one) }</dl> }
}

fn buttons(props: &PanelProps, card: &NodeCard) -> Html {
    let (view, id) = (&*props.view, card.id);
    let crash = offers::crash_or_restart(view, id);
    let freeze = offers::freeze_or_thaw(view, id);
    let isolate = offers::isolate_or_reconnect(view, id);
    let crash_label = if matches!(crash, I::Restart(_)) {
        "Restart"
    } else {
        "Crash"
    };
    let freeze_label = if matches!(freeze, I::Thaw(_)) {
        "Thaw"
    } else {
        "Freeze"
    };
    let isolate_label = if matches!(isolate, I::Reconnect(_)) {
        "Reconnect"
    } else {
        "Isolate"
    };
    let runs = card.condition != NodeCondition::Crashed;
    let transfer = offers::transfer_to(view, id).filter(|_| props.mode == Mode::Playground);
    html! { <>
        <div class="actions" role="group" aria-label={format!("What can be done to S{id}")}>
            { action(props, crash_label, Does::Crash, crash) }
            if runs {
                { action(props, freeze_label, Does::Freeze, freeze) }
                { action(props, "Time out", Does::TimeOut, I::TimeOut(id)) }
            }
            { action(props, isolate_label, Does::Isolate, isolate) }
            if let Some(transfer) = transfer {
                { action(props, "Make leader", Does::Transfer, transfer) }
            }
        </div>
        { lock_hint(props) }
    </> }
}

fn rules(view: &NodeView) -> Html {
    if view.switches.is_empty() {
        return html! { <p class="soft hint">{ "Optional rules: none is on." }</p> };
    }
    let text = format!("Optional rules on: {}.", view.switches.join(", "));
    html! { <p class="soft hint">{ text }</p> }
}

/// The node itself has said nothing.
fn unknown(props: &PanelProps, card: &NodeCard) -> Html {
    let line = condition_name(card.condition).unwrap_or("nothing known yet");
    html! { <>
        <div class="head node-head">
            <span class="badge unknown">{ format!("S{}", card.id) }</span>
            <div>
                <h2 class="headline">{ line }</h2>
                <p class="source">{ source(card) }</p>
            </div>
        </div>
        { hearsay(props, card.id) }
        { buttons(props, card) }
        <Why ..props.clone() />
    </> }
}
