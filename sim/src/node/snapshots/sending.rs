//! Sending a snapshot: one chunk after the other, each when the one before is answered.
//!
//! A file can rot (trap D3). Who is to send one looks at its hash first, at each beginning: what has
//! rotted is not sent; the node still has its state, and takes another snapshot of that. What rots
//! on the way is thrown away by the receiver, who asks from the start, where the sender looks again.

use super::Node;
use crate::faults::Class;
use crate::network::{Chunk, Got};
use crate::queue::NEVER;
use crate::setup::SnapshotModel;
use crate::snapshot::Snapshot;
use raftwerk_core::trace::Role;
use raftwerk_core::{Lane, NodeId, SnapshotMeta, Streamed};
use std::sync::Arc;

/// A snapshot on its way to a peer.
#[derive(Clone, Debug, Hash)]
pub(super) struct Outgoing {
    to: u64,
    lane: Lane,
    snapshot: Arc<Snapshot>,
    /// What the peer has, as far as it told.
    upto: u64,
    /// How often the chunk after that was sent, and when it is sent again.
    tries: u32,
    pub again: u64,
}

/// What follows at a sender.
pub(crate) enum Sending {
    /// The next chunk, or the last one again.
    Send(Chunk),
    /// The stream has ended.
    End(Lane, Streamed),
}

/// How a stream begins.
pub(crate) enum Opened {
    Chunk(Chunk),
    /// The snapshot has rotted: the stream ends without a word.
    Rotten,
    /// There is none like that.
    Missing,
}

impl Outgoing {
    /// Whether what is to be sent next may be sent.
    fn is_good(&self) -> bool {
        self.upto > 0 || self.snapshot.is_whole()
    }

    fn chunk(&mut self, now: u64, model: &SnapshotModel) -> Chunk {
        self.tries += 1;
        self.again = now + model.resend;
        let bytes = &self.snapshot.bytes;
        let from = bytes.len().min(self.upto as usize);
        let to = bytes.len().min(from + model.chunk_bytes as usize);
        Chunk {
            lane: self.lane,
            meta: self.snapshot.meta.clone(),
            offset: from as u64,
            bytes: bytes[from..to].into(),
        }
    }
}

impl Node {
    /// Begins a stream.
    pub fn open_stream(
        &mut self,
        now: u64,
        to: NodeId,
        lane: Lane,
        meta: &SnapshotMeta,
        model: &SnapshotModel,
    ) -> Opened {
        let snapshot = self.disk.snapshot();
        let Some(snapshot) = snapshot.filter(|snapshot| snapshot.meta == *meta) else {
            return Opened::Missing;
        };
        let mut outgoing = Outgoing {
            to: to.0,
            lane,
            snapshot: snapshot.clone(),
            upto: 0,
            tries: 0,
            again: NEVER,
        };
        let opened = match outgoing.is_good() {
            true => Opened::Chunk(outgoing.chunk(now, model)),
            false => {
                // The core hears of it as if nobody had answered for a while.
                outgoing.again = now + model.resend;
                self.snapshots.ask();
                Opened::Rotten
            }
        };
        self.snapshots.outgoing.retain(|other| other.to != to.0);
        self.snapshots.outgoing.push(outgoing);
        opened
    }

    /// The next chunk of a stream, if its snapshot is whole; else the stream ends, and another
    /// snapshot is taken.
    fn send_on(&mut self, place: usize, now: u64, model: &SnapshotModel) -> Sending {
        let outgoing = &mut self.snapshots.outgoing;
        if outgoing[place].is_good() {
            return Sending::Send(outgoing[place].chunk(now, model));
        }
        let lane = outgoing.swap_remove(place).lane;
        self.struck.once(Class::FoundSnapshot);
        self.snapshots.ask();
        Sending::End(lane, Streamed::Failed)
    }

    /// A byte of the snapshot rots, also of what is being sent of it.
    pub fn rot_snapshot(&mut self) {
        self.disk.rot_snapshot();
        let rotten = self.disk.snapshot().filter(|one| one.rotten);
        for outgoing in &mut self.snapshots.outgoing {
            if let Some(rotten) = rotten.filter(|one| one.meta == outgoing.snapshot.meta) {
                outgoing.snapshot = rotten.clone();
            }
        }
    }

    /// A peer told how much it has.
    pub fn hear_got(
        &mut self,
        now: u64,
        from: u64,
        got: &Got,
        model: &SnapshotModel,
    ) -> Option<Sending> {
        let outgoing = &mut self.snapshots.outgoing;
        let place = outgoing.iter().position(|one| {
            one.to == from && one.lane == got.lane && one.snapshot.meta.last == got.last
        })?;
        if got.staged {
            let lane = outgoing.swap_remove(place).lane;
            return Some(Sending::End(lane, Streamed::Delivered));
        }
        let stream = &mut outgoing[place];
        if got.upto == stream.upto {
            return None;
        }
        (stream.upto, stream.tries) = (got.upto, 0);
        Some(self.send_on(place, now, model))
    }

    /// A chunk went unanswered: it is sent again, or the stream is given up. Says to whom.
    pub fn resend(&mut self, now: u64, model: &SnapshotModel) -> Option<(u64, Sending)> {
        let outgoing = &mut self.snapshots.outgoing;
        let place = outgoing.iter().position(|one| one.again <= now)?;
        let to = outgoing[place].to;
        if outgoing[place].tries > model.tries {
            let lane = outgoing.swap_remove(place).lane;
            return Some((to, Sending::End(lane, Streamed::Failed)));
        }
        Some((to, self.send_on(place, now, model)))
    }

    /// Streams of a term that this node does not lead (any more) end.
    pub fn end_old_streams(&mut self) {
        if self.snapshots.outgoing.is_empty() {
            return;
        }
        let view = self.raft.as_ref().map(|raft| raft.view());
        let leads = view.filter(|view| view.role() == Role::Leader);
        let term = leads.map(|view| view.term());
        let outgoing = &mut self.snapshots.outgoing;
        outgoing.retain(|one| Some(one.lane.term) == term);
    }
}
