//! The host around a core: a busy one takes up much at once, a slow state machine keeps answers
//! waiting, a disk that hangs costs the crown (trap D8), one that fails ends the node (D2),
//! strangers are not heard (E20); and none of it moves other draws.

use super::{act, node, run};
use raftwerk_core::trace::{Kind, Role, TransferReason};
use raftwerk_sim::{FaultPlan, Intervention, Op, Setup, World, heal};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::view::NodeCondition;

fn settled(setup: &Setup) -> (World, u64) {
    let mut world = World::traced(setup);
    run(&mut world, 3_000_000);
    let leader = world.newest_leader().expect("three seconds are enough");
    (world, leader)
}

fn ask(world: &mut World, client: u64, node: u64, op: Op) {
    let what = Intervention::Ask { client, node, op };
    world.act(&what).expect("the client is idle");
}

fn put(key: &str, value: &str) -> Op {
    Op::Put {
        key: key.into(),
        value: value.into(),
    }
}

/// Sixteen clients open their sessions at a leader that is busy: what came in is one write.
#[test]
fn a_busy_host_takes_up_everything_before_one_drain() {
    let mut setup = Setup::playground(3, 1);
    setup.clients = 16;
    (setup.host.busy_per_million, setup.host.busy_max) = (1_000_000, 30_000);
    let (mut world, leader) = settled(&setup);
    for client in 1..=16 {
        ask(&mut world, client, leader, put("x", "1"));
    }
    let (mut together, mut writing) = (0, 0);
    while !(1..=16).all(|client| world.is_idle(client)) {
        let before = node(&world, leader).disk.writing;
        assert!(world.step());
        let appended = |event: &&raftwerk_wire::view::EventView| {
            matches!(event.event.kind, Kind::AppendedCommand { .. })
        };
        let count = world.fresh_events().iter().filter(appended).count();
        if count > together && before == 0 {
            (together, writing) = (count, node(&world, leader).disk.writing);
        }
    }
    assert!(together >= 4, "at most {together} were taken up together");
    assert_eq!(writing, 1, "one drain makes one write");
    run(&mut world, 1_000_000);
    assert_eq!(node(&world, leader).store.keys, 1);
}

#[test]
fn a_slow_state_machine_keeps_answers_and_reads_waiting() {
    let mut setup = Setup::playground(3, 1);
    (setup.host.apply_min, setup.host.apply_max) = (200_000, 200_000);
    let (mut world, leader) = settled(&setup);
    ask(&mut world, 1, leader, put("x", "1"));
    let shown = |world: &World, client: usize| {
        let view = world.view(world.now());
        view.clients[client].done.last().cloned()
    };
    // First its session, then the write itself: each waits for its batch.
    let (mut behind, mut follower) = (0, leader % 3 + 1);
    while node(&world, leader).store.keys == 0 {
        assert!(world.step());
        let view = node(&world, leader);
        behind = behind.max(view.commit - view.applied);
        assert_eq!(shown(&world, 0), None);
    }
    assert!(behind > 0, "committed and not yet applied");
    if node(&world, follower).applied == world.committed() {
        follower = follower % 3 + 1;
    }
    assert!(node(&world, follower).applied < world.committed());
    let (key, mode) = ("x".into(), ReadMode::Follower);
    ask(&mut world, 2, follower, Op::Get { key, mode });
    while !world.is_idle(2) {
        assert!(world.step());
    }
    let read = shown(&world, 1).and_then(|read| read.answer);
    assert_eq!(read.as_deref(), Some("x=1 at revision 2"));
    assert_eq!(node(&world, follower).applied, world.committed());
    let written = shown(&world, 0).expect("it ended");
    assert_eq!(written.outcome.as_deref(), Some("ok"));
    assert!(
        written
            .ended
            .is_some_and(|ended| ended - written.started > 400_000)
    );
    assert_eq!(world.violation(), None);
}

#[test]
fn d8_a_leader_whose_disk_hangs_is_replaced_and_catches_up_when_it_goes_on() {
    let (mut world, leader) = settled(&Setup::playground(3, 1));
    act(&mut world, Intervention::StallDisk(leader));
    let told = world.act(&Intervention::StallDisk(leader)).unwrap_err();
    assert_eq!(told, format!("The disk of S{leader} hangs already."));
    run(&mut world, 3_000_000);
    assert_eq!(node(&world, leader).role, Role::Leader, "nothing to write");
    ask(&mut world, 1, leader, put("x", "1"));
    let mut handed_over = false;
    let until = world.now() + 3_000_000;
    while world.now() < until {
        assert!(world.step());
        handed_over |= world.fresh_events().iter().any(|event| {
            let why = TransferReason::DiskStalled;
            let kind = &event.event.kind;
            matches!(kind, Kind::TransferStarted { why: reason, .. } if *reason == why)
                && event.event.node.0 == leader
        });
    }
    assert!(handed_over);
    assert_ne!(world.newest_leader(), Some(leader));
    let hung = node(&world, leader);
    assert!(hung.disk.writing > 0 && hung.disk.durable < world.committed());
    act(&mut world, Intervention::ResumeDisk(leader));
    assert!(world.act(&Intervention::ResumeDisk(leader)).is_err());
    run(&mut world, 1_000_000);
    let well = node(&world, leader);
    assert_eq!(
        (well.disk.writing, well.disk.durable),
        (0, world.committed())
    );
    assert_eq!(well.applied, world.committed());
}

/// A follower whose disk hangs has received a write, and dies with it.
fn robbed_of_a_write() -> (World, u64, u64) {
    let (mut world, leader) = settled(&Setup::playground(3, 1));
    let follower = leader % 3 + 1;
    act(&mut world, Intervention::StallDisk(follower));
    ask(&mut world, 1, leader, put("x", "1"));
    run(&mut world, 500_000);
    assert!(node(&world, follower).disk.writing > 0);
    act(&mut world, Intervention::Crash(follower));
    act(&mut world, Intervention::Restart(follower));
    (world, leader, follower)
}

/// A crash does not mend a disk that hangs.
#[test]
fn a_disk_hangs_on_through_a_restart() {
    let (mut world, leader, follower) = robbed_of_a_write();
    ask(&mut world, 1, leader, put("x", "2"));
    run(&mut world, 500_000);
    let view = node(&world, follower);
    assert!(view.disk.writing > 0 && view.disk.durable < world.committed());
    act(&mut world, Intervention::ResumeDisk(follower));
    run(&mut world, 500_000);
    assert_eq!(node(&world, follower).disk.durable, world.committed());
}

/// What a follower had received and lost in a crash is sent again though nothing new is written.
/// The leader knew it as received and hears in every heartbeat that it is not there any more.
#[test]
fn what_a_crash_took_from_a_follower_is_sent_again() {
    let (mut world, _, follower) = robbed_of_a_write();
    act(&mut world, Intervention::ResumeDisk(follower));
    run(&mut world, 5_000_000);
    let view = node(&world, follower);
    assert_eq!(
        (view.disk.durable, view.applied),
        (world.committed(), world.committed())
    );
}

/// Up to the first stall a world with stalls is the world without them, to the last message.
#[test]
fn a_class_of_faults_more_shifts_no_other_draw() {
    let mut with = Setup::storm(3);
    (with.faults.stall_pause_min, with.faults.stall_pause_max) = (5_000_000, 6_000_000);
    (with.faults.stall_min, with.faults.stall_max) = (1_000_000, 1_000_000);
    let mut without = with.clone();
    (
        without.faults.stall_pause_min,
        without.faults.stall_pause_max,
    ) = (0, 0);
    let (mut with, mut without) = (World::new(&with), World::new(&without));
    while with.next_time().is_some_and(|next| next < 5_000_000) {
        assert!(with.step() && without.step());
        let now = with.now();
        assert_eq!(with.view(now), without.view(now));
    }
    assert!(with.events() > 1_000);
    let differs = (0..20_000).any(|_| {
        with.step();
        without.step();
        with.view(0) != without.view(0)
    });
    assert!(differs, "a stall changes something");
}

/// Every new model is really drawn, and most worlds do without each.
#[test]
fn storms_draw_busy_hosts_slow_state_machines_and_rough_disks() {
    let storms: Vec<Setup> = (0..200).map(Setup::storm).collect();
    let share = |is: fn(&Setup) -> bool| storms.iter().filter(|setup| is(setup)).count();
    for count in [
        share(|setup| setup.host.busy_per_million > 0),
        share(|setup| setup.host.apply_max > 0),
        share(|setup| setup.disk.keep_per_million > 0),
        share(|setup| setup.disk.tear_per_million > 0),
        share(|setup| setup.disk.reorder_per_million > 0),
        share(|setup| setup.faults.stalls()),
    ] {
        assert!((50..=150).contains(&count), "{count} of 200");
    }
    assert!(!FaultPlan::default().stalls());
}

/// A disk that fails a write ends its node for good (trap D2); it comes back later, and nothing
/// that was promised is lost.
#[test]
fn disks_that_fail_end_their_nodes() {
    let mut ended = 0;
    for seed in 0..10 {
        let mut setup = Setup::storm(seed);
        setup.faults = FaultPlan {
            lasts_min: 100_000,
            lasts_max: 400_000,
            most_down: 1,
            fail_pause_min: 200_000,
            fail_pause_max: 800_000,
            ..FaultPlan::default()
        };
        let mut world = World::new(&setup);
        let mut down = 0;
        for _ in 0..8_000 {
            world.step();
            let crashed = |node: &u64| world.glance(*node).unwrap().2 == NodeCondition::Crashed;
            let now = (1..=setup.nodes).filter(crashed).count();
            ended += usize::from(now > down);
            down = now;
        }
        heal(&mut world);
        assert_eq!(world.violation(), None, "seed {seed}");
    }
    assert!(ended > 30, "{ended}");
}

/// Messages of another cluster come in and are not heard (trap E20).
#[test]
fn strangers_are_not_heard() {
    let mut setup = Setup::playground(3, 5);
    setup.network.strangers_per_million = 1_000_000;
    let mut world = World::traced(&setup);
    let (mut strange, mut terms) = (0, std::collections::BTreeSet::new());
    while world.now() < 5_000_000 && world.step() {
        for view in world.fresh_events() {
            let told = format!("{:?}", view.event.kind);
            strange += usize::from(told.contains("WrongAddress"));
            terms.insert(view.event.term);
        }
    }
    assert_eq!(world.violation(), None);
    assert!(strange > 300, "{strange}");
    assert_eq!(world.counts().elections, 1, "{terms:?}");
}
