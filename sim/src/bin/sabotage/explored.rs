//! What the explorer says of a broken rule: every way that things can go in a small world.

use raftwerk_sim::explore::{Scope, explore, scopes};
use raftwerk_sim::sabotage::page::{Explored, NO_PANIC};
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

/// What a search ends in. Nothing where the scope's own opening fails: then nothing was searched.
fn search(scope: Scope, plan: &Plan, states: usize) -> Option<Explored> {
    let Broken::Rule(rule) = plan.broken else {
        return None;
    };
    let name = scope.name;
    let search = AssertUnwindSafe(|| explore(&scope.without(rule), states, &mut |_| true));
    let violation = catch_unwind(search).ok()?.violation?;
    (!violation.path.is_empty()).then_some(Explored {
        scope: name,
        check: violation.finding.check,
        steps: violation.path.len(),
    })
}

/// The first of these that fails a check; where the core only ever stops itself, the first that it
/// does in, if nothing else notices.
fn first(found: impl Iterator<Item = Explored>, noticed: bool) -> Option<Explored> {
    let mut panic = None;
    for explored in found {
        if explored.check != NO_PANIC {
            return Some(explored);
        }
        panic.get_or_insert(explored);
    }
    panic.filter(|_| !noticed)
}

/// The first scope that finds a violation, or the one that is known to.
pub fn find(plan: &Plan, noticed: bool) -> Option<Explored> {
    let far = FAR.iter().find(|(rule, _)| *rule == plan.name());
    let states = far.map_or(MAX_STATES, |_| MORE_STATES);
    let wanted = |scope: &Scope| far.is_none_or(|(_, name)| scope.name == *name);
    let scopes = scopes().into_iter().filter(wanted);
    first(
        scopes.filter_map(|scope| search(scope, plan, states)),
        noticed,
    )
}

/// What the scope that the page names ends in.
pub fn again(plan: &Plan, named: Option<&str>, noticed: bool) -> Option<Explored> {
    let scope = scopes().into_iter().find(|scope| Some(scope.name) == named);
    let found = scope.and_then(|scope| search(scope, plan, MORE_STATES));
    first(found.into_iter(), noticed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_sim::sabotage::plans;

    fn plan(name: &str) -> Plan {
        let plan = plans().into_iter().find(|plan| plan.name() == name);
        plan.expect("a rule")
    }

    /// The opening of `sticky` cannot be played without this rule, so nothing is searched there.
    #[test]
    fn an_opening_that_fails_is_no_search() {
        let plan = plan("r1-cut-all");
        assert_eq!(again(&plan, Some("sticky"), false), None);
    }

    #[test]
    fn the_check_and_the_steps_belong_to_what_is_found() {
        let expected = Explored {
            scope: "election",
            check: "PromisesAreDurable",
            steps: 2,
        };
        let plan = plan("e1-vote");
        assert_eq!(again(&plan, Some("election"), true), Some(expected));
        assert_eq!(find(&plan, true), Some(expected));
        assert_eq!(again(&plan, Some("no such scope"), true), None);
    }

    #[test]
    fn a_core_that_stops_itself_counts_only_where_nothing_else_does() {
        let found = |check, steps| Explored {
            scope: "votes",
            check,
            steps,
        };
        let (panic, other) = (found(NO_PANIC, 1), found("OneLease", 2));
        let of = |found: &[Explored], noticed| first(found.iter().copied(), noticed);
        assert_eq!(of(&[panic, other], false), Some(other));
        assert_eq!(of(&[panic], true), None);
        assert_eq!(of(&[panic], false), Some(panic));
    }
}
