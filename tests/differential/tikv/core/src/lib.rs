//! TiKV's `raft` 0.7 behind the interface of `raftwerk-core`.
//!
//! The simulator's sources are compiled a second time over this crate instead of our core
//! (`tikv/sim`, `tikv/wire`): there `Raft` is [`Raft`], a `RawNode`, and everything around it is
//! the same to the letter: network, disks, clocks, clients, faults, checks. What the host asks
//! for is what the crate's own guide asks for: a `Ready` is handed out as one write, messages of
//! a leader at once and those of others when that write is on disk, `advance_append_async` and
//! `on_persist_ready`, ticks. Nothing of its rules is done here but four things that it leaves to
//! its host:
//!
//! - messages of another cluster are dropped;
//! - **who hears a request of an older term answers with its own**: without pre-vote and
//!   check-quorum `raft` leaves that to time, and where no timer fires nobody would learn of it;
//! - a proposal ends as *unknown* when leadership is lost, a read that is not answered in time is
//!   given up: `raft` says nothing about either;
//! - election timeouts are drawn from the seed: `raft` asks the operating system for them.
//!
//! What is not here: snapshots, changes of members, transfers, leases, quorum reads, traces. They
//! are refused, so a world must not want them (`raftwerk_differential::worlds` takes them out).
//! The hint in a vote request how far the log is committed is dropped on the way: `Body` has no
//! place for it, and Raft needs none.

pub mod careless;
mod drain;
mod node;
mod storage;
mod translate;
mod unused;
mod view;

pub use node::Raft;
pub use raftwerk_core::*;
pub use view::View;
