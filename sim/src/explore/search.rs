//! Breadth-first search: every world of a scope, nearest first.
//!
//! Of a world that was seen only its fingerprint stays, with the number of the world it was
//! reached from and the action; the worlds of one layer are kept until the next is complete. So
//! a violation comes with a shortest path, and a state costs some 40 bytes.

use super::action::Action;
use super::fingerprint::Fingerprint;
use super::host::Finding;
use super::index::Index;
use super::judge;
use super::moves::{Came, Moves};
use super::scope::{Order, Scope};
use super::start;
use super::table::{Part, part};
use super::tell::{self, Counterexample};
use super::walks::{self, Judged};
use super::world::World;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The scope.
    pub scope: &'static str,
    /// Different worlds, those that are equal up to the names of nodes counted once.
    pub states: u64,
    /// Steps between them.
    pub steps: u64,
    /// Every world that so many actions lead to was looked at.
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
    /// What the machine of the paper read of it (`walks`).
    pub judged: Judged,
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

/// Worlds of one layer, one after the other.
#[derive(Default)]
struct Layer {
    words: Vec<u32>,
    ends: Vec<usize>,
    /// Number of the first of them.
    first: u32,
}

impl Layer {
    fn push(&mut self, world: &World) {
        self.words.extend_from_slice(world.words());
        self.ends.push(self.words.len());
    }

    fn get(&self, at: usize) -> &[u32] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.words[start..self.ends[at]]
    }
}

struct Search {
    moves: Moves,
    seen: Index,
    /// For each world where it comes from and by which action.
    from: Vec<(u32, u32)>,
    /// How the start was reached.
    prelude: Vec<Action>,
    steps: u64,
    depth: u32,
    complete: bool,
    reached: Reached,
    judged: Judged,
    found: Option<(Vec<Action>, Finding)>,
}

impl Search {
    fn new(scope: &Scope) -> Search {
        Search {
            moves: Moves::new(scope),
            seen: Index::default(),
            from: Vec::new(),
            prelude: Vec::new(),
            steps: 0,
            depth: 0,
            complete: false,
            reached: Reached::default(),
            judged: Judged::default(),
            found: None,
        }
    }

    fn run(&mut self, start: &World, limit: usize, watch: &mut dyn FnMut(Progress) -> bool) {
        let mut layer = Layer::default();
        self.seen.insert(fingerprint(&self.moves, start));
        self.from.push((0, 0));
        layer.push(start);
        while !layer.ends.is_empty() {
            let mut next = Layer {
                first: self.seen.len() as u32,
                ..Layer::default()
            };
            for at in 0..layer.ends.len() {
                if at % 4_096 == 0 {
                    let progress = Progress {
                        states: self.seen.len() as u64,
                        depth: self.depth,
                        waiting: (layer.ends.len() - at) as u64,
                    };
                    if !watch(progress) {
                        return;
                    }
                }
                self.expand(layer.first + at as u32, layer.get(at), &mut next);
                if self.found.is_some() || self.seen.len() >= limit {
                    return;
                }
            }
            self.depth += u32::from(!next.ends.is_empty());
            layer = next;
        }
        self.complete = true;
    }

    fn expand(&mut self, number: u32, words: &[u32], next: &mut Layer) {
        let (mut world, mut after) = (World::default(), World::default());
        world.load(words, usize::from(self.moves.scope.nodes));
        let mut options = Vec::new();
        self.moves.options(&world, &mut options);
        for action in options {
            let moved = match self.moves.act(&world, action, &mut after) {
                Came::Nothing => continue,
                Came::World(moved) => moved,
                Came::Finding(finding) => return self.find(number, action, finding),
            };
            self.steps += 1;
            let (_, new) = self.seen.insert(fingerprint(&self.moves, &after));
            if !new {
                continue;
            }
            self.from.push((number, action.code()));
            if let Some(node) = moved {
                let Moves { table, chains, .. } = &self.moves;
                if let Err(finding) = judge::look(&after, table, chains, node) {
                    return self.find(number, action, finding);
                }
            }
            self.note(&after);
            next.push(&after);
        }
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
        let violation = self.found.take().map(|(path, finding)| {
            let (nodes, prelude) = (self.moves.scope.nodes, &self.prelude);
            let rejected = walks::read(&self.moves, prelude, &path, &mut self.judged);
            let told = tell::counterexample(&self.moves.table, nodes, prelude, &path, finding);
            Counterexample { rejected, ..told }
        });
        Report {
            scope: self.moves.scope.name,
            states: self.seen.len() as u64,
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
            judged: self.judged,
            violation,
        }
    }
}

/// One number for a world and all its renamings: the smallest of theirs.
fn fingerprint(moves: &Moves, world: &World) -> u128 {
    if moves.scope.order == Order::InTurn {
        return Fingerprint::of(&world.words());
    }
    let renamed = |perm| renamed_sum(moves, world, perm);
    let smallest = (0..moves.group().len()).map(renamed).min();
    let names = smallest.expect("a group has an identity");
    names ^ Fingerprint::of(&world.nameless())
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
