//! What clients and pages are told, and what they send.

use super::{Samples, entries, json, url};
use raftwerk_core::trace::{Cause, Event, Kind as EventKind, Timer};
use raftwerk_core::{LogId, NodeId, Term, Time};
use raftwerk_wire::client::{
    Item, ListPage, MemberChange, MemberList, MemberStatus, Problem, SessionOpened, Status,
    TransferTo, Transferred, Written,
};
use raftwerk_wire::observe::{Chaos, FromSupervisor, ProcessView, Tell, Told};
use raftwerk_wire::view::{EventView, LogView, NodeCondition, NodeView, ReadView, VoteView};

/// What a page hears.
pub fn told() -> Samples {
    let tell = |number, told| Tell {
        node: 1,
        boot: u64::MAX,
        number,
        clock: 5_000_000,
        told,
    };
    let hello = Told::Hello {
        protocol: 1,
        cluster: "4d".to_string(),
        members: vec![(1, "http://127.0.0.1:7001".to_string())],
        chaos: true,
    };
    let view = NodeView {
        id: 1,
        term: 3,
        votes: vec![VoteView {
            node: 2,
            granted: None,
        }],
        log: LogView {
            entries: entries().iter().map(Into::into).collect(),
            ..LogView::default()
        },
        reads: vec![ReadView {
            waits_for: "a round".to_string(),
            round: Some(4),
            index: None,
            count: 2,
        }],
        ..NodeView::default()
    };
    let event = EventView {
        id: 9,
        step: 0,
        cause: Some(8),
        event: Event {
            node: NodeId(1),
            at: Time(5),
            term: Term(3),
            cause: Cause::Timer(Timer::Election),
            kind: EventKind::SentTimeoutNow {
                to: NodeId(2),
                last: LogId::new(3, 9),
            },
        },
    };
    let processes = FromSupervisor::Processes {
        nodes: vec![ProcessView {
            node: 1,
            condition: NodeCondition::Frozen,
            pid: None,
            url: String::new(),
        }],
        chaos: false,
    };
    let gap = Told::Gap { from: 3, to: 90 };
    vec![
        ("hello", json(&tell(0, hello))),
        ("view", json(&tell(0, Told::View(Box::new(view))))),
        ("event", json(&tell(7, Told::Event(Box::new(event))))),
        (
            "gap",
            json(&FromSupervisor::Node(Box::new(tell(0, gap.clone())))),
        ),
        (
            "kept",
            json(&FromSupervisor::Kept {
                age_ms: 9,
                tell: Box::new(tell(0, gap)),
            }),
        ),
        ("processes", json(&processes)),
    ]
}

/// Bodies of the client API.
pub fn bodies() -> Samples {
    let item = Item {
        key: "k\u{2603}".to_string(),
        value: "\"".to_string(),
        lossy: true,
        create_revision: 2,
        mod_revision: 5,
        version: 2,
    };
    let groups = vec![vec![1, 2], vec![3]];
    let page = ListPage {
        items: vec![item.clone()],
        more: true,
        revision: 9,
    };
    let written = Written {
        revision: 9,
        previous: Some(item.clone()),
        deleted: Some(false),
    };
    let problem = Problem {
        status: 412,
        kind: "compare_failed".to_string(),
        revision: Some(7),
        ..Problem::default()
    };
    let members = MemberList {
        leader: Some(1),
        members: vec![MemberStatus::default()],
    };
    vec![
        ("partition", json(&Chaos::Partition { groups })),
        ("crash", json(&Chaos::Crash { node: u64::MAX })),
        ("problem", json(&problem)),
        ("status", json(&Status::default())),
        ("page", json(&page)),
        ("written", json(&written)),
        ("session", json(&SessionOpened { session: 1 })),
        ("item", json(&item)),
        ("promote", json(&MemberChange::Promote { id: 4 })),
        ("replace", json(&MemberChange::Replace { id: 1, by: 4 })),
        ("add", json(&MemberChange::Add { id: 9, url: url() })),
        ("members", json(&members)),
        ("transfer", json(&TransferTo { to: Some(2) })),
        ("transferred", json(&Transferred { leader: 2 })),
    ]
}
