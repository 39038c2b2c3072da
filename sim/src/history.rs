//! A run that can be played, stepped back, sought and branched.

use crate::intervention::Intervention;
use crate::setup::Setup;
use crate::timeline::Timeline;
use crate::world::World;
use raftwerk_wire::view::{ClusterView, EventView};

/// One line of a run's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchInfo {
    /// Its number.
    pub id: usize,
    /// The branch it leaves; `None` for the first.
    pub parent: Option<usize>,
    /// Where it leaves, as event number.
    pub fork_position: u64,
    /// When it leaves, microseconds.
    pub fork_time: u64,
    /// Number of its last recorded event.
    pub end: u64,
}

/// A recorded run with a place in it.
#[derive(Clone, Debug)]
pub struct History {
    setup: Setup,
    world: World,
}

impl History {
    /// A new run at its start.
    #[must_use]
    pub fn new(setup: Setup) -> History {
        let world = World::new(&setup);
        History { setup, world }
    }
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
        0
    }
    /// Recorded end of this branch.
    #[must_use]
    pub fn end(&self) -> u64 {
        0
    }
    /// Time of the last event played, microseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.world.now()
    }
    /// When the next event happens, microseconds.
    #[must_use]
    pub fn next_time(&self) -> Option<u64> {
        self.world.next_time()
    }
    /// Plays one event; false at the end of all time.
    pub fn forward(&mut self) -> bool {
        false
    }
    /// Goes back one event; false at the start.
    pub fn back(&mut self) -> bool {
        false
    }
    /// Goes to a position: nearest snapshot plus replay. Beyond the end it stops at the end.
    pub fn seek(&mut self, position: u64) {
        let _ = position;
    }
    /// Plays events with time up to `time`, at most `max_events`; returns how many.
    pub fn run_until(&mut self, time: u64, max_events: u64) -> u64 {
        let _ = (time, max_events);
        0
    }
    /// Intervenes at a time between now and the next event. In the past this starts a branch.
    ///
    /// # Errors
    /// Why it is not possible, in one sentence; then nothing has changed.
    pub fn act(&mut self, what: Intervention, at: u64) -> Result<(), String> {
        let _ = at;
        self.world.act(&what)
    }
    /// Goes to the next step that made an interesting event; false when there is none.
    pub fn next_landmark(&mut self) -> bool {
        false
    }
    /// Goes to the previous step that made an interesting event; false when there is none.
    pub fn previous_landmark(&mut self) -> bool {
        false
    }
    /// State hash of the world here.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.world.hash()
    }
    /// The picture for a screen; `playhead` is a time between now and the next event.
    #[must_use]
    pub fn view(&self, playhead: u64) -> ClusterView {
        self.world.view(playhead)
    }
    /// The last events up to here, newest last.
    #[must_use]
    pub fn recent_events(&self, count: usize) -> Vec<EventView> {
        let _ = count;
        Vec::new()
    }
    /// An event by number, for walking a chain of causes.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<EventView> {
        let _ = id;
        None
    }
    /// Position of the last event at or before a time.
    #[must_use]
    pub fn position_of_time(&self, time: u64) -> u64 {
        let _ = time;
        0
    }
    /// The whole branch at a glance.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        Timeline::default()
    }
    /// All branches.
    #[must_use]
    pub fn branches(&self) -> Vec<BranchInfo> {
        Vec::new()
    }
    /// Number of the current branch.
    #[must_use]
    pub fn branch(&self) -> usize {
        0
    }
    /// Goes to another branch, to its end.
    pub fn switch(&mut self, id: usize) {
        let _ = id;
    }
    /// Bytes of memory held, about.
    #[must_use]
    pub fn memory_estimate(&self) -> u64 {
        0
    }
}
