//! What the machine of the paper ([`refine`](crate::refine)) knows on every way through a scope.
//!
//! The machine knows a world by the way there and not by its looks. So a search that takes worlds
//! that look alike for one tells *ways* apart: a world, and the machine that has read the events of
//! a way there. Two ways to one world that left the machine in the same state are one: whatever
//! follows, it says the same of both. Each step of each way is read, so every schedule of a scope
//! that is searched to its end is, and the first event that the machine rejects is a violation.
//!
//! There are few machines for many worlds: it hears nothing of messages on their way. Each is kept
//! once under a number, and what it makes of a step of a node is worked out once.
//!
//! Where worlds are one up to the names of nodes, ways are, too. That the machine treats all names
//! alike is not believed: with each step that it reads for the first time it reads the same step of
//! the renamed nodes, under one renaming after the other, and must end in the renamed state.

use super::fingerprint::{Fingerprint, mix};
use super::group::Group;
use super::host::Finding;
use super::index::Index;
use super::table::Table;
use crate::refine::Machine;
use raftwerk_core::trace::Event;

/// A machine after some way.
struct Known {
    machine: Machine,
    /// What it adds to the fingerprint of a way, under every permutation.
    parts: Box<[u128]>,
}

/// All machines, and what each made of the steps it has read.
#[derive(Default)]
pub(crate) struct Reading {
    machines: Vec<Known>,
    index: Index,
    /// Machines with steps.
    read: Index,
    /// The machine after each of them.
    after: Vec<u32>,
}

impl Reading {
    /// Number of a machine.
    pub fn learn(&mut self, group: &Group, machine: Machine) -> u32 {
        let (number, new) = self.index.insert(Fingerprint::of(&machine));
        if new {
            let parts = (0..group.len()).map(|perm| renamed_sum(group, perm, &machine));
            self.machines.push(Known {
                parts: parts.collect(),
                machine,
            });
        }
        number
    }

    /// What a machine adds to the fingerprint of a way, under a permutation.
    pub fn part(&self, machine: u32, perm: usize) -> u128 {
        self.machines[machine as usize].parts[perm]
    }

    /// How many machines there are.
    pub fn len(&self) -> usize {
        self.machines.len()
    }

    /// The machine after a step of a node, unless it rejects it.
    pub fn follow(&mut self, table: &Table, machine: u32, step: u32) -> Result<u32, Finding> {
        let events = &table.step(step).events;
        if events.is_empty() {
            return Ok(machine);
        }
        let key = mix(u128::from(machine) << 32 | u128::from(step));
        if let Some(known) = self.read.find(key) {
            return Ok(self.after[known as usize]);
        }
        let mut after = self.machines[machine as usize].machine.clone();
        read(&mut after, events)?;
        let number = self.learn(&table.group, after);
        self.read.insert(key);
        self.after.push(number);
        self.compare_twins(table, machine, step, number);
        Ok(number)
    }

    /// The machine treats all names alike, or this finds out: under one permutation, each in turn.
    fn compare_twins(&self, table: &Table, machine: u32, step: u32, after: u32) {
        let perms = table.group.len();
        if perms == 1 {
            return;
        }
        let perm = 1 + self.after.len() % (perms - 1);
        let mut twin = renamed(&table.group, perm, &self.machines[machine as usize].machine);
        let events = &table.step(table.twin(step, perm)).events;
        let told = read(&mut twin, events).map(|()| Fingerprint::of(&twin));
        let expected = self.part(after, perm);
        assert_eq!(told, Ok(expected), "the machine favours a node: {events:?}");
    }
}

/// Reads what a node says.
pub(crate) fn read(machine: &mut Machine, events: &[Event]) -> Result<(), Finding> {
    let mut events = events.iter();
    events
        .try_for_each(|event| machine.accept(event))
        .map_err(|rejection| Finding::new("Refinement", rejection.to_string()))
}

fn renamed(group: &Group, perm: usize, machine: &Machine) -> Machine {
    machine.renamed(&|node| group.node(perm, node))
}

fn renamed_sum(group: &Group, perm: usize, machine: &Machine) -> u128 {
    match perm {
        0 => Fingerprint::of(machine),
        _ => Fingerprint::of(&renamed(group, perm, machine)),
    }
}
