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
