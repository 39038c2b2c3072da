//! What the loop tells about itself: events with their causes, messages, views.
//!
//! All of it costs nothing while nobody watches (`Raft::listen` is off then). Causes are linked
//! as far as this node knows them: events of one input follow each other; what the disk or the
//! state machine reports is linked to what was told last before the write or the apply was asked
//! for. A message's cause is on another node: serial and boot in `Received` name it. The start is
//! the one event that is kept until somebody watches, with the time and the state it had.

use crate::limits::OBSERVE_VIEW_PAUSE;
use crate::observe::Observer;
use raftwerk_core::trace::{Cause, Event};
use raftwerk_core::{Index, Message, Raft, Span, Time, WriteSeq};
use raftwerk_kv::Store;
use raftwerk_wire::frame::Frame;
use raftwerk_wire::observe::Told;
use raftwerk_wire::view::{EventView, MessageView, NodeView, SHOWN_ENTRIES};
use std::collections::VecDeque;
use std::sync::Arc;

/// Links kept for reports that have not come yet; more are forgotten, oldest first.
const LINKS: usize = 64;

/// See the module.
pub struct Telling {
    observer: Arc<Observer>,
    on: bool,
    /// How the node started, until it is told.
    start: Option<Event>,
    /// Number of the last message sent; every message has one, watched or not.
    serial: u64,
    /// Number of the last event told.
    event: u64,
    /// Cause of the last event told, so that events of one input are chained.
    last_cause: Option<Cause>,
    writes: VecDeque<(WriteSeq, u64)>,
    applies: VecDeque<(Index, u64)>,
    changed: bool,
    last_view: Time,
}

impl Telling {
    /// Tells nothing yet.
    #[must_use]
    pub fn new(observer: Arc<Observer>) -> Telling {
        Telling {
            observer,
            on: false,
            start: None,
            serial: 0,
            event: 0,
            last_cause: None,
            writes: VecDeque::new(),
            applies: VecDeque::new(),
            changed: false,
            last_view: Time(0),
        }
    }

    /// Notes how the node started, before its first turn: later on, term and log are others.
    pub fn booted(&mut self, raft: &mut Raft) {
        raft.listen(true);
        self.start = raft.poll_event();
        raft.listen(false);
    }

    /// Switches the trace on or off as it is wanted.
    pub fn start_turn(&mut self, raft: &mut Raft, now: Time) {
        let on = self.observer.wanted(now);
        if on != self.on {
            self.on = on;
            raft.listen(on);
            self.writes.clear();
            self.applies.clear();
            if on && let Some(start) = self.start.take() {
                self.tell(start);
                // Whatever comes next was led to by something else.
                self.last_cause = None;
            }
        }
    }

    /// Publishes a view if it is time, and wakes subscribers.
    pub fn end_turn(&mut self, raft: &Raft, store: &Store, now: Time) {
        if !self.on {
            return;
        }
        self.changed = true;
        if now >= self.view_due() {
            self.changed = false;
            self.last_view = now;
            self.observer
                .publish_view(Told::View(Box::new(self.view(raft, store, now))));
        }
        self.observer.announce();
    }

    /// When the next view is to be published.
    #[must_use]
    pub fn view_due(&self) -> Time {
        if !self.on || !self.changed {
            return Time::NEVER;
        }
        let pause = u64::try_from(OBSERVE_VIEW_PAUSE.as_micros()).unwrap_or(u64::MAX);
        self.last_view + Span(pause)
    }

    /// The whole state of the node.
    #[must_use]
    pub fn view(&self, raft: &Raft, store: &Store, now: Time) -> NodeView {
        NodeView::of(raft, store, now.0, SHOWN_ENTRIES)
    }

    /// An input is about to be fed: its events are no consequence of the one before.
    pub fn input(&mut self) {
        self.last_cause = None;
    }

    /// Tells the events made since the last call; call it after each input and drain.
    pub fn events(&mut self, raft: &mut Raft) {
        while let Some(event) = raft.poll_event() {
            self.tell(event);
        }
    }

    fn tell(&mut self, event: Event) {
        let cause = if self.last_cause == Some(event.cause) {
            Some(self.event)
        } else {
            self.linked(event.cause)
        };
        self.last_cause = Some(event.cause);
        self.event += 1;
        let id = self.event;
        self.observer.push(|step| {
            Told::Event(Box::new(EventView {
                id,
                step,
                cause,
                event,
            }))
        });
    }

    /// The event that led to a report.
    fn linked(&self, cause: Cause) -> Option<u64> {
        match cause {
            Cause::Disk(seq) => self
                .writes
                .iter()
                .find(|(at, _)| *at == seq)
                .map(|(_, event)| *event),
            Cause::Applied(index) => self
                .applies
                .iter()
                .find(|(at, _)| *at == index)
                .map(|(_, event)| *event),
            _ => None,
        }
    }

    /// A write is handed to the disk.
    pub fn wrote(&mut self, raft: &mut Raft, seq: WriteSeq) {
        self.events(raft);
        if self.on && self.event > 0 {
            bounded(&mut self.writes, (seq, self.event));
        }
    }

    /// Entries are handed to the state machine.
    pub fn applying(&mut self, raft: &mut Raft, to: Index) {
        self.events(raft);
        if self.on && self.event > 0 {
            bounded(&mut self.applies, (to, self.event));
        }
    }

    /// A message leaves; returns its number.
    pub fn sent(&mut self, message: &Message) -> u64 {
        self.serial += 1;
        let (serial, to) = (self.serial, message.to.0);
        if self.on {
            let content = MessageView::from(message);
            self.observer.push(|_| Told::Sent {
                serial,
                to,
                content,
            });
        }
        serial
    }

    /// A message arrived.
    pub fn received(&mut self, frame: &Frame) {
        if self.on {
            let (serial, from, boot) = (frame.serial, frame.message.from.0, frame.boot);
            self.observer
                .push(|_| Told::Received { serial, from, boot });
        }
    }
}

fn bounded<T>(links: &mut VecDeque<T>, link: T) {
    if links.len() >= LINKS {
        links.pop_front();
    }
    links.push_back(link);
}
