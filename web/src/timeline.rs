//! The whole run at a glance: a lane per node coloured by term, marks above, drag to scrub.

use crate::action::Action;
use crate::palette;
use raftwerk_core::trace::Role;
use raftwerk_sim::{BranchInfo, MarkKind, Span, Timeline as Data};
use raftwerk_wire::view::NodeCondition;
use std::rc::Rc;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

/// Width of the drawing in its own units; it is stretched to the element.
pub const WIDTH: f64 = 1_000.0;
/// Height of one lane and of the row of marks.
const LANE: f64 = 9.0;
const MARKS: f64 = 12.0;
/// Marks closer than this are drawn as one.
const CROWD: f64 = 4.0;

/// The time at the right edge: grows in steps, so that the picture does not creep.
#[must_use]
pub fn horizon(end: u64) -> u64 {
    let mut horizon = 1_000_000_u64;
    while horizon.saturating_mul(24) / 25 < end {
        horizon = horizon.saturating_mul(3) / 2;
    }
    horizon
}

/// Props of [`TimelineBar`].
#[derive(Properties, PartialEq)]
pub struct TimelineProps {
    /// The run.
    pub data: Rc<Data>,
    /// Other branches.
    pub branches: Rc<Vec<BranchInfo>>,
    /// The branch shown.
    pub branch: usize,
    /// The moment shown, as of a moment ago.
    pub now: u64,
    /// The playhead; moved by the frame loop.
    pub playhead: NodeRef,
    /// What to do.
    pub act: Callback<Action>,
}

/// The timeline.
#[function_component]
pub fn TimelineBar(props: &TimelineProps) -> Html {
    let data = &props.data;
    let bar = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let horizon = horizon(data.end_time);
    let scrub = {
        let (bar, act) = (bar.clone(), props.act.clone());
        move |event: &PointerEvent| {
            let Some(bar) = bar.cast::<Element>() else {
                return;
            };
            let rect = bar.get_bounding_client_rect();
            let part = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
            act.emit(Action::SeekTime(
                (part.clamp(0.0, 1.0) * horizon as f64) as u64,
            ));
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
    let label = format!(
        "Timeline, {} nodes, {} marks, {:.1} seconds",
        data.lanes.len(),
        data.marks.len(),
        data.end_time as f64 / 1e6
    );
    html! {
        <div class="timeline" style={format!("--count:{}", data.lanes.len().max(1))}>
            <div class="lane-names" aria-hidden="true">
                { for data.lanes.iter().map(|lane| {
                    html! { <span key={lane.node}>{ format!("S{}", lane.node) }</span> }
                }) }
            </div>
            <div class="lanes" ref={bar} role="slider" tabindex="0" aria-label={label}
                aria-valuemin="0" aria-valuemax={(horizon / 1_000).to_string()}
                aria-valuenow={(props.now / 1_000).to_string()}
                aria-valuetext={format!("{:.3} s", props.now as f64 / 1e6)}
                {onpointerdown} {onpointermove} onkeydown={keys(&props.act)}
                onpointerup={stop.clone()} onpointercancel={stop}>
                <Drawing data={data.clone()} act={props.act.clone()} />
                <div class="playhead" ref={props.playhead.clone()} />
            </div>
            { branches(props) }
        </div>
    }
}

/// Arrows on the timeline go through time; elsewhere they go from node to node.
fn keys(act: &Callback<Action>) -> Callback<KeyboardEvent> {
    let act = act.clone();
    Callback::from(move |event: KeyboardEvent| {
        let action = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => Action::BackTime,
            "ArrowRight" | "ArrowUp" => Action::ForwardTime,
            "PageDown" => Action::PreviousLandmark,
            "PageUp" => Action::NextLandmark,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        act.emit(action);
    })
}

/// Props of [`Drawing`].
#[derive(Properties, PartialEq)]
struct DrawingProps {
    data: Rc<Data>,
    act: Callback<Action>,
}

/// Lanes and marks: drawn again only when the run has grown.
#[function_component]
fn Drawing(props: &DrawingProps) -> Html {
    let data = &props.data;
    let horizon = horizon(data.end_time);
    let height = MARKS + data.lanes.len() as f64 * LANE;
    html! { <>
        <svg viewBox={format!("0 0 {WIDTH} {height}")} preserveAspectRatio="none">
            { for data.lanes.iter().enumerate().map(|(row, lane)| html! {
                <g key={lane.node} transform={lane_place(row)}>
                    { for lane.spans.iter().map(|one| span(one, horizon)) }
                </g>
            }) }
        </svg>
        <div class="marks">{ marks(data, horizon, &props.act) }</div>
    </> }
}

fn lane_place(row: usize) -> String {
    format!("translate(0 {:.0})", MARKS + row as f64 * LANE)
}

fn span(span: &Span, horizon: u64) -> Html {
    let at = |time: u64| time as f64 / horizon as f64 * WIDTH;
    let (x, width) = (at(span.from), (at(span.to) - at(span.from)).max(0.6));
    let state = match (span.condition, span.role) {
        (NodeCondition::Crashed, _) => "crashed",
        (NodeCondition::Frozen, _) => "frozen",
        (_, Role::Leader) => "leader",
        (_, Role::Candidate | Role::PreCandidate) => "candidate",
        _ => "follower",
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

/// Marks as small buttons; those that would lie on each other are joined.
fn marks(data: &Data, horizon: u64, act: &Callback<Action>) -> Html {
    let mut last: Option<(MarkKind, f64)> = None;
    let shown = data.marks.iter().filter(|mark| {
        let x = mark.time as f64 / horizon as f64 * WIDTH;
        let crowded = last.is_some_and(|(kind, at)| {
            x - at < CROWD && (kind == mark.kind || mark.kind == MarkKind::Commit)
        });
        if !crowded {
            last = Some((mark.kind, x));
        }
        !crowded
    });
    shown
        .map(|mark| {
            let class = match mark.kind {
                MarkKind::Commit => "mark commit",
                MarkKind::Fault => "mark fault",
                MarkKind::Violation => "mark violation",
                MarkKind::Leader => "mark leads",
            };
            let position = mark.position;
            let go = act.reform(move |event: PointerEvent| {
                event.stop_propagation();
                Action::Seek(position)
            });
            let left = format!("left:{:.2}%", mark.time as f64 / horizon as f64 * 100.0);
            let title = format!("{:.3} s: {}", mark.time as f64 / 1e6, mark.text);
            let key = format!("{position}{class}");
            html! { <i {key} {class} style={left} {title} onpointerdown={go} /> }
        })
        .collect()
}

fn branches(props: &TimelineProps) -> Html {
    if props.branches.len() < 2 {
        return html! {};
    }
    let one = |info: &BranchInfo| {
        let id = info.id;
        let name = match info.parent {
            None => "main".to_string(),
            Some(_) => format!("branch {id} from {:.3} s", info.fork_time as f64 / 1e6),
        };
        html! { <option value={id.to_string()} selected={id == props.branch}>{ name }</option> }
    };
    let onchange = props.act.reform(|event: Event| {
        let select = event.target_unchecked_into::<web_sys::HtmlSelectElement>();
        Action::Branch(select.value().parse().unwrap_or(0))
    });
    html! {
        <label class="branches"><span class="visually-hidden">{ "Branch" }</span>
            <select id="branch" {onchange}>{ for props.branches.iter().map(one) }</select>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_edge_is_ahead_of_the_end() {
        for end in [0, 999_999, 1_000_000, 5_000_000, 3_600_000_000] {
            assert!(horizon(end) > end);
            assert!(horizon(end) <= end.max(700_000) * 2);
        }
    }
}
