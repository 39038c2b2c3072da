//! A deterministic cluster: nodes, network, disks, clients, faults and checks.

use crate::intervention::Intervention;
use crate::setup::Setup;
use raftwerk_wire::view::ClusterView;

/// The first violated check of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which check.
    pub check: &'static str,
    /// What was seen.
    pub detail: String,
    /// At which event.
    pub event: u64,
}

/// A cluster at one moment, able to go one event further. Cheap to clone.
#[derive(Clone, Debug)]
pub struct World {
    now: u64,
}

impl World {
    /// The cluster just started.
    #[must_use]
    pub fn new(setup: &Setup) -> World {
        let _ = setup;
        World { now: 0 }
    }
    /// Plays exactly one event; false when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        false
    }
    /// Carries out an intervention now.
    ///
    /// # Errors
    /// Why it is not possible, in one sentence; then nothing has changed.
    pub fn act(&mut self, what: &Intervention) -> Result<(), String> {
        Err(format!("{what}: not now"))
    }
    /// Time of the last event, microseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }
    /// Time of the next event.
    #[must_use]
    pub fn next_time(&self) -> Option<u64> {
        None
    }
    /// Hash over everything that determines the future; equal on every platform.
    #[must_use]
    pub fn hash(&self) -> u64 {
        0
    }
    /// The picture for a screen; `now` is the time of the playhead.
    #[must_use]
    pub fn view(&self, now: u64) -> ClusterView {
        ClusterView {
            now,
            ..ClusterView::default()
        }
    }
    /// The first violated check, if any.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        None
    }
}
