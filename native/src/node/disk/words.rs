//! What is said about a log, and why a node does not start from it.

use crate::node::{NodeError, NodeOptions};
use crate::snapshots::boot::Damaged;
use crate::wal::Verdict;
use raftwerk_core::{Condition, LogId};
use raftwerk_wire::explain::suspicion as suspicion_in_words;

/// A verdict for the core and for people.
pub fn describe(verdict: &Verdict) -> (Condition, String) {
    match verdict {
        Verdict::Suspect(suspicion) => (
            Condition::Suspect(*suspicion),
            format!(
                "suspect: acknowledged {}; the log was cut before them, copies of the damaged \
                 files are beside it. The node does not vote until it has everything again",
                suspicion_in_words(*suspicion)
            ),
        ),
        Verdict::Clean => (Condition::Clean, "clean".to_string()),
        Verdict::TornTail {
            cut_at,
            file,
            offset,
            bytes,
        } => (
            Condition::TornTail { cut_at: *cut_at },
            format!(
                "torn tail: a write was under way at the last end; {bytes} bytes after byte \
                 {offset} of {file} were cut off (from index {cut_at}), none of it was promised"
            ),
        ),
    }
}

/// The log of a node without others begins behind a snapshot that cannot be read.
pub fn lost_for_good(damaged: &[Damaged]) -> String {
    let mut why: Vec<String> = damaged.iter().map(Damaged::to_string).collect();
    if why.is_empty() {
        why.push("the snapshot that the log begins behind is gone".to_string());
    }
    format!(
        "{}. No other node votes, as far as this one knows, so nobody can give it back what it lost. \
         Nothing was changed on disk; restore the data directory from where it is intact",
        why.join("; ")
    )
}

/// A command in the log of a node without others is damaged.
pub fn damaged_for_good(entry: LogId) -> String {
    format!(
        "entry {entry} is not what was proposed: it was damaged in the memory of this machine, or \
         on its way to the disk. No other node votes, as far as this one knows, so nobody can give \
         it back. The log was not changed; test the memory, and restore the data directory from \
         where it is intact"
    )
}

/// The log of a node without others has rotted.
pub fn beyond_help(options: &NodeOptions, condition: &str) -> NodeError {
    NodeError::Data(format!(
        "{condition}. But no other node votes, as far as this one knows, so nobody can give it back \
         what it lost, and it could serve nothing. Restore its data directory from where it is intact; what was \
         in the damaged log is kept in {} under names that begin with damaged-",
        options.data.join("log").display()
    ))
}
