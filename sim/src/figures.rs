//! The paper's own experiment: how long a cluster is without a leader after a crash (extended
//! Raft paper, section 9.3 and figure 16).
//!
//! Five servers, broadcasts of about 15 ms. Before each crash the logs are made as different as
//! they can be, so that of the four that are left two can never win; the leader dies at a random
//! moment between two of its heartbeats, which reach all at about the same time and so set all
//! election timers together. Measured is the time from the crash to the next leader. Every trial
//! is a world of its own, made from its number: the same numbers give the same figure.

mod reasons;

use crate::rng::{Purpose, Stream};
use crate::setup::{DiskModel, HostModel, NetworkModel, Patience, Setup};
use crate::{Intervention, Op, World};
use raftwerk_core::trace::Role;
use raftwerk_core::{Span, Switches, Timing};
pub use reasons::{REASONS, Reason};

/// One line of the figure: how election timeouts are drawn, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Shortest.
    pub min: u64,
    /// Longest.
    pub max: u64,
    /// Leader crashes.
    pub trials: u64,
}

/// Upper panel: more and more randomness. As in the paper, the line without any has few trials.
pub const RANDOMNESS: [Line; 6] = [
    line(150, 150, 100),
    line(150, 151, 1_000),
    line(150, 155, 1_000),
    line(150, 175, 1_000),
    line(150, 200, 1_000),
    line(150, 300, 1_000),
];

/// Lower panel: shorter and shorter timeouts.
pub const SCALE: [Line; 5] = [
    line(12, 24, 1_000),
    line(25, 50, 1_000),
    line(50, 100, 1_000),
    line(100, 200, 1_000),
    line(150, 300, 1_000),
];

/// A trial is given up after this long without a leader, microseconds.
pub const PATIENCE: u64 = 100_000_000;

const fn line(min: u64, max: u64, trials: u64) -> Line {
    Line { min, max, trials }
}

/// By which rules the servers vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// As the paper's figure 2: no pre-vote, and a vote is refused only for the log or another
    /// vote.
    Paper,
    /// The same, with broadcasts of about 10 ms instead of 15.
    Quick,
    /// As Raftwerk is shipped: pre-vote (thesis 9.6), and no votes while a leader is heard
    /// (thesis 4.2.3).
    Shipped,
}

/// What the paper does not tell, and how the servers vote. Times in microseconds, each drawn anew
/// and evenly spread between two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// A message is on its way for so long.
    pub message: (u64, u64),
    /// A write to disk takes so long.
    pub write: (u64, u64),
    /// Whatever a server has to do, it gets round to it only after up to so long.
    pub late: u64,
    /// All logs are equal: each of the four that are left can win.
    pub equal_logs: bool,
    /// A candidate asks for votes before its own is on disk. That breaks a rule of the core (trap
    /// E1), so only a build with the feature `sabotage` can.
    pub asks_first: bool,
    /// Heartbeats reach all servers at the very moment they are sent, so that all timers are set
    /// together; otherwise each takes its own time on the way.
    pub together: bool,
    /// Pre-vote, and no votes while a leader is heard.
    pub shipped: bool,
}

impl Rules {
    /// What these lines assume: a candidate's write, its questions, the slowest voter's write and
    /// the answers take about 15 ms together, or 10.
    #[must_use]
    pub const fn assumed(self) -> Assumed {
        let quick = matches!(self, Rules::Quick);
        Assumed {
            message: (1_000, if quick { 2_000 } else { 4_000 }),
            write: (2_000, if quick { 4_000 } else { 6_000 }),
            late: 0,
            equal_logs: false,
            asks_first: false,
            together: false,
            shipped: matches!(self, Rules::Shipped),
        }
    }
}

/// Time without a leader in one trial, microseconds; `None` when [`PATIENCE`] ended first.
///
/// # Panics
/// When a check of the simulator fails, or the logs cannot be made different: both are bugs.
#[must_use]
pub fn trial(line: Line, assumed: Assumed, number: u64) -> Option<u64> {
    let mut world = World::new(&setup(line, assumed, number));
    lead(&mut world);
    if !assumed.equal_logs {
        make_logs_differ(&mut world);
    }
    // Some heartbeats later, at any moment between two of them.
    let heartbeat = line.min * 1_000 / 2;
    let mut luck = Stream::new(number, Purpose::Workload, 1);
    let until = world.now() + 4 * heartbeat + luck.below(heartbeat);
    match assumed.together {
        true => beat_together(&mut world, until),
        false => run_until(&mut world, until),
    }
    assert_eq!(leader(&world), Some(1), "the first leader leads to its end");
    let crash = world.act_at(&Intervention::Crash(1), until);
    crash.expect("a running node can crash");
    let crashed = world.now();
    while leader(&world).is_none() {
        let goes_on = world.step();
        if !goes_on || world.now() > crashed + PATIENCE {
            return None;
        }
    }
    let violation = world.violation().filter(|_| !assumed.asks_first);
    assert!(violation.is_none(), "trial {number}: {violation:?}");
    Some(world.now() - crashed)
}

/// Five servers.
fn setup(line: Line, assumed: Assumed, number: u64) -> Setup {
    let base = Setup::playground(5, number);
    let mut limits = base.limits;
    // One unanswered append, and a peer is sent no more entries, only heartbeats.
    limits.window_messages = 1;
    Setup {
        clients: 4,
        network: NetworkModel {
            delay_min: assumed.message.0,
            delay_max: assumed.message.1,
            ..base.network
        },
        disk: DiskModel {
            sync_min: assumed.write.0,
            sync_max: assumed.write.1,
            ..base.disk
        },
        host: HostModel {
            busy_per_million: if assumed.late > 0 { 1_000_000 } else { 0 },
            busy_max: assumed.late,
            ..base.host
        },
        patience: Patience {
            attempt: 3_000_000_000,
            operation: 3_000_000_000,
            ..base.patience
        },
        timing: Timing {
            election_min: Span::millis(line.min),
            // The end of the range is not drawn itself.
            election_max: Span(line.max * 1_000 + 1),
            heartbeat: Span(line.min * 1_000 / 2),
            ..base.timing
        },
        limits,
        switches: Switches {
            pre_vote: assumed.shipped,
            stickiness: assumed.shipped,
            // The crashed leader cannot step down, and the logs could not be made different.
            check_quorum: false,
            ..base.switches
        },
        #[cfg(feature = "sabotage")]
        sabotage: assumed.asks_first.then_some(crate::setup::Sabotage {
            rule: raftwerk_core::Rule::E1OwnVote,
            nodes: u16::MAX,
        }),
        ..base
    }
}

/// S1 leads and goes on leading, and every client has its session.
fn lead(world: &mut World) {
    let (mut tries, mut since) = (0, None);
    while since.is_none_or(|since| world.now() < since + 100_000) {
        if leader(world) == Some(1) {
            since = since.or(Some(world.now()));
        } else {
            since = None;
            tries += 1;
            assert!(tries < 1_000, "S1 can win an election");
            // It may lose to another the first times.
            let _ = world.act(&Intervention::TimeOut(1));
            run_until(world, world.now() + 40_000);
        }
        world.step();
    }
    for client in 1..=4 {
        put(world, client);
        settle(world, client);
    }
    rest(world);
}

/// The answers of one server after the other are lost, so that each gets one entry more than the
/// one before it and then no further ones. S2 has the shortest log, S5 all that the leader has;
/// S2 and S3 cannot get three votes.
fn make_logs_differ(world: &mut World) {
    for silent in 2..=4 {
        let cut = Intervention::Cut {
            from: silent,
            to: 1,
        };
        world.act(&cut).expect("links can be cut");
        let client = silent - 1;
        put(world, client);
        if silent < 4 {
            // The others still make a majority.
            settle(world, client);
        }
        rest(world);
    }
    put(world, 4);
    rest(world);
    let logs = world.nodes[1..]
        .iter()
        .map(|node| node.raft.as_ref().map(|raft| raft.view().last()));
    let lengths: Vec<_> = logs.collect();
    let rises = lengths.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(rises, "each log is longer than the one before: {lengths:?}");
}

fn put(world: &mut World, client: u64) {
    let op = Op::Put {
        key: "x".to_owned(),
        value: client.to_string(),
    };
    let ask = Intervention::Ask {
        client,
        node: 1,
        op,
    };
    world.act(&ask).expect("an idle client can ask");
}

fn settle(world: &mut World, client: u64) {
    let until = world.now() + 10_000_000;
    while !world.is_idle(client) && world.now() < until && world.step() {}
    assert!(world.is_idle(client), "the client has its answer");
}

/// Until everything that is on the way has arrived and is answered.
fn rest(world: &mut World) {
    run_until(world, world.now() + 40_000);
}

fn run_until(world: &mut World, until: u64) {
    while world.next_time().is_some_and(|next| next <= until) && world.step() {}
}

/// Until then, and whatever the leader sends takes no time on the way.
fn beat_together(world: &mut World, until: u64) {
    while world.next_time().is_some_and(|next| next <= until) && world.step() {
        for flight in world.peer_flights() {
            if flight.from == 1 {
                let arrives = world.act(&Intervention::Deliver(flight.id));
                arrives.expect("it is on the way");
            }
        }
    }
}

/// Who leads and runs, in the newest term.
fn leader(world: &World) -> Option<u64> {
    let leads = |node: &u64| {
        let seen = world.glance(*node);
        seen.is_some_and(|(role, _, condition)| {
            role == Role::Leader && condition == raftwerk_wire::view::NodeCondition::Up
        })
    };
    let term = |node: &u64| world.glance(*node).map(|(_, term, _)| term);
    (1..=5).filter(leads).max_by_key(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trials_give_the_same_times() {
        let times = |rules| -> Vec<Option<u64>> {
            let wide = SCALE[4];
            let times = (0..6).map(|number| trial(wide, Rules::assumed(rules), number));
            times.collect()
        };
        assert_eq!(times(Rules::Paper), times(Rules::Paper));
        assert_ne!(times(Rules::Paper), times(Rules::Shipped));
        for time in times(Rules::Paper).into_iter().flatten() {
            assert!(time >= 75_000, "no timer ends before the shortest: {time}");
        }
    }

    /// All timers of the others are set at one moment, and not otherwise.
    #[test]
    fn heartbeats_may_set_all_timers_together() {
        let moments = |together| {
            let assumed = Assumed {
                together,
                ..Rules::Paper.assumed()
            };
            let mut world = World::new(&setup(SCALE[4], assumed, 1));
            lead(&mut world);
            let until = world.now() + 300_000;
            match together {
                true => beat_together(&mut world, until),
                false => run_until(&mut world, until),
            }
            let others = world.nodes[1..].iter();
            let set =
                others.map(|node| node.raft.as_ref()?.view().election().map(|timer| timer.set));
            set.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!((moments(true), moments(false)), (1, 4));
    }

    #[test]
    fn short_timeouts_elect_too() {
        let assumed = Rules::Paper.assumed();
        let found = (0..20).filter_map(|number| trial(SCALE[0], assumed, number));
        assert_eq!(found.count(), 20);
    }
}
