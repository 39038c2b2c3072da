//! Reads (thesis 6.4; design R1 and R2): at the leader and through followers.

use crate::explore::scope::{Order, Scope};
use crate::explore::start::LED;
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let one_read = Scope {
        terms: 2,
        start: LED,
        budgets: Budgets {
            timeouts: 1,
            reads: 1,
            ..Budgets::default()
        },
        ..Scope::new("read-index", "a read anywhere while leadership changes")
    };
    vec![
        one_read.clone(),
        Scope {
            name: "two-reads",
            about: "two reads and a write under one leader",
            terms: 1,
            budgets: Budgets {
                timeouts: 0,
                reads: 2,
                proposals: 1,
                ..one_read.budgets
            },
            ..one_read.clone()
        },
        Scope {
            name: "read-index-far",
            about: "two reads, a write, a crash and a new leader, nothing lost by design",
            order: Order::InTurn,
            budgets: Budgets {
                reads: 2,
                proposals: 1,
                reboots: 1,
                delays: 1,
                ..one_read.budgets
            },
            ..one_read
        },
    ]
}
