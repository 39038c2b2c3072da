//! The built `raftwerk` program as a child process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::{Process, Signal};
use crate::{root, target};

/// The built server: `RAFTWERK_BIN` if set, else the one in the target folder of this test.
pub fn binary() -> Result<PathBuf> {
    if let Some(set) = std::env::var_os("RAFTWERK_BIN") {
        return Ok(PathBuf::from(set));
    }
    let name = format!("raftwerk{}", std::env::consts::EXE_SUFFIX);
    let path = target().join("release").join(name);
    if !path.exists() {
        bail!(
            "no {}; `cargo build --release -p raftwerk-native` makes it",
            path.display()
        );
    }
    Ok(path)
}

/// A port that nobody listens on right now.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// A running `raftwerk` with a folder of its own; both are gone when it is dropped.
pub struct Raftwerk {
    process: Process,
    args: Vec<String>,
    starts: u32,
    folder: TempDir,
}

impl Raftwerk {
    /// Starts `raftwerk` with these arguments; every `{dir}` in them is its folder.
    pub fn start(args: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir().context("no folder for the data")?;
        let dir = folder.path().display().to_string();
        let args: Vec<String> = args.iter().map(|arg| arg.replace("{dir}", &dir)).collect();
        let process = spawn(&args, folder.path(), 0)?;
        Ok(Self {
            process,
            args,
            starts: 0,
            folder,
        })
    }

    /// Starts it again with the same arguments and the same data; kills it first if it runs.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.ended()?.is_none() {
            self.process.kill()?;
        }
        self.starts += 1;
        self.process = spawn(&self.args, self.folder.path(), self.starts)?;
        Ok(())
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&mut self) -> Result<()> {
        self.process.signal(Signal::INT)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn spawn(args: &[String], folder: &Path, start: u32) -> Result<Process> {
    let mut command = Command::new(binary()?);
    command.args(args).current_dir(root());
    Process::start(command, &folder.join(format!("output-{start}.log")))
}
