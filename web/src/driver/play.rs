//! Time that runs: what one animation frame plays, how far quiet time is skipped, and where the
//! clock stops by itself.

use super::{Driver, real_now};
use crate::message;
use crate::speed::rate;
use raftwerk_sim::scenario::Pace;
use raftwerk_wire::view::NodeCondition;

/// Work on the simulation in one frame (milliseconds).
const BUDGET: f64 = 4.0;
/// Events played between two looks at the clock.
const BATCH: u64 = 16;
/// A longer gap between frames (a hidden tab) counts as this much (milliseconds).
const LONGEST_FRAME: f64 = 100.0;
/// Quiet time runs this much faster.
const QUIET_FACTOR: f64 = 20.0;
/// With reduced motion the run goes from landmark to landmark this often (milliseconds).
const CALM_STEP: f64 = 1_200.0;
/// How many of the newest events are looked at for a landmark after one step.
const CALM_LOOK: usize = 8;

impl Driver {
    /// One animation frame; true when an event happened.
    pub fn frame(&mut self, real_ms: f64) -> bool {
        if !self.playing {
            return false;
        }
        let real_ms = real_ms.clamp(0.0, LONGEST_FRAME);
        if self.calm {
            self.calm_wait += real_ms;
            if self.calm_wait < CALM_STEP {
                return false;
            }
            self.calm_wait = 0.0;
            return self.calm_step();
        }
        let mut left = real_ms * 1_000.0 * rate(self.notch);
        self.skipping = false;
        if self.quiet_skip
            && let Some(until) = self.quiet_until()
            && until > self.playhead
        {
            let leap = (left * QUIET_FACTOR).min(until - self.playhead);
            self.playhead += leap;
            left -= leap / QUIET_FACTOR;
            self.skipping = true;
        }
        self.run_to(self.playhead + left.max(0.0))
    }

    /// To the next interesting event, or two heartbeats further when nothing happens.
    fn calm_step(&mut self) -> bool {
        let until = self.history.now() + 2 * self.history.setup().timing.heartbeat.0;
        let begun = real_now();
        let mut played = false;
        let mut pace = self.one(until);
        while pace == Pace::Played {
            played = true;
            if self.at_landmark() || real_now() - begun > BUDGET {
                break;
            }
            pace = self.one(until);
        }
        if !played && pace != Pace::Told {
            // Nothing at all for two heartbeats: the next event, whatever it is.
            pace = self.one(u64::MAX);
            played = pace == Pace::Played;
        }
        if pace == Pace::Told {
            self.playing = false;
        }
        self.stop_at_violation();
        self.settle();
        played || pace == Pace::Told
    }

    /// Whether the last event is an interesting one.
    pub(super) fn at_landmark(&self) -> bool {
        let position = self.history.position();
        let newest = self.history.recent_events(CALM_LOOK);
        newest
            .iter()
            .any(|e| e.step == position && e.event.kind.is_landmark())
    }

    /// Plays events up to a time, within the budget of a frame.
    pub(super) fn run_to(&mut self, target: f64) -> bool {
        let begun = real_now();
        let mut played = 0;
        let mut told;
        loop {
            let count;
            (count, told) = self.several(target as u64, BATCH);
            played += count;
            if told {
                (self.playing, self.skipping) = (false, false);
                break;
            }
            if count < BATCH {
                self.playhead = target;
                break;
            }
            if real_now() - begun > BUDGET {
                self.playhead = self.history.now() as f64;
                break;
            }
        }
        self.clamp();
        if played > 0 {
            self.stop_at_violation();
            self.refresh();
        }
        played > 0 || told
    }

    /// Stops the clock at the event at which a check fails for the first time.
    fn stop_at_violation(&mut self) {
        let found = self.history.world().violation().map(|found| found.event);
        if let (Some(event), None) = (found, &self.view.violation) {
            self.playing = false;
            self.skipping = false;
            self.history.seek(event);
            self.playhead = self.history.now() as f64;
        }
    }

    /// Until when nothing is in flight and no timer is close to its end; `None`: not quiet.
    fn quiet_until(&self) -> Option<f64> {
        if message::all(&self.view).any(|message| !message.held) {
            return None;
        }
        let margin = self.history.setup().timing.election_min.0 as f64 / 50.0;
        let mut until = self.history.next_time()? as f64;
        for card in self
            .view
            .nodes
            .iter()
            .filter(|card| card.condition == NodeCondition::Up)
        {
            let Some(view) = &card.view else { continue };
            let offset = self.view.now as f64 - view.clock as f64;
            for timer in [view.election, view.heartbeat, view.check_quorum]
                .into_iter()
                .flatten()
            {
                until = until.min(timer.due as f64 + offset - margin);
            }
        }
        Some(until)
    }

    pub(super) fn clamp(&mut self) {
        self.playhead = self.playhead.max(self.history.now() as f64);
        if let Some(next) = self.history.next_time() {
            self.playhead = self.playhead.min(next as f64);
        }
    }
}
