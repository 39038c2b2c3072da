//! One peer as its leader sees it: pace, next and match, window, contact (paper 5.3, 10.2).
//!
//! Guarantees: `matched` only grows inside a lane, `next` stays above it (trap R3), the window
//! is bounded in messages and bytes and its accounts are exact (trap R11).

use crate::message::Probe;
use crate::time::Time;
use crate::trace::Pace;
use crate::types::{Index, Lane, Round, SnapshotMeta};
use std::collections::VecDeque;

/// An append with entries that is on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InFlight {
    /// Last position in it.
    pub last: Index,
    /// Its bytes.
    pub bytes: u64,
    /// Round it carried: an echo of a later round without these entries says they are lost.
    pub round: Round,
    /// When it left.
    pub sent: Time,
}

/// What a leader knows about one peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Progress {
    /// Session; replies of another one are stale (trap R4).
    pub lane: Lane,
    /// How to send.
    pub pace: Pace,
    /// Next position to send.
    pub next: Index,
    /// On the peer's disk and equal to ours. Counts for commitment.
    pub matched: Index,
    /// Round of the answer that said so first.
    pub matched_in: Round,
    /// It refused, in a later round, what it had acknowledged (trap R5).
    pub broke_promise: bool,
    /// The most it acknowledged in earlier sessions of this term, and lost since (trap D3). What
    /// was committed with its help stays committed: it votes for nobody until it has it again.
    pub promised: Index,
    /// Its log rotted, by its own word, and it has not got it back.
    pub suspect: bool,
    /// Appends on the way, oldest first.
    pub in_flight: VecDeque<InFlight>,
    /// Sum of their bytes.
    pub in_flight_bytes: u64,
    /// In `Probe`: a probe is on the way and not answered (trap R10).
    pub probing: bool,
    /// Highest round the peer echoed.
    pub echoed: Round,
    /// The last probe that came from it.
    pub probe: Probe,
    /// When that came first.
    pub probed: Time,
    /// The proof of leadership that it was last told of, and the probe that was named then.
    pub told_proof: (Time, Probe),
    /// Highest round sent to it.
    pub sent_round: Round,
    /// Highest commit index sent to it.
    pub sent_commit: Index,
    /// Highest round of an offer of a snapshot, which says nothing of what is committed.
    pub offered: Round,
    /// The most the peer ever told to have, and the round it told it in.
    pub told: (Round, Index),
    /// Last reply in this lane.
    pub heard: Option<Time>,
    /// In `Snapshot`: what is being sent.
    pub sending: Option<Sending>,
    /// The log is kept from here on, so that it still fits the snapshot that was sent when that
    /// arrives (trap S10).
    pub keep: Option<Index>,
}

/// A snapshot on its way to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sending {
    /// The snapshot.
    pub meta: SnapshotMeta,
    /// The host has been asked to send it.
    pub asked: bool,
    /// When the host said that the peer's host has all of it.
    pub delivered: Option<Time>,
}

impl Progress {
    /// A peer of which nothing is known: probing starts after our last entry.
    pub fn new(lane: Lane, next: Index) -> Progress {
        Progress {
            lane,
            pace: Pace::Probe,
            next,
            matched: Index(0),
            matched_in: Round(0),
            broke_promise: false,
            promised: Index(0),
            suspect: false,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            probing: false,
            echoed: Round(0),
            probe: Probe::default(),
            probed: Time(0),
            told_proof: (Time(0), Probe::default()),
            sent_round: Round(0),
            sent_commit: Index(0),
            offered: Round(0),
            told: (Round(0), Index(0)),
            heard: None,
            sending: None,
            keep: None,
        }
    }

    /// Whether nothing is entrusted to it: its log rotted, or it has less than it promised to hold.
    pub fn is_suspect(&self) -> bool {
        self.suspect || self.broke_promise
    }

    /// How much of the log counts as held by it: nothing once it is known to have lost some, since
    /// how much that was nobody knows.
    pub fn counted(&self) -> Index {
        match self.broke_promise {
            true => Index(0),
            false => self.matched,
        }
    }

    /// Whether another append with entries may leave now.
    pub fn may_send(&self, messages: usize, bytes: u64) -> bool {
        match self.pace {
            Pace::Probe => !self.probing,
            Pace::Replicate => self.in_flight.len() < messages && self.in_flight_bytes < bytes,
            Pace::Snapshot => false,
        }
    }

    /// Notes that an append with entries left.
    pub fn sent(&mut self, last: Index, bytes: u64, round: Round, now: Time) {
        assert!(last >= self.next, "an append with entries moves next");
        match self.pace {
            Pace::Probe => self.probing = true,
            Pace::Replicate => {
                self.in_flight.push_back(InFlight {
                    last,
                    bytes,
                    round,
                    sent: now,
                });
                self.in_flight_bytes += bytes;
                self.next = last.next();
            }
            Pace::Snapshot => unreachable!("no appends while a snapshot is sent"),
        }
    }

    /// The peer has everything up to `received` in memory: that much left the window.
    pub fn free(&mut self, received: Index) {
        while self
            .in_flight
            .front()
            .is_some_and(|flight| flight.last <= received)
        {
            let flight = self.in_flight.pop_front().expect("just looked at");
            self.in_flight_bytes -= flight.bytes;
        }
    }

    /// An append that left before `then` and before round `echoed` began has not arrived
    /// although the echo has: it is lost, or so late that sending again costs little.
    pub fn lost_before(&self, echoed: Round, then: Time) -> bool {
        self.in_flight
            .front()
            .is_some_and(|flight| flight.round < echoed && flight.sent < then)
    }

    /// Takes note of what the peer tells to have in memory. True when that is less than it told
    /// in an earlier round: it has lost some in a crash, and must get it again although nothing
    /// is on the way any more.
    pub fn forgot(&mut self, round: Round, received: Index) -> bool {
        let (then, most) = self.told;
        let less = received < most && round > then;
        if less || received > most {
            self.told = (round, received);
        }
        less
    }

    /// Goes back to one append at a time, from `next`, but not from before `first`, the first
    /// position still in our log: a peer that lacks the one before that will say so.
    pub fn probe(&mut self, next: Index, first: Index) {
        self.pace = Pace::Probe;
        self.clear_window();
        self.next = next.max(self.matched.next()).max(first);
    }

    /// The peer lacks entries that are no longer in our log: this snapshot holds them.
    pub fn send_snapshot(&mut self, meta: SnapshotMeta) {
        self.pace = Pace::Snapshot;
        self.clear_window();
        self.next = meta.last.index.max(self.matched).next();
        self.keep = Some(meta.last.index);
        self.sending = Some(Sending {
            meta,
            asked: false,
            delivered: None,
        });
    }

    /// The snapshot did not get there: look again, but not before the peer is heard again.
    pub fn give_up_snapshot(&mut self, first: Index) {
        self.probe(first, first);
        self.probing = true;
        self.keep = None;
    }

    fn clear_window(&mut self) {
        self.sending = None;
        self.probing = false;
        self.in_flight.clear();
        self.in_flight_bytes = 0;
    }

    /// The logs have met at `received`: send a window from there.
    pub fn replicate(&mut self, received: Index) {
        self.pace = Pace::Replicate;
        self.sending = None;
        self.probing = false;
        self.next = received.next().max(self.matched.next());
    }
}
