//! Hard cases that chance meets too seldom: the log that only a removed node holds (trap M5), a
//! leader that nobody hears and everybody asks (C5), a snapshot that comes later than the next one
//! is taken (S10), an entry that is lost in a crash when nothing else comes (R11), a disk that lied
//! (R5); and one that chance meets often and nobody can tell from other elections: a leader that
//! hands over (E13).

use super::calm::{act, idle, play, put, put_by, started, until};
use crate::intervention::Intervention;
use crate::network::{Content, Flight};
use crate::setup::Setup;
use crate::world::World;
use raftwerk_core::Limits;

/// Four nodes, so that the one that is removed and two others are a majority.
pub(super) fn four(seed: u64) -> Setup {
    Setup {
        nodes: 4,
        clients: 1,
        ..idle(seed)
    }
}

/// The entry that removes a node reaches that node alone, and the leader stops: the others find a
/// leader all the same (thesis 4.2.2, figure 4.6).
pub(super) fn last_copy(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    put(world, leader, "x");
    play(world, 1_000_000);
    let last = |world: &World| world.nodes[node as usize - 1].seen.last;
    let before = last(world);
    act(world, Intervention::Partition(vec![vec![leader, node]]));
    let voters = (1..=4).filter(|one| *one != node).collect();
    let learners = Vec::new();
    let change = Intervention::Reconfigure {
        node: leader,
        voters,
        learners,
    };
    act(world, change);
    until(world, 200_000, |world| last(world) > before);
    act(world, Intervention::Crash(leader));
    act(world, Intervention::Heal);
    let long = 20 * world.setup().timing.election_max.0;
    play(world, long);
    if world.leaders().next().is_none() {
        let detail = format!("S{leader} is down and the last entry is on S{node} alone, which it");
        world.report_unavailable(format!("{detail} removes: nobody leads after {long} us"));
    }
}

/// Clients that write more than may wait to be committed.
pub(super) fn many_clients(seed: u64) -> Setup {
    let idle = idle(seed);
    Setup {
        clients: 8,
        limits: Limits {
            uncommitted_bytes: 4 << 10,
            command_bytes: 2 << 10,
            ..idle.limits
        },
        ..idle
    }
}

/// A leader is cut off, and everybody writes through it.
pub(super) fn unheard(world: &mut World, _: u64) {
    let Some((leader, ..)) = started(world) else {
        return;
    };
    // The first write of each opens its session.
    for client in 1..=8 {
        put_by(world, client, leader, "x");
    }
    play(world, 2_000_000);
    act(world, Intervention::Isolate(leader));
    for client in 1..=8 {
        put_by(world, client, leader, &"x".repeat(1_000));
    }
    let timing = world.setup().timing;
    play(world, 4 * timing.election_max.0);
}

/// A follower has received an entry, and its leader knows; it loses the entry in a crash, before its
/// disk has it, and nothing new is written: it gets the entry again.
pub(super) fn forgotten(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    put(world, leader, "x");
    play(world, 1_000_000);
    act(world, Intervention::StallDisk(node));
    put(world, leader, "late");
    let timing = world.setup().timing;
    play(world, 4 * timing.heartbeat.0);
    act(world, Intervention::Crash(node));
    act(world, Intervention::ResumeDisk(node));
    act(world, Intervention::Restart(node));
    play(world, 10 * timing.election_max.0);
    let committed = world.committed();
    if !world.applied_everywhere(committed) {
        let detail = format!("S{node} lost an entry in a crash, which S{leader} knows it received");
        world.report_unavailable(format!("{detail}; it has not applied {committed}"));
    }
}

/// Three nodes, so that one and the leader are a majority.
pub(super) fn three(seed: u64) -> Setup {
    Setup {
        nodes: 3,
        clients: 1,
        ..idle(seed)
    }
}

/// A follower acknowledges an entry, of which its disk loses all in a crash though it had said that
/// it is there. The leader's own disk is slow, so that nothing is committed yet; when it comes to
/// it, the leader has heard that the follower lacks the entry, and must not count it.
pub(super) fn lied(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    put(world, leader, "x");
    play(world, 1_000_000);
    let committed = world.committed();
    let third = 6 - leader - node;
    act(world, Intervention::Isolate(third));
    act(world, Intervention::StallDisk(leader));
    let disk = &mut world.nodes[node as usize - 1].disk;
    *disk = std::mem::take(disk).lying(1);
    // Figure 2 takes disks at their word.
    if let Some(onlooker) = &mut world.onlooker {
        onlooker.close_the_paper();
    }
    put(world, leader, "late");
    let timing = world.setup().timing;
    play(world, timing.heartbeat.0);
    act(world, Intervention::Crash(node));
    act(world, Intervention::Restart(node));
    play(world, 2 * timing.heartbeat.0);
    act(world, Intervention::ResumeDisk(leader));
    play(world, timing.heartbeat.0);
    act(world, Intervention::Reconnect(third));
    play(world, 10 * timing.heartbeat.0);
    if world.committed() == committed {
        let detail = format!("S{node} is of no use, and S{third} is back: nothing is committed");
        world.report_unavailable(detail);
    }
}

/// Leadership is handed over: long before an election timeout is over the node that is named leads.
pub(super) fn handed_over(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    put(world, leader, "x");
    play(world, 1_000_000);
    let to = Some(node);
    act(world, Intervention::Transfer { node: leader, to });
    let soon = world.setup().timing.election_min.0 / 2;
    let leads = |world: &World| world.newest_leader() == Some(node);
    until(world, soon, leads);
    if !leads(world) {
        let detail = format!("S{leader} hands over to S{node}, which does not lead");
        world.report_unavailable(format!("{detail} after {soon} us"));
    }
}

/// Snapshots are taken often, nothing before them is kept, and a chunk that is lost is not soon
/// sent again.
pub(super) fn often(seed: u64) -> Setup {
    let mut setup = idle(seed);
    (setup.nodes, setup.clients) = (3, 1);
    (setup.limits.snapshot_entries, setup.limits.retained_entries) = (10, 0);
    setup.snapshots.resend = 60_000_000;
    setup
}

/// Each snapshot for a node that was away comes when the leader has taken the next one. The first
/// that comes must do, or none ever would.
pub(super) fn overtaken_snapshots(world: &mut World, _: u64) {
    let Some((leader, node, _)) = started(world) else {
        return;
    };
    act(world, Intervention::Isolate(node));
    write_until_snapshot(world, leader);
    act(world, Intervention::Reconnect(node));
    for _ in 0..4 {
        let chunks = |world: &World| chunks(world);
        until(world, 2_000_000, |world| !chunks(world).is_empty());
        let held = chunks(world);
        if held.is_empty() {
            break;
        }
        for message in &held {
            act(world, Intervention::Hold(*message));
        }
        write_until_snapshot(world, leader);
        for message in held {
            act(world, Intervention::Deliver(message));
        }
        // It arrives, is put in place and answered.
        play(world, 200_000);
    }
    play(world, 1_000_000);
    let installs = world.counts().installs;
    if installs > 1 || !world.applied_everywhere(world.committed()) {
        let detail = format!("S{node} has loaded {installs} snapshots, one after the other");
        world.report_unavailable(format!(
            "{detail}: the log after each was gone when it came"
        ));
    }
}

/// Writes until the leader has taken another snapshot, and what came before it is gone.
fn write_until_snapshot(world: &mut World, leader: u64) {
    let taken = |world: &World| world.nodes[leader as usize - 1].seen.snapshot;
    let before = taken(world);
    for _ in 0..30 {
        put(world, leader, "x");
        until(world, 500_000, |world| world.is_idle(1));
        if taken(world) > before {
            return;
        }
    }
    until(world, 500_000, |world| taken(world) > before);
}

fn chunks(world: &World) -> Vec<u64> {
    let is_chunk = |flight: &&Flight| matches!(flight.content, Content::Chunk(_));
    let flights = world.network.flights();
    let found = flights
        .into_iter()
        .filter(|flight| is_chunk(flight) && !flight.is_held());
    found.map(|flight| flight.id).collect()
}
