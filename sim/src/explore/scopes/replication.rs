//! Replication (paper 5.3 and 5.4.2; thesis 3.5 and 3.6).

use super::empty_appends;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::{ALL, Before, LED};
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let two_terms = Scope {
        terms: 2,
        start: LED,
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
            name: "refusals",
            about: "two nodes, four proposals in a window: messages before the refused are lost",
            nodes: 2,
            voters: 2,
            terms: 1,
            budgets: Budgets {
                timeouts: 0,
                proposals: 4,
                ..two_terms.budgets
            },
            configure: |config| config.limits.window_messages = 4,
            lost: empty_appends,
            ..two_terms.clone()
        },
        Scope {
            name: "old-terms",
            about: "leaders of terms 1 and 2 each have an entry alone; two more terms (figure 8)",
            terms: 4,
            start: &[
                Before::Timeout(1),
                Before::Between(ALL),
                Before::Heartbeat(1),
                Before::Between(ALL),
                Before::Propose(1),
                Before::Lose,
                Before::Timeout(2),
                Before::VotesBetween(ALL),
                Before::Lose,
            ],
            budgets: Budgets {
                timeouts: 2,
                ..Budgets::default()
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
