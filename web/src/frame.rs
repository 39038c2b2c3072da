//! The frame loop: moves the playhead, moves what moves, and measures its own work.
//!
//! One `requestAnimationFrame` loop runs for the life of the page. A frame without an event
//! touches only the elements of moving things; a frame with one asks Yew to draw, and its
//! measured work includes that.

use crate::action::Mode;
use crate::driver::{Driver, real_now};
use crate::live::Live;
use crate::stage::SharedLayer;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, HtmlElement};
use yew::{Callback, NodeRef};

/// Frames kept for the measurement.
const KEPT: usize = 2_048;

/// How long the last frames took on the main thread.
pub struct Stats {
    work: Vec<f64>,
    next: usize,
    frames: u64,
}

impl Stats {
    fn new() -> Stats {
        Stats {
            work: Vec::with_capacity(KEPT),
            next: 0,
            frames: 0,
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Stats::new();
    }

    fn push(&mut self, ms: f64) {
        self.frames += 1;
        if self.work.len() < KEPT {
            self.work.push(ms);
        } else {
            self.work[self.next] = ms;
            self.next = (self.next + 1) % KEPT;
        }
    }

    /// Frames measured since the last reset.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The work that a part of the kept frames did not exceed (milliseconds).
    #[must_use]
    pub fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.work.clone();
        sorted.sort_by(f64::total_cmp);
        let at = ((sorted.len() as f64 * part).ceil() as usize).max(1) - 1;
        sorted.get(at).copied().unwrap_or(0.0)
    }
}

/// Elements that the loop writes to, besides the layer.
#[derive(Clone, Default)]
pub struct Dials {
    /// The time shown.
    pub clock: NodeRef,
    /// The line on the timeline.
    pub playhead: NodeRef,
    /// The mark for quiet time.
    pub skip: NodeRef,
}

/// What the app and the frame loop share.
pub struct Shared {
    /// The playground.
    pub driver: Driver,
    /// The live cluster, while live mode is on.
    pub live: Option<Live>,
    /// Which of them is shown.
    pub mode: Mode,
    /// What moves.
    pub layer: SharedLayer,
    /// How long frames took.
    pub stats: Stats,
    /// Other elements that move.
    pub dials: Dials,
    /// A moment asked for by scrubbing: carried out once per frame.
    pub seek: Option<u64>,
    /// The time at the right edge of the timeline.
    pub horizon: u64,
    /// The live source reported since the last frame.
    pub live_changed: bool,
    /// When panels are to catch up although no event happened (milliseconds, as `real_now`).
    pub wake: f64,
    shown: f64,
    last: Option<f64>,
    clock_text: String,
}

impl Shared {
    /// Nothing has been shown yet.
    #[must_use]
    pub fn new(driver: Driver, mode: Mode) -> Shared {
        Shared {
            driver,
            live: None,
            mode,
            layer: SharedLayer::default(),
            stats: Stats::new(),
            dials: Dials::default(),
            seek: None,
            horizon: 1,
            live_changed: false,
            wake: f64::INFINITY,
            shown: -1.0,
            last: None,
            clock_text: String::new(),
        }
    }

    /// The moment to draw, microseconds on the clock of what is shown.
    #[must_use]
    pub fn now(&self) -> f64 {
        match (self.mode, &self.live) {
            (Mode::Live, Some(live)) => live.now() as f64,
            _ => self.driver.playhead(),
        }
    }

    /// Moves time by one frame; true when Yew has something to draw.
    fn advance(&mut self, timestamp: f64) -> bool {
        let passed = timestamp - self.last.unwrap_or(timestamp);
        self.last = Some(timestamp);
        match self.mode {
            Mode::Playground => match self.seek.take() {
                Some(time) => {
                    self.driver.seek_time(time);
                    true
                }
                None => self.driver.frame(passed),
            },
            Mode::Live => std::mem::take(&mut self.live_changed),
        }
    }

    /// Writes what moves.
    pub fn draw(&mut self) {
        let now = self.now();
        if now == self.shown {
            return;
        }
        self.shown = now;
        self.layer.0.borrow_mut().place(now);
        self.draw_dials(now);
    }

    fn draw_dials(&mut self, now: f64) {
        use std::fmt::Write;
        self.clock_text.clear();
        if self.mode == Mode::Playground {
            let _ = write!(self.clock_text, "{:.3} s", now / 1e6);
        }
        if let Some(clock) = self.dials.clock.cast::<Element>() {
            // The same text node all the time: a new one would have to be laid out as new.
            match clock.first_child() {
                Some(text) => text.set_node_value(Some(&self.clock_text)),
                None => clock.set_text_content(Some(&self.clock_text)),
            }
        }
        if let Some(playhead) = self.dials.playhead.cast::<HtmlElement>() {
            self.clock_text.clear();
            let part = (now / self.horizon as f64).clamp(0.0, 1.0);
            let _ = write!(self.clock_text, "translateX({:.3}%)", 100.0 * part);
            let _ = playhead.style().set_property("transform", &self.clock_text);
        }
        if let Some(skip) = self.dials.skip.cast::<Element>() {
            let _ = skip
                .class_list()
                .toggle_with_force("on", self.driver.skipping());
        }
    }

    /// Makes the next frame draw even if time stands still.
    pub fn touch(&mut self) {
        self.shown = -1.0;
    }
}

/// Starts the loop. It ends with the page.
pub fn start(shared: Rc<RefCell<Shared>>, moved: Callback<()>) {
    type Slot = Rc<RefCell<Option<Closure<dyn FnMut(f64)>>>>;
    let slot: Slot = Rc::default();
    let again = slot.clone();
    *slot.borrow_mut() = Some(Closure::new(move |timestamp: f64| {
        request(&again);
        one(&shared, &moved, timestamp);
    }));
    request(&slot);

    fn request(slot: &Slot) {
        if let (Some(window), Some(closure)) = (web_sys::window(), &*slot.borrow()) {
            let _ = window.request_animation_frame(closure.as_ref().unchecked_ref());
        }
    }
}

fn one(shared: &Rc<RefCell<Shared>>, moved: &Callback<()>, timestamp: f64) {
    let begun = real_now();
    let changed = {
        let mut shared = shared.borrow_mut();
        shared.advance(timestamp) | (begun >= shared.wake)
    };
    if !changed {
        let mut shared = shared.borrow_mut();
        shared.draw();
        shared.stats.push(real_now() - begun);
        return;
    }
    {
        // The new messages are drawn first; the layer places them when it takes them over.
        let shared = shared.borrow();
        let now = shared.now();
        shared.layer.0.borrow_mut().set_now(now);
    }
    moved.emit(());
    // Yew draws in a microtask that is queued by now; this one comes after it.
    let shared = shared.clone();
    yew::platform::spawn_local(async move {
        let mut shared = shared.borrow_mut();
        let now = shared.now();
        shared.shown = now;
        shared.draw_dials(now);
        shared.stats.push(real_now() - begun);
    });
}
