//! Entries on their way into logs and to the disk.

use super::id;
use raftwerk_core::trace::{CommitReason, Held, Kind, Pace};
use raftwerk_core::{Index, Members, NodeId, Term, Ticket, WriteSeq};

pub fn log_kinds() -> Vec<Kind> {
    let (peer, leader) = (NodeId(4), NodeId(2));
    let mut kinds = vec![
        Kind::AcceptedAppend {
            leader,
            prev: id(3, 7),
            last: Index(8),
            new: 1,
        },
        Kind::RefusedAppend {
            leader,
            prev: id(3, 7),
            mine: Some(Term(2)),
            hint: id(2, 6),
        },
        Kind::RefusedAppend {
            leader,
            prev: id(3, 7),
            mine: None,
            hint: id(2, 4),
        },
        Kind::CutLog {
            at: Index(6),
            mine: Term(2),
            theirs: Term(3),
            removed: 2,
        },
        Kind::Backtracked {
            peer,
            probe: id(3, 7),
            hint: id(2, 4),
            next: Index(5),
        },
        Kind::Matched { peer, to: Index(8) },
        Kind::Committed {
            from: Index(6),
            to: Index(8),
            reason: CommitReason::Quorum {
                matched: vec![
                    (NodeId(1), Index(8)),
                    (leader, Index(8)),
                    (NodeId(3), Index(7)),
                ],
            },
        },
        Kind::Committed {
            from: Index(7),
            to: Index(8),
            reason: CommitReason::Leader(leader),
        },
        Kind::CommitWithheld {
            at: id(2, 5),
            own: Index(6),
        },
        Kind::Persisted {
            seq: WriteSeq(4),
            durable: Index(8),
        },
        Kind::Applying {
            from: Index(7),
            to: Index(8),
        },
        Kind::ReadServed {
            ticket: Ticket(1),
            index: Index(8),
        },
        Kind::MembershipInForce {
            id: id(0, 1),
            members: Members::of_voters([NodeId(1), NodeId(2)]),
            rolled_back: true,
        },
    ];
    for pace in [Pace::Probe, Pace::Replicate, Pace::Snapshot] {
        kinds.push(Kind::ChangedPace {
            peer,
            pace,
            next: Index(9),
        });
    }
    for what in [
        Held::Vote(peer),
        Held::OwnVote,
        Held::Acknowledgement {
            to: leader,
            received: Index(8),
            durable: Index(7),
        },
    ] {
        kinds.push(Kind::HeldForDisk { what });
        kinds.push(Kind::Released { what });
    }
    kinds
}
