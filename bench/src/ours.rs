//! Raftwerk's core as a contestant: a host with a queue for a network and a vector for a disk.

use crate::contest::{COMPACT_EVERY, Contestant, Digest, KEPT};
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::*;
use std::collections::VecDeque;

/// What a disk would hold: the runs as they were given to it.
#[derive(Default)]
struct Disk(Vec<Entries>);

impl Disk {
    fn perform(&mut self, write: Write) {
        assert!(write.cut_from.is_none(), "nothing conflicts here");
        if !write.append.is_empty() {
            self.0.push(write.append);
        }
        if let Some(to) = write.trim_to {
            let over = |run: &Entries| run.last().is_some_and(|last| last.id.index <= to);
            let gone = self.0.partition_point(over);
            self.0.drain(..gone);
        }
    }
}

/// A replica with its disk and its state machine.
struct Replica {
    raft: Raft,
    disk: Disk,
    digest: Digest,
}

/// Three replicas and the messages between them.
pub struct Ours {
    replicas: Vec<Replica>,
    mail: VecDeque<Message>,
    messages: u64,
    tickets: u64,
    settled: u64,
}

const NOW: Time = Time(1_000_000);

impl Contestant for Ours {
    fn start() -> Ours {
        let members = Members::of_voters((1..=3).map(NodeId));
        let boot = |id: u64| {
            let mut config = Config::server(NodeId(id), ClusterId(7), id);
            // As the other crates here: 1 MiB an append, 256 appends on the way to a peer.
            config.limits.append_bytes = 1 << 20;
            config.limits.window_messages = 256;
            config.limits.window_bytes = 256 << 20;
            config.switches.snapshots = true;
            config.limits.snapshot_entries = COMPACT_EVERY;
            config.limits.retained_entries = KEPT;
            let raft = Raft::boot(config, Durable::bootstrap(&members), NOW).expect("boots");
            Replica {
                raft,
                disk: Disk::default(),
                digest: Digest::default(),
            }
        };
        let mut cluster = Ours {
            replicas: (1..=3).map(boot).collect(),
            mail: VecDeque::new(),
            messages: 0,
            tickets: 0,
            settled: 0,
        };
        (0..3).for_each(|at| cluster.drain(at));
        cluster.replicas[0].raft.fire(NOW, Timer::Election);
        cluster.drain(0);
        cluster.run();
        assert_eq!(cluster.replicas[0].raft.view().role(), Role::Leader);
        cluster
    }

    fn commit(&mut self, commands: &[Vec<u8>]) {
        // The copy out of the client's buffers: what comes together lies in one buffer.
        for payload in Payload::batch(commands.iter().map(Vec::as_slice)) {
            self.tickets += 1;
            let leader = &mut self.replicas[0].raft;
            leader
                .propose(NOW, Ticket(self.tickets), payload)
                .expect("there is room");
        }
        self.drain(0);
        self.run();
        assert_eq!(self.settled, self.tickets, "every client has its answer");
    }

    fn finish(&mut self) -> [Digest; 3] {
        [0, 1, 2].map(|at: usize| self.replicas[at].digest)
    }

    fn messages(&self) -> u64 {
        self.messages
    }
}

impl Ours {
    /// Delivers messages until there are none.
    fn run(&mut self) {
        while let Some(message) = self.mail.pop_front() {
            let to = message.to.0 as usize - 1;
            self.replicas[to].raft.receive(NOW, message);
            self.drain(to);
        }
    }

    fn drain(&mut self, at: usize) {
        loop {
            let Replica { raft, disk, digest } = &mut self.replicas[at];
            let (mut written, mut applied, mut snapshot) = (None, None, None);
            let before = self.mail.len();
            self.mail.extend(raft.messages());
            self.messages += (self.mail.len() - before) as u64;
            while let Some(output) = raft.poll() {
                match output {
                    Output::Write(write) => {
                        written = Some(write.seq);
                        disk.perform(write);
                    }
                    Output::Send(_) => unreachable!("they are taken already"),
                    Output::Apply { from, to } => {
                        raft.entries(from, to).for_each(|entry| {
                            if let EntryBody::Command(command) = &entry.body {
                                digest.apply(command);
                            }
                        });
                        applied = Some(to);
                    }
                    Output::Settled { .. } => self.settled += 1,
                    Output::TakeSnapshot { at_least } => snapshot = raft.snapshot_meta(at_least),
                    _ => {}
                }
            }
            if written.is_none() && applied.is_none() && snapshot.is_none() {
                return;
            }
            if let Some(seq) = written {
                raft.persisted(NOW, seq);
            }
            if let Some(to) = applied {
                raft.applied(NOW, to);
            }
            if let Some(meta) = snapshot {
                raft.snapshotted(NOW, meta);
            }
        }
    }
}
