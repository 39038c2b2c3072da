//! A read-only picture of the machine, for screens, metrics and checks. Changes nothing.

mod waiting;

use crate::autopilot::Autopilot;
use crate::config::Config;
use crate::io::{Fence, Suspicion};
use crate::membership::{Members, Membership};
use crate::raft::Raft;
use crate::reconfigure::Stage;
use crate::state::{Deadline, State};
use crate::time::Time;
use crate::trace::{Pace, Role};
use crate::types::{Entry, HardState, Index, LogId, NodeId, Round, SnapshotMeta, Term, Ticket};

pub use waiting::{Marking, Waiting};

/// Borrowed picture of a [`Raft`].
#[derive(Clone, Copy)]
pub struct View<'a>(&'a Raft);

/// A leader's knowledge of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The peer.
    pub id: NodeId,
    /// How the leader sends to it.
    pub pace: Pace,
    /// Next position to send.
    pub next: Index,
    /// Known to be on its disk.
    pub matched: Index,
    /// Appends with entries on the way.
    pub in_flight: usize,
    /// No more may leave before an answer.
    pub full: bool,
    /// Highest round it echoed.
    pub echoed: Round,
    /// Last reply in this term.
    pub heard: Option<Time>,
    /// It is no member any more and is to learn it.
    pub leaving: bool,
    /// Last entry of the snapshot that is on its way to it.
    pub snapshot: Option<LogId>,
    /// Its log rotted, and it has not got it back.
    pub suspect: bool,
    /// The most it acknowledged in this term and lost then.
    pub promised: Index,
}

/// A leadership transfer that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transferring {
    /// Who shall lead.
    pub to: NodeId,
    /// It was told to campaign.
    pub sent: bool,
    /// When the transfer is given up.
    pub limit: Deadline,
}

/// A change of members that is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changing<'a> {
    /// Who asked; `None`: the autopilot.
    pub ticket: Option<Ticket>,
    /// Who shall be members.
    pub target: &'a Members,
    /// New voters that receive the log, with their round and what ends it; empty once the
    /// voters change.
    pub rounds: Vec<(NodeId, u64, Index)>,
}

impl Raft {
    /// The picture.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View(self)
    }
}

impl<'a> View<'a> {
    /// This node.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.0.config.id
    }
    /// What it was told at birth.
    #[must_use]
    pub fn config(self) -> &'a Config {
        &self.0.config
    }
    /// Its role.
    #[must_use]
    pub fn role(self) -> Role {
        self.0.role()
    }
    /// Term in memory.
    #[must_use]
    pub fn term(self) -> Term {
        self.0.hard_state.term
    }
    /// Vote in memory.
    #[must_use]
    pub fn vote(self) -> Option<NodeId> {
        self.0.hard_state.vote
    }
    /// Term and vote on disk.
    #[must_use]
    pub fn hard_state_on_disk(self) -> HardState {
        self.0.durability.hard_state
    }
    /// Leader it believes in.
    #[must_use]
    pub fn leader(self) -> Option<NodeId> {
        self.0.leader
    }
    /// When it last heard that leader.
    #[must_use]
    pub fn leader_heard(self) -> Option<Time> {
        self.0.leader_heard
    }
    /// Commit index it knows.
    #[must_use]
    pub fn commit(self) -> Index {
        self.0.commit
    }
    /// Last position the state machine reported.
    #[must_use]
    pub fn applied(self) -> Index {
        self.0.applied
    }
    /// Last position handed to the state machine.
    #[must_use]
    pub fn applying(self) -> Index {
        self.0.applying
    }
    /// Last entry in memory.
    #[must_use]
    pub fn last(self) -> LogId {
        self.0.log.last()
    }
    /// First position still in the log.
    #[must_use]
    pub fn first(self) -> Index {
        self.0.log.first()
    }
    /// The last entry that is no longer in the log, or the origin.
    #[must_use]
    pub fn base(self) -> LogId {
        self.0.log.base()
    }
    /// The newest snapshot in force here.
    #[must_use]
    pub fn snapshot(self) -> Option<&'a SnapshotMeta> {
        self.0.snapshots.latest.as_ref()
    }
    /// Whether a received snapshot has taken the log's place in memory and not yet on disk.
    #[must_use]
    pub fn installing(self) -> bool {
        self.0.is_installing()
    }
    /// The snapshot that was received and waits for a decision.
    #[must_use]
    pub fn staged(self) -> Option<&'a SnapshotMeta> {
        self.0.snapshots.staged.as_ref().map(|staged| &staged.meta)
    }
    /// Last position on disk that agrees with memory.
    #[must_use]
    pub fn durable(self) -> Index {
        self.0.durability.index
    }
    /// Writes on their way to the disk.
    #[must_use]
    pub fn writing(self) -> usize {
        self.0.durability.in_flight()
    }
    /// Term at a position, if it is in the log.
    #[must_use]
    pub fn term_at(self, index: Index) -> Option<Term> {
        self.0.log.term_at(index)
    }
    /// The last `count` entries. They share their commands with the log.
    #[must_use]
    pub fn tail(self, count: usize) -> Vec<Entry> {
        let (first, last) = (self.0.log.first(), self.0.log.last().index);
        let from = Index(last.0.saturating_sub(count as u64) + 1).max(first);
        self.0.log.range(from, last).cloned().collect()
    }
    /// Membership in force.
    #[must_use]
    pub fn membership(self) -> Option<&'a Membership> {
        self.0.log.membership()
    }
    /// Its log rotted, and it is silent in votes and marks until it has everything again that it
    /// may have promised.
    #[must_use]
    pub fn suspect(self) -> Option<Suspicion> {
        self.0.suspect
    }
    /// It is suspect and the only voter: nobody can give it back what it lost.
    #[must_use]
    pub fn suspect_alone(self) -> bool {
        self.0.suspect.is_some() && self.0.is_only_voter()
    }
    /// Whether, as a leader, it speaks to nodes that are members no more, so that they learn it.
    #[must_use]
    pub fn is_parting(self) -> bool {
        match &self.0.state {
            State::Leader(leading) => !leading.leaving.is_empty(),
            _ => false,
        }
    }
    /// Whether its log names it as a member and its newest membership does not: it is being
    /// removed, and was not told yet that this is committed ([`Output::Removed`](crate::Output)).
    #[must_use]
    pub fn is_leaving(self) -> bool {
        let newest = self.membership();
        let outside = newest.is_some_and(|now| !now.members.contains(self.0.id()));
        outside && self.0.belonged
    }
    /// Why it stopped for good.
    #[must_use]
    pub fn fenced(self) -> Option<Fence> {
        self.0.fenced
    }
    /// Election timer; leaders and fenced nodes have none.
    #[must_use]
    pub fn election(self) -> Option<Deadline> {
        let runs = self.role() != Role::Leader && self.0.fenced.is_none();
        runs.then_some(self.0.election)
    }
    /// Until when this node, as a leader, may serve reads from its lease (thesis 6.4.1), by its
    /// own clock; that may be in the past.
    #[must_use]
    pub fn lease(self) -> Option<Time> {
        self.0.lease_end()
    }
    /// For a leader with leases on: from when each peer's promise counts, in microseconds.
    #[must_use]
    pub fn contacts(self) -> Vec<(NodeId, u64)> {
        match &self.0.state {
            State::Leader(leading) => leading.lease.contacts(),
            _ => Vec::new(),
        }
    }
    /// When that was sent which a lease may yet count from: the rounds of a leader, oldest first, or
    /// a candidate's question for votes.
    #[must_use]
    pub fn sent(self) -> Vec<Time> {
        match &self.0.state {
            State::Leader(leading) => leading.lease.begun().collect(),
            State::Candidate { asked, .. } => vec![*asked],
            _ => Vec::new(),
        }
    }
    /// Until when it votes for nobody; that may be in the past.
    #[must_use]
    pub fn quiet(self) -> Option<Time> {
        let until = self.0.quiet.until;
        (until > Time(0)).then_some(until)
    }
    /// Heartbeat timer of a leader.
    #[must_use]
    pub fn heartbeat(self) -> Option<Deadline> {
        match &self.0.state {
            State::Leader(leading) => Some(leading.heartbeat),
            _ => None,
        }
    }
    /// When a leader that hears no majority steps down.
    #[must_use]
    pub fn check_quorum(self) -> Option<Deadline> {
        let due = self.0.check_quorum_due()?;
        Some(Deadline {
            set: due - self.0.config.timing.election_max,
            due,
        })
    }
    /// Answers of a running (pre-)election.
    #[must_use]
    pub fn votes(self) -> Vec<(NodeId, bool)> {
        match &self.0.state {
            State::PreCandidate(votes) | State::Candidate { votes, .. } => votes
                .iter()
                .map(|(node, granted)| (*node, *granted))
                .collect(),
            State::Leader(leading) => leading.votes.iter().map(|node| (*node, true)).collect(),
            State::Follower => Vec::new(),
        }
    }
    /// Position of the opening entry of a leader's term.
    #[must_use]
    pub fn noop(self) -> Option<Index> {
        match &self.0.state {
            State::Leader(leading) => Some(leading.noop),
            _ => None,
        }
    }
    /// A leader's peers, in order of id.
    #[must_use]
    pub fn peers(self) -> Vec<Peer> {
        let State::Leader(leading) = &self.0.state else {
            return Vec::new();
        };
        let limits = &self.0.config.limits;
        let peer = |(id, p): (&NodeId, &crate::progress::Progress)| Peer {
            id: *id,
            pace: p.pace,
            next: p.next,
            matched: p.matched,
            in_flight: p.in_flight.len() + usize::from(p.probing),
            full: !p.may_send(limits.window_messages, limits.window_bytes),
            echoed: p.echoed,
            heard: p.heard,
            leaving: leading.leaving.contains_key(id),
            snapshot: p.sending.as_ref().map(|sending| sending.meta.last),
            suspect: p.is_suspect(),
            promised: p.promised,
        };
        leading.peers.iter().map(peer).collect()
    }
    /// A leader's running transfer (thesis 3.10).
    #[must_use]
    pub fn transfer(self) -> Option<Transferring> {
        self.0.transferring().map(|transfer| Transferring {
            to: transfer.to,
            sent: transfer.sent,
            limit: transfer.limit,
        })
    }
    /// A leader's running change of members, as it was asked for.
    #[must_use]
    pub fn change(self) -> Option<Changing<'a>> {
        let State::Leader(leading) = &self.0.state else {
            return None;
        };
        let change = leading.change.as_ref()?;
        let rounds = match &change.stage {
            Stage::CatchingUp(rounds) => rounds
                .iter()
                .map(|(node, round)| (*node, round.round, round.goal))
                .collect(),
            Stage::Joint | Stage::Final(_) => Vec::new(),
        };
        Some(Changing {
            ticket: change.ticket,
            target: &change.target,
            rounds,
        })
    }
    /// A leader's autopilot, if it is switched on.
    #[must_use]
    pub fn autopilot(self) -> Option<&'a Autopilot> {
        match &self.0.state {
            State::Leader(leading) => leading.pilot.as_ref(),
            _ => None,
        }
    }
}
