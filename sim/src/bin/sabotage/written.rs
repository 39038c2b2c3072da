//! Whether `docs/sabotage.md` is still true: what it names is played again, and the page that the
//! command would write of what came out must be the one that is there.

use crate::{Options, PAGE, chosen, control, each, explored, harm_in, once, surprise, taught};
use raftwerk_sim::COURSES;
use raftwerk_sim::sabotage::page::{self, Found};
use raftwerk_sim::sabotage::{Plan, lessons};
use serde_json::{Value, json};

/// Seeds of each course with nothing broken.
const CONTROLS: u64 = 60;

/// Plays again what the page names, and says what is not as it says.
pub fn check(options: &Options) -> (Vec<String>, Value) {
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    let plans = chosen(options);
    let found = each(&plans, options.threads, Plan::name, |plan, _| {
        again(plan, options, &page)
    });
    let mut wrong: Vec<String> = found.iter().filter_map(surprise).collect();
    let rows = found.iter();
    wrong.extend(rows.flat_map(|found| page::wrong_in_row(&page, found)));
    if wrong.is_empty() && options.only.is_none() {
        wrong.extend(page::wrong_line(&page, &found, &lessons()));
    }
    wrong.extend(taught::again(options, &page));
    // The storm is run without anything broken by the binary of that name.
    wrong.extend(control::control(options, CONTROLS, &COURSES[1..]).0);
    let object = json!({ "rows": plans.len(), "wrong": wrong.len() });
    if !wrong.is_empty() {
        let write = "--features sabotage --bin sabotage -- --write";
        wrong.push(format!(
            "if that is meant: cargo run --release -p raftwerk-sim {write}"
        ));
    }
    (wrong, object)
}

/// One seed each of the course and of the harm, and the search, as far as the page names them.
fn again(plan: &Plan, options: &Options, page: &str) -> Found {
    let line = page::read(page, plan);
    let line = line.as_ref();
    let steps = options.steps;
    let seed = line.and_then(|line| line.seed);
    let caught = seed.and_then(|seed| once(plan.course, seed, steps, || plan.world(seed)));
    let harm = line.and_then(|line| line.harm);
    let scope = line.and_then(|line| line.explored.as_deref());
    Found {
        plan: *plan,
        harm: harm.and_then(|seed| harm_in(plan, seed, steps)),
        explored: explored::again(plan, scope, caught.is_some()),
        caught,
    }
}
