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

pub(super) fn scopes() -> Vec<Scope> {
    let drift = Scope {
        terms: 2,
        start: RESTED_AND_LED,
        order: Order::InTurn,
        paths: &[ReadPath::Lease],
        clocks: Some(CLOCKS),
        configure: leases,
        budgets: Budgets {
            timeouts: 1,
            heartbeats: 1,
            reads: 1,
            delays: 2,
            ..Budgets::default()
        },
        ..Scope::new(
            "lease",
            "a lease, two steps of drift, a heartbeat, an election and a read",
        )
    };
    let late = Scope {
        name: "lease-late",
        about: "the same in longer steps: answers to a heartbeat come late",
        start: &[
            Before::Rest(3),
            Before::Timeout(1),
            Before::Between(ALL),
            Before::Heartbeat(1),
            Before::Between(ALL),
        ],
        clocks: Some(Clocks {
            step: Span::millis(50),
            apart: 1,
            most: 7,
        }),
        budgets: Budgets {
            reads: 0,
            heartbeats: 2,
            ..drift.budgets
        },
        configure: long_steps,
        ..drift.clone()
    };
    let still = Scope {
        // They stand still after the rest.
        clocks: Some(Clocks { most: 5, ..CLOCKS }),
        configure: |config| {
            leases(config);
            as_shipped(config);
        },
        ..drift.clone()
    };
    vec![
        Scope {
            judging: Judging::Steps,
            ..drift.clone()
        },
        Scope {
            judging: Judging::Steps,
            ..late.clone()
        },
        Scope {
            name: "lease-shipped",
            about: "as lease, but nobody campaigns without asking first",
            budgets: Budgets {
                delays: 1,
                ..drift.budgets
            },
            configure: still.configure,
            ..drift
        },
        Scope {
            name: "lease-late-shipped",
            about: "as lease-late, but nobody campaigns without asking first",
            budgets: Budgets {
                delays: 1,
                ..late.budgets
            },
            configure: |config| {
                long_steps(config);
                as_shipped(config);
            },
            ..late
        },
        Scope {
            name: "lease-transfer",
            about: "leadership is handed over by a leader with a lease",
            budgets: Budgets {
                heartbeats: 1,
                transfers: 1,
                waits: 1,
                reads: 1,
                delays: 2,
                ..Budgets::default()
            },
            ..still.clone()
        },
        Scope {
            name: "lease-restart",
            about: "voters that promised silence start again",
            budgets: Budgets {
                timeouts: 1,
                heartbeats: 1,
                reboots: 2,
                reads: 1,
                delays: 2,
                ..Budgets::default()
            },
            ..still.clone()
        },
        Scope {
            name: "lease-votes",
            about: "a leader that nobody has heard of yet rests its lease on votes",
            start: &[
                Before::Rest(5),
                Before::Timeout(1),
                Before::VotesBetween(ALL),
                Before::Lose,
            ],
            budgets: Budgets {
                timeouts: 1,
                heartbeats: 1,
                delays: 2,
                ..Budgets::default()
            },
            ..still.clone()
        },
        Scope {
            name: "lease-pre-vote",
            about: "three campaigns, each asked about before; leases of votes, appends lost",
            start: &[Before::Rest(5)],
            order: Order::Any,
            lost: appends,
            budgets: Budgets {
                timeouts: 3,
                ..Budgets::default()
            },
            ..still
        },
    ]
}
