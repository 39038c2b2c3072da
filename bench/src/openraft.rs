//! `openraft` as a contestant, on a runtime of one thread. The network is a call of the other
//! node's handle, the log a vector, commands are shared and not copied; no timer runs, as for the
//! others. What a batch holds is handed over in one call.

mod host;

use crate::contest::{COMPACT_EVERY, Contestant, Digest, KEPT};
use futures_util::TryStreamExt;
use host::{Command, Lines, Log, Machine, Types, Wire};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::{Config, SnapshotPolicy};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

type Raft = openraft::Raft<Types, Machine>;

/// Three replicas and the runtime that they share.
pub struct Openraft {
    runtime: Runtime,
    nodes: Vec<Raft>,
    machines: Vec<Machine>,
    lines: Lines,
}

impl Contestant for Openraft {
    fn start() -> Openraft {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let config = Config {
            enable_tick: false,
            // Its leader's lease runs by the clock: a machine that is busy must not end it.
            election_timeout_min: 60_000,
            election_timeout_max: 120_000,
            heartbeat_interval: 10_000,
            enable_pre_vote: Some(true),
            snapshot_policy: SnapshotPolicy::LogsSinceLast(COMPACT_EVERY),
            max_in_snapshot_log_to_keep: KEPT,
            ..Config::default()
        };
        let config = Arc::new(config.validate().expect("a sound configuration"));
        let lines = Lines::default();
        let machines: Vec<Machine> = (0..3).map(|_| Machine::default()).collect();
        let nodes = runtime.block_on(async {
            let mut nodes = Vec::new();
            for (id, machine) in (1..).zip(&machines) {
                let wire = Wire::new(&lines);
                let log = Log::default();
                let node = Raft::new(id, config.clone(), wire, log, machine.clone()).await;
                nodes.push(node.expect("boots"));
            }
            lines.connect(&nodes);
            let members: BTreeSet<u64> = (1..=3).collect();
            nodes[0].initialize(members).await.expect("is empty");
            let leader = nodes[0].wait(None).current_leader(1, "elected").await;
            leader.expect("is elected");
            nodes
        });
        Openraft {
            runtime,
            nodes,
            machines,
            lines,
        }
    }

    fn commit(&mut self, commands: &[Vec<u8>]) {
        let leader = &self.nodes[0];
        self.runtime.block_on(async {
            if let [command] = commands {
                let answer = leader.client_write(Command::copy(command)).await;
                answer.expect("is committed");
                return;
            }
            let copies = commands.iter().map(|command| Command::copy(command));
            let mut answers = leader.client_write_many(copies).await.expect("is taken");
            while let Some(answer) = answers.try_next().await.expect("goes on") {
                answer.expect("is committed");
            }
        });
    }

    fn finish(&mut self) -> [Digest; 3] {
        self.runtime.block_on(async {
            let leader = self.nodes[0].metrics();
            let last = leader
                .borrow_watched()
                .last_applied
                .expect("something is applied")
                .index;
            for node in &self.nodes {
                let wait = node.wait(None);
                let done = wait.applied_index_at_least(Some(last), "applied");
                done.await.expect("goes on");
            }
        });
        [0, 1, 2].map(|at: usize| self.machines[at].digest())
    }

    fn messages(&self) -> u64 {
        self.lines.messages()
    }
}
