//! The rules that a learner takes away: whether the checks that are named fail, when they are said
//! to, and no others.

use crate::{Options, each};
use raftwerk_sim::sabotage::page::has_lesson;
use raftwerk_sim::sabotage::{Lesson, lessons};
use serde_json::{Value, json};

fn name(lesson: &Lesson) -> &'static str {
    lesson.plan.name()
}

/// The lessons of the rules that were asked for.
pub fn chosen(options: &Options) -> Vec<Lesson> {
    let only = options.only.as_deref();
    let wanted = |lesson: &Lesson| only.is_none_or(|only| only == name(lesson));
    lessons().into_iter().filter(wanted).collect()
}

/// What does not go as the lessons say.
pub fn wrong(options: &Options) -> Vec<String> {
    let chosen = chosen(options);
    let wrong = each(&chosen, options.threads, name, |lesson, _| lesson.wrong());
    wrong.into_iter().flatten().collect()
}

/// The lesson as an object.
pub fn row(lesson: &Lesson) -> Value {
    let fails = lesson.fails.iter();
    let fails = fails.map(|(check, event)| json!({ "check": check, "event": event }));
    json!({
        "number": lesson.number,
        "rule": name(lesson),
        "about": lesson.about,
        "fails": fails.collect::<Vec<_>>(),
    })
}

/// The same, and what the page does not say of them.
pub fn again(options: &Options, page: &str) -> Vec<String> {
    let missing = chosen(options);
    let missing = missing.iter().filter(|lesson| !has_lesson(page, lesson));
    let missing =
        missing.map(|lesson| format!("{}: docs/sabotage.md has another row", name(lesson)));
    [missing.collect(), wrong(options)].concat()
}
