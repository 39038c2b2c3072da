//! Searches small worlds of the real core for a broken rule, every schedule of them.
//!
//! `explore [--scope NAME] [--states N] [--json]` searches all scopes or the named ones. On a
//! violation it prints the shortest way there, with what every node did and why, and ends with
//! status 1. With `--json` the last line is one object.

use raftwerk_sim::explore::{
    Judging, Order, Progress, Report, Scope, broken_scopes, explore, scopes,
};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: explore [--scope NAME]... [--states N] [--delays N] [--threads N]
               [--ways] [--broken] [--list] [--json]

  --scope NAME  search this scope (default: all)
  --states N    most worlds of one scope (default 10000000; some 60 bytes each
                and 40 for each way to one)
  --delays N    departures from turn, where messages arrive in turn (default: the scope's)
  --threads N   how many scopes at once (default: one per core)
  --ways        the machine of the paper reads every way through every scope, also where
                there are too many for each build
  --broken      search worlds whose hosts or networks are broken: each must end in a
                violation, or the status is 1
  --list        name the scopes and what they are for
  --json        end with one line of JSON";

/// How often a terminal is told how far a search is.
const TELLING: Duration = Duration::from_millis(200);

struct Options {
    scopes: Vec<Scope>,
    states: usize,
    threads: usize,
    broken: bool,
    list: bool,
    json: bool,
}

/// A search that ended, or the panic that ended it.
struct Searched {
    scope: &'static str,
    result: Result<Report, String>,
    seconds: f64,
}

fn parse() -> Result<Options, String> {
    let mut options = Options {
        scopes: Vec::new(),
        states: 10_000_000,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        broken: false,
        list: false,
        json: false,
    };
    let mut words = std::env::args().skip(1);
    let (mut names, mut delays, mut ways) = (Vec::new(), None, false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => options.json = true,
            "--ways" => ways = true,
            "--broken" => options.broken = true,
            "--list" => options.list = true,
            "--help" | "-h" => return Err(String::new()),
            "--scope" => names.push(words.next().ok_or("--scope needs a name")?),
            "--states" => options.states = number(&word, words.next())?,
            "--delays" => delays = Some(number(&word, words.next())?),
            "--threads" => options.threads = number(&word, words.next())?,
            _ => return Err(format!("unknown option {word}")),
        }
    }
    options.scopes = match options.broken {
        true => broken_scopes(),
        false => scopes(),
    };
    if let Some(unknown) = names.iter().find(|name| !options.knows(name)) {
        return Err(format!("unknown scope {unknown}; --list names them"));
    }
    let wanted = |scope: &Scope| names.is_empty() || names.iter().any(|name| name == scope.name);
    options.scopes.retain(wanted);
    let by_steps = |scope: &&mut Scope| ways && scope.judging == Judging::Steps;
    for scope in options.scopes.iter_mut().filter(by_steps) {
        scope.judging = Judging::Ways;
    }
    if let Some(delays) = delays {
        let delays = u8::try_from(delays).ok().filter(|delays| *delays < 16);
        let delays = delays.ok_or("--delays must be below 16")?;
        let in_turn = |scope: &&mut Scope| scope.order == Order::InTurn;
        for scope in options.scopes.iter_mut().filter(in_turn) {
            scope.budgets.delays = delays;
        }
    }
    Ok(options)
}

impl Options {
    fn knows(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.name == name)
    }
}

fn number(option: &str, value: Option<String>) -> Result<usize, String> {
    let value = value.ok_or_else(|| format!("{option} needs a number"))?;
    match value.parse() {
        Ok(0) => Err(format!("{option} must be above zero")),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("{option} needs a number, not {value}")),
    }
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
    if options.list {
        for scope in &options.scopes {
            println!("{:22} {}", scope.name, scope.about);
        }
        return ExitCode::SUCCESS;
    }
    // A panic of the core is a finding and told as one; the hook would only tell it twice.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    let all = search_all(&options);
    let is_fine = |searched: &&Searched| is_fine(searched, options.broken);
    let fine = all.iter().filter(is_fine).count();
    tell(&options, &all, begun.elapsed().as_secs_f64());
    match fine == all.len() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    }
}

/// No violation, and something happened that could have been one. The broken must show it.
fn is_fine(searched: &Searched, broken: bool) -> bool {
    let fine = |report: &Report| match broken {
        true => report.violation.is_some(),
        false => report.violation.is_none() && report.reached.leaders > 0,
    };
    searched.result.as_ref().is_ok_and(fine)
}

fn search_all(options: &Options) -> Vec<Searched> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..options.threads.min(options.scopes.len()) {
            threads.spawn(|| {
                while let Some(scope) = options.scopes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let searched = search(scope, options.states);
                    println!("{}", line(&searched));
                    let mut done = done.lock().unwrap_or_else(|held| held.into_inner());
                    done.push(searched);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|held| held.into_inner());
    let place = |searched: &Searched| {
        let is_it = |scope: &Scope| scope.name == searched.scope;
        options.scopes.iter().position(is_it)
    };
    done.sort_by_key(place);
    done
}

fn search(scope: &Scope, states: usize) -> Searched {
    let begun = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let mut told = begun;
    let mut watch = |progress: Progress| {
        if terminal && told.elapsed() > TELLING {
            told = Instant::now();
            eprint!(
                "\r\x1b[K{}: {} states, depth {}, {} to look at ",
                scope.name, progress.states, progress.depth, progress.waiting
            );
            let _ = std::io::stderr().flush();
        }
        true
    };
    let result = catch_unwind(AssertUnwindSafe(|| explore(scope, states, &mut watch)));
    if terminal {
        eprint!("\r\x1b[K");
    }
    Searched {
        scope: scope.name,
        result: result.map_err(|panic| match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast_ref::<&str>().unwrap_or(&"a panic")).to_string(),
        }),
        seconds: begun.elapsed().as_secs_f64(),
    }
}

/// One scope in one line.
fn line(searched: &Searched) -> String {
    let (scope, seconds) = (searched.scope, searched.seconds);
    let report = match &searched.result {
        Ok(report) => report,
        Err(panic) => return format!("{scope}: the search failed: {panic}"),
    };
    let bound = match (report.complete, report.delays) {
        _ if report.violation.is_some() => "VIOLATION".to_string(),
        (true, None) => "exhausted".to_string(),
        (true, Some(delays)) => format!("not exhausted: all with {delays} departures from turn"),
        (false, _) => "not exhausted".to_string(),
    };
    let read = match report.judging {
        Judging::Ways => format!("{} ways", report.judged.ways),
        Judging::Steps => "each step once".to_string(),
        Judging::Nothing => "no step".to_string(),
    };
    format!(
        "{scope}: {} states, {} steps, depth {}, {seconds:.1} s, {bound}; judged: {read}, {} \
         walks, {} events",
        report.states, report.steps, report.depth, report.judged.walks, report.judged.events
    )
}

fn tell(options: &Options, all: &[Searched], seconds: f64) {
    let (mut states, mut judged, mut violations) = (0, 0, 0);
    for searched in all {
        let Ok(report) = &searched.result else {
            violations += 1;
            continue;
        };
        states += report.states;
        judged += report.judged.events;
        if let Some(violation) = &report.violation {
            violations += 1;
            println!("\n{}: {violation}", report.scope);
        } else if options.broken {
            println!("{}: the violation was not found", report.scope);
        } else if report.reached.leaders == 0 {
            println!("{}: nobody ever led; look at more states", report.scope);
        }
    }
    if options.json {
        let list: Vec<Value> = all.iter().map(json).collect();
        let line = json!({
            "scopes": list,
            "states": states,
            "judged": judged,
            "violations": violations,
            "seconds": seconds,
        });
        println!("{line}");
    } else {
        let scopes = all.len();
        println!(
            "{scopes} scopes, {states} states, {judged} events judged, {violations} violations in \
             {seconds:.1} s"
        );
    }
}

fn json(searched: &Searched) -> Value {
    let report = match &searched.result {
        Ok(report) => report,
        Err(panic) => return json!({ "name": searched.scope, "panic": panic }),
    };
    let violation = report.violation.as_ref().map(|violation| {
        let steps = violation.path.iter().map(|told| told.action.as_str());
        json!({
            "check": violation.finding.check,
            "detail": violation.finding.detail,
            "rejected": violation.rejected,
            "path": steps.collect::<Vec<_>>(),
        })
    });
    let [nodes, messages, steps_of_nodes] = report.parts;
    json!({
        "name": report.scope,
        "states": report.states,
        "steps": report.steps,
        "depth": report.depth,
        "seconds": searched.seconds,
        "exhausted": report.exhausted(),
        "complete": report.complete,
        "delays": report.delays,
        "symmetries": report.symmetries,
        "node_states": nodes,
        "messages": messages,
        "node_steps": steps_of_nodes,
        "leaders": report.reached.leaders,
        "committed": report.reached.committed,
        "ended": report.reached.ended,
        "judged": {
            "every": match report.judging {
                Judging::Ways => Some("way"),
                Judging::Steps => Some("step"),
                Judging::Nothing => None,
            },
            "ways": report.judged.ways,
            "machines": report.judged.machines,
            "walks": report.judged.walks,
            "steps": report.judged.steps,
            "events": report.judged.events,
        },
        "violation": violation,
    })
}
