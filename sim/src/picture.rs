//! World to picture: fills the one view type every screen is drawn from.
//!
//! Shows what is, computes no protocol state. A crashed node shows what its disk holds, because
//! that is all that remains of it.

use crate::checks::Violation;
use crate::clients::{Client, Ending, Finished, Operation};
use crate::intervention::Op;
use crate::network::{Content, Place};
use crate::node::Node;
use crate::world::World;
use raftwerk_kv::{Answer, KeyValue};
use raftwerk_wire::groups::groups;
use raftwerk_wire::view::{
    ClientView, ClusterView, DiskView, EntryView, Flight, Group, LogView, MessageView, NodeCard,
    NodeCondition, NodeView, OperationView, ViolationView, show_bytes,
};

/// How many entries of each log are shown.
const SHOWN_ENTRIES: usize = 64;

impl World {
    /// The picture for a screen; `now` is the time of the playhead.
    #[must_use]
    pub fn view(&self, now: u64) -> ClusterView {
        ClusterView {
            now,
            nodes: self.nodes.iter().map(|node| card(node, now)).collect(),
            flights: self.flights(),
            cuts: self.network.cuts(),
            groups: self.groups(),
            clients: self.clients.iter().map(client).collect(),
            checks: self.checks.view(),
            violation: self
                .violation()
                .map(|violation: &Violation| ViolationView::from(violation)),
            committed: self.committed(),
        }
    }

    fn flights(&self) -> Vec<Flight> {
        let shown = |flight: &&crate::network::Flight| match (&flight.content, flight.from) {
            (Content::Peer(message), Place::Node(from)) => Some(Flight {
                id: flight.id,
                from,
                to: message.to.0,
                sent: flight.sent,
                due: Some(flight.due),
                lost: flight.lost || self.network.is_cut(flight.from, flight.to),
                content: MessageView::from(message),
            }),
            _ => None,
        };
        self.network.flights().iter().filter_map(shown).collect()
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

fn card(node: &Node, now: u64) -> NodeCard {
    let view = match &node.raft {
        Some(raft) => NodeView::of(raft, &node.store, now, SHOWN_ENTRIES),
        None => on_disk(node, now),
    };
    let (id, condition) = (node.id, node.condition);
    NodeCard {
        id,
        condition,
        view: Some(view),
        age: 0,
        last_event: None,
    }
}

/// What is left of a crashed node.
fn on_disk(node: &Node, clock: u64) -> NodeView {
    let (disk, entries) = (node.disk.hard_state(), node.disk.entries());
    let (term, vote) = (disk.term.0, disk.vote.map(|vote| vote.0));
    let skip = entries.len().saturating_sub(SHOWN_ENTRIES);
    let shown: Vec<EntryView> = entries.iter().skip(skip).map(EntryView::from).collect();
    let last = entries.last().map(|entry| entry.id).unwrap_or_default();
    NodeView {
        id: node.id,
        term,
        vote,
        clock,
        log: LogView {
            last: last.index.0,
            last_term: last.term.0,
            first_shown: shown.first().map_or(0, |entry| entry.index),
            entries: shown,
        },
        disk: DiskView {
            term,
            vote,
            durable: last.index.0,
            writing: 0,
        },
        ..NodeView::default()
    }
}

fn client(client: &Client) -> ClientView {
    ClientView {
        id: client.id,
        current: client.current.as_ref().map(waiting),
        done: client.done.iter().map(finished).collect(),
    }
}

fn mode(op: &Op) -> Option<String> {
    match op {
        Op::Get { mode, .. } => Some(mode.name().to_string()),
        _ => None,
    }
}

fn waiting(operation: &Operation) -> OperationView {
    OperationView {
        text: operation.op.to_string(),
        node: operation.node,
        mode: mode(&operation.op),
        started: operation.started,
        ended: None,
        answer: None,
        outcome: None,
    }
}

fn finished(operation: &Finished) -> OperationView {
    let (outcome, answer) = told(&operation.op, &operation.ending);
    OperationView {
        text: operation.op.to_string(),
        node: operation.node,
        mode: mode(&operation.op),
        started: operation.started,
        ended: Some(operation.ended),
        answer: Some(answer),
        outcome: Some(outcome.to_string()),
    }
}

fn told(op: &Op, ending: &Ending) -> (&'static str, String) {
    match ending {
        Ending::Read { item: None, age } => ("ok", format!("{} is not set{}", op.key(), old(*age))),
        Ending::Read {
            item: Some(item),
            age,
        } => ("ok", format!("{}{}", shown(item), old(*age))),
        Ending::Written(answer) => written(op, answer),
        Ending::Failed(why) => ("failed", why.clone()),
        Ending::Unknown(why) => ("unknown", format!("{why}; it may have been done")),
    }
}

fn old(age: Option<u64>) -> String {
    let told = |age| format!(" (leader last heard {} ms ago)", age / 1_000);
    age.map_or_else(String::new, told)
}

fn shown(item: &KeyValue) -> String {
    let (key, value) = (show_bytes(&item.key), show_bytes(&item.value));
    format!("{key}={value} at revision {}", item.mod_revision)
}

fn written(op: &Op, answer: &Answer) -> (&'static str, String) {
    match answer {
        Answer::Put { revision, .. } => ("ok", format!("written as revision {revision}")),
        Answer::Deleted {
            previous: Some(_),
            revision,
        } => ("ok", format!("deleted as revision {revision}")),
        Answer::Deleted { previous: None, .. } => ("ok", format!("{} was not set", op.key())),
        Answer::Compared {
            succeeded: true,
            revision,
            ..
        } => ("ok", format!("written as revision {revision}")),
        Answer::Compared {
            current: Some(item),
            ..
        } => ("failed", format!("not as expected: {}", shown(item))),
        Answer::Compared { current: None, .. } => (
            "failed",
            format!("not as expected: {} is not set", op.key()),
        ),
        other => ("ok", format!("{other:?}")),
    }
}
