//! Below the live stage: the last minutes at a glance, and the controls to look back at them.

use super::strip::{Lane, Mark, Shape, Span, Strip};
use crate::action::Action;
use crate::palette;
use crate::panel::coarse;
use std::rc::Rc;
use web_sys::{Element, KeyboardEvent, PointerEvent};
use yew::prelude::*;

/// Width of the drawing in its own units; it is stretched to the element.
const WIDTH: f64 = 1_000.0;
/// Height of one lane and of the row of marks.
const LANE: f64 = 9.0;
const MARKS: f64 = 12.0;
/// Marks closer than this are drawn as one.
const CROWD: f64 = 4.0;
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
    /// What to do.
    pub act: Callback<Action>,
}

const START: &str = "M6 5V19H8.5V5ZM19 5V19L9.5 12Z";
const PREVIOUS: &str = "M12 5V19L4 12ZM20 5V19L12 12Z";
const BACK: &str = "M16 5V19L7 12Z";
const PLAY: &str = "M7 4.5V19.5L19 12Z";
const PAUSE: &str = "M6.5 5H10.5V19H6.5ZM13.5 5H17.5V19H13.5Z";
const FORWARD: &str = "M8 5V19L17 12Z";
const NEXT: &str = "M4 5V19L12 12ZM12 5V19L20 12Z";
const END: &str = "M5 5V19L14.5 12ZM15.5 5V19H18V5Z";

/// Strip and controls.
#[function_component]
pub fn LiveBar(props: &LiveBarProps) -> Html {
    html! { <>
        if !props.reel.strip.lanes.is_empty() {
            <StripBar reel={props.reel.clone()} act={props.act.clone()} />
        }
        { controls(props) }
    </> }
}

fn controls(props: &LiveBarProps) -> Html {
    let live = props.reel.cursor.is_none();
    let button = |id: &'static str, name: &'static str, key: &'static str, d, action: Action| {
        let onclick = props.act.reform(move |_: MouseEvent| action.clone());
        let title = format!("{name} ({key})");
        html! {
            <button {id} class="icon" {title} aria-label={name} aria-keyshortcuts={key} {onclick}>
                <svg viewBox="0 0 24 24" aria-hidden="true"><path {d} /></svg>
            </button>
        }
    };
    let (name, d) = if live {
        ("Pause the picture", PAUSE)
    } else {
        ("Follow the cluster", PLAY)
    };
    html! {
        <div class="transport live" role="group" aria-label="Live">
            <div class="buttons">
                { button("start", "To the oldest moment kept", "Home", START, Action::Start) }
                { button("prev", "Previous interesting event", "[", PREVIOUS,
                    Action::PreviousLandmark) }
                { button("back", "Back one event", ",", BACK, Action::Back) }
                <span class="play">{ button("play", name, "Space", d, Action::TogglePlay) }</span>
                { button("forward", "Forward one event", ".", FORWARD, Action::Forward) }
                { button("next", "Next interesting event", "]", NEXT, Action::NextLandmark) }
                { button("end", "Back to now", "End", END, Action::End) }
            </div>
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
    let bar = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let (from, to) = (strip.from, strip.to);
    let scrub = {
        let (bar, act) = (bar.clone(), props.act.clone());
        move |event: &PointerEvent| {
            let Some(bar) = bar.cast::<Element>() else {
                return;
            };
            let rect = bar.get_bounding_client_rect();
            let part = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
            // The right edge is now, and now moves on.
            act.emit(if part >= 1.0 {
                Action::End
            } else {
                let moment = from + (part.max(0.0) * (to - from) as f64) as u64;
                Action::SeekTime(moment)
            });
        }
    };
    let onpointerdown = {
        let (scrub, dragging, bar) = (scrub.clone(), dragging.clone(), bar.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            *dragging.borrow_mut() = true;
            if let Some(bar) = bar.cast::<Element>() {
                let _ = bar.set_pointer_capture(event.pointer_id());
            }
            scrub(&event);
        })
    };
    let onpointermove = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                scrub(&event);
            }
        })
    };
    let stop = Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false);
    let here = props.reel.cursor.unwrap_or(to);
    let onkeydown = keys(props.act.clone(), here);
    let height = MARKS + strip.lanes.len() as f64 * LANE;
    let ago = format!("{} ago", coarse(to.saturating_sub(here)));
    let text = props.reel.cursor.map_or("now".to_string(), |_| ago);
    html! {
        <div class="timeline" style={format!("--count:{}", strip.lanes.len().max(1))}>
            <div class="lane-names" aria-hidden="true">
                { for strip.lanes.iter().map(|lane| {
                    html! { <span>{ format!("S{}", lane.node) }</span> }
                }) }
            </div>
            <div class="lanes" id="live-strip" ref={bar} role="slider" tabindex="0"
                aria-label="The last minutes" aria-valuemin="0" aria-valuetext={text}
                aria-valuemax={((to - from) / 1_000_000).to_string()}
                aria-valuenow={(here.saturating_sub(from) / 1_000_000).to_string()}
                {onpointerdown} {onpointermove} {onkeydown}
                onpointerup={stop.clone()} onpointercancel={stop}>
                <svg viewBox={format!("0 0 {WIDTH} {height}")} preserveAspectRatio="none">
                    { for strip.lanes.iter().enumerate().map(|(row, lane)| html! {
                        <g key={lane.node} transform={lane_place(row)}>
                            { for lane.spans.iter().map(|one| span(one, strip)) }
                        </g>
                    }) }
                </svg>
                { for strip.lanes.iter().enumerate().map(|(row, lane)| gaps(row, lane, strip)) }
                <div class="marks">{ marks(strip, &props.act) }</div>
                <div class="playhead" style={format!("transform:translateX({:.3}%)", part(strip, here))} />
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

fn lane_place(row: usize) -> String {
    format!("translate(0 {:.0})", MARKS + row as f64 * LANE)
}

/// Where a moment is, in percent.
fn part(strip: &Strip, moment: u64) -> f64 {
    let length = (strip.to - strip.from).max(1) as f64;
    100.0 * moment.saturating_sub(strip.from) as f64 / length
}

fn span(span: &Span, strip: &Strip) -> Html {
    let at = |moment| part(strip, moment) / 100.0 * WIDTH;
    let (x, width) = (at(span.from), (at(span.to) - at(span.from)).max(0.6));
    let state = match span.state {
        Shape::Crashed => "crashed",
        Shape::Frozen => "frozen",
        Shape::Leader => "leader",
        Shape::Candidate => "candidate",
        Shape::Follower => "follower",
        // Drawn as a gap.
        Shape::Unknown => return html! {},
    };
    // A leader fills its lane; the others are thin, so leadership reads as one stepped line.
    let (y, height) = match state {
        "leader" => (0.5, LANE - 1.0),
        "candidate" => (2.0, LANE - 4.0),
        _ => (3.0, LANE - 6.0),
    };
    html! {
        <rect key={span.from} class={classes!("span", state, palette::term_class(span.term))}
            x={format!("{x:.2}")} y={y.to_string()} width={format!("{width:.2}")}
            height={height.to_string()} />
    }
}

/// Where nothing, or not everything, was received: hatched, never filled.
fn gaps(row: usize, lane: &Lane, strip: &Strip) -> Html {
    let unknown = lane
        .spans
        .iter()
        .filter(|span| span.state == Shape::Unknown)
        .map(|span| (span.from, span.to));
    let all = unknown.chain(lane.gaps.iter().copied());
    let one = |(from, to): (u64, u64)| {
        let (left, right) = (part(strip, from), part(strip, to));
        let style = format!(
            "--row-at:{row};left:{left:.3}%;width:max(1.5px,{:.3}%)",
            right - left
        );
        let title = format!("Nothing from S{} for {}", lane.node, coarse(to - from));
        html! { <i class="gap" key={format!("{}{from}", lane.node)} {style} {title} /> }
    };
    html! { <>{ for all.map(one) }</> }
}

/// Marks as small buttons; those that would lie on each other are joined.
fn marks(strip: &Strip, act: &Callback<Action>) -> Html {
    let mut last: Option<(bool, f64)> = None;
    let shown = strip.marks.iter().filter(|mark| {
        let x = part(strip, mark.at) / 100.0 * WIDTH;
        let crowded = last.is_some_and(|(fault, at)| x - at < CROWD && fault == mark.fault);
        if !crowded {
            last = Some((mark.fault, x));
        }
        !crowded
    });
    shown.map(|mark| one_mark(mark, strip, act)).collect()
}

fn one_mark(mark: &Mark, strip: &Strip, act: &Callback<Action>) -> Html {
    let class = if mark.fault {
        "mark fault"
    } else {
        "mark leads"
    };
    let at = mark.at;
    let go = act.reform(move |event: PointerEvent| {
        event.stop_propagation();
        Action::SeekTime(at)
    });
    let style = format!("left:{:.2}%", part(strip, at));
    let title = mark.text.clone();
    html! { <i key={format!("{at}{class}")} {class} {style} {title} onpointerdown={go} /> }
}
