//! Snapshots (P7, P figure 13; T5.1 to T5.3).

use super::state::{Log, State, agreement, has, last, term_at};
use super::{Rule, Ruling, must};
use raftwerk_core::trace::{InstallReason, Kind, Role, SnapshotUseless};
use raftwerk_core::{Index, LogId, NodeId};

const HOLDS_APPLIED: Rule = Rule {
    says: "a snapshot holds what was applied, and the log it covers may go then",
    section: "P7, T5.1",
};
const COMMITTED_ONLY: Rule = Rule {
    says: "only what is committed gets into a snapshot",
    section: "P7",
};
const NEEDED: Rule = Rule {
    says: "a snapshot takes the place of a log that ends before it or contradicts it",
    section: "P7, P figure 13",
};
const USELESS: Rule = Rule {
    says: "a snapshot is left aside only if the node has what is in it",
    section: "P7, P figure 13",
};
const LEADER_SENDS: Rule = Rule {
    says: "a leader sends a snapshot of its own",
    section: "P7, T5.3",
};
const ON_DISK_FIRST: Rule = Rule {
    says: "the state machine gets a snapshot that is on disk in place of the log",
    section: "P7, T10.2.1",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    HOLDS_APPLIED,
    COMMITTED_ONLY,
    NEEDED,
    USELESS,
    LEADER_SENDS,
    ON_DISK_FIRST,
];

/// Events of snapshots.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match *kind {
        Kind::SnapshotTaken { last, .. } => taken(state, id, last),
        Kind::Trimmed { base, .. } => trimmed(state, id, base),
        Kind::SnapshotDue { at_least, .. } => {
            state.node_mut(id).asked = true;
            let applied = state.node(id).applied;
            must(at_least <= applied, HOLDS_APPLIED, || {
                format!("{at_least}, applied {applied}")
            })
        }
        Kind::SnapshotIgnored { last, why } => {
            ignored(state, id, last, why)?;
            if matches!(why, SnapshotUseless::Older { .. }) {
                // It is on disk all the same, and the newer one may not be yet.
                state.node_mut(id).may_be_in_force(last.index);
            }
            Ok(())
        }
        Kind::SnapshotSent { last, .. } => sent(state, id, last),
        Kind::InstallingSnapshot { last, reason, .. } => installing(state, id, last, reason),
        Kind::SnapshotInstalled { last } => installed(state, id, last),
        _ => Ok(()),
    }
}

/// P7: a snapshot of the own state machine.
fn taken(state: &mut State, id: NodeId, last: LogId) -> Ruling {
    let node = state.node_mut(id);
    let fits = last.index <= node.applied && has(&node.log, last);
    must(fits, HOLDS_APPLIED, || {
        format!("{last}, applied {}", node.applied)
    })?;
    in_force(&mut node.snapshots, last.index);
    Ok(())
}

/// It is on disk: the node does not start from an older one.
pub(super) fn in_force(snapshots: &mut std::collections::BTreeSet<Index>, end: Index) {
    *snapshots = snapshots.split_off(&end);
    snapshots.insert(end);
}

/// P7: what a snapshot covers may be dropped from the log.
fn trimmed(state: &State, id: NodeId, base: LogId) -> Ruling {
    let node = state.node(id);
    let newest = node.snapshots.last().copied().unwrap_or_default();
    let fits = base.index <= newest && has(&node.log, base);
    must(fits, HOLDS_APPLIED, || {
        format!("{base}, snapshot of {newest}")
    })
}

/// P figure 13: a snapshot that brings nothing.
fn ignored(state: &State, id: NodeId, end: LogId, why: SnapshotUseless) -> Ruling {
    let node = state.node(id);
    let fits = match why {
        SnapshotUseless::Older { newest } => end.index <= newest.index,
        SnapshotUseless::Committed { commit } => commit == node.commit && end.index <= commit,
        SnapshotUseless::InLog => has(&node.log, end),
        SnapshotUseless::Leading => node.role == Role::Leader,
    };
    must(fits || node.starting, USELESS, || format!("{end}: {why:?}"))
}

/// T5.3: to a peer that needs what is gone.
fn sent(state: &State, id: NodeId, end: LogId) -> Ruling {
    let node = state.node(id);
    // Which one it has started from is perhaps not told yet.
    let started = node.starting && end.index <= node.untold;
    let own = (node.snapshots.contains(&end.index) || started) && has(&node.log, end);
    must(state.reign_of(id).is_some() && own, LEADER_SENDS, || {
        format!("{end}, its snapshots end at {:?}", node.snapshots)
    })
}

/// P figure 13: the log is replaced.
fn installing(state: &mut State, id: NodeId, end: LogId, reason: InstallReason) -> Ruling {
    must(has(&state.committed, end), COMMITTED_ONLY, || {
        format!("{end}, committed up to {}", last(&state.committed))
    })?;
    let node = state.node(id);
    let fits = match reason {
        InstallReason::Ahead { end: mine } => mine == node.last() && mine.index < end.index,
        InstallReason::Conflict { mine } => {
            term_at(&node.log, end.index) == Some(mine) && mine != end.term
        }
    };
    let follower = node.role == Role::Follower;
    let ahead = end.index > node.commit || node.starting;
    must(fits && follower && ahead, NEEDED, || {
        format!("{end} in place of a log that ends at {}", node.last())
    })?;
    state.note_claim(id);
    let log: Log = state.committed[..end.index.0 as usize].to_vec();
    let node = state.node_mut(id);
    // Of the old log only what is committed agrees with the snapshot.
    node.durable = node.durable.min(node.highest_commit());
    let agreed = agreement(&node.log, &log);
    node.log.clone_from(&log);
    node.disk.replace(log, agreed);
    node.may_be_in_force(end.index);
    node.installing = Some(end);
    Ok(())
}

/// P figure 13: the state machine is reset to it.
fn installed(state: &mut State, id: NodeId, end: LogId) -> Ruling {
    let node = state.node_mut(id);
    let fits = node.installing.take() == Some(end) && node.durable >= end.index;
    must(fits, ON_DISK_FIRST, || {
        format!("{end}, on disk up to {}", node.durable)
    })?;
    node.applied = end.index;
    in_force(&mut node.snapshots, end.index);
    Ok(())
}
