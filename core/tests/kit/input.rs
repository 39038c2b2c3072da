//! Inputs as data, and lives written down: what was fed, what came out, and the state after.

use raftwerk_core::trace::Timer;
use raftwerk_core::*;

/// One input of the core.
#[derive(Clone, Debug)]
pub enum Input {
    Receive(Message),
    Expire,
    Fire(Timer),
    Propose(Ticket, Payload),
    Read(Ticket, ReadPath),
    Persisted(WriteSeq),
    PersistFailed(WriteSeq),
    Applied(Index),
    Link(NodeId, bool),
    Transfer(Ticket, Option<NodeId>),
    Reconfigure(Ticket, Members),
    Snapshotted(SnapshotMeta),
    Staged(Lane, SnapshotMeta),
    Streamed(NodeId, Lane, Streamed),
}

impl Input {
    pub fn feed(self, raft: &mut Raft, now: Time) -> Result<(), Refusal> {
        match self {
            Input::Receive(message) => raft.receive(now, message),
            Input::Expire => raft.expire(now),
            Input::Fire(timer) => raft.fire(now, timer),
            Input::Propose(ticket, command) => return raft.propose(now, ticket, command),
            Input::Read(ticket, path) => return raft.read(now, ticket, path),
            Input::Reconfigure(ticket, members) => {
                return raft.reconfigure(now, ticket, members);
            }
            Input::Persisted(seq) => raft.persisted(now, seq),
            Input::PersistFailed(seq) => raft.persist_failed(now, seq),
            Input::Applied(index) => raft.applied(now, index),
            Input::Link(peer, up) => raft.link(now, peer, up),
            Input::Snapshotted(meta) => raft.snapshotted(now, meta),
            Input::Staged(lane, meta) => raft.staged(now, lane, meta),
            Input::Streamed(to, lane, outcome) => raft.streamed(now, to, lane, outcome),
            Input::Transfer(ticket, to) => return raft.transfer(now, ticket, to),
        }
        Ok(())
    }

    /// The ticket it hands in.
    pub fn ticket(&self) -> Option<Ticket> {
        match self {
            Input::Propose(ticket, _)
            | Input::Read(ticket, _)
            | Input::Transfer(ticket, _)
            | Input::Reconfigure(ticket, _) => Some(*ticket),
            _ => None,
        }
    }
}

/// What was fed before one drain, what the drain gave, and the digest after it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub inputs: Vec<(Time, Input)>,
    pub outputs: Vec<Output>,
    pub digest: u64,
}

/// One life of one node.
#[derive(Clone, Debug)]
pub struct Diary {
    pub config: Config,
    pub disk: Durable,
    pub born: Time,
    pub pages: Vec<Page>,
    fed: Vec<(Time, Input)>,
}

impl Diary {
    pub fn new(config: Config, disk: Durable, born: Time) -> Diary {
        Diary {
            config,
            disk,
            born,
            pages: Vec::new(),
            fed: Vec::new(),
        }
    }

    pub fn fed(&mut self, now: Time, input: Input) {
        self.fed.push((now, input));
    }

    pub fn drained(&mut self, outputs: Vec<Output>, digest: u64) {
        let inputs = std::mem::take(&mut self.fed);
        self.pages.push(Page {
            inputs,
            outputs,
            digest,
        });
    }

    /// Lives this life again. `listening` says before each drain who listens.
    pub fn again(&self, mut listening: impl FnMut(usize) -> bool) -> Raft {
        let (config, disk) = (self.config.clone(), self.disk.clone());
        let mut raft = Raft::boot(config, disk, self.born).expect("boots again");
        for (at, page) in self.pages.iter().enumerate() {
            raft.listen(listening(at));
            for (now, input) in page.inputs.clone() {
                // What it says at once is in the outputs, sooner or later.
                let _ = input.feed(&mut raft, now);
            }
            let outputs: Vec<Output> = std::iter::from_fn(|| raft.poll()).collect();
            assert_eq!(outputs, page.outputs, "drain {at}");
            assert_eq!(raft.digest(), page.digest, "drain {at}");
        }
        raft
    }
}
