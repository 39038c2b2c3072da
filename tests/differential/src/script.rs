//! What is done to both worlds: drawn from a seed, in the simulator's own words.
//!
//! No election timer fires; the script says who campaigns. An act comes when the one before it has
//! had its effect, so that what follows from it is a matter of the rules and of no race. One race
//! would be left: when links open again between a leader of the past and nodes that have not heard
//! of a newer term, how much it can still get rid of before it hears of it itself depends on who
//! speaks first. So it is told before ([`Act::Open`]). Clients only write: who passes a read on tells
//! its term with it here and not there. What hangs on a disk that hangs is left out, too: how much is
//! sent meanwhile is each one's own affair. Storms have all of that.

use crate::luck::Luck;
use raftwerk_sim::{Intervention, Op};

/// One act.
#[derive(Clone, Debug)]
pub enum Act {
    /// All at once, whatever of it is possible.
    Do(Vec<Intervention>),
    /// Every node goes on, leaders of the past are told, then links open.
    Open(Intervention),
    /// Clients write at the same moment, all through the newest leader.
    Burst(Vec<Op>),
}

/// Clients of every world.
pub const CLIENTS: u64 = 4;

/// How many nodes, and what is done to them.
#[must_use]
pub fn draw(seed: u64, length: usize) -> (u64, Vec<Act>) {
    let mut luck = Luck(seed);
    let nodes = [3, 3, 4, 5, 5, 7][luck.below(6) as usize];
    let mut value = 0;
    let acts = (0..length).map(|_| {
        let node = luck.below(nodes) + 1;
        let other = (node + luck.below(nodes - 1)) % nodes + 1;
        let one = |what| Act::Do(vec![what]);
        match luck.below(22) {
            0..=5 => one(Intervention::TimeOut(node)),
            6 => one(Intervention::Ask {
                client: 1 + luck.below(CLIENTS),
                node,
                op: put(&mut luck, &mut value),
            }),
            7..=10 => Act::Burst((0..CLIENTS).map(|_| put(&mut luck, &mut value)).collect()),
            11 => one(Intervention::Crash(node)),
            12 | 13 => one(Intervention::Restart(node)),
            14 => one(Intervention::Freeze(node)),
            15 => one(Intervention::Thaw(node)),
            16 => Act::Do(vec![
                Intervention::Cut {
                    from: node,
                    to: other,
                },
                Intervention::Cut {
                    from: other,
                    to: node,
                },
            ]),
            17..=19 => {
                let left = (1..=nodes).filter(|_| luck.below(2) == 0).collect();
                Act::Open(Intervention::Partition(vec![left]))
            }
            20 => one(Intervention::Isolate(node)),
            _ => Act::Open(Intervention::Heal),
        }
    });
    (nodes, acts.collect())
}

fn put(luck: &mut Luck, value: &mut u64) -> Op {
    *value += 1;
    Op::Put {
        key: format!("k{}", luck.below(3)),
        value: value.to_string(),
    }
}

/// The beginning of every script: somebody leads, and every client has a session.
#[must_use]
pub fn beginning() -> Vec<Act> {
    let ask = |client| Intervention::Ask {
        client,
        node: 1,
        op: Op::Put {
            key: "first".to_string(),
            value: client.to_string(),
        },
    };
    let asked = (1..=CLIENTS).map(|client| Act::Do(vec![ask(client)]));
    [Act::Do(vec![Intervention::TimeOut(1)])]
        .into_iter()
        .chain(asked)
        .collect()
}

/// The end of every script: all run, all links are open, somebody leads, and a client writes.
#[must_use]
pub fn peace(nodes: u64) -> Vec<Act> {
    let all = |what: fn(u64) -> Intervention| (1..=nodes).map(what).collect();
    let (key, value) = ("k0".to_string(), "last".to_string());
    let last = Intervention::Ask {
        client: 1,
        node: 1,
        op: Op::Put { key, value },
    };
    let mut acts = vec![
        Act::Open(Intervention::Heal),
        Act::Do(all(Intervention::Restart)),
    ];
    // Whoever has the newest log wins at the latest when its term has come by.
    for node in (1..=nodes).chain(1..=nodes) {
        acts.push(Act::Do(vec![Intervention::TimeOut(node)]));
    }
    acts.push(Act::Do(vec![last]));
    acts
}
