//! Two worlds of the simulator, one with each implementation in it, to which the same is done at
//! the same times.
//!
//! Compared is every node that runs, and what clients are told. Two things are each one's own affair
//! until the end, where all must know the same: what a follower was told to be committed before it
//! was cut off or frozen (ours tells it no more than it has proven to have, trap R5), and what a node
//! knew that runs no more.
//!
//! A world is reached through [`Cluster`], because the two are two types: the simulator is compiled
//! twice. What is done and how the world looks is plain data and crosses as such.

use crate::script::Act;
use crate::worlds::{for_tikv, scripted};
use raftwerk_sim::{Intervention, Setup};
use serde_json::Value;

/// What is compared of a node that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its term.
    pub term: u64,
    /// Whom it gave its vote in it.
    pub vote: Option<u64>,
    /// Whether it leads.
    pub leads: bool,
    /// Its log, entry by entry, at most the last 64 of it.
    pub log: Value,
    /// Where it ends.
    pub last: u64,
    /// How much of it it knows to be committed, and has applied.
    pub commit: u64,
    /// Likewise.
    pub applied: u64,
    /// Digest of its state machine, and with it of every command that it has applied.
    pub store: Value,
}

impl Seen {
    /// Whether it is a follower that was told of less.
    fn is_behind(&self, other: &Seen) -> bool {
        !self.leads && self.commit < other.commit
    }

    /// The same as far as another knows it to be committed.
    fn at(&self, other: &Seen) -> Seen {
        Seen {
            commit: other.commit,
            applied: other.applied,
            store: other.store.clone(),
            ..self.clone()
        }
    }

    /// The entries of its log, position and words.
    pub fn entries(&self) -> impl Iterator<Item = (u64, String)> {
        let entries = self.log.as_array().into_iter().flatten();
        entries.map(|entry| {
            let index = entry["index"].as_u64();
            (index.unwrap_or_default(), entry.to_string())
        })
    }
}

/// What is compared of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// By node; `None`: it does not run.
    pub nodes: Vec<Option<Seen>>,
    /// By client, what it has asked and how that has ended.
    pub clients: Vec<Value>,
    /// The first check that failed.
    pub violation: Option<String>,
}

impl Picture {
    /// Who runs and leads: term and node.
    #[must_use]
    pub fn leaders(&self) -> Vec<(u64, u64)> {
        let leads = |(node, seen): (u64, &Option<Seen>)| {
            let seen = seen.as_ref().filter(|seen| seen.leads)?;
            Some((seen.term, node))
        };
        (1..).zip(&self.nodes).filter_map(leads).collect()
    }
}

/// A world of either simulator.
pub trait Cluster {
    /// The cluster just started.
    fn begin(setup: &Setup) -> Self;
    /// Plays everything up to a time, microseconds.
    fn run_until(&mut self, time: u64);
    /// Does something now; false: it is not possible.
    fn act(&mut self, what: &Intervention) -> bool;
    /// What is compared.
    fn picture(&self) -> Picture;
    /// Highest index that anybody ever knew to be committed.
    fn committed(&self) -> u64;
}

/// From a node's picture; both simulators write it in the same words.
fn seen(node: &Value) -> Seen {
    let number = |of: &Value| of.as_u64().unwrap_or_default();
    Seen {
        term: number(&node["term"]),
        vote: node["vote"].as_u64(),
        leads: node["role"] == "Leader",
        log: node["log"]["entries"].clone(),
        last: number(&node["log"]["last"]),
        commit: number(&node["commit"]),
        applied: number(&node["applied"]),
        store: node["store"]["digest"].clone(),
    }
}

/// What a client has asked, without when.
fn told(client: &Value) -> Value {
    let operations = client["done"].as_array().into_iter().flatten();
    let words = operations.map(|one| {
        let part = |name: &str| one[name].clone();
        Value::from(vec![part("text"), part("outcome"), part("answer")])
    });
    words.collect()
}

fn picture(world: &Value, violation: Option<String>) -> Picture {
    let list = |name: &str| world[name].as_array().cloned().unwrap_or_default();
    let runs = |card: &Value| card["condition"] == "up" && !card["view"].is_null();
    let node = |card: &Value| runs(card).then(|| seen(&card["view"]));
    Picture {
        nodes: list("nodes").iter().map(node).collect(),
        clients: list("clients").iter().map(told).collect(),
        violation,
    }
}

/// The same words in the other simulator's type.
fn across<T: serde::de::DeserializeOwned>(what: &impl serde::Serialize) -> T {
    let words = serde_json::to_value(what).expect("plain data");
    serde_json::from_value(words).expect("both types are compiled from the same sources")
}

macro_rules! cluster {
    ($simulator:ident, $setup:expr, $across:expr) => {
        impl Cluster for $simulator::World {
            fn begin(setup: &Setup) -> Self {
                $simulator::World::new(&$setup(setup))
            }

            fn run_until(&mut self, time: u64) {
                while self.next_time().is_some_and(|next| next <= time) && self.step() {}
            }

            fn act(&mut self, what: &Intervention) -> bool {
                $simulator::World::act(self, &$across(what)).is_ok()
            }

            fn picture(&self) -> Picture {
                let view = serde_json::to_value(self.view(self.now())).expect("plain data");
                picture(&view, self.violation().map(|found| format!("{found:?}")))
            }

            fn committed(&self) -> u64 {
                $simulator::World::committed(self)
            }
        }
    };
}

cluster!(raftwerk_sim, Setup::clone, Intervention::clone);
cluster!(raftwerk_tikv_sim, for_tikv, across);

/// How long the effects of an act take at most, microseconds.
const REST: u64 = 1_000_000;

/// Both worlds.
pub struct Twins {
    ours: raftwerk_sim::World,
    theirs: raftwerk_tikv_sim::World,
    time: u64,
    /// How often a follower of ours knew less to be committed.
    pub behind: u64,
}

impl Twins {
    /// Two clusters that have just started.
    #[must_use]
    pub fn new(nodes: u64, seed: u64) -> Twins {
        let setup = scripted(nodes, seed);
        let mut twins = Twins {
            ours: Cluster::begin(&setup),
            theirs: Cluster::begin(&setup),
            time: 0,
            behind: 0,
        };
        twins.rest();
        twins
    }

    /// Does it to both, and lets everything happen that it leads to.
    pub fn play(&mut self, act: &Act) {
        match act {
            Act::Do(all) => all.iter().for_each(|what| _ = self.act(what)),
            Act::Burst(ops) => {
                let newest = self.ours.picture().leaders().into_iter().max();
                for (client, op) in (1..).zip(ops) {
                    if let Some((_, node)) = newest {
                        let op = op.clone();
                        self.act(&Intervention::Ask { client, node, op });
                    }
                }
            }
            Act::Open(what) => {
                for node in 1..=self.ours.setup().nodes {
                    if self.act(&Intervention::Thaw(node)) {
                        self.rest();
                    }
                }
                self.tell_leaders_of_the_past();
                self.act(what);
            }
        }
        self.rest();
    }

    /// Fails if they differ, or if a check failed in one of them.
    ///
    /// # Panics
    /// That is how it fails.
    #[must_use]
    pub fn compare(&mut self, place: &str) -> Picture {
        let (ours, theirs) = (self.ours.picture(), self.theirs.picture());
        assert_eq!(ours.violation, None, "ours: {place}");
        assert_eq!(theirs.violation, None, "theirs: {place}");
        for (node, (ours, theirs)) in (1..).zip(ours.nodes.iter().zip(&theirs.nodes)) {
            let behind = |ours: &&Seen| theirs.as_ref().is_some_and(|one| ours.is_behind(one));
            let Some(behind) = ours.as_ref().filter(behind) else {
                assert_eq!(ours, theirs, "S{node}: {place}");
                continue;
            };
            self.behind += 1;
            let theirs = theirs.as_ref().map(|one| one.at(behind));
            assert_eq!(ours, &theirs, "S{node}: {place}");
        }
        for (client, (ours, theirs)) in (1..).zip(ours.clients.iter().zip(&theirs.clients)) {
            assert_eq!(ours, theirs, "C{client}: {place}");
        }
        ours
    }

    /// Highest index that anybody ever knew to be committed, here and there.
    #[must_use]
    pub fn committed(&self) -> [u64; 2] {
        [self.ours.committed(), Cluster::committed(&self.theirs)]
    }

    fn act(&mut self, what: &Intervention) -> bool {
        let possible = Cluster::act(&mut self.ours, what);
        let there = Cluster::act(&mut self.theirs, what);
        assert_eq!(possible, there, "possible or not: {what}");
        possible
    }

    fn rest(&mut self) {
        self.time += REST;
        self.ours.run_until(self.time);
        self.theirs.run_until(self.time);
    }

    /// Whoever leads in a term that is over hears so from a node of the newest one.
    fn tell_leaders_of_the_past(&mut self) {
        let picture = self.ours.picture();
        let term = |(node, seen): (u64, &Option<Seen>)| Some((seen.as_ref()?.term, node));
        let Some((newest, from)) = (1..).zip(&picture.nodes).filter_map(term).max() else {
            return;
        };
        for (term, to) in picture.leaders() {
            if term < newest {
                self.act(&Intervention::Restore { from, to });
                self.act(&Intervention::Restore { from: to, to: from });
                self.rest();
            }
        }
    }
}
