//! The stage: the cluster as a ring, drawn from the view and nothing else.
//!
//! What stands still is drawn by Yew after each event; what moves is written by [`Layer`] on
//! each frame. Gestures are read here and leave as actions.

pub mod card;
pub mod chip;
mod chosen;
pub mod clients;
pub mod geometry;
pub mod gesture;
mod hull;
pub mod lane;
pub mod layer;
pub mod layout;
pub mod links;
pub mod node;
pub mod offers;
mod pointer;
pub mod shapes;
mod sprite;
mod tools;

use crate::action::{Action, Mode, Selection};
use crate::message;
use crate::shown::Shown;
use card::Card;
use chip::Chip;
use clients::Clients;
use geometry::{Geometry, Point};
use gesture::Gesture;
use gloo_timers::callback::Timeout;
use layer::Layer;
use layout::Layout;
use links::{Beliefs, Hulls, Links};
use node::{Face, NodeGlyph};
use offers::Target;
use raftwerk_wire::view::{ClientView, ClusterView};
use std::cell::RefCell;
use std::rc::Rc;
use tools::Tools;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, PointerEvent, ResizeObserver};
use yew::prelude::*;

/// The layer of moving things, shared with the frame loop.
#[derive(Clone, Default)]
pub struct SharedLayer(pub Rc<RefCell<Layer>>);

impl PartialEq for SharedLayer {
    fn eq(&self, other: &SharedLayer) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Props of [`Stage`].
#[derive(Properties, PartialEq)]
pub struct StageProps {
    /// The cluster.
    pub view: Shown,
    /// What is selected.
    pub selection: Selection,
    /// Where the view comes from.
    pub mode: Mode,
    /// Whether faults on the live cluster are unlocked.
    pub armed: bool,
    /// Reduced motion.
    pub calm: bool,
    /// Where a person has put nodes.
    pub layout: Rc<Layout>,
    /// Whether the pointer drags nodes instead of drawing.
    pub move_tool: bool,
    /// Counts pushes of the selected node by keys, with the direction of the last.
    pub pushed: (u32, i8, i8),
    /// What moves.
    pub layer: SharedLayer,
    /// Counts requests to open the card of the selection from the keyboard.
    pub menu: u32,
    /// What to do with a gesture.
    pub act: Callback<Action>,
}

/// What happens to the stage.
pub enum Msg {
    /// It has another size now.
    Size(f64, f64),
    /// A pointer went down, moved, went up or was lost.
    Down(PointerEvent),
    /// Moved.
    Move(PointerEvent),
    /// Up.
    Up(PointerEvent),
    /// Lost.
    Lost,
    /// The pointer comes to a message (true) or leaves it.
    Hover(PointerEvent, bool),
    /// Second button, or a long press.
    Menu(Target, (f64, f64)),
    /// Second click in short time.
    Double(MouseEvent),
    /// A key on something of the stage.
    Key(KeyboardEvent),
    /// The card closes.
    CloseCard,
    /// The question after a lasso is answered.
    Caught(Option<Vec<Action>>),
}

/// The stage component.
pub struct Stage {
    board: NodeRef,
    flights: NodeRef,
    trail: NodeRef,
    size: (f64, f64),
    geometry: Geometry,
    card: Option<(Target, (f64, f64))>,
    gesture: Gesture,
    caught: Vec<u64>,
    chip_at: (f64, f64),
    press: Option<Timeout>,
    watch: Option<(ResizeObserver, Closure<dyn FnMut()>)>,
}

impl Component for Stage {
    type Message = Msg;
    type Properties = StageProps;

    fn create(ctx: &Context<Self>) -> Stage {
        let mut stage = Stage {
            board: NodeRef::default(),
            flights: NodeRef::default(),
            trail: NodeRef::default(),
            size: (600.0, 560.0),
            geometry: Geometry::default(),
            card: None,
            gesture: Gesture::default(),
            caught: Vec::new(),
            chip_at: (0.0, 0.0),
            press: None,
            watch: None,
        };
        stage.lay_out(ctx.props());
        stage
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &StageProps) -> bool {
        let props = ctx.props();
        self.lay_out(props);
        if props.pushed.0 != old.pushed.0 {
            self.push(props);
        }
        if props.menu != old.menu {
            self.open_selected(props);
        }
        if let Some((target, _)) = self.card {
            let away = props.selection != old.selection && props.selection != target.selection();
            if away && target != Target::Stage || props.mode != old.mode {
                self.card = None;
            }
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Size(width, height) => {
                let changed = self.size != (width, height);
                self.size = (width, height);
                self.lay_out(ctx.props());
                changed
            }
            Msg::Down(event) => self.down(ctx, &event),
            Msg::Move(event) => self.moved(ctx, &event),
            Msg::Up(event) => self.up(ctx, &event),
            Msg::Lost => {
                self.press = None;
                self.gesture.cancel();
                self.draw_trail("");
                false
            }
            Msg::Hover(event, on) => {
                let props = ctx.props();
                let flight = match gesture::target_of(event.target()) {
                    Target::Message(id) if on => message::find(&props.view, id),
                    _ => None,
                };
                props.layer.0.borrow_mut().hover(flight.as_ref());
                false
            }
            Msg::Menu(target, at) => self.menu(ctx, target, at),
            Msg::Double(event) => self.double(ctx, &event),
            Msg::Key(event) => self.key(ctx, &event),
            Msg::CloseCard => {
                self.card = None;
                self.refocus(ctx.props().selection);
                true
            }
            Msg::Caught(actions) => {
                self.caught.clear();
                for action in actions.into_iter().flatten() {
                    ctx.props().act.emit(action);
                }
                true
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let link = ctx.link();
        let (width, height) = self.size;
        let members: Vec<u64> = props.view.nodes.iter().map(|card| card.id).collect();
        let oncontextmenu = {
            let board = self.board.clone();
            link.callback(move |event: MouseEvent| {
                event.prevent_default();
                let target = gesture::target_of(event.target());
                Msg::Menu(
                    target,
                    gesture::place(&board, event.client_x(), event.client_y()),
                )
            })
        };
        let cards = props.view.nodes.iter();
        let size = format!("0 0 {width:.0} {height:.0}");
        html! {
            <div class={classes!("stage", props.calm.then_some("calm"),
                props.move_tool.then_some("moving"))}>
                <div class="board" ref={self.board.clone()}
                    onpointerdown={link.callback(Msg::Down)}
                    onpointermove={link.callback(Msg::Move)}
                    onpointerup={link.callback(Msg::Up)}
                    onpointercancel={link.callback(|_| Msg::Lost)}
                    ondblclick={link.callback(Msg::Double)} onkeydown={link.callback(Msg::Key)}
                    {oncontextmenu}>
                    <svg role="group" aria-label="Cluster" viewBox={size.clone()}>
                        { defs() }
                        <Hulls geometry={self.geometry.clone()}
                            groups={props.view.groups.clone()} />
                        <Links geometry={self.geometry.clone()} cuts={props.view.cuts.clone()}
                            clogs={props.view.clogs.clone()} selected={match props.selection {
                                Selection::Link(from, to) => Some((from, to)),
                                _ => None,
                            }} />
                        <Beliefs geometry={self.geometry.clone()} pairs={beliefs(&props.view)} />
                        <g class="nodes">{ for cards.map(|card| self.node(props, card)) }</g>
                        <path class="lasso" ref={self.trail.clone()} />
                    </svg>
                    // What moves is a drawing of its own, so that nothing else is drawn with it.
                    <svg class="flights" viewBox={size} ref={self.flights.clone()}
                        onpointerover={link.callback(|event| Msg::Hover(event, true))}
                        onpointerout={link.callback(|event| Msg::Hover(event, false))} />
                </div>
                if !props.view.clients.is_empty() && !props.view.nodes.is_empty() {
                    <Clients clients={clients::faces(&props.view)} width={self.geometry.client}
                        selection={props.selection} act={props.act.clone()} />
                }
                <Tools move_tool={props.move_tool} moved={!props.layout.is_ring()}
                    act={props.act.clone()} />
                { self.card(ctx) }
                if !self.caught.is_empty() {
                    <Chip at={self.chip_at} stage={self.size} members={members}
                        caught={self.caught.clone()} answer={link.callback(Msg::Caught)} />
                }
            </div>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            self.watch_size(ctx);
        }
        let props = ctx.props();
        if let Some(root) = self.flights.cast::<Element>() {
            let mut layer = props.layer.0.borrow_mut();
            layer.set_calm(props.calm);
            layer.choose(match props.selection {
                Selection::Message(id) => Some(id),
                _ => None,
            });
            layer.sync(&root, &props.view, &self.geometry);
        }
    }

    fn destroy(&mut self, _: &Context<Self>) {
        if let Some((observer, _)) = &self.watch {
            observer.disconnect();
        }
    }
}

impl Stage {
    fn lay_out(&mut self, props: &StageProps) {
        let view = &props.view;
        let members: Vec<u64> = view.nodes.iter().map(|card| card.id).collect();
        let clients: Vec<u64> = view.clients.iter().map(|client| client.id).collect();
        let geometry = Geometry::new(self.size, &members, &clients, &props.layout);
        if geometry != self.geometry {
            self.geometry = geometry;
        }
    }

    fn watch_size(&mut self, ctx: &Context<Self>) {
        let Some(board) = self.board.cast::<Element>() else {
            return;
        };
        let (link, element) = (ctx.link().clone(), board.clone());
        let measure = Closure::<dyn FnMut()>::new(move || {
            let rect = element.get_bounding_client_rect();
            if rect.width() > 1.0 && rect.height() > 1.0 {
                link.send_message(Msg::Size(rect.width().round(), rect.height().round()));
            }
        });
        if let Ok(observer) = ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&board);
            self.watch = Some((observer, measure));
        }
    }

    fn node(&self, props: &StageProps, card: &raftwerk_wire::view::NodeCard) -> Html {
        let Some(at) = self.geometry.place(card.id) else {
            return html! {};
        };
        html! {
            <NodeGlyph key={card.id} face={Face::of(card, props.mode == Mode::Live)} {at}
                radius={self.geometry.node} side={self.geometry.side(card.id)}
                selected={props.selection == Selection::Node(card.id)}
                caught={self.caught.contains(&card.id)} />
        }
    }

    fn card(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let Some((target, at)) = self.card else {
            return html! {};
        };
        let Some(content) = offers::card(&props.view, target, props.mode, props.armed) else {
            return html! {};
        };
        let close = ctx.link().callback(|()| Msg::CloseCard);
        html! { <Card key={format!("{target:?}")} {at} stage={self.size} {content}
        act={props.act.clone()} {close} /> }
    }

    fn draw_trail(&self, d: &str) {
        if let Some(trail) = self.trail.cast::<Element>() {
            let _ = trail.set_attribute("d", d);
        }
    }
}

/// Each client with the node it believes to lead.
fn beliefs(view: &ClusterView) -> Vec<(u64, u64)> {
    let pair = |client: &ClientView| client.leader.map(|leader| (client.id, leader));
    view.clients.iter().filter_map(pair).collect()
}

/// Patterns and markers used by everything on the stage.
fn defs() -> Html {
    html! {
        <defs>
            <pattern id="diagonal" width="6" height="6" patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)">
                <rect class="stripe" width="2" height="6" />
            </pattern>
            <pattern id="dead" width="7" height="7" patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)">
                <path class="weave" d="M0 0H7M0 0V7" />
            </pattern>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"
                markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8Z" /></marker>
        </defs>
    }
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Point {
        Point { x, y }
    }
}
