//! The playground's clock: one history, and a playhead that moves between its events.
//!
//! The playhead is a simulated time in `[time of the last event, time of the next]`. A frame
//! moves it by real time times speed and plays the events it passes, for at most 4 ms of work;
//! what does not fit waits for the next frame, so a slow page is late, never wrong (`play`).
//! `journey` jumps, `lesson` lets a lesson decide what comes next.

mod journey;
mod lesson;
mod play;

use crate::speed::{FASTEST, SLOWEST};
use raftwerk_core::Switches;
use raftwerk_sim::scenario::Lesson;
use raftwerk_sim::{History, Intervention, Run, Setup};
use raftwerk_wire::view::{ClusterView, ViolationView};
use std::rc::Rc;
use web_sys::Performance;

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
