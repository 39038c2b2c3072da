//! Below the live stage: the last minutes at a glance, and the controls to look back at them.

use super::strip::{Lane, Shape, Span, Strip};
use crate::action::Action;
use crate::lanes::{self, Stretch, use_scrub};
use crate::panel::coarse;
use crate::transport::{self, Words};
use std::rc::Rc;
use web_sys::KeyboardEvent;
use yew::prelude::*;

/// How far an arrow key moves on the strip, and a page key (microseconds).
const STEP: u64 = 1_000_000;
const LEAP: u64 = 10_000_000;

/// What the bar shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reel {
    /// The last minutes.
    pub strip: Strip,
    /// The moment shown; `None`: now.
    pub cursor: Option<u64>,
    /// From when on every event is kept.
    pub events_from: u64,
    /// From when on every message is kept.
    pub messages_from: u64,
}

/// Props of [`LiveBar`].
#[derive(Properties, PartialEq)]
pub struct LiveBarProps {
    /// What to show.
    pub reel: Rc<Reel>,
    /// Whether single characters are keys, which tooltips name.
    pub letters: bool,
    /// What to do.
    pub act: Callback<Action>,
}

/// Strip and controls.
#[function_component]
pub fn LiveBar(props: &LiveBarProps) -> Html {
    html! { <>
        if !props.reel.strip.lanes.is_empty() {
            <StripBar reel={props.reel.clone()} letters={props.letters} act={props.act.clone()} />
        }
        { controls(props) }
    </> }
}

fn controls(props: &LiveBarProps) -> Html {
    let live = props.reel.cursor.is_none();
    let words = Words {
        start: "To the oldest moment kept",
        play: if live {
            "Pause the picture"
        } else {
            "Follow the cluster"
        },
        end: "Back to now",
    };
    html! {
        <div class="transport live" role="group" aria-label="Live">
            { transport::buttons(&props.act, live, &words) }
            <div class="moment" id="live-moment" data-live={live.to_string()}>
                <span class="live-dot" data-on={live.to_string()} />
                { moment(&props.reel) }
            </div>
        </div>
    }
}

/// Which moment is shown, and what of it is not kept.
fn moment(reel: &Reel) -> Html {
    let Some(cursor) = reel.cursor else {
        return html! { <strong>{ "Live" }</strong> };
    };
    let (class, note) = match (cursor < reel.events_from, cursor < reel.messages_from) {
        (true, _) => ("note", "Some events and messages of then are not kept."),
        (false, true) => ("note", "Messages of then are not kept."),
        (false, false) => ("note soft", "The cluster runs on."),
    };
    let ago = reel.strip.to.saturating_sub(cursor);
    html! { <>
        <strong>{ format!("{} ago", coarse(ago)) }</strong>
        <span class="mono soft clock">{ time_of_day(ago) }</span>
        <span {class}>{ note }</span>
    </> }
}

/// The time of day so long ago: a label, no more.
fn time_of_day(ago: u64) -> String {
    let now = js_sys::Date::now();
    let then = js_sys::Date::new(&(now - ago as f64 / 1_000.0).into());
    let (hours, minutes) = (then.get_hours(), then.get_minutes());
    let (seconds, millis) = (then.get_seconds(), then.get_milliseconds());
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

/// The strip, to drag on.
#[function_component]
fn StripBar(props: &LiveBarProps) -> Html {
    let strip = &props.reel.strip;
    let (from, to) = (strip.from, strip.to);
    // The right edge is now, and now moves on.
    let scrub = use_scrub(props.act.reform(move |part: f64| {
        if part >= 1.0 {
            Action::End
        } else {
            Action::SeekTime(from + (part * (to - from) as f64) as u64)
        }
    }));
    let here = props.reel.cursor.unwrap_or(to);
    let onkeydown = keys(props.act.clone(), here);
    let ago = format!("{} ago", coarse(to.saturating_sub(here)));
    let text = props.reel.cursor.map_or("now".to_string(), |_| ago);
    let rows = strip.lanes.iter().map(|lane| {
        let all = lane.spans.iter().filter_map(|span| stretch(span, strip));
        (lane.node, all.collect())
    });
    html! {
        <div class="timeline" style={format!("--count:{}", strip.lanes.len().max(1))}>
            { lanes::names(strip.lanes.iter().map(|lane| lane.node)) }
            <div class="lanes" id="live-strip" ref={scrub.bar} role="slider" tabindex="0"
                aria-label="The last minutes" aria-valuemin="0" aria-valuetext={text}
                aria-valuemax={((to - from) / 1_000_000).to_string()}
                aria-valuenow={(here.saturating_sub(from) / 1_000_000).to_string()}
                onpointerdown={scrub.down} onpointermove={scrub.moved} {onkeydown}
                onpointerup={scrub.stop.clone()} onpointercancel={scrub.stop}>
                { lanes::drawing(rows) }
                { for strip.lanes.iter().enumerate().map(|(row, lane)| gaps(row, lane, strip)) }
                <div class="marks">{ marks(strip, &props.act) }</div>
                <div class="playhead" style={format!("transform:translateX({:.3}%)", 100.0 * part(strip, here))} />
            </div>
        </div>
    }
}

/// Keys that belong to the strip while it has the focus.
fn keys(act: Callback<Action>, here: u64) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let there = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => here.saturating_sub(STEP),
            "ArrowRight" | "ArrowUp" => here + STEP,
            "PageDown" => here.saturating_sub(LEAP),
            "PageUp" => here + LEAP,
            _ => return,
        };
        event.prevent_default();
        act.emit(Action::SeekTime(there));
    })
}

/// Where a moment is.
fn part(strip: &Strip, moment: u64) -> f64 {
    let length = (strip.to - strip.from).max(1) as f64;
    moment.saturating_sub(strip.from) as f64 / length
}

fn stretch(span: &Span, strip: &Strip) -> Option<Stretch> {
    let state = match span.state {
        Shape::Crashed => "crashed",
        Shape::Frozen => "frozen",
        Shape::Leader => "leader",
        Shape::Candidate => "candidate",
        Shape::Follower => "follower",
        // Drawn as a gap.
        Shape::Unknown => return None,
    };
    Some(Stretch {
        place: (part(strip, span.from), part(strip, span.to)),
        state,
        term: span.term,
    })
}

/// Where nothing, or not everything, was received: hatched, never filled.
fn gaps(row: usize, lane: &Lane, strip: &Strip) -> Html {
    let unknown = lane
        .spans
        .iter()
        .filter(|span| span.state == Shape::Unknown)
        .map(|span| (span.from, span.to));
    let all = unknown.chain(lane.gaps.iter().copied());
    let one = |(at, (from, to)): (usize, (u64, u64))| {
        let (left, right) = (100.0 * part(strip, from), 100.0 * part(strip, to));
        let style = format!(
            "--row-at:{row};left:{left:.3}%;width:max(1.5px,{:.3}%)",
            right - left
        );
        let title = format!("Nothing from S{} for {}", lane.node, coarse(to - from));
        html! { <i class="gap" key={format!("{row}-{at}")} {style} {title} /> }
    };
    html! { <>{ for all.enumerate().map(one) }</> }
}

fn marks(strip: &Strip, act: &Callback<Action>) -> Html {
    let mut row = lanes::Row::default();
    let mut shown = Vec::new();
    for mark in &strip.marks {
        let (at, place) = (mark.at, part(strip, mark.at));
        if row.has_room(mark.fault, place, false) {
            let kind = if mark.fault { "fault" } else { "leads" };
            let go = act.reform(move |_| Action::SeekTime(at));
            shown.push(lanes::mark(at, kind, place, mark.text.clone(), go));
        }
    }
    html! { <>{ for shown }</> }
}
