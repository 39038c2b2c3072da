//! One supervised process: started, watched, signalled, never outliving the supervisor.
//!
//! A thread of its own starts the process, keeps its log and waits for its end. That thread lives
//! as long as the process does, which matters on Linux: the signal that a process asks for at the
//! end of its parent comes at the end of the parent's *thread*.
//!
//! Guarantees: a signal only ever reaches the process that was started here, never a stranger
//! that got its number later, because the number is given back under the same lock that signals
//! take. The log on disk and what is kept of it in memory are bounded.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a log file; then it becomes `log.old.txt` and a new one begins.
const LOG_BYTES: u64 = 4 << 20;
/// Bytes of the end of the log kept in memory.
const TAIL_BYTES: usize = 8 << 10;
/// Lines of it that are shown.
const TAIL_LINES: usize = 12;

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its number while it ran.
    pub pid: u32,
    /// With which status.
    pub status: String,
    /// The last lines it logged.
    pub lines: Vec<String>,
}

/// A running process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    // `None` once the number was given back.
    alive: Arc<Mutex<Option<Pid>>>,
}

impl Process {
    /// Starts `command`; `ended` is called once, from another thread, when it is over.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start(
        command: Command,
        log: PathBuf,
        ended: impl FnOnce(Ended) + Send + 'static,
    ) -> Result<Process, String> {
        let (tell, told) = sync_channel(1);
        std::thread::Builder::new()
            .name("supervise".to_string())
            .spawn(move || live(command, &log, &tell, ended))
            .map_err(|why| format!("no thread: {why}"))?;
        told.recv()
            .unwrap_or_else(|_| Err("the thread that starts it ended".to_string()))
    }

    /// Sends a signal; `false`: the process is over.
    #[must_use]
    pub fn signal(&self, signal: Signal) -> bool {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }
}

/// The whole life of a process, on its thread.
fn live(
    mut command: Command,
    log: &Path,
    tell: &SyncSender<Result<Process, String>>,
    ended: impl FnOnce(Ended),
) {
    // The pipe to its input stays open as long as this thread: its end tells the process that
    // the supervisor is gone.
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let started = Log::create(log).and_then(|log| Ok((log, command.spawn()?)));
    let (log, mut child) = match started {
        Ok(started) => started,
        Err(why) => {
            let program = command.get_program().to_string_lossy().into_owned();
            let _ = tell.send(Err(format!("cannot start {program}: {why}")));
            return;
        }
    };
    let _input = child.stdin.take();
    let pid = child.id();
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let alive = Arc::new(Mutex::new(number));
    let process = Process {
        pid,
        alive: Arc::clone(&alive),
    };
    let _ = tell.send(Ok(process));
    let log = match child.stderr.take() {
        Some(from) => log.keep(from),
        None => log,
    };
    let status = reap(&mut child, number, &alive);
    ended(Ended {
        pid,
        status,
        lines: log.last_lines(),
    });
}

/// Waits for the end, and gives the number back under the lock.
fn reap(child: &mut Child, number: Option<Pid>, alive: &Mutex<Option<Pid>>) -> String {
    if let Some(number) = number {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(number), options) {}
    }
    let mut alive = alive.lock().unwrap_or_else(PoisonError::into_inner);
    *alive = None;
    match child.wait() {
        Ok(status) => in_words(status),
        Err(why) => format!("unknown end: {why}"),
    }
}

fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The log of a process: a bounded file and its end in memory.
struct Log {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    tail: Vec<u8>,
}

impl Log {
    fn create(path: &Path) -> std::io::Result<Log> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // The log of the life before is kept beside it, to be read after a crash.
        let _ = std::fs::rename(path, path.with_extension("old.txt"));
        let (path, file) = (path.to_path_buf(), Some(File::create(path)?));
        Ok(Log {
            path,
            file,
            written: 0,
            tail: Vec::new(),
        })
    }

    /// Takes everything until the other end closes.
    fn keep(mut self, mut from: ChildStderr) -> Log {
        let mut buffer = vec![0; 8 << 10];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return self,
                Ok(count) => self.add(&buffer[..count]),
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return self,
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.written + bytes.len() as u64 > LOG_BYTES {
            // Losing a log must not disturb a node: what cannot be written is left out.
            let _ = std::fs::rename(&self.path, self.path.with_extension("old.txt"));
            self.file = File::create(&self.path).ok();
            self.written = 0;
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_all(bytes);
            self.written += bytes.len() as u64;
        }
        self.tail.extend_from_slice(bytes);
        let extra = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..extra);
    }

    fn last_lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.tail);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let from = lines.len().saturating_sub(TAIL_LINES);
        lines[from..].iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    fn shell(script: &str, log: &Path) -> (Process, Receiver<Ended>) {
        let (send, receive) = channel();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let ended = move |how| send.send(how).unwrap();
        (
            Process::start(command, log.to_path_buf(), ended).unwrap(),
            receive,
        )
    }

    fn wait(receive: &Receiver<Ended>) -> Ended {
        receive.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn an_end_is_told_with_its_last_lines() {
        let place = tempfile::tempdir().unwrap();
        let log = place.path().join("node/log.txt");
        let (process, ended) = shell("echo one >&2; echo two >&2; exit 3", &log);
        let end = wait(&ended);
        assert_eq!((end.pid, end.status.as_str()), (process.pid, "status 3"));
        assert_eq!(end.lines, ["one", "two"]);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "one\ntwo\n");
        assert!(!process.signal(Signal::KILL));
    }

    #[test]
    fn a_stopped_process_can_be_killed() {
        let place = tempfile::tempdir().unwrap();
        let (process, ended) = shell("read nothing", &place.path().join("log.txt"));
        assert!(process.signal(Signal::STOP));
        assert!(process.signal(Signal::KILL));
        assert_eq!(wait(&ended).status, "signal 9");
    }

    #[test]
    fn the_log_is_bounded() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log.txt");
        let mut log = Log::create(&path).unwrap();
        let line = [b'x'; 1 << 16];
        for _ in 0..200 {
            log.add(&line);
        }
        assert!(std::fs::metadata(&path).unwrap().len() <= LOG_BYTES);
        assert!(
            std::fs::metadata(place.path().join("log.old.txt"))
                .unwrap()
                .len()
                <= LOG_BYTES
        );
        assert!(log.tail.len() <= TAIL_BYTES);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_cannot_start_is_said() {
        let place = tempfile::tempdir().unwrap();
        let command = Command::new("/no/such/program");
        let error = Process::start(command, place.path().join("log.txt"), |_| ()).unwrap_err();
        assert!(error.contains("/no/such/program"), "{error}");
    }
}
