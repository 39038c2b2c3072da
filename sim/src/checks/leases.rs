//! Leases (thesis 6.4.1): at most one node at a time may serve reads without asking, and only
//! while its lease lasts.

use super::{Check, Checks};
use crate::node::Node;
use raftwerk_core::Time;

impl Checks {
    /// A node was drained. If it has a lease now, nobody else may have one.
    pub(super) fn one_lease(&mut self, nodes: &[Node], at: usize) {
        let now = self.now;
        // Each by its own clock: what it believes, not what is so.
        let lease = |node: &Node| {
            let end = node.raft.as_ref()?.view().lease()?;
            (end > node.time(now)).then(|| node.clock.when(end))
        };
        let Some(own) = lease(&nodes[at]) else {
            return;
        };
        let others = nodes.iter().enumerate().filter(|(place, _)| *place != at);
        for (_, other) in others {
            if let Some(end) = lease(other) {
                let (one, two) = (nodes[at].id, other.id);
                let detail =
                    format!("S{one} until {own} and S{two} until {end}, and it is {now} now");
                return self.fail(Check::OneLease, detail);
            }
        }
    }

    /// A node answers a read when it is `now` by its own clock; `lease` is the end of the lease
    /// that the answer rests on, if it rests on one.
    pub fn on_served(&mut self, node: u64, now: Time, lease: Option<Time>) {
        if let Some(end) = lease.filter(|end| now >= *end) {
            let (now, end) = (now.0, end.0);
            let detail = format!("S{node} answers at {now} from a lease that ended at {end}");
            self.fail(Check::OneLease, detail);
        }
    }
}
