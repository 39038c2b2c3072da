//! A run as a history: done again event by event, so that one can go back and forth in it.

use super::History;
use crate::run::Run;

/// Most events between two things that are done.
const MOST_EVENTS: u64 = 2_000_000;

impl History {
    /// The history of a run, at the event that it speaks of, else at its end.
    #[must_use]
    pub fn of_run(run: &Run) -> History {
        let mut history = History::new(run.setup.clone());
        let mut before = None;
        for act in &run.acts {
            if before.replace(act.at) != Some(act.at) {
                history.run_until(act.at, MOST_EVENTS);
            }
            // What is not possible is left out, as everywhere.
            let _ = history.act(act.what.clone(), act.at);
        }
        history.run_until(run.until, MOST_EVENTS);
        if let Some(claim) = &run.claim {
            history.seek(claim.event);
        }
        history
    }
}
