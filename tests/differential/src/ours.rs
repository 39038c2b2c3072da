//! Our core as a [`Replica`]: its disk is done at once, and no timer fires by itself.

use crate::{Entry, Replica, Seen};
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::{
    ClusterId, Config, Durable, EntryBody, Limits, Members, Message, NodeId, Output, Raft,
    Switches, Ticket, Time, Write,
};

/// The moment at which every life begins.
const NOW: Time = Time(0);

/// A node with its disk.
pub struct Ours {
    raft: Raft,
    disk: Durable,
    now: Time,
    tickets: u64,
    applied: Vec<Vec<u8>>,
}

fn config(id: u64) -> Config {
    let demo = Config::demo(NodeId(id), ClusterId(1), id);
    Config {
        // As much on the way as the other allows, so that no window decides what arrives.
        limits: Limits {
            append_bytes: 1 << 20,
            window_messages: 256,
            window_bytes: 1 << 30,
            ..demo.limits
        },
        switches: Switches {
            pre_vote: false,
            check_quorum: false,
            stickiness: false,
            ..Switches::default()
        },
        ..demo
    }
}

/// Does what a write says.
fn perform(disk: &mut Durable, write: &Write) {
    if let Some(state) = write.hard_state {
        disk.hard_state = state;
    }
    if let Some(cut) = write.cut_from {
        disk.entries.retain(|entry| entry.id.index < cut);
    }
    disk.entries.extend(write.append.iter().cloned());
}

impl Replica for Ours {
    type Message = Message;
    type Disk = (u64, Durable);

    fn new(id: u64, size: u64) -> Ours {
        let members = Members::of_voters((1..=size).map(NodeId));
        Ours::restart((id, Durable::bootstrap(&members)))
    }

    fn crash(self) -> (u64, Durable) {
        (self.raft.view().id().0, self.disk)
    }

    fn restart((id, disk): (u64, Durable)) -> Ours {
        let raft = Raft::boot(config(id), disk.clone(), NOW).expect("it boots");
        Ours {
            raft,
            disk,
            now: NOW,
            tickets: 0,
            applied: Vec::new(),
        }
    }

    fn campaign(&mut self) {
        self.raft.fire(self.now, Timer::Election);
    }

    fn propose(&mut self, command: &[u8]) -> bool {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.raft.propose(self.now, ticket, command.into()).is_ok()
    }

    fn beat(&mut self) {
        // An append without an answer counts as lost when it is older than a heartbeat.
        let heartbeat = self.raft.view().config().timing.heartbeat;
        self.now = self.now + heartbeat + heartbeat;
        self.raft.fire(self.now, Timer::Heartbeat);
    }

    fn transfer(&mut self, to: u64) {
        self.tickets += 1;
        // A refusal is no news here: who does not lead cannot.
        let _ = self
            .raft
            .transfer(self.now, Ticket(self.tickets), Some(NodeId(to)));
    }

    fn receive(&mut self, message: Message) {
        self.raft.receive(self.now, message);
    }

    fn drain(&mut self) -> Vec<(u64, Message)> {
        let mut out = Vec::new();
        loop {
            let (mut written, mut applied) = (None, None);
            while let Some(output) = self.raft.poll() {
                match output {
                    Output::Write(write) => {
                        perform(&mut self.disk, &write);
                        written = Some(write.seq);
                    }
                    Output::Send(message) => out.push((message.to.0, message)),
                    Output::Apply { to, .. } => applied = Some(to),
                    Output::Fenced(why) => panic!("it stopped for good: {why:?}"),
                    _ => {}
                }
            }
            if let Some(to) = applied {
                let from = self.raft.view().applied().0;
                let entries = self.raft.entries(raftwerk_core::Index(from + 1), to);
                let commands = entries.filter_map(|entry| match &entry.body {
                    EntryBody::Command(command) => Some(command.to_vec()),
                    _ => None,
                });
                self.applied.extend(commands);
                self.raft.applied(self.now, to);
            }
            if let Some(seq) = written {
                self.raft.persisted(self.now, seq);
            }
            if written.is_none() && applied.is_none() {
                return out;
            }
        }
    }

    fn seen(&self) -> Seen {
        let view = self.raft.view();
        // The first entry holds the members; the other keeps them elsewhere.
        let entries = self.disk.entries.iter().skip(1);
        let log = entries.map(|entry| Entry {
            term: entry.id.term.0,
            command: match &entry.body {
                EntryBody::Command(command) => command.to_vec(),
                _ => Vec::new(),
            },
        });
        Seen {
            term: view.term().0,
            leads: view.role() == Role::Leader,
            log: log.collect(),
            commit: view.commit().0.saturating_sub(1) as usize,
        }
    }

    fn applied(&self) -> &[Vec<u8>] {
        &self.applied
    }
}
