//! Runs many seeds of the simulator and says what broke.
//!
//! `storm --seeds N --steps N [--first F] [--threads N] [--json]` runs seeds F to F+N-1;
//! `storm --seed S --steps N` runs the one. On a violation it prints what was seen and the one
//! line that reproduces it, and ends with status 1. With `--json` the last line is one object.

use raftwerk_sim::{Counts, Report, storm};
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const USAGE: &str = "\
usage: storm [--seeds N] [--steps N] [--first F] [--seed S] [--threads N] [--json]

  --seeds N    how many seeds to run (default 100)
  --steps N    events of the random phase of each (default 20000)
  --first F    first seed (default 0)
  --seed S     run this one seed only
  --threads N  how many at once (default: one per core)
  --json       end with one line of JSON";

/// Most violations told in full; more are only counted.
const TOLD: usize = 10;

#[derive(Clone, Copy)]
struct Options {
    first: u64,
    seeds: u64,
    steps: u64,
    threads: u64,
    json: bool,
}

/// What plays one seed, for so many events.
type Play = fn(u64, u64) -> Report;

/// What went wrong with one seed.
struct Failure {
    seed: u64,
    check: String,
    detail: String,
    event: u64,
}

#[derive(Default)]
struct Total {
    counts: Counts,
    /// Commits before any healing: without them a storm shows nothing.
    stormy: u64,
    time: u64,
    failures: Vec<Failure>,
}

fn parse() -> Result<Options, String> {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let mut options = Options {
        first: 0,
        seeds: 100,
        steps: 20_000,
        threads: cores,
        json: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--json" {
            options.json = true;
            continue;
        }
        if word == "--help" || word == "-h" {
            return Err(String::new());
        }
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a number"))?;
        let number: u64 = value
            .parse()
            .map_err(|_| format!("{word} needs a number, not {value}"))?;
        match word.as_str() {
            "--seeds" => options.seeds = number,
            "--steps" => options.steps = number,
            "--first" => options.first = number,
            "--threads" => options.threads = number,
            "--seed" => (options.first, options.seeds) = (number, 1),
            _ => return Err(format!("unknown option {word}")),
        }
    }
    if options.seeds == 0 || options.steps == 0 || options.threads == 0 {
        return Err("seeds, steps and threads must be above zero".to_string());
    }
    Ok(options)
}

fn run(play: Play, seed: u64, steps: u64) -> Result<Report, String> {
    let told = |cause: Box<dyn std::any::Any + Send>| match cause.downcast::<String>() {
        Ok(text) => *text,
        Err(cause) => (*cause.downcast_ref::<&str>().unwrap_or(&"panic")).to_string(),
    };
    catch_unwind(AssertUnwindSafe(|| play(seed, steps))).map_err(told)
}

impl Total {
    fn add(&mut self, seed: u64, result: Result<Report, String>) {
        let failure = match result {
            Ok(report) => {
                let (sum, one) = (&mut self.counts, report.counts);
                sum.events += one.events;
                sum.elections += one.elections;
                sum.commits += one.commits;
                sum.answered += one.answered;
                sum.unknown += one.unknown;
                self.stormy += report.stormy.commits;
                self.time += report.time;
                report.violation.map(|violation| Failure {
                    seed,
                    check: violation.check.to_string(),
                    detail: violation.detail,
                    event: violation.event,
                })
            }
            Err(detail) => Some(Failure {
                seed,
                check: "Panic".to_string(),
                detail,
                event: 0,
            }),
        };
        self.failures.extend(failure);
    }
}

fn run_all(options: Options, play: Play) -> Total {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let terminal = std::io::stderr().is_terminal();
    std::thread::scope(|scope| {
        for _ in 0..options.threads.min(options.seeds) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= options.seeds {
                        break;
                    }
                    let seed = options.first.wrapping_add(number);
                    let result = run(play, seed, options.steps);
                    let mut total = total.lock().unwrap_or_else(|held| held.into_inner());
                    total.add(seed, result);
                    if terminal {
                        let failed = total.failures.len();
                        eprint!(
                            "\r{} of {} seeds, {failed} failed ",
                            number + 1,
                            options.seeds
                        );
                        let _ = std::io::stderr().flush();
                    }
                }
            });
        }
    });
    if terminal {
        eprintln!();
    }
    total.into_inner().unwrap_or_else(|held| held.into_inner())
}

fn main() -> ExitCode {
    let options = match parse() {
        Ok(options) => options,
        Err(why) if why.is_empty() => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A panic is told below, with its seed; the hook would only tell it twice.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    let mut total = run_all(options, storm);
    let seconds = begun.elapsed().as_secs_f64();
    let findings = findings(&mut total, options.steps);
    findings.iter().for_each(|line| println!("{line}"));
    tell(options, &total, seconds);
    if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

/// What is wrong, line by line: for each violation what was seen and how to see it again.
/// Nothing is wrong when there is no line.
fn findings(total: &mut Total, steps: u64) -> Vec<String> {
    total.failures.sort_by_key(|failure| failure.seed);
    let mut lines = Vec::new();
    for failure in total.failures.iter().take(TOLD) {
        let Failure {
            seed,
            check,
            detail,
            event,
        } = failure;
        lines.push(format!("seed {seed}, event {event}: {check}: {detail}"));
        lines.push(format!(
            "  reproduce: cargo run --release -p raftwerk-sim --bin storm -- --seed {seed} \
             --steps {steps}"
        ));
    }
    if total.failures.len() > TOLD {
        lines.push(format!("and {} more", total.failures.len() - TOLD));
    }
    if total.failures.is_empty() && total.stormy == 0 {
        let told = "nothing was committed before the healing in any run; take more steps";
        lines.push(told.to_string());
    }
    lines
}

fn tell(options: Options, total: &Total, seconds: f64) {
    let counts = total.counts;
    let rate = (counts.events as f64 / seconds.max(1e-9)) as u64;
    let threads = options.threads.min(options.seeds);
    if options.json {
        let list: Vec<serde_json::Value> = total
            .failures
            .iter()
            .take(TOLD)
            .map(|failure| {
                serde_json::json!({
                    "seed": failure.seed,
                    "check": failure.check,
                    "detail": failure.detail,
                    "event": failure.event,
                })
            })
            .collect();
        let line = serde_json::json!({
            "seeds": options.seeds,
            "steps": counts.events,
            "violations": total.failures.len(),
            "steps_per_second": rate,
            "steps_per_second_per_thread": rate / threads,
            "threads": threads,
            "elections": counts.elections,
            "commits": counts.commits,
            "acknowledged": counts.answered,
            "unknown": counts.unknown,
            "simulated_seconds": total.time / 1_000_000,
            "seconds": seconds,
            "failures": list,
        });
        println!("{line}");
    } else {
        println!(
            "{} seeds, {} events, {} violations; {} elections, {} commits, {} answers, {} \
             unknown; {} simulated seconds in {seconds:.1} s: {rate} events per second on \
             {threads} threads",
            options.seeds,
            counts.events,
            total.failures.len(),
            counts.elections,
            counts.commits,
            counts.answered,
            counts.unknown,
            total.time / 1_000_000,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_sim::Violation;

    /// Seed 3 breaks a check, seed 5 panics, all others are well.
    fn play(seed: u64, steps: u64) -> Report {
        assert_ne!(seed, 5, "the bug of seed {seed}");
        let counts = Counts {
            events: steps,
            commits: 1,
            ..Counts::default()
        };
        let violation = (seed == 3).then(|| Violation {
            check: "Log matching",
            detail: "seen".to_string(),
            event: 77,
        });
        Report {
            seed,
            counts,
            stormy: counts,
            time: 1,
            hash: 0,
            violation,
        }
    }

    fn over(first: u64, seeds: u64) -> Vec<String> {
        let options = Options {
            first,
            seeds,
            steps: 100,
            threads: 2,
            json: true,
        };
        let mut total = run_all(options, play);
        assert!(total.counts.events >= 100);
        findings(&mut total, options.steps)
    }

    #[test]
    fn a_violation_and_a_panic_are_told_with_one_line_to_see_them_again() {
        assert_eq!(over(0, 3), Vec::<String>::new());
        let again = "  reproduce: cargo run --release -p raftwerk-sim --bin storm -- --seed";
        let told = [
            "seed 3, event 77: Log matching: seen".to_string(),
            format!("{again} 3 --steps 100"),
        ];
        assert_eq!(over(3, 1), told);
        let lines = over(0, 8);
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[..2], told);
        assert!(
            lines[2].starts_with("seed 5, event 0: Panic: "),
            "{}",
            lines[2]
        );
        assert!(lines[2].contains("the bug of seed 5"));
        assert_eq!(lines[3], format!("{again} 5 --steps 100"));
    }

    #[test]
    fn many_findings_are_counted() {
        let mut total = Total::default();
        for seed in 0..13 {
            total.add(seed, Ok(play(3, 1)));
        }
        let lines = findings(&mut total, 1);
        assert_eq!(lines.len(), 2 * TOLD + 1);
        assert_eq!(lines.last().map(String::as_str), Some("and 3 more"));
    }
}
