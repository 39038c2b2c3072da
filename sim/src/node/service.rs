//! What a node does for clients: it asks its core, applies what is committed, answers.
//!
//! A write is answered when the state machine has applied its entry, a read when it has applied
//! the read point; the core's word alone is not enough, because applying takes time.

use super::Node;
use crate::checks::{Checks, Taken};
use crate::network::{Told, Wanted};
use crate::queue::NEVER;
use crate::setup::HostModel;
#[cfg(feature = "sabotage")]
use crate::setup::HostRule;
use crate::snapshot::Snapshot;
use raftwerk_core::{
    EntryBody, Index, LogId, Outcome, Payload, ReadPath, Refusal, SnapshotMeta, Ticket, Time,
};
use raftwerk_wire::client::ReadMode;

/// Most clients' attempts a node keeps waiting; more are refused as overload.
pub(super) const MAX_WAITS: usize = 1_024;

/// An attempt of a client that waits for the core, then for the state machine.
#[derive(Clone, Debug, Hash)]
pub(super) struct Wait {
    ticket: Ticket,
    client: u64,
    attempt: u64,
    /// The key, for reads.
    key: Option<Payload>,
    /// What the state machine must have applied, once the core has said so.
    until: Option<Until>,
    /// When the lease ends that the read is served from.
    lease: Option<Time>,
}

#[derive(Clone, Copy, Debug, Hash)]
enum Until {
    Written(LogId),
    Read(Index),
}

impl Until {
    fn index(self) -> u64 {
        match self {
            Until::Written(id) => id.index.0,
            Until::Read(index) => index.0,
        }
    }
}

/// An answer for a client.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub client: u64,
    pub attempt: u64,
    pub result: Told,
}

impl Wait {
    fn told(self, result: Told) -> Settled {
        Settled {
            client: self.client,
            attempt: self.attempt,
            result,
        }
    }
}

impl Node {
    // ------------------------------------------------------------------ asking

    /// A client asks. `Some` is an answer that needs no waiting.
    pub fn ask(
        &mut self,
        now: Time,
        client: u64,
        attempt: u64,
        what: Wanted,
        checks: &mut Checks,
    ) -> Option<Told> {
        let ticket = self.next_ticket();
        let raft = self.raft.as_mut()?;
        if self.waits.len() >= MAX_WAITS {
            return Some(Told::Refused(Refusal::Overloaded));
        }
        // Only on the way of clients: what peers say and what makes room goes on (trap D7).
        if matches!(what, Wanted::Write(_)) && self.disk.is_low() {
            return Some(Told::Refused(Refusal::Overloaded));
        }
        let (refused, key) = match what {
            Wanted::Write(command) => (raft.propose(now, ticket, command), None),
            Wanted::Read { key, mode } => {
                let path = match mode {
                    ReadMode::Leader => ReadPath::Leader,
                    ReadMode::Follower => ReadPath::Follower,
                    ReadMode::Quorum => ReadPath::Quorum,
                    ReadMode::Lease => ReadPath::Lease,
                    ReadMode::Stale => return Some(self.stale(now, &key)),
                };
                (raft.read(now, ticket, path), Some(key))
            }
        };
        if let Err(refusal) = refused {
            return Some(Told::Refused(refusal));
        }
        if key.is_none() {
            checks.on_accepted(raft);
        }
        let taken = match key {
            None => Taken::Entry(raft.view().last()),
            Some(_) => Taken::Read,
        };
        checks.on_taken(self.id, ticket, taken);
        self.use_ticket();
        self.waits.push(Wait {
            ticket,
            client,
            attempt,
            key,
            until: None,
            lease: None,
        });
        None
    }

    /// The ticket for the next thing asked of the core.
    pub fn next_ticket(&self) -> Ticket {
        Ticket(self.tickets + 1)
    }

    /// The core has taken it.
    pub fn use_ticket(&mut self) {
        self.tickets += 1;
    }

    /// Whatever is applied here, and how old it is at most.
    fn stale(&self, now: Time, key: &[u8]) -> Told {
        let age = self.raft.as_ref().and_then(|raft| raft.staleness(now));
        Told::Read {
            item: self.store.get(key).cloned(),
            point: self.applied,
            applied: self.applied,
            age: age.map(|age| age.0),
        }
    }

    // ---------------------------------------------------------------- applying

    /// When the state machine is done with its batch.
    pub fn apply_due(&self) -> u64 {
        self.apply_at
    }

    /// The core hands out entries up to here.
    pub fn hand_out(&mut self, to: Index) {
        self.given = to.0;
    }

    /// Whether the state machine has entries, and no snapshot, to take up.
    pub fn is_at_work(&self) -> bool {
        self.given > self.applied && self.loading.is_none()
    }

    /// The core hands out a snapshot that is in force on disk. False when it is not there.
    pub fn hand_out_snapshot(&mut self, meta: &SnapshotMeta) -> bool {
        let snapshot = self.disk.snapshot();
        self.loading = snapshot.filter(|one| one.meta == *meta).cloned();
        if self.loading.take_if(|one| !one.is_whole()).is_some() {
            // It rotted between the day it came and this one.
            self.spoiled = true;
            return false;
        }
        self.given = meta.last.index.0;
        self.loading.is_some()
    }

    /// Starts the next batch if the state machine is idle and has something to do. True if that
    /// takes no time: then it is done.
    pub fn begin_apply(&mut self, now: u64, model: &HostModel) -> bool {
        let busy = self.applying > self.applied || self.spoiled;
        if busy || self.given <= self.applied {
            return false;
        }
        self.applying = match &self.loading {
            Some(snapshot) => snapshot.meta.last.index.0,
            None => self.given.min(self.applied + model.apply_entries),
        };
        let takes = self.pace.within(model.apply_min, model.apply_max);
        (self.apply_at, self.apply_cause) = (now + takes, 0);
        takes == 0
    }

    /// The batch is done. Returns what to report.
    pub fn apply(&mut self, checks: &mut Checks) -> Index {
        self.apply_at = NEVER;
        if let Some(snapshot) = self.loading.take() {
            return self.load(&snapshot, checks);
        }
        let (from, to) = (Index(self.applied).next(), Index(self.applying));
        let entries = self.raft.as_ref().map(|raft| raft.entries(from, to));
        for entry in entries.into_iter().flatten() {
            let EntryBody::Command(command) = &entry.body else {
                continue;
            };
            let index = entry.id.index;
            debug_assert!(
                raftwerk_kv::Request::is_intact(command),
                "no memory rots in this world"
            );
            #[cfg(not(feature = "sabotage"))]
            let answer = self.store.apply(index.0, 0, command);
            #[cfg(feature = "sabotage")]
            let answer = self.store.apply(index.0, 0, &self.without_session(command));
            checks.on_apply(self.id, index.0, self.store.digest(), command, &answer);
            if !self.waits.is_empty() {
                self.answers.push_back((index, answer));
            }
        }
        self.applied = to.0;
        to
    }

    /// The command as a state machine sees it that has no sessions, or that executes what is older
    /// than the last request of its session, if this host is such a one.
    #[cfg(feature = "sabotage")]
    fn without_session(&self, command: &Payload) -> Payload {
        match raftwerk_kv::Request::decode(command) {
            Ok(mut request) if self.executes_again(&request) => {
                request.session = None;
                request.encode().as_slice().into()
            }
            _ => command.clone(),
        }
    }

    #[cfg(feature = "sabotage")]
    fn executes_again(&self, request: &raftwerk_kv::Request) -> bool {
        let mut sessions = self.store.sessions();
        let is_older = |tag: raftwerk_kv::SessionTag| {
            let session = sessions.find(|session| session.id == tag.session);
            session.is_some_and(|session| tag.sequence < session.last_sequence)
        };
        match self.careless {
            Some(HostRule::Sessions) => true,
            Some(HostRule::StaleSequence) => request.session.is_some_and(is_older),
            _ => false,
        }
    }

    fn load(&mut self, snapshot: &Snapshot, checks: &mut Checks) -> Index {
        let last = snapshot.meta.last.index;
        match snapshot.load() {
            Ok(store) => self.store = store,
            Err(why) => checks.on_unreadable(self.id, last.0, &why.to_string()),
        }
        checks.on_installed(self.id, last.0, &self.store);
        self.applied = last.0;
        last
    }

    // --------------------------------------------------------------- answering

    /// A proposal ended: the answer, or the wait for the state machine.
    pub fn settle(&mut self, ticket: Ticket, outcome: Outcome) -> Option<Settled> {
        match outcome {
            Outcome::Committed(id) => self.wait_until(ticket, Until::Written(id)),
            Outcome::Lost => return Some(self.take(ticket)?.told(Told::Lost)),
            Outcome::Unknown => return Some(self.take(ticket)?.told(Told::Unknown)),
            // Clients ask for writes and reads only; who asks for more is told nothing.
            Outcome::HandedOver(_) | Outcome::Aborted(_) => return None,
        }
        None
    }

    /// A read may be served from this index on, and before its lease ends.
    pub fn serve_at(&mut self, ticket: Ticket, index: Index, lease: Option<Time>) {
        self.wait_until(ticket, Until::Read(index));
        if let Some(wait) = self.waits.iter_mut().find(|wait| wait.ticket == ticket) {
            wait.lease = lease;
        }
    }

    /// A read was given up.
    pub fn give_up(&mut self, ticket: Ticket, why: Refusal) -> Option<Settled> {
        Some(self.take(ticket)?.told(Told::Refused(why)))
    }

    /// Answers that the state machine allows by now.
    pub fn ready(&mut self, now: Time, checks: &mut Checks) -> Vec<Settled> {
        let (applied, looks_again) = (self.applied, self.looks_at_leases_again());
        let is_ready = |wait: &mut Wait| wait.until.is_some_and(|until| until.index() <= applied);
        let ready: Vec<Wait> = self.waits.extract_if(.., is_ready).collect();
        let settled = ready
            .into_iter()
            .map(|wait| {
                let result = match (wait.until, &wait.key) {
                    // The value is there, and the lease is over (trap L6).
                    _ if looks_again && wait.lease.is_some_and(|end| now >= end) => {
                        Told::Refused(Refusal::LeaderLost)
                    }
                    (Some(Until::Written(id)), _) => self.done(id),
                    (until, key) => {
                        checks.on_served(self.id, now, wait.lease);
                        Told::Read {
                            item: self.store.get(key.as_deref().unwrap_or_default()).cloned(),
                            point: until.map_or(0, Until::index),
                            applied,
                            age: None,
                        }
                    }
                };
                wait.told(result)
            })
            .collect();
        if self.waits.is_empty() {
            self.answers.clear();
        }
        // Whoever still waits waits for entries that are not applied yet.
        while self.answers.len() > MAX_WAITS {
            self.answers.pop_front();
        }
        settled
    }

    #[cfg(not(feature = "sabotage"))]
    fn looks_at_leases_again(&self) -> bool {
        true
    }

    /// Unless it is a careless host.
    #[cfg(feature = "sabotage")]
    fn looks_at_leases_again(&self) -> bool {
        self.careless != Some(HostRule::LeaseAgain)
    }

    fn done(&self, id: LogId) -> Told {
        let found = self.answers.iter().find(|(index, _)| *index == id.index);
        // Without an answer at hand the client learns the truth: that it cannot be known here.
        found.map_or(Told::Unknown, |(_, answer)| Told::Done {
            id,
            answer: answer.clone(),
        })
    }

    fn wait_until(&mut self, ticket: Ticket, until: Until) {
        if let Some(wait) = self.waits.iter_mut().find(|wait| wait.ticket == ticket) {
            wait.until = Some(until);
        }
    }

    fn take(&mut self, ticket: Ticket) -> Option<Wait> {
        let place = self.waits.iter().position(|wait| wait.ticket == ticket)?;
        Some(self.waits.remove(place))
    }
}
