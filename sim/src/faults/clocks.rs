//! Clocks that run wrong: each node's at a rate of its own, drawn anew now and then, and clocks
//! that jump forward (traps L6 and L10).
//!
//! Only a lease asks anything of clocks: with leases on, a storm keeps every rate within the bound
//! that they are told (`Timing::drift_ppm`), and no clock jumps. Without leases anything goes.
//! Drawn from a stream of their own, so that other faults stay where they were.

use super::{Fault, State};
use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::{Clocks, MILLION, Setup};

/// When the next clock changes.
#[derive(Clone, Debug, Hash)]
pub(super) struct Drifts {
    pub next: u64,
    /// The first draws, all at the very beginning, give each node a rate: so many have one.
    begun: u64,
    stream: Stream,
}

impl Drifts {
    pub fn new(setup: &Setup) -> Drifts {
        let on = setup.faults.clocks.is_on();
        Drifts {
            next: if on { 0 } else { NEVER },
            begun: 0,
            stream: Stream::new(setup.seed, Purpose::Clock, 0),
        }
    }

    /// Whose clock changes now, and how.
    pub fn draw(&mut self, now: u64, plan: &Clocks, state: State) -> Fault {
        let draw = &mut self.stream;
        if self.begun < state.nodes {
            self.begun += 1;
            if self.begun == state.nodes {
                self.next = now + draw.within(plan.pause_min, plan.pause_max);
            }
            return Fault::Rate(self.begun, rate(draw, plan.drift_ppm));
        }
        self.next = now + draw.within(plan.pause_min.max(1), plan.pause_max);
        let node = draw.within(1, state.nodes);
        let (rate, by) = (
            rate(draw, plan.drift_ppm),
            draw.within(1, plan.jump_max.max(1)),
        );
        if plan.jump_max > 0 && draw.below(3) == 0 {
            Fault::Jump(node, by)
        } else {
            Fault::Rate(node, rate)
        }
    }
}

/// As slow as may be, as fast as may be, or anything between: what breaks is found at the ends.
fn rate(draw: &mut Stream, drift: u32) -> u32 {
    let (slow, fast) = (MILLION - drift, MILLION + drift);
    let between = draw.within(slow.into(), fast.into()) as u32;
    [slow, fast, between][draw.below(3) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_a_rate_at_once_and_then_they_change() {
        let mut setup = Setup::playground(3, 1);
        assert_eq!(Drifts::new(&setup).next, NEVER);
        setup.faults.clocks = Clocks {
            pause_min: 10,
            pause_max: 20,
            drift_ppm: 100,
            jump_max: 50,
        };
        let mut drifts = Drifts::new(&setup);
        let state = State {
            nodes: 3,
            leader: None,
            down: 0,
            stalled: 0,
            leads: 0,
        };
        let mut drawn = Vec::new();
        for _ in 0..300 {
            let now = drifts.next;
            drawn.push((now, drifts.draw(now, &setup.faults.clocks, state)));
        }
        for node in 1..=3 {
            let (now, fault) = drawn[node as usize - 1];
            assert!(matches!(fault, Fault::Rate(one, _) if one == node));
            assert_eq!(now, 0);
        }
        assert!((10..=20).contains(&drawn[3].0));
        let rates = drawn.iter().filter_map(|(_, fault)| match fault {
            Fault::Rate(_, rate) => Some(*rate),
            _ => None,
        });
        assert!(
            rates
                .clone()
                .all(|rate| (999_900..=1_000_100).contains(&rate))
        );
        for end in [999_900, 1_000_100] {
            assert!(rates.clone().any(|rate| rate == end));
        }
        let jumps = drawn
            .iter()
            .filter(|(_, fault)| matches!(fault, Fault::Jump(1..=3, 1..=50)));
        assert!((50..150).contains(&jumps.count()));
    }
}
