//! What a run is told at birth: how many nodes, one seed, and how network, disks, clients and
//! faults behave.
//!
//! A [`Setup`], the list of interventions and the code together determine a run completely. All
//! rates are integers per million, all times microseconds: nothing here is a float, so that the
//! same setup gives the same run natively and in the browser. [`Setup::validate`] names what is
//! wrong before a world is built from it.

mod plans;
mod snapshots;
mod storm;

pub use plans::{Bursts, Churn, Clocks, FaultPlan, Rots, SPACE_RESERVE, Workload};
use raftwerk_core::autopilot::Policy;
use raftwerk_core::{ClusterId, Config, Limits, Members, NodeId, Switches, Timing};
use serde::{Deserialize, Serialize};
pub use snapshots::SnapshotModel;

/// Most nodes a world can have.
pub const MAX_NODES: u64 = 9;
/// Most clients a world can have.
pub const MAX_CLIENTS: u64 = 16;
/// One million: what every rate is out of.
pub const MILLION: u32 = 1_000_000;
/// Most syncs a disk can lie about.
const MAX_LIES: u32 = 64;
/// Most entries that are applied at once.
const MAX_BATCH: u64 = 1_000_000;
/// Most bytes of a chunk of a snapshot.
const MAX_CHUNK: u64 = 16 << 20;
/// Longest time anything in a setup may take: one hour.
const MAX_TIME: u64 = 3_600_000_000;

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
    /// A snapshot holds the sessions with their answers (trap S11).
    SnapshotSessions,
    /// A node whose disk was wiped comes back under another id (trap D9).
    NewId,
    /// After a value was read from a lease the clock is looked at again (trap L6).
    LeaseAgain,
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
    /// way, in their order. The others leave none of them.
    pub keep_per_million: u32,
    /// How many of a million of those also leave the beginning of the next write, which the node
    /// finds as a torn tail.
    pub tear_per_million: u32,
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

    /// Says everything that is wrong, one sentence each.
    ///
    /// # Errors
    /// The list of reasons when there is at least one.
    pub fn validate(&self) -> Result<(), Vec<String>> {
        let mut wrong = self.config(1, 0).validate().err().unwrap_or_default();
        let mut need = |holds: bool, why: &str| {
            if !holds {
                wrong.push(why.to_string());
            }
        };
        need(
            (1..=MAX_NODES).contains(&self.nodes),
            "nodes must be from 1 to 9",
        );
        need(
            self.learners.saturating_add(self.newcomers) < self.nodes,
            "at least one node must vote",
        );
        need(
            self.faults.gone <= self.nodes,
            "who dies for good must be a node",
        );
        need(
            self.faults.wiped <= self.nodes,
            "whose disk is wiped must be a node",
        );
        need(
            self.faults.clocks.drift_ppm < MILLION,
            "clocks cannot stand still or run backwards",
        );
        need(self.clients <= MAX_CLIENTS, "clients must be at most 16");
        let ranges = [
            (
                "network delay",
                self.network.delay_min,
                self.network.delay_max,
            ),
            ("disk sync", self.disk.sync_min, self.disk.sync_max),
            ("fault pause", self.faults.pause_min, self.faults.pause_max),
            ("fault length", self.faults.lasts_min, self.faults.lasts_max),
            (
                "pause between stalls",
                self.faults.stall_pause_min,
                self.faults.stall_pause_max,
            ),
            ("stall", self.faults.stall_min, self.faults.stall_max),
            (
                "pause between wishes",
                self.faults.churn.pause_min,
                self.faults.churn.pause_max,
            ),
            (
                "pause between changes of a clock",
                self.faults.clocks.pause_min,
                self.faults.clocks.pause_max,
            ),
            ("jump of a clock", 0, self.faults.clocks.jump_max),
            (
                "pause between damages",
                self.faults.rots.pause_min,
                self.faults.rots.pause_max,
            ),
            (
                "pause between storms of one kind",
                self.faults.bursts.pause_min,
                self.faults.bursts.pause_max,
            ),
            ("gap in a storm of one kind", 0, self.faults.bursts.gap_max),
            (
                "pause between full disks",
                self.faults.fill_pause_min,
                self.faults.fill_pause_max,
            ),
            (
                "pause between failures",
                self.faults.fail_pause_min,
                self.faults.fail_pause_max,
            ),
            ("applying", self.host.apply_min, self.host.apply_max),
            (
                "taking a snapshot",
                self.snapshots.take_min,
                self.snapshots.take_max,
            ),
            ("sending a chunk again", 1, self.snapshots.resend),
            ("busy host", 0, self.host.busy_max),
            (
                "client pause",
                self.workload.pause_min,
                self.workload.pause_max,
            ),
            (
                "client patience",
                self.patience.attempt,
                self.patience.operation,
            ),
            ("pause after a refusal", 0, self.patience.backoff),
        ];
        for (name, min, max) in ranges {
            need(
                min <= max,
                &format!("{name}: the shortest time is above the longest"),
            );
            need(max <= MAX_TIME, &format!("{name}: at most one hour"));
        }
        let network = &self.network;
        for (name, rate) in [
            ("loss", network.loss_per_million),
            ("duplication", network.duplicate_per_million),
            ("reordering", network.reorder_per_million),
            ("strangers", network.strangers_per_million),
            ("writes kept in a crash", self.disk.keep_per_million),
            ("torn writes", self.disk.tear_per_million),
            ("busy host", self.host.busy_per_million),
        ] {
            need(
                rate <= MILLION,
                &format!("{name}: at most 1,000,000 per million"),
            );
        }
        need(
            network.reorder_extra <= MAX_TIME,
            "extra delay: at most one hour",
        );
        need(
            (1..=MAX_BATCH).contains(&self.host.apply_entries),
            "a batch to apply needs room for an entry, and for a million at most",
        );
        need(
            (1..=MAX_CHUNK).contains(&self.snapshots.chunk_bytes),
            "a chunk of a snapshot needs a byte, and 16 MiB at most",
        );
        need(
            self.disk.lies <= MAX_LIES,
            "disks can lie about 64 syncs at most",
        );
        need(
            self.patience.attempt > 0,
            "clients must wait longer than zero",
        );
        need(
            self.patience.backoff > 0,
            "clients must pause longer than zero after a refusal",
        );
        need(
            !self.workload.is_on() || self.workload.keys > 0,
            "the workload needs a key",
        );
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_storm_and_every_playground_is_valid() {
        for seed in 0..500 {
            assert_eq!(Setup::storm(seed).validate(), Ok(()), "seed {seed}");
        }
        for nodes in 0..12 {
            let plain = Setup::playground(nodes, 1);
            assert_eq!(plain.validate(), Ok(()));
            for wanted in [3, 5, 7] {
                let piloted = plain.clone().with_autopilot(Some(wanted));
                assert_eq!(piloted.validate(), Ok(()), "{nodes} nodes, {wanted} wanted");
            }
        }
    }

    #[test]
    fn a_bad_setup_is_told_what_is_wrong() {
        let mut setup = Setup::playground(5, 1);
        setup.nodes = 10;
        setup.network.delay_min = 30_000;
        let wrong = setup.validate().unwrap_err();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
