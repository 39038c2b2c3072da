//! What must hold in every run, looked at after every event (core design 4.2, items 3 and 4).
//!
//! Incremental: only what the event changed is looked at, so that every check can stay on while
//! a storm runs. What nodes did is compared with a ledger of the whole run ([`Ledger`]): which
//! entry was seen under which id, what is committed, and which digest the state machine had
//! after each index. What clients are told is compared with a plain state machine ([`Oracle`]).
//! [`Checks::everything`] looks at whole logs again; storms call it at their end. A crashed
//! node's disk still counts where disks are counted (trap X2), and an operation without an
//! answer is unknown, not absent.

mod ages;
mod answers;
mod elections;
mod halves;
mod handover;
mod leading;
mod leases;
mod ledger;
mod list;
mod members;
mod node;
mod oracle;
mod promises;
mod silence;
mod snapshots;
#[cfg(test)]
mod tests;
mod tickets;
mod timers;

use ages::Finished;
pub(crate) use answers::{ReadBack, Written};
use leading::Reign;
use ledger::Ledger;
use list::ALL;
pub(crate) use list::Check;
pub(crate) use node::Seen;
use oracle::Oracle;
use raftwerk_core::{LogId, Members, NodeId, Output, Time};
use raftwerk_wire::view::{CheckView, ViolationView};
use silence::Silence;
use std::collections::{BTreeMap, BTreeSet};
pub(crate) use tickets::Taken;
use tickets::Tickets;
pub(crate) use timers::Heard;
use timers::Writing;

/// The first violated check of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the check.
    pub check: &'static str,
    /// What was seen.
    pub detail: String,
    /// At which event.
    pub event: u64,
}

impl From<&Violation> for ViolationView {
    fn from(violation: &Violation) -> ViolationView {
        ViolationView {
            check: violation.check.to_string(),
            detail: violation.detail.clone(),
            event: violation.event,
        }
    }
}

/// State of all checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    ledger: Ledger,
    /// (term, leader), in order of term.
    leaders: Vec<(u64, u64)>,
    /// By node: the newest term it gave its vote in, and to whom. Outlives a crash.
    votes: Vec<(u64, NodeId)>,
    /// By node: the newest term it voted in. Outlives a crash.
    promised: Vec<u64>,
    oracle: Oracle,
    /// Requests, as (session, sequence), whose clients were told that they were not done.
    failed: BTreeSet<(u64, u64)>,
    tickets: Tickets,
    silence: Silence,
    /// By node: what its disk is at.
    writing: Vec<Writing>,
    /// By node: what is known of its leadership.
    reigns: Vec<Reign>,
    /// Snapshots that were looked into: their last entry, and the hash of their bytes.
    snapshots: BTreeMap<LogId, u64>,
    /// How many were loaded in place of a state machine.
    installed: u64,
    /// Highest index that some finished linearizable operation reflects.
    floor: u64,
    /// How that grew.
    finished: Finished,
    violation: Option<Violation>,
    /// Every check that has failed, by its place in the list, in the order of time.
    broken: Vec<usize>,
    /// Number of the event under way, and its time.
    pub event: u64,
    pub now: u64,
}

impl Checks {
    /// The first violation.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Notes a violation; only the first of a run is kept with what was seen.
    pub fn fail(&mut self, check: Check, detail: String) {
        let place = ALL.iter().position(|(one, ..)| *one == check);
        let place = place.expect("every check is listed");
        if !self.broken.contains(&place) {
            self.broken.push(place);
        }
        if self.violation.is_none() {
            self.violation = Some(Violation {
                check: ALL[place].1,
                detail,
                event: self.event,
            });
        }
    }

    /// The names of all checks that have failed, the first one first.
    pub fn broken(&self) -> Vec<&'static str> {
        self.broken.iter().map(|place| ALL[*place].1).collect()
    }

    /// All checks that look at every world, for a screen.
    pub fn view(&self) -> Vec<CheckView> {
        let broken = self.violation.as_ref().map(|violation| violation.check);
        let view = |(_, name, statement): &(Check, &str, &str)| CheckView {
            name: (*name).to_string(),
            statement: (*statement).to_string(),
            holds: broken != Some(*name),
        };
        let everywhere = ALL.iter().filter(|(check, ..)| check.is_everywhere());
        everywhere.map(view).collect()
    }

    /// The newest members that are committed; `None` before anything is.
    pub fn members(&self) -> Option<&Members> {
        self.ledger.members().map(|(_, members)| members)
    }

    /// What any entry above what is committed says about members.
    pub fn members_to_come(&self) -> impl Iterator<Item = &Members> {
        self.ledger.members_to_come()
    }

    /// Highest committed index.
    pub fn committed(&self) -> u64 {
        self.ledger.committed()
    }

    /// How many elections were won.
    pub fn elections(&self) -> u64 {
        self.leaders.len() as u64
    }

    /// How many different snapshots were taken, and how many times one was installed.
    pub fn snapshots(&self) -> (u64, u64) {
        (self.snapshots.len() as u64, self.installed)
    }

    /// The leader of the highest term so far.
    pub fn newest_leader(&self) -> Option<u64> {
        self.leaders.last().map(|(_, node)| *node)
    }

    /// What a read that begins now must cover.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// About how many bytes of memory are held.
    pub fn memory(&self) -> u64 {
        let small = 16 * self.leaders.len() + 48 * (self.failed.len() + self.snapshots.len());
        self.ledger.memory() + self.oracle.memory() + self.tickets.memory() + small as u64
    }

    /// A node hands something out, now by its own clock; `reached` is the place in the order so
    /// far in this drain, `given` the last entry handed to the state machine.
    pub fn on_output(
        &mut self,
        (node, now): (u64, Time),
        given: u64,
        reached: &mut u8,
        output: &Output,
    ) {
        let rank = rank(output);
        if rank < *reached {
            self.fail(
                Check::DrainOrder,
                format!("S{node} hands out {output:?} too late"),
            );
        }
        *reached = rank;
        if let Output::Write(write) = output {
            self.on_write(node, now, write.seq);
        }
        self.on_end(node, given, output);
    }
}

/// Every check with what it says.
#[cfg(feature = "sabotage")]
pub(crate) fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.iter().map(|(_, name, statement)| (*name, *statement))
}

/// Place of an output in the order every drain keeps.
fn rank(output: &Output) -> u8 {
    match output {
        Output::Write(_) => 0,
        Output::Send(_) => 1,
        Output::Stream { .. } => 2,
        Output::Install { .. } => 3,
        Output::Apply { .. } => 4,
        Output::Settled { .. } | Output::ReadAt { .. } | Output::ReadFailed { .. } => 5,
        Output::Leader { .. } | Output::Members { .. } | Output::Removed | Output::Trusted => 6,
        Output::Fenced(_) | Output::TakeSnapshot { .. } | Output::Discard { .. } => 6,
    }
}
