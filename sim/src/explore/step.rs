//! One step of one node: an input, and everything that follows until the core is drained.

use super::fingerprint::NOBODY;
use super::host::{Broken, Finding, Host, Setting};
use super::{conduct, promise, shots};
use raftwerk_core::trace::{Event, Timer};
use raftwerk_core::{
    Condition, Fence, Members, Message, NodeId, Output, Payload, ReadPath, Span, Ticket,
};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
    /// The clock goes on by one step.
    Tick,
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
    /// The same, nothing that waited had reached the disk, and of the log on it only so many
    /// entries can be read.
    Rot(usize),
    /// The disk fails for good; the oldest so many writes had reached it.
    Fail(usize),
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
    /// Does one thing to a copy of this node. A panic of the core is a finding like any other.
    pub fn run(&self, input: Input<'_>, setting: &Setting, listen: bool) -> Ran {
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
            ran.feed(input, setting, listen)?;
            ran.drain(setting)?;
            conduct::check(self, &ran.host)
        });
        ran.finding = match catch_unwind(step) {
            Ok(done) => done.err(),
            Err(panic) => Some(Finding::new("NoPanic", panic_text(panic))),
        };
        ran.hear();
        ran
    }
}

impl Ran {
    /// The input itself.
    fn feed(&mut self, input: Input<'_>, setting: &Setting, listen: bool) -> Result<(), Finding> {
        let host = &mut self.host;
        let now = host.now;
        match input {
            Input::Deliver(message) if shots::is_snapshot(message) => host.stage(message),
            Input::Deliver(message) => host.raft.receive(now, message.clone()),
            Input::Persist(count) => self.persist(count, setting),
            Input::Timeout => host.raft.fire(now, Timer::Election),
            Input::Heartbeat => host.raft.fire(now, Timer::Heartbeat),
            Input::Silence => self.wait(setting.config.timing.election_max),
            Input::Wait => self.wait(setting.config.timing.transfer_limit),
            Input::Tick => self.tick(setting),
            Input::Change(ticket, target) => {
                let taken = host.raft.reconfigure(now, ticket, target.clone()).is_ok();
                self.asked(ticket, taken);
            }
            Input::Transfer(ticket, to) => {
                let taken = host.raft.transfer(now, ticket, Some(to)).is_ok();
                self.asked(ticket, taken);
            }
            Input::Propose(ticket) => self.propose(ticket)?,
            Input::Read(ticket, path) => {
                let taken = host.raft.read(now, ticket, path).is_ok();
                self.asked(ticket, taken);
            }
            Input::Reboot(kept) => {
                host.reboot(kept, setting)?;
                host.raft.listen(listen);
            }
            Input::Rot(kept) => {
                host.rot(kept);
                host.reboot(0, setting)?;
                host.raft.listen(listen);
            }
            Input::Fail(kept) => self.fail(kept),
            Input::Link(peer, up) => host.raft.link(now, peer, up),
        }
        Ok(())
    }

    fn persist(&mut self, count: usize, setting: &Setting) {
        let host = &mut self.host;
        let seq = host.writes[count - 1].0.seq;
        host.perform(count);
        if setting.broken != Some(Broken::ReportsEarly) {
            host.raft.persisted(host.now, seq);
        }
    }

    fn fail(&mut self, kept: usize) {
        let host = &mut self.host;
        let seq = host.writes[kept.min(host.writes.len() - 1)].0.seq;
        host.perform(kept);
        host.writes.clear();
        host.failed = true;
        host.raft.persist_failed(host.now, seq);
    }

    /// Just longer than that goes by.
    fn wait(&mut self, span: Span) {
        let host = &mut self.host;
        host.now = host.now + span + Span::millis(1);
        host.raft.expire(host.now);
    }

    fn tick(&mut self, setting: &Setting) {
        let host = &mut self.host;
        host.ticks += 1;
        host.now = host.now + setting.clocks.map_or(Span(0), |clocks| clocks.step);
        host.raft.link(host.now, NOBODY, true);
    }

    /// A client proposes; while leadership is handed over nothing is taken (thesis 3.10).
    fn propose(&mut self, ticket: Ticket) -> Result<(), Finding> {
        let host = &mut self.host;
        let command = Payload::from([ticket.0 as u8].as_slice());
        let handing_over = host.raft.view().transfer().is_some();
        let taken = host.raft.propose(host.now, ticket, command).is_ok();
        if taken && handing_over {
            let detail = format!("request {ticket} is taken while leadership is handed over");
            return Err(Finding::new("NothingNewWhileHandingOver", detail));
        }
        self.asked(ticket, taken);
        Ok(())
    }

    fn asked(&mut self, ticket: Ticket, taken: bool) {
        self.refused = !taken;
        self.host.open.extend(taken.then_some(ticket));
    }

    /// Takes every output, as often as that leads to more, and names the last cause alike: it
    /// only words the trace and must not tell states apart.
    fn drain(&mut self, setting: &Setting) -> Result<(), Finding> {
        let mut named = false;
        loop {
            let mut quiet = true;
            while let Some(output) = self.host.raft.poll() {
                quiet = false;
                self.take(output, setting)?;
            }
            self.hear();
            if self.host.serve(setting) {
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
        match setting.promises {
            true => promise::disk_holds_what_counts(&self.host),
            false => Ok(()),
        }
    }

    fn hear(&mut self) {
        while let Some(event) = self.host.raft.poll_event() {
            self.events.push(event);
        }
    }

    fn take(&mut self, output: Output, setting: &Setting) -> Result<(), Finding> {
        let host = &mut self.host;
        if host.failed && matches!(output, Output::Write(_) | Output::Send(_)) {
            let detail = format!("the disk failed, and yet: {output:?}");
            return Err(Finding::new("SilentAfterFailure", detail));
        }
        match output {
            Output::Write(write) => host.writes.push_back((write, host.now)),
            Output::Send(message) => {
                if setting.promises {
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
            Output::TakeSnapshot { .. } => host.shots.asked = true,
            Output::Stream { to, meta, lane } => {
                let message = host.stream(to, &meta, lane)?;
                self.sends.push(message);
            }
            Output::Install { meta } => host.load(&meta)?,
            Output::Discard { meta } => host.shots.staged.retain(|(other, _)| *other != *meta),
            Output::Trusted => host.disk.condition = Condition::Clean,
            Output::Fenced(Fence::Storage) if host.failed => {}
            Output::Fenced(why) => {
                let detail = format!("{} stops for good: {why:?}", host.raft.view().id());
                return Err(Finding::new("NobodyFenced", detail));
            }
            told => {
                if let Output::Settled { ticket, .. }
                | Output::ReadAt { ticket, .. }
                | Output::ReadFailed { ticket, .. } = &told
                {
                    host.open.retain(|open| open != ticket);
                }
                self.told.push(told);
            }
        }
        Ok(())
    }
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast_ref::<&str>().unwrap_or(&"a panic")).to_string(),
    }
}

#[cfg(test)]
mod tests;
