//! What stands behind each kind of event: the section of paper or thesis that has the rule, and
//! whether it is one of the few that tell the story of a run.

use super::{
    CommitReason, ElectionReason, FallBack, FollowerReason, IgnoreReason, Kind, ReadProof, Role,
    Step, VoteRefusal,
};
use crate::io::ReadPath;

impl Kind {
    /// The rule behind it: section of the extended Raft paper ("P") or of the thesis ("T").
    #[must_use]
    pub fn section(&self) -> &'static str {
        match self {
            Kind::Booted { .. } => "P figure 2, T3.8",
            Kind::BecameFollower { reason, .. } => match reason {
                FollowerReason::QuorumSilent { .. } => "T6.2",
                FollowerReason::DiskStalled { .. } => "T10.2.1",
                FollowerReason::Removed => "T4.2.2",
                FollowerReason::VoteLost => "P5.2",
                FollowerReason::Voted { .. } => "T6.4.1, T9.6",
                FollowerReason::InstallsSnapshot => "P7",
                _ => "P5.1",
            },
            Kind::StartedElection {
                reason: ElectionReason::TimeoutNow,
                ..
            } => "T3.10",
            Kind::ElectionTimedOut { .. } | Kind::StartedElection { .. } => "P5.2",
            Kind::StartedPreVote { .. } => "T9.6",
            Kind::GrantedVote { pre, .. } | Kind::CountedVote { pre, .. } => {
                if *pre {
                    "T9.6"
                } else {
                    "P5.2"
                }
            }
            Kind::RefusedVote { reason, .. } => match reason {
                VoteRefusal::LeaderAlive { .. } => "T4.2.3",
                VoteRefusal::LogBehind { .. } => "P5.4.1",
                VoteRefusal::NoMembership => "T4.4",
                VoteRefusal::Silent { .. } => "T6.4.1",
                VoteRefusal::Suspect => "FAST 2018",
                _ => "P5.2",
            },
            Kind::BecameLeader { .. } | Kind::FoundLeader { .. } => "P5.2",
            Kind::AppendedNoop { .. } => "P8, T6.4",
            Kind::CommitWithheld { .. } => "P5.4.2",
            Kind::Committed { reason, .. } => match reason {
                CommitReason::Quorum { .. } => "P5.3, P5.4.2",
                CommitReason::Leader(_) => "P5.3",
                CommitReason::Snapshot(_) => "P7",
            },
            Kind::HeldForDisk { .. } | Kind::Released { .. } | Kind::Persisted { .. } => {
                "T3.8, T10.2.1"
            }
            Kind::LeaseTaken { .. }
            | Kind::LeaseSurrendered { .. }
            | Kind::ElectionPutOff { .. }
            | Kind::ReadQueued {
                path: ReadPath::Lease,
                ..
            }
            | Kind::ReadFellBack {
                why: FallBack::NoLease,
                ..
            }
            | Kind::ReadConfirmed {
                proof: ReadProof::Lease { .. },
                ..
            } => "T6.4.1",
            Kind::AskedMarks { .. }
            | Kind::ToldMark { .. }
            | Kind::ReadFellBack { .. }
            | Kind::ReadQueued {
                path: ReadPath::Quorum,
                ..
            }
            | Kind::ReadConfirmed {
                proof: ReadProof::Marks { .. },
                ..
            } => "HotCloud 2017",
            Kind::ReadQueued { .. }
            | Kind::ReadConfirmed { .. }
            | Kind::ReadServed { .. }
            | Kind::ReadFailed { .. } => "T6.4",
            Kind::Decided { .. } => "T4.4",
            Kind::MembershipInForce { .. }
            | Kind::MembershipCommitted { .. }
            | Kind::ChangeStarted { .. } => "P6, T4.1",
            Kind::LearnerCaughtUp { .. } | Kind::ChangeAborted { .. } => "T4.2.1",
            Kind::AppendedMembership { step, .. } => match step {
                Step::Learners => "T4.2.1",
                Step::Direct => "T4.1",
                Step::Joint | Step::Leave => "P6, T4.3",
            },
            Kind::MetOutsider { .. } | Kind::Parted { .. } => "T4.2.3",
            Kind::TransferStarted { .. }
            | Kind::SentTimeoutNow { .. }
            | Kind::TransferAborted { .. } => "T3.10",
            Kind::Ignored {
                reason: IgnoreReason::Suspect,
                ..
            }
            | Kind::FoundRot { .. }
            | Kind::ElectionForgone { .. }
            | Kind::Trusted { .. }
            | Kind::PeerSuspect { .. }
            | Kind::PeerTrusted { .. } => "FAST 2018",
            Kind::Ignored { .. } => "P5.1",
            Kind::Fenced { .. } => "T3.8",
            Kind::AppendedCommand { .. }
            | Kind::AcceptedAppend { .. }
            | Kind::RefusedAppend { .. }
            | Kind::CutLog { .. }
            | Kind::Backtracked { .. }
            | Kind::ChangedPace { .. }
            | Kind::Matched { .. }
            | Kind::Applying { .. } => "P5.3",
            Kind::SnapshotTaken { .. } | Kind::SnapshotDue { .. } | Kind::Trimmed { .. } => {
                "P7, T5.1"
            }
            Kind::SnapshotIgnored { .. }
            | Kind::InstallingSnapshot { .. }
            | Kind::SnapshotInstalled { .. } => "P7",
            Kind::SnapshotSent { .. } | Kind::SnapshotUnsent { .. } => "P7, T5.3",
        }
    }

    /// Whether somebody who skips from event to event wants to stop here.
    #[must_use]
    pub fn is_landmark(&self) -> bool {
        match self {
            Kind::BecameFollower { was, .. } => *was != Role::Follower,
            Kind::ElectionTimedOut { .. }
            | Kind::StartedPreVote { .. }
            | Kind::StartedElection { .. }
            | Kind::LeaseTaken { .. }
            | Kind::LeaseSurrendered { .. }
            | Kind::ElectionPutOff { .. }
            | Kind::RefusedVote { .. }
            | Kind::BecameLeader { .. }
            | Kind::RefusedAppend { .. }
            | Kind::CutLog { .. }
            | Kind::Committed { .. }
            | Kind::CommitWithheld { .. }
            | Kind::MembershipInForce { .. }
            | Kind::TransferStarted { .. }
            | Kind::SentTimeoutNow { .. }
            | Kind::TransferAborted { .. }
            | Kind::Decided { .. }
            | Kind::ChangeStarted { .. }
            | Kind::LearnerCaughtUp { .. }
            | Kind::AppendedMembership { .. }
            | Kind::ChangeAborted { .. }
            | Kind::MembershipCommitted { .. }
            | Kind::ReadFailed { .. }
            | Kind::SnapshotTaken { .. }
            | Kind::Trimmed { .. }
            | Kind::SnapshotSent { .. }
            | Kind::SnapshotUnsent { .. }
            | Kind::InstallingSnapshot { .. }
            | Kind::SnapshotInstalled { .. }
            | Kind::FoundRot { .. }
            | Kind::ElectionForgone { .. }
            | Kind::Trusted { .. }
            | Kind::PeerSuspect { .. }
            | Kind::PeerTrusted { .. }
            | Kind::Fenced { .. } => true,
            Kind::GrantedVote { .. } => true,
            Kind::AcceptedAppend { new, .. } => *new > 0,
            _ => false,
        }
    }
}
