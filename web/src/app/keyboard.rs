//! From key presses to actions, unless they belong to a field, a button or a dialog.

use super::{App, Room, Tab, panels};
use crate::action::{Action, Mode, Selection};
use crate::keys::read::{Place, Wish, read};
use crate::keys::{self, page};
use web_sys::KeyboardEvent;
use yew::prelude::*;

impl App {
    /// Carries out what a key means; true when the page changes.
    pub fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return false;
        }
        let name = page::name(&event.key(), event.shift_key());
        if !self.is_ours(&name, event) {
            return false;
        }
        let place = Place {
            view: &self.view,
            at: self.selection,
            mode: self.mode,
            armed: self.armed,
            lesson: self.mode == Mode::Playground && self.shared.borrow().driver.lesson().is_some(),
        };
        let Some(wish) = read(&name, place) else {
            return false;
        };
        event.prevent_default();
        self.grant(ctx, wish);
        true
    }

    /// Whether a press is meant for the page.
    fn is_ours(&self, name: &str, event: &KeyboardEvent) -> bool {
        let modal = self.help || self.partition;
        if name != "Escape" && (modal || page::is_typing(event)) {
            return false;
        }
        let theirs = match name {
            "Space" | "Enter" => page::is_pressing(event),
            "ArrowUp" | "ArrowDown" | "PageUp" | "PageDown" => page::is_scrolling(event),
            _ => !self.letters && keys::is_single(name),
        };
        !theirs
    }

    fn grant(&mut self, ctx: &Context<Self>, wish: Wish) {
        match wish {
            Wish::Act(actions) => {
                for action in actions {
                    let focus = match action {
                        Action::Select(Selection::Node(id)) => Some(id),
                        _ => None,
                    };
                    self.perform(ctx, action);
                    if let Some(id) = focus {
                        panels::focus(&format!("[data-node=\"{id}\"]"));
                    }
                }
            }
            Wish::Faster(by) => {
                let notch = self.shared.borrow().driver.notch() + by;
                self.perform(ctx, Action::Speed(notch));
            }
            Wish::Menu => self.menu += 1,
            Wish::Push(right, down) => self.pushed = (self.pushed.0 + 1, right, down),
            Wish::Arrange => self.move_tool = !self.move_tool,
            Wish::Ask(op) => {
                self.tab = Tab::Kv;
                self.ask = Some((op, "#kv-key"));
            }
            Wish::ReadMode => {
                self.tab = Tab::Kv;
                self.ask = Some(("get", "#kv-read"));
            }
            Wish::Panel => self.tab = self.next_tab(),
            Wish::CopyLink => {
                let action = self.link();
                self.perform(ctx, action);
            }
            Wish::Lesson(false) => self.perform(ctx, Action::Play(true)),
            Wish::Lesson(true) => {
                self.shared.borrow_mut().driver.back_in_lesson();
                self.jumped();
            }
        }
    }

    /// The panel after the one that is shown.
    fn next_tab(&self) -> Tab {
        let tabs = match self.room {
            Room::Wide => panels::BESIDE,
            Room::Medium => panels::WITHOUT_LOGS,
            Room::Narrow => panels::ALL,
        };
        let here = tabs.iter().position(|tab| *tab == self.tab).unwrap_or(0);
        tabs[(here + 1) % tabs.len()]
    }
}
