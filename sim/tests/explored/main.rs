//! Rules that are broken on purpose, in the scopes about them (trap X6).

#![cfg(feature = "sabotage")]

mod reads;
mod rot;

use raftwerk_sim::explore::{Report, Scope, explore, scopes};

fn named(name: &str) -> Scope {
    let known = scopes().into_iter().find(|scope| scope.name == name);
    known.expect("a scope of this name")
}

fn search(scope: &Scope, limit: usize) -> Report {
    explore(scope, limit, &mut |_| true)
}

/// Where the search itself sees nothing yet, a walk does, because the machine of the paper reads it:
/// a leader that commits what it may not (paper 5.4.2).
#[test]
fn the_machine_of_the_paper_notices_on_a_walk() {
    use raftwerk_core::Rule;
    let scope = Scope {
        walks: 500,
        ..named("old-terms").without(Rule::R13OldTerm)
    };
    let violation = search(&scope, 10).violation.expect("a walk shows it");
    assert_eq!(violation.finding.check, "Refinement");
    assert!(violation.rejected.is_some());
}
