//! What a node is told at birth: who it is, its timing, its limits, its switches.
//!
//! Every number that bounds something is here with its unit. Two presets: [`Config::server`]
//! for a LAN and [`Config::demo`] for a world slow enough to be watched.

use crate::autopilot::Policy;
use crate::time::Span;
use crate::types::{ClusterId, NodeId};
use std::hash::{Hash, Hasher};

/// Everything a node is told at birth. Checked by [`Config::validate`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// This node.
    pub id: NodeId,
    /// Its cluster; messages of any other are ignored.
    pub cluster: ClusterId,
    /// Seed of this node's own random numbers: election timeouts and the first number of its
    /// read requests. Every node needs another one, and so does every life of a node.
    pub seed: u64,
    /// How long things take.
    pub timing: Timing,
    /// How much of anything is allowed.
    pub limits: Limits,
    /// Which optional rules are on.
    pub switches: Switches,
    /// The leader changes the members by itself where this says so (thesis 4.4); `None`: never.
    pub autopilot: Option<Policy>,
    /// A rule that this node does not keep, to prove that somebody notices.
    #[cfg(feature = "sabotage")]
    pub sabotage: Option<crate::Rule>,
}

/// A build that can break rules and one that cannot have the same hash while none is broken, so that
/// a run of one can be looked at in the other.
impl Hash for Config {
    fn hash<H: Hasher>(&self, to: &mut H) {
        let Config {
            id,
            cluster,
            seed,
            timing,
            limits,
            switches,
            autopilot,
            #[cfg(feature = "sabotage")]
            sabotage,
        } = self;
        (id, cluster, seed, timing, limits, switches, autopilot).hash(to);
        #[cfg(feature = "sabotage")]
        if let Some(rule) = sabotage {
            rule.hash(to);
        }
    }
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timing {
    /// Shortest time without a leader before a node campaigns (paper 5.2). A live leader is
    /// also protected from votes for this long (thesis 4.2.3).
    pub election_min: Span,
    /// Election timeouts are drawn below this, anew each time (trap E9).
    pub election_max: Span,
    /// A leader is silent at most this long.
    pub heartbeat: Span,
    /// Leases: how wrong a clock may run, either way, in parts of a million.
    #[cfg_attr(feature = "serde", serde(default = "drift_ppm"))]
    pub drift_ppm: u64,
    /// Leases end earlier by this, for what is not drift.
    #[cfg_attr(feature = "serde", serde(default = "lease_safety"))]
    pub lease_safety: Span,
    /// A leadership transfer is given up after this long (thesis 3.10).
    pub transfer_limit: Span,
}

/// How much of anything is allowed. Bytes count as [`crate::Entry::size`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// One command; a larger proposal is refused.
    pub command_bytes: u64,
    /// Entries in one append; at least one entry is always sent (trap R8).
    pub append_bytes: u64,
    /// Appends with entries on the way to one peer.
    pub window_messages: usize,
    /// Bytes on the way to one peer.
    pub window_bytes: u64,
    /// Bytes of entries not yet committed at the leader; more proposals are refused.
    pub uncommitted_bytes: u64,
    /// Entries handed to the state machine and not yet reported applied.
    pub unapplied_entries: u64,
    /// Writes given to the disk and not yet reported.
    pub writes_in_flight: usize,
    /// Reads waiting in this node; more are refused.
    pub open_reads: usize,
    /// A snapshot is asked for when so many entries were applied since the last one.
    pub snapshot_entries: u64,
    /// A snapshot is asked for when so many bytes were applied since the last one.
    pub snapshot_bytes: u64,
    /// Entries kept from before a snapshot's end, so that a peer a little behind needs none; no
    /// more of them than fit in `snapshot_bytes`.
    pub retained_entries: u64,
    /// A new voter has this many rounds to keep up (thesis 4.2.1), and may be silent for as
    /// many election timeouts.
    pub catch_up_rounds: u64,
    /// A peer's term may be ahead by this much; more is a fault of that link (trap E18).
    pub term_jump: u64,
}

/// Which optional rules are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Switches {
    /// Ask before raising the term (thesis 9.6).
    pub pre_vote: bool,
    /// A leader that hears no majority for an election timeout steps down (thesis 6.2).
    pub check_quorum: bool,
    /// Votes are refused while a leader is heard (thesis 4.2.3).
    pub stickiness: bool,
    /// The host is asked for snapshots when the log passes its limits (paper 7). To be switched
    /// on by a host that can take, stream and load them.
    pub snapshots: bool,
    /// Reads on a lease (thesis 6.4.1). Where one node has it, every node must; a page in a
    /// browser has no clock for it (trap L10).
    pub lease_reads: bool,
    /// Reads from a quorum without the leader (HotCloud 2017). Marks are told in any case.
    pub quorum_reads: bool,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            pre_vote: true,
            check_quorum: true,
            stickiness: true,
            snapshots: false,
            lease_reads: false,
            quorum_reads: true,
        }
    }
}

/// No time in a configuration is longer: sums of them fit where they are made.
const LONGEST: Span = Span::millis(24 * 3_600_000);

/// One part in a thousand: several times what quartz does.
const fn drift_ppm() -> u64 {
    1_000
}

/// 10 ms.
const fn lease_safety() -> Span {
    Span::millis(10)
}

impl Config {
    /// Numbers for real servers on a LAN.
    #[must_use]
    pub fn server(id: NodeId, cluster: ClusterId, seed: u64) -> Config {
        Config {
            id,
            cluster,
            seed,
            timing: Timing {
                election_min: Span::millis(500),
                election_max: Span::millis(1_000),
                heartbeat: Span::millis(50),
                drift_ppm: drift_ppm(),
                lease_safety: lease_safety(),
                transfer_limit: Span::millis(1_000),
            },
            limits: Limits {
                command_bytes: 2 << 20,
                append_bytes: 256 << 10,
                window_messages: 4,
                window_bytes: 1 << 20,
                uncommitted_bytes: 16 << 20,
                unapplied_entries: 16_384,
                writes_in_flight: 2,
                open_reads: 65_536,
                snapshot_entries: 100_000,
                snapshot_bytes: 64 << 20,
                retained_entries: 10_000,
                catch_up_rounds: 10,
                term_jump: 1 << 32,
            },
            switches: Switches::default(),
            autopilot: None,
            #[cfg(feature = "sabotage")]
            sabotage: None,
        }
    }

    /// Numbers for a world that people watch: the timing of the paper (5.6), small windows.
    #[must_use]
    pub fn demo(id: NodeId, cluster: ClusterId, seed: u64) -> Config {
        let server = Config::server(id, cluster, seed);
        Config {
            timing: Timing {
                election_min: Span::millis(150),
                election_max: Span::millis(300),
                heartbeat: Span::millis(50),
                drift_ppm: drift_ppm(),
                lease_safety: lease_safety(),
                transfer_limit: Span::millis(300),
            },
            limits: Limits {
                append_bytes: 16 << 10,
                window_messages: 2,
                window_bytes: 32 << 10,
                uncommitted_bytes: 64 << 10,
                snapshot_entries: 50,
                snapshot_bytes: 64 << 10,
                retained_entries: 10,
                ..server.limits
            },
            ..server
        }
    }

    /// Says everything that is wrong, one sentence each.
    ///
    /// # Errors
    /// The list of reasons when there is at least one.
    pub fn validate(&self) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        let mut need = |holds: bool, why: &str| {
            if !holds {
                wrong.push(why.to_string());
            }
        };
        let (timing, limits) = (&self.timing, &self.limits);
        let times = [
            timing.heartbeat,
            timing.election_min,
            timing.election_max,
            timing.lease_safety,
            timing.transfer_limit,
        ];
        need(
            times.iter().all(|time| *time <= LONGEST),
            "heartbeat, timeouts and limits of time must be a day at most",
        );
        need(timing.heartbeat.0 > 0, "heartbeat must be longer than zero");
        need(
            timing.election_min.0 >= timing.heartbeat.0.saturating_mul(2),
            "election_min must be at least two heartbeats, or a healthy leader is deposed",
        );
        need(
            timing.election_max > timing.election_min,
            "election_max must be above election_min, or votes keep splitting",
        );
        need(limits.append_bytes > 0, "append_bytes must be above zero");
        need(
            limits.window_messages > 0,
            "window_messages must be above zero",
        );
        need(limits.window_bytes > 0, "window_bytes must be above zero");
        need(
            limits.writes_in_flight > 0,
            "writes_in_flight must be above zero",
        );
        need(
            limits.unapplied_entries > 0,
            "unapplied_entries must be above zero",
        );
        need(
            limits.snapshot_entries > 0 && limits.snapshot_bytes > 0,
            "snapshot_entries and snapshot_bytes must be above zero",
        );
        need(
            limits.uncommitted_bytes > limits.command_bytes || limits.uncommitted_bytes >= 4_096,
            "uncommitted_bytes must leave room for a command",
        );
        need(
            limits.catch_up_rounds > 0,
            "catch_up_rounds must be above zero",
        );
        need(
            !self.switches.lease_reads || timing.lease() > Span(0),
            "drift_ppm and lease_safety leave nothing of election_min for a lease",
        );
        let pilot = self.autopilot.iter();
        wrong.extend(
            pilot
                .flat_map(|policy| policy.wrong(timing))
                .map(str::to_string),
        );
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}
