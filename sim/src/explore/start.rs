//! How a scope's starting point is reached: a few steps that are not searched.
//!
//! They are done by the real nodes like all others and are told before a counterexample. Nodes go
//! by the numbers in their names here: 1 is S1.

use super::action::Action;
use super::group::number;
use super::host::Finding;
use super::moves::{Came, Moves};
use super::world::{Budgets, FIRST_CHANGE, FIRST_TRANSFER, WRITE, World};
use raftwerk_core::{Body, NodeId};

/// A step before the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Every clock goes on by so many steps.
    Rest(u8),
    /// The node's election timer fires.
    Timeout(u8),
    /// The leader's heartbeat timer fires.
    Heartbeat(u8),
    /// A client proposes at the leader.
    Propose(u8),
    /// The leader is asked for one of the scope's targets.
    Change(u8, u8),
    /// Everything arrives, and everything that follows from it, but only between these nodes;
    /// their writes complete.
    Between(&'static [u8]),
    /// The same, but only votes arrive.
    VotesBetween(&'static [u8]),
    /// The same, but only entries arrive, and answers to them: no word of what is committed.
    EntriesBetween(&'static [u8]),
    /// What is on the way is lost.
    Lose,
    /// What is on the way to these nodes is lost.
    LoseTo(&'static [u8]),
}

/// Nodes have just started for the first time.
pub const FRESH: &[Before] = &[];

/// The first node leads term 1, and all know that its opening entry is committed.
pub const LED: &[Before] = &[
    Before::Timeout(1),
    Before::Between(ALL),
    Before::Heartbeat(1),
    Before::Between(ALL),
];

/// Every node there may be.
pub const ALL: &[u8] = &[1, 2, 3, 4, 5, 6];

/// A world being brought to its start.
struct Preparing<'a> {
    moves: &'a mut Moves,
    world: World,
    done: Vec<Action>,
}

/// Builds the world in which a scope starts, and tells how.
pub(crate) fn prepare(moves: &mut Moves) -> Result<(World, Vec<Action>), Finding> {
    let states = moves.table.first(moves.scope.nodes)?;
    let (steps, budgets) = (moves.scope.start, moves.scope.budgets);
    let mut preparing = Preparing {
        moves,
        world: World::new(&states),
        done: Vec::new(),
    };
    // Tickets from the end of their ranges: the search takes those from the beginning.
    let (mut proposal, mut change) = (FIRST_CHANGE, FIRST_TRANSFER);
    for step in steps {
        let node = |name: u8| name - 1;
        match *step {
            Before::Rest(steps) => {
                let nodes = preparing.moves.scope.nodes;
                for node in (0..steps).flat_map(|_| 0..nodes) {
                    preparing.act(Action::Tick(node))?;
                }
            }
            Before::Timeout(name) => preparing.act(Action::Timeout(node(name)))?,
            Before::Heartbeat(name) => preparing.act(Action::Heartbeat(node(name)))?,
            Before::Propose(name) => {
                proposal -= 1;
                let (node, ticket) = (node(name), proposal);
                preparing.act(Action::Propose { node, ticket })?;
            }
            Before::Change(name, target) => {
                change -= 1;
                let (node, ticket) = (node(name), change);
                preparing.act(Action::Change {
                    node,
                    target,
                    ticket,
                })?;
            }
            Before::Between(names) => preparing.flush(names, |_| true)?,
            Before::VotesBetween(names) => preparing.flush(names, is_vote)?,
            Before::EntriesBetween(names) => preparing.flush(names, has_entries)?,
            Before::Lose => preparing.world.keep(|item| item & WRITE != 0),
            Before::LoseTo(names) => preparing.lose_to(names),
        }
    }
    assert!(
        budgets.proposals <= proposal && FIRST_CHANGE + budgets.changes <= change,
        "tickets are used once"
    );
    let Preparing {
        moves,
        mut world,
        done,
    } = preparing;
    world.grant(&budgets);
    moves.searching = true;
    Ok((world, done))
}

impl Preparing<'_> {
    fn act(&mut self, action: Action) -> Result<(), Finding> {
        // One of everything, for every step anew.
        self.world.grant(&Budgets {
            timeouts: 1,
            heartbeats: 1,
            proposals: 1,
            changes: 1,
            delays: 1,
            ..Budgets::default()
        });
        let mut after = World::default();
        match self.moves.act(&self.world, action, &mut after) {
            Came::World(_) => {
                self.done.push(action);
                self.world = after;
            }
            // A message that changes nothing is off the way nevertheless.
            Came::Nothing => {
                if let Action::Deliver(message) = action {
                    self.world.remove_any(message);
                }
            }
            Came::Finding(finding) => return Err(finding),
        }
        Ok(())
    }

    fn lose_to(&mut self, names: &[u8]) {
        let table = &self.moves.table;
        self.world.keep(|item| {
            let to = |item| number(table.mail(item).message.to);
            item & WRITE != 0 || !to(item).is_some_and(|to| names.contains(&(to + 1)))
        });
    }

    fn flush(&mut self, names: &[u8], wanted: fn(&Body) -> bool) -> Result<(), Finding> {
        while let Some(action) = self.next(names, wanted) {
            self.act(action)?;
        }
        Ok(())
    }

    fn next(&self, names: &[u8], wanted: fn(&Body) -> bool) -> Option<Action> {
        let within = |node: NodeId| number(node).is_some_and(|n| names.contains(&(n + 1)));
        let table = &self.moves.table;
        for item in self.world.pending() {
            if item & WRITE == 0 {
                let mail = &table.mail(*item).message;
                if within(mail.from) && within(mail.to) && wanted(&mail.body) {
                    return Some(Action::Deliver(*item));
                }
            }
        }
        let nodes = names.iter().map(|name| name - 1);
        let nodes = nodes.filter(|node| *node < self.moves.scope.nodes);
        let mut writing = nodes.filter(|node| table.facts(self.world.state(*node)).writes > 0);
        writing
            .next()
            .map(|node| Action::Persist { node, count: 1 })
    }
}

fn has_entries(body: &Body) -> bool {
    match body {
        Body::Append { entries, .. } => !entries.is_empty(),
        Body::AppendReply { .. } => true,
        _ => false,
    }
}

fn is_vote(body: &Body) -> bool {
    use Body::{PreVote, PreVoteReply, Vote, VoteReply};
    matches!(
        body,
        PreVote { .. } | PreVoteReply { .. } | Vote { .. } | VoteReply { .. }
    )
}
