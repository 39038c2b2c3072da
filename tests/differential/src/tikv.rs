//! TiKV's `raft` 0.7 as a [`Replica`]: `RawNode` over its own storage in memory, which is on disk
//! at once, by the synchronous path of its own guide.
//!
//! One rule of Figure 2 it leaves to time, unless pre-vote or check-quorum is on: who hears a
//! request of an older term answers with its own. Without time nobody would ever learn, so the
//! answer is given here in its stead, by its own types ([`Tikv::outdated`]).

use crate::{Entry, Replica, Seen};
use raft::eraftpb::{EntryType, Message, MessageType};
use raft::storage::MemStorage;
use raft::{Config, GetEntriesContext, RawNode, StateRole, Storage};

/// A node with its disk.
pub struct Tikv {
    node: RawNode<MemStorage>,
    applied: Vec<Vec<u8>>,
    /// Answers to requests of older terms.
    answers: Vec<Message>,
}

fn boot(id: u64, storage: MemStorage) -> Tikv {
    let config = Config {
        id,
        election_tick: 10,
        heartbeat_tick: 1,
        max_size_per_msg: 1 << 20,
        max_inflight_msgs: 256,
        check_quorum: false,
        pre_vote: false,
        ..Config::default()
    };
    let logger = slog::Logger::root(slog::Discard, slog::o!());
    let node = RawNode::new(&config, storage, &logger).expect("it boots");
    Tikv {
        node,
        applied: Vec::new(),
        answers: Vec::new(),
    }
}

impl Replica for Tikv {
    type Message = Message;
    type Disk = (u64, MemStorage);

    fn new(id: u64, size: u64) -> Tikv {
        let voters: Vec<u64> = (1..=size).collect();
        boot(id, MemStorage::new_with_conf_state((voters, vec![])))
    }

    fn crash(self) -> (u64, MemStorage) {
        (self.node.raft.id, self.node.store().clone())
    }

    fn restart((id, storage): (u64, MemStorage)) -> Tikv {
        boot(id, storage)
    }

    fn campaign(&mut self) {
        self.node.campaign().expect("it may");
    }

    fn propose(&mut self, command: &[u8]) -> bool {
        // Who does not lead would forward it; ours leaves that to the server.
        self.node.raft.state == StateRole::Leader
            && self.node.propose(Vec::new(), command.to_vec()).is_ok()
    }

    fn beat(&mut self) {
        if self.node.raft.state == StateRole::Leader {
            self.node.ping();
        }
    }

    fn transfer(&mut self, to: u64) {
        if self.node.raft.state == StateRole::Leader {
            self.node.transfer_leader(to);
        }
    }

    fn receive(&mut self, message: Message) {
        if let Some(kind) = self.outdated(&message) {
            let mut answer = Message::default();
            answer.set_msg_type(kind);
            (answer.from, answer.to) = (message.to, message.from);
            (answer.term, answer.reject) = (self.node.raft.term, true);
            self.answers.push(answer);
            return;
        }
        // What it does not want to hear it says with an error.
        let _ = self.node.step(message);
    }

    fn drain(&mut self) -> Vec<(u64, Message)> {
        let mut out = std::mem::take(&mut self.answers);
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            out.extend(ready.take_messages());
            self.apply(ready.take_committed_entries());
            let store = self.node.store().clone();
            if !ready.entries().is_empty() {
                store.wl().append(ready.entries()).expect("it appends");
            }
            if let Some(state) = ready.hs() {
                store.wl().set_hardstate(state.clone());
            }
            out.extend(ready.take_persisted_messages());
            let mut light = self.node.advance(ready);
            if let Some(commit) = light.commit_index() {
                store.wl().mut_hard_state().set_commit(commit);
            }
            out.extend(light.take_messages());
            self.apply(light.take_committed_entries());
            self.node.advance_apply();
        }
        out.into_iter()
            .map(|message| (message.to, message))
            .collect()
    }

    fn seen(&self) -> Seen {
        let (raft, store) = (&self.node.raft, self.node.store());
        let first = store.first_index().expect("memory");
        let end = store.last_index().expect("memory") + 1;
        // Asked for nothing at all, an empty storage panics.
        let context = GetEntriesContext::empty(false);
        let entries = match first == end {
            true => Vec::new(),
            false => store.entries(first, end, None, context).expect("memory"),
        };
        let log = entries.iter().map(|entry| Entry {
            term: entry.term,
            command: entry.data.to_vec(),
        });
        Seen {
            term: raft.term,
            leads: raft.state == StateRole::Leader,
            log: log.collect(),
            commit: (raft.raft_log.committed + 1 - first) as usize,
        }
    }

    fn applied(&self) -> &[Vec<u8>] {
        &self.applied
    }
}

impl Tikv {
    /// The kind of answer to a request of an older term.
    fn outdated(&self, message: &Message) -> Option<MessageType> {
        let older = message.term > 0 && message.term < self.node.raft.term;
        match message.get_msg_type() {
            MessageType::MsgRequestVote if older => Some(MessageType::MsgRequestVoteResponse),
            MessageType::MsgAppend | MessageType::MsgHeartbeat if older => {
                Some(MessageType::MsgAppendResponse)
            }
            _ => None,
        }
    }

    fn apply(&mut self, entries: Vec<raft::eraftpb::Entry>) {
        for entry in entries {
            if entry.get_entry_type() == EntryType::EntryNormal && !entry.data.is_empty() {
                self.applied.push(entry.data.to_vec());
            }
        }
    }
}
