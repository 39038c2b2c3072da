//! Breaks one rule of the core after the other and says which check noticed.
//!
//! `sabotage [--max-seeds N] [--only ID] [--json]` plays seeds until a check fails, for every rule;
//! with status 1 when nothing noticed that a rule was gone. `--write` writes `docs/sabotage.md`,
//! `--check` plays only what is named there and compares (`written`), `--control` breaks nothing:
//! then no check may fail. With `--json` the last line is one object.

mod control;
mod explored;
mod link;
mod taught;
mod written;

use raftwerk_sim::sabotage::page::{self, Caught, Explored, Found, NO_PANIC};
use raftwerk_sim::sabotage::{Broken, HARM, Plan, Who, lessons, plans};
use raftwerk_sim::{COURSES, Course, World};
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const USAGE: &str = "\
usage: sabotage [--max-seeds N] [--only ID] [--steps N] [--threads N] [--json]
                [--write | --check | --control | --tests]

  --max-seeds N  most seeds for each rule (default 500)
  --only ID      this rule alone, with a link that opens the failing world in the playground
  --steps N      events of the random phase of each seed (default 20000)
  --threads N    how many rules at once (default: one per core)
  --json         end with one line of JSON
  --write        look for the harm done as well, and write docs/sabotage.md
  --check        play the seeds and searches that docs/sabotage.md names again, and every course but
                 the storm 60 times with nothing broken
  --control      break nothing: every course, so many seeds
  --tests        name the test of the core that notices, for every rule of the core";

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sabotage.md");

/// After so many panics no check will come first any more.
const MOST_PANICS: usize = 50;

/// Most seeds in which the harm of a rule is looked for.
const HARM_SEEDS: u64 = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Hunt,
    Write,
    Check,
    Control,
    Tests,
}

#[derive(Clone)]
struct Options {
    max_seeds: u64,
    only: Option<String>,
    steps: u64,
    threads: usize,
    json: bool,
    mode: Mode,
}

fn parse() -> Result<Options, String> {
    let mut options = Options {
        max_seeds: 500,
        only: None,
        steps: 20_000,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        json: false,
        mode: Mode::Hunt,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| match text.parse() {
            Ok(0) | Err(_) => Err(format!("{word} needs a number above zero, not {text}")),
            Ok(number) => Ok(number),
        };
        match word.as_str() {
            "--help" | "-h" => return Err(String::new()),
            "--json" => options.json = true,
            "--write" => options.mode = Mode::Write,
            "--check" => options.mode = Mode::Check,
            "--control" => options.mode = Mode::Control,
            "--tests" => options.mode = Mode::Tests,
            "--only" => options.only = Some(value()?),
            "--max-seeds" => options.max_seeds = number(value()?)?,
            "--steps" => options.steps = number(value()?)?,
            "--threads" => options.threads = number(value()?)? as usize,
            _ => return Err(format!("unknown option {word}")),
        }
    }
    let known = |name: &String| plans().iter().any(|plan| plan.name() == name);
    match &options.only {
        Some(name) if !known(name) => Err(format!("there is no rule {name}")),
        Some(_) if options.mode == Mode::Write => Err("the page has all rules".to_string()),
        _ => Ok(options),
    }
}

/// Plays a world; what it saw is in it even if the core stopped itself. Returns what a panic said.
fn play(world: &mut Option<World>, how: impl FnOnce(&mut Option<World>)) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| how(world)))
        .err()
        .map(said)
}

/// What a panic said.
fn said(cause: Box<dyn Any + Send>) -> String {
    match cause.downcast::<String>() {
        Ok(text) => *text,
        Err(cause) => (*cause.downcast_ref::<&str>().unwrap_or(&"panic")).to_string(),
    }
}

/// One seed of a course, in the world that is given.
fn once(course: &Course, seed: u64, steps: u64, new: impl Fn() -> World) -> Option<Caught> {
    let mut world = None;
    let panic = play(&mut world, |world| {
        (course.play)(world.insert(new()), steps);
    });
    if let Some(violation) = world.as_ref().and_then(World::violation) {
        return Some(Caught {
            by: violation.check.to_string(),
            detail: violation.detail.clone(),
            event: violation.event,
            seed,
        });
    }
    panic.map(|detail| Caught {
        by: "panic".to_string(),
        detail,
        event: world.as_ref().map_or(0, World::events),
        seed,
    })
}

/// Plays seeds until a check fails; a panic of the core counts when no check ever does.
fn hunt(plan: &Plan, options: &Options, told: &dyn Fn(u64)) -> Option<Caught> {
    let mut panics = Vec::new();
    for seed in 0..options.max_seeds {
        told(seed);
        let caught = once(plan.course, seed, options.steps, || plan.world(seed));
        match caught {
            Some(caught) if caught.by == "panic" => panics.push(caught),
            Some(caught) => return Some(caught),
            None => {}
        }
        if panics.len() >= MOST_PANICS {
            break;
        }
    }
    panics.into_iter().next()
}

/// Plays a seed on after the first check failed, until something fails that Raft promises.
fn harm_in(plan: &Plan, seed: u64, steps: u64) -> Option<(&'static str, u64)> {
    let mut world = None;
    play(&mut world, |world| {
        let world = world.insert(plan.world_by(Who::All, seed));
        while world.events() < steps && world.step() {}
        world.check_everything();
    });
    let broken = world.map_or(Vec::new(), |world| world.broken_checks());
    let harm = broken.into_iter().find(|check| HARM.contains(check));
    harm.map(|check| (check, seed))
}

/// The same with seed after seed.
fn harm(plan: &Plan, options: &Options, told: &dyn Fn(u64)) -> Option<(&'static str, u64)> {
    (0..HARM_SEEDS.min(options.max_seeds)).find_map(|seed| {
        told(seed);
        harm_in(plan, seed, options.steps)
    })
}

/// Does something with each of a list, so many at once, and says how far it is.
fn each<T: Sync, R: Send>(
    list: &[T],
    threads: usize,
    name: impl Fn(&T) -> &'static str + Sync,
    what: impl Fn(&T, &dyn Fn(u64)) -> R + Sync,
) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let terminal = std::io::stderr().is_terminal();
    let told = |number: usize, seed: u64| {
        if terminal {
            let (of, name) = (list.len(), name(&list[number]));
            eprint!("\r{} of {of}: {name}, seed {seed}\x1b[K", number + 1);
            let _ = std::io::stderr().flush();
        }
    };
    let work = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = list.get(number)
        {
            let result = what(item, &|seed| told(number, seed));
            let mut results = results.lock().unwrap_or_else(|held| held.into_inner());
            results.insert(number, result);
        }
    };
    std::thread::scope(|scope| {
        (0..threads.min(list.len())).for_each(|_| {
            scope.spawn(work);
        });
    });
    if terminal {
        eprintln!();
    }
    let results = results
        .into_inner()
        .unwrap_or_else(|held| held.into_inner());
    results.into_values().collect()
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
    if options.mode == Mode::Tests {
        let of_core = plans().into_iter().filter(Plan::is_of_core);
        of_core.for_each(|plan| println!("{} {}", plan.name(), plan.test));
        return ExitCode::SUCCESS;
    }
    // A panic is told with its seed; the hook would only tell it twice.
    std::panic::set_hook(Box::new(|_| {}));
    let (wrong, object) = match options.mode {
        Mode::Hunt | Mode::Write => find(&options),
        Mode::Check => written::check(&options),
        Mode::Control | Mode::Tests => control::control(&options, options.max_seeds, &COURSES),
    };
    wrong.iter().for_each(|line| println!("{line}"));
    if options.json {
        println!("{object}");
    }
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

fn chosen(options: &Options) -> Vec<Plan> {
    let wanted = |plan: &Plan| {
        let only = options.only.as_deref();
        only.is_none_or(|only| only == plan.name())
    };
    plans().into_iter().filter(wanted).collect()
}

fn find(options: &Options) -> (Vec<String>, Value) {
    let plans = chosen(options);
    let found = each(&plans, options.threads, Plan::name, |plan, told| {
        let caught = hunt(plan, options, told);
        let looks = options.mode == Mode::Write || caught.is_none();
        Found {
            plan: *plan,
            explored: looks
                .then(|| explored::find(plan, caught.is_some()))
                .flatten(),
            harm: match (options.mode, plan.broken) {
                (Mode::Write, Broken::Rule(_) | Broken::Host(_)) => harm(plan, options, told),
                _ => None,
            },
            caught,
        }
    });
    for found in &found {
        println!("{}", line(found));
        if options.only.is_some() {
            link::told(found, options.steps).for_each(|line| println!("{line}"));
        }
    }
    let mut wrong: Vec<String> = found.iter().filter_map(surprise).collect();
    wrong.extend(taught::wrong(options));
    if options.mode == Mode::Write
        && let Err(why) = std::fs::write(PAGE, page::write(&found, &lessons()))
    {
        wrong.push(format!("{PAGE}: {why}"));
    }
    let killed = found.iter().filter(|found| found.is_noticed()).count();
    let object = json!({
        "switches": found.len(),
        "killed": killed,
        "survivors": found.len() - killed,
        "max_seeds": options.max_seeds,
        "steps": options.steps,
        "rules": found.iter().map(row).collect::<Vec<_>>(),
        "lessons": taught::chosen(options).iter().map(taught::row).collect::<Vec<_>>(),
    });
    (wrong, object)
}

fn line(found: &Found) -> String {
    let (name, test) = (found.plan.name(), found.plan.test);
    match &found.caught {
        Some(Caught {
            by,
            detail,
            event,
            seed,
        }) => format!("{name}: {by}, seed {seed}, event {event}: {detail}"),
        None => match found.explored {
            Some(Explored {
                scope,
                check: NO_PANIC,
                steps,
            }) => {
                format!(
                    "{name}: no check; the core stops itself: explore, scope {scope}, {steps} steps"
                )
            }
            Some(Explored {
                scope,
                check,
                steps,
            }) => format!("{name}: {check}: explore, scope {scope}, {steps} steps"),
            None => format!("{name}: no course noticed; the core's own test is {test}"),
        },
    }
}

/// What may not be: a rule that nobody misses, or a check that fails for another reason.
fn surprise(found: &Found) -> Option<String> {
    let name = found.plan.name();
    match &found.caught {
        Some(Caught { by, seed, .. }) if !found.plan.may_show_in(by) => Some(format!(
            "{name}, seed {seed}: {by} fails, which that rule is not about: look for a bug"
        )),
        None if found.explored.is_none() => {
            Some(format!("{name} was taken away and nobody noticed"))
        }
        _ => None,
    }
}

fn row(found: &Found) -> Value {
    let (caught, explored) = (found.caught.as_ref(), found.explored);
    let by = caught.map(|caught| caught.by.clone());
    let alone = explored.map(|Explored { scope, check, .. }| format!("explore, {scope}: {check}"));
    json!({
        "rule": found.plan.name(),
        "section": found.plan.section(),
        "course": found.plan.course.name,
        "everywhere": found.plan.who == Who::All,
        "caught_by": by.or(alone),
        "seed": caught.map(|caught| caught.seed),
        "seeds": caught.map(|caught| caught.seed + 1),
        "harm": found.harm.map(|(check, _)| check),
        "scope": explored.map(|explored| explored.scope),
        "scope_check": explored.map(|explored| explored.check),
        "scope_steps": explored.map(|explored| explored.steps),
        "core_test": found.plan.test,
    })
}
