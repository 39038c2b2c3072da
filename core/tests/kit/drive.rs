//! Ways to move a cluster: mail, clock, elections, clients, partitions; and to look at it.

use super::{Cluster, Input};
use raftwerk_core::trace::{Kind, Role, Timer};
use raftwerk_core::*;

impl Cluster {
    /// Delivers the waiting messages for which `pick` holds; the rest stays.
    pub fn deliver_if(&mut self, pick: impl Fn(&Message) -> bool) -> usize {
        let mail = std::mem::take(&mut self.mail);
        let (go, stay): (Vec<_>, Vec<_>) = mail.into_iter().partition(&pick);
        self.mail = stay;
        let arrived = go.into_iter().map(|message| self.deliver(message));
        arrived.filter(|arrived| *arrived).count()
    }

    /// Hands over one message, unless its way is cut. Says whether it arrived.
    pub fn deliver(&mut self, message: Message) -> bool {
        let way = (message.from.0, message.to.0);
        let arrives = !self.cut.contains(&way) && self.nodes.contains_key(&way.1);
        if arrives {
            self.feed(way.1, [Input::Receive(message)]);
        }
        arrives
    }

    /// Delivers everything until nothing is on the way.
    pub fn settle(&mut self) {
        for _ in 0..1_000 {
            let streams = self.fast_streams && !self.streams.is_empty();
            if streams {
                self.end_stream(true);
            }
            if self.deliver_if(|_| true) == 0 && self.mail.is_empty() && !streams {
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
            self.expire_due();
            self.settle();
        }
    }

    /// Fires what is due on every node.
    pub fn expire_due(&mut self) {
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            if self.nodes[&id].raft.deadline() <= self.now {
                self.feed(id, [Input::Expire]);
            }
        }
    }

    /// Moves the clock and fires everything; mail waits.
    pub fn wait(&mut self, span: Span) {
        self.now = self.now + span;
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.give(id, Input::Expire).expect("no ticket");
        }
    }

    /// Lets a node campaign now, with mail delivered until it is quiet.
    pub fn elect(&mut self, id: u64) {
        self.time_out(id);
        self.settle();
        assert_eq!(self.view(id).role(), Role::Leader, "S{id} wins");
    }

    /// Lets a node win; what it says as a leader is still on the way.
    pub fn win(&mut self, id: u64) {
        self.time_out(id);
        for _ in 0..4 {
            self.deliver_if(|m| !matches!(m.body, Body::Append { .. }));
        }
        assert_eq!(self.view(id).role(), Role::Leader, "S{id} wins");
    }

    pub fn time_out(&mut self, id: u64) {
        self.feed(id, [Input::Fire(Timer::Election)]);
    }

    pub fn heartbeat(&mut self, id: u64) {
        self.feed(id, [Input::Fire(Timer::Heartbeat)]);
    }

    pub fn propose(&mut self, id: u64, ticket: u64, text: &str) -> Result<(), Refusal> {
        let command = Payload::from(text.as_bytes());
        self.feed(id, [Input::Propose(Ticket(ticket), command)])[0]
    }

    pub fn read(&mut self, id: u64, ticket: u64, path: ReadPath) -> Result<(), Refusal> {
        self.feed(id, [Input::Read(Ticket(ticket), path)])[0]
    }

    pub fn transfer(&mut self, id: u64, ticket: u64, to: Option<u64>) -> Result<(), Refusal> {
        self.give(id, Input::Transfer(Ticket(ticket), to.map(NodeId)))
    }

    pub fn reconfigure(&mut self, id: u64, ticket: u64, to: &Members) -> Result<(), Refusal> {
        self.give(id, Input::Reconfigure(Ticket(ticket), to.clone()))
    }

    /// Hands a node a message made by hand.
    pub fn forge(&mut self, from: u64, to: u64, term: u64, body: Body) {
        let message = Message {
            cluster: ClusterId(7),
            from: NodeId(from),
            to: NodeId(to),
            term: Term(term),
            body,
        };
        self.feed(to, [Input::Receive(message)]);
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

    /// Power off, and on with a log that cannot be read from `from` on: the host cuts it there
    /// and notes what may have been promised. Rot that is found again widens what is known of it.
    pub fn rot(&mut self, id: u64, from: u64) {
        let disk = &mut self.nodes.get_mut(&id).expect("known node").disk;
        let last = disk.entries.last().map_or(Index(0), |last| last.id.index);
        let (mut from, mut to) = (Index(from), last);
        disk.entries.retain(|entry| entry.id.index < from);
        if let Condition::Suspect(before) = disk.condition {
            from = from.min(before.from);
            to = to.max(before.to.unwrap_or_default());
        }
        disk.condition = Condition::Suspect(Suspicion {
            from,
            to: Some(to),
            since: disk.hard_state.term,
        });
        self.restart(id);
    }

    /// As [`Cluster::rot`], and nobody can tell how far the log went.
    pub fn rot_without_end(&mut self, id: u64, from: u64) {
        self.rot(id, from);
        let disk = &mut self.nodes.get_mut(&id).expect("known node").disk;
        if let Condition::Suspect(suspicion) = &mut disk.condition {
            suspicion.to = None;
        }
        self.restart(id);
    }

    pub fn is_suspect(&self, id: u64) -> bool {
        self.view(id).suspect().is_some()
    }

    // ------------------------------------------------------------------ looking

    pub fn leaders(&self) -> Vec<u64> {
        let leads = |id: &u64| self.view(*id).role() == Role::Leader;
        self.nodes.keys().copied().filter(leads).collect()
    }

    /// A leader's knowledge of one peer.
    pub fn peer(&self, leader: u64, peer: u64) -> Peer {
        let peers = self.view(leader).peers();
        let found = peers.into_iter().find(|p| p.id == NodeId(peer));
        found.expect("a leader knows its peers")
    }

    /// How the tickets of a node ended, in order.
    pub fn ended(&self, id: u64) -> Vec<(u64, Outcome)> {
        let told = self.node(id).settled.iter();
        told.map(|(ticket, outcome)| (ticket.0, *outcome)).collect()
    }

    /// Members in force at a node.
    pub fn members(&self, id: u64) -> Members {
        let membership = self.view(id).membership();
        membership.map_or_else(Members::default, |m| m.members.clone())
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
        let tail = self.view(id).tail(1_000);
        tail.iter().map(|entry| entry.id.term.0).collect()
    }

    /// Whether a node's trace holds an event.
    pub fn saw(&self, id: u64, pick: impl Fn(&Kind) -> bool) -> bool {
        self.nodes[&id].events.iter().any(|event| pick(&event.kind))
    }

    /// How often anybody became leader, in these lives.
    pub fn elections(&self) -> usize {
        let events = self.nodes.values().flat_map(|node| &node.events);
        let won = events.filter(|event| matches!(event.kind, Kind::BecameLeader { .. }));
        won.count()
    }

    /// Whether a message of this kind from one node to another is on the way.
    pub fn on_the_way(&self, from: u64, to: u64, pick: impl Fn(&Body) -> bool) -> bool {
        let way = (NodeId(from), NodeId(to));
        let mut mail = self.mail.iter();
        mail.any(|m| (m.from, m.to) == way && pick(&m.body))
    }
}
