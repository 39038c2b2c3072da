//! Reads: at the leader and through followers (thesis 6.4; design R1 and R2), and from a majority
//! without the leader (HotCloud 2017; design R4).

use crate::explore::scope::{Order, Scope, Target};
use crate::explore::start::{ALL, Before, LED};
use crate::explore::world::Budgets;
use raftwerk_core::ReadPath;

/// Four voters and two learners; one of the learners becomes a voter.
const A_FIFTH_VOTER: &[Target] = &[
    Target {
        voters: &[1, 2, 3, 4, 5],
        learners: &[6],
    },
    Target {
        voters: &[1, 2, 3, 4, 6],
        learners: &[5],
    },
];

/// The counterexample of the design, up to the read: S1 has put "S5 votes" into its own log and
/// that of S5. S3 leads term 2, makes S6 a voter without S2 and commits a write. A majority of the
/// five voters that S1 believes in knows nothing of that, and one append of S3 is still on its way
/// to S1.
const TWO_FIFTH_VOTERS: &[Before] = &[
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
    Before::Change(1, 0),
    Before::Between(&[1, 5]),
    Before::Lose,
    Before::Timeout(3),
    Before::VotesBetween(&[2, 3, 4]),
    Before::Between(&[2, 3, 4]),
    Before::Change(3, 1),
    Before::Between(&[3, 4, 6]),
    Before::Propose(3),
    Before::Between(&[3, 4, 6]),
    Before::LoseTo(&[2, 4, 5, 6]),
];

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
            ..one_read.clone()
        },
        Scope {
            name: "quorum-read",
            about: "a read from a majority anywhere, a write, and a new leader",
            paths: &[ReadPath::Quorum],
            order: Order::InTurn,
            budgets: Budgets {
                reads: 1,
                proposals: 1,
                delays: 2,
                ..one_read.budgets
            },
            ..one_read.clone()
        },
        Scope {
            name: "two-quorum-reads",
            about: "two reads from a majority, one after the other, and a write between them",
            terms: 1,
            paths: &[ReadPath::Quorum],
            order: Order::InTurn,
            budgets: Budgets {
                timeouts: 0,
                reads: 2,
                proposals: 1,
                delays: 2,
                ..one_read.budgets
            },
            ..one_read.clone()
        },
        Scope {
            name: "quorum-read-change",
            about: "a read from a majority while two leaders make different fifth nodes voters",
            nodes: 6,
            voters: 4,
            learners: 2,
            targets: A_FIFTH_VOTER,
            start: TWO_FIFTH_VOTERS,
            paths: &[ReadPath::Quorum],
            order: Order::InTurn,
            budgets: Budgets {
                reads: 1,
                delays: 3,
                ..Budgets::default()
            },
            ..one_read
        },
    ]
}
