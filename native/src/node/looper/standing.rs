//! Where this node stands: who leads, whether it is a member and whom it stays in touch with for it
//! (thesis 4.2.2), and whether it has stopped for good.
//!
//! A node that was removed goes on answering for itself and takes part in nothing. It remembers
//! that over restarts, so that it does not ask to be taken in again by itself: whoever removed it
//! meant it. Who takes it back on purpose adds it again, and it goes on as if nothing had been.

use super::Looper;
use crate::clock;
use crate::node::NodeError;
use crate::node::leadership::Leadership;
use raftwerk_core::{Fence, Membership, NodeId, Term, Time};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

/// What to do with a node that was removed.
pub const REMOVED: &str = "this node was removed from the cluster and takes part in nothing; it can \
    be stopped. To let this machine take part again, start a new node on it: with an id that was \
    never used, an empty --data and --join";

/// What to do about a full disk.
const LOW: &str = "WARNING: the disk is full, and the reserve beside the log is in use. As leader this \
    node takes no writes of clients; when the reserve is used up it stops. Make room on that disk";

impl Looper {
    /// Other members are in force, or committed now.
    pub(super) fn members(&mut self, membership: &Membership, committed: bool) {
        let me = self.parts.raft.view().id();
        if membership.members.contains(me) && self.parts.status.removed {
            self.parts.status.removed = false;
            self.leave_at = None;
            self.parts.peers.note_removed(false);
            self.parts.log.line("is a member again");
        }
        if committed {
            self.parts.peers.note_members(membership.clone());
            self.parting = None;
        }
    }

    /// This node knows that it is a member no more.
    pub(super) fn removed(&mut self) {
        self.parts.log.line(REMOVED);
        self.parts.status.removed = true;
        self.parts.peers.note_removed(true);
        // The leader goes on speaking to it until it has heard that it knows.
        let view = self.parts.raft.view();
        let patience = view.config().timing.election_max;
        self.leave_at = Some(clock::now() + patience + patience);
    }

    /// Tells the connections whom they are for, when that has changed: the members that are
    /// committed, and whoever the leader still speaks to.
    pub(super) fn stay_in_touch(&mut self, now: Time) {
        let view = self.parts.raft.view();
        if self.leave_at.is_some_and(|at| now >= at) {
            self.leave_at = None;
            return self.parts.peers.serve_only(BTreeSet::new());
        }
        let parting = view.is_parting();
        let Some(membership) = view.membership() else {
            return;
        };
        let settled = membership.index() <= view.commit();
        if self.parting == Some(parting) || !settled || !membership.members.contains(view.id()) {
            return;
        }
        self.parting = Some(parting);
        let members = membership.members.all().into_iter();
        let peers = view.peers().into_iter().map(|peer| peer.id);
        let served = members.chain(peers).map(|node| node.0).collect();
        self.parts.peers.serve_only(served);
    }

    /// The disk is full, or there is space again. A snapshot may make some.
    pub(super) fn note_low(&mut self, low: bool) {
        self.low = low;
        self.parts.metrics.low.store(u64::from(low), Relaxed);
        self.parts.log.line(match low {
            true => LOW,
            false => "has space on its disk again, and takes writes",
        });
        if low {
            self.want_snapshot();
        }
    }

    /// Another leader is believed in, or none.
    pub(super) fn leader(&mut self, term: Term, id: Option<NodeId>) {
        self.parts.leader.send_replace(Leadership {
            term: term.0,
            leader: id.map(|node| node.0),
        });
        let me = self.parts.raft.view().id();
        self.sent.forget();
        if id != Some(me) {
            self.parts.peers.end_streams();
        }
        self.parts.log.line(match id {
            Some(id) if id == me => format!("leads in term {term}"),
            Some(id) => format!("follows node {} in term {term}", id.0),
            None => format!("knows no leader in term {term}"),
        });
    }

    /// This node has stopped for good.
    pub(super) fn fenced(&mut self, why: Fence) {
        self.parts.metrics.fenced.store(1, Relaxed);
        let error = match (why, self.disk_error.take()) {
            (Fence::Storage, Some(detail)) => NodeError::Disk(format!(
                "the disk failed and this node has stopped; what it acknowledged is safe. Look at \
                 the disk, then start the node again. The error was: {detail}"
            )),
            (why, _) => NodeError::Fenced(format!(
                "this node has stopped for good because a rule of the protocol was broken \
                 ({why:?}); keep its data directory and report this"
            )),
        };
        self.parts.log.line(error.to_string());
        self.ended = Some(Err(error));
    }
}
