//! What a healed cluster must show besides a new write: every node serves every key, and after all
//! of them start again at once nothing that was acknowledged is missing.

use super::Watch;
use super::heal::{come_to_rest, play_until, stuck};
use crate::intervention::{Intervention, Op};
use crate::world::World;
use raftwerk_core::NodeId;
use raftwerk_wire::client::ReadMode;
use std::collections::VecDeque;

/// Most keys that are read through each node.
const MOST_KEYS: usize = 16;

/// Service check: through every node every key is read and one is written; one is read in every
/// other way that is switched on, too. That the answers are right is for the checks that look at
/// every answer; here they must come, and from that node unless it is for the leader to answer.
pub(super) fn every_node_serves(world: &mut World, watch: &mut impl Watch) -> bool {
    let keys = world.keys(MOST_KEYS);
    let nodes: Vec<u64> = world.present().collect();
    for node in nodes {
        let read = |key: &String, mode| Op::Get {
            key: key.clone(),
            mode,
        };
        let every = keys.iter().map(|key| read(key, ReadMode::Follower));
        let mut ops: VecDeque<Op> = every.collect();
        if let Some(key) = keys.get(node as usize % keys.len().max(1)).cloned() {
            let modes = other_ways(world, node).into_iter();
            ops.extend(modes.map(|mode| read(&key, mode)));
            let value = format!("through S{node}");
            ops.push_back(Op::Put { key, value });
        }
        if !serves(world, watch, node, ops) {
            stuck(world, &format!("not every key was served through S{node}"));
            return false;
        }
    }
    true
}

/// The other ways to read that are switched on. Who is no member cannot ask a majority (a node
/// that the autopilot has in reserve).
fn other_ways(world: &World, node: u64) -> Vec<ReadMode> {
    let switches = world.setup().switches;
    let member = world.members().contains(NodeId(node));
    [
        (ReadMode::Leader, true),
        (ReadMode::Quorum, switches.quorum_reads && member),
        (ReadMode::Lease, switches.lease_reads),
    ]
    .into_iter()
    .filter_map(|(mode, on)| on.then_some(mode))
    .collect()
}

/// Asks one node for all of this, with as many clients as there are.
fn serves(world: &mut World, watch: &mut impl Watch, node: u64, mut ops: VecDeque<Op>) -> bool {
    let clients = world.setup().clients;
    let mut asked: Vec<Option<Op>> = vec![None; clients as usize + 1];
    play_until(world, watch, |world| {
        // An intervention ends the step: each is looked at by itself.
        for client in 1..=clients {
            if !world.is_idle(client) {
                continue;
            }
            if let Some(op) = asked[client as usize].take() {
                let here = matches!(
                    op,
                    Op::Get {
                        mode: ReadMode::Follower | ReadMode::Quorum,
                        ..
                    }
                );
                let by = world.answered_by(client);
                if by.is_none() || (here && by != Some(node)) {
                    ops.push_back(op);
                }
            }
            if let Some(op) = ops.pop_front() {
                asked[client as usize] = Some(op.clone());
                let _ = world.act(&Intervention::Ask { client, node, op });
                return false;
            }
        }
        ops.is_empty() && asked.iter().all(Option::is_none)
    })
}

/// Durability scan: all nodes crash at once. What their disks hold by themselves must be enough
/// for everything that was ever committed, and they must come back with it.
pub(super) fn disks_suffice(world: &mut World, watch: &mut impl Watch) -> bool {
    each_node(world, watch, Intervention::Crash);
    world.check_everything();
    each_node(world, watch, Intervention::Restart);
    world.violation().is_none() && come_to_rest(world, watch)
}

/// Whose log was damaged has everything again that it promised, and is trusted (trap D3).
pub(super) fn logs_are_trusted(world: &mut World, watch: &mut impl Watch) -> bool {
    let trusted = |world: &World| world.suspects().next().is_none();
    if trusted(world) {
        return true;
    }
    let done = play_until(world, watch, |world| trusted(world));
    if !done {
        let suspects: Vec<String> = world.suspects().map(|node| format!("S{node}")).collect();
        let told = format!("the logs of {} were not trusted again", suspects.join(" "));
        stuck(world, &told);
    }
    done
}

fn each_node(world: &mut World, watch: &mut impl Watch, what: fn(u64) -> Intervention) {
    for node in 1..=world.setup().nodes {
        let _ = world.act(&what(node));
        watch.look(world);
    }
}
