//! The live source: real processes, seen through what each of them tells (`wire::observe`).
//!
//! [`Live`] keeps a WebSocket to the server of the page, folds what arrives into the same
//! [`ClusterView`] the playground makes, and turns the same interventions into HTTP requests.
//! A lost connection keeps the last picture, growing old, and is tried again with back-off.
//!
//! | file | is |
//! |---|---|
//! | `socket`, `http` | the wires |
//! | `others` | the streams of the other nodes, where a single node serves the page |
//! | `fold` | from what nodes tell to the picture of any moment, with `node`, `kept`, `flights` |
//! | `past` | what was received in the last minutes |
//! | `travel`, `strip`, `bar` | looking back: the moment shown, the minutes at a glance, the controls |
//! | `clients`, `requests` | what the page itself asks |

pub mod bar;
mod clients;
mod flights;
mod fold;
mod http;
mod kept;
mod node;
mod others;
mod past;
pub mod requests;
mod socket;
mod strip;
mod travel;

use crate::action::Action;
use bar::Reel;
use clients::Book;
use fold::Fold;
use gloo_timers::callback::{Interval, Timeout};
use others::Others;
use raftwerk_sim::Intervention;
use raftwerk_wire::observe::{FromSupervisor, Tell};
use raftwerk_wire::view::{ClusterView, EventView};
use socket::{Report, Socket};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
pub use travel::Arrived;
use travel::Cursor;
use yew::Callback;

/// Changes are reported at most this often (milliseconds).
const BEAT: u32 = 50;
/// Ages grow on screen at least this often (in beats).
const AGE_BEATS: u32 = 8;
/// First and longest pause before another attempt to connect (milliseconds).
const FIRST_PAUSE: u32 = 500;
const LONGEST_PAUSE: u32 = 8_000;
const OTHER_VERSION: &str = "The cluster speaks another version. Reload the page.";
/// How long a refusal stays in the top bar (microseconds).
const REFUSAL_SHOWN: u64 = 6_000_000;
/// Most faults asked for at once.
const MOST_FAULTS: usize = 64;
/// The page's clock when the page begins (microseconds): more than a year, so that what nodes did
/// long before has its place on it, and little enough to be exact in a float.
const BEGUN: u64 = 1 << 45;

/// What the top bar says about the live source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveStatus {
    /// Nodes whose own stream is connected.
    pub connected_nodes: usize,
    /// Nodes known of.
    pub total: usize,
    /// Whether faults may be asked for.
    pub chaos_allowed: bool,
    /// Whether a supervisor talks, and not a single node.
    pub supervisor: bool,
    /// What is wrong, or empty.
    pub message: String,
}

/// A connection to a live cluster. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Live(Rc<Inner>);

struct Inner {
    fold: RefCell<Fold>,
    cursor: Cell<Cursor>,
    book: RefCell<Book>,
    socket: RefCell<Option<Socket>>,
    /// The node that serves the page, if it is one.
    own: Cell<Option<u64>>,
    others: Others,
    retry: RefCell<Option<Timeout>>,
    beat: RefCell<Option<Interval>>,
    pause: Cell<u32>,
    open: Cell<bool>,
    ever_open: Cell<bool>,
    dirty: Cell<bool>,
    message: RefCell<String>,
    /// The last thing asked for that was refused later, and when.
    refused: RefCell<Option<(u64, String)>>,
    changed: Callback<()>,
    notice: Callback<String>,
}

impl PartialEq for Live {
    fn eq(&self, other: &Live) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Live {
    /// Connects to the server of this page; what goes wrong later with something asked for is
    /// said through `notice`.
    #[must_use]
    pub fn connect_with(on_change: Callback<()>, notice: Callback<String>) -> Live {
        let inner = Rc::new(Inner {
            fold: RefCell::new(Fold::new(page_now())),
            cursor: Cell::default(),
            book: RefCell::default(),
            socket: RefCell::default(),
            own: Cell::default(),
            others: Others::default(),
            retry: RefCell::default(),
            beat: RefCell::default(),
            pause: Cell::new(FIRST_PAUSE),
            open: Cell::new(false),
            ever_open: Cell::new(false),
            dirty: Cell::new(true),
            message: RefCell::new("Connecting.".to_string()),
            refused: RefCell::default(),
            changed: on_change,
            notice,
        });
        let (weak, beats) = (Rc::downgrade(&inner), Cell::new(0));
        *inner.beat.borrow_mut() = Some(Interval::new(BEAT, move || {
            let Some(inner) = weak.upgrade() else { return };
            beats.set((beats.get() + 1) % AGE_BEATS);
            // A moment of the past changes no more; only how long ago it was.
            let paused = inner.cursor.get().0.is_some();
            if beats.get() == 0 && inner.open.get() {
                others::follow(&inner);
            }
            if (inner.dirty.replace(false) && !paused) || beats.get() == 0 {
                inner.changed.emit(());
            }
        }));
        open(&inner);
        Live(inner)
    }

    /// The moment shown on the page's clock, microseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.cursor.get().0.unwrap_or_else(page_now)
    }

    /// Whether the picture follows the cluster.
    #[must_use]
    pub fn following(&self) -> bool {
        self.0.cursor.get().0.is_none()
    }

    /// Goes to another moment of the last minutes, or back to now.
    #[must_use]
    pub fn travel(&self, action: &Action) -> Arrived {
        let mut cursor = self.0.cursor.get();
        let arrived = cursor.travel(action, &self.0.fold.borrow(), page_now());
        self.0.cursor.set(cursor);
        arrived
    }

    /// What the stage shows of the moment shown: no logs, no keys.
    #[must_use]
    pub fn stage(&self) -> ClusterView {
        self.picture(false)
    }

    /// The whole picture of the moment shown.
    #[must_use]
    pub fn whole(&self) -> ClusterView {
        self.picture(true)
    }

    fn picture(&self, whole: bool) -> ClusterView {
        let (now, book) = (self.now(), self.0.book.borrow());
        ClusterView {
            clients: book.view(now),
            client_flights: book.flights(now),
            ..self.0.fold.borrow().view(now, whole)
        }
    }

    /// The last events up to the moment shown, newest last.
    #[must_use]
    pub fn events(&self) -> Vec<EventView> {
        self.0.fold.borrow().events(self.now())
    }

    /// An event by its number.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<EventView> {
        let fold = self.0.fold.borrow();
        fold.past().find(id).map(|heard| (*heard.event).clone())
    }

    /// The last minutes, for the bar below the stage.
    #[must_use]
    pub fn reel(&self) -> Reel {
        let (fold, now) = (self.0.fold.borrow(), page_now());
        Reel {
            strip: strip::strip(fold.past(), now),
            cursor: self.0.cursor.get().0,
            events_from: fold.past().events_from(),
            messages_from: fold.flights_from(),
        }
    }

    /// What the top bar says.
    #[must_use]
    pub fn status(&self) -> LiveStatus {
        let fold = self.0.fold.borrow();
        let (connected_nodes, total) = fold.connected();
        let refused = self.0.refused.borrow().clone();
        let message = match refused {
            Some((at, why)) if page_now().saturating_sub(at) < REFUSAL_SHOWN => why,
            _ => self.0.message.borrow().clone(),
        };
        LiveStatus {
            connected_nodes,
            total,
            chaos_allowed: fold.chaos(),
            supervisor: fold.supervisor(),
            message,
        }
    }

    /// Begins to carry something out. What goes wrong later is said through the notice.
    ///
    /// # Errors
    /// Why it cannot even begin, in one sentence.
    pub fn act(&self, what: &Intervention) -> Result<(), String> {
        if !self.following() {
            let why = "This is a moment of the past. Follow the cluster again (Space) to act.";
            return Err(why.to_string());
        }
        if let Intervention::Ask { client, node, op } = what {
            return self.ask(*client, *node, op);
        }
        if !self.0.open.get() {
            return Err("There is no connection to the cluster.".to_string());
        }
        let faults = requests::faults(what, &self.0.fold.borrow().members())?;
        if faults.len() > MOST_FAULTS {
            return Err("That is too much at once.".to_string());
        }
        let inner = self.0.clone();
        wasm_bindgen_futures::spawn_local(async move {
            for fault in &faults {
                if let Err(why) = http::fault(fault).await {
                    inner.notice.emit(why.clone());
                    *inner.refused.borrow_mut() = Some((page_now(), why));
                    break;
                }
            }
            inner.dirty.set(true);
        });
        Ok(())
    }

    fn ask(&self, client: u64, node: u64, op: &raftwerk_sim::Op) -> Result<(), String> {
        op.validate()?;
        let ticket = self
            .0
            .book
            .borrow_mut()
            .begin(page_now(), client, node, op)?;
        self.0.dirty.set(true);
        let (inner, op) = (self.0.clone(), op.clone());
        wasm_bindgen_futures::spawn_local(async move {
            let (answer, outcome) = http::ask(&op, node).await;
            inner
                .book
                .borrow_mut()
                .end(page_now(), client, ticket, answer, outcome);
            inner.dirty.set(true);
        });
        Ok(())
    }
}

fn page_now() -> u64 {
    BEGUN + (crate::driver::real_now() * 1_000.0) as u64
}

fn open(inner: &Rc<Inner>) {
    let weak = Rc::downgrade(inner);
    let own = inner.own.get();
    let resume = own.and_then(|own| inner.fold.borrow().resume(own));
    let socket = Socket::open(None, resume, move |report| {
        if let Some(inner) = weak.upgrade() {
            take(&inner, report);
        }
    });
    match socket {
        Ok(socket) => *inner.socket.borrow_mut() = Some(socket),
        Err(why) => *inner.message.borrow_mut() = why,
    }
}

fn take(inner: &Rc<Inner>, report: Report) {
    match report {
        Report::Open => {
            inner.open.set(true);
            inner.ever_open.set(true);
            inner.pause.set(FIRST_PAUSE);
            inner.message.borrow_mut().clear();
        }
        Report::Text(text) => {
            if let Err(why) = fold(inner, &text) {
                *inner.message.borrow_mut() = why;
            }
        }
        Report::Closed => {
            inner.open.set(false);
            inner.others.clear();
            inner.fold.borrow_mut().lost(page_now());
            *inner.message.borrow_mut() = if inner.ever_open.get() {
                "Connection lost. Trying again.".to_string()
            } else {
                "No cluster answers here. Start one with: raftwerk play".to_string()
            };
            again(inner);
        }
    }
    inner.dirty.set(true);
}

/// A supervisor relays all nodes; a single node tells only about itself.
fn fold(inner: &Inner, text: &str) -> Result<(), String> {
    let mut fold = inner.fold.borrow_mut();
    if let Ok(item) = serde_json::from_str::<FromSupervisor>(text) {
        fold.item(page_now(), item);
        return Ok(());
    }
    match serde_json::from_str::<Tell>(text) {
        Ok(tell) => {
            inner.own.set(Some(tell.node));
            fold.tell(page_now(), tell);
            Ok(())
        }
        Err(_) => Err(OTHER_VERSION.to_string()),
    }
}

fn again(inner: &Rc<Inner>) {
    let pause = inner.pause.get();
    inner.pause.set((pause * 2).min(LONGEST_PAUSE));
    let weak: Weak<Inner> = Rc::downgrade(inner);
    *inner.retry.borrow_mut() = Some(Timeout::new(pause, move || {
        if let Some(inner) = weak.upgrade() {
            open(&inner);
        }
    }));
}
