//! Changes of members (paper 6; thesis 4; traps M1 to M13).

use super::empty_appends;
use crate::explore::scope::{Order, Scope, Start, Target};
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    let change = Scope {
        terms: 3,
        start: Start::Led,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 2,
            changes: 2,
            delays: 2,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new("single-server-change", "")
    };
    vec![
        Scope {
            name: "single-server-change",
            about: "two voters, each leader adds another third one: the schedule of 2015, smallest",
            nodes: 4,
            voters: 2,
            learners: 2,
            targets: &[
                Target {
                    voters: &[1, 2, 3],
                    learners: &[4],
                },
                Target {
                    voters: &[1, 2, 4],
                    learners: &[3],
                },
            ],
            ..change.clone()
        },
        Scope {
            name: "schedule-of-2015",
            about: "four voters and two learners, each leader makes another of them a voter",
            nodes: 6,
            voters: 4,
            learners: 2,
            targets: &[
                Target {
                    voters: &[1, 2, 3, 4, 5],
                    learners: &[6],
                },
                Target {
                    voters: &[1, 2, 3, 4, 6],
                    learners: &[5],
                },
            ],
            ..change.clone()
        },
        Scope {
            name: "joint-change",
            about: "three voters, two of them replaced at once",
            nodes: 5,
            voters: 3,
            learners: 2,
            targets: &[Target {
                voters: &[1, 4, 5],
                learners: &[],
            }],
            budgets: Budgets {
                changes: 1,
                proposals: 1,
                ..change.budgets
            },
            ..change
        },
    ]
}
