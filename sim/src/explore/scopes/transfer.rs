//! Leadership transfer (thesis 3.10; traps E12, E13).

use super::empty_appends;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::LED;
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let one_transfer = Scope {
        terms: 3,
        start: LED,
        budgets: Budgets {
            transfers: 1,
            waits: 1,
            proposals: 1,
            ..Budgets::default()
        },
        ..Scope::new("transfer", "a transfer that may be given up, one write")
    };
    vec![
        Scope {
            terms: 2,
            ..one_transfer.clone()
        },
        Scope {
            name: "transfer-against",
            about: "a transfer against an election, heartbeats lost",
            budgets: Budgets {
                timeouts: 1,
                proposals: 0,
                ..one_transfer.budgets
            },
            lost: empty_appends,
            ..one_transfer.clone()
        },
        Scope {
            name: "transfer-far",
            about: "two transfers, an election and a write, nothing lost by design",
            order: Order::InTurn,
            budgets: Budgets {
                transfers: 2,
                timeouts: 1,
                delays: 1,
                ..one_transfer.budgets
            },
            ..one_transfer
        },
    ]
}
