//! The words that sentences about events are made of: names, counts, times, sections, reasons.

use raftwerk_core::trace::{Cause, IgnoreReason, Role, SnapshotUseless, Timer};
use raftwerk_core::{Abort, BadMembers, Fence, Index, LogId, NodeId, Refusal};

/// The input that led to an event, in words, such as "its election timer fires".
#[must_use]
pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Boot => "the node starts".to_string(),
        Cause::Timer(timer) => format!("its {} fires", timer_name(*timer)),
        Cause::Message { from } => format!("a message from {from} arrives"),
        Cause::Client(ticket) => format!("a client asks (request {ticket})"),
        Cause::Disk(seq) => format!("its disk reports write {seq}"),
        Cause::Applied(index) => format!("its state machine has applied up to {index}"),
        Cause::Link(peer) => format!("its link to {peer} changes"),
        Cause::Snapshot(last) => format!("its host reports a snapshot up to {last}"),
    }
}

/// Name of a timer inside a sentence.
#[must_use]
pub fn timer_name(timer: Timer) -> &'static str {
    match timer {
        Timer::Election => "election timer",
        Timer::Heartbeat => "heartbeat timer",
        Timer::CheckQuorum => "check-quorum timer",
        Timer::ReadRetry => "read retry timer",
        Timer::ReadMark => "quorum read timer",
        Timer::Transfer => "transfer timer",
        Timer::Member => "member timer",
    }
}

/// Name of a role inside a sentence.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}

/// A section such as "P5.3, P5.4.2" spelled out: "Raft paper, sections 5.3 and 5.4.2".
#[must_use]
pub fn section(short: &str) -> String {
    let mut books = Vec::new();
    let other = short.split(", ").find(|part| part.starts_with("HotCloud"));
    books.extend(other.map(|place| format!("Arora and others, {place}")));
    for (letter, name) in [('P', "Raft paper"), ('T', "Raft thesis")] {
        let places: Vec<&str> = short
            .split(", ")
            .filter_map(|part| part.strip_prefix(letter))
            .map(str::trim)
            .collect();
        let word = match places.as_slice() {
            [] => continue,
            [one] if one.starts_with("figure") => "",
            [_] => "section ",
            _ => "sections ",
        };
        books.push(format!("{name}, {word}{}", places.join(" and ")));
    }
    books.join("; ")
}

/// Several nodes in a sentence.
pub(super) fn names(nodes: &[NodeId]) -> String {
    match nodes {
        [] => "nobody".to_string(),
        [one] => one.to_string(),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(ToString::to_string).collect();
            format!("{} and {last}", most.join(", "))
        }
    }
}

/// A count with its noun.
pub(super) fn count(number: u64, noun: &str) -> String {
    match number {
        0 => format!("no {noun}"),
        1 => format!("one {noun}"),
        _ if noun.ends_with('y') => format!("{number} {}ies", &noun[..noun.len() - 1]),
        _ => format!("{number} {noun}s"),
    }
}

/// Microseconds in a sentence.
pub(super) fn span(micros: u64) -> String {
    if micros >= 10_000 {
        format!("{} ms", micros / 1_000)
    } else {
        format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    }
}

/// Last entry of a log in a sentence.
pub(super) fn end(id: LogId) -> String {
    if id == LogId::ORIGIN {
        "is empty".to_string()
    } else {
        format!("ends at {id}")
    }
}

pub(super) fn vote_word(pre: bool) -> &'static str {
    if pre { "pre-vote" } else { "vote" }
}

pub(super) fn fence(why: Fence) -> &'static str {
    match why {
        Fence::Storage => "its disk failed",
        Fence::TwoLeaders => "it saw two leaders in one term",
        Fence::Overflow => "a number overflowed",
        Fence::CommittedCut => "a committed entry was about to be removed",
    }
}

/// A refusal inside a sentence.
#[must_use]
pub fn refusal(why: Refusal) -> String {
    match why {
        Refusal::NotLeader {
            hint: Some(leader), ..
        } => {
            format!("it does not lead; {leader} may")
        }
        Refusal::NotLeader { hint: None, .. } => "it does not lead and knows no leader".into(),
        Refusal::Overloaded => "too much is waiting already".into(),
        Refusal::TooLarge => "the command is too large".into(),
        Refusal::Transferring => "leadership is being handed over".into(),
        Refusal::ChangePending => "another change of members is under way".into(),
        Refusal::Fenced => "it has stopped for good".into(),
        Refusal::UnknownMember => "no such member is known".into(),
        Refusal::Disabled => "this kind of read is switched off".into(),
        Refusal::LeaderLost => "the leader or its term changed meanwhile".into(),
        Refusal::TimedOut => "it took too long".into(),
        Refusal::NotVoter => "the node named does not vote".into(),
        Refusal::NoTarget => "no other voter was heard lately".into(),
        Refusal::NotReady => "it has committed nothing of its own term yet".into(),
        Refusal::Suspect => "the log of the node named has rotted".into(),
        Refusal::BadMembers(why) => bad_members(why),
    }
}

fn bad_members(why: BadMembers) -> String {
    match why {
        BadMembers::NoVoters => "nobody would vote".into(),
        BadMembers::TwoRoles(node) => format!("{node} cannot be voter and learner at once"),
        BadMembers::Joint => "only the leader itself makes joint members".into(),
    }
}

/// Why something was given up, inside a sentence.
#[must_use]
pub fn abort(why: Abort) -> String {
    match why {
        Abort::TimeLimit => "it took too long".into(),
        Abort::TargetSuspect => "the log of the target has rotted".into(),
        Abort::TargetGone => "the target is no voter any more".into(),
        Abort::LeadershipLost => "it does not lead any more".into(),
        Abort::NotCaughtUp(node) => format!("{node} does not keep up"),
    }
}

pub(super) fn ignored(reason: IgnoreReason) -> String {
    match reason {
        IgnoreReason::StaleTerm { theirs, mine } => {
            format!("it is of term {theirs}, the node is in term {mine}")
        }
        IgnoreReason::StaleLane => "it belongs to an earlier exchange".into(),
        IgnoreReason::WrongAddress => "it is meant for somebody else".into(),
        IgnoreReason::NotMember => "the sender is no member".into(),
        IgnoreReason::TermJump { theirs } => format!("its term {theirs} is absurdly far ahead"),
        IgnoreReason::BrokenPromise => "it refuses what it acknowledged".into(),
        IgnoreReason::TooLate => "it comes too late to matter".into(),
        IgnoreReason::Malformed => "its entries do not follow each other".into(),
        IgnoreReason::LogDiffers { theirs, mine } => {
            format!("the leader's log ended at {theirs}, its own ends at {mine}")
        }
        IgnoreReason::MayNotCampaign => "this node may not campaign".into(),
        IgnoreReason::NoMembership => "this node knows no members yet".into(),
        IgnoreReason::Suspect => {
            "part of this node's log rotted, and it has not got it back".into()
        }
    }
}

pub(super) fn useless(why: SnapshotUseless) -> String {
    match why {
        SnapshotUseless::Older { newest } => format!("it has one up to {newest}"),
        SnapshotUseless::Committed { commit } => {
            format!("everything up to {commit} is committed here already")
        }
        SnapshotUseless::InLog => "its log has all of it, and keeps what comes after".into(),
        SnapshotUseless::Leading => "a leader has everything that was ever committed".into(),
    }
}

/// One entry or several, in a sentence.
pub(super) fn entries(first: Index, last: Index) -> String {
    if first == last {
        format!("entry {last}")
    } else {
        format!("entries {first} to {last}")
    }
}
