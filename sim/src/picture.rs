//! World to picture: fills the one view type every screen is drawn from.
//!
//! Shows what is, computes no protocol state. A crashed node shows what its disk holds, because
//! that is all that remains of it.

use crate::checks::Violation;
use crate::network::{self, Content, Place};
use crate::node::Node;
use crate::operations::{self, client, client_outline};
use crate::world::World;
use raftwerk_core::Time;
use raftwerk_wire::groups::groups;
use raftwerk_wire::view::{
    ClientFlight, ClusterView, DiskView, EntryView, Flight, Group, LogView, MessageView, NodeCard,
    NodeCondition, NodeView, SnapshotView, ViolationView,
};

/// A message between nodes, as a scenario names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerFlight {
    /// Its number.
    pub id: u64,
    /// Its kind.
    pub kind: &'static str,
    /// Sender.
    pub from: u64,
    /// Receiver.
    pub to: u64,
    /// Whether it is kept on the way.
    pub held: bool,
}

/// How many entries of each log are shown.
const SHOWN_ENTRIES: usize = 64;

impl World {
    /// The picture for a screen; `now` is the time of the playhead.
    #[must_use]
    pub fn view(&self, now: u64) -> ClusterView {
        let (flights, client_flights) = self.flights(|_| true);
        ClusterView {
            nodes: self.nodes.iter().map(|node| card(node, now)).collect(),
            flights,
            client_flights,
            clients: self.clients.iter().map(client).collect(),
            checks: self.checks.view(),
            ..self.common(now)
        }
    }

    /// What a stage shows of it, cheap enough for every frame: no log entries, keys, checks and
    /// earlier operations, and fields of one message only.
    #[must_use]
    pub fn stage(&self, now: u64, message: Option<u64>) -> ClusterView {
        let (flights, client_flights) = self.flights(|id| message == Some(id));
        ClusterView {
            nodes: self.nodes.iter().map(|node| outline(node, now)).collect(),
            flights,
            client_flights,
            clients: self.clients.iter().map(client_outline).collect(),
            ..self.common(now)
        }
    }

    /// Messages between nodes that are on the way, oldest first.
    #[must_use]
    pub fn peer_flights(&self) -> Vec<PeerFlight> {
        let flights = self.network.flights().into_iter();
        let peers = flights.filter_map(|flight| match (&flight.content, flight.from) {
            (Content::Peer(message), Place::Node(from)) => Some(PeerFlight {
                id: flight.id,
                kind: message.body.name(),
                from,
                to: message.to.0,
                held: flight.is_held(),
            }),
            _ => None,
        });
        peers.collect()
    }

    fn common(&self, now: u64) -> ClusterView {
        ClusterView {
            now,
            cuts: self.network.cuts(),
            clogs: self.network.clogged(),
            groups: self.groups(),
            violation: self
                .violation()
                .map(|violation: &Violation| ViolationView::from(violation)),
            committed: self.committed(),
            ..ClusterView::default()
        }
    }

    /// Everything on the way; fields only of the messages that `with_fields` names.
    fn flights(&self, with_fields: impl Fn(u64) -> bool) -> (Vec<Flight>, Vec<ClientFlight>) {
        let (mut peers, mut clients) = (Vec::new(), Vec::new());
        for flight in self.network.flights() {
            let with_fields = with_fields(flight.id);
            match (&flight.content, flight.from, flight.to) {
                (Content::Peer(message), Place::Node(from), _) => peers.push(Flight {
                    id: flight.id,
                    from,
                    to: message.to.0,
                    sent: flight.sent,
                    due: flight.arrives(),
                    held: flight.is_held(),
                    lost: flight.lost || self.network.is_cut(flight.from, flight.to),
                    content: if with_fields {
                        MessageView::from(message)
                    } else {
                        MessageView::outline(message)
                    },
                }),
                (Content::Chunk(_) | Content::Got(_), Place::Node(from), Place::Node(to)) => {
                    let content = operations::shipped(&flight.content, with_fields);
                    peers.extend(content.map(|content| Flight {
                        id: flight.id,
                        from,
                        to,
                        sent: flight.sent,
                        due: flight.arrives(),
                        held: flight.is_held(),
                        lost: flight.lost || self.network.is_cut(flight.from, flight.to),
                        content,
                    }));
                }
                (Content::Question(question), _, Place::Node(node)) => {
                    let content = operations::request(question, with_fields);
                    clients.push(client_flight(flight, question.client, node, content));
                }
                (Content::Reply(reply), Place::Node(node), _) => {
                    let waiting = &self.clients[reply.client as usize - 1].current;
                    let op = waiting.as_ref().map(|waiting| &waiting.op);
                    let content = operations::answer(reply, op, with_fields);
                    clients.push(client_flight(flight, reply.client, node, content));
                }
                _ => {}
            }
        }
        (peers, clients)
    }

    fn groups(&self) -> Vec<Group> {
        let nodes: Vec<u64> = (1..=self.setup.nodes).collect();
        let runs = |id: &u64| self.nodes[*id as usize - 1].condition == NodeCondition::Up;
        let running: Vec<u64> = nodes.iter().copied().filter(runs).collect();
        groups(&nodes, &self.network.cuts(), &self.voters(), &running)
    }

    /// Voters as the node with the newest log knows them.
    fn voters(&self) -> Vec<u64> {
        let rafts = self.nodes.iter().filter_map(|node| node.raft.as_ref());
        let newest = rafts.max_by_key(|raft| raft.view().last());
        let members = newest.and_then(|raft| raft.view().membership().map(|m| m.members.all()));
        match members {
            Some(members) => members.iter().map(|node| node.0).collect(),
            None => (1..=self.setup.nodes).collect(),
        }
    }
}

fn client_flight(
    flight: &network::Flight,
    client: u64,
    node: u64,
    content: MessageView,
) -> ClientFlight {
    ClientFlight {
        id: flight.id,
        client,
        node,
        sent: flight.sent,
        due: flight.arrives(),
        held: flight.is_held(),
        lost: flight.lost,
        content,
    }
}

fn card(node: &Node, now: u64) -> NodeCard {
    let view = match &node.raft {
        Some(raft) => by_the_world(node, NodeView::of(raft, &node.store, now, SHOWN_ENTRIES)),
        None => on_disk(node, now, SHOWN_ENTRIES),
    };
    card_with(node, view)
}

fn outline(node: &Node, now: u64) -> NodeCard {
    let view = match &node.raft {
        Some(raft) => by_the_world(node, NodeView::outline(raft, now)),
        None => on_disk(node, now, 0),
    };
    card_with(node, view)
}

fn card_with(node: &Node, view: NodeView) -> NodeCard {
    let (id, condition) = (node.id, node.condition);
    NodeCard {
        id,
        condition,
        view: Some(view),
        age: 0,
        last_event: None,
    }
}

/// A picture shows one time, the world's, whatever the node's clock says.
fn by_the_world(node: &Node, mut view: NodeView) -> NodeView {
    let when = |shown: u64| node.clock.when(Time(shown));
    let timers = [
        &mut view.election,
        &mut view.heartbeat,
        &mut view.check_quorum,
    ];
    for timer in timers.into_iter().flatten() {
        (timer.set, timer.due) = (when(timer.set), when(timer.due));
    }
    for end in [&mut view.lease, &mut view.quiet].into_iter().flatten() {
        *end = when(*end);
    }
    view
}

/// What is left of a crashed node.
fn on_disk(node: &Node, clock: u64, shown: usize) -> NodeView {
    let (disk, device) = (node.disk.hard_state(), node.disk.device());
    let entries = &device.entries;
    let (term, vote) = (disk.term.0, disk.vote.map(|vote| vote.0));
    let from = entries.len().saturating_sub(shown);
    let shown = (from..entries.len()).filter_map(|at| entries.get(at));
    let shown: Vec<EntryView> = shown.map(EntryView::from).collect();
    let last = device.last();
    NodeView {
        id: node.id,
        term,
        vote,
        clock,
        log: LogView {
            last: last.index.0,
            last_term: last.term.0,
            first_shown: shown.first().map_or(last.index.0 + 1, |entry| entry.index),
            entries: shown,
        },
        first: device.base + 1,
        snapshot: device.snapshot.as_ref().map(|snapshot| SnapshotView {
            last: snapshot.meta.last.index.0,
            last_term: snapshot.meta.last.term.0,
            bytes: snapshot.meta.bytes,
            installing: false,
        }),
        disk: DiskView {
            term,
            vote,
            durable: last.index.0,
            writing: 0,
        },
        ..NodeView::default()
    }
}
