//! What a node has to say, in the order that every drain of our core keeps: one or more writes,
//! messages, what is to be applied, answers, notices.

use crate::careless;
use crate::node::{Promise, Raft};
use crate::storage::ours;
use crate::translate::to_ours;
use raft::eraftpb::MessageType;
use raft::{Ready, StateRole};
use raftwerk_core::{
    Entries, Fence, HardState, Index, NodeId, Outcome, Output, Refusal, Term, Write, WriteSeq,
};
use std::collections::VecDeque;

/// Outputs by their place in the order.
#[derive(Default)]
struct Drained {
    writes: Vec<Output>,
    sends: Vec<raft::eraftpb::Message>,
    apply: Option<Index>,
}

impl Raft {
    /// The next thing that the host is to do.
    pub fn poll(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.dirty) {
            self.out = self.drain();
        }
        self.out.pop_front()
    }

    fn drain(&mut self) -> VecDeque<Output> {
        let mut drained = Drained::default();
        if self.fenced.is_none() {
            self.keep_promises(&mut drained);
            while self.node.has_ready() {
                let ready = self.node.ready();
                self.take(ready, &mut drained);
                self.keep_promises(&mut drained);
            }
        }
        let Drained {
            writes,
            mut sends,
            apply,
        } = drained;
        sends.append(&mut self.answers);
        // Who is told first must not depend on a table inside.
        sends.sort_by_key(|message| message.to);
        let cluster = self.config.cluster;
        let mut out: VecDeque<Output> = writes.into();
        out.extend(
            sends
                .iter()
                .map(|sent| Output::Send(to_ours(cluster, sent))),
        );
        if let Some(to) = apply {
            let from = Index(self.applying + 1);
            self.applying = to.0;
            out.push_back(Output::Apply { from, to });
        }
        self.end_proposals(&mut out);
        self.end_reads(&mut out);
        if self.fenced == Some(Fence::Storage) {
            out.push_back(Output::Fenced(Fence::Storage));
        }
        out
    }

    /// One `Ready`.
    fn take(&mut self, mut ready: Ready, to: &mut Drained) {
        to.sends.extend(ready.take_messages());
        for state in ready.take_read_states() {
            let bytes = state.request_ctx.try_into().unwrap_or_default();
            let number = u64::from_le_bytes(bytes);
            let mut reads = self.reads.iter_mut();
            if let Some(read) = reads.find(|read| read.number == number) {
                read.index = Some(Index(state.index));
            }
        }
        if let Some(last) = ready.take_committed_entries().last() {
            to.apply = Some(Index(last.index));
        }
        let state = ready.hs().map_or(self.issued_state, |state| HardState {
            term: Term(state.term),
            vote: (state.vote != 0).then_some(NodeId(state.vote)),
        });
        let append: Entries = ready.entries().iter().map(ours).collect();
        // How far it is committed is not kept: Raft does not need it.
        if state != self.issued_state || !append.is_empty() {
            to.writes.push(Output::Write(self.write(state, append)));
        }
        let mut messages = ready.take_persisted_messages();
        if careless::is_on() {
            to.sends.append(&mut messages);
        }
        self.promises.push_back(Promise {
            number: ready.number(),
            seq: self.issued,
            messages,
        });
        self.node.advance_append_async(ready);
    }

    fn write(&mut self, state: HardState, append: Entries) -> Write {
        self.issued += 1;
        let first = append.first().map(|entry| entry.id.index);
        let cut_from = first.filter(|first| first.0 <= self.written);
        if let Some(last) = append.last() {
            self.written = last.id.index.0;
        }
        let hard_state = (state != self.issued_state).then_some(state);
        self.issued_state = state;
        Write {
            seq: WriteSeq(self.issued),
            install: None,
            hard_state,
            cut_from,
            append,
            trim_to: None,
            must_sync: true,
        }
    }

    /// What waited for a write that is on disk. What an older term or a campaign that is over has
    /// to say is worth nothing any more, and the disk may hold something else by now: it is as
    /// good as lost on the way. (`raft` hands out a request for votes with the very write that cuts
    /// the entry which it names, if a leader of that term was heard before the drain.)
    fn keep_promises(&mut self, to: &mut Drained) {
        let done = self.done;
        while let Some(promise) = self.promises.pop_front_if(|promise| promise.seq <= done) {
            let (term, state) = (self.node.raft.term, self.node.raft.state);
            let stands = |message: &raft::eraftpb::Message| match message.get_msg_type() {
                MessageType::MsgRequestVote => state == StateRole::Candidate,
                MessageType::MsgRequestPreVote => state == StateRole::PreCandidate,
                _ => true,
            };
            let mut messages = promise.messages;
            messages.retain(|one| (one.term == 0 || one.term >= term) && stands(one));
            to.sends.append(&mut messages);
            self.node.on_persist_ready(promise.number);
        }
    }

    fn end_proposals(&mut self, out: &mut VecDeque<Output>) {
        let (leads, term) = (self.is_leader() && self.fenced.is_none(), self.term());
        let applying = self.applying;
        self.proposals.retain(|(ticket, id)| {
            let outcome = match leads && id.term == term {
                true if id.index.0 > applying => return true,
                true => Outcome::Committed(*id),
                false => Outcome::Unknown,
            };
            let ticket = *ticket;
            out.push_back(Output::Settled { ticket, outcome });
            false
        });
    }

    fn end_reads(&mut self, out: &mut VecDeque<Output>) {
        let (now, applying, fenced) = (self.now, self.applying, self.fenced.is_some());
        self.reads.retain(|read| {
            let ticket = read.ticket;
            let told = match read.index {
                _ if fenced => {
                    let why = Refusal::Fenced;
                    Output::ReadFailed { ticket, why }
                }
                Some(index) if index.0 <= applying => Output::ReadAt {
                    ticket,
                    index,
                    until: None,
                },
                _ if read.due > now => return true,
                _ => {
                    let why = Refusal::TimedOut;
                    Output::ReadFailed { ticket, why }
                }
            };
            out.push_back(told);
            false
        });
    }
}
