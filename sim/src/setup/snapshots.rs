//! How hosts take and send snapshots (paper 7).

use serde::{Deserialize, Serialize};

/// How hosts take and send snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotModel {
    /// Shortest time until a snapshot of the own state machine is on disk, microseconds.
    pub take_min: u64,
    /// Longest time until a snapshot of the own state machine is on disk, microseconds.
    pub take_max: u64,
    /// Bytes in one message.
    pub chunk_bytes: u64,
    /// After this long without an answer a chunk is sent again, microseconds.
    pub resend: u64,
    /// After so many times in a row the sender gives up.
    pub tries: u32,
}

impl Default for SnapshotModel {
    fn default() -> SnapshotModel {
        SnapshotModel {
            take_min: 5_000,
            take_max: 20_000,
            chunk_bytes: 4 << 10,
            resend: 100_000,
            tries: 10,
        }
    }
}
