//! Reads at the loop: served from the store, with a second look at the clock where a lease is due.

use super::{Looper, Waiting};
use crate::clock;
use crate::node::answer::{Found, Read, ReadReply, Result as Answered};
use crate::node::inbox::Query;
use raftwerk_core::{ReadPath, Ticket, Time};
use raftwerk_wire::client::ReadMode;
use std::sync::atomic::Ordering::Relaxed;

/// The read path of a mode; stale reads have none.
#[must_use]
pub fn read_path(mode: ReadMode) -> Option<ReadPath> {
    match mode {
        ReadMode::Leader => Some(ReadPath::Leader),
        ReadMode::Follower => Some(ReadPath::Follower),
        ReadMode::Quorum => Some(ReadPath::Quorum),
        ReadMode::Lease => Some(ReadPath::Lease),
        ReadMode::Stale => None,
    }
}

impl Looper {
    /// How old the store is at most, in milliseconds; `None`: that is not known.
    pub(super) fn age(&self, now: Time) -> Option<u64> {
        let age = self.parts.raft.staleness(now);
        age.map(|age| age.0.div_ceil(1_000))
    }

    /// Answers a read from the store as it is.
    ///
    /// With a lease the clock is looked at again after the value was read (trap L6): the process
    /// may have been stopped since the turn began. Then the value is worth nothing, and the read
    /// is asked for again at the end of this drain.
    pub(super) fn serve(
        &mut self,
        what: Query,
        reply: ReadReply,
        age_ms: Option<u64>,
        lease: Option<Time>,
    ) {
        let result = match &what {
            Query::Get(key) => Answered::Item(self.store.get(key).cloned()),
            Query::List {
                prefix,
                after,
                limit,
            } => Answered::Page(self.store.range(prefix, after.as_deref(), *limit)),
        };
        if lease.is_some_and(|end| clock::now() >= end) {
            self.again.push((what, reply));
            return;
        }
        self.parts.metrics.reads.fetch_add(1, Relaxed);
        let (revision, term) = (self.store.revision(), self.parts.raft.view().term().0);
        let _ = reply.send(Read::Found(Found {
            result,
            revision,
            term,
            age_ms,
        }));
    }

    /// Asks the core again for the reads whose lease was over, by the clock of now: by that clock
    /// the lease is over for the core too, so a node that still leads asks its peers for a round,
    /// and one that does not says so.
    pub(super) fn ask_again(&mut self) {
        for (what, reply) in std::mem::take(&mut self.again) {
            self.parts.telling.input();
            self.ask_read(clock::now(), ReadPath::Lease, what, reply);
            self.parts.telling.events(&mut self.parts.raft);
        }
    }

    /// Asks the core for a read point; who reads waits for it.
    pub(super) fn ask_read(&mut self, now: Time, path: ReadPath, what: Query, reply: ReadReply) {
        let ticket = self.next_ticket;
        match self.parts.raft.read(now, Ticket(ticket), path) {
            Ok(()) => self.wait(ticket, Waiting::Read(what, reply)),
            Err(why) => {
                self.parts.metrics.refused.fetch_add(1, Relaxed);
                let _ = reply.send(Read::Refused(why));
            }
        }
    }
}
