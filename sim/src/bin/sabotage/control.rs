//! The control: with nothing broken no check may fail, whatever is played.

use crate::{Options, each, once};
use raftwerk_sim::sabotage::page::Caught;
use raftwerk_sim::{Course, World};
use serde_json::{Value, json};

/// Plays so many seeds of some courses and says what fails.
pub fn control(options: &Options, seeds: u64, courses: &[Course]) -> (Vec<String>, Value) {
    let name = |course: &Course| course.name;
    let wrong = each(courses, options.threads, name, |course, told| {
        let play = |seed| {
            told(seed);
            let world = || World::new(&(course.setup)(seed));
            let Caught { by, detail, .. } = once(course, seed, options.steps, world)?;
            let name = course.name;
            Some(format!(
                "nothing is broken; {name}, seed {seed}: {by}: {detail}"
            ))
        };
        (0..seeds).filter_map(play).collect::<Vec<_>>()
    });
    let wrong = wrong.concat();
    let object = json!({
        "courses": courses.len(),
        "seeds": seeds,
        "violations": wrong.len(),
    });
    (wrong, object)
}
