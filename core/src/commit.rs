//! The commit rule of the leader (paper 5.3 and 5.4.2; thesis 3.6.2 and 10.2.1).
//!
//! An entry is committed when a majority of every half has it *on disk* and it is of the
//! leader's own term; all before it are committed with it (trap R13). The leader's own copy
//! counts only when its disk has it (R15), and only if it is a voter (R14).

use crate::progress::Progress;
use crate::quorum;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::trace::{CommitReason, Kind};
use crate::types::{Index, LogId, NodeId};

impl Raft {
    /// Moves the commit index as far as the matches allow.
    pub(crate) fn advance_commit(&mut self) {
        let State::Leader(leading) = &self.state else {
            return;
        };
        let Some(membership) = self.log.membership() else {
            return;
        };
        let own = match self.rule(Rule::R15OwnDisk) {
            true => self.durability.index,
            false => self.log.last().index,
        };
        let matched = |node: NodeId| leading.peers.get(&node).map_or(own, Progress::counted);
        let rules = self.config.rules();
        let deciding = rules.committing(self.id(), &membership.members);
        let to = Index(quorum::agreed_by(rules, &deciding, |node| matched(node).0));
        if to <= self.commit {
            return;
        }
        let term = self
            .log
            .term_at(to)
            .expect("what a majority matches is in the log");
        if term < self.hard_state.term && self.rule(Rule::R13OldTerm) {
            return self.withhold(LogId { term, index: to });
        }
        assert!(
            term <= self.hard_state.term,
            "no entry is newer than its leader"
        );
        let from = self.commit;
        let reason = self.ears.listening.then(|| {
            let voters = membership.members.all().into_iter();
            let voters = voters.filter(|node| membership.members.is_voter(*node));
            let matched = voters.map(|node| (node, matched(node))).collect();
            CommitReason::Quorum { matched }
        });
        let bytes = self.log.size(from.next(), to);
        let barred = self.may_still_campaign();
        self.commit = to;
        if let State::Leader(leading) = &mut self.state {
            leading.uncommitted -= bytes;
        }
        if let Some(reason) = reason {
            self.trace(|_| Kind::Committed { from, to, reason });
        }
        if barred {
            self.tell_lease_regained();
        }
    }

    /// A majority holds an entry of an older term: say once why that does not commit it.
    fn withhold(&mut self, at: LogId) {
        let State::Leader(leading) = &mut self.state else {
            unreachable!("only a leader counts");
        };
        let own = leading.noop;
        if leading.withheld < at.index {
            leading.withheld = at.index;
            self.trace(|_| Kind::CommitWithheld { at, own });
        }
    }
}
