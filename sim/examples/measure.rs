//! Measures a long history: memory, and how long going to random places takes.
//!
//! `measure [events] [storm seed]`; without a seed it plays a playground with a client that
//! writes now and then.

use raftwerk_sim::{History, Setup, Workload};
use std::time::Instant;

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0)
        << 10
}

fn main() {
    let mut words = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse::<u64>().ok());
    let events = words.next().unwrap_or(100_000);
    let setup = match words.next() {
        Some(seed) => Setup::storm(seed),
        None => {
            let mut setup = Setup::playground(5, 7);
            setup.workload = Workload {
                pause_min: 200_000,
                pause_max: 2_000_000,
                keys: 4,
                put: 3,
                read_leader: 1,
                ..Workload::default()
            };
            setup
        }
    };
    let before = resident();
    let mut history = History::new(setup);
    let begun = Instant::now();
    while history.end() < events && history.forward() {}
    let played = begun.elapsed().as_secs_f64();
    let held = resident() - before;
    let mut times = Vec::new();
    let mut place = 12_345_u64;
    for _ in 0..400 {
        place = place
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let begun = Instant::now();
        history.seek((place >> 20) % history.end());
        times.push(begun.elapsed().as_micros());
    }
    times.sort_unstable();
    println!(
        "{} events in {played:.2} s ({:.0} per second), {} simulated seconds, {} committed",
        history.end(),
        history.end() as f64 / played,
        history.now() / 1_000_000,
        history.world().committed(),
    );
    println!(
        "memory {:.1} MB resident, {:.1} MB estimated; seek p50 {} us, p95 {} us, worst {} us",
        held as f64 / 1e6,
        history.memory_estimate() as f64 / 1e6,
        times[times.len() / 2],
        times[times.len() * 95 / 100],
        times[times.len() - 1],
    );
}
