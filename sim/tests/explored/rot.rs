//! A log that rots, in every small world (traps D3, E16, L13): who breaks a rule about it is found
//! out, and with every rule kept nothing is found.

use super::{named, search};
use raftwerk_core::Rule;

#[test]
fn who_forgets_what_it_promised_is_found_out() {
    for (name, rule, check) in [
        ("rot", Rule::D3TrustsRot, "CommittedOnQuorumOfDisks"),
        ("rot", Rule::E16SuspectVotes, "LeaderCompleteness"),
        (
            "rot-regained",
            Rule::D3TrustsEarly,
            "CommittedOnQuorumOfDisks",
        ),
        ("rot-read", Rule::L13SuspectMarks, "ReadCovers"),
    ] {
        let report = search(&named(name).without(rule), 60_000);
        let found = report.violation.map(|violation| violation.finding.check);
        assert_eq!(found, Some(check), "{} in {name}", rule.name());
    }
}

#[test]
fn with_every_rule_kept_nothing_is_found() {
    for name in ["rot", "rot-read"] {
        let report = search(&named(name), 500_000);
        assert!(report.violation.is_none() && report.exhausted(), "{name}");
        assert!(report.reached.committed >= 3, "{name}");
    }
}
