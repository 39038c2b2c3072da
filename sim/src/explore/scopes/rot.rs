//! A log that rots (traps D3, E16, L13; FAST 2018).
//!
//! S1 leads term 1 and has committed an entry with S2. S3 has not got it, so wherever S2 loses it,
//! S2 and S3 together must do nothing that S1 would have to know of.

use super::empty_appends;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::{ALL, Before};
use crate::explore::world::Budgets;
use raftwerk_core::ReadPath;

const WITHOUT_S3: &[Before] = &[
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
    Before::Propose(1),
    Before::Between(&[1, 2]),
    Before::Lose,
];

pub(super) fn scopes() -> Vec<Scope> {
    let rot = Scope {
        terms: 3,
        start: WITHOUT_S3,
        symmetric: false,
        budgets: Budgets {
            timeouts: 2,
            rots: 1,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new("rot", "a log rots, and a new leader is wanted")
    };
    vec![
        rot.clone(),
        Scope {
            name: "rot-regained",
            about: "a log rots, the leader sends it again, and a new leader is wanted",
            terms: 2,
            order: Order::InTurn,
            budgets: Budgets {
                timeouts: 1,
                heartbeats: 2,
                proposals: 1,
                delays: 1,
                ..rot.budgets
            },
            lost: |_| false,
            ..rot.clone()
        },
        Scope {
            name: "rot-read",
            about: "a log rots, and somebody reads from a majority",
            terms: 1,
            paths: &[ReadPath::Quorum],
            budgets: Budgets {
                timeouts: 0,
                heartbeats: 1,
                reads: 1,
                ..rot.budgets
            },
            lost: |_| false,
            ..rot.clone()
        },
        Scope {
            name: "rot-far",
            about: "two logs rot, slow disks, a new leader, nothing lost by design",
            terms: 2,
            slow_disk: true,
            order: Order::InTurn,
            budgets: Budgets {
                timeouts: 1,
                heartbeats: 1,
                rots: 2,
                delays: 1,
                ..rot.budgets
            },
            lost: |_| false,
            ..rot
        },
    ]
}
