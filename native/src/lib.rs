//! The `raftwerk` program as a library: one node of a cluster, and (in `cli` and `play`) the
//! commands around it.
//!
//! Reading order: [`NodeOptions`] and [`run`] (what a node is told, how it lives), `node` (the
//! loop thread that owns core and store), `wal` and `flusher` (the disk), `peers` (the other
//! nodes), `api` (clients), `observe` and `metrics` (watching).
//!
//! | task            | thread                 | owns                                    |
//! |-----------------|------------------------|-----------------------------------------|
//! | loop            | `node::looper`         | core, store, tickets, views             |
//! | log             | `flusher`              | log files                               |
//! | sockets         | tokio's threads        | connections; each queue has a limit     |
//! | log lines       | `node::logbook`        | standard error                          |

pub mod limits;
pub mod client;
pub mod node;
pub mod wal;

pub use node::{NodeError, NodeOptions, PageFn, run};
