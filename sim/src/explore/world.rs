//! A world as a row of numbers: node states, what history has shown, budgets, messages.
//!
//! | words            | what                                                              |
//! |------------------|-------------------------------------------------------------------|
//! | one per node     | number of its state in the table                                  |
//! | leaders          | who led term 1 to 8, four bits each, zero for nobody              |
//! | chain            | number of the committed sequence (`chain`)                        |
//! | reads            | committed when read 0 to 3 began, plus one; zero: not open        |
//! | ended            | one bit for each ticket that has ended                            |
//! | lost             | one bit for each proposal that was told to be lost                |
//! | budgets, twice   | what the search may still do, four bits each                      |
//! | the rest         | messages on the way, sorted; or in order, with writes between     |
//! |                  | them and what is late behind them                                 |

/// What a scope may do so many times. `u8` counts up to fifteen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Election timers that fire.
    pub timeouts: u8,
    /// Heartbeat timers that fire.
    pub heartbeats: u8,
    /// Leaders that notice silence.
    pub silences: u8,
    /// Leaders for which a transfer takes too long.
    pub waits: u8,
    /// Proposals; at most eight.
    pub proposals: u8,
    /// Changes of members; at most four.
    pub changes: u8,
    /// Transfers of leadership; at most four.
    pub transfers: u8,
    /// Reads; at most four.
    pub reads: u8,
    /// Crashes, each followed by a start.
    pub reboots: u8,
    /// Logs that rot, each while its node is down, which then starts.
    pub rots: u8,
    /// Disks that fail for good.
    pub failures: u8,
    /// Messages that arrive twice.
    pub duplicates: u8,
    /// Reports that a connection broke or is back.
    pub links: u8,
    /// Where messages arrive in order: departures from it.
    pub delays: u8,
    /// Votes that a broken network forges.
    pub forgeries: u8,
}

/// One of the budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    Timeouts,
    Heartbeats,
    Silences,
    Waits,
    Proposals,
    Changes,
    Transfers,
    Reads,
    Reboots,
    Failures,
    Duplicates,
    Links,
    Delays,
    Forgeries,
    Rots,
}

/// Most terms of a world.
pub(crate) const TERMS: u64 = 8;
/// The first ticket of a change; those below belong to proposals.
pub(crate) const FIRST_CHANGE: u8 = 8;
/// The first ticket of a transfer.
pub(crate) const FIRST_TRANSFER: u8 = 12;
/// The first ticket of a read.
pub(crate) const FIRST_READ: u8 = 16;
/// Marks a word that stands for a waiting write of a node.
pub(crate) const WRITE: u32 = 1 << 31;
/// Marks what is late: it has no turn any more and may come at any time, or never.
pub(crate) const LATE: u32 = 1 << 30;

/// A world that is being built or read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct World {
    words: Vec<u32>,
    nodes: usize,
}

const LEADERS: usize = 0;
const CHAIN: usize = 1;
const READING: usize = 2;
const ENDED: usize = 3;
const LOST: usize = 4;
const BUDGETS: usize = 5;
const FIXED: usize = 7;

impl World {
    /// Nodes in these states and nothing else.
    pub fn new(states: &[u32]) -> World {
        let mut words = states.to_vec();
        words.resize(states.len() + FIXED, 0);
        World {
            words,
            nodes: states.len(),
        }
    }

    /// Takes over a world that was written down.
    pub fn load(&mut self, words: &[u32], nodes: usize) {
        self.words.clear();
        self.words.extend_from_slice(words);
        self.nodes = nodes;
    }

    /// All of it.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// What no name has a say in: reads, ended tickets, budgets.
    pub fn nameless(&self) -> &[u32] {
        &self.words[self.nodes + READING..self.nodes + FIXED]
    }

    /// States of the nodes.
    pub fn states(&self) -> &[u32] {
        &self.words[..self.nodes]
    }

    /// State of a node.
    pub fn state(&self, node: u8) -> u32 {
        self.words[usize::from(node)]
    }

    /// Moves a node to a state.
    pub fn set_state(&mut self, node: u8, state: u32) {
        self.words[usize::from(node)] = state;
    }

    /// Who led a term.
    pub fn leader(&self, term: u64) -> Option<u8> {
        let packed = self.words[self.nodes + LEADERS] >> leader_shift(term) & 15;
        packed.checked_sub(1).map(|node| node as u8)
    }

    /// Notes who leads a term.
    pub fn set_leader(&mut self, term: u64, node: u8) {
        self.words[self.nodes + LEADERS] |= (u32::from(node) + 1) << leader_shift(term);
    }

    /// Who led each term when names are changed, packed.
    pub fn renamed_leaders(&self, rename: impl Fn(u8) -> u8) -> u32 {
        let mut renamed = 0;
        for term in 1..=TERMS {
            if let Some(node) = self.leader(term) {
                renamed |= (u32::from(rename(node)) + 1) << leader_shift(term);
            }
        }
        renamed
    }

    /// Number of the committed sequence.
    pub fn chain(&self) -> u32 {
        self.words[self.nodes + CHAIN]
    }

    /// Another committed sequence.
    pub fn set_chain(&mut self, chain: u32) {
        self.words[self.nodes + CHAIN] = chain;
    }

    /// How much was committed when a read began, if it is open.
    pub fn read_began(&self, ticket: u8) -> Option<usize> {
        let shift = 8 * u32::from(ticket - FIRST_READ);
        let began = self.words[self.nodes + READING] >> shift & 255;
        began.checked_sub(1).map(|began| began as usize)
    }

    /// Opens or closes a read.
    pub fn set_read(&mut self, ticket: u8, began: Option<usize>) {
        let shift = 8 * u32::from(ticket - FIRST_READ);
        let began = began.map_or(0, |began| began as u32 + 1);
        let word = &mut self.words[self.nodes + READING];
        *word = *word & !(255 << shift) | began << shift;
    }

    /// Notes that a ticket has ended; false when it had already.
    pub fn end_ticket(&mut self, ticket: u8) -> bool {
        let word = &mut self.words[self.nodes + ENDED];
        let before = *word;
        *word |= 1 << ticket;
        *word != before
    }

    /// One bit for each ticket that has ended.
    pub fn ended(&self) -> u32 {
        self.words[self.nodes + ENDED]
    }

    /// One bit for each proposal that was told to be lost for certain.
    pub fn lost(&self) -> u32 {
        self.words[self.nodes + LOST]
    }

    /// Notes that a proposal was told to be lost.
    pub fn set_lost(&mut self, ticket: u8) {
        self.words[self.nodes + LOST] |= 1 << ticket;
    }

    /// What is left of a budget.
    pub fn left(&self, budget: Budget) -> u8 {
        let (word, shift) = self.budget_place(budget);
        (self.words[word] >> shift & 15) as u8
    }

    /// Takes one from a budget that has one.
    pub fn spend(&mut self, budget: Budget) {
        assert!(self.left(budget) > 0, "{budget:?} are spent");
        let (word, shift) = self.budget_place(budget);
        self.words[word] -= 1 << shift;
    }

    /// Gives all budgets.
    pub fn grant(&mut self, budgets: &Budgets) {
        assert!(budgets.proposals <= 8, "tickets of proposals");
        let other = [budgets.changes, budgets.transfers, budgets.reads];
        assert!(other.iter().all(|count| *count <= 4), "tickets of the rest");
        let list = [
            (Budget::Timeouts, budgets.timeouts),
            (Budget::Heartbeats, budgets.heartbeats),
            (Budget::Silences, budgets.silences),
            (Budget::Waits, budgets.waits),
            (Budget::Proposals, budgets.proposals),
            (Budget::Changes, budgets.changes),
            (Budget::Transfers, budgets.transfers),
            (Budget::Reads, budgets.reads),
            (Budget::Reboots, budgets.reboots),
            (Budget::Failures, budgets.failures),
            (Budget::Duplicates, budgets.duplicates),
            (Budget::Links, budgets.links),
            (Budget::Delays, budgets.delays),
            (Budget::Forgeries, budgets.forgeries),
            (Budget::Rots, budgets.rots),
        ];
        self.words[self.nodes + BUDGETS..self.nodes + FIXED].fill(0);
        for (budget, amount) in list {
            assert!(amount < 16, "{budget:?} have four bits");
            let (word, shift) = self.budget_place(budget);
            self.words[word] |= u32::from(amount) << shift;
        }
    }

    fn budget_place(&self, budget: Budget) -> (usize, u32) {
        let place = budget as usize;
        (self.nodes + BUDGETS + place / 8, 4 * (place % 8) as u32)
    }

    /// What is on the way.
    pub fn pending(&self) -> &[u32] {
        &self.words[self.nodes + FIXED..]
    }

    /// Puts something behind all that is on the way.
    pub fn push(&mut self, item: u32) {
        self.words.push(item);
    }

    /// Takes something off the way.
    pub fn remove(&mut self, item: u32) {
        let at = self.pending().iter().position(|pending| *pending == item);
        let at = at.expect("what is taken is on the way");
        self.words.remove(self.nodes + FIXED + at);
    }

    /// Keeps what is wanted of what is on the way.
    pub fn keep(&mut self, mut wanted: impl FnMut(u32) -> bool) {
        let first = self.nodes + FIXED;
        let mut to = first;
        for from in first..self.words.len() {
            if wanted(self.words[from]) {
                self.words[to] = self.words[from];
                to += 1;
            }
        }
        self.words.truncate(to);
    }

    /// Makes the order of what is on the way say nothing.
    pub fn sort_pending(&mut self) {
        let first = self.nodes + FIXED;
        self.words[first..].sort_unstable();
    }

    /// What has its turn next.
    pub fn first_in_turn(&self) -> Option<u32> {
        self.pending()
            .first()
            .copied()
            .filter(|item| item & LATE == 0)
    }

    /// What is late, without the mark.
    pub fn late(&self) -> impl Iterator<Item = u32> {
        let late = self.pending().iter().filter(|item| **item & LATE != 0);
        late.map(|item| item & !LATE)
    }

    /// Takes its turn from a message or a write; with `all` from every equal one.
    pub fn make_late(&mut self, item: u32, all: bool) {
        let first = self.nodes + FIXED;
        for pending in &mut self.words[first..] {
            if *pending == item {
                *pending |= LATE;
                if !all {
                    break;
                }
            }
        }
        self.sort_late();
    }

    /// Puts what is late behind the rest; its order says nothing.
    pub fn sort_late(&mut self) {
        let first = self.nodes + FIXED;
        let in_turn = |item: u32| item & LATE == 0;
        self.words[first..].sort_by_key(|item| if in_turn(*item) { 0 } else { *item });
    }

    /// Takes a message or a write off the way, the one in turn before the late one.
    pub fn remove_any(&mut self, item: u32) {
        match self.pending().contains(&item) {
            true => self.remove(item),
            false => self.remove(item | LATE),
        }
    }
}

fn leader_shift(term: u64) -> u32 {
    assert!((1..=TERMS).contains(&term), "terms 1 to {TERMS} have room");
    4 * (term - 1) as u32
}
