//! The streams of the other nodes, when the page is served by a node and not by a supervisor.
//!
//! A node tells only about itself; it passes on the streams of those it knows. Each has a socket
//! of its own here, tried again with growing pauses, and goes on after the last number heard.

use super::socket::{Report, Socket};
use super::{FIRST_PAUSE, Inner, LONGEST_PAUSE, page_now};
use gloo_timers::callback::Timeout;
use raftwerk_wire::observe::Tell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// Sockets of the page beside the one to its own server.
#[derive(Default)]
pub struct Others(RefCell<BTreeMap<u64, Other>>);

struct Other {
    /// Kept open, or kept waiting for the next try, by being here.
    _socket: Option<Socket>,
    _retry: Option<Timeout>,
    pause: u32,
}

impl Others {
    /// Hangs up on all: the page's own connection is gone, and they came through it.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

/// Opens the streams of all nodes known of that have none yet.
pub fn follow(inner: &Rc<Inner>) {
    let own = match inner.own.get() {
        Some(own) if !inner.fold.borrow().supervisor() => own,
        _ => return,
    };
    let known = inner.fold.borrow().members();
    for node in known.into_iter().filter(|node| *node != own) {
        if !inner.others.0.borrow().contains_key(&node) {
            open(inner, node, FIRST_PAUSE);
        }
    }
}

fn open(inner: &Rc<Inner>, node: u64, pause: u32) {
    let weak = Rc::downgrade(inner);
    let resume = inner.fold.borrow().resume(node);
    let socket = Socket::open(Some(node), resume, move |report| {
        if let Some(inner) = weak.upgrade() {
            take(&inner, node, report);
        }
    });
    let refused = socket.is_err();
    let other = Other {
        _socket: socket.ok(),
        _retry: None,
        pause,
    };
    inner.others.0.borrow_mut().insert(node, other);
    if refused {
        again(inner, node);
    }
}

fn take(inner: &Rc<Inner>, node: u64, report: Report) {
    match report {
        // It may be open and end at once: the other node says only then that it has no room.
        Report::Open => {}
        Report::Text(text) => match serde_json::from_str::<Tell>(&text) {
            Ok(tell) if tell.node == node => {
                if let Some(other) = inner.others.0.borrow_mut().get_mut(&node) {
                    other.pause = FIRST_PAUSE;
                }
                inner.fold.borrow_mut().relayed(page_now(), tell);
            }
            _ => *inner.message.borrow_mut() = super::OTHER_VERSION.to_string(),
        },
        Report::Closed => {
            inner.fold.borrow_mut().silent(page_now(), node);
            again(inner, node);
        }
    }
    inner.dirty.set(true);
}

fn again(inner: &Rc<Inner>, node: u64) {
    let mut others = inner.others.0.borrow_mut();
    let Some(other) = others.get_mut(&node) else {
        return;
    };
    let pause = other.pause;
    let next = (pause * 2).min(LONGEST_PAUSE);
    let weak: Weak<Inner> = Rc::downgrade(inner);
    other._retry = Some(Timeout::new(pause, move || {
        if let Some(inner) = weak.upgrade() {
            open(&inner, node, next);
        }
    }));
}
