//! Every ticket given to a core ends exactly once (`raftwerk_core::io`).
//!
//! The ledger knows what each node took on and has not ended. An end without a beginning, a
//! second end, or an end of the other kind is wrong at once. What stays open must have a reason:
//! a proposal waits only at the leader that made its entry and only until the entry is handed to
//! the state machine; a read waits only where the core still counts it; a change waits only at a
//! leader that is at it. Whatever is swallowed is
//! thus seen in the step that swallows it. A crash ends everything silently, and nothing else
//! does.

use super::{Check, Checks};
use crate::node::Node;
use raftwerk_core::trace::Role;
use raftwerk_core::{LogId, NodeId, Outcome, Output, Raft, Ticket};
use std::collections::BTreeSet;

/// What a ticket was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A proposal that became this entry.
    Entry(LogId),
    /// A read.
    Read,
    /// A transfer of leadership.
    Transfer,
    /// A change of the members.
    Change,
}

/// Open tickets of every node, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub(super) struct Tickets {
    nodes: Vec<Vec<(Ticket, Taken)>>,
    /// Entries that a node called certainly lost.
    lost: BTreeSet<LogId>,
}

impl Tickets {
    fn of(&mut self, node: u64) -> &mut Vec<(Ticket, Taken)> {
        let at = node as usize - 1;
        if self.nodes.len() <= at {
            self.nodes.resize_with(at + 1, Vec::new);
        }
        &mut self.nodes[at]
    }

    /// How many are open anywhere.
    pub fn open(&self) -> usize {
        self.nodes.iter().map(Vec::len).sum()
    }

    /// Bytes held, about.
    pub fn memory(&self) -> u64 {
        (self.open() * size_of::<(Ticket, Taken)>()) as u64 + 48 * self.lost.len() as u64
    }
}

impl Checks {
    /// How many tickets have not ended.
    pub fn open_tickets(&self) -> usize {
        self.tickets.open()
    }

    /// A core took something on.
    pub fn on_taken(&mut self, node: u64, ticket: Ticket, taken: Taken) {
        let open = self.tickets.of(node);
        let twice = open.iter().any(|(other, _)| *other == ticket);
        open.push((ticket, taken));
        if twice {
            self.fail(
                Check::Tickets,
                format!("S{node} was given {ticket} while it was open"),
            );
        }
    }

    /// A crash swallows what a node took on.
    pub fn on_crash(&mut self, node: u64) {
        self.tickets.of(node).clear();
        self.no_writes(node);
    }

    /// An output ends a ticket, perhaps; `given` is the last entry handed to the state machine.
    pub(super) fn on_end(&mut self, node: u64, given: u64, output: &Output) {
        let (ticket, outcome) = match output {
            Output::Settled { ticket, outcome } => (*ticket, Some(*outcome)),
            Output::ReadAt { ticket, .. } | Output::ReadFailed { ticket, .. } => (*ticket, None),
            _ => return,
        };
        let open = self.tickets.of(node);
        let Some(place) = open.iter().position(|(other, _)| *other == ticket) else {
            let detail = format!("S{node} ends {ticket}, which is not open: {output:?}");
            return self.fail(Check::Tickets, detail);
        };
        match (open.remove(place).1, outcome) {
            (Taken::Read, None) => {}
            (Taken::Entry(id), Some(outcome)) => self.on_settled(node, id, outcome, given),
            (Taken::Transfer, Some(Outcome::HandedOver(to))) => self.on_handed_over(node, to),
            (Taken::Change, Some(Outcome::Committed(id))) => {
                self.on_settled(node, id, Outcome::Committed(id), given);
            }
            (Taken::Transfer | Taken::Change, Some(Outcome::Aborted(_))) => {}
            (Taken::Change, Some(Outcome::Unknown)) => {}
            (taken, _) => {
                let detail = format!("S{node} ends {ticket}, given for {taken:?}, by {output:?}");
                self.fail(Check::Tickets, detail);
            }
        }
    }

    fn on_settled(&mut self, node: u64, id: LogId, outcome: Outcome, given: u64) {
        let committed = self.ledger.committed_term(id.index.0);
        let wrong = match outcome {
            Outcome::Committed(other) if other != id => format!("committed as {other}"),
            Outcome::Committed(_) if committed != Some(id.term.0) => {
                format!("committed; committed there: {committed:?}")
            }
            Outcome::Committed(_) if given < id.index.0 => {
                format!("committed before it is handed out; handed out up to {given}")
            }
            Outcome::Lost if committed == Some(id.term.0) => "lost; it is committed".to_string(),
            Outcome::Lost => {
                self.tickets.lost.insert(id);
                return;
            }
            Outcome::Committed(_) | Outcome::Unknown => return,
            Outcome::HandedOver(_) | Outcome::Aborted(_) => {
                format!("{outcome:?}, which no command ends as")
            }
        };
        self.fail(
            Check::Tickets,
            format!("S{node} calls its entry {id} {wrong}"),
        );
    }

    fn on_handed_over(&mut self, node: u64, to: NodeId) {
        if !self.leaders.iter().any(|(_, leader)| *leader == to.0) {
            let detail = format!("S{node} says that it handed over to {to}, which never led");
            self.fail(Check::Tickets, detail);
        }
    }

    /// An entry is committed: nobody may have called it lost.
    pub(super) fn on_committed(&mut self, id: LogId) {
        if self.tickets.lost.contains(&id) {
            self.fail(
                Check::Tickets,
                format!("{id} is committed and was called lost"),
            );
        }
    }

    /// A node was drained: whatever is open must have a reason to be.
    pub(super) fn open_for_a_reason(&mut self, node: &Node, raft: &Raft) {
        let open = self.tickets.of(node.id);
        if open.is_empty() {
            return;
        }
        let view = raft.view();
        let waits = |id: LogId| {
            view.role() == Role::Leader && view.term() == id.term && view.applying() < id.index
        };
        let mut reads = 0;
        let mut idle = None;
        for (ticket, taken) in open.iter() {
            match taken {
                Taken::Read => reads += 1,
                Taken::Entry(id) if waits(*id) => {}
                // Who has handed over waits until it is known who leads.
                Taken::Transfer if view.role() != Role::Leader || view.transfer().is_some() => {}
                Taken::Change if view.change().is_some() => {}
                _ => idle = Some((*ticket, *taken)),
            }
        }
        if let Some((ticket, taken)) = idle {
            let (role, term, applying) = (view.role(), view.term(), view.applying());
            let detail = format!(
                "S{} keeps {ticket} open for {taken:?}; it is {role:?} of term {term} and has \
                 handed out {applying}",
                node.id
            );
            return self.fail(Check::Tickets, detail);
        }
        // Batches of followers are counted with the node's own reads; they only hide, never
        // accuse.
        let counted: usize = match reads {
            0 => 0,
            _ => view.reads().iter().map(|waiting| waiting.count).sum(),
        };
        if counted < reads {
            let detail = format!("S{} has {reads} reads open and knows {counted}", node.id);
            self.fail(Check::Tickets, detail);
        }
    }

    /// Nothing hinders anybody any more and nobody waits: whatever is still open was forgotten.
    pub fn report_open(&mut self) {
        let nodes = self.tickets.nodes.iter().enumerate();
        let open: Vec<String> = nodes
            .flat_map(|(at, open)| open.iter().map(move |one| format!("S{}: {one:?}", at + 1)))
            .take(5)
            .collect();
        if !open.is_empty() {
            self.fail(Check::Tickets, format!("still open: {}", open.join(", ")));
        }
    }
}
