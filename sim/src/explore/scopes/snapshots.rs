//! Snapshots (paper 7 and figure 13; thesis 5; traps S1, S2, S3).
//!
//! S3 led term 1 alone and has entries that nobody else has. S1 leads term 2, has committed as many
//! with S2, and has dropped them behind a snapshot, which S3 needs.

use crate::explore::scope::{Order, Scope};
use crate::explore::start::{ALL, Before};
use crate::explore::world::Budgets;
use raftwerk_core::Config;

const BEHIND: &[Before] = &[
    Before::Timeout(3),
    Before::VotesBetween(ALL),
    Before::Propose(3),
    Before::Lose,
    Before::Timeout(1),
    Before::VotesBetween(&[1, 2]),
    Before::Propose(1),
    Before::Between(&[1, 2]),
    Before::Heartbeat(1),
    Before::Between(&[1, 2]),
    Before::Lose,
];

/// The same, but S2 does not know what is committed and has dropped nothing.
const UNTOLD: &[Before] = &[
    Before::Timeout(3),
    Before::VotesBetween(ALL),
    Before::Propose(3),
    Before::Lose,
    Before::Timeout(1),
    Before::VotesBetween(&[1, 2]),
    Before::Propose(1),
    Before::EntriesBetween(&[1, 2]),
    Before::Lose,
];

fn configure(config: &mut Config) {
    config.switches.snapshots = true;
    config.limits.snapshot_entries = 3;
    config.limits.retained_entries = 0;
}

pub(super) fn scopes() -> Vec<Scope> {
    let install = Scope {
        terms: 3,
        start: BEHIND,
        slow_disk: true,
        symmetric: false,
        configure,
        budgets: Budgets {
            heartbeats: 2,
            reboots: 1,
            ..Budgets::default()
        },
        ..Scope::new(
            "snapshot-install",
            "a snapshot replaces a log that contradicts it, slow disks, one crash",
        )
    };
    vec![
        install.clone(),
        Scope {
            name: "snapshot-leaders",
            about: "a snapshot on its way while another leader comes that still has the log",
            slow_disk: false,
            start: UNTOLD,
            order: Order::InTurn,
            budgets: Budgets {
                timeouts: 1,
                heartbeats: 1,
                delays: 3,
                ..Budgets::default()
            },
            ..install
        },
    ]
}
