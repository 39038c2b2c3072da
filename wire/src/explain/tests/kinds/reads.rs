//! Reads, and what proves that they may be served.

use super::id;
use raftwerk_core::trace::{FallBack, Kind, ReadProof, Silence, VoteRefusal};
use raftwerk_core::{Index, NodeId, ReadPath, Round, Span, Term, Ticket, Time};

pub fn read_kinds() -> Vec<Kind> {
    let proofs = [
        ReadProof::Round(Round(6)),
        ReadProof::Lease {
            until: Time(9_000_000),
        },
        ReadProof::Marks {
            membership: id(0, 1),
            marks: vec![(NodeId(2), Index(8)), (NodeId(3), Index(5))],
        },
    ];
    let confirmed = |proof| Kind::ReadConfirmed {
        proof,
        index: Index(8),
        reads: 2,
    };
    let mut kinds: Vec<Kind> = proofs.into_iter().map(confirmed).collect();
    for why in [
        FallBack::NewerMembership {
            named_by: NodeId(1),
            membership: Some(id(2, 7)),
        },
        FallBack::NewerMembership {
            named_by: NodeId(4),
            membership: Some(id(2, 7)),
        },
        FallBack::NewerMembership {
            named_by: NodeId(1),
            membership: None,
        },
        FallBack::NotCommitted { commit: Index(6) },
        FallBack::NoLease,
    ] {
        kinds.push(Kind::ReadFellBack { reads: 3, why });
    }
    let until = Time(9_000_000);
    kinds.push(Kind::LeaseTaken { until });
    kinds.push(Kind::LeaseSurrendered {
        to: NodeId(4),
        until,
    });
    for why in [Silence::Started, Silence::HeardLeader, Silence::Voted] {
        let left = Span(40_000);
        kinds.push(Kind::ElectionPutOff { why, left });
        kinds.push(Kind::RefusedVote {
            to: NodeId(4),
            pre: true,
            proposed: Term(4),
            reason: VoteRefusal::Silent { why, left },
        });
    }
    kinds.push(Kind::AskedMarks {
        request: 9,
        membership: id(0, 1),
        reads: 3,
    });
    kinds.push(Kind::ToldMark {
        to: NodeId(4),
        last: Index(8),
        membership: id(0, 1),
    });
    for path in [
        ReadPath::Leader,
        ReadPath::Follower,
        ReadPath::Lease,
        ReadPath::Quorum,
    ] {
        kinds.push(Kind::ReadQueued {
            ticket: Ticket(1),
            path,
        });
    }
    kinds
}
