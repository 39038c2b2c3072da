//! Replicating the log (P5.3; P figure 2, "AppendEntries RPC", "Leaders").

use super::election::leads;
use super::state::{State, agreement, has, last, term_at};
use super::{Broken, Rule, Ruling, must};
use raftwerk_core::trace::{Kind, Role};
use raftwerk_core::{Index, LogId, NodeId, Term};

const LEADER_APPENDS: Rule = Rule {
    says: "only the leader of the term makes entries",
    section: "P5.3",
};
const APPEND_ONLY: Rule = Rule {
    says: "a leader puts entries of its own term after the end of its log, one by one",
    section: "P5.3, P5.4",
};
const OPENING: Rule = Rule {
    says: "the first entry of a reign is the opening one",
    section: "P8, T6.4",
};
const NOTHING_NEW: Rule = Rule {
    says: "a leader that hands over takes no more commands",
    section: "T3.10",
};
const FOLLOWER_ACCEPTS: Rule = Rule {
    says: "entries are taken from the leader of the term, by a follower",
    section: "P5.1, P5.3",
};
const PREVIOUS_FITS: Rule = Rule {
    says: "entries are accepted only after the entry that comes before them",
    section: "P5.3",
};
const AS_THE_LEADER: Rule = Rule {
    says: "after accepting entries the log agrees with the leader's up to the last of them",
    section: "P5.3",
};
const TRUE_REFUSAL: Rule = Rule {
    says: "entries are refused only if the one before them is missing or another one",
    section: "P5.3",
};
const COMMITTED_STAYS: Rule = Rule {
    says: "what is committed is never cut",
    section: "P5.4",
};
const REAL_CONFLICT: Rule = Rule {
    says: "entries are cut only from the first on that conflicts with the leader's",
    section: "P5.3",
};
const MATCHES: Rule = Rule {
    says: "what counts as matched agrees with the leader's log on the peer's disk",
    section: "P5.3, T10.2.1",
};
const NEXT_INDEX: Rule = Rule {
    says: "the next index of a peer lies above what matches",
    section: "P5.3",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    LEADER_APPENDS,
    APPEND_ONLY,
    OPENING,
    NOTHING_NEW,
    FOLLOWER_ACCEPTS,
    PREVIOUS_FITS,
    AS_THE_LEADER,
    TRUE_REFUSAL,
    COMMITTED_STAYS,
    REAL_CONFLICT,
    MATCHES,
    NEXT_INDEX,
];

/// Events of replication.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match *kind {
        Kind::AppendedNoop { id: entry } => opened(state, id, entry),
        Kind::AppendedCommand { id: entry, .. } => appended(state, id, entry, true),
        Kind::AcceptedAppend {
            leader,
            prev,
            last,
            new,
        } => accepted(state, id, leader, prev, last, new),
        Kind::RefusedAppend {
            leader, prev, mine, ..
        } => refused(state, id, leader, prev, mine),
        Kind::CutLog {
            at,
            mine,
            theirs,
            removed,
        } => cut(state, id, at, (mine, theirs), removed),
        Kind::Matched { peer, to } => matched(state, id, peer, to),
        Kind::Backtracked { peer, next, .. } | Kind::ChangedPace { peer, next, .. } => {
            next_index(state, id, peer, next)
        }
        _ => Ok(()),
    }
}

/// P8: a leader opens its term with an entry of its own.
fn opened(state: &mut State, id: NodeId, entry: LogId) -> Ruling {
    let reign = state.reign_of(id);
    let first = reign.is_some_and(|reign| reign.noop.is_none());
    must(first, OPENING, || format!("{entry} comes again"))?;
    append(state, id, entry)?;
    if let Some(reign) = state.reign_of_mut(id) {
        reign.noop = Some(entry.index);
    }
    Ok(())
}

/// P5.3: an entry of a client, or of a membership.
pub(super) fn appended(state: &mut State, id: NodeId, entry: LogId, command: bool) -> Ruling {
    let reign = state.reign_of(id);
    let opened = reign.is_some_and(|reign| reign.noop.is_some());
    must(opened || reign.is_none(), OPENING, || format!("{entry}"))?;
    let handing = reign.is_some_and(|reign| reign.transfer.is_some());
    must(!(handing && command), NOTHING_NEW, || format!("{entry}"))?;
    append(state, id, entry)
}

fn append(state: &mut State, id: NodeId, entry: LogId) -> Ruling {
    let node = state.node(id);
    must(state.reign_of(id).is_some(), LEADER_APPENDS, || {
        format!("{:?} in term {}", node.role, node.term)
    })?;
    let next = LogId {
        term: node.term,
        index: Index(node.log.len() as u64 + 1),
    };
    must(entry == next, APPEND_ONLY, || {
        format!("{entry}, not {next}")
    })?;
    state.node_mut(id).append(entry.term);
    if let Some(reign) = state.reign_of_mut(id) {
        reign.log.push(entry.term);
    }
    Ok(())
}

/// P figure 2, AppendEntries: prevLogIndex and prevLogTerm match; what is new is appended.
fn accepted(
    state: &mut State,
    id: NodeId,
    leader: NodeId,
    prev: LogId,
    to: Index,
    new: usize,
) -> Ruling {
    follows(state, id, leader)?;
    let node = state.node(id);
    must(has(&node.log, prev), PREVIOUS_FITS, || {
        format!("{prev} is not in a log that ends at {}", node.last())
    })?;
    let term = node.term;
    let theirs = &state.reigns[&term].log;
    let from = node.log.len();
    let added = (to.0 as usize).saturating_sub(from);
    let fits = added == new && (to.0 as usize) <= theirs.len();
    must(fits, AS_THE_LEADER, || {
        format!(
            "{new} new up to {to}; log ended at {from}, the leader's at {}",
            last(theirs)
        )
    })?;
    let entries = theirs[from.min(to.0 as usize)..to.0 as usize].to_vec();
    let node = state.node_mut(id);
    entries.into_iter().for_each(|term| node.append(term));
    let (node, theirs) = (state.node(id), &state.reigns[&term].log);
    let agreed = agreement(&node.log, theirs);
    must(agreed >= to, AS_THE_LEADER, || {
        format!("agrees up to {agreed}, not {to}")
    })
}

fn follows(state: &State, id: NodeId, leader: NodeId) -> Ruling {
    let node = state.node(id);
    must(node.role == Role::Follower, FOLLOWER_ACCEPTS, || {
        format!("{:?}", node.role)
    })?;
    leads(state, id, leader).map_err(|Broken(_, detail)| Broken(FOLLOWER_ACCEPTS, detail))
}

/// P figure 2, AppendEntries: false if the log has no such entry.
fn refused(state: &State, id: NodeId, leader: NodeId, prev: LogId, mine: Option<Term>) -> Ruling {
    follows(state, id, leader)?;
    let node = state.node(id);
    let told = mine.is_none() || term_at(&node.log, prev.index) == mine;
    must(!has(&node.log, prev) && told, TRUE_REFUSAL, || {
        format!(
            "{prev} is refused, {:?} is there",
            term_at(&node.log, prev.index)
        )
    })
}

/// P figure 2, AppendEntries: an entry that conflicts goes, and all that follow it.
fn cut(
    state: &mut State,
    id: NodeId,
    at: Index,
    (mine, theirs): (Term, Term),
    removed: u64,
) -> Ruling {
    let node = state.node(id);
    must(at > node.commit, COMMITTED_STAYS, || {
        format!("{at} is cut, committed up to {}", node.commit)
    })?;
    let reign = state.reigns.get(&node.term);
    let leaders = reign.and_then(|reign| term_at(&reign.log, at));
    let here = term_at(&node.log, at);
    let conflict = here == Some(mine) && leaders == Some(theirs) && mine != theirs;
    let all = node.log.len() as u64 + 1 - at.0.min(node.log.len() as u64 + 1) == removed;
    let follower = node.role == Role::Follower;
    must(conflict && all && follower, REAL_CONFLICT, || {
        format!("{mine} against {theirs} at {at}; here {here:?}, the leader's {leaders:?}")
    })?;
    state.node_mut(id).cut_to(Index(at.0 - 1));
    Ok(())
}

/// P figure 2, matchIndex: known to be replicated, and on disk (T10.2.1).
fn matched(state: &mut State, id: NodeId, peer: NodeId, to: Index) -> Ruling {
    must(state.reign_of(id).is_some(), MATCHES, || {
        format!("{id} does not lead")
    })?;
    let term = state.node(id).term;
    if state.nodes.get(&peer).is_some_and(|node| node.term == term) {
        state.note_claim(peer);
    }
    let claim = state.claims.get(&(term, peer)).copied().unwrap_or_default();
    must(to <= claim, MATCHES, || {
        format!("{peer} up to {to}; its disk agrees up to {claim}")
    })?;
    state.node_mut(id).matched.insert(peer, to);
    Ok(())
}

/// P5.3: nextIndex falls back until the logs meet, but never to what is known to match.
fn next_index(state: &State, id: NodeId, peer: NodeId, next: Index) -> Ruling {
    let matched = state.node(id).matched.get(&peer).copied();
    let leads = state.reign_of(id).is_some();
    let above = next > matched.unwrap_or_default();
    must(leads && above, NEXT_INDEX, || {
        format!("{next} for {peer}, which matches up to {matched:?}")
    })
}
