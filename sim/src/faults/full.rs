//! Disks that are low on space for a while, and perhaps run out of it (trap D7).
//!
//! Drawn from a stream of their own, so that other faults stay where they were.

use super::{Fault, State};
use crate::rng::{Purpose, Stream};
use crate::setup::{FaultPlan, Setup};

/// When the next disk is low on space.
#[derive(Clone, Debug, Hash)]
pub(super) struct Fills {
    pub next: u64,
    stream: Stream,
}

impl Fills {
    pub fn new(setup: &Setup) -> Fills {
        let plan = &setup.faults;
        let mut stream = Stream::new(setup.seed, Purpose::Full, 0);
        let next = super::first(
            &mut stream,
            plan.fill_pause_max > 0,
            plan.fill_pause_min,
            plan.fill_pause_max,
        );
        Fills { next, stream }
    }

    /// Whose disk, with so much left, and after how long there is space again. `None`: too many
    /// nodes are down.
    pub fn draw(&mut self, now: u64, plan: &FaultPlan, state: State) -> Option<(Fault, u64)> {
        let draw = &mut self.stream;
        self.next = now + draw.within(plan.fill_pause_min.max(1), plan.fill_pause_max);
        let lasts = draw.within(plan.lasts_min, plan.lasts_max);
        let aimed = draw.chance(plan.aim_per_million);
        let random = draw.within(1, state.nodes);
        let left = draw.within(0, plan.fill_left_max);
        let node = state.leader.filter(|_| aimed).unwrap_or(random);
        (state.down < plan.most_down).then_some((Fault::Fill(node, left), lasts))
    }
}
