//! The parts around the stage: top bar, notice of the live source, time, toast.

use super::{App, Msg, TOAST, Toast, refresh};
use crate::action::Mode;
use crate::driver::Undo;
use crate::lessons::LessonStrip;
use crate::live::bar::LiveBar;
use crate::shown::Shown;
use crate::timeline::TimelineBar;
use crate::topbar::TopBar;
use crate::transport::Transport;
use gloo_timers::callback::Timeout;
use std::rc::Rc;
use yew::prelude::*;

impl App {
    pub(super) fn top(&self) -> Html {
        let (shared, wires) = (self.shared.borrow(), &self.wires);
        let setup = shared.driver.history().setup();
        let run = (setup.nodes, setup.seed, setup.clients);
        let lies = setup.disk.lies > 0;
        let autopilot = setup.autopilot.map(|policy| policy.target);
        html! {
            <TopBar view={Shown(self.slow.view.clone())} mode={self.mode} armed={self.armed}
                live={refresh::live_line(&shared)} {run} {lies} {autopilot} switches={setup.switches}
                theme={self.theme} calm={self.calm} on_calm={wires.calm.clone()}
                settings={self.settings} lessons={self.lessons} letters={self.letters} layout={self.layout.clone()}
                on_settings={wires.settings.clone()} on_checks={wires.checks.clone()}
                act={wires.act.clone()} />
        }
    }

    /// What there is to say about the live source: instead of an empty stage, or above it.
    pub(super) fn notice(&self) -> Html {
        if self.mode == Mode::Playground {
            return html! {};
        }
        let message = refresh::live_line(&self.shared.borrow()).message;
        if message.is_empty() {
            return html! {};
        }
        let class = if self.view.nodes.is_empty() {
            "notice alone"
        } else {
            "notice"
        };
        html! { <p id="live-notice" {class} role="status">{ message }</p> }
    }

    /// The rule that the nodes of this world do not keep.
    pub(super) fn switched_off(&self) -> Html {
        let off = self.shared.borrow().driver.history().setup().switched_off();
        match off.filter(|_| self.mode == Mode::Playground) {
            Some(text) => html! { <div id="banner-rule" class="banner"><p>{ text }</p></div> },
            None => html! {},
        }
    }

    /// The lesson under way.
    pub(super) fn lesson(&self) -> Html {
        let shared = self.shared.borrow();
        match shared.driver.lesson() {
            Some(lesson) if self.mode == Mode::Playground => html! {
                <LessonStrip lesson={Rc::new(lesson)} playing={shared.driver.playing()}
                    act={self.wires.act.clone()} />
            },
            _ => html! {},
        }
    }

    pub(super) fn time(&self) -> Html {
        let act = &self.wires.act;
        let shared = self.shared.borrow();
        let (driver, dials) = (&shared.driver, &shared.dials);
        let history = driver.history();
        if self.mode == Mode::Live {
            return html! { <LiveBar reel={self.reel.clone()} letters={self.letters} act={act.clone()} /> };
        }
        html! { <>
            <TimelineBar data={self.timeline.clone()} branches={self.branches.clone()}
                branch={history.branch()} now={self.slow.view.now} playhead={dials.playhead.clone()} act={act.clone()} />
            <Transport playing={driver.playing()} notch={driver.notch()}
                position={self.position} letters={self.letters}
                quiet_skip={driver.quiet_skip()} hash={self.hash.clone()}
                clock={dials.clock.clone()} skip={dials.skip.clone()} act={act.clone()} />
        </> }
    }

    pub(super) fn toast(&self, ctx: &Context<Self>) -> Html {
        let Some(toast) = &self.toast else {
            return html! {};
        };
        let close = ctx.link().callback(|_: MouseEvent| Msg::ToastGone);
        let undo = |undo| ctx.link().callback(move |_: MouseEvent| Msg::Undo(undo));
        html! {
            <div class="toast" role="status">
                <span>{ &toast.text }</span>
                if let Some(way) = toast.undo {
                    <button id="undo" onclick={undo(way)}>{ "Undo" }</button>
                }
                <button class="quiet" aria-label="Close" onclick={close}>{ "\u{00d7}" }</button>
            </div>
        }
    }

    pub(super) fn say(&mut self, ctx: &Context<Self>, text: String, undo: Option<Undo>) {
        let link = ctx.link().clone();
        let timer = Timeout::new(TOAST, move || link.send_message(Msg::ToastGone));
        self.toast = Some(Toast {
            text,
            undo,
            _timer: Some(timer),
        });
    }
}
