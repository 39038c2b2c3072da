//! A failing run, told so that it can be seen again: as a seed, as a smaller run, as a link.

use crate::caught;
use raftwerk_sim::{Claim, Effort, IN_ADDRESS, Report, Run, World, replay, shrink, storm_in};

/// Most runs tried to find a smaller one.
const TRIES: u64 = 2_000;
/// Most interventions that are listed.
const LISTED: usize = 40;
/// The name of what stops a core by itself.
pub const PANIC: &str = "Panic";

/// How to run this program again.
pub fn again(words: &str) -> String {
    let features = if cfg!(feature = "sabotage") {
        "--features sabotage "
    } else {
        ""
    };
    format!("cargo run --release -p raftwerk-sim {features}--bin storm -- {words}")
}

/// Plays in a recorded world; what was done in it is there even if the core stopped itself.
fn play(run: &Run, effort: &Effort, how: impl FnOnce(&mut World) -> Report) -> Run {
    let mut world = World::recorded(&run.setup, effort.refine);
    let failed = caught(|| how(&mut world)).err();
    let mut run = Run::of(&world);
    if let (Some(detail), None) = (failed, &run.claim) {
        run.claim = Some(Claim {
            check: PANIC.to_string(),
            detail,
            event: world.events(),
            hash: 0,
        });
    }
    run
}

/// What becomes of a run when it is replayed.
pub fn replayed(run: &Run, effort: &Effort) -> Run {
    play(run, effort, |world| replay(world, run, effort))
}

/// Makes a failing storm smaller: its lines, or nothing where it does not fail when replayed.
pub fn smaller(start: &Run, steps: u64, check: &str, page: &str) -> Vec<String> {
    let effort = Effort {
        order: check == "Linearizable history",
        refine: check == "Refinement of Figure 2",
        ..Effort::default()
    };
    let whole = play(start, &effort, |world| storm_in(world, steps, &effort));
    let fails = |run: &Run| {
        let run = replayed(run, &effort);
        let same = run.claim.as_ref().is_some_and(|claim| claim.check == check);
        same.then_some(run)
    };
    let Some(shrunk) = shrink(&whole, TRIES, &fails) else {
        return vec!["  it does not fail when its faults are done again by hand".to_string()];
    };
    let (run, before) = (shrunk.run, whole.deeds());
    let mut lines = vec![format!(
        "  smaller: {} interventions of {before}, found with {} runs",
        run.deeds(),
        shrunk.tries
    )];
    lines.extend(told(&run));
    let word = run.to_word();
    lines.push(format!("  reproduce: {}", again(&format!("--run {word}"))));
    if check != PANIC {
        lines.push(format!("  see it: {page}{IN_ADDRESS}{word}"));
    }
    lines
}

/// What is done in a run, and what it comes to.
pub fn told(run: &Run) -> Vec<String> {
    let time = |micros: u64| format!("{}.{:03} ms", micros / 1_000, micros % 1_000);
    let acts = run.acts[..run.deeds()].iter().take(LISTED);
    let mut lines: Vec<String> = acts
        .map(|act| format!("    {}: {}", time(act.at), act.what))
        .collect();
    if run.deeds() > LISTED {
        lines.push(format!("    and {} more", run.deeds() - LISTED));
    }
    let claim = run.claim.as_ref();
    lines.extend(claim.map(|claim| {
        let (until, Claim { check, detail, .. }) = (time(run.until), claim);
        format!("    {until}: {check}: {detail}")
    }));
    lines
}
