//! Traces of storms with one thing changed: a term, an index, a vote, an event that is missing.
//! Most are rejected. Some cannot be: an event may be one of several that say the same, a number
//! may be one that no rule is about.

use crate::storms::{machine, trace};
use raftwerk_core::trace::{CommitReason, Event, Kind};
use raftwerk_core::{Index, LogId, NodeId, Term};
use raftwerk_sim::{Setup, World};

const EVENTS: u64 = 2_500;
const SEEDS: u64 = 12;
/// Places tried in each trace, for each kind of change.
const PLACES: usize = 40;

/// A way to change an event; `None` where there is nothing to change.
struct Change {
    name: &'static str,
    of: fn(&Event) -> Option<Vec<Event>>,
    /// Least of a hundred that must be rejected.
    floor: u64,
}

fn with(event: &Event, kind: Kind) -> Option<Vec<Event>> {
    let kind = Some(kind).filter(|kind| *kind != event.kind);
    kind.map(|kind| {
        vec![Event {
            kind,
            ..event.clone()
        }]
    })
}

/// The event says that it was in the next term.
fn term(event: &Event) -> Option<Vec<Event>> {
    let mut event = event.clone();
    event.term.0 += 1;
    Some(vec![event])
}

/// An index is one higher.
fn index(event: &Event) -> Option<Vec<Event>> {
    let mut kind = event.kind.clone();
    let up = |index: &mut Index| index.0 += 1;
    match &mut kind {
        Kind::StartedElection { last, .. } | Kind::StartedPreVote { last, .. } => {
            up(&mut last.index);
        }
        Kind::GrantedVote { mine, .. } => up(&mut mine.index),
        Kind::AppendedNoop { id } | Kind::AppendedCommand { id, .. } => up(&mut id.index),
        Kind::AcceptedAppend { last, .. } => up(last),
        Kind::CutLog { at, .. } => up(at),
        Kind::Matched { to, .. } | Kind::Applying { to, .. } => up(to),
        Kind::Committed { to, .. } => up(to),
        _ => return None,
    }
    with(event, kind)
}

/// A vote is for another node, from another node, or of another kind.
fn vote(event: &Event) -> Option<Vec<Event>> {
    let mut kind = event.kind.clone();
    let other = |node: &mut NodeId| node.0 = node.0 % 3 + 1;
    match &mut kind {
        Kind::Booted {
            vote: Some(vote), ..
        } => other(vote),
        Kind::GrantedVote { to, .. } => other(to),
        Kind::CountedVote {
            from,
            granted: true,
            ..
        } => other(from),
        Kind::BecameLeader { votes } => votes.truncate(votes.len() / 2),
        _ => return None,
    }
    with(event, kind)
}

/// An entry is of an older term.
fn entry(event: &Event) -> Option<Vec<Event>> {
    let mut kind = event.kind.clone();
    let older = |id: &mut LogId| id.term = Term(id.term.0.saturating_sub(1));
    match &mut kind {
        Kind::AppendedNoop { id } | Kind::AppendedCommand { id, .. } => older(id),
        Kind::StartedElection { last, .. } | Kind::StartedPreVote { last, .. } => older(last),
        Kind::AcceptedAppend { prev, .. } => older(prev),
        Kind::Booted { last, .. } => older(last),
        _ => return None,
    }
    with(event, kind)
}

/// One copy fewer is counted for a commit, or a follower commits on its own.
fn commit(event: &Event) -> Option<Vec<Event>> {
    let Kind::Committed { from, to, reason } = &event.kind else {
        return None;
    };
    let reason = match reason {
        CommitReason::Quorum { matched } => {
            let mut matched = matched.clone();
            matched.iter_mut().for_each(|(_, index)| *index = *from);
            CommitReason::Quorum { matched }
        }
        CommitReason::Leader(_) => CommitReason::Leader(event.node),
        CommitReason::Snapshot(_) => return None,
    };
    let (from, to) = (*from, *to);
    with(event, Kind::Committed { from, to, reason })
}

/// An event that changes a node's state is missing.
fn missing(event: &Event) -> Option<Vec<Event>> {
    let matters = matches!(
        event.kind,
        Kind::BecameFollower { .. }
            | Kind::StartedElection { .. }
            | Kind::BecameLeader { .. }
            | Kind::AppendedNoop { .. }
            | Kind::AppendedCommand { .. }
            | Kind::AcceptedAppend { .. }
            | Kind::CutLog { .. }
            | Kind::Committed { .. }
            | Kind::Applying { .. }
    );
    matters.then(Vec::new)
}

/// An event that changes a node's state comes twice.
fn twice(event: &Event) -> Option<Vec<Event>> {
    let one = missing(event)?;
    debug_assert!(one.is_empty());
    // Accepting the same entries again is right.
    let again = !matches!(event.kind, Kind::AcceptedAppend { .. });
    again.then(|| vec![event.clone(), event.clone()])
}

const CHANGES: [Change; 7] = [
    Change {
        name: "another term",
        of: term,
        floor: 95,
    },
    Change {
        name: "another index",
        of: index,
        floor: 93,
    },
    Change {
        name: "another vote",
        of: vote,
        floor: 90,
    },
    Change {
        name: "an entry of another term",
        of: entry,
        floor: 98,
    },
    Change {
        name: "a commit without copies",
        of: commit,
        floor: 98,
    },
    Change {
        name: "an event is missing",
        of: missing,
        floor: 95,
    },
    Change {
        name: "an event comes twice",
        of: twice,
        floor: 98,
    },
];

fn is_rejected(setup: &Setup, trace: &[Event], place: usize, instead: &[Event]) -> bool {
    let mut machine = machine(setup);
    let (before, after) = (&trace[..place], &trace[place + 1..]);
    let mut changed = before.iter().chain(instead).chain(after);
    changed.any(|event| machine.accept(event).is_err())
}

#[test]
fn most_mutants_are_rejected() {
    let mut tried = [0u64; CHANGES.len()];
    let mut rejected = tried;
    for seed in 1..=SEEDS {
        let setup = Setup::storm(seed);
        let trace = trace(&mut World::traced(&setup), EVENTS);
        // Of what comes last nothing follows that could contradict it.
        let judged = &trace[..trace.len() - trace.len() / 5];
        for (number, change) in CHANGES.iter().enumerate() {
            let instead = |(place, event)| (change.of)(event).map(|instead| (place, instead));
            let places: Vec<_> = judged.iter().enumerate().filter_map(instead).collect();
            let spread = (places.len() / PLACES).max(1);
            for (place, instead) in places.iter().step_by(spread) {
                tried[number] += 1;
                rejected[number] += u64::from(is_rejected(&setup, &trace, *place, instead));
            }
        }
    }
    for ((change, tried), rejected) in CHANGES.iter().zip(tried).zip(rejected) {
        let share = 100 * rejected / tried.max(1);
        assert!(tried >= 100, "{}: {tried} mutants", change.name);
        println!("{}: {rejected} of {tried}", change.name);
        assert!(
            share >= change.floor,
            "{}: {rejected} of {tried} are rejected",
            change.name
        );
    }
}
