//! Known traps, by their ids in the design (E elections, R replication, L reads, D disk).
//!
//! `docs/traps.md` has one line for each id and names the tests that hold it, or says what it
//! waits for; `table` proves that the page stays true. Schedules that were once wrong are in
//! `found.rs`.

#[path = "../kit/mod.rs"]
mod kit;

mod ages;
mod disk;
mod door;
mod elections;
mod flow;
mod leases;
mod links;
mod log;
mod pre_vote;
mod quorum;
mod quorum_members;
mod reads;
mod recovery;
mod table;
mod votes;
