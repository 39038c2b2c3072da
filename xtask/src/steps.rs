//! The checks of `cargo xtask test`, in the order in which they run: what is quick comes first.
//!
//! A step either passes, or fails with an error, or says in one line why it was skipped; it never
//! passes without having looked.

use anyhow::{Result, ensure};

use crate::image;
use crate::play;
use crate::sabotage;
use crate::size;
use crate::tidy;
use crate::tools;
use crate::workspace::{Workspace, must};

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Not with `--fast`.
    Full,
    /// Only with `--fast`.
    Fast,
}

/// How a step ended, if it did not fail.
#[derive(Debug)]
pub enum Outcome {
    /// It looked and found nothing wrong.
    Passed,
    /// It could not look, and why.
    Skipped(String),
}

/// One check.
pub struct Step {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, for the headline.
    pub about: &'static str,
    /// When it runs.
    pub when: When,
    /// Does it.
    pub run: fn(&Workspace) -> Result<Outcome>,
}

const fn step(
    name: &'static str,
    when: When,
    about: &'static str,
    run: fn(&Workspace) -> Result<Outcome>,
) -> Step {
    Step {
        name,
        about,
        when,
        run,
    }
}

/// All checks.
pub const STEPS: &[Step] = &[
    step(
        "tools",
        When::Full,
        "a browser and its driver",
        |workspace| passed(tools::browser(workspace)),
    ),
    step("format", When::Always, "formatting", |workspace| {
        cargo(workspace, "fmt --all --check")
    }),
    step(
        "tidy",
        When::Always,
        "the size of files and functions",
        |workspace| passed(tidy::run(workspace)),
    ),
    step("lint", When::Always, "lints", |workspace| {
        cargo(
            workspace,
            &format!("clippy --workspace --all-targets {NOT_ALONE} {STRICT}"),
        )
    }),
    step(
        "lint-native",
        When::Always,
        "lints of the server",
        |workspace| {
            cargo(
                workspace,
                &format!("clippy -p raftwerk-native --all-targets {STRICT}"),
            )
        },
    ),
    step("lint-web", When::Always, "lints of the page", |workspace| {
        let wasm = "--target wasm32-unknown-unknown";
        cargo(
            workspace,
            &format!("clippy -p raftwerk-web --features sabotage {wasm} {STRICT}"),
        )
    }),
    step(
        "unit",
        When::Always,
        "tests inside the crates",
        |workspace| {
            cargo(
                workspace,
                &format!("test --no-fail-fast --workspace --exclude raftwerk-tests {NOT_ALONE}"),
            )
        },
    ),
    step(
        "sabotage",
        When::Full,
        "the core's tests in a build that can break rules, and without each rule",
        |workspace| {
            let tests = "test --no-fail-fast -p raftwerk-core --features sabotage";
            cargo(workspace, tests)?;
            passed(sabotage::run(workspace))
        },
    ),
    step(
        "sabotage-table",
        When::Full,
        "every rule that is taken away is still noticed",
        |workspace| {
            let sim = "-p raftwerk-sim --features sabotage";
            cargo(workspace, &format!("clippy {sim} --all-targets {STRICT}"))?;
            cargo(workspace, &format!("test {sim} --lib"))?;
            let files = "--bin sabotage --test sabotage --test explored --test shrink --test hosts";
            cargo(workspace, &format!("test {sim} {files}"))?;
            let run = format!("run --release {sim} --bin sabotage -- --check --json");
            cargo(workspace, &run)
        },
    ),
    step(
        "explore",
        When::Full,
        "every schedule of small clusters",
        |workspace| {
            let run = "run --release -p raftwerk-sim --bin explore -- --json";
            cargo(workspace, run)
        },
    ),
    step(
        "unit-web",
        When::Always,
        "tests inside the page's crate",
        |workspace| cargo(workspace, "test --no-fail-fast -p raftwerk-web"),
    ),
    step(
        "unit-native",
        When::Always,
        "tests inside the server's crate",
        |workspace| cargo(workspace, "test --no-fail-fast -p raftwerk-native"),
    ),
    step(
        "decoders",
        When::Always,
        "every decoder under hostile bytes",
        |workspace| {
            let decoders = "-p raftwerk-decoders";
            cargo(
                workspace,
                &format!("clippy {decoders} --all-targets {STRICT}"),
            )?;
            cargo(workspace, &format!("test {decoders}"))
        },
    ),
    step(
        "differential",
        When::Full,
        "TiKV's raft in the same simulator, and both in lock step",
        |workspace| {
            let alone =
                "--manifest-path tests/differential/Cargo.toml --target-dir target/differential";
            let ours = "-p raftwerk-differential -p raftwerk-tikv-core";
            cargo(
                workspace,
                &format!("clippy {alone} {ours} --all-targets {STRICT}"),
            )?;
            cargo(workspace, &format!("test {alone}"))
        },
    ),
    step(
        "storm-small",
        When::Fast,
        "20 seeds in the simulator",
        |workspace| {
            cargo(
                workspace,
                &format!("{STORM} --seeds 20 --steps 20000 --json"),
            )
        },
    ),
    step(
        "storm",
        When::Full,
        "3,000 seeds in the simulator",
        |workspace| {
            cargo(
                workspace,
                &format!("{STORM} --seeds 3000 --steps 20000 --json"),
            )
        },
    ),
    step(
        "bench",
        When::Full,
        "the core and other crates end with the same digests",
        |workspace| {
            let bench = "--manifest-path bench/Cargo.toml --target-dir target/bench";
            let all = "--features peers";
            cargo(workspace, "fmt --check --manifest-path bench/Cargo.toml")?;
            cargo(
                workspace,
                &format!("clippy {bench} {all} --all-targets {STRICT}"),
            )?;
            cargo(workspace, &format!("test {bench} {all}"))
        },
    ),
    step("ui", When::Full, "the page and the server", |workspace| {
        passed(play::build(workspace).map(drop))
    }),
    step("size", When::Full, "the size of the page", |workspace| {
        passed(size::run(workspace, false, true))
    }),
    step(
        "browser",
        When::Full,
        "real browser, real processes",
        |workspace| cargo(workspace, "test --no-fail-fast -p raftwerk-tests"),
    ),
    step("trunk", When::Full, "the page as Trunk builds it", trunk),
    step(
        "image",
        When::Full,
        "the program of the Docker image needs no other file",
        image::check,
    ),
];

/// Crates that are checked on their own: the page is for another target, and the server must be
/// built as it is shipped, without features that other crates ask of the core.
const NOT_ALONE: &str =
    "--exclude raftwerk-web --exclude raftwerk-native --exclude raftwerk-decoders";

/// Every warning is an error.
const STRICT: &str = "-- --deny warnings";

const STORM: &str = "run --release -p raftwerk-sim --bin storm --";

/// Where `Trunk.toml` puts the page.
const TRUNK_DIST: &str = "dist-trunk";

/// Runs cargo; the words of the line are its arguments.
fn cargo(workspace: &Workspace, line: &str) -> Result<Outcome> {
    passed(must(workspace.cargo().args(line.split_whitespace())))
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

/// Builds with Trunk, then lets the browser look at what came out.
fn trunk(workspace: &Workspace) -> Result<Outcome> {
    let in_ci = std::env::var_os("CI").is_some();
    for tool in ["trunk", "wasm-bindgen"] {
        if tools::find(tool).is_none() {
            ensure!(!in_ci, "{tool} is not on the PATH");
            let why = format!("{tool} is not on the PATH; `.ci/run` installs it");
            return Ok(Outcome::Skipped(why));
        }
    }
    must(workspace.command("trunk").args(["build", "--offline"]))?;
    let mut tests = workspace.cargo();
    tests.args(["test", "-p", "raftwerk-tests", "--test", "page"]);
    passed(must(tests.env("RAFTWERK_DIST", TRUNK_DIST)))
}
