//! Changes of members (paper 6; thesis 4; traps M1 to M13).

use super::empty_appends;
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

/// Two of three voters are replaced at once.
const TWO_OTHERS: &[Target] = &[Target {
    voters: &[1, 4, 5],
    learners: &[],
}];

/// S1 has left a joint membership with S4 and S5, and committed a write with them. S2 and S3, the
/// old half, have the joint entry and nothing after it.
const LEFT_BEHIND: &[Before] = &[
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
    Before::Change(1, 0),
    Before::Between(&[1, 2, 3]),
    Before::Between(&[1, 4, 5]),
    Before::Propose(1),
    Before::Between(&[1, 4, 5]),
    Before::LoseTo(&[2, 3]),
];

pub(super) fn scopes() -> Vec<Scope> {
    let change = Scope {
        terms: 3,
        start: LED,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 2,
            changes: 2,
            delays: 2,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new(
            "single-server-change",
            "two voters, each leader adds another third one",
        )
    };
    let joint = Scope {
        nodes: 5,
        learners: 2,
        targets: TWO_OTHERS,
        budgets: Budgets {
            changes: 1,
            ..change.budgets
        },
        ..change.clone()
    };
    vec![
        Scope {
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
            about: "four voters; the change of a leader of term 1 is open when another leads term 2",
            nodes: 6,
            voters: 4,
            learners: 2,
            targets: A_FIFTH_VOTER,
            start: &[
                Before::Timeout(1),
                Before::Between(ALL),
                Before::Heartbeat(1),
                Before::Between(ALL),
                Before::Change(1, 0),
                Before::Between(&[1, 5]),
                Before::Lose,
                Before::Timeout(2),
                Before::VotesBetween(&[1, 2, 3, 4]),
                Before::Between(&[2, 3, 6]),
                Before::Lose,
            ],
            budgets: Budgets {
                timeouts: 1,
                changes: 1,
                ..change.budgets
            },
            ..change.clone()
        },
        Scope {
            name: "leader-removed",
            about: "three voters, the leader is removed, one election",
            targets: &[Target {
                voters: &[2, 3],
                learners: &[],
            }],
            budgets: Budgets {
                timeouts: 1,
                changes: 1,
                proposals: 1,
                ..change.budgets
            },
            ..change
        },
        Scope {
            name: "joint-change",
            about: "three voters, two of them replaced at once, two elections",
            ..joint.clone()
        },
        Scope {
            name: "joint-read",
            about: "half of a joint membership knows it, the rest has another leader; a read",
            start: &[
                Before::Timeout(1),
                Before::Between(ALL),
                Before::Heartbeat(1),
                Before::Between(ALL),
                Before::Change(1, 0),
                Before::Between(&[1, 4, 5]),
                Before::Lose,
                Before::Timeout(2),
                Before::Between(&[2, 3]),
                Before::Lose,
            ],
            lost: |_| false,
            budgets: Budgets {
                reads: 1,
                delays: 2,
                ..Budgets::default()
            },
            ..joint.clone()
        },
        Scope {
            name: "joint-marks",
            about: "the old half knows the joint membership committed, and not that it was left",
            start: LEFT_BEHIND,
            lost: |_| false,
            paths: &[ReadPath::Quorum],
            budgets: Budgets {
                heartbeats: 1,
                reads: 1,
                delays: 2,
                ..Budgets::default()
            },
            ..joint
        },
    ]
}
