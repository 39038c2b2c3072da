//! Checks of handing over (thesis 3.10, trap E13): whom a leader tells to campaign, and what it
//! takes on meanwhile.

use super::{Check, Checks};
use raftwerk_core::{LogId, NodeId, Raft};

impl Checks {
    /// A leader tells a node to campaign now: it must have a vote and the whole log, all of it
    /// committed, or nobody would vote for it and the cluster would be without a leader.
    pub(super) fn on_timeout_now(&mut self, raft: &Raft, to: NodeId, last: LogId) {
        let view = raft.view();
        let members = view.membership().map(|membership| &membership.members);
        if members.is_none_or(|members| !members.is_voter(to)) {
            let detail = format!("{} tells {to} to campaign; members: {members:?}", view.id());
            return self.fail(Check::Handover, detail);
        }
        let matched = view
            .peers()
            .iter()
            .find(|peer| peer.id == to)
            .map(|peer| peer.matched);
        if matched < Some(last.index) || view.commit() < last.index {
            let commit = view.commit();
            let detail = format!(
                "{} tells {to} to campaign, which has {matched:?} of {last}; committed: {commit}",
                view.id()
            );
            self.fail(Check::Handover, detail);
        }
    }

    /// A leader has taken on a command or a change: not while it hands over, or the target might
    /// never have everything.
    pub fn on_accepted(&mut self, raft: &Raft) {
        let view = raft.view();
        if let Some(transfer) = view.transfer() {
            let detail = format!(
                "{} takes on more while it hands over: {transfer:?}",
                view.id()
            );
            self.fail(Check::Handover, detail);
        }
        self.bounded(raft, view.config().limits.uncommitted_bytes);
    }
}
