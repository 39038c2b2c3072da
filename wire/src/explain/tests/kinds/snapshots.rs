//! Snapshots, taken, sent and installed.

use super::id;
use raftwerk_core::trace::{
    CommitReason, FollowerReason, InstallReason, Kind, Role, SendEnd, SnapshotUseless,
};
use raftwerk_core::{Index, LogId, NodeId, Term};

pub fn snapshot_kinds() -> Vec<Kind> {
    let (last, newest, peer) = (id(3, 40), id(4, 44), NodeId(5));
    let mut kinds = vec![
        Kind::SnapshotTaken { last, bytes: 900 },
        Kind::Trimmed {
            base: last,
            removed: 30,
            kept_for: None,
        },
        Kind::SnapshotDue {
            at_least: Index(40),
            entries: 1,
            bytes: 50,
        },
        Kind::SnapshotSent {
            peer,
            last,
            first: Index(31),
        },
        Kind::SnapshotInstalled { last },
        Kind::Committed {
            from: Index(9),
            to: Index(40),
            reason: CommitReason::Snapshot(last),
        },
        Kind::BecameFollower {
            was: Role::Candidate,
            reason: FollowerReason::InstallsSnapshot,
        },
    ];
    for why in [
        SnapshotUseless::Older { newest },
        SnapshotUseless::Committed { commit: Index(44) },
        SnapshotUseless::InLog,
        SnapshotUseless::Leading,
    ] {
        kinds.push(Kind::SnapshotIgnored { last, why });
    }
    for why in [SendEnd::Failed, SendEnd::Unanswered] {
        kinds.push(Kind::SnapshotUnsent { peer, last, why });
    }
    for reason in [
        InstallReason::Ahead { end: LogId::ORIGIN },
        InstallReason::Ahead { end: id(2, 9) },
        InstallReason::Conflict { mine: Term(2) },
    ] {
        kinds.push(Kind::InstallingSnapshot {
            last,
            reason,
            removed: 9,
        });
    }
    kinds
}
