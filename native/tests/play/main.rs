//! `raftwerk play` as a person starts it: real processes, real signals, real disk.
//!
//! Nothing here measures time: waiting is polling with a generous bound.

// A test that cannot go on says so best by a panic at the place.
#![allow(clippy::unwrap_used)]

mod faults;
mod refused;
mod rig;
mod waits;
