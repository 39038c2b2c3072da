//! One node with its disk, driven by hand: every input is one step, every step ends drained.
//!
//! The core is the real one. The host around it is as small as the contract of `core::io` allows:
//! entries are applied at once, a write waits until the search completes it, and a crash keeps
//! any number of the oldest waiting writes, since what was not reported may yet have reached the
//! disk. A node that is down equals one that has started again and hears nothing, so crash and
//! start are one step.
//!
//! Time stands still. All moments inside a core are then the same moment, and leaving times out
//! of a fingerprint loses nothing. What follows from it, and what is done about it, is told in
//! `explore`. The one step that moves a clock, [`Input::Silence`], lets an election timeout pass
//! at a leader that hears nobody; afterwards every moment that matters is the new one, except
//! when waiting writes were issued, and that is part of the state.

use super::fingerprint::{Blind, Fingerprint, NOBODY};
use super::promise;
use raftwerk_core::trace::{Event, Timer};
use raftwerk_core::{
    Config, Durable, Index, Members, Message, NodeId, Output, Payload, Raft, ReadPath, Span,
    Ticket, Time, Write,
};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What every clock shows at first.
const START: Time = Time(1_000_000_000);

/// What was found to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule that does not hold.
    pub check: &'static str,
    /// What was seen.
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(check: &'static str, detail: impl Into<String>) -> Finding {
        Finding {
            check,
            detail: detail.into(),
        }
    }
}

/// A host or a network that breaks the contract: proves that the search can find something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Reports a write as durable when it is handed over; a crash loses it (trap D1).
    ReportsEarly,
    /// Comes back from a crash with its term and without its vote (trap E1).
    ForgetsVote,
    /// A crash may keep a write and lose the one before it (trap R19).
    KeepsLaterWrites,
    /// Starts every life with the same seed (trap L3).
    SameSeed,
    /// The network hands a granted vote over as that of another voter (trap E3).
    ForgesVotes,
}

/// How nodes are set up and hosted.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Configuration of every node, but for its id and seed.
    pub config: Config,
    /// Who belongs to the cluster at first.
    pub members: Members,
    /// Other members that may be asked for.
    pub targets: Vec<Members>,
    /// Writes wait until the search completes them; otherwise they are done at once.
    pub slow_disk: bool,
    /// Whether what leaves a node is compared with its disk.
    pub promises: bool,
    /// What is wrong with the host.
    pub broken: Option<Broken>,
    /// What a fingerprint leaves out.
    pub blind: Blind,
}

/// A node and its disk.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub raft: Raft,
    pub disk: Durable,
    /// Handed over, not on disk; each with what the clock showed.
    pub writes: VecDeque<(Write, Time)>,
    life: u8,
    now: Time,
    applied: Index,
}

/// One thing that happens to a node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// A message arrives.
    Deliver(&'a Message),
    /// The oldest so many writes reach the disk, and one report covers them.
    Persist(usize),
    /// The election timer fires.
    Timeout,
    /// The heartbeat timer fires.
    Heartbeat,
    /// A leader notices that no majority answered for an election timeout.
    Silence,
    /// A leader's transfer takes longer than it may.
    Wait,
    /// Somebody asks for other members.
    Change(Ticket, &'a Members),
    /// Somebody asks a leader to hand over.
    Transfer(Ticket, NodeId),
    /// A client proposes.
    Propose(Ticket),
    /// A client reads.
    Read(Ticket, ReadPath),
    /// The power fails and comes back; the oldest so many writes had reached the disk.
    Reboot(usize),
    /// The host says that a connection broke, or is there again.
    Link(NodeId, bool),
}

/// What a step brought.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub host: Host,
    pub sends: Vec<Message>,
    /// Answers and notices.
    pub told: Vec<Output>,
    /// Why, if somebody listened.
    pub events: Vec<Event>,
    /// The node would not have it: nothing happened.
    pub refused: bool,
    /// What was wrong, if anything.
    pub finding: Option<Finding>,
}

impl Host {
    /// A node's first start.
    pub fn first(id: NodeId, rules: &Rules) -> Result<Host, Finding> {
        let disk = match rules.members.contains(id) {
            true => Durable::bootstrap(&rules.members),
            false => Durable::default(),
        };
        let host = Host {
            raft: boot(id, rules, 0, disk.clone(), START)?,
            disk,
            writes: VecDeque::new(),
            life: 0,
            now: START,
            applied: Index(0),
        };
        let ran = host.run(Input::Link(NOBODY, true), rules, false);
        ran.finding.map_or(Ok(ran.host), Err)
    }

    /// Does one thing to a copy of this node. A panic of the core is a finding like any other.
    pub fn run(&self, input: Input<'_>, rules: &Rules, listen: bool) -> Ran {
        let mut ran = Ran {
            host: self.clone(),
            sends: Vec::new(),
            told: Vec::new(),
            events: Vec::new(),
            refused: false,
            finding: None,
        };
        ran.host.raft.listen(listen);
        let step = AssertUnwindSafe(|| {
            ran.feed(input, rules, listen)?;
            ran.drain(rules)
        });
        ran.finding = match catch_unwind(step) {
            Ok(done) => done.err(),
            Err(panic) => Some(Finding::new("NoPanic", panic_text(panic))),
        };
        ran.hear();
        ran
    }

    /// Everything that decides how this node goes on.
    pub fn fingerprint(&self, rules: &Rules) -> u128 {
        let mut sum = Fingerprint::new();
        sum.add_core(&self.raft, rules.blind);
        sum.add(&(&self.disk, self.life, self.applied));
        for (write, issued) in &self.writes {
            sum.add(&(write, *issued < self.now));
        }
        sum.get()
    }
}

impl Ran {
    fn feed(&mut self, input: Input<'_>, rules: &Rules, listen: bool) -> Result<(), Finding> {
        let host = &mut self.host;
        let now = host.now;
        match input {
            Input::Deliver(message) => host.raft.receive(now, message.clone()),
            Input::Persist(count) => {
                let seq = host.writes[count - 1].0.seq;
                host.perform(count);
                if rules.broken != Some(Broken::ReportsEarly) {
                    host.raft.persisted(now, seq);
                }
            }
            Input::Timeout => host.raft.fire(now, Timer::Election),
            Input::Heartbeat => host.raft.fire(now, Timer::Heartbeat),
            Input::Silence => {
                host.now = now + rules.config.timing.election_max + Span::millis(1);
                host.raft.expire(host.now);
            }
            Input::Wait => {
                host.now = now + rules.config.timing.transfer_limit + Span::millis(1);
                host.raft.expire(host.now);
            }
            Input::Change(ticket, target) => {
                self.refused = host.raft.reconfigure(now, ticket, target.clone()).is_err();
            }
            Input::Transfer(ticket, to) => {
                self.refused = host.raft.transfer(now, ticket, Some(to)).is_err();
            }
            Input::Propose(ticket) => {
                let command = Payload::from([ticket.0 as u8].as_slice());
                self.refused = host.raft.propose(now, ticket, command).is_err();
            }
            Input::Read(ticket, path) => self.refused = host.raft.read(now, ticket, path).is_err(),
            Input::Reboot(kept) => {
                host.reboot(kept, rules)?;
                host.raft.listen(listen);
            }
            Input::Link(peer, up) => host.raft.link(now, peer, up),
        }
        Ok(())
    }

    /// Takes every output, as often as that leads to more, and names the last cause alike: it
    /// only words the trace and must not tell states apart.
    fn drain(&mut self, rules: &Rules) -> Result<(), Finding> {
        let mut named = false;
        loop {
            let mut quiet = true;
            while let Some(output) = self.host.raft.poll() {
                quiet = false;
                self.take(output, rules)?;
            }
            self.hear();
            if self.host.serve(rules) {
                named = false;
            } else if !quiet || !named {
                self.host.raft.link(self.host.now, NOBODY, true);
                named = true;
            } else {
                break;
            }
        }
        let broken = self.host.raft.check();
        broken.map_err(|broken| Finding::new("Node", broken.to_string()))?;
        if rules.promises {
            promise::disk_holds_what_counts(&self.host)?;
        }
        Ok(())
    }

    fn hear(&mut self) {
        while let Some(event) = self.host.raft.poll_event() {
            self.events.push(event);
        }
    }

    fn take(&mut self, output: Output, rules: &Rules) -> Result<(), Finding> {
        let host = &mut self.host;
        match output {
            Output::Write(write) => host.writes.push_back((write, host.now)),
            Output::Send(message) => {
                if rules.promises {
                    promise::may_leave(host, &message)?;
                }
                self.sends.push(message);
            }
            Output::Apply { from, to } => {
                if from != host.applied.next() {
                    let detail = format!("{from} follows {}", host.applied);
                    return Err(Finding::new("AppliedInOrder", detail));
                }
                host.applied = to;
            }
            Output::Fenced(why) => {
                let detail = format!("{} stops for good: {why:?}", host.raft.view().id());
                return Err(Finding::new("NobodyFenced", detail));
            }
            told => self.told.push(told),
        }
        Ok(())
    }
}

impl Host {
    /// What a host does by itself: report what is applied and, with a fast disk, what is written.
    fn serve(&mut self, rules: &Rules) -> bool {
        let now = self.now;
        let view = self.raft.view();
        if self.applied > view.applied() {
            self.raft.applied(now, self.applied);
        } else if rules.broken == Some(Broken::ReportsEarly) && view.writing() > 0 {
            let last = self
                .writes
                .back()
                .expect("what is reported was handed over");
            self.raft.persisted(now, last.0.seq);
        } else if !rules.slow_disk && !self.writes.is_empty() {
            let seq = self.writes[0].0.seq;
            self.perform(1);
            self.raft.persisted(now, seq);
        } else {
            return false;
        }
        true
    }

    /// Brings the oldest waiting writes to the disk.
    fn perform(&mut self, count: usize) {
        for (write, _) in self.writes.drain(..count) {
            perform(&mut self.disk, write);
        }
    }

    fn reboot(&mut self, kept: usize, rules: &Rules) -> Result<(), Finding> {
        let lost = self.writes.len() - kept;
        if rules.broken == Some(Broken::KeepsLaterWrites) && kept > 0 && lost > 0 {
            self.writes.pop_front();
        }
        self.perform(kept);
        self.writes.clear();
        if rules.broken == Some(Broken::ForgetsVote) {
            self.disk.hard_state.vote = None;
        }
        self.life += 1;
        self.applied = Index(0);
        let id = self.raft.view().id();
        self.raft = boot(id, rules, self.life, self.disk.clone(), self.now)?;
        Ok(())
    }
}

fn boot(id: NodeId, rules: &Rules, life: u8, disk: Durable, now: Time) -> Result<Raft, Finding> {
    let life = match rules.broken {
        Some(Broken::SameSeed) => 0,
        _ => u64::from(life),
    };
    // Nodes of the same life share a seed, or they would not be each other's twins. It decides
    // nothing here but the number of a node's first read request, which no other node looks at.
    let seed = rules.config.seed + life;
    let config = Config {
        id,
        seed,
        ..rules.config.clone()
    };
    let booted = Raft::boot(config, disk, now);
    booted.map_err(|why| Finding::new("Boots", format!("{id} cannot start: {why}")))
}

/// What a disk does with a write. An entry that leaves a hole, which only a broken host can ask
/// for, is lost.
fn perform(disk: &mut Durable, write: Write) {
    if let Some(hard_state) = write.hard_state {
        disk.hard_state = hard_state;
    }
    if let Some(cut) = write.cut_from {
        disk.entries.retain(|entry| entry.id.index < cut);
    }
    for entry in write.append {
        let last = disk.entries.last().map_or(Index(0), |last| last.id.index);
        if entry.id.index == last.next() {
            disk.entries.push(entry);
        }
    }
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast_ref::<&str>().unwrap_or(&"a panic")).to_string(),
    }
}
