//! The playground's clock: one history, and a playhead that moves between its events.
//!
//! The playhead is a simulated time in `[time of the last event, time of the next]`. A frame
//! moves it by real time times speed and plays the events it passes, for at most 4 ms of work;
//! what does not fit waits for the next frame, so a slow page is late, never wrong.

mod lesson;

use crate::speed::{FASTEST, SLOWEST, rate};
use raftwerk_core::Switches;
use raftwerk_sim::scenario::{Lesson, Pace};
use raftwerk_sim::{History, Intervention, Run, Setup};
use raftwerk_wire::view::{ClusterView, NodeCondition, ViolationView};
use std::rc::Rc;
use web_sys::Performance;

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
/// Milliseconds since the page was opened.
#[must_use]
pub fn real_now() -> f64 {
    thread_local! {
        static CLOCK: Option<Performance> = web_sys::window().and_then(|window| window.performance());
    }
    CLOCK.with(|clock| clock.as_ref().map_or(0.0, Performance::now))
}

/// The playground's history and its playhead.
pub struct Driver {
    history: History,
    /// The lesson that is played on it.
    lesson: Option<Lesson>,
    playhead: f64,
    playing: bool,
    notch: i32,
    quiet_skip: bool,
    skipping: bool,
    calm: bool,
    calm_wait: f64,
    /// The message whose fields are wanted.
    chosen: Option<u64>,
    /// What somebody who judged this run at its end found wrong, and in which branch.
    verdict: Option<(usize, ViolationView)>,
    view: Rc<ClusterView>,
}

impl Driver {
    /// A run at its start, playing.
    #[must_use]
    pub fn new(setup: Setup) -> Driver {
        let history = History::new(setup);
        let playhead = history.now() as f64;
        let view = Rc::new(history.stage(history.now(), None));
        Driver {
            history,
            lesson: None,
            playhead,
            playing: true,
            notch: 0,
            quiet_skip: true,
            skipping: false,
            calm: false,
            calm_wait: 0.0,
            chosen: None,
            verdict: None,
            view,
        }
    }

    /// A recorded run, stopped at the event that it speaks of.
    #[must_use]
    pub fn of_run(run: &Run) -> Driver {
        let mut driver = Driver::new(run.setup.clone());
        driver.history = History::of_run(run);
        driver.playhead = driver.history.now() as f64;
        // What no check sees here was seen by one that looks at whole runs; if this is that run.
        let (branch, world) = (driver.history.branch(), driver.history.world());
        let claim = run
            .claim
            .as_ref()
            .filter(|claim| claim.hash == world.hash());
        driver.verdict = claim.map(|claim| {
            let verdict = ViolationView {
                check: claim.check.clone(),
                detail: claim.detail.clone(),
                event: claim.event,
            };
            (branch, verdict)
        });
        driver.playing = false;
        driver.refresh();
        driver
    }

    /// Begins another run, keeping speed and the like.
    pub fn restart(&mut self, setup: Setup) {
        let fresh = Driver::new(setup);
        let (notch, quiet_skip, calm) = (self.notch, self.quiet_skip, self.calm);
        *self = Driver {
            notch,
            quiet_skip,
            calm,
            ..fresh
        };
    }

    /// The setup of this run with other optional rules.
    #[must_use]
    pub fn setup_with(&self, switches: Switches) -> Setup {
        let mut setup = self.history.setup().clone();
        setup.switches = switches;
        setup
    }

    /// The history, to read from.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What the stage shows as of the last event: with the fields of the chosen message only.
    #[must_use]
    pub fn view(&self) -> Rc<ClusterView> {
        self.view.clone()
    }

    /// The whole picture as of the last event. Takes a while, so not for every frame.
    #[must_use]
    pub fn picture(&self) -> ClusterView {
        self.judged(self.history.view(self.playhead as u64))
    }

    /// The picture with what was found at the end of the run, if no check has found more and it
    /// shows that end or what follows.
    fn judged(&self, view: ClusterView) -> ClusterView {
        let (branch, position) = (self.history.branch(), self.history.position());
        let known = |(whose, found): &&(usize, ViolationView)| {
            *whose == branch && found.event <= position && view.violation.is_none()
        };
        match self.verdict.as_ref().filter(known) {
            None => view,
            Some((_, found)) => ClusterView {
                violation: Some(found.clone()),
                ..view
            },
        }
    }

    /// The fields of this message are wanted too.
    pub fn choose(&mut self, message: Option<u64>) {
        if message != self.chosen {
            self.chosen = message;
            self.refresh();
        }
    }

    /// Simulated time shown now, microseconds.
    #[must_use]
    pub fn playhead(&self) -> f64 {
        self.playhead
    }

    /// Whether time runs.
    #[must_use]
    pub fn playing(&self) -> bool {
        self.playing
    }

    /// Lets time run or stops it.
    pub fn play(&mut self, on: bool) {
        self.playing = on;
        self.calm_wait = 0.0;
        self.skipping = self.skipping && on;
    }

    /// Speed notch.
    #[must_use]
    pub fn notch(&self) -> i32 {
        self.notch
    }

    /// Sets the speed notch.
    pub fn set_notch(&mut self, notch: i32) {
        self.notch = notch.clamp(SLOWEST, FASTEST);
    }

    /// Whether quiet time runs faster.
    #[must_use]
    pub fn quiet_skip(&self) -> bool {
        self.quiet_skip
    }

    /// Sets whether quiet time runs faster.
    pub fn set_quiet_skip(&mut self, on: bool) {
        self.quiet_skip = on;
    }

    /// Whether quiet time is being skipped at this moment.
    #[must_use]
    pub fn skipping(&self) -> bool {
        self.skipping
    }

    /// Reduced motion: play by landmarks.
    pub fn set_calm(&mut self, calm: bool) {
        self.calm = calm;
    }

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
    fn at_landmark(&self) -> bool {
        let position = self.history.position();
        let newest = self.history.recent_events(CALM_LOOK);
        newest
            .iter()
            .any(|e| e.step == position && e.event.kind.is_landmark())
    }

    /// Plays events up to a time, within the budget of a frame.
    fn run_to(&mut self, target: f64) -> bool {
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
        if !self.view.flights.is_empty() || !self.view.client_flights.is_empty() {
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

    fn clamp(&mut self) {
        self.playhead = self.playhead.max(self.history.now() as f64);
        if let Some(next) = self.history.next_time() {
            self.playhead = self.playhead.min(next as f64);
        }
    }

    /// Takes the picture anew, after an event or a jump.
    fn refresh(&mut self) {
        let stage = self.history.stage(self.playhead as u64, self.chosen);
        self.view = Rc::new(self.judged(stage));
    }

    /// Puts the playhead on the last event played.
    fn settle(&mut self) {
        self.playhead = self.history.now() as f64;
        self.refresh();
    }

    /// Back one event.
    pub fn back(&mut self) -> bool {
        let moved = self.history.back();
        self.settle();
        moved
    }

    /// Forward one event.
    pub fn forward(&mut self) -> bool {
        let moved = self.one(u64::MAX) != Pace::Later;
        self.settle();
        moved
    }

    /// To the previous interesting event.
    pub fn previous_landmark(&mut self) -> bool {
        let moved = self.history.previous_landmark();
        self.settle();
        moved
    }

    /// To the next interesting event.
    pub fn next_landmark(&mut self) -> bool {
        let moved = if self.lesson.is_none() {
            self.history.next_landmark()
        } else {
            self.next_of_lesson()
        };
        self.settle();
        moved
    }

    /// To an event number.
    pub fn seek(&mut self, position: u64) {
        self.history.seek(position);
        self.settle();
    }

    /// To the last recorded event of this branch.
    pub fn seek_end(&mut self) {
        let end = self.history.end();
        self.seek(end);
    }

    /// To a moment of the recorded run; beyond its end by playing on, as far as a frame allows.
    pub fn seek_time(&mut self, time: u64) {
        let position = self.history.position_of_time(time);
        self.history.seek(position);
        self.playhead = time as f64;
        self.run_to(time as f64);
        self.refresh();
    }

    /// Intervenes now. In the past this begins a branch; then it tells where to undo to.
    ///
    /// # Errors
    /// Why it is not possible.
    pub fn act(&mut self, what: Intervention) -> Result<Option<Undo>, String> {
        let before = Undo {
            branch: self.history.branch(),
            position: self.history.position(),
            time: self.playhead as u64,
        };
        let now = (self.playhead as u64).max(self.history.now());
        let outcome = self.history.act(what, now);
        if let (Ok(()), Some(lesson)) = (&outcome, &mut self.lesson) {
            lesson.hand(self.history.branch());
        }
        self.clamp();
        self.refresh();
        outcome.map(|()| (self.history.branch() != before.branch).then_some(before))
    }

    /// Goes to another branch, to its end.
    pub fn switch(&mut self, branch: usize) {
        self.history.switch(branch);
        self.settle();
    }

    /// Goes back to where a branch was begun.
    pub fn undo(&mut self, undo: Undo) {
        self.history.switch(undo.branch);
        self.seek(undo.position);
    }
}

/// Where a branch was begun: the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The branch that was left.
    pub branch: usize,
    /// The event it was left at.
    pub position: u64,
    /// The moment, microseconds.
    pub time: u64,
}
