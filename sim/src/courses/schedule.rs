//! The schedule of 2015: why a leader changes no members before an entry of its own term is
//! committed (the correction of that year to thesis 4.1; trap M1).
//!
//! Two leaders, each by one step from the same members, come to memberships whose majorities do
//! not meet. The older change must not be committed any more once the newer one may be; an entry
//! of the newer leader's own term makes sure of that. Chance meets this order of things too
//! seldom, so it is played by hand; only times and who is elected in the middle are drawn.

use crate::intervention::{Intervention, Op};
use crate::setup::{Setup, Workload};
use crate::world::World;

/// S1 to S4 are to be the members; S5 is the one that S1 adds.
pub(super) fn setup(seed: u64) -> Setup {
    let calm = super::calm::setup(seed);
    Setup {
        nodes: 5,
        clients: 2,
        workload: Workload::default(),
        ..calm
    }
}

/// Plays it as far as the rule lets it go.
pub(super) fn play(world: &mut World, _: u64) {
    let _ = start(world).and_then(|()| overtake(world));
}

/// S1 leads S1 to S4 with S5 as a learner, and adds S5 when only S5 hears it.
fn start(world: &mut World) -> Option<()> {
    elect(world, 1)?;
    wait(world, 500_000);
    change(world, 1, &[1, 2, 3, 4], &[5]);
    wait(world, 1_000_000);
    let two = Intervention::Partition(vec![vec![1, 5], vec![2, 3, 4]]);
    act(world, two);
    change(world, 1, &[1, 2, 3, 4, 5], &[]);
    Some(())
}

/// One of the others is elected and drops S1 at once, heard by one of the two that are left; then
/// S1 is elected again, by the members it has added, and by the other of the two.
fn overtake(world: &mut World) -> Option<()> {
    let elected = |world: &World| (2..=4).contains(&world.newest_leader().unwrap_or(1));
    until(world, 5_000_000, elected)?;
    let second = world.newest_leader()?;
    let others: Vec<u64> = (2..=4).filter(|node| *node != second).collect();
    let apart = vec![vec![1, 5], vec![second, others[0]], vec![others[1]]];
    act(world, Intervention::Partition(apart));
    change(world, second, &[2, 3, 4], &[]);
    put(world, 1, second, "theirs");
    wait(world, 1_000_000);
    let apart = vec![vec![1, 5, others[1]], vec![second, others[0]]];
    act(world, Intervention::Partition(apart));
    elect(world, 1)?;
    put(world, 2, 1, "ours");
    wait(world, 1_000_000);
    act(world, Intervention::Heal);
    wait(world, 3_000_000);
    Some(())
}

/// Lets the node's election timer fire until it leads.
fn elect(world: &mut World, node: u64) -> Option<()> {
    for _ in 0..20 {
        act(world, Intervention::TimeOut(node));
        let leads = |world: &World| world.newest_leader() == Some(node);
        if until(world, 300_000, leads).is_some() {
            return Some(());
        }
    }
    None
}

fn change(world: &mut World, node: u64, voters: &[u64], learners: &[u64]) {
    let (voters, learners) = (voters.to_vec(), learners.to_vec());
    act(
        world,
        Intervention::Reconfigure {
            node,
            voters,
            learners,
        },
    );
}

fn put(world: &mut World, client: u64, node: u64, value: &str) {
    let op = Op::Put {
        key: "x".into(),
        value: value.into(),
    };
    act(world, Intervention::Ask { client, node, op });
}

/// Carries it out; what cannot be done here is left.
fn act(world: &mut World, what: Intervention) {
    let _ = world.act(&what);
}

fn wait(world: &mut World, micros: u64) {
    until(world, micros, |_| false);
}

/// Plays on until something holds, for so long at most.
fn until(world: &mut World, micros: u64, holds: impl Fn(&World) -> bool) -> Option<()> {
    let end = world.now() + micros;
    loop {
        if holds(world) {
            return Some(());
        }
        if world.next_time().is_none_or(|next| next > end) || !world.step() {
            return None;
        }
    }
}
