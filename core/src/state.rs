//! The states of a node and what each carries (paper 5.1 and figure 2, "volatile state").
//!
//! What only a leader or only a candidate has lives inside its state, so that it is gone the
//! moment the role is.

use crate::autopilot::Autopilot;
use crate::lease::Lease;
use crate::parting::Leaving;
use crate::progress::Progress;
use crate::reads::LeaderReads;
use crate::reconfigure::Change;
use crate::time::Time;
use crate::trace::Event;
use crate::transfer::Transfer;
use crate::types::{Index, Lane, NodeId, Round, Ticket};
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

/// What a node is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Follower,
    /// Votes of a pre-election.
    PreCandidate(BTreeMap<NodeId, bool>),
    /// Votes of an election; the own one is in it only once it is on disk.
    Candidate {
        votes: BTreeMap<NodeId, bool>,
        /// The leader asked for this election (thesis 3.10): its requests say so.
        transfer: bool,
        /// When it asked for votes.
        asked: Time,
    },
    Leader(Box<Leading>),
}

/// State of a leader; gone the moment it steps down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leading {
    /// Every other member, and who is leaving.
    pub peers: BTreeMap<NodeId, Progress>,
    /// Current contact round.
    pub round: Round,
    /// Position of the term's opening entry.
    pub noop: Index,
    /// Who voted for it.
    pub votes: Vec<NodeId>,
    /// When it was elected, or its members last changed: from then on it must hear them.
    pub since: Time,
    /// Proposals not yet settled, in log order.
    pub pending: VecDeque<(Index, Ticket)>,
    /// Bytes of entries above the commit index.
    pub uncommitted: u64,
    /// Last and next heartbeat.
    pub heartbeat: Deadline,
    /// An empty append is wanted even where there is nothing to say.
    pub beat: bool,
    /// What a majority holds of older terms, as last told to the trace.
    pub withheld: Index,
    /// Reads waiting for a round.
    pub reads: LeaderReads,
    /// When its leadership was last proven, as last told to the followers; 0: never.
    pub proven: Time,
    /// Who cannot vote for another for how long.
    pub lease: Lease,
    /// Leadership is being handed over.
    pub transfer: Option<Transfer>,
    /// The members are being changed at somebody's wish.
    pub change: Option<Change>,
    /// Changes members when nobody asks, if it is switched on.
    pub pilot: Option<Autopilot>,
    /// Peers that are members no more and are to learn it.
    pub leaving: BTreeMap<NodeId, Leaving>,
    /// Numbers the sessions with nodes that are no members and asked for votes.
    pub outsiders: u64,
}

/// A deadline and when it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// When it was set.
    pub set: Time,
    /// When it fires.
    pub due: Time,
}

/// What a follower owes its leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Acknowledging {
    /// Session of the leader's last append.
    pub lane: Lane,
    /// Highest round seen in it.
    pub round: Round,
    /// A reply must go out at the next drain, whatever the disk says.
    pub owed: bool,
    /// An offer of a snapshot must be answered at the next drain, whatever the disk says.
    pub offered: bool,
    /// Durable position of the last reply.
    pub told: Index,
}

/// Who listens and what was not heard yet. An observer is no part of the state: two machines
/// that differ only here are equal and hash alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ears {
    pub listening: bool,
    pub told_boot: bool,
    pub events: VecDeque<Event>,
}

impl PartialEq for Ears {
    fn eq(&self, _: &Ears) -> bool {
        true
    }
}

impl Eq for Ears {}

impl Hash for Ears {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
