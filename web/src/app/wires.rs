//! Callbacks that are made once: a new one on every draw would make every component draw again.

use super::{App, Msg};
use crate::action::Action;
use crate::frame::Shared;
use raftwerk_wire::view::EventView;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// What components are given to speak with.
pub struct Wires {
    /// Somebody asks for something.
    pub act: Callback<Action>,
    /// Reduced motion is asked for.
    pub calm: Callback<bool>,
    /// The settings are to open or close.
    pub settings: Callback<bool>,
    /// The list of checks is wanted.
    pub checks: Callback<()>,
    /// An event by its number.
    pub lookup: Callback<u64, Option<EventView>>,
}

impl Wires {
    /// Makes them.
    pub fn new(ctx: &Context<App>, shared: &Rc<RefCell<Shared>>) -> Wires {
        let (link, shared) = (ctx.link(), shared.clone());
        Wires {
            act: link.callback(Msg::Act),
            calm: link.callback(Msg::Calm),
            settings: link.callback(Msg::Settings),
            checks: link.callback(|()| Msg::Tab(super::Tab::Checks)),
            lookup: Callback::from(move |id| {
                let shared = shared.borrow();
                match &shared.live {
                    Some(live) => live.event(id),
                    None => shared.driver.history().event(id),
                }
            }),
        }
    }
}
