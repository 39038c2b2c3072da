//! Traces of the core are what Figure 2 of the paper and the thesis allow; traces in which one
//! thing was changed are rejected there, by the rule that was broken.

use raftwerk_core::trace::Event;
use raftwerk_core::{Members, NodeId};
use raftwerk_sim::refine::{Machine, Rejection};
use raftwerk_sim::{Setup, World};

fn trace(setup: &Setup, events: u64) -> Vec<Event> {
    let mut world = World::traced(setup);
    let mut trace: Vec<Event> = Vec::new();
    let mut hear = |world: &World| {
        trace.extend(world.fresh_events().iter().map(|fresh| fresh.event.clone()));
    };
    hear(&world);
    while world.events() < events && world.step() {
        hear(&world);
    }
    trace
}

fn machine(nodes: u64) -> Machine {
    Machine::new(&Members::of_voters((1..=nodes).map(NodeId)))
}

fn judge(nodes: u64, trace: &[Event]) -> Result<Machine, Box<Rejection>> {
    let mut machine = machine(nodes);
    for event in trace {
        machine.accept(event)?;
    }
    Ok(machine)
}

#[test]
fn traces_of_storms_are_accepted() {
    let mut accepted = 0;
    for seed in 1..=300 {
        let setup = Setup::storm(seed);
        match judge(setup.nodes, &trace(&setup, 3_000)) {
            Ok(machine) => accepted += machine.accepted(),
            Err(rejection) => panic!("seed {seed}: {rejection}"),
        }
    }
    assert!(accepted > 100_000, "{accepted}");
}
