//! `cargo xtask play`: page, server, cluster.
//!
//! The server carries the page inside, so it can only be finished after the page. Everything else
//! of it is compiled at the same time as the page: that is what makes the first start short.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::ui::{self, Profile};
use crate::workspace::{Workspace, must, shown};

/// Builds everything and becomes `raftwerk play` with the given arguments.
pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let binary = build(workspace)?;
    let mut command = workspace.command(&binary);
    command.arg("play").args(args);
    become_command(command)
}

/// Builds the page and the server with the page inside; gives the path of the server.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let ahead = Ahead::start(workspace)?;
    ui::run(workspace, Profile::Small)?;
    ahead.wait()?;
    embed(workspace, None)
}

/// Builds the server, surely with the page of now, for this machine or for a named target; gives
/// its path.
///
/// Cargo watches the files that were embedded, so it does not see a page that was not there at the
/// last build. Therefore the page of the last build is remembered here.
pub fn embed(workspace: &Workspace, target: Option<&str>) -> Result<PathBuf> {
    let page = fs::read(ui::stamp(workspace)).context("the bundler left no stamp")?;
    let stamp = target.map_or("embedded.stamp".to_string(), |target| {
        format!("embedded-{target}.stamp")
    });
    let embedded = workspace.target.join("xtask").join(stamp);
    let up_to_date = fs::read(&embedded).is_ok_and(|old| old == page);
    if !up_to_date {
        for root in ["native/src/lib.rs", "native/src/main.rs"] {
            touch(&workspace.root.join(root))?;
        }
    }
    let mut build = workspace.cargo();
    build.arg("build").args(SERVER);
    let mut folder = workspace.target.clone();
    if let Some(target) = target {
        build.args(["--target", target]);
        folder.push(target);
    }
    must(&mut build)?;
    if !up_to_date {
        fs::write(&embedded, page)?;
    }
    let name = format!("raftwerk{}", std::env::consts::EXE_SUFFIX);
    Ok(folder.join("release").join(name))
}

/// What cargo is to build.
const SERVER: [&str; 3] = ["--release", "-p", "raftwerk-native"];

/// Compiles all that the server stands on while the page is being made.
///
/// The server's own crate is only asked for its name, because it needs the page. This is only a
/// head start: it says nothing, and what it could not do, the build after it does and reports.
struct Ahead(Child);

impl Ahead {
    fn start(workspace: &Workspace) -> Result<Self> {
        let mut command = workspace.cargo();
        command
            .arg("rustc")
            .args(SERVER)
            .args(["--lib", "--", "--print=crate-name"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", shown(&command)));
        Ok(Self(child?))
    }

    fn wait(mut self) -> Result<()> {
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // It may end by itself in between; either way it is over then.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

fn touch(path: &Path) -> Result<()> {
    if path.exists() {
        fs::File::options()
            .append(true)
            .open(path)?
            .set_modified(SystemTime::now())?;
    }
    Ok(())
}

/// Replaces this process, so that Ctrl-C and signals reach the server itself.
#[cfg(unix)]
fn become_command(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start `{}`", shown(&command)))
}

/// Runs the server to its end; Ctrl-C reaches it because it shares the console.
#[cfg(not(unix))]
fn become_command(mut command: Command) -> Result<()> {
    must(&mut command)
}
