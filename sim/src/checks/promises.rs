//! Checks of what leaves a node: the disk must hold what a message promises (raft thesis 3.8,
//! trap E1), and a vote is given once per term, whatever was forgotten in a crash.

use super::{Check, Checks};
use crate::disk::Disk;
use raftwerk_core::{AppendResult, Body, Index, LogId, Message, NodeId, Raft};

impl Checks {
    /// A message leaves: does the disk hold what it promises?
    pub fn on_send(&mut self, raft: &Raft, disk: &Disk, message: &Message) {
        if promises(&message.body) {
            let at = message.from.0 as usize - 1;
            self.promised.resize(self.promised.len().max(at + 1), 0);
            self.promised[at] = self.promised[at].max(message.term.0);
        }
        match &message.body {
            Body::VoteReply { granted: true } => {
                self.on_vote_without_members(raft, message.to);
                self.on_vote(disk, message, message.to);
            }
            Body::Vote { last, .. } => {
                self.on_vote(disk, message, message.from);
                self.on_candidacy(disk, message, *last);
            }
            Body::AppendReply {
                result:
                    AppendResult::Accepted { durable, .. } | AppendResult::Regaining { durable, .. },
                ..
            } => self.on_acceptance(raft, disk, message, *durable),
            Body::TimeoutNow { last, .. } => self.on_timeout_now(raft, message.to, *last),
            Body::SnapshotReply { matched, .. } => {
                self.on_acceptance(raft, disk, message, *matched);
            }
            _ => {}
        }
    }

    /// A node has started in a term: it has promised nothing in a later one.
    pub fn on_term_after_boot(&mut self, node: u64, term: u64) {
        let promised = self.promised.get(node as usize - 1).copied();
        if let Some(promised) = promised.filter(|promised| *promised > term) {
            let detail = format!("S{node} starts in term {term} and was in term {promised}");
            self.fail(Check::Monotonic, detail);
        }
    }

    fn on_vote(&mut self, disk: &Disk, message: &Message, to: NodeId) {
        let (from, term, found) = (message.from, message.term, disk.hard_state());
        if found.term != term || found.vote != Some(to) {
            self.fail(
                Check::DurableFirst,
                format!("{from} gives {to} its vote of term {term}; disk: {found:?}"),
            );
        }
        let at = from.0 as usize - 1;
        if self.votes.len() <= at {
            self.votes.resize(at + 1, (0, NodeId(0)));
        }
        let (newest, other) = self.votes[at];
        if newest == term.0 && other != to {
            self.fail(
                Check::OneVote,
                format!("{from} gives its vote of term {term} to {other}, then to {to}"),
            );
        }
        if newest <= term.0 {
            self.votes[at] = (term.0, to);
        }
    }

    /// Who asks for votes stands by the log it names: after a crash it must not ask again in the
    /// same term with a shorter one.
    fn on_candidacy(&mut self, disk: &Disk, message: &Message, last: LogId) {
        if last.index.0 > 0 && disk.id_at(last.index.0) != Some(last) {
            let (from, found) = (message.from, disk.id_at(last.index.0));
            self.fail(
                Check::DurableFirst,
                format!("{from} asks for votes with a log up to {last}; disk there: {found:?}"),
            );
        }
    }

    fn on_acceptance(&mut self, raft: &Raft, disk: &Disk, message: &Message, durable: Index) {
        // What the log has dropped was committed.
        let committed = self.ledger.committed_term(durable.0);
        let mine = raft.view().term_at(durable).map(|term| term.0);
        let mine = mine.or(committed);
        let found = disk.id_at(durable.0).map(|id| id.term);
        if durable.0 > 0 && !disk.device().holds(durable.0, mine) {
            let from = message.from;
            self.fail(
                Check::DurableFirst,
                format!(
                    "{from} acknowledges index {durable} of term {mine:?}; \
                     its disk holds {found:?} there"
                ),
            );
        }
    }
}

/// Whether a node stands by the term of this message after a crash: it has voted in it. That it
/// heard of a leader it may forget.
fn promises(body: &Body) -> bool {
    matches!(body, Body::Vote { .. } | Body::VoteReply { granted: true })
}
