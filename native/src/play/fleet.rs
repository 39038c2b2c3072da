//! The processes of a cluster: which run, which are frozen, which are gone.
//!
//! Guarantees: only processes started here are ever signalled; a node that ends by itself is
//! told with its last lines and stays down until someone restarts it; after [`Fleet::stop`]
//! none of them is left.

use super::process::{Ended, Process};
use super::say;
use crate::client::{Client, Limits};
use hyper::http::{HeaderMap, Method};
use raftwerk_wire::observe::ProcessView;
use raftwerk_wire::view::NodeCondition;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Between two questions whether a node answers already.
const HEALTH_PAUSE: Duration = Duration::from_millis(25);
/// After a signal that ends a process at once, it is gone within this time.
const KILL_WAIT: Duration = Duration::from_secs(5);
/// Time for a clean end before a process is killed.
const END_WAIT: Duration = Duration::from_secs(5);

/// What every node of the cluster is started with.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program: this one.
    pub program: PathBuf,
    /// Id of the cluster in hexadecimal.
    pub cluster: String,
    /// Directory of each node, by id.
    pub data: BTreeMap<u64, PathBuf>,
}

/// The processes.
pub struct Fleet {
    launch: Launch,
    client: Client,
    slots: Mutex<BTreeMap<u64, Slot>>,
    changes: watch::Sender<u64>,
    /// Nothing is started any more.
    stopping: AtomicBool,
}

struct Slot {
    port: u16,
    condition: NodeCondition,
    process: Option<Process>,
    /// Its end was asked for, so it is no news.
    asked: bool,
}

/// Why something could not be done to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cannot {
    /// There is no such node.
    NoSuchNode(u64),
    /// It makes no sense in its state.
    Refused(String),
    /// The system refused.
    Failed(String),
}

impl Fleet {
    /// A fleet of which nothing runs yet.
    #[must_use]
    pub fn new(launch: Launch, client: Client) -> Arc<Fleet> {
        let (slots, changes) = (Mutex::default(), watch::Sender::new(0));
        let stopping = AtomicBool::new(false);
        Arc::new(Fleet {
            launch,
            client,
            slots,
            changes,
            stopping,
        })
    }

    /// Starts every node at the given ports, in order of ids.
    ///
    /// # Errors
    /// Why one cannot be started; those before it run.
    pub fn start(self: &Arc<Self>, ports: &[u16]) -> Result<(), Cannot> {
        let nodes = self.launch.data.keys().copied();
        let down = |(node, &port)| (node, Slot::down(port));
        *self.lock() = nodes.zip(ports).map(down).collect();
        for node in self.ids() {
            self.restart(node)?;
        }
        Ok(())
    }

    /// Ids of all nodes.
    #[must_use]
    pub fn ids(&self) -> Vec<u64> {
        self.launch.data.keys().copied().collect()
    }

    /// State of all processes.
    #[must_use]
    pub fn processes(&self) -> Vec<ProcessView> {
        let view = |(&node, slot): (&u64, &Slot)| ProcessView {
            node,
            condition: slot.condition,
            pid: slot.process.as_ref().map(|process| process.pid),
            url: slot.url(),
        };
        self.lock().iter().map(view).collect()
    }

    /// State of one node and where it is reached; `None`: no such node.
    #[must_use]
    pub fn condition(&self, node: u64) -> Option<(NodeCondition, String)> {
        self.lock()
            .get(&node)
            .map(|slot| (slot.condition, slot.url()))
    }

    /// Port of a node.
    #[must_use]
    pub fn port(&self, node: u64) -> Option<u16> {
        self.lock().get(&node).map(|slot| slot.port)
    }

    /// Changes whenever the state of a process does.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Starts a node that does not run; gives its process id.
    ///
    /// # Errors
    /// See [`Cannot`].
    pub fn restart(self: &Arc<Self>, node: u64) -> Result<u32, Cannot> {
        let mut slots = self.lock();
        let urls: Vec<String> = slots
            .iter()
            .map(|(id, slot)| format!("{id}={}", slot.url()))
            .collect();
        let slot = slots.get_mut(&node).ok_or(Cannot::NoSuchNode(node))?;
        if self.stopping.load(SeqCst) {
            return Err(Cannot::Refused("everything is being stopped".to_string()));
        }
        if slot.process.is_some() {
            return Err(Cannot::Refused(format!("node {node} runs already")));
        }
        let command = self.command(node, slot, &urls.join(","));
        let log = self.launch.data[&node].join("log.txt");
        let fleet = Arc::clone(self);
        // The end may come before this returns; it then waits for the lock held here.
        let process = Process::start(command, log, move |how| fleet.ended(node, &how))
            .map_err(Cannot::Failed)?;
        let pid = process.pid;
        slot.process = Some(process);
        slot.condition = NodeCondition::Up;
        slot.asked = false;
        drop(slots);
        self.changed();
        Ok(pid)
    }

    fn command(&self, node: u64, slot: &Slot, urls: &str) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(&self.launch.program);
        command
            .args(["node", "--exit-with-parent", "--enable-chaos"])
            .args(["--id", &node.to_string()])
            .args(["--cluster", &self.launch.cluster])
            .args(["--listen", &format!("127.0.0.1:{}", slot.port)])
            .args(["--advertise", &slot.url()])
            .args(["--initial-cluster", urls])
            .arg("--data")
            .arg(&self.launch.data[&node])
            // Ctrl-C in the terminal is for the supervisor, which ends the nodes in order.
            .process_group(0);
        command
    }

    /// Kills a node (SIGKILL); gives the process id it had once it is gone.
    ///
    /// # Errors
    /// See [`Cannot`].
    pub async fn crash(&self, node: u64) -> Result<u32, Cannot> {
        let process = {
            let mut slots = self.lock();
            let slot = slots.get_mut(&node).ok_or(Cannot::NoSuchNode(node))?;
            let Some(process) = slot.process.clone() else {
                return Err(Cannot::Refused(format!("node {node} is down already")));
            };
            slot.asked = true;
            process
        };
        // A process that ended this very moment is as dead as asked.
        let _ = process.signal(Signal::KILL);
        let gone = self.until(KILL_WAIT, |slots| slots[&node].process.is_none());
        if gone.await {
            return Ok(process.pid);
        }
        let why = format!("process {} of node {node} does not end", process.pid);
        Err(Cannot::Failed(why))
    }

    /// Stops a node (SIGSTOP): it runs, but does nothing.
    ///
    /// # Errors
    /// See [`Cannot`].
    pub fn freeze(&self, node: u64) -> Result<u32, Cannot> {
        self.pause(node, NodeCondition::Up, NodeCondition::Frozen)
    }

    /// Lets a frozen node go on (SIGCONT).
    ///
    /// # Errors
    /// See [`Cannot`].
    pub fn thaw(&self, node: u64) -> Result<u32, Cannot> {
        self.pause(node, NodeCondition::Frozen, NodeCondition::Up)
    }

    fn pause(&self, node: u64, from: NodeCondition, to: NodeCondition) -> Result<u32, Cannot> {
        let mut slots = self.lock();
        let slot = slots.get_mut(&node).ok_or(Cannot::NoSuchNode(node))?;
        let frozen = to == NodeCondition::Frozen;
        let Some(process) = slot.process.clone().filter(|_| slot.condition == from) else {
            let why = match slot.condition {
                NodeCondition::Crashed => "is down",
                NodeCondition::Frozen => "is frozen already",
                _ => "is not frozen",
            };
            return Err(Cannot::Refused(format!("node {node} {why}")));
        };
        if !process.signal(if frozen { Signal::STOP } else { Signal::CONT }) {
            return Err(Cannot::Refused(format!("node {node} has just ended")));
        }
        slot.condition = to;
        drop(slots);
        self.changed();
        Ok(process.pid)
    }

    /// Waits until a node answers; `false`: it ended, or did not answer in time.
    pub async fn answers(&self, node: u64, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            match self.condition(node) {
                Some((NodeCondition::Up, url)) if self.is_healthy(&url).await => return true,
                Some((NodeCondition::Up, _)) => sleep(HEALTH_PAUSE).await,
                _ => return false,
            }
        }
        false
    }

    async fn is_healthy(&self, url: &str) -> bool {
        let second = Duration::from_secs(1);
        let limits = Limits {
            connect: second,
            total: second,
            body: 1 << 16,
        };
        let url = format!("{url}/healthz");
        let asked = self
            .client
            .request(Method::GET, &url, HeaderMap::new(), "", limits);
        asked.await.is_ok_and(|answer| answer.status.is_success())
    }

    /// Ends every process: cleanly if it can in time, by force otherwise or when `hurry` is done.
    pub async fn stop(&self, hurry: impl Future<Output = ()>) {
        {
            // Under the lock, so that nothing is started between this and the signals.
            let _slots = self.lock();
            self.stopping.store(true, SeqCst);
        }
        self.signal_all(Signal::CONT);
        self.signal_all(Signal::TERM);
        let all_gone = |slots: &BTreeMap<u64, Slot>| slots.values().all(|s| s.process.is_none());
        tokio::select! {
            gone = self.until(END_WAIT, all_gone) => if gone { return },
            () = hurry => {}
        }
        self.signal_all(Signal::KILL);
        if !self.until(KILL_WAIT, all_gone).await {
            say("Some processes do not end; the system ends them with this one.");
        }
    }

    /// Kills every process; all may be started again.
    pub async fn kill_all(&self) {
        self.signal_all(Signal::KILL);
        self.until(KILL_WAIT, |slots| {
            slots.values().all(|slot| slot.process.is_none())
        })
        .await;
    }

    fn signal_all(&self, signal: Signal) {
        for slot in self.lock().values_mut() {
            slot.asked = true;
            if let Some(process) = &slot.process {
                // One that has just ended needs no signal.
                let _ = process.signal(signal);
            }
        }
    }

    fn ended(&self, node: u64, how: &Ended) {
        let mut news = false;
        if let Some(slot) = self.lock().get_mut(&node) {
            slot.process = None;
            slot.condition = NodeCondition::Crashed;
            news = !slot.asked;
        }
        if news {
            let (pid, status, lines) = (how.pid, &how.status, how.lines.join("\n    "));
            let log = self.launch.data[&node].join("log.txt");
            say(&format!(
                "Node {node} (process {pid}) ended by itself with {status}. It stays down until \
                 you restart it in the page.\n  Last lines of {}:\n    {lines}",
                log.display()
            ));
        }
        self.changed();
    }

    /// Waits until the state is as asked; `false`: it took too long.
    async fn until(&self, limit: Duration, is_so: impl Fn(&BTreeMap<u64, Slot>) -> bool) -> bool {
        let mut changes = self.changes.subscribe();
        let wait = async {
            while !is_so(&self.lock()) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        timeout(limit, wait).await.is_ok()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Slot>> {
        // No slot is ever left half-changed, so a panic elsewhere leaves a usable map.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn down(port: u16) -> Slot {
        Slot {
            port,
            condition: NodeCondition::Crashed,
            process: None,
            asked: false,
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

#[cfg(test)]
mod tests;
