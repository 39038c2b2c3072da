//! Changes of members, transfers of leadership, and what an autopilot decides.

use super::id;
use raftwerk_core::autopilot::{Decision, Reason};
use raftwerk_core::trace::{Kind, Step, TransferReason};
use raftwerk_core::{Abort, Index, Members, NodeId, Span, Ticket};

pub fn transfer_kinds() -> Vec<Kind> {
    let to = NodeId(5);
    let mut kinds = vec![Kind::SentTimeoutNow { to, last: id(4, 9) }];
    for why in [
        TransferReason::Asked,
        TransferReason::DiskStalled,
        TransferReason::Removed,
    ] {
        kinds.push(Kind::TransferStarted {
            to,
            why,
            matched: Index(7),
            last: Index(9),
        });
    }
    for why in [Abort::TimeLimit, Abort::TargetGone, Abort::LeadershipLost] {
        kinds.push(Kind::TransferAborted { to, why });
    }
    kinds
}

pub fn membership_kinds() -> Vec<Kind> {
    let peer = NodeId(4);
    let mut kinds = vec![
        Kind::LearnerCaughtUp {
            peer,
            round: 2,
            took: Span(40_000),
        },
        Kind::ChangeAborted {
            why: Abort::NotCaughtUp(peer),
        },
        Kind::MembershipCommitted { id: id(4, 9) },
        Kind::MetOutsider { peer },
        Kind::Parted { peer, told: true },
        Kind::Parted { peer, told: false },
    ];
    kinds.extend(decisions());
    for (ticket, new_voters) in [(Some(Ticket(1)), vec![]), (None, vec![peer])] {
        kinds.push(Kind::ChangeStarted {
            ticket,
            target: Members::of_voters([NodeId(1), peer]),
            new_voters,
        });
    }
    for step in [Step::Learners, Step::Direct, Step::Joint, Step::Leave] {
        kinds.push(Kind::AppendedMembership { id: id(4, 9), step });
    }
    kinds
}

fn decisions() -> Vec<Kind> {
    let (learner, dead, span) = (NodeId(4), NodeId(2), Span(31_000_000));
    let (voters, wanted, silent, steady) = (4, 3, span, span);
    let reasons = [
        Reason::Shrink {
            voter: dead,
            dead: Some(silent),
            voters,
            wanted,
        },
        Reason::Shrink {
            voter: dead,
            dead: None,
            voters,
            wanted,
        },
        Reason::Replace {
            dead,
            silent,
            spare: learner,
            steady,
        },
        Reason::Promote {
            learner,
            steady,
            voters,
            wanted,
        },
        Reason::Forget { learner, silent },
    ];
    let target = Members::of_voters([NodeId(1), learner]);
    let decision = |reason| Kind::Decided {
        decision: Decision {
            target: target.clone(),
            reason,
        },
    };
    reasons.map(decision).to_vec()
}
