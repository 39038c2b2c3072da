//! Does the core do what the paper says? A second, small machine written from Figure 2 of the
//! extended Raft paper ("P") and from the thesis ("T"), which reads a trace and says of every
//! event whether it may happen in the state it has got so far.
//!
//! The machine is no second Raft: it never decides what to do, it only judges. A rule is a
//! question with a section; the first that is broken ends the trace with a [`Rejection`]. It
//! shares no code with the core but the types of its events. Its nodes keep whole logs: what a
//! real node has trimmed, the machine still knows. Messages are not in a trace; which ones there
//! can be follows from the events of their senders.
//!
//! **What events carry too little to decide.**
//! - Time: whether an election came too early, a leader was heard lately, a lease or a round ran
//!   out. Timing is what elections are for, safety does not rest on it (P5.6). But for the silence
//!   that leases rest on: a machine that is told how long it lasts judges it.
//! - `Persisted` does not name the term and vote on disk. That a vote left too early shows only
//!   when a crash forgets it: what `Released` says is on disk must be there at the next
//!   `Booted`.
//! - `Booted` does not name the snapshot it starts from. The commit index is then that of one
//!   which its disk may hold, until the first event tells which.
//! - `FoundRot` names only the lowest position that a node has ever lost. Where the log of a node
//!   that was suspect already ends when it starts again is believed.
//! - What entries say. Entries are their ids; log matching (P5.3) follows from the rules on who
//!   makes an id and when it is copied.
//! - Empty appends leave no event, so an acknowledgement is believed if the sender's disk agrees
//!   with the leader's log so far, whichever message proved it.
//! - Rounds of reads and sessions of replication.
//! - Refused votes and pre-votes are believed if their reason is true; a missing refusal harms
//!   nobody.
//!
//! | file          | rules                                                        |
//! |---------------|--------------------------------------------------------------|
//! | `state`       | what the machine knows: nodes, reigns, what is committed      |
//! | `disk`        | what a node can find on its disk after a crash                |
//! | `persistent`  | persistent state: starts, promises, the disk                  |
//! | `election`    | terms, campaigns, leaders; `votes`: giving and counting them  |
//! | `silence`     | what leases rest on                                           |
//! | `replication` | appending, accepting, refusing, cutting, matching             |
//! | `commit`      | committing, applying, reading                                 |
//! | `membership`  | members and handing over                                      |
//! | `snapshot`    | snapshots                                                     |
//! | `suspect`     | logs that rotted                                              |
//! | `renamed`     | the machine under other names of nodes                        |

mod commit;
mod disk;
mod election;
mod membership;
mod persistent;
mod renamed;
mod replication;
mod silence;
mod snapshot;
mod state;
mod suspect;
mod votes;

use raftwerk_core::trace::{Event, Kind, Role};
use raftwerk_core::{Index, LogId, Members, NodeId, Span, Term};
use state::State;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A rule of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it says.
    pub says: &'static str,
    /// Where it is written: "P" the extended Raft paper, "T" the thesis.
    pub section: &'static str,
}

/// All rules.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let files = [
        persistent::RULES,
        election::RULES,
        votes::RULES,
        silence::RULES,
        replication::RULES,
        commit::RULES,
        membership::RULES,
        snapshot::RULES,
        suspect::RULES,
    ];
    files.concat()
}

/// An event that may not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// How many events were accepted before it.
    pub number: usize,
    /// The event.
    pub event: Event,
    /// The rule it breaks.
    pub rule: Rule,
    /// The values that contradict the rule.
    pub detail: String,
}

/// What a rule says of an event: nothing, or how it is broken.
type Ruling = Result<(), Broken>;

/// A rule is broken, and how.
#[derive(Clone, Debug)]
struct Broken(Rule, String);

/// The event must be so.
fn must(holds: bool, rule: Rule, detail: impl FnOnce() -> String) -> Ruling {
    if holds {
        return Ok(());
    }
    Err(Broken(rule, detail()))
}

/// The machine, after some events.
#[derive(Clone, Debug)]
pub struct Machine {
    state: State,
    accepted: usize,
}

/// What decides how it goes on; how much it has read does not.
impl Hash for Machine {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
        // Moments leave themselves out of hashes; promises of silence last until one.
        for node in self.state.nodes.values() {
            node.quiet.0.hash(hasher);
        }
    }
}

impl Machine {
    /// A cluster whose first members are these. They start from one entry that says so.
    #[must_use]
    pub fn new(first: &Members) -> Machine {
        Machine {
            state: State::new(first),
            accepted: 0,
        }
    }

    /// The same cluster, with leases: its nodes promise to be silent for so long. Without this no
    /// promise is looked at.
    #[must_use]
    pub fn with_silence(mut self, silence: Option<Span>) -> Machine {
        self.state.silence = silence;
        self
    }

    /// The machine as it would be if the nodes had other names, each its own.
    #[must_use]
    pub fn renamed(&self, names: &dyn Fn(NodeId) -> NodeId) -> Machine {
        Machine {
            state: renamed::state(&self.state, names),
            accepted: self.accepted,
        }
    }

    /// How many events were accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    /// What a node is like; `None` if it never started.
    #[must_use]
    pub fn look(&self, node: NodeId) -> Option<Look> {
        self.state.nodes.get(&node).map(|node| Look {
            term: node.term,
            vote: node.vote,
            role: node.role,
            last: node.last(),
            durable: node.durable,
            commit: node.commit,
            applied: node.applied,
        })
    }

    /// The members a node goes by.
    #[must_use]
    pub fn members(&self, node: NodeId) -> Option<&Members> {
        self.state.nodes.get(&node)?;
        self.state.membership(node).map(|(_, members)| members)
    }

    /// Takes the next event of the cluster. After a rejection the machine is of no more use.
    ///
    /// # Errors
    /// The event may not happen now.
    pub fn accept(&mut self, event: &Event) -> Result<(), Box<Rejection>> {
        match judge(&mut self.state, event) {
            Ok(()) => {
                silence::note(&mut self.state, event);
                self.accepted += 1;
                Ok(())
            }
            Err(Broken(rule, detail)) => Err(Box::new(Rejection {
                number: self.accepted,
                event: event.clone(),
                rule,
                detail,
            })),
        }
    }
}

/// A node as the machine sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its term.
    pub term: Term,
    /// Its vote in this term.
    pub vote: Option<NodeId>,
    /// Its role.
    pub role: Role,
    /// Last entry of its log.
    pub last: LogId,
    /// How much of the log is surely on disk.
    pub durable: Index,
    /// Its commit index.
    pub commit: Index,
    /// How much is handed to its state machine.
    pub applied: Index,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rejection {
            number,
            event,
            rule,
            detail,
        } = self;
        write!(
            f,
            "event {number}, {} in term {}: {:?} breaks \"{}\" ({}): {detail}",
            event.node, event.term, event.kind, rule.says, rule.section
        )
    }
}

/// One event: first what holds for all of them, then its own rules.
fn judge(state: &mut State, event: &Event) -> Ruling {
    let (node, kind) = (event.node, &event.kind);
    if let Kind::FoundRot { suspicion, .. } = *kind {
        return suspect::found(state, node, suspicion);
    }
    if let Kind::Booted { term, vote, last } = *kind {
        return persistent::booted(state, node, term, vote, last);
    }
    persistent::runs(state, event)?;
    election::term_of(state, event)?;
    suspect::silent(state, node, kind)?;
    silence::judge(state, event)?;
    own_rules(state, node, kind)
}

/// Which rules are about an event.
fn own_rules(state: &mut State, node: NodeId, kind: &Kind) -> Ruling {
    match kind {
        Kind::Booted { .. } | Kind::FoundRot { .. } => Ok(()),
        Kind::ElectionForgone { .. }
        | Kind::Trusted { .. }
        | Kind::PeerSuspect { .. }
        | Kind::PeerTrusted { .. } => suspect::judge(state, node, kind),
        Kind::HeldForDisk { .. }
        | Kind::Released { .. }
        | Kind::Persisted { .. }
        | Kind::Fenced { .. } => persistent::judge(state, node, kind),
        Kind::BecameFollower { .. }
        | Kind::ElectionTimedOut { .. }
        | Kind::StartedPreVote { .. }
        | Kind::StartedElection { .. }
        | Kind::BecameLeader { .. }
        | Kind::FoundLeader { .. }
        | Kind::Ignored { .. } => election::judge(state, node, kind),
        Kind::GrantedVote { .. } | Kind::RefusedVote { .. } | Kind::CountedVote { .. } => {
            votes::judge(state, node, kind)
        }
        Kind::AppendedNoop { .. }
        | Kind::AppendedCommand { .. }
        | Kind::AcceptedAppend { .. }
        | Kind::RefusedAppend { .. }
        | Kind::CutLog { .. }
        | Kind::Matched { .. }
        | Kind::Backtracked { .. }
        | Kind::ChangedPace { .. } => replication::judge(state, node, kind),
        Kind::Committed { .. }
        | Kind::CommitWithheld { .. }
        | Kind::Applying { .. }
        | Kind::ReadQueued { .. }
        | Kind::ElectionPutOff { .. }
        | Kind::LeaseTaken { .. }
        | Kind::LeaseSurrendered { .. }
        | Kind::AskedMarks { .. }
        | Kind::ToldMark { .. }
        | Kind::ReadFellBack { .. }
        | Kind::ReadConfirmed { .. }
        | Kind::ReadServed { .. }
        | Kind::ReadFailed { .. } => commit::judge(state, node, kind),
        Kind::MembershipInForce { .. }
        | Kind::AppendedMembership { .. }
        | Kind::MembershipCommitted { .. }
        | Kind::Decided { .. }
        | Kind::ChangeStarted { .. }
        | Kind::ChangeAborted { .. }
        | Kind::LearnerCaughtUp { .. }
        | Kind::MetOutsider { .. }
        | Kind::Parted { .. }
        | Kind::TransferStarted { .. }
        | Kind::SentTimeoutNow { .. }
        | Kind::TransferAborted { .. } => membership::judge(state, node, kind),
        Kind::SnapshotTaken { .. }
        | Kind::SnapshotIgnored { .. }
        | Kind::SnapshotDue { .. }
        | Kind::SnapshotSent { .. }
        | Kind::SnapshotUnsent { .. }
        | Kind::Trimmed { .. }
        | Kind::InstallingSnapshot { .. }
        | Kind::SnapshotInstalled { .. } => snapshot::judge(state, node, kind),
    }
}
