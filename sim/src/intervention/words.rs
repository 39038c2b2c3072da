//! Operations and interventions as sentences.

use super::{Intervention, Op};
use std::fmt;

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Put { key, value } => write!(f, "put {key}={value}"),
            Op::Get { key, .. } => write!(f, "get {key}"),
            Op::Delete { key } => write!(f, "delete {key}"),
            Op::CompareAndSet {
                key,
                expect: Some(expect),
                value,
            } => {
                write!(f, "put {key}={value} if ={expect}")
            }
            Op::CompareAndSet {
                key,
                expect: None,
                value,
            } => {
                write!(f, "put {key}={value} if absent")
            }
        }
    }
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Intervention::Crash(node) => write!(f, "S{node} crashes"),
            Intervention::Restart(node) => write!(f, "S{node} restarts"),
            Intervention::Freeze(node) => write!(f, "S{node} freezes"),
            Intervention::Thaw(node) => write!(f, "S{node} thaws"),
            Intervention::TimeOut(node) => write!(f, "S{node} times out"),
            Intervention::Beat(node) => write!(f, "S{node} sends a heartbeat"),
            Intervention::CompleteWrite(node) => write!(f, "the disk of S{node} completes a write"),
            Intervention::StallDisk(node) => write!(f, "the disk of S{node} hangs"),
            Intervention::ResumeDisk(node) => write!(f, "the disk of S{node} goes on"),
            Intervention::Isolate(node) => write!(f, "S{node} is isolated"),
            Intervention::Reconnect(node) => write!(f, "S{node} is reconnected"),
            Intervention::Cut { from, to } => write!(f, "S{from} to S{to} is cut"),
            Intervention::Restore { from, to } => write!(f, "S{from} to S{to} is restored"),
            Intervention::Partition(groups) => {
                f.write_str("the network is split:")?;
                for (i, group) in groups.iter().enumerate() {
                    f.write_str(if i == 0 { " " } else { " | " })?;
                    f.write_str(&names(group))?;
                }
                Ok(())
            }
            Intervention::Heal => f.write_str("every link is restored"),
            Intervention::Drop(id) => write!(f, "message {id} is lost"),
            Intervention::Deliver(id) => write!(f, "message {id} arrives now"),
            Intervention::Duplicate(id) => write!(f, "message {id} is doubled"),
            Intervention::Hold(id) => write!(f, "message {id} is held"),
            Intervention::Release(id) => write!(f, "message {id} goes on"),
            Intervention::Transfer { node, to: None } => write!(f, "S{node} is to hand over"),
            Intervention::Transfer { node, to: Some(to) } => {
                write!(f, "S{node} is to hand over to S{to}")
            }
            Intervention::Reconfigure {
                node,
                voters,
                learners,
            } => {
                write!(f, "S{node} is to change the voters to {}", names(voters))?;
                if learners.is_empty() {
                    return Ok(());
                }
                write!(f, ", the learners to {}", names(learners))
            }
            Intervention::Ask { client, node, op } => write!(f, "C{client} asks S{node}: {op}"),
            Intervention::CutOff(group) => write!(f, "{} are cut off", names(group)),
            Intervention::Rejoin(group) => write!(f, "{} are reconnected", names(group)),
            Intervention::FailDisk(node) => write!(f, "the disk of S{node} will fail a write"),
            Intervention::MendDisk(node) => write!(f, "the disk of S{node} will not fail"),
            Intervention::Calm => f.write_str("every fault ends"),
            Intervention::CalmButGone => f.write_str("every fault ends but one that lasts"),
            Intervention::RunClock { node, rate } => {
                let (whole, part) = (rate / 1_000_000, rate % 1_000_000);
                write!(
                    f,
                    "the clock of S{node} runs {whole}.{part:06} times as fast"
                )
            }
            Intervention::FillDisk { node, left } => {
                write!(f, "the disk of S{node} has {left} bytes left")
            }
            Intervention::Rot { node, before: 0 } => {
                write!(f, "the last record of the log of S{node} rots")
            }
            Intervention::Rot { node, before } => {
                write!(
                    f,
                    "a record of the log of S{node} rots, {before} before the last"
                )
            }
            Intervention::Misdirect { node, before } => {
                write!(
                    f,
                    "the next write of S{node} lands {} places off",
                    before + 1
                )
            }
            Intervention::LoseWrite(node) => write!(f, "the next write of S{node} is lost"),
            Intervention::RotVote(node) => write!(f, "term and vote of S{node} rot"),
            Intervention::RotSnapshot(node) => write!(f, "the snapshot of S{node} rots"),
            Intervention::Clog { from, to } => write!(f, "S{from} to S{to} is clogged"),
            Intervention::Unclog { from, to } => {
                write!(f, "S{from} to S{to} lets go of what it has")
            }
            Intervention::Wipe(node) => {
                write!(
                    f,
                    "the disk of S{node} is wiped; its machine comes back as a new node"
                )
            }
            Intervention::FreeDisk(node) => write!(f, "the disk of S{node} has space again"),
            Intervention::JumpClock { node, by } => {
                write!(f, "the clock of S{node} jumps {} ms ahead", by / 1_000)
            }
        }
    }
}

impl Intervention {
    /// What follows from it, where that is not plain from its name.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        match self {
            Intervention::Clog { .. } => Some(
                "What would arrive waits instead; only what finds the link full is lost. The \
                 receiver cannot tell this from a cut.",
            ),
            Intervention::Unclog { .. } => Some(
                "All that waited arrives now, oldest first, perhaps from terms that are over. The \
                 receiver tells by the term and by the log position what still counts.",
            ),
            Intervention::Heal => Some(
                "Cut links carry messages again; clogged ones let go of all that waited, oldest first.",
            ),
            _ => None,
        }
    }
}

/// `S1 S2`.
fn names(nodes: &[u64]) -> String {
    let names: Vec<String> = nodes.iter().map(|node| format!("S{node}")).collect();
    names.join(" ")
}
