//! Scenario files and runs.

use super::{Samples, json};
use raftwerk_sim::{Act, Claim, Intervention, Op, Run, Setup};
use raftwerk_wire::client::ReadMode;

/// Scenario files.
pub fn scenarios() -> Samples {
    let cold_start = include_bytes!("../../../../static/scenarios/cold-start.json");
    vec![("cold-start", cold_start.to_vec())]
}

/// Runs: a playground with every intervention, and storms.
pub fn runs() -> Samples {
    let key = || "x".to_string();
    let value = key;
    let get = |mode| Op::Get { key: key(), mode };
    let ask = |op| Intervention::Ask {
        client: 1,
        node: 2,
        op,
    };
    let cas = Op::CompareAndSet {
        key: key(),
        expect: None,
        value: value(),
    };
    let put = Op::Put {
        key: key(),
        value: value(),
    };
    let done = vec![
        Intervention::Crash(1),
        Intervention::Restart(1),
        Intervention::Freeze(2),
        Intervention::Thaw(2),
        Intervention::TimeOut(3),
        Intervention::StallDisk(3),
        Intervention::ResumeDisk(3),
        Intervention::Isolate(4),
        Intervention::Reconnect(4),
        Intervention::Cut { from: 1, to: 2 },
        Intervention::Restore { from: 1, to: 2 },
        Intervention::Partition(vec![vec![1, 2], vec![3, 4, 5]]),
        Intervention::Heal,
        Intervention::Drop(1),
        Intervention::Deliver(2),
        Intervention::Duplicate(3),
        Intervention::Transfer { node: 1, to: None },
        Intervention::Reconfigure {
            node: 1,
            voters: vec![1, 2, 3],
            learners: vec![4],
        },
        ask(put),
        ask(get(ReadMode::Follower)),
        ask(Op::Delete { key: key() }),
        ask(cas),
    ];
    let acts = (0u64..).zip(done).map(|(at, what)| Act { at, what });
    let by_hand = Run {
        setup: Setup::playground(5, 1),
        acts: acts.collect(),
        until: 1_000,
        claim: None,
    };
    let mut setup = Setup::storm(1);
    setup.disk.lies = 3;
    let storm = Run {
        setup,
        acts: vec![Act {
            at: 7,
            what: Intervention::Heal,
        }],
        until: 50_000,
        claim: Some(Claim {
            check: "Election safety".to_string(),
            detail: "two leaders".to_string(),
            event: 12,
            hash: 13,
        }),
    };
    vec![
        ("word", by_hand.to_word().into_bytes()),
        ("storm-word", storm.to_word().into_bytes()),
        ("file", json(&by_hand)),
        ("storm-file", json(&storm)),
    ]
}
