//! A disk that is wiped (trap D9): the node never comes back under its id. Its machine does, as a
//! new node with an empty disk that nobody knows yet, and an operator exchanges the two in the
//! members: the old one out, the new one in as a learner, then as a voter. Where an autopilot is
//! on, the operator only adds the learner.

use super::{Fault, State, Wish, Wished};
use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::{FaultPlan, Setup};

/// How long a wipe waits that the cluster could not survive, microseconds.
const LATER: u64 = 300_000;
/// Longest time between two looks of the operator, microseconds.
const LOOKS: u64 = 800_000;

/// Who is wiped when, and what the operator is at.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Wiped {
    pub next: u64,
    node: u64,
    piloted: bool,
    /// The new id of the node, once it is wiped.
    new: Option<u64>,
    stream: Stream,
}

impl Wiped {
    pub fn new(setup: &Setup) -> Wiped {
        let plan = &setup.faults;
        let on = plan.wiped > 0 && setup.newcomers > 0;
        Wiped {
            next: if on { plan.wiped_at } else { NEVER },
            node: plan.wiped,
            piloted: setup.autopilot.is_some(),
            new: None,
            stream: Stream::new(setup.seed, Purpose::Wipe, 0),
        }
    }

    /// The node was wiped and came back as this one.
    pub fn came_back(&mut self, new: u64) {
        self.new = Some(new);
    }

    /// What is due: the wipe, or a look of the operator, who asks anybody that leads.
    pub fn draw(&mut self, now: u64, plan: &FaultPlan, state: State) -> Option<Fault> {
        let Some(new) = self.new else {
            self.next = now + LATER;
            return Some(Fault::Wipe(plan.wiped));
        };
        self.next = now + self.stream.within(1, LOOKS);
        let (old, piloted) = (self.node, self.piloted);
        let what = Wished::Exchange { old, new, piloted };
        let at = state.who_leads(self.stream.bits())?;
        Some(Fault::Exchange(Wish { at, what }))
    }
}
