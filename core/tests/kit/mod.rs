//! A hand-driven cluster for tests: messages and disk writes wait until a test lets them go.
//!
//! Nothing happens by itself and nothing is random but the nodes' own seeds. After every drain
//! each node's invariants are checked.
#![allow(dead_code)]

use raftwerk_core::trace::{Event, Kind, Role, Timer};
use raftwerk_core::*;
use std::collections::{BTreeMap, BTreeSet};

/// One node with its disk.
pub struct Node {
    pub raft: Raft,
    pub disk: Durable,
    pub writes: Vec<Write>,
    pub applied: Vec<Entry>,
    pub settled: Vec<(Ticket, Outcome)>,
    pub reads: Vec<(Ticket, Result<Index, Refusal>)>,
    pub events: Vec<Event>,
    pub fenced: Option<Fence>,
}

/// Nodes, the messages between them, and a clock that only tests move.
pub struct Cluster {
    pub nodes: BTreeMap<u64, Node>,
    pub mail: Vec<Message>,
    pub now: Time,
    /// Writes complete at once; off: tests complete them.
    pub fast_disk: bool,
    /// Directions that lose everything.
    pub cut: BTreeSet<(u64, u64)>,
    members: Members,
}

pub fn config(id: u64) -> Config {
    Config::demo(NodeId(id), ClusterId(7), id * 1_000)
}

impl Cluster {
    pub fn new(size: u64) -> Cluster {
        Cluster::with(size, |_| {})
    }

    /// A cluster whose configurations are changed first.
    pub fn with(size: u64, change: impl Fn(&mut Config)) -> Cluster {
        let members = Members::of_voters((1..=size).map(NodeId));
        let mut cluster = Cluster {
            nodes: BTreeMap::new(),
            mail: Vec::new(),
            now: Time(0),
            fast_disk: true,
            cut: BTreeSet::new(),
            members: members.clone(),
        };
        for id in 1..=size {
            let mut config = config(id);
            change(&mut config);
            cluster.boot(config, Durable::bootstrap(&members));
        }
        cluster
    }

    fn boot(&mut self, config: Config, disk: Durable) {
        let id = config.id.0;
        let mut raft = Raft::boot(config, disk.clone(), self.now).expect("boots");
        raft.listen(true);
        let node = Node {
            raft,
            disk,
            writes: Vec::new(),
            applied: Vec::new(),
            settled: Vec::new(),
            reads: Vec::new(),
            events: Vec::new(),
            fenced: None,
        };
        self.nodes.insert(id, node);
        self.drain(id);
    }

    /// Power off and on: what was not written is gone, and so is all mail from the node's past.
    pub fn restart(&mut self, id: u64) {
        let node = self.nodes.remove(&id).expect("known node");
        let mut config = node.raft.view().config().clone();
        config.seed += 1;
        self.boot(config, node.disk);
    }

    pub fn node(&self, id: u64) -> &Node {
        &self.nodes[&id]
    }

    pub fn view(&self, id: u64) -> View<'_> {
        self.nodes[&id].raft.view()
    }

    /// Feeds one input and drains.
    pub fn with_raft<T>(&mut self, id: u64, input: impl FnOnce(&mut Raft, Time) -> T) -> T {
        let now = self.now;
        let result = input(&mut self.nodes.get_mut(&id).expect("known node").raft, now);
        self.drain(id);
        result
    }

    fn drain(&mut self, id: u64) {
        loop {
            let now = self.now;
            let node = self.nodes.get_mut(&id).expect("known node");
            let mut again = false;
            while let Some(output) = node.raft.poll() {
                match output {
                    Output::Write(write) => node.writes.push(write),
                    Output::Send(message) => self.mail.push(message),
                    Output::Apply { from, to } => {
                        node.applied.extend_from_slice(node.raft.entries(from, to));
                    }
                    Output::Settled { ticket, outcome } => node.settled.push((ticket, outcome)),
                    Output::ReadAt { ticket, index } => node.reads.push((ticket, Ok(index))),
                    Output::ReadFailed { ticket, why } => node.reads.push((ticket, Err(why))),
                    Output::Fenced(why) => node.fenced = Some(why),
                    Output::Leader { .. } | Output::Members { .. } => {}
                }
            }
            while let Some(event) = node.raft.poll_event() {
                node.events.push(event);
            }
            let applied = node.applied.last().map_or(Index(0), |entry| entry.id.index);
            if applied > node.raft.view().applied() {
                node.raft.applied(now, applied);
                again = true;
            }
            if self.fast_disk && !node.writes.is_empty() {
                let write = node.writes.remove(0);
                perform(&mut node.disk, &write);
                node.raft.persisted(now, write.seq);
                again = true;
            }
            node.raft.check().expect("invariants hold");
            if !again {
                return;
            }
        }
    }

    /// Completes the oldest waiting write of a node.
    pub fn complete_write(&mut self, id: u64) {
        let now = self.now;
        let node = self.nodes.get_mut(&id).expect("known node");
        let write = node.writes.remove(0);
        perform(&mut node.disk, &write);
        node.raft.persisted(now, write.seq);
        self.drain(id);
    }

    /// Delivers the waiting messages for which `pick` holds; the rest stays.
    pub fn deliver_if(&mut self, pick: impl Fn(&Message) -> bool) -> usize {
        let (go, stay): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.mail).into_iter().partition(&pick);
        self.mail = stay;
        let mut count = 0;
        for message in go {
            let way = (message.from.0, message.to.0);
            if self.cut.contains(&way) || !self.nodes.contains_key(&way.1) {
                continue;
            }
            count += 1;
            self.with_raft(way.1, |raft, now| raft.receive(now, message));
        }
        count
    }

    /// Delivers everything until nothing is on the way.
    pub fn settle(&mut self) {
        for _ in 0..1_000 {
            if self.deliver_if(|_| true) == 0 && self.mail.is_empty() {
                return;
            }
        }
        panic!("messages never cease");
    }

    /// Moves the clock and fires what is due, delivering everything, in steps of 5 ms.
    pub fn run(&mut self, span: Span) {
        let end = self.now + span;
        while self.now < end {
            self.now = self.now + Span::millis(5);
            for id in self.nodes.keys().copied().collect::<Vec<_>>() {
                if self.nodes[&id].raft.deadline() <= self.now {
                    self.with_raft(id, |raft, now| raft.expire(now));
                }
            }
            self.settle();
        }
    }

    /// Lets a node campaign now, with mail delivered until it is quiet.
    pub fn elect(&mut self, id: u64) {
        self.time_out(id);
        self.settle();
        assert_eq!(self.view(id).role(), Role::Leader, "S{id} wins");
    }

    pub fn time_out(&mut self, id: u64) {
        self.with_raft(id, |raft, now| raft.fire(now, Timer::Election));
    }

    pub fn propose(&mut self, id: u64, ticket: u64, text: &str) -> Result<(), Refusal> {
        let command = Payload::from(text.as_bytes());
        self.with_raft(id, |raft, now| raft.propose(now, Ticket(ticket), command))
    }

    pub fn read(&mut self, id: u64, ticket: u64, path: ReadPath) -> Result<(), Refusal> {
        self.with_raft(id, |raft, now| raft.read(now, Ticket(ticket), path))
    }

    pub fn heartbeat(&mut self, id: u64) {
        self.with_raft(id, |raft, now| raft.fire(now, Timer::Heartbeat));
    }

    /// Hands a node a message made by hand.
    pub fn forge(&mut self, from: u64, to: u64, term: u64, body: Body) {
        let (cluster, term) = (ClusterId(7), Term(term));
        let (from, to) = (NodeId(from), NodeId(to));
        let message = Message {
            cluster,
            from,
            to,
            term,
            body,
        };
        self.with_raft(to.0, |raft, now| raft.receive(now, message));
    }

    /// Cuts both ways between two groups.
    pub fn partition(&mut self, left: &[u64], right: &[u64]) {
        for a in left {
            for b in right {
                self.cut.insert((*a, *b));
                self.cut.insert((*b, *a));
            }
        }
    }

    pub fn leaders(&self) -> Vec<u64> {
        let leads = |id: &u64| self.view(*id).role() == Role::Leader;
        self.nodes.keys().copied().filter(leads).collect()
    }

    /// Commands applied by a node, as text.
    pub fn commands(&self, id: u64) -> Vec<String> {
        let text = |entry: &Entry| match &entry.body {
            EntryBody::Command(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        };
        self.nodes[&id].applied.iter().filter_map(text).collect()
    }

    pub fn terms(&self, id: u64) -> Vec<u64> {
        self.view(id)
            .tail(1_000)
            .iter()
            .map(|entry| entry.id.term.0)
            .collect()
    }

    /// Whether a node's trace holds an event.
    pub fn saw(&self, id: u64, pick: impl Fn(&Kind) -> bool) -> bool {
        self.nodes[&id].events.iter().any(|event| pick(&event.kind))
    }
}

/// What a correct disk does with a write.
pub fn perform(disk: &mut Durable, write: &Write) {
    if let Some(hard_state) = write.hard_state {
        disk.hard_state = hard_state;
    }
    if let Some(cut) = write.cut_from {
        disk.entries.retain(|entry| entry.id.index < cut);
    }
    for entry in &write.append {
        let next = disk
            .entries
            .last()
            .map_or(Index(1), |last| last.id.index.next());
        assert_eq!(entry.id.index, next, "the disk gets no holes");
        disk.entries.push(entry.clone());
    }
}
