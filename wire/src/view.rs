//! The one picture: everything a screen may show about a cluster, whoever hosts it.
//!
//! The simulator fills a [`ClusterView`] from its world; the live page fills the same type
//! from what each node reports about itself. The screen computes no protocol state of its own:
//! what is not in here is not shown. Times are microseconds on the clock named by the field.

use raftwerk_core::trace::{Event, Pace, Role};
use raftwerk_core::{Entry, EntryBody};
use raftwerk_kv::Request;
use serde::{Deserialize, Serialize};

/// A cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterView {
    /// Now, on the clock of the host (simulated time, or the page's time in live mode).
    pub now: u64,
    /// Members in order of id.
    pub nodes: Vec<NodeCard>,
    /// Messages on the way.
    pub flights: Vec<Flight>,
    /// Requests of clients and their answers, on the way.
    #[serde(default)]
    pub client_flights: Vec<ClientFlight>,
    /// Directions that are cut, as (from, to).
    pub cuts: Vec<(u64, u64)>,
    /// Directions that hold back what would arrive; nothing is lost by it.
    #[serde(default)]
    pub clogs: Vec<Clog>,
    /// Nodes that reach each other both ways, when there is more than one such group.
    pub groups: Vec<Group>,
    /// Clients the user can see.
    pub clients: Vec<ClientView>,
    /// State of each check.
    pub checks: Vec<CheckView>,
    /// The first violated check, if any.
    pub violation: Option<ViolationView>,
    /// Highest index that is committed as seen from outside (known to some node); 0 if unknown.
    pub committed: u64,
}

/// A node as its host knows it, with where the knowledge comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeCard {
    /// Which node.
    pub id: u64,
    /// Process state as the host knows it.
    pub condition: NodeCondition,
    /// What the node said about itself; `None`: nothing is known.
    pub view: Option<NodeView>,
    /// Microseconds since the node itself said so; 0 in the simulator.
    pub age: u64,
    /// What the last event on this node was, with its reason.
    pub last_event: Option<EventView>,
}

/// Process state of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeCondition {
    /// Running.
    #[default]
    Up,
    /// Not running; only what is on disk remains.
    Crashed,
    /// Running but stopped (a long pause, SIGSTOP).
    Frozen,
    /// No word from it.
    Unknown,
}

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

/// The log, or a window of its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogView {
    /// Last index.
    pub last: u64,
    /// Term of the last entry.
    pub last_term: u64,
    /// Index of the first entry in `entries`; earlier ones exist but are not shown.
    pub first_shown: u64,
    /// Entries, contiguous up to `last`.
    pub entries: Vec<EntryView>,
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

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryView {
    /// Position.
    pub index: u64,
    /// Term.
    pub term: u64,
    /// `noop`, `command` or `members`.
    pub kind: String,
    /// What it says, in short words, such as `put x=1`.
    pub text: String,
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

/// The state machine of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoreView {
    /// Revision counter.
    pub revision: u64,
    /// Running digest over everything applied.
    pub digest: u64,
    /// How many keys there are.
    pub keys: usize,
    /// The first keys, at most [`SHOWN_KEYS`].
    pub items: Vec<ItemView>,
}

/// How many keys a [`StoreView`] shows.
pub const SHOWN_KEYS: usize = 32;
/// How many entries a [`LogView`] of a live node shows.
pub const SHOWN_ENTRIES: usize = 64;
/// How many characters of a key or value are shown.
pub const SHOWN_CHARS: usize = 48;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// The key, lossy and cut to [`SHOWN_CHARS`].
    pub key: String,
    /// The value, lossy and cut.
    pub value: String,
    /// Revision that created it.
    pub create_revision: u64,
    /// Revision that last changed it.
    pub mod_revision: u64,
    /// Changes since it was created.
    pub version: u64,
}

/// A message on the way. Its place on screen is a pure function of `sent`, `due` and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// Its number, unique in the run.
    pub id: u64,
    /// Sender.
    pub from: u64,
    /// Receiver.
    pub to: u64,
    /// When it left.
    pub sent: u64,
    /// When it arrives; `None` while it is held, and in live mode until the receiver reports it.
    pub due: Option<u64>,
    /// It is kept on the way until something lets it go on; only a simulator knows that.
    #[serde(default)]
    pub held: bool,
    /// It will be lost on the way (or was, in live mode).
    pub lost: bool,
    /// What it says.
    pub content: MessageView,
}

/// A request of a client on its way to a node, or the answer on its way back
/// (`content.reply`). Its place on screen is found as that of a [`Flight`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientFlight {
    /// Its number; no [`Flight`] of the run has the same.
    pub id: u64,
    /// The client.
    pub client: u64,
    /// The node.
    pub node: u64,
    /// When it left.
    pub sent: u64,
    /// When it arrives; `None` until that is known.
    pub due: Option<u64>,
    /// It is kept on the way until something lets it go on; only a simulator knows that.
    #[serde(default)]
    pub held: bool,
    /// It will be lost on the way (or was, in live mode).
    pub lost: bool,
    /// What it says.
    pub content: MessageView,
}

/// What a message says, for a screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    /// Kind, such as `Append` or `VoteReply`; of clients `Put`, `Get` or `Answer` and the like.
    pub kind: String,
    /// Term it carries; 0 if it carries none.
    pub term: u64,
    /// Whether it answers another.
    pub reply: bool,
    /// For answers: yes or no.
    pub accepted: Option<bool>,
    /// How many entries it carries.
    pub entries: usize,
    /// Every field, as (name, value).
    pub fields: Vec<(String, String)>,
}

/// A direction that holds back what would arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clog {
    /// From which node.
    pub from: u64,
    /// To which.
    pub to: u64,
    /// How many messages wait.
    pub held: usize,
}

/// Nodes that reach each other, with the arithmetic of their majority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Who.
    pub nodes: Vec<u64>,
    /// Running voters among them.
    pub voters: usize,
    /// All voters of the cluster.
    pub of: usize,
    /// Whether they are a majority.
    pub quorum: bool,
}

/// A client the user can see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientView {
    /// Its number, from 1.
    pub id: u64,
    /// Whom it believes to lead, if anybody.
    #[serde(default)]
    pub leader: Option<u64>,
    /// The operation that waits, if any.
    pub current: Option<OperationView>,
    /// Finished operations, newest last, at most 20.
    pub done: Vec<OperationView>,
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationView {
    /// What is asked, such as `put x=1` or `get x`.
    pub text: String,
    /// The node asked.
    pub node: u64,
    /// Read mode, for reads.
    pub mode: Option<String>,
    /// When it was asked.
    pub started: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// How it ended, in words; `None` while it waits.
    pub answer: Option<String>,
    /// `ok`, `failed` (certainly not done) or `unknown` (may have been done).
    pub outcome: Option<String>,
}

/// One check and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// Its name, such as `Election safety`.
    pub name: String,
    /// What it says, in one sentence.
    pub statement: String,
    /// Whether it holds so far.
    pub holds: bool,
}

/// A violated check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViolationView {
    /// The check.
    pub check: String,
    /// What was seen.
    pub detail: String,
    /// Event number at which it was seen.
    pub event: u64,
}

/// A trace event with its place in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// Number, unique in the run (simulator) or on the node (live).
    pub id: u64,
    /// The step of the run that made it (simulator); the observe number (live).
    pub step: u64,
    /// The event that led to it, if known: the one that sent the message that arrived, the
    /// write that completed, and so on.
    pub cause: Option<u64>,
    /// The event itself.
    #[serde(with = "crate::packed")]
    pub event: Event,
}

/// A text for bytes: lossy, cut to [`SHOWN_CHARS`].
#[must_use]
pub fn show_bytes(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_CHARS)]).into_owned();
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    text.chars().take(SHOWN_CHARS - 1).chain(['…']).collect()
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> EntryView {
        let (kind, text) = match &entry.body {
            EntryBody::Noop => ("noop", "no-op".to_string()),
            EntryBody::Command(bytes) => (
                "command",
                Request::decode(bytes)
                    .map_or_else(|_| "unreadable command".to_string(), |r| r.describe()),
            ),
            EntryBody::Membership(members) => {
                let names: Vec<String> = members.voters.iter().map(ToString::to_string).collect();
                ("members", format!("voters {}", names.join(" ")))
            }
        };
        let (index, term) = (entry.id.index.0, entry.id.term.0);
        EntryView {
            index,
            term,
            kind: kind.to_string(),
            text,
        }
    }
}
