//! The world keeps its promises: same seed, same run; faults do what they say; clients get
//! answers; a healed cluster works.

use raftwerk_sim::{
    Effort, Intervention, Op, Setup, World, hash_trail, hash_trail_digest, heal, storm,
};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::view::{ClusterView, NodeCondition, OperationView};

fn settled(nodes: u64) -> (World, u64) {
    let mut world = World::new(&Setup::playground(nodes, 11));
    while world.now() < 2_000_000 && world.step() {}
    let leader = world
        .newest_leader()
        .expect("two seconds are enough for an election");
    (world, leader)
}

fn run(world: &mut World, micros: u64) {
    let until = world.now() + micros;
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
    }
    assert_eq!(world.violation(), None);
}

fn view(world: &World) -> ClusterView {
    world.view(world.now())
}

fn put(key: &str, value: &str) -> Op {
    Op::Put {
        key: key.into(),
        value: value.into(),
    }
}

fn get(key: &str, mode: ReadMode) -> Op {
    Op::Get {
        key: key.into(),
        mode,
    }
}

fn ask(world: &mut World, node: u64, op: Op) -> OperationView {
    world
        .act(&Intervention::Ask {
            client: 1,
            node,
            op,
        })
        .expect("the client is idle");
    while !world.is_idle(1) && world.step() {}
    view(world).clients[0]
        .done
        .last()
        .cloned()
        .expect("it ended")
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..10 {
        let trail = hash_trail(seed, 2_000);
        assert_eq!(trail, hash_trail(seed, 2_000));
        assert_ne!(trail, hash_trail(seed + 1, 2_000));
        assert!(trail.windows(2).all(|pair| pair[0] != pair[1]));
    }
    assert_eq!(hash_trail_digest(1, 500), hash_trail_digest(1, 500));
}

#[test]
fn listening_changes_nothing() {
    let setup = Setup::storm(4);
    let (mut quiet, mut loud) = (World::new(&setup), World::traced(&setup));
    for _ in 0..5_000 {
        assert_eq!(quiet.step(), loud.step());
        assert_eq!(quiet.hash(), loud.hash());
    }
}

#[test]
fn short_storms_pass_and_do_something() {
    let (mut commits, mut elections) = (0, 0);
    for seed in 0..30 {
        let report = storm(seed, 4_000, &Effort::default());
        assert_eq!(report.violation, None, "storm --seed {seed} --steps 4000");
        commits += report.counts.commits;
        elections += report.counts.elections;
    }
    assert!(
        commits > 1_000 && elections > 50,
        "{commits} commits, {elections} elections"
    );
}

#[test]
fn clients_write_and_read_through_any_node() {
    let (mut world, leader) = settled(5);
    let follower = leader % 5 + 1;
    let answer = ask(&mut world, follower, put("x", "1"));
    assert_eq!(answer.outcome.as_deref(), Some("ok"));
    assert_eq!(answer.node, leader, "it followed the hint");
    for mode in [ReadMode::Leader, ReadMode::Follower] {
        let answer = ask(&mut world, follower, get("x", mode));
        assert_eq!(answer.answer.as_deref(), Some("x=1 at revision 2"));
    }
    let op = Op::CompareAndSet {
        key: "x".into(),
        expect: Some("7".into()),
        value: "8".into(),
    };
    let answer = ask(&mut world, leader, op);
    assert_eq!(answer.outcome.as_deref(), Some("failed"));
    let answer = ask(&mut world, leader, Op::Delete { key: "x".into() });
    assert_eq!(answer.answer.as_deref(), Some("deleted as revision 3"));
    let answer = ask(&mut world, leader, get("x", ReadMode::Stale));
    assert!(
        answer
            .answer
            .is_some_and(|text| text.starts_with("x is not set (at most "))
    );
}

#[test]
fn a_busy_client_a_missing_node_and_an_empty_key_are_refused_in_words() {
    let (mut world, leader) = settled(3);
    let what = Intervention::Ask {
        client: 1,
        node: leader,
        op: put("x", "1"),
    };
    world.act(&what).unwrap();
    let hash = world.hash();
    assert_eq!(
        world.act(&what).unwrap_err(),
        "C1 still waits for the answer to put x=1."
    );
    let told = world.act(&Intervention::Crash(4)).unwrap_err();
    assert_eq!(told, "There is no S4; the nodes are S1 to S3.");
    let told = world.act(&Intervention::Restart(leader)).unwrap_err();
    assert_eq!(told, format!("S{leader} has not crashed."));
    let what = Intervention::Ask {
        client: 2,
        node: 1,
        op: put("", "1"),
    };
    assert!(world.act(&what).unwrap_err().contains("key is empty"));
    let told = world.act(&Intervention::TimeOut(leader)).unwrap_err();
    assert!(told.contains("is the leader"));
    assert_eq!(world.hash(), hash, "what is refused changes nothing");
}

#[test]
fn without_a_majority_a_write_ends_unknown_and_with_one_again_ok() {
    let (mut world, leader) = settled(3);
    assert_eq!(
        ask(&mut world, leader, put("x", "0")).outcome.as_deref(),
        Some("ok")
    );
    let others: Vec<u64> = (1..=3).filter(|node| *node != leader).collect();
    for node in &others {
        world.act(&Intervention::Crash(*node)).unwrap();
    }
    let answer = ask(&mut world, leader, put("x", "1"));
    assert_eq!(answer.outcome.as_deref(), Some("unknown"), "{answer:?}");
    for node in &others {
        world.act(&Intervention::Restart(*node)).unwrap();
    }
    run(&mut world, 3_000_000);
    assert_eq!(
        ask(&mut world, 1, put("x", "2")).outcome.as_deref(),
        Some("ok")
    );
}

#[test]
fn a_crash_keeps_what_was_synced_and_loses_what_was_not() {
    let mut setup = Setup::playground(1, 1);
    (setup.disk.sync_min, setup.disk.sync_max) = (50_000, 50_000);
    let mut world = World::new(&setup);
    run(&mut world, 2_000_000);
    let what = Intervention::Ask {
        client: 1,
        node: 1,
        op: put("x", "1"),
    };
    world.act(&what).unwrap();
    while view(&world).nodes[0].view.as_ref().unwrap().log.last < 4 {
        assert!(world.step());
    }
    let before = view(&world).nodes[0].view.clone().unwrap();
    assert_eq!((before.disk.durable, before.disk.writing), (3, 1));
    world.act(&Intervention::Crash(1)).unwrap();
    let after = view(&world).nodes[0].clone();
    assert_eq!(after.condition, NodeCondition::Crashed);
    assert_eq!(after.view.unwrap().log.last, 3, "the write was under way");
    world.act(&Intervention::Restart(1)).unwrap();
    run(&mut world, 10_000_000);
    let done = view(&world).clients[0].done.clone();
    assert_eq!(
        done.last().unwrap().outcome.as_deref(),
        Some("ok"),
        "the client tried again"
    );
}

#[test]
fn a_frozen_leader_is_replaced_and_follows_when_it_thaws() {
    let (mut world, leader) = settled(5);
    world.act(&Intervention::Freeze(leader)).unwrap();
    run(&mut world, 3_000_000);
    let next = world.newest_leader().unwrap();
    assert_ne!(next, leader);
    world.act(&Intervention::Thaw(leader)).unwrap();
    run(&mut world, 1_000_000);
    let thawed = view(&world).nodes[leader as usize - 1]
        .view
        .clone()
        .unwrap();
    assert_eq!(thawed.leader, Some(next));
}

#[test]
fn a_partition_shows_its_groups_and_only_the_majority_goes_on() {
    let (mut world, leader) = settled(5);
    let other = leader % 5 + 1;
    world
        .act(&Intervention::Partition(vec![vec![leader, other]]))
        .unwrap();
    let groups = view(&world).groups;
    assert_eq!(groups.len(), 2);
    assert!(groups[0].quorum && !groups[1].quorum);
    run(&mut world, 3_000_000);
    assert!(![leader, other].contains(&world.newest_leader().unwrap()));
    world.act(&Intervention::Heal).unwrap();
    assert!(view(&world).groups.is_empty());
    run(&mut world, 2_000_000);
    assert_eq!(
        ask(&mut world, leader, put("x", "1")).outcome.as_deref(),
        Some("ok")
    );
}

#[test]
fn a_one_way_cut_stops_one_direction_only() {
    let (mut world, _) = settled(3);
    world.act(&Intervention::Cut { from: 1, to: 2 }).unwrap();
    assert_eq!(view(&world).cuts, vec![(1, 2)]);
    for _ in 0..200 {
        world.step();
        let shown = view(&world);
        let hit = |flight: &&raftwerk_wire::view::Flight| (flight.from, flight.to) == (1, 2);
        assert!(shown.flights.iter().filter(hit).all(|flight| flight.lost));
        assert!(
            shown
                .flights
                .iter()
                .filter(|f| !hit(f))
                .all(|flight| !flight.lost)
        );
    }
}

#[test]
fn messages_can_be_dropped_hurried_and_doubled() {
    let (mut world, _) = settled(3);
    while view(&world).flights.len() < 2 {
        world.step();
    }
    let flights = view(&world).flights;
    let (one, two) = (flights[0].id, flights[1].id);
    world.act(&Intervention::Duplicate(one)).unwrap();
    assert_eq!(view(&world).flights.len(), flights.len() + 1);
    world.act(&Intervention::Drop(one)).unwrap();
    assert!(view(&world).flights.iter().all(|flight| flight.id != one));
    assert!(world.act(&Intervention::Drop(one)).is_err());
    world.act(&Intervention::Deliver(two)).unwrap();
    let due = view(&world)
        .flights
        .iter()
        .find(|flight| flight.id == two)
        .unwrap()
        .due;
    assert_eq!(due, Some(world.now()));
}

#[test]
fn lone_nodes_and_large_clusters_work() {
    for nodes in [1, 2, 9] {
        let (mut world, _) = settled(nodes);
        assert_eq!(
            ask(&mut world, 1, put("x", "1")).outcome.as_deref(),
            Some("ok")
        );
    }
}

#[test]
fn a_cluster_that_cannot_make_progress_is_reported_as_stuck() {
    let mut setup = Setup::playground(3, 1);
    // Slower than any election timeout: no leader can ever be heard in time.
    (setup.network.delay_min, setup.network.delay_max) = (2_000_000, 2_000_000);
    setup.patience.operation = 3_000_000;
    let mut world = World::new(&setup);
    heal(&mut world);
    assert_eq!(
        world.violation().map(|v| v.check),
        Some("Progress after healing")
    );
}
