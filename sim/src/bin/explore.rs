//! Searches small worlds of the real core for a broken rule, every schedule of them.
//!
//! `explore [--scope NAME] [--states N] [--json]` searches all scopes or the named ones. On a
//! violation it prints the shortest way there, with what every node did and why, and ends with
//! status 1; so it does when a scope has outgrown the most worlds that are looked at, unless
//! `--states` asked for so many. With `--json` the last line is one object.

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

/// What is printed for `--help`; the three scopes it names are those of `Judging::Steps`.
const USAGE: &str = "\
usage: explore [--scope NAME]... [--states N] [--delays N] [--threads N]
               [--ways] [--broken] [--list] [--json]

  --scope NAME  search this scope (default: all)
  --states N    most worlds of one scope (default 10000000; some 60 bytes each
                and 40 for each way to one, which are not limited);
                without it a scope that has more
                was not searched to its end, and the status is 1
  --delays N    departures from turn, where messages arrive in turn (default: the scope's)
  --threads N   how many scopes at once (default: one per core)
  --ways        the machine of the paper reads every way through every scope, also where
                there are too many for each build and it reads each step once
                (election, lease, lease-late)
  --broken      search worlds whose hosts or networks are broken: each must end in a
                violation, or the status is 1
  --list        name the scopes and what they are for
  --json        end with one line of JSON";

/// Most worlds of one scope, if nobody says otherwise.
const MOST_STATES: usize = 10_000_000;

/// How often a terminal is told how far a search is.
const TELLING: Duration = Duration::from_millis(200);

struct Options {
    scopes: Vec<Scope>,
    /// Most worlds of one scope, where somebody asked for so many.
    states: Option<usize>,
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
        states: None,
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
            "--states" => options.states = Some(number(&word, words.next())?),
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

    /// Most worlds of one scope.
    fn most(&self) -> usize {
        self.states.unwrap_or(MOST_STATES)
    }

    /// What a search did not do that it should have; `None`: it is fine. There must be no violation,
    /// but of the broken there must be one; something must have happened that could have been one;
    /// and nothing may be left to look at but what somebody asked to leave.
    fn lacks(&self, report: &Report) -> Option<String> {
        match &report.violation {
            Some(violation) => (!self.broken).then(|| violation.finding.check.to_string()),
            None if self.broken => Some("the violation was not found".to_string()),
            None if report.reached.leaders == 0 => {
                Some("nobody ever led; look at more states".to_string())
            }
            None if report.complete || self.states.is_some() => None,
            None => Some(format!(
                "not searched to its end: stopped at {} states; make it smaller, or ask for \
                 more with --states",
                self.most()
            )),
        }
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
    let is_fine = |searched: &&Searched| {
        let report = searched.result.as_ref();
        report.is_ok_and(|report| options.lacks(report).is_none())
    };
    let fine = all.iter().filter(is_fine).count();
    tell(&options, &all, begun.elapsed().as_secs_f64());
    match fine == all.len() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    }
}

fn search_all(options: &Options) -> Vec<Searched> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..options.threads.min(options.scopes.len()) {
            threads.spawn(|| {
                while let Some(scope) = options.scopes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let searched = search(scope, options.most());
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
        (false, _) => "not exhausted: not searched to its end".to_string(),
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
        } else if let Some(lack) = options.lacks(report) {
            println!("{}: {lack}", report.scope);
        } else if !report.complete {
            let most = options.most();
            println!(
                "{}: not searched to its end: stopped at the {most} states asked for",
                report.scope
            );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn options(states: Option<usize>, broken: bool) -> Options {
        Options {
            scopes: Vec::new(),
            states,
            threads: 1,
            broken,
            list: false,
            json: false,
        }
    }

    fn report(name: &str, limit: usize) -> Report {
        let all = scopes().into_iter().chain(broken_scopes());
        let scope = all.into_iter().find(|scope| scope.name == name);
        explore(&scope.expect("a scope of this name"), limit, &mut |_| true)
    }

    #[test]
    fn a_scope_that_outgrows_its_limit_fails_unless_the_limit_was_asked_for() {
        let cut = report("votes", 1_000);
        assert!(!cut.complete && cut.violation.is_none());
        let lack = options(None, false).lacks(&cut).expect("it is not fine");
        assert!(lack.starts_with("not searched to its end: stopped at 10000000 states"));
        assert_eq!(options(Some(1_000), false).lacks(&cut), None);
        let whole = report("lost-disk", 100_000);
        assert!(whole.complete);
        assert_eq!(options(None, false).lacks(&whole), None);
    }

    #[test]
    fn a_violation_is_wanted_of_the_broken_and_of_nobody_else() {
        let found = report("promises-early", 1_000);
        assert_eq!(options(None, true).lacks(&found), None);
        let lack = options(None, false).lacks(&found);
        assert_eq!(lack.as_deref(), Some("PromisesAreDurable"));
        let missed = options(Some(10), true).lacks(&report("forgets-vote", 10));
        assert_eq!(missed.as_deref(), Some("the violation was not found"));
    }

    #[test]
    fn the_help_names_the_scopes_whose_steps_are_read_once() {
        let all = scopes().into_iter();
        let once = all.filter(|scope| scope.judging == Judging::Steps);
        let names: Vec<&str> = once.map(|scope| scope.name).collect();
        assert!(USAGE.contains(&format!("({})", names.join(", "))));
        assert!(USAGE.contains(&format!("default {MOST_STATES}")));
    }
}
