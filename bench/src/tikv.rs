//! TiKV's `raft` 0.7 as a contestant: `RawNode` over its own `MemStorage`, logger off, pre-vote,
//! check-quorum and batched appends on, 1 MiB a message, 256 messages on the way.

use crate::contest::{COMPACT_EVERY, Contestant, Digest, KEPT};
use raft::eraftpb::{Entry, EntryType, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode};
use std::collections::VecDeque;

/// A replica with its state machine.
struct Replica {
    node: RawNode<MemStorage>,
    digest: Digest,
    /// Where the log was last compacted.
    compacted: u64,
}

/// Three replicas and the messages between them.
pub struct Tikv {
    replicas: Vec<Replica>,
    mail: VecDeque<Message>,
    messages: u64,
}

impl Contestant for Tikv {
    fn start() -> Tikv {
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let boot = |id: u64| {
            let config = Config {
                id,
                election_tick: 10,
                heartbeat_tick: 1,
                max_size_per_msg: 1 << 20,
                max_inflight_msgs: 256,
                check_quorum: true,
                pre_vote: true,
                batch_append: true,
                ..Config::default()
            };
            let storage = MemStorage::new_with_conf_state((vec![1, 2, 3], vec![]));
            let node = RawNode::new(&config, storage, &logger).expect("boots");
            Replica {
                node,
                digest: Digest::default(),
                compacted: 0,
            }
        };
        let mut cluster = Tikv {
            replicas: (1..=3).map(boot).collect(),
            mail: VecDeque::new(),
            messages: 0,
        };
        cluster.replicas[0].node.campaign().expect("campaigns");
        cluster.drain(0);
        cluster.run();
        assert_eq!(cluster.replicas[0].node.raft.state, raft::StateRole::Leader);
        cluster
    }

    fn commit(&mut self, commands: &[Vec<u8>]) {
        for command in commands {
            let leader = &mut self.replicas[0].node;
            leader
                .propose(Vec::new(), command.clone())
                .expect("there is room");
        }
        self.drain(0);
        self.run();
    }

    fn finish(&mut self) -> [Digest; 3] {
        [0, 1, 2].map(|at: usize| self.replicas[at].digest)
    }

    fn messages(&self) -> u64 {
        self.messages
    }
}

impl Tikv {
    fn run(&mut self) {
        while let Some(message) = self.mail.pop_front() {
            let to = message.to as usize - 1;
            self.replicas[to].node.step(message).expect("is understood");
            self.drain(to);
        }
    }

    /// The synchronous path of the crate's own guide: ready, persist, send, apply, advance.
    fn drain(&mut self, at: usize) {
        while self.replicas[at].node.has_ready() {
            let Replica { node, digest, .. } = &mut self.replicas[at];
            let mut ready = node.ready();
            let mut out = ready.take_messages();
            apply(digest, ready.take_committed_entries());
            let store = node.store().clone();
            if !ready.entries().is_empty() {
                store.wl().append(ready.entries()).expect("appends");
            }
            if let Some(state) = ready.hs() {
                store.wl().set_hardstate(state.clone());
            }
            out.extend(ready.take_persisted_messages());
            let mut light = node.advance(ready);
            if let Some(commit) = light.commit_index() {
                store.wl().mut_hard_state().set_commit(commit);
            }
            out.extend(light.take_messages());
            apply(digest, light.take_committed_entries());
            node.advance_apply();
            self.messages += out.len() as u64;
            self.mail.extend(out);
            self.replicas[at].compact();
        }
    }
}

impl Replica {
    fn compact(&mut self) {
        let applied = self.node.raft.raft_log.applied;
        if applied >= self.compacted + COMPACT_EVERY {
            self.compacted = applied;
            let store = self.node.store();
            store.wl().compact(applied - KEPT).expect("is applied");
        }
    }
}

fn apply(digest: &mut Digest, entries: Vec<Entry>) {
    for entry in entries {
        if entry.get_entry_type() == EntryType::EntryNormal && !entry.data.is_empty() {
            digest.apply(&entry.data);
        }
    }
}
