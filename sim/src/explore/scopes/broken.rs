//! Hosts and networks that break their contract, each with a small scope that finds it out: the
//! proof that a search can fail.

use super::appends;
use crate::explore::host::Broken;
use crate::explore::scope::Scope;
use crate::explore::start::LED;
use crate::explore::world::Budgets;

/// Scopes that must each end in a violation.
pub(super) fn scopes() -> Vec<Scope> {
    vec![
        promises_early(),
        votes_twice(),
        forgets_vote(),
        keeps_later_writes(),
        same_seed(),
        forges_votes(),
    ]
}

/// A vote leaves before it is on disk: the check on promises sees it at once.
fn promises_early() -> Scope {
    let scope = two_candidates(
        "promises-early",
        "writes are reported before they are on disk",
    );
    scope.broken(Broken::ReportsEarly)
}

/// The same without that check, so that a term comes to two leaders.
fn votes_twice() -> Scope {
    let scope = Scope {
        promises: false,
        ..two_candidates(
            "votes-twice",
            "the same, and only what comes of it is looked at",
        )
    };
    scope.broken(Broken::ReportsEarly)
}

/// What the disk loses is the vote alone.
fn forgets_vote() -> Scope {
    let scope = two_candidates("forgets-vote", "a crash loses the vote and keeps the term");
    scope.broken(Broken::ForgetsVote)
}

/// A disk that does not keep the order of its writes has a log with a hole.
fn keeps_later_writes() -> Scope {
    let scope = Scope {
        terms: 2,
        start: LED,
        slow_disk: true,
        budgets: Budgets {
            timeouts: 1,
            reboots: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "keeps-later-writes",
            "a crash loses a write and keeps the next one",
        )
    };
    scope.broken(Broken::KeepsLaterWrites)
}

/// An answer to a read of an earlier life is taken for one to a read of this life.
fn same_seed() -> Scope {
    let scope = Scope {
        start: LED,
        budgets: Budgets {
            reads: 2,
            proposals: 1,
            reboots: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "same-seed",
            "every life of a node numbers its read requests alike",
        )
    };
    scope.broken(Broken::SameSeed)
}

/// Two votes of five become three.
fn forges_votes() -> Scope {
    let scope = Scope {
        nodes: 5,
        voters: 5,
        lost: appends,
        budgets: Budgets {
            timeouts: 2,
            forgeries: 1,
            ..Budgets::default()
        },
        ..Scope::new("forges-votes", "five nodes, one vote arrives as two")
    };
    scope.broken(Broken::ForgesVotes)
}

/// Two campaigns in one term, slow disks and one crash; appends lost.
fn two_candidates(name: &'static str, about: &'static str) -> Scope {
    Scope {
        slow_disk: true,
        lost: appends,
        budgets: Budgets {
            timeouts: 2,
            reboots: 1,
            ..Budgets::default()
        },
        ..Scope::new(name, about)
    }
}
