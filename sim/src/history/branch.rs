//! One line of a run's tree: what was done on it, when its events happened, snapshots.
//!
//! A branch knows only what comes after its fork; what lies before belongs to its parent.

use super::events::EventLog;
use crate::intervention::Intervention;
use crate::timeline::Recorder;
use crate::world::World;
use std::collections::BTreeMap;

/// Times of events share a base in groups of this many.
const GROUP: usize = 1_024;
/// Events between two snapshots, at first.
pub(super) const SPACING: u64 = 256;

/// One line of the tree.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub id: usize,
    pub parent: Option<usize>,
    /// Number of the last event shared with the parent.
    pub fork: u64,
    pub fork_time: u64,
    /// Last trace event shared with the parent.
    pub fork_event: u64,
    /// Number of the last recorded event.
    pub end: u64,
    /// Interventions, by the position they were made at, with their time.
    pub acts: BTreeMap<u64, (u64, Intervention)>,
    pub snapshots: BTreeMap<u64, World>,
    pub snapshot_bytes: u64,
    /// Events between two snapshots.
    pub spacing: u64,
    pub events: EventLog,
    pub times: Times,
    pub timeline: Recorder,
}

impl Branch {
    /// A branch that begins at this world.
    pub fn new(id: usize, parent: Option<usize>, world: &World, timeline: Recorder) -> Branch {
        let mut branch = Branch {
            id,
            parent,
            fork: world.events(),
            fork_time: world.now(),
            fork_event: world.traced,
            end: world.events(),
            acts: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            snapshot_bytes: 0,
            spacing: SPACING,
            events: EventLog::default(),
            times: Times::default(),
            timeline,
        };
        branch.snapshot(world);
        branch
    }

    /// Keeps a copy of the world.
    pub fn snapshot(&mut self, world: &World) {
        let mut copy = world.clone();
        copy.forget_step();
        self.snapshot_bytes += copy.memory_estimate();
        self.snapshots.insert(copy.events(), copy);
    }

    /// Drops every second snapshot, never the first.
    pub fn thin(&mut self) {
        self.spacing *= 2;
        let (fork, spacing) = (self.fork, self.spacing);
        self.snapshots
            .retain(|position, _| *position == fork || position % spacing == 0);
        self.snapshot_bytes = self.snapshots.values().map(World::memory_estimate).sum();
    }

    /// The snapshot at or before a position.
    pub fn nearest(&self, position: u64) -> Option<&World> {
        self.snapshots
            .range(..=position)
            .next_back()
            .map(|(_, world)| world)
    }

    /// Bytes held, about.
    pub fn memory(&self) -> u64 {
        let acts = 96 * self.acts.len() as u64;
        self.snapshot_bytes
            + self.events.memory()
            + self.times.memory()
            + acts
            + self.timeline.memory()
    }
}

/// When each event happened: four bytes per event.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    bases: Vec<u64>,
    since: Vec<u32>,
}

impl Times {
    /// Adds the time of the next event.
    pub fn push(&mut self, time: u64) {
        if self.since.len().is_multiple_of(GROUP) {
            self.bases.push(time);
        }
        let base = self.bases.last().copied().unwrap_or(time);
        self.since
            .push(u32::try_from(time - base).unwrap_or(u32::MAX));
    }

    fn at(&self, place: usize) -> u64 {
        self.bases[place / GROUP] + u64::from(self.since[place])
    }

    /// How many of the events happened at or before a time.
    pub fn until(&self, time: u64) -> u64 {
        let (mut low, mut high) = (0, self.since.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.at(middle) <= time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low as u64
    }

    /// Bytes held.
    pub fn memory(&self) -> u64 {
        (8 * self.bases.len() + 4 * self.since.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found() {
        let mut times = Times::default();
        (0..5_000).for_each(|n| times.push(10 * (n / 2)));
        assert_eq!(times.until(0), 2);
        assert_eq!(times.until(9), 2);
        assert_eq!(times.until(10), 4);
        assert_eq!(times.until(1_000_000), 5_000);
    }
}
