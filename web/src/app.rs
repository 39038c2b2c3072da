//! The app: one source of truth for the page, and the only place where actions are carried out.
//!
//! Draws when the event shown, the selection or a mode changes; never per frame.

mod act;
mod keyboard;
mod panels;
mod parts;
mod refresh;
mod wires;

use crate::action::{Action, Course, Mode, Selection, Theme};
use crate::checks::Banner;
use crate::driver::{Driver, Undo};
use crate::frame::{self, Shared};
use crate::help::Help;
use crate::hooks;
use crate::live::bar::Reel;
use crate::media::{self, Media, Wanted};
use crate::partition::PartitionDialog;
use crate::shown::Shown;
use crate::stage::Stage;
use crate::stage::layout::Layout;
use gloo_timers::callback::Timeout;
use raftwerk_sim::{BranchInfo, Timeline};
use raftwerk_wire::view::ClusterView;
use refresh::Pane;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::KeyboardEvent;
use wires::Wires;
use yew::prelude::*;

/// How long a toast stays (milliseconds).
const TOAST: u32 = 6_000;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Panels on both sides.
    Wide,
    /// One panel with tabs.
    Medium,
    /// A sheet below the stage.
    Narrow,
}

/// The panel shown where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What is selected.
    Node,
    /// The logs side by side.
    Logs,
    /// What happened.
    Events,
    /// Clients and keys.
    Kv,
    /// Invariants.
    Checks,
}

impl Tab {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tab::Node => "Node",
            Tab::Logs => "Logs",
            Tab::Events => "Events",
            Tab::Kv => "Clients",
            Tab::Checks => "Checks",
        }
    }
}

/// What happens to the app.
pub enum Msg {
    /// Somebody asks for something.
    Act(Action),
    /// An event happened, or the live picture changed.
    Moved,
    /// The live source has news.
    LiveNews,
    /// A key.
    Key(KeyboardEvent),
    /// Another panel.
    Tab(Tab),
    /// The sheet is pulled up or pushed down.
    Sheet,
    /// The settings open or close.
    Settings(bool),
    /// Reduced motion, by the system or by the person.
    Calm(bool),
    /// There is more or less room.
    Room,
    /// The toast has been read, or undone.
    ToastGone,
    /// Undo the branch that was just begun.
    Undo(Undo),
}

/// Something said, for a while or until it is closed.
struct Toast {
    text: String,
    undo: Option<Undo>,
    _timer: Option<Timeout>,
}

/// The app.
pub struct App {
    shared: Rc<RefCell<Shared>>,
    wires: Wires,
    /// What the stage shows, as of the last event.
    view: Rc<ClusterView>,
    /// The whole picture, taken at most a few times a second while time runs.
    slow: Pane,
    /// What the panels show: `slow`, each panel in a frame of its own.
    panes: [Pane; refresh::PANES],
    /// How many panels show `slow` already.
    caught_up: usize,
    timeline: Rc<Timeline>,
    reel: Rc<Reel>,
    branches: Rc<Vec<BranchInfo>>,
    hash: AttrValue,
    /// Event shown and last event, as they are printed.
    position: (u64, u64),
    slow_at: f64,
    timeline_at: f64,
    spoken: (u64, f64),
    announce: AttrValue,
    mode: Mode,
    selection: Selection,
    armed: bool,
    layout: Rc<Layout>,
    move_tool: bool,
    /// Counts pushes of the selected node by keys, with the direction of the last.
    pushed: (u32, i8, i8),
    theme: Theme,
    calm: bool,
    room: Room,
    tab: Tab,
    sheet: u8,
    menu: u32,
    ask: Option<(&'static str, &'static str)>,
    /// Whether single characters are keys.
    letters: bool,
    settings: bool,
    lessons: bool,
    help: bool,
    partition: bool,
    toast: Option<Toast>,
    media: Vec<Media>,
    keys: Option<Closure<dyn FnMut(KeyboardEvent)>>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> App {
        let wanted = Wanted::read();
        let driver = match &wanted.run {
            Some(Ok(run)) => Driver::of_run(run),
            _ => Driver::new(wanted.setup()),
        };
        let mut app = App::of(ctx, driver, wanted.layout);
        app.set_letters(media::letters());
        app.watch(ctx);
        app.refresh();
        if let Some(id) = wanted.lesson {
            app.perform(ctx, Action::Lesson(Course::Begin(id)));
        }
        if let Some(run) = &wanted.run {
            // What a link says of its run stays until it is closed: the check may be one that
            // looks at the whole run, and then nothing else on the page tells.
            app.toast = Some(Toast {
                text: media::about(run),
                undo: None,
                _timer: None,
            });
        }
        if wanted.mode == Mode::Live {
            app.perform(ctx, Action::Mode(Mode::Live));
        }
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Act(action) => self.perform(ctx, action),
            Msg::Moved => self.refresh(),
            Msg::LiveNews => {
                self.shared.borrow_mut().live_changed = true;
                return false;
            }
            Msg::Key(event) => return self.key(ctx, &event),
            Msg::Tab(tab) => self.tab = tab,
            Msg::Sheet => self.sheet = (self.sheet + 1) % 3,
            Msg::Settings(open) => (self.settings, self.lessons) = (open, false),
            Msg::Calm(calm) => {
                self.calm = calm;
                self.shared.borrow_mut().driver.set_calm(calm);
            }
            Msg::Room => self.room = self.measure(),
            Msg::ToastGone => self.toast = None,
            Msg::Undo(undo) => {
                self.toast = None;
                self.shared.borrow_mut().driver.undo(undo);
                self.jumped();
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let act = &self.wires.act;
        let room = match self.room {
            Room::Wide => "wide",
            Room::Medium => "medium",
            Room::Narrow => "narrow",
        };
        let sheet = ["peek", "half", "full"][usize::from(self.sheet)];
        let dialog = self.help || self.partition;
        html! {
            <div class={classes!("app", room, format!("sheet-{sheet}"),
                (self.mode == Mode::Live).then_some("is-live"))}>
                <div class="page" inert={dialog}>
                { self.top() }
                <Banner ..self.props(&self.slow) />
                { self.switched_off() }
                <main>
                    if self.room == Room::Wide { { self.left(ctx) } }
                    <section class="center">
                        { self.notice() }
                        { self.lesson() }
                        <Stage view={Shown(self.view.clone())} selection={self.selection}
                            mode={self.mode} armed={self.armed} calm={self.calm} menu={self.menu}
                            layout={self.layout.clone()} move_tool={self.move_tool} pushed={self.pushed}
                            layer={self.shared.borrow().layer.clone()} act={act.clone()} />
                        if self.room != Room::Narrow && !self.view.nodes.is_empty() {
                            { self.logs() }
                        }
                    </section>
                    { self.right(ctx) }
                </main>
                <footer>{ self.time() }</footer>
                </div>
                { self.toast(ctx) }
                if dialog {
                    <div class="veil" onclick={act.reform(|_: MouseEvent| Action::Escape)} />
                }
                if self.help {
                    <Help mode={self.mode} letters={self.letters} act={act.clone()} />
                }
                if self.partition {
                    <PartitionDialog members={self.members()} act={act.clone()} />
                }
                <p class="visually-hidden" role="status" aria-live="polite">{ &self.announce }</p>
            </div>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        if let Some((op, field)) = self.ask.take() {
            panels::ask(op, field);
        }
    }
}

impl App {
    /// An app that has shown nothing yet.
    fn of(ctx: &Context<Self>, driver: Driver, layout: Layout) -> App {
        let view = driver.view();
        let shared = Rc::new(RefCell::new(Shared::new(driver, Mode::Playground)));
        hooks::install(&shared);
        frame::start(shared.clone(), ctx.link().callback(|()| Msg::Moved));
        let theme = media::stored_theme();
        media::set_theme(theme);
        App {
            wires: Wires::new(ctx, &shared),
            shared,
            view,
            slow: Pane::default(),
            panes: Default::default(),
            caught_up: 0,
            timeline: Rc::default(),
            reel: Rc::default(),
            branches: Rc::default(),
            hash: AttrValue::default(),
            position: (0, 0),
            slow_at: f64::MIN,
            timeline_at: f64::MIN,
            spoken: (0, 0.0),
            announce: AttrValue::default(),
            mode: Mode::Playground,
            selection: Selection::Nothing,
            armed: false,
            layout: Rc::new(layout),
            move_tool: false,
            pushed: (0, 0, 0),
            theme,
            calm: false,
            room: Room::Wide,
            tab: Tab::Node,
            sheet: 1,
            menu: 0,
            ask: None,
            letters: true,
            settings: false,
            lessons: false,
            help: false,
            partition: false,
            toast: None,
            media: Vec::new(),
            keys: None,
        }
    }

    /// A link to this run, as it is now set up.
    fn link(&self) -> Action {
        let shared = self.shared.borrow();
        if let Some(lesson) = shared.driver.lesson() {
            return crate::settings::lesson_link(&lesson.id);
        }
        let setup = shared.driver.history().setup();
        let run = (setup.nodes, setup.seed, setup.clients);
        let autopilot = setup.autopilot.map(|policy| policy.target);
        crate::settings::copy_link(run, setup.disk.lies > 0, autopilot, &self.layout)
    }

    fn members(&self) -> Vec<u64> {
        self.view.nodes.iter().map(|card| card.id).collect()
    }

    /// Listens to keys and to what the browser says about itself.
    fn watch(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        let keys = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            link.send_message(Msg::Key(event));
        });
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            let _ =
                document.add_event_listener_with_callback("keydown", keys.as_ref().unchecked_ref());
        }
        self.keys = Some(keys);
        let room = ctx.link().callback(|_: bool| Msg::Room);
        let queries = [
            ("(min-width: 1200px)", room.clone()),
            ("(min-width: 768px)", room),
            (
                "(prefers-reduced-motion: reduce)",
                ctx.link().callback(Msg::Calm),
            ),
        ];
        self.media = queries
            .into_iter()
            .filter_map(|(query, on)| Media::watch(query, on))
            .collect();
        self.room = self.measure();
        self.calm = self.media.get(2).is_some_and(Media::matches);
        self.shared.borrow_mut().driver.set_calm(self.calm);
    }

    fn measure(&self) -> Room {
        match (self.media.first(), self.media.get(1)) {
            (Some(wide), _) if wide.matches() => Room::Wide,
            (_, Some(medium)) if medium.matches() => Room::Medium,
            (None, _) => Room::Wide,
            _ => Room::Narrow,
        }
    }
}
