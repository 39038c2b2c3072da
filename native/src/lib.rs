//! The `raftwerk` program as a library: one node of a cluster, and (in `cli` and `play`) the
//! commands around it.
//!
//! Reading order: [`NodeOptions`] and [`run`] (what a node is told, how it lives), `node` (the
//! loop thread that owns core and store), `wal`, `flusher` and `snapshots` (the disk), `peers` (the
//! other nodes), `api` (clients), `observe` and `metrics` (watching).
//!
//! | task            | thread                 | owns                                    |
//! |-----------------|------------------------|-----------------------------------------|
//! | loop            | `node::looper`         | core, store, tickets, views             |
//! | log             | `flusher`              | log files                               |
//! | snapshots       | `snapshots`            | snapshot files                          |
//! | sockets         | tokio's threads        | connections; each queue has a limit     |
//! | log lines       | `node::logbook`        | standard error                          |

pub mod api;
pub mod cli;
pub mod client;
pub mod clock;
pub mod flusher;
pub mod identity;
pub mod inspect;
pub mod intake;
pub mod limits;
pub mod metrics;
pub mod node;
pub mod observe;
pub mod peers;
pub mod play;
pub mod problem;
pub mod snapshots;
pub mod ui;
pub mod wal;

pub use node::{NodeError, NodeOptions, PageFn, run};
// For whoever calls what takes headers (`tests/decoders`).
#[doc(hidden)]
pub use axum::http;

// A server keeps every rule: the switches that take one away must not even be compiled in.
const _: () = assert!(
    !raftwerk_core::SABOTAGE && !raftwerk_kv::SABOTAGE,
    "build the server alone: another crate of this build asks for the feature `sabotage`"
);
