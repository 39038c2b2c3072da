//! One event of each kind, with values that read well.

mod election;
mod log;
mod members;
mod reads;
mod snapshots;
mod trouble;

use raftwerk_core::LogId;

pub use election::election_kinds;
pub use log::log_kinds;
pub use members::{membership_kinds, transfer_kinds};
pub use reads::read_kinds;
pub use snapshots::snapshot_kinds;
pub use trouble::trouble_kinds;

pub fn id(term: u64, index: u64) -> LogId {
    LogId::new(term, index)
}
