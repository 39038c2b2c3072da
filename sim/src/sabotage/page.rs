//! The page `docs/sabotage.md`: written from what was found, and read again to see whether it is
//! still true.

use super::{Lesson, Plan, Who};
use crate::checks::statements;
use crate::courses::COURSES;
use std::fmt::{self, Write};

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
    /// What the explorer finds.
    pub explored: Option<Explored>,
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

/// A search of the explorer that ends in a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explored {
    /// The scope that is searched.
    pub scope: &'static str,
    /// The check that fails; [`NO_PANIC`] when the core stops itself.
    pub check: &'static str,
    /// Steps of the shortest way there.
    pub steps: usize,
}

/// What a row of the page says of searches: where to look again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The seed with which a course notices; `None` where none is expected to.
    pub seed: Option<u64>,
    /// The seed that shows the harm.
    pub harm: Option<u64>,
    /// The scope of the explorer.
    pub explored: Option<String>,
}

/// What the explorer calls a core that stops itself.
pub const NO_PANIC: &str = "NoPanic";

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explored {
            scope,
            check,
            steps,
        } = self;
        write!(f, "{scope}: {check} ({steps})")
    }
}

const HEAD: &str = "\
# What each rule is for, and who notices when it is gone

A simulator that never fails proves nothing. So every rule of the core can be switched off, in a
build that no server is (feature `sabotage`), and some check must notice. This page is written by

    cargo run --release -p raftwerk-sim --features sabotage --bin sabotage -- --write

which plays seed after seed, from 0, until a check fails. The same command with `--check` plays
again what is named here, and `cargo xtask test` does that: both seeds of a rule and its search must
end in the same checks, the search after as many steps, and the whole page must be what the command
would write of it. Known only from when the page was written: that a seed is the first one, and that
nothing is found where a cell is empty.

- *in*: whether one node breaks the rule, drawn by the seed, or every node: where the offence of one
  is outvoted or does no harm.
- *course*: what is played; see below.
- *noticed by*: the check that fails first, with the first seed that makes it fail.
- *comes to*: what Raft promises or a client sees broken in the end, if the run goes on and every
  node breaks the rule; with the first seed that shows it. Empty where the first 200 seeds show
  nothing of the kind, or where the rule is about progress.
- *explored*: a scope of `explore` whose search ends in a violation: the first, or the one that is
  about the rule; with the check of the explorer that fails (`sim/src/explore`), and the number of
  steps of the shortest way there. A scope whose opening fails already was not searched and does not
  count, nor does a core that stops itself: but where nothing else notices, `NoPanic` says so.
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

/// The columns, but for the last.
const COLUMNS: &str =
    "rule | without it | section | in | course | noticed by | seed | comes to | explored";

/// The whole page.
#[must_use]
pub fn write(found: &[Found], lessons: &[Lesson]) -> String {
    let mut page = format!("{HEAD}\n{}\n\n", total(found));
    table(&mut page, found, true, "core's own test");
    page += OF_HOSTS;
    table(&mut page, found, false, "test");
    page += LESSONS;
    for lesson in lessons {
        page += &lesson_row(lesson);
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

/// How many rules there are, and how many are noticed by what.
fn total(found: &[Found]) -> String {
    let count = |wanted: &dyn Fn(&Found) -> bool| found.iter().filter(|one| wanted(one)).count();
    let caught = found.iter().filter_map(|found| found.caught.as_ref());
    let most = caught.map(|caught| caught.seed + 1).max().unwrap_or(0);
    format!(
        "{} rules; {} are noticed: {} by a course, the last of them after {most} seeds, {} by the \
         explorer alone.",
        found.len(),
        count(&Found::is_noticed),
        count(&|found| found.caught.is_some()),
        count(&|found| found.caught.is_none() && found.explored.is_some()),
    )
}

/// The rules of the core, or those of hosts.
fn table(page: &mut String, found: &[Found], of_core: bool, test: &str) {
    let lines = "---|".repeat(COLUMNS.split(" | ").count() + 1);
    let _ = writeln!(page, "| {COLUMNS} | {test} |\n|{lines}");
    let wanted = |found: &&Found| found.plan.is_of_core() == of_core;
    for found in found.iter().filter(wanted) {
        *page += &row(found);
    }
}

/// The row of a rule.
fn row(found: &Found) -> String {
    let Found {
        plan,
        caught,
        harm,
        explored,
    } = found;
    let [name, what, section, who, course] = cells(plan);
    let (by, seed) = match caught {
        Some(caught) => (caught.by.clone(), caught.seed.to_string()),
        None => (NOBODY.to_string(), NO_SEED.to_string()),
    };
    let harm = harm.map_or(String::new(), |(check, seed)| format!("{check} ({seed})"));
    let explored = explored.map_or(String::new(), |explored| explored.to_string());
    let verdict = format!("{by} | {seed} | {harm} | {explored} | `{}`", plan.test);
    format!("| `{name}` | {what} | {section} | {who} | {course} | {verdict} |\n")
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

/// The cells of the row that a plan has on a page, if it has one.
fn cells_on(page: &str, plan: &Plan) -> Option<Vec<String>> {
    let own = format!("| `{}` | ", plan.name());
    let row = page.lines().find(|line| line.starts_with(&own))?;
    Some(cells_of(row))
}

fn cells_of(row: &str) -> Vec<String> {
    let cell = |cell: &str| cell.trim_matches([' ', '|', '`']).to_string();
    row.trim_end().split(" | ").map(cell).collect()
}

/// The row that a plan has on a page, if it has one.
#[must_use]
pub fn read(page: &str, plan: &Plan) -> Option<Line> {
    let cells = cells_on(page, plan)?;
    let harm = cells.get(7)?.rsplit_once(" (");
    let explored = cells.get(8)?.split_once(": ");
    Some(Line {
        seed: cells.get(6)?.parse().ok(),
        harm: harm.and_then(|(_, seed)| seed.trim_end_matches(')').parse().ok()),
        explored: explored.map(|(scope, _)| scope.to_string()),
    })
}

/// What the row of a rule says and should not, cell by cell.
#[must_use]
pub fn wrong_in_row(page: &str, found: &Found) -> Vec<String> {
    let name = found.plan.name();
    let Some(said) = cells_on(page, &found.plan) else {
        return vec![format!("{name} has no row in docs/sabotage.md")];
    };
    let is = cells_of(&row(found));
    let wrong = |(column, (said, is)): (&str, (&String, &String))| {
        let differs = said != is;
        differs.then(|| format!("{name}, {column}: the page says {said:?}; it is {is:?}"))
    };
    let columns = COLUMNS.split(" | ").chain(["test"]);
    columns
        .zip(said.iter().zip(&is))
        .filter_map(wrong)
        .collect()
}

/// The first line in which a page is not what would be written, if there is one.
#[must_use]
pub fn wrong_line(page: &str, found: &[Found], lessons: &[Lesson]) -> Option<String> {
    let wanted = write(found, lessons);
    let mut said = page.lines();
    for (number, wanted) in (1..).zip(wanted.lines()) {
        let said = said.next().unwrap_or("nothing");
        if said != wanted {
            return Some(format!(
                "docs/sabotage.md, line {number}: it says {said:?}; it should say {wanted:?}"
            ));
        }
    }
    let more = said.next()?;
    Some(format!(
        "docs/sabotage.md says more than it should: {more:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{lessons, plans};
    use super::*;

    /// Every rule, noticed in one way or another.
    fn found() -> Vec<Found> {
        let plans = plans().into_iter().enumerate();
        let explored = Explored {
            scope: "votes",
            check: "ElectionSafety",
            steps: 4,
        };
        plans
            .map(|(number, plan)| Found {
                plan,
                caught: (number % 5 != 0).then(|| Caught {
                    by: "Log matching".to_string(),
                    detail: "seen".to_string(),
                    event: 7,
                    seed: number as u64,
                }),
                harm: (number % 2 == 0).then_some(("Election safety", 9)),
                explored: (number % 3 == 0).then_some(explored),
            })
            .collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let found = found();
        let page = write(&found, &lessons());
        assert!(lessons().iter().all(|lesson| has_lesson(&page, lesson)));
        assert!(!has_lesson("nothing", &lessons()[0]));
        for found in &found {
            let line = read(&page, &found.plan).unwrap();
            let scope = found.explored.map(|explored| explored.scope);
            assert_eq!(line.explored.as_deref(), scope);
            assert_eq!(line.harm, found.harm.map(|(_, seed)| seed));
            let seed = found.caught.as_ref().map(|caught| caught.seed);
            assert_eq!(line.seed, seed);
            assert_eq!(wrong_in_row(&page, found), Vec::<String>::new());
        }
        assert_eq!(wrong_line(&page, &found, &lessons()), None);
        assert!(page.contains("| votes: ElectionSafety (4) |"));
        assert!(page.contains("- *Log matching*: Two logs"));
        assert!(!page.contains("- *Commit rule*"));
        assert_eq!(read("nothing", &found[0].plan), None);
    }

    /// Each cell that can be played again, the test that is named, and what is counted.
    #[test]
    fn what_is_not_so_is_told() {
        let found = found();
        let page = write(&found, &lessons());
        let all = |change: &dyn Fn(&mut Found)| {
            let mut one = found[6].clone();
            change(&mut one);
            wrong_in_row(&page, &one)
        };
        let told = |column: &str, said: &str, is: &str| {
            let name = found[6].plan.name();
            vec![format!(
                "{name}, {column}: the page says {said:?}; it is {is:?}"
            )]
        };
        let check = all(&|one| one.caught.as_mut().unwrap().by = "Commit rule".to_string());
        assert_eq!(check, told("noticed by", "Log matching", "Commit rule"));
        let harm = all(&|one| one.harm = Some(("Log matching", 9)));
        let (said, is) = ("Election safety (9)", "Log matching (9)");
        assert_eq!(harm, told("comes to", said, is));
        let steps = all(&|one| one.explored.as_mut().unwrap().steps = 5);
        let (said, is) = ("votes: ElectionSafety (4)", "votes: ElectionSafety (5)");
        assert_eq!(steps, told("explored", said, is));
        let test = all(&|one| one.plan.test = "none");
        assert_eq!(test, told("test", found[6].plan.test, "none"));
        let less = wrong_line(&page, &found[1..], &lessons()).unwrap();
        let all = found.len();
        assert!(less.contains(&format!("it says \"{all} rules; ")), "{less}");
        assert!(wrong_line(&format!("{page}\nmore"), &found, &lessons()).is_some());
        let none = wrong_in_row("nothing", &found[0]);
        assert!(none[0].ends_with("has no row in docs/sabotage.md"));
    }
}
