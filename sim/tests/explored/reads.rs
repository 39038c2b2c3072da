//! Reads that break one rule each, in the scopes about them (trap X6): the counterexamples are
//! found, and with every rule kept there is none.

use super::{named, search};
use raftwerk_core::Rule;

/// The check that a scope ends with when nobody keeps the rule.
fn found(name: &str, rule: Rule, limit: usize) -> Option<&'static str> {
    let report = search(&named(name).without(rule), limit);
    report.violation.map(|violation| violation.finding.check)
}

/// Design R4: who asks the voters of the newest membership in its *log* misses writes that were
/// answered; who asks those of the newest committed one never does.
#[test]
fn the_newest_membership_in_the_log_is_no_basis_for_a_quorum_read() {
    let name = "quorum-read-change";
    let told = search(&named(name).without(Rule::L13NewestInLog), 2_000_000);
    let told = told.violation.expect("the counterexample is there");
    assert_eq!(told.finding.check, "ReadCovers");
    let sound = search(&named(name), 150_000);
    assert!(sound.violation.is_none() && sound.reached.committed >= 5);
}

#[test]
fn leases_that_break_a_rule_are_found_out() {
    for (name, rule) in [
        ("lease", Rule::L6Drift),
        ("lease-late", Rule::L6Receipt),
        ("lease-transfer", Rule::L7KeepLease),
        ("lease-restart", Rule::L8Start),
        ("lease-votes", Rule::L9Voted),
        ("lease-late", Rule::L9Heard),
    ] {
        let found = found(name, rule, 2_000_000);
        assert_eq!(found, Some("OneLease"), "{} in {name}", rule.name());
    }
    // An invariant of the node speaks first.
    let found = found("lease-pre-vote", Rule::L9Campaigns, 100_000);
    assert_eq!(found, Some("Node"));
}
