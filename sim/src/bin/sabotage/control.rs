//! The control: with nothing broken no check may fail, whatever is played.

use crate::{Options, each, said};
use raftwerk_sim::{Course, Effort};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Plays so many seeds of some courses, the judges of a storm looking on, and says what fails, with
/// the line that shows it again, makes it smaller and ends in a link.
pub fn control(options: &Options, seeds: u64, courses: &[Course]) -> (Vec<String>, Value) {
    let name = |course: &Course| course.name;
    let wrong = each(courses, options.threads, name, |course, told| {
        let play = |seed| {
            told(seed);
            let what = wrong(course, seed, options.steps)?;
            let (name, steps) = (course.name, options.steps);
            let storm = "cargo run --release -p raftwerk-sim --bin storm --";
            Some([
                format!("nothing is broken; {name}, seed {seed}: {what}"),
                format!("  reproduce: {storm} --course {name} --seed {seed} --steps {steps}"),
            ])
        };
        (0..seeds).filter_map(play).collect::<Vec<_>>()
    });
    let wrong = wrong.concat();
    let object = json!({
        "courses": courses.len(),
        "seeds": seeds,
        "violations": wrong.len(),
    });
    (wrong.concat(), object)
}

/// What fails with one seed, or what was not found out.
fn wrong(course: &Course, seed: u64, steps: u64) -> Option<String> {
    let effort = Effort {
        refine: true,
        ..Effort::default()
    };
    let play = AssertUnwindSafe(|| course.judged(seed, steps, &effort));
    match catch_unwind(play) {
        Err(cause) => Some(format!("panic: {}", said(cause))),
        Ok(report) => match (report.violation, report.judged.gave_up) {
            (Some(violation), _) => Some(format!("{}: {}", violation.check, violation.detail)),
            (None, Some(why)) => Some(format!("the search for an order was cut off at {why}")),
            (None, None) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, Options};
    use raftwerk_sim::Setup;

    /// Nothing is broken but the disks, which forget what they had said was synced.
    fn lying(seed: u64) -> Setup {
        let mut setup = Setup::storm(seed);
        setup.disk.lies = 8;
        setup
    }

    #[test]
    fn what_fails_is_told_with_the_line_that_shows_it_again() {
        let course = |name, setup| Course {
            name,
            about: "For a test.",
            setup,
            play: |world, steps| while world.events() < steps && world.step() {},
        };
        let options = Options {
            max_seeds: 6,
            only: None,
            steps: 4_000,
            threads: 1,
            json: false,
            mode: Mode::Control,
        };
        let courses = [course("honest", Setup::storm), course("lying", lying)];
        let (wrong, object) = control(&options, 6, &courses);
        assert_eq!(object["violations"].as_u64(), Some(wrong.len() as u64 / 2));
        assert!(!wrong.is_empty());
        for told in wrong.chunks(2) {
            let seed = told[0].strip_prefix("nothing is broken; lying, seed ");
            let seed = seed
                .and_then(|rest| rest.split(':').next())
                .expect("a seed");
            let storm = "cargo run --release -p raftwerk-sim --bin storm --";
            let again = format!("  reproduce: {storm} --course lying --seed {seed} --steps 4000");
            assert_eq!(told[1], again);
        }
    }
}
