//! The log thread: group commit without a timer (thesis 10.2.1).
//!
//! It takes everything that waits, writes it with one call and one sync, and reports the highest
//! number. While it syncs, the next batch collects. After an error it reports that and ends:
//! nothing is tried again (trap D2). The queue is bounded by the core, which has at most
//! `Limits::writes_in_flight` writes under way.

use crate::metrics::Metrics;
use crate::wal::{Files, Wal};
use raftwerk_core::{Write, WriteSeq};
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

/// The log thread. Dropping it lets the thread finish what waits and end.
pub struct Flusher {
    queue: Option<Sender<Write>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn start<F: Files>(
        mut wal: Wal<F>,
        metrics: Arc<Metrics>,
        report: impl Fn(DiskReport) + Send + 'static,
    ) -> Flusher {
        let (queue, waiting) = channel::<Write>();
        let work = move || {
            while let Ok(first) = waiting.recv() {
                let mut batch = vec![first];
                batch.extend(waiting.try_iter());
                let seq = batch.last().expect("not empty").seq;
                let started = Instant::now();
                if let Err(error) = wal.append(&batch) {
                    return report(DiskReport::Failed {
                        seq,
                        why: error.to_string(),
                    });
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
            let _ = queue.send(write);
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
