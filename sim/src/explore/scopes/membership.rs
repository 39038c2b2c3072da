//! Changes of members (paper 6; thesis 4; traps M1 to M13).

use super::{A_FIFTH_VOTER, empty_appends};
use crate::explore::scope::{Order, Scope, Target};
use crate::explore::start::{ALL, Before, LED};
use crate::explore::world::Budgets;
use raftwerk_core::ReadPath;

pub(super) fn scopes() -> Vec<Scope> {
    vec![
        single_server_change(),
        schedule_of_2015(),
        leader_removed(),
        joint_change(),
        joint_read(),
        joint_marks(),
    ]
}

/// Two voters and two learners; one of the learners becomes a voter.
const A_THIRD_VOTER: &[Target] = &[
    Target {
        voters: &[1, 2, 3],
        learners: &[4],
    },
    Target {
        voters: &[1, 2, 4],
        learners: &[3],
    },
];

/// Changes of leaders that follow each other, from an even number of voters.
fn single_server_change() -> Scope {
    Scope {
        nodes: 4,
        voters: 2,
        learners: 2,
        targets: A_THIRD_VOTER,
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
    }
}

/// S1 has put "S5 votes" into its own log and that of S5. S2 leads term 2, and S6 knows it too.
const AN_OPEN_CHANGE: &[Before] = &[
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
];

/// The bug of single-server changes that was found in 2015: a leader may change members only when
/// an entry of its own term is committed (trap M1).
fn schedule_of_2015() -> Scope {
    Scope {
        nodes: 6,
        voters: 4,
        learners: 2,
        targets: A_FIFTH_VOTER,
        terms: 3,
        start: AN_OPEN_CHANGE,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 1,
            changes: 1,
            delays: 2,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new(
            "schedule-of-2015",
            "four voters; the change of a leader of term 1 is open when another leads term 2",
        )
    }
}

/// A leader that is no member any more leads until that is committed, and does not count itself.
fn leader_removed() -> Scope {
    Scope {
        targets: &[Target {
            voters: &[2, 3],
            learners: &[],
        }],
        terms: 3,
        start: LED,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 1,
            changes: 1,
            proposals: 1,
            delays: 2,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new(
            "leader-removed",
            "three voters, the leader is removed, one election",
        )
    }
}

/// Two of three voters are replaced at once.
const TWO_OTHERS: &[Target] = &[Target {
    voters: &[1, 4, 5],
    learners: &[],
}];

/// Elections and entries need a majority of both halves (paper 6, trap M4).
fn joint_change() -> Scope {
    Scope {
        budgets: Budgets {
            timeouts: 2,
            changes: 1,
            delays: 2,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..two_others(
            "joint-change",
            "three voters, two of them replaced at once, two elections",
        )
    }
}

/// S1, S4 and S5 have the joint membership; S2 leads term 2 with S3, which have not.
const HALF_TOLD: &[Before] = &[
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
];

/// A read, too, needs both halves.
fn joint_read() -> Scope {
    Scope {
        start: HALF_TOLD,
        budgets: Budgets {
            reads: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..two_others(
            "joint-read",
            "half of a joint membership knows it, the rest has another leader; a read",
        )
    }
}

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

/// While members are joint a read from a majority needs one of both halves (trap M4).
fn joint_marks() -> Scope {
    Scope {
        start: LEFT_BEHIND,
        paths: &[ReadPath::Quorum],
        budgets: Budgets {
            heartbeats: 1,
            reads: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..two_others(
            "joint-marks",
            "the old half knows the joint membership committed, and not that it was left",
        )
    }
}

/// Three voters and two learners; the learners take the place of two voters.
fn two_others(name: &'static str, about: &'static str) -> Scope {
    Scope {
        nodes: 5,
        learners: 2,
        targets: TWO_OTHERS,
        terms: 3,
        start: LED,
        order: Order::InTurn,
        ..Scope::new(name, about)
    }
}
