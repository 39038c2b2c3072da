//! Storms of one kind: nodes that crash and start again and again within a short while, all of
//! them perhaps at once, and leaders that are asked to hand over again and again.
//!
//! Single crashes and transfers leave a cluster time to settle in between; these do not. Drawn
//! from a stream of their own, so that other faults stay where they were.

use super::{Fault, State, Wish, Wished};
use crate::rng::{Purpose, Stream};
use crate::setup::{Bursts, Setup};

/// When the next thing of a storm comes, and how many are left of it.
#[derive(Clone, Debug, Hash)]
pub(super) struct Storms {
    pub next: u64,
    left: u64,
    restarts: bool,
    stream: Stream,
}

impl Storms {
    pub fn new(setup: &Setup) -> Storms {
        let plan = &setup.faults.bursts;
        let mut stream = Stream::new(setup.seed, Purpose::Burst, 0);
        let next = super::first(&mut stream, plan.is_on(), plan.pause_min, plan.pause_max);
        Storms {
            next,
            left: 0,
            restarts: false,
            stream,
        }
    }

    /// The next of a storm, with the time a crashed node stays down. `None`: nobody to strike.
    pub fn draw(&mut self, now: u64, plan: &Bursts, state: State) -> Option<(Fault, u64)> {
        let draw = &mut self.stream;
        if self.left == 0 {
            self.left = draw.within(2, plan.most.max(2));
            self.restarts = draw.weighted(&[plan.restart, plan.transfer])? == 0;
        }
        self.left -= 1;
        let gap = draw.within(1, plan.gap_max.max(1));
        let pause = draw.within(plan.pause_min.max(1), plan.pause_max);
        self.next = now + if self.left == 0 { pause } else { gap };
        let (node, place, lasts) = (draw.within(1, state.nodes), draw.bits(), draw.bits());
        if self.restarts {
            let lasts = 1 + lasts % plan.gap_max.max(1);
            return Some((Fault::Restart(node), lasts));
        }
        let what = Wished::Transfer((place % 2 == 0).then_some(node));
        let at = state.who_leads(place / 2)?;
        Some((Fault::Urge(Wish { at, what }), 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::NEVER;

    #[test]
    fn a_storm_has_its_number_and_then_it_is_quiet() {
        let mut setup = Setup::playground(3, 1);
        assert_eq!(Storms::new(&setup).next, NEVER);
        setup.faults.bursts = Bursts {
            pause_min: 1_000_000,
            pause_max: 2_000_000,
            gap_max: 10,
            most: 5,
            restart: 1,
            transfer: 1,
        };
        let mut storms = Storms::new(&setup);
        let state = State {
            nodes: 3,
            leader: Some(2),
            down: 0,
            stalled: 0,
            leads: 0b100,
        };
        let (mut now, mut long, mut drawn) = (storms.next, 0, Vec::new());
        for _ in 0..400 {
            drawn.extend(storms.draw(now, &setup.faults.bursts, state));
            long += u32::from(storms.next - now > 10);
            now = storms.next;
        }
        assert_eq!(drawn.len(), 400);
        assert!((80..=200).contains(&long), "{long} storms of two to five");
        let restarts = drawn.iter().filter(|(fault, lasts)| {
            matches!(fault, Fault::Restart(1..=3)) && (1..=10).contains(lasts)
        });
        let urges = drawn
            .iter()
            .filter(|(fault, _)| matches!(fault, Fault::Urge(Wish { at: 2, .. })));
        assert_eq!(restarts.clone().count() + urges.clone().count(), 400);
        assert!(restarts.count() > 50 && urges.count() > 50);
    }
}
