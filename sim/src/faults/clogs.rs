//! Links that clog: a direction holds back all it has for a while and then lets go of it at once
//! (`network::clogs`).
//!
//! Drawn from a stream of their own, so that other faults stay where they were.

use super::{Fault, State};
use crate::rng::{Purpose, Stream};
use crate::setup::{Clogs, Setup};

/// When the next link clogs.
#[derive(Clone, Debug, Hash)]
pub(super) struct Clogged {
    pub next: u64,
    stream: Stream,
}

impl Clogged {
    pub fn new(setup: &Setup) -> Clogged {
        let plan = &setup.faults.clogs;
        let mut stream = Stream::new(setup.seed, Purpose::Clog, 0);
        let next = super::first(&mut stream, plan.is_on(), plan.pause_min, plan.pause_max);
        Clogged { next, stream }
    }

    /// Which direction, and for how long. Half of the time one of those that a leader sends or
    /// hears through, if there is one: nothing hurts like the word of a leader that was.
    pub fn draw(&mut self, now: u64, plan: &Clogs, state: State) -> (Fault, u64) {
        let (draw, nodes) = (&mut self.stream, state.nodes);
        self.next = now + draw.within(plan.pause_min.max(1), plan.pause_max);
        let lasts = draw.within(plan.lasts_min, plan.lasts_max);
        let aimed = draw.below(2) == 0;
        let random = draw.within(1, nodes);
        let one = state.leader.filter(|_| aimed).unwrap_or(random);
        let other = (one + draw.within(1, nodes.max(2) - 1) - 1) % nodes + 1;
        let fault = match draw.below(2) {
            0 => Fault::Clog(one, other),
            _ => Fault::Clog(other, one),
        };
        (fault, lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::NEVER;

    #[test]
    fn single_directions_clog_for_a_while() {
        let mut setup = Setup::playground(3, 1);
        assert_eq!(Clogged::new(&setup).next, NEVER);
        setup.faults.clogs = Clogs {
            pause_min: 10,
            pause_max: 20,
            lasts_min: 5,
            lasts_max: 7,
        };
        let mut clogged = Clogged::new(&setup);
        let state = State {
            nodes: 3,
            leader: Some(2),
            down: 0,
            stalled: 0,
            leads: 0b100,
        };
        let mut drawn = std::collections::BTreeMap::new();
        for _ in 0..300 {
            let now = clogged.next;
            let (fault, lasts) = clogged.draw(now, &setup.faults.clogs, state);
            let Fault::Clog(from, to) = fault else {
                panic!("{fault:?}");
            };
            assert!((5..=7).contains(&lasts) && from != to);
            assert!((now + 10..=now + 20).contains(&clogged.next));
            *drawn.entry((from, to)).or_insert(0) += 1;
        }
        assert_eq!(drawn.len(), 6, "every direction");
        let at_leader: u32 = drawn
            .iter()
            .filter(|((from, to), _)| *from == 2 || *to == 2)
            .map(|(_, count)| count)
            .sum();
        assert!(at_leader > 220, "{at_leader} of 300");
    }
}
