//! Nodes of a simulated world and what befalls them: their hosts, clocks and disks.

mod clocks;
mod clogs;
mod faults;
mod host;
mod late_yes;
mod rotten;
mod wiped;

use raftwerk_sim::{Intervention, World};
use raftwerk_wire::view::NodeView;

fn node(world: &World, id: u64) -> NodeView {
    let view = world.view(world.now());
    let card = view.nodes.into_iter().find(|card| card.id == id);
    card.and_then(|card| card.view).expect("the node is there")
}

fn run(world: &mut World, micros: u64) {
    let until = world.now() + micros;
    while world.next_time().is_some_and(|next| next <= until) {
        world.step();
    }
    assert_eq!(world.violation(), None);
}

fn act(world: &mut World, what: Intervention) {
    world.act(&what).expect("it is possible");
}
