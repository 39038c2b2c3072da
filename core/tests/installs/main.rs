//! Receiving snapshots, by the trap ids of the design (S1, S2, S3, S6, S9; E and R22 as far as
//! they touch snapshots). Paper 7 and figure 13.

#[path = "../kit/mod.rs"]
mod kit;

mod contents;
mod meanwhile;
mod writes;

use kit::*;
use raftwerk_core::trace::{IgnoreReason, InstallReason, Kind, Pace, Role, SnapshotUseless};
use raftwerk_core::*;

fn replies(c: &Cluster, from: u64) -> Vec<Index> {
    let mail = c.mail.iter().filter(|m| m.from == NodeId(from));
    let durable = |m: &Message| match m.body {
        Body::SnapshotReply { matched, .. } => Some(matched),
        Body::AppendReply {
            result: AppendResult::Accepted { durable, .. },
            ..
        } => Some(durable),
        _ => None,
    };
    mail.filter_map(durable).collect()
}
