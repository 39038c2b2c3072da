//! Taking the picture anew: the stage after each event, the panels a few times a second.

use super::App;
use crate::action::Mode;
use crate::driver::real_now;
use crate::frame::Shared;
use crate::hooks;
use crate::topbar::LiveLine;
use raftwerk_wire::explain::explain;
use std::rc::Rc;
use yew::AttrValue;

/// While time runs, panels are taken anew at most this often (milliseconds).
const SLOW: f64 = 160.0;
/// The timeline, in a frame of its own, at most this often (milliseconds).
const SLOWER: f64 = 500.0;
/// How many events the panels get.
const EVENTS: usize = 240;
/// The live region speaks at most this often (milliseconds).
const SPEAK: f64 = 1_000.0;

/// What the top bar says about the live source.
#[must_use]
pub fn live_line(shared: &Shared) -> LiveLine {
    let Some(live) = &shared.live else {
        return LiveLine::default();
    };
    let status = live.status();
    LiveLine {
        connected: (status.connected_nodes, status.total),
        chaos: status.chaos_allowed,
        message: status.message,
    }
}

impl App {
    /// Takes what is shown from its source.
    pub fn refresh(&mut self) {
        let shared = self.shared.clone();
        let mut shared = shared.borrow_mut();
        self.view = match (self.mode, &shared.live) {
            (Mode::Live, Some(live)) => Rc::new(live.view(live.now())),
            _ => shared.driver.view(),
        };
        let now = real_now();
        let running = self.mode == Mode::Live || shared.driver.playing();
        if self.mode == Mode::Playground && (!running || now - self.timeline_at >= SLOWER) {
            self.timeline_at = now;
            let history = shared.driver.history();
            self.timeline = Rc::new(history.timeline());
            self.branches = Rc::new(history.branches());
            shared.horizon = super::horizon(&self.timeline);
            shared.touch();
            if running && self.slow_at > 0.0 {
                return;
            }
        }
        if running && now - self.slow_at < SLOW {
            return;
        }
        self.slow_at = now;
        self.slow = self.view.clone();
        match (self.mode, &shared.live) {
            (Mode::Live, Some(live)) => self.events = Rc::new(live.events()),
            _ => {
                let history = shared.driver.history();
                self.events = Rc::new(history.recent_events(EVENTS));
                self.hash = AttrValue::from(hooks::hex(history.hash()));
            }
        }
        self.speak(now);
    }

    /// Says the newest landmark, at most once a second.
    fn speak(&mut self, now: f64) {
        let newest = self
            .events
            .iter()
            .rev()
            .find(|event| event.event.kind.is_landmark());
        let Some(newest) = newest else { return };
        let (id, at) = self.spoken;
        if newest.id != id && now - at >= SPEAK {
            self.spoken = (newest.id, now);
            self.announce = AttrValue::from(explain(&newest.event).what);
        }
    }
}
