//! Members and handing over (P6; T4.1 to T4.3, T3.10).

use super::replication::appended;
use super::state::{State, has};
use super::{Rule, Ruling, must};
use raftwerk_core::trace::{Kind, Step};
use raftwerk_core::{Index, LogId, Members, NodeId};
use std::sync::Arc;

const LEADER_CHANGES: Rule = Rule {
    says: "only a leader changes the members, or hands over",
    section: "P6, T3.10, T4.1",
};
const ONE_AT_A_TIME: Rule = Rule {
    says: "a change begins when the one before it is committed, and an entry of the own term",
    section: "P6, T4.1",
};
const IN_THE_LOG: Rule = Rule {
    says: "the newest membership in the log is in force, committed or not",
    section: "P6, T4.1",
};
const OVERLAP: Rule = Rule {
    says: "majorities before and after a change overlap: one voter at a time, or both sets",
    section: "P6, T4.1, T4.3",
};
const COMMITTED: Rule = Rule {
    says: "a membership is committed with its entry",
    section: "P6",
};
const CAUGHT_UP: Rule = Rule {
    says: "who is told to campaign has the whole log, and all of it is committed",
    section: "T3.10",
};
const ONE_TRANSFER: Rule = Rule {
    says: "a leader hands over to one voter at a time",
    section: "T3.10",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    LEADER_CHANGES,
    ONE_AT_A_TIME,
    IN_THE_LOG,
    OVERLAP,
    COMMITTED,
    CAUGHT_UP,
    ONE_TRANSFER,
];

/// Events of membership and transfer.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match kind {
        Kind::MembershipInForce {
            id: entry, members, ..
        } => in_force(state, id, *entry, members),
        Kind::AppendedMembership { id: entry, step } => announced(state, id, *entry, *step),
        Kind::MembershipCommitted { id: entry } => {
            let node = state.node(id);
            let fits = entry.index <= node.commit && has(&node.log, *entry);
            // After a start from a snapshot the commit index is not told.
            must(fits || node.starting, COMMITTED, || {
                format!("{entry}, committed up to {}", node.commit)
            })
        }
        Kind::TransferStarted { to, .. } => transfer_started(state, id, *to),
        Kind::SentTimeoutNow { to, last } => told_to_campaign(state, id, *to, *last),
        Kind::TransferAborted { .. } => {
            // Leadership may be gone by now; the reign is that of the term all the same.
            let term = state.node(id).term;
            let reign = state.reigns.get_mut(&term);
            if let Some(reign) = reign.filter(|reign| reign.leader == id) {
                Arc::make_mut(reign).transfer = None;
            }
            Ok(())
        }
        Kind::Decided { .. }
        | Kind::ChangeStarted { .. }
        | Kind::LearnerCaughtUp { .. }
        | Kind::MetOutsider { .. }
        | Kind::Parted { .. } => must(state.reign_of(id).is_some(), LEADER_CHANGES, || {
            format!("{id} does not lead")
        }),
        _ => Ok(()),
    }
}

/// T4.1, and the bug of 2015: nothing else is on its way, and the leader has committed an entry
/// of its own.
fn announced(state: &mut State, id: NodeId, entry: LogId, step: Step) -> Ruling {
    let commit = state.node(id).commit;
    let before = state.membership(id).map(|(entry, _)| entry.index);
    let opened = state.reign_of(id).and_then(|reign| reign.noop);
    let free = before.is_none_or(|before| before <= commit);
    let opened = opened.is_some_and(|opened| opened <= commit);
    must(free && opened, ONE_AT_A_TIME, || {
        format!("{entry}; the one before at {before:?}, committed up to {commit}")
    })?;
    appended(state, id, entry, false)?;
    if let Some(reign) = state.reign_of_mut(id) {
        reign.announced = Some((entry, step));
    }
    Ok(())
}

/// P6: a node uses the newest membership in its log; the entry of a follower may be among those
/// it is just accepting.
fn in_force(state: &mut State, id: NodeId, entry: LogId, members: &Members) -> Ruling {
    let announced = state
        .reign_of_mut(id)
        .and_then(|reign| reign.announced.take());
    if let Some((announced, step)) = announced {
        must(announced == entry, IN_THE_LOG, || {
            format!("{entry}, appended was {announced}")
        })?;
        // The entry is there already: the one before it is the second newest.
        let before = state.membership(id).map(|(_, members)| members.clone());
        overlaps(&before.unwrap_or_default(), members, step)?;
        let fresh = !state.memberships.contains_key(&entry);
        must(fresh, IN_THE_LOG, || format!("{entry} is named already"))?;
        Arc::make_mut(&mut state.memberships).insert(entry, members.clone());
        readmit(state, id, members);
    }
    let node = state.node(id);
    let reign = state.reigns.get(&node.term);
    let arriving = reign.is_some_and(|reign| has(&reign.log, entry));
    let known = state.memberships.get(&entry) == Some(members);
    must(
        known && (has(&node.log, entry) || arriving),
        IN_THE_LOG,
        || format!("{entry} {members:?}"),
    )
}

/// A peer that comes (back) starts with nothing known of it.
fn readmit(state: &mut State, id: NodeId, members: &Members) {
    let before = state.membership_before(id).cloned().unwrap_or_default();
    let node = state.node_mut(id);
    let stays = |peer: &NodeId| before.contains(*peer) || !members.contains(*peer);
    node.matched.retain(|peer, _| stays(peer));
}

/// T4.1: one voter comes or goes. P6, T4.3: else both sets decide together, and then the new one.
fn overlaps(before: &Members, after: &Members, step: Step) -> Ruling {
    let (old, new) = (&before.voters, &after.voters);
    let come = new.iter().filter(|voter| !old.contains(voter)).count();
    let go = old.iter().filter(|voter| !new.contains(voter)).count();
    let joint = (before.is_joint(), after.is_joint());
    let fits = match step {
        Step::Learners => come + go == 0 && joint == (false, false),
        Step::Direct => come + go <= 1 && joint == (false, false),
        Step::Joint => joint == (false, true) && after.outgoing == *old,
        Step::Leave => joint == (true, false) && come + go == 0,
    };
    must(fits, OVERLAP, || format!("{step:?}: {before:?}, {after:?}"))
}

/// T3.10: hand over to another voter.
fn transfer_started(state: &mut State, id: NodeId, to: NodeId) -> Ruling {
    let voter = state.membership(id).is_some_and(|(_, m)| m.is_voter(to));
    let Some(reign) = state.reign_of_mut(id) else {
        return must(false, LEADER_CHANGES, || format!("{id} does not lead"));
    };
    let free = reign.transfer.is_none();
    must(free && voter && to != id, ONE_TRANSFER, || {
        format!("to {to}, running to {:?}", reign.transfer)
    })?;
    reign.transfer = Some(to);
    Ok(())
}

/// T3.10: the target has everything.
fn told_to_campaign(state: &mut State, id: NodeId, to: NodeId, last: LogId) -> Ruling {
    let node = state.node(id);
    let matched = node.matched.get(&to).copied().unwrap_or(Index(0));
    let all = last == node.last() && matched >= last.index && node.commit >= last.index;
    must(all, CAUGHT_UP, || {
        let commit = node.commit;
        format!("{to} matches up to {matched}, committed {commit}, log ends at {last}")
    })?;
    let Some(reign) = state.reign_of_mut(id) else {
        return must(false, LEADER_CHANGES, || format!("{id} does not lead"));
    };
    must(reign.transfer == Some(to), ONE_TRANSFER, || {
        format!("to {to}, running to {:?}", reign.transfer)
    })?;
    reign.handed.insert((to, last));
    Ok(())
}
