//! Sentences about changes of the members: who decided it, what is appended (thesis 4).

use super::{count, names, span};
use raftwerk_core::autopilot::{Decision, Reason};
use raftwerk_core::trace::Step;
use raftwerk_core::{LogId, Members, NodeId, Ticket};

pub(super) fn change_started(
    node: NodeId,
    asked: Option<Ticket>,
    target: &Members,
    new_voters: &[NodeId],
) -> String {
    let (voters, begins) = (names(&target.voters), begins(asked));
    if new_voters.is_empty() {
        return format!("{node} {begins} to change the voters to {voters}.");
    }
    let new = names(new_voters);
    format!("{node} {begins} to change the voters to {voters}. First {new} must keep up.")
}

fn begins(asked: Option<Ticket>) -> &'static str {
    match asked {
        Some(_) => "is asked",
        None => "begins",
    }
}

pub(super) fn appended(node: NodeId, id: LogId, step: Step) -> String {
    let what = match step {
        Step::Learners => "new learners",
        Step::Direct => "the new members",
        Step::Joint => "both sets of voters, which now decide together",
        Step::Leave => "the new members alone: the old voters are left behind",
    };
    format!("{node} appends entry {id}, which names {what}.")
}

/// What the autopilot wants, without who and without a full stop.
#[must_use]
pub fn decision(decision: &Decision) -> String {
    match decision.reason {
        Reason::Shrink {
            voter,
            dead: Some(silent),
            ..
        } => format!(
            "{voter} becomes a learner: there are too many voters, and it has been silent for {}",
            span(silent.0)
        ),
        Reason::Shrink { voter, .. } => {
            format!("{voter} becomes a learner: there are too many voters")
        }
        Reason::Replace {
            dead,
            silent,
            spare,
            ..
        } => format!(
            "{spare} takes the place of {dead}, which has been silent for {}",
            span(silent.0)
        ),
        Reason::Promote { learner, .. } => {
            format!("{learner} becomes a voter: there are too few")
        }
        Reason::Forget { learner, silent } => format!(
            "{learner} is removed: it is a learner and has been silent for {}",
            span(silent.0)
        ),
    }
}

/// What was compared for it.
pub(super) fn compared(reason: Reason) -> String {
    match reason {
        Reason::Shrink { voters, wanted, .. } => {
            format!("{}, {wanted} wanted: too many", count(voters, "voter"))
        }
        Reason::Replace { silent, steady, .. } => format!(
            "Silent for {}: dead; the learner steady for {}: long enough",
            span(silent.0),
            span(steady.0)
        ),
        Reason::Promote {
            steady,
            voters,
            wanted,
            ..
        } => format!(
            "{}, {wanted} wanted: too few; the learner steady for {}: long enough",
            count(voters, "voter"),
            span(steady.0)
        ),
        Reason::Forget { silent, .. } => {
            format!("Silent for {}: too long to be waited for", span(silent.0))
        }
    }
}

/// The rule behind it.
pub(super) fn rule(reason: Reason) -> &'static str {
    match reason {
        Reason::Shrink { .. } => {
            "The number of voters that the operator wants is kept; who is dead goes first."
        }
        Reason::Replace { .. } => {
            "Within the size that the operator wants, a server that is there takes the place of \
             one that is not."
        }
        Reason::Promote { .. } => {
            "A learner that is steady becomes a voter until there are as many as wanted."
        }
        Reason::Forget { .. } => "A learner counts for nothing; one that never comes back may go.",
    }
}
