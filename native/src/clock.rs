//! The node's clock: microseconds that never go back and go on while the machine sleeps.
//!
//! The wall clock may jump, so it is not used for anything but log lines. The usual monotonic
//! clock of Linux stops during suspend: a leader that wakes up after an hour would believe that
//! its followers were heard a moment ago, and serve what has long been replaced. `CLOCK_BOOTTIME`
//! counts the hour (trap L10). On other systems the monotonic clock counts it already.

use raftwerk_core::Time;
use rustix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// Now.
#[must_use]
pub fn now() -> Time {
    let time = clock_gettime(CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    Time(
        seconds
            .saturating_mul(1_000_000)
            .saturating_add(nanos / 1_000),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on() {
        let before = now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let passed = now().since(before).0;
        assert!((5_000..5_000_000).contains(&passed), "{passed}");
    }
}
