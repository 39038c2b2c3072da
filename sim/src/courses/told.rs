//! Word of a commit that overtakes the entries it is about (trap R20).
//!
//! A leader that keeps rule R5 sends nobody a commit index beyond what its messages have proven,
//! so what can be forgotten is never sent and the rule hides this one: switch `r20-forget-commit`
//! breaks both. A leader that is broken in the first half only does no harm, since followers
//! remember. Heartbeats are rare here; each would say it again.

use super::calm;
use crate::intervention::Intervention;
use crate::network::{Content, Flight};
use crate::setup::Setup;
use crate::world::World;
use raftwerk_core::{Body, NodeId, Span, Timing};

/// Much longer than everything that is waited for.
const HEARTBEAT: Span = Span::millis(1_000);

/// A calm world with rare heartbeats, in which nobody writes by chance.
pub(super) fn setup(seed: u64) -> Setup {
    let calm = calm::idle(seed);
    Setup {
        clients: 1,
        timing: Timing {
            heartbeat: HEARTBEAT,
            election_min: Span(3 * HEARTBEAT.0),
            election_max: Span(6 * HEARTBEAT.0),
            ..calm.timing
        },
        ..calm
    }
}

/// An entry is on its way to a follower until the leader has committed it with the others and a
/// heartbeat has arrived; then it comes, and must be applied there before the next heartbeat.
pub(super) fn play(world: &mut World, _: u64) {
    let Some((leader, node, _)) = calm::started(world) else {
        return;
    };
    // The first write opens the client's session, which is an entry more.
    calm::put(world, leader, "early");
    calm::play(world, 2 * HEARTBEAT.0);
    let before = world.committed();
    calm::put(world, leader, "late");
    let sent = |world: &World| !appends(world, leader, node).is_empty();
    calm::until(world, 200_000, sent);
    let late = appends(world, leader, node);
    for message in &late {
        calm::act(world, Intervention::Hold(*message));
    }
    calm::until(world, 200_000, |world| world.committed() > before);
    calm::act(world, Intervention::Beat(leader));
    let longest = world.setup().network.delay_max;
    calm::play(world, 2 * longest);
    for message in late {
        calm::act(world, Intervention::Release(message));
    }
    calm::play(world, HEARTBEAT.0 / 2);
    let (index, applied) = (
        world.committed(),
        world.applied_everywhere(world.committed()),
    );
    if index <= before || !applied {
        let detail = format!("S{node} heard that {index} is committed before it had the entry");
        world.report_unavailable(format!("{detail}, and has not applied it"));
    }
}

/// Appends on their way that hold entries.
fn appends(world: &World, from: u64, to: u64) -> Vec<u64> {
    let holds_entries = |flight: &&Flight| {
        let Content::Peer(message) = &flight.content else {
            return false;
        };
        let link = (message.from, message.to) == (NodeId(from), NodeId(to));
        link && matches!(&message.body, Body::Append { entries, .. } if !entries.is_empty())
    };
    let flights = world.network.flights();
    let found = flights.into_iter().filter(holds_entries);
    found.map(|flight| flight.id).collect()
}
