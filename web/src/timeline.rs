//! The whole run at a glance: a lane per node coloured by term, marks above, drag to scrub.

use crate::action::Action;
use crate::lanes::{self, Stretch, use_scrub};
use raftwerk_core::trace::Role;
use raftwerk_sim::{BranchInfo, Mark, MarkKind, Span, Timeline as Data};
use raftwerk_wire::view::NodeCondition;
use std::rc::Rc;
use yew::prelude::*;

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
    let horizon = horizon(data.end_time);
    let scrub = use_scrub(
        props
            .act
            .reform(move |part: f64| Action::SeekTime((part * horizon as f64) as u64)),
    );
    let label = format!(
        "Timeline, {} nodes, {} marks, {:.1} seconds",
        data.lanes.len(),
        data.marks.len(),
        data.end_time as f64 / 1e6
    );
    html! {
        <div class="timeline" style={format!("--count:{}", data.lanes.len().max(1))}>
            { lanes::names(data.lanes.iter().map(|lane| lane.node)) }
            <div class="lanes" ref={scrub.bar} role="slider" tabindex="0" aria-label={label}
                aria-valuemin="0" aria-valuemax={(horizon / 1_000).to_string()}
                aria-valuenow={(props.now / 1_000).to_string()}
                aria-valuetext={format!("{:.3} s", props.now as f64 / 1e6)}
                onpointerdown={scrub.down} onpointermove={scrub.moved} onkeydown={keys(&props.act)}
                onpointerup={scrub.stop.clone()} onpointercancel={scrub.stop}>
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
    let rows = data.lanes.iter().map(|lane| {
        let all = lane.spans.iter().map(|span| stretch(span, horizon));
        (lane.node, all.collect())
    });
    html! { <>
        { lanes::drawing(rows) }
        <div class="marks">{ marks(data, horizon, &props.act) }</div>
    </> }
}

fn stretch(span: &Span, horizon: u64) -> Stretch {
    let at = |time: u64| time as f64 / horizon as f64;
    let state = match (span.condition, span.role) {
        (NodeCondition::Crashed, _) => "crashed",
        (NodeCondition::Frozen, _) => "frozen",
        (_, Role::Leader) => "leader",
        (_, Role::Candidate | Role::PreCandidate) => "candidate",
        _ => "follower",
    };
    Stretch {
        place: (at(span.from), at(span.to)),
        state,
        term: span.term,
    }
}

fn marks(data: &Data, horizon: u64, act: &Callback<Action>) -> Html {
    let at = |mark: &Mark| mark.time as f64 / horizon as f64;
    let mut row = lanes::Row::default();
    let mut shown = Vec::new();
    for mark in &data.marks {
        if !row.has_room(mark.kind, at(mark), mark.kind == MarkKind::Commit) {
            continue;
        }
        let kind = match mark.kind {
            MarkKind::Commit => "commit",
            MarkKind::Fault => "fault",
            MarkKind::Violation => "violation",
            MarkKind::Leader => "leads",
        };
        let position = mark.position;
        let go = act.reform(move |_| Action::Seek(position));
        let title = format!("{:.3} s: {}", mark.time as f64 / 1e6, mark.text);
        shown.push(lanes::mark(position, kind, at(mark), title, go));
    }
    html! { <>{ for shown }</> }
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
