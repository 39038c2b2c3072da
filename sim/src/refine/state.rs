//! What the machine knows: for each node the state of Figure 2, for each term its leader and the
//! log that leader wrote, for the cluster what is committed, and which messages there can be.

use super::disk::Disk;
use raftwerk_core::trace::{Role, Step};
use raftwerk_core::{Index, LogId, Members, NodeId, Span, Suspicion, Term, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Terms of the entries, from position 1 on.
pub(super) type Log = Vec<Term>;

/// A node (P figure 2, "State").
#[derive(Clone, Debug, Hash)]
pub(super) struct Node {
    /// It started and did not stop for good.
    pub runs: bool,
    pub term: Term,
    pub vote: Option<NodeId>,
    pub log: Log,
    pub role: Role,
    pub commit: Index,
    /// Handed to the state machine.
    pub applied: Index,
    /// Whether commit and applied are those of a snapshot it started from, which its start does
    /// not name.
    pub starting: bool,
    /// On disk, as far as the disk has said.
    pub durable: Index,
    pub disk: Disk,
    /// Who answered its campaign, and how.
    pub votes: BTreeMap<NodeId, bool>,
    /// Of a leader: what each peer is known to have on disk (matchIndex).
    pub matched: BTreeMap<NodeId, Index>,
    /// Ends of snapshots that may be in force on its disk; 0: none may be. From an older one than
    /// the first it does not start.
    pub snapshots: BTreeSet<Index>,
    /// Whether its host was asked for one in this life.
    pub asked: bool,
    /// Where one can end at most that its host had finished when it stopped and never told of.
    pub untold: Index,
    /// The snapshot that was put in place of the log and not handed to the state machine yet.
    pub installing: Option<LogId>,
    /// The highest term it ever had: its messages may carry it.
    pub highest: Term,
    /// What it lost when its log rotted, until it is trusted again.
    pub suspect: Option<Suspicion>,
    /// The same, found and not started with yet.
    pub rot: Option<Suspicion>,
    /// Until when, by its own clock, it has promised to be silent.
    pub quiet: Time,
}

/// A term with a leader.
#[derive(Clone, Debug, Hash)]
pub(super) struct Reign {
    pub leader: NodeId,
    /// All the leader had and appended: what its messages carry.
    pub log: Log,
    /// Position of its opening entry, once it is there.
    pub noop: Option<Index>,
    /// Highest commit index it had while leading: its messages may carry it.
    pub commit: Index,
    /// Whom it is handing over to.
    pub transfer: Option<NodeId>,
    /// Who was told to campaign, and where both logs ended then.
    pub handed: BTreeSet<(NodeId, LogId)>,
    /// What the membership entry is for that was just announced.
    pub announced: Option<(LogId, Step)>,
}

/// A campaign that asked for votes, or is about to.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Campaign {
    pub last: LogId,
    /// Term and own vote are on disk, so the others are asked.
    pub asks: bool,
    /// A leader told it to campaign.
    pub handed: bool,
}

/// The cluster. A copy shares what neither of the two changes: the explorer keeps many that differ
/// in one node.
#[derive(Clone, Debug, Hash)]
pub(super) struct State {
    pub first: Arc<Members>,
    /// How long a promise to be silent lasts, if promises are looked at.
    pub silence: Option<Span>,
    pub nodes: BTreeMap<NodeId, Arc<Node>>,
    pub reigns: BTreeMap<Term, Arc<Reign>>,
    pub campaigns: Arc<BTreeMap<(Term, NodeId), Campaign>>,
    /// Pre-votes asked for: term proposed, by whom, with which logs.
    pub pre_campaigns: Arc<BTreeMap<(Term, NodeId), BTreeSet<LogId>>>,
    /// Votes that left their voter: term, voter, candidate.
    pub votes: Arc<BTreeSet<(Term, NodeId, NodeId)>>,
    /// The same for pre-votes.
    pub pre_votes: Arc<BTreeSet<(Term, NodeId, NodeId)>>,
    /// How far a node's disk once agreed with the leader of a term, at its end.
    pub claims: Arc<BTreeMap<(Term, NodeId), Index>>,
    /// What is committed.
    pub committed: Arc<Log>,
    /// The memberships named by entries.
    pub memberships: Arc<BTreeMap<LogId, Members>>,
    /// Whose log ever rotted.
    pub rotted: Arc<BTreeSet<NodeId>>,
}

impl State {
    pub fn new(first: &Members) -> State {
        State {
            first: Arc::new(first.clone()),
            silence: None,
            nodes: BTreeMap::new(),
            reigns: BTreeMap::new(),
            campaigns: Arc::default(),
            pre_campaigns: Arc::default(),
            votes: Arc::default(),
            pre_votes: Arc::default(),
            claims: Arc::default(),
            committed: Arc::default(),
            memberships: Arc::new(BTreeMap::from([(LogId::new(0, 1), first.clone())])),
            rotted: Arc::default(),
        }
    }

    /// A node that is known to run.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[&id]
    }

    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        let node = self.nodes.get_mut(&id).expect("it is known to run");
        Arc::make_mut(node)
    }

    /// The reign of this node, if it leads.
    pub fn reign_of(&self, id: NodeId) -> Option<&Reign> {
        let node = self.node(id);
        let reign = self.reigns.get(&node.term)?;
        (node.role == Role::Leader && reign.leader == id).then_some(&**reign)
    }

    pub fn reign_of_mut(&mut self, id: NodeId) -> Option<&mut Reign> {
        self.reign_of(id)?;
        let term = self.node(id).term;
        self.reigns.get_mut(&term).map(Arc::make_mut)
    }

    /// The membership in force at a node: the newest that its log names (T4.1).
    pub fn membership(&self, id: NodeId) -> Option<(LogId, &Members)> {
        let log = &self.node(id).log;
        let named = self.memberships.iter().rev();
        let mut here = named.filter(|(entry, _)| has(log, **entry));
        here.next().map(|(entry, members)| (*entry, members))
    }

    /// The membership before the one in force.
    pub fn membership_before(&self, id: NodeId) -> Option<&Members> {
        let log = &self.node(id).log;
        let named = self.memberships.iter().rev();
        let mut here = named.filter(|(entry, _)| has(log, **entry));
        here.nth(1).map(|(_, members)| members)
    }

    /// Notes how far a node's disk agrees with the leader of its term: its acknowledgements may
    /// have said so. Within a term that only grows, unless a snapshot is to replace the log; so it
    /// is asked for then, and at the end of a term.
    pub fn note_claim(&mut self, id: NodeId) {
        let node = self.node(id);
        if let Some(reign) = self.reigns.get(&node.term) {
            let agreed = agreement(&node.log, &reign.log).min(node.durable);
            let at = (node.term, id);
            let claim = Arc::make_mut(&mut self.claims).entry(at).or_default();
            *claim = agreed.max(*claim);
        }
    }
}

impl Node {
    /// Id of the last entry.
    pub fn last(&self) -> LogId {
        last(&self.log)
    }

    /// The highest commit index it can have.
    pub fn highest_commit(&self) -> Index {
        if !self.starting {
            return self.commit;
        }
        let newest = self.snapshots.last().copied().unwrap_or_default();
        newest.max(self.untold).max(self.commit)
    }

    /// The highest position its state machine can be at.
    pub fn highest_applied(&self) -> Index {
        match self.starting {
            true => self.highest_commit(),
            false => self.applied,
        }
    }

    /// A snapshot may be in force on its disk; as yet none needs to be.
    pub fn may_be_in_force(&mut self, end: Index) {
        if self.snapshots.is_empty() {
            self.snapshots.insert(Index(0));
        }
        self.snapshots.insert(end);
    }

    /// Changes the log, in memory and sometime on disk.
    pub fn append(&mut self, term: Term) {
        self.log.push(term);
        self.disk.append(term);
    }

    pub fn cut_to(&mut self, length: Index) {
        self.log.truncate(length.0 as usize);
        self.disk.cut_to(length);
        self.durable = self.durable.min(length);
    }
}

/// Id of the last entry of a log.
pub(super) fn last(log: &Log) -> LogId {
    LogId {
        term: log.last().copied().unwrap_or_default(),
        index: Index(log.len() as u64),
    }
}

/// Term at a position; that of the origin is 0.
pub(super) fn term_at(log: &Log, index: Index) -> Option<Term> {
    match index.0.checked_sub(1) {
        None => Some(Term(0)),
        Some(at) => log.get(usize::try_from(at).ok()?).copied(),
    }
}

/// Whether a log holds an entry.
pub(super) fn has(log: &Log, id: LogId) -> bool {
    term_at(log, id.index) == Some(id.term)
}

/// How far two logs agree. The same term at a position means the same up to it (P5.3).
pub(super) fn agreement(one: &Log, other: &Log) -> Index {
    let mut index = one.len().min(other.len());
    while index > 0 && one[index - 1] != other[index - 1] {
        index -= 1;
    }
    Index(index as u64)
}

/// Whether these are a majority of every half (P5.2, P6).
pub(super) fn is_majority(members: &Members, yes: impl Fn(NodeId) -> bool) -> bool {
    let halves = [&members.voters, &members.outgoing];
    let mut halves = halves.into_iter().filter(|half| !half.is_empty());
    let more_than_half = |half: &Vec<NodeId>| {
        let count = half.iter().filter(|node| yes(**node)).count();
        2 * count > half.len()
    };
    !members.voters.is_empty() && halves.all(more_than_half)
}
