//! Hosts and networks that break their contract, each with a small scope that finds it out: the
//! proof that a search can fail.

use super::appends;
use crate::explore::host::Broken;
use crate::explore::scope::Scope;
use crate::explore::start::LED;
use crate::explore::world::Budgets;

/// Scopes that must each end in a violation.
pub(super) fn scopes() -> Vec<Scope> {
    let two_candidates = Budgets {
        timeouts: 2,
        reboots: 1,
        ..Budgets::default()
    };
    let votes = Scope {
        slow_disk: true,
        lost: appends,
        budgets: two_candidates,
        ..Scope::new("", "")
    };
    let named = |name, about, scope: Scope, broken| Scope {
        name,
        about,
        ..scope.broken(broken)
    };
    let early = Broken::ReportsEarly;
    vec![
        named(
            "promises-early",
            "writes are reported before they are on disk",
            votes.clone(),
            early,
        ),
        named(
            "votes-twice",
            "the same, and only what comes of it is looked at",
            Scope {
                promises: false,
                ..votes.clone()
            },
            early,
        ),
        named(
            "forgets-vote",
            "a crash loses the vote and keeps the term",
            votes.clone(),
            Broken::ForgetsVote,
        ),
        named(
            "keeps-later-writes",
            "a crash loses a write and keeps the next one",
            Scope {
                terms: 2,
                start: LED,
                lost: |_| false,
                budgets: Budgets {
                    timeouts: 1,
                    ..two_candidates
                },
                ..votes.clone()
            },
            Broken::KeepsLaterWrites,
        ),
        named(
            "same-seed",
            "every life of a node numbers its read requests alike",
            Scope {
                start: LED,
                slow_disk: false,
                lost: |_| false,
                budgets: Budgets {
                    reads: 2,
                    proposals: 1,
                    reboots: 1,
                    ..Budgets::default()
                },
                ..votes.clone()
            },
            Broken::SameSeed,
        ),
        named(
            "forges-votes",
            "five nodes, one vote arrives as two",
            Scope {
                nodes: 5,
                voters: 5,
                slow_disk: false,
                budgets: Budgets {
                    timeouts: 2,
                    forgeries: 1,
                    ..Budgets::default()
                },
                ..votes
            },
            Broken::ForgesVotes,
        ),
    ]
}
