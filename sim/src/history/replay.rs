//! A run as a history: done again event by event, so that one can go back and forth in it.

use super::History;
use crate::run::{PANIC, Run};

/// Most events between two things that are done.
const MOST_EVENTS: u64 = 2_000_000;

impl History {
    /// The history of a run, at the event that it speaks of, else at its end. Where a core stops
    /// itself, nothing is played from there on: it would stop whoever plays it.
    #[must_use]
    pub fn of_run(run: &Run) -> History {
        let mut history = History::new(run.setup.clone());
        let stops = run.claim.as_ref().filter(|claim| claim.check == PANIC);
        let last = stops.map_or(u64::MAX, |claim| claim.event);
        let most = |history: &History| MOST_EVENTS.min(last.saturating_sub(history.position()));
        let mut before = None;
        for act in &run.acts {
            if before.replace(act.at) != Some(act.at) {
                history.run_until(act.at, most(&history));
            }
            if history.position() >= last {
                return history;
            }
            // What is not possible is left out, as everywhere.
            let _ = history.act(act.what.clone(), act.at);
        }
        history.run_until(run.until, most(&history));
        if let Some(claim) = &run.claim {
            history.seek(claim.event);
        }
        history
    }
}
