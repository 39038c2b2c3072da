//! The rules that a learner takes away in the playground (playground design 6.3), and the check
//! that must tell what comes of it.
//!
//! A stricter check often speaks first: that a vote left before it was on disk is seen at once,
//! two leaders of a term only in the end. A lesson is about the end, so its run goes on until the
//! check that it names has failed, with every node breaking the rule.

use super::{Plan, Who, plans};
use crate::courses::Course;
use crate::linear::{self, Limit, Recorder, Verdict};
use crate::world::World;

/// What the history of the clients is checked for when a run has ended.
const LINEAR: &str = "Linearizable history";

/// Events between two looks at what has failed.
const LOOK_EVERY: u64 = 64;

/// A rule taken away, and the check that must fail in the end.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Its number in the list of the playground.
    pub number: u32,
    /// What is broken.
    pub plan: Plan,
    /// The check.
    pub check: &'static str,
}

/// Number, rule, course, check.
const ROWS: [(u32, &str, &str, &str); 14] = [
    (1, "e5-no-check", "storm", "Leader completeness"),
    (2, "r13-old-term", "turmoil", "State machine safety"),
    (3, "e1-vote", "storm", "Election safety"),
    (4, "e1-term", "storm", "Monotonic terms"),
    (5, "r1-cut-all", "storm", "Leader completeness"),
    (6, "d1-ack-early", "storm", "Acknowledged writes survive"),
    (7, "r14-half", "storm", "Election safety"),
    (8, "l4-no-round", "reads", LINEAR),
    (9, "l1-no-own-entry", "reads", LINEAR),
    (10, "l6-drift", "leases", LINEAR),
    (11, "c1-no-sessions", "storm", "Session answers identical"),
    (12, "s11-no-sessions", "storm", "Session answers identical"),
    (13, "m4-direct", "turmoil", "Election safety"),
    (14, "m1-no-own-entry", "2015", "State machine safety"),
];

/// All of them.
///
/// # Panics
/// When a row names a rule or a course that is not there; a test looks at every row.
#[must_use]
pub fn lessons() -> Vec<Lesson> {
    let plans = plans();
    let lesson = |(number, rule, course, check): (u32, &str, &str, &'static str)| {
        let plan = plans.iter().find(|plan| plan.name() == rule);
        let mut plan = *plan.expect("rows name rules that there are");
        plan.course = Course::named(course).expect("rows name courses that there are");
        Lesson {
            number,
            plan,
            check,
        }
    };
    ROWS.map(lesson).to_vec()
}

impl Lesson {
    /// The world of a seed, with the rule broken by every node.
    #[must_use]
    pub fn world(&self, seed: u64) -> World {
        self.plan.world_by(Who::All, seed)
    }

    /// Plays a world for so many events, whatever else fails. Whether the check has failed.
    pub fn play(&self, world: &mut World, steps: u64) -> bool {
        let (mut told, linear) = (Recorder::default(), self.check == LINEAR);
        let failed = |world: &World| world.broken_checks().contains(&self.check);
        if self.plan.course.by_hand {
            (self.plan.course.play)(world, steps);
        }
        while world.events() < steps && world.step() {
            if linear {
                told.look(world);
            } else if world.events().is_multiple_of(LOOK_EVERY) && failed(world) {
                return true;
            }
        }
        if linear {
            let verdict = linear::check(&told.history(world), Limit::default());
            return matches!(verdict, Verdict::Impossible(_));
        }
        world.check_everything();
        failed(world)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lessons_are_numbered_in_order_and_name_checks_that_there_are() {
        let lessons = lessons();
        assert!(lessons.is_sorted_by_key(|lesson| lesson.number));
        for lesson in lessons {
            let known = crate::checks::statements().any(|(check, _)| check == lesson.check);
            assert!(known || lesson.check == LINEAR, "{}", lesson.check);
        }
    }
}
