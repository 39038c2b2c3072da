//! A child process that does not outlive its handle.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, kill_process};

/// The signals that tests send.
pub use rustix::process::Signal;

/// A running program; killed when dropped.
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose output, all of it, goes to a file.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            child,
            name,
            log: log.to_path_buf(),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Its end, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// An error with its output if it has ended.
    pub fn must_run(&mut self) -> Result<()> {
        if let Some(status) = self.ended()? {
            bail!("{} ended ({status}):\n{}", self.name, self.output());
        }
        Ok(())
    }

    /// Sends a signal; an error if it has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        // Asked first, because the number of a process that has ended may belong to another.
        self.must_run()?;
        let pid = pid(self.child.id())?;
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Ends it at once, as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.kill();
    }
}

/// Kills a process that some child started; that it has ended already is fine.
pub(crate) fn kill_other(id: u32) {
    if let Ok(pid) = pid(id) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn pid(id: u32) -> Result<Pid> {
    i32::try_from(id)
        .ok()
        .and_then(Pid::from_raw)
        .context("no process has this number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dies_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("600");
        let mut process = Process::start(command, &folder.path().join("log")).unwrap();
        process.must_run().unwrap();
        process.signal(Signal::STOP).unwrap();
        let pid = pid(process.id()).unwrap();
        drop(process);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }

    #[test]
    fn tells_why_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo the reason >&2; exit 3"]);
        let mut process = Process::start(command, &folder.path().join("log")).unwrap();
        process.child.wait().unwrap();
        let error = process.must_run().unwrap_err().to_string();
        assert!(error.contains("the reason"), "{error}");
    }
}
