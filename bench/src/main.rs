//! The core beside other Raft crates, three replicas in one thread: `cargo xtask bench core`.
//!
//! Rounds of the contestants alternate, the time is what the thread worked, and the best round
//! counts, so that a busy machine says little. All replicas of all contestants must end with the same digest. The
//! last line is one JSON object. Nothing is judged here; docs/benchmarks.md holds the numbers.
//!
//! `--quick` makes rounds short; `--rounds N`; `--only NAME` runs one contestant; `--cell 16x256`
//! runs one cell, bytes and commands per drain.

mod contest;
#[cfg(feature = "peers")]
mod openraft;
mod ours;
#[cfg(feature = "peers")]
mod tikv;

use contest::{Case, Round, best, round};
use serde_json::{Value, json};
use std::process::ExitCode;

/// One who takes part.
struct Entrant {
    name: &'static str,
    round: fn(Case, usize) -> Round,
}

const ENTRANTS: &[Entrant] = &[
    Entrant {
        name: "raftwerk",
        round: round::<ours::Ours>,
    },
    #[cfg(feature = "peers")]
    Entrant {
        name: "raft",
        round: round::<tikv::Tikv>,
    },
    #[cfg(feature = "peers")]
    Entrant {
        name: "openraft",
        round: round::<openraft::Openraft>,
    },
];

/// The version that was built, from the lock file; the core is called `raftwerk-core` there.
fn version(entrant: &str) -> &'static str {
    let name = match entrant {
        "raftwerk" => "raftwerk-core",
        other => other,
    };
    let mut lines = include_str!("../Cargo.lock").lines();
    let head = format!("name = \"{name}\"");
    lines.find(|line| *line == head);
    let version = lines
        .next()
        .and_then(|line| line.strip_prefix("version = "));
    version.map_or("unknown", |version| version.trim_matches('"'))
}

struct Options {
    quick: bool,
    rounds: usize,
    only: Option<String>,
    cell: Option<String>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("bench: {why}");
            return ExitCode::FAILURE;
        }
    };
    let chosen = |entrant: &&Entrant| options.only.as_deref().is_none_or(|n| n == entrant.name);
    let entrants: Vec<&Entrant> = ENTRANTS.iter().filter(chosen).collect();
    keep_memory();
    let rounds = options.rounds;
    println!("entries committed and applied on three replicas, per second (best of {rounds})");
    let wanted = |case: &Case| {
        let name = format!("{}x{}", case.payload, case.per_drain);
        options.cell.as_ref().is_none_or(|cell| *cell == name)
    };
    let cells: Vec<Value> = Case::all()
        .filter(wanted)
        .map(|case| cell(&options, &entrants, case))
        .collect();
    let versions =
        |entrant: &&Entrant| json!({"name": entrant.name, "version": version(entrant.name)});
    let result = json!({
        "benchmark": "core",
        "rounds": rounds,
        "quick": options.quick,
        "contestants": entrants.iter().map(versions).collect::<Vec<_>>(),
        "cells": cells,
    });
    println!("{result}");
    ExitCode::SUCCESS
}

/// The C library gives freed memory back and asks for it again, page by page, until it has seen
/// that large pieces come and go. It is shown so once, for all contestants.
fn keep_memory() {
    drop(std::hint::black_box(vec![1u8; 24 << 20]));
}

fn options(args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        quick: false,
        rounds: 3,
        only: None,
        cell: None,
    };
    let mut args = args;
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} wants a value"));
        match arg.as_str() {
            "--quick" => (options.quick, options.rounds) = (true, 1),
            "--rounds" => {
                let count = value()?.parse().ok().filter(|count| *count > 0);
                options.rounds = count.ok_or("--rounds wants a number above zero")?;
            }
            "--only" => options.only = Some(value()?),
            "--cell" => options.cell = Some(value()?),
            _ => return Err(format!("unknown argument {arg:?}")),
        }
    }
    Ok(options)
}

/// Runs all entrants through one cell, prints its lines and returns it as JSON.
fn cell(options: &Options, entrants: &[&Entrant], case: Case) -> Value {
    let Case { payload, per_drain } = case;
    let entries = case.entries(options.quick);
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); entrants.len()];
    for _ in 0..options.rounds {
        for (entrant, rounds) in entrants.iter().zip(&mut rounds) {
            rounds.push((entrant.round)(case, entries));
        }
    }
    let first = best(&rounds[0]);
    let mut results = Vec::new();
    for (entrant, rounds) in entrants.iter().zip(&rounds) {
        let best = best(rounds);
        let (digest, expected) = (best.digest, first.digest);
        assert_eq!(digest, expected, "the same commands, the same state");
        let ratio = first.per_second / best.per_second;
        let nanoseconds = 1e9 / best.per_second;
        println!(
            "{payload:>5} B {per_drain:>4} per drain  {:<9} {:>10.0}/s {nanoseconds:>7.0} ns \
             {:>7.2} allocations {:>7.3} messages  x{ratio:.2}",
            entrant.name, best.per_second, best.allocations, best.messages,
        );
        let speeds: Vec<u64> = rounds.iter().map(|round| round.per_second as u64).collect();
        results.push(json!({
            "name": entrant.name,
            "per_second": best.per_second as u64,
            "rounds": speeds,
            "nanoseconds": nanoseconds as u64,
            "allocations": (best.allocations * 1e3).round() / 1e3,
            "messages": (best.messages * 1e4).round() / 1e4,
        }));
    }
    let digest = format!("{:016x}", first.digest.value);
    println!("      digest {digest} on all replicas of all");
    json!({
        "payload": payload,
        "per_drain": per_drain,
        "entries": entries,
        "digest": digest,
        "contestants": results,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever takes part applies what was proposed, in order, on every replica.
    #[test]
    fn all_end_with_the_digest_of_the_commands() {
        for case in Case::all() {
            let entries = case.per_drain * 3;
            let expected = case.digest(entries);
            for entrant in ENTRANTS {
                let digest = (entrant.round)(case, entries).digest;
                assert_eq!(digest, expected, "{} at {case:?}", entrant.name);
            }
        }
    }
}
