//! Elections (paper 5.2 and 5.4.1; thesis 9.6 and 4.2.3).

use super::{appends, empty_appends};
use crate::explore::scope::{Order, Scope, Start};
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let three_terms = Budgets {
        timeouts: 3,
        ..Budgets::default()
    };
    vec![
        Scope {
            terms: 3,
            budgets: three_terms,
            lost: empty_appends,
            ..Scope::new(
                "election",
                "three terms with their opening entries, heartbeats lost",
            )
        },
        Scope {
            terms: 3,
            budgets: Budgets {
                reboots: 1,
                ..three_terms
            },
            slow_disk: true,
            lost: appends,
            ..Scope::new(
                "votes",
                "votes of three terms, slow disks, one crash; appends lost",
            )
        },
        Scope {
            terms: 3,
            budgets: three_terms,
            configure: |config| config.switches.pre_vote = true,
            lost: appends,
            ..Scope::new(
                "pre-vote",
                "pre-votes and votes of three terms; appends lost",
            )
        },
        Scope {
            terms: 2,
            start: Start::Led,
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
        },
        Scope {
            terms: 3,
            order: Order::InTurn,
            budgets: Budgets {
                delays: 2,
                ..three_terms
            },
            ..Scope::new("election-far", "three terms, nothing lost by design")
        },
    ]
}
