//! What a node says about itself.

use super::{LogView, StoreView};
use raftwerk_core::trace::{Pace, Role};
use serde::{Deserialize, Serialize};

/// What a node says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeView {
    /// Its id.
    pub id: u64,
    /// Its role.
    pub role: Role,
    /// In memory; see `durable` for the disk.
    pub term: u64,
    /// In memory.
    pub vote: Option<u64>,
    /// Leader it believes in.
    pub leader: Option<u64>,
    /// The node's own clock when it said all this.
    pub clock: u64,
    /// Election deadline; `None` for a leader.
    pub election: Option<TimerView>,
    /// Heartbeat deadline; leaders only.
    pub heartbeat: Option<TimerView>,
    /// Check-quorum deadline; leaders only.
    pub check_quorum: Option<TimerView>,
    /// Votes of the running (pre-)election, itself included.
    pub votes: Vec<VoteView>,
    /// Votes needed to win.
    pub votes_needed: usize,
    /// Voters of the membership in force.
    pub voters: Vec<u64>,
    /// Learners of the membership in force.
    pub learners: Vec<u64>,
    /// Voters of the membership that is being left; empty outside a joint change.
    #[serde(default)]
    pub outgoing: Vec<u64>,
    /// Outgoing voters that become learners when the joint change ends.
    #[serde(default)]
    pub demote_later: Vec<u64>,
    /// The change of members that a leader is at.
    #[serde(default)]
    pub change: Option<ChangeView>,
    /// The transfer that a leader is at.
    #[serde(default)]
    pub transfer: Option<TransferView>,
    /// A leader's autopilot, if it is switched on.
    #[serde(default)]
    pub autopilot: Option<PilotView>,
    /// The log.
    pub log: LogView,
    /// First index that is still in the log; what came before is in the snapshot.
    pub first: u64,
    /// The newest snapshot in force.
    pub snapshot: Option<SnapshotView>,
    /// Commit index it knows.
    pub commit: u64,
    /// Applied index.
    pub applied: u64,
    /// What is on its disk.
    pub disk: DiskView,
    /// A leader's knowledge of its peers.
    pub peers: Vec<PeerView>,
    /// Reads that wait here.
    pub reads: Vec<ReadView>,
    /// Until when a leader may serve reads from its lease, on its own clock; perhaps past.
    #[serde(default)]
    pub lease: Option<u64>,
    /// Until when it votes for nobody, where leases are on; perhaps past.
    #[serde(default)]
    pub quiet: Option<u64>,
    /// What waits for the disk, in words.
    pub held: Vec<String>,
    /// Why it stopped for good, in words.
    pub fenced: Option<String>,
    /// Its log rotted, and it is silent in votes and marks until it has it again: what it lost,
    /// in words.
    #[serde(default)]
    pub suspect: Option<String>,
    /// Its state machine.
    pub store: StoreView,
    /// Optional rules that are on.
    pub switches: Vec<String>,
}

/// A deadline on the node's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerView {
    /// When it was set.
    pub set: u64,
    /// When it fires.
    pub due: u64,
}

/// One voter's answer in a running (pre-)election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteView {
    /// The voter.
    pub node: u64,
    /// Its answer; `None`: not heard.
    pub granted: Option<bool>,
}

/// A change of members under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// The leader's autopilot decided it; else somebody asked.
    pub by_autopilot: bool,
    /// Who shall vote.
    pub voters: Vec<u64>,
    /// Who shall learn.
    pub learners: Vec<u64>,
    /// New voters that must keep up first: node, its round, the index that ends it.
    pub rounds: Vec<(u64, u64, u64)>,
}

/// A leadership transfer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferView {
    /// Who shall lead.
    pub to: u64,
    /// It was told to campaign.
    pub sent: bool,
    /// When it is given up.
    pub limit: TimerView,
}

/// An autopilot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotView {
    /// Voters wanted.
    pub wanted: u64,
    /// What it decided last in this term, in words, and when.
    pub last: Option<(u64, String)>,
}

/// A snapshot in force on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotView {
    /// Last index inside.
    pub last: u64,
    /// Its term.
    pub last_term: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// It came from the leader and is not on disk yet.
    pub installing: bool,
}

/// What is on a node's disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiskView {
    /// Term on disk.
    pub term: u64,
    /// Vote on disk.
    pub vote: Option<u64>,
    /// Last index on disk that agrees with memory.
    pub durable: u64,
    /// Writes on the way to the disk.
    pub writing: usize,
}

/// A leader's knowledge of one peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerView {
    /// The peer.
    pub id: u64,
    /// How the leader sends to it.
    pub pace: Pace,
    /// Next position to send.
    pub next: u64,
    /// Known to be on the peer's disk.
    pub matched: u64,
    /// Appends on the way.
    pub in_flight: usize,
    /// Whether the window is full.
    pub full: bool,
    /// Highest contact round it echoed.
    pub round: u64,
    /// The node's own clock when it last heard the peer in this term; `None`: not yet.
    pub heard: Option<u64>,
    /// Last index of the snapshot that is on its way to the peer.
    pub snapshot: Option<u64>,
    /// Its log rotted, and it has not got it back.
    #[serde(default)]
    pub suspect: bool,
}

/// A read that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadView {
    /// What it waits for: `round`, `marks` (of a majority), `leader` or `apply`.
    pub waits_for: String,
    /// Round it needs, if any.
    pub round: Option<u64>,
    /// Read point, if known.
    pub index: Option<u64>,
    /// How many reads share it.
    pub count: usize,
}
