//! TiKV's `raft` in the storms of the simulator, under the checks that ours must pass: the same
//! seeds, clients, faults and clocks, in the same simulator. Leaders come by timers, so the two
//! worlds of a seed go different ways; what must hold in each is the same.
//!
//! `RAFTWERK_SEEDS=N` runs N seeds; `RAFTWERK_SEED=S` one of them.

use raftwerk_differential::worlds::{for_tikv, storm};
use raftwerk_tikv_core::careless;
use raftwerk_tikv_sim::{Effort, Report, storm_of};

/// Seeds, and events of each before everything is healed.
const SEEDS: u64 = 80;
const EVENTS: u64 = 12_000;

fn theirs(seed: u64) -> Report {
    storm_of(&for_tikv(&storm(seed)), EVENTS, &Effort::default())
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    match number("RAFTWERK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RAFTWERK_SEEDS").unwrap_or(SEEDS),
    }
}

#[test]
fn both_pass_the_same_checks_in_the_same_storms() {
    let (seeds, mut elections, mut commits, mut answered) = (seeds(), [0, 0], [0, 0], [0, 0]);
    let many = seeds.end - seeds.start;
    for seed in seeds {
        let (ours, theirs) = (
            raftwerk_sim::storm_of(&storm(seed), EVENTS, &raftwerk_sim::Effort::default()),
            theirs(seed),
        );
        assert_eq!(ours.violation, None, "seed {seed}, ours");
        assert_eq!(theirs.violation, None, "seed {seed}, TiKV's");
        for (at, counts) in [
            (
                ours.stormy.elections,
                ours.stormy.commits,
                ours.stormy.answered,
            ),
            (
                theirs.stormy.elections,
                theirs.stormy.commits,
                theirs.stormy.answered,
            ),
        ]
        .into_iter()
        .enumerate()
        {
            elections[at] += counts.0;
            commits[at] += counts.1;
            answered[at] += counts.2;
        }
    }
    println!(
        "{many} seeds, ours and TiKV's: {elections:?} elections, {commits:?} commits, {answered:?} answers"
    );
    if many >= SEEDS {
        let rich = |counts: [u64; 2], each: u64| counts.iter().all(|count| *count > each * many);
        assert!(rich(elections, 3) && rich(commits, 50) && rich(answered, 50));
    }
}

/// Nothing but the seed decides: `raft` draws its election timeouts elsewhere, and they are put
/// right after every input.
#[test]
fn a_seed_of_theirs_plays_the_same_again() {
    for seed in 0..3 {
        assert_eq!(theirs(seed), theirs(seed), "seed {seed}");
    }
}

/// A host that sends promises before its disk holds them: the checks see it, though the core is not
/// ours.
#[test]
fn a_careless_host_is_found_out() {
    careless::switch(true);
    let found: Vec<&str> = (0..10)
        .filter_map(|seed| theirs(seed).violation.map(|found| found.check))
        .collect();
    careless::switch(false);
    assert_eq!(found, ["Durable before told"; 10]);
}
