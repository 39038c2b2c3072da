//! What is refused, ignored, or the end of a node.

use super::id;
use raftwerk_core::trace::{IgnoreReason, Kind};
use raftwerk_core::{BadMembers, Fence, NodeId, Refusal, Term, Ticket};

pub fn trouble_kinds() -> Vec<Kind> {
    let hint = Some(NodeId(2));
    let mut kinds = Vec::new();
    for why in [
        Refusal::NotLeader {
            hint,
            term: Term(3),
        },
        Refusal::NotLeader {
            hint: None,
            term: Term(3),
        },
        Refusal::Overloaded,
        Refusal::TooLarge,
        Refusal::Transferring,
        Refusal::ChangePending,
        Refusal::Fenced,
        Refusal::UnknownMember,
        Refusal::Disabled,
        Refusal::LeaderLost,
        Refusal::TimedOut,
        Refusal::NotVoter,
        Refusal::NoTarget,
        Refusal::NotReady,
        Refusal::BadMembers(BadMembers::NoVoters),
        Refusal::BadMembers(BadMembers::TwoRoles(NodeId(4))),
        Refusal::BadMembers(BadMembers::Joint),
    ] {
        kinds.push(Kind::ReadFailed {
            ticket: Ticket(1),
            why,
        });
    }
    for reason in [
        IgnoreReason::StaleTerm {
            theirs: Term(2),
            mine: Term(3),
        },
        IgnoreReason::StaleLane,
        IgnoreReason::WrongAddress,
        IgnoreReason::NotMember,
        IgnoreReason::TermJump {
            theirs: Term(1 << 40),
        },
        IgnoreReason::TooLate,
        IgnoreReason::BrokenPromise,
        IgnoreReason::Malformed,
        IgnoreReason::LogDiffers {
            theirs: id(3, 9),
            mine: id(3, 8),
        },
        IgnoreReason::MayNotCampaign,
        IgnoreReason::NoMembership,
    ] {
        kinds.push(Kind::Ignored {
            from: NodeId(4),
            reason,
        });
    }
    for why in [
        Fence::Storage,
        Fence::TwoLeaders,
        Fence::Overflow,
        Fence::CommittedCut,
    ] {
        kinds.push(Kind::Fenced { why });
    }
    kinds
}
