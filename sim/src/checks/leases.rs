//! Leases (thesis 6.4.1): at most one node at a time may serve reads without asking.

use super::{Check, Checks};
use crate::node::Node;

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
}
