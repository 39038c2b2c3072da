//! The page `docs/sabotage.md`: written from what was found, and read again to see whether it is
//! still true.

use super::{Lesson, Plan, Who};
use crate::checks::statements;
use crate::courses::COURSES;
use std::fmt::Write;

/// How one rule fared.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was broken, and how.
    pub plan: Plan,
    /// What noticed, if anything did.
    pub caught: Option<Caught>,
    /// The first thing that Raft promises which did not hold, and with which seed, when the run
    /// went on and every node broke the rule.
    pub harm: Option<(&'static str, u64)>,
    /// The first scope of the explorer that ends in a violation, and the length of its path.
    pub explored: Option<(&'static str, usize)>,
}

/// What noticed that a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The check; `panic` when the core stopped itself.
    pub by: String,
    /// What was seen.
    pub detail: String,
    /// At which event.
    pub event: u64,
    /// With which seed; seeds are counted from 0, so one more was needed.
    pub seed: u64,
}

/// A row of the page, as far as it can be checked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Everything before the verdict: rule, sentence, section, who, course.
    pub plan: Vec<String>,
    /// The check.
    pub by: String,
    /// The seed; `None` where no course is expected to show anything.
    pub seed: Option<u64>,
    /// The scope of the explorer.
    pub explored: Option<String>,
}

const HEAD: &str = "\
# What each rule is for, and who notices when it is gone

A simulator that never fails proves nothing. So every rule of the core can be switched off, in a
build that no server is (feature `sabotage`), and some check must notice. This page is written by

    cargo run --release -p raftwerk-sim --features sabotage --bin sabotage -- --write

which plays seed after seed, from 0, until a check fails; the same command with `--check` plays
the seeds named here again, and `cargo xtask test` does that.

- *in*: whether one node breaks the rule, drawn by the seed, or every node: where the offence of one
  is outvoted or does no harm.
- *course*: what is played; see below.
- *noticed by*: the check that fails first, with the first seed that makes it fail.
- *comes to*: what Raft promises or a client sees broken in the end, if the run goes on and every
  node breaks the rule; with the first seed that shows it. Empty where the first 200 seeds show
  nothing of the kind, or where the rule is about progress.
- *explored*: the first scope of `explore` in which every way that things can go is searched and one
  ends in a violation; with the number of steps of the shortest such way.
- *core's own test*: a test of the core alone that fails without the rule; `cargo xtask test` runs
  each without its rule.
";

/// Rules of the hosts have tests elsewhere, which no switch of the core reaches.
const OF_HOSTS: &str = "
## Rules of the host around a core

Their tests are not the core's: they show what the rule is for.

";

const LESSONS: &str = "
## What a learner takes away

The rules that can be switched off in the playground (its design, 6.3), each with a scenario that
goes by hand and comes to the check in bold, which is what the lesson is about. Other checks fail in
it as well, by necessity, and are told apart by what they look at:

- *on the way*: how the promise is kept. They see the rule broken, or what follows from it, and so
  fail before any harm is done, at the latest with it.
- *the same harm*: what Raft promises or a client sees, in another shape.

In brackets stands the event at which a check fails; no other check does, and with the rule kept
none. The scenarios are in `sim/src/sabotage/lessons`; in `e1-term` S2 alone breaks the rule, in all
others every node does.

| number | rule | without it | what it comes to | on the way | the same harm | why those fail too |
|---|---|---|---|---|---|---|
";

const NOBODY: &str = "no course";
const NO_SEED: &str = "-";

/// The whole page.
#[must_use]
pub fn write(found: &[Found], lessons: &[Lesson]) -> String {
    let caught = || found.iter().filter_map(|found| found.caught.as_ref());
    let most = caught().map(|caught| caught.seed + 1).max().unwrap_or(0);
    let mut page = format!(
        "{HEAD}\n{} rules; {} are noticed: {} by a course, the last of them after {most} seeds, {} by \
         the explorer alone.\n\n",
        found.len(),
        found.iter().filter(|found| found.is_noticed()).count(),
        caught().count(),
        found
            .iter()
            .filter(|found| found.caught.is_none() && found.explored.is_some())
            .count(),
    );
    table(&mut page, found, true, "core's own test");
    page += OF_HOSTS;
    table(&mut page, found, false, "test");
    page += LESSONS;
    for lesson in lessons {
        page += &lesson_row(lesson);
    }
    if found.iter().any(|found| found.plan.spared.is_some()) {
        page += "\n## What no course can show\n\n";
    }
    for Found { plan, .. } in found {
        if let Some(why) = plan.spared {
            let _ = writeln!(page, "- `{}`: {why}", plan.name());
        }
    }
    page += "\n## Courses\n\n";
    for course in &COURSES {
        let _ = writeln!(page, "- *{}*: {}", course.name, course.about);
    }
    page += "\n## Checks\n\n";
    let named = |check: &str| found.iter().any(|found| found.names(check));
    for (check, statement) in statements().filter(|(check, _)| named(check)) {
        let _ = writeln!(page, "- *{check}*: {statement}");
    }
    page
}

/// The rules of the core, or those of hosts.
fn table(page: &mut String, found: &[Found], of_core: bool, test: &str) {
    let _ = writeln!(
        page,
        "| rule | without it | section | in | course | noticed by | seed | comes to | explored \
         | {test} |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    let wanted = |found: &&Found| found.plan.is_of_core() == of_core;
    for Found {
        plan,
        caught,
        harm,
        explored,
    } in found.iter().filter(wanted)
    {
        let [name, what, section, who, course] = cells(plan);
        let (by, seed) = match caught {
            Some(caught) => (caught.by.clone(), caught.seed.to_string()),
            None => (NOBODY.to_string(), NO_SEED.to_string()),
        };
        let harm = harm.map_or(String::new(), |(check, seed)| format!("{check} ({seed})"));
        let explored =
            explored.map_or(String::new(), |(scope, steps)| format!("{scope} ({steps})"));
        let verdict = format!("{by} | {seed} | {harm} | {explored} | `{}`", plan.test);
        let _ = writeln!(
            page,
            "| `{name}` | {what} | {section} | {who} | {course} | {verdict} |"
        );
    }
}

impl Found {
    /// Whether a course or the explorer notices.
    #[must_use]
    pub fn is_noticed(&self) -> bool {
        self.caught.is_some() || self.explored.is_some()
    }

    fn names(&self, check: &str) -> bool {
        let caught = self
            .caught
            .as_ref()
            .is_some_and(|caught| caught.by == check);
        caught || self.harm.is_some_and(|(harm, _)| harm == check)
    }
}

fn cells(plan: &Plan) -> [&'static str; 5] {
    let who = match plan.who {
        Who::One => "one node",
        Who::All => "every node",
    };
    [
        plan.name(),
        plan.what(),
        plan.section(),
        who,
        plan.course.name,
    ]
}

/// The row of a lesson.
fn lesson_row(lesson: &Lesson) -> String {
    let (number, rule, what) = (lesson.number, lesson.plan.name(), lesson.plan.what());
    let told = |failed: Vec<(&str, u64)>| {
        let failed = failed.iter();
        let failed = failed.map(|(check, event)| format!("{check} ({event})"));
        failed.collect::<Vec<_>>().join(", ")
    };
    let (about, kept, harm) = (
        told(lesson.comes_to()),
        told(lesson.on_the_way()),
        told(lesson.the_same_harm()),
    );
    let why = lesson.why;
    format!("| {number} | `{rule}` | {what} | **{about}** | {kept} | {harm} | {why} |\n")
}

/// Whether the row of a lesson is on a page.
#[must_use]
pub fn has_lesson(page: &str, lesson: &Lesson) -> bool {
    page.contains(&lesson_row(lesson))
}

/// The row that a plan has on a page, if it has one.
#[must_use]
pub fn read(page: &str, plan: &Plan) -> Option<Line> {
    let own = format!("| `{}` | ", plan.name());
    let row = page.lines().find(|line| line.starts_with(&own))?;
    let cell = |cell: &str| cell.trim_matches([' ', '|', '`']).to_string();
    let cells: Vec<String> = row.split(" | ").map(cell).collect();
    Some(Line {
        plan: cells.get(..5)?.to_vec(),
        by: cells.get(5)?.clone(),
        seed: cells.get(6)?.parse().ok(),
        explored: cells
            .get(8)?
            .split_once(" (")
            .map(|(scope, _)| scope.to_string()),
    })
}

/// What the row of a plan must say before its verdict.
#[must_use]
pub fn wanted(plan: &Plan) -> Vec<String> {
    cells(plan).map(str::to_string).to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::{lessons, plans};
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let plans = plans().into_iter().enumerate();
        let found: Vec<Found> = plans
            .map(|(number, plan)| Found {
                plan,
                caught: plan.spared.is_none().then(|| Caught {
                    by: "Log matching".to_string(),
                    detail: "seen".to_string(),
                    event: 7,
                    seed: number as u64,
                }),
                harm: (number % 2 == 0).then_some(("Election safety", 9)),
                explored: (number % 3 == 0).then_some(("votes", 4)),
            })
            .collect();
        let page = write(&found, &lessons());
        assert!(lessons().iter().all(|lesson| has_lesson(&page, lesson)));
        assert!(!has_lesson("nothing", &lessons()[0]));
        for Found {
            plan,
            caught,
            explored,
            ..
        } in &found
        {
            let line = read(&page, plan).unwrap();
            assert_eq!(line.explored.as_deref(), explored.map(|(scope, _)| scope));
            assert_eq!(line.plan, wanted(plan));
            assert_eq!(line.seed, caught.as_ref().map(|caught| caught.seed));
            let by = caught.as_ref().map_or(NOBODY, |caught| &caught.by);
            assert_eq!(line.by, by);
        }
        assert!(page.contains("- *Log matching*: Two logs"));
        assert!(!page.contains("- *Commit rule*"));
        assert_eq!(read("nothing", &found[0].plan), None);
    }
}
