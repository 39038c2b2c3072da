//! Disks that damage what they hold: a record rots in its place, a write lands on another record's
//! place, a write that was reported never happens, term and vote rot, a snapshot rots (traps D3 and
//! D9; FAST 2018, protocol-aware recovery).
//!
//! Which node may suffer it is for `atlas` to say. Drawn from a stream of their own, so that other
//! faults stay where they were.

use super::{Fault, State};
use crate::rng::{Purpose, Stream};
use crate::setup::{Rots, Setup};

/// When the next disk damages something.
#[derive(Clone, Debug, Hash)]
pub(super) struct Damages {
    pub next: u64,
    stream: Stream,
}

impl Damages {
    pub fn new(setup: &Setup) -> Damages {
        let plan = &setup.faults.rots;
        let mut stream = Stream::new(setup.seed, Purpose::Rot, 0);
        let next = super::first(&mut stream, plan.is_on(), plan.pause_min, plan.pause_max);
        Damages { next, stream }
    }

    /// What happens, and to whom.
    pub fn draw(&mut self, now: u64, plan: &Rots, state: State) -> Option<Fault> {
        let draw = &mut self.stream;
        self.next = now + draw.within(plan.pause_min.max(1), plan.pause_max);
        let Rots {
            rot,
            misdirected,
            lost,
            vote,
            snapshot,
            ..
        } = *plan;
        let class = draw.weighted(&[rot, misdirected, lost, vote, snapshot])?;
        let (node, place) = (draw.within(1, state.nodes), draw.bits());
        // What is newest is what hurts most.
        let place = if draw.below(2) == 0 {
            place % 4
        } else {
            place % 64
        };
        Some(match class {
            0 => Fault::Rot(node, place),
            1 => Fault::Misdirect(node, place),
            2 => Fault::LoseWrite(node),
            3 => Fault::RotVote(node),
            _ => Fault::RotSnapshot(node),
        })
    }
}
