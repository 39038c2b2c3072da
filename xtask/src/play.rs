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
    must(&mut native(workspace))?;
    let name = format!("raftwerk{}", std::env::consts::EXE_SUFFIX);
    let binary = workspace.target.join("release").join(name);
    if older_than_page(workspace, &binary)? {
        // Cargo watches the files that were embedded, so it cannot know of a page that was not
        // there at the last build.
        for root in ["native/src/lib.rs", "native/src/main.rs"] {
            touch(&workspace.root.join(root))?;
        }
        must(&mut native(workspace))?;
    }
    Ok(binary)
}

/// The cargo build of the server.
fn native(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command.args(["build", "--release", "-p", "raftwerk-native"]);
    command
}

/// Compiles the server's library, and all it stands on, while the page is being made.
///
/// Only a head start: it says nothing, and whatever it could not do, the build after it does again
/// and reports.
struct Ahead(Child);

impl Ahead {
    fn start(workspace: &Workspace) -> Result<Self> {
        let mut command = native(workspace);
        command
            .arg("--lib")
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

fn older_than_page(workspace: &Workspace, binary: &Path) -> Result<bool> {
    let page = workspace.dist().join("index.html");
    Ok(modified(binary)? < modified(&page)?)
}

fn modified(path: &Path) -> Result<SystemTime> {
    let about = fs::metadata(path).with_context(|| format!("cannot find {}", path.display()))?;
    Ok(about.modified()?)
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
