//! A log that rotted (FAST 2018, protocol-aware recovery): silence, and when it ends.

use super::state::{State, agreement, term_at};
use super::{Rule, Ruling, must};
use raftwerk_core::trace::{Kind, ReadProof, TrustReason};
use raftwerk_core::{Index, NodeId, Suspicion};
use std::sync::Arc;

const FOUND_AT_START: Rule = Rule {
    says: "rot is found by a node that had a disk, as it starts",
    section: "FAST 2018",
};
const SILENT: Rule = Rule {
    says: "who lost part of its log neither votes nor campaigns nor tells marks",
    section: "FAST 2018",
};
const TRUSTED: Rule = Rule {
    says: "it is trusted when its disk has all that a leader since the rot had, as far as it ever \
           promised, or an entry of a later term",
    section: "FAST 2018",
};
const LOST: Rule = Rule {
    says: "a leader begins anew with nobody but a peer whose log rotted",
    section: "FAST 2018",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[FOUND_AT_START, SILENT, TRUSTED, LOST];

/// A node is about to start and finds that its log rotted.
pub(super) fn found(state: &mut State, id: NodeId, suspicion: Suspicion) -> Ruling {
    let node = state.nodes.get_mut(&id).filter(|node| node.rot.is_none());
    let had = node.is_some();
    if let Some(node) = node {
        Arc::make_mut(node).rot = Some(suspicion);
    }
    Arc::make_mut(&mut state.rotted).insert(id);
    must(had, FOUND_AT_START, || format!("{suspicion:?}"))
}

/// Events that only who is trusted may cause.
pub(super) fn silent(state: &State, id: NodeId, kind: &Kind) -> Ruling {
    let claims = match kind {
        Kind::GrantedVote { .. }
        | Kind::StartedPreVote { .. }
        | Kind::StartedElection { .. }
        | Kind::BecameLeader { .. }
        | Kind::ToldMark { .. } => true,
        Kind::ReadConfirmed {
            proof: ReadProof::Marks { marks, .. },
            ..
        } => marks.iter().any(|(voter, _)| *voter == id),
        _ => false,
    };
    let suspect = state.nodes.get(&id).and_then(|node| node.suspect);
    must(!claims || suspect.is_none(), SILENT, || {
        format!("{suspect:?}")
    })
}

/// Events of suspect nodes and of their leaders.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match *kind {
        Kind::Trusted { reason, durable } => trusted(state, id, reason, durable),
        Kind::ElectionForgone { .. } => {
            let suspect = state.node(id).suspect.is_some();
            must(suspect, SILENT, || "it may campaign".to_string())
        }
        Kind::PeerSuspect { peer, .. } => {
            let leads = state.reign_of(id).is_some();
            let rotted = state.rotted.contains(&peer);
            must(leads && rotted, LOST, || format!("{peer}"))?;
            state.node_mut(id).matched.remove(&peer);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn trusted(state: &mut State, id: NodeId, reason: TrustReason, durable: Index) -> Ruling {
    let node = state.node(id);
    let has_it = |suspicion: Suspicion| match reason {
        TrustReason::NewerTerm { since } => {
            since == suspicion.since && term_at(&node.log, durable) > Some(since)
        }
        TrustReason::Covered { to } => {
            let leaders = state.reigns.range(suspicion.since..=node.term);
            let mut logs = leaders.map(|(_, reign)| &reign.log);
            let as_leader = logs.any(|log| agreement(log, &node.log) >= to);
            // A snapshot holds what is committed, whoever leads.
            let committed = agreement(&state.committed, &node.log) >= to;
            suspicion.to.is_some_and(|promised| promised <= to)
                && durable >= to
                && (as_leader || committed)
        }
    };
    let fits = durable <= node.durable && node.suspect.is_some_and(has_it);
    must(fits, TRUSTED, || {
        let (suspect, disk) = (node.suspect, node.durable);
        format!("{reason:?} at {durable}; {suspect:?}, on disk up to {disk}")
    })?;
    state.node_mut(id).suspect = None;
    Ok(())
}
