//! What a storm draws of the nodes' disks and processes: what crashes leave, disks that hang, state
//! machines, snapshots.

use super::rate;
use crate::rng::Stream;
use crate::setup::{HostModel, MILLION, Setup, SnapshotModel};

/// What a crash leaves of writes under way, and in half of all storms disks that hang.
pub(super) fn disks(draw: &mut Stream, holes: &mut Stream, setup: &mut Setup) {
    setup.disk.keep_per_million = rate(draw, 2, MILLION);
    setup.disk.tear_per_million = rate(draw, 2, MILLION);
    setup.disk.reorder_per_million = rate(holes, 2, MILLION);
    let faults = &mut setup.faults;
    let hang = draw.below(2) == 0;
    let pause_min = draw.between(300_000, 3_000_000);
    let pause_max = pause_min + draw.between(100_000, 8_000_000);
    if hang {
        (faults.stall_pause_min, faults.stall_pause_max) = (pause_min, pause_max);
    }
    // Up to twenty election timeouts.
    faults.stall_min = draw.between(100_000, 1_500_000);
    faults.stall_max = faults.stall_min + draw.between(100_000, 5_000_000);
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

/// How long state machines take, and how often hosts are busy.
pub(super) fn state_machines(draw: &mut Stream, setup: &mut Setup) {
    let (apply_max, apply_entries, unapplied) = APPLYING[draw.below(8) as usize];
    setup.limits.unapplied_entries = unapplied;
    let apply_min = draw.within(0, apply_max / 4);
    let busy = draw.below(2) == 0;
    let busy_per_million = draw.between(1, 400_000) as u32;
    setup.host = HostModel {
        apply_min,
        apply_max,
        apply_entries,
        busy_per_million: if busy { busy_per_million } else { 0 },
        busy_max: [500, 5_000, 20_000, 200_000][draw.below(4) as usize],
    };
}

/// Two storms of three take snapshots, and half of those so often that hardly any entry is kept
/// for long.
pub(super) fn snapshots(draw: &mut Stream, setup: &mut Setup) {
    setup.switches.snapshots = draw.below(3) > 0;
    let often = draw.below(2) == 0;
    let limits = &mut setup.limits;
    limits.snapshot_entries = if often {
        draw.between(2, 20)
    } else {
        draw.between(20, 200)
    };
    limits.retained_entries = draw.between(0, limits.snapshot_entries);
    limits.snapshot_bytes = [200, 4 << 10, 64 << 10][draw.below(3) as usize];
    let take_min = draw.between(100, 20_000);
    setup.snapshots = SnapshotModel {
        take_min,
        take_max: take_min + draw.between(1_000, 400_000),
        chunk_bytes: [512, 2 << 10, 16 << 10][draw.below(3) as usize],
        resend: draw.between(20_000, 200_000),
        tries: draw.between(2, 20) as u32,
    };
}
