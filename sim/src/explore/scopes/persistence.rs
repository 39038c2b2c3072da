//! What the disk must hold before something is said (thesis 3.8 and 10.2.1; traps E1, D1, R15).
//!
//! Two writes may be on their way; a crash keeps none, one or both of them.

use super::empty_appends;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::LED;
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let one_crash = Scope {
        terms: 2,
        start: LED,
        slow_disk: true,
        budgets: Budgets {
            timeouts: 1,
            proposals: 1,
            reboots: 1,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new(
            "persistence",
            "two terms, three entries, slow disks, one crash",
        )
    };
    vec![
        one_crash.clone(),
        Scope {
            name: "two-writes",
            about: "one term, two proposals, slow disks, one crash, all messages",
            terms: 1,
            budgets: Budgets {
                timeouts: 0,
                proposals: 2,
                ..one_crash.budgets
            },
            lost: |_| false,
            ..one_crash.clone()
        },
        Scope {
            name: "disk-failure",
            about: "one term, two proposals, slow disks, one of them fails for good",
            terms: 1,
            budgets: Budgets {
                timeouts: 0,
                proposals: 2,
                reboots: 0,
                failures: 1,
                ..one_crash.budgets
            },
            ..one_crash.clone()
        },
        Scope {
            name: "persistence-far",
            about: "two terms, four entries, slow disks, one crash, nothing lost by design",
            order: Order::InTurn,
            budgets: Budgets {
                proposals: 2,
                delays: 1,
                ..one_crash.budgets
            },
            lost: |_| false,
            ..one_crash
        },
    ]
}
