//! Snapshots in the simulator: taken, sent in pieces over links that lose them, installed, and
//! gone on with after breaks (paper 7, thesis 5).

use raftwerk_sim::{Effort, Intervention, Op, Setup, World, storm};
use raftwerk_wire::view::{ClusterView, NodeView};

/// Three nodes, a limit of ten entries of which four are kept, small chunks.
fn setup(seed: u64) -> Setup {
    let mut setup = Setup::playground(3, seed);
    setup.limits.snapshot_entries = 10;
    setup.limits.retained_entries = 4;
    setup.snapshots.chunk_bytes = 64;
    setup
}

fn run(world: &mut World, micros: u64) {
    let until = world.now() + micros;
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
        assert_eq!(world.violation(), None);
    }
}

fn write(world: &mut World, node: u64, count: u64) {
    for number in 0..count {
        let (key, value) = (format!("k{}", number % 3), number.to_string());
        let op = Op::Put { key, value };
        let client = 1;
        world
            .act(&Intervention::Ask { client, node, op })
            .expect("possible");
        run(world, 200_000);
        assert!(world.is_idle(1) && !world.last_was_unanswered(1));
    }
}

fn node(view: &ClusterView, id: u64) -> &NodeView {
    let found = view.nodes.iter().find(|node| node.id == id);
    found
        .and_then(|node| node.view.as_ref())
        .expect("it is there")
}

/// The leader has written so much that the others, who are cut off, need its snapshot.
fn behind(seed: u64) -> (World, u64, u64) {
    let mut world = World::new(&setup(seed));
    run(&mut world, 2_000_000);
    let leader = world.newest_leader().expect("elected");
    let other = leader % 3 + 1;
    world.act(&Intervention::Isolate(other)).expect("possible");
    write(&mut world, leader, 40);
    (world, leader, other)
}

/// Numbers of the chunks that are on their way.
fn chunks(world: &World) -> Vec<u64> {
    let flights = world.view(world.now()).flights;
    let chunks = flights
        .iter()
        .filter(|one| one.content.kind == "SnapshotChunk");
    chunks.map(|one| one.id).collect()
}

#[test]
fn a_log_that_passes_its_limit_is_trimmed_and_the_rest_is_kept() {
    let (world, leader, _) = behind(1);
    let view = world.view(world.now());
    let leads = node(&view, leader);
    let snapshot = leads.snapshot.as_ref().expect("it has taken one");
    assert!(leads.first > 1 && leads.first + 4 == snapshot.last + 1);
    assert!(leads.log.last - snapshot.last <= 12);
    assert_eq!(world.counts().installs, 0);
    assert!(world.counts().snapshots >= 3);
}

#[test]
fn who_is_behind_the_log_is_sent_the_snapshot_and_goes_on_from_there() {
    let (mut world, leader, other) = behind(2);
    world
        .act(&Intervention::Reconnect(other))
        .expect("possible");
    run(&mut world, 3_000_000);
    let view = world.view(world.now());
    let (from, to) = (node(&view, leader), node(&view, other));
    assert_eq!(world.counts().installs, 1);
    assert_eq!(to.store.digest, from.store.digest);
    assert_eq!((to.commit, to.applied), (from.commit, from.commit));
    assert!(to.first > 1);
    // It restarts from what it was sent, and can lead.
    world.act(&Intervention::Crash(other)).expect("possible");
    world.act(&Intervention::Restart(other)).expect("possible");
    run(&mut world, 1_000_000);
    world.act(&Intervention::Isolate(leader)).expect("possible");
    run(&mut world, 1_000_000);
    world
        .act(&Intervention::Reconnect(leader))
        .expect("possible");
    run(&mut world, 2_000_000);
    let now = world.newest_leader().expect("somebody leads");
    write(&mut world, now, 3);
    world.check_everything();
    assert_eq!(world.violation(), None);
}

/// Trap S7: what has arrived is not sent again.
#[test]
fn lost_chunks_are_sent_again_and_only_they() {
    let sent = |lose: bool| {
        let (mut world, _, other) = behind(3);
        world
            .act(&Intervention::Reconnect(other))
            .expect("possible");
        let (mut seen, mut lost) = (Vec::new(), 0);
        while world.counts().installs == 0 {
            assert!(world.step());
            for id in chunks(&world) {
                if seen.contains(&id) {
                    continue;
                }
                seen.push(id);
                if lose && seen.len() % 3 == 0 {
                    world.act(&Intervention::Drop(id)).expect("possible");
                    lost += 1;
                }
            }
        }
        (seen.len(), lost)
    };
    let (plain, none) = sent(false);
    assert!(plain > 8 && none == 0, "{plain}");
    let (more, lost) = sent(true);
    assert_eq!(more, plain + lost);
    assert!(lost > 3);
}

#[test]
fn a_stream_that_breaks_is_gone_on_with() {
    let (mut world, _, other) = behind(4);
    world
        .act(&Intervention::Reconnect(other))
        .expect("possible");
    let mut seen = Vec::new();
    while world.counts().installs == 0 {
        assert!(world.step());
        let new: Vec<u64> = chunks(&world)
            .into_iter()
            .filter(|id| !seen.contains(id))
            .collect();
        seen.extend(new);
        if seen.len() == 6 {
            seen.push(0);
            world.act(&Intervention::Isolate(other)).expect("possible");
            // Long enough for the sender to give up.
            run(&mut world, 2_000_000);
            assert!(chunks(&world).is_empty());
            world
                .act(&Intervention::Reconnect(other))
                .expect("possible");
        }
    }
    let first = |world: &World| {
        let flights = world.view(world.now()).flights;
        flights
            .iter()
            .filter(|one| one.content.kind == "SnapshotChunk")
            .count()
    };
    assert_eq!(first(&world), 0);
}

/// Most storms take snapshots, many nodes load one, and none of it is noticed by a check.
#[test]
fn storms_take_send_and_install_snapshots() {
    let reports: Vec<_> = (0..30)
        .map(|seed| storm(seed, 6_000, &Effort::default()))
        .collect();
    for report in &reports {
        assert_eq!(report.violation, None, "seed {}", report.seed);
    }
    let taken: u64 = reports.iter().map(|report| report.counts.snapshots).sum();
    let installed: u64 = reports.iter().map(|report| report.counts.installs).sum();
    let without = reports.iter().filter(|report| report.counts.snapshots == 0);
    assert!(
        taken > 300 && installed > 20,
        "{taken} taken, {installed} installed"
    );
    assert!((3..25).contains(&without.count()));
}
