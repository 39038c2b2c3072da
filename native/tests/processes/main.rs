//! Nodes as real processes, without a supervisor: killed and frozen by real signals.
//!
//! Nothing here measures time: waiting is polling with a generous bound, and where a fault and
//! a request must meet, the meeting is tried again until they did.

// A test that cannot go on says so best by a panic at the place.
#![allow(clippy::unwrap_used)]

mod frozen;
mod joined;
mod killed;
mod rig;
mod snapshots;
