//! Every trace event in words: what happened, the comparison that decided it, and the rule with
//! its section in the Raft paper or the thesis.
//!
//! Short sentences in the present tense, about a node with a name. The matches are exhaustive
//! on purpose: an event without a sentence does not compile. Nothing is computed here; every
//! number comes from the event.

mod compared;
mod members;
mod reads;
mod rule;
mod suspect;
mod words;

pub use members::decision;
pub use suspect::suspicion;
pub use words::{abort, cause, refusal, role_name, section, timer_name};
use words::{count, end, entries, fence, ignored, names, span, useless, vote_word};

use raftwerk_core::trace::{
    CommitReason, ElectionReason, Event, FollowerReason, Held, InstallReason, Kind, Pace, Role,
    SendEnd, TransferReason, VoteRefusal,
};
use raftwerk_core::{Index, LogId, NodeId, Term};

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What happened.
    pub what: String,
    /// The values that were compared, where a comparison decided it.
    pub compared: Option<String>,
    /// The rule in one sentence, and where it is written.
    pub rule: String,
}

/// Puts an event into words.
#[must_use]
pub fn explain(event: &Event) -> Explained {
    Explained {
        what: what(event),
        compared: compared::compared(event),
        rule: format!(
            "{} {}.",
            rule::rule(&event.kind),
            section(event.kind.section())
        ),
    }
}

/// What happened, in a sentence or two. One arm per kind and no wildcard: a table, not a flow.
pub(crate) fn what(event: &Event) -> String {
    let (node, term) = (event.node, event.term);
    match &event.kind {
        Kind::Booted { term, vote, last } => booted(node, *term, *vote, *last),
        Kind::BecameFollower { was, reason } => became_follower(node, *was, *reason),
        Kind::ElectionTimedOut { waited, leader } => timed_out(node, waited.0, *leader),
        Kind::ElectionPutOff { why, left } => reads::put_off(node, *why, *left),
        Kind::StartedPreVote { proposed, .. } => {
            format!("{node} asks whether it could win term {proposed}. Its own stays {term}.")
        }
        Kind::StartedElection { reason, .. } => started_election(node, term, *reason),
        Kind::GrantedVote {
            to, pre, proposed, ..
        } => granted_vote(node, *to, *pre, *proposed),
        Kind::RefusedVote {
            to,
            pre,
            proposed,
            reason,
        } => refused_vote(node, *to, *pre, proposed.0, *reason),
        Kind::CountedVote {
            from, pre, granted, ..
        } => counted_vote(node, *from, *pre, *granted),
        Kind::BecameLeader { votes } => {
            format!(
                "{node} wins term {term} with the votes of {}.",
                names(votes)
            )
        }
        Kind::AppendedNoop { id } => format!("{node} opens its term with an empty entry at {id}."),
        Kind::AppendedCommand { ticket, id } => {
            format!("{node} appends the command of request {ticket} at {id}.")
        }
        Kind::FoundLeader { leader } => format!("{node} learns that {leader} leads term {term}."),
        Kind::AcceptedAppend {
            leader, last, new, ..
        } => {
            let new = count(*new as u64, "new entry");
            format!("{node} accepts {new} from {leader}. Their logs agree up to {last}.")
        }
        Kind::RefusedAppend {
            leader, prev, mine, ..
        } => refused_append(node, *leader, *prev, *mine),
        Kind::CutLog { at, removed, .. } => {
            let removed = count(*removed, "entry");
            format!("{node} removes {removed} from {at} on: they conflict with its leader's.")
        }
        Kind::Backtracked {
            peer, probe, next, ..
        } => format!("{peer} does not have {probe}. {node} tries again from {next}."),
        Kind::ChangedPace { peer, pace, next } => changed_pace(node, *peer, *pace, *next),
        Kind::Matched { peer, to } => {
            format!("{node} learns that {peer} has everything up to {to} on disk.")
        }
        Kind::Committed { from, to, reason } => committed(node, *from, *to, reason),
        Kind::CommitWithheld { at, own } => format!(
            "A majority has entry {} of term {}, which is over. {node} does not commit it yet: \
             it waits for entry {own} of its own term.",
            at.index, at.term
        ),
        Kind::HeldForDisk { what } => held(node, *what),
        Kind::Released { what } => released(node, *what),
        Kind::Persisted { durable, .. } => format!("{node}'s disk has the log up to {durable}."),
        Kind::Applying { from, to } => {
            format!("{node} applies {} to its store.", entries(*from, *to))
        }
        Kind::ReadQueued { .. }
        | Kind::LeaseTaken { .. }
        | Kind::LeaseSurrendered { .. }
        | Kind::AskedMarks { .. }
        | Kind::ToldMark { .. }
        | Kind::ReadFellBack { .. }
        | Kind::ReadConfirmed { .. }
        | Kind::ReadServed { .. }
        | Kind::ReadFailed { .. } => reads::read(node, &event.kind),
        Kind::MembershipInForce {
            id,
            members,
            rolled_back,
        } => {
            let verb = if *rolled_back {
                "goes back to"
            } else {
                "takes"
            };
            let voters = names(&members.voters);
            format!("{node} {verb} the members of entry {id}: voters {voters}.")
        }
        Kind::TransferStarted {
            to, why, matched, ..
        } => transfer_started(node, *to, *why, *matched),
        Kind::SentTimeoutNow { to, last } => {
            format!("{to} has everything up to {last}. {node} tells it to campaign now.")
        }
        Kind::TransferAborted { to, why } => {
            format!("{node} hands over to {to} no more: {}.", abort(*why))
        }
        Kind::Decided { decision } => {
            let what = members::decision(decision);
            format!("{node}'s autopilot decides: {what}.")
        }
        Kind::ChangeStarted {
            ticket,
            target,
            new_voters,
        } => members::change_started(node, *ticket, target, new_voters),
        Kind::LearnerCaughtUp { peer, round, .. } => {
            let rounds = count(*round, "round");
            format!("{peer} keeps up with {node} after {rounds}. It may vote.")
        }
        Kind::AppendedMembership { id, step } => members::appended(node, *id, *step),
        Kind::ChangeAborted { why } => {
            format!("{node} gives the change of members up: {}.", abort(*why))
        }
        Kind::MembershipCommitted { id } => {
            format!("{node} knows that the members of entry {id} are committed.")
        }
        Kind::MetOutsider { peer } => format!(
            "{peer} asks for votes and does not know that it is removed. {node} speaks to it until \
             it does."
        ),
        Kind::Parted { peer, told } => {
            let why = if *told {
                "has learned"
            } else {
                "is too silent to learn"
            };
            format!("{peer} {why} that it is removed. {node} speaks to it no more.")
        }
        Kind::Ignored { from, reason } => {
            format!(
                "{node} ignores a message from {from}: {}.",
                ignored(*reason)
            )
        }
        Kind::Fenced { why } => format!("{node} stops for good in this life: {}.", fence(*why)),
        Kind::SnapshotTaken { last, .. } => {
            format!("{node} has its state up to {last} in a snapshot on disk.")
        }
        Kind::SnapshotIgnored { last, why } => {
            format!(
                "{node} does not need the snapshot up to {last}: {}.",
                useless(*why)
            )
        }
        Kind::Trimmed { base, removed, .. } => {
            let removed = count(*removed, "entry");
            format!("{node} drops {removed} from its log, up to {base}: a snapshot holds them.")
        }
        Kind::SnapshotDue { entries, .. } => {
            let entries = count(*entries, "entry");
            format!("{node} has applied {entries} since its last snapshot. It is time for one.")
        }
        Kind::SnapshotSent { peer, last, .. } => format!(
            "{peer} lacks entries that {node} has dropped. {node} sends its snapshot up to {last}."
        ),
        Kind::SnapshotUnsent { peer, last, why } => unsent(node, *peer, *last, *why),
        Kind::InstallingSnapshot { last, reason, .. } => installing(node, *last, *reason),
        Kind::SnapshotInstalled { last } => {
            format!("{node}'s disk has the snapshot up to {last}. Its store loads it.")
        }
        Kind::FoundRot { .. }
        | Kind::ElectionForgone { .. }
        | Kind::Trusted { .. }
        | Kind::PeerSuspect { .. }
        | Kind::PeerTrusted { .. } => suspect::told(node, &event.kind),
    }
}

fn unsent(node: NodeId, peer: NodeId, last: LogId, why: SendEnd) -> String {
    let why = match why {
        SendEnd::Failed => "it did not get there",
        SendEnd::Unanswered => "it got there, but no answer came",
    };
    format!("{node} gives up sending {peer} the snapshot up to {last}: {why}.")
}

fn installing(node: NodeId, last: LogId, reason: InstallReason) -> String {
    let why = match reason {
        InstallReason::Ahead { end } => format!("which {}", ends_before(end)),
        InstallReason::Conflict { .. } => "which contradicts it".to_string(),
    };
    format!("{node} puts the snapshot up to {last} in place of its log, {why}.")
}

fn ends_before(end: LogId) -> String {
    match end.index {
        Index(0) => "is empty".to_string(),
        _ => format!("ends before it, at {end}"),
    }
}

fn booted(node: NodeId, term: Term, vote: Option<NodeId>, last: LogId) -> String {
    let vote = vote.map_or("no vote".into(), |to| format!("a vote for {to}"));
    format!(
        "{node} starts. Its disk holds term {term}, {vote} and a log that {}.",
        end(last)
    )
}

fn became_follower(node: NodeId, was: Role, reason: FollowerReason) -> String {
    let was = role_name(was);
    match reason {
        FollowerReason::Started => format!("{node} starts as a follower."),
        FollowerReason::HigherTerm { from, theirs, .. } => {
            format!("{node}, {was}, hears term {theirs} from {from}. It takes that term.")
        }
        FollowerReason::LeaderSpoke { leader } => {
            format!("{node}, {was}, hears {leader}, the leader of its term, and follows.")
        }
        FollowerReason::VoteLost => {
            format!("{node}, {was}, cannot win any more: a majority refuses. It follows.")
        }
        FollowerReason::Voted { to } => {
            format!("{node} voted for {to}. It asks no more for itself.")
        }
        FollowerReason::QuorumSilent { .. } => {
            format!("{node}, {was}, hears no majority for an election timeout. It steps down.")
        }
        FollowerReason::DiskStalled { .. } => {
            format!("{node}, {was}, has waited for its own disk too long. It steps down.")
        }
        FollowerReason::Removed => format!("{node}, {was}, is no voter any more. It steps down."),
        FollowerReason::InstallsSnapshot => {
            format!("{node}, {was}, gets a snapshot in place of its log. It follows.")
        }
    }
}

fn timed_out(node: NodeId, waited: u64, leader: Option<NodeId>) -> String {
    let waited = span(waited);
    match leader {
        Some(leader) => format!("{node} has heard nothing from {leader} for {waited}."),
        None => format!("{node} has heard no leader for {waited}."),
    }
}

fn started_election(node: NodeId, term: Term, reason: ElectionReason) -> String {
    let why = match reason {
        ElectionReason::Timeout => "after its timeout",
        ElectionReason::PreVoteWon => "because a majority would vote for it",
        ElectionReason::TimeoutNow => "because the leader hands over",
    };
    format!("{node} becomes candidate in term {term} {why}, and votes for itself.")
}

fn transfer_started(node: NodeId, to: NodeId, why: TransferReason, matched: Index) -> String {
    let why = match why {
        TransferReason::Asked => "is asked to hand over",
        TransferReason::Removed => "is no voter any more and hands over",
        TransferReason::DiskStalled => "waits too long for its own disk and hands over",
    };
    format!("{node} {why} to {to}, whose disk has the log up to {matched}.")
}

fn granted_vote(node: NodeId, to: NodeId, pre: bool, proposed: Term) -> String {
    if pre {
        format!("{to} asks about term {proposed}. {node} says that it would vote for {to}.")
    } else {
        format!("{to} asks {node} for its vote in term {proposed}. {node} gives it.")
    }
}

fn refused_vote(node: NodeId, to: NodeId, pre: bool, proposed: u64, why: VoteRefusal) -> String {
    let word = vote_word(pre);
    let why = match why {
        VoteRefusal::LeaderAlive { leader, heard } => {
            format!("it heard its leader {leader} {} ago", span(heard.0))
        }
        VoteRefusal::OlderTerm { mine, .. } => format!("{node} is in term {mine} already"),
        VoteRefusal::VotedFor(other) => format!("its vote in this term went to {other}"),
        VoteRefusal::LogBehind { theirs, mine } => {
            format!("{to}'s log {}, {node}'s {}", end(theirs), end(mine))
        }
        VoteRefusal::Leading => format!("{node} leads this term itself"),
        VoteRefusal::NoMembership => format!("{node} knows no members yet"),
        VoteRefusal::Silent { why, left } => reads::silent(node, why, left),
        VoteRefusal::Suspect => format!("part of {node}'s log rotted, and it has not got it back"),
    };
    format!("{to} asks {node} for its {word} in term {proposed}. {node} refuses: {why}.")
}

fn counted_vote(node: NodeId, from: NodeId, pre: bool, granted: bool) -> String {
    let from = if from == node {
        "itself".to_string()
    } else {
        from.to_string()
    };
    let answer = if granted { "yes" } else { "no" };
    format!("{node} counts a {answer} from {from} ({}).", vote_word(pre))
}

fn refused_append(node: NodeId, leader: NodeId, prev: LogId, mine: Option<Term>) -> String {
    let (at, theirs) = (prev.index, prev.term);
    match mine {
        Some(mine) => format!(
            "{node} refuses entries from {leader}: at index {at} it has term {mine}, \
             {leader} has term {theirs}."
        ),
        None => format!("{node} refuses entries from {leader}: it has no entry at index {at}."),
    }
}

fn changed_pace(node: NodeId, peer: NodeId, pace: Pace, next: Index) -> String {
    match pace {
        Pace::Probe => format!("{node} looks for the place where {peer}'s log meets its own."),
        Pace::Replicate => {
            format!("{peer} agrees. {node} sends from {next} on without waiting for answers.")
        }
        Pace::Snapshot => format!("{node} must send {peer} a snapshot first."),
    }
}

fn committed(node: NodeId, from: Index, to: Index, reason: &CommitReason) -> String {
    let which = entries(from.next(), to);
    let (is, has) = if from.next() == to {
        ("is", "it")
    } else {
        ("are", "them")
    };
    match reason {
        CommitReason::Quorum { .. } => {
            format!("{node} commits {which}: a majority has {has} on disk.")
        }
        CommitReason::Leader(leader) => {
            format!("{node} learns from {leader} that {which} {is} committed.")
        }
        CommitReason::Snapshot(last) => {
            format!("{node} learns from a snapshot up to {last} that {which} {is} committed.")
        }
    }
}

fn held(node: NodeId, what: Held) -> String {
    match what {
        Held::Vote(to) => format!("{node} holds back its vote for {to} until it is on disk."),
        Held::OwnVote => format!("{node} does not count its own vote until it is on disk."),
        Held::Acknowledgement { to, received, .. } => {
            format!("{node} has entry {received} in memory. It tells {to} only what is on disk.")
        }
    }
}

fn released(node: NodeId, what: Held) -> String {
    match what {
        Held::Vote(to) => format!("{node}'s vote for {to} is on disk. Now it is sent."),
        Held::OwnVote => format!("{node}'s own vote is on disk. Now it counts."),
        Held::Acknowledgement { to, durable, .. } => {
            format!("{node} has entry {durable} on disk. Now it tells {to}.")
        }
    }
}

#[cfg(test)]
mod tests;
