//! Runs many seeds of the simulator and says what broke.
//!
//! `storm --seeds N --steps N [--first F] [--threads N] [--json]` runs seeds F to F+N-1;
//! `storm --seed S --steps N` runs the one; `--course NAME` plays another course than the storm. At
//! the end of every run an order is looked for of what clients were told, and of one seed in N the
//! trace is judged (`--refine N`, by default of each).
//! On a violation it prints what was seen and the one line that reproduces it, makes the run
//! smaller (the first failing one, or each with `--shrink`) and prints one line that reproduces
//! that, prints one link that opens it in the playground, whole if it was not made smaller, and ends
//! with status 1. So it does when a search for an order was cut off: a run that was not judged is not
//! fine. `--run` replays a run. With `--json` the last line is one object.

mod options;
mod smaller;
mod tell;

use options::{Options, USAGE};
use raftwerk_sim::{Effort, Report, Run};
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tell::Total;

/// What plays one seed.
type Play<'a> = &'a (dyn Fn(u64, &Effort) -> Report + Sync);

fn run(play: Play<'_>, seed: u64, options: &Options) -> Result<Report, String> {
    let effort = Effort {
        refine: options.refines(seed),
        ..Effort::default()
    };
    caught(|| play(seed, &effort))
}

/// What something returns, or what it said when it panicked.
fn caught<R>(what: impl FnOnce() -> R) -> Result<R, String> {
    let told = |cause: Box<dyn std::any::Any + Send>| match cause.downcast::<String>() {
        Ok(text) => *text,
        Err(cause) => (*cause.downcast_ref::<&str>().unwrap_or(&"panic")).to_string(),
    };
    catch_unwind(AssertUnwindSafe(what)).map_err(told)
}

/// Replays a run from the command line.
fn again(text: &str) -> Result<ExitCode, String> {
    let run = match std::fs::read_to_string(text) {
        Ok(file) => Run::from_file(&file)?,
        Err(_) => Run::from_word(text)?,
    };
    let effort = Effort {
        refine: true,
        ..Effort::default()
    };
    let done = smaller::replayed(&run, &effort);
    let done = done.ok_or("A core of this run stops itself at its start.")?;
    let done = smaller::with_state(done);
    smaller::told(&done)
        .iter()
        .for_each(|line| println!("{line}"));
    let place = |claim: &raftwerk_sim::Claim| (claim.check.clone(), claim.event, claim.hash);
    let (was, is) = (
        run.claim.as_ref().map(place),
        done.claim.as_ref().map(place),
    );
    match (was, is) {
        (None, None) => println!("nothing fails"),
        (was, is) if was == is => {
            println!("as it was: the same check, the same event, the same state")
        }
        (Some((check, ..)), None) => println!("{check} does not fail here"),
        _ => println!("not as it was: this code does something else"),
    }
    let failed = done.claim.is_some();
    Ok(ExitCode::from(u8::from(failed)))
}

fn run_all(options: &Options, play: Play<'_>) -> Total {
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
                    let result = run(play, seed, options);
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
    let options = match Options::parse(std::env::args().skip(1)) {
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
    if let Some(text) = &options.run {
        return again(text).unwrap_or_else(|why| {
            eprintln!("{why}");
            ExitCode::from(2)
        });
    }
    let mut total = run_all(&options, &|seed, effort| options.report(seed, effort));
    let seconds = begun.elapsed().as_secs_f64();
    let told = total.told(&options);
    told.iter().for_each(|line| println!("{line}"));
    println!("{}", total.sum(&options, seconds));
    ExitCode::from(u8::from(!told.is_empty()))
}

#[cfg(test)]
mod tests;
