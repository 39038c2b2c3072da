//! What clients do when nobody tells them: random operations, every written value unique.

use crate::intervention::Op;
use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::Setup;
use raftwerk_kv::{Answer, KeyValue};
use raftwerk_wire::client::ReadMode;

/// How many of a million operations begin at a random node instead of the one that answered.
const WANDER_PER_MILLION: u32 = 250_000;

/// How reads are made, in the order of their weights.
const READS: [ReadMode; 5] = [
    ReadMode::Leader,
    ReadMode::Follower,
    ReadMode::Stale,
    ReadMode::Quorum,
    ReadMode::Lease,
];

/// The part of a client that invents operations.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Workman {
    /// Whether it invents anything.
    pub on: bool,
    /// When the next operation begins; never while nothing is to be invented.
    pub next: u64,
    what: Stream,
    pause: Stream,
    pause_min: u64,
    pause_max: u64,
    /// Writes so far: the next value.
    values: u64,
    /// The node that answered last.
    node: u64,
    /// The last value this client saw for each key.
    known: Vec<Option<u64>>,
}

impl Workman {
    /// At work if the setup has a workload.
    pub fn new(setup: &Setup, client: u64) -> Workman {
        let load = &setup.workload;
        let mut pause = Stream::new(setup.seed, Purpose::Pause, client);
        let on = load.is_on();
        let next = if on {
            pause.within(load.pause_min, load.pause_max)
        } else {
            NEVER
        };
        Workman {
            on,
            next,
            what: Stream::new(setup.seed, Purpose::Workload, client),
            pause,
            pause_min: load.pause_min,
            pause_max: load.pause_max,
            values: 0,
            node: (client - 1) % setup.nodes + 1,
            known: vec![None; load.keys.min(64) as usize],
        }
    }

    /// A random operation and the node to ask.
    pub fn invent(&mut self, now: u64, setup: &Setup, client: u64) -> (u64, Op) {
        debug_assert!(
            now >= self.next,
            "operations begin when their time has come"
        );
        let load = &setup.workload;
        if self.what.chance(WANDER_PER_MILLION) {
            self.node = self.what.within(1, setup.nodes);
        }
        let place = self.what.below(self.known.len().max(1) as u64) as usize;
        let key = format!("k{}", place + 1);
        let weights = [
            load.put,
            load.delete,
            load.compare,
            load.read_leader,
            load.read_follower,
            load.read_stale,
            load.read_quorum,
            load.read_lease,
        ];
        let op = match self.what.weighted(&weights) {
            Some(1) => Op::Delete { key },
            Some(2) => {
                let expect = self.known.get(place).copied().flatten();
                let expect = expect.map(value_text);
                Op::CompareAndSet {
                    key,
                    expect,
                    value: self.value(client),
                }
            }
            Some(place @ 3..) => Op::Get {
                key,
                mode: READS[place - 3],
            },
            _ => Op::Put {
                key,
                value: self.value(client),
            },
        };
        (self.node, op)
    }

    fn value(&mut self, client: u64) -> String {
        self.values += 1;
        value_text((client << 32) | self.values)
    }

    /// An operation is over; `node` was asked last.
    pub fn done(&mut self, now: u64, node: u64) {
        self.node = node;
        if self.on {
            self.next = now + self.pause.within(self.pause_min, self.pause_max);
        }
    }

    /// The client read something.
    pub fn saw(&mut self, op: &Op, item: Option<&KeyValue>) {
        let seen = item.and_then(|item| value_number(&item.value));
        if let Some(known) = self.known_of(op) {
            *known = seen;
        }
    }

    /// The client wrote something.
    pub fn wrote(&mut self, op: &Op, answer: &Answer) {
        let seen = match (op, answer) {
            (Op::Put { value, .. }, Answer::Put { .. }) => value_number(value.as_bytes()),
            (_, Answer::Compared { current, .. }) => {
                current.as_ref().and_then(|item| value_number(&item.value))
            }
            _ => None,
        };
        if let Some(known) = self.known_of(op) {
            *known = seen;
        }
    }

    fn known_of(&mut self, op: &Op) -> Option<&mut Option<u64>> {
        let place: usize = op.key().strip_prefix('k')?.parse().ok()?;
        self.known.get_mut(place.checked_sub(1)?)
    }
}

/// Client 3's seventh value is `3.7`.
fn value_text(number: u64) -> String {
    format!("{}.{}", number >> 32, number & 0xffff_ffff)
}

fn value_number(text: &[u8]) -> Option<u64> {
    let (client, value) = std::str::from_utf8(text).ok()?.split_once('.')?;
    Some((client.parse::<u64>().ok()? << 32) | value.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unique_and_readable() {
        let number = (3 << 32) | 7;
        assert_eq!(value_text(number), "3.7");
        assert_eq!(value_number(b"3.7"), Some(number));
        assert_eq!(value_number(b"blue"), None);
    }

    #[test]
    fn without_a_workload_nothing_is_ever_due() {
        assert_eq!(Workman::new(&Setup::playground(3, 1), 1).next, NEVER);
    }
}
