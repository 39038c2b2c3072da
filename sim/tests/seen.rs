//! What a screen is told about clients and their messages, and that a stage is told the same as
//! everybody else, only less of it.

use raftwerk_sim::{Intervention, Op, Setup, World};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::view::{ClientFlight, ClusterView};

fn settled(nodes: u64) -> (World, u64) {
    let mut world = World::new(&Setup::playground(nodes, 11));
    while world.now() < 2_000_000 && world.step() {}
    let leader = world.newest_leader().expect("an election has been won");
    (world, leader)
}

fn ask(world: &mut World, node: u64, op: Op) {
    let what = Intervention::Ask {
        client: 1,
        node,
        op,
    };
    world.act(&what).expect("the client is idle");
}

fn put() -> Op {
    Op::Put {
        key: "x".into(),
        value: "1".into(),
    }
}

fn view(world: &World) -> ClusterView {
    world.view(world.now())
}

fn said<'a>(flight: &'a ClientFlight, name: &str) -> Option<&'a str> {
    let fields = &flight.content.fields;
    let found = fields.iter().find(|(field, _)| field == name);
    found.map(|(_, value)| value.as_str())
}

/// Every message between client 1 and nodes until it is idle, in the order of sending.
fn until_idle(world: &mut World) -> Vec<ClientFlight> {
    let mut seen: Vec<ClientFlight> = Vec::new();
    loop {
        for flight in view(world).client_flights {
            if seen.iter().all(|known| known.id != flight.id) {
                seen.push(flight);
            }
        }
        if world.is_idle(1) || !world.step() {
            return seen;
        }
    }
}

#[test]
fn requests_and_answers_are_seen_on_their_way() {
    let (mut world, leader) = settled(5);
    let follower = leader % 5 + 1;
    ask(&mut world, follower, put());
    let asked = world.now();
    let flights = until_idle(&mut world);
    let way: Vec<(&str, u64, Option<bool>)> = flights
        .iter()
        .map(|flight| {
            (
                flight.content.kind.as_str(),
                flight.node,
                flight.content.accepted,
            )
        })
        .collect();
    let expected = [
        ("OpenSession", follower, None),
        ("Answer", follower, Some(false)),
        ("OpenSession", leader, None),
        ("Answer", leader, Some(true)),
        ("Put", leader, None),
        ("Answer", leader, Some(true)),
    ];
    assert_eq!(way, expected);
    assert_eq!(flights[0].sent, asked);
    for (at, flight) in flights.iter().enumerate() {
        assert_eq!(flight.content.reply, at % 2 == 1);
        let due = flight.due.expect("the simulator knows when it arrives");
        assert!((10_000..=20_000).contains(&(due - flight.sent)), "{due}");
    }
    // The next one leaves when the one before arrives.
    for pair in [[0, 1], [1, 2], [3, 4]] {
        assert_eq!(flights[pair[0]].due, Some(flights[pair[1]].sent));
    }
    assert_eq!(said(&flights[4], "asks"), Some("put x=1"));
    let named = format!("S{leader}");
    assert_eq!(
        said(&flights[1], "names as leader"),
        Some(named.as_str()),
        "{:?}",
        flights[1]
    );
    assert_eq!(said(&flights[5], "says"), Some("written as revision 2"));
}

#[test]
fn a_client_believes_hints_and_answers_and_doubts_silence() {
    let (mut world, leader) = settled(3);
    let believes = |world: &World| view(world).clients[0].leader;
    assert_eq!(believes(&world), None);
    ask(&mut world, leader % 3 + 1, put());
    until_idle(&mut world);
    assert_eq!(believes(&world), Some(leader));
    world.act(&Intervention::Crash(leader)).expect("it runs");
    ask(&mut world, leader, put());
    let due = world.now() + world.setup().patience.attempt;
    while world.next_time().is_some_and(|next| next < due) {
        world.step();
        assert_eq!(believes(&world), Some(leader), "it does not know yet");
    }
    until_idle(&mut world);
    let next = believes(&world).expect("the new leader answered");
    assert_ne!(next, leader);
    // A follower that serves a read does not thereby lead.
    let follower = (1..=3).find(|node| *node != leader && *node != next);
    let read = Op::Get {
        key: "x".into(),
        mode: ReadMode::Follower,
    };
    ask(&mut world, follower.expect("three nodes"), read);
    until_idle(&mut world);
    assert_eq!(believes(&world), Some(next));
}

#[test]
fn messages_of_clients_can_be_dropped_hurried_and_doubled() {
    let (mut world, leader) = settled(3);
    ask(&mut world, leader, put());
    let first = view(&world).client_flights[0].id;
    world.act(&Intervention::Drop(first)).expect("on the way");
    assert!(view(&world).client_flights.is_empty());
    assert!(world.act(&Intervention::Drop(first)).is_err());
    let flights = until_idle(&mut world);
    assert!(flights.iter().any(|flight| flight.content.kind == "Put"));

    ask(&mut world, leader, put());
    let id = view(&world).client_flights[0].id;
    world.act(&Intervention::Duplicate(id)).expect("on the way");
    assert_eq!(view(&world).client_flights.len(), 2);
    world.act(&Intervention::Deliver(id)).expect("on the way");
    assert_eq!(world.next_time(), Some(world.now()));
    until_idle(&mut world);
    // Both copies carry one sequence number: the write is done once.
    assert_eq!(
        view(&world).nodes[leader as usize - 1]
            .view
            .as_ref()
            .map(|n| n.store.revision),
        Some(3)
    );
    assert_eq!(world.violation(), None);
}

#[test]
fn a_stage_is_told_the_same_as_everybody_only_less() {
    let mut setup = Setup::storm(3);
    setup.clients = 3;
    let mut world = World::new(&setup);
    for step in 0..6_000 {
        world.step();
        if step % 40 != 0 {
            continue;
        }
        let (all, few) = (view(&world), world.stage(world.now(), None));
        assert!(few == less(all), "event {}", world.events());
    }
    while world.view(0).flights.is_empty() && world.step() {}
    let chosen = view(&world).flights[0].clone();
    let few = world.stage(world.now(), Some(chosen.id));
    assert_eq!(few.flights[0], chosen, "the chosen one has its fields");
    assert!(!chosen.content.fields.is_empty());
}

/// What the stage leaves out.
fn less(mut view: ClusterView) -> ClusterView {
    view.checks.clear();
    for flight in &mut view.flights {
        flight.content.fields.clear();
    }
    for flight in &mut view.client_flights {
        flight.content.fields.clear();
    }
    for client in &mut view.clients {
        let earlier = client.done.len().saturating_sub(1);
        client.done.drain(..earlier);
    }
    for node in view.nodes.iter_mut().filter_map(|card| card.view.as_mut()) {
        node.log.entries.clear();
        node.log.first_shown = node.log.last + 1;
        node.peers.clear();
        node.held.clear();
        node.store = Default::default();
        node.switches.clear();
        (node.change, node.transfer, node.autopilot) = (None, None, None);
    }
    view
}
