//! Taking the picture anew: the stage after each event, the panels a few times a second.

use super::App;
use crate::action::Mode;
use crate::driver::real_now;
use crate::frame::Shared;
use crate::topbar::LiveLine;
use crate::{hooks, timeline};
use raftwerk_sim::Mark;
use raftwerk_wire::explain::explain;
use raftwerk_wire::view::{ClusterView, EventView};
use std::rc::Rc;
use yew::AttrValue;

/// While time runs, panels are taken anew at most this often (milliseconds).
const SLOW: f64 = 160.0;
/// The timeline, in a frame of its own, at most this often (milliseconds).
const SLOWER: f64 = 500.0;
/// How many events the panels get.
const EVENTS: usize = 240;
/// How many faults they get.
const FAULTS: usize = 60;
/// The live region speaks at most this often (milliseconds).
const SPEAK: f64 = 1_000.0;

/// How many places for panels there are, and which.
pub const PANES: usize = 3;
/// Left of the stage.
pub const LEFT: usize = 0;
/// Below the stage.
pub const LOGS: usize = 1;
/// Right of the stage, or the sheet below it.
pub const RIGHT: usize = 2;

/// What a panel shows.
#[derive(Clone, Default)]
pub struct Pane {
    /// The picture.
    pub view: Rc<ClusterView>,
    /// The last events, newest last.
    pub events: Rc<Vec<EventView>>,
    /// The last faults, newest last.
    pub faults: Rc<Vec<Mark>>,
}

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
    /// Takes what is shown from its source. While time runs, each frame brings the stage up to
    /// date and at most one other thing, so that no frame has much to do.
    pub fn refresh(&mut self) {
        let shared = self.shared.clone();
        let mut shared = shared.borrow_mut();
        self.take(&mut shared);
        // What is left to do is done even if no event comes.
        let stale =
            self.mode == Mode::Playground && self.position.0 != shared.driver.history().position();
        shared.wake = match (self.caught_up < PANES, stale) {
            (true, _) => 0.0,
            (false, true) => self.slow_at + SLOW,
            (false, false) => f64::INFINITY,
        };
    }

    fn take(&mut self, shared: &mut Shared) {
        self.view = match (self.mode, &shared.live) {
            (Mode::Live, Some(live)) => Rc::new(live.stage()),
            _ => shared.driver.view(),
        };
        let now = real_now();
        let running = match &shared.live {
            Some(live) => live.following(),
            None => shared.driver.playing(),
        };
        let all = !running || self.slow_at < 0.0;
        if !all && self.caught_up < PANES {
            self.panes[self.caught_up] = self.slow.clone();
            self.caught_up += 1;
            return;
        }
        if self.mode == Mode::Playground && (all || now - self.timeline_at >= SLOWER) {
            self.timeline_at = now;
            let history = shared.driver.history();
            self.timeline = Rc::new(history.timeline());
            self.branches = Rc::new(history.branches());
            shared.horizon = timeline::horizon(self.timeline.end_time);
            shared.touch();
            if !all {
                return;
            }
        }
        if !all && now - self.slow_at < SLOW {
            return;
        }
        if let Some(live) = &shared.live
            && (all || now - self.timeline_at >= SLOWER)
        {
            self.timeline_at = now;
            self.reel = Rc::new(live.reel());
        }
        self.slow_at = now;
        self.take_slow(shared);
        self.caught_up = 0;
        if all {
            self.panes.fill(self.slow.clone());
            self.caught_up = PANES;
        }
        self.speak(now);
    }

    /// Takes the whole picture.
    fn take_slow(&mut self, shared: &Shared) {
        let history = shared.driver.history();
        self.position = (history.position(), history.end());
        self.slow = match (self.mode, &shared.live) {
            (Mode::Live, Some(live)) => Pane {
                view: Rc::new(live.whole()),
                events: Rc::new(live.events()),
                faults: Rc::default(),
            },
            _ => {
                self.hash = AttrValue::from(hooks::hex(history.hash()));
                Pane {
                    view: Rc::new(shared.driver.picture()),
                    events: Rc::new(history.recent_events(EVENTS)),
                    faults: Rc::new(history.recent_faults(FAULTS)),
                }
            }
        };
    }

    /// Says the newest landmark, at most once a second.
    fn speak(&mut self, now: f64) {
        let newest = self
            .slow
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
