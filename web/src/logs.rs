//! All logs aligned by index: what each node has, what it knows to be committed, what it has
//! applied, and what is not on its disk yet.
//!
//! Only the cells in sight (and 20 more on each side) exist. The newest entry stays at 80% of
//! the width until somebody scrolls. Everything drawn is in the picture; a table says the same
//! to screen readers.

mod cells;
mod ghosts;
mod keyboard;
mod summary;

use crate::action::{Action, Selection};
use crate::panel::PanelProps;
use cells::{Extent, PITCH};
use ghosts::Ghosts;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::{NodeCondition, NodeView};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Where the newest entry stays, as a part of the width.
const NEWEST_AT: f64 = 0.8;
/// A ghost of a removed entry stays this long (milliseconds).
const GHOST: u32 = 1_500;

/// What part of the logs is in sight (CSS pixels).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sight {
    left: f64,
    width: f64,
}

/// Removed entries, which fade; with reduced motion they stay until the next picture.
#[hook]
fn use_ghosts(props: &PanelProps) -> Rc<RefCell<Ghosts>> {
    let ghosts = use_mut_ref(Ghosts::default);
    let faded = use_force_update();
    let stamp = ghosts
        .borrow_mut()
        .look(&props.view, crate::driver::real_now());
    let calm = props.calm;
    use_effect_with(stamp, move |stamp| {
        let timer = (!calm && *stamp > 0)
            .then(|| gloo_timers::callback::Timeout::new(GHOST, move || faded.force_update()));
        move || drop(timer)
    });
    ghosts
}

/// Whoever scrolls stops following, until the newest entry is in sight again.
fn scrolled(
    sight: &UseStateHandle<Sight>,
    following: &UseStateHandle<bool>,
    placed: &Rc<RefCell<Cell<f64>>>,
) -> Callback<yew::Event> {
    let (sight, following, placed) = (sight.clone(), following.clone(), placed.clone());
    Callback::from(move |event: yew::Event| {
        let target = event.target();
        let Some(element) = target.and_then(|t| t.dyn_into::<HtmlElement>().ok()) else {
            return;
        };
        let now = seen(&element);
        if now != *sight {
            sight.set(now);
        }
        if (now.left - placed.borrow().get()).abs() > 2.0 {
            let rest = f64::from(element.scroll_width()) - now.left - now.width;
            following.set(rest < PITCH);
        }
    })
}

/// The panel.
#[function_component]
pub fn Logs(props: &PanelProps) -> Html {
    let scroller = use_node_ref();
    let sight = use_state(|| Sight {
        left: 0.0,
        width: 900.0,
    });
    let following = use_state(|| true);
    let placed = use_mut_ref(|| Cell::new(-1.0_f64));
    let extent = Extent::of(&props.view);
    let ghosts = use_ghosts(props);
    {
        let (scroller, sight, placed) = (scroller.clone(), sight.clone(), placed.clone());
        use_effect_with((extent, *following), move |(extent, following)| {
            if let Some(element) = scroller.cast::<HtmlElement>() {
                place(&element, *extent, *following, &placed.borrow(), &sight);
            }
        });
    }
    let onscroll = scrolled(&sight, &following, &placed);
    let jump = {
        let following = following.clone();
        Callback::from(move |_: MouseEvent| following.set(true))
    };
    let visible = ghosts
        .borrow()
        .list(crate::driver::real_now(), f64::from(GHOST), props.calm);
    html! {
        <section class="logs panel" aria-labelledby="logs-title">
            <div class="head">
                <h2 id="logs-title">{ "Logs" }</h2>
                { legend(props) }
                if !*following {
                    <button class="small" id="logs-latest" onclick={jump}>
                        { "Jump to latest" }</button>
                }
            </div>
            if props.view.nodes.is_empty() {
                <p class="empty">{ "No node is known yet." }</p>
            } else {
                <div class="log-scroll" ref={scroller} {onscroll} tabindex="0" role="application"
                    aria-label="Logs. Arrow keys move from entry to entry."
                    onclick={click(props)} onkeydown={keyboard::onkeydown(props)}>
                    { cells::grid(props, extent, (sight.left, sight.width), &visible) }
                </div>
                { summary::table(&props.view) }
            }
        </section>
    }
}

fn seen(element: &HtmlElement) -> Sight {
    Sight {
        left: f64::from(element.scroll_left()),
        width: f64::from(element.client_width()),
    }
}

/// Puts the newest entry at its place while following, and notes what is in sight.
fn place(
    element: &HtmlElement,
    extent: Extent,
    following: bool,
    placed: &Cell<f64>,
    sight: &UseStateHandle<Sight>,
) {
    let width = f64::from(element.client_width());
    if following {
        let left = (extent.x(extent.last) + PITCH - NEWEST_AT * width)
            .max(0.0)
            .round();
        element.set_scroll_left(left as i32);
        placed.set(f64::from(element.scroll_left()));
    }
    let now = seen(element);
    if now != **sight {
        sight.set(now);
    }
}

/// A click on a cell selects the entry.
fn click(props: &PanelProps) -> Callback<MouseEvent> {
    let act = props.act.clone();
    Callback::from(move |event: MouseEvent| {
        let target = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let cell = target.and_then(|target| target.closest("[data-entry]").ok().flatten());
        let number = |cell: &web_sys::Element, name: &str| {
            cell.get_attribute(name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        if let Some(cell) = cell
            && let (Some(node), Some(index)) =
                (number(&cell, "data-log"), number(&cell, "data-entry"))
        {
            act.emit(Action::Select(Selection::Entry { node, index }));
        }
    })
}

/// Whose knowledge of its peers is drawn: the selected leader, else the newest one that runs.
fn leader(props: &PanelProps) -> Option<&NodeView> {
    let leaders = || {
        props
            .view
            .nodes
            .iter()
            .filter(|card| card.condition != NodeCondition::Crashed)
            .filter_map(|card| card.view.as_ref())
            .filter(|view| view.role == Role::Leader)
    };
    let chosen = match props.selection {
        Selection::Node(id) => leaders().find(|view| view.id == id),
        _ => None,
    };
    chosen.or_else(|| leaders().max_by_key(|view| view.term))
}

fn legend(props: &PanelProps) -> Html {
    let whose = leader(props).map(|view| format!("next and match of S{}", view.id));
    html! {
        <div class="legend" aria-hidden="true">
            <span><i class="key solid" />{ "known committed" }</span>
            <span><i class="key dashed" />{ "not yet" }</span>
            <span><i class="key line" />{ "committed" }</span>
            <span><i class="key applied" />{ "applied" }</span>
            <span><i class="key wavy" />{ "not on disk" }</span>
            if let Some(whose) = whose {
                <span><i class="key next" /><i class="key match" />{ whose }</span>
            }
        </div>
    }
}
