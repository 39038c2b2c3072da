//! The rule behind an event, in one sentence. The section follows it on screen.

use super::suspect;
use raftwerk_core::Fence;
use raftwerk_core::trace::{
    CommitReason, FollowerReason, Held, IgnoreReason, Kind, Pace, Step, VoteRefusal,
};

/// The rule, as one sentence with its full stop.
pub(super) fn rule(kind: &Kind) -> &'static str {
    match kind {
        Kind::Booted { .. } => {
            "Term, vote and log survive a crash because they are on disk; the rest is relearned."
        }
        Kind::BecameFollower { reason, .. } => became_follower(*reason),
        Kind::ElectionTimedOut { .. } => {
            "A follower that hears no leader for its election timeout tries to replace it."
        }
        Kind::StartedPreVote { .. } => {
            "A node asks before it raises its term, so that a cut-off node disturbs nobody."
        }
        Kind::StartedElection { .. } => {
            "A candidate raises its term, votes for itself and asks all others."
        }
        Kind::GrantedVote { pre: true, .. } => {
            "An answer to a pre-vote promises nothing and changes nothing."
        }
        Kind::GrantedVote { .. } => {
            "A node votes once per term, first come first served, and only for a log as complete \
             as its own."
        }
        Kind::RefusedVote { reason, .. } => refused_vote(*reason),
        Kind::CountedVote { .. } => "A candidate needs a majority of all voters.",
        Kind::BecameLeader { .. } => {
            "A candidate with a majority leads; two majorities overlap, so a term has one leader."
        }
        Kind::AppendedNoop { .. } => {
            "A new leader commits an entry of its own term to learn what is committed."
        }
        Kind::AppendedCommand { .. } => {
            "The leader appends a command to its log and copies it to the others."
        }
        Kind::FoundLeader { .. } => "Whoever sends appends in the current term is its leader.",
        Kind::AcceptedAppend { .. } => {
            "Entries are accepted only if the entry before them is the same on both sides."
        }
        Kind::RefusedAppend { .. } => {
            "A follower refuses entries when the entry before them is missing or of another term."
        }
        Kind::CutLog { .. } => {
            "Where a follower's entry conflicts with its leader's, it and all after it go."
        }
        Kind::Backtracked { .. } => {
            "After a refusal the leader looks further back for the place where both logs agree."
        }
        Kind::ChangedPace { pace, .. } => pace_rule(*pace),
        Kind::Matched { .. } => {
            "The leader counts an entry for a follower only when the follower says it is on disk."
        }
        Kind::Committed { reason, .. } => match reason {
            CommitReason::Quorum { .. } => {
                "An entry of the leader's own term on a majority is committed, with all before it."
            }
            CommitReason::Leader(_) => {
                "Followers learn from the leader's next message how far the log is committed."
            }
            CommitReason::Snapshot(_) => "Only what is committed gets into a snapshot.",
        },
        Kind::CommitWithheld { .. } => {
            "Copies of an older term's entry prove nothing: a later leader could still replace it."
        }
        Kind::HeldForDisk { what } => held(*what),
        Kind::Released { .. } | Kind::Persisted { .. } => {
            "A promise may leave only after what it rests on is on disk."
        }
        Kind::Applying { .. } => "Committed entries are applied in order, each exactly once.",
        Kind::ReadQueued { .. }
        | Kind::ElectionPutOff { .. }
        | Kind::LeaseTaken { .. }
        | Kind::LeaseSurrendered { .. }
        | Kind::AskedMarks { .. }
        | Kind::ToldMark { .. }
        | Kind::ReadFellBack { .. }
        | Kind::ReadConfirmed { .. }
        | Kind::ReadServed { .. }
        | Kind::ReadFailed { .. } => super::reads::rule(kind),
        Kind::MembershipInForce { .. } => {
            "A node uses the newest membership in its log, committed or not."
        }
        Kind::TransferStarted { .. } => {
            "A leader that hands over takes no more commands and first brings the other up to date."
        }
        Kind::SentTimeoutNow { .. } => {
            "The target campaigns at once, as if its timer had fired, and live leaders do not \
             protect the old one."
        }
        Kind::TransferAborted { .. } => {
            "A transfer that takes too long is given up, so that commands are taken again."
        }
        Kind::Decided { decision } => super::members::rule(decision.reason),
        Kind::ChangeStarted { .. } => {
            "One change at a time, and only after an entry of the leader's own term is committed."
        }
        Kind::LearnerCaughtUp { .. } => {
            "A new voter first gets the log without voting, so that commits need not wait for it."
        }
        Kind::AppendedMembership { step, .. } => step_rule(*step),
        Kind::ChangeAborted { .. } => {
            "A new voter that does not keep up would hold up commits, so it does not become one."
        }
        Kind::MembershipCommitted { .. } => {
            "A committed membership is never taken back; the next change may begin."
        }
        Kind::MetOutsider { .. } | Kind::Parted { .. } => {
            "Who was removed is told, so that it does not campaign against the others."
        }
        Kind::FoundRot { .. }
        | Kind::ElectionForgone { .. }
        | Kind::Trusted { .. }
        | Kind::PeerSuspect { .. }
        | Kind::PeerTrusted { .. } => suspect::rule(kind),
        Kind::Ignored { reason, .. } => ignored(*reason),
        Kind::Fenced { why } => fenced(*why),
        Kind::SnapshotTaken { .. } => {
            "Each node saves its own state from time to time, so that its log need not grow."
        }
        Kind::SnapshotIgnored { .. } => "A snapshot that tells nothing new changes nothing.",
        Kind::Trimmed { .. } => {
            "Entries inside a snapshot may go; the term of the last one is kept for comparisons."
        }
        Kind::SnapshotDue { .. } => "A log that only grows fills every disk in the end.",
        Kind::SnapshotSent { .. } => {
            "A follower that needs entries already dropped gets a snapshot."
        }
        Kind::SnapshotUnsent { .. } => {
            "After a failure the leader looks again for what the follower needs."
        }
        Kind::InstallingSnapshot { .. } => {
            "A snapshot that the log does not contain replaces the whole log."
        }
        Kind::SnapshotInstalled { .. } => {
            "The state machine changes only after the disk holds what it changes to."
        }
    }
}

fn became_follower(reason: FollowerReason) -> &'static str {
    match reason {
        FollowerReason::Started => "Every node starts as a follower.",
        FollowerReason::HigherTerm { .. } => "A node that sees a higher term takes it and follows.",
        FollowerReason::LeaderSpoke { .. } => {
            "A candidate that hears the leader of its term gives up its candidacy."
        }
        FollowerReason::Voted { .. } => "A vote is a promise of silence.",
        FollowerReason::VoteLost => "A candidate that cannot reach a majority gives up.",
        FollowerReason::QuorumSilent { .. } => {
            "A leader that hears no majority steps down, so that its clients can look elsewhere."
        }
        FollowerReason::DiskStalled { .. } => {
            "A leader whose disk hangs steps down: it could answer nobody."
        }
        FollowerReason::Removed => "A node that is no voter does not lead.",
        FollowerReason::InstallsSnapshot => {
            "Votes count for the log they were asked for, not for the one that replaces it."
        }
    }
}

fn step_rule(step: Step) -> &'static str {
    match step {
        Step::Learners => "Learners receive the log and do not vote.",
        Step::Direct => {
            "When at most one voter comes or goes, every old majority meets every new one."
        }
        Step::Joint => {
            "While both sets of voters are in force, each decision needs a majority of both."
        }
        Step::Leave => "Once the joint entry is committed, any leader may leave it.",
    }
}

fn refused_vote(reason: VoteRefusal) -> &'static str {
    match reason {
        VoteRefusal::LeaderAlive { .. } => {
            "While a leader is heard, votes are refused, so that nobody unseats it without need."
        }
        VoteRefusal::OlderTerm { .. } => "A request of a term that is not newer is refused.",
        VoteRefusal::VotedFor(_) => "A node votes for at most one candidate in a term.",
        VoteRefusal::LogBehind { .. } => {
            "A vote goes only to a log at least as complete: first the later last term wins, then \
             the longer log. So a leader has every committed entry."
        }
        VoteRefusal::NoMembership => "A node that knows no members takes part in no election.",
        VoteRefusal::Silent { .. } => "Where leases are on, a voter keeps silent for a while.",
        VoteRefusal::Suspect => suspect::SILENT,
        VoteRefusal::Leading => "A leader does not vote for another in its own term.",
    }
}

fn pace_rule(pace: Pace) -> &'static str {
    match pace {
        Pace::Probe => {
            "Until it knows where the logs agree, the leader sends one append at a time."
        }
        Pace::Replicate => "Once the logs agree, the leader sends without waiting for each answer.",
        Pace::Snapshot => "A follower that needs entries already dropped gets a snapshot.",
    }
}

fn held(what: Held) -> &'static str {
    match what {
        Held::Vote(_) | Held::OwnVote => {
            "A vote counts only once it is on disk, or a crash could let the node vote twice."
        }
        Held::Acknowledgement { .. } => {
            "An acknowledged entry must survive a crash, so only what is on disk is acknowledged."
        }
    }
}

fn ignored(reason: IgnoreReason) -> &'static str {
    match reason {
        IgnoreReason::StaleTerm { .. } => "Messages of an older term have no effect.",
        IgnoreReason::StaleLane => "An answer counts only for the exchange it belongs to.",
        IgnoreReason::WrongAddress => "A node listens only to its own cluster.",
        IgnoreReason::NotMember => "Only members take part.",
        IgnoreReason::TermJump { .. } => {
            "A term far beyond all others is taken for damage, not for progress."
        }
        IgnoreReason::BrokenPromise => "Nothing is entrusted to who forgot what it acknowledged.",
        IgnoreReason::TooLate => "An answer counts only while its question is open.",
        IgnoreReason::Malformed => "Entries must follow each other without gaps.",
        IgnoreReason::LogDiffers { .. } => {
            "Only a node with exactly the leader's log campaigns at its word; all else is late."
        }
        IgnoreReason::MayNotCampaign => "Only a voter whose disk works may campaign.",
        IgnoreReason::NoMembership => "A node that knows no members takes part in nothing.",
        IgnoreReason::Suspect => suspect::SILENT,
    }
}

fn fenced(why: Fence) -> &'static str {
    match why {
        Fence::Storage => "After a failed write nothing on that disk may be trusted in this life.",
        Fence::TwoLeaders => "Two leaders in one term cannot happen; going on would do harm.",
        Fence::Overflow => "Numbers never wrap around; going on would do harm.",
        Fence::CommittedCut => "A committed entry is never removed; going on would do harm.",
    }
}
