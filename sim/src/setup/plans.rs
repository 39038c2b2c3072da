//! What goes wrong by itself and what clients do by themselves: how often, and of which kinds.

use serde::{Deserialize, Serialize};

/// Random faults. Weights are relative to each other; a class of weight 0 is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// Shortest time between two faults, microseconds.
    pub pause_min: u64,
    /// Longest time between two faults, microseconds; 0 switches random faults off.
    pub pause_max: u64,
    /// Shortest time until a fault is undone, microseconds.
    pub lasts_min: u64,
    /// Longest time until a fault is undone, microseconds.
    pub lasts_max: u64,
    /// Most nodes crashed or frozen at once; also, most disks that hang at once.
    pub most_down: u64,
    /// How many of a million faults of one node are aimed at a leader.
    pub aim_per_million: u32,
    /// Weight of crashes; what the disk had not synced is lost, or its end (see [`DiskModel`]).
    pub crash: u32,
    /// Weight of freezes.
    pub freeze: u32,
    /// Weight of cutting one direction between two nodes.
    pub cut_one_way: u32,
    /// Weight of cutting both directions between two nodes.
    pub cut_both_ways: u32,
    /// Weight of cutting everything around one node.
    pub isolate: u32,
    /// Weight of splitting the nodes into two groups.
    pub partition: u32,
    /// Weight of letting an election timer fire early.
    pub time_out: u32,
    /// Shortest time between two disks that begin to hang, microseconds.
    pub stall_pause_min: u64,
    /// Longest time between two disks that begin to hang, microseconds; 0: no disk ever does.
    pub stall_pause_max: u64,
    /// Shortest time a disk hangs, microseconds.
    pub stall_min: u64,
    /// Longest time a disk hangs, microseconds.
    pub stall_max: u64,
    /// Shortest time between two disks that fail a write, microseconds. The node stops for good
    /// and is started again as after a crash.
    #[serde(default)]
    pub fail_pause_min: u64,
    /// Longest time between two disks that fail a write, microseconds; 0: no disk ever does.
    #[serde(default)]
    pub fail_pause_max: u64,
    /// What leaders are asked for.
    #[serde(default)]
    pub churn: Churn,
    /// How clocks run wrong.
    #[serde(default)]
    pub clocks: Clocks,
    /// Storms of restarts and of transfers.
    #[serde(default)]
    pub bursts: Bursts,
    /// Shortest time between two disks that become low on space, microseconds.
    #[serde(default)]
    pub fill_pause_min: u64,
    /// Longest time between two disks that become low on space, microseconds; 0: none does.
    #[serde(default)]
    pub fill_pause_max: u64,
    /// Most bytes left then for the log; below [`SPACE_RESERVE`] a node takes no writes of clients.
    #[serde(default)]
    pub fill_left_max: u64,
    /// This node dies for good: it is started again only when everything is healed; 0: nobody.
    #[serde(default)]
    pub gone: u64,
    /// When it dies, microseconds.
    #[serde(default)]
    pub gone_at: u64,
    /// Links that clog.
    #[serde(default)]
    pub clogs: Clogs,
    /// Disks that damage what they hold.
    #[serde(default)]
    pub rots: Rots,
    /// This node's disk is wiped: its machine comes back as a newcomer, see
    /// [`Setup::newcomers`](super::Setup::newcomers); 0: nobody's.
    #[serde(default)]
    pub wiped: u64,
    /// When, microseconds; later, if the cluster could not survive it then.
    #[serde(default)]
    pub wiped_at: u64,
}

/// What somebody asks leaders for: to hand over, to change the members (thesis 3.10 and 4).
/// Weights are relative to each other. Every node that believes it leads may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Churn {
    /// Shortest time between two wishes, microseconds.
    pub pause_min: u64,
    /// Longest time between two wishes, microseconds; 0: nobody asks for anything.
    pub pause_max: u64,
    /// Weight of handing over, to a node or to whom the leader thinks best.
    pub transfer: u32,
    /// Weight of one node that comes, goes, or becomes a learner or a voter.
    pub one: u32,
    /// Weight of members drawn anew, any number at once.
    pub many: u32,
}

/// Bytes of the disk that are kept for what a node cannot refuse (trap D7).
pub const SPACE_RESERVE: u64 = 2_000;

/// Storms of one kind: crashes and restarts, or wishes for a transfer, in quick succession.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bursts {
    /// Shortest time between two storms, microseconds.
    pub pause_min: u64,
    /// Longest time between two storms, microseconds; 0: there are none.
    pub pause_max: u64,
    /// Longest time between two of a storm, and longest time a node is down, microseconds.
    pub gap_max: u64,
    /// Most of a storm.
    pub most: u64,
    /// Weight of storms of restarts.
    pub restart: u32,
    /// Weight of storms of transfers.
    pub transfer: u32,
}

impl Bursts {
    /// Whether there are storms of one kind at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0 && (self.restart > 0 || self.transfer > 0)
    }
}

/// Disks that damage what they hold of the log. Weights are relative to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rots {
    /// Shortest time between two damages, microseconds.
    pub pause_min: u64,
    /// Longest time between two damages, microseconds; 0: there are none.
    pub pause_max: u64,
    /// Weight of records that rot in their place.
    pub rot: u32,
    /// Weight of writes that land in another's place.
    pub misdirected: u32,
    /// Weight of writes that never happen.
    pub lost: u32,
    /// Weight of terms and votes that rot. Each takes a newcomer, see
    /// [`Setup::newcomers`](super::Setup::newcomers).
    #[serde(default)]
    pub vote: u32,
    /// Weight of snapshots that rot.
    #[serde(default)]
    pub snapshot: u32,
}

impl Rots {
    /// Whether there is any damage.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0
            && [
                self.rot,
                self.misdirected,
                self.lost,
                self.vote,
                self.snapshot,
            ]
            .iter()
            .any(|one| *one > 0)
    }
}

/// Directions between two nodes that hold back all they have and then let go of it at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clogs {
    /// Shortest time between two that clog, microseconds.
    pub pause_min: u64,
    /// Longest time between two that clog, microseconds; 0: none does.
    pub pause_max: u64,
    /// Shortest time that one is clogged, microseconds.
    pub lasts_min: u64,
    /// Longest time that one is clogged, microseconds.
    pub lasts_max: u64,
}

impl Clogs {
    /// Whether any link clogs.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0
    }
}

/// How the nodes' clocks run wrong; when all faults end, they run right again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    /// Shortest time between two changes of a clock, microseconds.
    pub pause_min: u64,
    /// Longest time between two changes of a clock, microseconds; 0: all clocks run right.
    pub pause_max: u64,
    /// How far from the right rate a clock may run, either way, in parts of a million.
    pub drift_ppm: u32,
    /// How far a clock may jump forward, microseconds; 0: none does.
    pub jump_max: u64,
}

impl Clocks {
    /// Whether any clock runs wrong.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0
    }
}

impl Churn {
    /// Whether anybody asks for anything.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0 && (self.transfer > 0 || self.changes())
    }

    /// Whether members change.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.pause_max > 0 && (self.one > 0 || self.many > 0)
    }
}

/// Random operations. Weights are relative to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// Shortest pause of a client between two operations, microseconds.
    pub pause_min: u64,
    /// Longest pause, microseconds; 0 switches random operations off.
    pub pause_max: u64,
    /// How many keys are used.
    pub keys: u64,
    /// Weight of writes. Every written value is unique in the run.
    pub put: u32,
    /// Weight of deletes.
    pub delete: u32,
    /// Weight of compare-and-set.
    pub compare: u32,
    /// Weight of reads at the leader.
    pub read_leader: u32,
    /// Weight of reads through any node.
    pub read_follower: u32,
    /// Weight of stale reads.
    pub read_stale: u32,
    /// Weight of reads from a majority, through any node.
    #[serde(default)]
    pub read_quorum: u32,
    /// Weight of reads from the leader's lease.
    #[serde(default)]
    pub read_lease: u32,
}

impl Workload {
    /// Whether there are random operations at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0
    }
}

impl FaultPlan {
    /// Whether there are random faults at all, disks that hang apart.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pause_max > 0 && self.weights().iter().any(|weight| *weight > 0)
    }

    /// Whether disks begin to hang at random.
    #[must_use]
    pub fn stalls(&self) -> bool {
        self.stall_pause_max > 0
    }

    pub(crate) fn weights(&self) -> [u32; 7] {
        [
            self.crash,
            self.freeze,
            self.cut_one_way,
            self.cut_both_ways,
            self.isolate,
            self.partition,
            self.time_out,
        ]
    }
}
