//! The rules that a learner takes away: whether the check that is named tells what comes of it.

use crate::{Options, each, play};
use raftwerk_sim::sabotage::page::{Taught, read_lesson};
use raftwerk_sim::sabotage::{Lesson, lessons};
use serde_json::{Value, json};

fn name(lesson: &Lesson) -> &'static str {
    lesson.plan.name()
}

fn chosen(options: &Options) -> Vec<Lesson> {
    let only = options.only.as_deref();
    let wanted = |lesson: &Lesson| only.is_none_or(|only| only == name(lesson));
    lessons().into_iter().filter(wanted).collect()
}

/// Whether the check of a lesson fails with a seed.
fn once(lesson: &Lesson, seed: u64, steps: u64) -> bool {
    let (mut world, mut failed) = (None, false);
    play(&mut world, |world| {
        failed = lesson.play(world.insert(lesson.world(seed)), steps);
    });
    // The core may have stopped itself on the way.
    failed || world.is_some_and(|world| world.broken_checks().contains(&lesson.check))
}

/// Plays seeds until the check fails, for every lesson.
pub fn hunt(options: &Options) -> Vec<Taught> {
    each(&chosen(options), options.threads, name, |lesson, told| {
        let fails = |seed: &u64| {
            told(*seed);
            once(lesson, *seed, options.steps)
        };
        (*lesson, (0..options.max_seeds).find(fails))
    })
}

/// What is not as the lesson says.
pub fn surprise((lesson, seed): &Taught) -> Option<String> {
    let silent = format!("{} does not end with: {}", name(lesson), lesson.check);
    seed.is_none().then_some(silent)
}

/// The lesson as an object.
pub fn row((lesson, seed): &Taught) -> Value {
    json!({
        "number": lesson.number,
        "rule": name(lesson),
        "course": lesson.plan.course.name,
        "ends_with": lesson.check,
        "seed": seed,
    })
}

/// Whether what the page says of the lessons is still true.
pub fn again(options: &Options, page: &str) -> Vec<String> {
    let wrong = each(&chosen(options), options.threads, name, |lesson, _| {
        let Some(seed) = read_lesson(page, lesson) else {
            return Some(format!("{} is no lesson of docs/sabotage.md", name(lesson)));
        };
        let silent = format!("{}, seed {seed}: no more {}", name(lesson), lesson.check);
        (!once(lesson, seed, options.steps)).then_some(silent)
    });
    wrong.into_iter().flatten().collect()
}
