//! Leases (thesis 6.4.1): at most one node at a time may serve reads without asking.

use super::{Check, Checks};
use crate::node::Node;
use raftwerk_core::Time;

impl Checks {
    /// A node was drained. If it has a lease now, nobody else may have one.
    pub(super) fn one_lease(&mut self, nodes: &[Node], at: usize) {
        let now = Time(self.now);
        let lease = |node: &Node| {
            let end = node.raft.as_ref()?.view().lease()?;
            (end > now).then_some(end)
        };
        let Some(own) = lease(&nodes[at]) else {
            return;
        };
        let others = nodes.iter().enumerate().filter(|(place, _)| *place != at);
        for (_, other) in others {
            if let Some(end) = lease(other) {
                let (one, two) = (nodes[at].id, other.id);
                let detail = format!(
                    "S{one} until {} and S{two} until {}, and it is {} now",
                    own.0, end.0, now.0
                );
                return self.fail(Check::OneLease, detail);
            }
        }
    }
}
