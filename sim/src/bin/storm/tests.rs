//! What is told of seeds that fail, and whether it can be opened.

use super::*;
use raftwerk_sim::{Claim, Course, History, IN_ADDRESS, PANIC, Setup, Violation, World};

fn options(first: u64, seeds: u64) -> Options {
    Options {
        first,
        seeds,
        steps: 100,
        threads: 2,
        ..crate::tell::tests::options()
    }
}

/// Seed 3 breaks a check, seed 5 panics, all others are well.
fn play(seed: u64) -> Report {
    assert_ne!(seed, 5, "the bug of seed {seed}");
    let violation = (seed == 3).then(|| Violation {
        check: "Log matching",
        detail: "seen".to_string(),
        event: 77,
    });
    let mut report = Report {
        violation,
        ..Report::default()
    };
    (report.counts.events, report.stormy.commits) = (100, 1);
    report
}

fn over(first: u64, seeds: u64) -> Vec<String> {
    let options = options(first, seeds);
    let mut total = run_all(&options, &|seed, _| play(seed));
    assert!(total.counts.events >= 100);
    total.told(&options)
}

/// The run that a line links to.
fn linked(line: &str) -> Run {
    let (_, link) = line.rsplit_once(' ').expect("a link stands at the end");
    assert!(link.contains(IN_ADDRESS), "{line}");
    Run::from_word(link).expect("a link can be opened")
}

#[test]
fn a_violation_and_a_panic_are_told_with_one_line_to_see_them_again() {
    assert_eq!(over(0, 3), Vec::<String>::new());
    let again = format!("  reproduce: {}", smaller::again("--seed"));
    let told = [
        "seed 3, event 77: Log matching: seen".to_string(),
        format!("{again} 3 --steps 100"),
    ];
    let lines = over(3, 1);
    assert_eq!(lines[..2], told);
    let lines = over(0, 8);
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[..2], told);
    assert!(
        lines[3].starts_with("seed 5, event 0: Panic: "),
        "{}",
        lines[3]
    );
    assert!(lines[3].contains("the bug of seed 5"));
    assert_eq!(lines[4], format!("{again} 5 --steps 100"));
}

/// Both failures are made up, so neither fails again; what was done in their worlds is there.
#[test]
fn what_does_not_fail_again_by_hand_is_linked_all_the_same() {
    let lines = over(3, 4);
    for (line, seed) in [(&lines[2], 3), (&lines[5], 5)] {
        let by_hand = "  it does not fail when its faults are done again by hand, which is: ";
        assert!(line.starts_with(by_hand), "{line}");
        let run = linked(line);
        assert_eq!((run.setup.seed, run.claim.as_ref()), (seed, None));
        assert!(run.until > 0 && !run.acts.is_empty());
        assert_eq!(History::of_run(&run).now(), run.until);
    }
}

/// Nothing is broken but the disks, which forget what they had said was synced.
static LYING: Course = Course {
    name: "lying",
    about: "For a test.",
    setup: |seed| {
        let mut setup = Setup::storm(seed);
        setup.disk.lies = 8;
        setup
    },
    play: |world, steps| {
        let playing = |world: &World| world.events() < steps && world.violation().is_none();
        while playing(world) && world.step() {}
    },
};

#[test]
fn every_failure_that_is_told_has_a_link_and_the_first_is_made_smaller() {
    let options = Options {
        course: Some(&LYING),
        steps: 6_000,
        smaller: options::Smaller::First,
        ..options(0, 8)
    };
    let mut total = run_all(&options, &|seed, effort| options.report(seed, effort));
    let told = total.told(&options);
    let failed = total.failures.len();
    assert!(failed > 1, "{failed}");
    let again = |failure: &tell::Failure| {
        let words = format!("--course lying --seed {} --steps 6000", failure.seed);
        format!("  reproduce: {}", smaller::again(&words))
    };
    for failure in &total.failures {
        assert!(told.contains(&again(failure)), "{told:?}");
    }
    let links = told.iter().filter(|line| line.contains(IN_ADDRESS));
    let links: Vec<&String> = links.collect();
    assert_eq!(links.len(), failed);
    for (number, (line, failure)) in links.into_iter().zip(&total.failures).enumerate() {
        assert_eq!(line.starts_with("  see it: "), number == 0, "{line}");
        let whole = line.starts_with("  see it, all ");
        assert_eq!(whole, number > 0, "{line}");
        let run = linked(line);
        let claim = run.claim.as_ref().expect("it says what it comes to");
        assert_eq!(claim.check, failure.check);
        let history = History::of_run(&run);
        assert_eq!(
            (history.position(), history.hash()),
            (claim.event, claim.hash)
        );
    }
}

/// A core that stops itself would stop the page as well, one event later.
#[test]
fn a_panic_is_linked_up_to_the_event_before() {
    let mut world = World::recorded(&Setup::storm(1), false);
    while world.events() < 400 && world.step() {}
    let mut run = Run::of(&world);
    let whole = History::of_run(&run);
    run.claim = Some(Claim {
        check: PANIC.to_string(),
        detail: "the bug".to_string(),
        event: 300,
        hash: 0,
    });
    let mut history = History::of_run(&run);
    assert_eq!((history.position(), history.end()), (300, 300));
    assert!(whole.end() > 300);
    let claim = smaller::with_state(run).claim.expect("it has one");
    assert_eq!((claim.event, claim.hash), (300, history.hash()));
    history.forward();
    assert_ne!(claim.hash, history.hash());
}
