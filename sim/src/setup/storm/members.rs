//! What a storm draws of the members: what leaders are asked for, the autopilot, who goes for good,
//! who comes instead of a wiped node. Disks that fail and messages of another cluster draw from the
//! same place as the wishes.

use crate::rng::Stream;
use crate::setup::{Churn, Setup};
use raftwerk_core::Span;
use raftwerk_core::autopilot::Policy;

/// In one storm of three leaders are asked for something; in one of three disks fail; in one of
/// three another cluster sends messages.
pub(super) fn wishes(draw: &mut Stream, setup: &mut Setup) {
    let churn = churn(draw);
    if draw.below(3) == 0 {
        setup.faults.churn = churn;
    }
    let (fail_pause_min, strangers) = (draw.between(300_000, 3_000_000), draw.below(20_000));
    if draw.below(3) == 0 {
        setup.faults.fail_pause_min = fail_pause_min;
        setup.faults.fail_pause_max = 3 * fail_pause_min;
    }
    if draw.below(3) == 0 {
        setup.network.strangers_per_million = strangers as u32;
    }
}

/// Wishes come while others are on their way, or long after.
fn churn(draw: &mut Stream) -> Churn {
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

/// In one of three storms with five nodes or more, those that are too many begin as spares. In half
/// of these one node goes for good.
pub(super) fn autopilot(draw: &mut Stream, setup: &mut Setup) {
    let nodes = setup.nodes;
    let on = draw.below(3) == 0 && nodes >= 5;
    let policy = policy(draw, nodes);
    if on {
        setup.autopilot = Some(policy);
        setup.learners = nodes - policy.target;
    }
    let (gone, gone_at) = (draw.between(1, nodes), draw.between(100_000, 4_000_000));
    if on && draw.below(2) == 0 {
        (setup.faults.gone, setup.faults.gone_at) = (gone, gone_at);
    }
}

fn policy(draw: &mut Stream, nodes: u64) -> Policy {
    let target = [3, nodes - 2][draw.below(2) as usize].max(3);
    let contact = draw.between(300_000, 600_000);
    let dead_after = contact + draw.between(300_000, 2_000_000);
    Policy {
        target,
        contact: Span(contact),
        slack: draw.between(5, 100),
        stable_after: Span(contact + draw.between(0, 1_500_000)),
        dead_after: Span(dead_after),
        forget_after: Span(dead_after + draw.between(1_000_000, 20_000_000)),
        pause: Span(draw.between(50_000, 800_000)),
    }
}

/// One for each node that will not come back under its name: whose disk is wiped, or whose term and
/// vote rot.
pub(super) fn newcomers(setup: &mut Setup) {
    let (wiped, forgot) = (setup.faults.wiped > 0, setup.faults.rots.vote > 0);
    setup.newcomers = u64::from(wiped) + u64::from(forgot);
    setup.nodes += setup.newcomers;
}
