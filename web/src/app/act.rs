//! Carrying out actions, on the playground's history or on the live cluster.

use super::{App, Msg, Room, Tab};
use crate::action::{ARM_FIRST, Action, Course, Mode, Selection};
use crate::driver::Driver;
use crate::frame::Shared;
use crate::keys;
use crate::lessons;
use crate::live::{Arrived, Live};
use crate::media;
use raftwerk_sim::{Intervention, Setup};
use std::rc::Rc;
use yew::prelude::*;

/// How many syncs a lying disk has in its cache: the write of a client and one more.
const LIES: u32 = 2;

impl App {
    /// Carries out one action.
    pub fn perform(&mut self, ctx: &Context<Self>, action: Action) {
        match action {
            Action::Mode(mode) => self.set_mode(ctx, mode),
            Action::Select(selection) => self.select(selection),
            Action::Do(what) => self.intervene(ctx, &what),
            Action::NewRun {
                nodes,
                seed,
                clients,
            } => {
                let mut setup = Setup::playground(nodes, seed);
                setup.clients = clients;
                {
                    let shared = self.shared.borrow();
                    let now = shared.driver.history().setup();
                    (setup.switches, setup.disk.lies) = (now.switches, now.disk.lies);
                    setup = setup.with_autopilot(now.autopilot.map(|policy| policy.target));
                    if now.nodes != nodes {
                        self.layout = Rc::default();
                    }
                }
                self.begin(setup);
            }
            Action::Lies(on) => {
                let mut setup = self.shared.borrow().driver.history().setup().clone();
                setup.disk.lies = if on { LIES } else { 0 };
                self.begin(setup);
            }
            Action::Lesson(course) => self.teach(ctx, course),
            Action::Autopilot(wanted) => {
                let setup = self.shared.borrow().driver.history().setup().clone();
                self.begin(setup.with_autopilot(wanted));
            }
            Action::Switches(switches) => {
                let setup = self.shared.borrow().driver.setup_with(switches);
                self.begin(setup);
            }
            Action::Arm(on) => self.armed = on,
            Action::Place { node, at } => Rc::make_mut(&mut self.layout).put(node, at),
            Action::Ring => self.layout = Rc::default(),
            Action::MoveTool(on) => self.move_tool = on,
            Action::Theme(theme) => {
                self.theme = theme;
                media::set_theme(theme);
            }
            Action::Letters(on) => {
                self.set_letters(on);
                media::set_letters(on);
                self.jumped();
            }
            Action::ShowHelp(on) => self.help = on,
            Action::ShowPartition(on) => self.partition = on,
            Action::Escape => self.escape(),
            Action::Toast(text) => self.say(ctx, text, None),
            time => self.travel(ctx, time),
        }
    }

    /// Actions about time.
    fn travel(&mut self, ctx: &Context<Self>, action: Action) {
        if self.mode == Mode::Live {
            let arrived = match &self.shared.borrow().live {
                Some(live) => live.travel(&action),
                None => return,
            };
            return match arrived {
                Arrived::Elsewhere => self.jumped(),
                Arrived::Nowhere(why) => self.say(ctx, why.to_string(), None),
                Arrived::NotTime => {}
            };
        }
        let next = action == Action::NextLandmark;
        let (stepped, found) = travel(&mut self.shared.borrow_mut(), action);
        if stepped {
            self.jumped();
        }
        if next && !found {
            let text = "Nothing interesting happens in the next 10 s.";
            self.say(ctx, text.to_string(), None);
        }
    }

    fn select(&mut self, selection: Selection) {
        self.selection = selection;
        (self.settings, self.lessons) = (false, false);
        self.choose_message();
        if self.room != Room::Wide {
            match selection {
                Selection::Nothing => {}
                Selection::Client(_) => self.tab = Tab::Kv,
                _ => self.tab = Tab::Node,
            }
        }
    }

    /// The fields of a selected message belong to the picture of the stage.
    fn choose_message(&mut self) {
        let message = match self.selection {
            Selection::Message(id) => Some(id),
            _ => None,
        };
        self.shared.borrow_mut().driver.choose(message);
        if self.mode == Mode::Playground {
            self.view = self.shared.borrow().driver.view();
        }
    }

    /// Carries out what a reader does with lessons.
    fn teach(&mut self, ctx: &Context<Self>, course: Course) {
        let outcome = {
            let driver = &mut self.shared.borrow_mut().driver;
            match course {
                Course::List(open) => {
                    (self.lessons, self.settings) = (open, false);
                    return;
                }
                Course::Begin(id) => {
                    (self.lessons, self.selection) = (false, Selection::Nothing);
                    (self.toast, self.layout) = (None, Rc::default());
                    lessons::find(&id).and_then(|file| driver.begin_lesson(file))
                }
                Course::Choose(choice) => {
                    driver.choose_answer(choice);
                    Ok(())
                }
                Course::Way(name) => driver.take_way(&name),
                Course::Skip => {
                    driver.skip_step();
                    Ok(())
                }
                Course::Return => {
                    driver.return_to_lesson();
                    Ok(())
                }
                Course::Leave => {
                    driver.leave_lesson();
                    Ok(())
                }
            }
        };
        if let Err(why) = outcome {
            self.say(ctx, why, None);
        }
        self.jumped();
    }

    fn set_mode(&mut self, ctx: &Context<Self>, mode: Mode) {
        if mode == self.mode {
            return;
        }
        self.mode = mode;
        self.selection = Selection::Nothing;
        self.armed = false;
        {
            let mut shared = self.shared.borrow_mut();
            shared.mode = mode;
            shared.live = match mode {
                Mode::Playground => None,
                Mode::Live => Some(Live::connect_with(
                    ctx.link().callback(|()| Msg::LiveNews),
                    ctx.link().callback(|text| Msg::Act(Action::Toast(text))),
                )),
            };
        }
        self.jumped();
    }

    fn intervene(&mut self, ctx: &Context<Self>, what: &Intervention) {
        let outcome = match self.mode {
            Mode::Playground => self.shared.borrow_mut().driver.act(what.clone()),
            Mode::Live if !self.armed && !matches!(what, Intervention::Ask { .. }) => {
                Err(ARM_FIRST.to_string())
            }
            Mode::Live => match &self.shared.borrow().live {
                Some(live) => live.act(what).map(|()| None),
                None => Err("There is no cluster.".to_string()),
            },
        };
        match outcome {
            Ok(Some(undo)) => {
                let from = undo.time as f64 / 1e6;
                let text = format!("New branch from {from:.3} s \u{2013} old future kept");
                self.say(ctx, text, Some(undo));
            }
            Ok(None) => {}
            Err(why) => self.say(ctx, why, None),
        }
        self.jumped();
    }

    fn begin(&mut self, setup: Setup) {
        self.shared.borrow_mut().driver.restart(setup);
        self.selection = Selection::Nothing;
        self.toast = None;
        self.jumped();
    }

    /// Leaves one thing at a time.
    fn escape(&mut self) {
        if self.help {
            self.help = false;
        } else if self.partition {
            self.partition = false;
        } else if self.settings || self.lessons {
            (self.settings, self.lessons) = (false, false);
        } else if self.toast.is_some() {
            self.toast = None;
        } else if self.move_tool {
            self.move_tool = false;
        } else {
            self.select(Selection::Nothing);
        }
    }

    /// Whether single characters are keys, from now on.
    pub fn set_letters(&mut self, on: bool) {
        self.letters = on;
        keys::print_letters(on);
    }

    /// The place in time changed without playing: everything is taken anew.
    pub fn jumped(&mut self) {
        self.slow_at = f64::MIN;
        self.timeline_at = f64::MIN;
        {
            let mut shared = self.shared.borrow_mut();
            shared.touch();
            let now = shared.now();
            shared.layer.0.borrow_mut().set_now(now);
        }
        self.refresh();
    }
}

/// Goes through the playground's history: whether the picture is another one now, and whether
/// there was anything to go to.
fn travel(shared: &mut Shared, action: Action) -> (bool, bool) {
    let driver = &mut shared.driver;
    let pause_and = |driver: &mut Driver, step: fn(&mut Driver) -> bool| {
        driver.play(false);
        (true, step(driver))
    };
    match action {
        Action::Back => return pause_and(driver, Driver::back),
        Action::Forward => return pause_and(driver, Driver::forward),
        Action::PreviousLandmark => return pause_and(driver, Driver::previous_landmark),
        Action::NextLandmark => return pause_and(driver, Driver::next_landmark),
        Action::Seek(position) => {
            driver.play(false);
            driver.seek(position);
        }
        // What is told at the start is to be read: it does not run away again at once.
        Action::Start => {
            driver.play(false);
            driver.seek(0);
        }
        Action::End => driver.seek_end(),
        Action::BackTime => driver.shift(-10_000.0),
        Action::ForwardTime => driver.shift(10_000.0),
        Action::Branch(branch) => driver.switch(branch),
        Action::SeekTime(time) => {
            shared.seek = Some(time);
            return (false, true);
        }
        other => {
            set(driver, &other);
            // What stands still is shown as it is, not as it was a moment ago.
            return (matches!(other, Action::TogglePlay | Action::Play(_)), true);
        }
    }
    (true, true)
}

/// Settings of the driver that change nothing in the run.
fn set(driver: &mut Driver, action: &Action) {
    match action {
        Action::TogglePlay => {
            let on = !driver.playing();
            driver.play(on);
        }
        Action::Play(on) => driver.play(*on),
        Action::Speed(notch) => driver.set_notch(*notch),
        Action::QuietSkip(on) => driver.set_quiet_skip(*on),
        _ => {}
    }
}
