//! Committing, applying and reading (P5.3, P5.4.2; P figure 2, "Leaders", "All servers"; T6.4).

use super::snapshot::in_force;
use super::state::{State, has, is_majority, term_at};
use super::{Rule, Ruling, must};
use raftwerk_core::trace::{CommitReason, Kind, ReadProof, Role};
use raftwerk_core::{Index, LogId, NodeId};
use std::sync::Arc;

const COMMIT_RISES: Rule = Rule {
    says: "the commit index goes up from where it was, within the log",
    section: "P figure 2",
};
const SNAPSHOT_START: Rule = Rule {
    says: "a node starts with nothing committed, or with what its snapshot holds",
    section: "P figure 2, P7",
};
const LEADER_COUNTS: Rule = Rule {
    says: "only a leader commits by counting",
    section: "P5.3",
};
const OWN_TERM: Rule = Rule {
    says: "only entries of the leader's own term are committed by counting copies",
    section: "P5.4.2",
};
const MAJORITY_HOLDS: Rule = Rule {
    says: "an entry is committed when the disks of a majority hold it",
    section: "P5.3, P6, T10.2.1",
};
const TRUE_COPIES: Rule = Rule {
    says: "the copies that are counted are those of the voters, as far as they are known",
    section: "P5.3",
};
const LEADER_TOLD: Rule = Rule {
    says: "a follower commits what a leader has committed, as far as its log is its leader's",
    section: "P5.3",
};
const SAFETY: Rule = Rule {
    says: "what is committed at a position is the same everywhere and for ever",
    section: "P5.4.3",
};
const IN_ORDER: Rule = Rule {
    says: "committed entries are applied one after the other",
    section: "P5.3, P figure 2",
};
const READ_POINT: Rule = Rule {
    says: "a read point covers the opening entry of the term and nothing that is not committed",
    section: "T6.4",
};
const MARK: Rule = Rule {
    says: "a quorum read takes the longest log of a majority of members known to be committed",
    section: "HotCloud 2017",
};
const READ_APPLIED: Rule = Rule {
    says: "a read is served when the state machine has reached its read point",
    section: "T6.4",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    COMMIT_RISES,
    SNAPSHOT_START,
    LEADER_COUNTS,
    OWN_TERM,
    MAJORITY_HOLDS,
    TRUE_COPIES,
    LEADER_TOLD,
    SAFETY,
    IN_ORDER,
    READ_POINT,
    MARK,
    READ_APPLIED,
];

/// Events of committing, applying and reading.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match kind {
        Kind::Committed { from, to, reason } => committed(state, id, *from, *to, reason),
        Kind::CommitWithheld { at, own } => withheld(state, id, *at, *own),
        Kind::Applying { from, to } => applying(state, id, *from, *to),
        Kind::ReadConfirmed { proof, index, .. } => match proof {
            ReadProof::Round(_) | ReadProof::Lease { .. } => read_confirmed(state, id, *index),
            ReadProof::Marks { membership, marks } => marked(state, id, *membership, marks, *index),
        },
        Kind::ReadServed { index, .. } => read_served(state, id, *index),
        _ => Ok(()),
    }
}

/// P5.3, P5.4.2: the commit index moves.
fn committed(
    state: &mut State,
    id: NodeId,
    from: Index,
    to: Index,
    reason: &CommitReason,
) -> Ruling {
    started_at(state, id, from)?;
    let node = state.node(id);
    let fits = from == node.commit && to > from && to.0 <= node.log.len() as u64;
    must(fits, COMMIT_RISES, || {
        format!(
            "{from} to {to}; was {}, log ends at {}",
            node.commit,
            node.last()
        )
    })?;
    match reason {
        CommitReason::Quorum { matched } => by_counting(state, id, to, matched)?,
        CommitReason::Leader(leader) => by_word(state, id, to, *leader)?,
        CommitReason::Snapshot(last) => {
            must(last.index == to, LEADER_TOLD, || {
                format!("{last}, not {to}")
            })?;
        }
    }
    agrees_with_all(state, id, to)?;
    state.node_mut(id).commit = to;
    if let Some(reign) = state.reign_of_mut(id) {
        reign.commit = reign.commit.max(to);
    }
    Ok(())
}

/// P figure 2: commitIndex and lastApplied start at 0; after a snapshot (P7) at its end.
fn started_at(state: &mut State, id: NodeId, at: Index) -> Ruling {
    let node = state.node_mut(id);
    if !std::mem::take(&mut node.starting) {
        return Ok(());
    }
    // A host that is asked for a snapshot may finish it and stop before it has told so.
    let told = node.snapshots.contains(&at);
    // The others were on their way to the disk.
    let surely = node.snapshots.first().copied().unwrap_or_default();
    let may = at == Index(0) || told || (at >= surely && at <= node.untold);
    must(may, SNAPSHOT_START, || {
        let upto = node.untold;
        format!(
            "{at}; its snapshots end at {:?}, or up to {upto}",
            node.snapshots
        )
    })?;
    node.untold = Index(0);
    if at > Index(0) && !told {
        in_force(&mut node.snapshots, at);
    }
    (node.commit, node.applied) = (at, at);
    if node.installing.is_some() {
        node.durable = node.durable.min(at);
    }
    Ok(())
}

/// P figure 2, Leaders: a majority of matchIndex at or above it, and log[N].term == currentTerm.
fn by_counting(state: &State, id: NodeId, to: Index, matched: &[(NodeId, Index)]) -> Ruling {
    let node = state.node(id);
    must(state.reign_of(id).is_some(), LEADER_COUNTS, || {
        format!("{:?} in term {}", node.role, node.term)
    })?;
    let term = term_at(&node.log, to);
    must(term == Some(node.term), OWN_TERM, || {
        format!("{to} is of {term:?}, the leader of {}", node.term)
    })?;
    let members = state.membership(id).map(|(_, members)| members.clone());
    let members = members.unwrap_or_default();
    let known = |peer: &NodeId| match *peer == id {
        true => node.durable,
        false => node.matched.get(peer).copied().unwrap_or_default(),
    };
    let mut voters = members.all();
    voters.retain(|voter| members.is_voter(*voter));
    let named: Vec<NodeId> = matched.iter().map(|(voter, _)| *voter).collect();
    let true_copies = matched.iter().all(|(voter, index)| *index <= known(voter));
    must(named == voters && true_copies, TRUE_COPIES, || {
        let known: Vec<_> = voters.iter().map(|voter| (*voter, known(voter))).collect();
        format!("{matched:?} are told, {known:?} are known")
    })?;
    let holds = |voter: NodeId| {
        matched
            .iter()
            .any(|(one, index)| *one == voter && *index >= to)
    };
    must(is_majority(&members, holds), MAJORITY_HOLDS, || {
        format!("{to} with {matched:?}")
    })
}

/// P figure 2, AppendEntries: commitIndex = min(leaderCommit, index of last new entry). What an
/// earlier leader said may be used when the log agrees with the present one's, since that one has
/// all that was committed before (P5.4).
fn by_word(state: &State, id: NodeId, to: Index, leader: NodeId) -> Ruling {
    let node = state.node(id);
    let reign = state
        .reigns
        .get(&node.term)
        .filter(|reign| reign.leader == leader);
    let earlier = state.reigns.range(..=node.term);
    let told = earlier.map(|(_, reign)| reign.commit).max();
    let agrees = reign.is_some_and(|reign| term_at(&reign.log, to) == term_at(&node.log, to));
    let follows = node.role == Role::Follower;
    must(follows && told >= Some(to) && agrees, LEADER_TOLD, || {
        format!("{to}; leaders have committed {told:?}, the log is as {leader}'s: {agrees}")
    })
}

/// P5.4.3, State Machine Safety: compared with all that was ever committed.
fn agrees_with_all(state: &mut State, id: NodeId, to: Index) -> Ruling {
    let log = &state.nodes[&id].log;
    let (known, new) = (state.committed.len(), to.0 as usize);
    let shared = known.min(new);
    let same = log[..shared] == state.committed[..shared];
    must(same, SAFETY, || {
        let differ = |at: &usize| log[*at] != state.committed[*at];
        let at = (0..shared).find(differ).unwrap_or_default() + 1;
        format!("position {at} is another entry than the committed one")
    })?;
    if new > known {
        Arc::make_mut(&mut state.committed).extend_from_slice(&log[known..new]);
    }
    Ok(())
}

/// P5.4.2: a majority holds an entry of an older term, and that commits nothing.
fn withheld(state: &State, id: NodeId, at: LogId, own: Index) -> Ruling {
    let node = state.node(id);
    let reign = state.reign_of(id);
    let opening = reign.and_then(|reign| reign.noop);
    let older = has(&node.log, at) && at.term < node.term && at.index > node.commit;
    must(opening == Some(own) && older, OWN_TERM, || {
        format!("{at} in term {}, opened at {opening:?}", node.term)
    })
}

/// P figure 2, All servers: if commitIndex > lastApplied, apply the next.
fn applying(state: &mut State, id: NodeId, from: Index, to: Index) -> Ruling {
    started_at(state, id, Index(from.0.saturating_sub(1)))?;
    let node = state.node_mut(id);
    let fits = from.0 == node.applied.0 + 1 && to >= from && to <= node.commit;
    must(fits, IN_ORDER, || {
        format!(
            "{from} to {to}; applied {}, committed {}",
            node.applied, node.commit
        )
    })?;
    node.applied = to;
    Ok(())
}

/// T6.4: the read point of a leader.
fn read_confirmed(state: &State, id: NodeId, index: Index) -> Ruling {
    let commit = state.node(id).commit;
    let opening = state.reign_of(id).and_then(|reign| reign.noop);
    let fits = opening.is_some_and(|opening| index >= opening && index <= commit.max(opening));
    must(fits, READ_POINT, || {
        format!("{index}; opened at {opening:?}, committed {commit}")
    })
}

/// HotCloud 2017: the longest of a majority of logs, by members known to be committed.
fn marked(
    state: &State,
    id: NodeId,
    membership: LogId,
    marks: &[(NodeId, Index)],
    index: Index,
) -> Ruling {
    let node = state.node(id);
    let longest = marks.iter().map(|(_, last)| *last).max();
    let members = state.memberships.get(&membership);
    let told = |voter: NodeId| marks.iter().any(|(one, _)| *one == voter);
    let majority = members.is_some_and(|members| is_majority(members, told));
    // After a start from a snapshot the commit index is not told.
    let known = membership.index <= node.highest_commit();
    must(known && majority && longest == Some(index), MARK, || {
        format!(
            "{index} of {marks:?}, members by {membership}, committed {}",
            node.highest_commit()
        )
    })
}

/// T6.4: and when it may be served.
fn read_served(state: &State, id: NodeId, index: Index) -> Ruling {
    let applied = state.node(id).highest_applied();
    must(index <= applied, READ_APPLIED, || {
        format!("{index}, applied {applied}")
    })
}
