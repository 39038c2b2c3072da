//! Sentences about a log that rotted (FAST 2018, protocol-aware recovery).

use raftwerk_core::trace::{Kind, TrustReason};
use raftwerk_core::{Index, NodeId, Suspicion};

/// The rule behind every silence of such a node.
pub(super) const SILENT: &str = "Who lost part of its log may lack what it helped to commit, so it votes for nobody, asks \
     nobody for votes and answers no quorum read until it has everything again.";

/// What a node lost, inside a sentence.
#[must_use]
pub fn suspicion(lost: Suspicion) -> String {
    match lost.to {
        Some(to) if to == lost.from => format!("entry {to} cannot be read"),
        Some(to) => format!("entries {} to {to} cannot be read", lost.from),
        None => format!("entries from {} on cannot be read", lost.from),
    }
}

/// What happened; nothing for events of other kinds.
pub(super) fn told(node: NodeId, kind: &Kind) -> String {
    match kind {
        Kind::FoundRot {
            suspicion: lost,
            alone,
        } => found(node, *lost, *alone),
        Kind::ElectionForgone { .. } => {
            format!("{node} does not campaign: part of its log rotted, and it is not back.")
        }
        Kind::Trusted { durable, .. } => format!(
            "{node} has everything on disk again that it may have promised, up to {durable}. It \
             votes again."
        ),
        Kind::PeerSuspect { peer, .. } => format!(
            "{peer} says that part of its log rotted. {node} begins anew with it and sends it \
             what it lacks."
        ),
        Kind::PeerTrusted { peer } => format!("{peer} has its log back, it tells {node}."),
        _ => String::new(),
    }
}

fn found(node: NodeId, lost: Suspicion, alone: bool) -> String {
    let what = suspicion(lost);
    let then = match alone {
        false => "It keeps silent until it has them again from the others",
        true => "It is the only voter, so nobody can give them back: it stays silent for ever",
    };
    format!("{node} finds its log damaged: {what}. {then}.")
}

/// The values that decided.
pub(super) fn compared(kind: &Kind) -> Option<String> {
    match kind {
        Kind::FoundRot { suspicion, .. } => Some(format!("Found in term {}", suspicion.since)),
        Kind::Trusted { reason, durable } => Some(match reason {
            TrustReason::Covered { to } => format!(
                "Proven by a leader and on disk up to {durable}, promised up to {to} at most: \
                 covered"
            ),
            TrustReason::NewerTerm { since } => format!(
                "Entry {durable} on disk is of a term after {since}, in which the rot was found"
            ),
        }),
        Kind::PeerSuspect { promised, .. } if *promised > Index(0) => Some(format!(
            "It had acknowledged up to {promised} in this term; nothing of that counts any more"
        )),
        _ => None,
    }
}

/// The rule behind it.
pub(super) fn rule(kind: &Kind) -> &'static str {
    match kind {
        Kind::Trusted {
            reason: TrustReason::NewerTerm { .. },
            ..
        } => {
            "A leader that was elected without this node has every entry that this node helped to \
             commit before its own first one."
        }
        Kind::Trusted { .. } => {
            "A leader has every entry that this node helped to commit; so has whoever holds the \
             same log as far as it ever promised."
        }
        Kind::PeerSuspect { .. } | Kind::PeerTrusted { .. } => {
            "What a peer acknowledged and lost must be sent again; what was committed with its \
             help stays committed."
        }
        _ => SILENT,
    }
}
