//! What the nodes said last, and everybody who listens.
//!
//! Guarantees: a page that connects sees the state of all processes, the last word of each node
//! with its age, and from then on everything, in order and without a hole: both are taken under
//! one lock. What waits for a slow page is bounded; see `pages`.

use super::fleet::Fleet;
use crate::node::leadership::{Leadership, Leaderships};
use axum::extract::ws::Utf8Bytes;
use raftwerk_core::trace::Role;
use raftwerk_wire::observe::{FromSupervisor, Tell, Told};
use raftwerk_wire::view::NodeCondition;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

/// Items that wait for a page before it counts as too slow.
const WAITING: usize = 4_096;

/// Where everything that is told meets.
pub struct Board {
    fleet: Arc<Fleet>,
    heard: Mutex<BTreeMap<u64, Heard>>,
    pages: broadcast::Sender<Utf8Bytes>,
    leader: watch::Sender<Leadership>,
}

/// What was heard from one node.
#[derive(Default)]
struct Heard {
    connected: bool,
    boot: u64,
    number: u64,
    hello: Option<(Instant, Tell)>,
    view: Option<(Instant, Tell)>,
    cuts: Option<(Instant, Tell)>,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>) -> Arc<Board> {
        let (pages, _) = broadcast::channel(WAITING);
        Arc::new(Board {
            fleet,
            heard: Mutex::default(),
            pages,
            leader: watch::Sender::default(),
        })
    }

    /// The processes this is about.
    #[must_use]
    pub fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// Everything a new page must know first, and what comes after.
    #[must_use]
    pub fn subscribe(&self) -> (Vec<Utf8Bytes>, broadcast::Receiver<Utf8Bytes>) {
        let heard = self.lock();
        let next = self.pages.subscribe();
        let mut first = vec![text(&self.processes())];
        for (&node, heard) in heard.iter() {
            let connected = heard.connected;
            first.push(text(&FromSupervisor::Stream { node, connected }));
            for (since, tell) in [&heard.hello, &heard.view, &heard.cuts]
                .into_iter()
                .flatten()
            {
                let age_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                let tell = Box::new(tell.clone());
                first.push(text(&FromSupervisor::Kept { age_ms, tell }));
            }
        }
        (first, next)
    }

    /// Tells every page the state of the processes.
    pub fn tell_processes(&self) {
        let _heard = self.lock();
        self.publish(&self.processes());
    }

    /// The stream of a node went up or down.
    pub fn stream(&self, node: u64, connected: bool) {
        let mut heard = self.lock();
        let one = heard.entry(node).or_default();
        if one.connected != connected {
            one.connected = connected;
            self.publish(&FromSupervisor::Stream { node, connected });
        }
    }

    /// A node said something; it is kept and passed on word for word.
    pub fn relay(&self, tell: Tell) {
        let mut heard = self.lock();
        let one = heard.entry(tell.node).or_default();
        if one.boot != tell.boot {
            *one = Heard {
                connected: one.connected,
                boot: tell.boot,
                ..Heard::default()
            };
        }
        one.number = one.number.max(tell.number);
        let place = match &tell.told {
            Told::Hello { .. } => Some(&mut one.hello),
            Told::View(_) => Some(&mut one.view),
            Told::Cuts { .. } => Some(&mut one.cuts),
            _ => None,
        };
        if let Some(place) = place {
            *place = Some((Instant::now(), tell.clone()));
        }
        if matches!(tell.told, Told::View(_)) {
            let newest = self.newest(&heard);
            self.leader
                .send_if_modified(|known| std::mem::replace(known, newest) != newest);
        }
        self.publish(&FromSupervisor::Node(Box::new(tell)));
    }

    /// Life and last number heard of a node, to go on from there; `None`: nothing was heard.
    #[must_use]
    pub fn position(&self, node: u64) -> Option<(u64, u64)> {
        let heard = self.lock();
        let one = heard.get(&node)?;
        one.hello.as_ref().map(|_| (one.boot, one.number))
    }

    /// Who leads as far as was heard: the running node that says so itself with the highest term,
    /// else the one that the running node with the highest term believes in.
    #[must_use]
    pub fn leadership(&self) -> Leadership {
        self.newest(&self.lock())
    }

    /// The same, to wait for changes.
    #[must_use]
    pub fn leaderships(&self) -> Leaderships {
        self.leader.subscribe()
    }

    fn newest(&self, heard: &BTreeMap<u64, Heard>) -> Leadership {
        let running = |node: u64| {
            let condition = self.fleet.condition(node);
            condition.is_some_and(|(condition, _)| condition == NodeCondition::Up)
        };
        let views = heard.iter().filter(|(node, _)| running(**node));
        let views = views.filter_map(|(_, one)| match &one.view.as_ref()?.1.told {
            Told::View(view) => Some(view),
            _ => None,
        });
        let newest = views.max_by_key(|view| (view.term, view.role == Role::Leader));
        let Some(newest) = newest else {
            return Leadership::default();
        };
        let leader = match newest.role {
            Role::Leader => Some(newest.id),
            _ => newest.leader,
        };
        Leadership {
            term: newest.term,
            leader: leader.filter(|&node| running(node)),
        }
    }

    fn processes(&self) -> FromSupervisor {
        FromSupervisor::Processes {
            nodes: self.fleet.processes(),
            chaos: true,
        }
    }

    fn publish(&self, item: &FromSupervisor) {
        if self.pages.receiver_count() > 0 {
            // An error means that the last page has just left.
            let _ = self.pages.send(text(item));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Heard>> {
        // What was heard is replaced whole, so a panic elsewhere leaves a usable map.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(item: &FromSupervisor) -> Utf8Bytes {
    let text = serde_json::to_string(item);
    text.expect("the items of the stream have text keys only")
        .into()
}
