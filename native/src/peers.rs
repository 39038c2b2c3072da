//! The other nodes: one outgoing WebSocket to each carries this node's messages, and each
//! peer's own outgoing one, accepted at `/v1/peer`, carries theirs.
//!
//! Two connections per pair instead of a shared one: no tie to break when both dial at once, and
//! a direction that is dead says nothing about the other (non-transitive and one-way faults are
//! real). Guarantees: sending never waits; each queue is bounded in messages and bytes; when it
//! is full the oldest append goes first, because the leader makes a newer one anyway (trap C8);
//! what is dropped is counted and told.
//!
//! Where a peer is reached is told at the start, by who adds it, or by its own greeting, and may
//! change (`place`); whoever is met is dialled from then on, while it is a member or connected itself
//! (`touch`). What was learned so is kept in the data directory (`identity`).
//!
//! | file     | is                                                    |
//! |----------|-------------------------------------------------------|
//! | `queue`  | what waits for one connection                         |
//! | `bulk`   | snapshots, which go behind the messages               |
//! | `cuts`   | links that are cut on purpose                         |
//! | `dial`   | the outgoing connection: handshake, sending, back-off |
//! | `accept` | the incoming ones                                     |
//! | `greet`  | who may talk to whom: the rules of the handshake      |
//! | `place`  | where a peer is reached                               |
//! | `alike`  | flags that must be the same for all                   |
//! | `touch`  | who is forgotten                                      |

pub mod accept;
mod alike;
pub mod bulk;
mod cuts;
pub mod dial;
pub mod greet;
mod place;
pub mod queue;
pub mod touch;

use crate::identity::{Addresses, PeerDisks};
use crate::metrics::Metrics;
use crate::node::PeerUrl;
use crate::node::inbox::{Inbox, Urgent};
use crate::node::logbook::Logbook;
use crate::observe::Observer;
use crate::snapshots::ChunkDoor;
pub use alike::{FLAGS, flags};
use place::Place;
use queue::{Outgoing, Queue};
use raftwerk_core::{Membership, Message, NodeId, Timing};
use raftwerk_wire::frame::PeerHello;
use raftwerk_wire::observe::Told;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use touch::Touch;

/// Most peers a node knows at a time, members or not.
const MAX_PEERS: usize = 64;

/// What a node knows of its connections.
pub struct Peers {
    /// This node's greeting; `to` is set for each peer.
    hello: PeerHello,
    /// Flags that must be the same for all.
    flags: String,
    timing: Timing,
    links: RwLock<BTreeMap<u64, Arc<Link>>>,
    dialers: Mutex<Dialers>,
    cuts: Mutex<BTreeSet<u64>>,
    touch: Mutex<Touch>,
    streams: Mutex<bulk::Streams>,
    /// Where chunks of snapshots go, once there is a place for them.
    chunks: OnceLock<ChunkDoor>,
    disks: PeerDisks,
    inbox: Arc<Inbox>,
    observer: Arc<Observer>,
    metrics: Arc<Metrics>,
    log: Logbook,
    /// Incoming connections that are open.
    incoming: tokio::sync::Semaphore,
}

/// The tasks that keep connections, once there is a runtime for them.
#[derive(Default)]
struct Dialers {
    runtime: Option<Handle>,
    tasks: BTreeMap<u64, JoinHandle<()>>,
}

/// The way to one peer.
pub struct Link {
    id: u64,
    place: Mutex<Place>,
    queue: Mutex<Queue>,
    bulk: Mutex<bulk::Bulk>,
    filled: Notify,
    up: AtomicBool,
    /// Why there is no connection, in words.
    trouble: Mutex<Option<String>>,
    /// It was started with other flags than it must be, in words.
    unlike: Mutex<Option<String>>,
}

/// What [`Peers::new`] is given.
pub struct Parts {
    /// This node's greeting.
    pub hello: PeerHello,
    /// Timing of the core, from which pauses and limits are taken.
    pub timing: Timing,
    /// Where each member is reached.
    pub urls: BTreeMap<u64, PeerUrl>,
    /// Where a member was reached in an earlier life, if that was elsewhere.
    pub moved: BTreeMap<u64, PeerUrl>,
    /// Flags that must be the same for all, as they are told to peers.
    pub flags: String,
    /// Disks of the peers.
    pub disks: PeerDisks,
    /// Where messages go.
    pub inbox: Arc<Inbox>,
    /// Where drops are told.
    pub observer: Arc<Observer>,
    /// Where they are counted.
    pub metrics: Arc<Metrics>,
    /// Where changes are logged.
    pub log: Logbook,
}

impl Peers {
    /// Knows all peers and is connected to none.
    #[must_use]
    pub fn new(parts: Parts) -> Peers {
        let Parts {
            hello,
            timing,
            urls,
            mut moved,
            flags,
            disks,
            inbox,
            observer,
            metrics,
            log,
        } = parts;
        let me = hello.node.0;
        let link = |(id, url): (u64, PeerUrl)| {
            let place = Place::new(url, moved.remove(&id));
            (id, Arc::new(Link::new(id, place)))
        };
        let links = urls
            .into_iter()
            .filter(|(id, _)| *id != me)
            .map(link)
            .collect();
        let incoming = tokio::sync::Semaphore::new(crate::limits::PEER_CONNECTIONS);
        let (cuts, dialers, touch) = (Mutex::default(), Mutex::default(), Mutex::default());
        Peers {
            hello,
            flags,
            timing,
            links: RwLock::new(links),
            dialers,
            cuts,
            touch,
            streams: Mutex::default(),
            chunks: OnceLock::new(),
            disks,
            inbox,
            observer,
            metrics,
            log,
            incoming,
        }
    }

    /// Chunks of snapshots go here from now on.
    pub fn take_chunks(&self, door: ChunkDoor) {
        let _ = self.chunks.set(door);
    }

    /// Starts dialing every peer, on the runtime it is called in.
    pub fn dial_all(self: &Arc<Self>) {
        self.dialers().runtime = Some(Handle::current());
        let links = self.all();
        if !links.is_empty() {
            self.keep_addresses();
        }
        for link in links {
            self.dial(&link);
        }
    }

    fn dial(self: &Arc<Self>, link: &Arc<Link>) {
        let mut dialers = self.dialers();
        let Some(runtime) = dialers.runtime.clone() else {
            return;
        };
        let (peers, link, id) = (Arc::clone(self), Arc::clone(link), link.id);
        let task = async move { dial::keep_connected(&peers, &link).await };
        let before = dialers.tasks.insert(id, runtime.spawn(task));
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Dials nobody any more; gives the tasks that did.
    #[must_use]
    pub fn hang_up(&self) -> Vec<JoinHandle<()>> {
        self.end_streams();
        let mut dialers = self.dialers();
        dialers.runtime = None;
        std::mem::take(&mut dialers.tasks).into_values().collect()
    }

    /// Whether one more node could be known.
    fn has_room_for(&self, id: u64) -> Result<(), String> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        match links.contains_key(&id) || links.len() < MAX_PEERS {
            true => Ok(()),
            false => Err(format!(
                "this node knows {MAX_PEERS} others and takes no more"
            )),
        }
    }

    /// These are dialled no more, and where they are reached is dropped.
    fn forget(self: &Arc<Self>, ids: &[u64]) {
        let gone: Vec<Arc<Link>> = {
            let mut links = self.links.write().unwrap_or_else(PoisonError::into_inner);
            ids.iter().filter_map(|id| links.remove(id)).collect()
        };
        for link in &gone {
            if let Some(task) = self.dialers().tasks.remove(&link.id) {
                task.abort();
            }
            if link.up.load(SeqCst) {
                self.went_down(link, "it is no member");
            }
            self.log
                .line(format!("forgets node {}, which is no member", link.id));
        }
        if !gone.is_empty() {
            self.keep_addresses();
        }
    }

    /// This node knows now whether it is a member no more; kept for its next life.
    pub fn note_removed(self: &Arc<Self>, removed: bool) {
        let peers = Arc::clone(self);
        self.in_background(move || peers.disks.keep_removed(removed));
    }

    /// These members are committed; noted for a next life that finds the log damaged.
    pub fn note_members(self: &Arc<Self>, members: Membership) {
        let peers = Arc::clone(self);
        self.in_background(move || peers.disks.keep_members(&members));
    }

    /// Writes to the data directory without anybody waiting for it. Only what is known anew in the
    /// next life is written so.
    fn in_background(&self, write: impl FnOnce() -> Result<(), String> + Send + 'static) {
        let (log, runtime) = (self.log.clone(), self.dialers().runtime.clone());
        let Some(runtime) = runtime else {
            return;
        };
        runtime.spawn_blocking(move || {
            if let Err(why) = write() {
                log.line(why);
            }
        });
    }

    /// A peer is reached at this URL: from now on it is dialled, if it was not known. What is
    /// known of one stays as it is.
    ///
    /// # Errors
    /// There are too many, or it cannot be kept.
    pub fn learn(self: &Arc<Self>, id: u64, url: &PeerUrl) -> Result<(), String> {
        if id == 0 || id == self.hello.node.0 || self.find(id).is_some() {
            return Ok(());
        }
        let link = {
            let mut links = self.links.write().unwrap_or_else(PoisonError::into_inner);
            if links.len() >= MAX_PEERS {
                return Err(format!(
                    "this node knows {MAX_PEERS} others and takes no more"
                ));
            }
            let new = || Arc::new(Link::new(id, Place::new(url.clone(), None)));
            Arc::clone(links.entry(id).or_insert_with(new))
        };
        self.log.line(format!("node {id} is reached at {url}"));
        self.dial(&link);
        self.disks.keep_urls(|| self.addresses())
    }

    /// Where all peers are reached.
    fn addresses(&self) -> Addresses {
        let learned = self.all().into_iter();
        learned
            .map(|link| (link.id, link.url().to_string()))
            .collect()
    }

    fn dialers(&self) -> std::sync::MutexGuard<'_, Dialers> {
        self.dialers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: u64) -> Option<Arc<Link>> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        links.get(&id).cloned()
    }

    fn all(&self) -> Vec<Arc<Link>> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        links.values().cloned().collect()
    }

    /// Sends a message, best effort: it is queued or dropped, at once.
    pub fn send(&self, serial: u64, message: Message) {
        let to = message.to.0;
        let outgoing = Outgoing::new(serial, message);
        let Some(link) = self.find(to) else {
            return self.dropped(
                &outgoing,
                "this node does not know where the receiver is reached",
            );
        };
        if self.lock_cuts().contains(&to) {
            return self.dropped(&outgoing, "cut");
        }
        if !link.up.load(SeqCst) {
            return self.dropped(&outgoing, "not connected");
        }
        self.metrics.sent.count(&outgoing.message.body);
        let pushed_out = link.queue().push(outgoing);
        link.filled.notify_one();
        for outgoing in pushed_out {
            self.dropped(&outgoing, "the queue to the receiver is full");
        }
    }

    fn dropped(&self, outgoing: &Outgoing, why: &str) {
        self.metrics.dropped.count(&outgoing.message.body);
        let (serial, to, why) = (outgoing.serial, outgoing.message.to.0, why.to_string());
        self.observer.push_now(Told::Dropped { serial, to, why });
    }

    /// Ids of all peers.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.all().into_iter().map(|link| link.id)
    }

    /// URL of a peer.
    #[must_use]
    pub fn url(&self, id: u64) -> Option<PeerUrl> {
        self.find(id).map(|link| link.url())
    }

    /// Whether messages to a peer go out, and why not, or what else is wrong with it.
    #[must_use]
    pub fn state(&self, id: u64) -> (bool, Option<String>) {
        self.find(id).map_or((true, None), |link| {
            let trouble = link.trouble().clone();
            (link.up.load(SeqCst), trouble.or_else(|| link.unlike()))
        })
    }

    /// Notes and logs why a connection cannot be, once per reason.
    fn refuse(&self, link: &Link, why: &str) {
        let mut trouble = link.trouble();
        if trouble.as_deref() != Some(why) {
            self.log
                .line(format!("node {} at {}: {why}", link.id, link.url()));
            *trouble = Some(why.to_string());
        }
    }

    fn went_up(&self, link: &Link) {
        *link.trouble() = None;
        link.queue().clear();
        link.bulk().clear();
        link.up.store(true, SeqCst);
        self.count_connected();
        self.log
            .line(format!("connected to node {} at {}", link.id, link.url()));
        self.inbox.urgent(Urgent::Link {
            peer: NodeId(link.id),
            up: true,
        });
    }

    fn went_down(&self, link: &Link, why: &str) {
        link.up.store(false, SeqCst);
        self.count_connected();
        self.log
            .line(format!("connection to node {} ended: {why}", link.id));
        *link.trouble() = Some(why.to_string());
        for outgoing in link.queue().clear() {
            self.dropped(&outgoing, "the connection ended");
        }
        self.inbox.urgent(Urgent::Link {
            peer: NodeId(link.id),
            up: false,
        });
    }

    fn count_connected(&self) {
        let links = self.all().into_iter();
        let up = links.filter(|link| link.up.load(SeqCst)).count();
        self.metrics.connected.store(up as u64, SeqCst);
    }
}

impl Link {
    fn new(id: u64, place: Place) -> Link {
        Link {
            id,
            place: Mutex::new(place),
            queue: Mutex::default(),
            bulk: Mutex::default(),
            filled: Notify::new(),
            up: AtomicBool::new(false),
            trouble: Mutex::default(),
            unlike: Mutex::default(),
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
