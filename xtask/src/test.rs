//! `cargo xtask test`: runs the checks one after the other and counts.
//!
//! A failed check does not keep the others from running, so one run tells everything. The last
//! line is `N passed, N failed`; the status is 1 if anything failed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::steps::{Outcome, STEPS, Step, When};
use crate::workspace::Workspace;

/// Runs the steps that the arguments choose: `--fast`, or names, or all.
pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let steps = chosen(args)?;
    let start = Instant::now();
    let mut report = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        eprintln!(
            "\n== {}/{} {}: {}",
            index + 1,
            steps.len(),
            step.name,
            step.about
        );
        let step_start = Instant::now();
        let outcome = (step.run)(workspace);
        let line = told(step, &outcome, step_start.elapsed());
        eprintln!("{line}");
        report.push((
            outcome.is_ok(),
            matches!(outcome, Ok(Outcome::Passed)),
            line,
        ));
    }
    eprintln!("\n== summary after {}", shown(start.elapsed()));
    for (_, _, line) in &report {
        eprintln!("{line}");
    }
    let passed = report.iter().filter(|(_, passed, _)| *passed).count();
    let failed = report.iter().filter(|(fine, _, _)| !*fine).count();
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("the checks failed");
    }
    Ok(())
}

fn chosen(args: &[String]) -> Result<Vec<&'static Step>> {
    let fast = args.iter().any(|arg| arg == "--fast");
    let names: Vec<&String> = args.iter().filter(|arg| *arg != "--fast").collect();
    for name in &names {
        if !STEPS.iter().any(|step| step.name == name.as_str()) {
            let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            bail!("no step {name:?}; there are: {}", known.join(" "));
        }
    }
    let wanted = |step: &&Step| match step.when {
        _ if !names.is_empty() => names.iter().any(|name| step.name == name.as_str()),
        When::Always => true,
        When::Full => !fast,
        When::Fast => fast,
    };
    Ok(STEPS.iter().filter(wanted).collect())
}

fn told(step: &Step, outcome: &Result<Outcome>, time: Duration) -> String {
    let (name, time) = (step.name, shown(time));
    match outcome {
        Ok(Outcome::Passed) => format!("  passed  {time:>8}  {name}"),
        Ok(Outcome::Skipped(why)) => format!("  skipped {time:>8}  {name}: {why}"),
        Err(error) => format!("  FAILED  {time:>8}  {name}: {error:#}"),
    }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &[&str]) -> Vec<&'static str> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        chosen(&args)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn chooses_steps() {
        assert!(names(&[]).contains(&"browser"));
        assert!(!names(&[]).contains(&"storm-small"));
        assert!(names(&["--fast"]).contains(&"storm-small"));
        assert!(!names(&["--fast"]).contains(&"browser"));
        assert_eq!(names(&["size", "format"]), ["format", "size"]);
        assert!(chosen(&["nonsense".to_owned()]).is_err());
    }
}
