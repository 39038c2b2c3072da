//! Sending a snapshot to a peer that lacks entries which are gone (paper 7, thesis 5.3).
//!
//! Only a refusal shows that a peer needs one, so only a peer that was just heard is sent one;
//! any reply that fits the log ends it, and a failure leads back to probing (trap S8). While it
//! is on the way the log keeps what comes after it, or it would arrive too late (S10).

use crate::io::{Output, Streamed};
use crate::progress::Sending;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Cause, Kind, Pace, SendEnd};
use crate::types::{Index, Lane, NodeId, Round};

impl Raft {
    /// A peer's log meets ours before ours begins.
    pub(crate) fn send_snapshot(&mut self, to: NodeId) {
        let meta = self.snapshots.latest.clone();
        let meta = meta.expect("what is gone from the log is in a snapshot");
        let (last, first) = (meta.last, self.log.first());
        self.peer(to).send_snapshot(meta);
        self.trace_pace(to);
        self.trace(|_| Kind::SnapshotSent {
            peer: to,
            last,
            first,
        });
    }

    fn trace_pace(&mut self, node: NodeId) {
        let peer = self.peer(node);
        let (pace, next) = (peer.pace, peer.next);
        self.trace(|_| Kind::ChangedPace {
            peer: node,
            pace,
            next,
        });
    }

    /// A newer snapshot is in force: it takes the place of those that were to be sent in this
    /// drain. The host need not keep older ones that nobody asked it to send.
    pub(crate) fn renew_offers(&mut self) {
        let State::Leader(leading) = &self.state else {
            return;
        };
        let to_send = |sending: &Sending| !sending.asked;
        let peers = leading.peers.iter();
        let renewed = peers.filter(|(_, peer)| peer.sending.as_ref().is_some_and(to_send));
        let renewed: Vec<NodeId> = renewed.map(|(id, _)| *id).collect();
        for peer in renewed {
            self.send_snapshot(peer);
        }
    }

    /// Asks the host for the bytes of snapshots that were begun in this drain.
    pub(crate) fn drain_streams(&mut self) {
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        for (to, peer) in &mut leading.peers {
            let lane = peer.lane;
            let Some(sending) = peer.sending.as_mut().filter(|sending| !sending.asked) else {
                continue;
            };
            sending.asked = true;
            let (to, meta) = (*to, sending.meta.clone().into());
            self.drained
                .work
                .push_back(Output::Stream { to, meta, lane });
        }
    }

    /// The host is done with a stream it was asked for: the bytes are with the peer's host, or
    /// will not get there. Whether the snapshot is in force there the peer tells by itself.
    pub fn streamed(&mut self, now: Time, to: NodeId, lane: Lane, outcome: Streamed) {
        self.enter(now, Cause::Link(to));
        let rules = self.config.rules();
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let peer = leading.peers.get_mut(&to).filter(|peer| peer.lane == lane);
        let sending = peer.and_then(|peer| peer.sending.as_mut());
        match (sending, outcome) {
            // The peer got on without it, or this leader is another by now.
            (None, _) => {}
            (Some(sending), Streamed::Delivered) => sending.delivered = Some(now),
            (Some(_), Streamed::Failed) if rules.hold(Rule::S8NoRetry) => {
                self.give_up_snapshot(to, SendEnd::Failed);
            }
            (Some(_), Streamed::Failed) => {}
        }
    }

    fn give_up_snapshot(&mut self, to: NodeId, why: SendEnd) {
        let first = self.log.first();
        let peer = self.peer(to);
        let sending = peer.sending.as_ref();
        let last = sending.expect("the caller looked at it").meta.last;
        peer.give_up_snapshot(first);
        self.trace(|_| Kind::SnapshotUnsent {
            peer: to,
            last,
            why,
        });
        self.trace_pace(to);
    }

    /// Snapshots that were delivered and yet not answered for an election timeout: the peer lost
    /// them in a crash, or needs another one. Called with each heartbeat.
    pub(crate) fn give_up_unanswered(&mut self) {
        let (now, limit) = (self.now, self.config.timing.election_max);
        let State::Leader(leading) = &self.state else {
            return;
        };
        let unanswered = leading.peers.iter().filter(|(_, peer)| {
            let delivered = peer.sending.as_ref().and_then(|sending| sending.delivered);
            let unanswered = delivered.is_some_and(|then| now.since(then) >= limit);
            unanswered && self.rule(Rule::S8Unanswered)
        });
        let unanswered: Vec<NodeId> = unanswered.map(|(id, _)| *id).collect();
        for to in unanswered {
            self.give_up_snapshot(to, SendEnd::Unanswered);
        }
    }

    /// A peer's answer to an offer: up to where it agrees, on disk.
    pub(crate) fn on_snapshot_reply(
        &mut self,
        from: NodeId,
        lane: Lane,
        round: Round,
        matched: Index,
    ) {
        if !self.note_reply(from, lane, round) {
            return;
        }
        self.on_accepted(from, round, matched, matched);
        self.confirm_reads();
    }

    /// How far the log may be trimmed when `to` is wanted: a snapshot on its way to a peer, or
    /// just arrived there, keeps what comes after it, if that peer is alive and not too far
    /// behind. Says for whom.
    pub(crate) fn kept_for_peers(&mut self, to: Index) -> (Index, Option<NodeId>) {
        let (now, patience) = (self.now, self.config.timing.election_max);
        let bound = self.config.limits.snapshot_entries;
        let rules = self.config.rules();
        let State::Leader(leading) = &mut self.state else {
            return (to, None);
        };
        let mut kept = (to, None);
        for (id, peer) in &mut leading.peers {
            let Some(keep) = peer.keep.map(|keep| keep.max(peer.matched)) else {
                continue;
            };
            let alive = peer.heard.is_some_and(|heard| now.since(heard) < patience);
            if !alive || keep >= to || to.0 - keep.0 > bound {
                // A snapshot still on its way keeps its claim until it ends.
                if peer.pace != Pace::Snapshot {
                    peer.keep = None;
                }
                continue;
            }
            if keep < kept.0 && rules.hold(Rule::S10TrimAll) {
                kept = (keep, Some(*id));
            }
        }
        kept
    }
}
