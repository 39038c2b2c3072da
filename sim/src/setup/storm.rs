//! The setup of a storm: everything is drawn from the seed (core design 4.2, item 5).

mod classes;

use super::{
    Churn, DiskModel, FaultPlan, HostModel, MILLION, NetworkModel, Patience, Setup, SnapshotModel,
    Workload,
};
use crate::rng::{Purpose, Stream};
use raftwerk_core::autopilot::Policy;
use raftwerk_core::{Limits, Span, Switches};

impl Setup {
    /// A world to break: the seed draws the size, which classes of faults are on, how often they
    /// come and what the clients do (swarm testing: a run with few kinds of faults goes deeper
    /// into each than a run with all of them).
    #[must_use]
    pub fn storm(seed: u64) -> Setup {
        let mut draw = Stream::new(seed, Purpose::Setup, 0);
        let delay_min = draw.between(200, 4_000);
        let on = |draw: &mut Stream, one_in: u64, most: u64| {
            let rate = draw.between(1, most + 1);
            if draw.below(one_in) == 0 {
                rate as u32
            } else {
                0
            }
        };
        let mut network = NetworkModel {
            delay_min,
            delay_max: delay_min + draw.between(500, 12_000),
            loss_per_million: on(&mut draw, 2, 80_000),
            duplicate_per_million: on(&mut draw, 2, 60_000),
            reorder_per_million: on(&mut draw, 2, 50_000),
            reorder_extra: draw.between(20_000, 400_000),
            strangers_per_million: 0,
        };
        // What came later draws from a place of its own: older seeds keep their meaning.
        let mut later = Stream::new(seed, Purpose::Setup, 1);
        let mut latest = Stream::new(seed, Purpose::Setup, 2);
        let mut reads = Stream::new(seed, Purpose::Setup, 7);
        let sync_min = draw.between(100, 2_000);
        let disk = DiskModel {
            sync_min,
            sync_max: sync_min + draw.between(1_000, 15_000),
            keep_per_million: on(&mut later, 2, MILLION.into()),
            tear_per_million: on(&mut later, 2, MILLION.into()),
            reorder_per_million: on(
                &mut Stream::new(seed, Purpose::Setup, 14),
                2,
                MILLION.into(),
            ),
            lies: 0,
        };
        let nodes = [3, 3, 5, 5, 7][draw.below(5) as usize];
        let clients = draw.between(2, 6);
        let patience = Patience {
            attempt: draw.between(200_000, 600_000),
            operation: 2_500_000,
            backoff: draw.between(5_000, 40_000),
        };
        let mut faults = storm_faults(&mut draw, nodes, &mut later);
        let churn = storm_churn(&mut latest);
        if latest.below(3) == 0 {
            faults.churn = churn;
        }
        let (fail_pause_min, rate) = (latest.between(300_000, 3_000_000), latest.below(20_000));
        if latest.below(3) == 0 {
            faults.fail_pause_min = fail_pause_min;
            faults.fail_pause_max = 3 * fail_pause_min;
        }
        if latest.below(3) == 0 {
            network.strangers_per_million = rate as u32;
        }
        let mut pilot = Stream::new(seed, Purpose::Setup, 8);
        let (autopilot, learners) = storm_autopilot(&mut pilot, nodes);
        let (gone, gone_at) = (pilot.between(1, nodes), pilot.between(100_000, 4_000_000));
        if autopilot.is_some() && pilot.below(2) == 0 {
            (faults.gone, faults.gone_at) = (gone, gone_at);
        }
        classes::rots(seed, &mut faults);
        let wiped = classes::wipe(seed, nodes - learners, &mut faults);
        let newcomers = wiped + u64::from(faults.rots.vote > 0);
        let nodes = nodes + newcomers;
        let workload = storm_workload(&mut draw, &mut reads);
        let mut limits = storm_limits(&mut draw);
        let mut switches = storm_switches(&mut draw);
        let snapshots = storm_snapshots(seed, &mut limits, &mut switches);
        switches.lease_reads = reads.below(2) == 0;
        let mut timing = Setup::playground(nodes, seed).timing;
        classes::bursts(seed, &mut faults);
        faults.clogs = classes::clogs(seed);
        faults.clocks = classes::clocks(seed, switches.lease_reads, &mut timing);
        Setup {
            nodes,
            learners,
            newcomers,
            autopilot,
            clients,
            network,
            disk,
            patience,
            faults,
            workload,
            host: storm_host(&mut later, &mut limits),
            limits,
            switches,
            timing,
            snapshots,
            ..Setup::playground(nodes, seed)
        }
    }
}

fn storm_faults(draw: &mut Stream, nodes: u64, later: &mut Stream) -> FaultPlan {
    let mut weight = |one_in: u64| {
        let weight = draw.between(1, 10) as u32;
        if draw.below(one_in) == 0 { weight } else { 0 }
    };
    let (crash, freeze, cut_one_way) = (weight(1), weight(2), weight(2));
    let (cut_both_ways, isolate, partition, time_out) =
        (weight(2), weight(2), weight(2), weight(3));
    let pause_min = draw.between(20_000, 400_000);
    let lasts_min = draw.between(20_000, 300_000);
    let stalls = later.below(2) == 0;
    let stall_pause_min = later.between(300_000, 3_000_000);
    let stall_pause_max = stall_pause_min + later.between(100_000, 8_000_000);
    // Up to twenty election timeouts.
    let stall_min = later.between(100_000, 1_500_000);
    let stall_max = stall_min + later.between(100_000, 5_000_000);
    FaultPlan {
        stall_pause_min: if stalls { stall_pause_min } else { 0 },
        stall_pause_max: if stalls { stall_pause_max } else { 0 },
        stall_min,
        stall_max,
        pause_min,
        pause_max: pause_min + draw.between(50_000, 1_500_000),
        lasts_min,
        lasts_max: lasts_min + draw.between(100_000, 1_500_000),
        most_down: draw.between(1, nodes + 1),
        aim_per_million: draw.between(0, 800_001) as u32,
        crash,
        freeze,
        cut_one_way,
        cut_both_ways,
        isolate,
        partition,
        time_out,
        ..FaultPlan::default()
    }
}

/// In one of three storms with five nodes or more, those that are too many begin as spares.
fn storm_autopilot(draw: &mut Stream, nodes: u64) -> (Option<Policy>, u64) {
    let on = draw.below(3) == 0 && nodes >= 5;
    let target = [3, nodes - 2][draw.below(2) as usize].max(3);
    let contact = draw.between(300_000, 600_000);
    let dead_after = contact + draw.between(300_000, 2_000_000);
    let policy = Policy {
        target,
        contact: Span(contact),
        slack: draw.between(5, 100),
        stable_after: Span(contact + draw.between(0, 1_500_000)),
        dead_after: Span(dead_after),
        forget_after: Span(dead_after + draw.between(1_000_000, 20_000_000)),
        pause: Span(draw.between(50_000, 800_000)),
    };
    if on {
        (Some(policy), nodes - target)
    } else {
        (None, 0)
    }
}

/// Wishes come while others are on their way, or long after.
fn storm_churn(draw: &mut Stream) -> Churn {
    let pause_min = draw.between(10_000, 400_000);
    let mut weight = || draw.between(1, 10) as u32 * draw.below(2) as u32;
    let (transfer, one) = (weight(), weight());
    Churn {
        pause_min,
        pause_max: pause_min + draw.between(20_000, 2_000_000),
        transfer,
        one,
        many: draw.between(1, 10) as u32,
    }
}

/// Half of the state machines apply at once, a few take longer than an election timeout, so that
/// reads and answers pile up behind them. Longest time of a batch, its entries, and how many may
/// be handed out: slow ones take more at a time, or a restarted node would never catch up.
const APPLYING: [(u64, u64, u64); 8] = [
    (0, 1_024, 16_384),
    (0, 1_024, 16_384),
    (0, 3, 16_384),
    (0, 1_024, 1),
    (1_000, 1, 1),
    (4_000, 8, 16),
    (60_000, 256, 512),
    (400_000, 1_024, 16_384),
];

fn storm_host(draw: &mut Stream, limits: &mut Limits) -> HostModel {
    let (apply_max, apply_entries, unapplied) = APPLYING[draw.below(8) as usize];
    limits.unapplied_entries = unapplied;
    let apply_min = draw.within(0, apply_max / 4);
    let busy = draw.below(2) == 0;
    let busy_per_million = draw.between(1, 400_000) as u32;
    HostModel {
        apply_min,
        apply_max,
        apply_entries,
        busy_per_million: if busy { busy_per_million } else { 0 },
        busy_max: [500, 5_000, 20_000, 200_000][draw.below(4) as usize],
    }
}

/// Small windows and batches reach states that large ones step over.
fn storm_limits(draw: &mut Stream) -> Limits {
    let mut limits = Setup::playground(1, 0).limits;
    limits.append_bytes = [64, 200, 1_000, 16 << 10][draw.below(4) as usize];
    limits.window_messages = draw.between(1, 6) as usize;
    limits.window_bytes = [100, 1_000, 32 << 10][draw.below(3) as usize];
    limits.writes_in_flight = draw.between(1, 4) as usize;
    limits.open_reads = [2, 16, 1_024][draw.below(3) as usize];
    limits
}

/// Two storms of three take snapshots, and half of those so often that hardly any entry is kept
/// for long.
fn storm_snapshots(seed: u64, limits: &mut Limits, switches: &mut Switches) -> SnapshotModel {
    let mut draw = Stream::new(seed, Purpose::Snapshot, 0);
    switches.snapshots = draw.below(3) > 0;
    let often = draw.below(2) == 0;
    limits.snapshot_entries = if often {
        draw.between(2, 20)
    } else {
        draw.between(20, 200)
    };
    limits.retained_entries = draw.between(0, limits.snapshot_entries);
    limits.snapshot_bytes = [200, 4 << 10, 64 << 10][draw.below(3) as usize];
    let take_min = draw.between(100, 20_000);
    SnapshotModel {
        take_min,
        take_max: take_min + draw.between(1_000, 400_000),
        chunk_bytes: [512, 2 << 10, 16 << 10][draw.below(3) as usize],
        resend: draw.between(20_000, 200_000),
        tries: draw.between(2, 20) as u32,
    }
}

/// Safety must not hang on the rules that only help progress.
fn storm_switches(draw: &mut Stream) -> Switches {
    let mut on = || draw.below(4) > 0;
    let (pre_vote, check_quorum, stickiness) = (on(), on(), on());
    Switches {
        pre_vote,
        check_quorum,
        stickiness,
        ..Switches::default()
    }
}

fn storm_workload(draw: &mut Stream, reads: &mut Stream) -> Workload {
    let pause_min = draw.between(1_000, 30_000);
    Workload {
        pause_min,
        pause_max: pause_min + draw.between(5_000, 150_000),
        keys: draw.between(1, 9),
        put: draw.between(2, 10) as u32,
        delete: draw.between(0, 3) as u32,
        compare: draw.between(0, 5) as u32,
        read_leader: draw.between(0, 6) as u32,
        read_follower: draw.between(0, 6) as u32,
        read_stale: draw.between(0, 2) as u32,
        read_quorum: (reads.below(2) * reads.between(1, 6)) as u32,
        read_lease: reads.below(7) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storms_draw_sizes_and_classes() {
        let storms: Vec<Setup> = (0..100).map(Setup::storm).collect();
        for nodes in [3, 5, 7] {
            assert!(storms.iter().any(|storm| storm.nodes == nodes));
        }
        assert!(
            storms
                .iter()
                .any(|storm| storm.network.loss_per_million == 0)
        );
        assert!(
            storms
                .iter()
                .any(|storm| storm.network.loss_per_million > 0)
        );
        assert!(storms.iter().any(|storm| storm.faults.freeze == 0));
        let take = storms.iter().filter(|storm| storm.switches.snapshots);
        assert!((50..90).contains(&take.count()));
        let piloted = storms.iter().filter(|storm| storm.autopilot.is_some());
        assert!((5..50).contains(&piloted.clone().count()));
        assert!(piloted.clone().any(|storm| storm.faults.gone > 0));
        assert!(piloted.clone().any(|storm| storm.faults.churn.changes()));
        let drift = storms.iter().filter(|storm| storm.faults.clocks.is_on());
        assert!((15..50).contains(&drift.clone().count()));
        assert!(drift.clone().any(|storm| storm.faults.clocks.jump_max > 0));
        let among = |storm: &&Setup| storm.faults.churn.changes() || storm.faults.gone > 0;
        let rots = storms.iter().filter(|storm| storm.faults.rots.is_on());
        assert!(
            rots.clone().filter(among).count() > 5,
            "also where members change"
        );
        assert!(rots.clone().any(|storm| storm.faults.rots.vote > 0));
        assert!(rots.clone().any(|storm| storm.faults.rots.snapshot > 0));
        let wipes = storms.iter().filter(|storm| storm.faults.wiped > 0);
        assert!(wipes.filter(among).count() > 5, "also where members change");
        let clog = storms.iter().filter(|storm| storm.faults.clogs.is_on());
        assert!((20..50).contains(&clog.count()));
        for storm in drift.filter(|storm| storm.switches.lease_reads) {
            let clocks = &storm.faults.clocks;
            assert_eq!(u64::from(clocks.drift_ppm), storm.timing.drift_ppm);
            assert_eq!(clocks.jump_max, 0);
        }
    }
}
