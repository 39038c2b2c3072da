//! The words of the core: identities, positions and correlation numbers.
//!
//! All are plain 64-bit newtypes, so that they order, hash and print the same on every
//! platform. Arithmetic that could overflow is checked where it happens (trap E18).

use crate::payload::Payload;
use std::fmt;
use std::sync::Arc;

macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident, $short:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($short, "{}"), self.0)
            }
        }
    };
}

newtype! {
    /// One server, for one life of its disk: a wiped machine is a new node (trap D9).
    NodeId, "S"
}
newtype! {
    /// A leader's reign (paper 5.1). Never falls on any node.
    Term, ""
}
newtype! {
    /// Position in the log, counted from 1; 0 is the place before the first entry.
    Index, ""
}
newtype! {
    /// Number of a contact round: grows inside one term and never repeats (thesis 6.4, trap L3).
    Round, "r"
}
newtype! {
    /// The host's own number for a proposal or a read. It must be unique among open ones.
    Ticket, "#"
}
newtype! {
    /// Number of a write handed to the disk; reports about writes are cumulative.
    WriteSeq, "w"
}

impl Index {
    /// The last position that an entry may have, so that the one after it is still a number.
    /// A node that would go beyond it stops for good (trap E18).
    pub const LAST: Index = Index(u64::MAX - 1);

    /// The position after this one, which must be that of an entry or the place before the
    /// first. A position that a message names goes through [`Index::following`] instead.
    #[must_use]
    pub fn next(self) -> Index {
        assert!(self <= Index::LAST, "no log reaches beyond {}", Index::LAST);
        Index(self.0 + 1)
    }

    /// The position of an entry after this one, or `None` when there can be none (trap E18).
    #[must_use]
    pub fn following(self) -> Option<Index> {
        self.plus(1)
    }

    /// The position `count` entries later, or `None` when no entry can stand there (trap E18).
    #[must_use]
    pub fn plus(self, count: u64) -> Option<Index> {
        let index = Index(self.0.checked_add(count)?);
        (index <= Index::LAST).then_some(index)
    }

    /// The position before this one; the place before the log is its own predecessor.
    #[must_use]
    pub fn prev(self) -> Index {
        Index(self.0.saturating_sub(1))
    }
}

impl Round {
    /// The following round, or `None` on overflow, which fences the node (trap E18).
    #[must_use]
    pub fn next(self) -> Option<Round> {
        self.0.checked_add(1).map(Round)
    }
}

impl WriteSeq {
    /// The following number, or `None` on overflow, which fences the node (trap E18).
    #[must_use]
    pub fn next(self) -> Option<WriteSeq> {
        self.0.checked_add(1).map(WriteSeq)
    }
}

impl Term {
    /// The following term, or `None` on overflow, which fences the node (trap E18).
    #[must_use]
    pub fn next(self) -> Option<Term> {
        self.0.checked_add(1).map(Term)
    }
}

/// One cluster, so that a node of another cluster is never listened to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClusterId(pub u128);

/// Identity of an entry: at most one entry in a cluster ever has a given id.
///
/// Ordered by term first, then index: the comparison of paper 5.4.1 (trap E5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogId {
    /// Term of the leader that made the entry.
    pub term: Term,
    /// Its position.
    pub index: Index,
}

impl LogId {
    /// The place before the first entry of every log.
    pub const ORIGIN: LogId = LogId {
        term: Term(0),
        index: Index(0),
    };

    /// Shorthand used by tests and hosts.
    #[must_use]
    pub fn new(term: u64, index: u64) -> LogId {
        LogId {
            term: Term(term),
            index: Index(index),
        }
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.term.0, self.index.0)
    }
}

/// How far a log is known to agree with the leader of a term (trap R18).
///
/// Ordered by leader term, then index: a mark under a newer leader always wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mark {
    /// The leader that proved it.
    pub leader_term: Term,
    /// Last position that agrees.
    pub index: Index,
}

/// One replication session of one peer. Echoed in replies; replies of another lane are stale
/// (trap R4: a node removed and added again must not be credited with old replies).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lane {
    /// Term of the leader that opened it.
    pub term: Term,
    /// Position of the membership that named the peer.
    pub membership: Index,
    /// Counts restarts of the session inside that membership.
    pub generation: u64,
}

impl Lane {
    /// The first session of a peer under a leader and a membership.
    pub(crate) const fn first(term: Term, membership: Index) -> Lane {
        Lane {
            term,
            membership,
            generation: 0,
        }
    }
}

/// One log entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// Who made it and where it stands.
    pub id: LogId,
    /// What it says.
    pub body: EntryBody,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EntryBody {
    /// Opening entry of a term (paper 8, thesis 6.4).
    Noop,
    /// A command for the state machine; the core never looks inside.
    Command(Payload),
    /// A membership, in force from the moment it is appended (thesis 4.1). Boxed: there are few,
    /// and every other entry is a third of the size for it.
    Membership(Box<crate::membership::Members>),
}

impl Entry {
    /// Bytes this entry counts for in every limit: payload plus a fixed 32 for its frame.
    #[must_use]
    pub fn size(&self) -> u64 {
        let body = match &self.body {
            EntryBody::Noop => 0,
            EntryBody::Command(bytes) => bytes.len() as u64,
            EntryBody::Membership(members) => 8 * members.len() as u64,
        };
        32 + body
    }
}

/// A run of entries: immutable and shared, so that the write and the appends of one drain hold
/// the same one.
pub type Entries = Arc<[Entry]>;

/// Term and vote: one record, written together, always (trap E1, paper figure 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HardState {
    /// Latest term this node has seen.
    pub term: Term,
    /// Whom it voted for in that term.
    pub vote: Option<NodeId>,
}

/// What a snapshot covers (paper 7). Its bytes are the host's business, the rest the core's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SnapshotMeta {
    /// Last entry inside (trap S5: its term is kept when the log is trimmed).
    pub last: LogId,
    /// Membership in force at that entry (trap S6).
    pub membership: crate::membership::Membership,
    /// Length in bytes.
    pub bytes: u64,
    /// Hash over all bytes.
    pub hash: u64,
}

impl SnapshotMeta {
    /// Whether a snapshot can be like this: it ends at a possible position and knows who the
    /// members were there.
    pub(crate) fn is_sound(&self) -> bool {
        let (last, named) = (self.last, self.membership.id);
        let possible = last.index > Index(0) && last.index <= Index::LAST;
        let known = !self.membership.members.voters.is_empty();
        possible && known && named.index <= last.index && named.term <= last.term
    }
}
