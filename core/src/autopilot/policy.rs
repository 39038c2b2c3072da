//! What the operator wants of the autopilot, and the numbers of its hysteresis.

use crate::config::Timing;
use crate::time::Span;

/// What the operator wants, and when a member counts as well or dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// So many voters are wanted: 3, 5 or 7.
    pub target: u64,
    /// A member that was heard this lately is there.
    pub contact: Span,
    /// A member that lacks no more than this many committed entries keeps up.
    pub slack: u64,
    /// A learner that was there and kept up for so long is steady.
    pub stable_after: Span,
    /// A voter that was silent for so long is dead.
    pub dead_after: Span,
    /// A learner that was silent for so long is forgotten.
    pub forget_after: Span,
    /// Nothing is decided for so long after a change of members and after an election.
    pub pause: Span,
}

impl Policy {
    /// For servers, where a machine may be restarted without losing its vote.
    #[must_use]
    pub fn server(target: u64) -> Policy {
        Policy {
            target,
            contact: Span::millis(1_000),
            slack: 1_000,
            stable_after: Span::millis(10_000),
            dead_after: Span::millis(30_000),
            forget_after: Span::millis(24 * 3_600_000),
            pause: Span::millis(5_000),
        }
    }

    /// For a world that people watch.
    #[must_use]
    pub fn demo(target: u64) -> Policy {
        Policy {
            target,
            contact: Span::millis(300),
            slack: 10,
            stable_after: Span::millis(2_000),
            dead_after: Span::millis(3_000),
            forget_after: Span::millis(3_600_000),
            pause: Span::millis(1_000),
        }
    }

    /// Says everything that is wrong, one sentence each.
    #[must_use]
    pub fn wrong(&self, timing: &Timing) -> Vec<&'static str> {
        let rules = [
            (
                matches!(self.target, 3 | 5 | 7),
                "autopilot: the target is 3, 5 or 7 voters",
            ),
            (
                self.contact >= timing.election_min,
                "autopilot: contact must be at least election_min, or a healthy member is missed",
            ),
            (
                self.stable_after >= self.contact,
                "autopilot: stable_after must be at least contact",
            ),
            (
                self.dead_after.0 >= self.contact.0.saturating_add(timing.election_max.0),
                "autopilot: dead_after must be at least contact and election_max together",
            ),
            (
                self.forget_after >= self.dead_after,
                "autopilot: forget_after must be at least dead_after",
            ),
            (
                self.pause >= timing.heartbeat,
                "autopilot: pause must be at least a heartbeat",
            ),
        ];
        let broken = rules.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, why)| why).collect()
    }

    /// How many voters may fail when there are as many as wanted.
    pub(super) fn tolerated(&self) -> usize {
        (usize::try_from(self.target).unwrap_or(usize::MAX)).saturating_sub(1) / 2
    }
}
