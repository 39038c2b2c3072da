//! Elections (paper 5.2 and 5.4.1; thesis 9.6 and 4.2.3).

use super::{appends, empty_appends};
use crate::explore::host::Broken;
use crate::explore::scope::{Judging, Order, Scope};
use crate::explore::start::LED;
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    vec![
        election(),
        votes(),
        votes_kept(),
        lost_disk(),
        five_votes(),
        pre_vote(),
        sticky(),
        election_far(),
    ]
}

/// Leaders with their opening entries: whose log is as new as which. There are too many ways for
/// every build, so each step is judged once.
fn election() -> Scope {
    Scope {
        judging: Judging::Steps,
        terms: 3,
        budgets: Budgets {
            timeouts: 3,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new(
            "election",
            "three terms with their opening entries, heartbeats lost",
        )
    }
}

/// Whether a vote is on disk before it is told, and is still there after a crash.
fn votes() -> Scope {
    Scope {
        terms: 3,
        slow_disk: true,
        budgets: Budgets {
            timeouts: 3,
            reboots: 1,
            ..Budgets::default()
        },
        lost: appends,
        ..Scope::new(
            "votes",
            "votes of three terms, slow disks, one crash; appends lost",
        )
    }
}

/// A leader that steps down in its term must not vote again in it (thesis 6.2).
fn votes_kept() -> Scope {
    Scope {
        terms: 2,
        budgets: Budgets {
            timeouts: 3,
            silences: 1,
            ..Budgets::default()
        },
        lost: appends,
        ..Scope::new(
            "votes-kept",
            "votes of two terms; a leader that hears nobody steps down; appends lost",
        )
    }
}

/// A node whose disk is lost does not know what it promised and must not speak (trap M10).
fn lost_disk() -> Scope {
    let scope = Scope {
        budgets: Budgets {
            timeouts: 2,
            reboots: 1,
            ..Budgets::default()
        },
        lost: appends,
        ..Scope::new(
            "lost-disk",
            "two candidates, and a voter whose disk is lost keeps its name; appends lost",
        )
    };
    scope.broken(Broken::LosesDisk)
}

/// A vote that arrives twice is one vote.
fn five_votes() -> Scope {
    Scope {
        nodes: 5,
        voters: 5,
        budgets: Budgets {
            timeouts: 2,
            duplicates: 1,
            ..Budgets::default()
        },
        lost: appends,
        ..Scope::new(
            "five-votes",
            "five voters, two candidates, one message arrives twice; appends lost",
        )
    }
}

/// Nodes that ask before they campaign (thesis 9.6).
fn pre_vote() -> Scope {
    Scope {
        terms: 3,
        budgets: Budgets {
            timeouts: 3,
            ..Budgets::default()
        },
        configure: |config| config.switches.pre_vote = true,
        lost: appends,
        ..Scope::new(
            "pre-vote",
            "pre-votes and votes of three terms; appends lost",
        )
    }
}

/// Voters that keep a leader whom they hear (thesis 4.2.3).
fn sticky() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        budgets: Budgets {
            timeouts: 2,
            silences: 1,
            ..Budgets::default()
        },
        configure: |config| {
            config.switches.pre_vote = true;
            config.switches.stickiness = true;
        },
        ..Scope::new(
            "sticky",
            "a leader that is heard is kept, one that hears nobody steps down",
        )
    }
}

/// All of the family, as far as messages arrive in turn.
fn election_far() -> Scope {
    Scope {
        terms: 3,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 3,
            delays: 2,
            ..Budgets::default()
        },
        ..Scope::new("election-far", "three terms, nothing lost by design")
    }
}
