//! Links that are cut on purpose: who plays with a cluster sees what a partition does.

use super::Peers;
use raftwerk_wire::observe::Told;
use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};

impl Peers {
    /// Chaos: from now on nothing goes to these peers.
    pub fn cut(&self, change: impl FnOnce(&mut BTreeSet<u64>)) {
        let to: Vec<u64> = {
            let mut cuts = self.lock_cuts();
            change(&mut cuts);
            cuts.retain(|peer| self.find(*peer).is_some());
            cuts.iter().copied().collect()
        };
        for link in to.iter().filter_map(|peer| self.find(*peer)) {
            let waiting = link.queue().clear();
            link.bulk().clear();
            for outgoing in waiting {
                self.dropped(&outgoing, "cut");
            }
        }
        self.log.line(format!("chaos: sends nothing to {to:?}"));
        self.observer.push_now(Told::Cuts { to });
    }

    /// Peers that nothing goes to.
    #[must_use]
    pub fn cuts(&self) -> Vec<u64> {
        self.lock_cuts().iter().copied().collect()
    }

    pub(super) fn lock_cuts(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
