//! Persistent state (P figure 2, "updated on stable storage before responding"; T3.8, T10.2.1).

use super::disk::Disk;
use super::state::{Log, Node, State, last};
use super::{Broken, Rule, Ruling, must};
use raftwerk_core::trace::{Event, Held, Kind, Role};
use raftwerk_core::{HardState, Index, LogId, NodeId, Suspicion, Term, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const RUNS: Rule = Rule {
    says: "only a node that was started does anything, and none that stopped for good",
    section: "T3.8",
};
const FIRST_START: Rule = Rule {
    says: "a new node knows no term and no entry but the one that names the first members",
    section: "P figure 2",
};
const HARD_STATE_KEPT: Rule = Rule {
    says: "term and vote survive a crash once somebody relies on them",
    section: "P figure 2, T3.8",
};
const LOG_KEPT: Rule = Rule {
    says: "what the disk said it holds of the log survives a crash, and nothing else appears",
    section: "P figure 2, T3.8",
};
const TERM_FITS_LOG: Rule = Rule {
    says: "no entry is newer than the term",
    section: "P figure 2",
};
const DURABLE: Rule = Rule {
    says: "the disk holds no more than memory, and loses nothing but what was cut",
    section: "T10.2.1",
};
const VOTE_WAITS: Rule = Rule {
    says: "what waits for the disk, or stops waiting, is the vote that was given",
    section: "P figure 2, T3.8",
};
const ACK_WAITS: Rule = Rule {
    says: "an acknowledgement tells no more than the disk holds",
    section: "P5.3, T10.2.1",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    RUNS,
    FIRST_START,
    HARD_STATE_KEPT,
    LOG_KEPT,
    TERM_FITS_LOG,
    DURABLE,
    VOTE_WAITS,
    ACK_WAITS,
];

/// Events of the disk.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match *kind {
        Kind::HeldForDisk { what } => held(state, id, what),
        Kind::Released { what } => released(state, id, what),
        Kind::Persisted { durable, .. } => persisted(state, id, durable),
        Kind::Fenced { .. } => {
            // T3.8: a node that cannot trust itself any more stops.
            let node = state.node_mut(id);
            (node.runs, node.role) = (false, Role::Follower);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A node does something.
pub(super) fn runs(state: &State, event: &Event) -> Ruling {
    let runs = state.nodes.get(&event.node).is_some_and(|node| node.runs);
    // Who stops for good still tells what it gave up.
    let notice = matches!(
        event.kind,
        Kind::ReadFailed { .. } | Kind::MembershipCommitted { .. }
    );
    let known = state.nodes.contains_key(&event.node);
    must(runs || (known && notice), RUNS, || {
        format!("{} does not run", event.node)
    })
}

/// A node starts from its disk.
pub(super) fn booted(
    state: &mut State,
    id: NodeId,
    term: Term,
    vote: Option<NodeId>,
    last: LogId,
) -> Ruling {
    let hard = HardState { term, vote };
    let first = (BTreeSet::new(), Index(0), term);
    let (log, (snapshots, untold, highest)) = match state.nodes.get(&id) {
        None => (first_log(state, id, hard, last)?, first),
        Some(before) => {
            hard_state_kept(before, hard)?;
            let log = log_kept(before, last)?;
            let could = if before.asked {
                before.applied
            } else {
                Index(0)
            };
            let untold = could.max(before.untold);
            (
                log,
                (before.snapshots.clone(), untold, before.highest.max(term)),
            )
        }
    };
    must(last.term <= term, TERM_FITS_LOG, || {
        format!("{last} in term {term}")
    })?;
    if state.nodes.contains_key(&id) {
        state.note_claim(id);
    }
    let node = Node {
        runs: true,
        term,
        vote,
        role: Role::Follower,
        commit: Index(0),
        applied: Index(0),
        starting: !snapshots.is_empty() || untold > Index(0),
        durable: last.index,
        disk: Disk::holding(log.clone(), hard),
        log,
        votes: BTreeMap::new(),
        matched: BTreeMap::new(),
        snapshots,
        asked: false,
        untold,
        installing: None,
        highest,
        suspect: state.nodes.get(&id).and_then(|before| before.rot),
        rot: None,
        quiet: Time(0),
    };
    state.nodes.insert(id, Arc::new(node));
    Ok(())
}

/// P figure 2: the log is empty at first; ours begins with the entry that names the members.
fn first_log(state: &State, id: NodeId, hard: HardState, end: LogId) -> Result<Log, Broken> {
    let log: Log = match state.first.contains(id) {
        true => vec![Term(0)],
        false => Log::new(),
    };
    let fresh = hard == HardState::default() && last(&log) == end;
    must(fresh, FIRST_START, || {
        format!("{hard:?}, log ends at {end}")
    })?;
    Ok(log)
}

/// P figure 2: currentTerm and votedFor are on stable storage before anything rests on them.
fn hard_state_kept(before: &Node, hard: HardState) -> Ruling {
    must(before.disk.may_hold(hard), HARD_STATE_KEPT, || {
        format!(
            "{hard:?}, the disk may hold {:?}",
            before.disk.hard_states()
        )
    })
}

/// P figure 2: log entries are on stable storage before they are acknowledged.
fn log_kept(before: &Node, last: LogId) -> Result<Log, Broken> {
    // What rotted was cut off. Who was suspect before and finds more of it tells the lowest
    // position of all, so where the log ends now does not follow from that.
    let first = |rot: &Suspicion| before.suspect.is_none() && last.index >= rot.from;
    let rotted = before.rot.filter(|rot| !first(rot));
    let found = before.disk.log_ending_at(last);
    let found = found.or_else(|| rotted.and_then(|_| before.disk.log_cut_to(last)));
    found.ok_or_else(|| {
        let (durable, end) = (before.durable, before.last());
        let detail = format!("ends at {last}; was on disk up to {durable}, in memory up to {end}");
        Broken(LOG_KEPT, detail)
    })
}

/// T10.2.1: the disk follows memory.
fn persisted(state: &mut State, id: NodeId, durable: Index) -> Ruling {
    let node = state.node_mut(id);
    let fits = durable >= node.durable && durable <= node.last().index;
    must(fits, DURABLE, || {
        format!(
            "{durable}, before {}, log ends at {}",
            node.durable,
            node.last()
        )
    })?;
    node.durable = durable;
    node.disk.persisted(durable);
    Ok(())
}

/// Something begins to wait for the disk.
fn held(state: &State, id: NodeId, what: Held) -> Ruling {
    let node = state.node(id);
    match what {
        Held::Vote(to) => is_the_vote(node, to),
        Held::OwnVote => is_the_vote(node, id),
        Held::Acknowledgement { durable, .. } => acknowledges(node, durable),
    }
}

/// What waited for the disk goes: from now on somebody relies on it.
fn released(state: &mut State, id: NodeId, what: Held) -> Ruling {
    let node = state.node_mut(id);
    let term = node.term;
    match what {
        Held::Vote(to) => {
            is_the_vote(node, to)?;
            node.disk.relied_on_hard_state();
            Arc::make_mut(&mut state.votes).insert((term, id, to));
        }
        Held::OwnVote => {
            is_the_vote(node, id)?;
            must(node.role == Role::Candidate, VOTE_WAITS, || {
                format!("{id} is {:?}", node.role)
            })?;
            node.disk.relied_on_hard_state();
            let campaigns = Arc::make_mut(&mut state.campaigns);
            if let Some(campaign) = campaigns.get_mut(&(term, id)) {
                campaign.asks = true;
            }
        }
        Held::Acknowledgement { durable, .. } => acknowledges(node, durable)?,
    }
    Ok(())
}

fn is_the_vote(node: &Node, to: NodeId) -> Ruling {
    must(node.vote == Some(to), VOTE_WAITS, || {
        format!("for {to}, given to {:?}", node.vote)
    })
}

fn acknowledges(node: &Node, durable: Index) -> Ruling {
    must(durable <= node.durable, ACK_WAITS, || {
        format!("{durable}, on disk up to {}", node.durable)
    })
}
