//! Sentences about reads and leases (thesis 6.4; HotCloud 2017).

use super::words::{count, refusal, span};
use raftwerk_core::trace::{FallBack, Kind, ReadProof, Silence};
use raftwerk_core::{Index, LogId, NodeId, ReadPath, Span, Ticket};

/// What happened to a read; nothing for events of other kinds.
pub(super) fn read(node: NodeId, kind: &Kind) -> String {
    match kind {
        Kind::ReadQueued { ticket, path } => queued(node, *ticket, *path),
        Kind::LeaseTaken { until } => {
            let until = span(until.0);
            format!("{node} has a lease: until {until} on its clock nobody else can lead.")
        }
        Kind::LeaseSurrendered { to, .. } => {
            format!("{node} gives its lease up before it tells {to} to campaign.")
        }
        Kind::AskedMarks {
            membership, reads, ..
        } => {
            let reads = count(*reads as u64, "read");
            let whom = format!("the voters that entry {} names", membership.index);
            format!("For {reads} {node} asks {whom} how long their logs are.")
        }
        Kind::ToldMark { to, last, .. } => {
            format!("{node} tells {to} that its log ends at {last}.")
        }
        Kind::ReadFellBack { reads, why } => fell_back(node, *reads, *why),
        Kind::ReadConfirmed {
            proof,
            index,
            reads,
        } => confirmed(node, proof, *index, *reads),
        Kind::ReadServed { ticket, index } => {
            format!("{node} has applied index {index} and answers read {ticket}.")
        }
        Kind::ReadFailed { ticket, why } => {
            format!("{node} gives up read {ticket}: {}.", refusal(*why))
        }
        _ => String::new(),
    }
}

fn queued(node: NodeId, ticket: Ticket, path: ReadPath) -> String {
    let path = match path {
        ReadPath::Leader => "and must prove that it still leads",
        ReadPath::Follower => "and needs a read index from the leader",
        ReadPath::Lease => "to be served from its lease",
        ReadPath::Quorum => "and asks a majority",
    };
    format!("{node} takes in read {ticket}, {path}.")
}

fn confirmed(node: NodeId, proof: &ReadProof, index: Index, reads: usize) -> String {
    let reads = count(reads as u64, "waiting read");
    match proof {
        ReadProof::Round(round) => {
            format!("{node} still leads, says round {round}. Index {index} serves {reads}.")
        }
        ReadProof::Lease { until } => {
            let until = span(until.0);
            format!(
                "{node}'s lease lasts until {until} on its clock. Index {index} serves {reads}."
            )
        }
        ReadProof::Marks { marks, .. } => {
            let voters = count(marks.len() as u64, "log");
            format!("The longest of {voters} ends at {index}. {node} serves {reads} from there.")
        }
    }
}

fn fell_back(node: NodeId, reads: usize, why: FallBack) -> String {
    let reads = count(reads as u64, "read");
    match why {
        FallBack::NoLease => format!("{node} has no lease now. {reads} must wait for a round."),
        FallBack::NewerMembership {
            named_by,
            membership: Some(LogId { index, .. }),
        } => {
            let whose = if named_by == node {
                "its own log names members".to_string()
            } else {
                format!("{named_by}'s log names members")
            };
            format!(
                "For {reads} {node} needs the leader: in entry {index} {whose} it is not sure of."
            )
        }
        FallBack::NewerMembership {
            membership: None, ..
        } => format!("For {reads} {node} needs the leader: it knows no members for certain."),
        FallBack::NotCommitted { commit } => format!(
            "For {reads} {node} asks the leader too: it has waited for a heartbeat, and only \
             {commit} is committed."
        ),
    }
}

/// Why a vote is refused for a while.
pub(super) fn silent(node: NodeId, why: Silence, left: Span) -> String {
    let left = span(left.0);
    let why = match why {
        Silence::Started => "has started and may have promised a leader silence",
        Silence::HeardLeader => "heard its leader and promised silence by that",
        Silence::Voted => "has just voted and promised silence by that",
    };
    format!("{node} {why}, for {left} yet")
}

/// Why a node does not campaign although its timer fired.
pub(super) fn put_off(node: NodeId, why: Silence, left: Span) -> String {
    format!(
        "{node}'s timer fires, but it may not even vote for itself: {}.",
        silent(node, why, left)
    )
}

/// The values that were compared.
pub(super) fn compared(kind: &Kind) -> Option<String> {
    let Kind::ReadConfirmed {
        proof: ReadProof::Marks { marks, .. },
        ..
    } = kind
    else {
        return None;
    };
    let marks = marks.iter();
    let marks: Vec<String> = marks.map(|(node, last)| format!("{node} {last}")).collect();
    Some(format!("Ends of the logs: {}", marks.join(", ")))
}

/// The rule behind it.
pub(super) fn rule(kind: &Kind) -> &'static str {
    match kind {
        Kind::LeaseTaken { .. }
        | Kind::ReadQueued {
            path: ReadPath::Lease,
            ..
        } => "Voters that hear a leader give nobody else a vote for an election timeout.",
        Kind::LeaseSurrendered { .. } => {
            "Who campaigns at the leader's word gets votes at once, so the lease must end first."
        }
        Kind::ElectionPutOff { .. } => "A promise of silence binds a node's own vote as well.",
        Kind::ReadQueued {
            path: ReadPath::Quorum,
            ..
        }
        | Kind::AskedMarks { .. } => {
            "What was answered to a writer is in some log of every majority of the voters."
        }
        Kind::ToldMark { .. } => "What is committed is never cut, so any later answer covers it.",
        Kind::ReadFellBack { why, .. } => match why {
            FallBack::NoLease => "Without a lease a leader must ask whether it still leads.",
            FallBack::NewerMembership { .. } => {
                "Voters that are not known for certain cannot prove anything."
            }
            FallBack::NotCommitted { .. } => {
                "The end of a log may never be committed; the leader's word is as good."
            }
        },
        Kind::ReadConfirmed { proof, .. } => match proof {
            ReadProof::Round(_) => {
                "A round answered by a majority proves that no newer leader existed when it began."
            }
            ReadProof::Lease { .. } => {
                "While a lease lasts, by the slowest and the fastest clock, nobody else can lead."
            }
            ReadProof::Marks { .. } => {
                "A majority that answers shares a voter with every majority that ever committed."
            }
        },
        Kind::ReadServed { .. } => "A read may be answered once its read index is applied.",
        Kind::ReadFailed { .. } => "A read that cannot be proven fresh is not answered.",
        _ => "A read that must be fresh needs proof that the leader still leads.",
    }
}
