//! What a node tells about itself: a ring of numbered items, and the newest view.
//!
//! Whoever has something to tell pushes and goes on; subscribers read from the ring at their own
//! pace, each with the number it has. A subscriber that falls behind the ring is dropped by its
//! own task (see `api::observe`). So nobody who watches can ever slow the node down (trap D11),
//! and there is no queue per subscriber.
//!
//! Trace events are made only while somebody watches, and a little longer, so that one who
//! reconnects has no gap: while all nodes are watched, a small write costs them about a third
//! more processor time.

use crate::clock;
use crate::limits::{OBSERVE_BATCH, OBSERVE_KEPT, OBSERVE_LINGER, OBSERVE_SUBSCRIBERS};
use crate::metrics::Metrics;
use raftwerk_core::Time;
use raftwerk_wire::observe::{Tell, Told};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The ring and who reads it.
pub struct Observer {
    node: u64,
    boot: u64,
    ring: Mutex<Ring>,
    /// Number of the newest item, told once per turn.
    head: watch::Sender<u64>,
    view: watch::Sender<Option<Arc<Tell>>>,
    subscribers: AtomicU64,
    /// When the last subscriber left, in microseconds of the node's clock; 0: never.
    left: AtomicU64,
    metrics: Arc<Metrics>,
}

struct Ring {
    items: VecDeque<Arc<Tell>>,
    /// Number of the newest item.
    newest: u64,
}

/// What the ring has after a number.
#[derive(Debug, PartialEq)]
pub enum After {
    /// These follow directly; empty when there is nothing new.
    Items(Vec<Arc<Tell>>),
    /// The first of these is not the next one: those before it are no longer kept.
    Gap {
        /// First number missing.
        from: u64,
        /// Last number missing.
        to: u64,
    },
}

/// One subscriber; it is gone when this is dropped.
pub struct Subscription {
    observer: Arc<Observer>,
    /// Changes when there are new items.
    pub head: watch::Receiver<u64>,
    /// The newest view.
    pub view: watch::Receiver<Option<Arc<Tell>>>,
}

impl Observer {
    /// An empty ring for one life of a node.
    #[must_use]
    pub fn new(node: u64, boot: u64, metrics: Arc<Metrics>) -> Observer {
        Observer {
            node,
            boot,
            ring: Mutex::new(Ring {
                items: VecDeque::new(),
                newest: 0,
            }),
            head: watch::Sender::new(0),
            view: watch::Sender::new(None),
            subscribers: AtomicU64::new(0),
            left: AtomicU64::new(0),
            metrics,
        }
    }

    /// Life of the process.
    #[must_use]
    pub fn boot(&self) -> u64 {
        self.boot
    }

    /// Whether anybody watches, or did a moment ago.
    #[must_use]
    pub fn wanted(&self, now: Time) -> bool {
        if self.subscribers.load(SeqCst) > 0 {
            return true;
        }
        let left = self.left.load(SeqCst);
        left > 0 && u128::from(now.since(Time(left)).0) < OBSERVE_LINGER.as_micros()
    }

    /// Adds an item; `told` is given its number, which is returned. Call [`Observer::announce`]
    /// afterwards, once for any number of items.
    pub fn push(&self, told: impl FnOnce(u64) -> Told) -> u64 {
        let mut ring = self.ring();
        ring.newest += 1;
        let number = ring.newest;
        let item = Arc::new(self.tell(number, told(number)));
        ring.items.push_back(item);
        if ring.items.len() > OBSERVE_KEPT {
            ring.items.pop_front();
        }
        number
    }

    /// Adds an item and announces it, if anybody watches: for those outside the loop.
    pub fn push_now(&self, told: Told) {
        if self.wanted(clock::now()) {
            self.push(|_| told);
            self.announce();
        }
    }

    /// Wakes subscribers.
    pub fn announce(&self) {
        let newest = self.ring().newest;
        self.head
            .send_if_modified(|head| std::mem::replace(head, newest) != newest);
    }

    /// Publishes a view; subscribers that were busy see only the newest.
    pub fn publish_view(&self, view: Told) {
        self.view.send_replace(Some(Arc::new(self.tell(0, view))));
    }

    /// An item with the envelope of this node.
    #[must_use]
    pub fn tell(&self, number: u64, told: Told) -> Tell {
        Tell {
            node: self.node,
            boot: self.boot,
            number,
            clock: clock::now().0,
            told,
        }
    }

    /// Number of the newest item.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.ring().newest
    }

    /// Items after a number, at most [`OBSERVE_BATCH`].
    #[must_use]
    pub fn after(&self, number: u64) -> After {
        let ring = self.ring();
        let kept = ring.items.len() as u64;
        let first = ring.newest - kept + 1;
        if number >= ring.newest {
            return After::Items(Vec::new());
        }
        if number + 1 < first {
            return After::Gap {
                from: number + 1,
                to: first - 1,
            };
        }
        let skip = usize::try_from(number + 1 - first).unwrap_or(usize::MAX);
        After::Items(
            ring.items
                .iter()
                .skip(skip)
                .take(OBSERVE_BATCH)
                .cloned()
                .collect(),
        )
    }

    /// Adds a subscriber; `None` when there are too many.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>) -> Option<Subscription> {
        let count = self.subscribers.fetch_add(1, SeqCst) + 1;
        self.metrics.observers.store(count, SeqCst);
        let observer = Arc::clone(self);
        let (head, view) = (self.head.subscribe(), self.view.subscribe());
        let subscription = Subscription {
            observer,
            head,
            view,
        };
        (count <= OBSERVE_SUBSCRIBERS as u64).then_some(subscription)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let observer = &self.observer;
        observer.left.store(clock::now().0.max(1), SeqCst);
        let before = observer.subscribers.fetch_sub(1, SeqCst);
        observer.metrics.observers.store(before - 1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(to: u64) -> Told {
        Told::Cuts { to: vec![to] }
    }

    #[test]
    fn the_ring_is_bounded_and_gaps_are_told() {
        let observer = Arc::new(Observer::new(1, 9, Arc::default()));
        assert_eq!(observer.after(0), After::Items(Vec::new()));
        let kept = OBSERVE_KEPT as u64;
        for n in 1..=kept + 10 {
            assert_eq!(observer.push(told), n);
        }
        assert_eq!(observer.after(0), After::Gap { from: 1, to: 10 });
        let After::Items(items) = observer.after(10) else {
            panic!("they are kept")
        };
        assert_eq!(
            (items.len(), items[0].number, items[0].boot),
            (OBSERVE_BATCH, 11, 9)
        );
        let After::Items(items) = observer.after(kept + 9) else {
            panic!("they are kept")
        };
        assert_eq!((items.len(), items[0].number), (1, kept + 10));
        assert_eq!(observer.after(kept + 10), After::Items(Vec::new()));
        assert_eq!(observer.after(u64::MAX), After::Items(Vec::new()));
    }

    #[test]
    fn it_is_wanted_while_somebody_watches_and_a_little_longer() {
        let observer = Arc::new(Observer::new(1, 9, Arc::default()));
        assert!(!observer.wanted(clock::now()));
        let subscriptions: Vec<_> = (0..OBSERVE_SUBSCRIBERS)
            .map(|_| observer.subscribe().expect("room"))
            .collect();
        assert!(observer.subscribe().is_none());
        assert!(observer.wanted(clock::now()));
        drop(subscriptions);
        assert!(observer.subscribe().is_some());
        let now = clock::now();
        assert!(observer.wanted(now));
        assert!(!observer.wanted(now + raftwerk_core::Span(11_000_000)));
    }
}
