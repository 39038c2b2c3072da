//! Time as a number handed in by the host: microseconds since an epoch of the host's choice.
//!
//! The core never asks for the time (it has no clock) and never compares its own numbers with
//! another node's. Both types hash to nothing: two nodes that differ only in when something
//! is due are the same protocol state to an explorer. Equality does compare them.

use std::hash::{Hash, Hasher};
use std::ops::{Add, Sub};

/// A moment: microseconds since the host's epoch, monotonic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Time(pub u64);

/// A length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span(pub u64);

impl Time {
    /// Later than any moment that will come.
    pub const NEVER: Time = Time(u64::MAX);

    /// Time since `earlier`; zero when that is in the future.
    #[must_use]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// A span of whole milliseconds.
    #[must_use]
    pub const fn millis(ms: u64) -> Span {
        Span(ms * 1_000)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Hash for Time {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Hash for Span {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
