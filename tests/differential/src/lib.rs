//! The same schedules through TiKV's `raft` 0.7 and through ours (core design 4.2, item 13).
//!
//! **In the same simulator**: `raftwerk-sim` is compiled a second time, unchanged, over a crate that
//! shows a `RawNode` behind the interface of our core (`tikv/core`). `worlds` says which worlds both
//! can live in; tests/storms.rs has both in the same storms under the same checks; `script` and
//! `twins` do the same to both and compare them entry by entry (tests/scripts.rs).
//!
//! **In lock step, without time** ([`Cluster`]): the rest of this file, `schedule`, `ours`, `tikv` and
//! tests/agree.rs. It has what the simulator's worlds here do not have, transfers, and is quick.
//! What can be compared honestly: the rules, not the clocks. No timer fires in either cluster, so
//! nothing happens by itself; the schedule says who campaigns, who proposes, who crashes, which
//! links are open. Links are cut both ways or not at all, the disk is done at once, and after each
//! act all messages are delivered until nobody has anything to say; then every leader sends a
//! heartbeat and all is delivered again. Under such schedules Raft leaves nothing open: who wins
//! an election, what is in each log and what is committed follow from the paper alone. So both
//! must agree on all of it, entry by entry.
//!
//! Not compared: elections by timer, pre-vote and check-quorum (the two ask at other times), one-way
//! cuts and lost single messages (how far an append runs ahead is each one's own affair), transfers
//! by a leader without a majority, reads, snapshots, membership changes.

mod luck;
pub mod ours;
pub mod schedule;
pub mod script;
pub mod tikv;
pub mod twins;
pub mod worlds;

use std::collections::{BTreeSet, VecDeque};

/// One entry as both can tell it. Ours has the members in its first entry, which is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its term.
    pub term: u64,
    /// The command; empty for an opening entry.
    pub command: Vec<u8>,
}

/// What is compared of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its term.
    pub term: u64,
    /// Whether it leads.
    pub leads: bool,
    /// Its log.
    pub log: Vec<Entry>,
    /// How many entries of it it knows to be committed.
    pub commit: usize,
}

/// A replica of either kind.
pub trait Replica: Sized {
    /// Its messages.
    type Message: Clone;
    /// What a crash leaves.
    type Disk;

    /// A new node of a cluster of so many.
    fn new(id: u64, size: u64) -> Self;
    /// Ends it.
    fn crash(self) -> Self::Disk;
    /// Starts it again.
    fn restart(disk: Self::Disk) -> Self;
    /// Its election timer fires.
    fn campaign(&mut self);
    /// A client asks; false: it does not take it.
    fn propose(&mut self, command: &[u8]) -> bool;
    /// A leader sends a heartbeat.
    fn beat(&mut self);
    /// A leader is to hand over.
    fn transfer(&mut self, to: u64);
    /// A message arrives.
    fn receive(&mut self, message: Self::Message);
    /// Does everything there is to do; what goes to whom.
    fn drain(&mut self) -> Vec<(u64, Self::Message)>;
    /// What is compared.
    fn seen(&self) -> Seen;
    /// All commands applied in this life.
    fn applied(&self) -> &[Vec<u8>];
}

/// A node that runs, or what is left of it.
enum Place<R: Replica> {
    Up(R),
    Down(R::Disk),
    /// Only while it changes.
    Between,
}

/// A cluster of replicas of one kind.
pub struct Cluster<R: Replica> {
    nodes: Vec<Place<R>>,
    mail: VecDeque<(u64, u64, R::Message)>,
    cut: BTreeSet<(u64, u64)>,
}

/// Heartbeats after each act: enough to find where two logs meet and to send what is missing.
const BEATS: usize = 10;

/// Most messages after one act; more is a cluster that never comes to rest.
const MAX_MAIL: usize = 100_000;

impl<R: Replica> Cluster<R> {
    /// A new cluster.
    #[must_use]
    pub fn new(size: u64) -> Cluster<R> {
        Cluster {
            nodes: (1..=size).map(|id| Place::Up(R::new(id, size))).collect(),
            mail: VecDeque::new(),
            cut: BTreeSet::new(),
        }
    }

    fn node(&mut self, id: u64) -> Option<&mut R> {
        match &mut self.nodes[id as usize - 1] {
            Place::Up(node) => Some(node),
            _ => None,
        }
    }

    fn collect(&mut self, from: u64) {
        let Some(node) = self.node(from) else { return };
        let mut out = node.drain();
        // Who is told first must not depend on a table inside.
        out.sort_by_key(|(to, _)| *to);
        self.mail
            .extend(out.into_iter().map(|(to, message)| (from, to, message)));
    }

    /// Delivers everything until nobody has anything to say.
    fn deliver(&mut self) {
        for _ in 0..MAX_MAIL {
            let Some((from, to, message)) = self.mail.pop_front() else {
                return;
            };
            if self.cut.contains(&(from.min(to), from.max(to))) {
                continue;
            }
            if let Some(node) = self.node(to) {
                node.receive(message);
                self.collect(to);
            }
        }
        panic!("the cluster never comes to rest");
    }

    /// Carries out one act, and lets everything it leads to happen. Returns whether a proposal
    /// was taken.
    pub fn act(&mut self, act: &schedule::Act) -> bool {
        use schedule::Act;
        let mut taken = false;
        match act {
            Act::Campaign(id) => self.with(*id, R::campaign),
            Act::Propose(id, commands) => {
                self.with(*id, |node| {
                    // All before one drain: a batch.
                    for command in commands {
                        taken |= node.propose(command);
                    }
                });
            }
            Act::Transfer(id, to) => self.with(*id, |node| node.transfer(*to)),
            Act::Crash(id) => self.crash(*id),
            Act::Restart(id) => self.restart(*id),
            Act::Cut(a, b) => _ = self.cut.insert((*a.min(b), *a.max(b))),
            Act::Restore(a, b) => _ = self.cut.remove(&(*a.min(b), *a.max(b))),
            Act::Split(left) => self.split(left),
            Act::Heal => self.cut.clear(),
        }
        self.deliver();
        self.tell_outdated();
        for _ in 0..BEATS {
            for id in 1..=self.nodes.len() as u64 {
                self.with(id, R::beat);
            }
            self.deliver();
        }
        taken
    }

    /// Leaders of older terms hear of it before they say anything to others: how much they would
    /// still get rid of is a race.
    fn tell_outdated(&mut self) {
        for id in 1..=self.nodes.len() as u64 {
            self.with(id, R::beat);
            let terms = self.seen();
            let term = |id: u64| terms[id as usize - 1].as_ref().map_or(0, |seen| seen.term);
            self.mail.retain(|(from, to, _)| term(*to) > term(*from));
            self.deliver();
        }
    }

    fn with(&mut self, id: u64, change: impl FnOnce(&mut R)) {
        if let Some(node) = self.node(id) {
            change(node);
            self.collect(id);
        }
    }

    fn split(&mut self, left: &[u64]) {
        self.cut.clear();
        let size = self.nodes.len() as u64;
        for a in 1..=size {
            for b in a + 1..=size {
                if left.contains(&a) != left.contains(&b) {
                    self.cut.insert((a, b));
                }
            }
        }
    }

    fn crash(&mut self, id: u64) {
        let place = &mut self.nodes[id as usize - 1];
        *place = match std::mem::replace(place, Place::Between) {
            Place::Up(node) => Place::Down(node.crash()),
            other => other,
        };
    }

    fn restart(&mut self, id: u64) {
        let place = &mut self.nodes[id as usize - 1];
        *place = match std::mem::replace(place, Place::Between) {
            Place::Down(disk) => Place::Up(R::restart(disk)),
            other => other,
        };
        self.collect(id);
    }

    /// What is compared, node by node; `None`: it does not run.
    #[must_use]
    pub fn seen(&self) -> Vec<Option<Seen>> {
        let seen = self.nodes.iter().map(|place| match place {
            Place::Up(node) => Some(node.seen()),
            _ => None,
        });
        seen.collect()
    }

    /// The commands each running node has applied in its present life.
    #[must_use]
    pub fn applied(&self) -> Vec<Option<&[Vec<u8>]>> {
        let applied = self.nodes.iter().map(|place| match place {
            Place::Up(node) => Some(node.applied()),
            _ => None,
        });
        applied.collect()
    }
}
