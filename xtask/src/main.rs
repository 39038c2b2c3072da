//! Build and test commands of Raftwerk: `cargo xtask <command>`.
//!
//! Needs nothing but the pinned Rust toolchain and a C compiler to build and play. Every command
//! ends with status 0 on success and 1 on failure, and says in one line what went wrong.

mod bench;
mod bundle;
mod chart;
mod figures;
mod html;
mod image;
mod page;
mod play;
mod sabotage;
mod shrink;
mod size;
mod steps;
mod test;
mod tidy;
mod tools;
mod ui;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use workspace::Workspace;

const HELP: &str = "\
Build and test commands of Raftwerk

  cargo xtask play [args]      build the page and the server, start a cluster on this machine;
                               everything after `play` goes to `raftwerk play`
  cargo xtask test [--fast] [step...]
                               every check, or the named ones; --fast leaves out the browser,
                               the server's processes and most seeds
  cargo xtask ui [--dev]       build the page into dist/; --dev builds faster and bigger
  cargo xtask size [--json] [--check]
                               how big the page is; --check fails above the budget
  cargo xtask bench core [--quick] [--json]
                               the core beside other Raft crates, and the simulator's speed;
                               writes docs/benchmarks.md unless --quick
  cargo xtask image [tag]      the server as a Docker image, `raftwerk` unless named otherwise;
                               --program builds only the static program that goes into it
  cargo xtask figures [--json] the paper's own experiment, repeated; writes docs/figures.md
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let Some((command, rest)) = args.split_first() else {
        print!("{HELP}");
        bail!("which command?");
    };
    if matches!(command.as_str(), "help" | "-h" | "--help") {
        print!("{HELP}");
        return Ok(());
    }
    let workspace = Workspace::find()?;
    match command.as_str() {
        "play" => play::run(&workspace, rest),
        "test" => test::run(&workspace, rest),
        "bench" => bench::run(&workspace, rest),
        "figures" => figures::run(&workspace, rest),
        "image" => match rest {
            [] => image::run(&workspace, image::TAG),
            [flag] if flag == "--program" => {
                println!("{}", image::program(&workspace)?.display());
                Ok(())
            }
            [tag] if !tag.starts_with('-') => image::run(&workspace, tag),
            _ => bail!("`cargo xtask image` takes one tag or --program"),
        },
        "ui" => {
            only(rest, &["--dev"])?;
            let profile = if has(rest, "--dev") {
                ui::Profile::Dev
            } else {
                ui::Profile::Small
            };
            ui::run(&workspace, profile)
        }
        "size" => {
            only(rest, &["--json", "--check"])?;
            size::run(&workspace, has(rest, "--json"), has(rest, "--check"))
        }
        other => bail!("no command {other:?}; `cargo xtask help` lists them"),
    }
}

/// True if the flag is among the arguments.
fn has(args: &[String], flag: &str) -> bool {
    args.iter().any(|arg| arg == flag)
}

/// Refuses arguments that the command does not know.
fn only(args: &[String], known: &[&str]) -> Result<()> {
    match args.iter().find(|arg| !known.contains(&arg.as_str())) {
        Some(arg) => bail!("unknown argument {arg:?}; `cargo xtask help` lists them"),
        None => Ok(()),
    }
}
