//! The client API over HTTP: JSON bodies, header names, error forms.
//!
//! Values travel as raw bytes in `PUT` and `GET /v1/kv/{key}`; JSON appears in lists, in
//! `status` and in errors. JSON keys and values are text; bytes that are not UTF-8 are told
//! lossily and flagged by `lossy`.

use serde::{Deserialize, Serialize};

/// Revision of the answer (mod revision for `GET`, store revision for writes).
pub const HEADER_REVISION: &str = "raftwerk-revision";
/// The node that answered.
pub const HEADER_NODE: &str = "raftwerk-node";
/// The term in which it answered.
pub const HEADER_TERM: &str = "raftwerk-term";
/// For stale reads: the answer covers everything that was finished so many milliseconds ago. It
/// is not sent when that is not known.
pub const HEADER_AGE: &str = "raftwerk-age-ms";
/// Session of an exactly-once request.
pub const HEADER_SESSION: &str = "raftwerk-session";
/// Sequence number inside the session, from 1.
pub const HEADER_SEQUENCE: &str = "raftwerk-sequence";
/// Set on a forwarded request, so that it is forwarded only once.
pub const HEADER_FORWARDED: &str = "raftwerk-forwarded";

/// How fresh a read must be: `?read=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadMode {
    /// ReadIndex at the leader; the default.
    #[default]
    Leader,
    /// ReadIndex through the node asked, which serves the read itself.
    Follower,
    /// Whatever the node asked has applied; tells its age. Not linearizable.
    Stale,
    /// From a majority of the voters, without the leader; the node asked serves the read.
    Quorum,
    /// From the leader's lease, where leases are switched on.
    Lease,
}

impl ReadMode {
    /// Every mode, the default first.
    pub const ALL: [ReadMode; 5] = [
        ReadMode::Leader,
        ReadMode::Lease,
        ReadMode::Follower,
        ReadMode::Quorum,
        ReadMode::Stale,
    ];

    /// Their names, for a sentence.
    pub const NAMES: &str = "leader, lease, follower, quorum or stale";

    /// Its name in a URL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReadMode::Leader => "leader",
            ReadMode::Follower => "follower",
            ReadMode::Stale => "stale",
            ReadMode::Quorum => "quorum",
            ReadMode::Lease => "lease",
        }
    }

    /// Reads a name; `None` when it is no mode this version knows.
    #[must_use]
    pub fn parse(name: &str) -> Option<ReadMode> {
        let mut modes = ReadMode::ALL.iter().copied();
        modes.find(|mode| mode.name() == name)
    }
}

/// One key in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The key as text.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// Set when key or value were not UTF-8 and are shown lossily.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lossy: bool,
    /// Revision that created it.
    pub create_revision: u64,
    /// Revision that last changed it.
    pub mod_revision: u64,
    /// Changes since it was created.
    pub version: u64,
}

/// Answer of `PUT` and `DELETE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Revision of the store after it.
    pub revision: u64,
    /// What was there before, if asked for with `?prev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Item>,
    /// For `DELETE`: whether something was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// Answer of `GET /v1/kv?prefix=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    /// Keys in order.
    pub items: Vec<Item>,
    /// More follow: ask again with `after` set to the last key.
    pub more: bool,
    /// Revision of the store.
    pub revision: u64,
}

/// Answer of `POST /v1/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    /// Its id, for the header.
    pub session: u64,
}

/// An error: `application/problem+json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Short name, such as `no_leader` or `outcome_unknown`.
    pub kind: String,
    /// What is wrong and what to do.
    pub detail: String,
    /// The leader, where that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// Revision the key has, for a failed comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// Answer of `GET /v1/cluster`: what this node says about itself and its cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Cluster id in hexadecimal.
    pub cluster: String,
    /// The node that answers.
    pub node: u64,
    /// Its role: `follower`, `pre_candidate`, `candidate` or `leader`.
    pub role: String,
    /// Its term.
    pub term: u64,
    /// The leader it believes in.
    pub leader: Option<u64>,
    /// Last index in its log.
    pub last: u64,
    /// Commit index it knows.
    pub commit: u64,
    /// Applied index.
    pub applied: u64,
    /// Revision of its store.
    pub revision: u64,
    /// Version of the program.
    pub version: String,
    /// What the checksums said about its log when it started: `clean`, or what was cut off.
    #[serde(default)]
    pub disk: String,
    /// What its log has lost, in words, until it has everything again: meanwhile the node is
    /// silent in votes and quorum reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect: Option<String>,
    /// Members and where each is reached.
    pub members: Vec<MemberStatus>,
    /// Ids of the first members; a node that joins takes them over.
    #[serde(default)]
    pub founders: Vec<u64>,
    /// It knows that it was removed from the cluster, and takes part in nothing.
    #[serde(default)]
    pub removed: bool,
}

/// Body of `POST /v1/cluster/members`. Each may be asked for twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum MemberChange {
    /// A new node enters as a learner.
    Add {
        /// Its id, which was never used before.
        id: u64,
        /// Where it is reached.
        url: String,
    },
    /// A learner becomes a voter, once it keeps up.
    Promote {
        /// The learner.
        id: u64,
    },
    /// A voter becomes a learner.
    Demote {
        /// The voter.
        id: u64,
    },
    /// A voter or learner leaves.
    Remove {
        /// The member.
        id: u64,
    },
    /// A learner takes the place of a voter, which leaves.
    Replace {
        /// The voter.
        id: u64,
        /// The learner.
        by: u64,
    },
}

/// Answer of `GET` and `POST /v1/cluster/members`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberList {
    /// The leader, if one is known.
    pub leader: Option<u64>,
    /// The members in force.
    pub members: Vec<MemberStatus>,
}

/// Body of `POST /v1/cluster/transfer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferTo {
    /// Who shall lead; nobody named: whom the leader thinks best.
    #[serde(default)]
    pub to: Option<u64>,
}

/// Answer of `POST /v1/cluster/transfer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transferred {
    /// Who leads now.
    pub leader: u64,
}

/// One member as the answering node knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberStatus {
    /// Its id.
    pub id: u64,
    /// Where it is reached.
    pub url: String,
    /// `voter`, `learner`, or `outgoing`: a voter that a joint change leaves behind.
    pub kind: String,
    /// Whether the answering node has a connection to it.
    pub connected: bool,
    /// Why not, or what was last wrong with it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}
