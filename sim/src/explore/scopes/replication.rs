//! Replication (paper 5.3 and 5.4.2; thesis 3.5 and 3.6).

use super::empty_appends;
use crate::explore::scope::{Order, Scope};
use crate::explore::start::{ALL, Before, LED};
use crate::explore::world::Budgets;

pub(super) fn scopes() -> Vec<Scope> {
    vec![
        replication(),
        duplicates(),
        links(),
        heartbeats(),
        three_leaders(),
        refusals(),
        old_terms(),
        replication_far(),
    ]
}

/// Two leaders with two entries of clients: logs that part and are brought together.
fn replication() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        budgets: Budgets {
            timeouts: 1,
            proposals: 2,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new("replication", "two terms, four entries, heartbeats lost")
    }
}

/// An append or an answer that arrives twice is taken once.
fn duplicates() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        budgets: Budgets {
            timeouts: 1,
            proposals: 1,
            duplicates: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "duplicates",
            "two terms, three entries, one message arrives twice",
        )
    }
}

/// What was on its way over a connection that broke is taken for lost, and may arrive.
fn links() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        budgets: Budgets {
            timeouts: 1,
            proposals: 1,
            links: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "links",
            "two terms, three entries, the host reports one broken or mended connection",
        )
    }
}

/// A heartbeat names a commit index, and must not commit what it has overtaken.
fn heartbeats() -> Scope {
    Scope {
        terms: 2,
        start: LED,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 1,
            proposals: 1,
            heartbeats: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..Scope::new(
            "heartbeats",
            "two terms, three entries, heartbeats that overtake them",
        )
    }
}

/// A third leader finds what two have left.
fn three_leaders() -> Scope {
    Scope {
        terms: 3,
        start: LED,
        budgets: Budgets {
            timeouts: 2,
            proposals: 1,
            ..Budgets::default()
        },
        lost: empty_appends,
        ..Scope::new(
            "three-leaders",
            "three terms, four entries, heartbeats lost",
        )
    }
}

/// Of a pipeline every message after a lost one is refused, and one refusal counts (trap R10).
fn refusals() -> Scope {
    Scope {
        nodes: 2,
        voters: 2,
        start: LED,
        budgets: Budgets {
            proposals: 4,
            ..Budgets::default()
        },
        configure: |config| config.limits.window_messages = 4,
        lost: empty_appends,
        ..Scope::new(
            "refusals",
            "two nodes, four proposals in a window: messages before the refused are lost",
        )
    }
}

/// S1 has led term 1 and S2 term 2, each with an entry that nobody else has.
const EACH_ALONE: &[Before] = &[
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
    Before::Propose(1),
    Before::Lose,
    Before::Timeout(2),
    Before::VotesBetween(ALL),
    Before::Lose,
];

/// Figure 8 of the paper: an entry of an older term is not committed by counting (paper 5.4.2).
/// Entries travel one by one, or the leader's own would always come along.
fn old_terms() -> Scope {
    Scope {
        terms: 4,
        start: EACH_ALONE,
        budgets: Budgets {
            timeouts: 2,
            ..Budgets::default()
        },
        configure: |config| config.limits.append_bytes = 1,
        lost: empty_appends,
        ..Scope::new(
            "old-terms",
            "leaders of terms 1 and 2 each have an entry alone; two more terms (figure 8)",
        )
    }
}

/// All of the family, as far as messages arrive in turn.
fn replication_far() -> Scope {
    Scope {
        terms: 3,
        start: LED,
        order: Order::InTurn,
        budgets: Budgets {
            timeouts: 2,
            proposals: 2,
            delays: 2,
            ..Budgets::default()
        },
        ..Scope::new(
            "replication-far",
            "three terms, five entries, nothing lost by design",
        )
    }
}
