//! Each rule of the core is taken away, and the core's own test that is said to notice must fail.
//!
//! Which test that is stands in the table that `docs/sabotage.md` is written from. The test passes
//! while the rule is kept: the step before has run all of them.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::process::Command;

use crate::workspace::{Workspace, shown};

const CORE: &str = "test -p raftwerk-core --features sabotage --no-run --message-format=json";
const TABLE: &str = "run --release -p raftwerk-sim --features sabotage --bin sabotage -- --tests";
/// How a test tells that no such rule can be taken away.
const UNKNOWN: &str = "a rule of that name";

/// A test: the program that has it, and its path there.
type Place = (String, String);

/// Runs the test of every rule without that rule.
pub fn run(workspace: &Workspace) -> Result<()> {
    let tests = tests(workspace)?;
    let table = output(workspace.cargo().args(TABLE.split(' ')))?;
    let rows: Vec<_> = table
        .lines()
        .filter_map(|row| row.split_once(' '))
        .collect();
    ensure!(!rows.is_empty(), "the table of rules is empty");
    let mut wrong = Vec::new();
    for (rule, test) in &rows {
        let place = tests.get(*test);
        let told = place.map_or_else(|| Ok(Some("is no test of the core")), |at| missed(rule, at));
        if let Some(why) = told? {
            wrong.push(format!("{rule}: {test} {why}"));
        }
    }
    println!(
        "{} rules taken away, {} not missed",
        rows.len(),
        wrong.len()
    );
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("{}", wrong.join("\n")),
    }
}

/// Every test of the core by its name.
fn tests(workspace: &Workspace) -> Result<BTreeMap<String, Place>> {
    let built = output(workspace.cargo().args(CORE.split(' ')))?;
    let mut tests = BTreeMap::new();
    for line in built.lines() {
        let message: serde_json::Value = serde_json::from_str(line).context("cargo's messages")?;
        let Some(program) = message["executable"].as_str() else {
            continue;
        };
        let listed = output(Command::new(program).args(["--list", "--format", "terse"]))?;
        for path in listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
        {
            let name = path.rsplit("::").next().unwrap_or(path);
            tests.insert(name.to_string(), (program.to_string(), path.to_string()));
        }
    }
    Ok(tests)
}

/// Why a test does not miss a rule; nothing if it does.
fn missed(rule: &str, (program, path): &Place) -> Result<Option<&'static str>> {
    let mut command = Command::new(program);
    command
        .args(["--exact", path])
        .env("RAFTWERK_SABOTAGE", rule);
    let ran = command.output().with_context(|| shown(&command))?;
    let told = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    Ok(match () {
        () if ran.status.success() => Some("passes without it"),
        () if told.contains(UNKNOWN) => Some("knows no such rule"),
        () if !told.contains("0 passed; 1 failed") => Some("does not end as a test does"),
        () => None,
    })
}

/// What a program says, if it succeeds.
fn output(command: &mut Command) -> Result<String> {
    let ran = command.stderr(std::process::Stdio::inherit()).output();
    let ran = ran.with_context(|| format!("cannot start `{}`", shown(command)))?;
    ensure!(ran.status.success(), "`{}` failed", shown(command));
    String::from_utf8(ran.stdout).context("what it says is no text")
}
