//! Looking at a recorded run: events and their causes, landmarks, picture, timeline.

use super::History;
use super::branch::Branch;
use crate::setup::Setup;
use crate::timeline::{Mark, Timeline};
use crate::world::World;
use raftwerk_wire::view::{ClusterView, EventView};

/// How far [`History::next_landmark`] plays on beyond the end: events, and microseconds.
const LOOK_AHEAD: (u64, u64) = (20_000, 10_000_000);

impl History {
    /// Goes to the next step that made an interesting event. At the end it plays on, for at
    /// most 10 simulated seconds; false when nothing interesting came.
    pub fn next_landmark(&mut self) -> bool {
        let position = self.position();
        if let Some(found) = self.landmark_after(position) {
            self.seek(found);
            return true;
        }
        self.seek(self.end());
        let until = self.now().saturating_add(LOOK_AHEAD.1);
        for _ in 0..LOOK_AHEAD.0 {
            if self.next_time().is_none_or(|next| next > until) || !self.forward() {
                break;
            }
            if self
                .world
                .fresh
                .iter()
                .any(|event| event.event.kind.is_landmark())
            {
                return true;
            }
        }
        self.seek(position);
        false
    }

    /// Goes to the previous step that made an interesting event; false when there is none.
    pub fn previous_landmark(&mut self) -> bool {
        let position = self.position();
        let found = self.line().find_map(|(branch, last)| {
            branch
                .events
                .landmark_before(position.min(last.saturating_add(1)))
        });
        if let Some(found) = found {
            self.seek(found);
        }
        found.is_some()
    }

    fn landmark_after(&self, position: u64) -> Option<u64> {
        let line: Vec<(&Branch, u64)> = self.line().collect();
        let mut oldest_first = line.into_iter().rev();
        oldest_first.find_map(|(branch, last)| branch.events.landmark_after(position, last))
    }

    /// The last events up to here, newest last.
    #[must_use]
    pub fn recent_events(&self, count: usize) -> Vec<EventView> {
        let last = self.world.traced;
        let first = (last + 1).saturating_sub(count as u64).max(1);
        (first..=last).filter_map(|id| self.event(id)).collect()
    }

    /// An event by number, for walking a chain of causes. `None` when it never happened on this
    /// branch or is not kept any more.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<EventView> {
        let (branch, _) = self.line().find(|(branch, _)| id > branch.fork_event)?;
        branch.events.get(id)
    }

    /// Position of the last event at or before a time.
    #[must_use]
    pub fn position_of_time(&self, time: u64) -> u64 {
        for (branch, last) in self.line() {
            let within = branch.times.until(time);
            if within > 0 {
                return (branch.fork + within).min(last);
            }
        }
        0
    }

    // ------------------------------------------------------------------ looking

    /// What the run was told at birth.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The world at the current position.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Events played up to here.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.world.events()
    }

    /// Recorded end of this branch.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.branches[self.current].end
    }

    /// Time of the last event played, microseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.world.now()
    }

    /// When the next event happens, microseconds: the recorded one, if there is one.
    #[must_use]
    pub fn next_time(&self) -> Option<u64> {
        let position = self.position();
        if position < self.end()
            && let Some((at, _)) = self.act_at(position)
        {
            return Some(at);
        }
        self.world.next_time()
    }

    /// State hash of the world here.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.world.hash()
    }

    /// The picture for a screen; `playhead` is a time between now and the next event.
    #[must_use]
    pub fn view(&self, playhead: u64) -> ClusterView {
        let mut view = self.world.view(playhead);
        for (card, node) in view.nodes.iter_mut().zip(&self.world.nodes) {
            card.last_event = self.event(node.last_event);
        }
        view
    }

    /// What a stage shows of it, with the fields of one message: cheap enough for every frame.
    #[must_use]
    pub fn stage(&self, playhead: u64, message: Option<u64>) -> ClusterView {
        self.world.stage(playhead, message)
    }

    /// The whole branch at a glance.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        self.branches[self.current].timeline.picture()
    }

    /// The last faults that began or ended up to here, oldest first.
    #[must_use]
    pub fn recent_faults(&self, count: usize) -> Vec<Mark> {
        let (here, timeline) = (self.position(), &self.branches[self.current].timeline);
        let mut faults = timeline.faults_until(here, count);
        faults.reverse();
        faults
    }

    /// Bytes of memory held, about.
    #[must_use]
    pub fn memory_estimate(&self) -> u64 {
        let branches: u64 = self.branches.iter().map(Branch::memory).sum();
        branches + self.world.memory_estimate()
    }
}
