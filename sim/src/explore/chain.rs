//! The committed sequence: what any node ever took for committed, in order, and in which term.
//!
//! History that the nodes may lose and the checks must not. Like node states, sequences are kept
//! once under a number, with their twins.

use super::facts::Row;
use super::fingerprint::Fingerprint;
use super::index::Index;
use super::table::{Part, Table, part};
use raftwerk_core::Term;

/// A committed position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    /// What stands there, and everything before.
    pub row: Row,
    /// Term of the node that committed it first.
    pub in_term: Term,
}

#[derive(Clone, Debug, Default)]
struct Chain {
    links: Vec<Link>,
    twins: Box<[u32]>,
    parts: Box<[u128]>,
}

/// All sequences seen.
pub(crate) struct Chains {
    chains: Vec<Chain>,
    index: Index,
}

impl Chains {
    /// Knows the empty one, which has number zero.
    pub fn new(perms: usize) -> Chains {
        let mut chains = Chains {
            chains: Vec::new(),
            index: Index::default(),
        };
        let empty = chains.learn(Vec::new());
        chains.set_twins(empty, vec![empty; perms].into());
        chains
    }

    /// The positions of a sequence.
    pub fn links(&self, chain: u32) -> &[Link] {
        &self.chains[chain as usize].links
    }

    /// What a sequence adds to the fingerprint of its world under a permutation.
    pub fn part(&self, chain: u32, perm: usize) -> u128 {
        self.chains[chain as usize].parts[perm]
    }

    /// The sequence under a permutation.
    fn twin(&self, chain: u32, perm: usize) -> u32 {
        self.chains[chain as usize].twins[perm]
    }

    /// The sequence made longer by what a node takes for committed.
    pub fn extend(&mut self, chain: u32, table: &Table, state: u32) -> u32 {
        let perms = table.group.len();
        let longer = |perm: usize| {
            let facts = table.facts(table.node(state).twins[perm]);
            let mut links = self.links(self.twin(chain, perm)).to_vec();
            let new = facts.log[links.len()..facts.commit].iter();
            links.extend(new.map(|row| Link {
                row: *row,
                in_term: facts.term,
            }));
            links
        };
        let all: Vec<Vec<Link>> = (0..perms).map(longer).collect();
        let numbers: Vec<u32> = all.into_iter().map(|links| self.learn(links)).collect();
        for (a, number) in numbers.iter().enumerate() {
            let twins = (0..perms).map(|b| numbers[table.group.then(b, a)]);
            self.set_twins(*number, twins.collect());
        }
        numbers[0]
    }

    fn set_twins(&mut self, number: u32, twins: Box<[u32]>) {
        let chain = &mut self.chains[number as usize];
        chain.parts = twins.iter().map(|twin| part(Part::Chain, *twin)).collect();
        chain.twins = twins;
    }

    fn learn(&mut self, links: Vec<Link>) -> u32 {
        let (number, new) = self.index.insert(Fingerprint::of(&links));
        if new {
            self.chains.push(Chain {
                links,
                ..Chain::default()
            });
        }
        number
    }
}
