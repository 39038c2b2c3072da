//! A disk that is wiped (trap D9), or on which term and vote rotted: the node never comes back under
//! its id. Its machine does, as a new node with an empty disk that nobody knows yet, and an operator
//! exchanges the two in the members: the old one out, the new one in as a learner, then as a voter.
//! Where an autopilot is on, the operator only adds the learner.

use super::{Fault, State, Wish, Wished};
use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::Setup;

/// How long a wipe waits that the cluster could not survive, microseconds.
const LATER: u64 = 300_000;
/// Longest time between two looks of the operator, microseconds.
const LOOKS: u64 = 800_000;

/// Who is wiped when, and what the operator is at.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Wiped {
    wipe_at: u64,
    look_at: u64,
    node: u64,
    piloted: bool,
    /// Whether there is an operator; in a run that is played again, what it did is done again.
    watched: bool,
    /// Old and new ids of the machines that came back.
    back: Vec<(u64, u64)>,
    stream: Stream,
}

impl Wiped {
    pub fn new(setup: &Setup) -> Wiped {
        let plan = &setup.faults;
        let on = plan.wiped > 0 && setup.newcomers > 0;
        Wiped {
            wipe_at: if on { plan.wiped_at } else { NEVER },
            look_at: NEVER,
            node: plan.wiped,
            piloted: setup.autopilot.is_some(),
            watched: on || plan.rots.vote > 0,
            back: Vec::new(),
            stream: Stream::new(setup.seed, Purpose::Wipe, 0),
        }
    }

    /// When something is due.
    pub fn due(&self) -> u64 {
        self.wipe_at.min(self.look_at)
    }

    /// Nobody is wiped any more, and the operator goes home.
    pub fn stop(&mut self) {
        (self.wipe_at, self.look_at) = (NEVER, NEVER);
        self.watched = false;
    }

    /// A node came back as another one.
    pub fn came_back(&mut self, now: u64, old: u64, new: u64) {
        // What came back before, and is gone again, is now this one.
        let again = self.back.iter_mut().filter(|(_, one)| *one == old);
        again.for_each(|(_, one)| *one = new);
        self.back.push((old, new));
        if old == self.node {
            self.wipe_at = NEVER;
        }
        if self.watched {
            self.look_at = self.look_at.min(now + LATER);
        }
    }

    /// What is due: the wipe, or a look of the operator, who asks anybody that leads.
    pub fn draw(&mut self, now: u64, state: State) -> Option<Fault> {
        if self.wipe_at <= now {
            self.wipe_at = now + LATER;
            return Some(Fault::Wipe(self.node));
        }
        self.look_at = now + self.stream.within(1, LOOKS);
        let one = match self.back.len() as u64 {
            1 => 0,
            count => self.stream.below(count.max(1)) as usize,
        };
        let (old, new) = *self.back.get(one)?;
        let piloted = self.piloted;
        let what = Wished::Exchange { old, new, piloted };
        let at = state.who_leads(self.stream.bits())?;
        Some(Fault::Exchange(Wish { at, what }))
    }
}
