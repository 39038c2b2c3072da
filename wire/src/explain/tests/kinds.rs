//! One event of each kind, with values that read well.

use super::super::*;
use raftwerk_core::autopilot::{Decision, Reason};
use raftwerk_core::trace::{FallBack, IgnoreReason, ReadProof, Silence, SnapshotUseless, Step};
use raftwerk_core::{
    Abort, BadMembers, Fence, Members, ReadPath, Refusal, Round, Span, Ticket, Time, WriteSeq,
};

pub fn id(term: u64, index: u64) -> LogId {
    LogId::new(term, index)
}

pub fn election_kinds() -> Vec<Kind> {
    let (to, leader) = (NodeId(5), NodeId(2));
    let mut kinds = vec![
        Kind::Booted {
            term: Term(3),
            vote: Some(to),
            last: id(3, 7),
        },
        Kind::Booted {
            term: Term(0),
            vote: None,
            last: LogId::ORIGIN,
        },
        Kind::ElectionTimedOut {
            waited: Span(212_000),
            leader: Some(leader),
        },
        Kind::ElectionTimedOut {
            waited: Span(2_400),
            leader: None,
        },
        Kind::StartedPreVote {
            proposed: Term(4),
            last: id(3, 7),
        },
        Kind::GrantedVote {
            to,
            pre: true,
            proposed: Term(4),
            theirs: id(3, 8),
            mine: id(3, 7),
        },
        Kind::GrantedVote {
            to,
            pre: false,
            proposed: Term(4),
            theirs: id(4, 1),
            mine: id(3, 7),
        },
        Kind::CountedVote {
            from: to,
            pre: false,
            granted: true,
            yes: 2,
            need: 3,
        },
        Kind::CountedVote {
            from: NodeId(3),
            pre: true,
            granted: false,
            yes: 3,
            need: 3,
        },
        Kind::BecameLeader {
            votes: vec![NodeId(1), leader, NodeId(3)],
        },
        Kind::AppendedNoop { id: id(4, 8) },
        Kind::AppendedCommand {
            ticket: Ticket(9),
            id: id(4, 9),
        },
        Kind::FoundLeader { leader },
    ];
    for reason in [
        FollowerReason::Started,
        FollowerReason::HigherTerm {
            from: to,
            mine: Term(3),
            theirs: Term(4),
        },
        FollowerReason::LeaderSpoke { leader },
        FollowerReason::VoteLost,
        FollowerReason::Voted { to },
        FollowerReason::QuorumSilent { heard: 2, need: 3 },
        FollowerReason::DiskStalled {
            waited: raftwerk_core::Span(300_000),
        },
        FollowerReason::Removed,
    ] {
        kinds.push(Kind::BecameFollower {
            was: Role::Leader,
            reason,
        });
    }
    for reason in [
        ElectionReason::Timeout,
        ElectionReason::PreVoteWon,
        ElectionReason::TimeoutNow,
    ] {
        kinds.push(Kind::StartedElection {
            reason,
            last: id(3, 7),
        });
    }
    for reason in [
        VoteRefusal::LeaderAlive {
            leader,
            heard: Span(40_000),
        },
        VoteRefusal::OlderTerm {
            theirs: Term(2),
            mine: Term(3),
        },
        VoteRefusal::VotedFor(leader),
        VoteRefusal::LogBehind {
            theirs: id(3, 7),
            mine: id(4, 9),
        },
        VoteRefusal::Leading,
        VoteRefusal::NoMembership,
    ] {
        kinds.push(Kind::RefusedVote {
            to,
            pre: false,
            proposed: Term(4),
            reason,
        });
    }
    kinds
}

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
    kinds.extend(read_kinds());
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
    kinds
}

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

pub fn decisions() -> Vec<Kind> {
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
