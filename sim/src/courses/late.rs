//! What comes late or is not what it should be: an answer of an earlier session (trap R4), the word
//! to campaign of a transfer that is over (E13), an append with a hole (R7), a term that nobody can
//! be in (E18).
//!
//! Each is one message in a calm world, so that whatever comes of it does for want of one rule.

use super::calm::{act, idle, play, put, started, stays, until};
use crate::intervention::Intervention;
use crate::network::{Content, Flight};
use crate::setup::Setup;
use crate::world::World;
use raftwerk_core::trace::Role;
use raftwerk_core::{AppendResult, Body, Entry, Message, NodeId, Term};

/// A calm world with a client, in which nobody writes by chance.
pub(super) fn setup(seed: u64) -> Setup {
    Setup {
        clients: 1,
        ..idle(seed)
    }
}

/// An answer of a follower is on its way when its log rots. The leader hears of that, and begins a
/// new session with it; then the answer comes. Whoever believes it hands leadership over to a node
/// that cannot lead, and takes no commands meanwhile.
pub(super) fn answer(world: &mut World, _: u64) {
    let Some((leader, node)) = begun(world) else {
        return;
    };
    let before = world.committed();
    put(world, leader, "late");
    let is_answer = |message: &Message| match &message.body {
        Body::AppendReply { result, .. } => {
            matches!(result, AppendResult::Accepted { durable, .. } if durable.0 > before)
        }
        _ => false,
    };
    hold(world, (node, leader), is_answer);
    until(world, 500_000, |world| world.committed() > before);
    hold(world, (node, leader), is_answer);
    act(world, Intervention::Rot { node, before: 0 });
    act(world, Intervention::Crash(node));
    act(world, Intervention::Restart(node));
    // It does not get back what it lost.
    act(world, Intervention::StallDisk(node));
    until(world, 1_000_000, |world| knows_of_rot(world, leader, node));
    release(world, (node, leader));
    play(world, 0);
    // Nothing after the late answer tells the leader better.
    act(
        world,
        Intervention::Cut {
            from: node,
            to: leader,
        },
    );
    let (timing, network) = (world.setup().timing, world.setup().network);
    let committed = world.committed();
    let to = Some(node);
    let taken = world.act(&Intervention::Transfer { node: leader, to });
    play(world, 2 * network.delay_max);
    put(world, leader, "later");
    let patience = timing.transfer_limit.0 / 2;
    until(world, patience, |world| world.committed() > committed);
    if world.committed() == committed {
        let detail = format!("S{leader} hands over to S{node}, whose log has rotted: {taken:?}");
        world.report_unavailable(format!("{detail}; it takes no write for {patience} us"));
    }
}

/// A leader tells a node to campaign, which does not hear it; the transfer is given up, the leader
/// leads on, and then the word comes: the leader stays.
pub(super) fn word(world: &mut World, _: u64) {
    let Some((leader, node)) = begun(world) else {
        return;
    };
    let to = Some(node);
    act(world, Intervention::Transfer { node: leader, to });
    let is_word = |message: &Message| matches!(message.body, Body::TimeoutNow { .. });
    hold(world, (leader, node), is_word);
    let timing = world.setup().timing;
    play(world, timing.transfer_limit.0 + 4 * timing.heartbeat.0);
    release(world, (leader, node));
    stays(world, leader, &format!("its word to S{node} came late"));
}

/// An append has a hole: the follower takes nothing of it, and gets the entries as they are.
pub(super) fn hole(world: &mut World, _: u64) {
    let Some((leader, node)) = begun(world) else {
        return;
    };
    put(world, leader, "x");
    let has_entries = |message: &Message| matches!(&message.body, Body::Append { entries, .. } if !entries.is_empty());
    let link = (leader, node);
    until(world, 500_000, |world| {
        !between(world, link, has_entries).is_empty()
    });
    garble(world, link, |message| {
        let Body::Append { entries, .. } = &mut message.body else {
            return;
        };
        let moved = |entry: &Entry| {
            let mut entry = entry.clone();
            entry.id.index = entry.id.index.next();
            entry
        };
        *entries = entries.iter().map(moved).collect::<Vec<_>>().into();
    });
    let long = 10 * world.setup().timing.election_max.0;
    play(world, long);
    let committed = world.committed();
    if !world.applied_everywhere(committed) {
        let detail = format!("S{node} got an append with a hole, and has not applied {committed}");
        world.report_unavailable(detail);
    }
}

/// An answer names a term far beyond all that there were: the leader stays.
pub(super) fn term(world: &mut World, _: u64) {
    let Some((leader, node)) = begun(world) else {
        return;
    };
    let link = (node, leader);
    until(world, 500_000, |world| {
        !between(world, link, |_| true).is_empty()
    });
    garble(world, link, |message| message.term = Term(u64::MAX / 2));
    stays(
        world,
        leader,
        &format!("an answer of S{node} names a term that cannot be"),
    );
}

/// A leader, another node, and a write that is done.
fn begun(world: &mut World) -> Option<(u64, u64)> {
    let (leader, node, _) = started(world)?;
    put(world, leader, "early");
    play(world, 1_000_000);
    Some((leader, node))
}

fn knows_of_rot(world: &World, leader: u64, node: u64) -> bool {
    let raft = world.nodes[leader as usize - 1].raft.as_ref();
    raft.is_some_and(|raft| {
        let peers = raft.view().peers();
        let known = |peer: &raftwerk_core::Peer| peer.id == NodeId(node) && peer.suspect;
        raft.view().role() == Role::Leader && peers.iter().any(known)
    })
}

/// Messages of a link that are on their way and not held.
fn between(world: &World, link: (u64, u64), wanted: impl Fn(&Message) -> bool) -> Vec<u64> {
    let fits = |flight: &&Flight| match &flight.content {
        Content::Peer(message) => of_link(message, link) && !flight.is_held() && wanted(message),
        _ => false,
    };
    let flights = world.network.flights();
    let found = flights.into_iter().filter(fits);
    found.map(|flight| flight.id).collect()
}

fn of_link(message: &Message, (from, to): (u64, u64)) -> bool {
    (message.from, message.to) == (NodeId(from), NodeId(to))
}

/// Waits for such messages, and holds them.
fn hold(world: &mut World, link: (u64, u64), wanted: impl Fn(&Message) -> bool) {
    until(world, 500_000, |world| {
        !between(world, link, &wanted).is_empty()
    });
    for message in between(world, link, &wanted) {
        act(world, Intervention::Hold(message));
    }
}

/// Lets what is held on a link arrive at once.
fn release(world: &mut World, link: (u64, u64)) {
    let held = |flight: &&Flight| match &flight.content {
        Content::Peer(message) => of_link(message, link) && flight.is_held(),
        _ => false,
    };
    let flights = world.network.flights();
    let held: Vec<u64> = flights
        .into_iter()
        .filter(held)
        .map(|flight| flight.id)
        .collect();
    for message in held {
        act(world, Intervention::Deliver(message));
    }
}

/// Changes what is on its way on a link.
fn garble(world: &mut World, link: (u64, u64), change: impl Fn(&mut Message)) {
    world.network.forge(|content| match content {
        Content::Peer(message) if of_link(message, link) => change(message),
        _ => {}
    });
}
