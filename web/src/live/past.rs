//! What was received in the last minutes, node by node, to look back at.
//!
//! Per node three rings: how it was from a moment on, what it told of, and where something is
//! missing. All are bounded, in time, in number and in bytes; the oldest goes first, and how far
//! back each reaches is told, so that nothing dropped is taken for nothing happened. Moments are
//! those of receipt, on the page's clock, and no two items have the same.

use super::node::Node;
use raftwerk_wire::view::{EventView, NodeCondition};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Nothing is kept longer (microseconds): ten minutes.
pub const LONGEST: u64 = 600_000_000;
/// Most states of one node, and their bytes.
const MOST_STATES: usize = 6_000;
const STATE_BYTES: usize = 8 << 20;
/// Most events of one node, and their bytes.
const MOST_EVENTS: usize = 6_000;
const EVENT_BYTES: usize = 2 << 20;
/// Most gaps of one node.
const MOST_GAPS: usize = 256;
/// States older than this are joined when they are closer than that and only routine lies
/// between them (microseconds).
const FRESH: u64 = 30_000_000;
const ROUTINE: u64 = 250_000;

/// A node from a moment on.
#[derive(Clone, Debug)]
pub struct State {
    /// When the page learned of it.
    pub at: u64,
    /// How it was.
    pub node: Node,
}

/// An event with the moment of its receipt.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When.
    pub at: u64,
    /// What.
    pub event: Rc<EventView>,
}

/// A stretch for which something of a node was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its last word before.
    pub from: u64,
    /// Its first word after.
    pub to: u64,
}

/// What is kept of one node.
#[derive(Default)]
pub struct Track {
    states: VecDeque<State>,
    /// How many of them, from the oldest on, have been joined.
    joined: usize,
    state_bytes: usize,
    states_from: u64,
    events: VecDeque<Heard>,
    event_bytes: usize,
    events_from: u64,
    gaps: VecDeque<Gap>,
}

/// What is kept of all nodes.
#[derive(Default)]
pub struct Past {
    tracks: BTreeMap<u64, Track>,
    /// Moment of the first item, and the first one at which every node had said something.
    first: Option<u64>,
    begun: Option<u64>,
}

impl Past {
    /// A node is like this from now on.
    pub fn state(&mut self, at: u64, id: u64, node: &Node) {
        self.first.get_or_insert(at);
        let track = self.tracks.entry(id).or_default();
        if track.states.back().is_some_and(|last| last.node == *node) {
            return;
        }
        track.state_bytes += node.weight();
        let node = node.clone();
        track.states.push_back(State { at, node });
        track.join(at);
        track.forget(at);
        if self.begun.is_none() && self.tracks.values().all(Track::is_known) {
            self.begun = Some(at);
        }
    }

    /// A node said something that changes nothing but that it was heard.
    pub fn heard(&mut self, at: u64, id: u64, node: &Node) {
        let newest = self.tracks.get_mut(&id).and_then(|t| t.states.back_mut());
        match newest {
            // A word after a silence must not make the silence look as if there was none.
            Some(last) if at.saturating_sub(last.node.heard.unwrap_or(0)) < ROUTINE => {
                last.node.heard = node.heard;
            }
            _ => self.state(at, id, node),
        }
    }

    /// A node told of an event.
    pub fn event(&mut self, at: u64, id: u64, event: Rc<EventView>) {
        let track = self.tracks.entry(id).or_default();
        track.event_bytes += event_weight(&event);
        track.events.push_back(Heard { at, event });
        track.forget(at);
    }

    /// Something of a node is missing between two of its words.
    pub fn gap(&mut self, id: u64, gap: Gap) {
        let gaps = &mut self.tracks.entry(id).or_default().gaps;
        if gaps.len() >= MOST_GAPS {
            gaps.pop_front();
        }
        gaps.push_back(gap);
    }

    /// How a node was at a moment; `None`: nothing is known, or kept, of it.
    #[must_use]
    pub fn at(&self, id: u64, moment: u64) -> Option<&Node> {
        let states = &self.tracks.get(&id)?.states;
        let after = states.partition_point(|state| state.at <= moment);
        Some(&states.get(after.checked_sub(1)?)?.node)
    }

    /// Whether a moment lies in a gap of a node.
    #[must_use]
    pub fn in_gap(&self, id: u64, moment: u64) -> bool {
        let inside = |gap: &Gap| gap.from < moment && moment < gap.to;
        self.tracks
            .get(&id)
            .is_some_and(|track| track.gaps.iter().rev().any(inside))
    }

    /// The last event of a node up to a moment.
    #[must_use]
    pub fn last_event(&self, id: u64, moment: u64) -> Option<&EventView> {
        let events = &self.tracks.get(&id)?.events;
        let after = events.partition_point(|heard| heard.at <= moment);
        Some(&events.get(after.checked_sub(1)?)?.event)
    }

    /// The last events of all nodes up to a moment, newest last.
    #[must_use]
    pub fn events(&self, moment: u64, most: usize) -> Vec<EventView> {
        let mut found: Vec<&Heard> = Vec::new();
        for track in self.tracks.values() {
            let after = track.events.partition_point(|heard| heard.at <= moment);
            found.extend(track.events.range(after.saturating_sub(most)..after));
        }
        found.sort_by_key(|heard| heard.at);
        let from = found.len().saturating_sub(most);
        found[from..]
            .iter()
            .map(|heard| (*heard.event).clone())
            .collect()
    }

    /// An event by its number on the page.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<&Heard> {
        self.tracks.values().find_map(|track| {
            let at = track
                .events
                .binary_search_by_key(&id, |heard| heard.event.id);
            track.events.get(at.ok()?)
        })
    }

    /// The nearest event before or after a moment, of those that fit.
    #[must_use]
    pub fn step(&self, moment: u64, back: bool, fits: fn(&EventView) -> bool) -> Option<u64> {
        let fits = |heard: &&Heard| fits(&heard.event);
        let nearest = self.tracks.values().filter_map(|track| {
            let events = &track.events;
            if back {
                let before = events.partition_point(|heard| heard.at < moment);
                events.range(..before).rev().find(fits)
            } else {
                let after = events.partition_point(|heard| heard.at <= moment);
                events.range(after..).find(fits)
            }
        });
        let moments = nearest.map(|heard| heard.at);
        if back { moments.max() } else { moments.min() }
    }

    /// The earliest moment worth a look: every node had said something, and nothing of it is
    /// dropped.
    #[must_use]
    pub fn from(&self) -> u64 {
        let dropped = self.tracks.values().map(|track| track.states_from).max();
        let begun = self.begun.or(self.first).unwrap_or(0);
        begun.max(dropped.unwrap_or(0))
    }

    /// The earliest moment from which on every event is kept.
    #[must_use]
    pub fn events_from(&self) -> u64 {
        let dropped = self.tracks.values().map(|track| track.events_from).max();
        self.from().max(dropped.unwrap_or(0))
    }

    /// Everything kept, node by node.
    pub fn tracks(&self) -> impl Iterator<Item = (u64, &Track)> {
        self.tracks.iter().map(|(id, track)| (*id, track))
    }
}

impl Track {
    /// Whether it is known what the node is.
    fn is_known(&self) -> bool {
        let last = self.states.back();
        last.is_some_and(|state| {
            state.node.said().is_some() || state.node.process == Some(NodeCondition::Crashed)
        })
    }

    /// The states, in order.
    #[must_use]
    pub fn states(&self) -> &VecDeque<State> {
        &self.states
    }

    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> &VecDeque<Heard> {
        &self.events
    }

    /// The gaps, in order.
    #[must_use]
    pub fn gaps(&self) -> &VecDeque<Gap> {
        &self.gaps
    }

    /// Drops states that are not new any more and so close to the one before and the one after
    /// that nobody misses them.
    fn join(&mut self, now: u64) {
        let old = now.saturating_sub(FRESH);
        while let Some(next) = self.states.get(self.joined + 2)
            && next.at <= old
        {
            let (before, this) = (&self.states[self.joined], &self.states[self.joined + 1]);
            if next.at - before.at >= ROUTINE || !this.node.is_like(&before.node) {
                self.joined += 1;
                continue;
            }
            if let Some(gone) = self.states.remove(self.joined + 1) {
                self.state_bytes -= gone.node.weight();
            }
        }
    }

    fn forget(&mut self, now: u64) {
        let oldest = now.saturating_sub(LONGEST);
        // A state holds until the next one: the last before the limit is still needed.
        while self.states.len() > 1
            && (self.states.len() > MOST_STATES
                || self.state_bytes > STATE_BYTES
                || self.states[1].at <= oldest)
        {
            if let Some(gone) = self.states.pop_front() {
                self.state_bytes -= gone.node.weight();
                self.joined = self.joined.saturating_sub(1);
                self.states_from = self.states[0].at.max(oldest);
            }
        }
        while self.events.len() > MOST_EVENTS
            || self.event_bytes > EVENT_BYTES
            || self.events.front().is_some_and(|heard| heard.at < oldest)
        {
            let Some(gone) = self.events.pop_front() else {
                break;
            };
            self.event_bytes -= event_weight(&gone.event);
            self.events_from = gone.at + 1;
        }
        while self.gaps.front().is_some_and(|gap| gap.to < oldest) {
            self.gaps.pop_front();
        }
    }
}

/// Bytes of an event, about: the lists in it are as long as the cluster is large.
fn event_weight(_: &EventView) -> usize {
    size_of::<EventView>() + 128
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;
