//! The setup of a storm: everything is drawn from the seed (core design 4.2, item 5).
//!
//! | file      | what it draws                                                             |
//! |-----------|---------------------------------------------------------------------------|
//! | `basics`  | sizes, network, disks, clients, the faults every storm has, limits, rules |
//! | `hosts`   | what crashes leave, disks that hang, state machines, snapshots            |
//! | `members` | who asks leaders for what, the autopilot, who goes for good               |
//! | `classes` | the classes of faults that have a plan of their own                       |

mod basics;
mod classes;
mod hosts;
mod members;

use super::Setup;
use crate::rng::{Purpose, Stream};

/// Where a storm draws from. What was added later draws from a place of its own, so that older
/// seeds keep their meaning; whatever shares a place draws in the order that is told here. A new
/// class takes the next number.
struct Streams {
    /// All of `basics`, from the delays of the network to the optional rules.
    basics: Stream,
    /// What a crash leaves, disks that hang, state machines and busy hosts.
    hosts: Stream,
    /// Wishes to leaders, then disks that fail and strangers.
    wishes: Stream,
    /// Reads from a majority and from leases, and whether there are leases.
    reads: Stream,
    /// The autopilot, and who goes for good.
    pilot: Stream,
    /// How clocks run.
    clocks: Stream,
    /// Many restarts or transfers in a row, then disks that are full.
    bursts: Stream,
    /// Whose disk is wiped.
    wipe: Stream,
    /// What disks damage of their logs.
    rots: Stream,
    /// Links that clog.
    clogs: Stream,
    /// Whether a crash leaves later writes without earlier ones.
    holes: Stream,
    /// What disks damage beside their logs.
    other_rots: Stream,
    /// How often snapshots are taken, and how they are sent.
    snapshots: Stream,
}

impl Streams {
    fn of(seed: u64) -> Streams {
        let setup = |place| Stream::new(seed, Purpose::Setup, place);
        Streams {
            basics: setup(0),
            hosts: setup(1),
            wishes: setup(2),
            reads: setup(7),
            pilot: setup(8),
            clocks: setup(9),
            bursts: setup(10),
            wipe: setup(11),
            rots: setup(12),
            clogs: setup(13),
            holes: setup(14),
            other_rots: setup(15),
            snapshots: Stream::new(seed, Purpose::Snapshot, 0),
        }
    }
}

impl Setup {
    /// A world to break: the seed draws the size, which classes of faults are on, how often they
    /// come and what the clients do (swarm testing: a run with few kinds of faults goes deeper
    /// into each than a run with all of them).
    #[must_use]
    pub fn storm(seed: u64) -> Setup {
        let mut from = Streams::of(seed);
        let mut setup = Setup::playground(1, seed);
        basics::draw(&mut from.basics, &mut setup);
        basics::reads(&mut from.reads, &mut setup);
        hosts::disks(&mut from.hosts, &mut from.holes, &mut setup);
        hosts::state_machines(&mut from.hosts, &mut setup);
        hosts::snapshots(&mut from.snapshots, &mut setup);
        members::wishes(&mut from.wishes, &mut setup);
        members::autopilot(&mut from.pilot, &mut setup);
        classes::rots(&mut from.rots, &mut from.other_rots, &mut setup.faults);
        classes::wipe(&mut from.wipe, &mut setup);
        classes::bursts(&mut from.bursts, &mut setup.faults);
        setup.faults.clogs = classes::clogs(&mut from.clogs);
        classes::clocks(&mut from.clocks, &mut setup);
        members::newcomers(&mut setup);
        setup
    }
}

/// A rate in a million, up to the most; 0 but for one storm in so many.
fn rate(draw: &mut Stream, one_in: u64, most: u32) -> u32 {
    let rate = draw.between(1, u64::from(most) + 1);
    if draw.below(one_in) == 0 {
        rate as u32
    } else {
        0
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
