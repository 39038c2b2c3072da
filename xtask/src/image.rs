//! `cargo xtask image`: the server as a Docker image.
//!
//! The image holds one static program and nothing else: no shell, no package, no other image below
//! it. What is built here is all that runs. How it is used stands in `docs/docker.md`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::play;
use crate::steps::Outcome;
use crate::tools;
use crate::ui::{self, Profile};
use crate::workspace::{Workspace, must};

/// What the image is called unless the command says otherwise.
pub const TAG: &str = "raftwerk";

/// Builds the page, the program with the page inside, and the image around it.
pub fn run(workspace: &Workspace, tag: &str) -> Result<()> {
    ensure!(
        tools::find("docker").is_some(),
        "there is no `docker` here: install it (Debian: docker.io), or copy the program that \
         `cargo xtask image --program` builds"
    );
    let program = program(workspace)?;
    let context = context(workspace, &program)?;
    must(
        workspace
            .command("docker")
            .args(["build", "--tag", tag])
            .arg(&context),
    )?;
    println!("image `{tag}`: docker run --rm {tag} --help");
    Ok(())
}

/// Builds the static program with the page inside; gives its path.
pub fn program(workspace: &Workspace) -> Result<PathBuf> {
    let target = target()?;
    // Nothing happens when it is there already.
    must(workspace.command("rustup").args(["target", "add", &target]))?;
    ui::run(workspace, Profile::Small)?;
    play::embed(workspace, Some(&target))
}

/// Shows that the program needs nothing: it runs in a folder that holds nothing else.
pub fn check(workspace: &Workspace) -> Result<Outcome> {
    if !tools::is_root() {
        let why = "only root may show that the program needs no other file";
        return Ok(Outcome::Skipped(why.to_string()));
    }
    let program = program(workspace)?;
    let context = context(workspace, &program)?;
    must(
        workspace
            .command("chroot")
            .arg(&context)
            .args(["/raftwerk", "--version"]),
    )?;
    Ok(Outcome::Passed)
}

/// A program for Linux on this machine's processor that needs no file of any system.
fn target() -> Result<String> {
    let arch = std::env::consts::ARCH;
    ensure!(
        matches!(arch, "x86_64" | "aarch64"),
        "images are built on x86_64 and aarch64, this is {arch}"
    );
    Ok(format!("{arch}-unknown-linux-musl"))
}

/// The folder that Docker sees: recipe, program, and the folder that becomes `/data`.
fn context(workspace: &Workspace, program: &Path) -> Result<PathBuf> {
    let context = workspace.target.join("xtask/image");
    fs::create_dir_all(context.join("data"))?;
    let recipe = workspace.root.join("native/image/Dockerfile");
    for (from, name) in [(recipe.as_path(), "Dockerfile"), (program, "raftwerk")] {
        fs::copy(from, context.join(name))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(context)
}
