//! Elections (paper 5.2 and 5.4.1; thesis 9.6 and 4.2.3).

use super::{appends, empty_appends};
use crate::explore::host::Broken;
use crate::explore::scope::{Judging, Order, Scope};
use crate::explore::start::LED;
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let three_terms = Scope {
        terms: 3,
        budgets: Budgets {
            timeouts: 3,
            ..Budgets::default()
        },
        ..Scope::new(
            "election",
            "three terms with their opening entries, heartbeats lost",
        )
    };
    let votes = Scope {
        lost: appends,
        ..three_terms.clone()
    };
    vec![
        Scope {
            judging: Judging::Steps,
            lost: empty_appends,
            ..three_terms.clone()
        },
        Scope {
            name: "votes",
            about: "votes of three terms, slow disks, one crash; appends lost",
            slow_disk: true,
            budgets: Budgets {
                reboots: 1,
                ..votes.budgets
            },
            ..votes.clone()
        },
        Scope {
            name: "votes-kept",
            about: "votes of two terms; a leader that hears nobody steps down; appends lost",
            terms: 2,
            budgets: Budgets {
                silences: 1,
                ..votes.budgets
            },
            ..votes.clone()
        },
        Scope {
            name: "lost-disk",
            about: "two candidates, and a voter whose disk is lost keeps its name; appends lost",
            terms: 1,
            budgets: Budgets {
                timeouts: 2,
                reboots: 1,
                ..votes.budgets
            },
            ..votes.clone().broken(Broken::LosesDisk)
        },
        Scope {
            name: "five-votes",
            about: "five voters, two candidates, one message arrives twice; appends lost",
            nodes: 5,
            voters: 5,
            terms: 1,
            budgets: Budgets {
                timeouts: 2,
                duplicates: 1,
                ..votes.budgets
            },
            ..votes.clone()
        },
        Scope {
            name: "pre-vote",
            about: "pre-votes and votes of three terms; appends lost",
            configure: |config| config.switches.pre_vote = true,
            ..votes
        },
        Scope {
            name: "sticky",
            about: "a leader that is heard is kept, one that hears nobody steps down",
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
            ..three_terms.clone()
        },
        Scope {
            name: "election-far",
            about: "three terms, nothing lost by design",
            order: Order::InTurn,
            budgets: Budgets {
                delays: 2,
                ..three_terms.budgets
            },
            ..three_terms
        },
    ]
}
