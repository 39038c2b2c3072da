//! Replication (paper 5.3 and 5.4.2; thesis 3.5 and 3.6).

use super::empty_appends;
use crate::explore::scope::{Order, Scope, Start};
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let two_terms = Scope {
        terms: 2,
        start: Start::Led,
        budgets: Budgets {
            timeouts: 1,
            proposals: 1,
            ..Budgets::default()
        },
        ..Scope::new("replication", "two terms, four entries, heartbeats lost")
    };
    let three_terms = Budgets {
        timeouts: 2,
        ..two_terms.budgets
    };
    vec![
        Scope {
            budgets: Budgets {
                proposals: 2,
                ..two_terms.budgets
            },
            lost: empty_appends,
            ..two_terms.clone()
        },
        Scope {
            name: "duplicates",
            about: "two terms, three entries, one message arrives twice",
            budgets: Budgets {
                duplicates: 1,
                ..two_terms.budgets
            },
            ..two_terms.clone()
        },
        Scope {
            name: "links",
            about: "two terms, three entries, the host reports one broken or mended connection",
            budgets: Budgets {
                links: 1,
                ..two_terms.budgets
            },
            ..two_terms.clone()
        },
        Scope {
            name: "heartbeats",
            about: "two terms, three entries, heartbeats that overtake them",
            order: Order::InTurn,
            budgets: Budgets {
                heartbeats: 1,
                delays: 2,
                ..two_terms.budgets
            },
            ..two_terms.clone()
        },
        Scope {
            name: "three-leaders",
            about: "three terms, four entries, heartbeats lost",
            terms: 3,
            budgets: three_terms,
            lost: empty_appends,
            ..two_terms.clone()
        },
        Scope {
            name: "old-terms",
            about: "four terms, one entry a message: entries of old terms, figure 8 of the paper",
            terms: 4,
            order: Order::InTurn,
            budgets: Budgets {
                timeouts: 3,
                delays: 2,
                ..two_terms.budgets
            },
            configure: |config| config.limits.append_bytes = 1,
            lost: empty_appends,
            ..two_terms.clone()
        },
        Scope {
            name: "replication-far",
            about: "three terms, five entries, nothing lost by design",
            terms: 3,
            order: Order::InTurn,
            budgets: Budgets {
                proposals: 2,
                delays: 2,
                ..three_terms
            },
            ..two_terms
        },
    ]
}
