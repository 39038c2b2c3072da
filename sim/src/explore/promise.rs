//! What a node may say only when its disk holds it (thesis 3.8; traps E1, D1, R15, R18).
//!
//! The core holds such messages back by itself. Here the real disk is looked at, at the moment a
//! message leaves and after every step, and never the core's own account of it.

use super::host::{Finding, Host};
use raftwerk_core::{AppendResult, Body, Durable, EntryBody, HardState, Index, Message};

const LEAVES: &str = "PromisesAreDurable";
const COUNTS: &str = "DurableIsDurable";

/// Whether the disk covers what a message promises.
pub(crate) fn may_leave(host: &Host, message: &Message) -> Result<(), Finding> {
    let (term, disk) = (message.term, &host.disk);
    let ballot = |vote| HardState {
        term,
        vote: Some(vote),
    };
    let kept = match &message.body {
        Body::VoteReply { granted: true } => disk.hard_state == ballot(message.to),
        // A candidate claims a log besides its own vote.
        Body::Vote { last, .. } => {
            disk.hard_state == ballot(message.from) && agrees(host, last.index)
        }
        Body::Append { .. } => disk.hard_state == ballot(message.from),
        Body::AppendReply {
            result: AppendResult::Accepted { durable, .. } | AppendResult::Regaining { durable, .. },
            ..
        } => agrees(host, *durable),
        Body::SnapshotReply { matched, .. } => agrees(host, *matched),
        _ => true,
    };
    if kept {
        return Ok(());
    }
    let detail = format!(
        "{} sends {:?} of term {term} to {}, its disk holds {}",
        message.from,
        message.body,
        message.to,
        told(disk)
    );
    Err(Finding::new(LEAVES, detail))
}

/// Whether the disk holds everything that the core takes for durable.
pub(crate) fn disk_holds_what_counts(host: &Host) -> Result<(), Finding> {
    let view = host.raft.view();
    let (index, hard_state) = (view.durable(), view.hard_state_on_disk());
    if agrees(host, index) && host.disk.hard_state == hard_state {
        return Ok(());
    }
    let detail = format!(
        "{} takes {hard_state:?} and its log up to {index} for durable, its disk holds {}",
        view.id(),
        told(&host.disk)
    );
    Err(Finding::new(COUNTS, detail))
}

/// Whether disk and memory hold the same entries up to an index.
fn agrees(host: &Host, index: Index) -> bool {
    let upto = ..index.0 as usize;
    let (memory, disk) = (host.log(), host.disk_log());
    memory
        .get(upto)
        .is_some_and(|memory| disk.get(upto) == Some(memory))
}

fn told(disk: &Durable) -> String {
    let HardState { term, vote } = disk.hard_state;
    let entry = |entry: &raftwerk_core::Entry| match &entry.body {
        EntryBody::Command(bytes) => format!("{}={:?}", entry.id, bytes),
        _ => entry.id.to_string(),
    };
    let entries: Vec<String> = disk.entries.iter().map(entry).collect();
    let vote = vote.map_or("nobody".to_string(), |vote| vote.to_string());
    format!(
        "term {term}, vote for {vote}, entries {}",
        entries.join(" ")
    )
}
