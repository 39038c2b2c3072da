//! Reads: at the leader and through followers (thesis 6.4; design R1 and R2), and from a majority
//! without the leader (HotCloud 2017; design R4).

use super::A_FIFTH_VOTER;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::{ALL, Before, LED};
use crate::explore::world::Budgets;
use raftwerk_core::ReadPath;

pub(super) fn scopes() -> Vec<Scope> {
    vec![
        read_index(),
        two_reads(),
        read_index_far(),
        quorum_read(),
        two_quorum_reads(),
        quorum_read_change(),
    ]
}

/// A leader that was replaced must not confirm a read.
fn read_index() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        budgets: Budgets {
            timeouts: 1,
            reads: 1,
            ..Budgets::default()
        },
        ..Scope::new("read-index", "a read anywhere while leadership changes")
    }
}

/// An answer to an earlier read must not be taken for one to a later.
fn two_reads() -> Scope {
    Scope {
        start: LED,
        budgets: Budgets {
            reads: 2,
            proposals: 1,
            ..Budgets::default()
        },
        ..Scope::new("two-reads", "two reads and a write under one leader")
    }
}

/// All of the family, as far as messages arrive in turn.
fn read_index_far() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 1,
            reads: 2,
            proposals: 1,
            reboots: 1,
            delays: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "read-index-far",
            "two reads, a write, a crash and a new leader, nothing lost by design",
        )
    }
}

/// The marks of a majority cover what any leader has committed.
fn quorum_read() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        paths: &[ReadPath::Quorum],
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 1,
            reads: 1,
            proposals: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..Scope::new(
            "quorum-read",
            "a read from a majority anywhere, a write, and a new leader",
        )
    }
}

/// Answers to an earlier round of marks count for nothing (trap L13).
fn two_quorum_reads() -> Scope {
    Scope {
        start: LED,
        paths: &[ReadPath::Quorum],
        order: Order::InTurn,
        budgets: Budgets {
            reads: 2,
            proposals: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..Scope::new(
            "two-quorum-reads",
            "two reads from a majority, one after the other, and a write between them",
        )
    }
}

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

/// The newest members in a log are no basis for a read while they are not committed (trap L13).
fn quorum_read_change() -> Scope {
    Scope {
        nodes: 6,
        voters: 4,
        learners: 2,
        targets: A_FIFTH_VOTER,
        terms: 2,
        start: TWO_FIFTH_VOTERS,
        paths: &[ReadPath::Quorum],
        order: Order::InTurn,
        budgets: Budgets {
            reads: 1,
            delays: 3,
            ..Budgets::default()
        },
        ..Scope::new(
            "quorum-read-change",
            "a read from a majority while two leaders make different fifth nodes voters",
        )
    }
}
