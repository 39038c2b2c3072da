//! The rules that a learner takes away in the playground (playground design 6.3): for each a
//! scenario, the check that it is about, and at which event that check fails.
//!
//! A scenario goes by hand, message by message, with one delay for all messages and one for all
//! writes: it meets what a storm may meet, and nothing else. So the checks that fail in it are
//! known one by one. Where others than the one that is named fail, they do by necessity, and the
//! row says why: they look at how a promise is kept, and so they see the cause of what is to come,
//! or they see the same harm in another of its shapes. With the rule kept no check fails; most
//! scenarios do not come to their end then.
//!
//! Looked at are all checks that follow a world event by event, and at the end the order of what
//! clients were told; not the machine of the paper, which reads traces when a run is over.

mod rows;

use super::{Broken, HARM, Plan, Who, plans};
use crate::linear::{self, Limit, Recorder, Verdict};
use crate::scenario::{File, Player, Wish};
use crate::setup::{Sabotage, Setup};
use crate::world::World;
use rows::{EVERYBODY, ROWS, Row};
use std::sync::Arc;

/// What the history of the clients is checked for when a run has ended.
const LINEAR: &str = "Linearizable history";

/// How a rule is taken away, and what must fail.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Its number in the list of the playground.
    pub number: u32,
    /// What is broken. By whom and in which course does not matter here.
    pub plan: Plan,
    /// The checks that it is about, in the order in which they fail.
    pub about: &'static [&'static str],
    /// Every check that fails, and at which event, in the order of time.
    pub fails: &'static [(&'static str, u64)],
    /// Why the others fail too; empty where there are none.
    pub why: &'static str,
    /// The nodes that break the rule, as bits.
    nodes: u16,
    scenario: &'static str,
    tune: fn(&mut Setup),
}

/// How a scenario went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The checks that failed, and at which event, in the order of time.
    pub failed: Vec<(&'static str, u64)>,
    /// The step that did not come, if the scenario did not come to its end.
    pub stopped: Option<String>,
}

/// All of them.
///
/// # Panics
/// When a row names a rule that is not there; a test looks at every row.
#[must_use]
pub fn lessons() -> Vec<Lesson> {
    let plans = plans();
    let lesson = |row: &Row| Lesson {
        number: row.number,
        plan: *plans
            .iter()
            .find(|plan| plan.name() == row.rule)
            .expect("rows name rules that there are"),
        about: row.about,
        fails: row.fails,
        why: row.why,
        nodes: row.nodes,
        scenario: row.scenario,
        tune: match row.rule {
            "l6-drift" => |setup| setup.timing.drift_ppm = 200_000,
            _ => |_| {},
        },
    };
    ROWS.iter().map(lesson).collect()
}

impl Lesson {
    /// The checks that it is about, and when they fail.
    #[must_use]
    pub fn comes_to(&self) -> Vec<(&'static str, u64)> {
        self.those(|check| self.about.contains(&check))
    }

    /// Those that look at how the promise is kept.
    #[must_use]
    pub fn on_the_way(&self) -> Vec<(&'static str, u64)> {
        self.those(|check| !self.about.contains(&check) && !is_harm(check))
    }

    /// Those that see what is promised broken in another shape.
    #[must_use]
    pub fn the_same_harm(&self) -> Vec<(&'static str, u64)> {
        self.those(|check| !self.about.contains(&check) && is_harm(check))
    }

    fn those(&self, wanted: impl Fn(&'static str) -> bool) -> Vec<(&'static str, u64)> {
        let fails = self.fails.iter().copied();
        fails.filter(|(check, _)| wanted(check)).collect()
    }

    /// Plays the scenario, with the rule broken or kept.
    ///
    /// # Panics
    /// When the scenario is none; a test plays every one.
    #[must_use]
    pub fn play(&self, broken: bool) -> Run {
        let name = format!("{}.json", self.plan.name());
        let file = File::read(&name, self.scenario).expect("it is a scenario");
        let mut setup = file.setup().expect("a world can have it");
        (self.tune)(&mut setup);
        if broken {
            self.break_in(&mut setup);
        }
        let mut world = World::traced(&setup);
        let (mut told, mut failed) = (Recorder::default(), Vec::new());
        let stopped = follow(&mut world, Player::new(Arc::new(file)), |world| {
            told.look(world);
            let known = failed.len();
            let new = world.broken_checks().into_iter().skip(known);
            failed.extend(new.map(|check| (check, world.events())));
        });
        let verdict = linear::check(&told.history(&world), Limit::default());
        if matches!(verdict, Verdict::Impossible(_)) {
            failed.push((LINEAR, world.events()));
        }
        Run {
            failed,
            stopped: stopped.err(),
        }
    }

    fn break_in(&self, setup: &mut Setup) {
        let everybody = (1 << (setup.nodes + 1)) - 2;
        let nodes = self.nodes & everybody;
        match self.plan.broken {
            Broken::Rule(rule) => setup.sabotage = Some(Sabotage { rule, nodes }),
            Broken::Option(option) => (option.off)(&mut setup.switches),
            Broken::Host(host) => setup.careless = Some(host.rule),
        }
    }

    /// Who breaks the rule.
    #[must_use]
    pub fn who(&self) -> Who {
        match self.nodes {
            EVERYBODY => Who::All,
            _ => Who::One,
        }
    }

    /// What is not as the lesson says, when it is played both ways.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        let name = self.plan.name();
        let (with, without) = (self.play(false), self.play(true));
        if without.failed != self.fails || without.stopped.is_some() {
            return Some(format!("{name}: it goes otherwise: {without:?}"));
        }
        (!with.failed.is_empty()).then(|| format!("{name}: with the rule kept: {with:?}"))
    }
}

/// Whether it is a promise of Raft, or something that a client sees.
fn is_harm(check: &str) -> bool {
    check == LINEAR || HARM.contains(&check)
}

/// Follows a scenario to its end, and looks at the world after every event.
fn follow(
    world: &mut World,
    mut player: Player,
    mut look: impl FnMut(&World),
) -> Result<(), String> {
    look(world);
    loop {
        match player.next(world)? {
            Wish::Act(at, what) => world.act_at(&what, at)?,
            Wish::Step if world.step() => {}
            Wish::Step => return Err("nothing is left to happen".to_string()),
            Wish::Fork(fork) => return Err(format!("no branch is played: {}", fork.name)),
            Wish::End => return Ok(()),
        }
        look(world);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lessons_are_numbered_in_order_and_name_checks_that_there_are() {
        let lessons = lessons();
        assert!(lessons.iter().map(|lesson| lesson.number).eq(1..=14));
        for lesson in lessons {
            for (check, _) in lesson.fails {
                assert!(
                    crate::checks::statements().any(|(one, _)| one == *check),
                    "{check}"
                );
            }
        }
    }

    #[test]
    fn every_lesson_fails_the_checks_it_says_at_the_events_it_says_and_none_with_the_rule_kept() {
        let wrong: Vec<String> = lessons().iter().filter_map(Lesson::wrong).collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// A lesson is about harm. (Only a term that falls is a promise of each node by itself, and there
    /// the harm follows.) What looks at how a promise is kept fails before, at the latest with it.
    #[test]
    fn a_lesson_is_about_harm_and_what_is_stricter_fails_before() {
        for lesson in lessons() {
            let name = lesson.plan.name();
            let Some((harm, event)) = lesson.comes_to().pop() else {
                panic!("{name} is about nothing");
            };
            assert!(is_harm(harm), "{name}: {harm}");
            for (check, earlier) in lesson.on_the_way() {
                assert!(earlier <= event, "{name}: {check}");
            }
        }
    }

    /// Those that a lesson is about are among those that fail, in that order, and whatever else
    /// fails has a reason.
    #[test]
    fn a_lesson_comes_to_what_it_is_about() {
        for lesson in lessons() {
            let fails = lesson.fails.iter().map(|(check, _)| *check);
            let about: Vec<&str> = fails.filter(|check| lesson.about.contains(check)).collect();
            assert_eq!(about, lesson.about, "{}", lesson.plan.name());
            let others = lesson.fails.len() - about.len();
            assert_eq!(others == 0, lesson.why.is_empty(), "{}", lesson.plan.name());
        }
    }
}
