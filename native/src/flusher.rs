//! The log thread: group commit without a timer (thesis 10.2.1).
//!
//! It takes everything that waits, writes it with one call and one sync, and reports the highest
//! number. While it syncs, the next batch collects. After an error it reports that and ends:
//! nothing is tried again (trap D2). The queue is bounded by the core, which has at most
//! `Limits::writes_in_flight` writes under way.

use crate::limits::RESERVE_PAUSE;
use crate::metrics::Metrics;
use crate::wal::{Files, Wal};
use raftwerk_core::{LogId, Write, WriteSeq};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Instant;

/// What the disk says.
#[derive(Debug)]
pub enum DiskReport {
    /// Every write up to here is on disk.
    Synced(WriteSeq),
    /// The disk is full and the reserve is in use, or it is not any more.
    Low(bool),
    /// A write failed; which of the waiting ones are on disk is not known.
    Failed {
        /// The highest number that was tried.
        seq: WriteSeq,
        /// What failed.
        why: String,
    },
}

/// What the thread is asked to do; `None`: the node has everything again that its log had lost,
/// so that may be forgotten.
type Job = Option<Write>;

/// When the reserve is looked after.
struct Space {
    reserve: u64,
    looked: Instant,
}

impl Space {
    fn new<F: Files>(wal: &mut Wal<F>, reserve: u64) -> Space {
        wal.keep_reserve(reserve);
        let looked = Instant::now();
        Space { reserve, looked }
    }

    /// Waits for the next job; while the reserve is in use, also tries to make it again. `None`: there
    /// will be no more.
    fn wait<F: Files>(
        &mut self,
        wal: &mut Wal<F>,
        waiting: &Receiver<Job>,
        report: &impl Fn(DiskReport),
    ) -> Option<Job> {
        while wal.is_low() {
            if self.looked.elapsed() >= RESERVE_PAUSE {
                wal.keep_reserve(self.reserve);
                self.looked = Instant::now();
                if !wal.is_low() {
                    report(DiskReport::Low(false));
                }
            }
            match waiting.recv_timeout(RESERVE_PAUSE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        waiting.recv().ok()
    }
}

/// The log thread. Dropping it lets the thread finish what waits and end.
pub struct Flusher {
    queue: Option<Sender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread on a log and the bytes that it keeps in reserve. `install` gives a snapshot that took the log's place the name that says
    /// so; before that it is not reported as on disk.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn start<F: Files>(
        (mut wal, reserve): (Wal<F>, u64),
        metrics: Arc<Metrics>,
        mut install: impl FnMut(LogId) -> std::io::Result<()> + Send + 'static,
        report: impl Fn(DiskReport) + Send + 'static,
    ) -> Flusher {
        let (queue, waiting) = channel::<Job>();
        let work = move || {
            let mut space = Space::new(&mut wal, reserve);
            if wal.is_low() {
                report(DiskReport::Low(true));
            }
            while let Some(first) = space.wait(&mut wal, &waiting, &report) {
                let (mut batch, mut forget) = (Vec::new(), false);
                for job in std::iter::once(first).chain(waiting.try_iter()) {
                    forget |= job.is_none();
                    batch.extend(job);
                }
                // What it rests on was reported before it was asked for.
                if forget {
                    wal.forget_suspicion();
                }
                let Some(seq) = batch.last().map(|write| write.seq) else {
                    continue;
                };
                let was_low = wal.is_low();
                let started = Instant::now();
                let mut done = wal.append(&batch).map_err(|error| error.to_string());
                for meta in batch.iter().filter_map(|write| write.install.as_ref()) {
                    let installed = |()| {
                        install(meta.last).map_err(|error| format!("a snapshot's name: {error}"))
                    };
                    done = done.and_then(installed);
                }
                if let Err(why) = done {
                    return report(DiskReport::Failed { seq, why });
                }
                metrics.synced(started.elapsed(), batch.len());
                report(DiskReport::Synced(seq));
                if wal.is_low() && !was_low {
                    report(DiskReport::Low(true));
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("raft log".to_string())
            .spawn(work);
        let thread = thread.expect("a thread for the log");
        Flusher {
            queue: Some(queue),
            thread: Some(thread),
        }
    }

    /// Queues a write. After a failure it goes nowhere, and the failure has been reported.
    pub fn write(&self, write: Write) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(Some(write));
        }
    }

    /// Forgets that the log had rotted.
    pub fn forget_suspicion(&self) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(None);
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal::faulty::MemFiles;
    use crate::wal::{Sizes, Wal};
    use raftwerk_core::{ClusterId, Entries, HardState, NodeId, Term};
    use raftwerk_wire::record::{FORMAT, Opening};
    use std::time::Duration;

    const OPENING: Opening = Opening {
        format: FORMAT,
        cluster: ClusterId(1),
        node: NodeId(1),
    };

    fn write(seq: u64) -> Write {
        Write {
            seq: WriteSeq(seq),
            install: None,
            hard_state: Some(HardState {
                term: Term(seq),
                vote: None,
            }),
            cut_from: None,
            append: Entries::default(),
            trim_to: None,
            must_sync: true,
        }
    }

    #[test]
    fn what_waits_shares_one_sync() {
        let files = MemFiles::default();
        let (wal, _) = Wal::open(files.clone(), OPENING, Sizes::default()).expect("a new log");
        let calls = files.calls();
        let (reports, told) = channel();
        let gate = Arc::new(std::sync::Mutex::new(()));
        let (held, in_thread) = (gate.lock().expect("free"), Arc::clone(&gate));
        let report = move |report| {
            reports.send(report).expect("the test listens");
            drop(in_thread.lock());
        };
        let metrics = Arc::new(Metrics::default());
        let flusher = Flusher::start((wal, 0), Arc::clone(&metrics), |_| Ok(()), report);
        flusher.write(write(1));
        let next = || {
            told.recv_timeout(Duration::from_secs(10))
                .expect("a report")
        };
        assert!(matches!(next(), DiskReport::Synced(WriteSeq(1))));
        // The thread stands in its report; all of these collect.
        (2..=40).for_each(|seq| flusher.write(write(seq)));
        drop(held);
        assert!(matches!(next(), DiskReport::Synced(WriteSeq(40))));
        drop(flusher);
        assert_eq!(files.calls() - calls, 2 * 3, "write, sync and mark, twice");
        let (_, found) = Wal::open(files, OPENING, Sizes::default()).expect("a good log");
        assert_eq!(found.state.hard_state.term, Term(40));
    }

    /// Trap D7: that there is no space is told, after the write that needed the reserve; and that
    /// there is again, without anything being written.
    #[test]
    fn d7_a_full_disk_is_told_and_when_there_is_space_again() {
        let files = MemFiles::default();
        let growing = Sizes {
            growth: 0,
            ..Sizes::default()
        };
        let (wal, _) = Wal::open(files.clone(), OPENING, growing).expect("a new log");
        let (reports, told) = channel();
        let report = move |report| reports.send(report).expect("the test listens");
        let metrics = Arc::new(Metrics::default());
        files.set_space(Some(files.used() + 2_000));
        let flusher = Flusher::start((wal, 1_000), metrics, |_| Ok(()), report);
        let next = || {
            told.recv_timeout(Duration::from_secs(30))
                .expect("a report")
        };
        flusher.write(write(1));
        assert!(matches!(next(), DiskReport::Synced(WriteSeq(1))));
        files.set_space(Some(files.used()));
        flusher.write(write(2));
        assert!(matches!(next(), DiskReport::Synced(WriteSeq(2))));
        assert!(matches!(next(), DiskReport::Low(true)));
        flusher.write(write(3));
        assert!(matches!(next(), DiskReport::Synced(WriteSeq(3))));
        files.set_space(None);
        assert!(matches!(next(), DiskReport::Low(false)));
        flusher.write(write(4));
        assert!(matches!(next(), DiskReport::Synced(WriteSeq(4))));
    }

    #[test]
    fn a_failure_is_reported_and_nothing_is_tried_again() {
        let files = MemFiles::default();
        let (wal, _) = Wal::open(files.clone(), OPENING, Sizes::default()).expect("a new log");
        files.fail_after(1);
        let (reports, told) = channel();
        let report = move |report| reports.send(report).expect("the test listens");
        let flusher = Flusher::start((wal, 0), Arc::new(Metrics::default()), |_| Ok(()), report);
        flusher.write(write(1));
        let failed = told.recv().expect("a report");
        assert!(
            matches!(&failed, DiskReport::Failed { seq: WriteSeq(1), why } if why.contains("sync"))
        );
        let calls = files.calls();
        flusher.write(write(2));
        drop(flusher);
        assert!(told.recv().is_err(), "the thread has ended");
        assert_eq!(files.calls(), calls, "nothing was written any more");
    }
}
