//! Log lines to standard error, from a thread of their own.
//!
//! Nobody who logs ever waits: a full pipe or a slow terminal must not stop the loop (trap D11).
//! Lines that do not fit in the queue are counted, and the count is said later.

use crate::limits::LOG_LINES;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{SystemTime, UNIX_EPOCH};

/// Handle to the log; clones write to the same one.
#[derive(Clone)]
pub struct Logbook {
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
    node: u64,
}

/// The thread that writes; it ends when the last handle is gone.
pub struct LogThread(std::thread::JoinHandle<()>);

impl Logbook {
    /// Starts the thread.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    #[must_use]
    pub fn start(node: u64) -> (Logbook, LogThread) {
        let (lines, queue) = sync_channel::<String>(LOG_LINES);
        let lost = Arc::new(AtomicU64::new(0));
        let lost_here = Arc::clone(&lost);
        let write = move || {
            let mut out = std::io::stderr();
            for line in queue {
                // Nothing can be done about a closed standard error.
                let _ = out.write_all(line.as_bytes());
                let lost = lost_here.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(out, "({lost} log lines were lost: the output is too slow)");
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("log lines".to_string())
            .spawn(write);
        let thread = LogThread(thread.expect("a thread for log lines"));
        (Logbook { lines, lost, node }, thread)
    }

    /// Writes one line.
    pub fn line(&self, text: impl AsRef<str>) {
        let line = format!(
            "{} node {}: {}\n",
            utc(SystemTime::now()),
            self.node,
            text.as_ref()
        );
        if self.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl LogThread {
    /// Waits until everything is written; all handles must be gone or going.
    pub fn finish(self) {
        let _ = self.0.join();
    }
}

/// Date and time of day in UTC, with milliseconds.
fn utc(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days to a date, in years that begin in March, 400 years at a time.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let millis = since.subsec_millis();
    format!("{year}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_right() {
        let at = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59.000Z");
        assert_eq!(at(4_102_444_800), "2100-01-01T00:00:00.000Z");
    }
}
