//! Whether an intervention is possible now, and if not why, in one sentence.

use super::World;
use super::act::members;
use crate::intervention::Intervention;
use crate::network::{Flight, Place};
use crate::node::Presence;
use crate::setup::MILLION;
use raftwerk_core::NodeId;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::NodeCondition::{self, Crashed, Frozen, Up};

/// Ten times as fast as it should, parts of a million.
const FASTEST: u32 = 10 * MILLION;
/// Farthest that a clock jumps at once: one hour, microseconds.
const FARTHEST: u64 = 3_600_000_000;

impl World {
    pub(super) fn may(&self, what: &Intervention) -> Result<(), String> {
        match what {
            Intervention::Crash(node) => self.must_not_be(*node, Crashed, "has crashed already"),
            Intervention::Restart(node) => {
                self.must_be_here(*node)?;
                self.must_be(*node, Crashed, "has not crashed")
            }
            Intervention::Wipe(node) => self.may_wipe(*node),
            Intervention::Rot { node, .. }
            | Intervention::Misdirect { node, .. }
            | Intervention::LoseWrite(node) => self.may_damage(*node),
            Intervention::RotVote(node) => self.may_rot_vote(*node),
            Intervention::RotSnapshot(node) => self.may_rot_snapshot(*node),
            Intervention::Freeze(node) => self.must_be(*node, Up, "is not running"),
            Intervention::Thaw(node) => self.must_be(*node, Frozen, "is not frozen"),
            Intervention::TimeOut(node) => {
                self.must_be(*node, Up, "is not running")?;
                if self.nodes[*node as usize - 1].seen.role == Role::Leader {
                    return Err(format!("S{node} is the leader; it has no election timer."));
                }
                Ok(())
            }
            Intervention::Beat(node) => {
                self.must_be(*node, Up, "is not running")?;
                if self.nodes[*node as usize - 1].seen.role != Role::Leader {
                    return Err(format!(
                        "S{node} does not lead; only leaders have heartbeats."
                    ));
                }
                Ok(())
            }
            Intervention::CompleteWrite(node) => {
                self.must_be(*node, Up, "is not running")?;
                if !self.nodes[*node as usize - 1].is_syncing() {
                    return Err(format!("The disk of S{node} has nothing to write."));
                }
                Ok(())
            }
            Intervention::StallDisk(node) => self.must_stall(*node, false),
            Intervention::ResumeDisk(node) => self.must_stall(*node, true),
            Intervention::Isolate(node) | Intervention::Reconnect(node) => self.exists(*node),
            Intervention::Cut { from, to } | Intervention::Restore { from, to } => {
                self.is_link(*from, *to)
            }
            Intervention::Partition(groups) => self.may_split(groups),
            Intervention::Heal => Ok(()),
            Intervention::Drop(id) | Intervention::Duplicate(id) => self.on_the_way(*id).map(drop),
            Intervention::Deliver(id) => self.must_get_through(self.on_the_way(*id)?),
            Intervention::Clog { from, to } => self.must_clog(*from, *to, false),
            Intervention::Unclog { from, to } => self.must_clog(*from, *to, true),
            Intervention::Hold(id) => match self.on_the_way(*id)?.is_held() {
                true => Err(format!("Message {id} is held already.")),
                false => Ok(()),
            },
            Intervention::Release(id) => match self.on_the_way(*id)?.is_held() {
                true => self.must_get_through(self.on_the_way(*id)?),
                false => Err(format!("Message {id} is not held.")),
            },
            Intervention::Transfer { node, to } => {
                self.must_be(*node, Up, "is not running")?;
                to.map_or(Ok(()), |to| self.exists(to))?;
                let to = to.map(NodeId);
                self.would(*node, |raft, now, ticket| raft.transfer(now, ticket, to))
            }
            Intervention::Reconfigure {
                node,
                voters,
                learners,
            } => {
                self.must_be(*node, Up, "is not running")?;
                let mut named = voters.iter().chain(learners);
                named.try_for_each(|node| self.exists(*node))?;
                let target = members(voters, learners);
                self.would(*node, |raft, now, ticket| {
                    raft.reconfigure(now, ticket, target)
                })
            }
            Intervention::Ask { client, node, op } => self.may_ask(*client, *node, op),
            Intervention::CutOff(group) | Intervention::Rejoin(group) => {
                self.may_split(std::slice::from_ref(group))
            }
            Intervention::FailDisk(node) => self.must_fail(*node, false),
            Intervention::MendDisk(node) => self.must_fail(*node, true),
            Intervention::Calm | Intervention::CalmButGone => Ok(()),
            Intervention::FillDisk { node, .. } => self.exists(*node),
            Intervention::FreeDisk(node) => {
                self.exists(*node)?;
                if self.nodes[*node as usize - 1].disk.room.is_none() {
                    return Err(format!("The disk of S{node} has space."));
                }
                Ok(())
            }
            Intervention::RunClock { node, rate } => {
                self.exists(*node)?;
                if !(1..=FASTEST).contains(rate) {
                    return Err(format!(
                        "A clock runs at 1 to {FASTEST} parts of a million."
                    ));
                }
                Ok(())
            }
            Intervention::JumpClock { node, by } => {
                self.exists(*node)?;
                if *by > FARTHEST {
                    return Err(format!("A clock jumps {FARTHEST} microseconds at most."));
                }
                Ok(())
            }
        }
    }

    fn on_the_way(&self, id: u64) -> Result<&Flight, String> {
        let found = self.network.find(id);
        found.ok_or_else(|| format!("Message {id} is not on the way any more."))
    }

    fn must_get_through(&self, flight: &Flight) -> Result<(), String> {
        match (flight.from, flight.to) {
            (Place::Node(from), Place::Node(to)) => self.must_clog(from, to, false),
            _ => Ok(()),
        }
    }

    fn is_link(&self, from: u64, to: u64) -> Result<(), String> {
        self.exists(from)?;
        self.exists(to)?;
        if from == to {
            return Err(format!("S{from} has no link to itself."));
        }
        Ok(())
    }

    fn must_clog(&self, from: u64, to: u64, clogged: bool) -> Result<(), String> {
        self.is_link(from, to)?;
        match (self.network.is_clogged(from, to), clogged) {
            (true, false) => Err(format!("The link from S{from} to S{to} is clogged.")),
            (false, true) => Err(format!("The link from S{from} to S{to} is not clogged.")),
            _ => Ok(()),
        }
    }

    fn exists(&self, node: u64) -> Result<(), String> {
        if (1..=self.setup.nodes).contains(&node) {
            return Ok(());
        }
        Err(format!(
            "There is no S{node}; the nodes are S1 to S{}.",
            self.setup.nodes
        ))
    }

    pub(super) fn must_be_here(&self, node: u64) -> Result<(), String> {
        self.exists(node)?;
        match self.nodes[node as usize - 1].presence {
            Presence::Here => Ok(()),
            Presence::NotYet => Err(format!("S{node} is not there yet.")),
            Presence::Wiped => Err(format!("The disk of S{node} was wiped.")),
        }
    }

    fn must_be(&self, node: u64, wanted: NodeCondition, else_it: &str) -> Result<(), String> {
        self.exists(node)?;
        if self.nodes[node as usize - 1].condition == wanted {
            return Ok(());
        }
        Err(format!("S{node} {else_it}."))
    }

    fn must_not_be(&self, node: u64, other: NodeCondition, it: &str) -> Result<(), String> {
        self.exists(node)?;
        if self.nodes[node as usize - 1].condition != other {
            return Ok(());
        }
        Err(format!("S{node} {it}."))
    }

    fn must_stall(&self, node: u64, wanted: bool) -> Result<(), String> {
        self.exists(node)?;
        match (self.nodes[node as usize - 1].stalled, wanted) {
            (false, true) => Err(format!("The disk of S{node} does not hang.")),
            (true, false) => Err(format!("The disk of S{node} hangs already.")),
            _ => Ok(()),
        }
    }

    fn must_fail(&self, node: u64, wanted: bool) -> Result<(), String> {
        self.exists(node)?;
        match (self.nodes[node as usize - 1].failing, wanted) {
            (false, true) => Err(format!("The disk of S{node} is not about to fail.")),
            (true, false) => Err(format!("The disk of S{node} is about to fail already.")),
            _ => Ok(()),
        }
    }

    fn may_split(&self, groups: &[Vec<u64>]) -> Result<(), String> {
        let mut seen = Vec::new();
        for node in groups.iter().flatten() {
            self.exists(*node)?;
            if seen.contains(node) {
                return Err(format!("S{node} is named twice; name each node once."));
            }
            seen.push(*node);
        }
        if seen.is_empty() {
            return Err("Name at least one node, for example 1 2 | 3 4 5.".to_string());
        }
        Ok(())
    }

    fn may_ask(&self, client: u64, node: u64, op: &crate::Op) -> Result<(), String> {
        self.exists(node)?;
        let clients = self.setup.clients;
        if !(1..=clients).contains(&client) {
            return Err(format!(
                "There is no C{client}; there are {clients} clients."
            ));
        }
        if let Some(current) = &self.clients[client as usize - 1].current {
            return Err(format!(
                "C{client} still waits for the answer to {}.",
                current.op
            ));
        }
        op.validate()
    }
}
