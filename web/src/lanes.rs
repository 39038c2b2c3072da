//! What the timeline of the playground and the strip of the last minutes have in common: a lane
//! per node that is coloured by term, marks above, and dragging to another moment.
//!
//! Places along a bar are parts of its length, from 0 to 1.

use crate::palette;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

/// Width of the drawing in its own units; it is stretched to the element.
const WIDTH: f64 = 1_000.0;
/// Height of one lane and of the row of marks.
const LANE: f64 = 9.0;
const MARKS: f64 = 12.0;
/// Marks closer than this are drawn as one.
const CROWD: f64 = 0.004;

/// A bar that is dragged on: what its element needs.
pub struct Scrub {
    /// The element.
    pub bar: NodeRef,
    /// A pointer goes down.
    pub down: Callback<PointerEvent>,
    /// It moves.
    pub moved: Callback<PointerEvent>,
    /// It goes up, or is lost.
    pub stop: Callback<PointerEvent>,
}

/// Tells where on the bar the pointer is while it is down.
#[hook]
pub fn use_scrub(to: Callback<f64>) -> Scrub {
    let bar = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let scrub = {
        let bar = bar.clone();
        move |event: &PointerEvent| {
            if let Some(bar) = bar.cast::<Element>() {
                let rect = bar.get_bounding_client_rect();
                let part = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
                to.emit(part.clamp(0.0, 1.0));
            }
        }
    };
    let down = {
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
    let moved = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                scrub(&event);
            }
        })
    };
    let stop = Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false);
    Scrub {
        bar,
        down,
        moved,
        stop,
    }
}

/// The names of the lanes, left of the bar.
pub fn names(nodes: impl Iterator<Item = u64>) -> Html {
    let name = |node: u64| html! { <span key={node}>{ format!("S{node}") }</span> };
    html! { <div class="lane-names" aria-hidden="true">{ for nodes.map(name) }</div> }
}

/// A stretch of a lane in which a node stayed what it was.
pub struct Stretch {
    /// Begin and end.
    pub place: (f64, f64),
    /// What it was, as a class.
    pub state: &'static str,
    /// Its term.
    pub term: u64,
}

/// The lanes, each with its stretches in order.
pub fn drawing(lanes: impl Iterator<Item = (u64, Vec<Stretch>)>) -> Html {
    let lanes: Vec<(u64, Vec<Stretch>)> = lanes.collect();
    let height = MARKS + lanes.len() as f64 * LANE;
    let lane = |(row, (node, all)): (usize, (u64, Vec<Stretch>))| {
        let place = format!("translate(0 {:.0})", MARKS + row as f64 * LANE);
        // Several may begin at one moment, so their place in the row tells them apart.
        let all = all.iter().enumerate().map(|(at, one)| span(at, one));
        html! { <g key={node} transform={place}>{ for all }</g> }
    };
    html! {
        <svg viewBox={format!("0 0 {WIDTH} {height}")} preserveAspectRatio="none">
            { for lanes.into_iter().enumerate().map(lane) }
        </svg>
    }
}

fn span(key: usize, stretch: &Stretch) -> Html {
    let ((from, to), state) = (stretch.place, stretch.state);
    let (x, width) = (from * WIDTH, ((to - from) * WIDTH).max(0.6));
    // A leader fills its lane; the others are thin, so leadership reads as one stepped line.
    let (y, height) = match state {
        "leader" => (0.5, LANE - 1.0),
        "candidate" => (2.0, LANE - 4.0),
        _ => (3.0, LANE - 6.0),
    };
    html! {
        <rect {key} class={classes!("span", state, palette::term_class(stretch.term))}
            x={format!("{x:.2}")} y={y.to_string()} width={format!("{width:.2}")}
            height={height.to_string()} />
    }
}

/// Which marks are shown: of those that would lie on each other only the first.
pub struct Row<K> {
    last: Option<(K, f64)>,
}

impl<K> Default for Row<K> {
    fn default() -> Row<K> {
        Row { last: None }
    }
}

impl<K: PartialEq> Row<K> {
    /// Whether there is room for a mark. One that `yields` gives way to every other kind too.
    pub fn has_room(&mut self, kind: K, at: f64, yields: bool) -> bool {
        let close = |(last, there): &(K, f64)| at - there < CROWD && (yields || *last == kind);
        let room = !self.last.as_ref().is_some_and(close);
        if room {
            self.last = Some((kind, at));
        }
        room
    }
}

/// A mark: a small button above the lanes. `key` tells it from the others of its kind.
pub fn mark(
    key: u64,
    kind: &'static str,
    at: f64,
    title: String,
    go: Callback<PointerEvent>,
) -> Html {
    let go = Callback::from(move |event: PointerEvent| {
        event.stop_propagation();
        go.emit(event);
    });
    let (key, style) = (format!("{key}{kind}"), format!("left:{:.2}%", at * 100.0));
    html! { <i {key} class={classes!("mark", kind)} {style} {title} onpointerdown={go} /> }
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn marks_on_each_other_are_one() {
        let mut row = Row::default();
        assert!(row.has_room('a', 0.1, false));
        assert!(!row.has_room('a', 0.102, false));
        assert!(row.has_room('b', 0.102, false));
        assert!(!row.has_room('a', 0.103, true));
        assert!(row.has_room('b', 0.2, true));
    }
}
