//! The last minutes at a glance: who was what when, where something is missing, and the moments
//! worth a mark. Only what was received; a gap stays a gap.

use super::node::SILENCE;
use super::past::{LONGEST, Past, State, Track};
use crate::order::in_order;
use raftwerk_core::trace::{Kind, Role};
use raftwerk_wire::view::NodeCondition;

/// Shortest stretch of time shown (microseconds).
const SHORTEST: u64 = 60_000_000;
/// Stretches shorter than this part of the whole join the one before.
const FINEST: u64 = 1_500;
/// Most marks shown; the newest stay.
const MOST_MARKS: usize = 300;

/// The last minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// The moment at its left edge.
    pub from: u64,
    /// The moment at its right edge.
    pub to: u64,
    /// The earliest moment that can be looked at.
    pub oldest: u64,
    /// One per node, in order of id.
    pub lanes: Vec<Lane>,
    /// In order of time.
    pub marks: Vec<Mark>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Which.
    pub node: u64,
    /// In order of time; where there is none, nothing was known of it yet.
    pub spans: Vec<Span>,
    /// Where something of it was not received.
    pub gaps: Vec<(u64, u64)>,
}

/// A stretch in which a node stayed what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Start.
    pub from: u64,
    /// End.
    pub to: u64,
    /// Its term.
    pub term: u64,
    /// What it was.
    pub state: Shape,
}

/// How a stretch is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It said that it leads.
    Leader,
    /// It asked for votes.
    Candidate,
    /// It followed.
    Follower,
    /// Its process did not run.
    Crashed,
    /// Its process stood still.
    Frozen,
    /// There was no word from it.
    Unknown,
}

/// A moment worth a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When the page learned of it.
    pub at: u64,
    /// Whether a fault began or ended; else a node became leader.
    pub fault: bool,
    /// What, in a few words.
    pub text: String,
}

/// Makes the strip as of now.
#[must_use]
pub fn strip(past: &Past, now: u64) -> Strip {
    let oldest = past.from().max(now.saturating_sub(LONGEST));
    let length = (now - oldest.min(now)).clamp(SHORTEST, LONGEST);
    let from = now.saturating_sub(length);
    let lane = |(node, track): (u64, &Track)| Lane {
        node,
        spans: spans(track, from, now),
        gaps: gaps(track, from),
    };
    let marks = past
        .tracks()
        .flat_map(|(node, track)| faults(node, track).chain(crowns(node, track)))
        .filter(|mark| mark.at >= from);
    let mut marks: Vec<Mark> = in_order(marks, |mark| mark.at);
    marks.drain(..marks.len().saturating_sub(MOST_MARKS));
    Strip {
        from,
        to: now,
        oldest,
        lanes: past.tracks().map(lane).collect(),
        marks,
    }
}

fn spans(track: &Track, from: u64, now: u64) -> Vec<Span> {
    let finest = (now - from) / FINEST;
    let mut spans: Vec<Span> = Vec::new();
    let mut add = |one: Span| match spans.last_mut() {
        _ if one.to <= one.from => {}
        Some(last) if (last.term, last.state) == (one.term, one.state) && last.to == one.from => {
            last.to = one.to;
        }
        Some(last) if one.to - one.from < finest && last.to == one.from => last.to = one.to,
        _ => spans.push(one),
    };
    let states = track.states();
    for (at, state) in states.iter().enumerate() {
        let until = states.get(at + 1).map_or(now, |next| next.at);
        let begin = state.at.max(from);
        if until <= begin {
            continue;
        }
        let term = state.node.said().map_or(0, |view| view.term);
        let span = |from, to, state| Span {
            from,
            to,
            term,
            state,
        };
        // A node that falls silent is not known any more after a while, although nobody says so.
        let silent = state.node.heard.map_or(begin, |heard| heard + SILENCE);
        let turn = silent.clamp(begin, until);
        add(span(begin, turn, shape(state, begin)));
        add(span(turn, until, shape(state, turn)));
    }
    spans
}

fn shape(state: &State, moment: u64) -> Shape {
    match state.node.condition(moment) {
        NodeCondition::Crashed => Shape::Crashed,
        NodeCondition::Frozen => Shape::Frozen,
        NodeCondition::Unknown => Shape::Unknown,
        NodeCondition::Up => match state.node.said().map(|view| view.role) {
            Some(Role::Leader) => Shape::Leader,
            Some(Role::Candidate | Role::PreCandidate) => Shape::Candidate,
            Some(Role::Follower) => Shape::Follower,
            None => Shape::Unknown,
        },
    }
}

fn gaps(track: &Track, from: u64) -> Vec<(u64, u64)> {
    let gaps = track.gaps().iter().filter(|gap| gap.to > from);
    gaps.map(|gap| (gap.from.max(from), gap.to)).collect()
}

/// What happened to the process of a node and to its links.
fn faults(node: u64, track: &Track) -> impl Iterator<Item = Mark> + '_ {
    let states = track.states();
    states
        .iter()
        .zip(states.iter().skip(1))
        .filter_map(move |(before, after)| {
            let text = change(node, before, after)?;
            Some(Mark {
                at: after.at,
                fault: true,
                text,
            })
        })
}

fn change(node: u64, before: &State, after: &State) -> Option<String> {
    use NodeCondition::{Crashed, Frozen, Up};
    let (was, is) = (&before.node, &after.node);
    let verb = match (was.process, is.process) {
        (Some(Crashed), Some(Up)) => "was started",
        (Some(Up | Frozen), Some(Crashed)) => "crashed",
        (Some(Up), Some(Frozen)) => "was frozen",
        (Some(Frozen), Some(Up)) => "goes on",
        // A new life forgets its cuts by itself.
        _ if was.cuts != is.cuts && was.boot == is.boot => {
            return Some(match is.cuts.as_slice() {
                [] => format!("S{node} sends to all again"),
                cuts => {
                    let names: Vec<String> = cuts.iter().map(|id| format!("S{id}")).collect();
                    format!("S{node} does not send to {}", names.join(", "))
                }
            });
        }
        _ => return None,
    };
    Some(format!("S{node} {verb}"))
}

/// When a node said that it won.
fn crowns(node: u64, track: &Track) -> impl Iterator<Item = Mark> + '_ {
    track.events().iter().filter_map(move |heard| {
        let event = &heard.event.event;
        matches!(event.kind, Kind::BecameLeader { .. }).then(|| Mark {
            at: heard.at,
            fault: false,
            text: format!("S{node} leads in term {}", event.term),
        })
    })
}
