//! Breaks one rule of the core after the other and says which check noticed.
//!
//! `sabotage [--max-seeds N] [--only ID] [--json]` plays seeds until a check fails, for every rule;
//! with status 1 when nothing noticed that a rule was gone. `--write` writes `docs/sabotage.md`,
//! `--check` plays only the seeds named there and compares, `--control` breaks nothing: then no
//! check may fail. With `--json` the last line is one object.

mod explored;
mod link;
mod taught;

use raftwerk_sim::sabotage::page::{self, Caught, Found};
use raftwerk_sim::sabotage::{Broken, HARM, Plan, Who, lessons, plans};
use raftwerk_sim::{COURSES, Course, World};
use serde_json::{Value, json};
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
  --check        play the seeds of docs/sabotage.md again, and every course but the storm 60 times
                 with nothing broken
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
    let cause = catch_unwind(AssertUnwindSafe(|| how(world))).err()?;
    Some(match cause.downcast::<String>() {
        Ok(text) => *text,
        Err(cause) => (*cause.downcast_ref::<&str>().unwrap_or(&"panic")).to_string(),
    })
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

/// Plays on after the first check failed, until something fails that Raft promises.
fn harm(plan: &Plan, options: &Options, told: &dyn Fn(u64)) -> Option<(&'static str, u64)> {
    (0..HARM_SEEDS.min(options.max_seeds)).find_map(|seed| {
        told(seed);
        let mut world = None;
        play(&mut world, |world| {
            let world = world.insert(plan.world_by(Who::All, seed));
            while world.events() < options.steps && world.step() {}
            world.check_everything();
        });
        let broken = world.map_or(Vec::new(), |world| world.broken_checks());
        let harm = broken.into_iter().find(|check| HARM.contains(check));
        harm.map(|check| (check, seed))
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
        Mode::Check => check(&options),
        Mode::Control | Mode::Tests => control(&options, options.max_seeds, &COURSES),
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
            explored: looks.then(|| explored::find(plan)).flatten(),
            harm: match (options.mode, plan.spared, plan.broken) {
                (Mode::Write, None, Broken::Rule(_) | Broken::Host(_)) => harm(plan, options, told),
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
    let spared = |found: &&Found| !found.is_noticed() && found.plan.spared.is_some();
    let spared = found.iter().filter(spared);
    let elsewhere: Vec<_> = spared.map(|found| found.plan.name()).collect();
    let object = json!({
        "switches": found.len(),
        "killed": killed,
        "survivors": found.len() - killed - elsewhere.len(),
        "only_noticed_by_the_cores_own_tests": elsewhere,
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
            Some((scope, steps)) => format!("{name}: explore, scope {scope}, {steps} steps"),
            None => format!("{name}: no course noticed; the core's own test is {test}"),
        },
    }
}

/// What is not as the plan says: a rule that nobody misses, or that somebody does after all, or a
/// check that fails for another reason.
fn surprise(found: &Found) -> Option<String> {
    let name = found.plan.name();
    match (&found.caught, found.plan.spared) {
        (Some(Caught { by, seed, .. }), _) if !found.plan.may_show_in(by) => Some(format!(
            "{name}, seed {seed}: {by} fails, which that rule is not about: look for a bug"
        )),
        (None, None) if found.explored.is_some() => None,
        (None, None) => Some(format!("{name} was taken away and nobody noticed")),
        (Some(_), Some(_)) => Some(format!("{name} is said to be missed by no course; it is")),
        _ => None,
    }
}

fn row(found: &Found) -> Value {
    let caught = found.caught.as_ref();
    json!({
        "rule": found.plan.name(),
        "section": found.plan.section(),
        "course": found.plan.course.name,
        "everywhere": found.plan.who == Who::All,
        "caught_by": caught.map(|caught| &caught.by),
        "seed": caught.map(|caught| caught.seed),
        "seeds": caught.map(|caught| caught.seed + 1),
        "harm": found.harm.map(|(check, _)| check),
        "scope": found.explored.map(|(scope, _)| scope),
        "core_test": found.plan.test,
    })
}

/// Whether the page is still true: the same plans, and every seed still makes its check fail.
fn check(options: &Options) -> (Vec<String>, Value) {
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    let plans = chosen(options);
    let wrong = each(&plans, options.threads, Plan::name, |plan, _| {
        again(plan, options, &page)
    });
    let mut wrong: Vec<String> = wrong.into_iter().flatten().collect();
    wrong.extend(taught::again(options, &page));
    // The storm is run without anything broken by the binary of that name.
    wrong.extend(control(options, 60, &COURSES[1..]).0);
    let object = json!({ "rows": plans.len(), "wrong": wrong.len() });
    if !wrong.is_empty() {
        let write = "--features sabotage --bin sabotage -- --write";
        wrong.push(format!(
            "if that is meant: cargo run --release -p raftwerk-sim {write}"
        ));
    }
    (wrong, object)
}

fn again(plan: &Plan, options: &Options, page: &str) -> Option<String> {
    let name = plan.name();
    let Some(line) = page::read(page, plan) else {
        return Some(format!("{name} has no row in docs/sabotage.md"));
    };
    if line.plan != page::wanted(plan) {
        return Some(format!("{name}: the page says {:?}", line.plan));
    }
    if let Some(wrong) = explored::again(plan, line.explored.as_deref()) {
        return Some(wrong);
    }
    if !plan.may_show_in(&line.by) {
        return Some(format!("{name} is not about {}", line.by));
    }
    let Some(seed) = line.seed else {
        let spared = plan.spared.is_some() || line.explored.is_some();
        return (!spared).then(|| format!("{name}: the page says that nobody noticed"));
    };
    let caught = once(plan.course, seed, options.steps, || plan.world(seed));
    let (said, by) = (line.by, caught.map(|caught| caught.by));
    let other = by.as_deref() != Some(&said);
    other.then(|| format!("{name}: the page says {said} with seed {seed}; it is {by:?}"))
}

/// Breaks nothing: no check may fail.
fn control(options: &Options, seeds: u64, courses: &[Course]) -> (Vec<String>, Value) {
    let name = |course: &Course| course.name;
    let wrong = each(courses, options.threads, name, |course, told| {
        let play = |seed| {
            told(seed);
            let world = || World::new(&(course.setup)(seed));
            let Caught { by, detail, .. } = once(course, seed, options.steps, world)?;
            let name = course.name;
            Some(format!(
                "nothing is broken; {name}, seed {seed}: {by}: {detail}"
            ))
        };
        (0..seeds).filter_map(play).collect::<Vec<_>>()
    });
    let wrong = wrong.concat();
    let object = json!({
        "courses": courses.len(),
        "seeds": seeds,
        "violations": wrong.len(),
    });
    (wrong, object)
}
