//! A hand-driven cluster for tests: messages and disk writes wait until a test lets them go.
//!
//! Nothing happens by itself and nothing is random but the nodes' own seeds. Every drain of every
//! test is held against the contract of `io`: the order of the outputs, tickets that end exactly
//! once, answers only after the `Apply` that covers them, and the node's own invariants.
// Each test crate uses another part of the kit.
#![allow(dead_code, unused_imports)]

mod drive;
mod forge;
mod host;
mod input;
mod snapshots;

pub use forge::*;
pub use host::*;
pub use input::*;
pub use snapshots::*;

use raftwerk_core::trace::Event;
use raftwerk_core::*;
use std::collections::{BTreeMap, BTreeSet};

/// One node with its disk, for one life.
pub struct Node {
    pub raft: Raft,
    pub disk: Durable,
    pub writes: Vec<Write>,
    /// The state machine: everything applied, in order, and how far it is.
    pub applied: Vec<Entry>,
    pub at: Index,
    /// Tickets taken and not ended.
    pub open: BTreeSet<Ticket>,
    /// Snapshots in force, or once in force.
    pub files: Files,
    /// Snapshots received in full, beside the log.
    pub staged: Files,
    /// Snapshots that the core asked for, loaded, and did not need.
    pub asked: Vec<Index>,
    pub installed: Vec<SnapshotMeta>,
    pub discarded: Vec<SnapshotMeta>,
    pub settled: Vec<(Ticket, Outcome)>,
    pub reads: Vec<(Ticket, Result<Index, Refusal>)>,
    /// Reads served from a lease, with its end.
    pub leased: Vec<(Ticket, Time)>,
    pub events: Vec<Event>,
    pub fenced: Option<Fence>,
    /// How often it was told that it is removed.
    pub removed: usize,
    pub diary: Diary,
}

/// Nodes, the messages between them, and a clock that only tests move.
pub struct Cluster {
    pub nodes: BTreeMap<u64, Node>,
    pub mail: Vec<Message>,
    pub streams: Vec<Transfer>,
    /// Tickets that the kit gave by itself.
    tickets: u64,
    /// Streams end at once with [`Cluster::settle`]; off: tests end them.
    pub fast_streams: bool,
    pub now: Time,
    /// Writes complete at once; off: tests complete them.
    pub fast_disk: bool,
    /// Nodes whose writes tests complete although `fast_disk` is on.
    pub slow: BTreeSet<u64>,
    /// What is handed out is applied at once; off: tests feed [`Input::Applied`].
    pub fast_apply: bool,
    /// Directions that lose everything.
    pub cut: BTreeSet<(u64, u64)>,
    /// Every life is written down, so that it can be lived again.
    pub diaries: bool,
    /// Diaries of lives that are over.
    pub past: Vec<Diary>,
}

/// What every node of a test is told. With the feature `sabotage` the rule that the environment
/// names in `RAFTWERK_SABOTAGE` is broken, to see which tests notice (`xtask test --only sabotage`).
pub fn config(id: u64) -> Config {
    #[allow(unused_mut)]
    let mut config = Config::demo(NodeId(id), ClusterId(7), id * 1_000);
    #[cfg(feature = "sabotage")]
    if let Ok(name) = std::env::var("RAFTWERK_SABOTAGE") {
        let rule = Rule::named(&name);
        assert!(rule.is_some() || is_optional(&name), "a rule of that name");
        config.sabotage = rule;
    }
    config
}

/// Whether it is a rule that every node may be told not to keep.
#[cfg(feature = "sabotage")]
fn is_optional(name: &str) -> bool {
    ["pre-vote", "check-quorum", "stickiness"].contains(&name)
}

/// The same for the rules that a test may switch on: whatever it says, they are off.
fn switch_off(#[allow(unused_variables)] switches: &mut Switches) {
    #[cfg(feature = "sabotage")]
    match std::env::var("RAFTWERK_SABOTAGE").as_deref() {
        Ok("pre-vote") => switches.pre_vote = false,
        Ok("check-quorum") => switches.check_quorum = false,
        Ok("stickiness") => switches.stickiness = false,
        _ => {}
    }
}

impl Node {
    /// The state machine reports how far it is; false when that is no news.
    fn report_applied(&mut self, now: Time) -> bool {
        let applied = self.applied.last().map_or(Index(0), |entry| entry.id.index);
        let news = applied > self.raft.view().applied();
        if news {
            self.raft.applied(now, applied);
        }
        news
    }

    /// The disk does the oldest write that waits.
    fn complete_write(&mut self, now: Time) {
        let write = self.writes.remove(0);
        if let Some(meta) = &write.install {
            let staged = self.staged.remove(&meta.last).expect("it is staged");
            assert_eq!(staged.0, **meta);
            self.files.insert(meta.last, staged);
        }
        perform(&mut self.disk, &write);
        self.raft.persisted(now, write.seq);
    }
}

impl Cluster {
    pub fn new(size: u64) -> Cluster {
        Cluster::with(size, |_| {})
    }

    /// A cluster whose configurations are changed first.
    pub fn with(size: u64, change: impl Fn(&mut Config)) -> Cluster {
        Cluster::of(&Members::of_voters((1..=size).map(NodeId)), change)
    }

    /// A cluster of these members.
    pub fn of(members: &Members, change: impl Fn(&mut Config)) -> Cluster {
        let disk = Durable::bootstrap(members);
        let all = members.all().into_iter();
        Cluster::on(all.map(|node| (node.0, disk.clone())), change)
    }

    /// A cluster that starts from these disks.
    pub fn on(
        disks: impl IntoIterator<Item = (u64, Durable)>,
        change: impl Fn(&mut Config),
    ) -> Cluster {
        let mut cluster = Cluster {
            nodes: BTreeMap::new(),
            mail: Vec::new(),
            streams: Vec::new(),
            tickets: 0,
            fast_streams: true,
            now: Time(0),
            fast_disk: true,
            slow: BTreeSet::new(),
            fast_apply: true,
            cut: BTreeSet::new(),
            diaries: false,
            past: Vec::new(),
        };
        for (id, disk) in disks {
            let mut config = config(id);
            change(&mut config);
            cluster.boot(config, disk, Files::new());
        }
        cluster
    }

    /// Starts a node, or starts it again, from a disk and its snapshot files.
    pub fn boot(&mut self, mut config: Config, disk: Durable, files: Files) {
        switch_off(&mut config.switches);
        let id = config.id.0;
        let diary = Diary::new(config.clone(), disk.clone(), self.now);
        let snapshot = disk.snapshot.as_ref();
        let state = snapshot.map(|meta| files[&meta.last].1.clone());
        let at = snapshot.map_or(Index(0), |meta| meta.last.index);
        let mut raft = Raft::boot(config, disk.clone(), self.now).expect("boots");
        raft.listen(true);
        let node = Node {
            raft,
            disk,
            writes: Vec::new(),
            applied: state.unwrap_or_default(),
            at,
            open: BTreeSet::new(),
            files,
            staged: Files::new(),
            asked: Vec::new(),
            installed: Vec::new(),
            discarded: Vec::new(),
            settled: Vec::new(),
            reads: Vec::new(),
            leased: Vec::new(),
            events: Vec::new(),
            fenced: None,
            removed: 0,
            diary,
        };
        self.nodes.insert(id, node);
        self.drain(id);
    }

    /// Starts a node with an empty disk, which somebody may make a member.
    pub fn join(&mut self, id: u64) {
        self.boot(config(id), Durable::default(), Files::new());
    }

    /// Power off and on: what was not written is gone. Mail on its way stays on its way.
    pub fn restart(&mut self, id: u64) {
        let node = self.nodes.remove(&id).expect("known node");
        let mut config = node.raft.view().config().clone();
        config.seed += 1;
        if self.diaries {
            self.past.push(node.diary);
        }
        self.boot(config, node.disk, node.files);
    }

    pub fn node(&self, id: u64) -> &Node {
        &self.nodes[&id]
    }

    pub fn view(&self, id: u64) -> View<'_> {
        self.nodes[&id].raft.view()
    }

    /// Feeds inputs, all of them before one drain. Says what each was answered at once.
    pub fn feed(
        &mut self,
        id: u64,
        inputs: impl IntoIterator<Item = Input>,
    ) -> Vec<Result<(), Refusal>> {
        let inputs = inputs.into_iter();
        let answers = inputs.map(|input| self.input(id, input)).collect();
        self.drain(id);
        answers
    }

    /// Feeds one input and drains.
    pub fn give(&mut self, id: u64, input: Input) -> Result<(), Refusal> {
        let answer = self.input(id, input);
        self.drain(id);
        answer
    }

    fn input(&mut self, id: u64, input: Input) -> Result<(), Refusal> {
        let node = self.nodes.get_mut(&id).expect("known node");
        let ticket = input.ticket();
        if self.diaries {
            node.diary.fed(self.now, input.clone());
        }
        let answer = input.feed(&mut node.raft, self.now);
        if let (Some(ticket), Ok(())) = (ticket, &answer) {
            assert!(node.open.insert(ticket), "the test gives each ticket once");
        }
        answer
    }

    /// Drains, and reports what disk and state machine do at once, until nothing moves.
    pub fn drain(&mut self, id: u64) {
        loop {
            self.drain_once(id);
            let node = &self.nodes[&id];
            let applied = node.at;
            let mut again = false;
            if self.fast_apply && applied > node.raft.view().applied() {
                self.input(id, Input::Applied(applied)).expect("a report");
                again = true;
            }
            let fast = self.fast_disk && !self.slow.contains(&id);
            if fast && !self.nodes[&id].writes.is_empty() {
                let seq = self.perform_oldest(id);
                self.input(id, Input::Persisted(seq)).expect("a report");
                again = true;
            }
            if !again {
                return;
            }
        }
    }

    /// One drain, held against the contract.
    fn drain_once(&mut self, id: u64) {
        let node = self.nodes.get_mut(&id).expect("known node");
        let outputs: Vec<Output> = std::iter::from_fn(|| node.raft.poll()).collect();
        in_order(&outputs);
        node.raft.check().expect("invariants hold");
        if self.diaries {
            node.diary.drained(outputs.clone(), node.raft.digest());
        }
        while let Some(event) = node.raft.poll_event() {
            node.events.push(event);
        }
        for output in outputs {
            match output {
                Output::Send(message) => {
                    assert_eq!(message.from, NodeId(id), "it speaks for itself");
                    self.mail.push(message);
                }
                Output::Stream { to, meta, lane } => self.stream(id, to, lane, *meta),
                other => self.nodes.get_mut(&id).expect("known node").take(other),
            }
        }
    }

    /// The disk does its oldest waiting write; the core is not told yet.
    pub fn perform_oldest(&mut self, id: u64) -> WriteSeq {
        let node = self.nodes.get_mut(&id).expect("known node");
        let write = node.writes.remove(0);
        if let Some(meta) = &write.install {
            node.put_in_force(meta);
        }
        perform(&mut node.disk, &write);
        write.seq
    }

    /// Completes the oldest waiting write of a node.
    pub fn complete_write(&mut self, id: u64) {
        let seq = self.perform_oldest(id);
        self.feed(id, [Input::Persisted(seq)]);
    }

    /// Completes writes of a node until none waits.
    pub fn complete_writes(&mut self, id: u64) {
        while !self.node(id).writes.is_empty() {
            self.complete_write(id);
        }
    }
}
