//! Whom a node stays in touch with, and whom it forgets.
//!
//! Ids are never used again, so nodes that are gone for good would fill every list in the end, and
//! be dialled for ever. A link is kept while its node is *served*: it is a member, or this node, as
//! the leader, still speaks to it so that it learns of its removal. All others are forgotten
//! whenever the loop says whom it serves ([`Peers::serve_only`]): they are not dialled any more,
//! their own connections are closed, and their addresses are dropped. Whoever greets after that is
//! known again, so that it can be answered, until its connection ends: a node that is to be a
//! member soon, or one that was away when it was removed and asks for votes.

use super::Peers;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use tokio::sync::oneshot;

/// What decides whether a node is forgotten.
#[derive(Default)]
pub(super) struct Touch {
    /// Members and who is spoken to besides; `None` until members are known.
    served: Option<BTreeSet<u64>>,
    /// Open incoming connections by node; a sender that is dropped closes its connection.
    open: BTreeMap<u64, Vec<(u64, oneshot::Sender<()>)>>,
    /// Connections so far.
    count: u64,
}

/// An incoming connection that is open; gone when this is dropped.
pub(super) struct Present {
    peers: Arc<Peers>,
    node: u64,
    number: u64,
    /// Ends when the connection is to be closed.
    pub hung_up: oneshot::Receiver<()>,
}

impl Drop for Present {
    fn drop(&mut self) {
        let forgotten = {
            let mut touch = self.peers.touch();
            if let Some(open) = touch.open.get_mut(&self.node) {
                open.retain(|(number, _)| *number != self.number);
                if open.is_empty() {
                    touch.open.remove(&self.node);
                }
            }
            !touch.serves(self.node) && !touch.open.contains_key(&self.node)
        };
        if forgotten {
            self.peers.forget(&[self.node]);
        }
    }
}

impl Touch {
    fn serves(&self, node: u64) -> bool {
        self.served.as_ref().is_none_or(|all| all.contains(&node))
    }
}

impl Peers {
    /// From now on only these are served: everybody else is forgotten.
    pub fn serve_only(self: &Arc<Self>, nodes: BTreeSet<u64>) {
        let known = self.ids().filter(|id| !nodes.contains(id));
        let forgotten: Vec<u64> = known.collect();
        {
            let mut touch = self.touch();
            touch.open.retain(|id, _| nodes.contains(id));
            touch.served = Some(nodes);
        }
        self.forget(&forgotten);
    }

    /// Whether a node is a member, as far as is known, or spoken to besides.
    pub(super) fn serves(&self, node: u64) -> bool {
        self.touch().serves(node)
    }

    /// A node has opened a connection.
    pub(super) fn came(self: &Arc<Self>, node: u64) -> Present {
        let (close, hung_up) = oneshot::channel();
        let mut touch = self.touch();
        touch.count += 1;
        let number = touch.count;
        touch.open.entry(node).or_default().push((number, close));
        Present {
            peers: Arc::clone(self),
            node,
            number,
            hung_up,
        }
    }

    fn touch(&self) -> std::sync::MutexGuard<'_, Touch> {
        self.touch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
