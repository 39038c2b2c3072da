//! What pointers and keys on the stage lead to.

use super::gesture::{self, Ended};
use super::offers::{self, Target};
use super::{Msg, Stage};
use crate::action::{Action, Mode, Selection};
use gloo_timers::callback::Timeout;
use raftwerk_sim::Intervention;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

/// A finger that rests this long means the second mouse button (milliseconds).
const LONG_PRESS: u32 = 500;

impl Stage {
    pub(super) fn down(&mut self, ctx: &Context<Self>, event: &PointerEvent) -> bool {
        if event.button() != 0 {
            return false;
        }
        let target = gesture::target_of(event.target());
        let at = gesture::place(&self.board, event.client_x(), event.client_y());
        let had_card = self.card.take().is_some() || !self.caught.is_empty();
        self.caught.clear();
        if let Target::Message(_) = target {
            // A moving thing is gone when the button comes up: take it now.
            ctx.props().act.emit(Action::Play(false));
            ctx.props().act.emit(Action::Select(target.selection()));
            self.card = Some((target, at));
            return true;
        }
        self.gesture.begin(target, at);
        let carries = ctx.props().move_tool || event.alt_key();
        if carries && matches!(target, Target::Node(_)) {
            self.gesture.carry(&self.geometry);
        }
        if event.pointer_type() == "touch" {
            let link = ctx.link().clone();
            self.press = Some(Timeout::new(LONG_PRESS, move || {
                link.send_message(Msg::Menu(target, at));
            }));
        }
        had_card
    }

    pub(super) fn moved(&mut self, ctx: &Context<Self>, event: &PointerEvent) -> bool {
        if !self.gesture.is_on() {
            return false;
        }
        let at = gesture::place(&self.board, event.client_x(), event.client_y());
        if self.gesture.go_on(at, &self.geometry) {
            self.press = None;
            // From now on the pointer belongs to the stage, even outside of it. Not before: a
            // click must reach what it is on.
            if let Some(board) = self.board.cast::<Element>() {
                let _ = board.set_pointer_capture(event.pointer_id());
            }
            if let Some((node, to)) = self.gesture.carried(at) {
                let at = self.geometry.part(to);
                ctx.props().act.emit(Action::Place { node, at });
                return false;
            }
            let d = self.gesture.trail(&self.geometry);
            self.draw_trail(&d);
        }
        false
    }

    pub(super) fn up(&mut self, ctx: &Context<Self>, event: &PointerEvent) -> bool {
        self.press = None;
        let at = gesture::place(&self.board, event.client_x(), event.client_y());
        self.draw_trail("");
        let act = &ctx.props().act;
        match self.gesture.end(at, &self.geometry) {
            Ended::Nothing | Ended::Carried => false,
            Ended::Click(target) => {
                act.emit(Action::Select(target.selection()));
                if matches!(target, Target::Link(..)) {
                    self.card = Some((target, at));
                }
                true
            }
            Ended::Band(from, to) => {
                for action in offers::toggle_link(&ctx.props().view, from, to) {
                    act.emit(action);
                }
                true
            }
            Ended::Lasso(caught) => {
                self.caught = caught;
                self.chip_at = at;
                true
            }
        }
    }

    pub(super) fn menu(&mut self, ctx: &Context<Self>, target: Target, at: (f64, f64)) -> bool {
        self.gesture.cancel();
        self.press = None;
        if matches!(target, Target::Message(_)) {
            ctx.props().act.emit(Action::Play(false));
        }
        if target != Target::Stage {
            ctx.props().act.emit(Action::Select(target.selection()));
        }
        self.card = Some((target, at));
        true
    }

    pub(super) fn double(&mut self, ctx: &Context<Self>, event: &MouseEvent) -> bool {
        let props = ctx.props();
        let actions = match gesture::target_of(event.target()) {
            Target::Node(id) => vec![Action::Do(offers::crash_or_restart(&props.view, id))],
            Target::Link(from, to) => offers::toggle_link(&props.view, from, to),
            Target::Message(id) if props.mode == Mode::Playground => {
                vec![Action::Do(Intervention::Deliver(id))]
            }
            _ => return false,
        };
        self.card = None;
        for action in actions {
            props.act.emit(action);
        }
        true
    }

    /// Enter on a node that has the focus, unless a link or a message is selected.
    pub(super) fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let Target::Node(id) = gesture::target_of(event.target()) else {
            return false;
        };
        let other = matches!(
            ctx.props().selection,
            Selection::Link(..) | Selection::Message(_) | Selection::Client(_)
        );
        if event.key() != "Enter" || other {
            return false;
        }
        event.prevent_default();
        event.stop_propagation();
        ctx.props().act.emit(Action::Select(Selection::Node(id)));
        let at = self.geometry.place(id).unwrap_or_default();
        self.card = Some((Target::Node(id), (at.x + self.geometry.node, at.y)));
        true
    }
}
