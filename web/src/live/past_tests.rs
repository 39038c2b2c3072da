//! The last minutes: bounded, honest about what is missing, and found again.

use super::*;
use crate::action::Action;
use crate::live::fold::Fold;
use crate::live::strip::{Shape, strip};
use crate::live::travel::{Arrived, Cursor};
use raftwerk_core::trace::{Cause, Event, Kind, Role};
use raftwerk_core::{NodeId, Span, Term, Time};
use raftwerk_wire::observe::{FromSupervisor, ProcessView, Tell, Told};
use raftwerk_wire::view::{EntryView, NodeCondition, NodeView};

const SECOND: u64 = 1_000_000;

fn tell(number: u64, clock: u64, told: Told) -> Tell {
    Tell {
        node: 1,
        boot: 7,
        number,
        clock,
        told,
    }
}

fn says(term: u64, role: Role, entries: u64) -> Told {
    let mut view = NodeView {
        id: 1,
        term,
        role,
        ..NodeView::default()
    };
    let entry = |index| EntryView {
        index,
        term,
        kind: "command".into(),
        text: format!("put key-{index}={term}"),
    };
    view.log.entries = (entries..entries + 64).map(entry).collect();
    Told::View(Box::new(view))
}

fn event(id: u64, kind: Kind) -> Told {
    let event = Event {
        node: NodeId(1),
        at: Time(0),
        term: Term(1),
        cause: Cause::Boot,
        kind,
    };
    Told::Event(Box::new(EventView {
        id,
        step: id,
        cause: None,
        event,
    }))
}

fn routine() -> Kind {
    Kind::ElectionTimedOut {
        waited: Span(1),
        leader: None,
    }
}

fn crown() -> Kind {
    Kind::BecameLeader { votes: Vec::new() }
}

fn process(condition: NodeCondition) -> FromSupervisor {
    let nodes = vec![ProcessView {
        node: 1,
        condition,
        pid: None,
        url: String::new(),
    }];
    FromSupervisor::Processes { nodes, chaos: true }
}

#[test]
fn ten_minutes_of_a_quiet_node_are_kept_and_no_more() {
    let mut fold = Fold::default();
    // Twenty views a second in which nothing changes.
    for beat in 0..20 * 900 {
        let now = beat * 50_000;
        fold.tell(now, tell(0, now, says(1, Role::Follower, 1)));
    }
    let (_, track) = fold.past().tracks().next().unwrap();
    let now = 900 * SECOND;
    assert_eq!(
        fold.past().from(),
        track.states_from.max(track.states[0].at)
    );
    let reach = now - fold.past().from();
    assert!(
        (LONGEST - 2 * SECOND..=LONGEST + SECOND).contains(&reach),
        "{reach}"
    );
    assert!(track.states.len() < 3_600, "routine is joined");
    assert!(track.state_bytes <= STATE_BYTES);
    // And still no moment is far from what the node said.
    let then = fold.past().at(1, now - 300 * SECOND).unwrap();
    assert!(now - 300 * SECOND - then.heard.unwrap() < 2 * ROUTINE);
}

#[test]
fn a_busy_node_is_bounded_in_bytes_and_its_reach_is_told() {
    let mut fold = Fold::default();
    for beat in 0..20 * 600 {
        let now = beat * 50_000;
        // All of the log shown is new every time, and the role changes.
        let role = if beat % 2 == 0 {
            Role::Leader
        } else {
            Role::Follower
        };
        fold.tell(now, tell(0, now, says(1, role, 64 * beat)));
        fold.tell(now, tell(beat + 1, now, event(beat, routine())));
    }
    let (_, track) = fold.past().tracks().next().unwrap();
    assert!(track.state_bytes <= STATE_BYTES && track.states.len() <= MOST_STATES);
    assert!(track.event_bytes <= EVENT_BYTES && track.events.len() <= MOST_EVENTS);
    let weights: usize = track.states.iter().map(|state| state.node.weight()).sum();
    assert_eq!(weights, track.state_bytes);
    assert!(fold.past().from() > 0 && fold.past().events_from() > 0);
    assert!(fold.past().at(1, fold.past().from()).is_some());
}

#[test]
fn the_strip_shows_roles_faults_and_holes() {
    let mut fold = Fold::default();
    fold.item(0, process(NodeCondition::Up));
    let word = |number, now, told| FromSupervisor::Node(Box::new(tell(number, now, told)));
    for second in 1..4 {
        let now = second * SECOND;
        fold.item(now, word(second, now, says(1, Role::Follower, 1)));
    }
    fold.item(4 * SECOND, word(4, 0, event(1, crown())));
    fold.item(4 * SECOND, word(0, 4 * SECOND, says(2, Role::Leader, 1)));
    fold.item(6 * SECOND, process(NodeCondition::Crashed));
    fold.item(8 * SECOND, process(NodeCondition::Up));
    fold.item(9 * SECOND, word(0, 9 * SECOND, says(2, Role::Follower, 1)));
    let strip = strip(fold.past(), 20 * SECOND);
    let shapes: Vec<Shape> = strip.lanes[0].spans.iter().map(|span| span.state).collect();
    use Shape::{Crashed, Follower, Leader, Unknown};
    // Started, but no word yet; and silent at the end, although nobody said so.
    assert_eq!(
        shapes,
        [
            Unknown, Follower, Leader, Crashed, Unknown, Follower, Unknown
        ]
    );
    let last = strip.lanes[0].spans.last().unwrap();
    assert!(last.to == 20 * SECOND && last.from - 9 * SECOND <= 5 * SECOND + 1);
    let marks: Vec<&str> = strip.marks.iter().map(|mark| mark.text.as_str()).collect();
    assert_eq!(
        marks,
        ["S1 leads in term 1", "S1 crashed", "S1 was started"]
    );
}

#[test]
fn one_travels_by_event_by_time_and_back_to_now() {
    let mut fold = Fold::default();
    fold.tell(SECOND, tell(0, 0, says(1, Role::Follower, 1)));
    for (number, kind) in (1..).zip([routine(), crown(), routine(), routine()]) {
        let now = (number + 1) * SECOND;
        fold.tell(now, tell(number, now, event(number, kind)));
    }
    let (now, mut cursor) = (10 * SECOND, Cursor::default());
    let mut go = |action: Action| (cursor.travel(&action, &fold, now), cursor.0);
    assert_eq!(go(Action::TogglePlay), (Arrived::Elsewhere, Some(now)));
    assert_eq!(go(Action::Back).1, Some(5 * SECOND));
    assert_eq!(go(Action::Back).1, Some(4 * SECOND));
    assert_eq!(go(Action::PreviousLandmark).1, Some(3 * SECOND));
    assert_eq!(go(Action::Forward).1, Some(4 * SECOND));
    assert_eq!(go(Action::BackTime).1, Some(3 * SECOND));
    assert_eq!(
        go(Action::Start).1,
        Some(SECOND),
        "nothing is kept from before"
    );
    assert!(matches!(
        go(Action::Back),
        (Arrived::Nowhere(_), Some(SECOND))
    ));
    assert_eq!(go(Action::Seek(3)).1, Some(4 * SECOND));
    assert!(matches!(go(Action::Seek(99)).0, Arrived::Nowhere(_)));
    assert_eq!(go(Action::SeekTime(7 * SECOND)).1, Some(7 * SECOND));
    assert!(matches!(go(Action::Forward).0, Arrived::Nowhere(_)));
    assert_eq!(
        go(Action::SeekTime(11 * SECOND)),
        (Arrived::Elsewhere, None)
    );
    assert_eq!(go(Action::Play(false)).1, Some(now));
    assert_eq!(go(Action::End), (Arrived::Elsewhere, None));
    assert_eq!(go(Action::Arm(true)).0, Arrived::NotTime);
}
