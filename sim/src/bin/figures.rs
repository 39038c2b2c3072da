//! Repeats figure 16 of the extended Raft paper in the simulator: `cargo xtask figures` draws it.
//!
//! `figures [--trials N] [--reasons] [--json]`: at most N crashes a line; with `--reasons` the
//! lines that try why others differ from the paper's, for which it takes the feature `sabotage`.
//! With `--json` the last line is one object that holds the time of every trial, in microseconds
//! and in rising order.

use raftwerk_sim::figures::{Assumed, Line, PATIENCE, RANDOMNESS, REASONS, Rules, SCALE, trial};
use serde_json::{Value, json};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut most, mut as_json, mut reasons) = (u64::MAX, false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.len()) {
            ("--json", _) => as_json = true,
            ("--reasons", _) if cfg!(feature = "sabotage") => reasons = true,
            ("--trials", 1..) => {
                let number = args.next().and_then(|number| number.parse().ok());
                let Some(number) = number.filter(|number| *number > 0) else {
                    eprintln!("figures: --trials needs a number above zero");
                    return ExitCode::FAILURE;
                };
                most = number;
            }
            _ => {
                eprintln!("usage: figures [--trials N] [--reasons] [--json]");
                return ExitCode::FAILURE;
            }
        }
    }
    let all = match reasons {
        true => tried(most),
        false => figure(most),
    };
    if as_json {
        println!("{all}");
    }
    ExitCode::SUCCESS
}

/// Both panels, by each kind of rules.
fn figure(most: u64) -> Value {
    let mut panels = Vec::new();
    for (rules, name) in [
        (Rules::Paper, "paper"),
        (Rules::Quick, "quick"),
        (Rules::Shipped, "shipped"),
    ] {
        for (lines, what) in [(&RANDOMNESS[..], "randomness"), (&SCALE[..], "scale")] {
            let lines = lines
                .iter()
                .map(|line| run(*line, name, rules.assumed(), most));
            let lines: Vec<Value> = lines.collect();
            panels.push(json!({"rules": name, "panel": what, "lines": lines}));
        }
    }
    json!({"figure": 16, "patience": PATIENCE, "panels": panels})
}

/// The lines with something assumed otherwise.
fn tried(most: u64) -> Value {
    let lines = REASONS.iter().map(|reason| {
        let mut line = run(reason.line, reason.what, reason.assumed, most);
        line["otherwise"] = reason.what.into();
        line
    });
    json!({"figure": 16, "patience": PATIENCE, "lines": lines.collect::<Vec<Value>>()})
}

/// All trials of a line: prints what they gave, and returns it.
fn run(line: Line, name: &str, assumed: Assumed, most: u64) -> Value {
    let trials = line.trials.min(most);
    let ended = (0..trials).filter_map(|number| trial(line, assumed, number));
    let mut times: Vec<u64> = ended.collect();
    times.sort_unstable();
    let found = times.len() as u64;
    let mean = times.iter().sum::<u64>().checked_div(found);
    let median = times.get(times.len() / 2).copied();
    let show = |time: Option<u64>| time.map_or("-".to_owned(), |time| (time / 1_000).to_string());
    println!(
        "{name} {}-{} ms: {found} of {trials} elected; mean {} ms, median {} ms, longest {} ms",
        line.min,
        line.max,
        show(mean),
        show(median),
        show(times.last().copied()),
    );
    json!({
        "min": line.min,
        "max": line.max,
        "trials": trials,
        "elected": found,
        "mean": mean,
        "median": median,
        "longest": times.last(),
        "times": times,
    })
}
