//! What nodes tell becomes a picture that says no more than they did.

use super::*;
use raftwerk_core::trace::{Cause, Event, Kind, Role};
use raftwerk_core::{NodeId, Span, Term, Time};
use raftwerk_wire::view::{MessageView, NodeView, TimerView};

fn tell(node: u64, boot: u64, clock: u64, told: Told) -> Tell {
    Tell {
        node,
        boot,
        number: 1,
        clock,
        told,
    }
}

fn says(node: u64, term: u64, role: Role) -> Told {
    let timer = TimerView {
        set: 500,
        due: 1_500,
    };
    Told::View(Box::new(NodeView {
        id: node,
        term,
        role,
        clock: 1_000,
        election: Some(timer),
        voters: vec![1, 2, 3],
        commit: 4,
        ..NodeView::default()
    }))
}

fn processes(conditions: [NodeCondition; 3]) -> FromSupervisor {
    let nodes = (1..).zip(conditions).map(|(node, condition)| ProcessView {
        node,
        condition,
        pid: None,
        url: String::new(),
    });
    FromSupervisor::Processes {
        nodes: nodes.collect(),
        chaos: true,
    }
}

fn event(id: u64, cause: Option<u64>) -> Told {
    let kind = Kind::ElectionTimedOut {
        waited: Span(5),
        leader: None,
    };
    let event = Event {
        node: NodeId(1),
        at: Time(900),
        term: Term(1),
        cause: Cause::Boot,
        kind,
    };
    Told::Event(Box::new(EventView {
        id,
        step: id,
        cause,
        event,
    }))
}

#[test]
fn two_leaders_of_different_terms_stay_two_leaders() {
    let mut fold = Fold::default();
    fold.tell(10, tell(1, 7, 1_000, says(1, 2, Role::Leader)));
    fold.tell(20, tell(3, 7, 1_000, says(3, 3, Role::Leader)));
    let view = fold.view(30, true);
    let leaders: Vec<(u64, u64)> = view
        .nodes
        .iter()
        .filter_map(|card| card.view.as_ref())
        .filter(|view| view.role == Role::Leader)
        .map(|view| (view.id, view.term))
        .collect();
    assert_eq!(leaders, [(1, 2), (3, 3)]);
    assert_eq!(view.committed, 4);
}

#[test]
fn nothing_known_is_drawn_unknown_and_old_news_carry_their_age() {
    let mut fold = Fold::default();
    let members = vec![(1, "a".to_string()), (2, "b".to_string())];
    let hello = Told::Hello {
        protocol: 1,
        cluster: "c".into(),
        members,
        chaos: true,
    };
    fold.tell(1_000, tell(1, 7, 50, hello));
    fold.tell(1_000, tell(1, 7, 50, says(1, 1, Role::Follower)));
    // Each item has a moment of its own: the second one came a microsecond later.
    let view = fold.view(201_001, true);
    assert_eq!(view.nodes[0].condition, NodeCondition::Up);
    assert_eq!(view.nodes[0].age, 200_000);
    assert_eq!(view.nodes[1].condition, NodeCondition::Unknown);
    assert!(view.nodes[1].view.is_none());
    assert!(fold.chaos() && !fold.supervisor());
    fold.lost(201_000);
    let view = fold.view(301_000, true);
    assert_eq!(view.nodes[0].condition, NodeCondition::Unknown);
    assert!(
        view.nodes[0].view.is_some(),
        "the last word stays, with its age"
    );
}

#[test]
fn the_supervisor_says_what_crashed_and_what_is_frozen() {
    let mut fold = Fold::default();
    use NodeCondition::{Crashed, Frozen, Up};
    fold.item(0, processes([Crashed, Frozen, Up]));
    let view = fold.view(10, true);
    assert_eq!(view.nodes[0].condition, Crashed);
    assert_eq!(view.nodes[1].condition, Frozen);
    assert_eq!(
        view.nodes[2].condition,
        NodeCondition::Unknown,
        "no word from it yet"
    );
    let relayed = FromSupervisor::Node(Box::new(tell(3, 7, 0, says(3, 1, Role::Follower))));
    fold.item(20, relayed);
    assert_eq!(fold.view(30, true).nodes[2].condition, Up);
    assert_eq!(fold.connected(), (1, 3));
    fold.item(
        40,
        FromSupervisor::Stream {
            node: 3,
            connected: false,
        },
    );
    assert_eq!(
        fold.view(50, true).nodes[2].condition,
        NodeCondition::Unknown
    );
}

#[test]
fn what_the_supervisor_kept_comes_with_its_age() {
    let mut fold = Fold::default();
    use NodeCondition::{Crashed, Up};
    fold.item(0, processes([Crashed, Up, Up]));
    let tell = Box::new(tell(1, 7, 0, says(1, 4, Role::Leader)));
    fold.item(
        60_000_000,
        FromSupervisor::Kept {
            age_ms: 40_000,
            tell,
        },
    );
    let card = &fold.view(61_000_000, true).nodes[0];
    assert_eq!((card.condition, card.age), (Crashed, 41_000_000));
    assert_eq!(card.view.as_ref().unwrap().term, 4);
    assert_eq!(fold.connected().0, 0, "a kept word is no connection");
}

#[test]
fn timers_move_to_the_clock_of_the_page() {
    let mut fold = Fold::default();
    fold.tell(101_000, tell(1, 7, 1_000, says(1, 1, Role::Follower)));
    let timer = fold.view(101_000, true).nodes[0]
        .view
        .as_ref()
        .unwrap()
        .election
        .unwrap();
    assert_eq!((timer.set, timer.due), (100_500, 101_500));
}

#[test]
fn causes_point_at_events_of_the_same_life() {
    let mut fold = Fold::default();
    fold.tell(5_000, tell(1, 7, 1_000, event(1, None)));
    fold.tell(5_001, tell(1, 7, 1_001, event(2, Some(1))));
    fold.tell(5_002, tell(1, 7, 1_001, event(2, Some(1))));
    fold.tell(6_000, tell(1, 8, 10, event(2, Some(1))));
    let events = fold.events(u64::MAX);
    assert_eq!(events.len(), 3, "an event told twice counts once");
    assert_eq!(events[1].cause, Some(events[0].id));
    assert_eq!(events[2].cause, None, "the other life knows no event 1");
    assert_eq!(events[0].event.at, Time(4_900), "on the clock of the page");
    assert!(fold.view(7_000, true).nodes[0].last_event.is_some());
}

#[test]
fn messages_fly_between_the_two_reports() {
    let mut fold = Fold::default();
    let content = MessageView {
        kind: "Vote".into(),
        term: 1,
        reply: false,
        accepted: None,
        entries: 0,
        fields: Vec::new(),
    };
    fold.tell(
        100,
        tell(
            1,
            7,
            0,
            Told::Sent {
                serial: 1,
                to: 2,
                content,
            },
        ),
    );
    assert_eq!(fold.view(100, true).flights[0].due, None);
    fold.tell(
        150,
        tell(
            2,
            9,
            0,
            Told::Received {
                serial: 1,
                from: 1,
                boot: 7,
            },
        ),
    );
    assert!(fold.view(150, true).flights[0].due.is_some());
}

#[test]
fn cuts_make_groups() {
    let mut fold = Fold::default();
    for (node, to) in [(1, vec![3]), (2, vec![3]), (3, vec![1, 2])] {
        fold.tell(10, tell(node, 7, 0, says(node, 1, Role::Follower)));
        fold.tell(10, tell(node, 7, 0, Told::Cuts { to }));
    }
    let view = fold.view(20, true);
    assert_eq!(view.cuts.len(), 4);
    assert_eq!(view.groups.len(), 2);
    assert!(view.groups[0].quorum && !view.groups[1].quorum);
}

#[test]
fn a_stream_survives_json() {
    let item = FromSupervisor::Node(Box::new(tell(1, 7, 3, says(1, 1, Role::Leader))));
    let text = serde_json::to_string(&item).unwrap();
    assert_eq!(serde_json::from_str::<FromSupervisor>(&text).unwrap(), item);
    let alone = serde_json::to_string(&tell(1, 7, 3, says(1, 1, Role::Leader))).unwrap();
    assert!(serde_json::from_str::<FromSupervisor>(&alone).is_err());
    assert!(serde_json::from_str::<Tell>(&alone).is_ok());
}

#[test]
fn every_buffer_is_bounded() {
    let mut fold = Fold::default();
    for number in 0..2 * MOST_NUMBERS as u64 {
        fold.tell(number, tell(1, 7, number, event(number, None)));
        fold.tell(
            number,
            tell(100 + number, 7, number, says(1, 1, Role::Follower)),
        );
    }
    assert_eq!(fold.events(u64::MAX).len(), SHOWN_EVENTS);
    assert_eq!(fold.numbers.len(), MOST_NUMBERS);
    assert!(fold.members().len() <= MOST_NODES);
}

fn numbered(number: u64, told: Told) -> Tell {
    Tell {
        number,
        ..tell(1, 7, number, told)
    }
}

#[test]
fn a_moment_of_the_past_is_shown_as_it_was_then() {
    let mut fold = Fold::default();
    let second = 1_000_000;
    fold.tell(second, tell(1, 7, second, says(1, 1, Role::Follower)));
    fold.tell(2 * second, numbered(1, event(1, None)));
    fold.tell(3 * second, tell(1, 7, 3 * second, says(1, 2, Role::Leader)));
    fold.tell(
        3 * second,
        tell(1, 7, 3 * second, Told::Cuts { to: vec![2] }),
    );
    let then = fold.view(2 * second + 1, true);
    let view = then.nodes[0].view.as_ref().unwrap();
    assert_eq!((view.term, view.role), (1, Role::Follower));
    assert_eq!(then.nodes[0].age, 1, "an event is a word, too");
    assert!(then.cuts.is_empty());
    assert_eq!(
        fold.events(2 * second - 1).len(),
        0,
        "it had not been told of"
    );
    assert_eq!(fold.events(2 * second).len(), 1);
    let now = fold.view(4 * second, true);
    assert_eq!(now.nodes[0].view.as_ref().unwrap().term, 2);
    assert_eq!(now.cuts, [(1, 2)]);
    let before = &fold.view(second - 1, true).nodes[0];
    assert!(before.condition == NodeCondition::Unknown && before.view.is_none());
}

#[test]
fn what_did_not_come_is_a_gap_and_nobody_knows_what_was_in_it() {
    let mut fold = Fold::default();
    let second = 1_000_000;
    let up = |fold: &Fold, at| fold.view(at, true).nodes[0].condition == NodeCondition::Up;
    fold.tell(second, tell(1, 7, 0, says(1, 1, Role::Follower)));
    fold.tell(second, numbered(1, event(1, None)));
    fold.tell(2 * second, numbered(2, event(2, None)));
    assert!(up(&fold, second + 500_000), "nothing is missing");
    fold.tell(3 * second, numbered(9, event(9, None)));
    assert!(!up(&fold, 2 * second + 500_000), "3 to 8 did not come");
    assert!(up(&fold, 3 * second + 1));
    fold.tell(4 * second, tell(1, 7, 4, Told::Gap { from: 10, to: 20 }));
    fold.tell(4 * second, numbered(21, event(21, None)));
    assert!(!up(&fold, 3 * second + 500_000), "the node itself says so");
    // Another life begins anew.
    let mut born = numbered(5, event(1, None));
    born.boot = 8;
    fold.tell(5 * second, born);
    assert!(up(&fold, 4 * second + 500_000));
    // The connection of the page is gone, and comes back.
    fold.lost(6 * second);
    fold.tell(8 * second, tell(1, 8, 8, says(1, 1, Role::Follower)));
    assert!(!up(&fold, 7 * second) && up(&fold, 8 * second));
}

#[test]
fn a_start_that_is_told_late_stays_where_it_was() {
    // The node started a minute before the page; it tells so when somebody watches.
    let (begun, minute) = (1_u64 << 45, 60_000_000);
    let mut fold = Fold::new(begun);
    let (now, uptime) = (begun + 5_000_000, minute + 5_000_000);
    fold.tell(now, tell(1, 7, uptime, says(1, 9, Role::Leader)));
    let kind = Kind::Booted {
        term: Term(3),
        vote: None,
        last: raftwerk_core::LogId::default(),
    };
    let start = Event {
        node: NodeId(1),
        at: Time(1_000),
        term: Term(3),
        cause: Cause::Boot,
        kind,
    };
    let told = EventView {
        id: 1,
        step: 1,
        cause: None,
        event: start,
    };
    fold.tell(now + 10, numbered(1, Told::Event(Box::new(told))));
    let events = fold.events(now + 10);
    let at = events[0].event.at.0;
    assert_eq!(now - at, uptime - 1_000, "as long ago as it was");
    assert_eq!(events[0].event.term, Term(3), "and in the term of then");
    let card = &fold.view(now + 20, true).nodes[0];
    assert_eq!(
        card.view.as_ref().unwrap().term,
        9,
        "which is no news of now"
    );
}

#[test]
fn one_node_goes_on_after_its_last_number_and_a_supervisor_does_not() {
    let mut fold = Fold::default();
    let node = numbered(4, event(1, None)).node;
    assert_eq!(fold.resume(node), None);
    fold.tell(1, numbered(4, event(1, None)));
    assert_eq!(fold.resume(node), Some((7, 4)));
    assert_eq!(fold.resume(node + 1), None, "nothing was heard of that one");
    fold.item(2, processes([NodeCondition::Up; 3]));
    assert_eq!(fold.resume(node), None);
}

#[test]
fn a_stream_that_was_passed_on_allows_no_faults_and_can_end() {
    let mut fold = Fold::default();
    let hello = |node, chaos| Tell {
        node,
        ..numbered(
            0,
            Told::Hello {
                protocol: 3,
                cluster: String::new(),
                members: vec![(1, String::new()), (2, String::new())],
                chaos,
            },
        )
    };
    fold.tell(1, hello(1, false));
    fold.relayed(2, hello(2, true));
    assert_eq!((fold.connected(), fold.chaos()), ((2, 2), false));
    fold.silent(3, 2);
    assert_eq!(fold.connected(), (1, 2));
}
