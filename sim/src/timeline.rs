//! The whole run at a glance: who was what when, and the moments worth a mark.
//!
//! Bounded: at most [`MAX_SPANS`] spans per node and [`MAX_MARKS`] marks; beyond that the
//! shortest spans join their neighbours and every second commit mark goes.

use raftwerk_core::trace::Role;
use raftwerk_wire::view::NodeCondition;
use serde::{Deserialize, Serialize};

/// Most spans of one lane.
pub const MAX_SPANS: usize = 2_048;
/// Most marks.
pub const MAX_MARKS: usize = 4_096;

/// The run at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Time of the last recorded event, microseconds.
    pub end_time: u64,
    /// One per node, in order of id.
    pub lanes: Vec<Lane>,
    /// In order of time.
    pub marks: Vec<Mark>,
}

/// One node over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Which node.
    pub node: u64,
    /// Without gaps, in order of time.
    pub spans: Vec<Span>,
}

/// A stretch of time in which a node stayed what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Start, microseconds.
    pub from: u64,
    /// End, microseconds.
    pub to: u64,
    /// Its term.
    pub term: u64,
    /// Its role; of a crashed node the one it had last.
    pub role: Role,
    /// Its process.
    pub condition: NodeCondition,
}

/// A moment worth a mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, microseconds.
    pub time: u64,
    /// Event number.
    pub position: u64,
    /// What kind.
    pub kind: MarkKind,
    /// What, in a few words.
    pub text: String,
}

/// Kinds of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Something was committed.
    Commit,
    /// A fault began or ended.
    Fault,
    /// A check failed.
    Violation,
    /// A node became leader.
    Leader,
}
