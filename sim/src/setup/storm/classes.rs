//! The classes of faults of a storm that have a plan of their own. Each draws from a place of its own:
//! a class that is added moves no other.

use crate::rng::Stream;
use crate::setup::{Bursts, Clocks, Clogs, FaultPlan, Rots, SPACE_RESERVE, Setup};

/// In one storm of three every clock runs at a rate of its own. Leases are told how far apart;
/// where there are none, clocks run wild and jump.
pub(super) fn clocks(draw: &mut Stream, setup: &mut Setup) {
    let leases = setup.switches.lease_reads;
    let on = draw.below(3) == 0;
    let pause_min = draw.between(50_000, 1_000_000);
    let pause_max = pause_min + draw.between(100_000, 5_000_000);
    let bound = [1_000, 20_000, 100_000, 300_000][draw.below(4) as usize];
    let wild = [10_000, 200_000, 500_000][draw.below(3) as usize];
    let jump_max = [0, 100_000, 3_000_000][draw.below(3) as usize];
    if !on {
        return;
    }
    if leases {
        setup.timing.drift_ppm = bound;
    }
    setup.faults.clocks = Clocks {
        pause_min,
        pause_max,
        drift_ppm: if leases { bound as u32 } else { wild },
        jump_max: if leases { 0 } else { jump_max },
    };
}

/// In one storm of three links clog, for less than an election timeout or for many of them.
pub(super) fn clogs(draw: &mut Stream) -> Clogs {
    let on = draw.below(3) == 0;
    let pause_min = draw.between(20_000, 1_000_000);
    let lasts_min = draw.between(10_000, 200_000);
    let clogs = Clogs {
        pause_min,
        pause_max: 3 * pause_min,
        lasts_min,
        lasts_max: lasts_min + [50_000, 600_000, 4_000_000][draw.below(3) as usize],
    };
    if on { clogs } else { Clogs::default() }
}

/// In one storm of four disks damage what they hold, as far as the cluster survives it (`atlas`).
pub(super) fn rots(draw: &mut Stream, other: &mut Stream, faults: &mut FaultPlan) {
    let on = draw.below(4) == 0;
    let pause_min = draw.between(20_000, 1_000_000);
    let mut weight = || draw.between(1, 10) as u32 * draw.below(2) as u32;
    let (rot, misdirected, lost) = (1 + weight(), weight(), weight());
    let mut weight = || other.between(1, 10) as u32 * other.below(2) as u32;
    let (vote, snapshot) = (weight(), weight());
    if on {
        faults.rots = Rots {
            pause_min,
            pause_max: 3 * pause_min,
            rot,
            misdirected,
            lost,
            vote,
            snapshot,
        };
    }
}

/// In one storm of four a disk is wiped, when the cluster survives it (`atlas`).
pub(super) fn wipe(draw: &mut Stream, setup: &mut Setup) {
    if draw.below(4) == 0 {
        setup.faults.wiped = draw.within(1, setup.nodes - setup.learners);
        setup.faults.wiped_at = draw.between(100_000, 4_000_000);
    }
}

/// In one storm of four nodes restart or leaders are asked to hand over in quick succession; in one
/// of four disks run low on space.
pub(super) fn bursts(draw: &mut Stream, faults: &mut FaultPlan) {
    let on = draw.below(4) == 0;
    let pause_min = draw.between(300_000, 3_000_000);
    let weights = [(1, 0), (0, 1), (1, 1)][draw.below(3) as usize];
    let bursts = Bursts {
        pause_min,
        pause_max: pause_min + draw.between(100_000, 3_000_000),
        gap_max: [5_000, 30_000, 150_000][draw.below(3) as usize],
        most: draw.between(5, 60),
        restart: weights.0,
        transfer: weights.1,
    };
    if on {
        faults.bursts = bursts;
    }
    let fill_pause_min = draw.between(200_000, 2_000_000);
    let left = draw.between(0, 3 * SPACE_RESERVE);
    if draw.below(4) == 0 {
        faults.fill_pause_min = fill_pause_min;
        faults.fill_pause_max = 3 * fill_pause_min;
        faults.fill_left_max = left;
    }
}
