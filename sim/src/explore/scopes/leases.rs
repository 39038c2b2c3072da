//! Reads from a lease (thesis 6.4.1; traps L6 to L9): whatever clocks do within their bound, one
//! node at a time may serve them.
//!
//! An election timeout is five steps of a clock, and two clocks may come apart by two of them
//! while it lasts: so a lease is good for less than three.
//!
//! Nodes as they are shipped ask before they campaign and keep a leader that they hear. That takes
//! more messages, so the two widest scopes go without; each has a narrower twin that does not.

use super::appends;
use crate::explore::scope::{Clocks, Judging, Order, Scope};
use crate::explore::start::{ALL, Before};
use crate::explore::world::Budgets;
use raftwerk_core::{Config, ReadPath, Span};

/// Any clock may be one step ahead of the slowest: from one behind to one ahead are two steps.
const CLOCKS: Clocks = Clocks {
    step: Span::millis(30),
    apart: 1,
    most: 11,
};

/// All have rested for the silence after their start; then S1 leads.
const RESTED_AND_LED: &[Before] = &[
    Before::Rest(5),
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
];

/// Three steps of a clock are an election timeout.
const LONG_STEPS: Clocks = Clocks {
    step: Span::millis(50),
    apart: 1,
    most: 7,
};

/// The same in longer steps.
const RESTED_FOR_LESS_AND_LED: &[Before] = &[
    Before::Rest(3),
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
];

/// The configuration in which a lease lasts for less than three steps of `CLOCKS`.
fn leases(config: &mut Config) {
    config.switches.lease_reads = true;
    config.timing.election_min = Span::millis(150);
    config.timing.election_max = Span::millis(300);
    config.timing.drift_ppm = 200_000;
    config.timing.lease_safety = Span::millis(5);
}

/// Two long steps of three are more drift than two short ones of five: the lease is good for less
/// than one.
fn long_steps(config: &mut Config) {
    leases(config);
    config.timing.drift_ppm = 320_000;
}

fn as_shipped(config: &mut Config) {
    config.switches.pre_vote = true;
    config.switches.stickiness = true;
}

fn leases_as_shipped(config: &mut Config) {
    leases(config);
    as_shipped(config);
}

pub(super) fn scopes() -> Vec<Scope> {
    vec![
        lease(),
        lease_late(),
        lease_shipped(),
        lease_late_shipped(),
        lease_transfer(),
        lease_restart(),
        lease_votes(),
        lease_pre_vote(),
    ]
}

/// A lease ends before another node can be elected, whatever the clocks do. There are too many
/// ways for every build, so each step is judged once.
fn lease() -> Scope {
    Scope {
        judging: Judging::Steps,
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 1,
            reads: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..drifting(
            "lease",
            "a lease, two steps of drift, a heartbeat, an election and a read",
        )
    }
}

/// A lease counts from when the heartbeat left, not from when an answer came. Judged as `lease`.
fn lease_late() -> Scope {
    Scope {
        judging: Judging::Steps,
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 2,
            delays: 2,
            ..Budgets::default()
        },
        ..drifting_far(
            "lease-late",
            "the same in longer steps: answers to a heartbeat come late",
        )
    }
}

/// The twin of `lease`.
fn lease_shipped() -> Scope {
    Scope {
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 1,
            reads: 1,
            delays: 1,
            ..Budgets::default()
        },
        configure: leases_as_shipped,
        ..drifting(
            "lease-shipped",
            "as lease, but nobody campaigns without asking first",
        )
    }
}

/// The twin of `lease-late`.
fn lease_late_shipped() -> Scope {
    Scope {
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 2,
            delays: 1,
            ..Budgets::default()
        },
        configure: |config| {
            long_steps(config);
            as_shipped(config);
        },
        ..drifting_far(
            "lease-late-shipped",
            "as lease-late, but nobody campaigns without asking first",
        )
    }
}

/// Who hands over gives up its lease before it tells anybody to campaign (trap L7).
fn lease_transfer() -> Scope {
    Scope {
        budgets: Budgets {
            heartbeats: 1,
            transfers: 1,
            waits: 1,
            reads: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..still(
            "lease-transfer",
            "leadership is handed over by a leader with a lease",
        )
    }
}

/// A node that starts keeps a promise of which it no longer knows (trap L8).
fn lease_restart() -> Scope {
    Scope {
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 1,
            reboots: 2,
            reads: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..still("lease-restart", "voters that promised silence start again")
    }
}

/// S1 has won, and nobody has heard of it.
const ELECTED: &[Before] = &[
    Before::Rest(5),
    Before::Timeout(1),
    Before::VotesBetween(ALL),
    Before::Lose,
];

/// Who voted is silent as if it had heard the leader (trap L9).
fn lease_votes() -> Scope {
    Scope {
        start: ELECTED,
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..still(
            "lease-votes",
            "a leader that nobody has heard of yet rests its lease on votes",
        )
    }
}

/// Who votes gives up its own campaign, also one that it has only asked about (trap L9).
fn lease_pre_vote() -> Scope {
    Scope {
        start: &[Before::Rest(5)],
        order: Order::Any,
        lost: appends,
        budgets: Budgets {
            timeouts: 3,
            ..Budgets::default()
        },
        ..still(
            "lease-pre-vote",
            "three campaigns, each asked about before; leases of votes, appends lost",
        )
    }
}

/// Two terms, reads from leases, clocks that come apart by two steps of five.
fn drifting(name: &'static str, about: &'static str) -> Scope {
    Scope {
        terms: 2,
        start: RESTED_AND_LED,
        order: Order::InTurn,
        paths: &[ReadPath::Lease],
        clocks: Some(CLOCKS),
        configure: leases,
        ..Scope::new(name, about)
    }
}

/// The same by two steps of three, each longer.
fn drifting_far(name: &'static str, about: &'static str) -> Scope {
    Scope {
        start: RESTED_FOR_LESS_AND_LED,
        clocks: Some(LONG_STEPS),
        configure: long_steps,
        ..drifting(name, about)
    }
}

/// Clocks that stand still after the rest, and nodes as they are shipped.
fn still(name: &'static str, about: &'static str) -> Scope {
    Scope {
        clocks: Some(Clocks { most: 5, ..CLOCKS }),
        configure: leases_as_shipped,
        ..drifting(name, about)
    }
}
