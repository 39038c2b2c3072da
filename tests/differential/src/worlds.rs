//! Worlds of the simulator that both implementations can live in.
//!
//! What TiKV's `raft` does not have, or has in another form that is not compared, is taken out of
//! a storm: changes of members, transfers, snapshots, leases, quorum and stale reads, logs that
//! rot, disks that are wiped. All else stays as the seed drew it: the nodes, links that lose,
//! double, delay and reorder, cuts in one or both directions, crashes that lose what was not
//! synced, torn writes, disks that fail, hang or are full, busy hosts, frozen nodes, clocks that
//! run wrong, clients that write and read through leader and followers.

use raftwerk_core::Span;
use raftwerk_sim::Setup;

/// The storm of a seed, without what only ours has.
#[must_use]
pub fn storm(seed: u64) -> Setup {
    let mut setup = Setup::storm(seed);
    setup.nodes -= setup.newcomers;
    (setup.learners, setup.newcomers, setup.autopilot) = (0, 0, None);
    setup.switches.snapshots = false;
    setup.switches.lease_reads = false;
    setup.switches.quorum_reads = false;
    let work = &mut setup.workload;
    (work.read_quorum, work.read_lease, work.read_stale) = (0, 0, 0);
    let faults = &mut setup.faults;
    faults.churn = Default::default();
    faults.bursts.transfer = 0;
    faults.rots = Default::default();
    (faults.wiped, faults.gone) = (0, 0);
    setup
}

/// The same in the words of the other simulator.
///
/// # Panics
/// Never: both are compiled from the same sources.
#[must_use]
pub fn for_tikv(setup: &Setup) -> raftwerk_tikv_sim::Setup {
    let words = serde_json::to_string(setup).expect("a setup is plain data");
    serde_json::from_str(&words).expect("it is the same type")
}

/// A world in which no election timer fires within a script. Nothing is lost but by what the script
/// does. A message takes 5 ms, or what the disk takes on top: so that of what clients ask at the
/// same moment the first comes first in both worlds.
#[must_use]
pub fn scripted(nodes: u64, seed: u64) -> Setup {
    const HOUR: Span = Span::millis(3_600_000);
    let mut setup = Setup::playground(nodes, seed);
    setup.clients = crate::script::CLIENTS;
    (setup.network.delay_min, setup.network.delay_max) = (5_000, 5_000);
    setup.patience.attempt = 300_000;
    setup.patience.operation = 800_000;
    setup.timing.election_min = HOUR;
    setup.timing.election_max = Span(2 * HOUR.0);
    let switches = &mut setup.switches;
    (switches.pre_vote, switches.check_quorum) = (false, false);
    (switches.stickiness, switches.snapshots) = (false, false);
    (switches.lease_reads, switches.quorum_reads) = (false, false);
    setup
}
