//! What the checks between nodes and the choice of actions look at, taken once per node state.

use super::fingerprint::Fingerprint;
use super::host::Host;
use raftwerk_core::trace::Role;
use raftwerk_core::{Entry, EntryBody, Members, Term};

/// One position of a log: its entry's term, and a digest of everything up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub term: Term,
    pub digest: u64,
    /// The request it answers, if it is a client's command.
    pub command: Option<u8>,
}

/// A node as others see it.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub role: Role,
    pub term: Term,
    pub term_on_disk: Term,
    pub commit: usize,
    /// Handed to the state machine.
    pub applying: usize,
    pub log: Box<[Row]>,
    /// The log on disk.
    pub disk: Box<[Row]>,
    /// The members in force.
    pub members: Members,
    /// Writes that are not on disk.
    pub writes: usize,
    /// By its own word part of its log rotted, and what it promised is not all there.
    pub suspect: bool,
    /// By its clock it may serve reads from a lease.
    pub leased: bool,
    /// How often its clock went on.
    pub ticks: u8,
}

impl Facts {
    /// Looks at a node.
    pub fn of(host: &Host) -> Facts {
        let view = host.raft.view();
        Facts {
            role: view.role(),
            term: view.term(),
            term_on_disk: host.disk.hard_state.term,
            commit: view.commit().0 as usize,
            applying: view.applying().0 as usize,
            log: rows(&host.log()),
            disk: rows(&host.disk_log()),
            members: view
                .membership()
                .map_or_else(Members::default, |m| m.members.clone()),
            writes: host.writes.len(),
            suspect: view.suspect().is_some(),
            leased: view.lease().is_some_and(|end| end > host.now),
            ticks: host.ticks,
        }
    }
}

fn rows(entries: &[Entry]) -> Box<[Row]> {
    let mut digest = 0;
    let row = |entry: &Entry| {
        digest = Fingerprint::of(&(digest, entry)) as u64;
        Row {
            term: entry.id.term,
            digest,
            command: match &entry.body {
                EntryBody::Command(bytes) => bytes.first().copied(),
                _ => None,
            },
        }
    };
    entries.iter().map(row).collect()
}

/// Whether two logs keep the log matching property: where terms are equal, everything up to
/// there is equal (paper 5.3).
pub(crate) fn matching(a: &[Row], b: &[Row]) -> bool {
    let both = a.iter().zip(b).rev();
    both.filter(|(a, b)| a.term == b.term)
        .all(|(a, b)| a.digest == b.digest)
}
