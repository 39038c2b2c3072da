//! Starting a node from its disk (paper figure 2, "persistent state"; thesis 3.8).
//!
//! Only term, vote, snapshot and log come back; everything else starts empty. What is on disk is
//! checked first, and a node whose disk contradicts itself does not start (traps S4, S6); one that
//! has lost entries starts, and is silent until it has them again (D3, `suspect`).

use crate::config::Config;
use crate::drain::Drained;
use crate::durability::Durability;
use crate::io::{Condition, Durable, Suspicion};
use crate::lease::Quiet;
use crate::log::Log;
use crate::marks::MarkReads;
use crate::membership::Members;
use crate::raft::Raft;
use crate::reads::FollowerReads;
use crate::rng::Rng;
use crate::sabotage::Rule;
use crate::snapshot::Snapshots;
use crate::staleness::Staleness;
use crate::state::{Acknowledging, Deadline, Ears, State};
use crate::time::Time;
use crate::trace::{Cause, Silence};
use crate::types::{Entry, EntryBody, Index, LogId, Mark, NodeId, SnapshotMeta, Term};
use std::collections::VecDeque;
use std::fmt;

/// Why a node refuses to start. Nothing on disk was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootError {
    /// The configuration makes no sense; one sentence per reason.
    Config(Vec<String>),
    /// Snapshot, log and hard state contradict each other or themselves.
    Log(String),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Config(reasons) => write!(f, "configuration: {}", reasons.join("; ")),
            BootError::Log(why) => write!(f, "the log contradicts itself: {why}"),
        }
    }
}

impl std::error::Error for BootError {}

impl Durable {
    /// What the first members of a new cluster start from: one entry, the same everywhere, that
    /// names them (trap M10).
    #[must_use]
    pub fn bootstrap(members: &Members) -> Durable {
        let body = EntryBody::Membership(members.clone().into());
        Durable {
            entries: vec![Entry {
                id: LogId::new(0, 1),
                body,
            }],
            ..Durable::default()
        }
    }
}

impl Raft {
    /// Starts a node from its disk, as a follower. When the disk holds a snapshot, the host has
    /// loaded it into the state machine: everything up to its end counts as applied.
    ///
    /// # Errors
    /// When the configuration or the disk makes no sense; nothing has been changed then.
    pub fn boot(config: Config, durable: Durable, now: Time) -> Result<Raft, BootError> {
        config.validate().map_err(BootError::Config)?;
        let Durable {
            hard_state,
            snapshot,
            entries,
            condition,
        } = durable;
        let suspect = suspicion(&config, condition, hard_state.term)?;
        let belonged = names(config.id, snapshot.as_ref(), &entries);
        let first = entries.first().map(|entry| entry.id.index);
        let log = Log::restore(snapshot.as_ref(), entries).map_err(BootError::Log)?;
        if log.last().term > hard_state.term {
            let why = format!(
                "entry {} is newer than term {}",
                log.last(),
                hard_state.term
            );
            return Err(BootError::Log(why));
        }
        let last = log.last().index;
        // Entries that end before the snapshot does are worth nothing and would leave a hole.
        let useless = first.filter(|first| log.base().index == last && *first < last);
        let covered = snapshot.as_ref().map_or(Index(0), |meta| meta.last.index);
        let mut raft = Raft {
            rng: Rng::new(config.seed),
            config,
            now,
            hard_state,
            durability: Durability::new(hard_state, last, useless),
            log,
            state: State::Follower,
            leader: None,
            leader_heard: None,
            election: Deadline::default(),
            proven: Mark::default(),
            told_commit: covered,
            commit: covered,
            applying: covered,
            applied: covered,
            held_vote: None,
            quiet: Quiet::default(),
            ack: Acknowledging::default(),
            reads: FollowerReads::default(),
            marks: MarkReads::default(),
            staleness: Staleness::default(),
            handed: None,
            snapshots: Snapshots::new(snapshot),
            suspect,
            regained: false,
            fenced: None,
            outbox: VecDeque::new(),
            settled: VecDeque::new(),
            told_leader: (hard_state.term, None),
            told_members: (Index(0), false),
            belonged,
            told_fence: false,
            drained: Drained::default(),
            dirty: true,
            cause: Cause::Boot,
            ears: Ears::default(),
        };
        raft.reads.request = raft.rng.bits();
        raft.marks.request = raft.reads.request;
        raft.staleness.probe = raft.reads.request;
        if !raft.rule(Rule::R23BootCommits) {
            raft.commit = last;
        }
        raft.reset_election_timer();
        // What it promised before it started is forgotten, and kept all the same (trap L8).
        raft.keep_quiet(Silence::Started);
        Ok(raft)
    }
}

/// What the disk lost, if it did. Only a term that the node has reached can have been promised.
fn suspicion(
    config: &Config,
    condition: Condition,
    term: Term,
) -> Result<Option<Suspicion>, BootError> {
    match condition {
        Condition::Suspect(suspicion) => {
            suspicion.check(term).map_err(BootError::Log)?;
            Ok(config.rules().hold(Rule::D3TrustsRot).then_some(suspicion))
        }
        Condition::Clean | Condition::TornTail { .. } => Ok(None),
    }
}

/// Whether anything on disk, committed or not, names the node as a member.
fn names(node: NodeId, snapshot: Option<&SnapshotMeta>, entries: &[Entry]) -> bool {
    let in_snapshot = snapshot.is_some_and(|meta| meta.membership.members.contains(node));
    let in_entry = |entry: &Entry| match &entry.body {
        EntryBody::Membership(members) => members.contains(node),
        _ => false,
    };
    in_snapshot || entries.iter().any(in_entry)
}
