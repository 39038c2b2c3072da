//! `cargo xtask ui`: compiles the page and bundles it into `dist/`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::bundle::Bundle;
use crate::size;
use crate::workspace::{Workspace, must};

/// How the page is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As small as it gets: what is shipped and measured.
    Small,
    /// Quick to compile, bigger and slower to run.
    Dev,
}

impl Profile {
    /// The cargo profile, and the folder of its output.
    fn name(self) -> &'static str {
        match self {
            Profile::Small => "wasm",
            Profile::Dev => "wasm-dev",
        }
    }
}

const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles and bundles the page, unless it is up to date, and tells its size.
pub fn run(workspace: &Workspace, profile: Profile) -> Result<()> {
    if build(workspace, profile)? {
        eprint!("{}", size::measure(&workspace.dist())?);
    } else {
        eprintln!("dist/ is up to date");
    }
    Ok(())
}

/// Compiles and bundles the page; true if it changed.
pub fn build(workspace: &Workspace, profile: Profile) -> Result<bool> {
    must(&mut compile(workspace, profile))?;
    bundle(workspace, profile)
}

/// The cargo build of the page.
pub fn compile(workspace: &Workspace, profile: Profile) -> Command {
    let mut command = workspace.cargo();
    command.args(["build", "-p", "raftwerk-web", "--target", TARGET]);
    // It opens runs in which a rule is switched off, such as `sabotage` finds.
    command.args(["--features", "sabotage"]);
    command.args(["--profile", profile.name()]);
    command
}

/// Bundles what was compiled; true if the page changed.
pub fn bundle(workspace: &Workspace, profile: Profile) -> Result<bool> {
    let wasm: PathBuf = [TARGET, profile.name(), "raftwerk-web.wasm"]
        .iter()
        .collect();
    Bundle {
        wasm: &workspace.target.join(wasm),
        index: &workspace.root.join("web/index.html"),
        dist: &workspace.dist(),
        stamp: &stamp(workspace),
        names: profile == Profile::Dev,
    }
    .run()
}

/// The file that says which page lies in `dist/`: another page, another content.
pub fn stamp(workspace: &Workspace) -> PathBuf {
    workspace.target.join("xtask/ui.stamp")
}
