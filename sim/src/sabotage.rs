//! How each rule of the core is broken, and who must notice (core design 4.2, item 9; trap X6).
//!
//! A simulator that never fails proves nothing. Each [`Plan`] breaks one rule in one node or in
//! all, plays a [`Course`] with seed after seed, and wants some check to fail: there, or in a scope
//! of the explorer. No rule is excused. The binary `sabotage` runs them all and writes what it found
//! to `docs/sabotage.md` ([`page`]).

mod fourteen;
pub mod page;
mod table;

use crate::courses::Course;
use crate::rng::{Purpose, Stream};
use crate::run::Run;
use crate::setup::{HostRule, Sabotage, Setup};
use crate::storm::{Effort, replay, shrink};
use crate::world::World;
pub use fourteen::{Lesson, lessons};
use raftwerk_core::{Rule, Switches};
pub use table::plans;

/// What is broken.
#[derive(Clone, Copy, Debug)]
pub enum Broken {
    /// A rule that every node keeps.
    Rule(Rule),
    /// An optional rule, switched off.
    Option(&'static Optional),
    /// A rule that the hosts of all nodes keep.
    Host(&'static Careless),
}

/// A rule of the host around a core.
#[derive(Debug)]
pub struct Careless {
    name: &'static str,
    section: &'static str,
    what: &'static str,
    rule: HostRule,
}

/// A rule that can be switched off.
#[derive(Debug)]
pub struct Optional {
    name: &'static str,
    section: &'static str,
    what: &'static str,
    off: fn(&mut Switches),
}

/// Who breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// One node, drawn by the seed: the offence of one is seen among others that keep the rule.
    One,
    /// Every node: it takes more than one to do harm, or one alone is outvoted.
    All,
}

/// How a rule is broken, and who must notice.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What is broken.
    pub broken: Broken,
    /// By whom.
    pub who: Who,
    /// What is played.
    pub course: &'static Course,
    /// A test that notices; of the core, where the rule is the core's.
    pub test: &'static str,
}

impl Plan {
    /// The name of what is broken.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.broken {
            Broken::Rule(rule) => rule.name(),
            Broken::Option(option) => option.name,
            Broken::Host(host) => host.name,
        }
    }

    /// Where it is written.
    #[must_use]
    pub fn section(&self) -> &'static str {
        match self.broken {
            Broken::Rule(rule) => rule.section(),
            Broken::Option(option) => option.section,
            Broken::Host(host) => host.section,
        }
    }

    /// What happens without it.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self.broken {
            Broken::Rule(rule) => rule.what(),
            Broken::Option(option) => option.what,
            Broken::Host(host) => host.what,
        }
    }

    /// Whether the rule is one of the core, and so is the test that notices.
    #[must_use]
    pub fn is_of_core(&self) -> bool {
        !matches!(self.broken, Broken::Host(_))
    }

    /// Whether a check can fail because of this rule. If another one fails, a rule is broken that
    /// was not to be: that is a bug, and no notice.
    #[must_use]
    pub fn may_show_in(&self, check: &str) -> bool {
        let narrow = NARROW.iter().find(|(name, _)| *name == check);
        let about = |rules: &str| rules.split(' ').any(|rule| self.name().starts_with(rule));
        narrow.is_none_or(|(_, rules)| about(rules))
    }

    /// The world of a seed, with the rule broken.
    #[must_use]
    pub fn world(&self, seed: u64) -> World {
        self.world_by(self.who, seed)
    }

    /// The same, with the rule broken by others.
    #[must_use]
    pub fn world_by(&self, who: Who, seed: u64) -> World {
        World::new(&self.setup_by(who, seed))
    }

    /// What the world of a seed is told at birth.
    #[must_use]
    pub fn setup(&self, seed: u64) -> Setup {
        self.setup_by(self.who, seed)
    }

    fn setup_by(&self, who: Who, seed: u64) -> Setup {
        let mut setup: Setup = (self.course.setup)(seed);
        let one = Stream::new(seed, Purpose::Course, 0).within(1, setup.nodes);
        let nodes = match who {
            Who::One => 1 << one,
            Who::All => (1 << (setup.nodes + 1)) - 2,
        };
        match self.broken {
            Broken::Rule(rule) => setup.sabotage = Some(Sabotage { rule, nodes }),
            Broken::Option(option) => (option.off)(&mut setup.switches),
            Broken::Host(host) => setup.careless = Some(host.rule),
        }
        setup
    }

    /// The failing world of a seed as a run that can be handed on, made smaller by at most so many
    /// tries: whoever plays it sees the same check fail, with the same rule switched off. `None`
    /// where it does not: some courses put in messages that no hand can send, and a check may look
    /// at the end of a course only.
    #[must_use]
    pub fn run(&self, seed: u64, steps: u64, check: &str, tries: u64) -> Option<Run> {
        let mut world = World::recorded(&self.setup(seed), false);
        (self.course.play)(&mut world, steps);
        let fails = |run: &Run| {
            let mut world = World::recorded(&run.setup, false);
            let seen = replay(&mut world, run, &Effort::default()).violation?;
            (seen.check == check).then(|| Run::of(&world))
        };
        Some(shrink(&Run::of(&world), tries, &fails)?.run)
    }
}

/// Checks that are about one matter, each with the rules that are: how their names begin. All other
/// checks may fail whatever is broken.
const NARROW: [(&str, &str); 16] = [
    ("Bounded log", "c5-"),
    ("Commit rule", "r13-"),
    ("Elected by a majority", "e1- e2- e3- e4- m4- r14- d9-"),
    ("Election timer", "e8- e9- e12- e20- p5-1- l9-"),
    ("Every ticket ends once", "c3- e12- l12- m8-for-ever"),
    ("Fit to lead", "d8- m4-check-quorum"),
    ("Handing over", "e13- m11-"),
    ("Looking back", "r9- r10-"),
    ("Members one step at a time", "m s6-forget-members"),
    (
        "One lease at a time",
        "l6- l7- l8- l9- m4- r14- e1- e2- e3- e4- d9-",
    ),
    ("One vote per term", "e1- e2- d9-"),
    ("Only voters in elections", "e16- m"),
    ("Session answers identical", "c1- s11-"),
    ("Silence kept", "l8- l9-"),
    ("Snapshots hold the past", "s"),
    ("Votes for complete logs", "e5- e6- e16- d3-"),
];

/// Checks of what Raft promises, and of what clients see; the others look at how it is kept.
pub const HARM: [&str; 9] = [
    "Election safety",
    "Log matching",
    "Leader completeness",
    "Committed entries stay",
    "State machine safety",
    "Acknowledged writes survive",
    "Session answers identical",
    "Read freshness",
    "Linearizable answers",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A membership that is not committed was once said to be missed by two leases; it was a bug of
    /// the core's that the seed had met (trap L9).
    #[test]
    fn a_check_of_one_matter_is_no_notice_of_another() {
        let plans = plans();
        let plan = |name| plans.iter().find(|plan| plan.name() == name).unwrap();
        let reads = plan("l13-newest-in-log");
        assert!(!reads.may_show_in("One lease at a time"));
        assert!(reads.may_show_in("Read freshness"));
        assert!(plan("l9-voted").may_show_in("One lease at a time"));
        for (check, rules) in NARROW {
            let starts = |rule: &str| plans.iter().any(|plan| plan.name().starts_with(rule));
            assert!(rules.split(' ').all(starts), "{check}: {rules}");
        }
    }

    #[test]
    fn the_harm_is_told_by_checks_that_there_are() {
        for harm in HARM.into_iter().chain(NARROW.map(|(check, _)| check)) {
            assert!(
                crate::checks::statements().any(|(check, _)| check == harm),
                "{harm}"
            );
        }
    }

    #[test]
    fn one_node_or_all_break_the_rule_they_are_told_to() {
        let plans = plans();
        let plan = plans.iter().find(|plan| plan.name() == "e1-vote").unwrap();
        let breakers = |who| {
            let world = plan.world_by(who, 3);
            let setup = world.setup().clone();
            let breaks = |node: &u64| setup.config(*node, 0).sabotage.is_some();
            ((1..=setup.nodes).filter(breaks).count() as u64, setup.nodes)
        };
        assert_eq!(breakers(Who::One).0, 1);
        let (all, nodes) = breakers(Who::All);
        assert_eq!(all, nodes);
        let off = plans.iter().find(|plan| plan.name() == "pre-vote").unwrap();
        assert!(!off.world(1).setup().switches.pre_vote);
        assert!(off.world(1).setup().switches.stickiness);
    }
}
