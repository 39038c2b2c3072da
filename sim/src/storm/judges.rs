//! Two judges that watch a storm from outside and share nothing with the checks inside.
//!
//! One writes down what clients ask and are told, and at the end looks for an order of it
//! ([`linear`](crate::linear), thesis 6.3); the other reads every event of the trace as it comes
//! and says whether Figure 2 of the paper allows it ([`refine`](crate::refine)). The search may
//! use so much and no more: a search that is cut off found nothing wrong and nothing right, so it
//! is counted apart and never called fine: `storm` ends with status 1.

use super::{Onlooker, Watch};
use crate::checks::Check;
use crate::linear::{self, Limit, Recorder, Verdict};
use crate::refine::Machine;
use crate::world::World;
use raftwerk_wire::view::show_bytes;

/// How much is judged at the end of a storm, and of which storms the trace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Whether an order is looked for.
    pub order: bool,
    /// Whether the trace is judged; that takes about as long as the run itself.
    pub refine: bool,
    /// How much the search for an order may use.
    pub limit: Limit,
}

impl Default for Effort {
    /// An order is looked for, a second at most; the trace is not judged.
    fn default() -> Effort {
        let limit = Limit {
            states: 200_000,
            bytes: 32 << 20,
        };
        Effort {
            order: true,
            refine: false,
            limit,
        }
    }
}

/// What the judges looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Operations of clients.
    pub operations: u64,
    /// Events of the trace that were allowed.
    pub events: u64,
    /// The search for an order was cut off here.
    pub gave_up: Option<String>,
}

/// Both judges.
#[derive(Clone, Debug)]
pub(crate) struct Judges {
    recorder: Recorder,
    machine: Option<Machine>,
    /// The last trace event that was judged.
    seen: u64,
    effort: Effort,
}

impl Judges {
    /// Judges of a world that has just begun; it must be traced if its trace is to be judged.
    pub fn new(world: &World, effort: &Effort) -> Judges {
        let setup = world.setup();
        let machine = || Machine::new(&setup.first_members()).with_silence(setup.silence());
        Judges {
            recorder: Recorder::default(),
            machine: effort.refine.then(machine),
            seen: 0,
            effort: *effort,
        }
    }

    /// From here on something happens that the paper rules out: its machine reads no further.
    pub fn close_the_paper(&mut self) {
        self.machine = None;
    }

    /// The end: is there an order of what clients were told?
    pub fn verdict(&self, world: &mut World) -> Judged {
        let mut judged = Judged {
            events: self.machine.as_ref().map_or(0, |m| m.accepted() as u64),
            ..Judged::default()
        };
        if world.violation().is_some() || !self.effort.order {
            return judged;
        }
        let history = self.recorder.history(world);
        judged.operations = history.len() as u64;
        match linear::check(&history, self.effort.limit) {
            Verdict::Linearizable(_) => {}
            Verdict::Impossible(found) => world.checks.fail(Check::History, found.to_string()),
            Verdict::GaveUp { key, states } => {
                let key = show_bytes(&key);
                judged.gave_up = Some(format!("key {key}, after {states} states"));
            }
        }
        judged
    }
}

impl Onlooker for Judges {
    fn copy(&self) -> Box<dyn Onlooker> {
        Box::new(self.clone())
    }

    fn close_the_paper(&mut self) {
        Judges::close_the_paper(self);
    }

    fn into_judges(self: Box<Self>) -> Box<Judges> {
        self
    }
}

impl Watch for Judges {
    fn look(&mut self, world: &mut World) {
        if self.effort.order {
            self.recorder.look(world);
        }
        let Some(machine) = &mut self.machine else {
            return;
        };
        let mut rejected = None;
        for fresh in world.fresh.iter().filter(|fresh| fresh.id > self.seen) {
            let mut event = fresh.event.clone();
            // What a node promises for a while it promises by its own clock.
            event.at = world.nodes[event.node.0 as usize - 1].time(event.at.0);
            if let Err(rejection) = machine.accept(&event) {
                rejected = Some(rejection.to_string());
                break;
            }
        }
        self.seen = world.traced;
        if let Some(told) = rejected {
            world.checks.fail(Check::Refinement, told);
            self.machine = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Ending;
    use crate::setup::Setup;

    /// A storm in which something is changed before the judges see it.
    fn judged(limit: Limit, mut change: impl FnMut(&mut World)) -> (World, Judged) {
        let mut setup = Setup::storm(1);
        (setup.workload.read_leader, setup.workload.keys) = (5, 1);
        let mut world = World::traced(&setup);
        let effort = Effort {
            order: true,
            refine: true,
            limit,
        };
        let mut judges = Judges::new(&world, &effort);
        judges.look(&mut world);
        while world.events() < 6_000 && world.violation().is_none() && world.step() {
            change(&mut world);
            judges.look(&mut world);
        }
        let judged = judges.verdict(&mut world);
        (world, judged)
    }

    fn check(world: &World) -> Option<&'static str> {
        world.violation().map(|violation| violation.check)
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        let (world, judged) = judged(Effort::default().limit, |_| {});
        assert_eq!((world.violation(), judged.gave_up), (None, None));
        assert!(judged.operations > 50 && judged.events > 1_000);
    }

    #[test]
    fn a_read_that_misses_a_write_is_found_and_told() {
        let (world, _) = judged(Effort::default().limit, |world| {
            let last = world.clients[0].done.back_mut();
            if let Some(Ending::Read { item, .. }) = last.map(|done| &mut done.ending) {
                *item = None;
            }
        });
        assert_eq!(check(&world), Some("Linearizable history"));
        let told = &world.violation().unwrap().detail;
        assert!(
            told.contains("C1's read of k1") || told.contains("read nothing"),
            "{told}"
        );
    }

    #[test]
    fn an_event_that_may_not_happen_is_found_and_told() {
        let (world, _) = judged(Effort::default().limit, |world| {
            if world.events() > 3_000 {
                world
                    .fresh
                    .iter_mut()
                    .for_each(|fresh| fresh.event.term.0 += 1);
            }
        });
        assert_eq!(check(&world), Some("Refinement of Figure 2"));
        let told = &world.violation().unwrap().detail;
        assert!(told.contains("(P"), "{told}");
    }

    #[test]
    fn a_search_that_is_cut_off_is_no_verdict() {
        let (states, bytes) = (1, 1 << 20);
        let (world, judged) = judged(Limit { states, bytes }, |_| {});
        assert_eq!(world.violation(), None);
        assert!(judged.gave_up.unwrap().starts_with("key k1, after "));
    }
}
