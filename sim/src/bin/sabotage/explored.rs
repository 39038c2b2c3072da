//! What the explorer says of a broken rule: every way that things can go in a small world.

use raftwerk_sim::explore::{Scope, explore, scopes};
use raftwerk_sim::sabotage::{Broken, Plan};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most worlds that are looked at in one scope.
const MAX_STATES: usize = 60_000;

/// The same where it takes more, and where that is.
const MORE_STATES: usize = 2_000_000;
const FAR: [(&str, &str); 12] = [
    ("l13-old-marks", "two-quorum-reads"),
    ("l6-drift", "lease"),
    ("l6-receipt", "lease-late"),
    ("l7-keep-lease", "lease-transfer"),
    ("l8-start", "lease-restart"),
    ("l9-heard", "lease-late"),
    ("l9-voted", "lease-votes"),
    ("l9-campaigns", "lease-pre-vote"),
    ("l13-newest-in-log", "quorum-read-change"),
    ("m4-marks", "joint-marks"),
    ("m10-speaks", "lost-disk"),
    ("s2-drop-tail", "snapshot-leaders"),
];

/// Steps of the shortest way to a violation, if there is one.
fn steps(scope: Scope, plan: &Plan, states: usize) -> Option<usize> {
    let Broken::Rule(rule) = plan.broken else {
        return None;
    };
    let search = AssertUnwindSafe(|| explore(&scope.without(rule), states, &mut |_| true));
    let violation = catch_unwind(search).ok()?.violation?;
    Some(violation.path.len())
}

/// The first scope that finds a violation, or the one that is known to.
pub fn find(plan: &Plan) -> Option<(&'static str, usize)> {
    let far = FAR.iter().find(|(rule, _)| *rule == plan.name());
    let states = far.map_or(MAX_STATES, |_| MORE_STATES);
    let wanted = |scope: &Scope| far.is_none_or(|(_, name)| scope.name == *name);
    let mut scopes = scopes().into_iter().filter(wanted);
    scopes.find_map(|scope| Some((scope.name, steps(scope, plan, states)?)))
}

/// Whether the scope that the page names still finds one.
pub fn again(plan: &Plan, named: Option<&str>) -> Option<String> {
    let (named, name) = (named?, plan.name());
    let Some(scope) = scopes().into_iter().find(|scope| scope.name == named) else {
        return Some(format!("{name}: there is no scope {named}"));
    };
    let silent = format!("{name}: {named} ends in no violation any more");
    steps(scope, plan, MORE_STATES).is_none().then_some(silent)
}
