//! Time travel: going somewhere is the same as having played there, on every branch.

use proptest::prelude::*;
use raftwerk_sim::{History, Intervention, Op, Setup};
use raftwerk_wire::client::ReadMode;

/// A world with everything in it: faults, a workload, losses.
fn lively(seed: u64) -> Setup {
    let mut setup = Setup::storm(seed);
    (setup.nodes, setup.learners, setup.autopilot) = (3, 0, None);
    (
        setup.faults.most_down,
        setup.faults.gone,
        setup.faults.wiped,
    ) = (1, 0, 0);
    setup
}

#[derive(Clone, Debug)]
enum Deed {
    Play(u64),
    Seek(u64),
    Back,
    Act(Intervention),
    Switch(usize),
    NextLandmark,
    PreviousLandmark,
}

fn intervention() -> impl Strategy<Value = Intervention> {
    let node = || 1..=3u64;
    let key = prop_oneof![Just("x".to_string()), Just("y".to_string())];
    let op = prop_oneof![
        (key.clone(), 0..9u8).prop_map(|(key, n)| Op::Put {
            key,
            value: n.to_string()
        }),
        key.prop_map(|key| Op::Get {
            key,
            mode: ReadMode::Follower
        }),
    ];
    prop_oneof![
        node().prop_map(Intervention::Crash),
        node().prop_map(Intervention::Restart),
        node().prop_map(Intervention::Freeze),
        node().prop_map(Intervention::Thaw),
        node().prop_map(Intervention::TimeOut),
        node().prop_map(Intervention::StallDisk),
        node().prop_map(Intervention::ResumeDisk),
        (node(), 0..3_000u64).prop_map(|(node, left)| Intervention::FillDisk { node, left }),
        node().prop_map(Intervention::FreeDisk),
        (node(), 1..3_000_000u32).prop_map(|(node, rate)| Intervention::RunClock { node, rate }),
        (node(), 0..5_000_000u64).prop_map(|(node, by)| Intervention::JumpClock { node, by }),
        node().prop_map(Intervention::Isolate),
        node().prop_map(Intervention::Reconnect),
        (node(), node()).prop_map(|(from, to)| Intervention::Cut { from, to }),
        node().prop_map(|node| Intervention::Partition(vec![vec![node]])),
        Just(Intervention::Heal),
        (node(), node()).prop_map(|(from, to)| Intervention::Clog { from, to }),
        (node(), node()).prop_map(|(from, to)| Intervention::Unclog { from, to }),
        (1..400u64).prop_map(Intervention::Drop),
        (1..400u64).prop_map(Intervention::Deliver),
        (1..400u64).prop_map(Intervention::Duplicate),
        (1..=2u64, node(), op).prop_map(|(client, node, op)| Intervention::Ask {
            client,
            node,
            op
        }),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1..700u64).prop_map(Deed::Play),
        3 => (0..3_000u64).prop_map(Deed::Seek),
        2 => Just(Deed::Back),
        5 => intervention().prop_map(Deed::Act),
        1 => (0..6usize).prop_map(Deed::Switch),
        1 => Just(Deed::NextLandmark),
        1 => Just(Deed::PreviousLandmark),
    ]
}

fn carry_out(history: &mut History, deed: Deed) {
    match deed {
        Deed::Play(count) => play(history, count),
        Deed::Seek(position) => history.seek(position),
        Deed::Back => {
            history.back();
        }
        Deed::Act(what) => {
            let at = history
                .next_time()
                .map_or(history.now(), |next| (history.now() + next) / 2);
            let before = history.hash();
            let (position, branches) = (history.position(), history.branches().len());
            if history.act(what, at).is_err() {
                let after = (history.position(), history.branches().len());
                assert_eq!((history.hash(), after), (before, (position, branches)));
            }
        }
        Deed::Switch(id) => history.switch(id),
        Deed::NextLandmark => {
            history.next_landmark();
        }
        Deed::PreviousLandmark => {
            history.previous_landmark();
        }
    }
}

fn play(history: &mut History, count: u64) {
    for _ in 0..count {
        if !history.forward() {
            break;
        }
    }
}

/// Position by position: state hash, time, and the events up to there.
type Trail = Vec<(u64, u64, Option<u64>)>;

fn trail(history: &mut History) -> Trail {
    history.seek(0);
    let mut trail = Vec::new();
    loop {
        let last = history.recent_events(1).last().map(|event| event.id);
        trail.push((history.hash(), history.now(), last));
        if history.position() == history.end() {
            return trail;
        }
        assert!(history.forward());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn seeking_is_the_same_as_playing(
        seed in 0..1_000u64,
        storm: bool,
        deeds in prop::collection::vec(deed(), 1..40),
        places in prop::collection::vec((0..6usize, 0..4_000u64), 1..25),
    ) {
        let setup = if storm { lively(seed) } else { Setup::playground(3, seed) };
        let mut history = History::new(setup);
        for deed in deeds {
            carry_out(&mut history, deed);
        }
        let mut trails = Vec::new();
        for branch in history.branches() {
            history.switch(branch.id);
            prop_assert_eq!(history.branch(), branch.id);
            trails.push((branch.id, trail(&mut history)));
        }
        for (pick, position) in places {
            let (id, trail) = &trails[pick % trails.len()];
            history.switch(*id);
            let position = position % trail.len() as u64;
            history.seek(position);
            prop_assert_eq!(history.position(), position);
            let last = history.recent_events(1).last().map(|event| event.id);
            prop_assert_eq!((history.hash(), history.now(), last), trail[position as usize]);
        }
        prop_assert_eq!(history.world().violation(), None);
    }
}

#[test]
fn events_are_the_same_after_seek_and_replay() {
    let mut history = History::new(lively(3));
    play(&mut history, 3_000);
    let told = history.recent_events(200);
    assert_eq!(told.len(), 200);
    assert!(told.windows(2).all(|pair| pair[0].id + 1 == pair[1].id));
    history.seek(1_500);
    let middle = history.recent_events(50);
    assert!(middle.iter().all(|event| event.step <= 1_500));
    history.seek(3_000);
    assert_eq!(history.recent_events(200), told);
    for event in &told {
        assert_eq!(history.event(event.id).as_ref(), Some(event));
        let cause = event
            .cause
            .map(|cause| history.event(cause).expect("causes are kept"));
        assert!(cause.is_none_or(|cause| cause.id < event.id && cause.step <= event.step));
    }
}

#[test]
fn a_chain_of_causes_leads_from_a_follower_back_to_its_leader() {
    let mut history = History::new(Setup::playground(3, 5));
    history.run_until(2_000_000, 10_000);
    let op = Op::Put {
        key: "x".into(),
        value: "1".into(),
    };
    let now = history.now();
    history
        .act(
            Intervention::Ask {
                client: 1,
                node: 1,
                op,
            },
            now,
        )
        .unwrap();
    history.run_until(now + 300_000, 10_000);
    let leader = history.world().newest_leader().expect("there is a leader");
    let follower = history.recent_events(400).into_iter().rev().find(|event| {
        let commits = matches!(
            event.event.kind,
            raftwerk_core::trace::Kind::Committed { .. }
        );
        commits && event.event.node.0 != leader
    });
    let mut chain = vec![follower.expect("a follower commits")];
    while let Some(cause) = chain.last().and_then(|event| event.cause) {
        chain.push(history.event(cause).expect("causes are kept"));
    }
    assert!(chain.len() > 2, "{chain:#?}");
    assert!(chain.iter().any(|event| event.event.node.0 == leader));
}

#[test]
fn acting_in_the_past_keeps_the_old_branch() {
    let mut history = History::new(Setup::playground(3, 1));
    history.run_until(1_000_000, 10_000);
    let (end, hash) = (history.end(), history.hash());
    history.seek(end / 2);
    let (fork, now) = (history.position(), history.now());
    history.act(Intervention::Crash(1), now).unwrap();
    assert_eq!((history.position(), history.end()), (fork + 1, fork + 1));
    let branches = history.branches();
    assert_eq!(branches.len(), 2);
    assert_eq!(branches[1].parent, Some(0));
    assert_eq!(
        (branches[1].fork_position, branches[1].fork_time),
        (fork, now)
    );
    history.switch(0);
    history.seek(end);
    assert_eq!(history.hash(), hash);
}

#[test]
fn landmarks_are_visited_in_order_both_ways() {
    let mut history = History::new(Setup::playground(3, 2));
    history.run_until(3_000_000, 100_000);
    history.seek(0);
    let mut there = Vec::new();
    while history.position() < history.end() && history.next_landmark() {
        there.push(history.position());
    }
    assert!(there.len() > 5, "an election has that many: {there:?}");
    assert!(there.is_sorted_by(|a, b| a < b));
    let mut back = vec![history.position()];
    while history.previous_landmark() {
        back.push(history.position());
    }
    back.reverse();
    back.retain(|position| *position > 0);
    assert_eq!(back, there);
}

#[test]
fn a_quiet_cluster_has_no_next_landmark_and_stays() {
    let mut history = History::new(Setup::playground(3, 2));
    history.run_until(3_000_000, 100_000);
    let (position, hash) = (history.position(), history.hash());
    assert!(!history.next_landmark());
    assert_eq!((history.position(), history.hash()), (position, hash));
}

#[test]
fn time_and_position_agree() {
    let mut history = History::new(lively(9));
    play(&mut history, 2_000);
    for position in [0, 1, 500, 1_999, 2_000] {
        history.seek(position);
        let found = history.position_of_time(history.now());
        assert!(found >= position, "several events may share a time");
        history.seek(found);
        let next = history.next_time().unwrap();
        assert!(history.now() < next || found == history.end());
    }
}

#[test]
fn the_timeline_covers_the_run_and_is_bounded() {
    let mut history = History::new(lively(4));
    play(&mut history, 30_000);
    let timeline = history.timeline();
    assert_eq!(timeline.end_time, history.now());
    assert_eq!(timeline.lanes.len(), 3);
    for lane in &timeline.lanes {
        assert!(lane.spans.len() <= raftwerk_sim::MAX_SPANS);
        assert_eq!(lane.spans.first().map(|span| span.from), Some(0));
        assert_eq!(
            lane.spans.last().map(|span| span.to),
            Some(timeline.end_time)
        );
        assert!(lane.spans.windows(2).all(|pair| pair[0].to == pair[1].from));
    }
    assert!(timeline.marks.len() <= raftwerk_sim::MAX_MARKS);
    assert!(timeline.marks.is_sorted_by_key(|mark| mark.time));
}

/// Each life of a node begins with one event that tells what its disk held.
#[test]
fn a_start_is_told_once_per_life() {
    let booted = |events: &[raftwerk_wire::view::EventView], node: u64| {
        let is = |event: &&raftwerk_wire::view::EventView| {
            let kind = &event.event.kind;
            event.event.node.0 == node && matches!(kind, raftwerk_core::trace::Kind::Booted { .. })
        };
        events.iter().filter(is).count()
    };
    let mut history = History::new(Setup::playground(3, 1));
    let first = history.recent_events(100);
    assert!((1..=3).all(|node| booted(&first, node) == 1), "{first:#?}");
    let shown = history.view(0).nodes[0].last_event.clone();
    assert_eq!(shown.map(|event| event.event.node.0), Some(1));
    history.run_until(1_000_000, 10_000);
    let now = history.now();
    history.act(Intervention::Crash(2), now).unwrap();
    history.act(Intervention::Restart(2), now).unwrap();
    let all = history.recent_events(100_000);
    assert_eq!([1, 2, 3].map(|node| booted(&all, node)), [1, 2, 1]);
}

#[test]
fn faults_are_told_up_to_the_place_shown_with_what_they_mean() {
    let mut history = History::new(Setup::playground(3, 1));
    play(&mut history, 50);
    let (from, to) = (1, 2);
    for what in [
        Intervention::Clog { from, to },
        Intervention::Unclog { from, to },
    ] {
        let now = history.now();
        history.act(what.clone(), now).unwrap();
        let last = history.recent_faults(5).pop().unwrap();
        assert_eq!(last.position, history.position());
        assert_eq!(last.what.as_ref(), Some(&what));
        assert!(what.meaning().is_some());
    }
    assert_eq!(history.recent_faults(5).len(), 2);
    assert_eq!(history.recent_faults(1).len(), 1);
    history.back();
    let last = history.recent_faults(5).pop().unwrap();
    assert_eq!(last.what, Some(Intervention::Clog { from, to }));
}
