//! Traces of the real core that takes, sends and installs snapshots while members change and
//! leaders hand over are accepted. The host is the kit of the core's own tests, which is quicker to
//! get into trouble than a simulated world.

use crate::kit::{Cluster, Input, hash};
use raftwerk_core::trace::Kind;
use raftwerk_core::{Entry, Members, NodeId, SnapshotMeta, Span};
use raftwerk_sim::refine::Machine;

const SEEDS: u64 = 800;
const STEPS: u64 = 2_000;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

struct Storm {
    seed: u64,
    cluster: Cluster,
    chance: Chance,
    machine: Machine,
    tickets: u64,
    /// Snapshots that hosts are writing.
    taking: Vec<(u64, SnapshotMeta, Vec<Entry>)>,
    /// Taken, installed, trimmed, ignored; memberships and transfers.
    seen: [u64; 6],
}

impl Storm {
    fn new(seed: u64) -> Storm {
        let mut chance = Chance(seed);
        let size = [1, 3, 3, 5][chance.below(4) as usize];
        let (retained, every) = (chance.below(4), 2 + chance.below(12));
        let mut cluster = Cluster::with(size, |config| {
            config.switches.snapshots = true;
            config.limits.retained_entries = retained;
            config.limits.snapshot_entries = every;
            config.seed ^= seed;
        });
        (cluster.fast_disk, cluster.fast_apply, cluster.fast_streams) = (false, false, false);
        Storm {
            seed,
            cluster,
            chance,
            machine: Machine::new(&Members::of_voters((1..=size).map(NodeId))),
            tickets: 0,
            taking: Vec::new(),
            seen: [0; 6],
        }
    }

    fn step(&mut self) {
        let count = self.cluster.nodes.len() as u64;
        let node = 1 + self.chance.below(count);
        match self.chance.below(1_000) {
            0..540 => self.message(),
            540..740 if !self.cluster.node(node).writes.is_empty() => {
                self.cluster.complete_write(node);
            }
            740..840 => self.cluster.finish_apply(node),
            840..870 => {
                self.cluster.now = self.cluster.now + Span::millis(self.chance.below(30));
                self.cluster.expire_due();
            }
            870..935 => self.lead(node, 0),
            935..938 => self.lead(node, 1),
            938..941 => self.lead(node, 2),
            941..970 => self.snapshot(node),
            970..990 if !self.cluster.streams.is_empty() => {
                // Any of them may end first.
                let at = self.chance.below(self.cluster.streams.len() as u64) as usize;
                let stream = self.cluster.streams.remove(at);
                self.cluster.streams.insert(0, stream);
                let arrives = self.chance.below(4) > 0;
                self.cluster.end_stream(arrives);
            }
            990..993 => {
                self.taking.retain(|(taker, ..)| *taker != node);
                self.cluster.restart(node);
            }
            993..996 => {
                let all: Vec<u64> = self.cluster.nodes.keys().copied().collect();
                match self.chance.below(2) {
                    0 => self.cluster.partition(&[node], &all),
                    _ => drop(
                        self.cluster
                            .cut
                            .insert((node, 1 + self.chance.below(count))),
                    ),
                }
            }
            996.. => self.cluster.cut.clear(),
            _ => {}
        }
        self.judge();
    }

    fn message(&mut self) {
        let count = self.cluster.mail.len() as u64;
        if count > 0 {
            let at = self.chance.below(count.min(12)) as usize;
            let message = match self.chance.below(20) {
                0 => self.cluster.mail[at].clone(),
                _ => self.cluster.mail.remove(at),
            };
            if self.chance.below(25) > 0 {
                self.cluster.deliver(message);
            }
        }
    }

    /// Every leader is asked for something; refusals are fine.
    fn lead(&mut self, node: u64, what: u64) {
        for leader in self.cluster.leaders() {
            self.tickets += 1;
            let ticket = self.tickets;
            let _ = match what {
                0 => self.cluster.propose(leader, ticket, "x"),
                1 => self.cluster.transfer(leader, ticket, Some(node)),
                _ => {
                    // The node changes between voter and learner.
                    let mut target = self.cluster.members(leader);
                    let lists = (&mut target.voters, &mut target.learners);
                    let (from, to) = match lists.0.contains(&NodeId(node)) {
                        true => lists,
                        false => (lists.1, lists.0),
                    };
                    from.retain(|other| *other != NodeId(node));
                    to.push(NodeId(node));
                    self.cluster.reconfigure(leader, ticket, &target)
                }
            };
        }
    }

    /// A host begins to write a snapshot that it was asked for, or ends one that it began.
    fn snapshot(&mut self, node: u64) {
        let host = self.cluster.nodes.get_mut(&node).expect("known node");
        if let Some(at) = self.taking.iter().position(|(taker, ..)| *taker == node) {
            let (_, meta, state) = self.taking.remove(at);
            host.files.insert(meta.last, (meta.clone(), state));
            let newest = host.disk.snapshot.as_ref().map(|meta| meta.last.index);
            if newest < Some(meta.last.index) {
                host.disk.snapshot = Some(meta.clone());
            }
            self.cluster.feed(node, [Input::Snapshotted(meta)]);
            return;
        }
        if std::mem::take(&mut host.asked).is_empty() {
            return;
        }
        let at = host.raft.view().applied();
        // `None` while a received snapshot is being put in place.
        if let Some(mut meta) = host.raft.snapshot_meta(at) {
            let state = host.applied[..at.0 as usize].to_vec();
            (meta.bytes, meta.hash) = (state.len() as u64, hash(&state));
            self.taking.push((node, meta, state));
        }
    }

    fn judge(&mut self) {
        for node in self.cluster.nodes.values_mut() {
            for event in node.events.drain(..) {
                if let Err(rejection) = self.machine.accept(&event) {
                    panic!("seed {}: {rejection}", self.seed);
                }
                let kind = match event.kind {
                    Kind::SnapshotTaken { .. } => 0,
                    Kind::SnapshotInstalled { .. } => 1,
                    Kind::Trimmed { .. } => 2,
                    Kind::SnapshotIgnored { .. } => 3,
                    Kind::AppendedMembership { .. } => 4,
                    Kind::SentTimeoutNow { .. } => 5,
                    _ => continue,
                };
                self.seen[kind] += 1;
            }
        }
    }
}

#[test]
fn traces_with_snapshots_members_and_transfers_are_accepted() {
    let mut seen = [0; 6];
    for seed in 0..SEEDS {
        let mut storm = Storm::new(seed);
        storm.judge();
        for _ in 0..STEPS {
            storm.step();
        }
        seen.iter_mut()
            .zip(storm.seen)
            .for_each(|(sum, times)| *sum += times);
    }
    assert!(seen.iter().all(|times| *times > 30), "{seen:?}");
}
