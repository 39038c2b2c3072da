//! What happened, newest first: one sentence per event, under a heading per term. Heartbeats and
//! other routine are folded into a count; a click goes to the moment.

use crate::action::{Action, Mode, Selection};
use crate::palette::term_class;
use crate::panel::{PanelProps, ago, moment};
use raftwerk_core::trace::{Cause, Kind, Timer};
use raftwerk_sim::{Intervention, Mark};
use raftwerk_wire::explain::explain;
use raftwerk_wire::view::EventView;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// Most lines shown.
const MOST_LINES: usize = 160;

/// One line of the list.
enum Line<'a> {
    Term(u64),
    Event(&'a EventView),
    Fault(&'a Mark),
    Folded(usize),
}

/// The panel.
#[function_component]
pub fn Events(props: &PanelProps) -> Html {
    let only = use_state(|| None::<u64>);
    let all = use_state(|| false);
    let onnode = {
        let only = only.clone();
        Callback::from(move |event: yew::Event| {
            let select = event.target_unchecked_into::<HtmlSelectElement>();
            only.set(select.value().parse().ok());
        })
    };
    let onall = {
        let all = all.clone();
        Callback::from(move |_: yew::Event| all.set(!*all))
    };
    let faults: &[Mark] = if only.is_none() { &props.faults } else { &[] };
    let lines = lines(&props.events, faults, *only, *all);
    html! {
        <section class="events panel" aria-label="Events">
            <h2 class="visually-hidden">{ "Events" }</h2>
            <div class="head">
                <label>{ "Node " }
                    <select id="events-node" onchange={onnode}>
                        <option value="" selected={only.is_none()}>{ "all" }</option>
                        { for props.view.nodes.iter().map(|card| html! {
                            <option value={card.id.to_string()} selected={*only == Some(card.id)}>
                                { format!("S{}", card.id) }</option>
                        }) }
                    </select>
                </label>
                <label class="check">
                    <input type="checkbox" id="events-routine" checked={*all} onchange={onall} />
                    { "routine too" }
                </label>
            </div>
            if lines.is_empty() {
                <p class="empty">{ empty(props) }</p>
            } else {
                { list(props, &lines) }
            }
        </section>
    }
}

fn empty(props: &PanelProps) -> &'static str {
    match (props.events.is_empty(), props.mode) {
        (true, Mode::Playground) => "Nothing has happened yet. Press play, or step forward.",
        (true, Mode::Live) => "No node has told of an event yet.",
        (false, _) => "Nothing on this node among the last events.",
    }
}

/// Newest first; a heading where the term of the events changes. Faults stand where they were
/// done, between what was before and what came of them.
fn lines<'a>(
    events: &'a [EventView],
    faults: &'a [Mark],
    only: Option<u64>,
    all: bool,
) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut term = None;
    let wanted = |event: &&EventView| only.is_none_or(|node| event.event.node.0 == node);
    let mut faults = faults.iter().rev().peekable();
    for event in events.iter().rev().filter(wanted) {
        if lines.len() >= MOST_LINES {
            break;
        }
        if term != Some(event.event.term.0) {
            term = Some(event.event.term.0);
            lines.push(Line::Term(event.event.term.0));
        }
        while let Some(fault) = faults.next_if(|fault| fault.position > event.step) {
            lines.push(Line::Fault(fault));
        }
        if all || !is_routine(event) {
            lines.push(Line::Event(event));
        } else if let Some(Line::Folded(count)) = lines.last_mut() {
            *count += 1;
        } else {
            lines.push(Line::Folded(1));
        }
    }
    lines
}

/// What happens all the time and decides nothing.
fn is_routine(event: &EventView) -> bool {
    if event.event.kind.is_landmark() {
        return false;
    }
    let by_heartbeat = event.event.cause == Cause::Timer(Timer::Heartbeat);
    match &event.event.kind {
        Kind::AcceptedAppend { new, .. } => *new == 0,
        Kind::Persisted { .. }
        | Kind::HeldForDisk { .. }
        | Kind::Released { .. }
        | Kind::Matched { .. }
        | Kind::Applying { .. }
        | Kind::ChangedPace { .. }
        | Kind::Ignored { .. } => true,
        _ => by_heartbeat,
    }
}

fn list(props: &PanelProps, lines: &[Line<'_>]) -> Html {
    let mut groups: Vec<(u64, Vec<Html>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let html = match line {
            Line::Term(term) => {
                groups.push((*term, Vec::new()));
                continue;
            }
            Line::Event(event) => one(props, event),
            Line::Fault(mark) => fault(props, mark),
            Line::Folded(count) => {
                let noun = if *count == 1 {
                    "routine event"
                } else {
                    "routine events"
                };
                let text = format!("+ {count} {noun}");
                html! { <li key={format!("f{at}")} class="folded">{ text }</li> }
            }
        };
        if let Some((_, items)) = groups.last_mut() {
            items.push(html);
        }
    }
    let group = |(at, (term, items)): (usize, (u64, Vec<Html>))| {
        html! {
            <div key={at} class="term-group">
                <h3>
                    <i class={classes!("swatch", term_class(term))} />{ format!("Term {term}") }
                </h3>
                <ol>{ items }</ol>
            </div>
        }
    };
    html! { <>{ for groups.into_iter().enumerate().map(group) }</> }
}

fn one(props: &PanelProps, event: &EventView) -> Html {
    let (act, mode) = (props.act.clone(), props.mode);
    let (step, node) = (event.step, event.event.node.0);
    let landmark = event.event.kind.is_landmark();
    let time = match mode {
        Mode::Playground => moment(event.event.at.0),
        Mode::Live => ago(props.view.now, event.event.at.0),
    };
    let onclick = Callback::from(move |_: MouseEvent| {
        act.emit(Action::Seek(step));
        act.emit(Action::Select(Selection::Node(node)));
    });
    html! {
        <li key={event.id}>
            <button class={classes!("step", landmark.then_some("landmark"))} {onclick}
                data-step={step.to_string()}>
                <span>{ explain(&event.event).what }</span><span class="when">{ time }</span>
            </button>
        </li>
    }
}

/// Something that was done to the run, and what it means where that is not plain.
fn fault(props: &PanelProps, mark: &Mark) -> Html {
    let link = match mark.what {
        Some(Intervention::Clog { from, to } | Intervention::Unclog { from, to }) => {
            Some(Selection::Link(from, to))
        }
        _ => None,
    };
    let (act, step) = (props.act.clone(), mark.position);
    let onclick = Callback::from(move |_: MouseEvent| {
        act.emit(Action::Seek(step));
        if let Some(link) = link {
            act.emit(Action::Select(link));
        }
    });
    let meaning = mark.what.as_ref().and_then(Intervention::meaning);
    html! {
        <li key={format!("x{step}")}>
            <button class="step fault" {onclick} data-step={step.to_string()}>
                <span>{ sentence(&mark.text) }
                    if let Some(meaning) = meaning { <small>{ meaning }</small> }</span>
                <span class="when">{ moment(mark.time) }</span>
            </button>
        </li>
    }
}

/// Words as a sentence.
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::trace::Event;
    use raftwerk_core::{Index, NodeId, Term, Time, WriteSeq};

    fn event(id: u64, node: u64, term: u64, kind: Kind) -> EventView {
        let (node, term) = (NodeId(node), Term(term));
        let event = Event {
            node,
            at: Time(id),
            term,
            cause: Cause::Boot,
            kind,
        };
        EventView {
            id,
            step: id,
            cause: None,
            event,
        }
    }

    #[test]
    fn routine_is_folded_and_terms_are_headed() {
        let disk = || Kind::Persisted {
            seq: WriteSeq(1),
            durable: Index(1),
        };
        let won = || Kind::BecameLeader {
            votes: vec![NodeId(1)],
        };
        let events = [
            event(1, 1, 1, won()),
            event(2, 1, 2, disk()),
            event(3, 2, 2, disk()),
        ];
        let told = lines(&events, &[], None, false);
        assert!(matches!(
            told.as_slice(),
            [
                Line::Term(2),
                Line::Folded(2),
                Line::Term(1),
                Line::Event(_)
            ]
        ));
        assert_eq!(lines(&events, &[], Some(2), true).len(), 2);
    }

    #[test]
    fn faults_stand_between_the_events() {
        let won = |id, term| {
            let votes = vec![NodeId(1)];
            event(id, 1, term, Kind::BecameLeader { votes })
        };
        let clog = Intervention::Clog { from: 1, to: 2 };
        let fault = Mark {
            time: 2,
            position: 2,
            kind: raftwerk_sim::MarkKind::Fault,
            text: clog.to_string(),
            what: Some(clog),
        };
        let (events, faults) = ([won(1, 1), won(3, 2)], [fault]);
        let told = lines(&events, &faults, None, false);
        assert!(matches!(
            told.as_slice(),
            [
                Line::Term(2),
                Line::Event(_),
                Line::Term(1),
                Line::Fault(_),
                Line::Event(_)
            ]
        ));
        assert_eq!(sentence(&faults[0].text), "S1 to S2 is clogged.");
    }
}
