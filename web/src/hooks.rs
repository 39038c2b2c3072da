//! `window.raftwerk`: what tests and curious people may ask the page.
//!
//! `hash()`, `position()`, `trail(seed, events)`, `frame_stats()`, `reset_stats()`,
//! `drawn()` and `memory()` change nothing. `stress(nodes, messages)` begins a run whose network
//! holds about that many messages at a time.

use crate::frame::Shared;
use js_sys::{Array, Object, Reflect};
use raftwerk_core::Span;
use raftwerk_sim::Setup;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// Most events of a trail: about a second of work.
const LONGEST_TRAIL: u64 = 200_000;

/// A hash as text: 16 hexadecimal digits.
#[must_use]
pub fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

/// Puts the functions on `window`.
pub fn install(shared: &Rc<RefCell<Shared>>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let object = Object::new();
    let from = |read: fn(&Shared) -> JsValue| {
        let shared = shared.clone();
        Closure::<dyn Fn() -> JsValue>::new(move || read(&shared.borrow())).into_js_value()
    };
    put(
        &object,
        "hash",
        &from(|s| hex(s.driver.history().hash()).into()),
    );
    put(
        &object,
        "position",
        &from(|s| (s.driver.history().position() as f64).into()),
    );
    put(
        &object,
        "memory",
        &from(|s| (s.driver.history().memory_estimate() as f64).into()),
    );
    put(
        &object,
        "drawn",
        &from(|s| (s.layer.0.borrow().drawn() as f64).into()),
    );
    put(&object, "frame_stats", &from(stats));
    let reset = {
        let shared = shared.clone();
        Closure::<dyn Fn()>::new(move || shared.borrow_mut().stats.reset()).into_js_value()
    };
    put(&object, "reset_stats", &reset);
    let busy = {
        let shared = shared.clone();
        Closure::<dyn Fn(f64, f64)>::new(move |nodes: f64, messages: f64| {
            let mut shared = shared.borrow_mut();
            shared
                .driver
                .restart(crowded(nodes as u64, messages as u64));
            shared.touch();
        })
    };
    put(&object, "stress", &busy.into_js_value());
    put(
        &object,
        "trail",
        &Closure::<dyn Fn(f64, f64) -> Array>::new(trail).into_js_value(),
    );
    put(&window, "raftwerk", &object);
}

fn put(object: &JsValue, name: &str, value: &JsValue) {
    // Setting a property of a plain object does not fail.
    let _ = Reflect::set(object, &name.into(), value);
}

fn stats(shared: &Shared) -> JsValue {
    let stats = &shared.stats;
    let object = Object::new();
    put(&object, "frames", &(stats.frames() as f64).into());
    for (name, part) in [("p50", 0.50), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
        put(&object, name, &stats.quantile(part).into());
    }
    object.into()
}

/// A world whose leader speaks so often, over a network that doubles every message, that about
/// `messages` are on the way at any time.
fn crowded(nodes: u64, messages: u64) -> Setup {
    let mut setup = Setup::playground(nodes, 1);
    setup.network.duplicate_per_million = 1_000_000;
    // Each round is two appends to every peer, two answers to each, and what answers lead to.
    let per_round = 10 * setup.nodes.saturating_sub(1).max(1);
    let on_the_way = (setup.network.delay_min + setup.network.delay_max) / 2;
    setup.timing.heartbeat = Span((on_the_way * per_round / messages.max(1)).max(1_000));
    setup
}

/// State hashes after each of the first events of a run, the same on every platform.
fn trail(seed: f64, events: f64) -> Array {
    let count = (events.max(0.0) as u64).min(LONGEST_TRAIL);
    raftwerk_sim::hash_trail(seed.max(0.0) as u64, count)
        .into_iter()
        .map(|hash| JsValue::from(hex(hash)))
        .collect()
}
