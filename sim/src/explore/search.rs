//! Breadth-first search: every world of a scope, nearest first.
//!
//! Where the machine of the paper reads every way (`reading`), a world is looked at once for each
//! state in which ways there leave the machine; elsewhere the first way there stands for all.
//!
//! Of a way that was seen only its fingerprint stays, with the number of the one it goes on from and
//! the action; the worlds of one layer are kept until the next is complete. So a violation comes with
//! a shortest path, and a way costs some 40 bytes, as does a world.

use super::action::Action;
use super::fingerprint::Fingerprint;
use super::host::Finding;
use super::index::Index;
use super::judge;
use super::moves::{Came, Moves};
use super::reading::Reading;
use super::scope::{Judging, Order, Scope};
use super::start;
use super::table::{Part, part};
use super::tell::{self, Counterexample};
use super::walks::{self, Coverage};
use super::world::World;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The scope.
    pub scope: &'static str,
    /// Different worlds, those that are equal up to the names of nodes counted once.
    pub states: u64,
    /// Steps between them, on every way to them.
    pub steps: u64,
    /// Every way of so many actions was looked at.
    pub depth: u32,
    /// Whether nothing is left to look at within the scope.
    pub complete: bool,
    /// Departures from the order of messages that the scope allows; `None`: any order.
    pub delays: Option<u8>,
    /// What happened somewhere: without it a search shows nothing.
    pub reached: Reached,
    /// Different node states, messages and steps of nodes.
    pub parts: [usize; 3],
    /// How many renamings of the nodes count as the same world.
    pub symmetries: usize,
    /// What of it the machine of the paper was to read.
    pub judging: Judging,
    /// What it read.
    pub judged: Coverage,
    /// The nearest violation.
    pub violation: Option<Counterexample>,
}

impl Report {
    /// Whether every world of the scope was looked at, in every order of messages.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        self.complete && self.delays.is_none()
    }
}

/// The most that happened in any world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Terms with a leader.
    pub leaders: u32,
    /// Committed entries.
    pub committed: usize,
    /// Requests that ended.
    pub ended: u32,
}

/// How far a search is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Worlds seen.
    pub states: u64,
    /// Layer that is being looked at.
    pub depth: u32,
    /// Worlds of it that are left.
    pub waiting: u64,
}

/// Searches a scope, at most `limit` worlds, then walks through it for the machine of the paper.
/// `watch` is told now and then how far the search is, and ends it with `false`.
pub fn explore(scope: &Scope, limit: usize, watch: &mut dyn FnMut(Progress) -> bool) -> Report {
    let mut search = Search::new(scope);
    match start::prepare(&mut search.moves) {
        Ok((world, prelude)) => {
            search.prelude = prelude;
            search.run(&world, limit, watch);
            search.walk(&world);
        }
        Err(finding) => search.found = Some((Vec::new(), finding)),
    }
    search.report()
}

/// Worlds of one layer, one after the other, and what the machine of the paper knows there.
#[derive(Default)]
struct Layer {
    words: Vec<u32>,
    ends: Vec<usize>,
    machines: Vec<u32>,
    /// Number of the first of them.
    first: u32,
}

impl Layer {
    fn push(&mut self, world: &World, machine: u32) {
        self.words.extend_from_slice(world.words());
        self.ends.push(self.words.len());
        self.machines.push(machine);
    }

    fn get(&self, at: usize) -> (&[u32], u32) {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        (&self.words[start..self.ends[at]], self.machines[at])
    }
}

struct Search {
    moves: Moves,
    worlds: Index,
    /// Worlds with machines; empty where there is one way to each.
    ways: Index,
    reading: Reading,
    /// For each way which one it goes on from and by which action.
    from: Vec<(u32, u32)>,
    /// How the start was reached.
    prelude: Vec<Action>,
    steps: u64,
    depth: u32,
    complete: bool,
    reached: Reached,
    judged: Coverage,
    found: Option<(Vec<Action>, Finding)>,
}

impl Search {
    fn new(scope: &Scope) -> Search {
        Search {
            moves: Moves::new(scope),
            worlds: Index::default(),
            ways: Index::default(),
            reading: Reading::default(),
            from: Vec::new(),
            prelude: Vec::new(),
            steps: 0,
            depth: 0,
            complete: false,
            reached: Reached::default(),
            judged: Coverage::default(),
            found: None,
        }
    }

    fn run(&mut self, start: &World, limit: usize, watch: &mut dyn FnMut(Progress) -> bool) {
        let machine = match self.first_machine() {
            Ok(machine) => machine,
            Err(finding) => return self.found = Some((Vec::new(), finding)),
        };
        let mut layer = Layer::default();
        self.insert(start, machine);
        self.from.push((0, 0));
        layer.push(start, machine);
        while !layer.ends.is_empty() {
            let mut next = Layer {
                first: self.from.len() as u32,
                ..Layer::default()
            };
            for at in 0..layer.ends.len() {
                if at % 4_096 == 0 {
                    let progress = Progress {
                        states: self.worlds.len() as u64,
                        depth: self.depth,
                        waiting: (layer.ends.len() - at) as u64,
                    };
                    if !watch(progress) {
                        return;
                    }
                }
                let (words, machine) = layer.get(at);
                self.expand(layer.first + at as u32, words, machine, &mut next);
                if self.found.is_some() || self.worlds.len() >= limit {
                    return;
                }
            }
            self.depth += u32::from(!next.ends.is_empty());
            layer = next;
        }
        self.complete = true;
    }

    /// The machine of the paper at the start, if it comes along.
    fn first_machine(&mut self) -> Result<u32, Finding> {
        if self.moves.scope.judging == Judging::Nothing {
            return Ok(0);
        }
        let machine = walks::first(&self.moves, &self.prelude)?;
        Ok(self.reading.learn(self.moves.group(), machine))
    }

    fn expand(&mut self, number: u32, words: &[u32], machine: u32, next: &mut Layer) {
        let (mut world, mut after) = (World::default(), World::default());
        world.load(words, usize::from(self.moves.scope.nodes));
        let mut options = Vec::new();
        self.moves.options(&world, &mut options);
        for action in options {
            let came = self.moves.act(&world, action, &mut after);
            if let Came::Finding(finding) = came {
                return self.find(number, action, finding);
            }
            let read = match self.read(machine) {
                Ok(read) => read,
                Err(finding) => return self.find(number, action, finding),
            };
            let moved = match came {
                Came::World(moved) => moved,
                // What changes nothing tells the machine nothing; if it does, it is looked into.
                _ if read == machine => continue,
                _ => None,
            };
            self.steps += 1;
            let (new_world, new_way) = self.insert(&after, read);
            if !new_way {
                continue;
            }
            self.from.push((number, action.code()));
            next.push(&after, read);
            if !new_world {
                continue;
            }
            if let Some(node) = moved {
                let Moves { table, chains, .. } = &self.moves;
                if let Err(finding) = judge::look(&after, table, chains, node) {
                    return self.find(number, action, finding);
                }
            }
            self.note(&after);
        }
    }

    /// The machine of the paper, if it comes along, reads what the last action made a node say.
    fn read(&mut self, machine: u32) -> Result<u32, Finding> {
        match self.moves.taken {
            Some(step) if self.moves.scope.judging != Judging::Nothing => {
                self.judged.steps += 1;
                self.judged.events += self.moves.table.step(step).events.len() as u64;
                self.reading.follow(&self.moves.table, machine, step)
            }
            _ => Ok(machine),
        }
    }

    /// Notes a world and the machine there: whether the world is new, and whether the way is.
    fn insert(&mut self, world: &World, machine: u32) -> (bool, bool) {
        let apart = self.moves.scope.judging == Judging::Ways;
        let part = |perm| match apart {
            true => self.reading.part(machine, perm),
            false => 0,
        };
        let [world, way] = fingerprints(&self.moves, world, part);
        let new = self.worlds.insert(world).1;
        (new, if apart { self.ways.insert(way).1 } else { new })
    }

    fn note(&mut self, world: &World) {
        let leaders = (1..=super::world::TERMS).filter(|term| world.leader(*term).is_some());
        let committed = self.moves.chains.links(world.chain()).len();
        let reached = &mut self.reached;
        reached.leaders = reached.leaders.max(leaders.count() as u32);
        reached.committed = reached.committed.max(committed);
        reached.ended = reached.ended.max(world.ended().count_ones());
    }

    fn find(&mut self, number: u32, last: Action, finding: Finding) {
        let mut path = vec![last];
        let mut at = number;
        while at != 0 {
            let (from, code) = self.from[at as usize];
            path.push(Action::from_code(code));
            at = from;
        }
        path.reverse();
        self.found = Some((path, finding));
    }

    fn walk(&mut self, start: &World) {
        if self.found.is_none() {
            self.found = walks::walk(&mut self.moves, start, &self.prelude, &mut self.judged);
        }
    }

    fn report(mut self) -> Report {
        (self.judged.ways, self.judged.machines) = (self.ways.len() as u64, self.reading.len());
        let violation = self.found.take().map(|(path, mut finding)| {
            let (nodes, prelude) = (self.moves.scope.nodes, &self.prelude);
            let rejected = walks::read(&self.moves, prelude, &path, &mut self.judged);
            // A machine that was kept for several ways numbers events as on the first of them.
            if let ("Refinement", Some(why)) = (finding.check, &rejected) {
                finding.detail.clone_from(why);
            }
            let told = tell::counterexample(&self.moves.table, nodes, prelude, &path, finding);
            Counterexample { rejected, ..told }
        });
        Report {
            scope: self.moves.scope.name,
            states: self.worlds.len() as u64,
            steps: self.steps,
            depth: self.depth,
            complete: self.complete,
            delays: match self.moves.scope.order {
                Order::Any => None,
                Order::InTurn => Some(self.moves.scope.budgets.delays),
            },
            reached: self.reached,
            parts: self.moves.table.sizes(),
            symmetries: self.moves.group().len(),
            judging: self.moves.scope.judging,
            judged: self.judged,
            violation,
        }
    }
}

/// One number for a world and all its renamings, the smallest of theirs; and one for what is known
/// of it besides, which is renamed likewise.
fn fingerprints(moves: &Moves, world: &World, known: impl Fn(usize) -> u128) -> [u128; 2] {
    if moves.scope.order == Order::InTurn {
        let names = Fingerprint::of(&world.words());
        return [names, names.wrapping_add(known(0))];
    }
    let mut smallest = [u128::MAX; 2];
    for perm in 0..moves.group().len() {
        let names = renamed_sum(moves, world, perm);
        let [world, way] = smallest;
        smallest = [names.min(world), names.wrapping_add(known(perm)).min(way)];
    }
    let nameless = Fingerprint::of(&world.nameless());
    smallest.map(|names| names ^ nameless)
}

/// What names have a say in, as it reads under a permutation. The order of terms says nothing.
fn renamed_sum(moves: &Moves, world: &World, perm: usize) -> u128 {
    let (table, group) = (&moves.table, moves.group());
    let states = world.states().iter();
    let states = states.map(|state| table.node(*state).parts[perm]);
    let pending = world.pending().iter();
    let pending = pending.map(|message| table.mail(*message).parts[perm]);
    let leaders = world.renamed_leaders(|node| group.number(perm, node));
    let history = [
        moves.chains.part(world.chain(), perm),
        part(Part::Leaders, leaders),
    ];
    states
        .chain(pending)
        .chain(history)
        .fold(0, u128::wrapping_add)
}
