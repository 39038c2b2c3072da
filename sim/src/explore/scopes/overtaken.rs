//! Writes that are overtaken: their entries are cut from memory and others put in their place
//! while they are still on their way to the disk (trap R18; `durability` in the core).

use super::empty_appends;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::LED;
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let two_terms = Scope {
        terms: 2,
        start: LED,
        slow_disk: true,
        budgets: Budgets {
            timeouts: 1,
            proposals: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "overtaken",
            "two terms, entries cut while their writes are on the way",
        )
    };
    vec![
        Scope {
            lost: empty_appends,
            ..two_terms.clone()
        },
        Scope {
            name: "overtaken-far",
            about: "three terms, entries cut and cut again, nothing lost by design",
            terms: 3,
            order: Order::InTurn,
            budgets: Budgets {
                timeouts: 2,
                proposals: 2,
                delays: 1,
                ..two_terms.budgets
            },
            ..two_terms
        },
    ]
}
