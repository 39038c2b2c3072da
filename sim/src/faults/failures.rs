//! Disks that fail a write: the node must stop for good (trap D2), and is started again later.
//!
//! Drawn from a stream of their own, so that other faults stay where they were.

use super::State;
use crate::rng::{Purpose, Stream};
use crate::setup::{FaultPlan, Setup};

/// When the next disk fails.
#[derive(Clone, Debug, Hash)]
pub(super) struct Failures {
    pub next: u64,
    stream: Stream,
}

impl Failures {
    pub fn new(setup: &Setup) -> Failures {
        let plan = &setup.faults;
        let mut stream = Stream::new(setup.seed, Purpose::DiskFailure, 0);
        let next = super::first(
            &mut stream,
            plan.fail_pause_max > 0,
            plan.fail_pause_min,
            plan.fail_pause_max,
        );
        Failures { next, stream }
    }

    /// Whose disk fails, and after how long the node is started again. `None`: too many are down.
    pub fn draw(&mut self, now: u64, plan: &FaultPlan, state: State) -> Option<(u64, u64)> {
        let draw = &mut self.stream;
        self.next = now + draw.within(plan.fail_pause_min.max(1), plan.fail_pause_max);
        let lasts = draw.within(plan.lasts_min, plan.lasts_max);
        let node = draw.within(1, state.nodes);
        (state.down < plan.most_down).then_some((node, lasts))
    }
}
