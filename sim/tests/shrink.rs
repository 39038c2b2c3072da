//! A failing storm becomes a few interventions that fail in the same way, in a word that a page
//! can open: what it opens ends in the same state with the same violation.

use raftwerk_sim::{Effort, History, Intervention, Run, Setup, Shrunk, World, replay, shrink};

const STEPS: u64 = 20_000;

fn effort(check: &str) -> Effort {
    Effort {
        order: check == "Linearizable history",
        refine: check == "Refinement of Figure 2",
        ..Effort::default()
    }
}

/// What a run really does, if this check fails in it.
fn again(run: &Run, check: &str) -> Option<Run> {
    let effort = effort(check);
    let mut world = World::recorded(&run.setup, effort.refine);
    let report = replay(&mut world, run, &effort);
    let same = report.violation.is_some_and(|seen| seen.check == check);
    same.then(|| Run::of(&world))
}

fn shrunk(setup: &Setup, most: u64) -> (Run, Shrunk) {
    let mut world = World::recorded(setup, false);
    let effort = Effort::default();
    let report = raftwerk_sim::storm_in(&mut world, STEPS, &effort);
    let violation = report.violation.expect("this storm fails");
    let whole = Run::of(&world);
    let shrunk = shrink(&whole, most, &|run| again(run, violation.check));
    (whole, shrunk.expect("what happened happens again"))
}

/// The word of a run, opened as the page does, ends where the run itself ends.
fn opens(run: &Run) {
    let read = Run::from_word(&run.to_word()).expect("a word is read");
    assert_eq!(&read, run);
    let claim = run.claim.as_ref().expect("it fails");
    let history = History::of_run(&read);
    assert_eq!(
        (history.position(), history.hash()),
        (claim.event, claim.hash)
    );
    // What is found by the last look at everything is not seen on the way there.
    if let Some(seen) = history.world().violation() {
        let claimed = (claim.check.as_str(), &claim.detail);
        assert_eq!((seen.check, &seen.detail), claimed);
    } else {
        assert_eq!(history.position(), history.end());
    }
    let second = again(&read, &claim.check).expect("it fails again");
    assert_eq!(second.claim, run.claim);
}

#[test]
fn what_was_done_by_dice_can_be_done_by_hand() {
    let (mut faults, mut asked) = (0, 0);
    for seed in 0..60 {
        let mut world = World::recorded(&Setup::storm(seed), false);
        let effort = Effort::default();
        let report = raftwerk_sim::storm_in(&mut world, 3_000, &effort);
        assert_eq!(report.violation, None);
        let run = Run::of(&world);
        let mut same = World::recorded(&run.setup, false);
        let second = replay(&mut same, &run, &effort);
        let counts = |report: &raftwerk_sim::Report| {
            let counts = report.counts;
            (
                counts.elections,
                counts.commits,
                counts.answered,
                counts.unknown,
            )
        };
        assert_eq!(counts(&second), counts(&report), "seed {seed}");
        assert_eq!(second.time, report.time, "seed {seed}");
        // Only what no node would take on is left out.
        let mut done = same.journal().iter().peekable();
        for act in &run.acts {
            let asks = matches!(
                act.what,
                Intervention::Transfer { .. } | Intervention::Reconfigure { .. }
            );
            let fires = matches!(act.what, Intervention::TimeOut(_));
            let stalls = matches!(
                act.what,
                Intervention::StallDisk(_) | Intervention::ResumeDisk(_)
            );
            let fails = matches!(act.what, Intervention::FailDisk(_));
            let may_go = asks || fires || stalls || fails;
            let same = done.next_if_eq(&act).is_some();
            assert!(same || may_go, "seed {seed}: {act:?} {:?}", done.peek());
        }
        assert_eq!(done.next(), None, "seed {seed}");
        // And as a history, with what the healing did.
        let history = History::of_run(&Run::of(&same));
        assert_eq!(history.hash(), same.hash(), "seed {seed}");
        let is_ask = |what: &Intervention| matches!(what, Intervention::Ask { .. });
        let asks = run.acts.iter().filter(|act| is_ask(&act.what)).count();
        (faults, asked) = (faults + run.acts.len() - asks, asked + asks);
    }
    assert!(faults > 500 && asked > 1_000, "{faults} {asked}");
}

#[test]
fn a_storm_on_lying_disks_becomes_small() {
    let mut setup = Setup::storm(4);
    setup.disk.lies = 8;
    let (whole, Shrunk { run, tries }) = shrunk(&setup, 600);
    assert!(tries <= 600);
    assert!(whole.deeds() > 20, "{}", whole.deeds());
    assert!(run.deeds() <= 8, "{:?}", run.acts);
    opens(&run);
}

#[cfg(feature = "sabotage")]
mod broken_rules {
    use super::*;
    use raftwerk_sim::sabotage::plans;

    #[test]
    fn broken_rules_become_a_handful_of_interventions() {
        for (rule, most) in [
            ("e4-pre-vote", 3),
            ("e1-vote", 3),
            ("d1-ack-early", 3),
            ("r23-boot-commits", 12),
        ] {
            let plan = plans().into_iter().find(|plan| plan.name() == rule);
            let plan = plan.expect("it is in the table");
            let fails = |seed: &u64| {
                let mut world = plan.world(*seed);
                let report = raftwerk_sim::storm_in(&mut world, STEPS, &Effort::default());
                report.violation.is_some()
            };
            let seed = (0..50).find(fails).expect("some seed shows it");
            let (whole, Shrunk { run, tries }) = shrunk(plan.world(seed).setup(), 600);
            let told = format!(
                "{rule}: {} of {} in {tries}",
                run.acts.len(),
                whole.acts.len()
            );
            println!("{told}: {:?}", run.claim);
            run.acts
                .iter()
                .for_each(|act| println!("  {} {}", act.at, act.what));
            assert!(run.acts.len() <= most, "{told}: {:?}", run.acts);
            opens(&run);
        }
    }
}
