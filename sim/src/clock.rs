//! A node's own clock: it runs at a rate of its own and may jump forward.
//!
//! The core is told the time by its host and never compares it with another node's (paper 5.6
//! and thesis 6.4.1 ask for no common time). So each simulated node has a clock, and the world a
//! time that nobody in it knows. A clock never runs backwards, as a monotonic clock does not, and
//! goes on while the node is frozen or down, as one does that counts a machine's sleep (trap
//! L10). The host's own affairs, such as its disk, go by the world's time. The store asks for no
//! time at all, so no wall clock is simulated.
//!
//! All is in whole numbers, and the way back is exact: [`Clock::when`] is the first moment of the
//! world at which the clock shows a time, so nothing fires too early and then once more.

use crate::queue::NEVER;
use crate::setup::MILLION;
use raftwerk_core::Time;

/// How a node's time follows from the world's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Clock {
    /// When it was last touched, in the world's time, and what it showed then.
    since: u64,
    shown: u64,
    /// Microseconds it goes on in a million.
    rate: u32,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock {
            since: 0,
            shown: 0,
            rate: MILLION,
        }
    }
}

impl Clock {
    /// What it shows at this moment of the world.
    pub fn at(&self, world: u64) -> Time {
        let passed = world.saturating_sub(self.since);
        Time(self.shown.saturating_add(self.runs(passed)))
    }

    /// The first moment of the world at which it shows at least this, if it is left alone. For
    /// what it showed before it was last touched: a moment as long ago as if it had not been.
    pub fn when(&self, shown: Time) -> u64 {
        if shown.0 == NEVER {
            return NEVER;
        }
        match shown.0.checked_sub(self.shown) {
            Some(ahead) => self.since.saturating_add(self.takes(ahead)),
            None => self.since.saturating_sub(self.takes(self.shown - shown.0)),
        }
    }

    /// From now on it goes on by so many microseconds in a million.
    pub fn run_at(&mut self, world: u64, rate: u32) {
        self.touch(world);
        self.rate = rate;
    }

    /// It is ahead by so much at once.
    pub fn jump(&mut self, world: u64, by: u64) {
        self.touch(world);
        self.shown = self.shown.saturating_add(by);
    }

    fn touch(&mut self, world: u64) {
        (self.since, self.shown) = (world, self.at(world).0);
    }

    /// How far it goes in a time of the world.
    fn runs(&self, passed: u64) -> u64 {
        if self.rate == MILLION {
            return passed;
        }
        let runs = u128::from(passed) * u128::from(self.rate) / u128::from(MILLION);
        u64::try_from(runs).unwrap_or(NEVER)
    }

    /// The shortest time of the world in which it goes so far.
    fn takes(&self, runs: u64) -> u64 {
        if self.rate == MILLION {
            return runs;
        }
        let takes = (u128::from(runs) * u128::from(MILLION)).div_ceil(u128::from(self.rate));
        u64::try_from(takes).unwrap_or(NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_that_nobody_touches_shows_the_worlds_time() {
        let clock = Clock::default();
        assert_eq!(clock.at(12_345), Time(12_345));
        assert_eq!(clock.when(Time(12_345)), 12_345);
        assert_eq!(clock.when(Time::NEVER), NEVER);
    }

    #[test]
    fn it_runs_at_its_rate_and_jumps_forward() {
        let mut clock = Clock::default();
        clock.run_at(1_000, MILLION / 2);
        assert_eq!(clock.at(3_000), Time(2_000));
        assert_eq!(clock.when(Time(2_000)), 3_000);
        assert_eq!(clock.when(Time(500)), 0, "as if it had always run so");
        clock.jump(3_000, 10_000);
        clock.run_at(3_000, MILLION);
        assert_eq!(clock.at(3_001), Time(12_001));
    }

    proptest! {
        /// The way there and back: never before its time, and not a moment later than it must be.
        #[test]
        fn what_is_due_fires_at_the_first_moment_it_can(
            rate in 1..4 * MILLION, since in 0..1_u64 << 40, shown in 0..1_u64 << 40,
            ahead in 1..1_u64 << 40,
        ) {
            let clock = Clock { since, shown, rate };
            let due = Time(shown + ahead);
            let when = clock.when(due);
            prop_assert!(clock.at(when) >= due);
            prop_assert!(clock.at(when - 1) < due);
        }

        /// Touching it changes what it shows by less than a microsecond, never backwards.
        #[test]
        fn it_never_runs_backwards(steps in proptest::collection::vec((0..1_u64 << 32, 1..2 * MILLION), 1..20)) {
            let (mut clock, mut now, mut last) = (Clock::default(), 0, Time(0));
            for (passes, rate) in steps {
                now += passes;
                prop_assert!(clock.at(now) >= last);
                last = clock.at(now);
                clock.run_at(now, rate);
                prop_assert_eq!(clock.at(now), last);
            }
        }
    }
}
