//! Three nodes with leases on, one of which asks whether it could win, then votes for another, then
//! hears that it could: it must not campaign against whom it has just promised its silence (traps
//! L9, and thesis 6.4.1 and 9.6). An audit found this run by hand; two leaders had a lease at once.
//!
//! ```text
//! at     S1                             S2                               S3
//! 160.0                                 asks for pre-votes of term 1
//! 162.0                                 term 1; its disk hangs
//! 165.0  asks for pre-votes of term 1
//! 167.0  hears of term 1 from S2
//! 170.0  asks for pre-votes of term 2
//! 170.2                                 the disk goes on: asks for votes
//! 171.3  votes for S2
//! 172.0  S3 would vote for it
//! 172.3                                 leads term 1, with a lease
//! ```

use raftwerk_core::Span;
use raftwerk_sim::{Intervention, Setup, World};

/// Every message takes a millisecond, every write a tenth, and no timer fires by itself.
pub fn setup() -> Setup {
    let mut setup = Setup::playground(3, 1);
    (setup.network.delay_min, setup.network.delay_max) = (1_000, 1_001);
    (setup.disk.sync_min, setup.disk.sync_max) = (100, 101);
    setup.timing.election_min = Span::millis(150);
    setup.timing.election_max = Span::millis(5_000);
    setup.timing.transfer_limit = Span::millis(5_000);
    (setup.switches.lease_reads, setup.switches.quorum_reads) = (true, true);
    setup
}

fn cut(from: u64, to: u64) -> Intervention {
    Intervention::Cut { from, to }
}

fn restore(from: u64, to: u64) -> Intervention {
    Intervention::Restore { from, to }
}

/// The world after it.
pub fn play(setup: &Setup) -> World {
    let acts = [
        (160_000, Intervention::TimeOut(2)),
        (161_500, Intervention::StallDisk(2)),
        (164_000, cut(3, 1)),
        (164_000, cut(1, 3)),
        (165_000, Intervention::TimeOut(1)),
        (168_000, cut(2, 3)),
        (169_900, restore(3, 1)),
        (169_900, restore(1, 3)),
        (170_000, Intervention::TimeOut(1)),
        (170_200, Intervention::CompleteWrite(2)),
        (172_500, cut(1, 2)),
        (172_500, cut(2, 1)),
    ];
    let mut world = World::traced(setup);
    for (at, what) in acts {
        run_to(&mut world, at);
        world.act_at(&what, at).expect("it is possible");
    }
    run_to(&mut world, 200_000);
    world
}

fn run_to(world: &mut World, until: u64) {
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
    }
}

#[test]
fn who_votes_while_it_asks_does_not_campaign() {
    let world = play(&setup());
    assert_eq!(world.violation(), None);
    assert_eq!(world.newest_leader(), Some(2));
    assert_eq!(world.counts().elections, 1);
}
