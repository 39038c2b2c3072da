//! Snapshots under random schedules: taken, streamed, staged and installed with any delay, with
//! messages lost, doubled and overtaken, and crashes at every point in between.
//!
//! The state machine of each node is the list of everything it applied, so that what a snapshot
//! brings can be compared entry by entry. After every drain each node's invariants hold (the kit
//! checks that); here it is checked that no committed entry is lost or replaced, that a leader
//! has all of them, and that in the end everybody has the same and goes on.

mod kit;

use kit::{Cluster, Input};
use raftwerk_core::trace::Kind;
use raftwerk_core::*;

const SEEDS: u64 = 300;
const STEPS: u64 = 4_000;

/// SplitMix64: the only source of chance here.
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let at = self.below(from.len().max(1) as u64) as usize;
        from.get(at).copied()
    }
}

/// A snapshot that a host is writing; gone when the node crashes.
struct Taking {
    node: u64,
    meta: SnapshotMeta,
    state: Vec<Entry>,
}

struct Storm {
    c: Cluster,
    chance: Chance,
    taking: Vec<Taking>,
    /// Every entry that some node applied, by position.
    ledger: Vec<Entry>,
    tickets: u64,
    /// How often what happened, so that a storm that never gets anywhere is noticed.
    seen: [u64; 9],
}

impl Storm {
    fn new(seed: u64) -> Storm {
        let mut chance = Chance(seed);
        let size = [1, 3, 3, 5][chance.below(4) as usize];
        let retained = chance.below(4);
        let every = 2 + chance.below(12);
        let writes = 1 + chance.below(3) as usize;
        let mut c = Cluster::with(size, |config| {
            config.switches.snapshots = true;
            config.limits.retained_entries = retained;
            config.limits.snapshot_entries = every;
            config.limits.writes_in_flight = writes;
            config.seed ^= seed;
        });
        (c.fast_disk, c.fast_apply, c.fast_streams) = (false, false, false);
        Storm {
            c,
            chance,
            taking: Vec::new(),
            ledger: Vec::new(),
            tickets: 0,
            seen: [0; 9],
        }
    }

    fn ids(&self) -> Vec<u64> {
        self.c.nodes.keys().copied().collect()
    }

    fn step(&mut self) {
        let ids = self.ids();
        let node = self.chance.pick(&ids).expect("there are nodes");
        match self.chance.below(1_000) {
            0..540 => self.message(),
            540..740 => self.write(node),
            740..840 => self.c.finish_apply(node),
            840..870 => self.time(),
            870..940 => self.propose(),
            940..970 => self.snapshot(node),
            970..990 => self.stream(),
            990..993 => self.crash(node),
            993..996 => self.cut(&ids),
            996..998 => self.reconfigure(node),
            _ => self.c.cut.clear(),
        }
        self.check();
    }

    /// One message arrives, perhaps twice, or is lost; any of those on the way.
    fn message(&mut self) {
        let count = self.c.mail.len() as u64;
        if count == 0 {
            return;
        }
        let at = self.chance.below(count.min(12)) as usize;
        let message = match self.chance.below(20) {
            0 => self.c.mail[at].clone(),
            _ => self.c.mail.remove(at),
        };
        if self.chance.below(25) > 0 {
            self.c.deliver(message);
        }
    }

    fn write(&mut self, node: u64) {
        if !self.c.node(node).writes.is_empty() {
            self.c.complete_write(node);
        }
    }

    fn time(&mut self) {
        self.c.now = self.c.now + Span::millis(self.chance.below(30));
        self.c.expire_due();
    }

    fn propose(&mut self) {
        for id in self.c.leaders() {
            self.tickets += 1;
            let text = format!("{}", self.tickets);
            // Refused when too much waits: fine.
            let _ = self.c.propose(id, self.tickets, &text);
        }
    }

    /// One node changes between voter and learner; all stay members.
    fn reconfigure(&mut self, node: u64) {
        for id in self.c.leaders() {
            let mut target = self.c.members(id);
            let lists = (&mut target.voters, &mut target.learners);
            let (from, to) = match lists.0.contains(&NodeId(node)) {
                true => lists,
                false => (lists.1, lists.0),
            };
            from.retain(|other| *other != NodeId(node));
            to.push(NodeId(node));
            self.tickets += 1;
            // Refused while another change runs, or when no voter would be left: fine.
            let _ = self.c.reconfigure(id, self.tickets, &target);
        }
    }

    /// A host begins to write a snapshot that it was asked for, or ends one it began.
    fn snapshot(&mut self, node: u64) {
        if let Some(at) = self.taking.iter().position(|taking| taking.node == node) {
            let Taking { meta, state, .. } = self.taking.remove(at);
            let host = self.c.nodes.get_mut(&node).expect("known node");
            host.files.insert(meta.last, (meta.clone(), state));
            let newest = host.disk.snapshot.as_ref().map(|meta| meta.last.index);
            if newest < Some(meta.last.index) {
                host.disk.snapshot = Some(meta.clone());
            }
            self.c.feed(node, [Input::Snapshotted(meta)]);
            return;
        }
        let host = self.c.nodes.get_mut(&node).expect("known node");
        if std::mem::take(&mut host.asked).is_empty() {
            return;
        }
        let at = host.raft.view().applied();
        // `None` while a received snapshot is being put in place.
        let Some(mut meta) = host.raft.snapshot_meta(at) else {
            return;
        };
        let state = host.applied[..at.0 as usize].to_vec();
        (meta.bytes, meta.hash) = (state.len() as u64, kit::hash(&state));
        self.taking.push(Taking { node, meta, state });
    }

    fn stream(&mut self) {
        let count = self.c.streams.len() as u64;
        if count > 0 {
            let at = self.chance.below(count) as usize;
            let oldest = self.c.streams.remove(at);
            self.c.streams.insert(0, oldest);
            let arrives = self.chance.below(4) > 0;
            self.c.end_stream(arrives);
        }
    }

    fn crash(&mut self, node: u64) {
        self.seen[8] += 1;
        self.taking.retain(|taking| taking.node != node);
        self.c.restart(node);
    }

    /// One direction, or everything to and from a node.
    fn cut(&mut self, ids: &[u64]) {
        let (Some(a), Some(b)) = (self.chance.pick(ids), self.chance.pick(ids)) else {
            return;
        };
        if self.chance.below(2) == 0 {
            self.c.cut.insert((a, b));
        } else {
            self.c.partition(&[a], ids);
        }
    }

    fn check(&mut self) {
        for node in self.c.nodes.values_mut() {
            for event in node.events.drain(..) {
                let kind = match event.kind {
                    Kind::SnapshotTaken { .. } => 0,
                    Kind::SnapshotSent { .. } => 1,
                    Kind::InstallingSnapshot { .. } => 2,
                    Kind::SnapshotInstalled { .. } => 3,
                    Kind::SnapshotIgnored { .. } => 4,
                    Kind::SnapshotUnsent { .. } => 5,
                    Kind::Trimmed { .. } => 6,
                    Kind::AppendedMembership { .. } => 7,
                    _ => continue,
                };
                self.seen[kind] += 1;
            }
            let from = self.ledger.len().min(node.applied.len());
            // Comparing the end is enough: what came before was compared when it was the end,
            // and a state that a snapshot brought has a hash.
            let at = from.saturating_sub(1);
            assert_eq!(node.applied.get(at..from), self.ledger.get(at..from));
            self.ledger.extend_from_slice(&node.applied[from..]);
        }
        for id in self.c.leaders() {
            let view = self.c.view(id);
            let newest = self
                .c
                .nodes
                .values()
                .map(|node| node.raft.view().term())
                .max();
            if newest != Some(view.term()) {
                continue;
            }
            for entry in &self.ledger {
                if entry.id.index >= view.base().index {
                    let mine = view.term_at(entry.id.index);
                    assert_eq!(mine, Some(entry.id.term), "S{id} lacks {}", entry.id);
                }
            }
        }
    }

    /// Everything works again: all nodes end with the same, and with something new.
    fn heal(&mut self) {
        let c = &mut self.c;
        c.cut.clear();
        for id in c.nodes.keys().copied().collect::<Vec<_>>() {
            while !c.node(id).writes.is_empty() {
                c.complete_write(id);
            }
            c.finish_apply(id);
        }
        (c.fast_disk, c.fast_apply, c.fast_streams) = (true, true, true);
        c.run(Span::millis(3_000));
        let leaders = c.leaders();
        assert_eq!(leaders.len(), 1, "one leader");
        c.propose(leaders[0], 1 << 40, "the end").expect("accepted");
        c.run(Span::millis(500));
        let last = Payload::from(&b"the end"[..]);
        for node in c.nodes.values() {
            let end = node.applied.last().map(|entry| &entry.body);
            assert_eq!(end, Some(&EntryBody::Command(last.clone())));
            assert_eq!(node.fenced, None);
            let same = node.applied.get(..self.ledger.len());
            assert_eq!(same, Some(&self.ledger[..]), "nothing committed was lost");
        }
    }

    /// Every answered proposal is in the ledger, where its answer said.
    fn check_answers(&self) {
        for node in self.c.nodes.values() {
            for (ticket, outcome) in &node.settled {
                let Outcome::Committed(id) = outcome else {
                    continue;
                };
                let entry = &self.c.node(1).applied[id.index.0 as usize - 1];
                assert_eq!(entry.id, *id);
                let EntryBody::Command(command) = &entry.body else {
                    assert!(matches!(entry.body, EntryBody::Membership(_)), "{entry:?}");
                    continue;
                };
                if ticket.0 < 1 << 40 {
                    assert_eq!(command[..], *ticket.0.to_string().as_bytes());
                }
            }
        }
    }
}

#[test]
fn committed_state_survives_snapshots_and_crashes_in_any_order() {
    let mut seen = [0; 9];
    for seed in 0..SEEDS {
        let mut storm = Storm::new(seed);
        for _ in 0..STEPS {
            storm.step();
        }
        storm.heal();
        storm.check_answers();
        seen.iter_mut()
            .zip(storm.seen)
            .for_each(|(sum, times)| *sum += times);
    }
    println!("taken, sent, begun, installed, ignored, unsent, trimmed, changes, crashes: {seen:?}");
    assert!(seen.iter().all(|times| *times > 50), "{seen:?}");
}
