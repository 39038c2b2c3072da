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

use super::{Broken, Plan, Who, plans};
use crate::linear::{self, Limit, Recorder, Verdict};
use crate::scenario::{File, Player, Wish};
use crate::setup::{Sabotage, Setup};
use crate::world::World;
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

struct Row {
    number: u32,
    rule: &'static str,
    nodes: u16,
    about: &'static [&'static str],
    fails: &'static [(&'static str, u64)],
    why: &'static str,
    scenario: &'static str,
}

const EVERYBODY: u16 = u16::MAX;

macro_rules! row {
    ($number:literal, $rule:literal, $nodes:expr, $about:expr, $fails:expr, $why:literal) => {
        Row {
            number: $number,
            rule: $rule,
            nodes: $nodes,
            about: &$about,
            fails: &$fails,
            why: $why,
            scenario: include_str!(concat!("lessons/", $rule, ".json")),
        }
    };
}

const ROWS: [Row; 14] = [
    row!(
        1,
        "e5-no-check",
        EVERYBODY,
        ["Leader completeness"],
        [("Votes for complete logs", 44), ("Leader completeness", 46)],
        "A vote for a log that lacks something is seen when it is given; the leader that it \
         makes, two events later."
    ),
    row!(
        2,
        "r13-old-term",
        EVERYBODY,
        ["State machine safety"],
        [
            ("Commit rule", 25),
            ("Leader completeness", 246),
            ("Committed on a majority of disks", 258),
            ("Committed entries stay", 265),
            ("State machine safety", 278)
        ],
        "The rule is broken in every term, first for the first members. The next leader lacks \
         the entry, others cut it from their disks for it, and another one is committed in \
         its place."
    ),
    row!(
        3,
        "e1-vote",
        EVERYBODY,
        ["Election safety"],
        [
            ("Durable before told", 5),
            ("Monotonic terms", 9),
            ("One vote per term", 17),
            ("Election safety", 19)
        ],
        "The vote is on no disk when it leaves. So after the crash the term is an older one, \
         and the vote is given again, which makes the second leader."
    ),
    row!(
        4,
        "e1-term",
        0b100,
        ["Monotonic terms", "Election safety"],
        [
            ("Durable before told", 5),
            ("Monotonic terms", 8),
            ("One vote per term", 17),
            ("Election safety", 18)
        ],
        "The vote is on no disk when it leaves, and after the crash it is given again."
    ),
    row!(
        5,
        "r1-cut-all",
        EVERYBODY,
        ["Leader completeness"],
        [
            ("Node invariants", 49),
            ("Committed on a majority of disks", 50),
            ("Leader completeness", 59)
        ],
        "S2 has told that it has what it cuts, and what was committed with it is on one disk \
         then."
    ),
    row!(
        6,
        "d1-ack-early",
        EVERYBODY,
        ["Acknowledged writes survive"],
        [
            ("Durable before told", 10),
            ("Committed on a majority of disks", 48),
            ("Leader completeness", 61),
            ("Committed entries stay", 66),
            ("Acknowledged writes survive", 66)
        ],
        "What is acknowledged early is committed on one disk alone. After the crash a leader \
         without it is elected, and commits another entry in its place."
    ),
    row!(
        7,
        "r14-half",
        EVERYBODY,
        ["Election safety"],
        [("Elected by a majority", 14), ("Election safety", 15)],
        "Two of four are no majority: the first leader is one too many already."
    ),
    row!(
        8,
        "l4-no-round",
        EVERYBODY,
        [LINEAR],
        [("Read freshness", 70), (LINEAR, 70)],
        "The same read, held against what was finished when it began; the history knows only \
         what clients saw."
    ),
    row!(
        9,
        "l1-no-own-entry",
        EVERYBODY,
        [LINEAR],
        [("Read freshness", 74), (LINEAR, 74)],
        "The same read, held against what was finished when it began; the history knows only \
         what clients saw."
    ),
    row!(
        10,
        "l6-drift",
        EVERYBODY,
        [LINEAR],
        [
            ("One lease at a time", 164),
            ("Read freshness", 182),
            (LINEAR, 182)
        ],
        "Two nodes believe in a lease as soon as the second one leads. The read is the harm \
         of it, held against what was finished when it began."
    ),
    row!(
        11,
        "c1-no-sessions",
        EVERYBODY,
        ["Session answers identical"],
        [("Session answers identical", 72), (LINEAR, 74)],
        "The answer that the client gets counts both executions, which no order of its \
         requests explains."
    ),
    row!(
        12,
        "s11-no-sessions",
        EVERYBODY,
        ["Session answers identical"],
        [
            ("Snapshots hold the past", 105),
            ("Session answers identical", 189),
            ("State machine safety", 191)
        ],
        "What the snapshot lacks is seen when it is taken. The state machine that is loaded \
         from it executes the request again, and is another one from there on."
    ),
    row!(
        13,
        "m4-direct",
        EVERYBODY,
        ["Election safety"],
        [("Members one step at a time", 39), ("Election safety", 60)],
        "The step is seen when it is taken: majorities before it and after it need not meet."
    ),
    row!(
        14,
        "m1-no-own-entry",
        EVERYBODY,
        ["State machine safety"],
        [
            ("Members one step at a time", 75),
            ("Leader completeness", 122),
            ("Committed entries stay", 140),
            ("Acknowledged writes survive", 140),
            ("Every ticket ends once", 141),
            ("Linearizable answers", 146),
            ("State machine safety", 154)
        ],
        "The step is seen when it is taken. Two leaders commit, each with members of its own, \
         and all that hangs on their entries contradicts itself: logs, tickets, answers, and \
         the state in the end."
    ),
];

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
