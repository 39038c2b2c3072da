//! The silence that leases rest on (T6.4.1): who heard its leader or gave its vote has told a
//! leader that it helps nobody else for a while. A lease counts on every such promise, so it must
//! be kept by itself, and not only where two leases would come of breaking it.
//!
//! A node that starts may have promised anything just before, and keeps silent as well. Only an
//! election that a leader asked for passes the promise (T3.10); that leader has given up its lease.
//! An event tells when it happened by its node's own clock, and by that clock the promise counts.
//! Heartbeats that change nothing leave no event: of those the machine knows nothing.

use super::state::State;
use super::{Rule, Ruling, must};
use raftwerk_core::trace::{CommitReason, ElectionReason, Event, Kind, VoteRefusal};
use raftwerk_core::{NodeId, Span, Term, Time};

const SILENT: Rule = Rule {
    says: "who heard its leader, voted or started helps nobody else for an election timeout: it \
           neither votes nor campaigns, unless a leader hands over",
    section: "T6.4.1, T3.10",
};
const SO_LONG: Rule = Rule {
    says: "who is silent has promised it, and for no longer than an election timeout",
    section: "T6.4.1",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[SILENT, SO_LONG];

/// Whether an event breaks a promise made before it.
pub(super) fn judge(state: &State, event: &Event) -> Ruling {
    let (id, at) = (event.node, event.at);
    match event.kind {
        Kind::GrantedVote {
            to,
            pre: false,
            proposed,
            ..
        } => gave(state, id, at, to, proposed),
        Kind::StartedPreVote { .. } => breaks_nothing(state, id, at),
        Kind::StartedElection { reason, .. } if reason != ElectionReason::TimeoutNow => {
            breaks_nothing(state, id, at)
        }
        Kind::RefusedVote {
            reason: VoteRefusal::Silent { left, .. },
            ..
        }
        | Kind::ElectionPutOff { left, .. } => so_long(state, id, at, left),
        _ => Ok(()),
    }
}

fn breaks_nothing(state: &State, id: NodeId, at: Time) -> Ruling {
    let until = state.node(id).quiet;
    must(at >= until, SILENT, || {
        format!("at {}, silent until {}", at.0, until.0)
    })
}

/// The vote it gave may be told again, and a candidate may have been sent by a leader.
fn gave(state: &State, id: NodeId, at: Time, to: NodeId, proposed: Term) -> Ruling {
    let again = state.node(id).vote == Some(to);
    let campaign = state.campaigns.get(&(proposed, to));
    if again || campaign.is_some_and(|campaign| campaign.handed) {
        return Ok(());
    }
    breaks_nothing(state, id, at)
}

/// What it says of its promise must fit what is known of it.
fn so_long(state: &State, id: NodeId, at: Time, left: Span) -> Ruling {
    let (longest, until) = (state.silence, state.node(id).quiet);
    let fits = left > Span(0) && longest.is_none_or(|span| left <= span) && at + left >= until;
    must(fits, SO_LONG, || {
        let (at, left, until) = (at.0, left.0, until.0);
        format!("{left} more at {at}, silent until {until} at least, of {longest:?}")
    })
}

/// Notes a promise that an event makes.
pub(super) fn note(state: &mut State, event: &Event) {
    let promises = matches!(
        event.kind,
        Kind::Booted { .. }
            | Kind::GrantedVote { pre: false, .. }
            | Kind::FoundLeader { .. }
            | Kind::AcceptedAppend { .. }
            | Kind::RefusedAppend { .. }
            | Kind::Committed {
                reason: CommitReason::Leader(_),
                ..
            }
    );
    if let Some(span) = state.silence.filter(|_| promises) {
        state.node_mut(event.node).quiet = event.at + span;
    }
}
