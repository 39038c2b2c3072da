//! The log thread: group commit without a timer (thesis 10.2.1).
//!
//! It takes everything that waits, writes it with one call and one sync, and reports the highest
//! number. While it syncs, the next batch collects. After an error it reports that and ends:
//! nothing is tried again (trap D2). The queue is bounded by the core, which has at most
//! `Limits::writes_in_flight` writes under way.

use crate::metrics::Metrics;
use crate::wal::{Files, Wal};
use raftwerk_core::{LogId, Write, WriteSeq};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// What the disk says.
#[derive(Debug)]
pub enum DiskReport {
    /// Every write up to here is on disk.
    Synced(WriteSeq),
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

/// The log thread. Dropping it lets the thread finish what waits and end.
pub struct Flusher {
    queue: Option<Sender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread. `install` gives a snapshot that took the log's place the name that says
    /// so; before that it is not reported as on disk.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn start<F: Files>(
        mut wal: Wal<F>,
        metrics: Arc<Metrics>,
        mut install: impl FnMut(LogId) -> std::io::Result<()> + Send + 'static,
        report: impl Fn(DiskReport) + Send + 'static,
    ) -> Flusher {
        let (queue, waiting) = channel::<Job>();
        let work = move || {
            while let Ok(first) = waiting.recv() {
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
        let flusher = Flusher::start(wal, Arc::clone(&metrics), |_| Ok(()), report);
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

    #[test]
    fn a_failure_is_reported_and_nothing_is_tried_again() {
        let files = MemFiles::default();
        let (wal, _) = Wal::open(files.clone(), OPENING, Sizes::default()).expect("a new log");
        files.fail_after(1);
        let (reports, told) = channel();
        let report = move |report| reports.send(report).expect("the test listens");
        let flusher = Flusher::start(wal, Arc::new(Metrics::default()), |_| Ok(()), report);
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
