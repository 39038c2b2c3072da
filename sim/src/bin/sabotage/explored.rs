//! What the explorer says of a broken rule: every way that things can go in a small world.

use raftwerk_sim::explore::{Scope, explore, scopes};
use raftwerk_sim::sabotage::{Broken, Plan};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most worlds that are looked at in one scope.
const MAX_STATES: usize = 300_000;

/// Steps of the shortest way to a violation, if there is one.
fn steps(scope: Scope, plan: &Plan) -> Option<usize> {
    let Broken::Rule(rule) = plan.broken else {
        return None;
    };
    let search = AssertUnwindSafe(|| explore(&scope.without(rule), MAX_STATES, &mut |_| true));
    let violation = catch_unwind(search).ok()?.violation?;
    Some(violation.path.len())
}

/// The first scope that finds a violation.
pub fn find(plan: &Plan) -> Option<(&'static str, usize)> {
    let mut scopes = scopes().into_iter();
    scopes.find_map(|scope| Some((scope.name, steps(scope, plan)?)))
}

/// Whether the scope that the page names still finds one.
pub fn again(plan: &Plan, named: Option<&str>) -> Option<String> {
    let (named, name) = (named?, plan.name());
    let Some(scope) = scopes().into_iter().find(|scope| scope.name == named) else {
        return Some(format!("{name}: there is no scope {named}"));
    };
    let silent = format!("{name}: {named} ends in no violation any more");
    steps(scope, plan).is_none().then_some(silent)
}
