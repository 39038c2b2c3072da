//! What a run is told at birth: how many nodes, one seed, and how network, disks, clients and
//! faults behave.
//!
//! A [`Setup`], the list of interventions and the code together determine a run completely. All
//! rates are integers per million, all times microseconds: nothing here is a float, so that the
//! same setup gives the same run natively and in the browser. [`Setup::validate`] names what is
//! wrong before a world is built from it.

mod off;
mod plans;
mod snapshots;
mod storm;
mod validate;

pub use plans::{Bursts, Churn, Clocks, Clogs, FaultPlan, Rots, SPACE_RESERVE, Workload};
use raftwerk_core::autopilot::Policy;
use raftwerk_core::{ClusterId, Config, Limits, Members, NodeId, Span, Switches, Timing};
use serde::{Deserialize, Serialize};
pub use snapshots::SnapshotModel;

/// Most nodes a world can have.
pub const MAX_NODES: u64 = 9;
/// Most clients a world can have.
pub const MAX_CLIENTS: u64 = 16;
/// One million: what every rate is out of.
pub const MILLION: u32 = 1_000_000;

/// Everything that determines a run, apart from interventions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Nodes S1 to Sn; 1 to 9.
    pub nodes: u64,
    /// So many of them, the last ones, begin as learners; the others vote.
    #[serde(default)]
    pub learners: u64,
    /// So many, the last ones of all, are no members and have an empty disk. They begin to run when
    /// another node's disk is wiped: each is a wiped node that comes back under a new id (trap D9).
    #[serde(default)]
    pub newcomers: u64,
    /// Where every random number comes from.
    pub seed: u64,
    /// Clients C1 to Cn; at most 16.
    pub clients: u64,
    /// How messages travel.
    pub network: NetworkModel,
    /// How long writes take.
    pub disk: DiskModel,
    /// How the nodes' processes behave.
    pub host: HostModel,
    /// How they take and send snapshots. How often is in `limits`, whether at all in `switches`.
    #[serde(default)]
    pub snapshots: SnapshotModel,
    /// How long clients wait.
    pub patience: Patience,
    /// Timing of the core.
    pub timing: Timing,
    /// Limits of the core.
    pub limits: Limits,
    /// Optional rules of the core.
    pub switches: Switches,
    /// Leaders change the members by themselves where this says so.
    #[serde(default)]
    pub autopilot: Option<Policy>,
    /// Random faults.
    pub faults: FaultPlan,
    /// Random operations of the clients.
    pub workload: Workload,
    /// A rule that nodes do not keep, to prove that a check notices.
    #[cfg(feature = "sabotage")]
    #[serde(default)]
    pub sabotage: Option<Sabotage>,
    /// A rule that the hosts of all nodes do not keep.
    #[cfg(feature = "sabotage")]
    #[serde(default)]
    pub careless: Option<HostRule>,
}

/// A rule of the host around a core, not of the core.
#[cfg(feature = "sabotage")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostRule {
    /// The state machine knows what it has answered in a session (thesis 6.3).
    Sessions,
    /// What is older than the last request of its session is not executed (thesis 6.3).
    StaleSequence,
    /// A snapshot holds the sessions with their answers (trap S11).
    SnapshotSessions,
    /// A node whose disk was wiped comes back under another id (trap D9).
    NewId,
    /// After a value was read from a lease the clock is looked at again (trap L6).
    LeaseAgain,
}

#[cfg(feature = "sabotage")]
impl HostRule {
    /// Its name, and what happens without it.
    #[must_use]
    pub const fn told(self) -> (&'static str, &'static str) {
        match self {
            HostRule::Sessions => (
                "c1-no-sessions",
                "The state machine executes a request as often as it is in the log.",
            ),
            HostRule::StaleSequence => (
                "c1-stale-sequence",
                "A request that is older than the last one of its session is executed.",
            ),
            HostRule::SnapshotSessions => (
                "s11-no-sessions",
                "A snapshot leaves out the sessions and what was answered in them.",
            ),
            HostRule::NewId => (
                "d9-old-id",
                "A node whose disk was wiped comes back under its old id.",
            ),
            HostRule::LeaseAgain => (
                "l6-no-second-look",
                "A value read from a lease is told although the lease ended meanwhile.",
            ),
        }
    }
}

/// A rule that is broken, and by whom.
#[cfg(feature = "sabotage")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sabotage {
    /// The rule.
    pub rule: raftwerk_core::Rule,
    /// The nodes that break it, as bits.
    pub nodes: u16,
}

/// How messages travel. Also used between clients and nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkModel {
    /// Shortest time on the way, microseconds.
    pub delay_min: u64,
    /// Longest time on the way, microseconds. Between the two every delay is equally likely, so
    /// messages of one link overtake each other.
    pub delay_max: u64,
    /// How many of a million messages are lost.
    pub loss_per_million: u32,
    /// How many of a million messages arrive twice.
    pub duplicate_per_million: u32,
    /// How many of a million messages are held up and arrive far out of order.
    pub reorder_per_million: u32,
    /// Longest extra time of a message that is held up, microseconds.
    pub reorder_extra: u64,
    /// To how many of a million messages between nodes another cluster adds one of its own.
    #[serde(default)]
    pub strangers_per_million: u32,
}

/// How long a disk takes, and what a crash leaves of what it had not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskModel {
    /// Shortest time of a write with its sync, microseconds.
    pub sync_min: u64,
    /// Longest time of a write with its sync, microseconds.
    pub sync_max: u64,
    /// How many of a million crashes leave more than what was synced: some of the writes under
    /// way, in their order unless `reorder_per_million` says otherwise. The others leave none.
    pub keep_per_million: u32,
    /// How many of a million of those also leave the beginning of the next write, which the node
    /// finds as a torn tail.
    pub tear_per_million: u32,
    /// How many of a million of those leave any pieces of the writes under way instead, also later
    /// ones without earlier ones; the node finds the hole and cuts there.
    #[serde(default)]
    pub reorder_per_million: u32,
    /// How many syncs every disk reports as done while they lie in a cache that dies with the
    /// power; 0: disks are honest. Anything else is outside of what Raft promises to survive.
    #[serde(default)]
    pub lies: u32,
}

/// How the process around a core behaves: how long it applies, how much it takes up at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostModel {
    /// Shortest time the state machine takes for a batch of entries, microseconds.
    pub apply_min: u64,
    /// Longest time the state machine takes for a batch of entries, microseconds.
    pub apply_max: u64,
    /// Most entries of a batch.
    pub apply_entries: u64,
    /// How many of a million inputs find the host busy. What comes in until it is free is taken
    /// up together, before one drain.
    pub busy_per_million: u32,
    /// Longest time a host is busy, microseconds.
    pub busy_max: u64,
}

/// How long clients wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// After this long without an answer a client asks another node, microseconds.
    pub attempt: u64,
    /// After this long it gives up: the outcome is unknown, microseconds.
    pub operation: u64,
    /// Pause before it asks again after a refusal, microseconds.
    pub backoff: u64,
}

/// The cluster every simulated node belongs to.
pub(crate) const CLUSTER: ClusterId = ClusterId(0x7261_6674_7765_726b);

impl Setup {
    /// A world to watch: slow enough to follow, no random faults, no random operations.
    ///
    /// `nodes` is brought into 1 to 9.
    #[must_use]
    pub fn playground(nodes: u64, seed: u64) -> Setup {
        let demo = Config::demo(NodeId(1), CLUSTER, 0);
        Setup {
            nodes: nodes.clamp(1, MAX_NODES),
            learners: 0,
            newcomers: 0,
            seed,
            clients: 2,
            network: NetworkModel {
                delay_min: 10_000,
                delay_max: 20_000,
                loss_per_million: 0,
                duplicate_per_million: 0,
                reorder_per_million: 0,
                reorder_extra: 0,
                strangers_per_million: 0,
            },
            disk: DiskModel {
                sync_min: 1_000,
                sync_max: 3_000,
                keep_per_million: 0,
                tear_per_million: 0,
                reorder_per_million: 0,
                lies: 0,
            },
            host: HostModel {
                apply_min: 0,
                apply_max: 0,
                apply_entries: 1_024,
                busy_per_million: 0,
                busy_max: 0,
            },
            snapshots: SnapshotModel::default(),
            patience: Patience {
                attempt: 600_000,
                operation: 5_000_000,
                backoff: 30_000,
            },
            timing: demo.timing,
            limits: demo.limits,
            switches: Switches {
                snapshots: true,
                ..demo.switches
            },
            autopilot: None,
            faults: FaultPlan::default(),
            workload: Workload::default(),
            #[cfg(feature = "sabotage")]
            sabotage: None,
            #[cfg(feature = "sabotage")]
            careless: None,
        }
    }

    /// Leaders keep so many voters (3, 5 or 7) by themselves. Nodes beyond them begin as learners:
    /// they are the spares.
    #[must_use]
    pub fn with_autopilot(mut self, wanted: Option<u64>) -> Setup {
        self.autopilot = wanted.map(Policy::demo);
        self.learners = wanted.map_or(0, |wanted| self.nodes.saturating_sub(wanted));
        self
    }

    /// The members that every node but a newcomer begins with.
    #[must_use]
    pub fn first_members(&self) -> Members {
        let members = self.nodes.saturating_sub(self.newcomers);
        let voters = members.saturating_sub(self.learners);
        Members {
            learners: (voters + 1..=members).map(NodeId).collect(),
            ..Members::of_voters((1..=voters).map(NodeId))
        }
    }

    /// How long a node that heard its leader, voted or started is silent; `None` without leases.
    #[must_use]
    pub fn silence(&self) -> Option<Span> {
        let leases = self.switches.lease_reads;
        leases.then_some(self.timing.election_min)
    }

    /// What the core of one node is told. `seed` is drawn anew for every life of the node.
    #[must_use]
    pub fn config(&self, node: u64, seed: u64) -> Config {
        Config {
            id: NodeId(node),
            cluster: CLUSTER,
            seed,
            timing: self.timing,
            limits: self.limits,
            switches: self.switches,
            autopilot: self.autopilot,
            #[cfg(feature = "sabotage")]
            sabotage: self.broken_by(node),
        }
    }

    #[cfg(feature = "sabotage")]
    fn broken_by(&self, node: u64) -> Option<raftwerk_core::Rule> {
        let breaks = self.sabotage.filter(|one| one.nodes & (1 << node) != 0);
        breaks.map(|one| one.rule)
    }
}
