//! A failing run, told so that it can be seen again: as a seed, as a smaller run, as a link.

use crate::caught;
use crate::options::Options;
use raftwerk_sim::{
    Claim, Effort, History, IN_ADDRESS, PANIC, Report, Run, Setup, Shrunk, World, replay, shrink,
};

/// Most runs tried to find a smaller one.
const TRIES: u64 = 2_000;
/// Most interventions that are listed.
const LISTED: usize = 40;

/// How to run this program again.
pub fn again(words: &str) -> String {
    let features = if cfg!(feature = "sabotage") {
        "--features sabotage "
    } else {
        ""
    };
    format!("cargo run --release -p raftwerk-sim {features}--bin storm -- {words}")
}

/// Plays in a recorded world; what was done in it is there even if the core stopped itself. `None`
/// if it did so before anything was done.
fn play(setup: &Setup, effort: &Effort, how: impl FnOnce(&mut World) -> Report) -> Option<Run> {
    let mut world = caught(|| World::recorded(setup, effort.refine)).ok()?;
    let failed = caught(|| how(&mut world)).err();
    let mut run = Run::of(&world);
    if let (Some(detail), None) = (failed, &run.claim) {
        run.claim = Some(Claim {
            check: PANIC.to_string(),
            detail,
            event: world.events().saturating_sub(1),
            hash: 0,
        });
    }
    Some(run)
}

/// What becomes of a run when it is replayed.
pub fn replayed(run: &Run, effort: &Effort) -> Option<Run> {
    play(&run.setup, effort, |world| replay(world, run, effort))
}

/// The same with the state in which a core stopped itself: the last one before.
pub fn with_state(mut run: Run) -> Run {
    let stops = |claim: &Claim| claim.check == PANIC;
    if run.claim.as_ref().is_some_and(stops) {
        let hash = caught(|| History::of_run(&run).hash());
        let claim = run.claim.as_mut();
        claim
            .into_iter()
            .for_each(|claim| claim.hash = hash.clone().unwrap_or_default());
    }
    run
}

/// What there is to see of a failing seed: a smaller run, if that is wanted, and at any rate a link.
pub fn seen(options: &Options, seed: u64, check: &str, shrinks: bool) -> Vec<String> {
    let effort = Effort {
        order: check == "Linearizable history",
        refine: check == "Refinement of Figure 2",
        ..Effort::default()
    };
    let whole = play(&options.setup(seed), &effort, |world| {
        options.play(world, &effort)
    });
    let Some(whole) = whole else {
        return vec!["  a core stops itself at its start: there is nothing to open".to_string()];
    };
    let fails = |run: &Run| {
        let run = replayed(run, &effort)?;
        let same = run.claim.as_ref().is_some_and(|claim| claim.check == check);
        same.then_some(run)
    };
    let again = match shrinks {
        true => shrink(&whole, TRIES, &fails),
        false => fails(&whole).map(|run| Shrunk { run, tries: 1 }),
    };
    let before = whole.deeds();
    let Some(Shrunk { run, tries }) = again else {
        let told = "it does not fail when its faults are done again by hand, which is";
        let by_hand = replayed(&whole, &effort).map_or(whole, with_state);
        return vec![link(&by_hand, told, &options.page)];
    };
    let run = with_state(run);
    let (mut lines, mut told) = (Vec::new(), "see it".to_string());
    if shrinks {
        let deeds = run.deeds();
        lines.push(format!(
            "  smaller: {deeds} interventions of {before}, found with {tries} runs"
        ));
        lines.extend(self::told(&run));
        let words = format!("--run {}", run.to_word());
        lines.push(format!("  reproduce: {}", self::again(&words)));
    } else {
        told += &format!(", all {before} interventions");
    }
    if check == PANIC {
        told += ", up to the event before the core stops itself";
    }
    lines.push(link(&run, &told, &options.page));
    lines
}

/// A run as an address, or why the page would not open it.
fn link(run: &Run, told: &str, page: &str) -> String {
    let word = run.to_word();
    match Run::from_word(&word) {
        Ok(_) => format!("  {told}: {page}{IN_ADDRESS}{word}"),
        Err(why) => format!("  {told}: too much for an address. {why}"),
    }
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
