//! Who was removed learns it, however long it was away (traps M7, E14).
//!
//! When all faults have ended, a node outside the committed members that still takes itself for a
//! voter must learn that it is none and stop campaigning. Left out are those that cannot be told
//! yet (`parting` in the core says why): a node of a newer term than the leader's, one that does
//! not know the leader as a member and so never asks it, and one whose log rotted, which asks
//! nobody.

use super::Watch;
use super::heal::{play_until, stuck};
use crate::node::Node;
use crate::world::World;
use raftwerk_core::NodeId;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::NodeCondition;

/// Plays until every node outside that can be told knows it.
pub(super) fn know(world: &mut World, watch: &mut impl Watch) -> bool {
    if play_until(world, watch, |world| untold(world).is_none()) {
        return true;
    }
    if let Some(node) = untold(world) {
        stuck(world, &format!("{node} was not told that it is removed"));
    }
    false
}

/// A node that does not know that it is outside, and could.
fn untold(world: &World) -> Option<NodeId> {
    let members = world.members();
    if members.is_empty() {
        return None;
    }
    let leader = world.leaders().next();
    let term = leader.and_then(|leader| {
        let leader = world.nodes.iter().find(|node| node.id == leader.0)?;
        Some(leader.raft.as_ref()?.view().term())
    });
    let waits = |node: &&Node| {
        let Some(raft) = node
            .raft
            .as_ref()
            .filter(|_| node.condition == NodeCondition::Up)
        else {
            return false;
        };
        let view = raft.view();
        let Some(own) = view.membership() else {
            return false;
        };
        let votes = own.members.is_voter(NodeId(node.id));
        let asks = leader.is_none_or(|leader| own.members.is_voter(leader));
        let behind = term.is_none_or(|term| view.term() <= term);
        let silent = view.suspect().is_some();
        (votes || view.role() != Role::Follower) && asks && behind && !silent
    };
    let outside = world.nodes.iter();
    let mut outside = outside.filter(|node| !members.contains(NodeId(node.id)));
    outside.find(waits).map(|node| NodeId(node.id))
}
