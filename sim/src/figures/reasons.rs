//! Why some lines differ from the paper's: each reason that docs/figures.md gives, tried.
//!
//! A reason names something that the paper does not tell and that was assumed here. Where it is
//! the right one, the line comes nearer to the published one when that is assumed otherwise, and
//! stays where it is when something else is.

use super::{Assumed, Line, Rules, line};

/// A line with something assumed otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The line.
    pub line: Line,
    /// What is assumed otherwise, in words; empty: nothing.
    pub what: &'static str,
    /// All that is assumed.
    pub assumed: Assumed,
}

const PAPER: Assumed = Rules::Paper.assumed();

/// A third of the usual time for everything.
const FAST: Assumed = Assumed {
    message: (300, 1_300),
    write: (700, 2_000),
    ..PAPER
};

/// The voters' writes take the time that a candidate's own no longer takes.
const ASKS_FIRST: Assumed = Assumed {
    write: (6_000, 10_000),
    asks_first: true,
    ..PAPER
};

const TOGETHER: Assumed = Assumed {
    together: true,
    ..PAPER
};

const fn late(micros: u64) -> Assumed {
    Assumed {
        late: micros,
        ..PAPER
    }
}

const fn reason(line: Line, what: &'static str, assumed: Assumed) -> Reason {
    Reason {
        line,
        what,
        assumed,
    }
}

const NO_SPREAD: Line = line(150, 150, 100);
const SPREAD_5: Line = line(150, 155, 1_000);
const SPREAD_50: Line = line(150, 200, 1_000);
const SHORTEST: Line = line(12, 24, 1_000);

/// All of them, line after line; each line begins with itself.
pub const REASONS: [Reason; 23] = [
    reason(NO_SPREAD, "", PAPER),
    reason(NO_SPREAD, "everything up to 0.1 ms late", late(100)),
    reason(NO_SPREAD, "everything up to 0.5 ms late", late(500)),
    reason(NO_SPREAD, "everything up to 1 ms late", late(1_000)),
    reason(NO_SPREAD, "everything up to 5 ms late", late(5_000)),
    reason(SPREAD_5, "", PAPER),
    reason(SPREAD_5, "everything up to 1 ms late", late(1_000)),
    reason(
        SPREAD_5,
        "equal logs",
        Assumed {
            equal_logs: true,
            ..PAPER
        },
    ),
    reason(SPREAD_5, "heartbeats set all timers together", TOGETHER),
    reason(SPREAD_5, "broadcasts of 10 ms", Rules::Quick.assumed()),
    reason(SPREAD_5, "broadcasts of 5 ms", FAST),
    reason(SPREAD_5, "asks before its write is on disk", ASKS_FIRST),
    reason(SPREAD_50, "", PAPER),
    reason(SPREAD_50, "everything up to 1 ms late", late(1_000)),
    reason(SPREAD_50, "heartbeats set all timers together", TOGETHER),
    reason(SPREAD_50, "broadcasts of 10 ms", Rules::Quick.assumed()),
    reason(SPREAD_50, "broadcasts of 5 ms", FAST),
    reason(SPREAD_50, "asks before its write is on disk", ASKS_FIRST),
    reason(SHORTEST, "", PAPER),
    reason(SHORTEST, "asks before its write is on disk", ASKS_FIRST),
    reason(SHORTEST, "heartbeats set all timers together", TOGETHER),
    reason(SHORTEST, "broadcasts of 10 ms", Rules::Quick.assumed()),
    reason(SHORTEST, "broadcasts of 5 ms", FAST),
];
