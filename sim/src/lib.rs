//! A deterministic world around the Raft core: network, disks, clients, faults, checks, time
//! travel.
//!
//! To run a world: make a [`Setup`], then `World::new(&setup)` and `step()` until you have seen
//! enough; `violation()` tells whether a check failed. To play with one: [`History`], which adds
//! stepping back, seeking and branches. To break the core: [`storm`], or the binary of the same
//! name.
//!
//! To reproduce a seed: `cargo run --release -p raftwerk-sim --bin storm -- --seed S --steps N`.
//! The same seed gives the same run on every platform, event by event ([`hash_trail`]).
//!
//! | file           | what                                                         |
//! |----------------|--------------------------------------------------------------|
//! | `setup`        | what determines a run, presets                               |
//! | `intervention` | what a person can do to it                                   |
//! | `rng`          | one seed, a stream per purpose and place                     |
//! | `queue`        | things to come, ordered by (time, sequence)                  |
//! | `network`      | delay, loss, doubling, reordering, cuts                      |
//! | `disk`         | ordered writes, group sync, loss at a crash                 |
//! | `snapshot`     | a state machine as bytes; hosts send it in chunks           |
//! | `cache`        | what a disk that lies about sync does not really hold        |
//! | `clock`        | a node's own time                                            |
//! | `node`         | one host: core, state machine, disk, waiting clients         |
//! | `clients`      | sessions, timeouts, retries, hints; `workload` invents       |
//! | `faults`       | random faults and when they end                              |
//! | `world`        | all of it behind one `step`                                  |
//! | `checks`       | what must hold after every event                             |
//! | `linear`       | whether what clients saw has an order (linearizability)      |
//! | `refine`       | whether a trace is one that Figure 2 of the paper allows     |
//! | `history`      | snapshots, seek, branches, trace events; `timeline`          |
//! | `run`          | a run as a file or as one word in an address                 |
//! | `picture`      | world to `ClusterView`; `operations`: its clients           |
//! | `storm`        | a random phase, healing, proof of life                       |
//! | `scenario`     | scripts: lessons and golden tests at once                    |
//! | `courses`      | other ways to look for trouble, each with a question         |
//! | `figures`      | the paper's own experiment: time without a leader            |
//! | `sabotage`     | how each rule of the core is broken, and who must notice     |

mod cache;
mod checks;
mod clients;
mod clock;
mod courses;
mod disk;
pub mod explore;
mod faults;
pub mod figures;
mod history;
mod intervention;
pub mod linear;
mod network;
mod node;
mod operations;
mod picture;
mod queue;
pub mod refine;
mod rng;
mod run;
#[cfg(feature = "sabotage")]
pub mod sabotage;
pub mod scenario;
mod setup;
mod shared;
mod snapshot;
mod storm;
mod timeline;
mod workload;
mod world;

pub use checks::Violation;
pub use courses::{COURSES, Course};
pub use faults::Struck;
pub use history::{BranchInfo, History};
pub use intervention::{Intervention, Op};
pub use picture::PeerFlight;
pub use run::{Act, Claim, IN_ADDRESS, PANIC, Run};
pub use setup::{
    Bursts, Churn, Clocks, Clogs, DiskModel, FaultPlan, HostModel, MAX_CLIENTS, MAX_NODES,
    NetworkModel, Patience, Rots, SPACE_RESERVE, Setup, SnapshotModel, Workload,
};
#[cfg(feature = "sabotage")]
pub use setup::{HostRule, Sabotage};
pub use storm::{
    Effort, HEALING_EVENTS, HEALING_TIME, Judged, Report, Shrunk, hash_trail, hash_trail_digest,
    heal, replay, shrink, storm, storm_in, storm_of,
};
pub use timeline::{Lane, MAX_MARKS, MAX_SPANS, Mark, MarkKind, Span, Timeline};
pub use world::{Counts, World};
