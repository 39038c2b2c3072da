//! What every storm draws first: its size, network and disks, its clients, the faults that all
//! storms have, limits and optional rules.

use super::rate;
use crate::rng::Stream;
use crate::setup::{DiskModel, FaultPlan, NetworkModel, Patience, Setup, Workload};
use raftwerk_core::{Limits, Switches};

/// All of it, in this order.
pub(super) fn draw(draw: &mut Stream, setup: &mut Setup) {
    setup.network = network(draw);
    setup.disk = disk(draw);
    setup.nodes = [3, 3, 5, 5, 7][draw.below(5) as usize];
    setup.clients = draw.between(2, 6);
    setup.patience = Patience {
        attempt: draw.between(200_000, 600_000),
        operation: 2_500_000,
        backoff: draw.between(5_000, 40_000),
    };
    setup.faults = faults(draw, setup.nodes);
    setup.workload = workload(draw);
    limits(draw, &mut setup.limits);
    setup.switches = switches(draw);
}

/// Reads from a majority and from leases, and in half of all storms leases.
pub(super) fn reads(draw: &mut Stream, setup: &mut Setup) {
    setup.workload.read_quorum = (draw.below(2) * draw.between(1, 6)) as u32;
    setup.workload.read_lease = draw.below(7) as u32;
    setup.switches.lease_reads = draw.below(2) == 0;
}

fn network(draw: &mut Stream) -> NetworkModel {
    let delay_min = draw.between(200, 4_000);
    NetworkModel {
        delay_min,
        delay_max: delay_min + draw.between(500, 12_000),
        loss_per_million: rate(draw, 2, 80_000),
        duplicate_per_million: rate(draw, 2, 60_000),
        reorder_per_million: rate(draw, 2, 50_000),
        reorder_extra: draw.between(20_000, 400_000),
        strangers_per_million: 0,
    }
}

fn disk(draw: &mut Stream) -> DiskModel {
    let sync_min = draw.between(100, 2_000);
    DiskModel {
        sync_min,
        sync_max: sync_min + draw.between(1_000, 15_000),
        keep_per_million: 0,
        tear_per_million: 0,
        reorder_per_million: 0,
        lies: 0,
    }
}

fn faults(draw: &mut Stream, nodes: u64) -> FaultPlan {
    let mut weight = |one_in: u64| {
        let weight = draw.between(1, 10) as u32;
        if draw.below(one_in) == 0 { weight } else { 0 }
    };
    let (crash, freeze, cut_one_way) = (weight(1), weight(2), weight(2));
    let (cut_both_ways, isolate, partition, time_out) =
        (weight(2), weight(2), weight(2), weight(3));
    let pause_min = draw.between(20_000, 400_000);
    let lasts_min = draw.between(20_000, 300_000);
    FaultPlan {
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

fn workload(draw: &mut Stream) -> Workload {
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
        read_quorum: 0,
        read_lease: 0,
    }
}

/// Small windows and batches reach states that large ones step over.
fn limits(draw: &mut Stream, limits: &mut Limits) {
    limits.append_bytes = [64, 200, 1_000, 16 << 10][draw.below(4) as usize];
    limits.window_messages = draw.between(1, 6) as usize;
    limits.window_bytes = [100, 1_000, 32 << 10][draw.below(3) as usize];
    limits.writes_in_flight = draw.between(1, 4) as usize;
    limits.open_reads = [2, 16, 1_024][draw.below(3) as usize];
}

/// Safety must not hang on the rules that only help progress.
fn switches(draw: &mut Stream) -> Switches {
    let mut on = || draw.below(4) > 0;
    let (pre_vote, check_quorum, stickiness) = (on(), on(), on());
    Switches {
        pre_vote,
        check_quorum,
        stickiness,
        ..Switches::default()
    }
}
