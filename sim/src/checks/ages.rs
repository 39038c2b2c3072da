//! The age that a stale read tells (design R5): what was finished so long ago must be in it.

use super::{Check, Checks};
use crate::setup::MILLION;
use std::collections::VecDeque;

/// Most moments that are remembered.
const MOMENTS: usize = 512;

/// What was finished when: the highest index that some finished operation reflects, whenever that
/// grew. When it is full every other of the older moments goes; then a little less is demanded of
/// very old states, and nothing wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Finished(VecDeque<(u64, u64)>);

impl Finished {
    /// From `now` on everything up to `index` is finished.
    pub fn raise(&mut self, now: u64, index: u64) {
        self.0.push_back((now, index));
        if self.0.len() > MOMENTS {
            let mut place = 0;
            self.0.retain(|_| {
                place += 1;
                place > MOMENTS / 2 || place % 2 == 0
            });
        }
    }

    /// What was finished before a moment.
    fn before(&self, moment: u64) -> u64 {
        let after = self.0.partition_point(|(then, _)| *then < moment);
        let last = after.checked_sub(1).map(|place| self.0[place].1);
        last.unwrap_or(0)
    }
}

impl Checks {
    /// A node answers with its state as it is, which covers everything up to `applied` and is
    /// `age` microseconds old by what it says. Clocks may lose so many parts of a million.
    pub fn on_stale(&mut self, node: u64, applied: u64, age: Option<u64>, drift_ppm: u32) {
        let Some(age) = age else {
            return;
        };
        // The core's argument is in its module `staleness`; each length of time is rounded down.
        let slowest = u64::from(MILLION.saturating_sub(drift_ppm).max(1));
        let truly = (age + 4)
            .saturating_mul(u64::from(MILLION))
            .div_ceil(slowest);
        let before = self.now.saturating_sub(truly);
        let finished = self.finished.before(before);
        if applied < finished {
            let detail = format!(
                "S{node} says that its state is {age} microseconds old; it covers {applied}, and \
                 {finished} was finished before {before}"
            );
            self.fail(Check::FreshReads, detail);
        }
    }

    /// Everything up to here is finished.
    pub(super) fn finish(&mut self, index: u64) {
        if index > self.floor {
            self.floor = index;
            self.finished.raise(self.now, index);
        }
    }
}
