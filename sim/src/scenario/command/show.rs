//! Interventions written as commands.

use crate::intervention::{Intervention, Op};
use std::fmt;

/// An intervention as a command: what [`Intervention::parse`] reads.
pub struct Line<'a>(pub &'a Intervention);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[u64]| {
            let words: Vec<String> = nodes.iter().map(u64::to_string).collect();
            words.join(" ")
        };
        match self.0 {
            Intervention::Crash(node) => write!(f, "crash {node}"),
            Intervention::Restart(node) => write!(f, "restart {node}"),
            Intervention::Freeze(node) => write!(f, "freeze {node}"),
            Intervention::Thaw(node) => write!(f, "thaw {node}"),
            Intervention::TimeOut(node) => write!(f, "time-out {node}"),
            Intervention::Beat(node) => write!(f, "beat {node}"),
            Intervention::CompleteWrite(node) => write!(f, "write {node}"),
            Intervention::StallDisk(node) => write!(f, "stall {node}"),
            Intervention::ResumeDisk(node) => write!(f, "resume {node}"),
            Intervention::Isolate(node) => write!(f, "isolate {node}"),
            Intervention::Reconnect(node) => write!(f, "reconnect {node}"),
            Intervention::Cut { from, to } => write!(f, "cut {from}->{to}"),
            Intervention::Restore { from, to } => write!(f, "restore {from}->{to}"),
            Intervention::Partition(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| list(group)).collect();
                write!(f, "partition {}", groups.join(" | "))
            }
            Intervention::CutOff(group) => write!(f, "cut-off {}", list(group)),
            Intervention::Rejoin(group) => write!(f, "rejoin {}", list(group)),
            Intervention::FailDisk(node) => write!(f, "fail-disk {node}"),
            Intervention::MendDisk(node) => write!(f, "mend-disk {node}"),
            Intervention::Calm => f.write_str("calm"),
            Intervention::CalmButGone => f.write_str("calm-but-gone"),
            Intervention::RunClock { node, rate } => write!(f, "clock-rate {node} {rate}"),
            Intervention::FillDisk { node, left } => write!(f, "fill-disk {node} {left}"),
            Intervention::Rot { node, before } => write!(f, "rot {node} {before}"),
            Intervention::Misdirect { node, before } => write!(f, "misdirect {node} {before}"),
            Intervention::Clog { from, to } => write!(f, "clog {from}->{to}"),
            Intervention::Unclog { from, to } => write!(f, "unclog {from}->{to}"),
            Intervention::RotVote(node) => write!(f, "rot-vote {node}"),
            Intervention::RotSnapshot(node) => write!(f, "rot-snapshot {node}"),
            Intervention::LoseWrite(node) => write!(f, "lose-write {node}"),
            Intervention::Wipe(node) => write!(f, "wipe {node}"),
            Intervention::FreeDisk(node) => write!(f, "free-disk {node}"),
            Intervention::JumpClock { node, by } => write!(f, "clock-ahead {node} {by}"),
            Intervention::Heal => f.write_str("heal"),
            Intervention::Drop(id) => write!(f, "drop #{id}"),
            Intervention::Deliver(id) => write!(f, "deliver #{id}"),
            Intervention::Duplicate(id) => write!(f, "double #{id}"),
            Intervention::Hold(id) => write!(f, "hold #{id}"),
            Intervention::Release(id) => write!(f, "release #{id}"),
            Intervention::Transfer { node, to: None } => write!(f, "transfer {node}"),
            Intervention::Transfer { node, to: Some(to) } => write!(f, "transfer {node} to {to}"),
            Intervention::Reconfigure {
                node,
                voters,
                learners,
            } => {
                write!(f, "members {node}: {}", list(voters))?;
                match learners.is_empty() {
                    true => Ok(()),
                    false => write!(f, " learners {}", list(learners)),
                }
            }
            Intervention::Ask { client, node, op } => {
                write!(f, "ask {client} at {node}: ")?;
                match op {
                    Op::Get { key, mode } => write!(f, "get {key} {}", mode.name()),
                    Op::Delete { key } => write!(f, "delete {key}"),
                    // The sentence of the others is what is read.
                    op => op.fmt(f),
                }
            }
        }
    }
}
