//! From key presses to actions, unless they belong to a field, a button or a dialog.

use super::{App, Tab, panels};
use crate::action::{Action, Selection};
use crate::keys::{self, Press, Wish};
use web_sys::KeyboardEvent;
use yew::prelude::*;

impl App {
    /// Carries out what a key means; true when the page changes.
    pub fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let key = event.key();
        let modal = self.help || self.partition;
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return false;
        }
        if modal && key != "Escape" || keys::is_typing(event) && key != "Escape" {
            return false;
        }
        if matches!(key.as_str(), " " | "Enter") && keys::is_pressing(event) {
            return false;
        }
        if !self.letters && keys::is_letter(&key) {
            return false;
        }
        if matches!(key.as_str(), "ArrowUp" | "ArrowDown") && keys::is_scrolling(event) {
            return false;
        }
        let press = Press {
            key: &key,
            shift: event.shift_key(),
        };
        let Some(wish) = keys::read(press, &self.view, self.selection, self.mode) else {
            return false;
        };
        event.prevent_default();
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
            Wish::CopyLink => {
                let action = self.link();
                self.perform(ctx, action);
            }
        }
        true
    }
}
