//! The Raft machine of Raftwerk: no I/O, no clock, no threads, no hidden randomness.
//!
//! **Feed inputs, then drain [`Raft::poll`] until `None`.** That is the whole contract; `io`
//! tells it on one page. In reading order: `types`, `message`, `io`, `raft`, `inputs`, `election`,
//! `votes`, `leader`, `transfer`, `reconfigure`, `catch_up`, `follower`, `replication`, `commit`,
//! `reads`, `lease`, `marks`, `snapshot`, `install`, `offer`, `suspect`, `autopilot`, `pilot`,
//! `drain`.
//!
//! | paper / thesis                         | file                     |
//! |----------------------------------------|--------------------------|
//! | figure 2, state and rules              | `raft`, `types`          |
//! | 5.2 election; T9.6 pre-vote            | `election`, `votes`, `leader` |
//! | T3.10 handing leadership over          | `transfer`               |
//! | 5.3 replication                        | `follower`, `replication`, `progress` |
//! | 5.4 safety, commit rule                | `votes`, `commit`        |
//! | 6, T4 membership                       | `membership`, `quorum`, `reconfigure`, `catch_up` |
//! | T4.4 members change by themselves      | `autopilot`, `pilot`     |
//! | 7, T5 snapshots and compaction         | `snapshot`, `install`, `offer`, `log` |
//! | T3.8, T10.2.1 what the disk must cover | `durability`             |
//! | T6.2 check-quorum                      | `leader`                 |
//! | T6.4 reads                             | `reads`                  |
//! | T6.4.1 leases                          | `lease`                  |
//! | quorum reads (HotCloud 2017)           | `marks`                  |
//! | a log that rotted (FAST 2018)          | `suspect`                |
//! | the age of stale reads                 | `staleness`              |

pub mod autopilot;
mod boot;
mod catch_up;
mod commit;
mod config;
mod drain;
mod durability;
mod election;
mod follower;
mod hash;
mod inputs;
mod install;
mod invariants;
mod io;
mod leader;
mod lease;
mod log;
mod marks;
mod membership;
mod message;
mod offer;
#[cfg(test)]
mod overflow;
mod parting;
mod payload;
mod pilot;
mod progress;
pub mod quorum;
mod raft;
mod reads;
mod reconfigure;
mod replication;
mod rng;
mod sabotage;
mod snapshot;
mod staleness;
mod state;
mod suspect;
mod time;
pub mod trace;
mod transfer;
mod types;
mod view;
mod votes;

pub use boot::BootError;
pub use config::{Config, Limits, Switches, Timing};
pub use hash::StableHasher;
pub use invariants::Violation;
pub use io::{
    Abort, Condition, Durable, Fence, Outcome, Output, ReadPath, Refusal, Streamed, Suspicion,
    Write,
};
pub use membership::{BadMembers, Members, Membership};
pub use message::{AppendResult, Body, Message, Probe, Proof, Standing};
pub use payload::Payload;
pub use raft::Raft;
pub use sabotage::{Rule, Rules, SABOTAGE};
pub use state::Deadline;
pub use time::{Span, Time};
pub use types::{
    ClusterId, Entries, Entry, EntryBody, HardState, Index, Lane, LogId, Mark, NodeId, Round,
    SnapshotMeta, Term, Ticket, WriteSeq,
};
pub use view::{Changing, Marking, Peer, Transferring, View, Waiting};
