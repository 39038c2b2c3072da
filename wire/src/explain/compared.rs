//! The comparison that decided an event: the values on both sides, as the event carries them.

use super::{span, suspect, vote_word};
use raftwerk_core::trace::{
    CommitReason, Event, FollowerReason, Held, IgnoreReason, InstallReason, Kind, SnapshotUseless,
    VoteRefusal,
};
use raftwerk_core::{Index, LogId, NodeId, Refusal, Term};

/// The values that were compared; `None` where nothing was.
pub(super) fn compared(event: &Event) -> Option<String> {
    let node = event.node;
    let text = match &event.kind {
        Kind::BecameFollower { reason, .. } => return became_follower(*reason),
        Kind::GrantedVote {
            to, theirs, mine, ..
        } => logs(*to, *theirs, node, *mine, "at least as complete"),
        Kind::RefusedVote { to, reason, .. } => return refused_vote(node, *to, *reason),
        Kind::CountedVote { pre, yes, need, .. } => {
            let met = if yes >= need { "enough" } else { "not enough" };
            format!("{yes} {}s counted, {need} needed: {met}", vote_word(*pre))
        }
        Kind::RefusedAppend {
            leader,
            prev,
            mine,
            hint,
        } => refused_append(node, *leader, *prev, *mine, *hint),
        Kind::AcceptedAppend { leader, prev, .. } => {
            format!("Entry before: {prev} at {leader}, {prev} at {node}: equal")
        }
        Kind::CutLog {
            at, mine, theirs, ..
        } => format!("At index {at}: term {mine} here, term {theirs} at the leader: different"),
        Kind::Backtracked { probe, hint, .. } => {
            format!("Refused at {probe}, suggested {hint}")
        }
        Kind::Committed {
            to,
            reason: CommitReason::Quorum { matched },
            ..
        } => on_disk(*to, matched),
        Kind::CommitWithheld { at, .. } => {
            format!(
                "Term of the entry {}, own term {}: older",
                at.term, event.term
            )
        }
        Kind::HeldForDisk {
            what: Held::Acknowledgement {
                received, durable, ..
            },
        } => format!("In memory up to {received}, on disk up to {durable}"),
        Kind::ReadFailed {
            why: Refusal::NotLeader { term, .. },
            ..
        } => format!("What it knows of the leader is of term {term}"),
        Kind::TransferStarted { matched, last, .. } => {
            format!("On the target's disk up to {matched}, here up to {last}")
        }
        Kind::Decided { decision } => super::members::compared(decision.reason),
        Kind::LearnerCaughtUp { took, .. } => format!(
            "The last round took {}: less than an election timeout",
            span(took.0)
        ),
        Kind::Ignored { reason, .. } => return ignored(*reason),
        Kind::ReadConfirmed { .. } => return super::reads::compared(&event.kind),
        Kind::SnapshotIgnored { last, why } => return useless(*last, *why),
        Kind::SnapshotDue { entries, bytes, .. } => {
            format!("Applied since the last snapshot: {entries} entries, {bytes} bytes")
        }
        Kind::SnapshotSent { peer, first, .. } => format!(
            "{node}'s log starts at {first}; {peer} lacks entry {}",
            first.prev()
        ),
        Kind::InstallingSnapshot { last, reason, .. } => match reason {
            InstallReason::Ahead { end } => {
                format!("The snapshot ends at {last}, the log at {end}: behind")
            }
            InstallReason::Conflict { mine } => format!(
                "At index {}: term {} in the snapshot, term {mine} in the log: different",
                last.index, last.term
            ),
        },
        Kind::Booted { .. }
        | Kind::ElectionTimedOut { .. }
        | Kind::StartedPreVote { .. }
        | Kind::StartedElection { .. }
        | Kind::BecameLeader { .. }
        | Kind::AppendedNoop { .. }
        | Kind::AppendedCommand { .. }
        | Kind::FoundLeader { .. }
        | Kind::ChangedPace { .. }
        | Kind::Matched { .. }
        | Kind::Committed { .. }
        | Kind::HeldForDisk { .. }
        | Kind::Released { .. }
        | Kind::Persisted { .. }
        | Kind::Applying { .. }
        | Kind::ReadQueued { .. }
        | Kind::ElectionPutOff { .. }
        | Kind::LeaseTaken { .. }
        | Kind::LeaseSurrendered { .. }
        | Kind::AskedMarks { .. }
        | Kind::ToldMark { .. }
        | Kind::ReadFellBack { .. }
        | Kind::ReadServed { .. }
        | Kind::ReadFailed { .. }
        | Kind::MembershipInForce { .. }
        | Kind::MembershipCommitted { .. }
        | Kind::AppendedMembership { .. }
        | Kind::ChangeStarted { .. }
        | Kind::ChangeAborted { .. }
        | Kind::MetOutsider { .. }
        | Kind::Parted { .. }
        | Kind::SentTimeoutNow { .. }
        | Kind::TransferAborted { .. }
        | Kind::Fenced { .. }
        | Kind::SnapshotTaken { .. }
        | Kind::SnapshotUnsent { .. }
        | Kind::SnapshotInstalled { .. }
        | Kind::ElectionForgone { .. }
        | Kind::PeerTrusted { .. }
        | Kind::Trimmed { .. } => return None,
        Kind::FoundRot { .. } | Kind::Trusted { .. } | Kind::PeerSuspect { .. } => {
            return suspect::compared(&event.kind);
        }
    };
    Some(text)
}

fn useless(last: LogId, why: SnapshotUseless) -> Option<String> {
    match why {
        SnapshotUseless::Older { newest } => Some(format!(
            "It ends at {last}, the newest one at {newest}: not newer"
        )),
        SnapshotUseless::Committed { commit } => Some(format!(
            "It ends at {last}, the commit index is {commit}: not beyond"
        )),
        SnapshotUseless::InLog => Some(format!("Entry {last} in the log: the same")),
        SnapshotUseless::Leading => None,
    }
}

fn became_follower(reason: FollowerReason) -> Option<String> {
    match reason {
        FollowerReason::HigherTerm { from, mine, theirs } => Some(format!(
            "Term {theirs} from {from}, own term {mine}: higher"
        )),
        FollowerReason::QuorumSilent { heard, need } => Some(format!(
            "Heard {heard} voters (itself included), {need} needed: not enough"
        )),
        FollowerReason::DiskStalled { waited } => {
            Some(format!("Waited {} ms for its own disk", waited.0 / 1_000))
        }
        FollowerReason::Started
        | FollowerReason::LeaderSpoke { .. }
        | FollowerReason::VoteLost
        | FollowerReason::Voted { .. }
        | FollowerReason::Removed
        | FollowerReason::InstallsSnapshot => None,
    }
}

fn refused_vote(node: NodeId, to: NodeId, reason: VoteRefusal) -> Option<String> {
    match reason {
        VoteRefusal::LogBehind { theirs, mine } => Some(logs(to, theirs, node, mine, "behind")),
        VoteRefusal::OlderTerm { theirs, mine } => Some(format!(
            "Term asked about {theirs}, own term {mine}: not newer"
        )),
        VoteRefusal::LeaderAlive { heard, .. } => Some(format!(
            "Leader heard {} ago: less than an election timeout",
            span(heard.0)
        )),
        VoteRefusal::VotedFor(other) => Some(format!("Vote given to {other}, asked by {to}")),
        VoteRefusal::Leading
        | VoteRefusal::NoMembership
        | VoteRefusal::Silent { .. }
        | VoteRefusal::Suspect => None,
    }
}

/// The comparison of paper 5.4.1: term first, then length.
fn logs(asker: NodeId, theirs: LogId, node: NodeId, mine: LogId, verdict: &str) -> String {
    let by = if theirs.term == mine.term {
        "same term, so the index decides"
    } else {
        "the term decides"
    };
    format!("{asker}'s log ends at {theirs}, {node}'s at {mine}: {verdict} ({by})")
}

fn refused_append(
    node: NodeId,
    leader: NodeId,
    prev: LogId,
    mine: Option<Term>,
    hint: LogId,
) -> String {
    let mine = mine.map_or("no entry".to_string(), |term| format!("term {term}"));
    format!(
        "At index {}: term {} at {leader}, {mine} at {node}. {node} suggests {hint}",
        prev.index, prev.term
    )
}

fn on_disk(to: Index, matched: &[(NodeId, Index)]) -> String {
    let have = matched.iter().filter(|(_, index)| *index >= to).count();
    let list: Vec<String> = matched
        .iter()
        .map(|(node, index)| format!("{node} {index}"))
        .collect();
    format!(
        "On disk: {}. Entry {to} is on {have} of {}",
        list.join(", "),
        matched.len()
    )
}

fn ignored(reason: IgnoreReason) -> Option<String> {
    match reason {
        IgnoreReason::StaleTerm { theirs, mine } => Some(format!(
            "Term of the message {theirs}, own term {mine}: older"
        )),
        IgnoreReason::LogDiffers { theirs, mine } => Some(format!(
            "The leader's log ended at {theirs}, own log ends at {mine}: different"
        )),
        IgnoreReason::StaleLane
        | IgnoreReason::WrongAddress
        | IgnoreReason::NotMember
        | IgnoreReason::TermJump { .. }
        | IgnoreReason::TooLate
        | IgnoreReason::BrokenPromise
        | IgnoreReason::Malformed
        | IgnoreReason::MayNotCampaign
        | IgnoreReason::NoMembership
        | IgnoreReason::Suspect => None,
    }
}
