//! A node: its inputs, its ticks, and what `raft` leaves to its host.

use crate::storage::Image;
use crate::translate::to_theirs;
use raft::eraftpb::{Message as Theirs, MessageType};
use raft::{RawNode, StateRole};
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::{
    Body, BootError, Config, Durable, Entry, EntryBody, Fence, HardState, Index, LogId, Membership,
    Message, NodeId, Output, Payload, ReadPath, Refusal, Span, StableHasher, Term, Ticket, Time,
    WriteSeq,
};
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Ticks of a heartbeat.
const BEAT: u64 = 4;

/// What leaves when a write is on disk.
pub(crate) struct Promise {
    /// The number of the `Ready` that it belongs to.
    pub number: u64,
    /// The write.
    pub seq: u64,
    /// What leaves then.
    pub messages: Vec<Theirs>,
}

/// A read that waits.
pub(crate) struct Read {
    pub ticket: Ticket,
    /// What `raft` knows it by.
    pub number: u64,
    /// Its read point, once known.
    pub index: Option<Index>,
    /// When it is given up.
    pub due: Time,
}

/// A `RawNode` with the interface of our core. See the crate's head.
pub struct Raft {
    pub(crate) config: Config,
    pub(crate) node: RawNode<Image>,
    pub(crate) now: Time,
    /// When the next tick is due, and how far apart they are.
    pub(crate) tick: Time,
    period: Span,
    /// Where election timeouts come from, the present one in ticks, and what tells that `raft` has
    /// begun to wait anew.
    luck: u64,
    timeout: usize,
    waited: usize,
    stood: (Role, u64),
    /// Writes handed out and done, and what the disk holds of them when all are.
    pub(crate) issued: u64,
    pub(crate) done: u64,
    pub(crate) issued_state: HardState,
    pub(crate) written: u64,
    pub(crate) promises: VecDeque<Promise>,
    pub(crate) membership: Membership,
    /// Proposals and reads that have not ended.
    pub(crate) proposals: Vec<(Ticket, LogId)>,
    pub(crate) reads: Vec<Read>,
    pub(crate) applying: u64,
    pub(crate) applied: u64,
    /// Answers to requests of older terms.
    pub(crate) answers: Vec<Theirs>,
    pub(crate) out: VecDeque<Output>,
    pub(crate) dirty: bool,
    pub(crate) fenced: Option<Fence>,
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of TiKV in term {}", self.config.id, self.term())
    }
}

impl Raft {
    /// Starts a node from its disk.
    ///
    /// # Errors
    /// When `raft` refuses its configuration.
    pub fn boot(config: Config, durable: Durable, now: Time) -> Result<Raft, BootError> {
        assert!(durable.snapshot.is_none(), "no world here takes snapshots");
        let HardState { term, vote } = durable.hard_state;
        let named = durable.entries.first().map(|entry| (entry.id, &entry.body));
        let Some((id, EntryBody::Membership(members))) = named else {
            return Err(BootError::Log(
                "the first entry names no members".to_string(),
            ));
        };
        let membership = Membership {
            id,
            members: (**members).clone(),
        };
        let voters = membership
            .members
            .voters
            .iter()
            .map(|node| node.0)
            .collect();
        let written = durable.entries.len() as u64;
        let image = Image::new(
            durable.entries,
            term.0,
            vote.map_or(0, |node| node.0),
            voters,
        );
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let period = Span((config.timing.heartbeat.0 / BEAT).max(1));
        let node = RawNode::new(&settings(&config, period), image, &logger);
        let node = node.map_err(|why| BootError::Config(vec![why.to_string()]))?;
        let mut raft = Raft {
            luck: config.seed,
            config,
            node,
            now,
            tick: now + period,
            period,
            timeout: 0,
            waited: 0,
            stood: (Role::Follower, 0),
            issued: 0,
            done: 0,
            issued_state: durable.hard_state,
            written,
            promises: VecDeque::new(),
            membership,
            proposals: Vec::new(),
            reads: Vec::new(),
            applying: 0,
            applied: 0,
            answers: Vec::new(),
            out: VecDeque::new(),
            dirty: true,
            fenced: None,
        };
        raft.draw_timeout();
        Ok(raft)
    }

    // ------------------------------------------------------------------ inputs

    /// A message arrives.
    pub fn receive(&mut self, now: Time, message: Message) {
        if message.cluster != self.config.cluster {
            return;
        }
        self.input(now, |raft| match raft.outdated(&message) {
            Some(kind) => raft.answers.push(raft.newer(kind, message.from)),
            // What it does not want to hear it says with an error.
            None => drop(raft.node.step(to_theirs(&message))),
        });
    }

    /// The kind of answer to a request of an older term, where `raft` gives none.
    fn outdated(&self, message: &Message) -> Option<MessageType> {
        let switches = &self.config.switches;
        let silent = !switches.pre_vote && !switches.check_quorum;
        let older = message.term > Term(0) && message.term < self.term();
        match message.body {
            _ if !silent || !older => None,
            Body::Vote { .. } => Some(MessageType::MsgRequestVoteResponse),
            Body::Append { .. } => Some(MessageType::MsgAppendResponse),
            _ => None,
        }
    }

    fn newer(&self, kind: MessageType, to: NodeId) -> Theirs {
        let mut answer = Theirs::default();
        answer.set_msg_type(kind);
        (answer.from, answer.to) = (self.config.id.0, to.0);
        (answer.term, answer.reject) = (self.term().0, true);
        answer
    }

    /// Time has passed: one tick, however late. A host that stood still does not make up for it.
    pub fn expire(&mut self, now: Time) {
        if now < self.tick {
            return;
        }
        self.tick = now + self.period;
        self.input(now, |raft| {
            raft.node.tick();
        });
    }

    /// Lets a timer fire now.
    pub fn fire(&mut self, now: Time, timer: Timer) {
        self.input(now, |raft| match timer {
            Timer::Election => drop(raft.node.campaign()),
            Timer::Heartbeat if raft.is_leader() => raft.node.ping(),
            _ => {}
        });
    }

    /// When the next tick is due.
    #[must_use]
    pub fn deadline(&self) -> Time {
        match self.fenced {
            Some(_) => Time::NEVER,
            None => self.tick,
        }
    }

    /// A client asks.
    ///
    /// # Errors
    /// Where this node does not lead. `raft` would pass it on; ours leaves that to the client.
    pub fn propose(&mut self, now: Time, ticket: Ticket, command: Payload) -> Result<(), Refusal> {
        self.may_lead()?;
        let mut taken = Ok(());
        self.input(now, |raft| {
            taken = raft.node.propose(Vec::new(), command.to_vec());
        });
        if taken.is_err() {
            return Err(Refusal::Overloaded);
        }
        self.proposals.push((ticket, self.image().last()));
        Ok(())
    }

    fn may_lead(&self) -> Result<(), Refusal> {
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        let hint = self.leader().filter(|leader| *leader != self.config.id);
        let term = self.term();
        match self.is_leader() {
            true => Ok(()),
            false => Err(Refusal::NotLeader { hint, term }),
        }
    }

    /// A client wants to read.
    ///
    /// # Errors
    /// Where that way of reading is not there, or not through this node.
    pub fn read(&mut self, now: Time, ticket: Ticket, path: ReadPath) -> Result<(), Refusal> {
        match path {
            ReadPath::Leader => self.may_lead()?,
            ReadPath::Follower if self.fenced.is_some() => return Err(Refusal::Fenced),
            ReadPath::Follower => {}
            ReadPath::Lease | ReadPath::Quorum => return Err(Refusal::Disabled),
        }
        // One number for each read of the run, or an answer to one would pass for another's.
        let number = self.config.id.0 << 48 | ticket.0;
        let timing = &self.config.timing;
        let due = now + timing.election_max + timing.election_max;
        self.reads.push(Read {
            ticket,
            number,
            index: None,
            due,
        });
        self.input(now, |raft| {
            raft.node.read_index(number.to_le_bytes().to_vec());
        });
        Ok(())
    }

    /// Every write up to here is on disk.
    pub fn persisted(&mut self, now: Time, seq: WriteSeq) {
        self.input(now, |raft| raft.done = raft.done.max(seq.0));
    }

    /// The disk failed: this node has stopped for good.
    pub fn persist_failed(&mut self, now: Time, _: WriteSeq) {
        self.input(now, |raft| raft.fenced = Some(Fence::Storage));
    }

    /// The state machine has applied everything up to here.
    pub fn applied(&mut self, now: Time, index: Index) {
        self.input(now, |raft| {
            raft.applied = index.0;
            raft.node.advance_apply_to(index.0);
        });
    }

    /// Entries `from..=to`.
    pub fn entries(
        &self,
        from: Index,
        to: Index,
    ) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        let (from, to) = (from.0.max(1) as usize - 1, to.0 as usize);
        let entries = &self.image().entries;
        entries[from.min(to).min(entries.len())..to.min(entries.len())].iter()
    }

    fn input(&mut self, now: Time, does: impl FnOnce(&mut Raft)) {
        if self.fenced.is_some() {
            return;
        }
        (self.now, self.dirty) = (now, true);
        does(self);
        let end = self.node.raft.raft_log.unstable_entries().to_vec();
        self.node.mut_store().replace(&end);
        self.draw_timeout();
    }

    /// A timeout of our own wherever `raft` drew one.
    fn draw_timeout(&mut self) {
        let waited = self.node.raft.election_elapsed;
        let stands = (self.role(), self.term().0);
        if self.timeout == 0 || waited < self.waited || stands != self.stood {
            let least = ticks(self.config.timing.election_min, self.period);
            let most = ticks(self.config.timing.election_max, self.period).max(least + 1);
            self.timeout = least + (self.lucky_number() % (most - least) as u64) as usize;
        }
        (self.waited, self.stood) = (waited, stands);
        self.node.raft.set_randomized_election_timeout(self.timeout);
    }

    fn lucky_number(&mut self) -> u64 {
        self.luck = self.luck.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut hasher = StableHasher::new();
        hasher.write_u64(self.luck);
        hasher.finish()
    }

    // ------------------------------------------------------------------ looking

    pub(crate) fn image(&self) -> &Image {
        self.node.store()
    }

    pub(crate) fn term(&self) -> Term {
        Term(self.node.raft.term)
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    pub(crate) fn role(&self) -> Role {
        match self.node.raft.state {
            StateRole::Follower => Role::Follower,
            StateRole::PreCandidate => Role::PreCandidate,
            StateRole::Candidate => Role::Candidate,
            StateRole::Leader => Role::Leader,
        }
    }

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leader = self.node.raft.leader_id;
        (leader != 0).then_some(NodeId(leader))
    }

    /// Hash of what can be seen of its state.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = StableHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Hash for Raft {
    fn hash<H: Hasher>(&self, to: &mut H) {
        let raft = &self.node.raft;
        (self.role(), raft.term, raft.vote, raft.leader_id).hash(to);
        (raft.raft_log.committed, self.applying, self.applied).hash(to);
        (self.image().last(), self.issued, self.done).hash(to);
        (self.timeout, raft.election_elapsed).hash(to);
    }
}

fn ticks(span: Span, period: Span) -> usize {
    (span.0 / period.0) as usize
}

/// What our configuration is in the words of `raft`.
fn settings(config: &Config, period: Span) -> raft::Config {
    let timing = &config.timing;
    let least = ticks(timing.election_min, period);
    raft::Config {
        id: config.id.0,
        election_tick: least,
        min_election_tick: least,
        max_election_tick: ticks(timing.election_max, period).max(least + 1),
        heartbeat_tick: BEAT as usize,
        max_size_per_msg: config.limits.append_bytes,
        max_inflight_msgs: config.limits.window_messages,
        check_quorum: config.switches.check_quorum,
        pre_vote: config.switches.pre_vote,
        ..raft::Config::default()
    }
}
